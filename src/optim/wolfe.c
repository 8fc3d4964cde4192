/* wolfe.c - the line search of L-BFGS: Nocedal & Wright, algorithms 3.5 (bracket) and 3.6 (zoom),
 * in the form of torch.optim.LBFGS (from Schmidt's minFunc), whose choices it repeats so that
 * iterates can be compared: sufficient decrease 1e-4, curvature 0.9, steps by cubic interpolation
 * of two points with their slopes, kept a tenth of the bracket away from its ends when progress
 * stalls. */
#include "optim/wolfe.h"

#include <math.h>

static const double decrease = 1e-4, curvature = 0.9;

/* The minimiser of the cubic through two points with their slopes, within [low, high] (N&W 3.59).
 */
static double cubic_minimum(const ad_wolfe_point *a, const ad_wolfe_point *b, double low,
                            double high)
{
    const ad_wolfe_point *p = a->t <= b->t ? a : b, *q = a->t <= b->t ? b : a;
    double d1 = p->slope + q->slope - 3 * (p->loss - q->loss) / (p->t - q->t);
    double square = d1 * d1 - p->slope * q->slope;
    if (!(square >= 0)) return (low + high) / 2;
    double d2 = sqrt(square);
    double t = q->t - (q->t - p->t) * ((q->slope + d2 - d1) / (q->slope - p->slope + 2 * d2));
    return t != t ? (low + high) / 2 : fmin(fmax(t, low), high);
}

/* The search's state: the bracket, which of its ends is lower, and how many trials it took. */
typedef struct state {
    const ad_wolfe *search;
    ad_wolfe_point start, end[2];
    int low;
    int evaluations;
    bool done;
} state;

static ad_status trial(state *s, double t, ad_wolfe_point *point)
{
    int slot = 0;
    while (slot == s->start.slot || slot == s->end[0].slot || slot == s->end[1].slot) ++slot;
    *point = (ad_wolfe_point){.t = t, .slot = slot};
    ++s->evaluations;
    return s->search->evaluate(s->search->user, point);
}

static bool decreases(const state *s, const ad_wolfe_point *p)
{
    return p->loss <= s->start.loss + decrease * p->t * s->start.slope;
}

static bool flat_enough(const state *s, const ad_wolfe_point *p)
{
    return fabs(p->slope) <= -curvature * s->start.slope;
}

static void find_low(state *s)
{
    s->low = s->end[0].loss <= s->end[1].loss ? 0 : 1;
}

/* Longer steps until a point is good, or it and the one before bracket a good one. */
static ad_status bracket(state *s, double t)
{
    ad_wolfe_point *previous = &s->end[0], point;
    ad_status status = trial(s, t, &point);
    for (int trials = 0; status == AD_OK; ++trials) {
        bool rises = !decreases(s, &point) || (trials > 1 && point.loss >= previous->loss);
        bool good = !rises && flat_enough(s, &point),
             last = s->evaluations >= s->search->max_evaluations;
        if (good || rises || point.slope >= 0 || last) {
            if (good)
                *previous = point;
            else if (!rises && point.slope < 0)
                *previous = s->start;
            s->end[1] = point;
            s->done = good;
            find_low(s);
            return AD_OK;
        }
        double step = point.t - previous->t;
        double next = cubic_minimum(previous, &point, point.t + 0.01 * step, 10 * point.t);
        *previous = point;
        status = trial(s, next, &point);
    }
    return status;
}

/* A trial step inside the bracket: twice in a row near an end, or at it, is moved a tenth inwards.
 */
static double step_inside(const state *s, bool *stalled)
{
    double left = fmin(s->end[0].t, s->end[1].t), right = fmax(s->end[0].t, s->end[1].t);
    double t = cubic_minimum(&s->end[0], &s->end[1], left, right), margin = 0.1 * (right - left);
    if (fmin(right - t, t - left) >= margin) {
        *stalled = false;
        return t;
    }
    if (!*stalled && t < right && t > left) {
        *stalled = true;
        return t;
    }
    *stalled = false;
    return fabs(t - right) < fabs(t - left) ? right - margin : left + margin;
}

/* Narrows the bracket down to a point that meets the conditions. */
static ad_status zoom(state *s)
{
    bool stalled = false;
    ad_wolfe_point point;
    while (!s->done && s->evaluations < s->search->max_evaluations) {
        if (fabs(s->end[1].t - s->end[0].t) * s->search->direction_max <
            s->search->tolerance_change)
            break;
        ad_status status = trial(s, step_inside(s, &stalled), &point);
        if (status != AD_OK) return status;
        ad_wolfe_point *low = &s->end[s->low], *high = &s->end[!s->low];
        if (!decreases(s, &point) || point.loss >= low->loss) {
            *high = point;
            find_low(s);
            continue;
        }
        if (flat_enough(s, &point))
            s->done = true;
        else if (point.slope * (high->t - low->t) >= 0)
            *high = *low;
        *low = point;
    }
    return AD_OK;
}

ad_status ad_wolfe_search(const ad_wolfe *search, ad_wolfe_point start, double t,
                          ad_wolfe_point *best)
{
    state s = {.search = search, .start = start, .end = {start, start}};
    ad_status status = bracket(&s, t);
    if (status == AD_OK) status = zoom(&s);
    *best = status == AD_OK ? s.end[s.low] : start;
    return status;
}
