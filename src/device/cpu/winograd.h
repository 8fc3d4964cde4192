/* winograd.h - what the parts of Winograd convolution share: F(4x4, 3x3) and F(3x3, 3x3) after
 * Lavin & Gray, arXiv:1509.09308.
 *
 * A 4x4 tile of the result takes a 6x6 patch d of the source: Y = A' [(G g G') . (B' d B)] A,
 * summed over channels. The 36 positions of the middle product are 36 matrix products [tiles,
 * channels] x [channels, columns]. The interpolation points 0, 1, -1, 2, -2 keep the relative error
 * near 4e-6. Tiles of 3x3 take 25 products, at the points 0, 1, -1, 2: less in all where 3 divides
 * the image and 4 does not, a Go board of 9x9 above all. */
#ifndef AD_CPU_WINOGRAD_H
#define AD_CPU_WINOGRAD_H

#include "device/cpu/finish.h"
#include "device/cpu/gemm.h"

#ifdef AD_KERNEL_ISA

enum { AD_WINOGRAD_POINTS = 36 }; /* at most */

typedef struct ad_winograd {
    int edge, patch, points; /* of a tile: 4 or 3; edge + 2; patch squared */
    const float *source;     /* [images, height, width, channels], channels contiguous */
    const float *filter;     /* tap (r, s), channel, column at strides below */
    int64_t images, height, width, channels, columns;
    int64_t source_stride[3];
    int64_t filter_tap[2], filter_channel, filter_column;
    bool flip;                       /* taps in reverse order: the input gradient */
    int64_t pad[2];                  /* of the source, before the first row and column */
    int64_t rows, cols;              /* of the result image */
    int64_t tiles_y, tiles_x, tiles; /* tiles: of all images */
    int64_t depth;                   /* channels rounded up to whole vectors */
} ad_winograd;

/* Floats from one point to the next in transformed blocks of n floats: the odd lines keep the
 * streams from falling into the same cache sets. */
static inline int64_t ad_winograd_step(int64_t n)
{
    return n + 5 * 16;
}

/* ad_winograd_filter: columns [col, col + AD_NR) of the transformed filter as a panel
 * [depth][AD_NR] per point, `step` floats apart; columns past the end are zero. ad_winograd_source:
 * tiles [tile, tile + count) as panels of AD_MR tiles, [depth / AD_VF][AD_MR][AD_VF]: a vector of
 * channels is stored as it was loaded, and the product spreads its lanes one by one.
 * ad_winograd_result: one tile's rows of products (width floats used, `step` apart) to its pixels;
 * pixel (y, x) goes to out + y * row + x * width. */
void AD_ISA_NAME(ad_winograd_filter)(const ad_winograd *w, int64_t col, float *panel, int64_t step);
void AD_ISA_NAME(ad_winograd_source)(const ad_winograd *w, int64_t tile, int64_t count,
                                     float *panels, int64_t step);
void AD_ISA_NAME(ad_winograd_result)(const ad_winograd *w, const float *products, int64_t step,
                                     int64_t width, float *out, int64_t row);
#endif
#endif
