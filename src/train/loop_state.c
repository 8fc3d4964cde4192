/* loop_state.c - what a checkpoint of the loop holds, and the weights that were best.
 *
 * The best weights are a copy in memory and go to a file of their own just before a checkpoint is
 * made: a run that evaluates after each step of a millisecond cannot write a file each time. So
 * best.safetensors is never older than the checkpoint beside it. It may be newer, of an evaluation
 * that a killed process had made and that is made again. */
#include "train/train_loop.h"
#include "train/tuning_folder.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { REPORT_SECONDS = 60, PREFIX_BYTES = 128 };

/* Places of the sums: each player's loss and its metrics. */
static ad_status make_values(ad_loop *l)
{
    int count = 0;
    for (int i = 0; i < l->t->player_count; ++i) {
        l->players[i].sums = SUMS + count;
        count += 1 + l->t->players[i].metric_count;
    }
    l->value_count = SUMS + (count > SUMS_LEAST ? count : SUMS_LEAST);
    l->values = ad_zalloc(l->ctx, (size_t)l->value_count * sizeof *l->values);
    return l->values ? AD_OK : AD_ERROR_MEMORY;
}

static ad_status make_own(ad_loop *l)
{
    const ad_var_options whole = {.dtype = AD_I64, .buffer = true};
    if (!(l->own = ad_vars_new(l->ctx, 0))) return AD_ERROR_MEMORY;
    l->own_counters = ad_var(l->own, "counters", ad_shape(COUNTERS), whole);
    l->own_values = ad_var(l->own, "values", ad_shape(l->value_count),
                           (ad_var_options){.dtype = AD_F64, .buffer = true});
    if (l->t->player_count > 1)
        l->own_summed = ad_var(l->own, "summed", ad_shape(l->t->player_count), whole);
    bool made = l->own_counters && l->own_values && (l->own_summed || l->t->player_count == 1);
    return made ? AD_OK : ad_error_status(l->ctx);
}

static ad_status make_copies(ad_loop *l)
{
    ad_status status = ad_vars_ready(l->t->vars);
    l->copy_bytes = ad_vars_copy_bytes(l->t->vars);
    if (status) return status;
    l->best = ad_alloc(l->ctx, l->copy_bytes);
    l->spare = ad_alloc(l->ctx, l->copy_bytes);
    return l->best && l->spare ? AD_OK : AD_ERROR_MEMORY;
}

ad_status ad_loop_state(ad_loop *l)
{
    ad_status status = make_values(l);
    if (!status) status = make_own(l);
    return status ? status : make_copies(l);
}

void ad_loop_free(ad_loop *l)
{
    ad_vars_free(l->own);
    if (l->values) ad_free(l->ctx, l->values, (size_t)l->value_count * sizeof *l->values);
    if (l->best) ad_free(l->ctx, l->best, l->copy_bytes);
    if (l->spare) ad_free(l->ctx, l->spare, l->copy_bytes);
    ad_metrics_free(&l->seen);
}

void ad_loop_keep_best(ad_loop *l)
{
    ad_vars_copy_out(l->t->vars, l->best);
    l->best_unsaved = l->has_best = true;
}

ad_status ad_loop_put_best(ad_loop *l)
{
    return ad_vars_copy_in(l->t->vars, l->best);
}

/* ---- the loop's own numbers ---- */

static ad_status numbers_to_store(ad_loop *l)
{
    l->counters.summed = l->players[0].summed;
    ad_status status = ad_variable_set(l->own, l->own_counters, &l->counters);
    if (!status) status = ad_variable_set(l->own, l->own_values, l->values);
    if (status || !l->own_summed) return status;
    size_t bytes = (size_t)l->t->player_count * sizeof(int64_t);
    int64_t *summed = ad_alloc(l->ctx, bytes);
    if (!summed) return AD_ERROR_MEMORY;
    for (int i = 0; i < l->t->player_count; ++i) summed[i] = l->players[i].summed;
    status = ad_variable_set(l->own, l->own_summed, summed);
    ad_free(l->ctx, summed, bytes);
    return status;
}

static ad_status numbers_from_store(ad_loop *l)
{
    ad_status status = ad_variable_get(l->own, l->own_counters, &l->counters);
    if (!status) status = ad_variable_get(l->own, l->own_values, l->values);
    l->players[0].summed = l->counters.summed;
    const int64_t *summed = l->own_summed ? ad_variable_data(l->own, l->own_summed) : NULL;
    for (int i = 0; summed && i < l->t->player_count; ++i) l->players[i].summed = summed[i];
    return status;
}

/* ---- checkpoints ---- */

/* The model, each player's optimizer, the averages, the loop's own, the system's. */
ad_vars *ad_loop_store(const ad_loop *l, int index, char prefix[PREFIX_BYTES])
{
    const ad_training *t = l->t;
    *prefix = 0;
    if (index == 0) return t->vars;
    if (--index < t->player_count) {
        if (t->player_count == 1)
            snprintf(prefix, PREFIX_BYTES, "train.optimizer.");
        else
            snprintf(prefix, PREFIX_BYTES, "train.optimizer.%.64s.", t->players[index].name);
        return ad_optimizer_state(l->players[index].optimizer);
    }
    index -= t->player_count;
    if (l->average && index-- == 0) {
        snprintf(prefix, PREFIX_BYTES, "train.average.");
        return ad_average_vars(l->average);
    }
    if (index-- == 0) {
        snprintf(prefix, PREFIX_BYTES, "train.");
        return l->own;
    }
    if (index >= t->store_count) return NULL;
    snprintf(prefix, PREFIX_BYTES, "train.%.64s.", t->stores[index].name);
    return t->stores[index].vars;
}

/* What is written: parts, and metadata that also says what other programs ask for. */
typedef struct contents {
    ad_context *ctx;
    int capacity, rows;
    char (*prefixes)[PREFIX_BYTES];
    ad_vars_part *parts;
    ad_metadata *metadata;
    ad_checkpoint checkpoint;
} contents;

static void free_contents(contents *c)
{
    size_t capacity = (size_t)c->capacity, rows = (size_t)c->rows;
    if (c->prefixes) ad_free(c->ctx, c->prefixes, capacity * sizeof *c->prefixes);
    if (c->parts) ad_free(c->ctx, c->parts, capacity * sizeof *c->parts);
    if (c->metadata) ad_free(c->ctx, c->metadata, rows * sizeof *c->metadata);
}

static ad_status describe(const ad_loop *l, contents *c)
{
    const ad_training *t = l->t;
    int parts = 0, rows = 0;
    *c = (contents){.ctx = l->ctx,
                    .capacity = 3 + t->player_count + t->store_count,
                    .rows = 2 + t->metadata_count};
    c->prefixes = ad_alloc(c->ctx, (size_t)c->capacity * sizeof *c->prefixes);
    c->parts = ad_alloc(c->ctx, (size_t)c->capacity * sizeof *c->parts);
    c->metadata = ad_alloc(c->ctx, (size_t)c->rows * sizeof *c->metadata);
    if (!c->prefixes || !c->parts || !c->metadata) return AD_ERROR_MEMORY;
    for (ad_vars *vars; parts < c->capacity; ++parts) {
        if (!(vars = ad_loop_store(l, parts, c->prefixes[parts]))) break;
        const char *prefix = c->prefixes[parts];
        c->parts[parts] = (ad_vars_part){.vars = vars, .prefix = *prefix ? prefix : NULL};
    }
    c->metadata[rows++] = (ad_metadata){"format", "pt"}; /* readers of weights insist on it */
    c->metadata[rows++] = (ad_metadata){"system", l->run->options.system};
    for (int i = 0; i < t->metadata_count; ++i) c->metadata[rows++] = t->metadata[i];
    c->checkpoint = (ad_checkpoint){c->parts, parts, c->metadata, rows, t->states, t->state_count};
    return AD_OK;
}

ad_status ad_loop_save_last(ad_loop *l)
{
    contents c;
    ad_status status = describe(l, &c);
    if (!status) status = ad_checkpoint_save_best(l->run, &c.checkpoint);
    free_contents(&c);
    return status;
}

static ad_status save_best(ad_loop *l)
{
    if (!l->best_unsaved) return AD_OK;
    ad_vars_copy_out(l->t->vars, l->spare);
    ad_status status = ad_vars_copy_in(l->t->vars, l->best);
    if (!status) status = ad_loop_save_last(l);
    ad_status back = ad_vars_copy_in(l->t->vars, l->spare);
    if (status || back) return status ? status : back;
    l->best_unsaved = false;
    return AD_OK;
}

ad_status ad_loop_save(ad_loop *l)
{
    contents c = {.ctx = l->ctx};
    ad_status status = ad_run_flush(l->run);
    if (!status) status = ad_tuning_keep(l->run);
    if (!status) status = save_best(l);
    if (!status) status = numbers_to_store(l);
    if (!status) status = describe(l, &c);
    if (!status) status = ad_checkpoint_save(l->run, &c.checkpoint, l->counters.step, l->s->keep);
    free_contents(&c);
    if (!status) ad_run_log(l->run, "checkpoint of step %lld", (long long)l->counters.step);
    if (!status && ad_seconds() - l->reported > REPORT_SECONDS) { /* to look at on the way */
        (void)ad_run_report(l->ctx, l->run->path);
        l->reported = ad_seconds();
    }
    l->saved = ad_seconds();
    l->saved_step = l->counters.step;
    return status;
}

/* ---- resuming ---- */

/* A run that has logged something had a checkpoint; starting anew would throw its log away. */
static ad_status check_not_begun(const ad_loop *l)
{
    char path[PATH_MAX];
    struct stat info;
    if (stat(ad_run_file(l->run, "metrics.jsonl", path), &info) || !info.st_size) return AD_OK;
    return ad_fail(l->ctx, AD_ERROR_NOT_FOUND,
                   "%s/checkpoints: holds no checkpoint, though the run has begun", l->run->path);
}

/* Without the best weights' file the run still resumes, and the search for the best begins anew. */
static void lose_best(ad_loop *l)
{
    ad_watch_note(l->watcher, "%s; the search for the best weights starts over", ad_error(l->ctx));
    ad_run_log(l->run, "%s; the search for the best weights starts over", ad_error(l->ctx));
    l->counters.best_step = -1;
    l->values[BEST] = l->values[BEST_TOO] = 0;
}

ad_status ad_loop_load(ad_loop *l)
{
    contents c;
    int64_t step = -1;
    ad_status status = describe(l, &c);
    if (!status) status = ad_checkpoint_load(l->run, &c.checkpoint, &step);
    free_contents(&c);
    if (!status && step < 0) status = check_not_begun(l);
    if (status || step < 0) return status;
    status = numbers_from_store(l);
    if (status || l->counters.best_step < 0) return status;
    ad_vars_copy_out(l->t->vars, l->spare);
    status = ad_checkpoint_load_best(l->run, l->t->vars);
    if (!status) {
        ad_loop_keep_best(l);
        l->best_unsaved = false;
    } else if (status == AD_ERROR_IO || status == AD_ERROR_NOT_FOUND || status == AD_ERROR_FORMAT) {
        lose_best(l);
        status = AD_OK;
    }
    ad_status back = ad_vars_copy_in(l->t->vars, l->spare);
    return status ? status : back;
}
