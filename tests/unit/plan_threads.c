/* The same kernels whatever the number of threads, also where a memory limit has a say in them:
 * another algorithm would give other bits. */
#include <autodidact/nn.h>
#include <autodidact/ops.h>
#include <autodidact/program.h>

#include "check.h"
#include "base/text.h"

typedef struct shape {
    int64_t batch, side, in, out, kernel;
} shape;

static ad_precision precision;

static void gather(void *user, const char *text, size_t length)
{
    ad_text_bytes(user, text, length);
}

/* The texts differ at most in the times that are estimated. */
static bool same_kernels(const char *a, const char *b)
{
    static const char about[] = ", about ";
    for (;; ++a, ++b) {
        if (!strncmp(a, about, strlen(about)) && !strncmp(b, about, strlen(about)))
            a += strcspn(a, "\n"), b += strcspn(b, "\n");
        if (*a != *b) return false;
        if (!*a) return true;
    }
}

/* How a convolution, its gradients, a matmul, a softmax and a sum are computed. */
static bool planned(int threads, shape s, ad_text *text)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = threads});
    ad_graph *g = ad_graph_new(ctx);
    ad_program *program = NULL;
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(s.batch, s.side, s.side, s.in));
    ad_node *w = ad_input(g, "w", AD_F32, ad_shape(s.kernel, s.kernel, s.in, s.out));
    ad_node *y = ad_conv2d(x, w, (ad_conv){.pad = (int)s.kernel / 2});
    ad_node *flat = ad_reshape(y, ad_shape(-1, s.out)), *gradients[2];
    ad_node *gram = ad_matmul_with(flat, flat, (ad_matmul_options){.transpose_a = true});
    ad_node *loss = ad_sum(ad_square(ad_softmax(gram, 1)), AD_ALL_AXES, false);
    ad_gradients(loss, (ad_node *[]){x, w}, 2, gradients);
    ad_compile_options options = {.precision = precision, .keep_stages = true};
    ad_status status = ad_compile(&program, ctx, (ad_node *[]){loss, gradients[0], gradients[1]}, 3,
                                  &options);
    if (!status) status = ad_explain(program, AD_STAGE_KERNELS, AD_TEXT, gather, text);
    if (status && status != AD_ERROR_UNSUPPORTED) CHECK_FAIL("%s", ad_error(ctx));
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
    return !status;
}

static void compare(shape s)
{
    static const int threads[] = {2, 3, 8, 64};
    ad_context *ctx = ad_context_new(NULL);
    ad_text one, more;
    ad_text_init(&one, ctx);
    if (planned(1, s, &one)) {
        CHECK_CONTAINS(ad_text_get(&one), "conv2d");
        for (size_t i = 0; i < sizeof threads / sizeof *threads; ++i) {
            ad_text_init(&more, ctx);
            if (planned(threads[i], s, &more) &&
                !same_kernels(ad_text_get(&one), ad_text_get(&more)))
                CHECK_FAIL("[%d, %d, %d, %d], kernel %d: other kernels with %d threads",
                           (int)s.batch, (int)s.side, (int)s.side, (int)s.in, (int)s.kernel,
                           threads[i]);
            ad_text_free(&more);
        }
    }
    ad_text_free(&one);
    ad_context_free(ctx);
}

static void shapes(void)
{
    static const int64_t sides[] = {4, 9, 12, 40, 160}, channels[] = {3, 16, 64, 128};
    for (int i = 0; i < 5; ++i)
        for (int j = 0; j < 4; ++j) {
            compare((shape){1, sides[i], channels[j], 128, 3});
            compare((shape){2, sides[i], channels[j], 16, 1});
        }
}

static void in_f32(void)
{
    precision = AD_PRECISION_F32;
    shapes();
}

static void in_bf16(void)
{
    precision = AD_PRECISION_BF16; /* compares nothing where the cpu has no bf16 */
    shapes();
}

/* ---- under a memory limit ---- */

enum { BATCH = 8, SIDE = 24, BITS_MOST = 1 << 17 };

typedef struct outcome {
    ad_status status;
    size_t bytes; /* of the arena and packed operands */
    int count;
    float value[BITS_MOST]; /* the loss and its gradients */
} outcome;

/* Convolutions of a size where Winograd's workspace decides whether a limit is kept to. */
static ad_node *convolutions(ad_vars *vars, ad_node *x)
{
    static const int64_t channels[] = {16, 32, 32, 64};
    for (int i = 0; i < 4; ++i) {
        char name[8];
        snprintf(name, sizeof name, "c%d", i);
        x = ad_relu(ad_conv2d_layer(vars, name, x, channels[i],
                                    (ad_conv_layer){.kernel = 3, .conv = {.pad = 1}}));
        if (i % 2) x = ad_max_pool2d(x, (ad_window){.size = 2});
    }
    return ad_mean(ad_square(x), AD_ALL_AXES, false);
}

static void keep(outcome *o, const ad_program *p, int index, const ad_node *of)
{
    int count = (int)ad_shape_count(ad_node_shape(of));
    REQUIRE(o->count + count <= BITS_MOST);
    memcpy(o->value + o->count, ad_result_at(p, index), (size_t)count * sizeof(float));
    o->count += count;
}

static void train(int threads, size_t limit, outcome *o)
{
    static float x[BATCH * SIDE * SIDE * 3];
    for (int i = 0; i < BATCH * SIDE * SIDE * 3; ++i) x[i] = (float)((i * 37 + 11) % 101) / 50 - 1;
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = threads});
    ad_graph *g = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_node *outputs[16], *parameters[15];
    int n = 0;
    ad_node *input = ad_input(g, "x", AD_F32, ad_shape(BATCH, SIDE, SIDE, 3));
    outputs[0] = convolutions(vars, input);
    for (; n < ad_vars_count(vars); ++n) parameters[n] = ad_read(g, ad_vars_at(vars, n));
    ad_gradients(outputs[0], parameters, n, outputs + 1);
    ad_program *p = NULL;
    ad_compile_options options = {.memory_limit = limit};
    *o = (outcome){.status = ad_compile(&p, ctx, outputs, n + 1, &options)};
    if (!o->status) {
        ad_program_stats stats = ad_program_get_stats(p);
        o->bytes = stats.arena_bytes + stats.packed_bytes;
        CHECK(!ad_bind(p, input, x, sizeof x) && !ad_run(p));
        for (int i = 0; i <= n; ++i) keep(o, p, i, outputs[i]);
    }
    ad_program_free(p);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(ctx);
}

static void under_a_limit(void)
{
    static const int threads[] = {2, 3, 8, 16};
    static outcome whole, one, more;
    int refused = 0, other_bits = 0;
    train(1, 0, &whole);
    for (int share = 110; share > 10; share -= 5) {
        size_t limit = whole.bytes / 100 * (size_t)share;
        train(1, limit, &one);
        refused += one.status != AD_OK;
        other_bits += !one.status && memcmp(one.value, whole.value, sizeof one.value) != 0;
        for (size_t i = 0; i < sizeof threads / sizeof *threads; ++i) {
            train(threads[i], limit, &more);
            CHECK_INT(more.status, one.status);
            CHECK(more.bytes <= limit);
            if (memcmp(more.value, one.value, sizeof more.value))
                CHECK_FAIL("%d %% of the memory: other bits with %d threads", share, threads[i]);
        }
        if (refused > 1) break;
    }
    CHECK(refused); /* the limits went all the way */
    if (!other_bits) printf("no limit had a say in the kernels on this machine\n");
}

static const check_case cases[] = {CASE(in_f32), CASE(in_bf16), CASE(under_a_limit), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
