/* random_fill.c - Philox noise, and counting along an axis: results made from nothing but their
 * index.
 *
 * Element i of stream s at step t is word i % 4 of block (i / 4, s 2^40 + t) under the seed as the
 * key (see base/philox.h; normals take the words in pairs), so any task can make any part. */
#include "base/philox.h"
#include "device/cpu/simd_u64.h"
#include "ops/attrs.h"
#include "plan/device.h"

#include <string.h>

enum { TASK = 8192 }; /* elements; a multiple of WORDS */

typedef struct noise {
    uint64_t key, high;
    int64_t count;
    ad_dtype dtype;
    bool normal;
    void *out;
} noise;

/* Blocks that are made side by side, as a round waits for its products; their words. */
enum { VECTORS = 4, LANES = VECTORS * AD_VD, WORDS = 4 * LANES };

/* The words of LANES blocks from number `first` (a multiple of LANES) on, as they follow each
 * other.
 *
 * A word is the lower half of a lane; what the upper half holds does not count. The blocks differ
 * in one word of four only, so half of the first two rounds is the same for all. Lanes are numbered
 * such that the last step gives neighbours: 0, AD_VD / 2, 1, AD_VD / 2 + 1 .. in each vector. */
static inline void philox_words(uint64_t key, uint64_t first, uint64_t high, vl lanes,
                                int32_t *words)
{
    const uint64_t m0 = 0xD2511F53u, m1 = 0xCD9E8D57u, w0 = 0x9E3779B9u, w1 = 0xBB67AE85u;
    uint64_t k0 = (uint32_t)key, k1 = key >> 32;
    uint64_t p1 = m1 * (uint32_t)high, x0 = (p1 >> 32) ^ (first >> 32) ^ k0, x1 = (uint32_t)p1;
    uint64_t p0 = m0 * (uint32_t)x0, y1 = k1 ^ (high >> 32),
             y2 = (p0 >> 32) ^ ((k1 + w1) & UINT32_MAX);
    vl v[VECTORS][4], a0 = vl_set1(m0), a1 = vl_set1(m1), key0 = vl_set1(x1 ^ (k0 + w0)), key1;
    for (int j = 0; j < VECTORS; ++j) {
        vl counter = vl_add(lanes, vl_set1((uint32_t)first + (uint64_t)(j * AD_VD)));
        vl low = vl_mul32(counter, a0);
        vl next = vl_mul32(vl_xor(vl_upper(low), vl_set1(y1)), a1);
        v[j][0] = vl_xor(vl_upper(next), key0), v[j][1] = next;
        v[j][2] = vl_xor(low, vl_set1(y2)), v[j][3] = vl_set1(p0);
    }
    k0 += 2 * w0, k1 += 2 * w1;
    for (int round = 2; round < 10; ++round, k0 += w0, k1 += w1) {
        key0 = vl_set1((uint32_t)k0), key1 = vl_set1((uint32_t)k1);
        for (int j = 0; j < VECTORS; ++j) {
            vl q0 = vl_mul32(v[j][0], a0), q1 = vl_mul32(v[j][2], a1);
            v[j][0] = vl_xor(vl_xor(vl_upper(q1), v[j][1]), key0), v[j][1] = q1;
            v[j][2] = vl_xor(vl_xor(vl_upper(q0), v[j][3]), key1), v[j][3] = q0;
        }
    }
    for (int j = 0; j < VECTORS; ++j) {
        vl a = vl_join(v[j][0], v[j][1]), b = vl_join(v[j][2], v[j][3]);
        vl_store_words(words + 4 * j * AD_VD, vl_evens(a, b));
        vl_store_words(words + (4 * j + 2) * AD_VD, vl_odds(a, b));
    }
}

/* ad_philox_uniform */
static inline void uniforms(const int32_t *words, float *x)
{
    for (int i = 0; i < WORDS; i += AD_VF) {
        vi bits = vi_load(words + i);
        vf_store(x + i, vf_mul(vi_to_vf(vi_shr(bits, 8)), vf_set1(0x1p-24f)));
    }
}

static inline void normals(const int32_t *words, float *x)
{
    for (int i = 0; i < WORDS; i += 2)
        ad_philox_normal((uint32_t)words[i], (uint32_t)words[i + 1], x + i, x + i + 1);
}

static void noise_task(void *user, int64_t task, int worker)
{
    const noise *p = user;
    int64_t end = (task + 1) * TASK < p->count ? (task + 1) * TASK : p->count;
    int32_t words[WORDS];
    uint64_t lane[AD_VD];
    float some[WORDS];
    for (int i = 0; i < AD_VD; ++i) lane[i] = (uint64_t)(i / 2 + (i % 2 ? AD_VD / 2 : 0));
    vl lanes = vl_load(lane);
    (void)worker;
    for (int64_t i = task * TASK; i < end; i += WORDS) {
        int64_t n = end - i < WORDS ? end - i : WORDS;
        bool straight = n == WORDS && p->dtype == AD_F32;
        float *x = straight ? (float *)p->out + i : some;
        philox_words(p->key, (uint64_t)i / 4, p->high, lanes, words);
        if (p->normal)
            normals(words, x);
        else
            uniforms(words, x);
        if (!straight)
            ad_convert((char *)p->out + (size_t)i * ad_dtype_size(p->dtype), p->dtype, x, AD_F32,
                       n);
    }
}

static double bid_noise(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *state = &problem->in[0], *out = &problem->out[0];
    if (!ad_dtype_is_float(out->dtype)) return -1;
    if (problem->n_in != 1 || state->dtype != AD_I64 || !ad_operand_contiguous(state)) return -1;
    if (!ad_operand_contiguous(out)) return -1;
    double steps = problem->op == AD_OP_RANDOM_NORMAL ? 25 : 9;
    return machine->call +
           steps * (double)ad_operand_count(out) / machine->steps / machine->threads;
}

static void run_noise(const ad_problem *problem, const ad_run_args *args)
{
    const ad_attr_leaf *attr = problem->attr;
    const int64_t *state = args->in[0]; /* seed, step */
    noise p = {.key = (uint64_t)state[0],
               .high = (uint64_t)state[1] << 20 ^ (uint64_t)attr->stream,
               .count = ad_operand_count(&problem->out[0]),
               .dtype = problem->out[0].dtype,
               .normal = problem->op == AD_OP_RANDOM_NORMAL,
               .out = args->out[0]};
    ad_parallel(args->pool, (p.count + TASK - 1) / TASK, noise_task, &p);
}

static double bid_iota(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *out = &problem->out[0];
    return machine->call + ad_scattered_seconds(machine, (double)ad_operand_count(out) *
                                                             (double)ad_dtype_size(out->dtype));
}

static void run_iota(const ad_problem *problem, const ad_run_args *args)
{
    const ad_attr_leaf *attr = problem->attr;
    const ad_operand *out = &problem->out[0];
    int64_t count = ad_operand_count(out), size = (int64_t)ad_dtype_size(out->dtype);
    for (int64_t k = 0; k < count; ++k) {
        int64_t rest = k, offset = 0, value = 0;
        for (int i = out->rank - 1; i >= 0; --i) {
            int64_t at = rest % out->dim[i];
            rest /= out->dim[i];
            offset += at * out->stride[i];
            if (i == attr->axis) value = at;
        }
        ad_convert((char *)args->out[0] + offset * size, out->dtype, &value, AD_I64, 1);
    }
}

const ad_solver AD_ISA_NAME(ad_solver_random_uniform) = {
    .name = "philox uniform", .op = AD_OP_RANDOM_UNIFORM, .bid = bid_noise, .run = run_noise};
const ad_solver AD_ISA_NAME(ad_solver_random_normal) = {
    .name = "philox normal", .op = AD_OP_RANDOM_NORMAL, .bid = bid_noise, .run = run_noise};
const ad_solver AD_ISA_NAME(ad_solver_iota) = {
    .name = "iota", .op = AD_OP_IOTA, .bid = bid_iota, .run = run_iota};
