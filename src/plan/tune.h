/* tune.h - the parts of tuning: a problem as text, and a solver run on scratch operands. */
#ifndef AD_PLAN_TUNE_H
#define AD_PLAN_TUNE_H

#include "plan/plan.h"

#include "base/streams.h"

/* ---- problem_text.c ---- */

/* All that a solver can see of a problem, but for the number of threads. */
void ad_problem_text(ad_text *text, const ad_problem *problem);

/* ---- trial.c ---- */

/* Scratch operands for a problem with plausible numbers in them. */
typedef struct ad_trial {
    ad_context *ctx;
    ad_problem problem; /* for one thread */
    void *in[AD_PROBLEM_INPUTS], *out[AD_CHAIN_OUTPUTS];
    void *memory;
    size_t bytes;
    char *elsewhere; /* read before each run, so that operands come from memory; NULL: no */
    size_t elsewhere_bytes;
} ad_trial;

/* False: it needs more than `limit` bytes (0: any number), or they are not there; the context's
 * error is as it was. */
bool ad_trial_open(ad_trial *trial, ad_context *ctx, const ad_problem *problem, size_t limit);
void ad_trial_close(ad_trial *trial);
/* Operands will not be in the caches, which hold so many bytes. False: no memory for that. */
bool ad_trial_cool(ad_trial *trial, size_t caches);

/* A solver in a trial: its workspace, and in[1] in its own form if `packed` (bytes) is not 0. */
typedef struct ad_contender {
    const ad_solver *solver;
    void *workspace, *form;
    size_t workspace_bytes, packed;
    ad_stream stream; /* its streams are fetched like this; AD_STREAM_NONE: as ever */
    ad_fetch fetch;
    double seconds; /* the least of its runs */
    bool out;       /* has lost, or has no memory */
} ad_contender;

/* Runs them in turn until it is clear which is the fastest; seconds 0: it did not run. */
void ad_trial_compare(ad_trial *trial, ad_contender *contenders, int count);

/* ---- tune_streams.c ---- */

/* Sets how streams are fetched where the wisdom knows, and measures it where it does not, tuning.
 * False: an error is set. */
bool ad_plan_tune_streams(const ad_plan *plan, struct ad_wisdom *wisdom);

#endif
