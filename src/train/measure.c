/* measure.c - how many steps fit into some minutes.
 *
 * Steps are measured on the run's own programs and data, with everything that a step changes copied
 * before and put back after, so that the run then continues as if nothing had been. A step's time
 * is that of several in a row after a first round that fills caches and packs weights; an
 * evaluation and the samples that follow it are measured once, or a few times where they are short,
 * and counted as often as they will come. What the samples write goes to a file that is removed. A
 * fiftieth of the time, half a minute at the most, is for reports and the end. */
#include "train/train_loop.h"

#include <math.h>
#include <string.h>

/* ---- what a step changes ---- */

typedef struct store_copy {
    void *bytes;
    size_t size;
} store_copy;

typedef struct snapshot {
    ad_loop_counters counters;
    int stores, states; /* how many have been copied */
    store_copy *store;  /* [store_room] */
    int store_room;
    ad_state_stream *state; /* [state_count] */
    double *values;
    int64_t *summed; /* [player_count] */
} snapshot;

static void forget(ad_loop *l, snapshot *s)
{
    const ad_training *t = l->t;
    for (int i = 0; i < s->stores; ++i) ad_free(l->ctx, s->store[i].bytes, s->store[i].size);
    for (int i = 0; i < s->states; ++i) ad_state_end(&s->state[i]);
    ad_free(l->ctx, s->store, (size_t)s->store_room * sizeof *s->store);
    ad_free(l->ctx, s->state, (size_t)t->state_count * sizeof *s->state);
    ad_free(l->ctx, s->values, (size_t)l->value_count * sizeof *s->values);
    ad_free(l->ctx, s->summed, (size_t)t->player_count * sizeof *s->summed);
}

static ad_status make_room(ad_loop *l, snapshot *s)
{
    const ad_training *t = l->t;
    char prefix[128];
    *s = (snapshot){.counters = l->counters};
    while (ad_loop_store(l, s->store_room, prefix)) ++s->store_room;
    s->store = ad_zalloc(l->ctx, (size_t)s->store_room * sizeof *s->store);
    s->state = ad_zalloc(l->ctx, (size_t)t->state_count * sizeof *s->state);
    s->values = ad_alloc(l->ctx, (size_t)l->value_count * sizeof *s->values);
    s->summed = ad_alloc(l->ctx, (size_t)t->player_count * sizeof *s->summed);
    return s->store && s->state && s->values && s->summed ? AD_OK : AD_ERROR_MEMORY;
}

static ad_status take(ad_loop *l, snapshot *s)
{
    char prefix[128];
    ad_status status = make_room(l, s);
    for (; !status && s->stores < s->store_room; ++s->stores) {
        ad_vars *vars = ad_loop_store(l, s->stores, prefix);
        store_copy *copy = &s->store[s->stores];
        status = ad_vars_ready(vars);
        if (status) return status;
        copy->size = ad_vars_copy_bytes(vars);
        copy->bytes = ad_alloc(l->ctx, copy->size);
        if (!copy->bytes) return AD_ERROR_MEMORY;
        ad_vars_copy_out(vars, copy->bytes);
    }
    for (; !status && s->states < l->t->state_count; ++s->states)
        status = ad_state_save(&l->t->states[s->states], l->ctx, &s->state[s->states]);
    if (status) return status;
    memcpy(s->values, l->values, (size_t)l->value_count * sizeof *s->values);
    for (int i = 0; i < l->t->player_count; ++i) s->summed[i] = l->players[i].summed;
    return AD_OK;
}

static ad_status put_back(ad_loop *l, const snapshot *s)
{
    char prefix[128];
    ad_status status = AD_OK;
    for (int i = 0; i < s->stores && !status; ++i)
        status = ad_vars_copy_in(ad_loop_store(l, i, prefix), s->store[i].bytes);
    for (int i = 0; i < s->states && !status; ++i)
        status = ad_state_load(&l->t->states[i], l->ctx, s->state[i].bytes, s->state[i].size);
    l->counters = s->counters;
    memcpy(l->values, s->values, (size_t)l->value_count * sizeof *s->values);
    for (int i = 0; i < l->t->player_count; ++i) l->players[i].summed = s->summed[i];
    return status;
}

/* ---- measuring ---- */

typedef struct pace {
    double step, evaluation, sample; /* seconds */
    double counted;                  /* of what the length is counted in, by a step */
    bool interrupted;
} pace;

/* After so many steps each player had its turn. */
static int64_t round_of_turns(const ad_loop *l)
{
    int64_t most = 1;
    for (int i = 0; i < l->turn_count; ++i)
        if (l->turns[i].every > most) most = l->turns[i].every;
    return most;
}

/* At least so many steps, and for at least so many seconds. */
static ad_status run_steps(ad_loop *l, int64_t least, double seconds, pace *p)
{
    double began = ad_seconds(), now = began;
    int64_t done = 0, from = ad_loop_at(l);
    ad_status status = AD_OK;
    while (done < least || now - began < seconds) {
        if (ad_watch_interrupted(l->watcher)) {
            p->interrupted = true;
            return AD_OK;
        }
        if (!ad_loop_step(l, false, &status)) return status ? status : ad_loop_trap(l, true);
        ++done;
        now = ad_seconds();
    }
    p->step = (now - began) / (double)done;
    p->counted = fmax(1, (double)(ad_loop_at(l) - from)) / (double)done;
    return AD_OK;
}

static ad_status evaluate(ad_loop *l)
{
    ad_metrics metrics = ad_metrics_new(l->ctx);
    ad_status status = AD_OK;
    if (l->t->evaluate) status = l->t->evaluate(l->t->user, "validation", &metrics);
    if (!status) status = ad_metrics_status(&metrics);
    ad_metrics_free(&metrics);
    return status;
}

static ad_status sample(ad_loop *l)
{
    l->run->trying = true;
    ad_status status = l->t->sample ? l->t->sample(l->t->user, l->run, ad_loop_at(l)) : AD_OK;
    l->run->trying = false;
    return status;
}

/* The first time is the slowest (caches, letters, a folder's first file); it counts alone where
 * there is no time for more, as with those that matter. */
static ad_status run_seldom(ad_loop *l, ad_status (*work)(ad_loop *l), double budget,
                            double *seconds)
{
    double began = ad_seconds();
    ad_status status = work(l);
    *seconds = ad_seconds() - began;
    if (*seconds > budget / 8) return status;
    began = ad_seconds();
    for (int i = 0; i < 4 && !status; ++i) status = work(l);
    *seconds = (ad_seconds() - began) / 4;
    return status;
}

static ad_status measure(ad_loop *l, double seconds, pace *p)
{
    int64_t round = round_of_turns(l);
    ad_status status = run_seldom(l, evaluate, seconds, &p->evaluation);
    if (!status) status = run_seldom(l, sample, seconds, &p->sample);
    if (!status) status = run_steps(l, round, 0, p);
    if (!status && !p->interrupted) status = run_steps(l, 2 * round, seconds, p);
    return status;
}

/* What fits into `budget` seconds, with an evaluation every so often, or ten in all. */
static double fitting(const ad_loop *l, double budget, const pace *p)
{
    double per_epoch = ad_loop_steps_per_epoch(l), each = p->step / p->counted;
    double every = l->s->eval_every ? (double)l->s->eval_every : per_epoch;
    double evaluation = p->evaluation + p->sample;
    if (every > 0) return budget / (each + evaluation / every);
    return (budget - 10 * evaluation) / each;
}

ad_status ad_loop_measure(ad_loop *l, int64_t *steps)
{
    double whole = 60 * l->s->minutes;
    snapshot s;
    pace p = {.counted = 1};
    *steps = 0;
    ad_status status = take(l, &s);
    if (!status) status = measure(l, fmin(fmax(0.02 * whole, 0.2), 10), &p);
    if (!status) status = put_back(l, &s);
    forget(l, &s);
    if (status || p.interrupted) return status;
    double left = whole - ad_loop_elapsed(l) - 2 * p.evaluation - fmin(0.02 * whole, 30);
    double fit = fmin(floor(fitting(l, left, &p)), 1e12);
    *steps = ad_loop_at(l) + (fit > 1 ? (int64_t)fit : 1);
    return AD_OK;
}
