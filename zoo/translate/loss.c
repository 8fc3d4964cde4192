/* loss.c - cross-entropy with smoothed labels (section 5.4), without the logits of all words ever
 * being there at once.
 *
 *     -(1 - e) log p(label) - e mean over words of log p(word)
 *         = -log p(label) + e (z(label) - mean z),    z = y W^T
 *
 * The first term is computed some rows at a time (ad_linear_cross_entropy_loss); in the second, z
 * of the label and the mean are products of y with two vectors. */
#include "zoo/translate/network.h"

ad_node *translate_loss(ad_node *y, ad_node *weight, ad_node *labels, double smoothing)
{
    ad_graph *graph = ad_node_graph(y);
    int64_t n = ad_node_shape(labels).rank ? ad_node_shape(labels).dim[0] : 0;
    ad_node *zero = ad_scalar(graph, AD_I32, 0);
    ad_node *real = ad_cast(ad_greater_equal(labels, zero), AD_F32);
    ad_node *sum = ad_mul_scalar(ad_linear_cross_entropy_loss(y, weight, labels, 0), (double)n);
    if (smoothing > 0) {
        ad_node *off = ad_sub(ad_gather(weight, labels), ad_mean(weight, ad_axes(0), true));
        ad_node *row = ad_mul(ad_sum(ad_mul(y, off), ad_axes(-1), false), real);
        sum = ad_add(sum, ad_mul_scalar(ad_sum(row, AD_ALL_AXES, false), smoothing));
    }
    ad_node *count = ad_sum(real, AD_ALL_AXES, false);
    return ad_name(ad_div(sum, ad_maximum(count, ad_scalar(graph, AD_F32, 1))), "loss");
}

/* With p and q what the two passes say: KL(p, q) + KL(q, p) = sum (p - q) (log p - log q). */
ad_node *translate_r_drop(ad_node *y, ad_node *weight, ad_node *labels, double share)
{
    ad_graph *graph = ad_node_graph(y);
    int64_t n = ad_node_shape(labels).rank ? ad_node_shape(labels).dim[0] / 2 : 0;
    ad_node *logits = ad_matmul_with(y, weight, (ad_matmul_options){.transpose_b = true});
    ad_node *log_p = ad_log_softmax(logits, -1);
    ad_node *first = ad_slice(log_p, 0, 0, n, 1), *second = ad_slice(log_p, 0, n, 2 * n, 1);
    ad_node *apart = ad_mul(ad_sub(ad_exp(first), ad_exp(second)), ad_sub(first, second));
    ad_node *one = ad_slice(labels, 0, 0, n, 1);
    ad_node *real = ad_cast(ad_greater_equal(one, ad_scalar(graph, AD_I32, 0)), AD_F32);
    ad_node *sum = ad_sum(ad_mul(ad_sum(apart, ad_axes(-1), false), real), AD_ALL_AXES, false);
    ad_node *count = ad_maximum(ad_sum(real, AD_ALL_AXES, false), ad_scalar(graph, AD_F32, 1));
    return ad_name(ad_mul_scalar(ad_div(sum, count), share / 4), "r_drop");
}
