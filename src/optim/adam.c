/* adam.c - Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), in torch.optim's form:
 *     m <- m + (1 - beta1)(g - m),  v <- beta2 v + (1 - beta2) g^2,
 *     p <- p - lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps).
 * Weight decay is added to the gradient (Adam) or shrinks p by lr decay first (AdamW). */
#include "optim/optimizer.h"

enum { BETA1 = AD_OPTIMIZER_OWN, BETA2, EPS };
enum { M, V };
enum { STEP_SIZE, ROOT_CORRECTION, SHRINK };

/* clang-format off */
#define OWN_OPTIONS                                                                                         \
    [BETA1] = {"beta1", 0.9, 0, 1, .help = "decay of the mean of the gradient"},                            \
    [BETA2] = {"beta2", 0.999, 0, 1, .help = "decay of the mean square of the gradient", .setting = true},  \
    [EPS] = AD_OPTIMIZER_EPS(1e-8)
/* clang-format on */

static const ad_optimizer_option adam_options[] = {
    AD_OPTIMIZER_COMMON(1e-3, 0, "L2, added to the gradient"), OWN_OPTIONS, {0}};
static const ad_optimizer_option adamw_options[] = {
    AD_OPTIMIZER_COMMON(1e-3, 0, "decoupled: the weights shrink by lr times this"),
    OWN_OPTIONS,
    {0}};

ad_node *ad_bias_correction(ad_node *step, double beta)
{
    ad_node *power = ad_exp(ad_mul_scalar(step, log(beta)));
    return ad_add_scalar(ad_neg(power), 1);
}

static void prepare_adam(const double *option, ad_node *lr, ad_node *step, ad_node **scalar)
{
    scalar[STEP_SIZE] = ad_div(lr, ad_bias_correction(step, option[BETA1]));
    scalar[ROOT_CORRECTION] = ad_rsqrt(ad_bias_correction(step, option[BETA2]));
}

static void prepare_adamw(const double *option, ad_node *lr, ad_node *step, ad_node **scalar)
{
    prepare_adam(option, lr, step, scalar);
    scalar[SHRINK] = ad_add_scalar(ad_mul_scalar(lr, -option[AD_OPTIMIZER_WEIGHT_DECAY]), 1);
}

static ad_node *moved(const double *option, ad_node *const *scalar, ad_node *p, ad_node *g,
                      ad_node **moment)
{
    ad_node *m = ad_add(moment[M], ad_mul_scalar(ad_sub(g, moment[M]), 1 - option[BETA1]));
    ad_node *v = ad_add(ad_mul_scalar(moment[V], option[BETA2]),
                        ad_mul_scalar(ad_square(g), 1 - option[BETA2]));
    ad_node *spread = ad_add_scalar(ad_mul(ad_sqrt(v), scalar[ROOT_CORRECTION]), option[EPS]);
    moment[M] = m;
    moment[V] = v;
    return ad_sub(p, ad_div(ad_mul(m, scalar[STEP_SIZE]), spread));
}

static ad_node *update_adam(const double *option, ad_node *const *scalar, double weight_decay,
                            ad_node *p, ad_node *g, ad_node **moment)
{
    if (weight_decay != 0) g = ad_add(g, ad_mul_scalar(p, weight_decay));
    return moved(option, scalar, p, g, moment);
}

static ad_node *update_adamw(const double *option, ad_node *const *scalar, double weight_decay,
                             ad_node *p, ad_node *g, ad_node **moment)
{
    if (weight_decay != 0) p = ad_mul(p, scalar[SHRINK]);
    return moved(option, scalar, p, g, moment);
}

const ad_optimizer_rule ad_optimizer_rule_adam = {
    .kind = {"adam", "Adam (Kingma & Ba 2015)", adam_options},
    .moment = {[M] = {.name = "m"}, [V] = {.name = "v"}},
    .prepare = prepare_adam,
    .update = update_adam,
};

const ad_optimizer_rule ad_optimizer_rule_adamw = {
    .kind = {"adamw", "Adam with decoupled weight decay (Loshchilov & Hutter 2019)", adamw_options},
    .moment = {[M] = {.name = "m"}, [V] = {.name = "v"}},
    .prepare = prepare_adamw,
    .update = update_adamw,
};

static ad_optimizer *make(ad_vars *vars, const char *prefix, const ad_optimizer_rule *rule,
                          ad_adam_options o)
{
    const ad_optimizer_option *options = rule->kind.options;
    const double option[] = {
        [AD_OPTIMIZER_LR] = o.lr ? o.lr : options[AD_OPTIMIZER_LR].initial,
        [AD_OPTIMIZER_WEIGHT_DECAY] = o.weight_decay,
        [BETA1] = o.beta1 ? o.beta1 : options[BETA1].initial,
        [BETA2] = o.beta2 ? o.beta2 : options[BETA2].initial,
        [EPS] = o.eps ? o.eps : options[EPS].initial,
    };
    return ad_optimizer_with(vars, prefix, rule, option);
}

ad_optimizer *ad_adam(ad_vars *vars, const char *prefix, ad_adam_options options)
{
    return make(vars, prefix, &ad_optimizer_rule_adam, options);
}

ad_optimizer *ad_adamw(ad_vars *vars, const char *prefix, ad_adam_options options)
{
    return make(vars, prefix, &ad_optimizer_rule_adamw, options);
}
