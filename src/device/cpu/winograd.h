/* winograd.h - what the parts of Winograd convolution share: F(4x4, 3x3), F(3x3, 3x3), F(4x4, 2x2)
 * and F(3x3, 2x2) after Lavin & Gray, arXiv:1509.09308.
 *
 * A 4x4 tile of the result of 3x3 taps takes a 6x6 patch d of the source: Y = A' [(G g G') . (B' d
 * B)] A, summed over channels. The 36 positions of the middle product are 36 matrix products
 * [tiles, channels] x [channels, columns]. The interpolation points 0, 1, -1, 2, -2 keep the
 * relative error near 4e-6. Tiles of 3x3 take 25 products, at the points 0, 1, -1, 2: less in all
 * where 3 divides the image and 4 does not, a Go board of 9x9 above all.
 *
 * A filter of 2 steps a side (4x4 with stride 2, 8x8 with stride 4) has 2x2 taps that each are a
 * square of pixels: the pixels of a square, its phases, are so many times more channels. 4x4 tiles
 * then take 25 products for 64, tiles of 3x3 16 for 36 (points 0, 1, -1). Of its input gradient
 * each phase is a convolution of 2x2 taps by itself.
 *
 * The weight gradient is the adjoint in the filter: G' [(B' d B) . (A dY A')] G, summed over tiles.
 */
#ifndef AD_CPU_WINOGRAD_H
#define AD_CPU_WINOGRAD_H

#include "device/cpu/finish.h"
#include "device/cpu/gemm.h"

#ifdef AD_KERNEL_ISA

enum { AD_WINOGRAD_POINTS = 36 }; /* at most */

typedef struct ad_winograd {
    int edge, taps, patch, points; /* of a tile: 4 or 3; 3 or 2; edge + taps - 1; patch squared */
    const float *source;           /* [images, height, width, channels], channels contiguous */
    const float *filter;           /* at strides below; a weight gradient: rows of the result */
    int64_t images, height, width, channels, columns;
    int64_t step[2]; /* pixels of the source from tap to tap: that squared phases, [y][x] */
    int64_t source_stride[3];
    int64_t filter_first, filter_tap[2]; /* the first tap; from a tap's pixel to the next */
    int64_t filter_channel, filter_column;
    bool flip;                       /* taps in reverse order: the input gradient */
    int64_t pad[2];                  /* of the source, before the first row and column */
    int64_t rows, cols;              /* of the result image */
    int64_t tiles_y, tiles_x, tiles; /* tiles: of all images */
    int64_t group, depth; /* channels rounded up to whole vectors; times the number of phases */
} ad_winograd;

/* Floats from one point to the next in transformed blocks of n floats: the odd lines keep the
 * streams from falling into the same cache sets. */
static inline int64_t ad_winograd_step(int64_t n)
{
    return n + 5 * 16;
}

/* ad_winograd_forward, ad_winograd_input, ad_winograd_weight: the problem of one of these ops;
 * false where it is none for tiles of this edge and so many taps. Of an input gradient, one phase.
 * ad_winograd_filter: columns [col, col + AD_NR) of the transformed filter as a panel
 * [depth][AD_NR] per point, `step` floats apart; columns past the end are zero. ad_winograd_source:
 * tiles [tile, tile + count) as panels of `panel` tiles, [depth / AD_VF][panel][AD_VF]: a vector of
 * channels is stored as it was loaded. ad_winograd_result: one tile's rows of products (width
 * floats used, `step` apart) to its pixels; pixel (y, x) goes to out + y * row + x * width.
 * ad_winograd_gradient: tiles of the gradient of the result, [images, rows, cols, columns] with
 * these strides of its first three axes, as panels [columns / AD_NR][panel][AD_NR].
 * ad_winograd_taps: the taps of one vector of columns from its sums at all points, `step` apart; to
 * out, `tap_step` apart. */
bool AD_ISA_NAME(ad_winograd_forward)(ad_winograd *w, const ad_problem *problem, int edge,
                                      int taps);
bool AD_ISA_NAME(ad_winograd_input)(ad_winograd *w, const ad_problem *problem, int edge, int taps,
                                    const int64_t *phase);
bool AD_ISA_NAME(ad_winograd_weight)(ad_winograd *w, const ad_problem *problem, int edge, int taps);
void AD_ISA_NAME(ad_winograd_filter)(const ad_winograd *w, int64_t col, float *panel, int64_t step);
void AD_ISA_NAME(ad_winograd_source)(const ad_winograd *w, int64_t tile, int64_t count,
                                     int64_t panel, float *panels, int64_t step);
void AD_ISA_NAME(ad_winograd_result)(const ad_winograd *w, const float *products, int64_t step,
                                     int64_t cols, int64_t width, float *out, int64_t row);
void AD_ISA_NAME(ad_winograd_gradient)(const ad_winograd *w, const float *gradient,
                                       const int64_t *stride, int64_t tile, int64_t count,
                                       int64_t panel, float *panels, int64_t step);
void AD_ISA_NAME(ad_winograd_taps)(const ad_winograd *w, const float *sums, int64_t step,
                                   float *out, int64_t tap_step);
#endif
#endif
