/* sparse_product.c - products of a sparse matrix with dense rows: out[i, h] = sum of a[e, h]
 * b[other[e], h] over the entries e of segment i.
 *
 * Where many values are 0, as dropout makes them, the others of a segment are listed first, so that
 * rows times 0 are not read. */
#include "device/cpu/kernels/sparse.h"
#include "device/cpu/simd.h"

#include <stdatomic.h>

enum { HELD = AD_VF > 8 ? 4 : 8 }; /* vectors of a result that are held */

static inline __attribute__((always_inline)) void add_row(vf *acc, float value, const float *row,
                                                          int vectors, int64_t last)
{
    vf v = vf_set1(value);
    const float *tail = row + (vectors - 1) * AD_VF;
    for (int k = 0; k < vectors - 1; ++k) acc[k] = vf_fma(v, vf_load(row + k * AD_VF), acc[k]);
    acc[vectors - 1] = vf_fma(v, last == AD_VF ? vf_load(tail) : vf_load_n(tail, last),
                              acc[vectors - 1]);
}

static inline __attribute__((always_inline)) void store_rows(float *to, const vf *acc, int vectors,
                                                             int64_t last)
{
    for (int k = 0; k < vectors; ++k)
        if (k < vectors - 1 || last == AD_VF)
            vf_store(to + k * AD_VF, acc[k]);
        else
            vf_store_n(to + k * AD_VF, acc[k], last);
}

/* Calls f(..., vectors, last) for `left` columns, at most HELD vectors: unrolled for few. */
#define FOR_COLUMNS(left, f, ...)                                                                  \
    do {                                                                                           \
        int64_t left_ = (left), last_ = left_ % AD_VF ? left_ % AD_VF : AD_VF;                     \
        if (left_ == HELD * AD_VF) {                                                               \
            f(__VA_ARGS__, HELD, AD_VF);                                                           \
            break;                                                                                 \
        }                                                                                          \
        switch ((left_ + AD_VF - 1) / AD_VF) {                                                     \
        case 1: f(__VA_ARGS__, 1, last_); break;                                                   \
        case 2: f(__VA_ARGS__, 2, last_); break;                                                   \
        case 3: f(__VA_ARGS__, 3, last_); break;                                                   \
        case 4: f(__VA_ARGS__, 4, last_); break;                                                   \
        default: f(__VA_ARGS__, (int)((left_ + AD_VF - 1) / AD_VF), last_);                        \
        }                                                                                          \
    } while (0)

/* ---- all entries ---- */

static inline __attribute__((always_inline)) void
product_block(const sparse *s, int64_t segment, int64_t h, int64_t c, int vectors, int64_t last)
{
    const float *value = s->a, *x = s->b;
    vf acc[HELD];
    int64_t begin, end;
    range(s, segment, &begin, &end);
    for (int k = 0; k < vectors; ++k) acc[k] = vf_zero();
    for (int64_t i = begin; i < end; ++i) {
        int64_t e = entry_at(s, i);
        if (!inside(e, s->entries) || !inside(s->other[e], s->others)) continue;
        add_row(acc, value[e * s->heads + h], x + (s->other[e] * s->heads + h) * s->width + c,
                vectors, last);
    }
    store_rows((float *)s->out + (segment * s->heads + h) * s->width + c, acc, vectors, last);
}

/* ---- entries that are not 0 ---- */

enum { LIST = 256 };

typedef struct list {
    int64_t count;
    int32_t row[LIST]; /* of x */
    float value[LIST];
} list;

/* Those of up to LIST entries from i on, without a branch, as they are at random; whence to go on.
 */
static inline __attribute__((always_inline)) int64_t list_entries(const sparse *s,
                                                                  const int32_t *order, int64_t i,
                                                                  int64_t end, int64_t h,
                                                                  int64_t heads, list *l)
{
    const int32_t *other = s->other;
    const float *value = (const float *)s->a + h;
    int64_t last = least(i + LIST, end), count = 0;
    for (; i < last; ++i) {
        int64_t e = order ? order[i] : i;
        if (!inside(e, s->entries)) continue;
        uint32_t bits;
        memcpy(&bits, value + e * heads, sizeof bits);
        l->row[count] = other[e];
        memcpy(l->value + count, &bits, sizeof bits);
        count += inside(other[e], s->others) & (bits << 1 != 0);
    }
    l->count = count;
    return i;
}

/* Adds the listed rows, x on; `more`: to what the result holds already. */
static inline __attribute__((always_inline)) void add_listed(const list *l, const float *x,
                                                             int64_t stride, float *to, bool more,
                                                             int vectors, int64_t last)
{
    vf acc[HELD];
    for (int k = 0; k < vectors; ++k)
        acc[k] = !more             ? vf_zero()
                 : k < vectors - 1 ? vf_load(to + k * AD_VF)
                                   : vf_load_n(to + k * AD_VF, last);
    for (int64_t i = 0; i < l->count; ++i)
        add_row(acc, l->value[i], x + l->row[i] * stride, vectors, last);
    store_rows(to, acc, vectors, last);
}

static void product_of_some(const sparse *s, int64_t segment, int64_t h, list *l)
{
    float *to = (float *)s->out + (segment * s->heads + h) * s->width;
    const float *x = (const float *)s->b + h * s->width;
    int64_t begin, end, i, next;
    range(s, segment, &begin, &end);
    i = begin;
    do {
        if (s->heads > 1)
            next = list_entries(s, s->order, i, end, h, s->heads, l);
        else if (s->order)
            next = list_entries(s, s->order, i, end, 0, 1, l);
        else
            next = list_entries(s, NULL, i, end, 0, 1, l);
        for (int64_t c = 0; c < s->width; c += HELD * AD_VF)
            FOR_COLUMNS(least(s->width - c, HELD * AD_VF), add_listed, l, x + c,
                        s->heads * s->width, to + c, i > begin);
        i = next;
    } while (i < end);
}

/* Whether zeros may be left out: only where many of the first values are 0, and x is soon looked
 * through, since 0 times what is not finite would be lost. */

enum { SCAN = 16384 }; /* elements of a task */

typedef struct scan {
    const float *x;
    int64_t count;
    atomic_bool found;
} scan;

static void find_not_finite(void *user, int64_t task, int worker)
{
    scan *of = user;
    int64_t last = least((task + 1) * SCAN, of->count);
    uint32_t found = 0;
    (void)worker;
    for (int64_t i = task * SCAN; i < last; ++i) {
        uint32_t bits;
        memcpy(&bits, of->x + i, sizeof bits);
        found |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    if (found) of->found = true;
}

static bool leaves_zeros_out(const sparse *s, ad_pool *pool)
{
    enum { SAMPLE = 2048 };
    const float *value = s->a;
    int64_t count = least(SAMPLE, s->entries * s->heads), zeros = 0;
    for (int64_t i = 0; i < count; ++i) zeros += value[i] == 0;
    if (2 * zeros < count || 4 * s->others > s->entries) return false;
    scan of = {.x = s->b, .count = s->others * s->heads * s->width};
    ad_parallel(pool, (of.count + SCAN - 1) / SCAN, find_not_finite, &of);
    return !of.found;
}

/* ---- several heads in a vector ---- */

enum { FOLD = 4 }; /* vectors of a result at most */

/* Several heads that together fill at most FOLD vectors, with whole heads in each: a pass over the
 * entries for all of them. */
static bool heads_fold(const sparse *s)
{
    return s->heads > 1 && s->width < AD_VF && AD_VF % s->width == 0 &&
           s->heads * s->width <= FOLD * AD_VF;
}

static inline void product_folded(const sparse *s, int64_t segment, int vectors)
{
    enum { FOLD_MOST = AD_VF + 1 };
    const float *value = s->a, *x = s->b;
    int64_t size = s->heads * s->width, begin, end;
    int fold = (int)(AD_VF / s->width); /* heads in a vector */
    int64_t last = size - (vectors - 1) * AD_VF;
    float *to = (float *)s->out + segment * size, lane[AD_VF];
    vm later[FOLD_MOST]; /* the lanes of head j and those behind it */
    vf acc[FOLD] = {vf_zero(), vf_zero(), vf_zero(), vf_zero()};
    for (int i = 0; i < AD_VF; ++i) lane[i] = (float)i;
    for (int j = 1; j < fold; ++j) later[j] = vf_le(vf_set1((float)(j * s->width)), vf_load(lane));
    range(s, segment, &begin, &end);
    for (int64_t i = begin; i < end; ++i) {
        int64_t e = entry_at(s, i);
        if (!inside(e, s->entries) || !inside(s->other[e], s->others)) continue;
        const float *from = x + s->other[e] * size, *v = value + e * s->heads;
        for (int k = 0; k < vectors; ++k) {
            vf weight = vf_set1(v[k * fold]);
            for (int j = 1; j < fold && k * fold + j < s->heads; ++j)
                weight = vf_select(later[j], vf_set1(v[k * fold + j]), weight);
            vf row = k < vectors - 1 || last == AD_VF ? vf_load(from + k * AD_VF)
                                                      : vf_load_n(from + k * AD_VF, last);
            acc[k] = vf_fma(weight, row, acc[k]);
        }
    }
    for (int k = 0; k < vectors; ++k)
        vf_store_n(to + k * AD_VF, acc[k], k == vectors - 1 ? last : AD_VF);
}

static void products_folded(const sparse *s, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; ++i) switch ((s->heads * s->width + AD_VF - 1) / AD_VF) {
        case 1: product_folded(s, i, 1); break;
        case 2: product_folded(s, i, 2); break;
        case 3: product_folded(s, i, 3); break;
        default: product_folded(s, i, 4); break;
        }
}

static void product_f32(void *user, int64_t task, int worker)
{
    const sparse own = *(const sparse *)user, *s = &own;
    int64_t end = least((task + 1) * s->per_task, s->segments);
    list l;
    (void)worker;
    if (heads_fold(s)) {
        products_folded(s, task * s->per_task, end);
        return;
    }
    for (int64_t i = task * s->per_task; i < end; ++i)
        for (int64_t h = 0; h < s->heads; ++h)
            if (s->some)
                product_of_some(s, i, h, &l);
            else
                for (int64_t c = 0; c < s->width; c += HELD * AD_VF)
                    FOR_COLUMNS(least(s->width - c, HELD * AD_VF), product_block, s, i, h, c);
}

static void product_f64(void *user, int64_t task, int worker)
{
    const sparse *s = user;
    int64_t last = least((task + 1) * s->per_task, s->segments), size = s->heads * s->width;
    const double *value = s->a, *x = s->b;
    (void)worker;
    for (int64_t k = task * s->per_task; k < last; ++k) {
        double *to = (double *)s->out + k * size;
        int64_t begin, end;
        range(s, k, &begin, &end);
        memset(to, 0, (size_t)size * sizeof *to);
        for (int64_t i = begin; i < end; ++i) {
            int64_t e = entry_at(s, i);
            if (!inside(e, s->entries) || !inside(s->other[e], s->others)) continue;
            const double *from = x + s->other[e] * size;
            for (int64_t h = 0; h < s->heads; ++h)
                for (int64_t c = 0; c < s->width; ++c)
                    to[h * s->width + c] += value[e * s->heads + h] * from[h * s->width + c];
        }
    }
}

/* ---- the solver ---- */

static void run_product(const ad_problem *problem, const ad_run_args *args)
{
    sparse s;
    sparse_setup(&s, problem, args, sparse_transposed(problem));
    bool wide = problem->out[0].dtype == AD_F64;
    s.some = !wide && !heads_fold(&s) && leaves_zeros_out(&s, args->pool);
    sparse_over(&s, args, wide ? product_f64 : product_f32);
}

const ad_solver AD_ISA_NAME(ad_solver_sparse_matmul) = {
    .name = "sparse matmul", .op = AD_OP_SPARSE_MATMUL, .bid = sparse_bid, .run = run_product};
