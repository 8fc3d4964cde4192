/* gradients.c - the derivatives of every row of the op table, held against central differences in
 * f64.
 *
 * For a case y = f(x...) and fixed random w, u, v:
 *     first:  L = sum(w y + u y^2 / 2)      dL/dx against differences of L
 *     second: M = sum over x of <v, dL/dx>  dM/dx against differences of M
 * The square makes dL/dy depend on x even where f is linear, so the second round differentiates f's
 * adjoint too. Where f is linear in its first operand, <f(x), v> = <x, f'(v)> must also hold to the
 * last digits, and where a row has a decomposition, it must have the value of the op itself. A
 * differentiable row without a case fails. */
#include "check.h"

#include <autodidact/ops.h>
#include <autodidact/program.h>

#include "graph/node.h"
#include "ops/attrs.h"

enum { OPERANDS = 4, ELEMENTS = 512 };

typedef struct grad_case {
    ad_op op;
    const char *name;
    ad_node *(*build)(ad_node **x);
    ad_shape shape[OPERANDS + 1]; /* of the f64 operands; rank -1: no more */
    double low, high;             /* operands lie between */
    bool linear;                  /* in x[0] */
    double step, tolerance;       /* 0: 1e-5, 1e-8 */
} grad_case;

#define BUILD(name, expression)                                                                    \
    static ad_node *name(ad_node **x)                                                              \
    {                                                                                              \
        return expression;                                                                         \
    }

BUILD(neg, ad_neg(x[0]))
BUILD(exp_, ad_exp(x[0]))
BUILD(log_, ad_log(x[0]))
BUILD(sqrt_, ad_sqrt(x[0]))
BUILD(rsqrt, ad_rsqrt(x[0]))
BUILD(reciprocal, ad_reciprocal(x[0]))
BUILD(square, ad_square(x[0]))
BUILD(sin_, ad_sin(x[0]))
BUILD(cos_, ad_cos(x[0]))
BUILD(tanh_, ad_tanh(x[0]))
BUILD(sigmoid, ad_sigmoid(x[0]))
BUILD(erf_, ad_erf(x[0]))
BUILD(gelu, ad_gelu(x[0]))
BUILD(gelu_tanh, ad_gelu_tanh(x[0]))
BUILD(gelu_slope, ad_node_new(NULL, AD_OP_GELU_SLOPE, x, 1, NULL))
BUILD(gelu_tanh_slope, ad_node_new(NULL, AD_OP_GELU_TANH_SLOPE, x, 1, NULL))
BUILD(relu, ad_relu(x[0]))
BUILD(leaky_relu, ad_leaky_relu(x[0], 0.2))
BUILD(leaky_relu_turned, ad_leaky_relu(x[0], -0.3))
BUILD(elu, ad_elu(x[0], 1.3))
BUILD(silu, ad_silu(x[0]))
BUILD(softplus, ad_softplus(x[0]))
BUILD(mish, ad_mish(x[0]))
BUILD(abs_, ad_abs(x[0]))
BUILD(clamp, ad_clamp(x[0], -0.911, 1.217))
BUILD(cast, ad_cast(ad_cast(x[0], AD_F32), AD_F64))
BUILD(add, ad_add(x[0], x[1]))
BUILD(sub, ad_sub(x[0], x[1]))
BUILD(mul, ad_mul(x[0], x[1]))
BUILD(div_, ad_div(x[0], x[1]))
BUILD(maximum, ad_maximum(x[0], x[1]))
BUILD(minimum, ad_minimum(x[0], x[1]))
BUILD(pow_, ad_pow(x[0], x[1]))
BUILD(pow_whole, ad_pow_scalar(x[0], 3))
BUILD(where, ad_where(ad_greater(x[0], x[1]), ad_square(x[0]), ad_sin(x[1])))
BUILD(broadcast, ad_broadcast(x[0], ad_shape(2, 3, 4, 2)))
BUILD(reshape, ad_reshape(x[0], ad_shape(4, 3)))
BUILD(permute, ad_permute(x[0], (int[]){2, 0, 1}))
BUILD(slice, ad_slice(x[0], 1, 1, 6, 2))
BUILD(slice_reversed, ad_slice(x[0], 1, -2, 0, -2))
BUILD(pad, ad_pad(x[0], (int64_t[]){1, 0}, (int64_t[]){0, 2}, 0))
BUILD(pad_value, ad_pad(x[0], (int64_t[]){1, 0}, (int64_t[]){0, 2}, 0.5))
BUILD(pad_reflect, ad_pad_reflect(x[0], (int64_t[]){0, 2, 1}, (int64_t[]){0, 1, 3}))
BUILD(concat, ad_concat((ad_node *[]){x[0], x[1], x[0]}, 3, 1))
BUILD(sum, ad_sum(x[0], ad_axes(0, 2), false))
BUILD(sum_all, ad_sum(x[0], AD_ALL_AXES, false))
BUILD(mean, ad_mean(x[0], ad_axes(1), true))
BUILD(max_, ad_max(x[0], ad_axes(1), false))
BUILD(min_, ad_min(x[0], ad_axes(0, 2), true))
BUILD(logsumexp, ad_logsumexp(x[0], ad_axes(0, 2), false))
BUILD(logsumexp_keep, ad_logsumexp(x[0], ad_axes(1), true))
BUILD(matmul, ad_matmul(x[0], x[1]))
BUILD(matmul_ta, ad_matmul_with(x[0], x[1], (ad_matmul_options){.transpose_a = true}))
BUILD(matmul_tb, ad_matmul_with(x[0], x[1], (ad_matmul_options){.transpose_b = true}))
BUILD(matmul_tt, ad_matmul_with(x[0], x[1], (ad_matmul_options){true, true}))

static ad_node *quantised(ad_node *x, ad_quantized form)
{
    unsigned char bytes[3 * 34];
    int64_t row = ad_quantized_bytes(form, 32);
    for (int i = 0; i < 3 * row; ++i) bytes[i] = (unsigned char)(i * 37 + 11);
    for (int i = 0; i < 3; ++i) bytes[i * row] = 0, bytes[i * row + 1] = 0x28; /* 1 / 32 */
    return ad_quantized_linear(x, ad_constant(x->graph, AD_U8, ad_shape(3, row), bytes), form);
}
BUILD(quantized_q8_0, quantised(x[0], AD_Q8_0))
BUILD(quantized_q4_0, quantised(x[0], AD_Q4_0))

#define PLAIN ((ad_conv){.pad = 1})
#define ODD   ((ad_conv){.stride = 2, .stride_w = 1, .pad = 1, .pad_w = 2, .dilation_w = 2})
#define PAIRS ((ad_conv){.stride = 2, .groups = 2})
BUILD(conv2d, ad_conv2d(x[0], x[1], PLAIN))
BUILD(conv2d_odd, ad_conv2d(x[0], x[1], ODD))
BUILD(conv2d_groups, ad_conv2d(x[0], x[1], PAIRS))
BUILD(conv2d_input_grad, ad_conv2d_input_grad(x[0], x[1], 5, 4, ODD))
BUILD(conv2d_weight_grad, ad_conv2d_weight_grad(x[0], x[1], 3, 2, ODD))
BUILD(conv2d_transposed, ad_conv2d_transposed(x[0], x[1], 1, PAIRS))

#define OVERLAP ((ad_window){.size = 3, .stride = 2, .pad = 1, .ceil_mode = true})
#define INSIDE                                                                                     \
    ((ad_window){.size = 3, .stride = 2, .pad = 1, .ceil_mode = true, .exclude_pad = true})
BUILD(max_pool2d, ad_max_pool2d(x[0], OVERLAP))
BUILD(max_pool2d_adaptive, ad_adaptive_max_pool2d(x[0], 3, 2))
BUILD(avg_pool2d, ad_avg_pool2d(x[0], OVERLAP))
BUILD(avg_pool2d_inside, ad_avg_pool2d(x[0], INSIDE))
BUILD(avg_pool2d_adaptive, ad_adaptive_avg_pool2d(x[0], 3, 2))

/* Ops that only gradients make: taken from a gradient. `y` is a node of another op, its adjoint
 * applied to g. */
static ad_node *adjoint(ad_node *y, ad_node *of, ad_node *g)
{
    ad_node *grad;
    ad_gradients_seeded(&y, &g, 1, &of, 1, &grad);
    return grad;
}
BUILD(max_pool2d_grad, adjoint(ad_max_pool2d(x[1], OVERLAP), x[1], x[0]))
BUILD(max_pool2d_select, adjoint(adjoint(ad_max_pool2d(x[1], OVERLAP), x[1], x[2]), x[2], x[0]))
BUILD(avg_pool2d_grad, adjoint(ad_avg_pool2d(x[1], OVERLAP), x[1], x[0]))
BUILD(avg_pool2d_adaptive_grad, adjoint(ad_adaptive_avg_pool2d(x[1], 3, 2), x[1], x[0]))
BUILD(pad_reflect_grad,
      adjoint(ad_pad_reflect(x[1], (int64_t[]){2, 1}, (int64_t[]){1, 3}), x[1], x[0]))
BUILD(resize2d_grad, adjoint(ad_resize2d(x[1], 3, 7, AD_BICUBIC), x[1], x[0]))
BUILD(normalize_grad, adjoint(ad_normalize(x[1], ad_axes(1, 2), 1e-3), x[1], x[0]))
BUILD(normalize_grad_of_itself, adjoint(ad_normalize(x[0], ad_axes(1), 1e-3), x[0], x[0]))

BUILD(resize_nearest, ad_resize2d(x[0], 7, 3, AD_NEAREST))
BUILD(resize_bilinear, ad_resize2d(x[0], 3, 7, AD_BILINEAR))
BUILD(resize_bicubic, ad_resize2d(x[0], 7, 3, AD_BICUBIC))
BUILD(softmax, ad_softmax(x[0], -1))
BUILD(softmax_middle, ad_softmax(x[0], 1))
BUILD(log_softmax, ad_log_softmax(x[0], 1))
BUILD(normalize, ad_normalize(x[0], ad_axes(1, 2), 1e-3))
BUILD(normalize_outer, ad_normalize(x[0], ad_axes(0), 1e-3))
BUILD(group_norm, ad_group_norm(x[0], 2, x[1], x[2], 1e-3))

/* Labels and indices: one of them is out of range, one is there twice. */
static ad_node *labels(ad_node *like)
{
    return ad_constant(like->graph, AD_I32, ad_shape(4), (int32_t[]){2, 0, 7, 2});
}
static ad_node *rows(ad_node *like)
{
    return ad_constant(like->graph, AD_I64, ad_shape(2, 3), (int64_t[]){2, 0, -1, 2, 1, 5});
}
BUILD(cross_entropy, ad_cross_entropy(x[0], labels(x[0])))
BUILD(cross_entropy_grad, adjoint(ad_cross_entropy(x[1], labels(x[0])), x[1], x[0]))
#define CAUSAL ((ad_attention_options){.causal = true})
BUILD(attention, ad_attention(x[0], x[1], x[2], CAUSAL))
BUILD(attention_all, ad_attention(x[0], x[1], x[2], (ad_attention_options){.scale = 0.7}))
BUILD(attention_offset,
      ad_attention(x[0], x[1], x[2],
                   (ad_attention_options){
                       .causal = true,
                       .offset = ad_constant(x[0]->graph, AD_I32, ad_shape(1), (int32_t[]){1})}))
/* Sequences of 2, 0 and 3 places, and one that is in none. */
static ad_node *sequences(ad_node **q, ad_node *like)
{
    ad_node *begins = ad_constant(like->graph, AD_I32, ad_shape(4), (int32_t[]){0, 2, 2, 5});
    return ad_attention(q[0], q[1], q[2], (ad_attention_options){.sequences = begins});
}
/* Queries of 2, 1, 0 and 2 places and one in none see keys of 3, 0, 1 and 1. */
static ad_node *crossed(ad_node **q, ad_node *like)
{
    ad_node *begins = ad_constant(like->graph, AD_I32, ad_shape(5), (int32_t[]){0, 2, 3, 3, 5});
    ad_node *keys = ad_constant(like->graph, AD_I32, ad_shape(5), (int32_t[]){0, 3, 3, 4, 5});
    return ad_attention(q[0], q[1], q[2],
                        (ad_attention_options){.sequences = begins, .key_sequences = keys});
}
BUILD(attention_crossed, crossed(x, x[0]))
BUILD(attention_crossed_grad, adjoint(crossed(x + 1, x[0]), x[2], x[0]))
BUILD(attention_sequences, sequences(x, x[0]))
BUILD(attention_sequences_grad, adjoint(sequences(x + 1, x[0]), x[2], x[0]))
BUILD(self_attention, ad_self_attention(x[0], 4, 2, CAUSAL))
BUILD(attention_rows, ad_attention(x[0], x[1], x[2], CAUSAL)->inputs[0]->inputs[0])
BUILD(attention_grad, adjoint(ad_attention(x[1], x[2], x[3], CAUSAL), x[2], x[0]))
BUILD(self_attention_grad, adjoint(ad_self_attention(x[1], 2, 0, CAUSAL), x[1], x[0]))
BUILD(gather, ad_gather(x[0], rows(x[0])))
/* Two rows of three, the second of which falls outside. */
BUILD(write_rows,
      ad_write_rows(x[0], ad_constant(x[0]->graph, AD_I32, ad_shape(1), (int32_t[]){3}), x[1]))
BUILD(write_rows_before,
      ad_write_rows(x[0], ad_constant(x[0]->graph, AD_I64, ad_shape(1), (int64_t[]){-1}), x[1]))
BUILD(scatter_add, ad_scatter_add(rows(x[0]), x[0], 4))
BUILD(scatter_add_to, ad_scatter_add_to(x[1], rows(x[0]), x[0]))
/* y = sum(x0^2 x1), with its gradients written down. */
static ad_node *with_gradients(ad_node **x)
{
    ad_node *y = ad_sum(ad_mul(ad_square(x[0]), x[1]), AD_ALL_AXES, false);
    ad_node *grads[2] = {ad_mul_scalar(ad_mul(x[0], x[1]), 2), ad_square(x[0])};
    return ad_with_gradients(ad_stop_gradient(y), x, grads, 2);
}
/* Entries (0,1) (0,0) (1,2) (3,1) (3,1) of a 4 x 3 matrix: a row without, a place twice. */
static ad_sparse entries(ad_node *like)
{
    ad_graph *g = like->graph;
    return (ad_sparse){
        .row_start = ad_constant(g, AD_I32, ad_shape(5), (int32_t[]){0, 2, 3, 3, 5}),
        .row = ad_constant(g, AD_I32, ad_shape(5), (int32_t[]){0, 0, 1, 3, 3}),
        .column = ad_constant(g, AD_I32, ad_shape(5), (int32_t[]){1, 0, 2, 1, 1}),
        .column_start = ad_constant(g, AD_I32, ad_shape(4), (int32_t[]){0, 1, 4, 5}),
        .order = ad_constant(g, AD_I32, ad_shape(5), (int32_t[]){1, 0, 3, 4, 2}),
    };
}
BUILD(sparse_matmul, ad_sparse_matmul(entries(x[0]), x[0], x[1]))
BUILD(sparse_matmul_transposed, adjoint(ad_sparse_matmul(entries(x[0]), x[0], x[2]), x[2], x[1]))
BUILD(sparse_dot, ad_sparse_dot(entries(x[0]), x[0], x[1]))
BUILD(segment_sum, ad_segment_sum(entries(x[0]), x[0], false))
BUILD(segment_sum_by_column, ad_segment_sum(entries(x[0]), x[0], true))
BUILD(segment_mean, ad_segment_mean(entries(x[0]), x[0]))
BUILD(segment_max, ad_segment_max(entries(x[0]), x[0]))
BUILD(segment_softmax, ad_segment_softmax(entries(x[0]), x[0]))
BUILD(segment_spread, ad_segment_spread(entries(x[0]), x[0], false))
BUILD(segment_spread_by_column, ad_segment_spread(entries(x[0]), x[0], true))
/* Edges between three nodes, a loop twice; no edge leads to node 2. */
static ad_sparse edges(ad_node *like)
{
    ad_graph *g = like->graph;
    return (ad_sparse){
        .row_start = ad_constant(g, AD_I32, ad_shape(4), (int32_t[]){0, 3, 5, 5}),
        .row = ad_constant(g, AD_I32, ad_shape(5), (int32_t[]){0, 0, 0, 1, 1}),
        .column = ad_constant(g, AD_I32, ad_shape(5), (int32_t[]){2, 0, 0, 1, 0}),
        .column_start = ad_constant(g, AD_I32, ad_shape(4), (int32_t[]){0, 3, 4, 5}),
        .order = ad_constant(g, AD_I32, ad_shape(5), (int32_t[]){1, 2, 4, 3, 0}),
    };
}
BUILD(graph_attention, ad_graph_attention(edges(x[0]), x[0], x[1], NULL, 0.2))
BUILD(graph_attention_masked, ad_graph_attention(edges(x[0]), x[0], x[1], x[2], 0.2))
BUILD(graph_attention_weights,
      ad_graph_attention(edges(x[0]), x[0], x[1], NULL, 0.2)->inputs[0]->inputs[0])
BUILD(graph_attention_grad,
      adjoint(ad_graph_attention(edges(x[0]), x[1], x[2], x[3], 0.2), x[1], x[0]))
BUILD(dropout_like,
      ad_where(ad_greater(x[1], ad_scalar(x[0]->graph, AD_F64, 0)), ad_mul_scalar(x[0], 2), x[1]))

#define S(...)                                                                                     \
    {                                                                                              \
        .rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dim = { __VA_ARGS__ }         \
    }
#define END                                                                                        \
    {                                                                                              \
        .rank = -1                                                                                 \
    }
/* One row of the table: operands between low and high, linear in the first one or not. */
#define ROW(id, function, ...)                                                                     \
    {                                                                                              \
        .op = AD_OP_##id, .name = #function, .build = function, __VA_ARGS__                        \
    }
#define SMOOTH(id, function, ...)                                                                  \
    ROW(id, function, .low = -2, .high = 2, .shape = {__VA_ARGS__, END})
#define LINEAR(id, function, ...)                                                                  \
    ROW(id, function, .low = -2, .high = 2, .linear = true, .shape = {__VA_ARGS__, END})
#define WITHIN(id, function, from, to, ...)                                                        \
    ROW(id, function, .low = from, .high = to, .shape = {__VA_ARGS__, END})

static const grad_case cases[] = {
    LINEAR(NEG, neg, S(11)),
    SMOOTH(EXP, exp_, S(11)),
    WITHIN(LOG, log_, 0.5, 3, S(11)),
    WITHIN(SQRT, sqrt_, 0.5, 3, S(11)),
    WITHIN(RSQRT, rsqrt, 0.5, 3, S(11)),
    WITHIN(RECIPROCAL, reciprocal, 0.7, 3, S(11)),
    SMOOTH(SQUARE, square, S(11)),
    SMOOTH(SIN, sin_, S(11)),
    SMOOTH(COS, cos_, S(11)),
    SMOOTH(TANH, tanh_, S(11)),
    WITHIN(SIGMOID, sigmoid, -6, 6, S(11)),
    SMOOTH(ERF, erf_, S(11)),
    WITHIN(GELU, gelu, -4, 4, S(11)),
    WITHIN(GELU_TANH, gelu_tanh, -4, 4, S(11)),
    WITHIN(GELU_SLOPE, gelu_slope, -4, 4, S(11)),
    WITHIN(GELU_TANH_SLOPE, gelu_tanh_slope, -4, 4, S(11)),
    SMOOTH(RELU, relu, S(11)),
    SMOOTH(LEAKY_RELU, leaky_relu, S(11)),
    SMOOTH(LEAKY_RELU, leaky_relu_turned, S(11)),
    SMOOTH(ELU, elu, S(11)),
    WITHIN(SILU, silu, -5, 5, S(11)),
    WITHIN(SOFTPLUS, softplus, -5, 5, S(11)),
    WITHIN(MISH, mish, -5, 5, S(11)),
    SMOOTH(ABS, abs_, S(11)),
    SMOOTH(CLAMP, clamp, S(11)),
    /* The rounding to f32 asks for long steps. */
    ROW(CAST, cast, .low = -2, .high = 2, .linear = true, .step = 0.0078125, .tolerance = 1e-4,
        .shape = {S(11), END}),
    SMOOTH(ADD, add, S(11), S(11)),
    SMOOTH(ADD, add, S(2, 3, 4), S(3, 1)),
    SMOOTH(SUB, sub, S(2, 4), S(4)),
    LINEAR(MUL, mul, S(2, 4), S(2, 1)),
    WITHIN(DIV, div_, 0.6, 3, S(11), S(11)),
    SMOOTH(MAXIMUM, maximum, S(11), S(11)),
    SMOOTH(MINIMUM, minimum, S(11), S(11)),
    WITHIN(POW, pow_, 0.5, 2.5, S(11), S(11)),
    SMOOTH(POW, pow_whole, S(11)),
    SMOOTH(WHERE, where, S(11), S(11)),
    SMOOTH(WHERE, dropout_like, S(11), S(11)),
    LINEAR(BROADCAST, broadcast, S(3, 1, 2)),
    LINEAR(RESHAPE, reshape, S(2, 3, 2)),
    LINEAR(PERMUTE, permute, S(2, 3, 4)),
    LINEAR(SLICE, slice, S(2, 7)),
    LINEAR(SLICE, slice_reversed, S(2, 7)),
    LINEAR(PAD, pad, S(3, 4)),
    SMOOTH(PAD, pad_value, S(3, 4)),
    LINEAR(PAD_REFLECT, pad_reflect, S(2, 3, 4)),
    LINEAR(PAD_REFLECT_GRAD, pad_reflect_grad, S(6, 8), S(3, 4)),
    SMOOTH(CONCAT, concat, S(2, 3), S(2, 2)),
    LINEAR(SUM, sum, S(2, 3, 4)),
    LINEAR(SUM, sum_all, S(2, 3)),
    LINEAR(MEAN, mean, S(2, 3, 4)),
    SMOOTH(MAX, max_, S(2, 5, 3)),
    SMOOTH(MIN, min_, S(2, 3, 4)),
    SMOOTH(LOGSUMEXP, logsumexp, S(2, 5, 3)),
    SMOOTH(LOGSUMEXP, logsumexp_keep, S(2, 5, 3)),
    LINEAR(MATMUL, matmul, S(3, 4), S(4, 2)),
    LINEAR(MATMUL, matmul, S(2, 3, 4), S(4, 2)),
    LINEAR(MATMUL, matmul, S(2, 1, 3, 4), S(3, 4, 2)),
    LINEAR(MATMUL, matmul_ta, S(4, 3), S(4, 2)),
    LINEAR(MATMUL, matmul_tb, S(2, 3, 4), S(2, 2, 4)),
    LINEAR(MATMUL, matmul_tt, S(4, 3), S(2, 4)),
    LINEAR(QUANTIZED_LINEAR, quantized_q8_0, S(2, 32)),
    LINEAR(QUANTIZED_LINEAR, quantized_q4_0, S(2, 2, 32)),
    LINEAR(CONV2D, conv2d, S(1, 4, 4, 2), S(3, 3, 2, 2)),
    LINEAR(CONV2D, conv2d_odd, S(2, 5, 4, 2), S(3, 2, 2, 3)),
    LINEAR(CONV2D, conv2d_groups, S(1, 5, 4, 4), S(3, 2, 2, 2)),
    LINEAR(CONV2D_INPUT_GRAD, conv2d_input_grad, S(1, 3, 6, 3), S(3, 2, 2, 3)),
    LINEAR(CONV2D_INPUT_GRAD, conv2d_transposed, S(1, 2, 2, 4), S(3, 2, 1, 4)),
    LINEAR(CONV2D_WEIGHT_GRAD, conv2d_weight_grad, S(2, 5, 4, 2), S(2, 3, 6, 3)),
    SMOOTH(MAX_POOL2D, max_pool2d, S(1, 6, 5, 2)),
    SMOOTH(MAX_POOL2D, max_pool2d_adaptive, S(1, 5, 5, 2)),
    LINEAR(MAX_POOL2D_GRAD, max_pool2d_grad, S(1, 4, 3, 2), S(1, 6, 5, 2)),
    LINEAR(MAX_POOL2D_SELECT, max_pool2d_select, S(1, 6, 5, 2), S(1, 6, 5, 2), S(1, 4, 3, 2)),
    LINEAR(AVG_POOL2D, avg_pool2d, S(1, 6, 5, 2)),
    LINEAR(AVG_POOL2D, avg_pool2d_inside, S(1, 6, 5, 2)),
    LINEAR(AVG_POOL2D, avg_pool2d_adaptive, S(1, 5, 5, 2)),
    LINEAR(AVG_POOL2D_GRAD, avg_pool2d_grad, S(1, 4, 3, 2), S(1, 6, 5, 2)),
    LINEAR(AVG_POOL2D_GRAD, avg_pool2d_adaptive_grad, S(1, 3, 2, 2), S(1, 5, 5, 2)),
    LINEAR(RESIZE2D, resize_nearest, S(1, 4, 5, 2)),
    LINEAR(RESIZE2D, resize_bilinear, S(1, 4, 5, 2)),
    LINEAR(RESIZE2D, resize_bicubic, S(1, 4, 5, 2)),
    LINEAR(RESIZE2D_GRAD, resize2d_grad, S(1, 3, 7, 2), S(1, 4, 5, 2)),
    SMOOTH(SOFTMAX, softmax, S(3, 4)),
    SMOOTH(SOFTMAX, softmax_middle, S(2, 4, 2)),
    SMOOTH(LOG_SOFTMAX, log_softmax, S(2, 4, 2)),
    SMOOTH(CROSS_ENTROPY, cross_entropy, S(4, 3)),
    LINEAR(CROSS_ENTROPY_GRAD, cross_entropy_grad, S(4), S(4, 3)),
    SMOOTH(ATTENTION, attention, S(2, 3, 4, 2), S(2, 5, 2, 2), S(2, 5, 2, 2)),
    SMOOTH(ATTENTION, attention_all, S(1, 3, 2, 3), S(1, 2, 1, 3), S(1, 2, 1, 3)),
    SMOOTH(ATTENTION, attention_offset, S(1, 2, 2, 3), S(1, 5, 1, 3), S(1, 5, 1, 3)),
    SMOOTH(ATTENTION, attention_rows, S(1, 2, 2, 2), S(1, 3, 1, 2), S(1, 3, 1, 2)),
    SMOOTH(ATTENTION, attention_sequences, S(1, 6, 2, 2), S(1, 6, 1, 2), S(1, 6, 1, 2)),
    SMOOTH(ATTENTION, attention_crossed, S(1, 6, 2, 2), S(1, 5, 1, 2), S(1, 5, 1, 2)),
    SMOOTH(ATTENTION, self_attention, S(2, 3, 16)),
    LINEAR(ATTENTION_GRAD, attention_grad, S(1, 2, 2, 2), S(1, 2, 2, 2), S(1, 3, 1, 2),
           S(1, 3, 1, 2)),
    LINEAR(ATTENTION_GRAD, attention_sequences_grad, S(1, 6, 2, 2), S(1, 6, 2, 2), S(1, 6, 1, 2),
           S(1, 6, 1, 2)),
    LINEAR(ATTENTION_GRAD, attention_crossed_grad, S(1, 6, 2, 2), S(1, 6, 2, 2), S(1, 5, 1, 2),
           S(1, 5, 1, 2)),
    LINEAR(ATTENTION_GRAD, self_attention_grad, S(1, 3, 4), S(1, 3, 12)),
    SMOOTH(NORMALIZE, normalize, S(2, 2, 4)),
    SMOOTH(NORMALIZE, normalize_outer, S(5, 3)),
    SMOOTH(NORMALIZE, group_norm, S(2, 3, 4), S(4), S(4)),
    LINEAR(NORMALIZE_GRAD, normalize_grad, S(2, 2, 4), S(2, 2, 4)),
    SMOOTH(NORMALIZE_GRAD, normalize_grad_of_itself, S(2, 4)),
    LINEAR(GATHER, gather, S(3, 2)),
    SMOOTH(WRITE_ROWS, write_rows, S(4, 3), S(2, 3)),
    SMOOTH(WRITE_ROWS, write_rows_before, S(4, 3), S(2, 3)),
    LINEAR(SCATTER_ADD, scatter_add, S(2, 3, 2)),
    SMOOTH(WITH_GRADIENTS, with_gradients, S(2, 3), S(2, 3)),
    SMOOTH(SCATTER_ADD, scatter_add_to, S(2, 3, 2), S(4, 2)),
    LINEAR(SPARSE_MATMUL, sparse_matmul, S(5, 2), S(3, 2, 3)),
    LINEAR(SPARSE_MATMUL, sparse_matmul_transposed, S(5, 2), S(4, 2, 3), S(3, 2, 3)),
    LINEAR(SPARSE_DOT, sparse_dot, S(4, 2, 3), S(3, 2, 3)),
    LINEAR(SEGMENT_SUM, segment_sum, S(5, 2)),
    LINEAR(SEGMENT_SUM, segment_sum_by_column, S(5, 2, 2)),
    LINEAR(SEGMENT_SUM, segment_mean, S(5, 2)),
    SMOOTH(SEGMENT_MAX, segment_max, S(5, 2)),
    SMOOTH(SEGMENT_SOFTMAX, segment_softmax, S(5, 2)),
    LINEAR(SEGMENT_SPREAD, segment_spread, S(4, 2)),
    LINEAR(SEGMENT_SPREAD, segment_spread_by_column, S(3, 2)),
    SMOOTH(GRAPH_ATTENTION, graph_attention, S(3, 2, 2), S(3, 2, 3)),
    SMOOTH(GRAPH_ATTENTION, graph_attention_masked, S(3, 2, 4), S(3, 4, 2), S(5, 4)),
    SMOOTH(GRAPH_ATTENTION, graph_attention_weights, S(3, 2, 1), S(3, 1, 2)),
    LINEAR(GRAPH_ATTENTION_GRAD, graph_attention_grad, S(3, 2, 2), S(3, 2, 2), S(3, 2, 2), S(5, 2)),
};
enum { CASES = sizeof cases / sizeof *cases };

/* ---- one case: its graph, its operands ---- */

typedef struct trial {
    const grad_case *row;
    ad_context *ctx;
    ad_graph *g;
    ad_program *program;
    int n;
    ad_node *x[OPERANDS], *y;
    double value[OPERANDS][ELEMENTS];
} trial;

/* A fixed sequence in [0, 1). */
static double next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

static ad_node *random_like(ad_node *x, uint64_t *state)
{
    double data[ELEMENTS];
    int64_t count = ad_shape_count(ad_node_shape(x));
    for (int64_t i = 0; i < count && i < ELEMENTS; ++i) data[i] = next(state) * 2 - 1;
    return ad_constant(ad_node_graph(x), AD_F64, ad_node_shape(x), count <= ELEMENTS ? data : NULL);
}

/* Operands lie on one shuffled grid, so no two are close: no kink of max, where or relu is within a
 * step. */
static void fill_operands(trial *t)
{
    double low = t->row->low, high = t->row->high, grid[OPERANDS * ELEMENTS];
    int64_t total = 0, at = 0;
    uint64_t state = 7;
    for (int k = 0; k < t->n; ++k) total += ad_shape_count(t->row->shape[k]);
    for (int64_t i = 0; i < total; ++i)
        grid[i] = low + (high - low) * ((double)i + 0.37) / (double)total;
    for (int64_t i = total - 1; i > 0; --i) {
        int64_t j = (int64_t)(next(&state) * (double)(i + 1));
        double swap = grid[i];
        grid[i] = grid[j];
        grid[j] = swap;
    }
    for (int k = 0; k < t->n; ++k)
        for (int64_t i = 0; i < ad_shape_count(t->row->shape[k]); ++i) t->value[k][i] = grid[at++];
}

static void begin(trial *t, const grad_case *row)
{
    static const char *const names[OPERANDS] = {"x0", "x1", "x2", "x3"};
    memset(t, 0, sizeof *t);
    t->row = row;
    t->ctx = ad_context_new(&(ad_context_options){.threads = 1});
    t->g = ad_graph_new(t->ctx);
    while (t->n < OPERANDS && row->shape[t->n].rank >= 0) {
        t->x[t->n] = ad_input(t->g, names[t->n], AD_F64, row->shape[t->n]);
        ++t->n;
    }
    fill_operands(t);
    t->y = row->build(t->x);
}

static bool compile(trial *t, ad_node *const *outputs, int count)
{
    if (ad_graph_verify(t->g) != AD_OK ||
        ad_compile(&t->program, t->ctx, outputs, count, NULL) != AD_OK) {
        CHECK_FAIL("%s: %s", t->row->name, ad_error(t->ctx));
        return false;
    }
    for (int k = 0; k < t->n;
         ++k) /* an operand that nothing depends on is no input of the program */
        if (ad_bind(t->program, t->x[k], t->value[k],
                    ad_shape_bytes(ad_node_shape(t->x[k]), ad_node_dtype(t->x[k]))) != AD_OK)
            ad_error_clear(t->ctx);
    return true;
}

static bool run(trial *t)
{
    if (ad_run(t->program) == AD_OK) return true;
    CHECK_FAIL("%s: %s", t->row->name, ad_error(t->ctx));
    return false;
}

static void end(trial *t)
{
    ad_program_free(t->program);
    ad_graph_free(t->g);
    if (ad_context_memory(t->ctx))
        CHECK_FAIL("%s: %zu bytes were left", t->row->name, ad_context_memory(t->ctx));
    ad_context_free(t->ctx);
}

static ad_node *dot(ad_node *a, ad_node *b)
{
    return ad_sum(ad_mul(a, b), AD_ALL_AXES, false);
}

/* Compares `grad` of operand k with differences of the program's output `at`, element by element.
 */
static void compare(trial *t, int k, int at, const double *grad, const char *order)
{
    double step = t->row->step ? t->row->step : 1e-5,
           tolerance = t->row->tolerance ? t->row->tolerance : 1e-8;
    for (int64_t i = 0; i < ad_shape_count(t->row->shape[k]); ++i) {
        double kept = t->value[k][i], side[2];
        for (int s = 0; s < 2; ++s) {
            t->value[k][i] = s ? kept - step : kept + step;
            if (!run(t)) return;
            side[s] = *(const double *)ad_result_at(t->program, at);
        }
        t->value[k][i] = kept;
        double want = (side[0] - side[1]) / (2 * step);
        if (fabs(grad[i] - want) <= tolerance * fmax(1, fabs(want))) continue;
        CHECK_FAIL("%s: %s derivative by x%d[%d] is %.12g, differences give %.12g", t->row->name,
                   order, k, (int)i, grad[i], want);
        return;
    }
}

static void check_derivatives(const grad_case *row)
{
    trial t;
    uint64_t state = 11;
    ad_node *first[OPERANDS], *second[OPERANDS], *outputs[2 + 2 * OPERANDS];
    begin(&t, row);
    ad_node *w = random_like(t.y, &state), *u = random_like(t.y, &state);
    ad_node *loss = ad_add(dot(w, t.y), ad_mul_scalar(dot(u, ad_square(t.y)), 0.5));
    ad_gradients(loss, t.x, t.n, first);
    ad_node *mixed = dot(random_like(first[0], &state), first[0]);
    for (int k = 1; k < t.n; ++k)
        mixed = ad_add(mixed, dot(random_like(first[k], &state), first[k]));
    ad_gradients(mixed, t.x, t.n, second);
    outputs[0] = loss, outputs[1] = mixed;
    for (int k = 0; k < t.n; ++k) outputs[2 + k] = first[k], outputs[2 + t.n + k] = second[k];
    double grads[2 * OPERANDS][ELEMENTS];
    if (compile(&t, outputs, 2 + 2 * t.n) && run(&t)) {
        for (int k = 0; k < 2 * t.n; ++k)
            memcpy(grads[k], ad_result_at(t.program, 2 + k),
                   (size_t)ad_shape_count(row->shape[k % t.n]) * sizeof(double));
        for (int k = 0; k < t.n; ++k) compare(&t, k, 0, grads[k], "first");
        for (int k = 0; k < t.n; ++k) compare(&t, k, 1, grads[t.n + k], "second");
    }
    end(&t);
}

static void derivatives(void)
{
    for (int i = 0; i < CASES; ++i) check_derivatives(&cases[i]);
}

static bool contains(ad_graph *g, ad_op op)
{
    for (int id = 0; id < g->n_nodes; ++id)
        if (g->nodes[id]->op == op) return true;
    return false;
}

static void every_row_has_a_case(void)
{
    bool seen[AD_OPS] = {false};
    for (int i = 0; i < CASES; ++i) {
        trial t;
        begin(&t, &cases[i]);
        if (ad_node_poisoned(t.y)) CHECK_FAIL("%s: %s", cases[i].name, ad_graph_error(t.g));
        if (!contains(t.g, cases[i].op))
            CHECK_FAIL("%s does not record %s", cases[i].name, ad_ops[cases[i].op].name);
        seen[cases[i].op] = true;
        end(&t);
    }
    for (int op = 0; op < AD_OPS; ++op)
        if (ad_ops[op].gradient && !seen[op])
            CHECK_FAIL("%s has a gradient but no case", ad_ops[op].name);
}

static void linear_ops_have_their_adjoint(void)
{
    for (int i = 0; i < CASES; ++i) {
        if (!cases[i].linear) continue;
        trial t;
        uint64_t state = 5;
        begin(&t, &cases[i]);
        ad_node *v = random_like(t.y, &state), *back;
        ad_gradients_seeded(&t.y, &v, 1, t.x, 1, &back);
        if (compile(&t, (ad_node *[]){dot(t.y, v), dot(t.x[0], back)}, 2) && run(&t)) {
            double there = *(const double *)ad_result_at(t.program, 0),
                   again = *(const double *)ad_result_at(t.program, 1);
            double tolerance = cases[i].tolerance ? 1e-5 : 1e-11;
            if (!(fabs(there - again) <= tolerance * fmax(1, fabs(there))))
                CHECK_FAIL("%s: <Ax, v> is %.15g, <x, A'v> is %.15g", cases[i].name, there, again);
        }
        end(&t);
    }
}

static void decompositions_have_the_same_value(void)
{
    bool seen[AD_OPS] = {false};
    for (int i = 0; i < CASES; ++i) {
        ad_op op = cases[i].op;
        if (!ad_ops[op].decompose) continue;
        seen[op] = true;
        trial t;
        begin(&t, &cases[i]);
        ad_node *fused = NULL;
        for (int id = 0; id < t.g->n_nodes; ++id)
            if (t.g->nodes[id]->op == op) fused = t.g->nodes[id];
        ad_node *plain = fused ? ad_ops[op].decompose(t.g, fused, fused->inputs) : NULL;
        if (ad_node_poisoned(plain)) {
            CHECK_FAIL("%s: %s", cases[i].name, ad_graph_error(t.g));
        } else if (ad_node_dtype(plain) != ad_node_dtype(fused) ||
                   !ad_shape_equal(ad_node_shape(plain), ad_node_shape(fused))) {
            CHECK_FAIL("%s: the decomposition has another type or shape", cases[i].name);
        } else if (compile(&t, (ad_node *[]){fused, plain}, 2) && run(&t)) {
            const double *a = ad_result_at(t.program, 0), *b = ad_result_at(t.program, 1);
            for (int64_t k = 0; k < ad_shape_count(ad_node_shape(fused)); ++k)
                if (!(fabs(a[k] - b[k]) <= 1e-12 * fmax(1, fabs(a[k])))) {
                    CHECK_FAIL("%s[%d] is %.15g, decomposed %.15g", cases[i].name, (int)k, a[k],
                               b[k]);
                    break;
                }
        }
        end(&t);
    }
    for (int op = 0; op < AD_OPS; ++op)
        if (ad_ops[op].decompose && !seen[op])
            CHECK_FAIL("%s has a decomposition but no case", ad_ops[op].name);
}

/* ---- where derivatives are a matter of choice ---- */

/* d sum(y) / dx at the given operand (n elements), compared with `want`. */
static void check_choice(const char *name, ad_node *(*build)(ad_node **x), int64_t n,
                         const double *at, const double *want)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_graph *g = ad_graph_new(ctx);
    ad_node *x = ad_input(g, "x", AD_F64, ad_shape(n)), *grad;
    ad_gradients(ad_sum(build(&x), AD_ALL_AXES, false), &x, 1, &grad);
    ad_program *program = NULL;
    bool good = ad_compile(&program, ctx, &grad, 1, NULL) == AD_OK;
    if (good)
        ad_bind(program, x, at,
                (size_t)n * sizeof *at); /* refused where the gradient does not need x */
    if (!good || ad_run(program) != AD_OK) {
        CHECK_FAIL("%s: %s", name, ad_error(ctx));
    } else {
        const double *got = ad_result_at(program, 0);
        for (int64_t i = 0; i < n; ++i)
            if (!(fabs(got[i] - want[i]) <= 1e-12))
                CHECK_FAIL("%s: element %d is %g, expected %g", name, (int)i, got[i], want[i]);
    }
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
}

BUILD(clamp_unit, ad_clamp(x[0], -1, 1))
BUILD(halves, ad_maximum(x[0], ad_neg(x[0])))
BUILD(lesser_halves, ad_minimum(x[0], ad_neg(x[0])))
BUILD(largest, ad_max(x[0], AD_ALL_AXES, false))
BUILD(log_total, ad_logsumexp(x[0], AD_ALL_AXES, false))
BUILD(pooled, ad_max_pool2d(ad_reshape(x[0], ad_shape(1, 2, 2, 1)), (ad_window){.size = 2}))
BUILD(squared_power, ad_pow(x[0], ad_scalar(ad_node_graph(x[0]), AD_F64, 2)))
BUILD(zeroth_power, ad_pow(x[0], ad_scalar(ad_node_graph(x[0]), AD_F64, 0)))
BUILD(used_twice, ad_add(ad_mul(x[0], x[0]), x[0]))
BUILD(stopped, ad_mul(x[0], ad_stop_gradient(x[0])))
BUILD(stepped, ad_add(ad_sign(x[0]), ad_floor(x[0])))

static void choices_at_kinks(void)
{
    check_choice("relu", relu, 3, (double[]){-1, 0, 1}, (double[]){0, 0, 1});
    check_choice("abs", abs_, 3, (double[]){-1, 0, 1}, (double[]){-1, 0, 1});
    check_choice("clamp", clamp_unit, 4, (double[]){-1, 1, 1.5, 0}, (double[]){1, 1, 0, 1});
    check_choice("maximum of x and -x", halves, 3, (double[]){-1, 0, 1}, (double[]){-1, 0, 1});
    check_choice("minimum of x and -x", lesser_halves, 3, (double[]){-1, 0, 1},
                 (double[]){1, 0, -1});
    check_choice("max with ties", largest, 4, (double[]){3, 1, 3, 3},
                 (double[]){1.0 / 3, 0, 1.0 / 3, 1.0 / 3});
    check_choice("max pool with ties", pooled, 4, (double[]){1, 3, 3, 3}, (double[]){0, 1, 0, 0});
    check_choice("logsumexp with -inf", log_total, 3, (double[]){2, -INFINITY, 2},
                 (double[]){0.5, 0, 0.5});
    check_choice("logsumexp of -inf", log_total, 2, (double[]){-INFINITY, -INFINITY},
                 (double[]){0, 0});
    check_choice("pow at 0", squared_power, 2, (double[]){0, -3}, (double[]){0, -6});
    check_choice("0th power at 0", zeroth_power, 2, (double[]){0, 2}, (double[]){0, 0});
    check_choice("a node used three times", used_twice, 2, (double[]){2, -1}, (double[]){5, -1});
    check_choice("stop_gradient", stopped, 2, (double[]){2, -1}, (double[]){2, -1});
    check_choice("sign and floor", stepped, 2, (double[]){2.5, -1}, (double[]){0, 0});
}

/* Two outputs with seeds: their contributions add up. */
static void seeds_add_up(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_graph *g = ad_graph_new(ctx);
    ad_node *x = ad_input(g, "x", AD_F64, ad_shape(2)), *grad;
    ad_node *y[2] = {ad_square(x), ad_exp(x)};
    ad_node *seeds[2] = {ad_constant(g, AD_F64, ad_shape(2), (double[]){3, 0}),
                         ad_constant(g, AD_F64, ad_shape(2), (double[]){0, 2})};
    ad_gradients_seeded(y, seeds, 2, &x, 1, &grad);
    ad_program *program = NULL;
    double at[2] = {5, 1};
    CHECK_INT(ad_compile(&program, ctx, &grad, 1, NULL), AD_OK);
    if (program && ad_bind(program, x, at, sizeof at) == AD_OK && ad_run(program) == AD_OK) {
        const double *got = ad_result_at(program, 0);
        CHECK_NEAR(got[0], 30, 1e-13);
        CHECK_NEAR(got[1], 2 * exp(1), 1e-13);
    } else {
        CHECK_FAIL("%s", ad_error(ctx));
    }
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(every_row_has_a_case),
                                     CASE(derivatives),
                                     CASE(linear_ops_have_their_adjoint),
                                     CASE(decompositions_have_the_same_value),
                                     CASE(choices_at_kinks),
                                     CASE(seeds_add_up),
                                     {0}});
}
