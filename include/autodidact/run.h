/* run.h - the folder of a run: what training leaves there, and what its files tell afterwards.
 *
 *     config.json    every setting, seed, version, cpu, fingerprint of the data
 *     metrics.jsonl  {"step": 20, "loss": 2.1, ...} a line
 *     events.out.*   the same and more for TensorBoard
 *     checkpoints/   step-000001000.safetensors and its large states; best.safetensors
 *     samples/       pictures and texts that the system made on the way
 *     report.html    all of it on one page, without network
 *     result.json    how it ended
 *     log.txt        what was said
 *     wisdom         with --tune or --wisdom: which kernels it computes with; --resume reads it
 *
 * With --seeds or --folds it holds one such folder for each part, and the mean. Files of these
 * names must be plain files, and these folders folders: a run with a symbolic link in such a place
 * is refused by all that reads it or resumes it.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_RUN_H
#define AUTODIDACT_RUN_H

#include <autodidact/image.h>
#include <autodidact/record.h>
#include <autodidact/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_run_folder ad_run_folder; /* the folder of one part, open for writing */

/* Which repetition it is of. */
typedef struct ad_run_part {
    uint64_t seed;
    int fold, folds; /* cross-validation; else 0 of 1 */
} ad_run_part;

/* ---- what a system writes into its run ---- */

AD_API const char *ad_run_path(const ad_run_folder *run);
/* What the run is made with, and who follows it. */
AD_API const ad_settings *ad_run_settings(const ad_run_folder *run);
AD_API const ad_watcher *ad_run_watcher(const ad_run_folder *run);
AD_API ad_context *ad_run_context(const ad_run_folder *run);
/* What it trains on: goes into config.json; a resumed run refuses data of another fingerprint. */
AD_API ad_status ad_run_data(ad_run_folder *run, const char *path, uint64_t fingerprint,
                             const char *summary);
/* samples/NAME-STEP.png, TensorBoard, report. */
AD_API ad_status ad_run_image(ad_run_folder *run, const char *name, int64_t step,
                              const ad_image *image);
/* samples/NAME-STEP.txt, TensorBoard, report. */
AD_API ad_status ad_run_text(ad_run_folder *run, const char *name, int64_t step, const char *text);
/* For TensorBoard. */
AD_API ad_status ad_run_histogram(ad_run_folder *run, const char *name, int64_t step,
                                  const float *values, int64_t count);
/* counts[truth * classes + prediction]; the last one given is in the report, as confusion.json. */
AD_API ad_status ad_run_confusion(ad_run_folder *run, const int64_t *counts, int classes,
                                  const char *const *names);
/* A figure for the report, as samples/NAME.svg; the last one of a name stays. */
AD_API ad_status ad_run_figure(ad_run_folder *run, const char *name, const char *svg);

/* ---- runs that are there ---- */

/* The weights that `path` stands for: a file itself; of a run's folder its best checkpoint, else
 * its newest. A broken newest checkpoint is passed over for the one before (`note`, if not NULL and
 * given size, then says so). ad_trained_open (system.h) takes it from there. */
AD_API ad_status ad_run_weights(ad_context *ctx, const char *path, char *file, size_t file_size,
                                char *note, size_t note_size);

typedef struct ad_run_series {
    const char *name; /* "loss", "validation/accuracy" */
    int64_t count;
    const double *step, *value; /* [count], steps rise; what is not finite is left out */
} ad_run_series;

typedef enum ad_run_state {
    AD_RUN_RUNNING,     /* a process holds its lock */
    AD_RUN_FINISHED,    /* came to its end */
    AD_RUN_INTERRUPTED, /* stopped and saved, or killed: --resume resumes it */
    AD_RUN_FAILED,      /* ended with `error` */
} ad_run_state;
AD_API const char *ad_run_state_name(ad_run_state state);

/* A run as its files tell it. Everything in it is its own; texts that the files lack are "". */
typedef struct ad_run_info {
    const char *path, *name;         /* name: the path's last part */
    const char *app, *system, *verb; /* what made it: "autodidact", "classify", "train" */
    const char *version, *cpu, *isa, *started;
    int threads;
    const char *data, *data_summary, *data_fingerprint;
    ad_run_state state;
    const char *error;
    const ad_metadata *options; /* by name, as text ("yes" and "no" for flags); unset: NULL */
    const bool *changed;        /* [option_count]: not the default */
    int option_count;
    const ad_run_series *series;
    int series_count;
    int64_t broken_lines;         /* of metrics.jsonl, left out */
    int64_t step, steps;          /* the last one logged, and where it ends (0: not known) */
    double epochs_a_step;         /* 0: there are no epochs */
    double seconds;               /* of training; parts: their sum */
    double written;               /* when something was last written, seconds since 1970 */
    int64_t parameters;           /* 0: not known */
    const char *monitor;          /* the series that says what is best, or "" */
    bool monitor_low;             /* less is better */
    double best;                  /* of the monitored series; NaN: none yet. Parts: their mean */
    int64_t best_step;            /* -1: none, or parts */
    ad_metrics result, deviation; /* of a finished run; deviation: over its parts */
    struct ad_run_info **parts;   /* of --seeds and --folds: runs of their own */
    int part_count;
    const char *command, *resume; /* make the run again, resume it; quoted for a shell */
} ad_run_info;

/* Reads the run in a folder. Files may be of a run that is being written, or hostile: broken lines
 * of metrics.jsonl are counted and left out, a broken config.json is an error that names it. */
AD_API ad_status ad_run_info_open(ad_run_info **out, ad_context *ctx, const char *path);
AD_API void ad_run_info_close(ad_run_info *info); /* NULL is ignored */
/* Whether the folder holds a run (a config.json). */
AD_API bool ad_run_is(const char *path);

/* AD_ERROR_FORMAT that names a file of the run, or of its parts, that is not a plain file (a
 * symbolic link, a pipe), or a folder of it that is not a folder. All that opens a run looks first;
 * who opens a file of it by name calls this. */
AD_API ad_status ad_run_check(ad_context *ctx, const char *path);

/* What a run left in samples/: NAME-STEP.png, NAME-STEP.txt, NAME.svg. */
typedef enum ad_run_sample_kind {
    AD_RUN_PICTURE = 0,
    AD_RUN_TEXT,
    AD_RUN_FIGURE
} ad_run_sample_kind;
typedef struct ad_run_sample {
    char file[256], name[256]; /* file: its name within samples/ */
    int64_t step;              /* -1: has none */
    ad_run_sample_kind kind;
} ad_run_sample;
typedef struct ad_run_samples {
    ad_context *ctx;
    ad_run_sample *at; /* [count], by name, kind and step */
    int count, capacity;
} ad_run_samples;
/* Lists them, of which there may be none; whose run it is was checked before (ad_run_check). At
 * most 20,000. Free in any case. */
AD_API ad_status ad_run_samples_list(ad_run_samples *samples, ad_context *ctx, const char *path);
AD_API void ad_run_samples_free(ad_run_samples *samples);
/* Where the samples of the same name and kind as number `from` end. */
AD_API int ad_run_samples_next(const ad_run_samples *samples, int from);
/* The path of a sample's file, of at least 300 bytes more than the run's; returns `path`. */
AD_API const char *ad_run_sample_path(const char *run_path, const ad_run_sample *sample, char *path,
                                      size_t size);

/* What is done with files of a run. Nothing of it follows a link, and only plain files with the
 * names of a run's files are removed. A run that a process trains is refused. */
typedef struct ad_run_sweep {
    bool dry;     /* nothing is removed, only counted and told */
    int64_t keep; /* ad_run_prune: so many checkpoints; 0: 1 */
    void (*removed)(void *user, const char *path, int64_t bytes); /* may be NULL, as the next */
    void (*kept)(void *user, const char *path);                   /* is not of the run, and stays */
    void *user;
} ad_run_sweep;
typedef struct ad_run_swept {
    int64_t files, bytes; /* removed */
    int64_t kept;         /* that are not the run's */
} ad_run_swept;
/* Removes a run with its parts, config.json last, and the folder if nothing stays in it. */
AD_API ad_status ad_run_remove(ad_context *ctx, const char *path, const ad_run_sweep *how,
                               ad_run_swept *swept);
/* Removes checkpoints but the newest (one that can be read) and best.safetensors, and what killed
 * processes left. */
AD_API ad_status ad_run_prune(ad_context *ctx, const char *path, const ad_run_sweep *how,
                              ad_run_swept *swept);

/* Makes a folder that may be there already, and what is missing above it. */
AD_API ad_status ad_run_make_folder(ad_context *ctx, const char *path);

/* ---- the user's cache ---- */

/* Where it has what is called `name`: $XDG_CACHE_HOME/autodidact/NAME, else
 * ~/.cache/autodidact/NAME. The path's length, as snprintf; 0: neither variable says where. */
AD_API int ad_cache_path(char *path, size_t size, const char *name);
/* Removes files of a folder whose names end so, those first that were used (their time of
 * modification) the longest ago, until the others are no more than `most` bytes. */
AD_API ad_status ad_cache_trim(ad_context *ctx, const char *folder, const char *ending,
                               int64_t most);

/* Writes report.html into a run's folder: configuration, curves, samples, the confusion matrix,
 * figures, on one page that needs no network. Longer curves are thinned so that the page stays
 * below 3 MB, pictures aside, of which there are at most 4 MB. */
AD_API ad_status ad_run_report(ad_context *ctx, const char *path);
/* A page with the options in which runs differ, their results, and their curves laid over each
 * other. */
AD_API ad_status ad_run_compare(ad_context *ctx, const char *const *paths, int count,
                                const char *output);

#ifdef __cplusplus
}
#endif
#endif
