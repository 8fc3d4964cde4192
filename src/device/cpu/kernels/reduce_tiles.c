/* reduce_tiles.c - reductions of one tile: along its rows, and across them into column
 * accumulators.
 *
 * f32 rows are summed in vector lanes and then in a fixed tree; the sums of rows are added in
 * double. NaN wins over any number in maximum and minimum. */
#include "device/cpu/kernels/reduce_tiles.h"
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/simd.h"

#define SUM(x, y)      ((x) + (y))
#define LARGEST(x, y)  ((((y) > (x)) | ((y) != (y))) ? (y) : (x))
#define SMALLEST(x, y) ((((y) < (x)) | ((y) != (y))) ? (y) : (x))

/* T: elements, A: accumulators, W: member of ad_wide. */
#define REDUCTIONS(T, A, W, s, kind, merge, first)                                                 \
    static void along_##kind##_##s(ad_wide *result, const void *tile, int64_t rows, int64_t cols)  \
    {                                                                                              \
        const T *x = tile;                                                                         \
        for (int64_t r = 0; r < rows; ++r, x += cols) {                                            \
            A lane[8];                                                                             \
            int64_t c = 0;                                                                         \
            for (int j = 0; j < 8; ++j) lane[j] = first;                                           \
            for (; c + 8 <= cols; c += 8) {                                                        \
                for (int j = 0; j < 8; ++j) lane[j] = merge(lane[j], (A)x[c + j]);                 \
            }                                                                                      \
            for (int j = 0; c < cols; ++c, ++j) lane[j] = merge(lane[j], (A)x[c]);                 \
            for (int j = 4; j; j /= 2) {                                                           \
                for (int k = 0; k < j; ++k) lane[k] = merge(lane[k], lane[k + j]);                 \
            }                                                                                      \
            result[r].W = merge(result[r].W, lane[0]);                                             \
        }                                                                                          \
    }                                                                                              \
    static void across_##kind##_##s(void *accumulators, const void *tile, int64_t rows,            \
                                    int64_t cols)                                                  \
    {                                                                                              \
        const T *x = tile;                                                                         \
        A *a = accumulators;                                                                       \
        for (int64_t r = 0; r < rows; ++r, x += cols) {                                            \
            AD_INDEPENDENT for (int64_t c = 0; c < cols; ++c) a[c] = merge(a[c], (A)x[c]);         \
        }                                                                                          \
    }                                                                                              \
    static void start_##kind##_##s(void *accumulators, int64_t cols)                               \
    {                                                                                              \
        A *a = accumulators;                                                                       \
        for (int64_t c = 0; c < cols; ++c) a[c] = first;                                           \
    }                                                                                              \
    static void flush_##kind##_##s(ad_wide *result, const void *accumulators, int64_t cols)        \
    {                                                                                              \
        const A *a = accumulators;                                                                 \
        for (int64_t c = 0; c < cols; ++c) result[c].W = merge(result[c].W, a[c]);                 \
    }                                                                                              \
    static void combine_##kind##_##s(ad_wide *result, const ad_wide *partial, int64_t count)       \
    {                                                                                              \
        for (int64_t k = 0; k < count; ++k) result[k].W = merge(result[k].W, partial[k].W);        \
    }                                                                                              \
    static const ad_reducer kind##_##s = {                                                         \
        along_##kind##_##s,   across_##kind##_##s, start_##kind##_##s, flush_##kind##_##s,         \
        combine_##kind##_##s, {.W = first},        (A)0.5 != 0};

#define TYPE(T, A, W, s, low, high)                                                                \
    REDUCTIONS(T, A, W, s, sum, SUM, 0)                                                            \
    REDUCTIONS(T, A, W, s, largest, LARGEST, low)                                                  \
    REDUCTIONS(T, A, W, s, smallest, SMALLEST, high)

TYPE(float, float, f, f32, -INFINITY, INFINITY)
TYPE(double, double, f, f64, -INFINITY, INFINITY)
TYPE(int32_t, int64_t, i, i32, INT64_MIN, INT64_MAX)
TYPE(int64_t, int64_t, i, i64, INT64_MIN, INT64_MAX)
TYPE(uint8_t, int64_t, i, u8, INT64_MIN, INT64_MAX)

/* Sums of float rows: four vectors of lanes, then a tree; the tail goes into the first ones. */
static void sum_rows(ad_wide *result, const void *tile, int64_t rows, int64_t cols)
{
    const float *x = tile;
    for (int64_t r = 0; r < rows; ++r, x += cols) {
        vf a = vf_zero(), b = a, c = a, d = a;
        int64_t i = 0;
        for (; i + 4 * AD_VF <= cols; i += 4 * AD_VF) {
            a = vf_add(a, vf_load(x + i)), b = vf_add(b, vf_load(x + i + AD_VF));
            c = vf_add(c, vf_load(x + i + 2 * AD_VF)), d = vf_add(d, vf_load(x + i + 3 * AD_VF));
        }
        for (; i + AD_VF <= cols; i += AD_VF) a = vf_add(a, vf_load(x + i));
        if (i < cols) b = vf_add(b, vf_load_n(x + i, cols - i));
        result[r].f += vf_sum(vf_add(vf_add(a, b), vf_add(c, d)));
    }
}

/* A vector of columns, of which the first n count: four rows in turn, so that sums do not wait for
 * each other. WHOLE: all of it, without masks, whose stores the next loads would wait for. */
static inline __attribute__((always_inline)) void
add_columns(const bool WHOLE, float *total, const float *x, int64_t rows, int64_t cols, int64_t n)
{
#define LOAD(p) (WHOLE ? vf_load(p) : vf_load_n(p, n))
    int64_t r = 0;
    vf a = LOAD(total), b = vf_zero(), c = b, d = b;
    for (; r + 4 <= rows; r += 4, x += 4 * cols) {
        a = vf_add(a, LOAD(x)), b = vf_add(b, LOAD(x + cols));
        c = vf_add(c, LOAD(x + 2 * cols)), d = vf_add(d, LOAD(x + 3 * cols));
    }
    for (; r < rows; ++r, x += cols) a = vf_add(a, LOAD(x));
#undef LOAD
    a = vf_add(vf_add(a, b), vf_add(c, d));
    if (WHOLE)
        vf_store(total, a);
    else
        vf_store_n(total, a, n);
}

static void sum_columns(void *accumulators, const void *tile, int64_t rows, int64_t cols)
{
    float *total = accumulators;
    const float *x = tile;
    int64_t i = 0;
    for (; i + AD_VF <= cols; i += AD_VF) add_columns(true, total + i, x + i, rows, cols, AD_VF);
    if (i < cols) add_columns(false, total + i, x + i, rows, cols, cols - i);
}

/* The extremes of float rows, NaN if there is one: it is looked for beside the largest. */
#define EXTREME_ROWS(name, pick, merge, horizontal, first)                                         \
    static void name(ad_wide *result, const void *tile, int64_t rows, int64_t cols)                \
    {                                                                                              \
        const float *x = tile;                                                                     \
        for (int64_t r = 0; r < rows; ++r, x += cols) {                                            \
            vf a = vf_set1(first), b = a;                                                          \
            vm nan = vm_first(0);                                                                  \
            int64_t i = 0;                                                                         \
            for (; i + 2 * AD_VF <= cols; i += 2 * AD_VF) {                                        \
                vf p = vf_load(x + i), q = vf_load(x + i + AD_VF);                                 \
                nan = vm_or(nan, vm_or(vf_ne(p, p), vf_ne(q, q)));                                 \
                a = pick(a, p), b = pick(b, q);                                                    \
            }                                                                                      \
            double best = (double)horizontal(pick(a, b));                                          \
            if (vm_any(nan)) best = NAN;                                                           \
            for (; i < cols; ++i) best = merge(best, (double)x[i]);                                \
            result[r].f = merge(result[r].f, best);                                                \
        }                                                                                          \
    }
EXTREME_ROWS(largest_rows, vf_max, LARGEST, vf_largest, -INFINITY)
EXTREME_ROWS(smallest_rows, vf_min, SMALLEST, vf_smallest, INFINITY)

ad_reducer AD_ISA_NAME(ad_reducer_for)(int op, ad_dtype type)
{
    static const ad_reducer *const reducers[AD_DTYPES][3] = {
        [AD_F32] = {&sum_f32, &largest_f32, &smallest_f32},
        [AD_F64] = {&sum_f64, &largest_f64, &smallest_f64},
        [AD_I32] = {&sum_i32, &largest_i32, &smallest_i32},
        [AD_I64] = {&sum_i64, &largest_i64, &smallest_i64},
        [AD_U8] = {&sum_u8, &largest_u8, &smallest_u8},
    };
    int kind = op == AD_OP_MAX ? 1 : op == AD_OP_MIN ? 2 : 0;
    const ad_reducer *found = reducers[type][kind];
    ad_reducer reducer = found ? *found : (ad_reducer){0};
    if (op == AD_OP_MEAN && found && !found->floats) return (ad_reducer){0};
    if (type == AD_F32 && kind == 0) reducer.across = sum_columns;
    if (type == AD_F32)
        reducer.along = kind == 0 ? sum_rows : kind == 1 ? largest_rows : smallest_rows;
    return reducer;
}
