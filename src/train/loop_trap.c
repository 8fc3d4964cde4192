/* loop_trap.c - where the numbers ended.
 *
 * A loss that is not finite is found after the parameters were updated with it. Steps can be
 * repeated, so the newest checkpoint is loaded again, the steps up to the bad one are run, and the
 * last two with a check after each kernel: that says where the numbers ended. */
#include "train/train_loop.h"

ad_status ad_loop_trap(ad_loop *l, double loss)
{
    int64_t bad = l->n.step;
    ad_status status;
    char where[512] = "";
    ad_run_log(l->run, "the loss of step %lld is %g; repeating from the last checkpoint",
               (long long)bad, loss);
    status = ad_loop_load(l);
    int64_t from = l->n.step;
    while (!status && l->n.step <= bad) {
        double again;
        if (ad_loop_step(l, l->n.step + 2 > bad, &again, &status)) continue;
        if (status == AD_ERROR_NUMERIC) snprintf(where, sizeof where, "%s", ad_error(l->ctx));
        break;
    }
    if (status && status != AD_ERROR_NUMERIC) return status;
    return ad_fail(l->ctx, AD_ERROR_NUMERIC,
                   "the loss is %g at step %lld%s%s; the checkpoint of step %lld is whole", loss,
                   (long long)bad, *where ? ": " : "", where, (long long)from);
}
