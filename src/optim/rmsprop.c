/* rmsprop.c - RMSProp (Tieleman & Hinton 2012), in torch.optim.RMSprop's form:
 *     v <- alpha v + (1 - alpha) g^2,  b <- momentum b + g / (sqrt(v) + eps),  p <- p - lr b,
 * and without momentum p <- p - lr g / (sqrt(v) + eps). Weight decay is added to the gradient. */
#include "optim/optimizer.h"

#include <math.h>

static void prepare(const ad_optimizer *optimizer, ad_node *lr, ad_node *step, ad_node **scalar)
{
    (void)optimizer, (void)step;
    scalar[0] = lr;
}

static ad_node *update(const ad_optimizer *optimizer, ad_node *const *scalar, double weight_decay,
                       ad_node *p, ad_node *g, ad_node **moment)
{
    const ad_rmsprop_options *o = &optimizer->options.rmsprop;
    if (weight_decay != 0) g = ad_add(g, ad_mul_scalar(p, weight_decay));
    moment[0] = ad_add(ad_mul_scalar(moment[0], o->alpha),
                       ad_mul_scalar(ad_square(g), 1 - o->alpha));
    ad_node *move = ad_div(g, ad_add_scalar(ad_sqrt(moment[0]), o->eps));
    if (o->momentum != 0) {
        moment[1] = ad_add(ad_mul_scalar(moment[1], o->momentum), move);
        move = moment[1];
    }
    return ad_sub(p, ad_mul(move, scalar[0]));
}

ad_optimizer *ad_rmsprop(ad_vars *vars, const char *prefix, ad_rmsprop_options options)
{
    static const ad_optimizer_rule rule = {"rmsprop", {"v", "momentum"}, prepare, update};
    if (!options.lr) options.lr = 1e-2;
    if (!options.alpha) options.alpha = 0.99;
    if (!options.eps) options.eps = 1e-8;
    if (!(options.lr >= 0) || isinf(options.lr) || !(options.alpha > 0 && options.alpha < 1) ||
        !(options.eps > 0) || !(options.momentum >= 0) || !(options.weight_decay >= 0)) {
        ad_fail(
            ad_vars_context(vars), AD_ERROR_ARGUMENT,
            "rmsprop: lr %g, alpha %g, eps %g, momentum %g, weight decay %g: alpha should lie in "
            "(0, 1), the others be 0 or more",
            options.lr, options.alpha, options.eps, options.momentum, options.weight_decay);
        return NULL;
    }
    ad_optimizer *optimizer = ad_optimizer_new(vars, prefix, &rule, 1 + (options.momentum != 0),
                                               options.lr, options.weight_decay);
    if (optimizer) optimizer->options.rmsprop = options;
    return optimizer;
}
