/* adagrad.c - Adagrad (Duchi et al. 2011), in torch.optim's form: g <- g + decay p,
 *     s <- s + g^2,  p <- p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps). */
#include "optim/optimizer.h"

enum { LR_DECAY = AD_OPTIMIZER_OWN, INITIAL, EPS };

static const ad_optimizer_option options[] = {
    AD_OPTIMIZER_COMMON(1e-2, 0, "L2, added to the gradient"),
    [LR_DECAY] = {"lr-decay", 0, 0, INFINITY, .help = "at step t the rate is lr / (1 + (t - 1) x)"},
    [INITIAL] = {"initial-accumulator", 0, 0, INFINITY, .help = "the sum of squares before all"},
    [EPS] = AD_OPTIMIZER_EPS(1e-10),
    {0},
};

static void prepare(const double *option, ad_node *lr, ad_node *step, ad_node **scalar)
{
    ad_node *before = ad_mul_scalar(ad_add_scalar(step, -1), option[LR_DECAY]);
    scalar[0] = ad_div(lr, ad_add_scalar(before, 1));
}

static ad_node *update(const double *option, ad_node *const *scalar, double weight_decay,
                       ad_node *p, ad_node *g, ad_node **moment)
{
    if (weight_decay != 0) g = ad_add(g, ad_mul_scalar(p, weight_decay));
    moment[0] = ad_add(moment[0], ad_square(g));
    ad_node *spread = ad_add_scalar(ad_sqrt(moment[0]), option[EPS]);
    return ad_sub(p, ad_mul(ad_div(g, spread), scalar[0]));
}

const ad_optimizer_rule ad_optimizer_rule_adagrad = {
    .kind = {"adagrad", "a rate for each weight by its past gradients (Duchi et al. 2011)",
             options},
    .moment = {{.name = "sum", .initial = INITIAL}},
    .prepare = prepare,
    .update = update,
};
