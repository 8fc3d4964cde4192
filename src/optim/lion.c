/* lion.c - Lion (Chen et al. 2023, algorithm 2): each parameter moves by the same length,
 *     p <- (1 - lr decay) p - lr sign(beta1 m + (1 - beta1) g),  m <- beta2 m + (1 - beta2) g. */
#include "optim/optimizer.h"

enum { BETA1 = AD_OPTIMIZER_OWN, BETA2 };
enum { RATE, SHRINK };

static const ad_optimizer_option options[] = {
    AD_OPTIMIZER_COMMON(1e-4, 0, "decoupled: the weights shrink by lr times this"),
    [BETA1] = {"beta1", 0.9, 0, 1, .help = "weight of the mean of the gradient in a move"},
    [BETA2] = {"beta2", 0.99, 0, 1, .help = "decay of the mean of the gradient"},
    {0},
};

static void prepare(const double *option, ad_node *lr, ad_node *step, ad_node **scalar)
{
    (void)step;
    scalar[RATE] = lr;
    scalar[SHRINK] = ad_add_scalar(ad_mul_scalar(lr, -option[AD_OPTIMIZER_WEIGHT_DECAY]), 1);
}

static ad_node *mixed(ad_node *m, ad_node *g, double beta)
{
    return ad_add(ad_mul_scalar(m, beta), ad_mul_scalar(g, 1 - beta));
}

static ad_node *update(const double *option, ad_node *const *scalar, double weight_decay,
                       ad_node *p, ad_node *g, ad_node **moment)
{
    if (weight_decay != 0) p = ad_mul(p, scalar[SHRINK]);
    ad_node *direction = ad_sign(mixed(moment[0], g, option[BETA1]));
    moment[0] = mixed(moment[0], g, option[BETA2]);
    return ad_sub(p, ad_mul(direction, scalar[RATE]));
}

const ad_optimizer_rule ad_optimizer_rule_lion = {
    .kind = {"lion", "the sign of a momentum (Chen et al. 2023)", options},
    .moment = {{.name = "m"}},
    .prepare = prepare,
    .update = update,
};
