/* sgd.c - stochastic gradient descent with momentum (Sutskever et al. 2013), in torch.optim.SGD's
 * form: g <- g + decay p,  b <- momentum b + (1 - dampening) g, but b = g at the first step,
 * p <- p - lr (b, or g + momentum b by Nesterov's rule). */
#include "optim/optimizer.h"

enum { MOMENTUM = AD_OPTIMIZER_OWN, DAMPENING, NESTEROV };
enum { RATE, INTAKE };

static const ad_optimizer_option options[] = {
    AD_OPTIMIZER_COMMON(1e-2, 0, "L2, added to the gradient"),
    [MOMENTUM] = {"momentum", 0, 0, 1, .help = "share of the last move that is repeated",
                  .setting = true},
    [DAMPENING] = {"dampening", 0, 0, 1,
                   .help = "how much of the gradient the momentum leaves out"},
    [NESTEROV] = {"nesterov", 0, .flag = true, .help = "look ahead by the momentum"},
    {0},
};

static const char *check(const double *option)
{
    if (option[NESTEROV] && (option[MOMENTUM] == 0 || option[DAMPENING] != 0))
        return "nesterov needs a momentum and no dampening";
    return NULL;
}

static void prepare(const double *option, ad_node *lr, ad_node *step, ad_node **scalar)
{
    scalar[RATE] = lr;
    if (option[DAMPENING] == 0) return;
    ad_node *whole = ad_scalar(ad_node_graph(step), AD_F64, 1);
    ad_node *first = ad_equal(step, whole);
    scalar[INTAKE] = ad_where(first, whole, ad_mul_scalar(whole, 1 - option[DAMPENING]));
}

static ad_node *update(const double *option, ad_node *const *scalar, double weight_decay,
                       ad_node *p, ad_node *g, ad_node **moment)
{
    if (weight_decay != 0) g = ad_add(g, ad_mul_scalar(p, weight_decay));
    if (option[MOMENTUM] != 0) {
        ad_node *taken = option[DAMPENING] != 0 ? ad_mul(g, scalar[INTAKE]) : g;
        moment[0] = ad_add(ad_mul_scalar(moment[0], option[MOMENTUM]), taken);
        g = option[NESTEROV] ? ad_add(g, ad_mul_scalar(moment[0], option[MOMENTUM])) : moment[0];
    }
    return ad_sub(p, ad_mul(g, scalar[RATE]));
}

const ad_optimizer_rule ad_optimizer_rule_sgd = {
    .kind = {"sgd", "stochastic gradient descent (momentum: Sutskever et al. 2013)", options},
    .moment = {{.name = "momentum", .kept = MOMENTUM}},
    .check = check,
    .prepare = prepare,
    .update = update,
};

ad_optimizer *ad_sgd(ad_vars *vars, const char *prefix, ad_sgd_options o)
{
    const double option[] = {
        [AD_OPTIMIZER_LR] = o.lr ? o.lr : options[AD_OPTIMIZER_LR].initial,
        [AD_OPTIMIZER_WEIGHT_DECAY] = o.weight_decay,
        [MOMENTUM] = o.momentum,
        [DAMPENING] = o.dampening,
        [NESTEROV] = o.nesterov,
    };
    return ad_optimizer_with(vars, prefix, &ad_optimizer_rule_sgd, option);
}
