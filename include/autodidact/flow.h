/* flow.h - dense optical flow: where each pixel of one picture has gone to in another, and what can
 * be done with that: warping, telling where it is not to be trusted, drawing.
 *
 * The method is dense inverse search (Kroeger, Timofte, Dai & Van Gool 2016, "Fast optical flow
 * using dense inverse search"): on each size of a pyramid, small patches slide to where they match,
 * what they found is blended pixel by pixel, and a variational refinement (Brox, Bruhn, Papenberg &
 * Weickert 2004; constraints normalised after Zimmer, Bruhn & Weickert 2011) makes the whole smooth
 * but for its edges. Pictures are compared as grey (luma of the encoded values, Rec. 601, held to
 * 0..1). Results are the same bits with any number of threads and any instruction set.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_FLOW_H
#define AUTODIDACT_FLOW_H

#include <autodidact/image.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_flow {
    int64_t width, height;
    float *data; /* [height, width, 2], x then y, in pixels: pixel (x, y) of the first picture is
                    at (x + data[0], y + data[1]) in the second. Owned by the flow */
    ad_context *ctx;
} ad_flow;

/* A new flow, all zero (nothing has moved). Both sides must be positive. */
AD_API ad_status ad_flow_new(ad_context *ctx, int64_t width, int64_t height, ad_flow **out);
AD_API void ad_flow_free(ad_flow *flow); /* NULL is ignored */

/* Zero is the default of every member. */
typedef struct ad_flow_options {
    /* Between the patches of the search, in pixels: 1 to 8. 0: 4. */
    int stride;
    /* The weight of smoothness, for grey values of 0 to 255. 0: 20. */
    double smoothness;
    /* Rounds of the refinement at each size, twice. 0: 5; -1: none, the search alone. */
    int rounds;
    /* Where the work ends: 0: at full size; 1: at half of it, and what was found is enlarged, which
     * takes a fifth of the time; up to 8. */
    int finest;
} ad_flow_options;

/* The flow from one picture to another of the same size. Their channels may be of any number, alpha
 * is left out of account. Values that are not finite are AD_ERROR_NUMERIC, two sizes
 * AD_ERROR_SHAPE, options out of range AD_ERROR_ARGUMENT. `options` may be NULL. */
AD_API ad_status ad_flow_estimate(ad_flow **out, ad_context *ctx, const ad_image *from,
                                  const ad_image *to, const ad_flow_options *options);

/* Backward warp: out(x) = image(x + flow(x)), by Keys' cubic (a = -0.5) in the encoded values,
 * clamped to 0..1; what lies outside is the nearest pixel of the border. The flow from a frame to
 * the one before brings the one before to where things are in this one. The picture has the flow's
 * size (else AD_ERROR_SHAPE) and any number of channels. */
AD_API ad_status ad_flow_warp(ad_context *ctx, const ad_flow *flow, const ad_image *image,
                              ad_image **out);

/* Where `forward` is to be trusted: one channel, 1 where it is, 0 where it is not (Ruder,
 * Dosovitskiy & Brox 2016, "Artistic style transfer for videos", section 4.1, after Sundaram, Brox
 * & Keutzer 2010). `backward` is the flow the other way round. With w the forward flow at a pixel
 * and w' the backward flow at the place it leads to (bilinear), what the pixel shows is hidden in
 * the second picture where |w + w'|^2 > 0.01 (|w|^2 + |w'|^2) + 0.5, or where that place lies
 * outside; and motion breaks off where |grad w|^2 > 0.01 |w|^2 + 0.002 (central differences). */
AD_API ad_status ad_flow_consistency(ad_context *ctx, const ad_flow *forward,
                                     const ad_flow *backward, ad_image **weights);

/* A picture of a flow, three channels: direction as hue, speed as saturation, by the colour wheel
 * of Baker, Scharstein, Lewis, Roth, Black & Szeliski 2011 ("A database and evaluation methodology
 * for optical flow"). `most` pixels are the fullest colour (faster ones are darker); 0: the fastest
 * pixel's. */
AD_API ad_status ad_flow_draw(ad_context *ctx, const ad_flow *flow, double most, ad_image **out);

/* Middlebury's .flo: "PIEH", width and height (32 bits), the vectors as floats, little-endian. What
 * is written is whole or not at all. Of a file that is read every vector must be finite. */
AD_API ad_status ad_flow_write(ad_context *ctx, const char *path, const ad_flow *flow);
AD_API ad_status ad_flow_read(ad_context *ctx, const char *path, ad_flow **out);

#ifdef __cplusplus
}
#endif
#endif
