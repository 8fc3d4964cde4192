/* match.h - from the statistics of a photo's features and a painting's to the affine map that
 * gives the one what the other has.
 *
 *   AdaIN (Huang & Belongie 2017): each channel's mean and deviation,
 *       y = sigma_s / sigma_c (x - mu_c) + mu_s
 *   WCT (Li et al. 2017, "Universal style transfer via feature transforms"): the mean and the
 *       covariance; with C^p a power of the symmetric matrix C,
 *       y = C_s^(1/2) C_c^(-1/2) (x - mu_c) + mu_s
 *
 * Several paintings: the parts of their mu_s, sigma_s and C_s^(1/2), which is the mean of what each
 * of them alone would make of the features. With a strength a: a y + (1 - a) x. */
#ifndef ZOO_STYLE_MATCH_H
#define ZOO_STYLE_MATCH_H

#include <autodidact/base.h>

/* What a layer's channels have; owned, style_statistics_free. */
typedef struct style_statistics {
    int64_t channels;
    bool whole;    /* the covariance, else deviations */
    float *mean;   /* [channels] */
    float *spread; /* [channels] deviations > 0, or [channels, channels] */
} style_statistics;

/* Zeros. */
ad_status style_statistics_new(style_statistics *s, ad_context *ctx, int64_t channels, bool whole);
void style_statistics_free(style_statistics *s); /* a zeroed one is ignored */
/* Adds `part` of a painting whose covariance or deviations are `mean` and `spread`; of a covariance
 * what is added is its square root. */
ad_status style_statistics_add(style_statistics *s, ad_context *ctx, const float *mean,
                               const float *spread, double part);
/* x of a photo with `mean` and `spread` -> x * scale + shift, [channels] each; whole: x scale +
 * shift, [channels, channels] from the right. */
ad_status style_match(const style_statistics *style, ad_context *ctx, const float *mean,
                      const float *spread, double strength, float *scale, float *shift);

/* power[n, n] := a^exponent of a symmetric matrix whose eigenvalues are not negative, but for
 * rounding; directions in which they are 1e-5 or less are left out of it (Li et al.'s bound). */
ad_status style_symmetric_power(ad_context *ctx, const float *a, int64_t n, double exponent,
                                double *power);

#endif
