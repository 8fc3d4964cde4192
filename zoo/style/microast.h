/* microast.h - MicroAST (Wang et al. 2023, "MicroAST: towards super-fast ultra-resolution arbitrary
 * style transfer"), as published: a small encoder for photos, one of the same form for paintings, a
 * modulator that makes numbers for each channel of the painting's features, and a decoder that they
 * steer. */
#ifndef ZOO_STYLE_MICROAST_H
#define ZOO_STYLE_MICROAST_H

#include <autodidact/nn.h>

/* What is known of a painting, one behind the other [STYLE_MICROAST_CODE]: of its features after
 * each of two stages means and deviations, and the modulator's factors and addends. */
enum {
    STYLE_MICROAST_CHANNELS = 64,
    STYLE_MICROAST_STAGES = 2,
    STYLE_MICROAST_CODE = STYLE_MICROAST_STAGES * 4 * STYLE_MICROAST_CHANNELS
};

/* image [1, h, w, 3] of 0 to 1 -> [STYLE_MICROAST_CODE]; sides multiples of 4. */
ad_node *style_microast_look(ad_vars *encoder, ad_vars *modulator, ad_node *image);
/* strength [1], 0 to 1: how far features get the painting's means and deviations; the modulator's
 * numbers always count whole (as published). -> image [1, h, w, 3], not clamped. */
ad_node *style_microast_paint(ad_vars *encoder, ad_vars *decoder, ad_node *image, ad_node *code,
                              ad_node *strength);

#endif
