/* adamax.c - Adamax (Kingma & Ba 2015, section 7.1), in torch.optim's form: g <- g + decay p,
 *     m <- beta1 m + (1 - beta1) g,  u <- max(beta2 u, |g| + eps),  p <- p - lr / (1 - beta1^t) m /
 * u.
 *
 * u needs no bias correction. eps is PyTorch's: without it, gradients that are all 0 give 0 / 0. */
#include "optim/optimizer.h"

enum { BETA1 = AD_OPTIMIZER_OWN, BETA2, EPS };
enum { M, U };

static const ad_optimizer_option options[] = {
    AD_OPTIMIZER_COMMON(2e-3, 0, "L2, added to the gradient"),
    [BETA1] = {"beta1", 0.9, 0, 1, .help = "decay of the mean of the gradient"},
    [BETA2] = {"beta2", 0.999, 0, 1, .help = "decay of the largest gradient"},
    [EPS] = AD_OPTIMIZER_EPS(1e-8),
    {0},
};

static void prepare(const double *option, ad_node *lr, ad_node *step, ad_node **scalar)
{
    scalar[0] = ad_div(lr, ad_bias_correction(step, option[BETA1]));
}

static ad_node *update(const double *option, ad_node *const *scalar, double weight_decay,
                       ad_node *p, ad_node *g, ad_node **moment)
{
    if (weight_decay != 0) g = ad_add(g, ad_mul_scalar(p, weight_decay));
    moment[M] = ad_add(ad_mul_scalar(moment[M], option[BETA1]),
                       ad_mul_scalar(g, 1 - option[BETA1]));
    moment[U] = ad_maximum(ad_mul_scalar(moment[U], option[BETA2]),
                           ad_add_scalar(ad_abs(g), option[EPS]));
    return ad_sub(p, ad_mul(ad_div(moment[M], moment[U]), scalar[0]));
}

const ad_optimizer_rule ad_optimizer_rule_adamax = {
    .kind = {"adamax", "Adam scaled by the largest gradient (Kingma & Ba 2015)", options},
    .moment = {[M] = {.name = "m"}, [U] = {.name = "u"}},
    .prepare = prepare,
    .update = update,
};
