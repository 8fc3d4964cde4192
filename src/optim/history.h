/* history.h - the memory of L-BFGS: pairs of steps and gradient changes, and the direction they
 * give. */
#ifndef AD_OPTIM_HISTORY_H
#define AD_OPTIM_HISTORY_H

#include <autodidact/program.h>

typedef struct ad_history ad_history;

/* Room for `pairs` pairs of vectors of n elements, each kind one block; compiles its programs. */
ad_status ad_history_new(ad_history **history, ad_context *ctx, int64_t n, int pairs,
                         ad_device_kind device);
void ad_history_free(ad_history *history);
void ad_history_clear(ad_history *history); /* forgets all pairs */
int ad_history_count(const ad_history *history);

/* After a step of length t along `direction` that took the gradient from `before` to `after`:
 * remembers s = t direction and y = after - before, unless s . y is not above 1e-10. The oldest
 * pair makes room. */
ad_status ad_history_push(ad_history *history, const float *direction, double t,
                          const float *before, const float *after);
/* direction = -H gradient, H the inverse Hessian's approximation by the pairs (no pairs: the
 * identity). To be called once after each push, with the gradient that `after` was. */
ad_status ad_history_direction(ad_history *history, const float *gradient, float *direction);

#endif
