/* rmsprop.c - RMSProp (Tieleman & Hinton 2012), in torch.optim.RMSprop's form:
 *     v <- alpha v + (1 - alpha) g^2,  a = sqrt(v), or centred (Graves 2013)
 *     m <- m + (1 - alpha)(g - m),  a = sqrt(v - m^2),
 *     b <- momentum b + g / (a + eps),  p <- p - lr b.
 * Weight decay is added to the gradient. */
#include "optim/optimizer.h"

enum { ALPHA = AD_OPTIMIZER_OWN, EPS, MOMENTUM, CENTERED };
enum { SQUARE, MOVE, MEAN };

static const ad_optimizer_option options[] = {
    AD_OPTIMIZER_COMMON(1e-2, 0, "L2, added to the gradient"),
    [ALPHA] = {"alpha", 0.99, 0, 1, .help = "decay of the mean square of the gradient"},
    [EPS] = AD_OPTIMIZER_EPS(1e-8),
    [MOMENTUM] = {"momentum", 0, 0, 1, .help = "share of the last move that is repeated"},
    [CENTERED] = {"centered", 0, .flag = true, .help = "divide by the deviation of the gradient"},
    {0},
};

static void prepare(const double *option, ad_node *lr, ad_node *step, ad_node **scalar)
{
    (void)option, (void)step;
    scalar[0] = lr;
}

static ad_node *update(const double *option, ad_node *const *scalar, double weight_decay,
                       ad_node *p, ad_node *g, ad_node **moment)
{
    if (weight_decay != 0) g = ad_add(g, ad_mul_scalar(p, weight_decay));
    moment[SQUARE] = ad_add(ad_mul_scalar(moment[SQUARE], option[ALPHA]),
                            ad_mul_scalar(ad_square(g), 1 - option[ALPHA]));
    ad_node *square = moment[SQUARE];
    if (option[CENTERED]) {
        ad_node *way = ad_sub(g, moment[MEAN]);
        moment[MEAN] = ad_add(moment[MEAN], ad_mul_scalar(way, 1 - option[ALPHA]));
        /* not below 0 but for rounding, where the gradient stays the same */
        square = ad_relu(ad_sub(square, ad_square(moment[MEAN])));
    }
    ad_node *move = ad_div(g, ad_add_scalar(ad_sqrt(square), option[EPS]));
    if (option[MOMENTUM] != 0) {
        moment[MOVE] = ad_add(ad_mul_scalar(moment[MOVE], option[MOMENTUM]), move);
        move = moment[MOVE];
    }
    return ad_sub(p, ad_mul(move, scalar[0]));
}

const ad_optimizer_rule ad_optimizer_rule_rmsprop = {
    .kind = {"rmsprop", "RMSProp (Tieleman & Hinton 2012)", options},
    .moment = {[SQUARE] = {.name = "v"},
               [MOVE] = {.name = "momentum", .kept = MOMENTUM},
               [MEAN] = {.name = "mean", .kept = CENTERED}},
    .prepare = prepare,
    .update = update,
};

ad_optimizer *ad_rmsprop(ad_vars *vars, const char *prefix, ad_rmsprop_options o)
{
    const double option[] = {
        [AD_OPTIMIZER_LR] = o.lr ? o.lr : options[AD_OPTIMIZER_LR].initial,
        [AD_OPTIMIZER_WEIGHT_DECAY] = o.weight_decay,
        [ALPHA] = o.alpha ? o.alpha : options[ALPHA].initial,
        [EPS] = o.eps ? o.eps : options[EPS].initial,
        [MOMENTUM] = o.momentum,
        [CENTERED] = o.centered,
    };
    return ad_optimizer_with(vars, prefix, &ad_optimizer_rule_rmsprop, option);
}
