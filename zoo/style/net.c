/* net.c - the network of both forms, and its weights. */
#include "zoo/style/net.h"
#include "zoo/vision/backbone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 32, RESIDUAL = 5 };

/* ---- the network ---- */

typedef struct builder {
    ad_vars *vars;
    bool tf;
    ad_resize enlarge;
    int64_t styles;
    ad_node *mix;           /* [n, styles] */
    style_net_norms *norms; /* of a stage; NULL: each norm takes its own mean and variance */
} builder;

/* TensorFlow's SAME: as much as is missing, the odd pixel behind. */
static ad_node *same_padding(ad_node *x, int kernel, int stride)
{
    ad_shape shape = ad_node_shape(x);
    int64_t before[4] = {0}, after[4] = {0};
    for (int axis = 1; axis <= 2; ++axis) {
        int64_t n = shape.dim[axis], out = (n + stride - 1) / stride;
        int64_t missing = (out - 1) * stride + kernel - n;
        if (missing < 0) missing = 0;
        before[axis] = missing / 2, after[axis] = missing - missing / 2;
    }
    return ad_pad(x, before, after, 0);
}

static ad_node *convolution(const builder *b, const char *name, ad_node *x, int64_t channels,
                            int kernel, int stride)
{
    char path[64];
    snprintf(path, sizeof path, "%s.conv2d", name);
    ad_conv_layer layer = {.kernel = kernel, .conv = {.stride = stride}};
    if (b->tf)
        x = same_padding(x, kernel, stride), layer.no_bias = true;
    else
        layer.conv.pad = kernel / 2, layer.reflect = true;
    return ad_name(ad_conv2d_layer(b->vars, path, x, channels, layer), "%s", name);
}

/* With the mean and variance of the whole picture, which are inputs. */
static ad_node *norm_of_whole(style_net_norms *n, ad_node *x)
{
    ad_shape channels = ad_shape(ad_node_shape(x).dim[3]);
    char name[32];
    int i = n->count++;
    snprintf(name, sizeof name, "mean%d", i);
    n->seen[i] = x;
    n->mean[i] = ad_input(ad_node_graph(x), name, AD_F32, channels);
    snprintf(name, sizeof name, "factor%d", i);
    n->factor[i] = ad_input(ad_node_graph(x), name, AD_F32, channels);
    return ad_mul(ad_sub(x, n->mean[i]), n->factor[i]);
}

/* A norm's scale or shift: [channels], or what the pictures' styles have of it, [n, 1, 1,
 * channels]. */
static ad_node *parameter(const builder *b, const char *name, const char *part, ad_node *x,
                          double first)
{
    char path[64];
    int64_t channels = ad_node_shape(x).dim[3];
    bool several = b->styles > 1;
    snprintf(path, sizeof path, "%s.%s", name, part);
    ad_node *all = ad_param(ad_node_graph(x), b->vars, path,
                            several ? ad_shape(b->styles, channels) : ad_shape(channels),
                            (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = first}});
    return several ? ad_reshape(ad_matmul(b->mix, all), ad_shape(-1, 1, 1, channels)) : all;
}

static ad_node *norm(const builder *b, const char *name, ad_node *x)
{
    double eps = b->tf ? 1e-3 : 1e-5;
    if (!b->norms && b->styles < 2) return ad_instance_norm_layer(b->vars, name, x, eps);
    if (b->norms) b->norms->eps = eps;
    x = b->norms ? norm_of_whole(b->norms, x) : ad_instance_norm(x, NULL, NULL, eps);
    x = ad_mul(x, parameter(b, name, "weight", x, 1));
    return ad_name(ad_add(x, parameter(b, name, "bias", x, 0)), "%s", name);
}

static ad_node *residual(const builder *b, int number, ad_node *x)
{
    char name[4][32];
    static const char *const parts[] = {"conv1", "in1", "conv2", "in2"};
    for (int i = 0; i < 4; ++i) snprintf(name[i], sizeof name[i], "res%d.%s", number, parts[i]);
    int64_t channels = ad_node_shape(x).dim[3];
    ad_node *y = ad_relu(norm(b, name[1], convolution(b, name[0], x, channels, 3, 1)));
    y = norm(b, name[3], convolution(b, name[2], y, channels, 3, 1));
    return ad_add(x, y);
}

/* Twice the size: enlarged and convolved, or the transpose of a strided convolution. */
static ad_node *enlarge(const builder *b, const char *name, ad_node *x, int64_t channels)
{
    ad_shape shape = ad_node_shape(x);
    int64_t h = 2 * shape.dim[1], w = 2 * shape.dim[2];
    if (!b->tf) return convolution(b, name, ad_resize2d(x, h, w, b->enlarge), channels, 3, 1);
    char path[64];
    snprintf(path, sizeof path, "%s.conv2d.weight", name);
    ad_node *weight = ad_param(ad_node_graph(x), b->vars, path,
                               ad_shape(3, 3, channels, shape.dim[3]), (ad_var_options){0});
    /* what was padded behind is cut off */
    x = ad_conv2d_input_grad(x, weight, h + 1, w + 1, (ad_conv){.stride = 2});
    return ad_name(ad_slice(ad_slice(x, 1, 0, h, 1), 2, 0, w, 1), "%s", name);
}

/* To a quarter of the size. */
static ad_node *down(const builder *b, int64_t width, ad_node *x)
{
    x = ad_relu(norm(b, "in1", convolution(b, "conv1", x, width, 9, 1)));
    x = ad_relu(norm(b, "in2", convolution(b, "conv2", x, 2 * width, 3, 2)));
    return ad_relu(norm(b, "in3", convolution(b, "conv3", x, 4 * width, 3, 2)));
}

static ad_node *up(const builder *b, int64_t width, ad_node *x)
{
    x = ad_relu(norm(b, "in4", enlarge(b, "deconv1", x, 2 * width)));
    x = ad_relu(norm(b, "in5", enlarge(b, "deconv2", x, width)));
    x = convolution(b, "deconv3", x, 3, 9, 1);
    if (!b->tf) return x;
    return ad_add_scalar(ad_mul_scalar(ad_tanh(norm(b, "in6", x)), 150), 127.5);
}

static int64_t width_of(const style_net_form *form)
{
    return form->width ? form->width : WIDTH;
}

int style_net_stages(const style_net_form *form)
{
    return (int)(form->blocks ? form->blocks : RESIDUAL) + 2;
}

int64_t style_net_inner(const style_net_form *form)
{
    return 4 * width_of(form);
}

static ad_node *stage_of(const builder *b, const style_net_form *form, int stage, ad_node *x)
{
    if (!stage) return down(b, width_of(form), x);
    if (stage == style_net_stages(form) - 1) return up(b, width_of(form), x);
    return residual(b, stage, x);
}

static builder builder_of(ad_vars *vars, const style_net_form *form, ad_node *mix)
{
    return (builder){.vars = vars,
                     .tf = form->kind == STYLE_NET_TF,
                     .enlarge = form->smooth ? AD_BILINEAR : AD_NEAREST,
                     .styles = form->styles,
                     .mix = mix};
}

ad_node *style_net_stage(ad_vars *vars, const style_net_form *form, int stage, ad_node *x,
                         ad_node *mix, style_net_norms *norms)
{
    builder net = builder_of(vars, form, mix);
    *norms = (style_net_norms){0};
    net.norms = norms;
    return stage_of(&net, form, stage, x);
}

ad_node *style_net_build(ad_vars *vars, const style_net_form *form, ad_node *x, ad_node *mix)
{
    const builder net = builder_of(vars, form, mix);
    for (int i = 0; i < style_net_stages(form); ++i) x = stage_of(&net, form, i, x);
    return x;
}

/* ---- its weights ---- */

/* How many channels, blocks and styles, where the shapes are a network's at all: loading checks
 * them. */
static void measure(const ad_file *file, style_net_form *form)
{
    char name[64];
    const ad_file_entry *first = ad_file_at(file, ad_file_find(file, "conv1.conv2d.weight"));
    form->width = first->shape.rank == 4 ? first->shape.dim[0] : 0;
    if (form->width > STYLE_NET_WIDTH_MOST) form->width = 0;
    int norm = ad_file_find(file, "in1.weight");
    form->styles = 1;
    if (norm >= 0) {
        ad_shape scale = ad_file_at(file, norm)->shape;
        if (scale.rank == 2 && scale.dim[0] <= STYLE_NET_STYLES_MOST) form->styles = scale.dim[0];
    }
    for (form->blocks = 0; form->blocks < STYLE_NET_BLOCKS_MOST; ++form->blocks) {
        snprintf(name, sizeof name, "res%d.conv1.conv2d.weight", (int)form->blocks + 1);
        if (ad_file_find(file, name) < 0) break;
    }
}

ad_status style_net_detect(ad_context *ctx, ad_file *file, style_net_form *form)
{
    *form = (style_net_form){.kind = STYLE_NET_TORCH};
    if (ad_file_find(file, "conv1.conv2d.weight") >= 0 &&
        ad_file_find(file, "deconv3.conv2d.weight") >= 0) {
        measure(file, form);
        return AD_OK;
    }
    form->kind = STYLE_NET_TF;
    if (ad_file_find(file, "Variable") >= 0 && ad_file_find(file, "Variable_47") >= 0) return AD_OK;
    vision_kind looks;
    if (vision_knows(file, &looks))
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: is %s, which looks at pictures and paints none; `style make` and "
                            "`dream make` take such a network by --weights",
                            ad_file_path(file), vision_name(looks));
    return ad_error_set(ctx, AD_ERROR_FORMAT,
                        "%s: is no network of a style: it has no tensor conv1.conv2d.weight "
                        "(PyTorch's) nor Variable .. Variable_47 (TensorFlow's; %d tensors, the "
                        "first is %s)",
                        ad_file_path(file), ad_file_count(file),
                        ad_file_count(file) ? ad_file_at(file, 0)->name : "missing");
}

/* The 16 convolutions in their order; of each the weight, then its norm's shift and scale. */
static void tf_names(int index, char *name, size_t size)
{
    static const char *const ends[] = {"conv1", "conv2", "conv3", "deconv1", "deconv2", "deconv3"};
    int conv = index / 3, part = index % 3, block = (conv - 3) / 2;
    bool inside = conv >= 3 && conv < 3 + 2 * RESIDUAL;
    int end = conv < 3 ? conv : conv - 2 * RESIDUAL;
    const char *what = part == 1 ? "bias" : "weight";
    if (inside && part)
        snprintf(name, size, "res%d.in%d.%s", block + 1, (conv - 3) % 2 + 1, what);
    else if (inside)
        snprintf(name, size, "res%d.conv%d.conv2d.weight", block + 1, (conv - 3) % 2 + 1);
    else if (part)
        snprintf(name, size, "in%d.%s", end + 1, what);
    else
        snprintf(name, size, "%s.conv2d.weight", ends[end]);
}

/* Its axes lie as the variable's do in memory: kernels [h, w, in, out], or turned [h, w, out, in].
 */
static ad_status load_variable(ad_vars *vars, ad_file *file, int index)
{
    char from[16] = "Variable", to[64];
    if (index) snprintf(from, sizeof from, "Variable_%d", index);
    tf_names(index, to, sizeof to);
    ad_variable *variable = ad_var_find(vars, to);
    ad_shape shape = ad_variable_shape(variable);
    size_t bytes = (size_t)ad_shape_count(shape) * sizeof(float);
    float *data = malloc(bytes);
    ad_context *ctx = ad_vars_context(vars);
    if (!data) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for %s", to);
    ad_status status = ad_file_read_named(file, from, AD_F32, shape, data, bytes);
    char what[128];
    snprintf(what, sizeof what, "%.80s: tensor %s", ad_file_path(file), from);
    for (size_t i = 0; i < bytes / sizeof *data && !status; ++i)
        if (!(data[i] - data[i] == 0))
            status = ad_error_set(ctx, AD_ERROR_NUMERIC, "%s: element %zu is not finite", what, i);
    if (!status) status = ad_variable_set(vars, variable, data);
    free(data);
    return status;
}

ad_status style_net_declare(ad_vars *vars, const style_net_form *form)
{
    ad_graph *graph = ad_graph_new(ad_vars_context(vars));
    if (!graph) return AD_ERROR_MEMORY;
    ad_node *x = ad_input(graph, "image", AD_F32, ad_shape(1, STYLE_NET_LEAST, STYLE_NET_LEAST, 3));
    ad_node *mix = form->styles > 1 ? ad_input(graph, "mix", AD_F32, ad_shape(1, form->styles))
                                    : NULL;
    style_net_build(vars, form, x, mix);
    ad_status status = ad_graph_status(graph);
    if (status) ad_error_set(ad_vars_context(vars), status, "%s", ad_graph_error(graph));
    ad_graph_free(graph);
    return status;
}

ad_status style_net_load(ad_vars *vars, const style_net_form *form, ad_file *file)
{
    enum { VARIABLES = 48 };
    ad_status status = style_net_declare(vars, form);
    if (status) return status;
    if (form->kind == STYLE_NET_TORCH) /* old files have running means, which nothing reads */
        return ad_vars_load_file(vars, file, (ad_load_options){.allow_unused = true});
    for (int i = 0; i < VARIABLES && !status; ++i) status = load_variable(vars, file, i);
    return status;
}
