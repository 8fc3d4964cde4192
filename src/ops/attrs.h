/* attrs.h - the attribute structs of the ops: what a node carries besides its inputs.
 *
 * They are compared and hashed as bytes, so: fixed-size fields, no implicit padding, filled by
 * designated initialisers of zeroed structs. */
#ifndef AD_OPS_ATTRS_H
#define AD_OPS_ATTRS_H

#include <autodidact/ops.h>

typedef struct ad_attr_leaf { /* INPUT, FILL, IOTA, CONSTANT, RANDOM_* */
    int64_t dim[AD_MAX_RANK];
    int64_t rank;
    int64_t dtype;    /* ad_dtype */
    double value;     /* FILL */
    int64_t axis;     /* IOTA */
    int64_t stream;   /* RANDOM_* */
    const char *name; /* INPUT: in the graph's arena */
    const void *data; /* CONSTANT: in the graph's arena, contiguous */
} ad_attr_leaf;

/* RANDOM_*: the input is (seed, step), i64 [2]. Elements 4 b .. 4 b + 3 come from the words of
 *     ad_philox_block(key = seed, counter_lo = b, counter_hi = (uint64_t)step << 20 ^ stream),
 * uniform: element 4 b + j is ad_philox_uniform(word j); normal: words 0 and 1 give elements 4 b
 * and 4 b + 1, words 2 and 3 the other two (ad_philox_normal). f64, bf16 and f16 convert that f32.
 */

typedef struct ad_attr_variable { /* VARIABLE, ASSIGN */
    ad_variable *variable;
} ad_attr_variable;

typedef struct ad_attr_scalar { /* LEAKY_RELU slope, ELU alpha, CLAMP low and high */
    double a, b;
} ad_attr_scalar;

typedef struct ad_attr_cast {
    int64_t dtype;
} ad_attr_cast;

typedef struct ad_attr_dims { /* BROADCAST, RESHAPE: the result's shape; PERMUTE: dim[i] = order[i]
                               */
    int64_t rank;
    int64_t dim[AD_MAX_RANK];
} ad_attr_dims;

typedef struct ad_attr_slice { /* all axes at once: begin, count, step per axis; step may be
                                  negative */
    int64_t begin[AD_MAX_RANK], count[AD_MAX_RANK], step[AD_MAX_RANK];
} ad_attr_slice;

typedef struct ad_attr_pad { /* PAD; PAD_REFLECT and its adjoint PAD_REFLECT_GRAD */
    int64_t before[AD_MAX_RANK], after[AD_MAX_RANK];
    int64_t interior[AD_MAX_RANK]; /* PAD only: elements put between neighbours (adjoint of strided
                                      slices) */
    double value;
} ad_attr_pad;

typedef struct ad_attr_axis { /* CONCAT, ARGMAX, SOFTMAX, LOG_SOFTMAX */
    int64_t axis;
    int64_t keep; /* ARGMAX */
} ad_attr_axis;

typedef struct ad_attr_reduce { /* SUM, MEAN, MAX, MIN, LOGSUMEXP, NORMALIZE, NORMALIZE_GRAD */
    int64_t axes; /* bit i: axis i is reduced; SUM, MEAN, MAX, MIN: 0 reduces nothing */
    int64_t keep;
    double eps; /* NORMALIZE */
} ad_attr_reduce;

typedef struct ad_attr_matmul {
    int64_t transpose_a, transpose_b;
} ad_attr_matmul;

typedef struct ad_attr_quantized { /* DEQUANTIZE, QUANTIZED_LINEAR */
    int64_t form;                  /* ad_quantized */
} ad_attr_quantized;

typedef struct ad_attr_conv { /* CONV2D, CONV2D_INPUT_GRAD, CONV2D_WEIGHT_GRAD */
    int64_t stride[2], pad[2], dilation[2], groups; /* [0] vertical, [1] horizontal */
    int64_t size[2]; /* INPUT_GRAD: height and width of the input; WEIGHT_GRAD: of the kernel */
} ad_attr_conv;

typedef struct ad_attr_pool { /* MAX_POOL2D, AVG_POOL2D, their gradients, MAX_POOL2D_SELECT */
    int64_t size[2], stride[2], pad[2];
    int64_t ceil_mode, exclude_pad;
    int64_t adaptive; /* 1: `out` rows and columns by the adaptive rule, the fields above are 0 */
    int64_t out[2];   /* result height and width, always filled in */
    int64_t in[2];    /* AVG_POOL2D_GRAD: height and width of the input */
} ad_attr_pool;

/* MAX_POOL2D_GRAD (x, g) has x's shape, MAX_POOL2D_SELECT (x, v) the pooled one. The largest
 * element of a window is the first in row-major order; a NaN is larger than anything, so that it is
 * not lost. */

typedef struct ad_attr_attention { /* ATTENTION, ATTENTION_GRAD */
    double scale;
    int64_t causal; /* query i sees keys up to i + offset: input 3, or keys - queries */
    int64_t heads, kv_heads;
    int64_t ragged; /* sequences one behind the other; input 3: where each begins, and the end; 2:
                       input 4 the same of the keys */
} ad_attr_attention;

typedef struct ad_attr_resize { /* RESIZE2D; RESIZE2D_GRAD: size = that of the input */
    int64_t size[2];
    int64_t mode; /* ad_resize */
} ad_attr_resize;

typedef struct ad_attr_rows { /* SCATTER_ADD: of the result */
    int64_t rows;
} ad_attr_rows;

typedef struct ad_attr_sparse { /* SPARSE_MATMUL, SEGMENT_SUM, SEGMENT_SPREAD */
    int64_t transposed;         /* by column instead of by row */
} ad_attr_sparse;

/* First and past-the-last input row that output cell i of a pooling window covers, clipped to the
 * input. */
void ad_pool_range(const ad_attr_pool *attr, int axis, int64_t in_size, int64_t i, int64_t *begin,
                   int64_t *end);
/* Elements that cell i divides by (average pooling), one axis' factor. */
int64_t ad_pool_divisor(const ad_attr_pool *attr, int axis, int64_t in_size, int64_t i);
/* The taps of output coordinate i of a resize from in_size to out_size: up to 4 indices (clamped)
 * and weights; returns their number. Shared by the forward kernel, its adjoint and tests. */
int ad_resize_taps(int mode, int64_t in_size, int64_t out_size, int64_t i, int64_t index[4],
                   double weight[4]);

#endif
