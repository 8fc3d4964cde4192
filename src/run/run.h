/* run.h - the inside of a run: its folder, its log, and the files that the loop keeps there. */
#ifndef AD_RUN_RUN_H
#define AD_RUN_RUN_H

#include <autodidact/events.h>
#include <autodidact/run.h>

#include <limits.h>
#include <stdio.h>

#include "base/context.h"
#include "base/text.h"
#include "run/metric_log.h"

struct json_t;

/* What a folder is opened with. */
typedef struct ad_run_options {
    const char *app, *system, *verb; /* "autodidact", "classify", "train" */
    const ad_settings *settings;
    ad_watcher watcher;
    ad_run_part part;
    const char *top;          /* of a part: the folder of all parts; else NULL */
    bool again;               /* a further part, of which less is said */
    bool resume;              /* a run is there, resumed from its newest checkpoint */
    struct ad_tuning *tuning; /* whose wisdom the folder keeps a copy of; NULL: none */
} ad_run_options;

struct ad_run_folder {
    ad_context *ctx;
    ad_run_options options;
    char path[PATH_MAX - 256]; /* room for the names of files in it */
    int lock;                  /* a descriptor that holds the lock on run.lock; -1 */
    FILE *log;                 /* log.txt */
    char about[480];           /* the data, in a line; "": nothing was said of them */
    ad_metric_log metrics;
    ad_events *events;      /* for TensorBoard; NULL until training begins */
    double earlier_seconds; /* of training, by former processes */
    int kept_wisdom;        /* how many winners the folder has a copy of */
    bool trying; /* what is written into the run goes to `trial` files instead, which are removed */
};

/* ---- run_folder.c ---- */

/* A new folder (it must not hold a run), or (resume) one that does. On failure *run is NULL. The
 * folder is locked against other processes until it is closed. `options` are copied; what they
 * point to must outlive the folder. */
ad_status ad_run_open(ad_run_folder **run, ad_context *ctx, const char *path,
                      const ad_run_options *options);
void ad_run_close(ad_run_folder *run); /* NULL is ignored */
/* "PATH/NAME" into buffer (PATH_MAX bytes), and back. */
const char *ad_run_file(const ad_run_folder *run, const char *name, char buffer[PATH_MAX]);
/* A line in log.txt, with the time. */
void ad_run_log(ad_run_folder *run, const char *format, ...) AD_PRINTF(2, 3);
/* result.json: {"state": "finished" | "interrupted" | "failed", ...}. `error` may be NULL. */
ad_status ad_run_finish(ad_run_folder *run, const char *state, const ad_metrics *result,
                        const char *error);
enum { AD_RUN_RESULTS_MOST = 1000 }; /* they are looked up one by one */

/* What a result.json that was read says the run ended with. */
ad_status ad_run_take_results(ad_context *ctx, const char *run_path,
                              const struct json_t *result_json, ad_metrics *result);
/* The result that is there, and whether it says that the run is finished; not, where there is none
 * that can be read. */
ad_status ad_run_finished(ad_context *ctx, const char *path, bool *finished, ad_metrics *result);
/* The whole file replaced by `text`. */
ad_status ad_run_write(ad_context *ctx, const char *path, const char *text);
/* Likewise by what jansson makes of `root` with its `flags`. AD_ERROR_MEMORY: memory was refused to
 * that or, since `refusals` (io/json.h), to what built it. */
ad_status ad_run_write_json(ad_context *ctx, const char *path, const struct json_t *root,
                            size_t flags, unsigned refusals);
/* Where `runs/SYSTEM-DATE-N` is free. */
ad_status ad_run_new_name(ad_context *ctx, const char *system, char path[PATH_MAX]);

/* ---- run_config.c ---- */

/* config.json of a new run. */
ad_status ad_run_write_config(const ad_run_folder *run);
/* Whether a setting is another than its default; not, where that cannot be known. */
bool ad_run_is_changed(const ad_settings *settings, const char *name);
/* Whether the settings end the run where its config.json says; not, where that cannot be known. */
bool ad_run_same_end(const ad_settings *settings, const char *run_path);
/* --steps, --epochs and --minutes of the settings become those of the run, and of the folder of all
 * parts. */
ad_status ad_run_extend(const ad_run_folder *run);
/* The options of a run's config.json into the settings; one that no record has is an error,
 * unless it is null or of former versions. */
ad_status ad_run_read_settings(ad_settings *settings, const char *run_path);
/* AD_ERROR_ARGUMENT where a setting that may not change (ad_option.may_change) is not what that
 * config.json says. */
ad_status ad_run_check_settings(const ad_settings *settings, const char *run_path);
/* Whether there is a run that can be resumed, as far as its files' kinds and its config.json say.
 */
ad_status ad_run_can_resume(ad_context *ctx, const char *run_path);
/* Which part of its run the folder is, whose settings were read. */
ad_status ad_run_read_part(const ad_settings *settings, const char *run_path, ad_run_part *part);
/* What is trained and how long, into config.json's "training". */
typedef struct ad_run_description {
    const char *monitor; /* "accuracy", of the validation split; NULL: nothing */
    bool monitor_low;
    int64_t steps, parameters;
    double minutes; /* that the steps were chosen for; 0: they were given */
} ad_run_description;
ad_status ad_run_describe(ad_run_folder *run, const ad_run_description *description);

/* ---- run_contents.c ---- */

/* Opens metrics.jsonl and an event file to continue after `step`; sets earlier_seconds. */
ad_status ad_run_begin(ad_run_folder *run, int64_t step);
/* A line of metrics.jsonl, and a point of each for TensorBoard. */
ad_status ad_run_numbers(ad_run_folder *run, int64_t step, double epoch, double seconds,
                         const ad_metric *metrics, int count);
/* "trial" and these endings, at the top of the folder: of what was written while `trying`. */
extern const char *const ad_run_trial_endings[]; /* ends with NULL */
/* To the disk, what was gathered. */
ad_status ad_run_flush(ad_run_folder *run);

/* ---- run_checkpoints.c ---- */

/* Steps of the checkpoints in a folder, the newest first; up to `most`. Returns how many. */
int ad_checkpoint_list(const char *run_path, int64_t *steps, int most);
void ad_checkpoint_name(const char *run_path, int64_t step, char path[PATH_MAX]);

#endif
