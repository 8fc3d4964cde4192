/* spectral_norm.c - weights divided by their largest singular value (Miyato et al. 2018, "Spectral
 * Normalization for Generative Adversarial Networks", algorithm 1).
 *
 * With W the weight as a matrix [out, all else], a step in training form computes
 *
 *     v = W^T u / |W^T u|,  u' = W v / |W v|,  sigma = u' . W v,  W / sigma,  u <- u'
 *
 * where u', v are constants to the gradient, so that d sigma / d W = u' v^T, that of a singular
 * value. In evaluation form sigma = |W^T u| / |u|: of the weights as they are then (averages of
 * others, perhaps) instead of with the v of the step before, which PyTorch keeps. */
#include "nn/vars.h"

#include <stdio.h>

enum { NAME_BYTES = 256 };

/* The weight as a matrix, [rest, out]; of a linear layer, [out, rest]. */
static ad_node *as_matrix(ad_node *weight, ad_file_layout layout)
{
    ad_shape shape = ad_node_shape(weight);
    if (layout == AD_LAYOUT_CONV_TRANSPOSED) { /* [kh, kw, out, in] */
        weight = ad_permute(weight, (int[]){0, 1, 3, 2});
        shape = ad_node_shape(weight);
    }
    return shape.rank == 2 ? weight : ad_reshape(weight, ad_shape(-1, shape.dim[shape.rank - 1]));
}

/* x / |x| of a column */
static ad_node *unit(ad_node *x)
{
    ad_node *square = ad_sum(ad_square(x), AD_ALL_AXES, false);
    return ad_stop_gradient(ad_mul(x, ad_rsqrt(ad_clamp(square, 1e-24, 1e38))));
}

ad_node *ad_spectral_norm(ad_vars *vars, const char *name, ad_node *weight, ad_file_layout layout,
                          ad_mode *mode)
{
    char full[NAME_BYTES];
    if (ad_node_poisoned(weight)) return weight;
    ad_graph *graph = ad_node_graph(weight);
    const bool rows = layout == AD_LAYOUT_SAME;
    ad_node *w = as_matrix(weight, layout);
    int64_t out = ad_node_shape(w).dim[rows ? 0 : 1];
    snprintf(full, sizeof full, "%.200s.weight_u", name);
    ad_variable *vector = ad_var_with(ad_graph_context(graph), vars, full, ad_shape(out),
                                      (ad_var_options){.init = {.kind = AD_INIT_NORMAL, .a = 1},
                                                       .dtype = ad_node_dtype(weight),
                                                       .buffer = true},
                                      (ad_var_extra){0});
    if (!vector)
        return ad_poison(graph, ad_error_status(ad_graph_context(graph)), "%s",
                         ad_error(ad_graph_context(graph)));
    ad_node *u = unit(ad_reshape(ad_read(graph, vector), ad_shape(out, 1)));
    ad_node *back = ad_matmul_with(w, u, (ad_matmul_options){.transpose_a = rows}); /* W^T u */
    ad_node *sigma;
    if (mode && mode->training) {
        ad_node *forth = ad_matmul_with(w, unit(back),
                                        (ad_matmul_options){.transpose_a = !rows}); /* W v */
        ad_node *next = unit(forth);
        ad_mode_update(mode, ad_assign(graph, vector, ad_reshape(next, ad_shape(out))));
        sigma = ad_sum(ad_mul(next, forth), AD_ALL_AXES, false);
    } else {
        sigma = ad_sqrt(ad_sum(ad_square(back), AD_ALL_AXES, false));
    }
    return ad_name(ad_div(weight, sigma), "%s.normed", name);
}
