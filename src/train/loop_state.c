/* loop_state.c - what a checkpoint of the loop holds, and the weights that were best.
 *
 * The best weights are a copy in memory and go to a file of their own just before a checkpoint is
 * made: a run that evaluates after each step of a millisecond cannot write a file each time. So
 * best.safetensors is never older than the checkpoint beside it. It may be newer, of an evaluation
 * that a killed process had made and that is made again. */
#include "train/train_loop.h"

#include <sys/stat.h>

enum { METADATA_MOST = 64, REPORT_SECONDS = 60 };

static ad_status make_copies(ad_loop *l)
{
    ad_status status = ad_vars_ready(l->t->vars);
    l->copy_bytes = ad_vars_copy_bytes(l->t->vars);
    if (!status && !(l->best = ad_alloc(l->ctx, l->copy_bytes))) status = AD_ERROR_MEMORY;
    if (!status && !(l->spare = ad_alloc(l->ctx, l->copy_bytes))) status = AD_ERROR_MEMORY;
    return status;
}

ad_status ad_loop_state(ad_loop *l)
{
    if (l->t->metadata_count > METADATA_MOST - 2)
        return ad_fail(l->ctx, AD_ERROR_LIMIT, "the training has %d metadata, at most %d are kept",
                       l->t->metadata_count, METADATA_MOST - 2);
    if (!(l->own = ad_vars_new(l->ctx, 0))) return AD_ERROR_MEMORY;
    l->own_counters = ad_var(l->own, "counters", ad_shape(COUNTERS),
                             (ad_var_options){.dtype = AD_I64, .buffer = true});
    l->own_values = ad_var(l->own, "values", ad_shape(VALUES),
                           (ad_var_options){.dtype = AD_F64, .buffer = true});
    return l->own_counters && l->own_values ? make_copies(l) : ad_error_status(l->ctx);
}

void ad_loop_free(ad_loop *l)
{
    ad_vars_free(l->own);
    ad_free(l->ctx, l->best, l->best ? l->copy_bytes : 0);
    ad_free(l->ctx, l->spare, l->spare ? l->copy_bytes : 0);
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

/* ---- checkpoints ---- */

/* The parts of a checkpoint, and metadata that also says what other programs ask for. */
typedef struct contents {
    ad_vars_part parts[4];
    ad_metadata metadata[METADATA_MOST];
    ad_checkpoint checkpoint;
} contents;

static const ad_checkpoint *describe(const ad_loop *l, contents *c)
{
    int count = 0;
    c->parts[0] = (ad_vars_part){.vars = l->t->vars};
    c->parts[1] = (ad_vars_part){ad_optimizer_state(l->optimizer), "train.optimizer."};
    c->parts[2] = (ad_vars_part){l->average ? ad_average_vars(l->average) : NULL, "train.average."};
    c->parts[3] = (ad_vars_part){l->own, "train."};
    c->metadata[count++] = (ad_metadata){"format", "pt"}; /* readers of weights insist on it */
    c->metadata[count++] = (ad_metadata){"system", ad_command_verb(l->cmd)->system};
    for (int i = 0; i < l->t->metadata_count && count < METADATA_MOST; ++i)
        c->metadata[count++] = l->t->metadata[i];
    c->checkpoint = (ad_checkpoint){c->parts, 4, c->metadata, count};
    return &c->checkpoint;
}

static ad_status save_best(ad_loop *l)
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

ad_status ad_loop_save_last(ad_loop *l)
{
    contents c;
    return ad_checkpoint_save_best(l->run, describe(l, &c));
}

ad_status ad_loop_save(ad_loop *l)
{
    contents c;
    ad_status status = ad_run_flush(l->run);
    if (!status) status = ad_tuning_keep(l->run->tuning, l->run);
    if (!status) status = save_best(l);
    if (!status) status = ad_variable_set(l->own, l->own_counters, &l->n);
    if (!status) status = ad_variable_set(l->own, l->own_values, &l->v);
    if (!status) status = ad_checkpoint_save(l->run, describe(l, &c), l->n.step, l->keep);
    if (!status) ad_run_log(l->run, "checkpoint at step %lld", (long long)l->n.step);
    if (!status && ad_seconds() - l->reported > REPORT_SECONDS) { /* to look at on the way */
        (void)ad_run_report(l->ctx, l->run->path);
        l->reported = ad_seconds();
    }
    l->saved = ad_seconds(), l->saved_step = l->n.step;
    return status;
}

/* ---- going on ---- */

/* A run that has logged something had a checkpoint; starting anew would throw its log away. */
static ad_status check_not_begun(const ad_loop *l)
{
    char path[PATH_MAX];
    struct stat info;
    if (stat(ad_run_file(l->run, "metrics.jsonl", path), &info) || !info.st_size) return AD_OK;
    return ad_fail(l->ctx, AD_ERROR_NOT_FOUND,
                   "%s/checkpoints: holds no checkpoint, though the run has begun", l->run->path);
}

/* Without the best weights' file the run still goes on, and the search for the best begins anew. */
static void lose_best(ad_loop *l)
{
    ad_command_note(l->cmd, "%s; the best weights are looked for anew", ad_error(l->ctx));
    ad_run_log(l->run, "%s; the best weights are looked for anew", ad_error(l->ctx));
    l->n.best_step = -1, l->v.best = l->v.best_too = 0;
}

ad_status ad_loop_load(ad_loop *l)
{
    contents c;
    int64_t step;
    ad_status status = ad_checkpoint_load(l->run, describe(l, &c), &step);
    if (!status && step < 0) status = check_not_begun(l);
    if (status || step < 0) return status;
    status = ad_variable_get(l->own, l->own_counters, &l->n);
    if (!status) status = ad_variable_get(l->own, l->own_values, &l->v);
    if (status || l->n.best_step < 0) return status;
    ad_vars_copy_out(l->t->vars, l->spare);
    status = ad_checkpoint_load_best(l->run, l->t->vars);
    if (!status)
        ad_loop_keep_best(l), l->best_unsaved = false;
    else if (status == AD_ERROR_IO || status == AD_ERROR_NOT_FOUND || status == AD_ERROR_FORMAT)
        lose_best(l), status = AD_OK;
    ad_status back = ad_vars_copy_in(l->t->vars, l->spare);
    return status ? status : back;
}
