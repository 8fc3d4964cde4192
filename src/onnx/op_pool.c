/* op_pool.c - pools. The engine's own where it has them; odd pads and rounding up by padding first,
 * dilation by taking the largest of shifted copies. */
#include "onnx/window.h"

#include <float.h>

enum { SHIFTS_MOST = 1024 };

/* How much has to be added after the pads for as many windows as ceil_mode wants: those that begin
 * inside the input or the pad before it. */
static void room_for_ceil(const ad_onnx_window *w, ad_shape x, bool ceil_mode, int64_t *more)
{
    for (int i = 0; i < 2; ++i) {
        int64_t in = x.dim[i + 1], have = in + w->before[i] + w->after[i] - ad_onnx_reach(w, i);
        more[i] = 0;
        if (!ceil_mode || have < 0) continue;
        int64_t steps = (have + w->stride[i] - 1) / w->stride[i];
        if (steps * w->stride[i] >= in + w->before[i]) --steps;
        if (steps * w->stride[i] > have) more[i] = steps * w->stride[i] - have;
    }
}

static ad_window engine_window(const ad_onnx_window *w, bool pads)
{
    return (ad_window){.size = (int)w->kernel[0],
                       .size_w = (int)w->kernel[1],
                       .stride = (int)w->stride[0],
                       .stride_w = (int)w->stride[1],
                       .pad = pads ? (int)w->before[0] : 0,
                       .pad_w = pads && w->before[1] ? (int)w->before[1] : AD_NONE};
}

/* Largest of the kernel's elements along one axis (1: height, 2: width). */
static ad_node *largest_along(ad_node *x, const ad_onnx_window *w, int axis)
{
    int i = axis - 1;
    ad_node *y = NULL;
    int64_t in = ad_node_shape(x).dim[axis], span = in - ad_onnx_reach(w, i);
    int64_t count = span / w->stride[i] + 1;
    for (int64_t k = 0; k < w->kernel[i]; ++k) {
        int64_t first = k * w->dilation[i];
        ad_node *shifted = ad_slice(x, axis, first, first + (count - 1) * w->stride[i] + 1,
                                    w->stride[i]);
        y = y ? ad_maximum(y, shifted) : shifted;
    }
    return y;
}

static ad_node *dilated_max(const ad_onnx_call *call, ad_node *x, const ad_onnx_window *w)
{
    ad_shape s = ad_node_shape(x);
    for (int i = 0; i < 2; ++i)
        if (w->kernel[i] > SHIFTS_MOST || s.dim[i + 1] < ad_onnx_reach(w, i)) {
            ad_onnx_refuse(call, AD_ERROR_SHAPE,
                           "a kernel of %lld with dilation %lld does not fit an input of %lld",
                           (long long)w->kernel[i], (long long)w->dilation[i],
                           (long long)s.dim[i + 1]);
            return NULL;
        }
    return largest_along(largest_along(x, w, 1), w, 2);
}

static bool half_at_most(const ad_onnx_window *w)
{
    return 2 * w->before[0] <= w->kernel[0] && 2 * w->before[1] <= w->kernel[1];
}

ad_status ad_onnx_max_pool(const ad_onnx_call *call)
{
    ad_onnx_window w;
    int64_t more[2];
    ad_node *x = ad_onnx_picture(call);
    if (ad_node_poisoned(x)) return ad_onnx_give(call, 0, x, true, 0);
    ad_status status = ad_onnx_window_read(call, ad_node_shape(x), NULL, &w);
    if (status) return status;
    room_for_ceil(&w, ad_node_shape(x), ad_onnx_int(call, "ceil_mode", 0) != 0, more);
    bool pads = w.symmetric && half_at_most(&w) && !more[0] && !more[1];
    bool dilated = w.dilation[0] > 1 || w.dilation[1] > 1;
    if (!pads || dilated) x = ad_onnx_pad_picture(x, &w, more, -FLT_MAX);
    ad_node *y = dilated ? dilated_max(call, x, &w) : ad_max_pool2d(x, engine_window(&w, pads));
    return ad_onnx_give_picture(call, y, w.axes);
}

/* The mean over a window counts what is inside the input, or with `pads` inside the padded one; not
 * what rounding up adds. As sums of the values over sums of ones. */
static ad_node *counted_mean(ad_node *x, const ad_onnx_window *w, const int64_t *more, bool pads)
{
    ad_shape s = ad_node_shape(x);
    ad_onnx_window ones = *w;
    s.dim[0] = s.dim[3] = 1;
    if (pads)
        for (int i = 0; i < 2; ++i) {
            s.dim[i + 1] += w->before[i] + w->after[i];
            ones.before[i] = ones.after[i] = 0;
        }
    ad_node *count = ad_fill(ad_node_graph(x), ad_node_dtype(x), s, 1);
    ad_window window = engine_window(w, false);
    ad_node *sums = ad_avg_pool2d(ad_onnx_pad_picture(x, w, more, 0), window);
    return ad_div(sums, ad_avg_pool2d(ad_onnx_pad_picture(count, &ones, more, 0), window));
}

ad_status ad_onnx_average_pool(const ad_onnx_call *call)
{
    ad_onnx_window w;
    int64_t more[2];
    ad_node *x = ad_onnx_picture(call);
    if (ad_node_poisoned(x)) return ad_onnx_give(call, 0, x, true, 0);
    ad_status status = ad_onnx_window_read(call, ad_node_shape(x), NULL, &w);
    if (status) return status;
    if (w.dilation[0] > 1 || w.dilation[1] > 1)
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "dilations other than 1");
    room_for_ceil(&w, ad_node_shape(x), ad_onnx_int(call, "ceil_mode", 0) != 0, more);
    bool count_pads = ad_onnx_int(call, "count_include_pad", 0) != 0;
    bool padded = w.before[0] || w.before[1] || w.after[0] || w.after[1];
    ad_node *y;
    if (more[0] || more[1] || (padded && !count_pads))
        y = counted_mean(x, &w, more, count_pads);
    else
        y = ad_avg_pool2d(ad_onnx_pad_picture(x, &w, more, 0), engine_window(&w, false));
    return ad_onnx_give_picture(call, y, w.axes);
}

/* Over all axes but the first and the last of [n, ..., c]. */
static ad_axes between(int rank)
{
    ad_axes axes = {0};
    for (int i = 1; i < rank - 1; ++i) axes.axis[axes.count++] = i;
    return axes;
}

ad_status ad_onnx_global_average_pool(const ad_onnx_call *call)
{
    ad_node *x = ad_onnx_last(call, ad_onnx_in(call, 0));
    if (x) x = ad_mean(x, between(ad_node_shape(x).rank), true);
    return ad_onnx_give(call, 0, x, true, 0);
}

ad_status ad_onnx_global_max_pool(const ad_onnx_call *call)
{
    ad_node *x = ad_onnx_last(call, ad_onnx_in(call, 0));
    if (x) x = ad_max(x, between(ad_node_shape(x).rank), true);
    return ad_onnx_give(call, 0, x, true, 0);
}
