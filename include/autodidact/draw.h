/* draw.h - drawings of lines, shapes and words, as SVG and as pixels from one description; sheets
 * of pictures. Plots are plot.h, places for points layout.h.
 *
 * A drawing is a list of marks in the order in which they are drawn, x to the right and y down, in
 * pixels of a screen. The same marks give the same bytes everywhere: words are measured and drawn
 * with the library's own letters (Latin, Greek, Cyrillic; in pixels an empty box stands for
 * others, in SVG they are the viewer's). Errors are kept and returned in the end; marks of a NULL
 * drawing, and those with coordinates that are not finite, are passed over.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_DRAW_H
#define AUTODIDACT_DRAW_H

#include <autodidact/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- colours ---- */

/* 0 is none. Colours by what they are for follow the page that a drawing stands in, light or dark;
 * elsewhere they are those of a white page. */
typedef uint32_t ad_colour;
#define AD_RGB(red_, green_, blue_)                                                                \
    (0xff000000u | (uint32_t)(red_) << 16 | (uint32_t)(green_) << 8 | (uint32_t)(blue_))
enum { AD_INK = 1, AD_QUIET, AD_GRID, AD_PAPER, AD_SERIES_FIRST = 16, AD_SERIES_COLOURS = 8 };
/* Colours that people with any kind of colour blindness tell apart (after Okabe & Ito 2008),
 * starting over after eight. */
#define AD_SERIES(which_)                                                                          \
    ((ad_colour)(AD_SERIES_FIRST + (unsigned)(which_) % (unsigned)AD_SERIES_COLOURS))
/* Red, green and blue, 0 to 255 each, as 0xRRGGBB on a white page. */
AD_API uint32_t ad_colour_rgb(ad_colour colour);
/* Between white and `colour`: share 0 to 1, NaN grey. For cells of matrices. */
AD_API ad_colour ad_colour_tint(ad_colour colour, double share);

/* ---- a drawing ---- */

typedef struct ad_drawing ad_drawing;

/* Sides from 1 to 16384. `title` says in a few words what is drawn, for those who cannot see it. */
AD_API ad_status ad_drawing_new(ad_drawing **out, ad_context *ctx, double width, double height,
                                const char *title);
AD_API void ad_drawing_free(ad_drawing *drawing); /* NULL is ignored */

typedef struct ad_pen {
    ad_colour stroke, fill; /* 0: none */
    double width;           /* of the stroke; 0: 1 */
    double opacity;         /* of both; 0: 1 */
    double dash;            /* length of dashes and, a little shorter, gaps; 0: solid */
} ad_pen;

AD_API void ad_draw_line(ad_drawing *d, double x0, double y0, double x1, double y1, ad_pen pen);
/* xy [count, 2]. A point that is not finite parts a polyline. */
AD_API void ad_draw_polyline(ad_drawing *d, const double *xy, int64_t count, ad_pen pen);
AD_API void ad_draw_polygon(ad_drawing *d, const double *xy, int64_t count, ad_pen pen);
AD_API void ad_draw_rect(ad_drawing *d, double x, double y, double width, double height,
                         ad_pen pen);
AD_API void ad_draw_circle(ad_drawing *d, double x, double y, double radius, ad_pen pen);

typedef enum ad_anchor { AD_ANCHOR_START = 0, AD_ANCHOR_MIDDLE, AD_ANCHOR_END } ad_anchor;
typedef struct ad_letters {
    double size;      /* of the font; 0: 12 */
    ad_colour colour; /* 0: AD_INK */
    ad_anchor anchor; /* which part of the text stands at x */
    bool bold;
    bool upwards; /* turned to the left, about its anchor */
    double most;  /* longer text is shortened with an ellipsis; 0: never */
} ad_letters;
/* One line of text, on the baseline y. Text may be hostile: it is escaped, control characters
 * become '?', bytes that are not UTF-8 U+FFFD. */
AD_API void ad_draw_text(ad_drawing *d, double x, double y, const char *text, ad_letters letters);
AD_API double ad_text_width(const char *text, double size, bool bold);

/* Marks from here to the end of the group belong together; `name` is shown where the pointer rests
 * on them, in viewers that do so. Groups may be nested. */
AD_API void ad_draw_group(ad_drawing *d, const char *name);
AD_API void ad_draw_group_end(ad_drawing *d);

AD_API double ad_drawing_width(const ad_drawing *d);
AD_API double ad_drawing_height(const ad_drawing *d);

/* ---- what becomes of it ---- */

/* An SVG file's text, NUL-terminated, which lives as long as the drawing and until more is drawn;
 * NULL: ad_error(ctx) has why. */
AD_API const char *ad_drawing_svg(ad_drawing *drawing);
/* As an element of an HTML page of the given class (NULL: none), without a background: colours by
 * what they are for are the page's custom properties --ink, --quiet, --line, --card, --c0 to --c7.
 */
AD_API const char *ad_drawing_svg_element(ad_drawing *drawing, const char *css_class);
/* Pixels, three channels, `scale` of them for each of the drawing's (2 is fine on most screens). */
AD_API ad_status ad_drawing_image(const ad_drawing *drawing, double scale, ad_image **out);
/* By the name's ending: .svg, or a picture (image.h) at twice the size. Written whole or not at
 * all. */
AD_API ad_status ad_drawing_write(ad_drawing *drawing, const char *path);

/* ---- sheets of pictures ---- */

typedef struct ad_sheet_options {
    int columns;         /* 0: so many that the sheet is about square */
    int64_t gap;         /* pixels around each picture; 0: 2, -1: none */
    int64_t side;        /* pictures whose longer side is shorter are enlarged by a whole number,
                            pixel by pixel, to about this; 0: none are */
    float background[3]; /* encoded; all 0: white */
    const char *const *captions; /* [count], below the pictures, newlines between lines; NULL: none;
                                    each may be NULL */
    double caption_size;         /* of letters, in pixels; 0: 11 */
} ad_sheet_options;

/* Pictures side by side, row by row, each in the middle of a cell that is as large as the largest
 * needs. Grey where all are grey and no caption is written, else three channels; alpha is
 * composited over the background. `options` may be NULL. */
AD_API ad_status ad_image_sheet(ad_context *ctx, const ad_image *const *images, int count,
                                const ad_sheet_options *options, ad_image **out);
/* The same of pictures as they come out of a program: [count, height, width, channels], encoded
 * values of 0 to 1, channels 1 or 3. */
AD_API ad_status ad_image_sheet_rows(ad_context *ctx, const float *rows, int count, int64_t height,
                                     int64_t width, int channels, const ad_sheet_options *options,
                                     ad_image **out);

#ifdef __cplusplus
}
#endif
#endif
