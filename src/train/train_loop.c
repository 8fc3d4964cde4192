/* train_loop.c - the training loop: steps, evaluations, checkpoints, until the end.
 *
 * All that decides what the next step does is in the stores and states that a checkpoint holds
 * (parameters, the optimizers' state, averages, the loop's own numbers, what the system keeps), and
 * the batch is a function of the step; so a run that is resumed repeats what an uninterrupted one
 * does, bit for bit. */
#include "train/train_loop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double ad_loop_elapsed(const ad_loop *l)
{
    return l->run->earlier_seconds + ad_seconds() - l->began;
}

int64_t ad_loop_at(const ad_loop *l)
{
    return l->t->counted ? l->t->count(l->t->user) : l->counters.step;
}

/* ---- how long, how often ---- */

static int64_t at_least_one(double value)
{
    return value < 1 ? 1 : (int64_t)value;
}

double ad_loop_steps_per_epoch(const ad_loop *l)
{
    if (l->t->counted) return 0;
    return (double)l->t->batches_per_epoch / (double)l->s->accumulate;
}

static ad_status choose_steps(ad_loop *l)
{
    double per_epoch = ad_loop_steps_per_epoch(l);
    if (l->s->epochs > 0 && per_epoch <= 0)
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT, "--epochs: there are none here; give --steps");
    l->steps = l->s->steps > 0    ? l->s->steps
               : l->s->epochs > 0 ? at_least_one(ceil(l->s->epochs * per_epoch))
                                  : l->t->default_steps;
    if (l->s->minutes > 0) l->steps = (int64_t)1e12; /* until they are measured */
    if (l->steps > 0) return AD_OK;
    return ad_fail(l->ctx, AD_ERROR_ARGUMENT, "how long is not said; give --steps or --minutes");
}

void ad_loop_pace(ad_loop *l)
{
    const ad_train_settings *s = l->s;
    double per_epoch = ad_loop_steps_per_epoch(l), steps = (double)l->steps;
    int64_t every = at_least_one(per_epoch > 0 ? per_epoch : steps / 10);
    l->eval_every = s->eval_every ? s->eval_every : every;
    l->log_every = s->log_every ? s->log_every : at_least_one(steps / 500);
    l->schedule = (ad_schedule){
        .kind = (ad_schedule_kind)s->schedule,
        .peak = s->lr,
        .least = s->min_lr,
        .steps = l->steps,
        .warmup = (int64_t)(s->warmup < 1 ? s->warmup * steps : s->warmup),
    };
}

static ad_status read_settings(ad_loop *l)
{
    l->s = ad_settings_value(l->run->options.settings, &ad_train_record);
    if (!l->s) return ad_fail(l->ctx, AD_ERROR_ARGUMENT, "the run has no settings of training");
    ad_status status = ad_record_check(&ad_train_record, l->ctx, "training", l->s);
    if (!status) status = choose_steps(l);
    /* where nothing can be monitored, a system's own default says nothing */
    if (!status && l->s->patience && !l->t->monitor &&
        ad_run_is_changed(l->run->options.settings, "patience"))
        status = ad_fail(l->ctx, AD_ERROR_ARGUMENT, "--patience: nothing is monitored here");
    if (!status) ad_loop_pace(l);
    return status;
}

static ad_status build(ad_loop *l)
{
    ad_status status = ad_loop_make_players(l);
    if (!status && l->s->ema > 0) status = ad_average_new(&l->average, l->t->vars, l->s->ema);
    return status ? status : ad_loop_state(l);
}

/* ---- what is logged ---- */

static double epoch_of(const ad_loop *l)
{
    double per_epoch = ad_loop_steps_per_epoch(l);
    return per_epoch > 0 ? (double)l->counters.step / per_epoch : -1;
}

static ad_status log_line(ad_loop *l)
{
    char name[128];
    ad_metrics line = ad_metrics_new(l->ctx);
    ad_loop_means(l, &line);
    for (int i = 0; i < l->t->player_count; ++i)
        if (l->players[i].summed > 0)
            ad_metrics_add(&line, ad_player_metric(l->t, i, "lr", name, sizeof name),
                           ad_optimizer_lr(l->players[i].optimizer));
    ad_status status = ad_metrics_status(&line);
    if (!status && line.count)
        status = ad_run_numbers(l->run, ad_loop_at(l), epoch_of(l), ad_loop_elapsed(l), line.at,
                                line.count);
    ad_metrics_free(&line);
    ad_loop_clear_sums(l);
    return status;
}

/* ---- evaluation ---- */

static ad_status call_evaluate(ad_loop *l, const char *split, ad_metrics *metrics)
{
    ad_metrics_clear(metrics);
    ad_status status = l->t->evaluate ? l->t->evaluate(l->t->user, split, metrics) : AD_OK;
    return status ? status : ad_metrics_status(metrics);
}

static bool better(double value, double than, bool low)
{
    return !isnan(value) && (isnan(than) || (low ? value < than : value > than));
}

static void judge(ad_loop *l, const ad_metrics *metrics)
{
    const ad_training *t = l->t;
    double value = ad_metrics_get(metrics, t->monitor);
    double too = t->monitor_too ? ad_metrics_get(metrics, t->monitor_too) : NAN;
    bool best = better(value, l->has_best ? l->values[BEST] : NAN, t->monitor_low);
    bool also = better(too, l->counters.best_step >= 0 ? l->values[BEST_TOO] : NAN,
                       t->monitor_too_low);
    if (best) {
        l->values[BEST] = value;
        l->counters.best_step = ad_loop_at(l);
        ad_loop_keep_best(l);
    }
    if (also) l->values[BEST_TOO] = too;
    l->counters.waited = best || also ? 0 : l->counters.waited + 1;
    if (l->s->patience && l->counters.waited >= l->s->patience) l->counters.stopped = 1;
}

/* What the live line shows until the next evaluation: "validation/accuracy". */
static ad_status remember(ad_loop *l, const ad_metrics *metrics)
{
    char name[128];
    ad_metrics_clear(&l->seen);
    for (int i = 0; i < metrics->count; ++i) {
        snprintf(name, sizeof name, "validation/%.100s", metrics->at[i].name);
        ad_metrics_add(&l->seen, name, metrics->at[i].value);
    }
    return ad_metrics_status(&l->seen);
}

static ad_status write_histograms(ad_loop *l)
{
    ad_vars *vars = l->t->vars;
    ad_status status = AD_OK;
    for (int i = 0; i < ad_vars_count(vars) && !status; ++i) {
        const ad_variable *v = ad_vars_at(vars, i);
        if (ad_variable_is_buffer(v) || ad_variable_dtype(v) != AD_F32) continue;
        status = ad_run_histogram(l->run, ad_variable_name(v), ad_loop_at(l),
                                  ad_variable_data(vars, v), ad_shape_count(ad_variable_shape(v)));
    }
    return status;
}

static ad_status evaluate_weights(ad_loop *l)
{
    ad_metrics metrics = ad_metrics_new(l->ctx);
    int64_t at = ad_loop_at(l);
    ad_status status = call_evaluate(l, "validation", &metrics);
    if (!status) status = remember(l, &metrics);
    if (!status && l->t->monitor && metrics.count) judge(l, &metrics);
    if (!status && metrics.count)
        status = ad_run_numbers(l->run, at, epoch_of(l), ad_loop_elapsed(l), l->seen.at,
                                l->seen.count);
    if (!status && l->s->histograms) status = write_histograms(l);
    if (!status && l->t->sample) status = l->t->sample(l->t->user, l->run, at);
    ad_metrics_free(&metrics);
    return status;
}

static ad_status evaluate(ad_loop *l)
{
    if (!l->average) return evaluate_weights(l);
    ad_status status = ad_average_swap(l->average);
    if (!status) status = evaluate_weights(l);
    ad_status back = ad_average_swap(l->average);
    return status ? status : back;
}

/* ---- start to end ---- */

/* Whether a multiple of `every` lies in (before, at]: steps counted in frames may jump over it. */
static bool due(int64_t before, int64_t at, int64_t every)
{
    return every > 0 && at / every > before / every;
}

static ad_status one_step(ad_loop *l)
{
    int64_t before = ad_loop_at(l);
    ad_status status;
    if (!ad_loop_step(l, false, &status)) return status ? status : ad_loop_trap(l, true);
    int64_t at = ad_loop_at(l);
    bool last = at >= l->steps, evaluated = due(before, at, l->eval_every) || last;
    double pause = 60 * l->s->checkpoint_minutes;
    bool late = pause > 0 && ad_seconds() - l->saved > pause;
    bool saved = due(before, at, l->s->checkpoint_every) || late;
    /* weights that ended must not be judged, nor take the place of good ones */
    if ((evaluated || saved) && !ad_loop_finite(l)) return ad_loop_trap(l, false);
    double since = ad_seconds();
    if (evaluated) status = evaluate(l), ad_loop_leave_out(l, since);
    ad_loop_show(l, evaluated);
    if (!status && (due(before, at, l->log_every) || last)) status = log_line(l);
    since = ad_seconds();
    if (!status && saved) status = ad_loop_save(l), ad_loop_leave_out(l, since);
    return status;
}

static bool at_end(const ad_loop *l)
{
    return ad_loop_at(l) >= l->steps || l->counters.stopped;
}

static ad_status train(ad_loop *l)
{
    ad_status status = AD_OK;
    l->looping = ad_seconds();
    while (!status && !at_end(l) && !ad_watch_interrupted(l->watcher)) status = one_step(l);
    if (!status && l->counters.stopped && ad_loop_at(l) < l->steps) ad_loop_say_stopped(l);
    if (status || l->saved_step == l->counters.step) return status;
    return ad_loop_finite(l) ? ad_loop_save(l) : ad_loop_trap(l, false);
}

static ad_status add_results(ad_loop *l, const char *split, ad_metrics *result)
{
    ad_metrics metrics = ad_metrics_new(l->ctx);
    char name[128];
    ad_status status = call_evaluate(l, split, &metrics);
    for (int i = 0; i < metrics.count && !status; ++i) {
        snprintf(name, sizeof name, "%s_%.100s", split, metrics.at[i].name);
        ad_metrics_add(result, name, metrics.at[i].value);
    }
    ad_metrics_free(&metrics);
    return status;
}

/* The weights to keep are in `vars` afterwards: the best, else the averages, else the last. */
static ad_status finish(ad_loop *l, ad_metrics *result)
{
    double train_seconds = ad_loop_elapsed(l);
    ad_status status = AD_OK;
    if (l->has_best)
        status = ad_loop_put_best(l);
    else if (l->average)
        status = ad_average_swap(l->average);
    if (!status && !l->has_best) status = ad_loop_save_last(l);
    if (!status) status = add_results(l, "test", result);
    if (!status) status = add_results(l, "validation", result);
    if (l->counters.best_step >= 0)
        ad_metrics_add(result, "best_step", (double)l->counters.best_step);
    ad_metrics_add(result, "steps", (double)l->counters.step);
    if (l->t->counted) ad_metrics_add(result, l->t->counted, (double)ad_loop_at(l));
    ad_metrics_add(result, "seconds", round(train_seconds * 100) / 100);
    return status ? status : ad_metrics_status(result);
}

/* Where the run stands: at its start, or at its newest checkpoint. */
static ad_status take_up(ad_loop *l)
{
    if (!l->run->options.resume) return AD_OK;
    ad_status status = ad_loop_load(l);
    if (status) return status;
    int64_t at = ad_loop_at(l);
    if (l->counters.step > 0 && l->steps < at)
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT,
                       "%s: is already at step %lld, beyond the %lld asked for", l->run->path,
                       (long long)at, (long long)l->steps);
    if (l->counters.step > 0) {
        ad_loop_say_resumed(l, at);
        l->saved_step = l->counters.step;
    }
    return ad_run_extend(l->run);
}

static ad_status describe(ad_loop *l, double minutes)
{
    ad_run_description d = {.monitor = l->t->monitor,
                            .monitor_low = l->t->monitor_low,
                            .steps = l->steps,
                            .minutes = minutes,
                            .parameters = ad_vars_parameters(l->t->vars)};
    return ad_run_describe(l->run, &d);
}

/* The minutes become steps, which the run's config.json then says instead. */
static ad_status fix_steps(ad_loop *l)
{
    const double minutes = l->s->minutes;
    int64_t steps;
    if (minutes <= 0) return describe(l, 0);
    ad_status status = ad_loop_measure(l, &steps);
    if (status || !steps) return status; /* interrupted: whoever resumes it measures again */
    l->s->steps = l->steps = steps;
    l->s->minutes = 0;
    ad_loop_pace(l);
    ad_watch_note(l->watcher, "%.4g minutes: %lld %s", minutes, (long long)steps,
                  l->t->counted ? l->t->counted : "steps");
    ad_run_log(l->run, "%.4g minutes: %lld steps", minutes, (long long)steps);
    status = describe(l, minutes);
    return status ? status : ad_run_extend(l->run);
}

static ad_status start(ad_loop *l)
{
    l->counters.best_step = l->saved_step = -1;
    l->seen = ad_metrics_new(l->ctx);
    l->began = l->saved = l->reported = ad_seconds();
    ad_status status = ad_loop_check_training(l->ctx, l->t);
    if (!status) status = read_settings(l);
    if (!status) status = build(l);
    if (!status) status = take_up(l);
    if (!status) status = ad_run_begin(l->run, ad_loop_at(l));
    /* something to go back to, and proof that it can be written */
    if (!status && l->counters.step == 0) status = ad_loop_save(l);
    if (!status) status = fix_steps(l);
    if (!status) ad_loop_say_begun(l);
    l->rate_from = ad_seconds();
    l->rate_at = status ? 0 : ad_loop_at(l);
    return status;
}

ad_status ad_train(ad_run_folder *run, const ad_training *training, ad_train_result *result)
{
    ad_loop l = {.run = run, .watcher = &run->options.watcher, .ctx = run->ctx, .t = training};
    ad_status status = start(&l);
    if (!status && l.watcher->start) l.watcher->start(l.watcher->user);
    if (!status) status = train(&l);
    result->interrupted = !status && !at_end(&l);
    if (!status && !result->interrupted) status = finish(&l, &result->metrics);
    ad_average_free(l.average);
    ad_loop_free_players(&l);
    ad_loop_free(&l);
    return status;
}
