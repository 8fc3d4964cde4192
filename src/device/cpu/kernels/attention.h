/* attention.h - what the kernels of attention share: where the operands are, and small products
 * between blocks of them.
 *
 * Queries and keys are worked on in blocks of BLOCK rows that are copied to panels: NR columns of
 * all rows side by side, [columns / NR][rows][NR], the last one padded with zeros. Such a block is
 * the right operand of a product as it is, and the left one too, since the register tile spreads
 * single elements of it. Only keys and values are also wanted transposed. */
#ifndef AD_CPU_ATTENTION_H
#define AD_CPU_ATTENTION_H

#include "device/cpu/sizes.h"
#include "device/cpu/vmath.h"
#include "ops/attrs.h"
#include "plan/device.h"

/* The register tile: MR rows of NV vectors. */
#if AD_KERNEL_AVX512
enum { MR = 8, NV = 2 };
#elif AD_KERNEL_ISA == 1
enum { MR = 4, NV = 2 };
#else
enum { MR = 4, NV = 4 };
#endif
enum { NR = NV * AD_VF, BLOCK = 64 };

typedef struct heads { /* [batch, time, heads, head_dim], the last axis contiguous */
    float *data;
    int64_t batch, time, head; /* strides */
} heads;

typedef struct attention {
    heads q, k, v;
    int64_t batches, time, keys, n_heads, kv_heads, group, dim;
    int64_t panels; /* of a block's columns */
    float scale;
    bool causal;
    int64_t offset; /* if causal, query i sees keys 0 .. i + offset */
    heads o;        /* forward: the result; backward: the same, read */
    float *rows;    /* log-sum-exp [batch, heads, row_room], of which `time` */
    int64_t row_room;
    const int32_t *begins, *key_begins; /* of sequences, `sequences` + 1; NULL: there are none */
    int64_t sequences;
    const float *g; /* backward: [batch, time, heads, head_dim] */
    heads dq, dk, dv;
    char *scratch;
    int64_t scratch_bytes; /* per worker */
} attention;

static inline const float *row_of(const heads *x, int64_t batch, int64_t time, int64_t head)
{
    return x->data + batch * x->batch + time * x->time + head * x->head;
}

/* How many of the `count` keys from `key` on the query sees. */
static inline int64_t seen(const attention *a, int64_t query, int64_t key, int64_t count)
{
    if (!a->causal) return count;
    return most(0, least(count, query + a->offset + 1 - key));
}

/* C[MR][NR] (+)= sum over o < outer, p < inner of A(r, o, p) B[o * inner + p][NR], where A(r, o, p)
 * = a[o * a_outer + r * A_ROW + p * A_STEP]. */
static inline __attribute__((always_inline)) void
tile(const int A_ROW, const int A_STEP, const float *a, int64_t outer, int64_t a_outer,
     int64_t inner, const float *b, float *c, int64_t ldc, bool add)
{
    vf acc[MR][NV];
#pragma GCC unroll 8
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
        for (int j = 0; j < NV; ++j) acc[r][j] = vf_zero();
    for (int64_t o = 0; o < outer; ++o, a += a_outer) {
        const float *x = a;
        for (int64_t p = 0; p < inner; ++p, b += NR, x += A_STEP) {
            vf bv[NV];
#pragma GCC unroll 4
            for (int j = 0; j < NV; ++j) bv[j] = vf_load(b + j * AD_VF);
#pragma GCC unroll 8
            for (int r = 0; r < MR; ++r) {
                vf av = vf_set1(x[r * A_ROW]);
#pragma GCC unroll 4
                for (int j = 0; j < NV; ++j) acc[r][j] = vf_fma(av, bv[j], acc[r][j]);
            }
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
        for (int j = 0; j < NV; ++j) {
            float *to = c + r * ldc + j * AD_VF;
            vf_store(to, add ? vf_add(vf_load(to), acc[r][j]) : acc[r][j]);
        }
}

/* MR rows of scores: x's panels (of `rows` rows, from the first of the MR on) times transposed
 * keys. `columns` of them are wanted; to [MR][BLOCK]. */
static inline void scores(const attention *a, const float *x, int64_t rows, const float *keys,
                          int64_t columns, float *to)
{
    for (int64_t j = 0; j < columns; j += NR)
        tile(NR, 1, x, a->panels, rows * NR, NR, keys + j * a->panels * NR, to + j, BLOCK, false);
}

/* MR rows of panels += weights [MR][BLOCK] times the panels of BLOCK rows of x, `count` of them. */
static inline void combine(const attention *a, const float *weights, int64_t count, const float *x,
                           float *to, int64_t to_rows)
{
    for (int64_t p = 0; p < a->panels; ++p)
        tile(BLOCK, 1, weights, 1, 0, count, x + p * BLOCK * NR, to + p * to_rows * NR, NR, true);
}

/* The panels' row `key` and MR - 1 more += the same columns of weights [BLOCK][BLOCK], transposed,
 * times x: of the queries from `first` to `end`. */
static inline void combine_transposed(const attention *a, const float *weights, int64_t key,
                                      int64_t first, int64_t end, const float *x, float *to)
{
    if (end <= first) return;
    for (int64_t p = 0; p < a->panels; ++p)
        tile(1, BLOCK, weights + first * BLOCK + key, 1, 0, end - first,
             x + (p * BLOCK + first) * NR, to + (p * BLOCK + key) * NR, NR, true);
}

/* Rows times `scale` into panels that have room for `room` rows; up to a multiple of MR, rows
 * beyond are zero. */
static inline void copy_rows(const attention *a, const float *from, int64_t stride, int64_t rows,
                             float scale, float *panels, int64_t room)
{
    vf factor = vf_set1(scale);
    for (int64_t r = 0, end = least(room, up(rows, MR)); r < end; ++r, from += stride) {
        for (int64_t at = 0; at < a->panels * NR; at += AD_VF) {
            int64_t left = r < rows ? a->dim - at : 0;
            vf x = left >= AD_VF ? vf_load(from + at)
                   : left > 0    ? vf_load_n(from + at, left)
                                 : vf_zero();
            vf_store(panels + (at / NR * room + r) * NR + at % NR, vf_mul(x, factor));
        }
    }
}

/* Up to BLOCK rows transposed: [BLOCK / NR][panels * NR][NR], zeros beyond. */
static inline void transpose_rows(const attention *a, const float *from, int64_t stride,
                                  int64_t rows, float *to)
{
    for (int64_t r = 0; r < up(rows, NR); r += AD_VF) {
        float *column = to + r / NR * a->panels * NR * NR + r % NR;
        for (int64_t at = 0; at < a->panels * NR; at += AD_VF) {
            vf block[AD_VF];
            int64_t left = a->dim - at;
#pragma GCC unroll 16
            for (int i = 0; i < AD_VF; ++i) {
                const float *x = from + (r + i) * stride + at;
                block[i] = r + i >= rows || left <= 0 ? vf_zero()
                           : left >= AD_VF            ? vf_load(x)
                                                      : vf_load_n(x, left);
            }
            vf_transpose(block);
#pragma GCC unroll 16
            for (int i = 0; i < AD_VF; ++i) vf_store(column + (at + i) * NR, block[i]);
        }
    }
}

/* MR rows of panels out to memory, times a factor for each. */
static inline void write_row(const attention *a, const float *panels, int64_t room, float factor,
                             float *to)
{
    vf f = vf_set1(factor);
    for (int64_t at = 0; at < a->dim; at += AD_VF) {
        vf x = vf_mul(vf_load(panels + at / NR * room * NR + at % NR), f);
        int64_t left = a->dim - at;
        if (left >= AD_VF)
            vf_store(to + at, x);
        else
            vf_store_n(to + at, x, left);
    }
}

/* From where to where sequence `s` reaches. Places that fall, or lie outside, are brought back. */
static inline void reach(const int32_t *begins, int64_t s, int64_t time, int64_t *begin,
                         int64_t *end)
{
    *begin = most(0, least(begins[s], time));
    *end = most(*begin, least(begins[s + 1], time));
}

/* Sequence number `s` as operands of its own: a batch of one. False: it has no queries or no keys.
 */
static inline bool one_sequence(const attention *a, int64_t s, attention *one)
{
    int64_t begin, end, key, key_end;
    reach(a->begins, s, a->time, &begin, &end);
    reach(a->key_begins, s, a->keys, &key, &key_end);
    *one = *a;
    one->time = end - begin, one->keys = key_end - key;
    one->offset = 0;
    heads *const of_queries[] = {&one->q, &one->o, &one->dq};
    heads *const of_keys[] = {&one->k, &one->v, &one->dk, &one->dv};
    for (size_t i = 0; i < sizeof of_queries / sizeof *of_queries; ++i)
        if (of_queries[i]->data) of_queries[i]->data += begin * of_queries[i]->time;
    for (size_t i = 0; i < sizeof of_keys / sizeof *of_keys; ++i)
        if (of_keys[i]->data) of_keys[i]->data += key * of_keys[i]->time;
    one->rows += begin;
    if (one->g) one->g += begin * one->n_heads * one->dim;
    return one->time > 0 && one->keys > 0;
}

/* Whether every place, of queries and of keys, is in a sequence that has both, so that each result
 * is written. */
static inline bool all_in_sequences(const attention *a)
{
    bool all = a->begins[0] <= 0 && a->begins[a->sequences] >= a->time;
    all &= a->key_begins[0] <= 0 && a->key_begins[a->sequences] >= a->keys;
    for (int64_t s = 0; s < a->sequences; ++s) {
        int64_t begin, end, key, key_end;
        reach(a->begins, s, a->time, &begin, &end);
        reach(a->key_begins, s, a->keys, &key, &key_end);
        all &= a->begins[s] <= a->begins[s + 1] && a->key_begins[s] <= a->key_begins[s + 1];
        all &= (end > begin) == (key_end > key);
    }
    return all;
}

/* Takes the operands that say where sequences begin; `ragged` of them. */
static inline void bind_sequences(attention *a, void *const *in, int64_t ragged)
{
    a->begins = in[0];
    a->key_begins = in[ragged - 1];
}

/* Bytes of a block's panels of `rows` rows. */
static inline int64_t panel_bytes(const attention *a, int64_t rows)
{
    return a->panels * NR * rows * (int64_t)sizeof(float);
}

/* Reads the problem; false if these kernels do not take it. `first`: the input that q, or q, k and
 * v in one, is. */
static inline bool attention_prepare(attention *a, const ad_problem *problem, int first, int count)
{
    const ad_attr_attention *attr = problem->attr;
    const ad_operand *x = problem->in + first;
    *a = (attention){.n_heads = attr->heads,
                     .kv_heads = attr->kv_heads,
                     .group = attr->heads / attr->kv_heads,
                     .scale = (float)attr->scale,
                     .causal = attr->causal != 0,
                     .batches = x[0].dim[0],
                     .time = x[0].dim[1],
                     .row_room = x[0].dim[1],
                     .sequences = attr->ragged ? x[3].dim[0] - 1 : 1};
    for (int i = 0; i < attr->ragged; ++i)
        if (!ad_operand_contiguous(&x[3 + i])) return false;
    heads *to[3] = {&a->q, &a->k, &a->v};
    int last = x[0].rank - 1;
    a->keys = count >= 3 ? x[1].dim[1] : a->time;
    a->dim = count >= 3 ? x[0].dim[3] : x[0].dim[2] / (attr->heads + 2 * attr->kv_heads);
    a->offset = a->keys - a->time;
    a->panels = up(a->dim, NR) / NR;
    for (int i = 0; i < (count >= 3 ? 3 : 1); ++i)
        if (x[i].dtype != AD_F32 || (x[i].stride[last] != 1 && x[i].dim[last] != 1)) return false;
    for (int i = 0; i < 3; ++i) {
        const ad_operand *o = &x[count >= 3 ? i : 0];
        *to[i] = (heads){.batch = o->stride[0],
                         .time = o->stride[1],
                         .head = count >= 3 ? o->stride[2] : a->dim};
    }
    return true;
}

/* Where q, k and v are. */
static inline void attention_bind(attention *a, void *const *in, int count)
{
    a->q.data = in[0];
    if (count >= 3) {
        a->k.data = in[1], a->v.data = in[2];
    } else {
        a->k.data = a->q.data + a->n_heads * a->dim;
        a->v.data = a->k.data + a->kv_heads * a->dim;
    }
}

/* Products of one pass over all pairs that see each other, in multiply-adds. */
static inline double attention_pairs(const attention *a)
{
    double pairs = (double)a->time * (double)a->keys;
    if (a->causal) pairs -= (double)a->time * ((double)a->time - 1) / 2;
    pairs /= (double)a->sequences;
    return pairs * (double)(a->batches * a->n_heads);
}

/* The pairs of whole blocks, for estimates: on the diagonal half of them are masked. */
static inline double block_pairs(const attention *a)
{
    enum { HALF_BLOCK = 32 };
    double masked = a->causal && a->time > 1 ? HALF_BLOCK * (double)a->time : 0;
    return attention_pairs(a) + masked * (double)(a->batches * a->n_heads);
}

#endif
