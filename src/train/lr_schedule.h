/* lr_schedule.h - the learning rate as a function of the step. */
#ifndef AD_TRAIN_LR_SCHEDULE_H
#define AD_TRAIN_LR_SCHEDULE_H

#include <autodidact/train.h>

typedef struct ad_schedule {
    ad_schedule_kind kind;
    double peak, least;
    int64_t warmup, steps;
} ad_schedule;
/* The learning rate of step 0, 1, ..., steps - 1. */
double ad_schedule_rate(const ad_schedule *schedule, int64_t step);

#endif
