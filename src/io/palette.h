/* palette.h - a picture in at most 256 colours of its own. */
#ifndef AD_IO_PALETTE_H
#define AD_IO_PALETTE_H

#include "base/context.h"

enum { AD_PALETTE_COLOURS = 256 };

typedef struct ad_palette {
    uint8_t colour[AD_PALETTE_COLOURS][3];
    int count; /* 1 to AD_PALETTE_COLOURS */
} ad_palette;

/* `rgb` is [height, width, 3], index and still [height, width]. Chooses at most `most` colours (2
 * to AD_PALETTE_COLOURS), and for each pixel one of them, so that errors cancel among neighbours.
 * Where there are not more colours, and for greys, nothing is dithered and *exact is true; greys
 * are then right to one in 255. Pixels that are `still` (NULL: none are) are not looked at, and get
 * colour 0. */
ad_status ad_palette_reduce(ad_context *ctx, const uint8_t *rgb, const uint8_t *still,
                            int64_t width, int64_t height, int most, ad_palette *palette,
                            uint8_t *index, bool *exact);

#endif
