/* evict.c - which value is given up when memory runs out.
 *
 * As in dynamic tensor rematerialisation (Kirisame et al. 2021), the one of the least
 *     seconds to make it again / (bytes x time until it is needed),
 * but the time is known here, not guessed from when it was last used. The seconds are its own and
 * those of the values around it that were given up already: of what it is made from, which would
 * have to be made first, and of what is made from it. So values that are given up do not become one
 * long run that has to be made again from its start, but lie between others that are kept, as the
 * checkpoints of Chen et al. 2016 do. */
#include "plan/recompute.h"

enum { AROUND = 64 }; /* values around one that are looked at */

static void need_from(ad_recompute *r, const ad_kernel *kernel, int need)
{
    for (int i = 0; i < kernel->problem.n_in; ++i) {
        ad_held *held = &r->held[kernel->in[i].buffer];
        if (held->need > need) held->need = need;
    }
}

void ad_find_needs(ad_recompute *r)
{
    for (int i = r->n_order - 1; i >= 0; --i) {
        ad_held *held = &r->held[r->order[i]];
        while (held->next < held->n_uses && held->use[held->next] < r->now) ++held->next;
        held->need = held->next < held->n_uses ? held->use[held->next] : AD_NEVER;
    }
    for (int i = r->n_order - 1; i >= 0; --i) {
        int b = r->order[i];
        const ad_held *held = &r->held[b];
        if (!held->made || held->live || held->need == AD_NEVER) continue;
        for (int k = 0; k < held->n_recipes; ++k) need_from(r, ad_recipe_now(r, b, k), held->need);
    }
}

/* Its own seconds; negative: what it reads has changed by then. */
static double seconds_of(const ad_recompute *r, int buffer, int need)
{
    const ad_held *held = &r->held[buffer];
    double seconds = 0;
    for (int i = 0; i < held->n_recipes; ++i) {
        if (need > r->fresh_until[held->recipe[i].step]) return -1;
        seconds += ad_recipe_now(r, buffer, i)->seconds;
    }
    return seconds;
}

static void visit(ad_recompute *r, int buffer, int *depth)
{
    ad_held *held = &r->held[buffer];
    if (!held->bytes || held->live || !held->made || held->seen == r->stamp) return;
    held->seen = r->stamp;
    r->stack[(*depth)++] = buffer;
}

static void visit_sources(ad_recompute *r, int buffer, int *depth)
{
    for (int k = 0; k < r->held[buffer].n_recipes; ++k) {
        const ad_kernel *kernel = ad_recipe_now(r, buffer, k);
        for (int i = 0; i < kernel->problem.n_in; ++i) visit(r, kernel->in[i].buffer, depth);
    }
}

static void visit_readers(ad_recompute *r, int buffer, int *depth)
{
    for (int i = 0; i < r->held[buffer].n_readers; ++i) {
        int reader = r->held[buffer].reader[i];
        if (r->held[reader].need != AD_NEVER) visit(r, reader, depth);
    }
}

/* Seconds that giving it up may cost, or a negative number: it could not be made again. */
static double cost_of(ad_recompute *r, int buffer)
{
    int need = r->held[buffer].need, depth = 0, around = 0;
    double seconds = seconds_of(r, buffer, need);
    if (seconds < 0) return -1;
    ++r->stamp;
    visit_sources(r, buffer, &depth);
    while (depth) { /* all of them: each must be possible */
        int source = r->stack[--depth];
        double more = seconds_of(r, source, need);
        if (more < 0 || r->held[source].fixed) return -1;
        seconds += more;
        visit_sources(r, source, &depth);
    }
    ++r->stamp;
    visit_readers(r, buffer, &depth);
    while (depth && around++ < AROUND) {
        int reader = r->stack[--depth];
        double more = seconds_of(r, reader, 0);
        seconds += more;
        visit_readers(r, reader, &depth);
    }
    return seconds;
}

static void give_up(ad_recompute *r, int buffer)
{
    r->held[buffer].live = false;
    r->bytes -= r->held[buffer].bytes;
}

static bool complete(const ad_recompute *r, const ad_held *held)
{
    return held->n_recipes && held->recipe[held->n_recipes - 1].step < r->now;
}

static bool fits(const ad_recompute *r, size_t bytes)
{
    return r->bytes <= r->budget - bytes;
}

/* Gives up what nobody needs any more, until `bytes` more can be held. That changes no need: what
 * is made again from it would need it. */
static void give_up_unneeded(ad_recompute *r, size_t bytes)
{
    for (int k = 0; k < r->n_order && !fits(r, bytes); ++k) {
        const ad_held *held = &r->held[r->order[k]];
        if (held->live && !held->pins && held->need == AD_NEVER) give_up(r, r->order[k]);
    }
}

/* One of those that are needed; values that are wanted for what is just being made only if there is
 * nothing else. */
static bool give_up_one(ad_recompute *r)
{
    const double reluctance = 1e6;
    int best = -1;
    double least = 0;
    for (int k = 0; k < r->n_order; ++k) {
        int b = r->order[k];
        const ad_held *held = &r->held[b];
        if (!held->live || held->pins || held->fixed || !complete(r, held)) continue;
        bool wanted = held->wanted == r->walk;
        double cost = cost_of(r, b);
        if (cost < 0) continue;
        int until = held->need < r->n_kernels ? held->need : r->n_kernels;
        int from = r->now < r->n_kernels ? r->now : r->n_kernels;
        double idle = r->time[until] - r->time[from] + 1e-9;
        double score = cost / ((double)held->bytes * idle) * (wanted ? reluctance : 1);
        if (best < 0 || score < least) best = b, least = score;
    }
    if (best >= 0) give_up(r, best);
    return best >= 0;
}

bool ad_make_room(ad_recompute *r, size_t bytes)
{
    if (bytes > r->budget) return false;
    while (!fits(r, bytes)) {
        ad_find_needs(r);
        give_up_unneeded(r, bytes);
        if (!fits(r, bytes) && !give_up_one(r)) return false;
    }
    return true;
}
