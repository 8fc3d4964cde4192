/* finish.h - what happens to a finished piece of a contraction while it is in cache: the problem's
 * epilogue chain, or just the store with conversion to the result's dtype.
 *
 * The result is seen as a matrix: its last axis are the columns, all other axes, flattened, the
 * rows. Kernels of one instruction set prepare one ad_finish per run; it is read-only after that.
 */
#ifndef AD_CPU_FINISH_H
#define AD_CPU_FINISH_H

#include "device/cpu/chain_run.h"
#include "plan/device.h"

enum { AD_FINISH_OPERANDS = AD_CHAIN_INPUTS + AD_CHAIN_OUTPUTS };

typedef struct ad_finish_operand {
    char *data;
    int64_t size, col;           /* bytes of an element; stride of the columns */
    int64_t stride[AD_MAX_RANK]; /* of the row axes */
} ad_finish_operand;

typedef struct ad_finish {
    enum { AD_FINISH_STORE, AD_FINISH_BIAS, AD_FINISH_BIAS_RELU, AD_FINISH_CHAIN } kind;
    ad_dtype accumulator;     /* AD_F32 or AD_F64 */
    int axes;                 /* row axes left after merging; at least 1 */
    int64_t dim[AD_MAX_RANK]; /* of the row axes */
    int n_in, n_out;          /* n_in counts the accumulator, input 0, whose operand is unused */
    ad_finish_operand in[AD_CHAIN_INPUTS], out[AD_CHAIN_OUTPUTS];
    ad_chain identity; /* what runs where the problem has no chain */
    ad_chain_code code;
} ad_finish;

/* `finish` must stay where it is while it is used. ad_finish_run: rows [row, row + rows) and
 * columns [col, col + cols) of the result; element (i, j) is at accumulator[i * ld + j].
 * ad_finish_direct: where element (0, 0) of the result is if plain stores of accumulators there,
 * with rows *ld elements apart, are all there is to do; else NULL. */
#define AD_FINISH_DECLARE(isa, level, unused)                                                      \
    void ad_finish_prepare_##isa(ad_finish *finish, const ad_problem *problem,                     \
                                 const ad_run_args *args, ad_dtype accumulator);                   \
    void ad_finish_run_##isa(const ad_finish *finish, const void *accumulator, int64_t ld,         \
                             int64_t row, int64_t rows, int64_t col, int64_t cols);                \
    void *ad_finish_direct_##isa(const ad_finish *finish, int64_t *ld);
AD_FOR_ISAS(AD_FINISH_DECLARE, )

#endif
