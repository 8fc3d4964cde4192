/* The same kernels whatever the number of threads: another algorithm would give other bits. */
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

static const check_case cases[] = {CASE(in_f32), CASE(in_bf16), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
