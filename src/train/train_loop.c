/* train_loop.c - the training loop: steps, evaluations, checkpoints, until the end.
 *
 * All that decides what the next step does is in the stores that a checkpoint holds (parameters,
 * the optimizer's state, averages, and the loop's own numbers), and the batch is a function of the
 * step; so a run that is gone on with repeats what an uninterrupted one does, bit for bit. */
#include "train/train_loop.h"

#include <math.h>
#include <string.h>

static double elapsed(const ad_loop *l)
{
    return l->run->earlier_seconds + ad_seconds() - l->began;
}

/* ---- options ---- */

static int64_t at_least_one(double value)
{
    return value < 1 ? 1 : (int64_t)value;
}

/* Steps to make; what was given on the command line comes before what a file said. */
static ad_status choose_steps(ad_loop *l, double per_epoch)
{
    ad_command *cmd = l->cmd;
    bool by_steps = ad_command_value(cmd, "steps"), by_epochs = ad_command_value(cmd, "epochs");
    bool steps_given = ad_command_given(cmd, "steps"),
         epochs_given = ad_command_given(cmd, "epochs");
    if (by_steps && by_epochs && steps_given == epochs_given)
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT, "--steps and --epochs: give one of them");
    if (by_steps && by_epochs) by_steps = steps_given;
    double epochs = by_steps ? 0 : ad_command_real(cmd, "epochs");
    if (epochs > 0 && per_epoch <= 0)
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT, "--epochs: there are none here; give --steps");
    l->steps = by_steps     ? ad_command_int(cmd, "steps")
               : epochs > 0 ? at_least_one(ceil(epochs * per_epoch))
                            : l->t->default_steps;
    return AD_OK;
}

static ad_status read_options(ad_loop *l)
{
    ad_command *cmd = l->cmd;
    const ad_training *t = l->t;
    l->accumulate = ad_command_int(cmd, "accumulate");
    double per_epoch = (double)t->batches_per_epoch / (double)l->accumulate;
    ad_status status = choose_steps(l, per_epoch);
    if (status) return status;
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

static ad_optimizer *make_optimizer(const ad_loop *l)
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
static ad_status compile(ad_loop *l, ad_node *effect, ad_program **program)
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
                                                   : AD_PRECISION_F32,
                                  .memory_limit = (size_t)ad_command_size(l->cmd, "memory-limit")};
    ad_status status = ad_compile(program, l->ctx, outputs, count, &options);
    ad_free(l->ctx, outputs, (size_t)count * sizeof *outputs);
    return status;
}

static ad_status build(ad_loop *l)
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
    return status ? status : ad_loop_state(l);
}

/* ---- a step ---- */

bool ad_loop_step(ad_loop *l, bool check, double *loss, ad_status *status)
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

/* ---- what is seen ---- */

static int live_metrics(const ad_loop *l, ad_metric *metrics)
{
    int count = 0;
    double n = l->n.summed ? (double)l->n.summed : 1;
    metrics[count++] = (ad_metric){"loss", l->v.sum[0] / n};
    for (int i = 0; i < l->t->metric_count && i < AD_TRAIN_METRICS; ++i)
        metrics[count++] = (ad_metric){l->t->metrics[i].name, l->v.sum[1 + i] / n};
    return count;
}

static double epoch_of(const ad_loop *l)
{
    double per_epoch = (double)l->t->batches_per_epoch / (double)l->accumulate;
    return per_epoch > 0 ? (double)l->n.step / per_epoch : -1;
}

static void show(ad_loop *l, bool notable)
{
    ad_metric metrics[2 * LIVE_METRICS];
    int count = l->n.summed ? live_metrics(l, metrics) : 0;
    for (int i = 0; i < l->seen_count; ++i) metrics[count++] = l->seen[i];
    double t = ad_seconds();
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

static ad_status log_line(ad_loop *l)
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

static ad_status call_evaluate(ad_loop *l, const char *split, ad_metric *metrics, int *count)
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

static void judge(ad_loop *l, const ad_metric *metrics, int count)
{
    const ad_training *t = l->t;
    double value = metric_named(metrics, count, t->monitor);
    double too = metric_named(metrics, count, t->monitor_too);
    bool best = better(value, l->has_best ? l->v.best : NAN, t->monitor_low);
    bool also = better(too, l->n.best_step >= 0 ? l->v.best_too : NAN, t->monitor_too_low);
    if (best) {
        l->v.best = value, l->n.best_step = l->n.step;
        ad_loop_keep_best(l);
    }
    if (also) l->v.best_too = too;
    l->n.waited = best || also ? 0 : l->n.waited + 1;
    if (l->patience && l->n.waited >= l->patience) l->n.stopped = 1;
}

static ad_status evaluate(ad_loop *l)
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

static ad_status train(ad_loop *l)
{
    ad_status status = AD_OK;
    while (!status && l->n.step < l->steps && !l->n.stopped && !ad_command_interrupted(l->cmd)) {
        double loss;
        if (!ad_loop_step(l, false, &loss, &status)) return status ? status : ad_loop_trap(l, loss);
        bool last = l->n.step == l->steps, evaluated = due(l->n.step, l->eval_every) || last;
        bool late = l->checkpoint_seconds > 0 && ad_seconds() - l->saved > l->checkpoint_seconds;
        bool saved = due(l->n.step, l->checkpoint_every) || late;
        /* weights that ended must not be judged, nor take the place of good ones */
        if (!status && (evaluated || saved) && !ad_loop_finite(l)) return ad_loop_trap(l, loss);
        if (!status && evaluated) status = evaluate(l);
        show(l, evaluated);
        if (!status && (due(l->n.step, l->log_every) || last)) status = log_line(l);
        if (!status && saved) status = ad_loop_save(l);
    }
    if (!status && l->saved_step != l->n.step)
        status = ad_loop_finite(l) ? ad_loop_save(l) : ad_loop_trap(l, 0);
    return status;
}

static ad_status add_results(ad_loop *l, const char *split, ad_train_result *result)
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
static ad_status finish(ad_loop *l, ad_train_result *result)
{
    double train_seconds = elapsed(l);
    ad_status status = AD_OK;
    if (l->has_best)
        status = ad_loop_put_best(l);
    else if (l->average)
        status = ad_average_swap(l->average);
    if (!status && !l->has_best) status = ad_loop_save_last(l);
    if (!status) status = add_results(l, "test", result);
    if (!status) status = add_results(l, "validation", result);
    if (l->n.best_step >= 0) ad_train_result_add(result, "best_step", (double)l->n.best_step);
    ad_train_result_add(result, "steps", (double)l->n.step);
    ad_train_result_add(result, "seconds", round(train_seconds * 100) / 100);
    return status;
}

/* Where the run stands: at its start, or at its newest checkpoint. */
static ad_status take_up(ad_loop *l)
{
    ad_status status = l->run->resumed ? ad_loop_load(l) : AD_OK;
    if (status || !l->run->resumed) return status;
    if (l->n.step == 0) return ad_run_extend(l->run);
    if (l->steps < l->n.step)
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT,
                       "%s: is at step %lld already, beyond the %lld that are asked for",
                       l->run->path, (long long)l->n.step, (long long)l->steps);
    ad_command_note(l->cmd, "%s: going on from step %lld of %lld", l->run->path,
                    (long long)l->n.step, (long long)l->steps);
    ad_run_log(l->run, "going on from step %lld of %lld", (long long)l->n.step,
               (long long)l->steps);
    l->saved_step = l->n.step;
    return ad_run_extend(l->run);
}

static ad_status start(ad_loop *l)
{
    l->n.best_step = l->saved_step = -1;
    ad_status status = read_options(l);
    if (!status) status = build(l);
    if (!status) status = take_up(l);
    if (!status) status = ad_run_begin(l->run, l->n.step);
    if (!status) status = ad_run_describe(l->run, l->t, l->steps);
    l->began = l->saved = l->reported = l->rate_from = ad_seconds();
    l->rate_step = l->n.step;
    /* something to go back to, and proof that it can be written */
    if (!status && l->n.step == 0) status = ad_loop_save(l);
    return status;
}

ad_status ad_train(ad_run_folder *run, const ad_training *training, ad_train_result *result)
{
    ad_loop l = {.run = run, .cmd = run->cmd, .ctx = run->ctx, .t = training};
    ad_status status = start(&l);
    if (!status) ad_command_start(l.cmd);
    if (!status) status = train(&l);
    result->interrupted = !status && l.n.step < l.steps && !l.n.stopped;
    if (!status && !result->interrupted) status = finish(&l, result);
    ad_average_free(l.average);
    ad_program_free(l.collect);
    ad_program_free(l.step);
    ad_optimizer_free(l.optimizer);
    ad_loop_free(&l);
    return status;
}
