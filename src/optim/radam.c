/* radam.c - RAdam (Liu et al. 2020), in torch.optim's form: Adam whose denominator is used only
 * once enough gradients were seen for its variance to have a bound, and is rectified from then on:
 *     rho = 2 / (1 - beta2) - 1,  rho_t = rho - 2 t beta2^t / (1 - beta2^t),
 *     r = sqrt((rho_t - 4)(rho_t - 2) rho / ((rho - 4)(rho - 2) rho_t)),
 *     p <- p - lr / (1 - beta1^t) m (r sqrt(1 - beta2^t) / (sqrt(v) + eps) where rho_t > 5, else
 * 1).
 */
#include "optim/optimizer.h"

enum { BETA1 = AD_OPTIMIZER_OWN, BETA2, EPS, DECOUPLED };
enum { M, V };
enum { STEP_SIZE, RECTIFIED, PLAIN, SHRINK };

static const ad_optimizer_option options[] = {
    AD_OPTIMIZER_COMMON(1e-3, 0, "L2, added to the gradient, or decoupled"),
    [BETA1] = {"beta1", 0.9, 0, 1, .help = "decay of the mean of the gradient"},
    [BETA2] = {"beta2", 0.999, 0, 1, .help = "decay of the mean square of the gradient"},
    [EPS] = AD_OPTIMIZER_EPS(1e-8),
    [DECOUPLED] = {"decoupled", 0, .flag = true, .help = "weight decay as in adamw"},
    {0},
};

static void prepare(const double *option, ad_node *lr, ad_node *step, ad_node **scalar)
{
    double beta2 = option[BETA2], rho = 2 / (1 - beta2) - 1;
    ad_node *zero = ad_scalar(ad_node_graph(step), AD_F64, 0);
    ad_node *one = ad_scalar(ad_node_graph(step), AD_F64, 1);
    ad_node *correction = ad_bias_correction(step, beta2);
    ad_node *power = ad_sub(one, correction); /* beta2^t */
    ad_node *lost = ad_mul_scalar(ad_div(ad_mul(step, power), correction), -2);
    ad_node *rho_t = ad_add_scalar(lost, rho);
    ad_node *bounded = ad_greater(rho_t, ad_mul_scalar(one, 5));
    /* where rho_t is 5 or less the root may be of what is negative, and is not used */
    ad_node *above = ad_mul(ad_add_scalar(rho_t, -4), ad_add_scalar(rho_t, -2));
    ad_node *below = ad_mul_scalar(rho_t, (rho - 4) * (rho - 2) / rho);
    ad_node *rectified = ad_sqrt(ad_mul(ad_div(above, below), correction));
    scalar[STEP_SIZE] = ad_div(lr, ad_bias_correction(step, option[BETA1]));
    scalar[RECTIFIED] = ad_where(bounded, rectified, zero);
    scalar[PLAIN] = ad_where(bounded, zero, one);
    if (option[DECOUPLED])
        scalar[SHRINK] = ad_add_scalar(ad_mul_scalar(lr, -option[AD_OPTIMIZER_WEIGHT_DECAY]), 1);
}

static ad_node *update(const double *option, ad_node *const *scalar, double weight_decay,
                       ad_node *p, ad_node *g, ad_node **moment)
{
    if (weight_decay != 0 && option[DECOUPLED]) p = ad_mul(p, scalar[SHRINK]);
    if (weight_decay != 0 && !option[DECOUPLED]) g = ad_add(g, ad_mul_scalar(p, weight_decay));
    moment[M] = ad_add(moment[M], ad_mul_scalar(ad_sub(g, moment[M]), 1 - option[BETA1]));
    moment[V] = ad_add(ad_mul_scalar(moment[V], option[BETA2]),
                       ad_mul_scalar(ad_square(g), 1 - option[BETA2]));
    ad_node *spread = ad_add_scalar(ad_sqrt(moment[V]), option[EPS]);
    ad_node *adapted = ad_add(ad_div(scalar[RECTIFIED], spread), scalar[PLAIN]);
    return ad_sub(p, ad_mul(ad_mul(moment[M], scalar[STEP_SIZE]), adapted));
}

const ad_optimizer_rule ad_optimizer_rule_radam = {
    .kind = {"radam", "rectified Adam (Liu et al. 2020)", options},
    .moment = {[M] = {.name = "m"}, [V] = {.name = "v"}},
    .prepare = prepare,
    .update = update,
};
