/* The algebra of the planner: what it may not change, and what it must see through. */
#include "recording.h"

#include <autodidact/nn.h>
#include <autodidact/program.h>

enum { N = 6 };

/* The values of y for the operand, with the passes or without. */
static void values_of(ad_node *y, ad_node *x, const void *data, bool passes, void *out)
{
    ad_program *program;
    size_t bytes = (size_t)ad_shape_count(ad_node_shape(y)) * ad_dtype_size(ad_node_dtype(y));
    ad_compile_options options = {.no_passes = !passes};
    memset(out, 0, bytes);
    if (ad_compile(&program, ctx, &y, 1, &options) ||
        ad_bind(program, x, data, ad_shape_bytes(ad_node_shape(x), ad_node_dtype(x))) ||
        ad_run(program))
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
    static const double pairs[][2] = {{1e30, 1e30}, {1e-30, 1e-30}, {1e38, 2e-38}, {2e-38, 1e38},
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

enum { BATCH = 6, SIDE = 5, CHANNELS = 8, ALL = BATCH * SIDE * SIDE * CHANNELS };

typedef struct kernel_count {
    int means, sums, norms;
} kernel_count;

static void count_kernel(void *user, const ad_profile_row *row)
{
    kernel_count *count = user;
    count->means += !strncmp(row->kernel, "mean", 4);
    count->sums += !strncmp(row->kernel, "sum", 3);
    count->norms += !strncmp(row->kernel, "normalize", 9);
}

/* A training step through a batch norm: results, and kernels if they are asked for. */
static ad_program_stats run_batch_norm(ad_node *const *out, int n, ad_node *x, const float *data,
                                       ad_compile_options options, float (*result)[ALL],
                                       kernel_count *count)
{
    ad_program *program;
    ad_program_stats stats = {0};
    if (ad_compile(&program, ctx, out, n, &options) ||
        ad_bind(program, x, data, ad_shape_bytes(ad_node_shape(x), ad_node_dtype(x))))
        CHECK_FAIL("%s", ad_error(ctx));
    if (!program) return stats;
    ad_profile_start(program);
    if (ad_run(program)) CHECK_FAIL("%s", ad_error(ctx));
    for (int k = 0; k < n; ++k) {
        ad_shape shape = ad_node_shape(out[k]);
        if (shape.rank)
            memcpy(result[k], ad_result(program, out[k]), 4 * (size_t)ad_shape_count(shape));
    }
    if (count) ad_profile_read(program, count_kernel, count);
    stats = ad_program_get_stats(program);
    ad_program_free(program);
    return stats;
}

/* Mean, variance and two sums of the gradient are all that a batch norm reduces: the running
 * statistics and the gradients of its scale and shift come from the same. What stands between is
 * computed where it is read. */
static void batch_norm_shares_its_sums(void)
{
    enum { OUTPUTS = 4 };
    static float data[ALL], got[OUTPUTS][ALL], want[OUTPUTS][ALL], stored[OUTPUTS][ALL];
    for (int i = 0; i < ALL; ++i) data[i] = (float)(i * 37 % 101) / 50 - 1;
    open_graph();
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_node *x = f32("x", ad_shape(BATCH, SIDE, SIDE, CHANNELS)), *update, *grad[3];
    ad_node *h = ad_square(x);
    ad_node *y = ad_batch_norm_layer(vars, "bn", h,
                                     (ad_batch_norm_options){.training = true, .update = &update});
    ad_node *loss = ad_sum(ad_mul(ad_relu(y), x), AD_ALL_AXES, false);
    ad_node *wrt[] = {x, ad_read(g, ad_var_find(vars, "bn.weight")),
                      ad_read(g, ad_var_find(vars, "bn.bias"))};
    ad_gradients(loss, wrt, 3, grad);
    ad_node *out[OUTPUTS] = {grad[0], grad[1], grad[2], y};
    kernel_count count = {0};
    ad_program_stats with = run_batch_norm(out, OUTPUTS, x, data, (ad_compile_options){0}, got,
                                           &count);
    CHECK_INT(count.means, 2);
    CHECK_INT(count.sums, 2);
    CHECK_INT(count.norms, 0);
    run_batch_norm(out, OUTPUTS, x, data, (ad_compile_options){.no_passes = true}, want, NULL);
    ad_program_stats without = run_batch_norm(
        out, OUTPUTS, x, data, (ad_compile_options){.skip_pass = "repeat"}, stored, NULL);
    CHECK(with.bytes < without.bytes);
    for (int k = 0; k < OUTPUTS; ++k)
        for (int64_t i = 0; i < ad_shape_count(ad_node_shape(out[k])); ++i) {
            if (!(fabsf(got[k][i] - want[k][i]) <= 1e-5f * (1 + fabsf(want[k][i]))))
                CHECK_FAIL("%s[%lld] is %g, expected %g", ad_node_name(out[k]), (long long)i,
                           (double)got[k][i], (double)want[k][i]);
            CHECK(got[k][i] == stored[k][i]);
        }
    ad_vars_free(vars);
    close_graph();
}

/* A factor comes out of a sum only where it is the same along the summed axes. */
static void factors_leave_sums(void)
{
    enum { ROWS = 5, COLS = 7 };
    static float data[ROWS * COLS];
    for (int i = 0; i < ROWS * COLS; ++i) data[i] = (float)(i * 29 % 17) - 8;
    open_graph();
    ad_node *x = f32("x", ad_shape(ROWS, COLS));
    ad_node *along = ad_max(x, ad_axes(1), true), *across = ad_max(x, ad_axes(0), true);
    for (int axis = 0; axis < 2; ++axis)
        for (int mean = 0; mean < 2; ++mean) {
            float got[COLS], want[COLS];
            ad_node *product = ad_mul(ad_mul(across, ad_mul(x, along)), ad_square(x));
            ad_node *y = mean ? ad_mean(product, ad_axes(axis), true)
                              : ad_sum(product, ad_axes(axis), false);
            values_of(y, x, data, true, got);
            values_of(y, x, data, false, want);
            for (int64_t i = 0; i < ad_shape_count(ad_node_shape(y)); ++i)
                CHECK_NEAR(got[i], want[i], 1e-5);
        }
    ad_node *both[] = {ad_sum(x, ad_axes(0), false), ad_mean(ad_mul(x, across), ad_axes(0), true)};
    CHECK_INT(kernels_of(ad_add(both[0], both[1])), 3); /* one sum, the largest, their chain */
    close_graph();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(integers_keep_to_integer_ops),
                                     CASE(joined_constants_stay_in_range),
                                     CASE(nan_and_infinity_stay),
                                     CASE(detours_are_seen_through),
                                     CASE(batch_norm_shares_its_sums),
                                     CASE(factors_leave_sums),
                                     {0}});
}
