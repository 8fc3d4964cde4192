/* words.c - text made harmless and measured; letters' outlines put side by side and filled. */
#include "draw/words.h"
#include "base/escape.h"
#include "draw/letters.h"

#include <string.h>

/* ---- what is written, and how wide it is ---- */

static const char ellipsis[] = "\xe2\x80\xa6";

static double width_of(const char *text, size_t bytes, double size, bool bold)
{
    double units = 0;
    int taken;
    for (size_t at = 0; at < bytes; at += (size_t)taken) {
        units += ad_letters_next(text + at, bytes - at, &taken).advance;
        if (bold) units += 0.03 * AD_LETTERS_EM;
    }
    return units / AD_LETTERS_EM * size;
}

double ad_text_width(const char *text, double size, bool bold)
{
    return width_of(text, strlen(text), size, bold);
}

static void clean(ad_text *to, const char *text)
{
    ad_text_utf8(to, text, strlen(text));
    for (size_t i = 0; i < to->length; ++i)
        if ((unsigned char)to->data[i] < ' ' || to->data[i] == 127) to->data[i] = '?';
}

static void shorten(ad_text *text, double size, bool bold, double most)
{
    size_t fits = 0;
    double width = ad_text_width(ellipsis, size, bold);
    int taken;
    if (width_of(text->data, text->length, size, bold) <= most) return;
    for (size_t at = 0; at < text->length; at += (size_t)taken) {
        ad_letters_next(text->data + at, text->length - at, &taken);
        width += width_of(text->data + at, (size_t)taken, size, bold);
        if (width > most) break;
        fits = at + (size_t)taken;
    }
    text->length = fits;
    ad_text_add(text, ellipsis);
}

void ad_clean_words(ad_text *to, const char *text, const ad_letters *l)
{
    clean(to, text);
    if (l->most > 0 && !to->failed && to->length) shorten(to, l->size, l->bold, l->most);
}

/* ---- writing ---- */

typedef struct pen {
    ad_raster *r;
    double x, y, unit; /* where the letter stands; pixels of a unit */
    bool upwards;
} pen;

static void edge(void *user, double x0, double y0, double x1, double y1)
{
    const pen *p = user;
    double u = p->unit;
    if (p->upwards)
        ad_raster_edge(p->r, p->x - y0 * u, p->y - x0 * u, p->x - y1 * u, p->y - x1 * u);
    else
        ad_raster_edge(p->r, p->x + x0 * u, p->y - y0 * u, p->x + x1 * u, p->y - y1 * u);
}

static void move(pen *p, double units)
{
    *(p->upwards ? &p->y : &p->x) += (p->upwards ? -units : units) * p->unit;
}

void ad_write_words(ad_raster *r, double x, double y, const char *text, const ad_letters *l,
                    double scale)
{
    static const double of_anchor[] = {0, -0.5, -1};
    double bolder = l->bold ? 0.03 * AD_LETTERS_EM : 0;
    pen p = {r, x, y, l->size * scale / AD_LETTERS_EM, l->upwards};
    int taken;
    move(&p, of_anchor[l->anchor] * ad_text_width(text, AD_LETTERS_EM, l->bold));
    for (size_t left = strlen(text); left; text += taken, left -= (size_t)taken) {
        ad_glyph glyph = ad_letters_next(text, left, &taken);
        ad_glyph_outline(&glyph, l->size * scale > 40 ? 8 : 4, edge, &p);
        if (l->bold) { /* once more, a little to the side */
            ad_raster_fill(r, ad_colour_rgb(l->colour), 1);
            move(&p, bolder);
            ad_glyph_outline(&glyph, 4, edge, &p);
        }
        ad_raster_fill(r, ad_colour_rgb(l->colour), 1);
        move(&p, glyph.advance);
    }
}
