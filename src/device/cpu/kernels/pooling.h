/* pooling.h - what the pooling kernels share: the shapes of a problem and its tasks. */
#ifndef AD_CPU_POOLING_H
#define AD_CPU_POOLING_H

#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/real.h"
#include "ops/attrs.h"
#include "plan/device.h"

enum {
    POOL_CHANNELS = 64, /* channels worked on at a time */
    POOL_TASK = 16384,  /* elements of a task */
};

/* x [batch, h, w, c] is the large side, y [batch, oh, ow, c] the small one. */
typedef struct pooling {
    const ad_attr_pool *attr;
    const ad_run_args *args;
    int64_t batch, h, w, c, oh, ow;
    int64_t band, bands; /* rows of a task, on the side that is written; tasks of an image */
} pooling;

#endif
