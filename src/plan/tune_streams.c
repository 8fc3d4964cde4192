/* tune_streams.c - how far ahead this processor wants streams fetched, by measuring.
 *
 * Only distances in bytes and the cache that they go to are chosen here, which change no bits. They
 * are the processor's: measured once, with the kernels of the first program that has some with
 * much to read, and remembered beside the solvers. */
#include "plan/tune.h"
#include "plan/wisdom.h"
#include "base/cpu_kinds.h"
#include "base/streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST_BYTES = 1 << 20,
    MOST_BYTES = 96 << 20, /* more takes too long */
    MOST_COLD = 256 << 20,
    TRIED = 13,
    KERNELS = 6,
};
/* What is set stays unless another is so much faster: more, where somebody has fitted it to whole
 * programs. */
static const double derived_margin = 0.95, fitted_margin = 0.8;

static const char to_l1[] = " bytes ahead, to L1", to_l2[] = " bytes ahead, to L2";

static void name_fetch(char *text, size_t size, ad_fetch fetch)
{
    snprintf(text, size, "%d%s", fetch.ahead, fetch.through ? to_l1 : to_l2);
}

/* False: not one of ours. */
static bool parse_fetch(const char *text, ad_fetch *fetch)
{
    char *end;
    long ahead = strtol(text, &end, 10);
    if (end == text || ahead < 0 || ahead > AD_FETCH_MOST) return false;
    *fetch = (ad_fetch){(int)ahead, !strcmp(end, to_l1)};
    return fetch->through || !strcmp(end, to_l2);
}

/* The kernels of a program that read such a stream and enough, those of one problem as one. */
typedef struct readers {
    const ad_kernel *kernel[KERNELS];
    int times[KERNELS];
    int n;
} readers;

/* What they read is the same; what is done with it behind that does not matter. */
static bool alike(const ad_problem *a, const ad_problem *b)
{
    return a->op == b->op && ad_problem_bytes(a) == ad_problem_bytes(b) &&
           a->out[0].rank == b->out[0].rank &&
           !memcmp(a->out[0].dim, b->out[0].dim, sizeof *a->out[0].dim * (size_t)a->out[0].rank);
}

static void find_readers(const ad_plan *plan, ad_stream stream, readers *r)
{
    *r = (readers){0};
    for (int k = 0; k < plan->n_kernels; ++k) {
        const ad_kernel *kernel = plan->kernels[k];
        double bytes = ad_problem_bytes(&kernel->problem);
        if (!kernel->solver || kernel->solver->stream != stream) continue;
        if (bytes < LEAST_BYTES || bytes > MOST_BYTES) continue;
        int i = 0;
        while (i < r->n && !alike(&r->kernel[i]->problem, &kernel->problem)) ++i;
        if (i == KERNELS) continue;
        if (i == r->n) r->kernel[r->n++] = kernel;
        ++r->times[i];
    }
}

/* What is set first, then what else there is. */
static int list_fetches(ad_stream stream, ad_fetch *fetches)
{
    static const int distances[] = {0, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10};
    bool both = stream == AD_STREAM_ROWS || stream == AD_STREAM_BLOCKS;
    int n = 1;
    fetches[0] = ad_stream_fetch(stream);
    for (int through = 0; through <= both; ++through)
        for (size_t i = 0; i < sizeof distances / sizeof *distances; ++i)
            fetches[n++] = (ad_fetch){distances[i], through};
    return n;
}

/* Adds what one kernel takes with each of the fetches; false: there is no memory to find out. */
static bool measure_one(const ad_plan *plan, const ad_kernel *kernel, int times,
                        const ad_fetch *fetches, int n, double *seconds)
{
    ad_contender contenders[TRIED] = {0};
    ad_trial trial;
    size_t twice = 2 * ad_cpu_get()->l3, caches = twice < MOST_COLD ? twice : MOST_COLD;
    if (!ad_trial_open(&trial, plan->ctx, &kernel->problem, plan->options->memory_limit))
        return false;
    bool measured = ad_trial_cool(&trial, caches);
    for (int i = 0; i < n; ++i)
        contenders[i] = (ad_contender){
            .solver = kernel->solver, .stream = kernel->solver->stream, .fetch = fetches[i]};
    if (measured) ad_trial_compare(&trial, contenders, n);
    for (int i = 0; i < n; ++i) {
        measured = measured && contenders[i].seconds > 0;
        seconds[i] += times * contenders[i].seconds;
    }
    ad_trial_close(&trial);
    return measured;
}

/* Leaves the best one set; seconds: what all of them take with it. */
static bool measure(const ad_plan *plan, ad_stream stream, const readers *r, double *least)
{
    ad_fetch fetches[TRIED];
    double seconds[TRIED] = {0};
    int n = list_fetches(stream, fetches), best = 0;
    double margin = ad_cpu_get()->kind->fitted ? fitted_margin : derived_margin;
    bool measured = true;
    for (int k = 0; k < r->n && measured; ++k)
        measured = measure_one(plan, r->kernel[k], r->times[k], fetches, n, seconds);
    for (int i = 1; i < n && measured; ++i)
        if (seconds[i] < seconds[best] * (best ? 1 : margin)) best = i;
    ad_stream_set_fetch(stream, fetches[best]);
    *least = seconds[best];
    return measured;
}

static bool tune(const ad_plan *plan, ad_wisdom *wisdom, ad_stream stream)
{
    char problem[64], fetch[64];
    ad_fetch known;
    snprintf(problem, sizeof problem, "stream of %s", ad_stream_name(stream));
    const ad_wisdom_row *row = ad_wisdom_row_of(wisdom, problem, 0);
    if (row && parse_fetch(row->entry.solver, &known)) {
        ad_stream_set_fetch(stream, known);
        return true;
    }
    if (!wisdom->tune) return true;
    readers found;
    double seconds = 0, begin = ad_seconds();
    find_readers(plan, stream, &found);
    if (!found.n || !measure(plan, stream, &found, &seconds)) return true;
    ++wisdom->measured;
    wisdom->seconds += ad_seconds() - begin;
    name_fetch(fetch, sizeof fetch, ad_stream_fetch(stream));
    return ad_wisdom_add(wisdom, (ad_wisdom_entry){problem, fetch, seconds}) == AD_OK;
}

bool ad_plan_tune_streams(const ad_plan *plan, ad_wisdom *wisdom)
{
    for (int stream = AD_STREAM_NONE + 1; stream < AD_STREAMS; ++stream)
        if (!tune(plan, wisdom, (ad_stream)stream)) return false;
    return true;
}
