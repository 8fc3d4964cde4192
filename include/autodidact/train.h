/* train.h - training that can be left alone: a loop that survives being killed.
 *
 * A system says what is trained (a store, and players with a loss each), how a batch is bound, and
 * how the weights are evaluated; the loop does the rest: optimizers, schedule, accumulation,
 * clipping, averaging, evaluation, early stopping, checkpoints, resuming, metrics, progress, the
 * report. What most systems share beyond that (data, loaders, evaluation, a verb) is in system.h.
 *
 * The same run gives the same bytes in its last checkpoint, whatever the number of threads, and
 * whether or not it was interrupted and resumed on the way: `batch` must depend on the part's seed
 * and the batch's number alone, randomness inside the graph comes from ad_rng, and what a system
 * keeps besides goes into the checkpoint (ad_train_store, ad_train_state).
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_TRAIN_H
#define AUTODIDACT_TRAIN_H

#include <autodidact/command.h>
#include <autodidact/nn.h>
#include <autodidact/optim.h>
#include <autodidact/profile.h>
#include <autodidact/program.h>
#include <autodidact/run.h>
#include <autodidact/tuning.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- settings: the same words mean the same in every system ---- */

typedef enum ad_schedule_kind { /* in the order of the option's choices */
                                AD_SCHEDULE_CONSTANT,
                                AD_SCHEDULE_STEP,
                                AD_SCHEDULE_COSINE,
                                AD_SCHEDULE_ONE_CYCLE,
                                AD_SCHEDULE_INVERSE_SQRT,
} ad_schedule_kind;

typedef struct ad_train_settings {
    int64_t steps;          /* how long: one of these three, or the system's own default (all 0); */
    double epochs, minutes; /*   minutes: as many steps as fit in, measured before the first */
    int64_t seed, seeds;
    double lr;       /* peak learning rate, of players that name none of their own */
    char *optimizer; /* "adamw", "sgd:nesterov=yes"; the next two where it has such an option */
    double momentum, beta2, weight_decay;
    int schedule; /* an ad_schedule_kind */
    double warmup, min_lr, clip;
    int64_t accumulate;
    double ema;
    int precision; /* an ad_precision */
    int64_t memory_limit;
    int64_t eval_every, log_every, patience, checkpoint_every, keep; /* 0: see the options' help */
    double checkpoint_minutes;
    bool histograms;
} ad_train_settings;
/* Its table: options of a verb, or ad_settings_set. A system's own defaults ("lr", "optimizer",
 * "weight-decay", "schedule", "patience", ...) go into its ad_default list. */
AD_API extern const ad_record ad_train_record;

/* ---- what is trained ---- */

typedef struct ad_train_metric {
    const char *name;
    ad_node *node; /* a scalar of the player's graph, read after each of its steps */
} ad_train_metric;

/* One loss and what it moves. A network that is trained by itself is one player; a GAN has two, an
 * actor and a critic as well. */
typedef struct ad_player {
    const char *name; /* "critic": of its figures ("critic/loss") and its optimizer's state;
                         letters, digits, '-' and '_'. NULL: the only player */
    ad_node *loss;    /* f32 scalar of one batch, in training form */
    const char *const *trains; /* names of parameters, or prefixes of names; ends with NULL. NULL:
                                  all of the store. */
    const char *optimizer;     /* "adam:lr=2e-4,beta1=0.5"; NULL: as the settings say */
    const ad_rate *rates;      /* [rate_count] learning rates of parts of it (optim.h) */
    int rate_count;
    int64_t every; /* trained in every so many-th step, at the end of so many; 0: in each */
    bool together; /* in one program with the player before it, whose `every` it has: both see the
                      weights as they were before the step */
    const ad_train_metric *metrics; /* shown and logged beside the loss, as means between two lines
                                     */
    int metric_count;
    ad_node *const *updates; /* what its step does besides: running statistics, ad_rng_advance */
    int update_count;
    bool decay_all; /* weight decay on vectors too (biases, scales); default: on matrices and
                       convolutions only */
} ad_player;

/* A further store that goes into checkpoints: a target network, a memory of embeddings. */
typedef struct ad_train_store {
    const char *name; /* of its tensors there: "train.NAME."; letters, digits, '-' and '_' */
    ad_vars *vars;
} ad_train_store;

/* Bytes that go into checkpoints: replay memory, environments, games. `save` writes all that the
 * next step depends on, and the same bytes for the same state; `load` reads exactly what `save`
 * wrote. */
typedef struct ad_state_stream ad_state_stream;
AD_API ad_status ad_state_write(ad_state_stream *stream, const void *bytes, size_t count);
/* Fewer bytes than asked for are AD_ERROR_FORMAT. */
AD_API ad_status ad_state_read(ad_state_stream *stream, void *bytes, size_t count);
typedef struct ad_train_state {
    const char *name; /* letters, digits, '-' and '_' */
    int version;      /* of what `save` writes: `load` is given the version that was written */
    bool large; /* in a file of its own beside the checkpoint, instead of inside: for megabytes */
    ad_status (*save)(void *user, ad_state_stream *stream);
    /* A version that it does not know is for `load` to refuse. */
    ad_status (*load)(void *user, ad_state_stream *stream, int version);
    void *user;
} ad_train_state;

typedef struct ad_training {
    ad_vars *vars; /* parameters and buffers, by their published names */
    const ad_player *players;
    int player_count;
    const ad_metadata *metadata; /* what is needed to build the network again (its kind, sizes,
                                    classes); kept in every checkpoint and export */
    int metadata_count;
    const ad_train_store *stores; /* saved besides */
    int store_count;
    const ad_train_state *states;
    int state_count;

    /* Before each step, with the weights as they are: play, collect, draw. May be NULL. */
    ad_status (*before)(void *user, int64_t step);
    /* Binds batch number `index` (0, 1, ...) of a player to its program; a step takes
     * `accumulate` of them. Players together are bound once, as the first of them. */
    ad_status (*batch)(void *user, int player, ad_program *program, int64_t index);
    int64_t batches_per_epoch; /* of the first player; 0: there are no epochs */
    int64_t default_steps;     /* where the settings say nothing */
    const char *unit;          /* "images", "tokens", "nodes": of the rate that is shown */
    double units_per_batch;
    /* Where length is not counted in steps of an optimizer but in frames or games: what one is
     * called, and how many there have been (which the system's own state says). The settings'
     * `steps`, and all that is every so many steps, then mean these. NULL: steps. */
    const char *counted;
    int64_t (*count)(void *user);

    /* Evaluation of the weights that `vars` now holds on "validation" or "test"; nothing is added
     * where there is no such split. */
    ad_status (*evaluate)(void *user, const char *split, ad_metrics *metrics);
    const char *monitor;     /* metric of "validation" that says which weights are best */
    const char *monitor_too; /* its getting better also restarts the patience (may be NULL) */
    bool monitor_low, monitor_too_low; /* lower is better */

    /* After each evaluation, for ad_run_image, ad_run_text, ...; with `minutes` also after those
     * that are measured, and then nothing of it is kept. May be NULL. */
    ad_status (*sample)(void *user, ad_run_folder *run, int64_t step);
    void *user;
} ad_training;

/* What a part ends with; mean and deviation over parts are taken of each. */
typedef struct ad_train_result {
    ad_metrics metrics;
    bool interrupted; /* stopped by the watcher, checkpoint saved: nothing is final */
} ad_train_result;

/* Runs to the end: the settings' length, the patience, or an interruption. Then the best weights
 * are put into `vars` (the last, averaged ones where nothing is monitored), evaluated on "test",
 * and stay there. Results: "test_NAME", "validation_NAME" of the best weights, "best_step",
 * "steps", "seconds". AD_ERROR_NUMERIC when a loss or a parameter is not finite: names the node
 * where it began; the last good checkpoint stays.
 *
 * The settings are those of ad_train_record in ad_run_settings(run). With `minutes` the loop runs
 * some steps to measure them, puts everything back, and sets `steps` instead: the run's
 * config.json then says the steps, so that it can be resumed and made again. Of a resumed run the
 * minutes are those of all of it. */
AD_API ad_status ad_train(ad_run_folder *run, const ad_training *training, ad_train_result *result);

/* ---- a whole run: its folder, its parts, its result ---- */

typedef struct ad_session {
    const char *app, *system, *verb; /* "autodidact", "classify", "train" */
    ad_settings *settings;           /* with ad_train_record among its records */
    const char *folder;              /* NULL: a new one, runs/SYSTEM-DATE-N */
    bool resume; /* the folder holds a run, whose settings these are (ad_session_resume) */
    ad_watcher watcher;
    ad_tuning *tuning; /* may be NULL */
    /* Trains one part from start to end, or from its newest checkpoint on, which is the loop's
     * business: build everything the same way, and call ad_train. The settings are those of the
     * run (ad_run_settings); with several parts the part's seed is not theirs. */
    ad_status (*once)(void *user, ad_run_folder *run, ad_run_part part, ad_train_result *result);
    void *user;
} ad_session;

typedef struct ad_outcome {
    char folder[4096];
    ad_metrics mean, deviation; /* over the parts (the sample's deviation); owned */
    char model[4096];           /* whose weights are trained: `folder`, or that of the first part */
    int64_t parts;
    bool interrupted;  /* stopped and saved, to be resumed */
    bool was_finished; /* it was finished before, and nothing was left to do */
} ad_outcome;

/* Trains every part that is not finished, and writes the reports. Without a command line: make
 * settings (ad_settings_new with ad_train_record and one's own), set them, call this. On an error
 * (which result.json and log.txt keep as well) *outcome says where; free it in any case. */
AD_API ad_status ad_session_run(const ad_session *session, ad_outcome *outcome);
AD_API void ad_outcome_free(ad_outcome *outcome);
/* Reads the settings of the run in session->folder, and sets session->resume. What is set
 * afterwards may only be what may change (ad_option.may_change). */
AD_API ad_status ad_session_resume(ad_session *session, ad_context *ctx);

/* ---- the verb `train` of a system ---- */

/* clang-format off */
/* Rows of the verb itself, beside its records (`.records` of its ad_verb, ad_train_record among them). */
#define AD_TRAIN_OPTIONS                                                                                                     \
    {.name = "run", .type = AD_OPTION_FILE, .process = true, .help = "the run's folder, else runs/SYSTEM-DATE-N"},           \
    {.name = "resume", .type = AD_OPTION_FILE, .unit = "RUN", .process = true, .help = "resume a run that was stopped"},     \
    {.name = "config", .type = AD_OPTION_FILE, .process = true, .help = "options from a file, such as a run's config.json"}, \
    AD_OPTION_PROFILE, AD_OPTION_TUNE
/* clang-format on */
/* These and AD_COMMON_OPTIONS: all of a verb that has no further ones. */
AD_API extern const ad_option ad_train_rows[];

/* The whole verb: reads --config or --resume, runs a session, prints the result (with --json as the
 * last line). Returns the exit status. */
AD_API int ad_train_main(ad_command *cmd,
                         ad_status (*once)(void *user, ad_run_folder *run, ad_run_part part,
                                           ad_train_result *result),
                         void *user);

#ifdef __cplusplus
}
#endif
#endif
