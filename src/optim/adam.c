/* adam.c - Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), in torch.optim's form:
 *     m <- m + (1 - beta1)(g - m),  v <- beta2 v + (1 - beta2) g^2,
 *     p <- p - lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps).
 * Weight decay is added to the gradient (Adam) or shrinks p by lr decay first (AdamW). */
#include "optim/optimizer.h"

#include <math.h>

enum { STEP_SIZE, ROOT_CORRECTION, SHRINK };

/* 1 - beta^t */
static ad_node *bias_correction(ad_node *step, double beta)
{
    ad_node *power = ad_exp(ad_mul_scalar(step, log(beta)));
    return ad_add_scalar(ad_neg(power), 1);
}

static void prepare_adam(const ad_optimizer *optimizer, ad_node *lr, ad_node *step,
                         ad_node **scalar)
{
    const ad_adam_options *o = &optimizer->options.adam;
    scalar[STEP_SIZE] = ad_div(lr, bias_correction(step, o->beta1));
    scalar[ROOT_CORRECTION] = ad_rsqrt(bias_correction(step, o->beta2));
}

static void prepare_adamw(const ad_optimizer *optimizer, ad_node *lr, ad_node *step,
                          ad_node **scalar)
{
    prepare_adam(optimizer, lr, step, scalar);
    scalar[SHRINK] = ad_add_scalar(ad_mul_scalar(lr, -optimizer->weight_decay), 1);
}

static ad_node *moved(const ad_adam_options *o, ad_node *const *scalar, ad_node *p, ad_node *g,
                      ad_node **moment)
{
    ad_node *m = ad_add(moment[0], ad_mul_scalar(ad_sub(g, moment[0]), 1 - o->beta1));
    ad_node *v = ad_add(ad_mul_scalar(moment[1], o->beta2),
                        ad_mul_scalar(ad_square(g), 1 - o->beta2));
    ad_node *spread = ad_add_scalar(ad_mul(ad_sqrt(v), scalar[ROOT_CORRECTION]), o->eps);
    moment[0] = m;
    moment[1] = v;
    return ad_sub(p, ad_div(ad_mul(m, scalar[STEP_SIZE]), spread));
}

static ad_node *update_adam(const ad_optimizer *optimizer, ad_node *const *scalar,
                            double weight_decay, ad_node *p, ad_node *g, ad_node **moment)
{
    if (weight_decay != 0) g = ad_add(g, ad_mul_scalar(p, weight_decay));
    return moved(&optimizer->options.adam, scalar, p, g, moment);
}

static ad_node *update_adamw(const ad_optimizer *optimizer, ad_node *const *scalar,
                             double weight_decay, ad_node *p, ad_node *g, ad_node **moment)
{
    if (weight_decay != 0) p = ad_mul(p, scalar[SHRINK]);
    return moved(&optimizer->options.adam, scalar, p, g, moment);
}

static const ad_optimizer_rule adam = {"adam", {"m", "v"}, prepare_adam, update_adam};
static const ad_optimizer_rule adamw = {"adamw", {"m", "v"}, prepare_adamw, update_adamw};

static ad_optimizer *new_adam(ad_vars *vars, const char *prefix, const ad_optimizer_rule *rule,
                              ad_adam_options options)
{
    if (!options.lr) options.lr = 1e-3;
    if (!options.beta1) options.beta1 = 0.9;
    if (!options.beta2) options.beta2 = 0.999;
    if (!options.eps) options.eps = 1e-8;
    bool betas = options.beta1 > 0 && options.beta1 < 1 && options.beta2 > 0 && options.beta2 < 1;
    if (!betas || !(options.lr >= 0) || isinf(options.lr) || !(options.eps > 0) ||
        !(options.weight_decay >= 0)) {
        ad_fail(ad_vars_context(vars), AD_ERROR_ARGUMENT,
                "%s: lr %g, betas %g and %g, eps %g, weight decay %g: the betas should lie in (0, "
                "1), the "
                "others be 0 or more",
                rule->name, options.lr, options.beta1, options.beta2, options.eps,
                options.weight_decay);
        return NULL;
    }
    ad_optimizer *optimizer = ad_optimizer_new(vars, prefix, rule, 2, options.lr,
                                               options.weight_decay);
    if (optimizer) optimizer->options.adam = options;
    return optimizer;
}

ad_optimizer *ad_adam(ad_vars *vars, const char *prefix, ad_adam_options options)
{
    return new_adam(vars, prefix, &adam, options);
}

ad_optimizer *ad_adamw(ad_vars *vars, const char *prefix, ad_adam_options options)
{
    return new_adam(vars, prefix, &adamw, options);
}
