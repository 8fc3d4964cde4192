/* kernel_windows.c - pooling and resizing kernels against plain loops: forward values, and
 * gradients as adjoints (<A x, g> = <x, A' g>) on every instruction set, f32 and f64. */
#include "problems.h"

typedef struct setup {
    ad_problem p;
    ad_attr_pool pool;
    ad_attr_resize resize;
} setup;

static double dot(const ad_operand *o, const void *a, const void *b)
{
    double sum = 0;
    for (int64_t i = 0; i < solve_count(o); ++i) sum += solve_get(o, a, i) * solve_get(o, b, i);
    return sum;
}

static int64_t at4(const ad_operand *o, int64_t n, int64_t i, int64_t j, int64_t k)
{
    return ((n * o->dim[1] + i) * o->dim[2] + j) * o->dim[3] + k;
}

/* Element number of the first largest of a window. */
static int64_t first_largest(const ad_attr_pool *a, const ad_operand *x, const void *data,
                             int64_t n, int64_t i, int64_t j, int64_t k)
{
    int64_t top, bottom, left, right, best = -1;
    ad_pool_range(a, 0, x->dim[1], i, &top, &bottom);
    ad_pool_range(a, 1, x->dim[2], j, &left, &right);
    for (int64_t u = top; u < bottom; ++u) {
        for (int64_t v = left; v < right; ++v) {
            int64_t at = at4(x, n, u, v, k);
            if (best < 0 || solve_get(x, data, at) > solve_get(x, data, best)) best = at;
        }
    }
    return best;
}

#define EACH_CELL(y)                                                                               \
    for (int64_t n = 0; n < (y).dim[0]; ++n)                                                       \
        for (int64_t i = 0; i < (y).dim[1]; ++i)                                                   \
            for (int64_t j = 0; j < (y).dim[2]; ++j)                                               \
                for (int64_t k = 0; k < (y).dim[3]; ++k)

static void pool_case(solve_device *d, ad_dtype dtype)
{
    int64_t in[2] = {1 + solve_below(13), 1 + solve_below(13)},
            c = 1 + solve_below(solve_below(4) ? 20 : 140);
    ad_attr_pool a;
    random_window(&a, in);
    ad_operand x = DENSE(dtype, 1 + solve_below(2), in[0], in[1], c),
               y = DENSE(dtype, x.dim[0], a.out[0], a.out[1], c);
    int64_t nx = solve_count(&x), ny = solve_count(&y);
    void *xs = solve_random(dtype, nx, -1, 1), *ys = solve_memory(dtype, ny),
         *g = solve_random(dtype, ny, -1, 1);
    void *dx = solve_memory(dtype, nx), *dx_want = solve_random(dtype, nx, 0, 0),
         *v = solve_random(dtype, nx, -1, 1);
    for (int64_t i = 0; i < nx / 4; ++i) { /* ties */
        solve_set(&x, xs, solve_below(nx), 0.75);
    }
    double tolerance = dtype == AD_F32 ? 1e-6 : 1e-14;
    ad_problem max = {
        .op = AD_OP_MAX_POOL2D, .attr = &a, .n_in = 1, .n_out = 1, .in = {x}, .out = {y}};
    CHECK(solve_run(d, &max, &xs, &ys));
    EACH_CELL(y)
    {
        int64_t best = first_largest(&a, &x, xs, n, i, j, k);
        if (solve_get(&y, ys, at4(&y, n, i, j, k)) != solve_get(&x, xs, best))
            CHECK_FAIL("max pool");
        solve_set(&x, dx_want, best,
                  solve_get(&x, dx_want, best) + solve_get(&y, g, at4(&y, n, i, j, k)));
    }
    ad_problem grad = {
        .op = AD_OP_MAX_POOL2D_GRAD, .attr = &a, .n_in = 2, .n_out = 1, .in = {x, y}, .out = {x}};
    CHECK(solve_run(d, &grad, (void *[]){xs, g}, &dx));
    for (int64_t i = 0; i < nx; ++i)
        CHECK_NEAR(solve_get(&x, dx, i), solve_get(&x, dx_want, i), 4 * tolerance);
    ad_problem select = {
        .op = AD_OP_MAX_POOL2D_SELECT, .attr = &a, .n_in = 2, .n_out = 1, .in = {x, x}, .out = {y}};
    CHECK(solve_run(d, &select, (void *[]){xs, v}, &ys));
    EACH_CELL(y)
    {
        int64_t best = first_largest(&a, &x, xs, n, i, j, k);
        if (solve_get(&y, ys, at4(&y, n, i, j, k)) != solve_get(&x, v, best))
            CHECK_FAIL("max pool select");
    }
    ad_problem average = {
        .op = AD_OP_AVG_POOL2D, .attr = &a, .n_in = 1, .n_out = 1, .in = {x}, .out = {y}};
    CHECK(solve_run(d, &average, &xs, &ys));
    EACH_CELL(y)
    {
        int64_t top, bottom, left, right;
        double sum = 0, cells = (double)(ad_pool_divisor(&a, 0, in[0], i) *
                                         ad_pool_divisor(&a, 1, in[1], j));
        ad_pool_range(&a, 0, in[0], i, &top, &bottom);
        ad_pool_range(&a, 1, in[1], j, &left, &right);
        for (int64_t u = top; u < bottom; ++u) {
            for (int64_t w = left; w < right; ++w) sum += solve_get(&x, xs, at4(&x, n, u, w, k));
        }
        CHECK_NEAR(solve_get(&y, ys, at4(&y, n, i, j, k)), sum / cells, tolerance);
    }
    ad_problem average_grad = {
        .op = AD_OP_AVG_POOL2D_GRAD, .attr = &a, .n_in = 1, .n_out = 1, .in = {y}, .out = {x}};
    CHECK(solve_run(d, &average_grad, &g, &dx));
    CHECK_NEAR(dot(&y, ys, g), dot(&x, xs, dx), 100 * tolerance);
    solve_free(xs), solve_free(ys), solve_free(g), solve_free(dx), solve_free(dx_want),
        solve_free(v);
}

static void pooling(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 150; ++trial) pool_case(&d, trial % 3 ? AD_F32 : AD_F64);
    }
}

static void max_pool_keeps_nan(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa) {
        for (int size = 2; size <= 4; size += 2) {
            float x[16], y[4], g[4] = {1, 1, 1, 1}, dx[16];
            ad_attr_pool a = {
                .size = {size, size}, .stride = {size, size}, .out = {4 / size, 4 / size}};
            ad_problem p = {.op = AD_OP_MAX_POOL2D, .attr = &a, .n_in = 1, .n_out = 1};
            for (int i = 0; i < 16; ++i) x[i] = (float)i;
            x[1] = NAN;
            p.in[0] = DENSE(AD_F32, 1, 4, 4, 1), p.out[0] = DENSE(AD_F32, 1, 4 / size, 4 / size, 1);
            CHECK(solve_run(&d, &p, (void *[]){x}, (void *[]){y}));
            CHECK(isnan(y[0]));
            p.op = AD_OP_MAX_POOL2D_GRAD, p.n_in = 2, p.in[1] = p.out[0], p.out[0] = p.in[0];
            CHECK(solve_run(&d, &p, (void *[]){x, g}, (void *[]){dx}));
            CHECK(dx[1] == 1);
        }
    }
}

static void resizing(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 120; ++trial) {
            ad_dtype dtype = trial % 3 ? AD_F32 : AD_F64;
            double tolerance = dtype == AD_F32 ? 2e-6 : 1e-13;
            ad_operand x = DENSE(dtype, 1 + solve_below(2), 1 + solve_below(12),
                                 1 + solve_below(12), 1 + solve_below(20));
            ad_attr_resize a = {.size = {1 + solve_below(20), 1 + solve_below(20)},
                                .mode = trial / 3 % 3};
            ad_operand y = DENSE(dtype, x.dim[0], a.size[0], a.size[1], x.dim[3]);
            void *xs = solve_random(dtype, solve_count(&x), -1, 1),
                 *ys = solve_memory(dtype, solve_count(&y));
            void *g = solve_random(dtype, solve_count(&y), -1, 1),
                 *dx = solve_memory(dtype, solve_count(&x));
            ad_problem p = {
                .op = AD_OP_RESIZE2D, .attr = &a, .n_in = 1, .n_out = 1, .in = {x}, .out = {y}};
            CHECK(solve_run(&d, &p, &xs, &ys));
            EACH_CELL(y)
            {
                int64_t down[4], across[4];
                double wd[4], wa[4], want = 0;
                int nd = ad_resize_taps((int)a.mode, x.dim[1], y.dim[1], i, down, wd);
                int na = ad_resize_taps((int)a.mode, x.dim[2], y.dim[2], j, across, wa);
                for (int s = 0; s < nd; ++s) {
                    for (int t = 0; t < na; ++t) {
                        want += wd[s] * wa[t] *
                                solve_get(&x, xs, at4(&x, n, down[s], across[t], k));
                    }
                }
                CHECK_NEAR(solve_get(&y, ys, at4(&y, n, i, j, k)), want, tolerance);
            }
            ad_attr_resize back = {.size = {x.dim[1], x.dim[2]}, .mode = a.mode};
            ad_problem adjoint = {.op = AD_OP_RESIZE2D_GRAD,
                                  .attr = &back,
                                  .n_in = 1,
                                  .n_out = 1,
                                  .in = {y},
                                  .out = {x}};
            CHECK(solve_run(&d, &adjoint, &g, &dx));
            CHECK_NEAR(dot(&y, ys, g), dot(&x, xs, dx), 20 * tolerance);
            solve_free(xs), solve_free(ys), solve_free(g), solve_free(dx);
        }
    }
}

static void threads_do_not_matter(void)
{
    ad_attr_pool a = {
        .size = {3, 3}, .stride = {2, 2}, .pad = {1, 1}, .out = {50, 60}, .in = {100, 120}};
    ad_operand x = DENSE(AD_F32, 1, 100, 120, 40), y = DENSE(AD_F32, 1, 50, 60, 40);
    ad_problem p = {
        .op = AD_OP_MAX_POOL2D_GRAD, .attr = &a, .n_in = 2, .n_out = 1, .in = {x, y}, .out = {x}};
    int64_t n = solve_count(&x);
    void *xs = solve_random(AD_F32, n, -1, 1), *g = solve_random(AD_F32, solve_count(&y), -1, 1);
    void *first = solve_memory(AD_F32, n), *again = solve_memory(AD_F32, n);
    for (int op = 0; op < 2; ++op) {
        for (int threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
            solve_device d;
            REQUIRE(solve_open(&d, (int)ad_cpu_get()->isa, threads));
            CHECK(solve_run(&d, &p, (void *[]){op ? g : xs, g}, threads == 1 ? &first : &again));
            solve_close(&d);
            if (threads > 1) CHECK(!memcmp(first, again, (size_t)n * 4));
        }
        p.op = AD_OP_AVG_POOL2D_GRAD, p.n_in = 1, p.in[0] = y;
    }
    solve_free(xs), solve_free(g), solve_free(first), solve_free(again);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(pooling),
                                     CASE(max_pool_keeps_nan),
                                     CASE(resizing),
                                     CASE(threads_do_not_matter),
                                     {0}});
}
