/* quantized.h - products with quantised matrices, and the numbers of a block in vectors. */
#ifndef AD_CPU_QUANTIZED_H
#define AD_CPU_QUANTIZED_H

#include <autodidact/tensor.h>

#include "device/cpu/finish.h"
#include "device/cpu/simd.h"
#include "device/cpu/sizes.h"
#include "ops/attrs.h"

enum { BLOCK_VECTORS = AD_BLOCK / AD_VF };

/* x [m, k] with the rows of w [n, k], which are `blocks` blocks each. */
typedef struct quantized_product {
    int64_t m, n, k, blocks, row_bytes;
    ad_quantized form;
    const float *x;
    const unsigned char *w;
    const ad_finish *finish;
} quantized_product;

static inline bool quantized_prepare(quantized_product *p, const ad_problem *problem)
{
    const ad_operand *x = &problem->in[0], *w = &problem->in[1];
    if (x->dtype != AD_F32 || x->rank != 2 || w->rank != 2) return false;
    if (!ad_operand_contiguous(x) || !ad_operand_contiguous(w)) return false;
    *p = (quantized_product){
        .m = x->dim[0],
        .n = w->dim[0],
        .k = x->dim[1],
        .blocks = x->dim[1] / AD_BLOCK,
        .row_bytes = w->dim[1],
        .form = (ad_quantized)((const ad_attr_quantized *)problem->attr)->form};
    return true;
}

/* With `steps` flops for each number of w. */
static inline double quantized_seconds(const quantized_product *p, const ad_machine *machine,
                                       double steps)
{
    double move = (double)p->n * (double)p->row_bytes / machine->bandwidth;
    double work = steps * (double)p->n * (double)p->k / machine->flops_f32;
    return machine->call + (work > move ? work : move) / machine->threads +
           (machine->threads > 1 ? machine->overhead : 0);
}

static inline vf block_scale(const unsigned char *block)
{
    return vf_spread_f16((uint16_t)(block[0] | block[1] << 8));
}

/* Without the scale. */
static inline __attribute__((always_inline)) void
block_numbers(const ad_quantized FORM, const unsigned char *block, vf q[BLOCK_VECTORS])
{
    enum { HALF = AD_BLOCK / 2 / AD_VF };
    const unsigned char *at = block + 2;
    if (FORM == AD_Q8_0) {
        for (int i = 0; i < BLOCK_VECTORS; ++i) q[i] = vi_to_vf(vi_load_i8(at + i * AD_VF));
        return;
    }
    for (int i = 0; i < HALF; ++i) {
        vi pair = vi_load_u8(at + i * AD_VF);
        q[i] = vi_to_vf(vi_sub(vi_and(pair, vi_set1(15)), vi_set1(8)));
        q[i + HALF] = vi_to_vf(vi_sub(vi_shr(pair, 4), vi_set1(8)));
    }
}

/* With it: `blocks` of them. */
static inline __attribute__((always_inline)) void
widen_blocks(const ad_quantized FORM, const unsigned char *block, int64_t blocks, float *to)
{
    const int64_t bytes = FORM == AD_Q8_0 ? 34 : 18;
    for (; blocks > 0; --blocks, block += bytes, to += AD_BLOCK) {
        vf q[BLOCK_VECTORS], d = block_scale(block);
        block_numbers(FORM, block, q);
        for (int i = 0; i < BLOCK_VECTORS; ++i) vf_store(to + i * AD_VF, vf_mul(q[i], d));
    }
}

static inline void widen_row(ad_quantized form, const unsigned char *block, int64_t blocks,
                             float *to)
{
    if (form == AD_Q8_0)
        widen_blocks(AD_Q8_0, block, blocks, to);
    else
        widen_blocks(AD_Q4_0, block, blocks, to);
}

#endif
