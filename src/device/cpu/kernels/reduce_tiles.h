/* reduce_tiles.h - what reductions do with one tile, per kind and type. */
#ifndef AD_CPU_REDUCE_TILES_H
#define AD_CPU_REDUCE_TILES_H

#include "device/cpu/isa.h"
#include "graph/node.h"

/* A partial result: f of f32 and f64, i of integers. */
typedef union ad_wide {
    double f;
    int64_t i;
} ad_wide;

typedef struct ad_reducer {
    /* Reduces each row of a tile into result[r]. */
    void (*along)(ad_wide *result, const void *tile, int64_t rows, int64_t cols);
    /* Adds the rows to cols accumulators of the type's own (at most 8 bytes each), from `start` on.
     */
    void (*across)(void *accumulators, const void *tile, int64_t rows, int64_t cols);
    void (*start)(void *accumulators, int64_t cols);
    /* Adds the accumulators to the results. */
    void (*flush)(ad_wide *result, const void *accumulators, int64_t cols);
    void (*combine)(ad_wide *result, const ad_wide *partial, int64_t count);
    ad_wide identity;
    bool floats;
} ad_reducer;

/* The reducer for SUM, MEAN (a sum), MAX or MIN of a register type; along == NULL: there is none.
 */
#define AD_REDUCER_DECLARE(isa, level, unused)                                                     \
    ad_reducer ad_reducer_for_##isa(int op, ad_dtype type);
AD_FOR_ISAS(AD_REDUCER_DECLARE, )

#endif
