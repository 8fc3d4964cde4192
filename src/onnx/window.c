/* window.c - see window.h. */
#include "onnx/window.h"

#include <string.h>

enum { SIZE_MOST = 1 << 20 };

/* `count` numbers of an attribute into the last axes of list, each from `least` on. */
static ad_status sizes(const ad_onnx_call *call, const char *name, int axes, int64_t least,
                       int64_t *list)
{
    int64_t found[2];
    int count;
    ad_status status = ad_onnx_ints(call, name, -1, found, 2, &count);
    if (status || count < 0) return status;
    if (count != axes)
        return ad_onnx_refuse(call, AD_ERROR_FORMAT, "%s has %d numbers, expected %d", name, count,
                              axes);
    for (int i = 0; i < count; ++i) {
        if (found[i] < least || found[i] > SIZE_MOST)
            return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "%s has %lld in it", name,
                                  (long long)found[i]);
        list[2 - axes + i] = found[i];
    }
    return AD_OK;
}

static ad_status explicit_pads(const ad_onnx_call *call, ad_onnx_window *w)
{
    int64_t pads[4];
    int count;
    ad_status status = ad_onnx_ints(call, "pads", -1, pads, 4, &count);
    if (status || count < 0) return status;
    if (count != 2 * w->axes)
        return ad_onnx_refuse(call, AD_ERROR_FORMAT, "pads has %d numbers, expected %d", count,
                              2 * w->axes);
    for (int i = 0; i < count; ++i)
        if (pads[i] < 0 || pads[i] > SIZE_MOST)
            return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "pads has %lld in it",
                                  (long long)pads[i]);
    for (int i = 0; i < w->axes; ++i) {
        w->before[2 - w->axes + i] = pads[i];
        w->after[2 - w->axes + i] = pads[w->axes + i];
    }
    return AD_OK;
}

/* Output size ceil(in / stride); an odd pad's larger half comes first where `lower`. */
static void same_pads(ad_onnx_window *w, ad_shape picture, bool lower)
{
    for (int i = 0; i < 2; ++i) {
        int64_t in = picture.dim[i + 1], steps = (in + w->stride[i] - 1) / w->stride[i] - 1;
        int64_t total = steps * w->stride[i] + ad_onnx_reach(w, i) - in;
        if (total < 0) total = 0;
        w->before[i] = lower ? total - total / 2 : total / 2;
        w->after[i] = total - w->before[i];
    }
}

ad_status ad_onnx_window_read(const ad_onnx_call *call, ad_shape picture, const int64_t *kernel,
                              ad_onnx_window *w)
{
    *w = (ad_onnx_window){.axes = call->in[0]->shape.rank - 2,
                          .kernel = {1, 1},
                          .stride = {1, 1},
                          .dilation = {1, 1}};
    ad_status status = sizes(call, "kernel_shape", w->axes, 1, w->kernel);
    if (!status) status = sizes(call, "strides", w->axes, 1, w->stride);
    if (!status) status = sizes(call, "dilations", w->axes, 1, w->dilation);
    if (status) return status;
    bool said = ad_onnx_attr_find(call, "kernel_shape") != NULL;
    if (!kernel && !said) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "kernel_shape is missing");
    if (kernel && said && (kernel[0] != w->kernel[0] || kernel[1] != w->kernel[1]))
        return ad_onnx_refuse(call, AD_ERROR_FORMAT,
                              "kernel_shape is %lld x %lld, but the weight's is %lld x %lld",
                              (long long)w->kernel[0], (long long)w->kernel[1],
                              (long long)kernel[0], (long long)kernel[1]);
    if (kernel) memcpy(w->kernel, kernel, sizeof w->kernel);
    const char *automatic = ad_onnx_text(call, "auto_pad", "NOTSET");
    if (!strcmp(automatic, "SAME_UPPER") || !strcmp(automatic, "SAME_LOWER"))
        same_pads(w, picture, !strcmp(automatic, "SAME_LOWER"));
    else if (!strcmp(automatic, "NOTSET") || !*automatic)
        status = explicit_pads(call, w);
    else if (strcmp(automatic, "VALID") != 0)
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "auto_pad is \"%.40s\"", automatic);
    w->symmetric = w->before[0] == w->after[0] && w->before[1] == w->after[1];
    return status;
}

ad_node *ad_onnx_picture(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = slot ? ad_onnx_last(call, slot) : NULL;
    if (!x) {
        if (!slot) ad_onnx_refuse(call, AD_ERROR_FORMAT, "input 0 is left out");
        return NULL;
    }
    ad_shape s = ad_node_shape(x);
    if (s.rank == 3) return ad_reshape(x, ad_shape(s.dim[0], 1, s.dim[1], s.dim[2]));
    if (s.rank == 4) return x;
    ad_onnx_refuse(
        call, AD_ERROR_UNSUPPORTED,
        "its input has %d axes; series [n, c, w] and pictures [n, c, h, w] are supported", s.rank);
    return NULL;
}

ad_status ad_onnx_give_picture(const ad_onnx_call *call, ad_node *y, int axes)
{
    if (axes == 1 && !ad_node_poisoned(y)) {
        ad_shape s = ad_node_shape(y);
        y = ad_reshape(y, ad_shape(s.dim[0], s.dim[2], s.dim[3]));
    }
    return ad_onnx_give(call, 0, y, true, 0);
}

ad_node *ad_onnx_pad_picture(ad_node *x, const ad_onnx_window *w, const int64_t *more, double value)
{
    int64_t before[4] = {0, w->before[0], w->before[1], 0};
    int64_t after[4] = {0, w->after[0] + more[0], w->after[1] + more[1], 0};
    if (!(before[1] | before[2] | after[1] | after[2])) return x;
    return ad_pad(x, before, after, value);
}
