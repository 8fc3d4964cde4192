/* builders.c - builders fed with nonsense, and the numbers that pooling and resizing are made of.
 */
#include "recording.h"

#include "graph/node.h"
#include "ops/attrs.h"

/* Every kind of nonsense, and the sentence that it earns. Each runs in a graph of its own. */
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
NONSENSE(logsumexp_of_ints, ad_logsumexp(ints("i", 3), AD_ALL_AXES, false))
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
NONSENSE(scatter_base, ad_scatter_add_to(two(5, 2), ints("i", 2), f32("y", ad_shape(2, 3))))
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
    {name_twice, AD_ERROR_ARGUMENT, "input: there is already one called x"},
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
    {mean_of_nothing, AD_ERROR_SHAPE, "mean: there is nothing to reduce"},
    {logsumexp_of_ints, AD_ERROR_DTYPE, "logsumexp: takes floats, input 0 is i32"},
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
    {scatter_base, AD_ERROR_SHAPE,
     "scatter_add: what is added to does not have the shape and type of the result"},
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

/* Builders called at random on whatever is there, with sizes and axes that mostly make no sense:
 * each call records a node that verifies, or poisons the graph with a sentence. Gradients of what
 * was recorded verify too. */
static uint64_t dice;
static int64_t roll(int64_t n)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((dice >> 33) % (uint64_t)n);
}

static int64_t size(void)
{
    static const int64_t sizes[] = {0, 1, 2, 3, 4, 6, -1, -3, 1 << 20, INT64_MAX, INT64_MIN};
    return sizes[roll(16) < 13 ? roll(6) : roll(11)];
}

static ad_shape any_shape(void)
{
    ad_shape shape = {.rank = (int)roll(roll(8) ? 5 : 12)};
    for (int i = 0; i < shape.rank && i < AD_MAX_RANK; ++i) shape.dim[i] = size();
    return shape;
}

static ad_node *any_node(void)
{
    return g->nodes[roll(g->n_nodes)];
}

static ad_node *any_call(void)
{
    ad_node *a = any_node(), *b = any_node(), *c = any_node();
    int64_t pads[2][AD_MAX_RANK];
    int order[AD_MAX_RANK];
    for (int i = 0; i < AD_MAX_RANK; ++i)
        pads[0][i] = size(), pads[1][i] = roll(3), order[i] = (int)(i ^ roll(2));
    ad_axes axes = {.count = (int)roll(4),
                    .axis = {(int)roll(7) - 3, (int)roll(7) - 3, (int)roll(7) - 3}};
    ad_conv conv = {.stride = (int)roll(4),
                    .pad = (int)roll(4) - 1,
                    .pad_w = (int)roll(3) - 1,
                    .dilation = (int)roll(3),
                    .groups = (int)roll(4)};
    ad_window window = {.size = (int)roll(5),
                        .stride = (int)roll(4),
                        .pad = (int)roll(3),
                        .ceil_mode = roll(2),
                        .exclude_pad = roll(2)};
    int axis = (int)roll(7) - 3;
    switch (roll(48)) {
    case 0: return ad_fill(g, (ad_dtype)roll(AD_DTYPES + 1), any_shape(), 1);
    case 1: return ad_iota(g, (ad_dtype)roll(AD_DTYPES), any_shape(), axis);
    case 2: return ad_relu(a);
    case 3: return ad_gelu_tanh(a);
    case 4: return ad_cast(a, (ad_dtype)roll(AD_DTYPES));
    case 5: return ad_add(a, b);
    case 6: return ad_pow(a, b);
    case 7: return ad_less(a, b);
    case 8: return ad_where(a, b, c);
    case 9: return ad_broadcast(a, any_shape());
    case 10: return ad_reshape(a, any_shape());
    case 11: return ad_flatten(a, axis);
    case 12: return ad_permute(a, order);
    case 13: return ad_transpose(a);
    case 14: return ad_slice(a, axis, size(), size(), size());
    case 15: return ad_pad(a, pads[0], pads[1], 1);
    case 16: return ad_pad_reflect(a, pads[1], pads[1]);
    case 17: return ad_concat((ad_node *[]){a, b, a}, 3, axis);
    case 18: return ad_sum(a, axes, roll(2));
    case 19: return ad_mean(a, axes, roll(2));
    case 20: return ad_max(a, axes, roll(2));
    case 21: return ad_argmax(a, axis, roll(2));
    case 22: return ad_matmul_with(a, b, (ad_matmul_options){roll(2), roll(2)});
    case 23: return ad_conv2d(a, b, conv);
    case 24: return ad_conv2d_input_grad(a, b, size(), size(), conv);
    case 25: return ad_conv2d_weight_grad(a, b, size(), size(), conv);
    case 26: return ad_conv2d_transposed(a, b, (int)roll(3) - 1, conv);
    case 27: return ad_max_pool2d(a, window);
    case 28: return ad_avg_pool2d(a, window);
    case 29: return ad_adaptive_avg_pool2d(a, size(), size());
    case 30: return ad_adaptive_max_pool2d(a, size(), size());
    case 31: return ad_resize2d(a, size(), size(), (ad_resize)roll(4));
    case 32: return ad_softmax(a, axis);
    case 33: return ad_log_softmax(a, axis);
    case 34: return ad_cross_entropy(a, b);
    case 35: return ad_normalize(a, axes, 1e-5);
    case 36: return ad_group_norm(a, (int)roll(4), b, c, 1e-5);
    case 37: return ad_gather(a, b);
    case 38: return ad_scatter_add(a, b, size());
    case 39: return ad_one_hot(a, size(), AD_F32);
    case 40: return ad_random_uniform(a, (ad_dtype)roll(AD_DTYPES), any_shape());
    case 41: return ad_dropout(a, 0.25 * (double)roll(5), b);
    case 42: return ad_instance_norm(a, b, NULL, 1e-5);
    case 43: return ad_scatter_add_to(a, b, c);
    case 44: return ad_logsumexp(a, axes, roll(2));
    case 45: return ad_quantized_linear(a, b, (ad_quantized)roll(3));
    case 46: return ad_dequantize(ad_cast(a, AD_U8), (ad_quantized)roll(3));
    default: return ad_input(g, roll(2) ? "more" : "", (ad_dtype)roll(AD_DTYPES), any_shape());
    }
}

static void random_calls_are_recorded_or_refused(void)
{
    int recorded = 0, refused = 0;
    for (int round = 0; round < 4000; ++round) {
        dice = (uint64_t)round;
        open_graph();
        f32("x", ad_shape(2, 6, 4, 3)), f32("w", ad_shape(3, 3, 3, 2)), f32("s", ad_shape(3));
        ad_input(g, "state", AD_I64, ad_shape(2)), ints("i", 6);
        for (int64_t call = roll(5); call >= 0; --call) {
            ad_node *node = any_call();
            bool bad = ad_graph_status(g) != AD_OK;
            if (!node || bad != ad_node_poisoned(node))
                CHECK_FAIL("round %d: %s", round, ad_graph_error(g));
            CHECK(bad == (*ad_graph_error(g) != 0));
            if (bad) break;
        }
        CHECK_INT(ad_graph_verify(g), AD_OK);
        ad_graph_status(g) == AD_OK ? ++recorded : ++refused;
        ad_node *y = g->nodes[g->n_nodes - 1], *x = g->nodes[0], *grad;
        if (ad_graph_status(g) == AD_OK && ad_dtype_is_float(ad_node_dtype(y))) {
            ad_gradients(ad_sum(y, AD_ALL_AXES, false), &x, 1, &grad);
            if (ad_node_poisoned(grad)) CHECK_FAIL("round %d: %s", round, ad_graph_error(g));
            if (ad_graph_verify(g) != AD_OK) CHECK_FAIL("round %d: %s", round, ad_error(ctx));
        }
        close_graph();
    }
    CHECK(recorded > 20);
    CHECK(refused > 20);
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
                      (check_case[]){CASE(nonsense_earns_a_sentence),
                                     CASE(random_calls_are_recorded_or_refused),
                                     CASE(pooling_windows),
                                     CASE(resize_taps),
                                     {0}});
}
