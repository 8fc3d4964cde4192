/* conv.c - convolution and its two gradients: three faces of one trilinear form
 *
 *     T(x, w, g) = sum over n, i, j, k of g[n, i, j, k] conv2d(x, w)[n, i, j, k],
 *
 * each the derivative of T by one argument. So the gradient of any of them is made of the other
 * two, at every order of differentiation. */
#include "ops/rules.h"

/* Output size along one axis, or -1: the dilated kernel does not fit the padded input. */
static int64_t size_along(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation)
{
    int64_t reach, padded;
    if (kernel < 1 || __builtin_mul_overflow(kernel - 1, dilation, &reach) ||
        __builtin_add_overflow(in, 2 * pad, &padded) || reach >= padded)
        return -1;
    return (padded - reach - 1) / stride + 1;
}

static bool options_sane(ad_infer *rule)
{
    const ad_attr_conv *attr = rule->attr;
    const int64_t most = INT32_MAX;
    for (int i = 0; i < 2; ++i) {
        if (attr->stride[i] < 1 || attr->stride[i] > most)
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "stride is %lld, expected 1 or more",
                                 (long long)attr->stride[i]);
        if (attr->pad[i] < 0 || attr->pad[i] > most)
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "pad is %lld, expected 0 or more",
                                 (long long)attr->pad[i]);
        if (attr->dilation[i] < 1 || attr->dilation[i] > most)
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "dilation is %lld, expected 1 or more",
                                 (long long)attr->dilation[i]);
    }
    return (attr->groups >= 1 && attr->groups <= most) ||
           ad_infer_fail(rule, AD_ERROR_ARGUMENT, "groups is %lld, expected 1 or more",
                         (long long)attr->groups);
}

/* Two non-empty float operands of 4 axes, options in range. */
static bool operands_sane(ad_infer *rule, const char *first, const char *second)
{
    return ad_want_float(rule, 0) && ad_want_same_dtype(rule) && ad_want_rank(rule, 0, 4, first) &&
           ad_want_rank(rule, 1, 4, second) && ad_want_elements(rule, 0) &&
           ad_want_elements(rule, 1) && options_sane(rule);
}

/* Height and width of the convolution of an input with a kernel of these sizes. */
static bool output_size(ad_infer *rule, const int64_t *in, const int64_t *kernel, int64_t *out)
{
    const ad_attr_conv *attr = rule->attr;
    for (int i = 0; i < 2; ++i) {
        out[i] = size_along(in[i], kernel[i], attr->stride[i], attr->pad[i], attr->dilation[i]);
        if (out[i] < 1)
            return ad_infer_fail(rule, AD_ERROR_SHAPE,
                                 "a kernel of %s %lld with dilation %lld does not fit an input of "
                                 "%lld padded by %lld",
                                 i ? "width" : "height", (long long)kernel[i],
                                 (long long)attr->dilation[i], (long long)in[i],
                                 (long long)attr->pad[i]);
    }
    return true;
}

static const char *const image = "[batch, height, width, channel]";
static const char *const kernel = "[height, width, in / groups, out]";

bool ad_infer_conv2d(ad_infer *rule)
{
    const ad_attr_conv *attr = rule->attr;
    if (!operands_sane(rule, image, kernel)) return false;
    const int64_t *x = rule->inputs[0]->shape.dim, *w = rule->inputs[1]->shape.dim;
    int64_t out[2];
    if (attr->size[0] || attr->size[1])
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "its size follows from its operands");
    if (x[3] % attr->groups || x[3] / attr->groups != w[2]) {
        if (attr->groups == 1)
            return ad_infer_fail(rule, AD_ERROR_SHAPE,
                                 "input has %lld channels, weight expects %lld", (long long)x[3],
                                 (long long)w[2]);
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "input has %lld channels, weight expects %lld in each of %lld groups",
                             (long long)x[3], (long long)w[2], (long long)attr->groups);
    }
    if (w[3] % attr->groups)
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "%lld output channels do not divide into %lld groups", (long long)w[3],
                             (long long)attr->groups);
    if (!output_size(rule, x + 1, w, out)) return false;
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = ad_shape(x[0], out[0], out[1], w[3]);
    return true;
}

bool ad_infer_conv2d_input_grad(ad_infer *rule)
{
    const ad_attr_conv *attr = rule->attr;
    if (!operands_sane(rule, image, kernel)) return false;
    const int64_t *g = rule->inputs[0]->shape.dim, *w = rule->inputs[1]->shape.dim;
    int64_t out[2], channels;
    if (g[3] != w[3])
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "the gradient has %lld channels, weight expects %lld", (long long)g[3],
                             (long long)w[3]);
    if (w[3] % attr->groups)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "%lld channels do not divide into %lld groups",
                             (long long)w[3], (long long)attr->groups);
    if (attr->size[0] < 1 || attr->size[1] < 1 || !output_size(rule, attr->size, w, out) ||
        out[0] != g[1] || out[1] != g[2])
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "a gradient of %lld x %lld does not belong to an input of %lld x %lld",
                             (long long)g[1], (long long)g[2], (long long)attr->size[0],
                             (long long)attr->size[1]);
    if (__builtin_mul_overflow(w[2], attr->groups, &channels)) channels = -1;
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = ad_shape(g[0], attr->size[0], attr->size[1], channels);
    return true;
}

bool ad_infer_conv2d_weight_grad(ad_infer *rule)
{
    const ad_attr_conv *attr = rule->attr;
    if (!operands_sane(rule, image, image)) return false;
    const int64_t *x = rule->inputs[0]->shape.dim, *g = rule->inputs[1]->shape.dim;
    int64_t out[2];
    if (x[0] != g[0])
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "input and gradient have batches of %lld and %lld", (long long)x[0],
                             (long long)g[0]);
    if (x[3] % attr->groups || g[3] % attr->groups)
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "%lld and %lld channels do not divide into %lld groups",
                             (long long)x[3], (long long)g[3], (long long)attr->groups);
    if (!output_size(rule, x + 1, attr->size, out) || out[0] != g[1] || out[1] != g[2])
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "a gradient of %lld x %lld does not belong to a kernel of %lld x %lld",
                             (long long)g[1], (long long)g[2], (long long)attr->size[0],
                             (long long)attr->size[1]);
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = ad_shape(attr->size[0], attr->size[1], x[3] / attr->groups, g[3]);
    return true;
}

/* ---- flops: each is what the second operand's first three axes say, for each element of one ----
 */

static double flops_of(const ad_shape *each, const ad_shape *second)
{
    const int64_t *dim = second->dim;
    return 2 * (double)(dim[0] * dim[1] * dim[2]) * (double)ad_shape_count(*each);
}

double ad_flops_conv2d(const void *attr, const ad_shape *inputs, const ad_shape *result)
{
    (void)attr;
    return flops_of(result, &inputs[1]);
}

double ad_flops_conv2d_input_grad(const void *attr, const ad_shape *inputs, const ad_shape *result)
{
    (void)attr, (void)result;
    return flops_of(&inputs[0], &inputs[1]);
}

double ad_flops_conv2d_weight_grad(const void *attr, const ad_shape *inputs, const ad_shape *result)
{
    return ad_flops_conv2d(attr, inputs, result);
}

/* ---- builders ---- */

static ad_attr_conv attr_of(ad_conv options, int64_t height, int64_t width)
{
    int stride = options.stride ? options.stride : 1,
        dilation = options.dilation ? options.dilation : 1;
    return (ad_attr_conv){
        .stride = {stride, options.stride_w ? options.stride_w : stride},
        .pad = {options.pad, options.pad_w == AD_NONE ? 0
                             : options.pad_w          ? options.pad_w
                                                      : options.pad},
        .dilation = {dilation, options.dilation_w ? options.dilation_w : dilation},
        .groups = options.groups ? options.groups : 1,
        .size = {height, width},
    };
}

ad_node *ad_conv2d(ad_node *x, ad_node *weight, ad_conv options)
{
    ad_attr_conv attr = attr_of(options, 0, 0);
    return ad_node_new(NULL, AD_OP_CONV2D, (ad_node *[]){x, weight}, 2, &attr);
}

ad_node *ad_conv2d_input_grad(ad_node *g, ad_node *weight, int64_t height, int64_t width,
                              ad_conv options)
{
    ad_attr_conv attr = attr_of(options, height, width);
    return ad_node_new(NULL, AD_OP_CONV2D_INPUT_GRAD, (ad_node *[]){g, weight}, 2, &attr);
}

ad_node *ad_conv2d_weight_grad(ad_node *x, ad_node *g, int64_t kernel_h, int64_t kernel_w,
                               ad_conv options)
{
    ad_attr_conv attr = attr_of(options, kernel_h, kernel_w);
    return ad_node_new(NULL, AD_OP_CONV2D_WEIGHT_GRAD, (ad_node *[]){x, g}, 2, &attr);
}

ad_node *ad_conv2d_transposed(ad_node *x, ad_node *weight, int output_pad, ad_conv options)
{
    ad_attr_conv attr = attr_of(options, 0, 0);
    ad_node *inputs[2] = {x, weight};
    if (ad_any_poisoned(inputs, 2))
        return ad_node_new(NULL, AD_OP_CONV2D_INPUT_GRAD, inputs, 2, &attr);
    if (x->shape.rank == 4 && weight->shape.rank == 4)
        for (int i = 0; i < 2; ++i) {
            int64_t steps, reach;
            if (output_pad < 0 || output_pad >= attr.stride[i])
                return ad_refuse(NULL, AD_OP_CONV2D_INPUT_GRAD, inputs, 2, AD_ERROR_ARGUMENT,
                                 "output_pad is %d, expected less than the stride", output_pad);
            if (__builtin_mul_overflow(x->shape.dim[i + 1] - 1, attr.stride[i], &steps) ||
                __builtin_mul_overflow(weight->shape.dim[i] - 1, attr.dilation[i], &reach) ||
                __builtin_add_overflow(steps, reach + output_pad + 1 - 2 * attr.pad[i],
                                       &attr.size[i]))
                attr.size[i] = -1;
        }
    return ad_node_new(NULL, AD_OP_CONV2D_INPUT_GRAD, inputs, 2, &attr);
}

/* ---- gradients ---- */

static ad_node *face(ad_op op, ad_node *first, ad_node *second, const ad_attr_conv *from,
                     int64_t height, int64_t width)
{
    ad_attr_conv attr = *from;
    attr.size[0] = height;
    attr.size[1] = width;
    return ad_node_new(NULL, op, (ad_node *[]){first, second}, 2, &attr);
}

void ad_gradient_conv2d(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_node *x = y->inputs[0], *w = y->inputs[1];
    grads[0] = face(AD_OP_CONV2D_INPUT_GRAD, g, w, y->attr, x->shape.dim[1], x->shape.dim[2]);
    grads[1] = face(AD_OP_CONV2D_WEIGHT_GRAD, x, g, y->attr, w->shape.dim[0], w->shape.dim[1]);
}

/* Inputs: the gradient of the result, and the weight; v, what arrives, stands in the place of x. */
void ad_gradient_conv2d_input_grad(ad_node *y, ad_node *v, ad_node **grads)
{
    ad_node *g = y->inputs[0], *w = y->inputs[1];
    grads[0] = face(AD_OP_CONV2D, v, w, y->attr, 0, 0);
    grads[1] = face(AD_OP_CONV2D_WEIGHT_GRAD, v, g, y->attr, w->shape.dim[0], w->shape.dim[1]);
}

/* Inputs: x, and the gradient of the result; v stands in the place of the weight. */
void ad_gradient_conv2d_weight_grad(ad_node *y, ad_node *v, ad_node **grads)
{
    ad_node *x = y->inputs[0], *g = y->inputs[1];
    grads[0] = face(AD_OP_CONV2D_INPUT_GRAD, g, v, y->attr, x->shape.dim[1], x->shape.dim[2]);
    grads[1] = face(AD_OP_CONV2D, x, v, y->attr, 0, 0);
}

static void print_pair(ad_text *text, const char *name, const int64_t *pair, int64_t usual)
{
    if (pair[0] == usual && pair[1] == usual) return;
    ad_text_format(text, ", %s=%lld", name, (long long)pair[0]);
    if (pair[1] != pair[0]) ad_text_format(text, "x%lld", (long long)pair[1]);
}

void ad_print_conv(ad_text *text, const void *attr)
{
    const ad_attr_conv *conv = attr;
    print_pair(text, "stride", conv->stride, 1);
    print_pair(text, "pad", conv->pad, 0);
    print_pair(text, "dilation", conv->dilation, 1);
    if (conv->groups != 1) ad_text_format(text, ", groups=%lld", (long long)conv->groups);
}
