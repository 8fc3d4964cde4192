/* resize.c - nearest, bilinear and bicubic resampling of images, as PyTorch's interpolate does it
 * with align_corners = false and without anti-aliasing. The op is linear; its adjoint is an op too.
 */
#include "ops/rules.h"

#include <math.h>

static int64_t clamp_index(int64_t i, int64_t size)
{
    return i < 0 ? 0 : i < size ? i : size - 1;
}

/* Keys' cubic kernel with a = -0.75 at distances 1 + t, t, 1 - t, 2 - t. */
static void cubic_weights(double t, double weight[4])
{
    const double a = -0.75;
    double u = t + 1, s = 1 - t, v = 2 - t;
    weight[0] = ((a * u - 5 * a) * u + 8 * a) * u - 4 * a;
    weight[1] = ((a + 2) * t - (a + 3)) * t * t + 1;
    weight[2] = ((a + 2) * s - (a + 3)) * s * s + 1;
    weight[3] = ((a * v - 5 * a) * v + 8 * a) * v - 4 * a;
}

int ad_resize_taps(int mode, int64_t in_size, int64_t out_size, int64_t i, int64_t index[4],
                   double weight[4])
{
    if (mode == AD_NEAREST) {
        index[0] = clamp_index(i * in_size / out_size, in_size);
        weight[0] = 1;
        return 1;
    }
    double at = ((double)i + 0.5) * ((double)in_size / (double)out_size) - 0.5;
    if (mode == AD_BILINEAR) {
        if (at < 0) at = 0;
        int64_t low = clamp_index((int64_t)at, in_size);
        index[0] = low;
        index[1] = clamp_index(low + 1, in_size);
        weight[1] = at - (double)low;
        weight[0] = 1 - weight[1];
        return 2;
    }
    double low = floor(at);
    cubic_weights(at - low, weight);
    for (int k = 0; k < 4; ++k) index[k] = clamp_index((int64_t)low - 1 + k, in_size);
    return 4;
}

/* For resize2d and its adjoint: both lead to a picture of the size in the attributes. */
bool ad_infer_resize2d(ad_infer *rule)
{
    const ad_attr_resize *attr = rule->attr;
    const int64_t *x = rule->inputs[0]->shape.dim;
    if (!ad_want_float(rule, 0) || !ad_want_rank(rule, 0, 4, "[batch, height, width, channel]") ||
        !ad_want_elements(rule, 0))
        return false;
    if (attr->mode < AD_NEAREST || attr->mode > AD_BICUBIC)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "no such mode: %lld", (long long)attr->mode);
    for (int i = 0; i < 2; ++i)
        if (attr->size[i] < 1 || attr->size[i] > INT32_MAX || x[i + 1] > INT32_MAX)
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT,
                                 "cannot go from %lld x %lld to %lld x %lld", (long long)x[1],
                                 (long long)x[2], (long long)attr->size[0],
                                 (long long)attr->size[1]);
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = ad_shape(x[0], attr->size[0], attr->size[1], x[3]);
    return true;
}

ad_node *ad_resize2d(ad_node *x, int64_t height, int64_t width, ad_resize mode)
{
    ad_attr_resize attr = {.size = {height, width}, .mode = (int64_t)mode};
    return ad_node_new(NULL, AD_OP_RESIZE2D, &x, 1, &attr);
}

void ad_gradient_resize2d(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_attr_resize attr = *(const ad_attr_resize *)y->attr;
    attr.size[0] = y->inputs[0]->shape.dim[1];
    attr.size[1] = y->inputs[0]->shape.dim[2];
    ad_op adjoint = y->op == AD_OP_RESIZE2D ? AD_OP_RESIZE2D_GRAD : AD_OP_RESIZE2D;
    grads[0] = ad_node_new(NULL, adjoint, &g, 1, &attr);
}

void ad_print_resize(ad_text *text, const void *attr)
{
    static const char *const modes[] = {"nearest", "bilinear", "bicubic"};
    ad_text_format(text, ", mode=%s", modes[((const ad_attr_resize *)attr)->mode]);
}
