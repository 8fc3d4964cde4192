/* rounding.h - rounding as ONNX has it. */
#ifndef AD_ONNX_ROUNDING_H
#define AD_ONNX_ROUNDING_H

#include <autodidact/ops.h>

/* To the nearest whole number, halves to the even one. Gradient 0. */
ad_node *ad_onnx_round(ad_node *x);

#endif
