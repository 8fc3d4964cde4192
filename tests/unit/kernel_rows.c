/* kernel_rows.c - softmax, cross-entropy, normalisation, argmax and noise kernels against plain
 * loops in double, on every instruction set. */
#include "solve.h"

#include "base/philox.h"

/* [outer, length, inner] of an axis. */
typedef struct line {
    int64_t outer, length, inner;
} line;

static ad_operand random_shape(ad_dtype dtype, int axis, line *l)
{
    const int64_t sizes[] = {1, 2, 3, 7, 10, 16, 33, 64, 65, 130, 300, 1500};
    int64_t dim[3], total = 1;
    for (int i = 0; i < 3; ++i) {
        do dim[i] = sizes[solve_below(12)];
        while (total * dim[i] > 20000);
        total *= dim[i];
    }
    *l = (line){.outer = 1, .length = dim[axis], .inner = 1};
    for (int i = 0; i < axis; ++i) l->outer *= dim[i];
    for (int i = axis + 1; i < 3; ++i) l->inner *= dim[i];
    return solve_dense(dtype, 3, dim);
}

static void softmaxes(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 100; ++trial) {
            ad_dtype dtype = trial % 3 ? AD_F32 : AD_F64;
            double tolerance = dtype == AD_F32 ? 2e-6 : 1e-13;
            line l;
            ad_attr_axis a = {.axis = solve_below(3)};
            ad_operand x = random_shape(dtype, (int)a.axis, &l);
            int64_t n = solve_count(&x);
            void *xs = solve_random(dtype, n, -30, 30), *y = solve_memory(dtype, n),
                 *z = solve_memory(dtype, n);
            ad_problem p = {
                .op = AD_OP_SOFTMAX, .attr = &a, .n_in = 1, .n_out = 1, .in = {x}, .out = {x}};
            CHECK(solve_run(&d, &p, &xs, &y));
            p.op = AD_OP_LOG_SOFTMAX;
            CHECK(solve_run(&d, &p, &xs, &z));
            for (int64_t o = 0; o < l.outer; ++o) {
                for (int64_t k = 0; k < l.inner; ++k) {
                    double m = -INFINITY, sum = 0;
                    for (int64_t i = 0; i < l.length; ++i)
                        m = fmax(m, solve_get(&x, xs, (o * l.length + i) * l.inner + k));
                    for (int64_t i = 0; i < l.length; ++i)
                        sum += exp(solve_get(&x, xs, (o * l.length + i) * l.inner + k) - m);
                    for (int64_t i = 0; i < l.length; ++i) {
                        int64_t at = (o * l.length + i) * l.inner + k;
                        double want = exp(solve_get(&x, xs, at) - m) / sum;
                        if (!(fabs(solve_get(&x, y, at) - want) <= 3 * tolerance * want + 1e-37))
                            CHECK_FAIL("softmax %g, expected %g", solve_get(&x, y, at), want);
                        CHECK_NEAR(solve_get(&x, z, at), solve_get(&x, xs, at) - m - log(sum),
                                   tolerance);
                    }
                }
            }
            solve_free(xs), solve_free(y), solve_free(z);
        }
    }
}

static void masked_softmax(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa) {
        float x[40], y[40];
        ad_attr_axis a = {.axis = 0};
        ad_problem p = {.op = AD_OP_SOFTMAX, .attr = &a, .n_in = 1, .n_out = 1};
        p.in[0] = p.out[0] = DENSE(AD_F32, 40);
        for (int i = 0; i < 40; ++i) x[i] = i < 20 ? 0 : -INFINITY;
        CHECK(solve_run(&d, &p, (void *[]){x}, (void *[]){y}));
        for (int i = 0; i < 40; ++i) CHECK(y[i] == (i < 20 ? 0.05f : 0));
        x[39] = NAN;
        CHECK(solve_run(&d, &p, (void *[]){x}, (void *[]){y}));
        CHECK(isnan(y[0]) && isnan(y[39]));
    }
}

static void cross_entropies(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 60; ++trial) {
            ad_dtype dtype = trial % 3 ? AD_F32 : AD_F64, integer = trial % 2 ? AD_I32 : AD_I64;
            double tolerance = dtype == AD_F32 ? 3e-6 : 1e-13;
            int64_t rows = 1 + solve_below(60), classes = 1 + solve_below(trial % 4 ? 40 : 3000);
            ad_operand x = DENSE(dtype, rows, classes), labels = DENSE(integer, rows),
                       r = DENSE(dtype, rows);
            void *xs = solve_random(dtype, rows * classes, -10, 10),
                 *label = solve_memory(integer, rows);
            void *loss = solve_memory(dtype, rows), *g = solve_random(dtype, rows, -2, 2),
                 *dx = solve_memory(dtype, rows * classes);
            for (int64_t i = 0; i < rows; ++i)
                solve_set(&labels, label, i, (double)(solve_below(classes + 2) - 1));
            ad_problem p = {
                .op = AD_OP_CROSS_ENTROPY, .n_in = 2, .n_out = 1, .in = {x, labels}, .out = {r}};
            ad_problem q = {.op = AD_OP_CROSS_ENTROPY_GRAD,
                            .n_in = 3,
                            .n_out = 1,
                            .in = {x, labels, r},
                            .out = {x}};
            CHECK(solve_run(&d, &p, (void *[]){xs, label}, &loss));
            CHECK(solve_run(&d, &q, (void *[]){xs, label, g}, &dx));
            for (int64_t i = 0; i < rows; ++i) {
                int64_t c = (int64_t)solve_get(&labels, label, i);
                bool inside = c >= 0 && c < classes;
                double sum = 0;
                for (int64_t k = 0; k < classes; ++k)
                    sum += exp(solve_get(&x, xs, i * classes + k));
                CHECK_NEAR(solve_get(&r, loss, i),
                           inside ? log(sum) - solve_get(&x, xs, i * classes + c) : 0, tolerance);
                for (int64_t k = 0; k < classes; ++k) {
                    double want = (exp(solve_get(&x, xs, i * classes + k)) / sum - (k == c)) *
                                  solve_get(&r, g, i);
                    CHECK_NEAR(solve_get(&x, dx, i * classes + k), inside ? want : 0, tolerance);
                }
            }
            solve_free(xs), solve_free(label), solve_free(loss), solve_free(g), solve_free(dx);
        }
    }
}

/* The group that an element belongs to when `axes` are reduced. */
static int64_t group_of(const ad_operand *x, int64_t axes, int64_t index)
{
    int64_t group = 0, step = 1;
    for (int i = x->rank - 1; i >= 0; --i) {
        if (!(axes >> i & 1)) group += index % x->dim[i] * step, step *= x->dim[i];
        index /= x->dim[i];
    }
    return group;
}

static void normalise_case(solve_device *d, ad_dtype dtype, const ad_operand *x, int64_t axes)
{
    double tolerance = dtype == AD_F32 ? 3e-5 : 1e-11;
    int64_t n = solve_count(x), per = 1;
    for (int i = 0; i < x->rank; ++i) per *= axes >> i & 1 ? x->dim[i] : 1;
    int64_t groups = n / per;
    void *xs = solve_random(dtype, n, 5, 9), *g = solve_random(dtype, n, -1, 1),
         *y = solve_memory(dtype, n), *dx = solve_memory(dtype, n);
    double *s = calloc((size_t)groups * 4, sizeof *s), *mean = s, *variance = s + groups,
           *gm = s + 2 * groups, *gx = s + 3 * groups;
    ad_attr_reduce a = {.axes = axes, .eps = 1e-3};
    ad_problem p = {
        .op = AD_OP_NORMALIZE, .attr = &a, .n_in = 1, .n_out = 1, .in = {*x}, .out = {*x}};
    ad_problem q = {
        .op = AD_OP_NORMALIZE_GRAD, .attr = &a, .n_in = 2, .n_out = 1, .in = {*x, *x}, .out = {*x}};
    CHECK(solve_run(d, &p, &xs, &y));
    CHECK(solve_run(d, &q, (void *[]){xs, g}, &dx));
    for (int64_t i = 0; i < n; ++i) mean[group_of(x, axes, i)] += solve_get(x, xs, i) / (double)per;
    for (int64_t i = 0; i < n; ++i) {
        int64_t k = group_of(x, axes, i);
        variance[k] += pow(solve_get(x, xs, i) - mean[k], 2) / (double)per;
    }
    for (int64_t i = 0; i < n; ++i) {
        int64_t k = group_of(x, axes, i);
        double hat = (solve_get(x, xs, i) - mean[k]) / sqrt(variance[k] + a.eps);
        CHECK_NEAR(solve_get(x, y, i), hat, tolerance);
        gm[k] += solve_get(x, g, i) / (double)per, gx[k] += solve_get(x, g, i) * hat / (double)per;
    }
    for (int64_t i = 0; i < n; ++i) {
        int64_t k = group_of(x, axes, i);
        double inverse = 1 / sqrt(variance[k] + a.eps),
               hat = (solve_get(x, xs, i) - mean[k]) * inverse;
        double want = inverse * (solve_get(x, g, i) - gm[k] - hat * gx[k]);
        CHECK_NEAR(solve_get(x, dx, i), want, tolerance * (1 + inverse));
    }
    solve_free(xs), solve_free(g), solve_free(y), solve_free(dx), free(s);
}

static void normalisations(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 60; ++trial) {
            ad_dtype dtype = trial % 3 ? AD_F32 : AD_F64;
            const int64_t all[] = {8, 6, 7, 22, 1, 15, 12, 3, 16 | 6};
            int64_t dim[] = {1 + solve_below(4), 1 + solve_below(9), 1 + solve_below(9),
                             1 + solve_below(40), 1 + solve_below(9)};
            int64_t axes = all[solve_below(9)];
            int rank = axes == 22 ? 5 : 4; /* group norm: [n, h, w, groups, channels of a group] */
            ad_operand x = solve_dense(dtype, rank, dim);
            normalise_case(&d, dtype, &x, axes);
        }
        ad_operand big = DENSE(AD_F32, 2, 60, 50, 40), wide = DENSE(AD_F32, 3, 300, 700),
                   row = DENSE(AD_F32, 2, 5000);
        normalise_case(&d, AD_F32, &big, 6);
        normalise_case(&d, AD_F32, &big, 7);
        normalise_case(&d, AD_F32, &wide, 2);
        normalise_case(&d, AD_F32, &row, 2);
    }
}

static void argmaxes(void)
{
    const ad_dtype dtypes[] = {AD_F32, AD_F64, AD_I32, AD_I64};
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 60; ++trial) {
            ad_dtype dtype = dtypes[trial % 4];
            line l;
            ad_attr_axis a = {.axis = solve_below(3)};
            ad_operand x = random_shape(dtype, (int)a.axis, &l), y = x;
            int64_t n = solve_count(&x), m = l.outer * l.inner;
            y = solve_dense(AD_I32, 1, &m);
            void *xs = solve_random(dtype, n, -9, 9);
            int32_t *at = solve_memory(AD_I32, m);
            ad_problem p = {
                .op = AD_OP_ARGMAX, .attr = &a, .n_in = 1, .n_out = 1, .in = {x}, .out = {y}};
            CHECK(solve_run(&d, &p, &xs, (void *[]){at}));
            for (int64_t o = 0; o < l.outer; ++o) {
                for (int64_t k = 0; k < l.inner; ++k) {
                    int64_t best = 0;
                    for (int64_t i = 1; i < l.length; ++i) {
                        if (solve_get(&x, xs, (o * l.length + i) * l.inner + k) >
                            solve_get(&x, xs, (o * l.length + best) * l.inner + k))
                            best = i;
                    }
                    CHECK_INT(at[o * l.inner + k], best);
                }
            }
            solve_free(xs), solve_free(at);
        }
    }
}

static void noise(void)
{
    enum { N = 100001 };
    static float x[N];
    static double y[N];
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 3); solve_close(&d), ++isa) {
        int64_t state[2] = {1234567890123, 42}, n = N, two = 2;
        ad_attr_leaf a = {.stream = 7};
        ad_problem p = {.op = AD_OP_RANDOM_UNIFORM, .attr = &a, .n_in = 1, .n_out = 1};
        p.in[0] = solve_dense(AD_I64, 1, &two), p.out[0] = solve_dense(AD_F32, 1, &n);
        CHECK(solve_run(&d, &p, (void *[]){state}, (void *[]){x}));
        double mean = 0, square = 0, fourth = 0;
        for (int64_t i = 0; i < N; ++i) {
            ad_philox block = ad_philox_block((uint64_t)state[0], (uint64_t)i / 4,
                                              (uint64_t)42 << 20 ^ 7);
            CHECK(x[i] == ad_philox_uniform(block.v[i % 4]));
            CHECK(x[i] >= 0 && x[i] < 1);
            mean += x[i] / N;
        }
        CHECK(fabs(mean - 0.5) < 5 / sqrt(12.0 * N));
        p.op = AD_OP_RANDOM_NORMAL, p.out[0].dtype = AD_F64;
        CHECK(solve_run(&d, &p, (void *[]){state}, (void *[]){y}));
        mean = 0;
        for (int64_t i = 0; i < N; ++i)
            mean += y[i] / N, square += y[i] * y[i] / N, fourth += pow(y[i], 4) / N;
        CHECK(fabs(mean) < 5 / sqrt(N) && fabs(square - 1) < 5 * sqrt(2.0 / N) &&
              fabs(fourth - 3) < 5 * sqrt(96.0 / N));
    }
}

static void counting(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa) {
        int32_t y[24];
        ad_attr_leaf a = {.axis = 1};
        ad_problem p = {.op = AD_OP_IOTA, .attr = &a, .n_out = 1};
        p.out[0] = DENSE(AD_I32, 2, 3, 4);
        CHECK(solve_run(&d, &p, NULL, (void *[]){y}));
        for (int i = 0; i < 24; ++i) CHECK_INT(y[i], i / 4 % 3);
    }
}

static void threads_do_not_matter(void)
{
    ad_operand x = DENSE(AD_F32, 2, 100, 120, 24);
    ad_attr_reduce a = {.axes = 6, .eps = 1e-5};
    ad_problem p = {
        .op = AD_OP_NORMALIZE_GRAD, .attr = &a, .n_in = 2, .n_out = 1, .in = {x, x}, .out = {x}};
    int64_t n = solve_count(&x);
    void *in[] = {solve_random(AD_F32, n, -1, 1), solve_random(AD_F32, n, -1, 1)};
    void *first = solve_memory(AD_F32, n), *again = solve_memory(AD_F32, n);
    for (int isa = 0; isa <= (int)ad_cpu_get()->isa; ++isa) {
        for (int threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
            solve_device d;
            REQUIRE(solve_open(&d, isa, threads));
            CHECK(solve_run(&d, &p, in, threads == 1 ? &first : &again));
            solve_close(&d);
            if (threads > 1) CHECK(!memcmp(first, again, (size_t)n * 4));
        }
    }
    solve_free(in[0]), solve_free(in[1]), solve_free(first), solve_free(again);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(softmaxes),
                                     CASE(masked_softmax),
                                     CASE(cross_entropies),
                                     CASE(normalisations),
                                     CASE(argmaxes),
                                     CASE(noise),
                                     CASE(counting),
                                     CASE(threads_do_not_matter),
                                     {0}});
}
