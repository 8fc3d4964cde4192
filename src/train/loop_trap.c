/* loop_trap.c - where the numbers ended.
 *
 * A loss that is not finite is found after the parameters were updated with it, and a gradient that
 * is not finite spoils them though the loss was fine. Steps can be repeated: the newest checkpoint
 * is loaded again, the steps up to the bad one are run, and the last two with a check after each
 * kernel. That may take as long as since that checkpoint, and names the node. */
#include "train/train_loop.h"

#include <math.h>
#include <string.h>

/* Whether an exponent has all bits set, which is NaN and infinity. */
static bool finite_words(const void *data, int64_t count, uint32_t exponent)
{
    const uint32_t *words = data;
    uint32_t found = 0;
    for (int64_t i = 0; i < count; ++i) found |= (words[i] & exponent) == exponent;
    return !found;
}

static bool finite_doubles(const double *numbers, int64_t count)
{
    bool finite = true;
    for (int64_t i = 0; i < count; ++i) finite &= isfinite(numbers[i]) != 0;
    return finite;
}

bool ad_loop_finite(const ad_loop *l)
{
    bool finite = true;
    for (int i = 0; i < ad_vars_count(l->t->vars) && finite; ++i) {
        const ad_variable *v = ad_vars_at(l->t->vars, i);
        const void *data = ad_variable_data(l->t->vars, v);
        int64_t count = ad_shape_count(ad_variable_shape(v));
        if (ad_variable_is_buffer(v) || !data) continue;
        if (ad_variable_dtype(v) == AD_F32) finite = finite_words(data, count, 0x7f800000u);
        if (ad_variable_dtype(v) == AD_F64) finite = finite_doubles(data, count);
    }
    return finite;
}

/* Repeats from the newest checkpoint until the loss or the parameters are not finite: that step's
 * number; -1: on an error, or none was found up to step `last`. */
static int64_t find_step(ad_loop *l, int64_t last, ad_status *status)
{
    double loss;
    *status = ad_loop_load(l);
    while (!*status && l->n.step <= last) {
        int64_t step = l->n.step;
        if (!ad_loop_step(l, false, &loss, status)) return *status ? -1 : step;
        if (!ad_loop_finite(l)) return step;
    }
    return -1;
}

ad_status ad_loop_trap(ad_loop *l, double loss)
{
    bool of_weights = isfinite(loss);
    int64_t bad = of_weights ? l->n.step - 1 : l->n.step;
    ad_status status = AD_OK;
    char where[512] = "", what[64];
    ad_run_log(l->run, "%s of step %lld %s not finite; repeating from the last checkpoint",
               of_weights ? "the parameters after the update" : "the loss", (long long)bad,
               of_weights ? "are" : "is");
    if (of_weights) {
        int64_t found = find_step(l, bad, &status);
        if (found >= 0) bad = found;
    }
    if (!status) status = ad_loop_load(l);
    int64_t from = l->n.step;
    while (!status && l->n.step <= bad) {
        double again;
        if (ad_loop_step(l, l->n.step + 2 > bad, &again, &status)) continue;
        if (status == AD_ERROR_NUMERIC) snprintf(where, sizeof where, "%s", ad_error(l->ctx));
        break;
    }
    if (status && status != AD_ERROR_NUMERIC) return status;
    if (of_weights)
        snprintf(what, sizeof what, "the update makes parameters that are not finite");
    else
        snprintf(what, sizeof what, "the loss is %g", loss);
    return ad_fail(l->ctx, AD_ERROR_NUMERIC,
                   "%s at step %lld%s%s; the checkpoint of step %lld is whole", what,
                   (long long)bad, *where ? ": " : "", where, (long long)from);
}
