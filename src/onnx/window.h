/* window.h - the attributes that convolutions and pools share. */
#ifndef AD_ONNX_WINDOW_H
#define AD_ONNX_WINDOW_H

#include "onnx/build.h"

/* Sizes of height and width; a series [n, c, w] has height 1. */
typedef struct ad_onnx_window {
    int axes; /* 1 or 2, that the file has */
    int64_t kernel[2], stride[2], dilation[2], before[2], after[2];
    bool symmetric; /* before equals after */
} ad_onnx_window;

/* Of an input [n, h, w, c] and a kernel of this size (NULL: kernel_shape says it). Resolves
 * auto_pad, but not of transposed convolutions. */
ad_status ad_onnx_window_read(const ad_onnx_call *call, ad_shape picture, const int64_t *kernel,
                              ad_onnx_window *w);
/* Input 0 as [n, h, w, c]: a series gets height 1. NULL on an error. */
ad_node *ad_onnx_picture(const ad_onnx_call *call);
/* Gives [n, h, w, c], without the height if the file has one axis. */
ad_status ad_onnx_give_picture(const ad_onnx_call *call, ad_node *y, int axes);
/* x padded by w->before and w->after and `more`, with `value`. */
ad_node *ad_onnx_pad_picture(ad_node *x, const ad_onnx_window *w, const int64_t *more,
                             double value);
/* Reach of a dilated kernel along an axis. */
static inline int64_t ad_onnx_reach(const ad_onnx_window *w, int axis)
{
    return (w->kernel[axis] - 1) * w->dilation[axis] + 1;
}

#endif
