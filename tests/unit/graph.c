/* graph.c - what builders record: shapes, errors and how they travel, names, the verifier, the
 * printers. */
#include "check.h"

#include <autodidact/ops.h>

#include "graph/node.h"
#include "ops/attrs.h"

static ad_context *ctx;
static ad_graph *g;

static void open_graph(void)
{
    ctx = ad_context_new(NULL);
    g = ad_graph_new(ctx);
}

static void close_graph(void)
{
    ad_graph_free(g);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static ad_node *f32(const char *name, ad_shape shape)
{
    return ad_input(g, name, AD_F32, shape);
}

static void check_shape(ad_node *node, ad_shape want, int line)
{
    char a[192], b[192];
    if (ad_node_poisoned(node))
        CHECK_FAIL("line %d: %s", line, ad_graph_error(g));
    else if (!ad_shape_equal(ad_node_shape(node), want))
        CHECK_FAIL("line %d: %s, expected %s", line,
                   ad_shape_text(ad_node_shape(node), a, sizeof a),
                   ad_shape_text(want, b, sizeof b));
}
#define SHAPE(node, ...) check_shape(node, ad_shape(__VA_ARGS__), __LINE__)

static void elementwise_and_movement_shapes(void)
{
    open_graph();
    ad_node *x = f32("x", ad_shape(2, 3, 4)), *row = f32("row", ad_shape(4)),
            *i = ad_input(g, "i", AD_I32, ad_shape(5));
    SHAPE(ad_relu(x), 2, 3, 4);
    SHAPE(ad_add(x, row), 2, 3, 4);
    SHAPE(ad_mul(f32("a", ad_shape(3, 1)), f32("b", ad_shape(1, 5))), 3, 5);
    SHAPE(ad_where(ad_greater(row, ad_scalar(g, AD_F32, 0)), x, row), 2, 3, 4);
    SHAPE(ad_broadcast(row, ad_shape(7, 4)), 7, 4);
    SHAPE(ad_reshape(x, ad_shape(6, -1)), 6, 4);
    SHAPE(ad_flatten(x, 1), 2, 12);
    SHAPE(ad_flatten(x, -2), 2, 12);
    SHAPE(ad_permute(x, (int[]){2, 0, -2}), 4, 2, 3);
    SHAPE(ad_transpose(x), 2, 4, 3);
    SHAPE(ad_slice(x, 2, 1, 4, 2), 2, 3, 2);
    SHAPE(ad_slice(x, -1, -1, INT64_MIN, -1), 2, 3, 4);
    SHAPE(ad_slice(x, 2, -1, 0, -2), 2, 3, 2);
    SHAPE(ad_slice(x, 1, 1, INT64_MAX, 1), 2, 2, 4);
    SHAPE(ad_slice(x, 1, 1, 1, 1), 2, 0, 4);
    SHAPE(ad_pad(x, (int64_t[]){0, 1, 2}, (int64_t[]){3, 0, 1}, 0), 5, 4, 7);
    SHAPE(ad_pad_reflect(x, (int64_t[]){0, 2, 3}, (int64_t[]){1, 1, 3}), 3, 6, 10);
    SHAPE(ad_concat((ad_node *[]){x, x, x}, 3, -2), 2, 9, 4);
    SHAPE(ad_one_hot(i, 10, AD_F32), 5, 10);
    SHAPE(ad_iota(g, AD_I64, ad_shape(2, 3), -1), 2, 3);
    SHAPE(ad_dropout(x, 0.5, ad_input(g, "rng", AD_I64, ad_shape(2))), 2, 3, 4);
    CHECK_INT(ad_node_dtype(ad_less(x, row)), AD_BOOL);
    CHECK_INT(ad_node_dtype(ad_cast(x, AD_BF16)), AD_BF16);
    CHECK(ad_reshape(x, ad_shape(2, 3, 4)) == x);
    CHECK(ad_broadcast(x, ad_shape(2, 3, 4)) == x);
    CHECK(ad_cast(x, AD_F32) == x);
    CHECK_INT(ad_graph_verify(g), AD_OK);
    close_graph();
}

static void reductions_and_products_shapes(void)
{
    open_graph();
    ad_node *x = f32("x", ad_shape(2, 3, 4));
    SHAPE(ad_sum(x, ad_axes(1), false), 2, 4);
    SHAPE(ad_mean(x, ad_axes(-1, 0), true), 1, 3, 1);
    CHECK_INT(ad_node_shape(ad_max(x, AD_ALL_AXES, false)).rank, 0);
    SHAPE(ad_min(x, AD_ALL_AXES, true), 1, 1, 1);
    SHAPE(ad_argmax(x, -1, false), 2, 3);
    SHAPE(ad_argmax(x, 0, true), 1, 3, 4);
    ad_node *m = f32("m", ad_shape(4, 5)), *b = f32("b", ad_shape(7, 1, 4, 5)),
            *mt = f32("mt", ad_shape(5, 4));
    SHAPE(ad_matmul(x, m), 2, 3, 5);
    SHAPE(ad_matmul(x, b), 7, 2, 3, 5);
    SHAPE(ad_matmul_with(x, mt, (ad_matmul_options){.transpose_b = true}), 2, 3, 5);
    SHAPE(ad_matmul_with(m, mt, (ad_matmul_options){true, true}), 5, 5);
    SHAPE(ad_softmax(x, 1), 2, 3, 4);
    SHAPE(ad_layer_norm(x, f32("s", ad_shape(4)), f32("t", ad_shape(4)), 1e-5), 2, 3, 4);
    SHAPE(ad_group_norm(x, 2, NULL, NULL, 1e-5), 2, 3, 4);
    ad_node *labels = ad_input(g, "labels", AD_I64, ad_shape(2, 3));
    SHAPE(ad_cross_entropy(x, labels), 2, 3);
    SHAPE(ad_gather(f32("table", ad_shape(100, 8)), labels), 2, 3, 8);
    SHAPE(ad_scatter_add(labels, f32("u", ad_shape(2, 3, 8)), 100), 100, 8);
    CHECK_INT(ad_graph_verify(g), AD_OK);
    close_graph();
}

static void image_shapes(void)
{
    open_graph();
    ad_node *x = f32("x", ad_shape(2, 9, 10, 4));
    SHAPE(ad_conv2d(x, f32("w", ad_shape(3, 3, 4, 6)), (ad_conv){.pad = 1}), 2, 9, 10, 6);
    SHAPE(ad_conv2d(x, f32("v", ad_shape(3, 2, 2, 6)),
                    (ad_conv){.stride = 2, .dilation_w = 3, .groups = 2}),
          2, 4, 4, 6);
    SHAPE(ad_conv2d(x, f32("u", ad_shape(3, 3, 4, 6)), (ad_conv){.pad = 1, .pad_w = AD_NONE}), 2, 9,
          8, 6);
    SHAPE(ad_conv2d_transposed(x, f32("t", ad_shape(3, 3, 5, 4)), 1,
                               (ad_conv){.stride = 2, .pad = 1}),
          2, 18, 20, 5);
    SHAPE(ad_max_pool2d(x, (ad_window){.size = 2}), 2, 4, 5, 4);
    SHAPE(ad_max_pool2d(x, (ad_window){.size = 2, .ceil_mode = true}), 2, 5, 5, 4);
    /* PyTorch: the last window may not start in the right padding. */
    SHAPE(ad_avg_pool2d(x, (ad_window){.size = 2, .stride = 3, .pad = 1, .ceil_mode = true}), 2, 4,
          4, 4);
    SHAPE(ad_avg_pool2d(x, (ad_window){.size = 3, .size_w = 2, .stride = 1}), 2, 7, 9, 4);
    SHAPE(ad_adaptive_avg_pool2d(x, 7, 1), 2, 7, 1, 4);
    SHAPE(ad_adaptive_max_pool2d(x, 3, 12), 2, 3, 12, 4);
    SHAPE(ad_resize2d(x, 5, 20, AD_BICUBIC), 2, 5, 20, 4);
    SHAPE(ad_instance_norm(x, NULL, NULL, 1e-5), 2, 9, 10, 4);
    CHECK_INT(ad_graph_verify(g), AD_OK);
    close_graph();
}

/* Every kind of nonsense, and the sentence that it earns. Each runs in a graph of its own. */
static ad_node *two(int64_t a, int64_t b)
{
    return f32("x", ad_shape(a, b));
}
static ad_node *image(int64_t h, int64_t w, int64_t c)
{
    return f32("x", ad_shape(1, h, w, c));
}
static ad_node *weight(int64_t k, int64_t in, int64_t out)
{
    return f32("w", ad_shape(k, k, in, out));
}
static ad_node *ints(const char *name, int64_t n)
{
    return ad_input(g, name, AD_I32, ad_shape(n));
}

#define NONSENSE(name, expression)                                                                 \
    static ad_node *name(void)                                                                     \
    {                                                                                              \
        return expression;                                                                         \
    }
NONSENSE(negative_axis_size, two(-1, 2))
NONSENSE(nine_axes, f32("x", ad_shape(1, 1, 1, 1, 1, 1, 1, 1, 1)))
NONSENSE(too_many_elements, two(INT64_MAX / 2, 4))
NONSENSE(result_too_large, ad_broadcast(two(1, 1), ad_shape(INT64_MAX / 8, 4)))
NONSENSE(no_dtype, ad_input(g, "x", (ad_dtype)99, ad_shape(1)))
NONSENSE(no_name, ad_input(g, "", AD_F32, ad_shape(1)))
NONSENSE(name_twice, (two(1, 1), two(1, 1)))
NONSENSE(no_data, ad_constant(g, AD_F32, ad_shape(3), NULL))
NONSENSE(iota_axis, ad_iota(g, AD_I32, ad_shape(3), 1))
NONSENSE(exp_of_ints, ad_exp(ints("i", 3)))
NONSENSE(not_of_floats, ad_not(two(1, 1)))
NONSENSE(clamp_upside_down, ad_clamp(two(1, 1), 1, -1))
NONSENSE(cast_to_nothing, ad_cast(two(1, 1), (ad_dtype)-1))
NONSENSE(add_mixed, ad_add(two(3, 3), ints("i", 3)))
NONSENSE(add_misfit, ad_add(two(2, 3), ints("i", 4)))
NONSENSE(add_bools, ad_add(ad_less(two(1, 1), f32("a", ad_shape(1))),
                           ad_less(f32("b", ad_shape(1)), f32("c", ad_shape(1)))))
NONSENSE(where_of_floats, ad_where(two(1, 1), f32("a", ad_shape(1)), f32("b", ad_shape(1))))
NONSENSE(broadcast_down, ad_broadcast(two(2, 3), ad_shape(3)))
NONSENSE(reshape_misfit, ad_reshape(two(2, 3), ad_shape(4)))
NONSENSE(reshape_two_open, ad_reshape(two(2, 3), ad_shape(-1, -1)))
NONSENSE(reshape_uneven, ad_reshape(two(2, 3), ad_shape(4, -1)))
NONSENSE(permute_twice, ad_permute(two(2, 3), (int[]){0, 0}))
NONSENSE(slice_outside, ad_slice(two(2, 3), 1, 1, 4, 1))
NONSENSE(slice_backwards, ad_slice(two(2, 3), 1, 2, 1, 1))
NONSENSE(slice_no_step, ad_slice(two(2, 3), 1, 0, 1, 0))
NONSENSE(slice_no_axis, ad_slice(two(2, 3), 2, 0, 1, 1))
NONSENSE(pad_negative, ad_pad(two(2, 3), (int64_t[]){0, -1}, (int64_t[]){0, 0}, 0))
NONSENSE(pad_overflow, ad_pad(two(2, 3), (int64_t[]){0, INT64_MAX}, (int64_t[]){0, 0}, 0))
NONSENSE(reflect_too_far, ad_pad_reflect(two(2, 3), (int64_t[]){0, 3}, (int64_t[]){0, 0}))
NONSENSE(concat_misfit, ad_concat((ad_node *[]){two(2, 3), f32("y", ad_shape(3, 4))}, 2, 0))
NONSENSE(sum_axis_twice, ad_sum(two(2, 3), ad_axes(1, -1), false))
NONSENSE(sum_no_axis, ad_sum(two(2, 3), ad_axes(2), false))
NONSENSE(mean_of_nothing, ad_mean(two(0, 3), AD_ALL_AXES, false))
NONSENSE(argmax_of_nothing, ad_argmax(two(2, 0), 1, false))
NONSENSE(matmul_misfit, ad_matmul(two(2, 3), f32("y", ad_shape(4, 5))))
NONSENSE(matmul_vector, ad_matmul(two(2, 3), f32("y", ad_shape(3))))
NONSENSE(matmul_batches, ad_matmul(f32("a", ad_shape(2, 3, 4)), f32("b", ad_shape(3, 4, 5))))
NONSENSE(conv_channels, ad_conv2d(image(28, 28, 3), weight(5, 1, 32), (ad_conv){0}))
NONSENSE(conv_kernel_large, ad_conv2d(image(4, 4, 1), weight(7, 1, 1), (ad_conv){.pad = 1}))
NONSENSE(conv_groups, ad_conv2d(image(8, 8, 4), weight(3, 2, 5), (ad_conv){.groups = 2}))
NONSENSE(conv_stride, ad_conv2d(image(8, 8, 1), weight(3, 1, 1), (ad_conv){.stride = -1}))
NONSENSE(conv_rank, ad_conv2d(two(8, 8), weight(3, 1, 1), (ad_conv){0}))
NONSENSE(conv_empty, ad_conv2d(image(0, 8, 1), weight(3, 1, 1), (ad_conv){.pad = 4}))
NONSENSE(conv_dilation_overflow,
         ad_conv2d(image(8, 8, 1), f32("w", ad_shape(INT64_MAX / 64, 1, 1, 1)),
                   (ad_conv){.dilation = 2000000000}))
NONSENSE(input_grad_size,
         ad_conv2d_input_grad(image(8, 8, 1), weight(3, 1, 1), 20, 20, (ad_conv){0}))
NONSENSE(output_pad,
         ad_conv2d_transposed(image(8, 8, 1), weight(3, 1, 1), 2, (ad_conv){.stride = 2}))
NONSENSE(pool_no_size, ad_max_pool2d(image(8, 8, 1), (ad_window){0}))
NONSENSE(pool_pad, ad_max_pool2d(image(8, 8, 1), (ad_window){.size = 2, .pad = 2}))
NONSENSE(pool_large, ad_avg_pool2d(image(8, 8, 1), (ad_window){.size = 9}))
NONSENSE(adaptive_to_nothing, ad_adaptive_avg_pool2d(image(8, 8, 1), 0, 1))
NONSENSE(resize_to_nothing, ad_resize2d(image(8, 8, 1), 4, 0, AD_NEAREST))
NONSENSE(resize_mode, ad_resize2d(image(8, 8, 1), 4, 4, (ad_resize)7))
NONSENSE(softmax_axis, ad_softmax(two(2, 3), 2))
NONSENSE(float_labels, ad_cross_entropy(two(2, 3), f32("y", ad_shape(2))))
NONSENSE(label_shape, ad_cross_entropy(two(2, 3), ints("y", 3)))
NONSENSE(normalize_axes, ad_normalize(two(2, 3), ad_axes(0, 0), 1e-5))
NONSENSE(normalize_eps, ad_normalize(two(2, 3), ad_axes(0), NAN))
NONSENSE(norm_groups, ad_group_norm(image(2, 2, 6), 4, NULL, NULL, 0))
NONSENSE(gather_floats, ad_gather(two(2, 3), f32("y", ad_shape(2))))
NONSENSE(scatter_misfit, ad_scatter_add(ints("i", 4), two(2, 3), 5))
NONSENSE(one_hot_depth, ad_one_hot(ints("i", 4), 0, AD_F32))
NONSENSE(random_state, ad_random_normal(ints("i", 2), AD_F32, ad_shape(3)))
NONSENSE(dropout_rate, ad_dropout(two(2, 3), 1, ints("i", 2)))
NONSENSE(missing_input, ad_mul(two(2, 3), NULL))

static const struct {
    ad_node *(*build)(void);
    ad_status status;
    const char *sentence;
} nonsense[] = {
    {negative_axis_size, AD_ERROR_SHAPE,
     "input: the shape [-1, 2] has a negative axis or is too large"},
    {nine_axes, AD_ERROR_SHAPE, "more than 8 axes"},
    {too_many_elements, AD_ERROR_SHAPE, "too large"},
    {result_too_large, AD_ERROR_SHAPE, "too large"},
    {no_dtype, AD_ERROR_DTYPE, "input: no such element type: 99"},
    {no_name, AD_ERROR_ARGUMENT, "input: has no name"},
    {name_twice, AD_ERROR_ARGUMENT, "input: there already is one called x"},
    {no_data, AD_ERROR_ARGUMENT, "constant: has no data"},
    {iota_axis, AD_ERROR_ARGUMENT, "iota: axis 1 is outside a shape with 1 axes"},
    {exp_of_ints, AD_ERROR_DTYPE, "exp: takes floats, input 0 is i32 (input [3])"},
    {not_of_floats, AD_ERROR_DTYPE, "not: takes bool, input 0 is f32"},
    {clamp_upside_down, AD_ERROR_ARGUMENT, "clamp: low 1 is not below high -1"},
    {cast_to_nothing, AD_ERROR_DTYPE, "cast: no such element type"},
    {add_mixed, AD_ERROR_DTYPE, "add: inputs are f32 and i32"},
    {add_misfit, AD_ERROR_SHAPE, "add: the shapes do not broadcast (inputs [2, 3], [4])"},
    {add_bools, AD_ERROR_DTYPE, "add: takes numbers, not bool"},
    {where_of_floats, AD_ERROR_DTYPE, "where: the condition is f32, expected bool"},
    {broadcast_down, AD_ERROR_SHAPE, "broadcast: does not stretch to [3] (input [2, 3])"},
    {reshape_misfit, AD_ERROR_SHAPE, "reshape: 6 elements do not fill [4]"},
    {reshape_two_open, AD_ERROR_SHAPE, "reshape: the -1 in [-1, -1] cannot be worked out"},
    {reshape_uneven, AD_ERROR_SHAPE, "reshape: the -1 in [4, -1] cannot be worked out"},
    {permute_twice, AD_ERROR_ARGUMENT,
     "permute: axis 0 in the order is out of range or given twice"},
    {slice_outside, AD_ERROR_ARGUMENT, "slice: 1 to 4 is outside axis 1 of size 3"},
    {slice_backwards, AD_ERROR_ARGUMENT, "slice: 2 to 1 is outside axis 1 of size 3"},
    {slice_no_step, AD_ERROR_ARGUMENT, "slice: the step is 0"},
    {slice_no_axis, AD_ERROR_ARGUMENT, "slice: axis 2 is outside an input with 2 axes"},
    {pad_negative, AD_ERROR_ARGUMENT, "pad: the pad of axis 1 is negative"},
    {pad_overflow, AD_ERROR_SHAPE, "pad: axis 1 becomes too large"},
    {reflect_too_far, AD_ERROR_SHAPE,
     "pad_reflect: axis 1 of size 3 cannot be mirrored by 3 and 0"},
    {concat_misfit, AD_ERROR_SHAPE, "concat: input 1 differs from input 0 beyond axis 0"},
    {sum_axis_twice, AD_ERROR_ARGUMENT, "sum: an axis is out of range or given twice"},
    {sum_no_axis, AD_ERROR_ARGUMENT, "sum: an axis is out of range or given twice"},
    {mean_of_nothing, AD_ERROR_SHAPE, "mean: there is nothing to take it over"},
    {argmax_of_nothing, AD_ERROR_SHAPE, "argmax: axis 1 has 0 elements"},
    {matmul_misfit, AD_ERROR_SHAPE,
     "matmul: a has 3 columns, b has 4 rows (inputs [2, 3], [4, 5])"},
    {matmul_vector, AD_ERROR_SHAPE, "matmul: needs two axes or more on each side"},
    {matmul_batches, AD_ERROR_SHAPE, "matmul: the leading axes do not broadcast"},
    {conv_channels, AD_ERROR_SHAPE,
     "conv2d: input has 3 channels, weight expects 1 (inputs [1, 28, 28, 3], [5, 5, 1, 32])"},
    {conv_kernel_large, AD_ERROR_SHAPE,
     "conv2d: a kernel of height 7 with dilation 1 does not fit an input of 4 padded by 1"},
    {conv_groups, AD_ERROR_SHAPE, "conv2d: 5 output channels do not divide into 2 groups"},
    {conv_stride, AD_ERROR_ARGUMENT, "conv2d: stride is -1, expected 1 or more"},
    {conv_rank, AD_ERROR_SHAPE,
     "conv2d: input 0 has 2 axes, expected 4: [batch, height, width, channel]"},
    {conv_empty, AD_ERROR_SHAPE, "conv2d: input 0 is empty"},
    {conv_dilation_overflow, AD_ERROR_SHAPE, "does not fit an input of 8 padded by 0"},
    {input_grad_size, AD_ERROR_SHAPE,
     "conv2d_input_grad: a gradient of 8 x 8 does not belong to an input of 20 x 20"},
    {output_pad, AD_ERROR_ARGUMENT, "output_pad is 2, expected less than the stride"},
    {pool_no_size, AD_ERROR_ARGUMENT, "max_pool2d: the window's size is 0, expected 1 or more"},
    {pool_pad, AD_ERROR_ARGUMENT,
     "max_pool2d: pad is 2, expected 0 to half of the window's size 2"},
    {pool_large, AD_ERROR_SHAPE,
     "avg_pool2d: a window of height 9 does not fit an input of 8 padded by 0"},
    {adaptive_to_nothing, AD_ERROR_ARGUMENT, "avg_pool2d: cannot divide 8 cells into 0"},
    {resize_to_nothing, AD_ERROR_ARGUMENT, "resize2d: cannot go from 8 x 8 to 4 x 0"},
    {resize_mode, AD_ERROR_ARGUMENT, "resize2d: no such mode: 7"},
    {softmax_axis, AD_ERROR_ARGUMENT, "softmax: axis 2 is outside an input with 2 axes"},
    {float_labels, AD_ERROR_DTYPE, "cross_entropy: labels are f32, expected i32 or i64"},
    {label_shape, AD_ERROR_SHAPE,
     "cross_entropy: labels do not have the shape of the logits without their last axis"},
    {normalize_axes, AD_ERROR_ARGUMENT, "normalize: an axis is out of range or given twice"},
    {normalize_eps, AD_ERROR_ARGUMENT, "normalize: eps is nan, expected 0 or more"},
    {norm_groups, AD_ERROR_ARGUMENT, "normalize: 6 channels do not divide into 4 groups"},
    {gather_floats, AD_ERROR_DTYPE, "gather: indices are f32, expected i32 or i64"},
    {scatter_misfit, AD_ERROR_SHAPE,
     "scatter_add: the updates do not begin with the shape of the indices"},
    {one_hot_depth, AD_ERROR_ARGUMENT, "one_hot of i32 with 1 axes and depth 0"},
    {random_state, AD_ERROR_SHAPE,
     "random_normal: the state is i32, expected i64 [2]: seed and step"},
    {dropout_rate, AD_ERROR_ARGUMENT, "dropout of f32 at rate 1"},
    {missing_input, AD_ERROR_ARGUMENT, "mul: input 1 is missing (NULL)"},
};

static void nonsense_earns_a_sentence(void)
{
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; ++i) {
        open_graph();
        ad_node *node = nonsense[i].build();
        if (!ad_node_poisoned(node))
            CHECK_FAIL("row %zu (\"%s\") was accepted", i, nonsense[i].sentence);
        CHECK_INT(ad_graph_status(g), nonsense[i].status);
        CHECK_CONTAINS(ad_graph_error(g), nonsense[i].sentence);
        CHECK(strlen(ad_graph_error(g)) < 400);
        close_graph();
    }
}

static void poison_travels_and_the_first_error_stays(void)
{
    open_graph();
    ad_node *x = image(28, 28, 3);
    ad_scope_push(g, "features.%d", 0);
    ad_node *bad = ad_conv2d(x, weight(5, 1, 32), (ad_conv){0});
    ad_scope_pop(g);
    const char *sentence = "features.0: conv2d: input has 3 channels, weight expects 1 (inputs [1, "
                           "28, 28, 3], [5, 5, 1, 32])";
    CHECK_TEXT(ad_graph_error(g), sentence);
    CHECK(bad && ad_node_poisoned(bad));
    CHECK_TEXT(ad_node_name(bad), "poison");
    CHECK(ad_name(bad, "conv1") == bad);
    CHECK(ad_relu(bad) == bad);
    CHECK(ad_add(x, bad) == bad);
    CHECK(ad_where(bad, NULL, x) == bad);
    CHECK(ad_concat((ad_node *[]){x, bad}, 2, 0) == bad);
    CHECK(ad_group_norm(bad, 2, NULL, NULL, 0) == bad);
    CHECK(ad_conv2d_transposed(bad, x, 0, (ad_conv){0}) == bad);
    CHECK(ad_dropout(bad, 0.5, bad) == bad);
    CHECK(ad_sum(bad, ad_axes(9), false) == bad);
    CHECK(ad_reshape(bad, ad_shape(-5)) == bad);
    ad_node *grads[1] = {NULL};
    ad_gradients(bad, &x, 1, grads);
    CHECK(grads[0] == bad);
    CHECK_TEXT(ad_graph_error(g), sentence);
    CHECK_INT(ad_graph_status(g), AD_ERROR_SHAPE);
    /* Without any graph in sight there is nothing to answer but NULL. */
    CHECK(ad_relu(NULL) == NULL);
    CHECK(ad_add(NULL, NULL) == NULL);
    CHECK(ad_fill(NULL, AD_F32, ad_shape(1), 0) == NULL);
    CHECK(ad_node_poisoned(NULL));
    close_graph();
}

static void graphs_do_not_mix(void)
{
    open_graph();
    ad_graph *other = ad_graph_new(ctx);
    ad_node *x = two(2, 3), *y = ad_input(other, "y", AD_F32, ad_shape(2, 3));
    CHECK(ad_node_poisoned(ad_add(x, y)));
    CHECK_CONTAINS(ad_graph_error(g), "add: input 1 belongs to another graph");
    CHECK_INT(ad_graph_status(other), AD_OK);
    ad_graph_free(other);
    close_graph();
}

static void names_and_scopes(void)
{
    open_graph();
    ad_node *x = two(2, 3);
    CHECK_TEXT(ad_node_name(x), "x");
    CHECK_TEXT(ad_node_name(ad_relu(x)), "relu_1");
    ad_scope_push(g, "layer%d", 1);
    ad_scope_push(g, "0");
    CHECK_TEXT(ad_node_name(ad_name(ad_relu(x), "act")), "layer1.0.act");
    CHECK_TEXT(ad_node_name(ad_exp(x)), "layer1.0.exp_3");
    ad_scope_pop(g);
    CHECK_TEXT(ad_node_name(ad_name(ad_relu(x), "act")), "layer1.act");
    CHECK_TEXT(ad_node_name(ad_input(g, "z", AD_F32, ad_shape(1))), "z");
    ad_scope_pop(g);
    CHECK_TEXT(ad_node_name(ad_name(x, "other")), "x"); /* an input is bound by its name */
    CHECK_INT(ad_graph_status(g), AD_OK);
    ad_scope_pop(g);
    CHECK_CONTAINS(ad_graph_error(g), "scope");
    close_graph();
}

static void variables_are_read_once(void)
{
    open_graph();
    float data[6] = {0};
    ad_storage storage = {.ctx = ctx, .data = data, .bytes = sizeof data};
    ad_variable v = {
        .name = "fc.weight", .dtype = AD_F32, .shape = ad_shape(2, 3), .storage = &storage};
    ad_node *read = ad_read(g, &v);
    CHECK_TEXT(ad_node_name(read), "fc.weight");
    CHECK(ad_read(g, &v) == read);
    CHECK_TEXT(ad_node_op(ad_assign(g, &v, ad_neg(read))), "assign");
    CHECK_INT(ad_graph_verify(g), AD_OK);
    CHECK(ad_node_poisoned(ad_assign(g, &v, ad_transpose(read))));
    CHECK_CONTAINS(ad_graph_error(g),
                   "assign: fc.weight is f32 [2, 3], the value is f32 (input [3, 2])");
    close_graph();
}

static void gradients_are_named_and_shaped(void)
{
    open_graph();
    ad_node *x = image(8, 8, 3), *w = weight(3, 3, 4), *unused = f32("unused", ad_shape(7));
    ad_node *h = ad_relu(ad_conv2d(x, w, (ad_conv){.pad = 1}));
    ad_node *loss = ad_mean(ad_square(h), AD_ALL_AXES, false), *grads[3];
    ad_gradients(loss, (ad_node *[]){w, unused, x}, 3, grads);
    SHAPE(grads[0], 3, 3, 3, 4);
    SHAPE(grads[1], 7);
    SHAPE(grads[2], 1, 8, 8, 3);
    CHECK_TEXT(ad_node_name(grads[0]), "grad.w");
    CHECK_TEXT(ad_node_name(grads[1]), "grad.unused");
    CHECK_TEXT(ad_node_op(grads[1]), "fill");
    CHECK_TEXT(ad_node_name(grads[2]), "grad.x");
    ad_node *second;
    ad_gradients(ad_sum(ad_square(grads[0]), AD_ALL_AXES, false), &x, 1, &second);
    SHAPE(second, 1, 8, 8, 3);
    ad_node *stopped;
    ad_gradients(ad_sum(ad_stop_gradient(x), AD_ALL_AXES, false), &x, 1, &stopped);
    CHECK_TEXT(ad_node_op(stopped), "fill");
    CHECK_INT(ad_graph_verify(g), AD_OK);
    close_graph();
}

static void gradients_refuse(void)
{
    ad_node *grad;
    open_graph();
    ad_node *x = two(2, 3);
    ad_gradients(x, &x, 1, &grad);
    CHECK(ad_node_poisoned(grad));
    CHECK_CONTAINS(ad_graph_error(g), "gradients: x has shape [2, 3], expected a scalar");
    close_graph();
    open_graph();
    ad_node *i = ints("i", 3);
    ad_gradients(ad_sum(i, AD_ALL_AXES, false), &i, 1, &grad);
    CHECK_CONTAINS(ad_graph_error(g), "gradients: output sum_1 is i32, expected floats");
    close_graph();
    open_graph();
    ad_node *label = ints("label", 2),
            *loss = ad_sum(ad_cross_entropy(two(2, 3), label), AD_ALL_AXES, false);
    ad_gradients(loss, &label, 1, &grad);
    CHECK_CONTAINS(ad_graph_error(g), "gradients: wrt label is i32, expected floats");
    close_graph();
    open_graph();
    x = two(2, 3);
    ad_node *seed = ad_fill(g, AD_F32, ad_shape(3, 2), 1);
    ad_gradients_seeded(&x, &seed, 1, &x, 1, &grad);
    CHECK_CONTAINS(ad_graph_error(g),
                   "gradients: the seed of x is f32 [3, 2], expected f32 [2, 3]");
    close_graph();
}

/* Verifying must notice a node that a pass has bent, name it, and leave the graph usable. */
static void verifier_catches_tampering(void)
{
    open_graph();
    ad_node *x = image(8, 8, 3),
            *conv = ad_name(ad_conv2d(x, weight(3, 3, 4), (ad_conv){.pad = 1}), "conv1");
    ad_node *y = ad_relu(conv);
    CHECK_INT(ad_graph_verify(g), AD_OK);
    conv->shape.dim[1] = 9;
    CHECK_INT(ad_graph_verify(g), AD_ERROR_SHAPE);
    CHECK_TEXT(ad_error(ctx), "conv1: has shape [1, 9, 8, 4], its rule gives [1, 8, 8, 4]");
    conv->shape.dim[1] = 8;
    conv->dtype = AD_F64;
    CHECK_INT(ad_graph_verify(g), AD_ERROR_DTYPE);
    conv->dtype = AD_F32;
    ((ad_attr_conv *)conv->attr)->groups = 2;
    CHECK_INT(ad_graph_verify(g), AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "conv1: conv2d: input has 3 channels");
    ((ad_attr_conv *)conv->attr)->groups = 1;
    y->inputs[0] = y;
    CHECK(ad_graph_verify(g) != AD_OK);
    CHECK_CONTAINS(ad_error(ctx), "relu_3: input 0 does not precede it");
    y->inputs[0] = conv;
    y->id = 7;
    CHECK(ad_graph_verify(g) != AD_OK);
    y->id = 3;
    y->op = AD_OPS;
    CHECK(ad_graph_verify(g) != AD_OK);
    y->op = AD_OP_RELU;
    CHECK_INT(ad_graph_verify(g), AD_OK);
    CHECK_INT(ad_graph_status(g), AD_OK);
    close_graph();
}

static void collect(void *user, const char *text, size_t length)
{
    ad_text_bytes(user, text, length);
}

static void printers(void)
{
    open_graph();
    ad_node *x = image(8, 8, 3), *w = weight(3, 3, 4);
    ad_node *conv = ad_name(ad_conv2d(x, w, (ad_conv){.stride = 2, .pad = 1}), "con\"v1"),
            *y = ad_relu(conv);
    ad_relu(x); /* not needed by y */
    ad_text text;
    ad_text_init(&text, ctx);
    CHECK_INT(ad_graph_print(g, &y, 1, AD_TEXT, collect, &text), AD_OK);
    CHECK_TEXT(ad_text_get(&text), "%0 x      = input() f32 [1, 8, 8, 3]\n"
                                   "%1 w      = input() f32 [3, 3, 3, 4]\n"
                                   "%2 con\"v1 = conv2d(%0, %1) f32 [1, 4, 4, 4], stride=2, pad=1\n"
                                   "%3 relu_3 = relu(%2) f32 [1, 4, 4, 4]\n");
    ad_text_free(&text);
    CHECK_INT(ad_graph_print(g, NULL, 0, AD_DOT, collect, &text), AD_OK);
    CHECK_CONTAINS(ad_text_get(&text), "digraph autodidact {");
    CHECK_CONTAINS(ad_text_get(&text),
                   "label=\"con\\\"v1\\nconv2d, stride=2, pad=1\\nf32 [1, 4, 4, 4]\"");
    CHECK_CONTAINS(ad_text_get(&text), "n2 -> n3;");
    CHECK_CONTAINS(ad_text_get(&text), "n0 -> n4;");
    ad_text_free(&text);
    CHECK_INT(ad_graph_print(g, &y, 1, AD_JSON, collect, &text), AD_OK);
    CHECK_CONTAINS(
        ad_text_get(&text),
        "{\"id\": 2, \"name\": \"con\\\"v1\", \"op\": \"conv2d\", \"dtype\": \"f32\", \"shape\": "
        "[1, 4, 4, 4], \"inputs\": [0, 1], \"attributes\": \"stride=2, pad=1\"}");
    ad_text_free(&text);
    CHECK_INT(ad_graph_print(g, &y, 1, (ad_format)9, collect, &text), AD_ERROR_ARGUMENT);
    close_graph();
}

/* A network with its gradients, built while the n-th allocation is refused: an error each time,
 * never a crash, and nothing is left behind. */
typedef struct ration {
    long left, held;
} ration;

static void *rationed(void *user, size_t bytes)
{
    ration *r = user;
    if (r->left-- <= 0) return NULL;
    ++r->held;
    return aligned_alloc(64, (bytes + 63) & ~(size_t)63);
}

static void returned(void *user, void *memory, size_t bytes)
{
    (void)bytes;
    --((ration *)user)->held;
    free(memory);
}

static ad_status build_and_print(void)
{
    ad_scope_push(g, "net");
    ad_node *x = image(8, 8, 3), *w = weight(3, 3, 4), *grads[2], *second;
    ad_node *h = ad_gelu(ad_instance_norm(ad_conv2d(x, w, (ad_conv){.pad = 1}), NULL, NULL, 1e-5));
    h = ad_concat(
        (ad_node *[]){
            h, ad_name(ad_max_pool2d(h, (ad_window){.size = 3, .stride = 1, .pad = 1}), "pool")},
        2, -1);
    ad_gradients(ad_mean(ad_square(h), AD_ALL_AXES, false), (ad_node *[]){x, w}, 2, grads);
    ad_gradients(ad_sum(ad_square(grads[1]), AD_ALL_AXES, false), &x, 1, &second);
    ad_scope_pop(g);
    if (ad_graph_status(g) != AD_OK) return ad_graph_status(g);
    ad_text text;
    ad_text_init(&text, ctx);
    ad_status status = ad_graph_print(g, &second, 1, AD_JSON, collect, &text);
    if (text.failed) status = AD_ERROR_MEMORY;
    ad_text_free(&text);
    return status;
}

static void refused_memory_is_an_error(void)
{
    ad_status status = AD_ERROR_MEMORY;
    long n = 0;
    for (; status != AD_OK && n < 2000; ++n) {
        ration r = {n, 0};
        ctx = ad_context_new(
            &(ad_context_options){.allocator = {rationed, returned, &r}, .threads = 1});
        if (!ctx) continue;
        g = ad_graph_new(ctx);
        status = g ? build_and_print() : AD_ERROR_MEMORY;
        if (status != AD_OK) CHECK_INT(status, AD_ERROR_MEMORY);
        ad_graph_free(g);
        ad_context_free(ctx);
        CHECK_INT(r.held, 0);
    }
    CHECK_INT(status, AD_OK);
    CHECK(n > 5);
}

static void pooling_windows(void)
{
    ad_attr_pool window = {
        .size = {3, 3}, .stride = {2, 2}, .pad = {1, 1}, .ceil_mode = 1, .out = {4, 4}};
    int64_t begin, end;
    ad_pool_range(&window, 0, 6, 0, &begin, &end);
    CHECK(begin == 0 && end == 2);
    ad_pool_range(&window, 0, 6, 3, &begin, &end);
    CHECK(begin == 5 && end == 6);
    CHECK_INT(ad_pool_divisor(&window, 0, 6, 0), 3); /* the left padding counts */
    CHECK_INT(ad_pool_divisor(&window, 0, 6, 3),
              2); /* of 5, 6, 7 the last is beyond the right padding */
    window.exclude_pad = 1;
    CHECK_INT(ad_pool_divisor(&window, 0, 6, 0), 2);
    ad_attr_pool adaptive = {.adaptive = 1, .out = {3, 3}};
    ad_pool_range(&adaptive, 0, 10, 1, &begin, &end);
    CHECK(begin == 3 && end == 7);
    CHECK_INT(ad_pool_divisor(&adaptive, 0, 10, 1), 4);
}

static void resize_taps(void)
{
    int64_t index[4];
    double weight_of[4];
    CHECK_INT(ad_resize_taps(AD_NEAREST, 5, 3, 2, index, weight_of), 1);
    CHECK_INT(index[0], 3);
    CHECK_INT(ad_resize_taps(AD_BILINEAR, 4, 8, 0, index, weight_of), 2);
    CHECK_NEAR(weight_of[1], 0, 0);
    CHECK_INT(ad_resize_taps(AD_BILINEAR, 4, 8, 3, index, weight_of), 2);
    CHECK_INT(index[0], 1);
    CHECK_NEAR(weight_of[1], 0.25, 1e-15);
    for (int i = 0; i < 7; ++i) {
        double sum = 0;
        CHECK_INT(ad_resize_taps(AD_BICUBIC, 4, 7, i, index, weight_of), 4);
        for (int k = 0; k < 4; ++k) {
            CHECK(index[k] >= 0 && index[k] < 4);
            sum += weight_of[k];
        }
        CHECK_NEAR(sum, 1, 1e-14);
    }
    /* Halfway between two pixels: -3/32, 19/32, 19/32, -3/32. */
    ad_resize_taps(AD_BICUBIC, 8, 4, 1, index, weight_of);
    CHECK_NEAR(weight_of[0], -0.09375, 1e-15);
    CHECK_NEAR(weight_of[1], 0.59375, 1e-15);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(elementwise_and_movement_shapes),
                                     CASE(reductions_and_products_shapes),
                                     CASE(image_shapes),
                                     CASE(nonsense_earns_a_sentence),
                                     CASE(poison_travels_and_the_first_error_stays),
                                     CASE(graphs_do_not_mix),
                                     CASE(names_and_scopes),
                                     CASE(variables_are_read_once),
                                     CASE(gradients_are_named_and_shaped),
                                     CASE(gradients_refuse),
                                     CASE(verifier_catches_tampering),
                                     CASE(printers),
                                     CASE(refused_memory_is_an_error),
                                     CASE(pooling_windows),
                                     CASE(resize_taps),
                                     {0}});
}
