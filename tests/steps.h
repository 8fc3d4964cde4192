/* steps.h - the steps of chains as the tables have them: which there are, what they compute, where
 * and how closely their f32 kernels do. For random chains, and for bounds of their errors. */
#ifndef AD_TESTS_STEPS_H
#define AD_TESTS_STEPS_H

#include "check.h"
#include "device/cpu/kernels/chain_steps.h"
#include "ops/attrs.h"
#include "ops/rules.h"

#include <math.h>

/* What units of a step's error are of. */
typedef enum step_error { STEP_OF_VALUE, STEP_OF_OPERAND, STEP_OF_ONE } step_error;

typedef struct step_facts {
    double low, high; /* finite operands lie between */
    double units;     /* in the last place; 0: exact */
    step_error of;
} step_facts;

/* Steps without a row of steps.def are exact. */
static inline step_facts step_facts_of(int op)
{
    switch (op) {
#define STEP1(op, low, high, units, of, f32, f64)                                                  \
    case AD_OP_##op:                                                                               \
        return (step_facts){low, high, units, STEP_OF_##of};
#define STEP2 STEP1
#include "device/cpu/kernels/steps.def"
#undef STEP1
#undef STEP2
    default: return (step_facts){-100, 100, 0, STEP_OF_VALUE};
    }
}

/* The operand at 0 <= t < 1 of the way through the interval, which goes by exponents where it spans
 * several powers of ten. */
static inline double step_operand(const step_facts *facts, double t)
{
    double low = facts->low, high = facts->high;
    return low > 0 && high / low > 100 ? low * pow(high / low, t) : low + (high - low) * t;
}

/* Whether the result is true or false. */
static inline bool step_decides(int op)
{
    bool (*infer)(ad_infer *) = ad_ops[op].infer;
    return infer == ad_infer_equal || infer == ad_infer_order || infer == ad_infer_logic;
}

/* Whether the scalar kernels have the step; operands of `type`. */
static inline bool step_exists(int op, ad_dtype type)
{
    ad_chain_step step = {.op = (uint16_t)op, .type = (uint8_t)type, .to = (uint8_t)type};
    return ad_ops[op].klass == AD_CLASS_ELEMENTWISE && ad_chain_step_kernel_scalar(&step) != NULL;
}

/* One step on numbers: in double, by the table's f64 expression. */
static inline double step_value(const ad_chain_step *step, double x, double y, double z)
{
    const double a = step->a, b = step->b;
    if (step->op == AD_OP_DIV && !ad_dtype_is_float(step->type)) return y == 0 ? 0 : trunc(x / y);
    switch (step->op) {
#define STEP1(op, low, high, units, of, f32, f64)                                                  \
    case AD_OP_##op:                                                                               \
        return f64;
#define STEP2 STEP1
#include "device/cpu/kernels/steps.def"
#undef STEP1
#undef STEP2
    case AD_OP_LESS: return x < y;
    case AD_OP_LESS_EQUAL: return x <= y;
    case AD_OP_GREATER: return x > y;
    case AD_OP_GREATER_EQUAL: return x >= y;
    case AD_OP_EQUAL: return x == y;
    case AD_OP_NOT_EQUAL: return x != y;
    case AD_OP_NOT: return x == 0;
    case AD_OP_AND: return x != 0 && y != 0;
    case AD_OP_OR: return x != 0 || y != 0;
    case AD_OP_WHERE: return x != 0 ? y : z;
    case AD_OP_FILL: return a;
    case AD_OP_STOP_GRADIENT: return x;
    case AD_OP_CAST: {
        unsigned char memory[8];
        ad_convert(memory, (ad_dtype)step->to, &x, AD_F64, 1);
        ad_convert(&x, AD_F64, memory, (ad_dtype)step->to, 1);
        return x;
    }
    default:
        CHECK_FAIL("%s is elementwise and has no row in src/device/cpu/kernels/steps.def, and no "
                   "value here",
                   ad_ops[step->op].name);
        return NAN;
    }
}

/* ---- the error that roundings of f32 may add up to ---- */

/* How far off a step is by itself, where a unit in the last place of 1 is 1. */
static inline double step_own_error(const step_facts *facts, double x, double value)
{
    return facts->units * (facts->of == STEP_OF_VALUE     ? fabs(value)
                           : facts->of == STEP_OF_OPERAND ? fabs(x)
                                                          : 1);
}

/* Bounds of the outputs' errors after a chain, for one element; INFINITY where nothing can be said:
 * a comparison may go either way, a number leaves its type's range or the interval of the step, or
 * errors have grown large. */
static inline void chain_error(const ad_chain *chain, const double *in, double *error)
{
    const double unit = 0x1p-23, smallest = 0x1p-126, wide = 0.1;
    double value[AD_CHAIN_REGISTERS] = {0}, bound[AD_CHAIN_REGISTERS] = {0};
    memcpy(value, in, (size_t)chain->n_inputs * sizeof *value);
    for (int s = 0; s < chain->n_steps; ++s) {
        const ad_chain_step *step = &chain->step[s];
        double x[3] = {0}, e[3] = {0}, most = 0;
        step_facts facts = step_facts_of(step->op);
        bool lost = false, floats = ad_dtype_is_float(step->type), decides = step_decides(step->op);
        for (int k = 0; k < step->n_src; ++k) {
            x[k] = value[step->src[k]], e[k] = bound[step->src[k]];
            bool outside = facts.units > 0 && (x[k] < facts.low || x[k] > facts.high);
            lost |= !(e[k] <= wide) || outside;
        }
        double result = step_value(step, x[0], x[1], x[2]);
        bool exact = e[0] == 0 && e[1] == 0 && e[2] == 0;
        for (int corner = 0; corner < 27 && !lost && !exact; ++corner) {
            double moved = step_value(step, x[0] + (corner % 3 - 1) * e[0],
                                      x[1] + (corner / 3 % 3 - 1) * e[1],
                                      x[2] + (corner / 9 - 1) * e[2]);
            bool same = moved == result || (moved != moved && result != result);
            if (!same && !(fabs(moved - result) <= most)) most = fabs(moved - result);
        }
        if (decides && most > 0) most = INFINITY;
        if (floats && facts.units > 0 && result == result)
            most += unit * step_own_error(&facts, x[0], result) + smallest;
        double range = step->type == AD_F64 ? 1e300 : floats ? 3e38 : 0x1p31;
        if (lost || most != most || fabs(result) > range) most = INFINITY;
        value[step->dst] = result, bound[step->dst] = most;
    }
    for (int o = 0; o < chain->n_outputs; ++o) error[o] = bound[chain->output_register[o]];
}

#endif
