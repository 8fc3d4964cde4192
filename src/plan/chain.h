/* chain.h - an elementwise chain: a small straight-line program over tiles of elements.
 *
 * The planner fuses elementwise nodes into chains. A chain runs as a kernel of its own (AD_OP_CHAIN
 * of device.h), behind a matmul or convolution on each finished piece of the result (epilogue:
 * chain input 0 is the accumulator), or in front of a reduction (prologue: chain output 0 is what
 * is reduced). A device interprets it over tiles of 64-512 elements, or generates code from it.
 *
 * Registers hold tiles. Registers 0 .. n_inputs-1 are the inputs as loaded; every instruction
 * writes a fresh register or one whose value is dead. `type` is the arithmetic type of an
 * instruction's operands: AD_F32 (f32, bf16 and f16 operands are loaded as f32), AD_F64, AD_I32,
 * AD_I64, AD_U8 (u8 and bool). A comparison's result and a condition are AD_U8 registers of 0 or 1.
 * Loads convert from the operand's dtype to its register's type (bf16/f16 -> f32), stores convert
 * back. A step never writes a register that it reads. A cast's `to` is AD_F32 for bf16 and f16
 * (which are only stored), and stays AD_BOOL for bool: not zero. */
#ifndef AD_PLAN_CHAIN_H
#define AD_PLAN_CHAIN_H

#include "graph/node.h"

enum { AD_CHAIN_INPUTS = 12, AD_CHAIN_OUTPUTS = 4, AD_CHAIN_STEPS = 48, AD_CHAIN_REGISTERS = 32 };

typedef struct ad_chain_step {
    uint16_t op;      /* an elementwise ad_op; AD_OP_CAST: from `type` to `to` */
    uint8_t type, to; /* ad_dtype: of the operands; of the result */
    uint8_t dst, src[3];
    uint8_t n_src;
    double a, b; /* those of its ad_attr_scalar, if it has one; FILL (no operands): the value a */
} ad_chain_step;

typedef struct ad_chain {
    int n_inputs, n_steps, n_outputs, n_registers;
    ad_dtype input[AD_CHAIN_INPUTS];   /* dtype in memory (epilogue input 0: the accumulator,
                                          AD_F32/F64) */
    ad_dtype output[AD_CHAIN_OUTPUTS]; /* dtype in memory */
    uint8_t output_register[AD_CHAIN_OUTPUTS];
    ad_chain_step step[AD_CHAIN_STEPS];
} ad_chain;

/* The register type that a memory dtype is loaded as. */
ad_dtype ad_chain_type(ad_dtype memory);
/* For estimates: what its steps cost for an element, as so many simple ones. */
double ad_chain_work(const ad_chain *chain);
void ad_chain_print(ad_text *text, const ad_chain *chain);
/* True if registers are written before they are read and types agree; the planner's own check. */
bool ad_chain_verify(const ad_chain *chain);

#endif
