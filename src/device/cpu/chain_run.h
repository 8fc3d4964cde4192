/* chain_run.h - running an elementwise chain (plan/chain.h) on a CPU.
 *
 * The entry for kernels of the same instruction set: epilogues of matmul and convolution (input 0
 * is the accumulator), prologues of reductions, and the chain solver itself. Prepare once per run,
 * outside the parallel part; the prepared code is read-only and shared by the threads.
 *
 *     ad_chain_code code;
 *     AD_ISA_NAME(ad_chain_prepare)(&code, problem->chain);
 *     ...on each finished piece of rows x cols:
 *     AD_ISA_NAME(ad_chain_run)(&code, in, out, rows, cols);
 *
 * The result of an element does not depend on where the pieces begin and end. */
#ifndef AD_CPU_CHAIN_RUN_H
#define AD_CPU_CHAIN_RUN_H

#include "device/cpu/isa.h"
#include "plan/chain.h"

enum { AD_CHAIN_TILE = 512 }; /* elements interpreted at a time */

/* One operand of a piece of rows x cols: where element (0, 0) is, and its strides in elements (0:
 * the same value again). An output may be the memory of an input with the same strides. */
typedef struct ad_chain_view {
    void *data;
    int64_t row, col;
} ad_chain_view;

typedef void (*ad_chain_kernel)(void *dst, const void *a, const void *b, const void *c,
                                const ad_chain_step *step, int64_t n);

typedef struct ad_chain_code {
    const ad_chain *chain;                  /* must outlive the code */
    ad_chain_kernel kernel[AD_CHAIN_STEPS]; /* NULL: nothing to do, its users have the number */
    ad_chain_step step[AD_CHAIN_STEPS]; /* the chain's, with numbers in place of filled registers */
    int8_t number[AD_CHAIN_STEPS];      /* the operand that is the number, or -1 */
    int8_t other[AD_CHAIN_STEPS];      /* in a segment: of two operands, which is not accumulated */
    int8_t segment[AD_CHAIN_STEPS];    /* steps of the segment that begins here, or 0 */
    int8_t simple[AD_CHAIN_STEPS];     /* the operation in a segment, or -1 */
    bool loads[AD_CHAIN_STEPS];        /* in a segment: the accumulator is not what is there */
    bool passing[AD_CHAIN_STEPS];      /* in a segment: only the next step reads the value */
    int8_t store[AD_CHAIN_STEPS];      /* the output that this step is last to write, or -1 */
    int8_t last_read[AD_CHAIN_INPUTS]; /* the last step that reads the input as loaded, or -1 */
    bool copied[AD_CHAIN_INPUTS]; /* the input is an output as it is: read it before any store */
    uint8_t input_size[AD_CHAIN_INPUTS]; /* bytes of an element in memory */
    uint8_t output_size[AD_CHAIN_OUTPUTS];
    uint8_t output_type[AD_CHAIN_OUTPUTS]; /* register type */
} ad_chain_code;

/* A worker's tile memory for ad_chain_eval; large, for the stack of a task. A tile is some lines
 * longer than it needs to be: a whole number of pages apart, all would compete for the same lines
 * of the first cache. */
enum { AD_CHAIN_SLOT = AD_CHAIN_TILE * 8 + 3 * 64 };
typedef struct ad_chain_tiles {
    _Alignas(64) unsigned char input[AD_CHAIN_INPUTS][AD_CHAIN_SLOT];
    unsigned char reg[AD_CHAIN_REGISTERS][AD_CHAIN_SLOT];
    struct {
        const void *data; /* NULL: nothing */
        int64_t rows, cols;
    } row[AD_CHAIN_INPUTS]; /* the row that `input` holds so many times */
} ad_chain_tiles;

#define AD_CHAIN_DECLARE(isa, level, unused)                                                       \
    void ad_chain_prepare_##isa(ad_chain_code *code, const ad_chain *chain);                       \
    void ad_chain_run_##isa(const ad_chain_code *code, const ad_chain_view *in,                    \
                            const ad_chain_view *out, int64_t rows, int64_t cols);                 \
    const void *ad_chain_eval_##isa(const ad_chain_code *code, const ad_chain_view *in,            \
                                    int64_t rows, int64_t cols, ad_chain_tiles *tiles);
AD_FOR_ISAS(AD_CHAIN_DECLARE, )
/* ad_chain_prepare: resolves the steps. The chain must have passed ad_chain_verify.
 * ad_chain_run: the chain over a piece of any size.
 * ad_chain_eval: output 0 of a piece with rows * cols <= AD_CHAIN_TILE, in its register type, as
 *   contiguous rows; valid until the next call with these tiles, or points into the input's memory.
 *   `row` of the tiles is zero at first; between calls the operands' memory stays as it is. */

#endif
