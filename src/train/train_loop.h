/* train_loop.h - what the training loop keeps between steps, shared by its files. */
#ifndef AD_TRAIN_LOOP_H
#define AD_TRAIN_LOOP_H

#include "run/run.h"

enum { SUMS = AD_TRAIN_METRICS + 1, LIVE_METRICS = AD_TRAIN_METRICS + 2 };

/* The loop's numbers as they stand in a checkpoint. */
typedef struct counters {
    int64_t step, best_step, waited, summed, stopped;
} counters;
typedef struct values {
    double best, best_too, sum[SUMS]; /* of the loss and the metrics since the last line */
} values;
enum { COUNTERS = sizeof(counters) / sizeof(int64_t), VALUES = sizeof(values) / sizeof(double) };

typedef struct ad_loop {
    ad_run_folder *run;
    ad_command *cmd;
    ad_context *ctx;
    const ad_training *t;
    /* options */
    int64_t steps, accumulate, eval_every, log_every, checkpoint_every, keep, patience;
    double checkpoint_seconds;
    ad_schedule schedule;
    /* state */
    counters n;
    values v;
    ad_vars *own; /* holds the two above when a checkpoint is made */
    ad_variable *own_counters, *own_values;
    ad_optimizer *optimizer;
    ad_average *average;
    ad_program *step, *collect;
    void *best, *spare; /* copies of all variables */
    size_t copy_bytes;
    bool best_unsaved, has_best;
    ad_metric seen[AD_TRAIN_METRICS]; /* of the last evaluation, "validation/accuracy" */
    char seen_name[AD_TRAIN_METRICS][AD_TRAIN_NAME + 16];
    int seen_count;
    /* clocks */
    double began, saved, reported, rate_from, rate;
    int64_t rate_step, saved_step; /* saved_step -1: not saved yet */
} ad_loop;

/* ---- loop_state.c: what a checkpoint holds, and the best weights ---- */

/* Makes the stores and copies that follow the model's; after the optimizer's node was made. */
ad_status ad_loop_state(ad_loop *l);
void ad_loop_free(ad_loop *l);
void ad_loop_keep_best(ad_loop *l); /* the weights that the store now holds */
ad_status ad_loop_put_best(ad_loop *l);
ad_status ad_loop_save(ad_loop *l);
ad_status ad_loop_save_last(ad_loop *l); /* what the store holds, as best.safetensors */
/* From the newest checkpoint that is whole; from the start where the run has not begun. */
ad_status ad_loop_load(ad_loop *l);

/* ---- train_loop.c ---- */

/* A step. False on an error, and when the loss is not finite, which leaves *status AD_OK. */
bool ad_loop_step(ad_loop *l, bool check, double *loss, ad_status *status);

/* ---- loop_trap.c ---- */

/* Whether each parameter is a finite number. */
bool ad_loop_finite(const ad_loop *l);
/* The loss of step l->n.step is not finite, or it is and the parameters are not: the error that
 * says where that began. */
ad_status ad_loop_trap(ad_loop *l, double loss);

#endif
