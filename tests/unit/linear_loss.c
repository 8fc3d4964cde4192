/* The cross-entropy of a linear layer in blocks of rows, against the same at once. */
#include <autodidact/nn.h>
#include <autodidact/ops.h>
#include <autodidact/program.h>

#include "check.h"
#include "plan/plan.h"

enum { ROWS = 37, WIDTH = 10, CLASSES = 53, RESULTS = 3 };

static ad_context *ctx;

typedef struct net {
    ad_graph *graph;
    ad_vars *vars;
    ad_node *out[RESULTS]; /* loss, gradients to the inputs of the layer and to its weight */
} net;

/* As in a language model: what the layer multiplies has been made from its weight, too. */
static void open_net(net *n, int64_t rows, int64_t classes, ad_dtype dtype, int64_t block)
{
    *n = (net){ad_graph_new(ctx), ad_vars_new(ctx, 5), {NULL}};
    ad_var_options options = {.init = {.kind = AD_INIT_NORMAL, .a = 0.7}, .dtype = dtype};
    int32_t *labels = malloc((size_t)rows * sizeof *labels);
    for (int64_t i = 0; labels && i < rows; ++i) /* some are no class */
        labels[i] = (int32_t)((i * 31) % (classes + 2)) - 1;
    ad_node *w = ad_param(n->graph, n->vars, "w", ad_shape(classes, WIDTH), options);
    ad_node *x = ad_param(n->graph, n->vars, "x", ad_shape(rows, WIDTH), options);
    ad_node *label = ad_constant(n->graph, AD_I32, ad_shape(rows), labels);
    ad_node *hidden = ad_tanh(ad_add(x, ad_gather(w, label)));
    n->out[0] = block < 0 ? ad_cross_entropy_loss(ad_matmul(hidden, ad_transpose(w)), label)
                          : ad_linear_cross_entropy_loss(hidden, w, label, block);
    ad_gradients(n->out[0], (ad_node *[]){x, w}, 2, n->out + 1);
    free(labels);
}

static void close_net(net *n)
{
    ad_graph_free(n->graph);
    ad_vars_free(n->vars);
}

/* The results of a run, one behind the other; count in *n. */
static char *run(net *of, int outputs, ad_compile_options options, size_t *arena, size_t *bytes)
{
    ad_program *p = NULL;
    char *all = NULL;
    *bytes = 0;
    if (ad_compile(&p, ctx, of->out, outputs, &options) || ad_program_verify(p) || ad_run(p)) {
        CHECK_FAIL("%s", ad_error(ctx));
        return NULL;
    }
    if (arena) *arena = ad_program_get_stats(p).arena_bytes;
    for (int i = 0; i < outputs; ++i) {
        size_t size = (size_t)ad_shape_count(ad_node_shape(of->out[i])) *
                      ad_dtype_size(ad_node_dtype(of->out[i]));
        char *more = realloc(all, *bytes + size);
        if (!more) break;
        all = more;
        memcpy(all + *bytes, ad_result_at(p, i), size);
        *bytes += size;
    }
    ad_program_free(p);
    return all;
}

static double element(const char *all, size_t i, ad_dtype dtype)
{
    return dtype == AD_F64 ? ((const double *)(const void *)all)[i]
                           : (double)((const float *)(const void *)all)[i];
}

static void blocks_are_the_whole(void)
{
    static const int64_t sizes[] = {1, 2, 7, 16, 36, 37, 100, 0};
    for (int wide = 0; wide < 2; ++wide) {
        ad_dtype dtype = wide ? AD_F64 : AD_F32;
        size_t bytes, other;
        net whole, part;
        open_net(&whole, ROWS, CLASSES, dtype, -1);
        char *want = run(&whole, RESULTS, (ad_compile_options){0}, NULL, &bytes);
        for (int k = 0; k < 8; ++k) {
            open_net(&part, ROWS, CLASSES, dtype, sizes[k]);
            for (int variant = 0; variant < 2; ++variant) {
                char *got = run(&part, RESULTS, (ad_compile_options){.no_passes = variant}, NULL,
                                &other);
                CHECK_INT(bytes, other);
                for (size_t i = 0; want && got && i < bytes / ad_dtype_size(dtype); ++i)
                    CHECK_NEAR(element(got, i, dtype), element(want, i, dtype),
                               wide ? 1e-14 : 2e-6);
                bool once = !variant && (!sizes[k] || sizes[k] >= ROWS);
                if (once && want && got) CHECK(!memcmp(got, want, bytes));
                free(got);
            }
            close_net(&part);
        }
        free(want);
        close_net(&whole);
    }
}

static double loss_of(net *n)
{
    size_t bytes;
    char *all = run(n, 1, (ad_compile_options){0}, NULL, &bytes);
    double loss = all ? element(all, 0, AD_F64) : NAN;
    free(all);
    return loss;
}

static void gradients_are_differences(void)
{
    static double values[CLASSES * WIDTH];
    static const char *const names[] = {"x", "w"};
    const double step = 1e-5;
    size_t bytes, at = 1;
    net n;
    open_net(&n, ROWS, CLASSES, AD_F64, 8);
    char *all = run(&n, RESULTS, (ad_compile_options){0}, NULL, &bytes);
    for (int v = 0; v < 2 && all; ++v) {
        ad_variable *variable = ad_var_find(n.vars, names[v]);
        int64_t count = ad_shape_count(ad_variable_shape(variable));
        ad_variable_get(n.vars, variable, values);
        for (int64_t i = 0; i < count; i += 13) {
            double middle = values[i];
            values[i] = middle + step, ad_variable_set(n.vars, variable, values);
            double more = loss_of(&n);
            values[i] = middle - step, ad_variable_set(n.vars, variable, values);
            double less = loss_of(&n);
            values[i] = middle, ad_variable_set(n.vars, variable, values);
            CHECK_NEAR(element(all, at + (size_t)i, AD_F64), (more - less) / (2 * step), 1e-9);
        }
        at += (size_t)count;
    }
    free(all);
    close_net(&n);
}

/* Forward, and forward with backward: what one block's logits take, where all would be 16 times as
 * much; the same bits with other numbers of threads. */
static void one_block_at_a_time(void)
{
    enum { MANY = 1024, WORDS = 3000, BLOCK = 64, LOGITS = BLOCK * WORDS * 4 };
    for (int outputs = 1; outputs <= RESULTS; outputs += RESULTS - 1) {
        size_t arena = 0, whole = 0, bytes, kept = outputs == 1 ? 0 : 4 * WIDTH * (MANY + WORDS);
        net n;
        open_net(&n, MANY, WORDS, AD_F32, -1);
        free(run(&n, outputs, (ad_compile_options){0}, &whole, &bytes));
        close_net(&n);
        open_net(&n, MANY, WORDS, AD_F32, BLOCK);
        char *got = run(&n, outputs, (ad_compile_options){0}, &arena, &bytes);
        size_t most = 2 * LOGITS + kept + 4 * 4 * WIDTH * MANY + (1 << 20); /* and workspaces */
        if (arena > most) CHECK_FAIL("an arena of %zu bytes, expected %zu at most", arena, most);
        CHECK(whole > MANY / BLOCK * LOGITS && arena < whole / 3);
        ad_context *one = ctx;
        ctx = ad_context_new(&(ad_context_options){.threads = 3});
        net same;
        open_net(&same, MANY, WORDS, AD_F32, BLOCK);
        char *again = run(&same, outputs, (ad_compile_options){0}, NULL, &bytes);
        CHECK(got && again && !memcmp(got, again, bytes));
        free(again), free(got);
        close_net(&same);
        ad_context_free(ctx);
        ctx = one;
        close_net(&n);
    }
}

static void nonsense_is_refused(void)
{
    ad_graph *g = ad_graph_new(ctx);
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(4, 3)),
            *w = ad_input(g, "w", AD_F32, ad_shape(5, 2));
    ad_node *labels = ad_input(g, "labels", AD_I32, ad_shape(4));
    CHECK(ad_node_poisoned(ad_linear_cross_entropy_loss(x, w, labels, 2)));
    CHECK_CONTAINS(ad_graph_error(g), "matmul");
    ad_graph_free(g);
    g = ad_graph_new(ctx);
    x = ad_input(g, "x", AD_F32, ad_shape(4, 3)), w = ad_input(g, "w", AD_F32, ad_shape(5, 3));
    CHECK(ad_node_poisoned(
        ad_linear_cross_entropy_loss(x, w, ad_input(g, "labels", AD_I32, ad_shape(3)), 2)));
    CHECK_CONTAINS(ad_graph_error(g), "labels");
    ad_graph_free(g);
    g = ad_graph_new(ctx);
    x = ad_input(g, "x", AD_F32, ad_shape(4)), w = ad_input(g, "w", AD_F32, ad_shape(5));
    CHECK(ad_node_poisoned(ad_with_gradients(ad_sum(x, AD_ALL_AXES, false), &x, &w, 1)));
    CHECK_CONTAINS(ad_graph_error(g), "gradient 0 does not have the shape");
    ad_graph_free(g);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int failed = check_main(argc, argv,
                            (check_case[]){CASE(blocks_are_the_whole),
                                           CASE(gradients_are_differences),
                                           CASE(one_block_at_a_time),
                                           CASE(nonsense_is_refused),
                                           {0}});
    ad_context_free(ctx);
    return failed;
}
