/* palette.h - a picture in at most 256 colours of its own. */
#ifndef AD_IO_PALETTE_H
#define AD_IO_PALETTE_H

#include "base/context.h"

enum { AD_PALETTE_COLOURS = 256 };

typedef struct ad_palette {
    uint8_t colour[AD_PALETTE_COLOURS][3];
    int count; /* 1 to AD_PALETTE_COLOURS */
} ad_palette;

/* `rgb` is [height, width, 3], index [height, width]. Chooses the colours, and for each pixel one
 * of them, so that errors cancel among neighbours. */
ad_status ad_palette_reduce(ad_context *ctx, const uint8_t *rgb, int64_t width, int64_t height,
                            ad_palette *palette, uint8_t *index);

#endif
