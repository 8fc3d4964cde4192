/* op.h - the numbers of the ops.
 *
 * A number without a row in ops/ops.def does not compile, nor does a row without a number. They
 * stand apart because every kernel knows some of them and nearly nobody knows the rows. Nothing
 * that is kept in files has them: names are. */
#ifndef AD_GRAPH_OP_H
#define AD_GRAPH_OP_H

/* clang-format off */
typedef enum ad_op {
    AD_OP_POISON,
    /* leaves.c */
    AD_OP_INPUT, AD_OP_VARIABLE, AD_OP_CONSTANT, AD_OP_FILL, AD_OP_IOTA,
    /* unary.c */
    AD_OP_NEG, AD_OP_EXP, AD_OP_LOG, AD_OP_SQRT, AD_OP_RSQRT, AD_OP_RECIPROCAL, AD_OP_SQUARE,
    AD_OP_SIN, AD_OP_COS, AD_OP_TANH, AD_OP_SIGMOID, AD_OP_ERF, AD_OP_GELU, AD_OP_GELU_TANH,
    AD_OP_GELU_SLOPE, AD_OP_GELU_TANH_SLOPE, AD_OP_RELU, AD_OP_LEAKY_RELU, AD_OP_ELU, AD_OP_SILU,
    AD_OP_SOFTPLUS, AD_OP_ABS, AD_OP_SIGN, AD_OP_FLOOR, AD_OP_CLAMP, AD_OP_CAST, AD_OP_NOT,
    AD_OP_STOP_GRADIENT, AD_OP_MISH,
    /* binary.c */
    AD_OP_ADD, AD_OP_SUB, AD_OP_MUL, AD_OP_DIV, AD_OP_MAXIMUM, AD_OP_MINIMUM, AD_OP_POW,
    /* compare.c */
    AD_OP_EQUAL, AD_OP_NOT_EQUAL, AD_OP_LESS, AD_OP_LESS_EQUAL, AD_OP_GREATER, AD_OP_GREATER_EQUAL,
    AD_OP_AND, AD_OP_OR, AD_OP_WHERE,
    /* movement.c, pad.c */
    AD_OP_BROADCAST, AD_OP_RESHAPE, AD_OP_PERMUTE, AD_OP_SLICE, AD_OP_PAD, AD_OP_PAD_REFLECT,
    AD_OP_PAD_REFLECT_GRAD, AD_OP_CONCAT,
    /* reduce.c */
    AD_OP_SUM, AD_OP_MEAN, AD_OP_MAX, AD_OP_MIN, AD_OP_ARGMAX, AD_OP_LOGSUMEXP,
    /* matmul.c, conv.c */
    AD_OP_MATMUL, AD_OP_CONV2D, AD_OP_CONV2D_INPUT_GRAD, AD_OP_CONV2D_WEIGHT_GRAD,
    /* quantized.c */
    AD_OP_DEQUANTIZE, AD_OP_QUANTIZED_LINEAR,
    /* pool.c, resize.c */
    AD_OP_MAX_POOL2D, AD_OP_MAX_POOL2D_GRAD, AD_OP_MAX_POOL2D_SELECT, AD_OP_AVG_POOL2D,
    AD_OP_AVG_POOL2D_GRAD, AD_OP_RESIZE2D, AD_OP_RESIZE2D_GRAD,
    /* softmax.c, normalize.c */
    AD_OP_SOFTMAX, AD_OP_LOG_SOFTMAX, AD_OP_CROSS_ENTROPY, AD_OP_CROSS_ENTROPY_GRAD,
    AD_OP_NORMALIZE, AD_OP_NORMALIZE_GRAD,
    /* attention.c */
    AD_OP_ATTENTION, AD_OP_ATTENTION_GRAD,
    /* indexing.c */
    AD_OP_GATHER, AD_OP_WRITE_ROWS, AD_OP_SCATTER_ADD,
    /* sparse.c */
    AD_OP_SPARSE_MATMUL, AD_OP_SPARSE_DOT, AD_OP_SEGMENT_SUM, AD_OP_SEGMENT_MAX,
    AD_OP_SEGMENT_SOFTMAX, AD_OP_SEGMENT_SPREAD,
    /* graph_attention.c */
    AD_OP_GRAPH_ATTENTION, AD_OP_GRAPH_ATTENTION_GRAD,
    /* random.c */
    AD_OP_RANDOM_UNIFORM, AD_OP_RANDOM_NORMAL,
    /* with_gradients.c */
    AD_OP_WITH_GRADIENTS,
    /* effect.c */
    AD_OP_ASSIGN, AD_OP_JOIN,
    AD_OPS,
} ad_op;
/* clang-format on */

#endif
