/* lpips.c - the distance of features: at each place of each layer both are brought to length 1, the
 * squares of their differences are weighted by channel, and the mean over places is taken:
 *     d(a, b) = sum over layers l of mean over places p of sum over channels c of
 *               w[l, c] (a[l, p, c] / |a[l, p]| - b[l, p, c] / |b[l, p]|)^2
 * The layers are those behind the ReLUs that the authors chose. */
#include "zoo/vision/lpips.h"

#include <stdio.h>

enum { LAYERS_MOST = 7, LEAST_SIDE = 64 };

static const struct {
    vision_kind kind;
    int count;
    const char *layers[LAYERS_MOST];
} lists[] = {
    {VISION_ALEXNET, 5, {"relu1", "relu2", "relu3", "relu4", "relu5"}},
    {VISION_VGG16, 5, {"relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"}},
    {VISION_SQUEEZENET1_1, 7, {"relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9"}},
    {VISION_COMPACT, 5, {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"}},
};

static int list_of(vision_kind kind)
{
    for (int i = 0; i < (int)(sizeof lists / sizeof *lists); ++i)
        if (lists[i].kind == kind) return i;
    return -1;
}

bool vision_lpips_has(vision_kind kind)
{
    return list_of(kind) >= 0 && kind != VISION_COMPACT;
}

/* The inner term keeps the slope finite where nothing was found, and does not change a length. */
static ad_node *of_length_one(ad_node *x)
{
    ad_node *length = ad_sqrt(ad_add_scalar(ad_sum(ad_square(x), ad_axes(3), true), 1e-20));
    return ad_div(x, ad_add_scalar(length, 1e-10));
}

/* [n, h, w, c] twice -> squared differences of what has length 1 */
static ad_node *squares(ad_node *a, ad_node *b)
{
    return ad_square(ad_sub(of_length_one(a), of_length_one(b)));
}

/* Squares [n, h, w, c] -> [n] */
static ad_node *over_places(ad_node *x)
{
    return ad_mean(ad_sum(x, ad_axes(3), false), ad_axes(1, 2), false);
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
    return over_places(ad_mul(squares(a, b), ad_reshape(weight, ad_shape(shape.dim[3]))));
}

ad_node *vision_lpips(ad_vars *vars, ad_vars *heads, vision_kind kind, ad_node *a, ad_node *b)
{
    const vision_form form = {.kind = kind};
    ad_node *of_a[LAYERS_MOST], *of_b[LAYERS_MOST], *sum = NULL;
    int list = list_of(kind);
    if (!vision_lpips_has(kind)) return NULL;
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

/* ---- without heads ---- */

static ad_node *enlarged(ad_node *x)
{
    if (ad_node_poisoned(x)) return x;
    ad_shape shape = ad_node_shape(x);
    int64_t h = shape.dim[1], w = shape.dim[2], shorter = h < w ? h : w;
    if (shorter >= LEAST_SIDE) return x;
    return ad_resize2d(x, h * LEAST_SIDE / shorter, w * LEAST_SIDE / shorter, AD_BILINEAR);
}

ad_node *vision_perceptual(ad_vars *vars, ad_node *a, ad_node *b)
{
    ad_node *of_a[LAYERS_MOST], *of_b[LAYERS_MOST], *sum = NULL;
    int list = list_of(VISION_COMPACT), count = lists[list].count;
    const char *const *layers = lists[list].layers;
    vision_build(vars, "", VISION_COMPACT, VISION_MAX, enlarged(a), layers, count, of_a);
    vision_build(vars, "", VISION_COMPACT, VISION_MAX, enlarged(b), layers, count, of_b);
    for (int i = 0; i < count; ++i) {
        ad_node *d = over_places(squares(of_a[i], of_b[i]));
        sum = sum ? ad_add(sum, d) : d;
    }
    return ad_name(sum, "perceptual");
}

ad_status vision_perceptual_load(ad_vars *vars)
{
    ad_file *file = NULL;
    const vision_form form = {.kind = VISION_COMPACT};
    ad_status status = vision_open_embedded(&file, ad_vars_context(vars));
    if (!status) status = vision_load(vars, file, &form, NULL);
    ad_file_close(file);
    return status;
}
