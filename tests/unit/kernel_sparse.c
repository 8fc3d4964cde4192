/* kernel_sparse.c - sparse products, dots and segment kernels against plain loops in double, on
 * every instruction set; and the same bits with one thread and three. */
#include "problems.h"

/* Runs `op` with one thread and with three; the bits must be the same. */
static void run_both(int isa, int op, const pattern *p, bool transposed, ad_operand a, void *as,
                     const ad_operand *b, void *bs, ad_operand out, void *ys)
{
    ad_attr_sparse attr = {transposed};
    ad_problem problem = {.op = op, .attr = &attr, .n_in = b ? 7 : 6, .n_out = 1, .out = {out}};
    void *in[7] = {p->data[0], p->data[1], p->data[2], p->data[3], p->data[4], as, bs};
    void *again = solve_memory(out.dtype, solve_count(&out));
    memcpy(problem.in, p->shape, sizeof p->shape);
    problem.in[5] = a;
    if (b) problem.in[6] = *b;
    for (int threads = 1; threads <= 3; threads += 2) {
        solve_device d;
        solve_open(&d, isa, threads);
        CHECK(solve_run(&d, &problem, in, threads == 1 ? &ys : &again));
        solve_close(&d);
    }
    CHECK(!memcmp(ys, again, (size_t)solve_count(&out) * ad_dtype_size(out.dtype)));
    solve_free(again);
}

static void check_all(const ad_operand *o, const void *got, const double *want, double tolerance)
{
    for (int64_t i = 0; i < solve_count(o); ++i)
        CHECK_NEAR(solve_get(o, got, i), want[i], tolerance);
}

static void products(int isa, ad_dtype dtype)
{
    pattern p = random_pattern();
    int64_t heads = 1 + solve_below(9),
            width = solve_below(3) ? 1 + solve_below(20) : 1 + solve_below(150);
    double tolerance = dtype == AD_F32 ? 2e-4 : 1e-11;
    for (int t = 0; t < 2; ++t) {
        int64_t from = t ? p.rows : p.columns, to = t ? p.columns : p.rows;
        ad_operand v = DENSE(dtype, p.entries, heads), x = DENSE(dtype, from, heads, width),
                   y = DENSE(dtype, to, heads, width);
        void *vs = solve_random(dtype, p.entries * heads, -1, 1);
        void *xs = solve_random(dtype, from * heads * width, -1, 1);
        void *ys = solve_memory(dtype, to * heads * width);
        double *want = calloc((size_t)(to * heads * width), sizeof *want);
        for (int64_t e = 0; e < p.entries; ++e)
            for (int64_t k = 0; k < heads * width; ++k)
                want[p.data[t ? 2 : 1][e] * heads * width + k] +=
                    solve_get(&v, vs, e * heads + k / width) *
                    solve_get(&x, xs, p.data[t ? 1 : 2][e] * heads * width + k);
        run_both(isa, AD_OP_SPARSE_MATMUL, &p, t, v, vs, &x, xs, y, ys);
        check_all(&y, ys, want, tolerance);
        solve_free(vs), solve_free(xs), solve_free(ys), free(want);
    }
    ad_operand a = DENSE(dtype, p.rows, heads, width), b = DENSE(dtype, p.columns, heads, width),
               y = DENSE(dtype, p.entries, heads);
    void *as = solve_random(dtype, p.rows * heads * width, -1, 1);
    void *bs = solve_random(dtype, p.columns * heads * width, -1, 1);
    void *ys = solve_memory(dtype, p.entries * heads);
    double *want = calloc((size_t)(p.entries * heads + 1), sizeof *want);
    for (int64_t i = 0; i < p.entries * heads; ++i)
        for (int64_t k = 0; k < width; ++k)
            want[i] += solve_get(&a, as, (p.data[1][i / heads] * heads + i % heads) * width + k) *
                       solve_get(&b, bs, (p.data[2][i / heads] * heads + i % heads) * width + k);
    run_both(isa, AD_OP_SPARSE_DOT, &p, false, a, as, &b, bs, y, ys);
    check_all(&y, ys, want, tolerance);
    solve_free(as), solve_free(bs), solve_free(ys), free(want);
    free_pattern(&p);
}

static void segments(int isa, ad_dtype dtype)
{
    pattern p = random_pattern();
    int64_t width = solve_below(3) ? 1 + solve_below(20) : 1 + solve_below(150);
    double tolerance = dtype == AD_F32 ? 1e-4 : 1e-11;
    int64_t most = p.rows > p.columns ? p.rows : p.columns;
    ad_operand x = DENSE(dtype, p.entries, width);
    void *xs = solve_random(dtype, p.entries * width, -30, 30), *ys;
    double *want = malloc((size_t)((most + p.entries) * width) * sizeof *want);
    for (int t = 0; t < 2; ++t) {
        int64_t to = t ? p.columns : p.rows;
        ad_operand y = DENSE(dtype, to, width);
        memset(want, 0, (size_t)(to * width) * sizeof *want);
        for (int64_t i = 0; i < p.entries * width; ++i)
            want[p.data[t ? 2 : 1][i / width] * width + i % width] += solve_get(&x, xs, i);
        ys = solve_memory(dtype, to * width);
        run_both(isa, AD_OP_SEGMENT_SUM, &p, t, x, xs, NULL, NULL, y, ys);
        check_all(&y, ys, want, 30 * tolerance);
        solve_free(ys);
    }
    double *top = malloc((size_t)(p.rows * width) * sizeof *top);
    double *sum = calloc((size_t)(p.rows * width), sizeof *sum);
    for (int64_t i = 0; i < p.rows * width; ++i)
        top[i] = p.data[0][i / width] < p.data[0][i / width + 1] ? -INFINITY : 0;
    for (int64_t i = 0; i < p.entries * width; ++i) {
        double *m = top + p.data[1][i / width] * width + i % width;
        *m = fmax(*m, solve_get(&x, xs, i));
    }
    ad_operand y = DENSE(dtype, p.rows, width);
    ys = solve_memory(dtype, p.rows * width);
    run_both(isa, AD_OP_SEGMENT_MAX, &p, false, x, xs, NULL, NULL, y, ys);
    check_all(&y, ys, top, 0);
    solve_free(ys);
    for (int pass = 0; pass < 2; ++pass)
        for (int64_t i = 0; i < p.entries * width; ++i) {
            int64_t at = p.data[1][i / width] * width + i % width;
            double e = exp(solve_get(&x, xs, i) - top[at]);
            if (pass)
                want[i] = e / sum[at];
            else
                sum[at] += e;
        }
    ys = solve_memory(dtype, p.entries * width);
    run_both(isa, AD_OP_SEGMENT_SOFTMAX, &p, false, x, xs, NULL, NULL, x, ys);
    check_all(&x, ys, want, dtype == AD_F32 ? 3e-6 : 1e-13);
    solve_free(xs), solve_free(ys), free(want), free(top), free(sum);
    free_pattern(&p);
}

static void random_patterns(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa)
        for (int trial = 0; trial < 12; ++trial) {
            products(isa, trial % 3 ? AD_F32 : AD_F64);
            segments(isa, trial % 3 ? AD_F32 : AD_F64);
        }
}

/* Scores a thousand apart: with one maximum for all, the second row would be 0 / 0. */
static void own_maximum(void)
{
    pattern p = {.rows = 2, .columns = 1, .entries = 4};
    int32_t start[] = {0, 2, 4}, row[] = {0, 0, 1, 1}, column[4] = {0}, column_start[] = {0, 4},
            order[] = {0, 1, 2, 3};
    int32_t *data[5] = {start, row, column, column_start, order};
    int64_t count[5] = {3, 4, 4, 2, 4};
    memcpy(p.data, data, sizeof data);
    for (int i = 0; i < 5; ++i) p.shape[i] = DENSE(AD_I32, count[i]);
    float x[4] = {1000, 1000, -1000, -1000};
    ad_operand o = DENSE(AD_F32, 4, 1);
    void *y = solve_memory(AD_F32, 4);
    run_both(0, AD_OP_SEGMENT_SOFTMAX, &p, false, o, x, NULL, NULL, o, y);
    for (int i = 0; i < 4; ++i) CHECK(((float *)y)[i] == 0.5f);
    solve_free(y);
}

/* Places outside are left out and never read. */
static void out_of_range(void)
{
    pattern p = random_pattern();
    while (p.entries < 10) free_pattern(&p), p = random_pattern();
    p.data[2][3] = -5, p.data[2][4] = (int32_t)p.columns, p.data[4][5] = (int32_t)p.entries;
    p.data[4][6] = -1, p.data[0][p.rows] = (int32_t)p.entries + 7, p.data[0][0] = -3;
    ad_operand v = DENSE(AD_F32, p.entries, 2), x = DENSE(AD_F32, p.columns, 2, 5),
               y = DENSE(AD_F32, p.rows, 2, 5), w = DENSE(AD_F32, p.entries, 3);
    void *vs = solve_random(AD_F32, p.entries * 2, -1, 1);
    void *xs = solve_random(AD_F32, p.columns * 10, -1, 1);
    void *ys = solve_memory(AD_F32, p.rows * 10), *ws = solve_random(AD_F32, p.entries * 3, -1, 1);
    void *zs = solve_memory(AD_F32, p.columns * 10);
    run_both(0, AD_OP_SPARSE_MATMUL, &p, false, v, vs, &x, xs, y, ys);
    run_both(0, AD_OP_SPARSE_MATMUL, &p, true, v, vs, &y, ys, x, zs);
    run_both(0, AD_OP_SPARSE_DOT, &p, false, y, ys, &x, xs, v, vs);
    CHECK(((float *)vs)[6] == 0 && ((float *)vs)[8] == 0);
    run_both(0, AD_OP_SEGMENT_SOFTMAX, &p, false, w, ws, NULL, NULL, w, ws);
    solve_free(vs), solve_free(xs), solve_free(ys), solve_free(ws), solve_free(zs);
    free_pattern(&p);
}

/* Values that are mostly 0, as behind dropout; then infinity in a row of x, which 0 times makes
 * NaN. Segments are longer than a list, too. */
static void dropped(int isa, bool transposed, int64_t heads, int64_t width)
{
    pattern p = transposed ? make_pattern(400, 3, 3000) : make_pattern(3, 400, 3000);
    ad_operand v = DENSE(AD_F32, p.entries, heads), x = DENSE(AD_F32, 400, heads, width),
               y = DENSE(AD_F32, 3, heads, width);
    float *vs = solve_random(AD_F32, p.entries * heads, -1, 1);
    float *xs = solve_random(AD_F32, 400 * heads * width, -1, 1);
    float *ys = solve_memory(AD_F32, 3 * heads * width);
    double *want = calloc((size_t)(3 * heads * width), sizeof *want);
    const int32_t *to = p.data[transposed ? 2 : 1], *from = p.data[transposed ? 1 : 2];
    for (int64_t i = 0; i < p.entries * heads; ++i)
        if (solve_below(4)) vs[i] = 0;
    for (int64_t e = 0; e < p.entries; ++e)
        for (int64_t k = 0; k < heads * width; ++k)
            want[to[e] * heads * width + k] += (double)vs[e * heads + k / width] *
                                               xs[from[e] * heads * width + k];
    run_both(isa, AD_OP_SPARSE_MATMUL, &p, transposed, v, vs, &x, xs, y, ys);
    check_all(&y, ys, want, 2e-4);
    memset(vs, 0, (size_t)(p.entries * heads) * sizeof *vs);
    xs[from[7] * heads * width] = INFINITY;
    run_both(isa, AD_OP_SPARSE_MATMUL, &p, transposed, v, vs, &x, xs, y, ys);
    CHECK(isnan(ys[to[7] * heads * width]));
    solve_free(vs), solve_free(xs), solve_free(ys), free(want);
    free_pattern(&p);
}

static void mostly_zeros(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa)
        for (int t = 0; t < 2; ++t)
            dropped(isa, t, 1, 64), dropped(isa, t, 1, 7), dropped(isa, t, 3, 150);
}

int main(int argc, char **argv)
{
    return check_main(
        argc, argv,
        (check_case[]){
            CASE(random_patterns), CASE(own_maximum), CASE(out_of_range), CASE(mostly_zeros), {0}});
}
