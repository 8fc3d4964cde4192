/* loop_told.c - what whoever follows a training run is told: the live line, and what begins, goes
 * on and stops. */
#include "train/train_loop.h"

#include <stdio.h>

void ad_loop_leave_out(ad_loop *l, double since)
{
    double seconds = ad_seconds() - since;
    l->rate_from += seconds;
    l->besides += seconds;
}

/* As long as all took until now, for each second of training. */
static double seconds_left(const ad_loop *l)
{
    double all = ad_seconds() - l->looping, training = all - l->besides;
    double left = (double)(l->steps - ad_loop_at(l)) / l->rate;
    return training > 0 ? left * all / training : left;
}

void ad_loop_show(ad_loop *l, bool notable)
{
    if (!l->watcher->progress) return;
    int64_t at = ad_loop_at(l);
    double t = ad_seconds();
    if (t - l->rate_from > 0.5) { /* the rate of the last half second of training or more */
        l->rate = (double)(at - l->rate_at) / (t - l->rate_from);
        l->rate_from = t;
        l->rate_at = at;
    }
    ad_metrics all = ad_metrics_new(l->ctx);
    ad_loop_means(l, &all);
    for (int i = 0; i < l->seen.count; ++i)
        ad_metrics_add(&all, l->seen.at[i].name, l->seen.at[i].value);
    bool units = l->t->units_per_batch > 0 && !l->t->counted;
    double each = units ? l->t->units_per_batch * (double)l->s->accumulate : 1;
    l->watcher->progress(l->watcher->user,
                         &(ad_progress){.step = at,
                                        .steps = l->steps,
                                        .counted = l->t->counted,
                                        .metrics = all.at,
                                        .count = all.count,
                                        .unit = units ? l->t->unit : l->t->counted,
                                        .rate = l->rate * each,
                                        .seconds_left = l->rate > 0 ? seconds_left(l) : -1,
                                        .memory = ad_context_memory(l->ctx),
                                        .notable = notable});
    ad_metrics_free(&all);
}

static void write_epochs(double epochs, char *text, size_t size)
{
    snprintf(text, size, epochs < 1000 ? ", %.3g epochs" : ", %.0f epochs", epochs);
}

void ad_loop_say_begun(const ad_loop *l)
{
    const ad_training *t = l->t;
    char each[96] = "", epochs[48] = "", best[128] = "";
    double per_epoch = ad_loop_steps_per_epoch(l),
           units = t->units_per_batch * (double)l->s->accumulate;
    if (l->run->options.again || l->counters.step > 0) return;
    if (*l->run->about) ad_watch_note(l->watcher, "%s", l->run->about);
    if (t->unit && units > 1 && !t->counted)
        snprintf(each, sizeof each, " of %.10g %.40s", units, t->unit);
    if (per_epoch > 0) write_epochs((double)l->steps / per_epoch, epochs, sizeof epochs);
    if (t->monitor)
        snprintf(best, sizeof best, "; the best by validation/%.60s are kept", t->monitor);
    ad_watch_note(l->watcher, "%lld parameters; %lld %s%s%s%s",
                  (long long)ad_vars_parameters(t->vars), (long long)l->steps,
                  t->counted ? t->counted : "steps", each, epochs, best);
}

void ad_loop_say_resumed(ad_loop *l, int64_t at)
{
    char of[64] = "";
    if (l->s->minutes <= 0) snprintf(of, sizeof of, " of %lld", (long long)l->steps);
    ad_watch_note(l->watcher, "%s: resumed from step %lld%s", l->run->path, (long long)at, of);
    ad_run_log(l->run, "resumed from step %lld%s", (long long)at, of);
}

void ad_loop_say_stopped(ad_loop *l)
{
    const ad_training *t = l->t;
    char why[400];
    snprintf(why, sizeof why,
             "stopped at %s %lld of %lld: %lld evaluation%s brought no better %.60s%s%.60s on the "
             "validation split (--patience); the best %.60s was %.5g, at %lld",
             t->counted ? t->counted : "step", (long long)ad_loop_at(l), (long long)l->steps,
             (long long)l->counters.waited, l->counters.waited == 1 ? "" : "s", t->monitor,
             t->monitor_too ? " or " : "", t->monitor_too ? t->monitor_too : "", t->monitor,
             l->values[BEST], (long long)l->counters.best_step);
    ad_watch_note(l->watcher, "%s", why);
    ad_run_log(l->run, "%s", why);
}
