/* train_loss.c - the loss of style.h over a batch, and of a pair of crops how much what is painted
 * differs where both show the same (short- and long-term, Gupta et al. 2017, Ruder et al. 2018). */
#include "zoo/style/train.h"

/* [n, h, w, c] -> [n, c, c], each F^T F / (c h w) */
static ad_node *grams(ad_node *features)
{
    ad_shape s = ad_node_shape(features);
    ad_node *flat = ad_reshape(features, ad_shape(s.dim[0], s.dim[1] * s.dim[2], s.dim[3]));
    ad_node *gram = ad_matmul_with(flat, flat, (ad_matmul_options){.transpose_a = true});
    return ad_mul_scalar(gram, 1 / (double)(s.dim[1] * s.dim[2] * s.dim[3]));
}

/* The Gram matrices that each crop's style has in layer i: [n, c, c], or [1, c, c] for all. */
static ad_node *wanted(style_training *t, ad_graph *graph, int i, int64_t c, ad_node *mix)
{
    if (!mix) return ad_constant(graph, AD_F32, ad_shape(1, c, c), t->gram[i]);
    ad_node *all = ad_constant(graph, AD_F32, ad_shape(t->styles, c * c), t->gram[i]);
    return ad_reshape(ad_matmul(mix, all), ad_shape(-1, c, c));
}

static ad_node *style_term(style_training *t, ad_node *const *seen, ad_node *mix)
{
    const style_settings *look = &t->look;
    ad_node *sum = NULL;
    for (int i = 0; i < look->style_count; ++i) {
        ad_node *gram = grams(seen[i]);
        ad_shape s = ad_node_shape(gram);
        ad_node *target = wanted(t, ad_node_graph(gram), i, s.dim[2], mix);
        ad_node *term = ad_sum(ad_square(ad_sub(gram, target)), AD_ALL_AXES, false);
        double scale = vision_feature_scale(look->backbone, look->style_layers[i]);
        term = ad_mul_scalar(term, scale * scale * scale * scale / (double)s.dim[0]);
        sum = sum ? ad_add(sum, term) : term;
    }
    double weight = look->style_weight * vision_gram_scale(look->backbone);
    return ad_mul_scalar(sum, weight / (double)look->style_count);
}

ad_node *style_train_flicker(ad_node *painted)
{
    ad_graph *graph = ad_node_graph(painted);
    ad_shape s = ad_node_shape(painted);
    int64_t rows = s.dim[0] / 2, area = s.dim[1] * s.dim[2];
    ad_node *from = ad_input(graph, "from", AD_I32, ad_shape(rows, 4, area)),
            *part = ad_input(graph, "part", AD_F32, ad_shape(rows, 4, area));
    ad_node *table = ad_reshape(painted, ad_shape(2 * rows * area, 3));
    part = ad_reshape(part, ad_shape(rows, 4, area, 1));
    ad_node *was = ad_sum(ad_mul(ad_gather(table, from), part), ad_axes(1), false);
    ad_node *seen = ad_sum(part, ad_axes(1), false); /* [rows, area, 1], 0 or 1 */
    ad_node *is = ad_slice(ad_reshape(painted, ad_shape(rows, 2, area, 3)), 1, 1, 2, 1);
    ad_node *off = ad_mul(ad_sub(ad_reshape(is, ad_shape(rows, area, 3)), was), seen);
    ad_node *count = ad_add_scalar(ad_mul_scalar(ad_sum(seen, AD_ALL_AXES, false), 3), 1);
    return ad_div(ad_sum(ad_square(off), AD_ALL_AXES, false), count);
}

ad_node *style_train_lattice(ad_node *painted)
{
    enum { CELL = STYLE_NET_MULTIPLE, WINDOWS = 4 };
    ad_shape s = ad_node_shape(painted);
    int64_t n = s.dim[0], rows = s.dim[1] / CELL, columns = s.dim[2] / CELL;
    ad_node *x = ad_reshape(painted, ad_shape(n, rows, CELL, columns, CELL * 3));
    x = ad_permute(x, (int[]){0, 2, 1, 3, 4});
    x = ad_reshape(x, ad_shape(n * CELL, rows, columns, CELL * 3));
    x = ad_adaptive_avg_pool2d(x, WINDOWS, WINDOWS);
    x = ad_reshape(x, ad_shape(n, CELL, WINDOWS, WINDOWS, CELL, 3));
    ad_node *even = ad_mean(x, ad_axes(1, 4), true);
    return ad_mean(ad_square(ad_sub(x, even)), AD_ALL_AXES, false);
}

ad_node *style_train_loss(style_training *t, ad_node *image, ad_node *painted, ad_node *mix)
{
    const style_settings *look = &t->look;
    const char *layers[STYLE_MAX_LAYERS + 1];
    ad_node *seen[STYLE_MAX_LAYERS + 1], *there;
    ad_graph *graph = ad_node_graph(image);
    int count = look->style_count;
    for (int i = 0; i < count; ++i) layers[i] = look->style_layers[i];
    layers[count] = look->content_layer;
    ad_scope_push(graph, "look");
    vision_build(t->weights, "", look->backbone, look->pooling, image, &look->content_layer, 1,
                 &there);
    vision_build(t->weights, "", look->backbone, look->pooling, painted, layers, count + 1, seen);
    ad_scope_pop(graph);
    double scale = vision_feature_scale(look->backbone, look->content_layer);
    ad_node *off = ad_sub(seen[count], ad_stop_gradient(there));
    ad_node *content = ad_mul_scalar(ad_mean(ad_square(off), AD_ALL_AXES, false),
                                     look->content_weight * scale * scale);
    const style_source *source = style_source_of(&t->job);
    ad_node *temporal = NULL;
    if (t->pair > 1)
        temporal = ad_mul_scalar(style_train_flicker(painted), source->temporal_weight);
    ad_node *lattice = NULL;
    if (source->lattice_weight > 0)
        lattice = ad_mul_scalar(style_train_lattice(painted), source->lattice_weight);
    const ad_train_metric terms[] = {
        {"content", content},
        {"style", style_term(t, seen, mix)},
        {"tv", style_smoothness(look, painted)},
        {"lattice", lattice},
        {"temporal", temporal},
    };
    ad_node *loss = NULL;
    int metrics = 0;
    for (size_t i = 0; i < sizeof terms / sizeof *terms; ++i) {
        if (!terms[i].node) continue;
        loss = loss ? ad_add(loss, terms[i].node) : terms[i].node;
        t->metrics[metrics++] = terms[i];
    }
    return ad_name(loss, "loss");
}
