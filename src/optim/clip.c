/* clip.c - clipping gradients by their global norm (Pascanu et al. 2013), as torch's
 * clip_grad_norm_: g *= min(1, max_norm / (norm + 1e-6)). */
#include "optim/optimizer.h"

ad_node *ad_clip_runs(ad_run_of_parameters *runs, int count, double max_norm)
{
    ad_node *sum = NULL;
    for (int i = 0; i < count; ++i) {
        ad_node *squares = ad_cast(ad_sum(ad_square(runs[i].flat), AD_ALL_AXES, false), AD_F64);
        sum = sum ? ad_add(sum, squares) : squares;
    }
    ad_node *norm = ad_sqrt(sum);
    ad_node *scale = ad_clamp(ad_mul_scalar(ad_reciprocal(ad_add_scalar(norm, 1e-6)), max_norm), 0,
                              1);
    for (int i = 0; i < count; ++i)
        runs[i].flat = ad_mul(runs[i].flat, ad_cast(scale, ad_node_dtype(runs[i].flat)));
    return ad_cast(norm, AD_F32);
}
