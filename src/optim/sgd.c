/* sgd.c - stochastic gradient descent with momentum (Sutskever et al. 2013), in torch.optim.SGD's
 * form: g <- g + decay p,  b <- momentum b + g,  p <- p - lr (b, or g + momentum b by Nesterov's
 * rule). */
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
    const ad_sgd_options *o = &optimizer->options.sgd;
    if (weight_decay != 0) g = ad_add(g, ad_mul_scalar(p, weight_decay));
    if (o->momentum != 0) {
        moment[0] = ad_add(ad_mul_scalar(moment[0], o->momentum), g);
        g = o->nesterov ? ad_add(g, ad_mul_scalar(moment[0], o->momentum)) : moment[0];
    }
    return ad_sub(p, ad_mul(g, scalar[0]));
}

ad_optimizer *ad_sgd(ad_vars *vars, const char *prefix, ad_sgd_options options)
{
    static const ad_optimizer_rule rule = {"sgd", {"momentum"}, prepare, update};
    if (!options.lr) options.lr = 1e-2;
    if (!(options.lr >= 0) || isinf(options.lr) || !(options.momentum >= 0) ||
        !(options.weight_decay >= 0)) {
        ad_fail(ad_vars_context(vars), AD_ERROR_ARGUMENT,
                "sgd: lr %g, momentum %g and weight decay %g should be 0 or more", options.lr,
                options.momentum, options.weight_decay);
        return NULL;
    }
    if (options.nesterov && !options.momentum) {
        ad_fail(ad_vars_context(vars), AD_ERROR_ARGUMENT, "sgd: Nesterov's rule needs a momentum");
        return NULL;
    }
    ad_optimizer *optimizer = ad_optimizer_new(vars, prefix, &rule, options.momentum != 0,
                                               options.lr, options.weight_decay);
    if (optimizer) optimizer->options.sgd = options;
    return optimizer;
}
