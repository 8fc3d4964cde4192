/* layers.c - layers as graph builders: they declare their parameters by the names that PyTorch
 * gives them and say what is computed; nothing of a layer outlives the call. First values are
 * PyTorch's. */
#include "nn/vars.h"

#include <math.h>
#include <stdio.h>

enum { NAME_BYTES = 256 };

/* The parameter "layer.part". */
static ad_node *part(ad_graph *graph, ad_vars *vars, const char *layer, const char *name,
                     ad_shape shape, ad_var_options options)
{
    char full[NAME_BYTES];
    int length = snprintf(full, sizeof full, "%s.%s", layer, name);
    if (length < 0 || (size_t)length >= sizeof full)
        return ad_poison(graph, AD_ERROR_ARGUMENT, "a layer's name may have %d characters",
                         NAME_BYTES - 16);
    return ad_param(graph, vars, full, shape, options);
}

/* The parameter "layer.weight", divided by its norm where that is asked for. */
static ad_node *weight_part(ad_graph *graph, ad_vars *vars, const char *layer, ad_shape shape,
                            ad_var_options options, ad_spectral spectral)
{
    ad_node *weight = part(graph, vars, layer, spectral.on ? "weight_orig" : "weight", shape,
                           options);
    return spectral.on ? ad_spectral_norm(vars, layer, weight, options.layout, spectral.mode)
                       : weight;
}

/* U(-1/sqrt(fan_in), 1/sqrt(fan_in)), which is He's with slope sqrt(5): torch.nn's default. */
static ad_init weight_init(ad_init chosen)
{
    return chosen.kind ? chosen : (ad_init){.kind = AD_INIT_KAIMING_UNIFORM, .a = sqrt(5)};
}

static ad_init bias_init(int64_t fan_in)
{
    return (ad_init){.kind = AD_INIT_UNIFORM, .a = fan_in > 0 ? 1 / sqrt((double)fan_in) : 0};
}

static int64_t last_dim(ad_node *x)
{
    ad_shape shape = ad_node_shape(x);
    return shape.dim[shape.rank - 1];
}

/* False, and a poisoned *out, when x is not [n, h, w, c] or the like. */
static bool takes(ad_node *x, const char *layer, int rank, ad_node **out)
{
    char text[192];
    *out = x;
    if (ad_node_poisoned(x)) return false;
    ad_shape shape = ad_node_shape(x);
    if (rank ? shape.rank == rank : shape.rank >= 1) return true;
    *out = ad_poison(ad_node_graph(x), AD_ERROR_SHAPE,
                     "%s: the input %s %s has %d axes, expected %s%d", layer, ad_node_name(x),
                     ad_shape_text(shape, text, sizeof text), shape.rank, rank ? "" : "at least ",
                     rank ? rank : 1);
    return false;
}

ad_node *ad_linear(ad_vars *vars, const char *name, ad_node *x, int64_t features,
                   ad_linear_options options)
{
    ad_node *poisoned;
    if (!takes(x, name, 0, &poisoned)) return poisoned;
    ad_graph *graph = ad_node_graph(x);
    ad_shape shape = ad_node_shape(x);
    ad_dtype dtype = ad_node_dtype(x);
    int64_t in = last_dim(x);

    ad_node *weight = weight_part(
        graph, vars, name, ad_shape(features, in),
        (ad_var_options){.init = weight_init(options.init), .dtype = dtype}, options.spectral);
    /* one product of matrices, whatever the leading axes */
    ad_node *flat = shape.rank == 2 ? x : ad_reshape(x, ad_shape(-1, in));
    ad_node *y = ad_matmul_with(flat, weight, (ad_matmul_options){.transpose_b = true});
    if (!options.no_bias)
        y = ad_add(y, part(graph, vars, name, "bias", ad_shape(features),
                           (ad_var_options){.init = bias_init(in), .dtype = dtype}));
    shape.dim[shape.rank - 1] = features;
    return ad_name(shape.rank == 2 ? y : ad_reshape(y, shape), "%s", name);
}

/* What both convolutions read from their options. */
typedef struct conv_plan {
    int64_t kernel[2], groups;
    ad_conv conv;
} conv_plan;

static conv_plan plan_conv(const ad_conv_layer *options)
{
    conv_plan plan = {.conv = options->conv};
    plan.kernel[0] = options->kernel;
    plan.kernel[1] = options->kernel_w ? options->kernel_w : options->kernel;
    plan.groups = options->conv.groups ? options->conv.groups : 1;
    return plan;
}

static bool groups_fit(ad_node *x, const char *name, const conv_plan *plan, int64_t channels,
                       ad_node **out)
{
    if (plan->kernel[0] < 1 || plan->kernel[1] < 1) {
        *out = ad_poison(ad_node_graph(x), AD_ERROR_ARGUMENT,
                         "%s: the kernel's size is %lld x %lld", name, (long long)plan->kernel[0],
                         (long long)plan->kernel[1]);
        return false;
    }
    if (plan->groups < 1 || last_dim(x) % plan->groups || channels < 0 || channels % plan->groups) {
        *out = ad_poison(ad_node_graph(x), AD_ERROR_SHAPE,
                         "%s: %lld channels in and %lld out cannot be split into %lld groups", name,
                         (long long)last_dim(x), (long long)channels, (long long)plan->groups);
        return false;
    }
    return true;
}

static ad_node *add_bias(ad_vars *vars, const char *name, ad_node *y, int64_t channels,
                         int64_t fan_in, ad_dtype dtype)
{
    return ad_add(y, part(ad_node_graph(y), vars, name, "bias", ad_shape(channels),
                          (ad_var_options){.init = bias_init(fan_in), .dtype = dtype}));
}

ad_node *ad_conv2d_layer(ad_vars *vars, const char *name, ad_node *x, int64_t channels,
                         ad_conv_layer options)
{
    ad_node *poisoned;
    conv_plan plan = plan_conv(&options);
    if (!takes(x, name, 4, &poisoned) || !groups_fit(x, name, &plan, channels, &poisoned))
        return poisoned;
    ad_dtype dtype = ad_node_dtype(x);
    int64_t in = last_dim(x) / plan.groups;

    if (options.reflect) {
        int pad = plan.conv.pad, pad_w = plan.conv.pad_w == AD_NONE ? 0
                                         : plan.conv.pad_w          ? plan.conv.pad_w
                                                                    : pad;
        x = ad_pad_reflect(x, (int64_t[]){0, pad, pad_w, 0}, (int64_t[]){0, pad, pad_w, 0});
        plan.conv.pad = plan.conv.pad_w = 0;
    }
    ad_node *weight = weight_part(
        ad_node_graph(x), vars, name, ad_shape(plan.kernel[0], plan.kernel[1], in, channels),
        (ad_var_options){
            .init = weight_init(options.init), .dtype = dtype, .layout = AD_LAYOUT_CONV},
        options.spectral);
    ad_node *y = ad_conv2d(x, weight, plan.conv);
    if (!options.no_bias)
        y = add_bias(vars, name, y, channels, in * plan.kernel[0] * plan.kernel[1], dtype);
    return ad_name(y, "%s", name);
}

ad_node *ad_conv2d_transposed_layer(ad_vars *vars, const char *name, ad_node *x, int64_t channels,
                                    int output_pad, ad_conv_layer options)
{
    ad_node *poisoned;
    conv_plan plan = plan_conv(&options);
    if (!takes(x, name, 4, &poisoned) || !groups_fit(x, name, &plan, channels, &poisoned))
        return poisoned;
    ad_graph *graph = ad_node_graph(x);
    ad_dtype dtype = ad_node_dtype(x);
    int64_t out = channels / plan.groups;

    if (options.reflect)
        return ad_poison(graph, AD_ERROR_ARGUMENT,
                         "%s: a transposed convolution cannot pad by reflection", name);
    ad_node *weight = weight_part(
        graph, vars, name, ad_shape(plan.kernel[0], plan.kernel[1], out, last_dim(x)),
        (ad_var_options){
            .init = weight_init(options.init), .dtype = dtype, .layout = AD_LAYOUT_CONV_TRANSPOSED},
        options.spectral);
    ad_node *y = ad_conv2d_transposed(x, weight, output_pad, plan.conv);
    if (!options.no_bias) /* torch.nn takes the weight's second axis, out, for the fan in */
        y = add_bias(vars, name, y, channels, out * plan.kernel[0] * plan.kernel[1], dtype);
    return ad_name(y, "%s", name);
}

ad_node *ad_embedding(ad_vars *vars, const char *name, ad_node *indices, int64_t rows,
                      int64_t width)
{
    if (ad_node_poisoned(indices)) return indices;
    ad_node *table = part(ad_node_graph(indices), vars, name, "weight", ad_shape(rows, width),
                          (ad_var_options){.init = {.kind = AD_INIT_NORMAL, .a = 1}});
    return ad_name(ad_gather(table, indices), "%s", name);
}

/* ---- normalisation ---- */

typedef struct affine {
    ad_node *scale, *shift; /* [channels] */
} affine;

static affine affine_part(ad_vars *vars, const char *name, ad_node *x)
{
    ad_graph *graph = ad_node_graph(x);
    ad_dtype dtype = ad_node_dtype(x);
    ad_shape shape = ad_shape(last_dim(x));
    return (affine){
        part(graph, vars, name, "weight", shape,
             (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = 1}, .dtype = dtype}),
        part(graph, vars, name, "bias", shape, (ad_var_options){.dtype = dtype})};
}

static double eps_or_default(double eps)
{
    return eps ? eps : 1e-5;
}

ad_node *ad_layer_norm_layer(ad_vars *vars, const char *name, ad_node *x, double eps)
{
    ad_node *poisoned;
    if (!takes(x, name, 0, &poisoned)) return poisoned;
    affine a = affine_part(vars, name, x);
    return ad_name(ad_layer_norm(x, a.scale, a.shift, eps_or_default(eps)), "%s", name);
}

ad_node *ad_instance_norm_layer(ad_vars *vars, const char *name, ad_node *x, double eps)
{
    ad_node *poisoned;
    if (!takes(x, name, 4, &poisoned)) return poisoned;
    affine a = affine_part(vars, name, x);
    return ad_name(ad_instance_norm(x, a.scale, a.shift, eps_or_default(eps)), "%s", name);
}

ad_node *ad_group_norm_layer(ad_vars *vars, const char *name, ad_node *x, int groups, double eps)
{
    ad_node *poisoned;
    if (!takes(x, name, 0, &poisoned)) return poisoned;
    affine a = affine_part(vars, name, x);
    return ad_name(ad_group_norm(x, groups, a.scale, a.shift, eps_or_default(eps)), "%s", name);
}

/* A running statistic: the variable and its value at the start of the run. */
typedef struct statistic {
    ad_variable *variable;
    ad_node *value;
} statistic;

static statistic running(ad_vars *vars, const char *layer, const char *name, ad_graph *graph,
                         ad_shape shape, ad_dtype dtype, double first, bool optional)
{
    char full[NAME_BYTES];
    int length = snprintf(full, sizeof full, "%s.%s", layer, name);
    statistic s = {0};
    if (length < 0 || (size_t)length >= sizeof full) {
        s.value = ad_poison(graph, AD_ERROR_ARGUMENT, "a layer's name may have %d characters",
                            NAME_BYTES - 32);
        return s;
    }
    ad_context *ctx = ad_graph_context(graph);
    s.variable = ad_var_with(ctx, vars, full, shape,
                             (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = first},
                                              .dtype = dtype,
                                              .buffer = true},
                             (ad_var_extra){.optional = optional});
    s.value = s.variable ? ad_read(graph, s.variable)
                         : ad_poison(graph, ad_error_status(ctx), "%s", ad_error(ctx));
    return s;
}

/* old + momentum (new - old), kept in the variable. */
static ad_node *blend(ad_graph *graph, statistic old, ad_node *now, double momentum)
{
    ad_node *value = ad_add(ad_mul_scalar(old.value, 1 - momentum), ad_mul_scalar(now, momentum));
    return old.variable ? ad_assign(graph, old.variable, value) : value;
}

/* The batch's mean and unbiased variance go into the running ones; the count of batches rises by 1.
 */
static ad_node *update_statistics(ad_node *x, statistic mean, statistic variance, statistic batches,
                                  double momentum)
{
    ad_graph *graph = ad_node_graph(x);
    ad_shape shape = ad_node_shape(x);
    ad_axes leading = {.count = shape.rank - 1};
    double n = (double)ad_shape_count(shape) / (double)shape.dim[shape.rank - 1];
    for (int i = 0; i < leading.count; ++i) leading.axis[i] = i;

    x = ad_stop_gradient(x);
    ad_node *batch_mean = ad_mean(x, leading, false);
    ad_node *squares = ad_square(ad_sub(x, batch_mean));
    ad_node *batch_variance = ad_mul_scalar(ad_mean(squares, leading, false),
                                            n > 1 ? n / (n - 1) : 1);
    ad_node *count = ad_add(batches.value, ad_scalar(graph, AD_I64, 1));
    ad_node *assigns[] = {
        batches.variable ? ad_assign(graph, batches.variable, count) : count,
        blend(graph, mean, batch_mean, momentum),
        blend(graph, variance, batch_variance, momentum),
    };
    return ad_join(assigns, 3);
}

ad_node *ad_batch_norm_layer(ad_vars *vars, const char *name, ad_node *x,
                             ad_batch_norm_options options)
{
    ad_node *poisoned;
    if (options.update) *options.update = x;
    if (!takes(x, name, 0, &poisoned)) {
        if (options.update) *options.update = poisoned;
        return poisoned;
    }
    ad_graph *graph = ad_node_graph(x);
    ad_dtype dtype = ad_node_dtype(x);
    ad_shape channels = ad_shape(last_dim(x));
    double eps = eps_or_default(options.eps), momentum = options.momentum ? options.momentum : 0.1;
    if (ad_node_shape(x).rank < 2)
        return ad_poison(graph, AD_ERROR_SHAPE,
                         "%s: a batch norm needs a batch axis and a channel axis", name);

    affine a = {0};
    if (!options.no_affine) a = affine_part(vars, name, x);
    statistic mean = running(vars, name, "running_mean", graph, channels, dtype, 0, false);
    statistic variance = running(vars, name, "running_var", graph, channels, dtype, 1, false);
    statistic batches = running(vars, name, "num_batches_tracked", graph, (ad_shape){0}, AD_I64, 0,
                                true);

    if (options.training) {
        if (options.update)
            *options.update = update_statistics(x, mean, variance, batches, momentum);
        return ad_name(ad_batch_norm(x, a.scale, a.shift, eps), "%s", name);
    }
    /* one scale and one shift per channel, which the planner can put behind the layer before */
    ad_node *scale = ad_rsqrt(ad_add_scalar(variance.value, eps));
    if (a.scale) scale = ad_mul(a.scale, scale);
    ad_node *shift = ad_mul(mean.value, scale);
    shift = a.shift ? ad_sub(a.shift, shift) : ad_neg(shift);
    return ad_name(ad_add(ad_mul(x, scale), shift), "%s", name);
}
