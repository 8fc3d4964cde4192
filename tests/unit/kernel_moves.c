/* kernel_moves.c - padding, mirroring and its adjoint, gather and scatter-add against plain loops,
 * on every instruction set. */
#include "solve.h"

static void unravel(const ad_operand *o, int64_t index, int64_t at[AD_MAX_RANK])
{
    for (int i = o->rank - 1; i >= 0; --i) at[i] = index % o->dim[i], index /= o->dim[i];
}

static int64_t ravel(const ad_operand *o, const int64_t at[AD_MAX_RANK])
{
    int64_t index = 0;
    for (int i = 0; i < o->rank; ++i) index = index * o->dim[i] + at[i];
    return index;
}

/* Every second permutation is reversed axis order, so that nothing is contiguous. */
static ad_operand shaped(ad_dtype dtype, int rank, const int64_t *dim, bool reversed)
{
    ad_operand o = solve_dense(dtype, rank, dim);
    int64_t stride = 1;
    for (int i = 0; i < rank && reversed; ++i) o.stride[i] = stride, stride *= dim[i];
    return o;
}

static void constant_padding(void)
{
    const ad_dtype dtypes[] = {AD_F32, AD_F64, AD_BF16, AD_U8, AD_I32};
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 200; ++trial) {
            ad_dtype dtype = dtypes[trial % 5];
            int rank = (int)solve_below(5);
            int64_t dim[AD_MAX_RANK], padded[AD_MAX_RANK];
            ad_attr_pad a = {.value = 3};
            for (int i = 0; i < rank; ++i) {
                dim[i] = 1 + solve_below(7);
                if (solve_below(2)) a.before[i] = solve_below(4), a.after[i] = solve_below(4);
                if (solve_below(4) == 0) a.interior[i] = 1 + solve_below(2);
                padded[i] = a.before[i] + dim[i] + (dim[i] - 1) * a.interior[i] + a.after[i];
            }
            ad_problem p = {.op = AD_OP_PAD, .attr = &a, .n_in = 1, .n_out = 1};
            p.in[0] = shaped(dtype, rank, dim, trial % 3 == 0),
            p.out[0] = shaped(dtype, rank, padded, trial % 7 == 0);
            void *x = solve_random(dtype, solve_count(&p.in[0]), 0, 200),
                 *y = solve_memory(dtype, solve_count(&p.out[0]));
            CHECK(solve_run(&d, &p, &x, &y));
            for (int64_t k = 0; k < solve_count(&p.out[0]); ++k) {
                int64_t at[AD_MAX_RANK];
                bool inside = true;
                unravel(&p.out[0], k, at);
                for (int i = 0; i < rank; ++i) {
                    int64_t from = at[i] - a.before[i], gap = a.interior[i] + 1;
                    inside &= from >= 0 && from % gap == 0 && from / gap < dim[i];
                    at[i] = from / gap;
                }
                CHECK(solve_get(&p.out[0], y, k) ==
                      (inside ? solve_get(&p.in[0], x, ravel(&p.in[0], at)) : 3));
            }
            solve_free(x), solve_free(y);
        }
    }
}

static void mirror_and_adjoint(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 200; ++trial) {
            ad_dtype dtype = trial % 3 ? AD_F32 : AD_F64;
            int rank = 1 + (int)solve_below(4);
            int64_t dim[AD_MAX_RANK], padded[AD_MAX_RANK];
            ad_attr_pad a = {.value = 0};
            for (int i = 0; i < rank; ++i) {
                dim[i] = 1 + solve_below(7);
                if (solve_below(2))
                    a.before[i] = solve_below(dim[i]), a.after[i] = solve_below(dim[i]);
                padded[i] = a.before[i] + dim[i] + a.after[i];
            }
            ad_problem p = {.op = AD_OP_PAD_REFLECT, .attr = &a, .n_in = 1, .n_out = 1};
            p.in[0] = shaped(dtype, rank, dim, trial % 3 == 0),
            p.out[0] = shaped(dtype, rank, padded, trial % 7 == 0);
            int64_t n = solve_count(&p.in[0]), m = solve_count(&p.out[0]);
            void *x = solve_random(dtype, n, -1, 1), *y = solve_memory(dtype, m);
            void *g = solve_random(dtype, m, -1, 1), *dx = solve_memory(dtype, n),
                 *want = solve_random(dtype, n, 0, 0);
            CHECK(solve_run(&d, &p, &x, &y));
            for (int64_t k = 0; k < m; ++k) {
                int64_t at[AD_MAX_RANK];
                unravel(&p.out[0], k, at);
                for (int i = 0; i < rank; ++i) {
                    at[i] -= a.before[i];
                    if (at[i] < 0) at[i] = -at[i];
                    if (at[i] >= dim[i]) at[i] = 2 * (dim[i] - 1) - at[i];
                }
                int64_t from = ravel(&p.in[0], at);
                CHECK(solve_get(&p.out[0], y, k) == solve_get(&p.in[0], x, from));
                solve_set(&p.in[0], want, from,
                          solve_get(&p.in[0], want, from) + solve_get(&p.out[0], g, k));
            }
            ad_problem adjoint = {.op = AD_OP_PAD_REFLECT_GRAD, .attr = &a, .n_in = 1, .n_out = 1};
            adjoint.in[0] = p.out[0], adjoint.out[0] = p.in[0];
            CHECK(solve_run(&d, &adjoint, &g, &dx));
            for (int64_t k = 0; k < n; ++k)
                CHECK_NEAR(solve_get(&p.in[0], dx, k), solve_get(&p.in[0], want, k), 1e-5);
            solve_free(x), solve_free(y), solve_free(g), solve_free(dx), solve_free(want);
        }
    }
}

static void gather_and_scatter(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 3); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 60; ++trial) {
            ad_dtype dtype = trial % 3 ? AD_F32 : AD_F64, index = trial % 2 ? AD_I32 : AD_I64;
            int64_t rows = 1 + solve_below(50), width = 1 + solve_below(trial % 5 ? 40 : 3000),
                    count = solve_below(70);
            ad_operand table = DENSE(dtype, rows, width), indices = DENSE(index, count),
                       other = DENSE(dtype, count, width);
            void *t = solve_random(dtype, rows * width, -1, 1), *at = solve_memory(index, count);
            void *y = solve_memory(dtype, count * width), *sum = solve_memory(dtype, rows * width);
            void *want = solve_random(dtype, rows * width, 0, 0),
                 *updates = solve_random(dtype, count * width, -1, 1);
            for (int64_t i = 0; i < count; ++i)
                solve_set(&indices, at, i, (double)(solve_below(rows + 4) - 2));
            ad_problem p = {
                .op = AD_OP_GATHER, .n_in = 2, .n_out = 1, .in = {table, indices}, .out = {other}};
            CHECK(solve_run(&d, &p, (void *[]){t, at}, &y));
            for (int64_t k = 0; k < count * width; ++k) {
                int64_t row = (int64_t)solve_get(&indices, at, k / width),
                        cell = row * width + k % width;
                bool inside = row >= 0 && row < rows;
                CHECK(solve_get(&other, y, k) == (inside ? solve_get(&table, t, cell) : 0));
                if (inside)
                    solve_set(&table, want, cell,
                              solve_get(&table, want, cell) + solve_get(&other, updates, k));
            }
            ad_attr_rows a = {.rows = rows};
            ad_problem s = {.op = AD_OP_SCATTER_ADD,
                            .attr = &a,
                            .n_in = 2,
                            .n_out = 1,
                            .in = {indices, other},
                            .out = {table}};
            CHECK(solve_run(&d, &s, (void *[]){at, updates}, &sum));
            CHECK(!memcmp(sum, want,
                          (size_t)(rows * width) *
                              ad_dtype_size(dtype))); /* the same order of adding */
            s.n_in = 3, s.in[2] = table;
            for (int64_t k = 0; k < rows * width; ++k)
                solve_set(&table, want, k, solve_get(&table, t, k));
            for (int64_t k = 0; k < count * width; ++k) {
                int64_t row = (int64_t)solve_get(&indices, at, k / width),
                        cell = row * width + k % width;
                if (row >= 0 && row < rows)
                    solve_set(&table, want, cell,
                              solve_get(&table, want, cell) + solve_get(&other, updates, k));
            }
            CHECK(solve_run(&d, &s, (void *[]){at, updates, t}, &sum));
            CHECK(!memcmp(sum, want, (size_t)(rows * width) * ad_dtype_size(dtype)));
            CHECK(solve_run(&d, &s, (void *[]){at, updates, t}, &t)); /* in place */
            CHECK(!memcmp(t, want, (size_t)(rows * width) * ad_dtype_size(dtype)));
            solve_free(t), solve_free(at), solve_free(y), solve_free(sum), solve_free(want),
                solve_free(updates);
        }
    }
}

int main(int argc, char **argv)
{
    return check_main(
        argc, argv,
        (check_case[]){
            CASE(constant_padding), CASE(mirror_and_adjoint), CASE(gather_and_scatter), {0}});
}
