/* train.h - training that can be left alone: a folder per run, and a loop that survives being
 * killed.
 *
 * A system says what is trained (a store, a loss), how a batch is bound, and how it is evaluated;
 * the loop does the rest: optimizer, schedule, accumulation, clipping, averaging, evaluation, early
 * stopping, checkpoints, resuming, metrics, the live line, the report. A verb `train` is
 *
 *     static const ad_option options[] = {
 *         {"data", 0, AD_OPTION_FILE, .help = "..."},
 *         AD_TRAIN_OPTIONS("3e-4", "adamw", "0.1", "cosine"),
 *         AD_COMMON_OPTIONS, {0}};
 *     static ad_status once(ad_command *cmd, ad_run_folder *run, ad_train_part part,
 *                           ad_train_result *result)
 *     {
 *         ... data, graph with the loss ...
 *         return ad_train(run, &training, result);
 *     }
 *     static int run(ad_command *cmd) { return ad_train_main(cmd, once); }
 *
 * A run is a folder:
 *     config.json      every option, seed, version, cpu, fingerprint of the data; --config takes it
 *     metrics.jsonl    {"step": 20, "loss": 2.1, ...} a line
 *     events.out.*     the same and more for TensorBoard
 *     checkpoints/     step-000001000.safetensors, best.safetensors
 *     samples/         pictures and texts that the system made on the way
 *     report.html      all of it on one page, without network
 *     log.txt          what was said
 *     wisdom           with --tune or --wisdom: which kernels it computes with; --resume reads it
 * With --seeds or --folds it holds one such folder for each part, and the mean.
 *
 * The same run gives the same bytes in its last checkpoint, whatever the number of threads, and
 * whether or not it was interrupted and resumed on the way: `batch` must depend on the part's seed
 * and the step alone, and randomness inside the graph comes from ad_rng.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_TRAIN_H
#define AUTODIDACT_TRAIN_H

#include <autodidact/command.h>
#include <autodidact/image.h>
#include <autodidact/nn.h>
#include <autodidact/optim.h>
#include <autodidact/profile.h>
#include <autodidact/program.h>
#include <autodidact/tuning.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_run_folder ad_run_folder; /* the folder of one part, open for writing */

/* ---- options: the same words mean the same in every system ---- */

/* clang-format off */
/* The last: evaluations without a better one before stopping, where the system knows better than
 * never. */
#define AD_TRAIN_OPTIONS(lr_, optimizer_, decay_, schedule_) AD_TRAIN_OPTIONS_PATIENT(lr_, optimizer_, decay_, schedule_, "0")
#define AD_TRAIN_OPTIONS_PATIENT(lr_, optimizer_, decay_, schedule_, patience_)                                             \
    {"run", 0, AD_OPTION_FILE, .help = "the run's folder, else runs/SYSTEM-DATE-N"},                                       \
    {"resume", 0, AD_OPTION_FILE, .unit = "RUN", .help = "go on with a run that was stopped"},                             \
    {"config", 0, AD_OPTION_FILE, .help = "options from a file, such as a run's config.json"},                             \
    {"steps", 0, AD_OPTION_INT, .min = 1, .max = 1e12, .help = "optimizer steps"},                                         \
    {"epochs", 0, AD_OPTION_REAL, .min = 0, .max = 1e9, .help = "passes over the training data, instead of --steps"},      \
    {"seed", 0, AD_OPTION_INT, .initial = "0", .help = "seed of weights, order and augmentation"},                         \
    {"seeds", 0, AD_OPTION_INT, .initial = "1", .min = 1, .max = 10000, .help = "train with N seeds from --seed; mean and deviation"}, \
    {"lr", 0, AD_OPTION_REAL, .initial = lr_, .min = 0, .max = 1e3, .help = "peak learning rate"},                         \
    {"optimizer", 0, AD_OPTION_CHOICE, .initial = optimizer_, .choices = "sgd|adam|adamw|rmsprop", .help = "the update rule"}, \
    {"momentum", 0, AD_OPTION_REAL, .initial = "0.9", .min = 0, .max = 0.9999, .help = "of sgd (Nesterov's form)"},        \
    {"beta2", 0, AD_OPTION_REAL, .initial = "0.999", .min = 0.5, .max = 0.999999, .help = "of adam and adamw"},            \
    {"weight-decay", 0, AD_OPTION_REAL, .initial = decay_, .min = 0, .max = 100, .help = "L2, or decoupled with adamw"},   \
    {"schedule", 0, AD_OPTION_CHOICE, .initial = schedule_, .choices = "constant|step|cosine|one-cycle|inverse-sqrt", .help = "how the learning rate moves"}, \
    {"warmup", 0, AD_OPTION_REAL, .initial = "0", .min = 0, .max = 1e9, .help = "steps of linear warm-up; below 1: a part of all"}, \
    {"min-lr", 0, AD_OPTION_REAL, .initial = "0", .min = 0, .max = 1e3, .help = "where the schedule ends"},                \
    {"clip", 0, AD_OPTION_REAL, .initial = "0", .min = 0, .max = 1e9, .help = "greatest norm of the gradient, 0: any"},    \
    {"accumulate", 0, AD_OPTION_INT, .initial = "1", .min = 1, .max = 100000, .help = "batches whose gradients make one step"}, \
    {"ema", 0, AD_OPTION_REAL, .initial = "0", .min = 0, .max = 0.999999, .help = "average the weights with this decay, and evaluate the average"}, \
    {"precision", 0, AD_OPTION_CHOICE, .initial = "f32", .choices = "f32|bf16", .help = "of products; weights stay f32"},  \
    AD_OPTION_MEMORY_LIMIT(""),                                                                                            \
    {"eval-every", 0, AD_OPTION_INT, .min = 1, .max = 1e12, .unit = "STEPS", .help = "steps between evaluations, else an epoch"}, \
    {"log-every", 0, AD_OPTION_INT, .min = 1, .max = 1e12, .unit = "STEPS", .help = "steps between lines of metrics.jsonl"}, \
    {"patience", 0, AD_OPTION_INT, .initial = patience_, .min = 0, .max = 1e9, .help = "evaluations without a better one before stopping, 0: never"}, \
    {"checkpoint-every", 0, AD_OPTION_INT, .min = 1, .max = 1e12, .unit = "STEPS", .help = "steps between checkpoints, beside those by time"}, \
    {"checkpoint-minutes", 0, AD_OPTION_REAL, .initial = "5", .min = 0, .max = 1e6, .help = "minutes between checkpoints, 0: none by time"}, \
    {"keep", 0, AD_OPTION_INT, .initial = "2", .min = 1, .max = 1e6, .help = "checkpoints kept, beside the best"},         \
    {"histograms", 0, AD_OPTION_FLAG, .help = "write histograms of the weights for TensorBoard, at each evaluation"},      \
    AD_OPTION_PROFILE, AD_OPTION_TUNE
/* clang-format on */

/* ---- a verb `train` ---- */

/* Which repetition this is. */
typedef struct ad_train_part {
    uint64_t seed;
    int fold, folds; /* cross-validation: the verb has an option "folds"; else 0 of 1 */
} ad_train_part;

enum { AD_TRAIN_METRICS = 16, AD_TRAIN_NAME = 48 };

typedef struct ad_train_number {
    char name[AD_TRAIN_NAME]; /* "test_accuracy" */
    double value;
} ad_train_number;

/* What a part ends with; `mean and deviation over parts` are taken of each. */
typedef struct ad_train_result {
    ad_train_number number[AD_TRAIN_METRICS];
    int count;
    bool interrupted; /* stopped by a signal, checkpoint saved: nothing is final */
} ad_train_result;
AD_API void ad_train_result_add(ad_train_result *result, const char *name, double value);
AD_API double ad_train_result_get(const ad_train_result *result, const char *name); /* NaN: none */

/* Trains one part from start to end (or from its newest checkpoint on, which is the loop's
 * business: build everything the same way, and call ad_train). */
typedef ad_status (*ad_train_once)(ad_command *cmd, ad_run_folder *run, ad_train_part part,
                                   ad_train_result *result);
/* The whole verb: reads --config or --resume, makes or opens the run's folder, calls `once` for
 * each part that is not finished, prints the result (with --json as the last line), writes the
 * report. Returns the exit status. */
AD_API int ad_train_main(ad_command *cmd, ad_train_once once);

/* ---- the loop ---- */

typedef struct ad_train_metric {
    const char *name;
    ad_node *node; /* a scalar of the training graph, read after each step */
} ad_train_metric;

typedef struct ad_training {
    /* What is trained. */
    ad_vars *vars;                  /* parameters and buffers, by their published names */
    ad_node *loss;                  /* f32 scalar of one batch, in training form */
    ad_node *const *updates;        /* what a step does besides: running statistics, */
    int update_count;               /*   ad_rng_advance */
    const ad_train_metric *metrics; /* shown and logged beside the loss, as means between two
                                       lines */
    int metric_count;
    bool decay_all; /* weight decay on vectors too (biases, scales); default: on matrices and
                       convolutions only */
    const ad_metadata *metadata; /* what is needed to build the network again (its kind, sizes,
                                    classes); kept in every checkpoint and export */
    int metadata_count;

    /* Data. Binds batch number `index` (0, 1, ...; a step takes `--accumulate` of them). */
    ad_status (*batch)(void *user, ad_program *program, int64_t index);
    int64_t batches_per_epoch; /* 0: there are no epochs */
    int64_t default_steps;     /* when neither --steps nor --epochs is given */
    const char *unit;          /* "images", "tokens", "nodes": of the rate that is shown */
    double units_per_batch;

    /* Evaluation of the weights that `vars` now holds on "validation" or "test": up to
     * AD_TRAIN_METRICS names and values; *count 0: there is no such split. */
    ad_status (*evaluate)(void *user, const char *split, ad_metric *metrics, int *count);
    const char *monitor;     /* metric of "validation" that says which weights are best */
    const char *monitor_too; /* its getting better also restarts the patience (may be NULL) */
    bool monitor_low, monitor_too_low; /* lower is better */

    /* After each evaluation, for ad_run_image, ad_run_text, ...; may be NULL. */
    ad_status (*sample)(void *user, ad_run_folder *run, int64_t step);
    void *user;
} ad_training;

/* Runs to the end: --steps or --epochs, the patience, or a signal. Then the best weights are put
 * into `vars` (the last, averaged ones where nothing is monitored), evaluated on "test", and stay
 * there. Results: "test_NAME", "validation_NAME" of the best weights, "best_step", "steps",
 * "seconds". AD_ERROR_NUMERIC when the loss or a parameter is not finite: names the node where it
 * began; the last good checkpoint stays. */
AD_API ad_status ad_train(ad_run_folder *run, const ad_training *training, ad_train_result *result);

/* ---- what a system writes into its run ---- */

AD_API const char *ad_run_path(const ad_run_folder *run);
AD_API ad_command *ad_run_command(const ad_run_folder *run);
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
 * given size, then says so). Open it with ad_file_open and load it with
 * (ad_load_options){.allow_unused = true}; its metadata is the training's. */
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
    AD_RUN_INTERRUPTED, /* stopped and saved, or killed: --resume goes on with it */
    AD_RUN_FAILED,      /* ended with `error` */
} ad_run_state;
AD_API const char *ad_run_state_name(ad_run_state state);

/* A run as its files tell it. Everything in it is its own; texts that the files lack are "". */
typedef struct ad_run_info {
    const char *path, *name; /* name: the path's last part */
    const char *system, *verb, *version, *cpu, *isa, *started;
    int threads;
    const char *data, *data_summary, *data_fingerprint;
    ad_run_state state;
    const char *error;
    const ad_metadata *options; /* by name, as text ("yes" and "no" for flags); unset: NULL */
    const bool *changed;        /* [option_count]: not the default */
    int option_count;
    const ad_run_series *series;
    int series_count;
    int64_t broken_lines; /* of metrics.jsonl, left out */
    int64_t step, steps;  /* the last one logged, and where it ends (0: not known) */
    double epochs_a_step; /* 0: there are no epochs */
    double seconds;       /* of training; parts: their sum */
    double written;       /* when something was last written, seconds since 1970 */
    int64_t parameters;   /* 0: not known */
    const char *monitor;  /* the series that says what is best, or "" */
    bool monitor_low;     /* less is better */
    double best;          /* of the monitored series; NaN: none yet. Parts: their mean */
    int64_t best_step;    /* -1: none, or parts */
    ad_train_result result, deviation; /* of a finished run; deviation: over its parts */
    struct ad_run_info **parts;        /* of --seeds and --folds: runs of their own */
    int part_count;
    const char *command; /* makes the run again; quoted for a shell */
} ad_run_info;

/* Reads the run in a folder. Files may be of a run that is being written, or hostile: broken lines
 * of metrics.jsonl are counted and left out, a broken config.json is an error that names it. */
AD_API ad_status ad_run_info_open(ad_run_info **out, ad_context *ctx, const char *path);
AD_API void ad_run_info_close(ad_run_info *info); /* NULL is ignored */
/* Whether the folder holds a run (a config.json). */
AD_API bool ad_run_is(const char *path);

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
