/* trial.c - solvers of one problem timed beside each other on scratch operands.
 *
 * They run in turn, so that what else the machine does meets all alike, and the least processor
 * time of each counts, in which other processes do not appear; who needs twice the best leaves
 * early. Operands are warm, as they mostly are in a program, where another kernel has just written
 * them. */
#include "plan/tune.h"
#include "base/clock.h"

#include <string.h>

/* A prime, so that rows of the usual sizes do not repeat each other. */
enum { PATTERN = 4093, LEAST_ROUNDS = 3, MOST_ROUNDS = 40 };
static const double enough = 0.04, most = 0.4; /* seconds for all rounds; then there is no more */

/* ---- operands ---- */

static size_t rounded(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

static size_t span_bytes(const ad_operand *operand)
{
    int64_t begin, end;
    ad_operand_span(operand, &begin, &end);
    return (size_t)(end - begin);
}

/* Real numbers in [-1, 1), not sparse and far from denormal; whole ones are 1. */
static void fill(void *data, ad_dtype dtype, size_t bytes)
{
    float pattern[PATTERN];
    int64_t count = (int64_t)(bytes / ad_dtype_size(dtype));
    bool real = dtype == AD_F32 || dtype == AD_F64 || dtype == AD_BF16 || dtype == AD_F16;
    uint32_t word = 1;
    for (int i = 0; i < PATTERN; ++i) {
        word = word * 1664525u + 1013904223u;
        pattern[i] = real ? (float)(word >> 8) * 0x1p-23f - 1 : 1;
    }
    for (int64_t i = 0; i < count; i += PATTERN)
        ad_convert((char *)data + (size_t)i * ad_dtype_size(dtype), dtype, pattern, AD_F32,
                   count - i < PATTERN ? count - i : PATTERN);
}

static void *element_zero(char **at, const ad_operand *operand, bool filled)
{
    int64_t begin, end;
    ad_operand_span(operand, &begin, &end);
    char *memory = *at;
    *at += rounded((size_t)(end - begin));
    if (filled) fill(memory, operand->dtype, (size_t)(end - begin));
    return memory - begin;
}

bool ad_trial_open(ad_trial *t, ad_context *ctx, const ad_problem *problem, size_t limit)
{
    *t = (ad_trial){.ctx = ctx, .problem = *problem};
    t->problem.threads = 1;
    for (int i = 0; i < problem->n_in; ++i) t->bytes += rounded(span_bytes(&problem->in[i]));
    for (int i = 0; i < problem->n_out; ++i) t->bytes += rounded(span_bytes(&problem->out[i]));
    if (limit && t->bytes > limit) return false;
    t->memory = ad_zalloc(ctx, t->bytes);
    if (!t->memory) {
        ad_error_clear(ctx);
        return false;
    }
    char *at = t->memory;
    for (int i = 0; i < problem->n_in; ++i) t->in[i] = element_zero(&at, &problem->in[i], true);
    for (int i = 0; i < problem->n_out; ++i) t->out[i] = element_zero(&at, &problem->out[i], false);
    return true;
}

bool ad_trial_cool(ad_trial *t, size_t caches)
{
    t->elsewhere = ad_zalloc(t->ctx, caches);
    if (!t->elsewhere) {
        ad_error_clear(t->ctx);
        return false;
    }
    t->elsewhere_bytes = caches;
    memset(t->elsewhere, 1, caches); /* pages of its own */
    return true;
}

void ad_trial_close(ad_trial *t)
{
    ad_free(t->ctx, t->memory, t->bytes);
    ad_free(t->ctx, t->elsewhere, t->elsewhere_bytes);
    *t = (ad_trial){0};
}

/* ---- runs ---- */

static void prepare(ad_trial *t, ad_contender *c)
{
    const ad_solver *solver = c->solver;
    c->workspace_bytes = solver->workspace ? solver->workspace(&t->problem) : 0;
    c->workspace = c->workspace_bytes ? ad_alloc(t->ctx, c->workspace_bytes) : NULL;
    c->form = c->packed ? ad_alloc(t->ctx, c->packed) : NULL;
    c->out = (c->workspace_bytes && !c->workspace) || (c->packed && !c->form);
    if (c->out) ad_error_clear(t->ctx);
    if (!c->out && c->form) solver->pack(&t->problem, t->in[1], c->form, c->workspace, NULL);
}

static void leave_caches(const ad_trial *t)
{
    enum { LINE = 64 };
    volatile const char *at = t->elsewhere;
    for (size_t i = 0; i < t->elsewhere_bytes; i += LINE) (void)at[i];
}

static double run(ad_trial *t, const ad_contender *c)
{
    if (c->stream != AD_STREAM_NONE) ad_stream_set_fetch(c->stream, c->fetch);
    leave_caches(t);
    double begin = ad_thread_seconds();
    c->solver->run(
        &t->problem,
        &(ad_run_args){.in = t->in, .out = t->out, .workspace = c->workspace, .packed = c->form});
    return ad_thread_seconds() - begin;
}

/* Runs each that is still in once; returns the least time so far. */
static double round_of(ad_trial *t, ad_contender *contenders, int count, double best)
{
    for (int i = 0; i < count; ++i) {
        ad_contender *c = &contenders[i];
        if (c->out) continue;
        double seconds = run(t, c);
        if (c->seconds == 0 || seconds < c->seconds) c->seconds = seconds;
        if (best == 0 || c->seconds < best) best = c->seconds;
    }
    return best;
}

void ad_trial_compare(ad_trial *t, ad_contender *contenders, int count)
{
    double begin = ad_seconds(), best = 0;
    for (int i = 0; i < count; ++i) prepare(t, &contenders[i]);
    for (int round = 0, in = count; round < MOST_ROUNDS && in > 1; ++round) {
        best = round_of(t, contenders, count, best);
        in = 0;
        for (int i = 0; i < count; ++i) {
            ad_contender *c = &contenders[i];
            c->out = c->out || (round > 0 && c->seconds > 2 * best);
            in += !c->out;
        }
        double spent = ad_seconds() - begin;
        if (spent > most || (round + 1 >= LEAST_ROUNDS && spent > enough)) break;
    }
    for (int i = 0; i < count; ++i) {
        ad_free(t->ctx, contenders[i].workspace, contenders[i].workspace_bytes);
        ad_free(t->ctx, contenders[i].form, contenders[i].packed);
    }
}
