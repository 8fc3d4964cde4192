/* train_loop.h - what the training loop keeps between steps, shared by its files. */
#ifndef AD_TRAIN_LOOP_H
#define AD_TRAIN_LOOP_H

#include <autodidact/train.h>

#include "run/run.h"
#include "train/checkpoint.h"
#include "train/lr_schedule.h"

/* The loop's numbers as they stand in a checkpoint. */
typedef struct ad_loop_counters {
    int64_t step, best_step, waited, summed, stopped;
} ad_loop_counters;
enum {
    COUNTERS = sizeof(ad_loop_counters) / sizeof(int64_t),
    SUMS_LEAST = 17, /* sums that every checkpoint has room for, as earlier ones had */
};
/* And its other numbers: the best of what is monitored, of monitor_too, then sums since the last
 * line. */
enum { BEST = 0, BEST_TOO = 1, SUMS = 2 };

/* Players whose steps are one program. */
typedef struct ad_turn {
    int first, count;
    int64_t every;
    ad_program *step, *collect; /* collect: the batches before a step's last, or NULL */
} ad_turn;

typedef struct ad_loop_player {
    ad_optimizer *optimizer;
    double peak;    /* learning rate */
    int sums;       /* where its loss is summed, in values; its metrics follow */
    int64_t summed; /* steps since the last line */
} ad_loop_player;

typedef struct ad_loop {
    ad_run_folder *run;
    const ad_watcher *watcher;
    ad_context *ctx;
    const ad_training *t;
    ad_train_settings *s; /* the run's; `minutes` become `steps` */
    /* derived from the settings */
    int64_t steps, eval_every, log_every;
    ad_schedule schedule;
    /* players.c */
    ad_loop_player *players; /* [t->player_count] */
    ad_turn *turns;          /* [turn_count] */
    int turn_count;
    unsigned taken; /* a bit for each setting of optimizers that some player's takes */
    /* state */
    ad_loop_counters counters;
    double *values; /* [value_count] */
    int value_count;
    ad_vars *own; /* holds the two above when a checkpoint is made */
    ad_variable *own_counters, *own_values, *own_summed; /* own_summed: NULL with one player */
    ad_average *average;
    void *best, *spare; /* copies of all variables */
    size_t copy_bytes;
    bool best_unsaved, has_best;
    ad_metrics seen; /* of the last evaluation, "validation/accuracy" */
    double lost;     /* a loss that is not finite */
    int lost_by;     /* whose it is */
    /* clocks */
    double began, saved, reported, rate_from, rate;
    double looping, besides; /* when the loop began; of that, seconds without training */
    int64_t rate_at;         /* where it was at rate_from */
    int64_t saved_step;      /* -1: not saved yet */
} ad_loop;

/* ---- training_check.c ---- */

/* What can be said of a training before anything is made of it. */
ad_status ad_loop_check_training(ad_context *ctx, const ad_training *training);

/* ---- players.c ---- */

/* Optimizers, and the programs of each turn. */
ad_status ad_loop_make_players(ad_loop *l);
void ad_loop_free_players(ad_loop *l);
/* A step of all whose turn it is, at this place of the schedule. False on an error, and when a loss
 * is not finite, which leaves *status AD_OK and says whose in l->lost and l->lost_by. */
bool ad_loop_step(ad_loop *l, bool check, ad_status *status);
/* Means since the last line, of players that made a step since then. */
void ad_loop_means(const ad_loop *l, ad_metrics *metrics);
void ad_loop_clear_sums(ad_loop *l);
/* "critic/loss", or "loss" where there is one player; into `buffer`, which is returned. */
const char *ad_player_metric(const ad_training *t, int player, const char *name, char *buffer,
                             size_t size);

/* ---- loop_state.c: what a checkpoint holds, and the best weights ---- */

/* Makes the stores and copies that follow the model's; after the players. */
ad_status ad_loop_state(ad_loop *l);
void ad_loop_free(ad_loop *l);
void ad_loop_keep_best(ad_loop *l); /* the weights that the store now holds */
ad_status ad_loop_put_best(ad_loop *l);
ad_status ad_loop_save(ad_loop *l);
ad_status ad_loop_save_last(ad_loop *l); /* what the store holds, as best.safetensors */
/* From the newest checkpoint that is whole; from the start where the run has not begun. */
ad_status ad_loop_load(ad_loop *l);

/* All stores that a checkpoint holds, in its order: number `index`, and its prefix there (into
 * `prefix`, of 128 bytes). Returns NULL past the last. */
ad_vars *ad_loop_store(const ad_loop *l, int index, char prefix[128]);

/* ---- loop_told.c ---- */

/* The live line; `notable`: with figures that it did not have before. */
void ad_loop_show(ad_loop *l, bool notable);
/* What lasted since then was no training: the rate leaves it out, the time left does not. */
void ad_loop_leave_out(ad_loop *l, double since);
/* What begins, in a line: "61706 parameters; 4690 steps of 128 images, 10 epochs;
 * the best by validation/accuracy are kept". */
void ad_loop_say_begun(const ad_loop *l);
void ad_loop_say_resumed(ad_loop *l, int64_t at);
void ad_loop_say_stopped(ad_loop *l); /* before its end, since nothing became better */

/* ---- train_loop.c ---- */

double ad_loop_elapsed(const ad_loop *l); /* seconds of training, by all processes */
/* How far it is, in what the settings' `steps` count. */
int64_t ad_loop_at(const ad_loop *l);
/* eval_every, log_every, schedule: from the settings and l->steps. */
void ad_loop_pace(ad_loop *l);
double ad_loop_steps_per_epoch(const ad_loop *l); /* 0: there are no epochs */

/* ---- measure.c ---- */

/* How many steps the settings' minutes are good for, of all of the run; everything is as it was
 * afterwards. *steps 0: interrupted before that was known. */
ad_status ad_loop_measure(ad_loop *l, int64_t *steps);

/* ---- loop_trap.c ---- */

/* Whether each parameter is a finite number. */
bool ad_loop_finite(const ad_loop *l);
/* A loss of step l->counters.step is not finite (`lost`), or all are and the parameters are not:
 * the error that says where that began. */
ad_status ad_loop_trap(ad_loop *l, bool lost);

#endif
