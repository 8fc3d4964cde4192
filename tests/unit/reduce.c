/* reduce.c - sum, mean, max, min and argmax against plain loops in double: random shapes, axes,
 * layouts and prologue chains on every instruction set; accuracy of long sums; infinities; thread
 * counts. */
#include "problems.h"

#include <autodidact/ops.h>
#include <autodidact/program.h>

/* The index within `out` of domain element k. */
static int64_t target(const ad_operand *domain, const ad_operand *out, int64_t k)
{
    int64_t offset = 0;
    for (int i = domain->rank - 1; i >= 0; --i) {
        int64_t at = k % domain->dim[i];
        k /= domain->dim[i];
        offset += (out->dim[i] == 1 ? 0 : at) * out->stride[i];
    }
    return offset;
}

static double start(int op)
{
    return op == AD_OP_MAX ? -INFINITY : op == AD_OP_MIN ? INFINITY : 0;
}

static void compare(solve_device *d, int op, ad_dtype dtype, int rank, const int64_t *dim,
                    int64_t axes, bool chain, bool permuted)
{
    ad_attr_reduce attr = {.axes = axes};
    ad_chain square = square_of_sum(dtype, dtype);
    ad_problem p = {.op = op, .attr = &attr, .n_in = chain ? 2 : 1, .n_out = 1, .threads = 2};
    p.in[0] = solve_dense(dtype, rank, dim);
    if (permuted) {
        int64_t stride = 1;
        for (int i = 0; i < rank; ++i) p.in[0].stride[i] = stride, stride *= dim[i];
    }
    p.in[1] = p.in[0];
    if (chain) p.chain = &square, p.in[1].stride[0] = 0; /* y broadcast along axis 0 */
    p.out[0] = reduced_shape(&p.in[0], dtype, axes);
    int64_t n = solve_count(&p.in[0]), m = solve_count(&p.out[0]);
    void *in[2] = {solve_random(dtype, n, -20, 20), solve_random(dtype, n, -20, 20)},
         *out = solve_memory(dtype, m);
    double *want = malloc((size_t)(m + 1) * sizeof *want);
    for (int64_t k = 0; k < m; ++k) want[k] = start(op);
    for (int64_t k = 0; k < n; ++k) {
        double x = solve_get(&p.in[0], in[0], k), *w = &want[target(&p.in[0], &p.out[0], k)];
        if (chain) x += solve_get(&p.in[1], in[1], k), x *= x;
        if (op == AD_OP_MAX)
            *w = fmax(*w, x);
        else if (op == AD_OP_MIN)
            *w = fmin(*w, x);
        else
            *w += op == AD_OP_MEAN ? x * (double)m / (double)n : x;
    }
    CHECK(solve_run(d, &p, in, &out));
    ad_operand flat = solve_dense(dtype, 1, &m);
    int bad = 0;
    for (int64_t k = 0; k < m; ++k) {
        double got = solve_get(&flat, out, k),
               scale = (chain ? 400 : 20) * sqrt((double)n / (double)m);
        double t = dtype == AD_F32 ? 1e-6 : dtype == AD_F64 ? 1e-13 : 0;
        if (!(fabs(got - want[k]) <= t * (scale + fabs(want[k]))) && ++bad < 3) {
            CHECK_FAIL(
                "op %d %s rank %d axes %lld of %lld elements: result %lld is %.9g, expected %.9g",
                op, ad_dtype_name(dtype), rank, (long long)axes, (long long)n, (long long)k, got,
                want[k]);
        }
    }
    solve_free(in[0]), solve_free(in[1]), solve_free(out), free(want);
}

static void random_reductions(void)
{
    const int ops[] = {AD_OP_SUM, AD_OP_MEAN, AD_OP_MAX, AD_OP_MIN};
    const ad_dtype dtypes[] = {AD_F32, AD_F32, AD_F64, AD_I32, AD_I64};
    const int64_t sizes[] = {1, 2, 3, 7, 10, 16, 33, 64, 100, 255, 256, 300, 1000};
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 400; ++trial) {
            int rank = 1 + (int)solve_below(5);
            ad_dtype dtype = dtypes[solve_below(5)];
            int op = ops[solve_below(4)];
            int64_t dim[AD_MAX_RANK], total = 1;
            for (int i = 0; i < rank; ++i) {
                do dim[i] = sizes[solve_below(13)];
                while (total * dim[i] > 30000);
                total *= dim[i];
            }
            if (op == AD_OP_MEAN && !ad_dtype_is_float(dtype)) op = AD_OP_SUM;
            compare(&d, op, dtype, rank, dim, solve_below(1 << rank), solve_below(2),
                    solve_below(4) == 0);
        }
        /* long enough for several chunks, along and across */
        compare(&d, AD_OP_SUM, AD_F32, 1, (int64_t[]){300001}, 1, false, false);
        compare(&d, AD_OP_SUM, AD_F32, 2, (int64_t[]){20000, 33}, 1, false, false);
        compare(&d, AD_OP_MAX, AD_F32, 2, (int64_t[]){3, 100000}, 2, true, false);
        compare(&d, AD_OP_MEAN, AD_F32, 4, (int64_t[]){2, 90, 70, 40}, 6, false, false);
        compare(&d, AD_OP_SUM, AD_F64, 2, (int64_t[]){70000, 3}, 1, true, false);
    }
}

static void bf16_input_f32_sum(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa) {
        ad_attr_reduce attr = {.axes = 2};
        ad_problem p = {.op = AD_OP_SUM, .attr = &attr, .n_in = 1, .n_out = 1};
        p.in[0] = DENSE(AD_BF16, 5, 999), p.out[0] = reduced_shape(&p.in[0], AD_F32, 2);
        void *x = solve_random(AD_BF16, 5 * 999, 0, 1);
        float *y = solve_memory(AD_F32, 5);
        CHECK(solve_run(&d, &p, &x, (void *[]){y}));
        for (int r = 0; r < 5; ++r) {
            double want = 0;
            for (int c = 0; c < 999; ++c) want += solve_get(&p.in[0], x, r * 999 + c);
            CHECK_NEAR(y[r], want, 1e-6);
        }
        solve_free(x), solve_free(y);
    }
}

static void nan_is_the_extreme(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa) {
        for (int at = 0; at < 40; ++at) {
            for (int axis = 0; axis < 2; ++axis) {
                float x[80], y[40];
                ad_attr_reduce attr = {.axes = 1 << axis};
                ad_problem p = {
                    .op = at % 2 ? AD_OP_MAX : AD_OP_MIN, .attr = &attr, .n_in = 1, .n_out = 1};
                p.in[0] = DENSE(AD_F32, 2, 40),
                p.out[0] = reduced_shape(&p.in[0], AD_F32, attr.axes);
                for (int i = 0; i < 80; ++i) x[i] = (float)i;
                x[at] = NAN;
                CHECK(solve_run(&d, &p, (void *[]){x}, (void *[]){y}));
                CHECK(isnan(y[axis == 0 ? at : 0]));
                CHECK(!isnan(y[axis == 0 ? (at + 1) % 40 : 1]));
            }
        }
    }
}

static void logsumexp_at_the_edges(void)
{
    const float inf = INFINITY, nan = NAN;
    const float x[7][2] = {{1000, 1000}, {-1000, -1000}, {3, -inf}, {-inf, -inf},
                           {inf, 1},     {inf, -inf},    {nan, 1}};
    const float want[7] = {1000.69314718f, -999.30685282f, 3, -inf, inf, inf, nan};
    ad_context *ctx = ad_context_new(NULL);
    ad_graph *g = ad_graph_new(ctx);
    ad_node *y = ad_logsumexp(ad_constant(g, AD_F32, ad_shape(7, 2), x), ad_axes(-1), false);
    ad_program *program = NULL;
    REQUIRE(ad_compile(&program, ctx, &y, 1, NULL) == AD_OK && ad_run(program) == AD_OK);
    const float *got = ad_result(program, y);
    for (int i = 0; i < 7; ++i)
        if (isnan(want[i]) ? !isnan(got[i]) : got[i] != want[i])
            CHECK_FAIL("of %g and %g it is %.9g, expected %.9g", (double)x[i][0], (double)x[i][1],
                       (double)got[i], (double)want[i]);
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
}

static void threads_do_not_matter(void)
{
    int64_t dim[] = {5000, 100};
    solve_device d;
    for (int axes = 1; axes <= 3; ++axes) {
        ad_attr_reduce attr = {.axes = axes};
        ad_problem p = {.op = AD_OP_SUM, .attr = &attr, .n_in = 1, .n_out = 1};
        p.in[0] = solve_dense(AD_F32, 2, dim), p.out[0] = reduced_shape(&p.in[0], AD_F32, axes);
        void *x = solve_random(AD_F32, 500000, -1, 1);
        for (int isa = 0; isa <= (int)ad_cpu_get()->isa; ++isa) {
            float first[5000], y[5000];
            for (int threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
                REQUIRE(solve_open(&d, isa, threads));
                CHECK(solve_run(&d, &p, &x, (void *[]){threads == 1 ? first : y}));
                solve_close(&d);
                if (threads > 1) CHECK(!memcmp(first, y, (size_t)solve_count(&p.out[0]) * 4));
            }
        }
        solve_free(x);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(random_reductions),
                                     CASE(bf16_input_f32_sum),
                                     CASE(nan_is_the_extreme),
                                     CASE(logsumexp_at_the_edges),
                                     CASE(threads_do_not_matter),
                                     {0}});
}
