/* chain_segment.h - consecutive simple f32 steps of a chain as one pass.
 *
 * Step by step over a tile, every value goes through L1. A segment takes a few vectors through all
 * its steps: a value that only the next step reads stays in registers (the accumulator), and the
 * processor overlaps the long operations of one block (roots, quotients, reads from memory) with
 * the short ones of another. The operations and their order are those of the steps, so the results
 * are too. */
#ifndef AD_CPU_CHAIN_SEGMENT_H
#define AD_CPU_CHAIN_SEGMENT_H

#include "device/cpu/chain_run.h"

typedef struct ad_segment_op {
    uint8_t what;      /* of ad_chain_simple */
    float number;      /* for operations with one */
    const float *load; /* the accumulator's new value first, or NULL: what it is */
    const float *x;    /* the other operand */
    float *store;      /* where the result goes too, or NULL */
} ad_segment_op;

#define AD_SEGMENT_DECLARE(isa, level, unused)                                                     \
    int ad_chain_simple_##isa(const ad_chain_step *step, int number, int other);                   \
    void ad_chain_segment_##isa(const ad_segment_op *ops, int count, int64_t first, int64_t n);
AD_FOR_ISAS(AD_SEGMENT_DECLARE, )
/* ad_chain_simple: the operation of a segment, or -1: not simple. number: the operand that is a
 *   number, other: the operand that is not the accumulator where there are two, or -1.
 * ad_chain_segment: elements first to first + n of the registers, n a multiple of AD_CHAIN_PAD. */

#endif
