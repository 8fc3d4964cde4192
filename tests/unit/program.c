/* Programs: compile, bind, run, read, and what they refuse. */
#include <autodidact/ops.h>
#include <autodidact/program.h>

#include "check.h"

#include <float.h>
#include <stdlib.h>

static ad_context *ctx;

static void runs_elementwise(void)
{
    ad_graph *g = ad_graph_new(ctx);
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(2, 3)),
            *b = ad_input(g, "b", AD_F32, ad_shape(3));
    ad_node *y = ad_relu(ad_add(ad_mul_scalar(x, 2), b)), *s = ad_sum(y, AD_ALL_AXES, false);
    ad_program *p;
    REQUIRE(ad_compile(&p, ctx, (ad_node *[]){y, s, ad_transpose(y)}, 3, NULL) == AD_OK);
    float xs[6] = {1, 2, 3, -4, 5, 6}, bs[3] = {1, -10, 0.5f}, want[6] = {3, 0, 6.5f, 0, 0, 12.5f};
    CHECK_INT(ad_bind(p, x, xs, sizeof xs), AD_OK);
    CHECK_INT(ad_run(p), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "input b is not bound");
    CHECK_INT(ad_bind_name(p, "b", bs, sizeof bs), AD_OK);
    REQUIRE(ad_run(p) == AD_OK);
    const float *got = ad_result(p, y), *turned = ad_result_at(p, 2);
    for (int i = 0; i < 6; ++i) CHECK_NEAR(got[i], want[i], 0);
    for (int i = 0; i < 6; ++i) CHECK_NEAR(turned[i], want[i % 2 * 3 + i / 2], 0);
    CHECK_NEAR(ad_result_scalar(p, s), 22, 0);
    ad_program_free(p);
    ad_graph_free(g);
}

static void results_that_are_not_finite(void)
{
    ad_graph *g = ad_graph_new(ctx);
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(3)), *y = ad_log(x), *other = ad_relu(x);
    ad_program *p;
    float xs[3] = {1, 2, 3};
    REQUIRE(ad_compile(&p, ctx, (ad_node *[]){y}, 1, NULL) == AD_OK);
    REQUIRE(ad_bind(p, x, xs, sizeof xs) == AD_OK);
    CHECK_INT(ad_result_finite(p, y, "the logits"), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "the logits: no result of a run");
    REQUIRE(ad_run(p) == AD_OK);
    CHECK_INT(ad_result_finite(p, y, "the logits"), AD_OK);
    CHECK_INT(ad_result_finite(p, other, "the logits"), AD_ERROR_ARGUMENT);
    xs[2] = 0;
    REQUIRE(ad_run(p) == AD_OK);
    CHECK_INT(ad_result_finite(p, y, "the logits"), AD_ERROR_NUMERIC);
    CHECK_TEXT(ad_error(ctx), "the logits is not finite: element 2 of 3 is -infinite");
    ad_program_free(p);
    ad_graph_free(g);
}

/* In all threads, and only while a program runs. */
static void denormals_are_zero(void)
{
    enum { COUNT = 1 << 18 };
    ad_graph *g = ad_graph_new(ctx);
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(COUNT));
    ad_node *y = ad_mul_scalar(x, 0.5), *z = ad_mul_scalar(x, 0x1p24);
    float *xs = malloc(COUNT * sizeof *xs);
    volatile float smallest = FLT_MIN;
    ad_program *p;
    REQUIRE(xs && ad_compile(&p, ctx, (ad_node *[]){y, z}, 2, NULL) == AD_OK);
    /* halves of the first are denormal, the second is, the third is far from it */
    for (int i = 0; i < COUNT; ++i) xs[i] = i % 3 == 0 ? FLT_MIN : i % 3 == 1 ? FLT_MIN / 2 : 3;
    REQUIRE(ad_bind(p, x, xs, COUNT * sizeof *xs) == AD_OK);
    REQUIRE(ad_run(p) == AD_OK);
    const float *half = ad_result(p, y), *large = ad_result(p, z);
    int wrong = 0;
    for (int i = 0; i < COUNT; ++i) {
        wrong += half[i] != (i % 3 == 2 ? 1.5f : 0);
        wrong += large[i] != (i % 3 == 0 ? 0x1p-102f : i % 3 == 1 ? 0 : 0x3p24f);
    }
#if defined(__x86_64__) || defined(__aarch64__)
    CHECK_INT(wrong, 0);
#endif
    CHECK(smallest / 2 > 0);
    ad_program_free(p);
    ad_graph_free(g);
    free(xs);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 3});
    int failed = check_main(argc, argv,
                            (check_case[]){CASE(runs_elementwise),
                                           CASE(results_that_are_not_finite),
                                           CASE(denormals_are_zero),
                                           {0}});
    ad_context_free(ctx);
    return failed;
}
