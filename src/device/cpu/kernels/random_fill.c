/* random_fill.c - Philox noise, and counting along an axis: results made from nothing but their
 * index.
 *
 * Element i of stream s at step t is word i % 4 of block (i / 4, s 2^40 + t) under the seed as the
 * key (see base/philox.h; normals take the words in pairs), so any task can make any part. */
#include "base/philox.h"
#include "device/cpu/simd.h"
#include "ops/attrs.h"
#include "plan/device.h"

#include <string.h>

enum { TASK = 8192 }; /* elements; a multiple of 4 LANES */

typedef struct noise {
    uint64_t key, high;
    int64_t count;
    ad_dtype dtype;
    bool normal;
    void *out;
} noise;

/* Blocks that are made side by side: a round waits long for its products. */
enum { LANES = 32, VECTORS = LANES / AD_VF };

/* LANES blocks from number `first` (a multiple of LANES) on: word k of block i at words[k][i]. */
static inline void philox_blocks(uint64_t key, uint64_t first, uint64_t high,
                                 int32_t words[4][LANES])
{
    int32_t lane[LANES];
    vi v[4][VECTORS], m0 = vi_set1((int32_t)0xD2511F53u), m1 = vi_set1((int32_t)0xCD9E8D57u);
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int i = 0; i < LANES; ++i) lane[i] = (int32_t)((uint32_t)first + (uint32_t)i);
    for (int j = 0; j < VECTORS; ++j) {
        v[0][j] = vi_load(lane + j * AD_VF), v[1][j] = vi_set1((int32_t)(first >> 32));
        v[2][j] = vi_set1((int32_t)(uint32_t)high), v[3][j] = vi_set1((int32_t)(high >> 32));
    }
    for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u)
        for (int j = 0; j < VECTORS; ++j) {
            vi high0 = vi_mul_high(v[0][j], m0), low0 = vi_mul(v[0][j], m0);
            vi high1 = vi_mul_high(v[2][j], m1), low1 = vi_mul(v[2][j], m1);
            v[0][j] = vi_xor(vi_xor(high1, v[1][j]), vi_set1((int32_t)k0)), v[1][j] = low1;
            v[2][j] = vi_xor(vi_xor(high0, v[3][j]), vi_set1((int32_t)k1)), v[3][j] = low0;
        }
    for (int k = 0; k < 4; ++k)
        for (int j = 0; j < VECTORS; ++j) vi_store(words[k] + j * AD_VF, v[k][j]);
}

/* Word k of block b to x[4 b + k], in loops that compilers make vectors of. */
static inline void uniforms(int32_t words[4][LANES], float *restrict x)
{
    float unit[4][LANES];
    for (int k = 0; k < 4; ++k)
        for (int b = 0; b < LANES; ++b) unit[k][b] = ad_philox_uniform((uint32_t)words[k][b]);
    for (int b = 0; b < LANES; ++b) {
        x[4 * b] = unit[0][b], x[4 * b + 1] = unit[1][b];
        x[4 * b + 2] = unit[2][b], x[4 * b + 3] = unit[3][b];
    }
}

static inline void normals(int32_t words[4][LANES], float *x)
{
    for (int b = 0; b < LANES; ++b)
        for (int k = 0; k < 4; k += 2)
            ad_philox_normal((uint32_t)words[k][b], (uint32_t)words[k + 1][b], x + 4 * b + k,
                             x + 4 * b + k + 1);
}

static void noise_task(void *user, int64_t task, int worker)
{
    const noise *p = user;
    int64_t end = (task + 1) * TASK < p->count ? (task + 1) * TASK : p->count;
    int32_t words[4][LANES];
    float x[4 * LANES];
    (void)worker;
    for (int64_t i = task * TASK; i < end; i += 4 * LANES) {
        philox_blocks(p->key, (uint64_t)i / 4, p->high, words);
        if (p->normal)
            normals(words, x);
        else
            uniforms(words, x);
        int64_t n = end - i < 4 * LANES ? end - i : 4 * LANES;
        if (p->dtype == AD_F32)
            memcpy((float *)p->out + i, x, (size_t)n * sizeof *x);
        else
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
    double steps = problem->op == AD_OP_RANDOM_NORMAL ? 25 : 11;
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
