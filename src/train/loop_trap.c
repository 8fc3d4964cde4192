/* loop_trap.c - where the numbers ended.
 *
 * A loss that is not finite is found after the parameters were updated with it, and a gradient that
 * is not finite spoils them though the loss was fine. Steps can be repeated: the newest checkpoint
 * is loaded again, the steps up to the bad one are run, and the last two with a check after each
 * kernel. That may take as long as since that checkpoint, and names the node. */
#include "train/train_loop.h"

#include "base/finite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool ad_loop_finite(const ad_loop *l)
{
    bool finite = true;
    for (int i = 0; i < ad_vars_count(l->t->vars) && finite; ++i) {
        const ad_variable *v = ad_vars_at(l->t->vars, i);
        const void *data = ad_variable_data(l->t->vars, v);
        int64_t count = ad_shape_count(ad_variable_shape(v));
        if (ad_variable_is_buffer(v) || !data) continue;
        finite = ad_first_not_finite(data, ad_variable_dtype(v), count) < 0;
    }
    return finite;
}

/* Repeats from the newest checkpoint until a loss or the parameters are not finite: that step's
 * number; -1: on an error, or none was found up to step `last`. */
static int64_t find_step(ad_loop *l, int64_t last, ad_status *status)
{
    *status = ad_loop_load(l);
    while (!*status && l->counters.step <= last) {
        int64_t step = l->counters.step;
        if (!ad_loop_step(l, false, status)) return *status ? -1 : step;
        if (!ad_loop_finite(l)) return step;
    }
    return -1;
}

/* Steps from the newest checkpoint up to `bad`, the last two with a check after each kernel, whose
 * sentence goes into `where`. */
static ad_status repeat(ad_loop *l, int64_t bad, char *where, size_t size)
{
    ad_status status = AD_OK;
    while (!status && l->counters.step <= bad) {
        if (ad_loop_step(l, l->counters.step + 2 > bad, &status)) continue;
        if (status == AD_ERROR_NUMERIC) snprintf(where, size, "%s", ad_error(l->ctx));
        break;
    }
    return status == AD_ERROR_NUMERIC ? AD_OK : status;
}

ad_status ad_loop_trap(ad_loop *l, bool lost)
{
    int64_t bad = lost ? l->counters.step : l->counters.step - 1;
    double loss = l->lost;
    ad_status status = AD_OK;
    char where[512] = "", what[256], name[128];
    ad_player_metric(l->t, l->lost_by, "loss", name, sizeof name);
    if (lost)
        snprintf(what, sizeof what, "the %s is %g", name, loss);
    else
        snprintf(what, sizeof what, "the update makes parameters that are not finite");
    ad_run_log(l->run, "at step %lld %s; repeating from the last checkpoint", (long long)bad, what);
    if (!lost) {
        int64_t found = find_step(l, bad, &status);
        if (found >= 0) bad = found;
    }
    if (!status) status = ad_loop_load(l);
    int64_t from = l->counters.step;
    if (!status) status = repeat(l, bad, where, sizeof where);
    if (status) return status;
    return ad_fail(l->ctx, AD_ERROR_NUMERIC,
                   "%s at step %lld%s%s; the checkpoint of step %lld is intact", what,
                   (long long)bad, *where ? ": " : "", where, (long long)from);
}
