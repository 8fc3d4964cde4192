/* op_norm.c - norms. */
#include "onnx/build.h"

#include <math.h>

enum { LRN_SIZE_MOST = 1024 };

/* Numbers [c] of input i, or NULL; sets *status. */
static ad_node *channels(const ad_onnx_call *call, int i, ad_status *status)
{
    ad_node *node = ad_onnx_in(call, i) ? ad_onnx_plain(call, call->in[i]) : NULL;
    if (!*status && ad_onnx_in(call, i) && !node) *status = ad_error_status(call->b->ctx);
    return node;
}

ad_status ad_onnx_batch_norm(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_status status = AD_OK;
    if (ad_onnx_int(call, "training_mode", 0))
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "training_mode");
    bool last = slot && slot->shape.rank >= 3;
    ad_node *x = last ? ad_onnx_last(call, slot) : slot ? ad_onnx_plain(call, slot) : NULL;
    ad_node *scale = channels(call, 1, &status), *shift = channels(call, 2, &status);
    ad_node *mean = channels(call, 3, &status), *variance = channels(call, 4, &status);
    if (status) return status;
    if (!x || !scale || !shift || !mean || !variance)
        return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it needs five inputs");
    double eps = ad_onnx_float(call, "epsilon", 1e-5);
    ad_node *by = ad_mul(scale, ad_rsqrt(ad_add_scalar(variance, eps)));
    ad_node *plus = ad_sub(shift, ad_mul(mean, by));
    return ad_onnx_give(call, 0, ad_add(ad_mul(x, by), plus), last, 0);
}

ad_status ad_onnx_instance_norm(const ad_onnx_call *call)
{
    ad_status status = AD_OK;
    ad_node *x = ad_onnx_last(call, ad_onnx_in(call, 0));
    ad_node *scale = channels(call, 1, &status), *shift = channels(call, 2, &status);
    if (x && !status) x = ad_instance_norm(x, scale, shift, ad_onnx_float(call, "epsilon", 1e-5));
    return status ? status : ad_onnx_give(call, 0, x, true, 0);
}

ad_status ad_onnx_layer_norm(const ad_onnx_call *call)
{
    ad_status status = AD_OK;
    ad_node *x = ad_onnx_plain(call, ad_onnx_in(call, 0));
    int first, rank = x ? ad_node_shape(x).rank : 0;
    ad_axes axes = {0};
    if (!x) return ad_error_status(call->b->ctx);
    status = ad_onnx_axis(call, ad_onnx_int(call, "axis", -1), rank, &first);
    for (int i = first; i < rank && !status; ++i) axes.axis[axes.count++] = i;
    ad_node *scale = channels(call, 1, &status), *shift = channels(call, 2, &status);
    if (status) return status;
    ad_node *y = ad_normalize(x, axes, ad_onnx_float(call, "epsilon", 1e-5));
    if (scale) y = ad_mul(y, scale);
    if (shift) y = ad_add(y, shift);
    return ad_onnx_give(call, 0, y, false, 0);
}

/* From opset 21 on scale and shift are [channels], before [groups]. */
static ad_node *of_groups(ad_node *x, int64_t groups, int64_t each)
{
    if (!x || ad_shape_count(ad_node_shape(x)) != groups) return x;
    x = ad_broadcast(ad_reshape(x, ad_shape(groups, 1)), ad_shape(groups, each));
    return ad_reshape(x, ad_shape(groups * each));
}

ad_status ad_onnx_group_norm(const ad_onnx_call *call)
{
    ad_status status = AD_OK;
    ad_node *x = ad_onnx_last(call, ad_onnx_in(call, 0));
    int64_t groups = ad_onnx_int(call, "num_groups", 0);
    if (!x) return ad_error_status(call->b->ctx);
    ad_shape shape = ad_node_shape(x);
    int64_t width = shape.dim[shape.rank - 1];
    ad_node *scale = channels(call, 1, &status), *shift = channels(call, 2, &status);
    if (status) return status;
    if (groups < 1 || width % groups)
        return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "%lld channels in %lld groups",
                              (long long)width, (long long)groups);
    scale = of_groups(scale, groups, width / groups);
    shift = of_groups(shift, groups, width / groups);
    x = ad_group_norm(x, (int)groups, scale, shift, ad_onnx_float(call, "epsilon", 1e-5));
    return ad_onnx_give(call, 0, x, true, 0);
}

/* x / (bias + alpha / size * sum of squares over neighbouring channels)^beta (Krizhevsky et al.
 * 2012, "ImageNet classification with deep convolutional neural networks", section 3.3) */
ad_status ad_onnx_lrn(const ad_onnx_call *call)
{
    ad_node *x = ad_onnx_last(call, ad_onnx_in(call, 0));
    int64_t size = ad_onnx_int(call, "size", 0), before[AD_MAX_RANK] = {0},
            after[AD_MAX_RANK] = {0};
    if (!x) return ad_error_status(call->b->ctx);
    if (size < 1 || size > LRN_SIZE_MOST)
        return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "size is %lld", (long long)size);
    ad_shape shape = ad_node_shape(x);
    int axis = shape.rank - 1;
    before[axis] = (size - 1) / 2, after[axis] = size - 1 - before[axis];
    ad_node *padded = ad_pad(ad_square(x), before, after, 0), *sum = NULL;
    for (int64_t k = 0; k < size; ++k) {
        ad_node *part = ad_slice(padded, axis, k, k + shape.dim[axis], 1);
        sum = sum ? ad_add(sum, part) : part;
    }
    double alpha = ad_onnx_float(call, "alpha", 1e-4), beta = ad_onnx_float(call, "beta", 0.75);
    sum = ad_add_scalar(ad_mul_scalar(sum, alpha / (double)size), ad_onnx_float(call, "bias", 1));
    return ad_onnx_give(call, 0, ad_mul(x, ad_pow_scalar(sum, -beta)), true, 0);
}

ad_status ad_onnx_lp_norm(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_node_of(call, slot);
    int axis;
    if (!x) return ad_error_status(call->b->ctx);
    ad_status status = ad_onnx_axis(call, ad_onnx_int(call, "axis", -1), slot->shape.rank, &axis);
    if (status) return status;
    int64_t p = ad_onnx_int(call, "p", 2);
    ad_axes axes = ad_axes(ad_onnx_place(slot->shape.rank, axis, slot->last));
    if (p != 1 && p != 2)
        return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "p is %lld, expected 1 or 2", (long long)p);
    ad_node *size = p == 1 ? ad_sum(ad_abs(x), axes, true)
                           : ad_sqrt(ad_sum(ad_square(x), axes, true));
    return ad_onnx_give(call, 0, ad_div(x, size), slot->last, 0);
}
