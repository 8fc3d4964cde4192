/* Sums whose terms are made in the sum's own memory: the gradient of a table that is read twice,
 * products added up, and a gradient over the logits that it came from. */
#include <autodidact/nn.h>
#include <autodidact/ops.h>
#include <autodidact/program.h>

#include "check.h"
#include "plan/plan.h"

static ad_context *ctx;

/* The result of a program compiled so, and its arena; NULL after a failure. */
static float *result(ad_node *y, ad_compile_options options, size_t *arena)
{
    ad_program *p = NULL;
    size_t bytes = (size_t)ad_shape_count(ad_node_shape(y)) * sizeof(float);
    float *copy = NULL;
    if (ad_compile(&p, ctx, &y, 1, &options) || ad_program_verify(p) || ad_run(p)) {
        CHECK_FAIL("%s", ad_error(ctx));
    } else {
        *arena = ad_program_get_stats(p).arena_bytes;
        copy = malloc(bytes);
        if (copy) memcpy(copy, ad_result(p, y), bytes);
    }
    ad_program_free(p);
    return copy;
}

/* The program against one made without a stage, or (NULL) without any. */
static void check_without(ad_node *y, const float *got, const char *stage, size_t most)
{
    size_t arena = 0;
    float *other = result(y, (ad_compile_options){.no_passes = !stage, .skip_pass = stage}, &arena);
    for (int64_t i = 0; got && other && i < ad_shape_count(ad_node_shape(y)); ++i)
        CHECK_NEAR(got[i], other[i], 1e-5);
    if (!stage && arena <= most)
        CHECK_FAIL("without any stage %zu bytes are enough already", arena);
    free(other);
}

static void check_all(ad_node *y, size_t most)
{
    static const char *const stages[] = {NULL, "in_place", "homes", "simplify", "fuse"};
    size_t arena = 0;
    float *got = result(y, (ad_compile_options){0}, &arena);
    if (arena > most) CHECK_FAIL("an arena of %zu bytes, expected %zu at most", arena, most);
    for (int k = 0; k < 5; ++k) check_without(y, got, stages[k], most);
    free(got);
}

static ad_variable *normal(ad_vars *vars, const char *name, int64_t rows, int64_t columns)
{
    return ad_var(vars, name, ad_shape(rows, columns),
                  (ad_var_options){.init = {.kind = AD_INIT_NORMAL, .a = 0.1}});
}

/* The embedding that is also the output layer: its gradients are one product, which the embedding's
 * rows are added to where it lies in the block of all gradients. */
static void tied_embedding(void)
{
    enum { ROWS = 6, VOCAB = 3000, WIDTH = 40 };
    ad_graph *g = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 3);
    ad_node *table = ad_read(g, normal(vars, "table", VOCAB, WIDTH)),
            *weight = ad_read(g, normal(vars, "weight", WIDTH, WIDTH)), *grads[2];
    ad_node *tokens = ad_constant(g, AD_I32, ad_shape(ROWS), (int32_t[]){7, 2999, 0, 7, 3000, 7});
    ad_node *labels = ad_constant(g, AD_I32, ad_shape(ROWS), (int32_t[]){1, 2, 7, -1, 4, 2999});
    ad_node *x = ad_tanh(ad_matmul(ad_gather(table, tokens), weight));
    ad_node *logits = ad_matmul_with(x, table, (ad_matmul_options){.transpose_b = true});
    ad_gradients(ad_cross_entropy_loss(logits, labels), (ad_node *[]){weight, table}, 2, grads);
    ad_node *parts[2] = {ad_reshape(grads[0], ad_shape(-1)), ad_reshape(grads[1], ad_shape(-1))};
    size_t block = sizeof(float) * (VOCAB + WIDTH) * WIDTH, step = sizeof(float) * ROWS * VOCAB;
    check_all(ad_concat(parts, 2, 0), block + 3 * step);
    ad_graph_free(g);
    ad_vars_free(vars);
}

/* a1 b1 + a2 b2 + a3 b3, alone and as a part of something. */
static void products(void)
{
    enum { N = 96, SUM = 4 * N * N };
    ad_graph *g = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 4);
    ad_node *sum = NULL;
    for (int i = 0; i < 3; ++i) {
        ad_node *a = ad_read(g, normal(vars, i ? i == 1 ? "a1" : "a2" : "a0", N, N));
        ad_node *b = ad_read(g, normal(vars, i ? i == 1 ? "b1" : "b2" : "b0", N, N));
        ad_node *product = ad_matmul(a, b);
        sum = sum ? ad_add(product, sum) : product;
    }
    size_t arena = 0, workspace = 0;
    free(result(ad_matmul(ad_read(g, ad_var_find(vars, "a0")), ad_read(g, ad_var_find(vars, "b0"))),
                (ad_compile_options){0}, &workspace)); /* one product, and what it works with */
    free(result(sum, (ad_compile_options){0}, &arena));
    CHECK_INT(arena, workspace);
    ad_node *parts[2] = {ad_fill(g, AD_F32, ad_shape(1, N), 2), sum};
    check_all(ad_concat(parts, 2, 0), workspace + 4 * N);
    parts[1] = ad_add(sum, ad_exp(sum)); /* it is read twice */
    check_all(ad_concat(parts, 2, 0), workspace + 4 * N + SUM);
    ad_graph_free(g);
    ad_vars_free(vars);
}

/* The logits are gone once their gradient is there, unless somebody else reads them. */
static void gradient_over_logits(void)
{
    enum { ROWS = 50, CLASSES = 700, BYTES = 4 * ROWS * CLASSES };
    int32_t chosen[ROWS];
    ad_graph *g = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 5);
    for (int i = 0; i < ROWS; ++i) chosen[i] = i * 15 - 1;
    ad_node *logits = ad_exp(ad_read(g, normal(vars, "x", ROWS, CLASSES))), *grad;
    ad_node *labels = ad_constant(g, AD_I32, ad_shape(ROWS), chosen);
    ad_gradients(ad_cross_entropy_loss(logits, labels), &logits, 1, &grad);
    check_all(grad, BYTES + 1024);
    check_all(ad_mul(grad, logits), 2 * BYTES + 1024);
    ad_graph_free(g);
    ad_vars_free(vars);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int failed = check_main(
        argc, argv,
        (check_case[]){CASE(tied_embedding), CASE(products), CASE(gradient_over_logits), {0}});
    ad_context_free(ctx);
    return failed;
}
