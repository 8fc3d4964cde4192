/* shapes.h - what operations on shapes say, for those that build nodes and those that compute
 * numbers. All shapes are in the file's order of axes. */
#ifndef AD_ONNX_SHAPES_H
#define AD_ONNX_SHAPES_H

#include "onnx/build.h"

/* The shape that Reshape, Flatten, Squeeze and Unsqueeze give input 0. */
ad_status ad_onnx_new_shape(const ad_onnx_call *call, ad_shape *shape);
ad_status ad_onnx_flat_shape(const ad_onnx_call *call, ad_shape *shape);
ad_status ad_onnx_squeezed_shape(const ad_onnx_call *call, ad_shape *shape);
ad_status ad_onnx_unsqueezed_shape(const ad_onnx_call *call, ad_shape *shape);
/* The order of Transpose. */
ad_status ad_onnx_order(const ad_onnx_call *call, int *order);
/* The shape of Expand: both stretched to each other. */
ad_status ad_onnx_expanded(const ad_onnx_call *call, ad_shape *shape);
/* Slice: along each axis begin, begin + step, ..., `count` of them. */
typedef struct ad_onnx_steps {
    int64_t begin, step, count;
} ad_onnx_steps;
ad_status ad_onnx_ranges(const ad_onnx_call *call, ad_onnx_steps *ranges);
/* How often Tile repeats each axis. */
ad_status ad_onnx_repeats(const ad_onnx_call *call, int64_t *repeats);

#endif
