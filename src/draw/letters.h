/* letters.h - the letters that drawings are written with: widths and outlines (letters.ttf, see
 * letters.license). */
#ifndef AD_DRAW_LETTERS_H
#define AD_DRAW_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AD_LETTERS_EM = 2048 }; /* units of the outlines */

typedef struct ad_glyph {
    int advance;             /* units */
    const unsigned char *at; /* its outline, NULL: none */
} ad_glyph;

/* The glyph of the first character of the `left` bytes at `text`, which takes `taken` of them. */
ad_glyph ad_letters_next(const char *text, size_t left, int *taken);

/* Calls `edge` for the outline as straight pieces (curves in `pieces` of them), x to the right, y
 * up, in units. */
typedef void ad_glyph_edge(void *user, double x0, double y0, double x1, double y1);
void ad_glyph_outline(const ad_glyph *glyph, int pieces, ad_glyph_edge *edge, void *user);

#endif
