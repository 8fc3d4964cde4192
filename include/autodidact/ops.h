/* ops.h - the graph builders, one per operation. See graph.h for how errors travel.
 *
 * Conventions: images are [batch, height, width, channel]; convolution weights are
 * [kernel_h, kernel_w, in_channels / groups, out_channels]; `axis` may be negative (-1: the last).
 * Binary operations broadcast as NumPy does (align right, 1 stretches) and want equal dtypes.
 * Everything that takes floats is differentiable unless it says otherwise.
 *
 * Stability: stable (base.h says what that means). */
#ifndef AUTODIDACT_OPS_H
#define AUTODIDACT_OPS_H

#include <autodidact/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- leaves ---- */
/* A value bound before each run (ad_bind). The name must be unique in the graph; scopes do not
 * change it. */
AD_API ad_node *ad_input(ad_graph *graph, const char *name, ad_dtype dtype, ad_shape shape);
/* The variable's value at the start of a run. The same node for every call with this graph and
 * variable. */
AD_API ad_node *ad_read(ad_graph *graph, ad_variable *variable);
/* A copy of `data` becomes part of the graph. */
AD_API ad_node *ad_constant(ad_graph *graph, ad_dtype dtype, ad_shape shape, const void *data);
AD_API ad_node *ad_fill(ad_graph *graph, ad_dtype dtype, ad_shape shape, double value);
AD_API ad_node *ad_scalar(ad_graph *graph, ad_dtype dtype, double value);
/* 0, 1, 2, ... along `axis`. */
AD_API ad_node *ad_iota(ad_graph *graph, ad_dtype dtype, ad_shape shape, int axis);

/* ---- elementwise, one operand (floats) ---- */
AD_API ad_node *ad_neg(ad_node *x);
AD_API ad_node *ad_exp(ad_node *x);
AD_API ad_node *ad_log(ad_node *x);
AD_API ad_node *ad_sqrt(ad_node *x);
AD_API ad_node *ad_rsqrt(ad_node *x); /* 1 / sqrt(x) */
AD_API ad_node *ad_reciprocal(ad_node *x);
AD_API ad_node *ad_square(ad_node *x);
AD_API ad_node *ad_sin(ad_node *x);
AD_API ad_node *ad_cos(ad_node *x);
AD_API ad_node *ad_tanh(ad_node *x);
AD_API ad_node *ad_sigmoid(ad_node *x);
AD_API ad_node *ad_erf(ad_node *x);
AD_API ad_node *ad_gelu(ad_node *x);      /* x/2 (1 + erf(x / sqrt 2)) */
AD_API ad_node *ad_gelu_tanh(ad_node *x); /* the tanh approximation of GPT-2 */
AD_API ad_node *ad_relu(ad_node *x);      /* gradient 0 at 0 */
AD_API ad_node *ad_leaky_relu(ad_node *x, double slope);
AD_API ad_node *ad_elu(ad_node *x, double alpha); /* x, or alpha (exp(x) - 1) below 0 */
AD_API ad_node *ad_silu(ad_node *x);              /* x sigmoid(x) */
AD_API ad_node *ad_softplus(ad_node *x);          /* log(1 + exp(x)) */
AD_API ad_node *ad_mish(ad_node *x);              /* x tanh(softplus(x)) (Misra 2019) */
AD_API ad_node *ad_abs(ad_node *x);               /* gradient 0 at 0 */
AD_API ad_node *ad_sign(ad_node *x);              /* -1, 0, 1; gradient 0 */
AD_API ad_node *ad_floor(ad_node *x);             /* gradient 0 */
/* Gradient 1 inside and at the ends. */
AD_API ad_node *ad_clamp(ad_node *x, double low, double high);
AD_API ad_node *ad_cast(ad_node *x, ad_dtype dtype); /* the conversion rules of ad_convert */
AD_API ad_node *ad_not(ad_node *x);                  /* bool */
/* The same value, cut off from the gradient. */
AD_API ad_node *ad_stop_gradient(ad_node *x);

/* ---- elementwise, two operands (any dtype but bool, equal dtypes) ---- */
AD_API ad_node *ad_add(ad_node *a, ad_node *b);
AD_API ad_node *ad_sub(ad_node *a, ad_node *b);
AD_API ad_node *ad_mul(ad_node *a, ad_node *b);
AD_API ad_node *ad_div(ad_node *a, ad_node *b);     /* integers: towards zero; x / 0 = 0 */
AD_API ad_node *ad_maximum(ad_node *a, ad_node *b); /* a tie gives each half of the gradient */
AD_API ad_node *ad_minimum(ad_node *a, ad_node *b);
AD_API ad_node *ad_pow(ad_node *a, ad_node *b); /* floats; a >= 0 unless b is a whole number */
/* With a number. */
AD_API ad_node *ad_add_scalar(ad_node *a, double b);
AD_API ad_node *ad_mul_scalar(ad_node *a, double b);
AD_API ad_node *ad_pow_scalar(ad_node *a, double b);

/* ---- comparison (result: bool) and choice ---- */
AD_API ad_node *ad_equal(ad_node *a, ad_node *b);
AD_API ad_node *ad_not_equal(ad_node *a, ad_node *b);
AD_API ad_node *ad_less(ad_node *a, ad_node *b);
AD_API ad_node *ad_less_equal(ad_node *a, ad_node *b);
AD_API ad_node *ad_greater(ad_node *a, ad_node *b);
AD_API ad_node *ad_greater_equal(ad_node *a, ad_node *b);
AD_API ad_node *ad_and(ad_node *a, ad_node *b); /* bool */
AD_API ad_node *ad_or(ad_node *a, ad_node *b);
AD_API ad_node *ad_where(ad_node *condition, ad_node *a, ad_node *b); /* all three broadcast */

/* ---- shape ---- */
AD_API ad_node *ad_broadcast(ad_node *x, ad_shape shape);
AD_API ad_node *ad_reshape(ad_node *x, ad_shape shape); /* one dimension may be -1 */
AD_API ad_node *ad_flatten(ad_node *x, int axis);       /* [a, b, c, d], 1 -> [a, b*c*d] */
/* Axis i of the result is axis order[i] of x; `order` has rank entries. */
AD_API ad_node *ad_permute(ad_node *x, const int *order);
AD_API ad_node *ad_transpose(ad_node *x); /* swaps the last two axes */
/* Elements begin, begin+step, ... < end along `axis`. Negative begin/end count from the end;
 * step != 0; a negative step walks down from `begin` to just above `end` (end INT64_MIN: through 0;
 * with a positive step INT64_MAX: to the end). Nothing is clamped: a range outside the axis is an
 * error. */
AD_API ad_node *ad_slice(ad_node *x, int axis, int64_t begin, int64_t end, int64_t step);
/* before[i], after[i] elements of `value` on each side of axis i (rank entries each, >= 0). */
AD_API ad_node *ad_pad(ad_node *x, const int64_t *before, const int64_t *after, double value);
/* Mirrored without repeating the edge (PyTorch "reflect"); each pad < the axis' size. */
AD_API ad_node *ad_pad_reflect(ad_node *x, const int64_t *before, const int64_t *after);
AD_API ad_node *ad_concat(ad_node *const *x, int count, int axis);

/* ---- reductions ---- */
typedef struct ad_axes {
    int count; /* 0: all axes */
    int axis[AD_MAX_RANK];
} ad_axes;
AD_API ad_axes ad_axes_of(const int *axis, size_t count);
#ifdef __cplusplus
extern "C++" {
template <typename... T> inline struct ad_axes ad_axes_list(T... axis)
{
    const int list[sizeof...(T) + 1] = {static_cast<int>(axis)...};
    return ad_axes_of(list, sizeof...(T));
}
}
#define ad_axes(...) ad_axes_list(__VA_ARGS__)
#define AD_ALL_AXES  (ad_axes{})
#else
#define ad_axes(...)                                                                               \
    ad_axes_of((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
#define AD_ALL_AXES ((ad_axes){0})
#endif
/* Floats, i32, i64 (mean: floats). `keep` leaves reduced axes in place with size 1. f32 sums are
 * made in a fixed order. The sum over nothing is 0; the others want at least one element. */
AD_API ad_node *ad_sum(ad_node *x, ad_axes axes, bool keep);
AD_API ad_node *ad_mean(ad_node *x, ad_axes axes, bool keep);
AD_API ad_node *ad_max(ad_node *x, ad_axes axes, bool keep); /* ties share the gradient equally */
AD_API ad_node *ad_min(ad_node *x, ad_axes axes, bool keep);
/* log(sum(exp(x))) without overflow; floats. Where all are -inf: -inf, gradient 0. */
AD_API ad_node *ad_logsumexp(ad_node *x, ad_axes axes, bool keep);
/* Index of the first largest element along one axis; i32; not differentiable. */
AD_API ad_node *ad_argmax(ad_node *x, int axis, bool keep);

/* ---- contraction ---- */
typedef struct ad_matmul_options {
    bool transpose_a, transpose_b; /* swap the operand's last two axes */
} ad_matmul_options;
/* [..., m, k] x [..., k, n] -> [..., m, n]; leading axes broadcast, k > 0. bf16/f16 operands
 * accumulate in f32 and give their own dtype. */
AD_API ad_node *ad_matmul_with(ad_node *a, ad_node *b, ad_matmul_options options);
AD_API ad_node *ad_matmul(ad_node *a, ad_node *b);
/* Matrices of quantised rows (ad_quantized), whose bytes are no variable to train: there is no
 * gradient to them. Blocks u8 [..., bytes] -> f32 [..., numbers]: */
AD_API ad_node *ad_dequantize(ad_node *blocks, ad_quantized form);
/* x W^T: x [..., k], blocks u8 [n, bytes of k numbers] -> [..., n], in x's type. f32 is multiplied
 * with the widened numbers, which are never in memory all at once; up to four rows of x are rounded
 * to 16 bits for each block of AD_BLOCK numbers first, and the products are of integers. */
AD_API ad_node *ad_quantized_linear(ad_node *x, ad_node *blocks, ad_quantized form);

/* Zero means the default (1, 0, 1, 1). The _w members, where not zero, differ from the vertical
 * ones; AD_NONE stands for a horizontal padding of 0 beside a vertical one. */
#define AD_NONE (-1)
typedef struct ad_conv {
    int stride, stride_w;
    int pad, pad_w;
    int dilation, dilation_w;
    int groups;
} ad_conv;
/* x [n, h, w, c], weight [kh, kw, c / groups, k] -> [n, oh, ow, k]. A cross-correlation, as
 * everywhere. */
AD_API ad_node *ad_conv2d(ad_node *x, ad_node *weight, ad_conv options);
/* The gradient of conv2d to its input of height x width: also the transposed convolution of g. */
AD_API ad_node *ad_conv2d_input_grad(ad_node *g, ad_node *weight, int64_t height, int64_t width,
                                     ad_conv options);
/* The gradient of conv2d to its weight of kernel_h x kernel_w. */
AD_API ad_node *ad_conv2d_weight_grad(ad_node *x, ad_node *g, int64_t kernel_h, int64_t kernel_w,
                                      ad_conv options);
/* PyTorch's ConvTranspose2d: output size (h - 1) * stride - 2 pad + dilation * (kh - 1) +
 * output_pad + 1. weight [kh, kw, k / groups, c] where x has c channels and the result k. */
AD_API ad_node *ad_conv2d_transposed(ad_node *x, ad_node *weight, int output_pad, ad_conv options);

/* ---- pooling and resampling on [n, h, w, c] ---- */
typedef struct ad_window {
    int size, size_w;     /* required; size_w 0: square */
    int stride, stride_w; /* 0: the window's size */
    int pad, pad_w;
    bool ceil_mode; /* output size rounds up (a window must start inside the input or its left pad)
                     */
    bool exclude_pad; /* average: divide by the elements inside the input only */
} ad_window;
AD_API ad_node *ad_max_pool2d(ad_node *x, ad_window window);
AD_API ad_node *ad_avg_pool2d(ad_node *x, ad_window window);
/* Output cell i covers rows floor(i h / oh) .. ceil((i + 1) h / oh) - 1. */
AD_API ad_node *ad_adaptive_avg_pool2d(ad_node *x, int64_t height, int64_t width);
AD_API ad_node *ad_adaptive_max_pool2d(ad_node *x, int64_t height, int64_t width);
typedef enum ad_resize {
    AD_NEAREST,  /* PyTorch "nearest" */
    AD_BILINEAR, /* align_corners = false, no anti-aliasing */
    AD_BICUBIC,  /* a = -0.75, likewise */
} ad_resize;
AD_API ad_node *ad_resize2d(ad_node *x, int64_t height, int64_t width, ad_resize mode);

/* ---- softmax and losses ---- */
AD_API ad_node *ad_softmax(ad_node *x, int axis);
AD_API ad_node *ad_log_softmax(ad_node *x, int axis);
/* logits [..., classes], labels [...] (i32 or i64) -> loss per row [...]: -log
 * softmax(logits)[label]. A label outside 0..classes-1 gives a loss and gradient of 0 (padding). */
AD_API ad_node *ad_cross_entropy(ad_node *logits, ad_node *labels);

/* ---- attention ---- */
typedef struct ad_attention_options {
    double scale;       /* of the scores; 0: 1 / sqrt(head_dim) */
    bool causal;        /* query i sees keys 0 .. i + offset */
    ad_node *offset;    /* one i32 or i64 >= 0, known only when the program runs (the length of a
                           cache before this block); NULL: keys - time, so that the last query sees
                           all */
    ad_node *sequences; /* i32 [sequences + 1]: batch is 1, keys are as many as queries, and along
                           time lie sequences of any lengths, none padded: sequence i from
                           element i on up to element i + 1, which never fall. Each sees itself
                           alone; what is in none of them gives 0. Without an offset */
    ad_node *key_sequences; /* with `sequences`, of as many: where those of the keys begin, which
                               may be more or fewer than the queries. Sequence i of the queries sees
                               sequence i of the keys alone (a translation its source); one that has
                               no keys gives 0. Not causal */
} ad_attention_options;
/* softmax(scale q k^T) v for each head (Vaswani et al. 2017). q [batch, time, heads, head_dim];
 * k, v [batch, keys, kv_heads, head_dim] -> [batch, time, heads, head_dim]. Each head of keys and
 * values serves heads / kv_heads neighbouring query heads (Ainslie et al. 2023). Nothing of the
 * size time x keys is kept, neither forward nor backward. */
AD_API ad_node *ad_attention(ad_node *q, ad_node *k, ad_node *v, ad_attention_options options);
/* The same with q, k and v side by side in the last axis: [batch, time, (heads + 2 kv_heads) *
 * head_dim] -> [batch, time, heads * head_dim]; kv_heads 0: as many as heads. */
AD_API ad_node *ad_self_attention(ad_node *qkv, int heads, int kv_heads,
                                  ad_attention_options options);

/* ---- normalisation ---- */
/* (x - mean) / sqrt(variance + eps) over `axes`, biased variance. */
AD_API ad_node *ad_normalize(ad_node *x, ad_axes axes, double eps);
/* The usual four on top of it (batch: in its training form, with the batch's statistics); scale and
 * shift ([channels], or NULL) are applied to the last axis. Layer: over the last axis; instance:
 * over all but the first and last; batch: over all but the last; group: over each group of channels
 * and all axes between the first and the last. */
AD_API ad_node *ad_layer_norm(ad_node *x, ad_node *scale, ad_node *shift, double eps);
AD_API ad_node *ad_instance_norm(ad_node *x, ad_node *scale, ad_node *shift, double eps);
AD_API ad_node *ad_group_norm(ad_node *x, int groups, ad_node *scale, ad_node *shift, double eps);
AD_API ad_node *ad_batch_norm(ad_node *x, ad_node *scale, ad_node *shift, double eps);

/* ---- indexing ---- */
/* table [v, ...], indices (i32 or i64) [...] -> indices.shape + table.shape[1:]. An index out of
 * range gives zeros. */
AD_API ad_node *ad_gather(ad_node *table, ad_node *indices);
/* Zeros [rows, ...] with updates[i...] added at row indices[i...]; its adjoint. Floats; fixed
 * order; an index out of range is left out. */
AD_API ad_node *ad_scatter_add(ad_node *indices, ad_node *updates, int64_t rows);
/* The same on top of `base` [rows, ...] instead of zeros, in its memory where nothing else needs
 * it.
 */
AD_API ad_node *ad_scatter_add_to(ad_node *base, ad_node *indices, ad_node *updates);
/* `table` [n, ...] with rows begin, begin + 1, ... replaced by `rows` [m, ...]; begin is one i32 or
 * i64, known only when the program runs; what falls outside is left out. Assigned to the variable
 * that `table` reads, it touches those rows alone: a cache. */
AD_API ad_node *ad_write_rows(ad_node *table, ad_node *begin, ad_node *rows);
/* [...] -> [..., depth] of 0 and 1 in `dtype`. */
AD_API ad_node *ad_one_hot(ad_node *indices, int64_t depth, ad_dtype dtype);

/* ---- sparse matrices and graphs ---- */
/* Where the entries of a sparse [rows, columns] matrix are, or the edges of a graph from nodes
 * `column` to nodes `row`. Entries are sorted by row; all five are i32. With the columns' order
 * given too, gradients are sums in a fixed order as well. What lies out of range is left out. */
typedef struct ad_sparse {
    ad_node *row_start; /* [rows + 1]: row i has the entries row_start[i] .. row_start[i + 1] - 1 */
    ad_node *row, *column; /* [entries] */
    ad_node *column_start; /* [columns + 1] */
    ad_node *order;        /* [entries]: the numbers of the entries, sorted by column */
} ad_sparse;
/* The same with rows and columns exchanged cannot be had by exchanging members (entries stay sorted
 * by row): where it is of use, a builder says `by_column`. */

/* value [entries, heads], x [columns, heads, width] -> [rows, heads, width]: a matrix for each
 * head, y[i, h] = sum over entries e of row i of value[e, h] x[column[e], h]. */
AD_API ad_node *ad_sparse_matmul(ad_sparse s, ad_node *value, ad_node *x);
/* a [rows, heads, width], b [columns, heads, width] -> [entries, heads]: <a[row[e], h],
 * b[column[e], h]>. */
AD_API ad_node *ad_sparse_dot(ad_sparse s, ad_node *a, ad_node *b);
/* x [entries, ...] -> [rows, ...] (by_column: [columns, ...]). A row without entries gives 0. */
AD_API ad_node *ad_segment_sum(ad_sparse s, ad_node *x, bool by_column);
AD_API ad_node *ad_segment_mean(ad_sparse s, ad_node *x);
AD_API ad_node *ad_segment_max(ad_sparse s, ad_node *x); /* ties share the gradient equally */
/* Softmax over the entries of each row, with the row's own maximum. x [entries, ...]. */
AD_API ad_node *ad_segment_softmax(ad_sparse s, ad_node *x);
/* x [rows, ...] -> [entries, ...]: the value of each entry's row (by_column: column). */
AD_API ad_node *ad_segment_spread(ad_sparse s, ad_node *x, bool by_column);
/* Attention from each node of a graph to the sources of its edges (Velickovic et al. 2018, "Graph
 * Attention Networks", section 2.1), without tensors of scores and weights being kept. With e the
 * edges from nodes j to node i, for every head:
 *     a[e] = softmax over e of leaky_relu(scores[i, 0] + scores[j, 1]),  y[i] = sum a[e] mask[e]
 * x[j] scores [nodes, 2, heads]: as target, as source; x [nodes, heads, width]; mask [edges, heads]
 * (dropout of the weights) or NULL -> [nodes, heads, width]. `slope`: of leaky_relu. */
AD_API ad_node *ad_graph_attention(ad_sparse s, ad_node *scores, ad_node *x, ad_node *mask,
                                   double slope);

/* ---- randomness ---- */
/* Philox numbers. `state` is an i64[2] node: seed and step; its owner adds 1 to the step each run.
 * Each call has its own stream (its number within the graph). Not differentiable. */
AD_API ad_node *ad_random_uniform(ad_node *state, ad_dtype dtype, ad_shape shape); /* [0, 1) */
AD_API ad_node *ad_random_normal(ad_node *state, ad_dtype dtype, ad_shape shape);
/* x with each element kept with probability 1 - rate and then divided by 1 - rate. */
AD_API ad_node *ad_dropout(ad_node *x, double rate, ad_node *state);

/* ---- custom gradients ---- */
/* y, one number, whose gradients to x[0 .. count) (at most 7) are given, each of its x's shape. The
 * reverse walk takes them as they are, times y's own, and does not look into y. So the work of the
 * backward pass can stand among that of the forward pass; see ad_linear_cross_entropy_loss. */
AD_API ad_node *ad_with_gradients(ad_node *y, ad_node *const *x, ad_node *const *gradients,
                                  int count);

/* ---- effects ---- */
/* The variable holds `value` after the run; every ad_read sees the value before. The node's value
 * is `value`, without a gradient. At most one assign per variable (or overlapping block) in a
 * program. */
AD_API ad_node *ad_assign(ad_graph *graph, ad_variable *variable, ad_node *value);
/* The value of x[0]; a program that computes it computes all of x. One output for several assigns.
 */
AD_API ad_node *ad_join(ad_node *const *x, int count);

#ifdef __cplusplus
}
#endif
#endif
