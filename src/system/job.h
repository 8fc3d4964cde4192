/* job.h - what a job keeps beside what systems see. */
#ifndef AD_SYSTEM_JOB_H
#define AD_SYSTEM_JOB_H

#include <autodidact/system.h>

#include "base/arena.h"

#include <limits.h>

/* Where weights lie. */
typedef struct ad_weights_place {
    char path[PATH_MAX], folder[PATH_MAX]; /* of a built-in network its name, and "" */
    const struct ad_built_in *built_in;    /* NULL: it is a file */
} ad_weights_place;

typedef struct ad_job_inside {
    ad_settings *own_settings; /* of a job that was opened; else NULL */
    void *own_model;           /* of one that is trained: what `read` finds out is this part's */
    ad_mode mode;
    ad_graph *graphs[2];               /* of training and evaluation */
    ad_arena memory;                   /* of ad_job_array and ad_job_index */
    ad_image_set *pictures[AD_SPLITS]; /* of ad_job_read_pictures */
    double loss;                       /* sum over `rows` of a split */
    int64_t rows;
    /* of weights that were opened */
    ad_file *file;
    ad_weights_place place;
    bool of_run; /* of which its settings were taken */
} ad_job_inside;

/* A job with settings and nothing else. On failure *job is NULL. */
ad_status ad_job_new(ad_job **job, ad_context *ctx, const ad_system *system,
                     const ad_settings *settings);
/* All that it made, and what the system made (system->free). NULL is ignored. */
void ad_job_free(ad_job *job);

/* A store and the training form of `rows` rows, recorded but not compiled. */
ad_status ad_job_build_training(ad_job *job, int64_t rows);
/* The evaluation form, recorded but not compiled; its parameters go into the same store. */
ad_status ad_job_build_evaluation(ad_job *job, int64_t rows);
ad_status ad_job_compile_evaluation(ad_job *job, const ad_compile_options *options);

/* updates.c: the players of the training form, each update of whose mode is one's of them: those
 * that `network` gave to nobody are given to the first who is trained the most often. Memory is the
 * job's. */
ad_status ad_job_players(ad_job *job, const ad_player **players);

/* trained.c: the file that `path` stands for (ad_trained_open); says what was passed over. */
ad_status ad_job_find_weights(const ad_job *job, const char *path, ad_weights_place *place);
ad_status ad_job_open_weights(const ad_job *job, const ad_weights_place *place, ad_file **file);
/* The run's folder in whose checkpoints/ the weights lie; false: they lie elsewhere. */
bool ad_job_find_run(const ad_job *job, char run[PATH_MAX]);
/* The error of what is asked of a file that is none (ad_system.open). */
ad_status ad_job_no_weights(const ad_job *job);

/* load.c: weights into a store: says to the watcher what the file has and the store does not use.
 */
ad_status ad_job_load(const ad_job *job, ad_file *file, ad_vars *vars);
/* What fits of the weights that `path` stands for; says how much that is and what does not fit. */
ad_status ad_job_start_from(const ad_job *job, const char *path);

#endif
