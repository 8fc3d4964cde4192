/* normalize.h - the form that all normalisations are brought into, and their workspace. */
#ifndef AD_CPU_NORMALIZE_H
#define AD_CPU_NORMALIZE_H

#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/real.h"
#include "device/cpu/simd.h"
#include "ops/attrs.h"
#include "plan/device.h"

enum {
    NORM_BLOCK = 256,   /* columns worked on at a time */
    NORM_CHUNK = 32768, /* elements of a chunk: stays in the cache between its two passes */
};

/* What a column of a chunk, or a whole group of columns, amounts to. */
typedef struct moments {
    double mean, m2; /* sum of squared differences from the mean */
} moments;
typedef struct projections {
    double g, gx; /* sums of g and of g times the normalised x */
} projections;

/* x [outer, rows, kept, width]: statistics are taken over rows and width; layer norm has rows =
 * kept = 1, instance and batch norm width = 1, group norm all four. A column is one of kept *
 * width. */
typedef struct normalization {
    const ad_run_args *args;
    int64_t outer, rows, kept, width, columns;
    int64_t chunk, chunks; /* rows of a chunk; chunks of an outer index */
    double eps;
    bool gradient;
    moments *parts;         /* [outer, chunks, columns] */
    projections *products;  /* likewise; shares the memory of parts */
    double *mean, *inverse; /* [outer, kept]: inverse = 1 / sqrt(variance + eps) */
    double *g, *gx;         /* [outer, kept]: means of the projections */
} normalization;

#endif
