/* chain_segment.c - the operations of segments: see chain_segment.h. */
#include "device/cpu/kernels/chain_segment.h"
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/simd.h"

enum {
    ADD,
    SUB,      /* acc - x */
    SUB_FROM, /* x - acc */
    MUL,
    DIV,
    DIV_INTO, /* x / acc */
    NUMBER,   /* added to the above: x is the number */
    SQRT = 2 * NUMBER,
    SQUARE,
    NEG,
    ABS,
    RELU,
    RECIPROCAL,
    COPY
};

int AD_ISA_NAME(ad_chain_simple)(const ad_chain_step *step, int number, int other)
{
    int with = number >= 0 ? NUMBER : 0;
    bool left = (number >= 0 ? number : other) == 0; /* the operand that is not the accumulator */
    if (step->type != AD_F32 || (step->to != AD_F32 && step->op == AD_OP_CAST)) return -1;
    switch (step->op) {
    case AD_OP_ADD: return with + ADD;
    case AD_OP_SUB: return with + (left ? SUB_FROM : SUB);
    case AD_OP_MUL: return with + MUL;
    case AD_OP_DIV: return with + (left ? DIV_INTO : DIV);
    case AD_OP_SQRT: return SQRT;
    case AD_OP_SQUARE: return SQUARE;
    case AD_OP_NEG: return NEG;
    case AD_OP_ABS: return ABS;
    case AD_OP_RELU: return RELU;
    case AD_OP_RECIPROCAL: return RECIPROCAL;
    case AD_OP_STOP_GRADIENT: return COPY;
    default: return -1;
    }
}

/* `expression` for each vector w of the block, w a constant so that acc lies in registers. */
#define AT(index, expression)                                                                      \
    if (index < width) {                                                                           \
        enum { w = index };                                                                        \
        expression;                                                                                \
    }
#define FOUR(a, b, c, d, expression)                                                               \
    {                                                                                              \
        AT(a, expression) AT(b, expression) AT(c, expression) AT(d, expression)                    \
    }
#define EACH(expression)                                                                           \
    {                                                                                              \
        FOUR(0, 1, 2, 3, expression) FOUR(4, 5, 6, 7, expression)                                  \
    }
#define X vf_load(x + i + w * AD_VF)
#define CASE(name, expression)                                                                     \
    case name: EACH(acc[w] = expression) break;

static inline __attribute__((always_inline)) void block(const ad_segment_op *ops, int count,
                                                        int64_t i, const int width)
{
    vf acc[8];
    EACH(acc[w] = vf_zero())
    for (const ad_segment_op *op = ops; op < ops + count; ++op) {
        const float *load = op->load, *x = op->x;
        float *store = op->store;
        vf k = vf_set1(op->number);
        if (load) EACH(acc[w] = vf_load(load + i + w * AD_VF))
        switch (op->what) {
            CASE(ADD, vf_add(acc[w], X))
            CASE(SUB, vf_sub(acc[w], X))
            CASE(SUB_FROM, vf_sub(X, acc[w]))
            CASE(MUL, vf_mul(acc[w], X))
            CASE(DIV, vf_div(acc[w], X))
            CASE(DIV_INTO, vf_div(X, acc[w]))
            CASE(NUMBER + ADD, vf_add(acc[w], k))
            CASE(NUMBER + SUB, vf_sub(acc[w], k))
            CASE(NUMBER + SUB_FROM, vf_sub(k, acc[w]))
            CASE(NUMBER + MUL, vf_mul(acc[w], k))
            CASE(NUMBER + DIV, vf_div(acc[w], k))
            CASE(NUMBER + DIV_INTO, vf_div(k, acc[w]))
            CASE(SQRT, vf_sqrt(acc[w]))
            CASE(SQUARE, vf_mul(acc[w], acc[w]))
            CASE(NEG, vf_neg(acc[w]))
            CASE(ABS, vf_abs(acc[w]))
            CASE(RELU, vf_select(vf_lt(acc[w], vf_zero()), vf_zero(), acc[w]))
            CASE(RECIPROCAL, vf_div(vf_set1(1), acc[w]))
        default: break;
        }
        if (store) EACH(vf_store(store + i + w * AD_VF, acc[w]))
    }
}

void AD_ISA_NAME(ad_chain_segment)(const ad_segment_op *ops, int count, int64_t first, int64_t n)
{
    int64_t i = first, end = first + n;
    for (; i + 8 * AD_VF <= end; i += 8 * AD_VF) block(ops, count, i, 8);
    for (; i < end; i += AD_VF) block(ops, count, i, 1);
}
