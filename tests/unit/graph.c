/* graph.c - what builders record: shapes, errors and how they travel, names, the verifier, the
 * printers. */
#include "recording.h"
#include "sparing.h"

#include "graph/node.h"
#include "ops/attrs.h"

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
    CHECK(ad_graph_context(g) == ctx);
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

/* A network with its gradients, recorded and printed. */
static ad_status build_and_print(ad_context *poor)
{
    g = ad_graph_new(poor);
    if (!g) return AD_ERROR_MEMORY;
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
    ad_text text;
    ad_text_init(&text, poor);
    ad_status status = ad_graph_status(g);
    if (status == AD_OK) status = ad_graph_print(g, &second, 1, AD_JSON, collect, &text);
    if (text.failed) status = AD_ERROR_MEMORY;
    ad_text_free(&text);
    ad_graph_free(g);
    return status;
}

static void refused_memory_is_an_error(void)
{
    sparing_check(build_and_print);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(elementwise_and_movement_shapes),
                                     CASE(reductions_and_products_shapes),
                                     CASE(image_shapes),
                                     CASE(poison_travels_and_the_first_error_stays),
                                     CASE(graphs_do_not_mix),
                                     CASE(names_and_scopes),
                                     CASE(variables_are_read_once),
                                     CASE(gradients_are_named_and_shaped),
                                     CASE(gradients_refuse),
                                     CASE(verifier_catches_tampering),
                                     CASE(printers),
                                     CASE(refused_memory_is_an_error),
                                     {0}});
}
