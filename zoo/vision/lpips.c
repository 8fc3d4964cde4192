/* lpips.c - the distance of features: at each place of each layer both are brought to length 1, the
 * squares of their differences are weighted by channel, and the mean over places is taken:
 *     d(a, b) = sum over layers l of mean over places p of sum over channels c of
 *               w[l, c] (a[l, p, c] / |a[l, p]| - b[l, p, c] / |b[l, p]|)^2
 * The layers are those behind the ReLUs that the authors chose. */
#include "zoo/vision/lpips.h"

#include <stdio.h>

enum { LAYERS_MOST = 7 };

static const struct {
    vision_kind kind;
    int count;
    const char *layers[LAYERS_MOST];
} lists[] = {
    {VISION_ALEXNET, 5, {"relu1", "relu2", "relu3", "relu4", "relu5"}},
    {VISION_VGG16, 5, {"relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"}},
    {VISION_SQUEEZENET1_1, 7, {"relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9"}},
};

static int list_of(vision_kind kind)
{
    for (int i = 0; i < (int)(sizeof lists / sizeof *lists); ++i)
        if (lists[i].kind == kind) return i;
    return -1;
}

bool vision_lpips_has(vision_kind kind)
{
    return list_of(kind) >= 0;
}

/* The inner term keeps the slope finite where nothing was found, and does not change a length. */
static ad_node *of_length_one(ad_node *x)
{
    ad_node *length = ad_sqrt(ad_add_scalar(ad_sum(ad_square(x), ad_axes(3), true), 1e-20));
    return ad_div(x, ad_add_scalar(length, 1e-10));
}

/* [n, h, w, c] twice -> [n] */
static ad_node *difference(ad_vars *heads, int layer, ad_node *a, ad_node *b)
{
    char name[32];
    if (ad_node_poisoned(a)) return a;
    ad_shape shape = ad_node_shape(a);
    snprintf(name, sizeof name, "lin%d.model.1.weight", layer);
    ad_node *weight = ad_param(ad_node_graph(a), heads, name, ad_shape(1, shape.dim[3], 1, 1),
                               (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = 1}});
    ad_node *squares = ad_square(ad_sub(of_length_one(a), of_length_one(b)));
    ad_node *weighted = ad_mul(squares, ad_reshape(weight, ad_shape(shape.dim[3])));
    return ad_mean(ad_sum(weighted, ad_axes(3), false), ad_axes(1, 2), false);
}

ad_node *vision_lpips(ad_vars *vars, ad_vars *heads, vision_kind kind, ad_node *a, ad_node *b)
{
    const vision_form form = {.kind = kind};
    ad_node *of_a[LAYERS_MOST], *of_b[LAYERS_MOST], *sum = NULL;
    int list = list_of(kind);
    if (list < 0) return NULL;
    const char *const *layers = lists[list].layers;
    int count = lists[list].count;
    vision_build_form(vars, "", &form, VISION_MAX, vision_normalise(kind, a), layers, count, of_a);
    vision_build_form(vars, "", &form, VISION_MAX, vision_normalise(kind, b), layers, count, of_b);
    for (int i = 0; i < count; ++i) {
        ad_node *d = difference(heads, i, of_a[i], of_b[i]);
        sum = sum ? ad_add(sum, d) : d;
    }
    return ad_name(sum, "lpips");
}
