/* tune.c - the solver of each kernel by wisdom, and by measuring where there is none.
 *
 * Bids have decided by then which nodes are one kernel and which operands are copied, so that the
 * problems are the same with wisdom and without; here only who solves them changes. A constant
 * operand is measured as it will be: packed beforehand if pack.c would do so. */
#include "plan/tune.h"
#include "plan/wisdom.h"

#include <string.h>

enum { MOST = 16 };
/* Bids beyond so many times the lowest are not worth a measurement; and the lowest bidder stays
 * unless another is so much faster: near ties should not flip by noise. */
static const double hopeless = 8, margin = 0.96;

typedef struct choice {
    ad_plan *plan;
    ad_wisdom *wisdom;
    ad_kernel *kernel;
    const ad_solver *solver[MOST];
    double bid[MOST];
    int n, lowest;
} choice;

static void list_bidders(choice *c)
{
    int count = 0;
    const ad_device *device = &c->plan->device;
    const ad_solver *const *solvers = device->solvers(device, c->kernel->problem.op, &count);
    for (int i = 0; i < count && c->n < MOST; ++i) {
        double bid = ad_solver_bid(c->plan, solvers[i], &c->kernel->problem);
        if (bid < 0) continue;
        if (c->n && bid < c->bid[c->lowest]) c->lowest = c->n;
        c->solver[c->n] = solvers[i], c->bid[c->n++] = bid;
    }
}

static void take(choice *c, int winner)
{
    c->kernel->solver = c->solver[winner], c->kernel->seconds = c->bid[winner];
}

/* What wisdom knows it by: options that change who may solve it or how belong to it. */
static void describe(const choice *c, ad_text *text)
{
    const ad_compile_options *options = c->plan->options;
    ad_problem_text(text, &c->kernel->problem);
    if (options->direct) ad_text_add(text, " direct");
    if (c->plan->pack && ad_plan_constant_operand(c->plan, c->kernel))
        ad_text_add(text, options->pack_all ? " kept" : " constant");
}

/* The index of the fastest, or -1 where it could not be measured. */
static int measure(const choice *c, double *seconds)
{
    ad_contender contenders[MOST] = {0};
    ad_trial trial;
    int index[MOST], n = 0, best = -1;
    if (!ad_trial_open(&trial, c->plan->ctx, &c->kernel->problem, c->plan->options->memory_limit))
        return -1;
    for (int i = 0; i < c->n; ++i) {
        if (c->bid[i] > hopeless * c->bid[c->lowest]) continue;
        ad_kernel kernel = *c->kernel;
        kernel.solver = c->solver[i], kernel.seconds = c->bid[i];
        index[n] = i;
        contenders[n++] = (ad_contender){.solver = c->solver[i],
                                         .packed = ad_plan_packed_bytes(c->plan, &kernel)};
    }
    ad_trial_compare(&trial, contenders, n);
    ad_trial_close(&trial);
    double least = 0;
    for (int i = 0; i < n; ++i) { /* the lowest bidder's time counts as a little less */
        double time = contenders[i].seconds * (index[i] == c->lowest ? margin : 1);
        if (contenders[i].seconds == 0 || (best >= 0 && time >= least)) continue;
        best = index[i], least = time, *seconds = contenders[i].seconds;
    }
    return n > 1 ? best : -1;
}

static bool choose(choice *c, const char *problem)
{
    const ad_wisdom_row *known = ad_wisdom_row_of(c->wisdom, problem, 0);
    for (int i = 0; known && i < c->n; ++i) {
        if (strcmp(known->entry.solver, c->solver[i]->name) != 0) continue;
        take(c, i);
        return true;
    }
    if (!c->wisdom->tune) return true;
    double seconds = 0, begin = ad_seconds();
    int winner = measure(c, &seconds);
    if (winner < 0) return true;
    take(c, winner);
    ++c->wisdom->measured;
    c->wisdom->seconds += ad_seconds() - begin;
    ad_wisdom_entry entry = {problem, c->solver[winner]->name, seconds};
    return ad_wisdom_add(c->wisdom, entry) == AD_OK;
}

bool ad_plan_tune(ad_plan *plan)
{
    ad_wisdom *wisdom = ad_context_wisdom(plan->ctx);
    bool done = true;
    if (!wisdom || !plan->device.runs || plan->small) return true;
    for (int k = 0; k < plan->n_kernels && done; ++k) {
        choice c = {.plan = plan, .wisdom = wisdom, .kernel = plan->kernels[k]};
        list_bidders(&c);
        if (c.n < 2) continue;
        ad_text text;
        ad_text_init(&text, plan->ctx);
        describe(&c, &text);
        done = !text.failed && choose(&c, ad_text_get(&text));
        ad_text_free(&text);
    }
    return done && ad_plan_tune_streams(plan, wisdom);
}
