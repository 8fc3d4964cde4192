/* train_loop.c - the training loop: steps, evaluations, checkpoints, until the end.
 *
 * All that decides what the next step does is in the stores that a checkpoint holds (parameters,
 * the optimizer's state, averages, and the loop's own numbers below), and the batch is a function
 * of the step; so a run that is gone on with repeats what an uninterrupted one does, bit for bit.
 *
 * A loss that is not finite is found after the parameters were updated with it. Steps can be
 * repeated, so the newest checkpoint is loaded again, the steps up to the bad one are run, and the
 * last two with a check after each kernel: that says where the numbers ended. */
#include "train/run.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { REPORT_SECONDS = 60 };
enum { SUMS = AD_TRAIN_METRICS + 1, LIVE_METRICS = AD_TRAIN_METRICS + 2 };

/* The loop's numbers as they stand in a checkpoint. */
typedef struct counters {
    int64_t step, best_step, waited, summed, stopped;
} counters;
typedef struct values {
    double best, best_too, sum[SUMS]; /* of the loss and the metrics since the last line */
} values;
enum { COUNTERS = sizeof(counters) / sizeof(int64_t), VALUES = sizeof(values) / sizeof(double) };

typedef struct loop {
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
    int64_t rate_step;
} loop;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double elapsed(const loop *l)
{
    return l->run->earlier_seconds + now() - l->began;
}

/* ---- options ---- */

static int64_t at_least_one(double value)
{
    return value < 1 ? 1 : (int64_t)value;
}

static ad_status read_options(loop *l)
{
    ad_command *cmd = l->cmd;
    const ad_training *t = l->t;
    l->accumulate = ad_command_int(cmd, "accumulate");
    double per_epoch = (double)t->batches_per_epoch / (double)l->accumulate;
    double epochs = ad_command_real(cmd, "epochs");
    if (ad_command_value(cmd, "steps") && ad_command_value(cmd, "epochs"))
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT, "--steps and --epochs: give one of them");
    if (epochs > 0 && per_epoch <= 0)
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT, "--epochs: there are none here; give --steps");
    l->steps = ad_command_value(cmd, "steps") ? ad_command_int(cmd, "steps")
               : epochs > 0                   ? at_least_one(ceil(epochs * per_epoch))
                                              : t->default_steps;
    int64_t every = per_epoch > 0 ? at_least_one(per_epoch) : at_least_one((double)l->steps / 10);
    l->eval_every = ad_command_value(cmd, "eval-every") ? ad_command_int(cmd, "eval-every") : every;
    l->log_every = ad_command_value(cmd, "log-every") ? ad_command_int(cmd, "log-every")
                                                      : at_least_one((double)l->steps / 500);
    l->checkpoint_every = ad_command_int(cmd, "checkpoint-every");
    l->checkpoint_seconds = 60 * ad_command_real(cmd, "checkpoint-minutes");
    l->keep = ad_command_int(cmd, "keep");
    l->patience = ad_command_int(cmd, "patience");
    double warmup = ad_command_real(cmd, "warmup");
    l->schedule = (ad_schedule){
        .kind = (ad_schedule_kind)ad_command_choice(cmd, "schedule"),
        .peak = ad_command_real(cmd, "lr"),
        .least = ad_command_real(cmd, "min-lr"),
        .steps = l->steps,
        .warmup = (int64_t)(warmup < 1 ? warmup * (double)l->steps : warmup),
    };
    if (l->patience && !t->monitor)
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT, "--patience: nothing is monitored here");
    return AD_OK;
}

/* ---- building ---- */

static ad_optimizer *make_optimizer(const loop *l)
{
    ad_command *cmd = l->cmd;
    double lr = l->schedule.peak, decay = ad_command_real(cmd, "weight-decay");
    double momentum = ad_command_real(cmd, "momentum");
    ad_adam_options adam = {
        .lr = lr, .beta2 = ad_command_real(cmd, "beta2"), .weight_decay = decay};
    switch (ad_command_choice(cmd, "optimizer")) {
    case 0:
        return ad_sgd(
            l->t->vars, NULL,
            (ad_sgd_options){
                .lr = lr, .momentum = momentum, .nesterov = momentum > 0, .weight_decay = decay});
    case 1: return ad_adam(l->t->vars, NULL, adam);
    case 2: return ad_adamw(l->t->vars, NULL, adam);
    default:
        return ad_rmsprop(l->t->vars, NULL, (ad_rmsprop_options){.lr = lr, .weight_decay = decay});
    }
}

/* The program of a step, or (accumulating) of the batches before its last. */
static ad_status compile(loop *l, ad_node *effect, ad_program **program)
{
    const ad_training *t = l->t;
    int count = 2 + t->update_count + t->metric_count;
    ad_node **outputs = ad_alloc(l->ctx, (size_t)count * sizeof *outputs);
    if (!outputs) return AD_ERROR_MEMORY;
    outputs[0] = effect, outputs[1] = t->loss;
    for (int i = 0; i < t->metric_count; ++i) outputs[2 + i] = t->metrics[i].node;
    for (int i = 0; i < t->update_count; ++i) outputs[2 + t->metric_count + i] = t->updates[i];
    ad_compile_options options = {.precision = ad_command_choice(l->cmd, "precision") == 1
                                                   ? AD_PRECISION_BF16
                                                   : AD_PRECISION_F32};
    ad_status status = ad_compile(program, l->ctx, outputs, count, &options);
    ad_free(l->ctx, outputs, (size_t)count * sizeof *outputs);
    return status;
}

static ad_status build(loop *l)
{
    const ad_training *t = l->t;
    if (!(l->optimizer = make_optimizer(l))) return ad_error_status(l->ctx);
    ad_minimize_nodes nodes = ad_minimize_with(
        l->optimizer, t->loss,
        (ad_minimize_options){.max_norm = ad_command_real(l->cmd, "clip"),
                              .accumulate = (int)l->accumulate,
                              .decay_matrices = !t->decay_all});
    ad_status status = compile(l, nodes.step, &l->step);
    if (!status && nodes.collect) status = compile(l, nodes.collect, &l->collect);
    double ema = ad_command_real(l->cmd, "ema");
    if (!status && ema > 0) status = ad_average_new(&l->average, t->vars, ema);
    if (status) return status;
    if (!(l->own = ad_vars_new(l->ctx, 0))) return AD_ERROR_MEMORY;
    l->own_counters = ad_var(l->own, "counters", ad_shape(COUNTERS),
                             (ad_var_options){.dtype = AD_I64, .buffer = true});
    l->own_values = ad_var(l->own, "values", ad_shape(VALUES),
                           (ad_var_options){.dtype = AD_F64, .buffer = true});
    return l->own_counters && l->own_values ? AD_OK : ad_error_status(l->ctx);
}

/* ---- copies of the weights ---- */

static ad_status make_copies(loop *l)
{
    ad_status status = ad_vars_ready(l->t->vars);
    l->copy_bytes = ad_vars_copy_bytes(l->t->vars);
    if (!status && !(l->best = ad_alloc(l->ctx, l->copy_bytes))) status = AD_ERROR_MEMORY;
    if (!status && !(l->spare = ad_alloc(l->ctx, l->copy_bytes))) status = AD_ERROR_MEMORY;
    return status;
}

/* ---- checkpoints ---- */

/* The parts of a checkpoint, and metadata that also says what other programs ask for. */
typedef struct contents {
    ad_vars_part parts[4];
    ad_metadata metadata[64];
    ad_checkpoint checkpoint;
} contents;

static const ad_checkpoint *describe(const loop *l, contents *c)
{
    int count = 0;
    c->parts[0] = (ad_vars_part){.vars = l->t->vars};
    c->parts[1] = (ad_vars_part){ad_optimizer_state(l->optimizer), "train.optimizer."};
    c->parts[2] = (ad_vars_part){l->average ? ad_average_vars(l->average) : NULL, "train.average."};
    c->parts[3] = (ad_vars_part){l->own, "train."};
    c->metadata[count++] = (ad_metadata){"format", "pt"}; /* readers of weights insist on it */
    c->metadata[count++] = (ad_metadata){"system", ad_command_verb(l->cmd)->system};
    for (int i = 0; i < l->t->metadata_count && count < 64; ++i)
        c->metadata[count++] = l->t->metadata[i];
    c->checkpoint = (ad_checkpoint){c->parts, 4, c->metadata, count};
    return &c->checkpoint;
}

static ad_status save_best(loop *l)
{
    contents c;
    if (!l->best_unsaved) return AD_OK;
    ad_vars_copy_out(l->t->vars, l->spare);
    ad_status status = ad_vars_copy_in(l->t->vars, l->best);
    if (!status) status = ad_checkpoint_save_best(l->run, describe(l, &c));
    ad_status back = ad_vars_copy_in(l->t->vars, l->spare);
    if (status || back) return status ? status : back;
    l->best_unsaved = false;
    return AD_OK;
}

static ad_status save(loop *l)
{
    contents c;
    ad_status status = ad_run_flush(l->run);
    if (!status) status = save_best(l);
    if (!status) status = ad_variable_set(l->own, l->own_counters, &l->n);
    if (!status) status = ad_variable_set(l->own, l->own_values, &l->v);
    if (!status) status = ad_checkpoint_save(l->run, describe(l, &c), l->n.step, l->keep);
    if (!status) ad_run_log(l->run, "checkpoint at step %lld", (long long)l->n.step);
    if (!status && now() - l->reported > REPORT_SECONDS) { /* to look at on the way */
        (void)ad_run_report(l->ctx, l->run->path);
        l->reported = now();
    }
    l->saved = now();
    return status;
}

static ad_status load(loop *l)
{
    contents c;
    int64_t step;
    ad_status status = ad_checkpoint_load(l->run, describe(l, &c), &step);
    if (status || step < 0) return status;
    status = ad_variable_get(l->own, l->own_counters, &l->n);
    if (!status) status = ad_variable_get(l->own, l->own_values, &l->v);
    if (status || l->n.best_step < 0) return status;
    /* the best weights lie in their own file, which is at least as new as the checkpoint */
    ad_vars_copy_out(l->t->vars, l->spare);
    status = ad_checkpoint_load_best(l->run, l->t->vars);
    if (!status) ad_vars_copy_out(l->t->vars, l->best), l->has_best = true;
    ad_status back = ad_vars_copy_in(l->t->vars, l->spare);
    return status ? status : back;
}

/* ---- a step ---- */

static bool run_step(loop *l, bool check, double *loss, ad_status *status)
{
    const ad_training *t = l->t;
    *loss = 0;
    *status = ad_optimizer_set_lr(l->optimizer, ad_schedule_rate(&l->schedule, l->n.step));
    for (int64_t i = 0; i < l->accumulate && !*status; ++i) {
        ad_program *program = i + 1 < l->accumulate ? l->collect : l->step;
        *status = t->batch(t->user, program, l->n.step * l->accumulate + i);
        if (!*status) *status = check ? ad_run_checked(program) : ad_run(program);
        if (*status) break;
        double one = ad_result_scalar(program, t->loss);
        *loss += one / (double)l->accumulate;
        if (!isfinite(one)) return false;
        for (int m = 0; m < t->metric_count && m < AD_TRAIN_METRICS; ++m)
            l->v.sum[1 + m] += ad_result_scalar(program, t->metrics[m].node) /
                               (double)l->accumulate;
    }
    if (*status) return false;
    l->v.sum[0] += *loss;
    ++l->n.summed, ++l->n.step;
    if (l->average) *status = ad_average_update(l->average);
    return !*status;
}

/* The loss of step l->n.step is not finite: says where that began. */
static ad_status find_trap(loop *l, double loss)
{
    int64_t bad = l->n.step;
    ad_status status;
    char where[512] = "";
    ad_run_log(l->run, "the loss of step %lld is %g; repeating from the last checkpoint",
               (long long)bad, loss);
    status = load(l);
    int64_t from = l->n.step;
    while (!status && l->n.step <= bad) {
        double again;
        if (run_step(l, l->n.step + 2 > bad, &again, &status)) continue;
        if (status == AD_ERROR_NUMERIC) snprintf(where, sizeof where, "%s", ad_error(l->ctx));
        break;
    }
    if (status && status != AD_ERROR_NUMERIC) return status;
    return ad_fail(l->ctx, AD_ERROR_NUMERIC,
                   "the loss is %g at step %lld%s%s; the checkpoint of step %lld is whole", loss,
                   (long long)bad, *where ? ": " : "", where, (long long)from);
}

/* ---- what is seen ---- */

static int live_metrics(const loop *l, ad_metric *metrics)
{
    int count = 0;
    double n = l->n.summed ? (double)l->n.summed : 1;
    metrics[count++] = (ad_metric){"loss", l->v.sum[0] / n};
    for (int i = 0; i < l->t->metric_count && i < AD_TRAIN_METRICS; ++i)
        metrics[count++] = (ad_metric){l->t->metrics[i].name, l->v.sum[1 + i] / n};
    return count;
}

static double epoch_of(const loop *l)
{
    double per_epoch = (double)l->t->batches_per_epoch / (double)l->accumulate;
    return per_epoch > 0 ? (double)l->n.step / per_epoch : -1;
}

static void show(loop *l, bool notable)
{
    ad_metric metrics[2 * LIVE_METRICS];
    int count = l->n.summed ? live_metrics(l, metrics) : 0;
    for (int i = 0; i < l->seen_count; ++i) metrics[count++] = l->seen[i];
    double t = now();
    if (t - l->rate_from > 1) { /* the rate of the last second or more */
        l->rate = (double)(l->n.step - l->rate_step) / (t - l->rate_from);
        l->rate_from = t, l->rate_step = l->n.step;
    }
    double units = l->t->units_per_batch > 0 ? l->t->units_per_batch * (double)l->accumulate : 1;
    ad_command_progress(
        l->cmd,
        &(ad_progress){.step = l->n.step,
                       .steps = l->steps,
                       .metrics = metrics,
                       .count = count,
                       .unit = l->t->units_per_batch > 0 ? l->t->unit : NULL,
                       .rate = l->rate * units,
                       .seconds_left = l->rate > 0 ? (double)(l->steps - l->n.step) / l->rate : -1,
                       .memory = ad_context_memory(l->ctx),
                       .notable = notable});
}

static ad_status log_line(loop *l)
{
    ad_metric metrics[LIVE_METRICS];
    int count = live_metrics(l, metrics);
    metrics[count++] = (ad_metric){"lr", ad_optimizer_lr(l->optimizer)};
    ad_status status = ad_run_numbers(l->run, l->n.step, epoch_of(l), elapsed(l), metrics, count);
    memset(l->v.sum, 0, sizeof l->v.sum);
    l->n.summed = 0;
    return status;
}

/* ---- evaluation ---- */

static ad_status call_evaluate(loop *l, const char *split, ad_metric *metrics, int *count)
{
    *count = 0;
    return l->t->evaluate ? l->t->evaluate(l->t->user, split, metrics, count) : AD_OK;
}

static double metric_named(const ad_metric *metrics, int count, const char *name)
{
    for (int i = 0; name && i < count; ++i)
        if (!strcmp(metrics[i].name, name)) return metrics[i].value;
    return NAN;
}

static bool better(double value, double than, bool low)
{
    return !isnan(value) && (isnan(than) || (low ? value < than : value > than));
}

static void judge(loop *l, const ad_metric *metrics, int count)
{
    const ad_training *t = l->t;
    double value = metric_named(metrics, count, t->monitor);
    double too = metric_named(metrics, count, t->monitor_too);
    bool best = better(value, l->has_best ? l->v.best : NAN, t->monitor_low);
    bool also = better(too, l->n.best_step >= 0 ? l->v.best_too : NAN, t->monitor_too_low);
    if (best) {
        l->v.best = value, l->n.best_step = l->n.step;
        ad_vars_copy_out(l->t->vars, l->best);
        l->best_unsaved = l->has_best = true;
    }
    if (also) l->v.best_too = too;
    l->n.waited = best || also ? 0 : l->n.waited + 1;
    if (l->patience && l->n.waited >= l->patience) l->n.stopped = 1;
}

static ad_status evaluate(loop *l)
{
    ad_metric metrics[AD_TRAIN_METRICS];
    int count;
    if (l->average) ad_average_swap(l->average);
    ad_status status = call_evaluate(l, "validation", metrics, &count);
    l->seen_count = status ? 0 : count;
    for (int i = 0; i < l->seen_count; ++i) {
        snprintf(l->seen_name[i], sizeof l->seen_name[i], "validation/%s", metrics[i].name);
        l->seen[i] = (ad_metric){l->seen_name[i], metrics[i].value};
    }
    if (!status && l->t->monitor && count) judge(l, metrics, count);
    if (!status && count)
        status = ad_run_numbers(l->run, l->n.step, epoch_of(l), elapsed(l), l->seen, l->seen_count);
    if (!status && ad_command_flag(l->cmd, "histograms"))
        status = ad_run_histograms(l->run, l->t->vars, l->n.step);
    if (!status && l->t->sample) status = l->t->sample(l->t->user, l->run, l->n.step);
    if (l->average) ad_average_swap(l->average);
    return status;
}

/* ---- start to end ---- */

static bool due(int64_t step, int64_t every)
{
    return every > 0 && step % every == 0;
}

static ad_status train(loop *l)
{
    ad_status status = AD_OK;
    while (!status && l->n.step < l->steps && !l->n.stopped && !ad_command_interrupted(l->cmd)) {
        double loss;
        if (!run_step(l, false, &loss, &status)) return status ? status : find_trap(l, loss);
        bool last = l->n.step == l->steps, evaluated = due(l->n.step, l->eval_every) || last;
        if (evaluated) status = evaluate(l);
        show(l, evaluated);
        if (!status && (due(l->n.step, l->log_every) || last)) status = log_line(l);
        bool late = l->checkpoint_seconds > 0 && now() - l->saved > l->checkpoint_seconds;
        if (!status && (due(l->n.step, l->checkpoint_every) || late)) status = save(l);
    }
    return status;
}

static ad_status add_results(loop *l, const char *split, ad_train_result *result)
{
    ad_metric metrics[AD_TRAIN_METRICS];
    char name[AD_TRAIN_NAME];
    int count;
    ad_status status = call_evaluate(l, split, metrics, &count);
    for (int i = 0; i < count && !status; ++i) {
        snprintf(name, sizeof name, "%s_%.36s", split, metrics[i].name);
        ad_train_result_add(result, name, metrics[i].value);
    }
    return status;
}

/* The weights to keep are in `vars` afterwards: the best, else the averages, else the last. */
static ad_status finish(loop *l, ad_train_result *result)
{
    contents c;
    double train_seconds = elapsed(l);
    ad_status status = AD_OK;
    if (l->has_best)
        status = ad_vars_copy_in(l->t->vars, l->best);
    else if (l->average)
        status = ad_average_swap(l->average);
    if (!status && !l->has_best) status = ad_checkpoint_save_best(l->run, describe(l, &c));
    if (!status) status = add_results(l, "test", result);
    if (!status) status = add_results(l, "validation", result);
    if (l->n.best_step >= 0) ad_train_result_add(result, "best_step", (double)l->n.best_step);
    ad_train_result_add(result, "steps", (double)l->n.step);
    ad_train_result_add(result, "seconds", round(train_seconds * 100) / 100);
    return status;
}

static ad_status start(loop *l)
{
    ad_status status = read_options(l);
    if (!status) status = build(l);
    if (!status) status = make_copies(l);
    l->n.best_step = -1;
    if (!status && l->run->resumed) status = load(l);
    if (!status) status = ad_run_begin(l->run, l->n.step);
    if (!status) status = ad_run_describe(l->run, l->t, l->steps);
    l->began = l->saved = l->reported = l->rate_from = now();
    l->rate_step = l->n.step;
    /* something to go back to, and proof that it can be written */
    if (!status && l->n.step == 0) status = save(l);
    return status;
}

ad_status ad_train(ad_run_folder *run, const ad_training *training, ad_train_result *result)
{
    loop l = {.run = run, .cmd = run->cmd, .ctx = run->ctx, .t = training};
    ad_status status = start(&l);
    if (!status) ad_command_start(l.cmd);
    if (!status) status = train(&l);
    result->interrupted = !status && l.n.step < l.steps && !l.n.stopped;
    if (!status) status = save(&l);
    if (!status && !result->interrupted) status = finish(&l, result);
    ad_average_free(l.average);
    ad_program_free(l.collect);
    ad_program_free(l.step);
    ad_optimizer_free(l.optimizer);
    ad_vars_free(l.own);
    ad_free(l.ctx, l.best, l.best ? l.copy_bytes : 0);
    ad_free(l.ctx, l.spare, l.spare ? l.copy_bytes : 0);
    return status;
}
