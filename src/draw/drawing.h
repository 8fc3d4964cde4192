/* drawing.h - the list of marks that a drawing is. */
#ifndef AD_DRAW_DRAWING_H
#define AD_DRAW_DRAWING_H

#include "base/arena.h"
#include "base/text.h"

#include <autodidact/draw.h>

typedef enum ad_mark_kind {
    AD_MARK_POLYLINE = 0, /* a part of one between gaps */
    AD_MARK_POLYGON,
    AD_MARK_RECT,
    AD_MARK_CIRCLE,
    AD_MARK_TEXT,
    AD_MARK_GROUP,
    AD_MARK_GROUP_END,
} ad_mark_kind;

typedef struct ad_mark {
    ad_mark_kind kind;
    ad_pen pen;
    ad_letters letters;
    double at[4];     /* x, y, width, height; or x, y, radius; or x, y */
    const double *xy; /* [count, 2], in the arena */
    int64_t count;
    const char *text; /* in the arena; clean UTF-8 of one line */
} ad_mark;

struct ad_drawing {
    ad_context *ctx;
    ad_arena arena;
    double width, height;
    const char *title;
    ad_mark *marks;
    int64_t count, capacity;
    int depth; /* of groups */
    ad_status status;
    ad_text svg; /* the text last asked for */
};

/* "#0072b2" */
void ad_colour_hex(ad_colour colour, char text[8]);

#endif
