/* run.h - the inside of a run: its folder, its log, and the files that the loop keeps there. */
#ifndef AD_RUN_RUN_H
#define AD_RUN_RUN_H

#include <autodidact/events.h>
#include <autodidact/train.h>

#include <limits.h>
#include <stdio.h>

#include "base/context.h"
#include "base/text.h"
#include "run/metric_log.h"

struct json_t;

struct ad_run_folder {
    ad_context *ctx;
    ad_command *cmd;
    char path[PATH_MAX - 256]; /* room for the names of files in it */
    ad_train_part part;
    const char *top; /* of a part: the folder of all parts; else NULL */
    bool resumed;    /* it was there before: go on from its newest checkpoint */
    int lock;        /* a descriptor that holds the lock on run.lock; -1 */
    FILE *log;       /* log.txt */
    ad_metric_log metrics;
    ad_events *events;      /* for TensorBoard; NULL until training begins */
    double earlier_seconds; /* of training, by former processes */
    uint64_t fingerprint;   /* of the data, once known */
    bool has_data;
    struct ad_tuning *tuning; /* the command's, or NULL */
    int kept_wisdom;          /* how many winners the folder has a copy of */
};

/* ---- run_folder.c ---- */

/* A new folder (it must not hold a run), or (resume) one that does. On failure *run is NULL. The
 * folder is locked against other processes until it is closed. */
ad_status ad_run_open(ad_run_folder **run, ad_command *cmd, const char *path, ad_train_part part,
                      bool resume);
void ad_run_close(ad_run_folder *run); /* NULL is ignored */
/* "PATH/NAME" into buffer (PATH_MAX bytes), and back. */
const char *ad_run_file(const ad_run_folder *run, const char *name, char buffer[PATH_MAX]);
/* A line in log.txt, with the time. */
void ad_run_log(ad_run_folder *run, const char *format, ...) AD_PRINTF(2, 3);
/* result.json: {"state": "finished" | "interrupted" | "failed", ...}. `error` may be NULL. */
ad_status ad_run_finish(ad_run_folder *run, const char *state, const ad_train_result *result,
                        const char *error);
/* The result that is there: true if it says that the run is finished. */
bool ad_run_finished(const char *path, ad_train_result *result);
/* The whole file replaced by `text`. */
ad_status ad_run_write(ad_context *ctx, const char *path, const char *text);
/* Likewise by what jansson makes of `root` (NULL: it had no memory) with its `flags`. */
ad_status ad_run_write_json(ad_context *ctx, const char *path, const struct json_t *root,
                            size_t flags);
/* A JSON string of bytes that may be no UTF-8. */
struct json_t *ad_run_json_text(ad_context *ctx, const char *bytes);
/* Makes a folder that may be there already, and what is missing above it. */
ad_status ad_run_make_folder(ad_context *ctx, const char *path);
/* Where `runs/SYSTEM-DATE-N` is free. */
ad_status ad_run_new_name(ad_context *ctx, const char *system, char path[PATH_MAX]);

/* ---- run_config.c ---- */

/* Options about this process, not about the run. */
bool ad_run_option_of_process(const char *name);
/* What may differ when a run is gone on with: nothing that its numbers depend on, but for its end.
 */
bool ad_run_option_may_change(const char *name);
/* config.json of a new run. */
ad_status ad_run_write_config(const ad_run_folder *run);
/* Whether --steps and --epochs are those of the run's config.json. */
bool ad_run_same_end(ad_command *cmd, const char *run_path);
/* Of a run that is gone on with: --steps or --epochs, where given, become the run's. */
ad_status ad_run_extend(const ad_run_folder *run);
/* Whether it is one fold of a run of several, which cannot be named by options. */
bool ad_run_is_fold(const char *run_path);
/* What is trained and how long, into config.json's "training". */
ad_status ad_run_describe(ad_run_folder *run, const ad_training *training, int64_t steps);

/* ---- run_contents.c ---- */

/* Opens metrics.jsonl and an event file to go on after `step`; sets earlier_seconds. */
ad_status ad_run_begin(ad_run_folder *run, int64_t step);
/* A line of metrics.jsonl, and a point of each for TensorBoard. */
ad_status ad_run_numbers(ad_run_folder *run, int64_t step, double epoch, double seconds,
                         const ad_metric *metrics, int count);
ad_status ad_run_histograms(ad_run_folder *run, ad_vars *vars, int64_t step);
/* To the disk, what was gathered. */
ad_status ad_run_flush(ad_run_folder *run);

/* ---- checkpoint.c ---- */

typedef struct ad_checkpoint {
    const ad_vars_part *parts; /* the first: the model */
    int count;
    const ad_metadata *metadata;
    int metadata_count;
} ad_checkpoint;

/* checkpoints/step-STEP.safetensors; then older ones beyond `keep` are removed. */
ad_status ad_checkpoint_save(ad_run_folder *run, const ad_checkpoint *checkpoint, int64_t step,
                             int64_t keep);
/* checkpoints/best.safetensors: the model alone. */
ad_status ad_checkpoint_save_best(ad_run_folder *run, const ad_checkpoint *checkpoint);
ad_status ad_checkpoint_load_best(ad_run_folder *run, ad_vars *vars);
/* The newest checkpoint that is whole, into the parts; *step -1: there is none, and none is broken.
 * Notes which ones are passed over. */
ad_status ad_checkpoint_load(ad_run_folder *run, const ad_checkpoint *checkpoint, int64_t *step);
/* Steps of the checkpoints in a folder, the newest first; up to `most`. Returns how many. */
int ad_checkpoint_list(const char *run_path, int64_t *steps, int most);
void ad_checkpoint_name(const char *run_path, int64_t step, char path[PATH_MAX]);

/* ---- tuning.c ---- */

/* As ad_tuning_open; where the file `kept` is there, it is read instead. */
int ad_tuning_open_kept(struct ad_tuning **tuning, ad_command *cmd, const char *kept);
/* The wisdom that the run's programs were compiled with into its folder, and that of all parts; to
 * be called before each checkpoint. `tuning` may be NULL. */
ad_status ad_tuning_keep(struct ad_tuning *tuning, ad_run_folder *run);

/* ---- weights_copy.c ---- */

/* All variables of a store, one after the other. */
size_t ad_vars_copy_bytes(const ad_vars *vars);
void ad_vars_copy_out(ad_vars *vars, void *copy);
ad_status ad_vars_copy_in(ad_vars *vars, const void *copy);

/* ---- lr_schedule.c ---- */

typedef enum ad_schedule_kind { /* in the order of the option's choices */
                                AD_SCHEDULE_CONSTANT,
                                AD_SCHEDULE_STEP,
                                AD_SCHEDULE_COSINE,
                                AD_SCHEDULE_ONE_CYCLE,
                                AD_SCHEDULE_INVERSE_SQRT,
} ad_schedule_kind;
typedef struct ad_schedule {
    ad_schedule_kind kind;
    double peak, least;
    int64_t warmup, steps;
} ad_schedule;
/* The learning rate of step 0, 1, ..., steps - 1. */
double ad_schedule_rate(const ad_schedule *schedule, int64_t step);

#endif
