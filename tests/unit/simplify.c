/* The algebra of the planner: what it may not change, and what it must see through. */
#include "recording.h"

#include <autodidact/program.h>

enum { N = 6 };

/* The values of y for the operand, with the passes or without. */
static void values_of(ad_node *y, ad_node *x, const void *data, bool passes, void *out)
{
    ad_program *program;
    size_t bytes = (size_t)ad_shape_count(ad_node_shape(y)) * ad_dtype_size(ad_node_dtype(y));
    ad_compile_options options = {.no_passes = !passes};
    memset(out, 0, bytes);
    if (ad_compile(&program, ctx, &y, 1, &options) || ad_bind(program, x, data) || ad_run(program))
        CHECK_FAIL("%s", ad_error(ctx));
    else
        memcpy(out, ad_result(program, y), bytes);
    ad_program_free(program);
}

static int kernels_of(ad_node *y)
{
    ad_program *program;
    if (ad_compile(&program, ctx, &y, 1, NULL)) CHECK_FAIL("%s", ad_error(ctx));
    int kernels = program ? ad_program_get_stats(program).kernels : -1;
    ad_program_free(program);
    return kernels;
}

static void integers_keep_to_integer_ops(void)
{
    static const int32_t data[N] = {0, 1, -1, 7, INT32_MAX, -5};
    open_graph();
    ad_node *x = ad_input(g, "x", AD_I32, ad_shape(N)), *one = ad_scalar(g, AD_I32, 1);
    ad_node *y[] = {ad_mul_scalar(x, -1), ad_mul_scalar(ad_mul_scalar(x, -1), -1),
                    ad_sub(ad_scalar(g, AD_I32, 0), x), ad_div(ad_mul(x, one), one)};
    for (int k = 0; k < 4; ++k) {
        int32_t got[N], sign = k == 0 || k == 2 ? -1 : 1;
        values_of(y[k], x, data, true, got);
        for (int i = 0; i < N; ++i) CHECK_INT(got[i], sign * data[i]);
    }
    close_graph();
}

/* Constants are joined only where that neither overflows nor fades. */
static void joined_constants_stay_in_range(void)
{
    static const float data[N] = {1e-30f, -2e-35f, 3e30f, 1, 0, -1e-3f};
    static const double pairs[][2] = {{1e30, 1e30}, {1e-30, 1e-30}, {1e38, 1e-38}, {1e-38, 1e38},
                                      {0, 1e30},    {3, 0.25},      {-1, 1e20}};
    open_graph();
    ad_node *x = f32("x", ad_shape(N));
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; ++k) {
        float got[N], want[N];
        ad_node *y = ad_mul_scalar(ad_mul_scalar(x, pairs[k][0]), pairs[k][1]);
        values_of(y, x, data, true, got);
        values_of(y, x, data, false, want);
        for (int i = 0; i < N; ++i)
            if (!(fabsf(got[i] - want[i]) <= 1e-6f * fabsf(want[i])) && got[i] != want[i])
                CHECK_FAIL("%g x %g x %g is %g, expected %g", (double)data[i], pairs[k][0],
                           pairs[k][1], (double)got[i], (double)want[i]);
    }
    close_graph();
}

static void nan_and_infinity_stay(void)
{
    static const float data[N] = {NAN, INFINITY, -INFINITY, 1, 0, -2};
    open_graph();
    ad_node *x = f32("x", ad_shape(N));
    ad_node *y[] = {ad_mul_scalar(x, 0), ad_sub(x, x),        ad_div(x, x),
                    ad_add_scalar(x, 0), ad_relu(ad_relu(x)), ad_neg(ad_neg(x))};
    for (int k = 0; k < 6; ++k) {
        float got[N], want[N];
        values_of(y[k], x, data, true, got);
        values_of(y[k], x, data, false, want);
        for (int i = 0; i < N; ++i)
            if (got[i] != want[i] && !(isnan(got[i]) && isnan(want[i])))
                CHECK_FAIL("%s of %g is %g, expected %g", ad_node_name(y[k]), (double)data[i],
                           (double)got[i], (double)want[i]);
    }
    close_graph();
}

/* What cancels out leaves one kernel: the copy of x to the result, or the one that is left. */
static void detours_are_seen_through(void)
{
    open_graph();
    ad_node *x = f32("x", ad_shape(4, 6)), *w = f32("w", ad_shape(6, 4));
    CHECK_INT(kernels_of(ad_transpose(ad_transpose(x))), 1);
    CHECK_INT(kernels_of(ad_neg(ad_neg(ad_mul_scalar(ad_mul_scalar(x, 3), 5)))), 1);
    CHECK_INT(kernels_of(ad_matmul(ad_transpose(w), ad_transpose(x))), 1);
    CHECK_INT(kernels_of(ad_sum(ad_reshape(x, ad_shape(1, 4, 6)), ad_axes(0), false)), 1);
    /* a b + a c = a (b + c) */
    ad_node *c = f32("c", ad_shape(6, 4));
    CHECK_INT(kernels_of(ad_add(ad_matmul(x, w), ad_matmul(x, c))), 2);
    close_graph();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(integers_keep_to_integer_ops),
                                     CASE(joined_constants_stay_in_range),
                                     CASE(nan_and_infinity_stay),
                                     CASE(detours_are_seen_through),
                                     {0}});
}
