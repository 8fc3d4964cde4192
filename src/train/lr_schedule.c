/* lr_schedule.c - the learning rate as a function of the step. */
#include "train/lr_schedule.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* From `a` at 0 to `b` at 1 along half a cosine. */
static double cosine(double a, double b, double at)
{
    return b + (a - b) * 0.5 * (1 + cos(pi * at));
}

/* Smith & Topin 2018 in the form of torch.optim.lr_scheduler.OneCycleLR: up from peak / 25 over the
 * first 30 %, down to peak / 25 / 10^4. */
static double one_cycle(const ad_schedule *s, int64_t step)
{
    const double start = s->peak / 25, end = start / 1e4;
    double up = 0.3 * (double)s->steps - 1, last = (double)s->steps - 1, at = (double)step;
    if (up > 0 && at <= up) return cosine(start, s->peak, at / up);
    return last > up ? cosine(s->peak, end, (at - up) / (last - up)) : s->peak;
}

double ad_schedule_rate(const ad_schedule *s, int64_t step)
{
    double at = (double)step, warm = (double)s->warmup, steps = (double)s->steps;
    if (s->kind == AD_SCHEDULE_ONE_CYCLE) return one_cycle(s, step);
    if (step < s->warmup) return s->peak * (at + 1) / warm;
    switch (s->kind) {
    case AD_SCHEDULE_STEP: /* a tenth at half of the way, a hundredth at three quarters */
        return s->peak * (at < 0.5 * steps ? 1 : at < 0.75 * steps ? 0.1 : 0.01);
    case AD_SCHEDULE_COSINE: /* Loshchilov & Hutter 2017, without restarts */
        return cosine(s->peak, s->least, steps > warm ? fmin(1, (at - warm) / (steps - warm)) : 1);
    case AD_SCHEDULE_INVERSE_SQRT: /* Vaswani et al. 2017, section 5.3 */
        return fmax(s->least, s->peak * sqrt(fmax(warm, 1) / (at + 1)));
    case AD_SCHEDULE_CONSTANT:
    case AD_SCHEDULE_ONE_CYCLE: break;
    }
    return s->peak;
}
