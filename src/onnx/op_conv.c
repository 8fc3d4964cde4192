/* op_conv.c - convolutions: Conv and ConvTranspose over one and two axes. */
#include "onnx/window.h"

#include <string.h>

static const int64_t no_more[2] = {0, 0};

static int pad_or_none(int64_t pad)
{
    return pad ? (int)pad : AD_NONE; /* in ad_conv, 0 stands for "as the vertical one" */
}

static ad_conv options_of(const ad_onnx_window *w, int64_t groups, bool pads)
{
    return (ad_conv){.stride = (int)w->stride[0],
                     .stride_w = (int)w->stride[1],
                     .pad = pads ? (int)w->before[0] : 0,
                     .pad_w = pads ? pad_or_none(w->before[1]) : AD_NONE,
                     .dilation = (int)w->dilation[0],
                     .dilation_w = (int)w->dilation[1],
                     .groups = (int)groups};
}

static ad_node *with_bias(const ad_onnx_call *call, ad_node *y)
{
    if (!ad_onnx_in(call, 2)) return y;
    return ad_add(y, ad_onnx_plain(call, call->in[2]));
}

static ad_status groups_of(const ad_onnx_call *call, int64_t *groups)
{
    *groups = ad_onnx_int(call, "group", 1);
    if (*groups >= 1 && *groups <= 1 << 20) return AD_OK;
    return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "group is %lld, expected 1 or more",
                          (long long)*groups);
}

ad_status ad_onnx_conv(const ad_onnx_call *call)
{
    ad_onnx_window w;
    int64_t groups;
    ad_node *x = ad_onnx_picture(call);
    ad_node *weight = x ? ad_onnx_kernel(call, ad_onnx_in(call, 1), AD_LAYOUT_CONV) : NULL;
    if (ad_node_poisoned(weight)) return ad_onnx_give(call, 0, weight, true, 0);
    ad_status status = groups_of(call, &groups);
    if (!status)
        status = ad_onnx_window_read(call, ad_node_shape(x), ad_node_shape(weight).dim, &w);
    if (status) return status;
    if (!w.symmetric) x = ad_onnx_pad_picture(x, &w, no_more, 0);
    ad_node *y = ad_conv2d(x, weight, options_of(&w, groups, w.symmetric));
    return ad_onnx_give_picture(call, with_bias(call, y), w.axes);
}

/* ---- transposed ---- */

/* What the result has along each axis, and where the pads of the result begin. Asked for by
 * output_shape or auto_pad, or by pads and output_padding. */
static ad_status result_size(const ad_onnx_call *call, ad_onnx_window *w, ad_shape x,
                             int64_t *extra, int64_t *size)
{
    int64_t list[2], most = INT32_MAX;
    int count, at = 2 - w->axes;
    const char *automatic = ad_onnx_text(call, "auto_pad", "NOTSET");
    bool upper = !strcmp(automatic, "SAME_UPPER"), same = upper || !strcmp(automatic, "SAME_LOWER");
    ad_status status = ad_onnx_ints(call, "output_padding", -1, list, 2, &count);
    for (int i = 0; i < count; ++i)
        if (i < w->axes) extra[at + i] = list[i];
    if (!status) status = ad_onnx_ints(call, "output_shape", -1, list, 2, &count);
    for (int i = 0; i < 2 && !status; ++i) {
        int64_t full = (x.dim[i + 1] - 1) * w->stride[i] + ad_onnx_reach(w, i);
        if (extra[i] < 0 || extra[i] > most || full > most)
            return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "output_padding is %lld",
                                  (long long)extra[i]);
        size[i] = full + extra[i] - w->before[i] - w->after[i];
        if (i >= at && (count == w->axes || same)) {
            size[i] = count == w->axes ? list[i - at] : x.dim[i + 1] * w->stride[i];
            int64_t total = full + extra[i] - size[i];
            if (total < 0) extra[i] -= total, total = 0;
            w->before[i] = upper ? total / 2 : total - total / 2;
        }
        if (size[i] < 1 || size[i] > most)
            return ad_onnx_refuse(call, AD_ERROR_SHAPE, "its result would have a size of %lld",
                                  (long long)size[i]);
    }
    return status;
}

/* Rows and columns first .. first + size - 1 of y, which may end before them. */
static ad_node *cut(ad_node *y, const int64_t *first, const int64_t *size)
{
    for (int i = 0; i < 2; ++i) {
        if (ad_node_poisoned(y)) return y;
        int64_t have = ad_node_shape(y).dim[i + 1], end = first[i] + size[i];
        if (end > have) {
            int64_t before[4] = {0}, after[4] = {0};
            after[i + 1] = end - have;
            y = ad_pad(y, before, after, 0);
        }
        if (first[i] || end != have) y = ad_slice(y, i + 1, first[i], end, 1);
    }
    return y;
}

ad_status ad_onnx_conv_transpose(const ad_onnx_call *call)
{
    ad_onnx_window w;
    int64_t groups, extra[2] = {0}, size[2], full[2];
    ad_node *x = ad_onnx_picture(call);
    ad_node *weight = x ? ad_onnx_kernel(call, ad_onnx_in(call, 1), AD_LAYOUT_CONV_TRANSPOSED)
                        : NULL;
    if (ad_node_poisoned(weight)) return ad_onnx_give(call, 0, weight, true, 0);
    ad_shape picture = ad_node_shape(x);
    ad_status status = groups_of(call, &groups);
    if (!status) status = ad_onnx_window_read(call, picture, ad_node_shape(weight).dim, &w);
    if (!status && strncmp(ad_onnx_text(call, "auto_pad", ""), "SAME", 4) == 0)
        memset(w.before, 0, sizeof w.before), memset(w.after, 0, sizeof w.after);
    if (!status) status = result_size(call, &w, picture, extra, size);
    if (status) return status;
    for (int i = 0; i < 2; ++i)
        full[i] = (picture.dim[i + 1] - 1) * w.stride[i] + ad_onnx_reach(&w, i);
    ad_node *y = ad_conv2d_input_grad(x, weight, full[0], full[1], options_of(&w, groups, false));
    return ad_onnx_give_picture(call, with_bias(call, cut(y, w.before, size)), w.axes);
}
