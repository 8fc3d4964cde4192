/* ftrl.c - FTRL-Proximal (McMahan et al. 2013, algorithm 1): Adagrad's rate for each weight, with
 * an L1 term that makes weights exactly 0. With n the sum of squared gradients the paper has 1 /
 * rate = (beta + sqrt(n)) / lr,  z <- z + g - (1 / rate - 1 / rate before) w, w <- (clip(z, l1) -
 * z) / (1 / rate + l2),  where clip(z, l1) is z within [-l1, l1], and keeps z. As z - clip(z, l1) =
 * -(1 / rate + l2) w, keeping c = clip(z, l1) is enough: k = 1 / rate + l2,  z = c + g - k w,  c <-
 * clip(z, l1),  w <- w - (g + c before - c) / k, which is the same for w = 0 at first and a
 * constant lr, and holds for others, too: network weights stay where they begin, and a schedule
 * scales the moves instead of the weights. Without L1 c is 0.
 *
 * Weight decay is added to g, but not to n (Keras's l2_shrinkage, halved). */
#include "optim/optimizer.h"

enum { BETA = AD_OPTIMIZER_OWN, L1, L2, INITIAL };
enum { SQUARES, CLIPPED };
enum { RATE, INVERSE_RATE };

static const ad_optimizer_option options[] = {
    AD_OPTIMIZER_COMMON(0.1, 0, "L2, added to the gradient"),
    [BETA] = {"beta", 1, 0, INFINITY, .help = "added to the root of the sum of squares"},
    [L1] = {"l1", 0, 0, INFINITY, .help = "draws weights to 0, and holds them there"},
    [L2] = {"l2", 0, 0, INFINITY, .help = "holds each weight where it is"},
    [INITIAL] = {"initial-accumulator", 0, 0, INFINITY, .help = "the sum of squares before all"},
    {0},
};

static const char *check(const double *option)
{
    if (option[BETA] == 0 && option[L2] == 0 && option[INITIAL] == 0)
        return "beta, l2 and initial-accumulator are all 0: a weight without gradient would be "
               "divided by 0";
    return NULL;
}

static void prepare(const double *option, ad_node *lr, ad_node *step, ad_node **scalar)
{
    (void)option, (void)step;
    scalar[RATE] = lr;
    scalar[INVERSE_RATE] = ad_clamp(ad_reciprocal(lr), 0, 1e30); /* lr 0 must not make NaN of w 0 */
}

static ad_node *update(const double *option, ad_node *const *scalar, double weight_decay,
                       ad_node *w, ad_node *g, ad_node **moment)
{
    double l1 = option[L1];
    moment[SQUARES] = ad_add(moment[SQUARES], ad_square(g));
    if (weight_decay != 0) g = ad_add(g, ad_mul_scalar(w, weight_decay));
    ad_node *root = ad_add_scalar(ad_sqrt(moment[SQUARES]), option[BETA]);
    /* 1 / k, so that a rate of 0 moves nothing at all */
    ad_node *rate = ad_div(scalar[RATE], ad_add(root, ad_mul_scalar(scalar[RATE], option[L2])));
    if (l1 == 0) return ad_sub(w, ad_mul(g, rate));
    ad_node *k = ad_add_scalar(ad_mul(root, scalar[INVERSE_RATE]), option[L2]);
    ad_node *pull = ad_add(g, moment[CLIPPED]);
    ad_node *z = ad_sub(pull, ad_mul(k, w));
    ad_node *clipped = ad_clamp(z, -l1, l1);
    moment[CLIPPED] = clipped;
    ad_node *moved = ad_sub(w, ad_mul(ad_sub(pull, clipped), rate));
    ad_node *zero = ad_scalar(ad_node_graph(w), ad_node_dtype(w), 0);
    return ad_where(ad_equal(z, clipped), zero, moved);
}

const ad_optimizer_rule ad_optimizer_rule_ftrl = {
    .kind = {"ftrl", "FTRL-Proximal, with L1 that makes zeros (McMahan et al. 2013)", options},
    .moment =
        {[SQUARES] = {.name = "n", .initial = INITIAL}, [CLIPPED] = {.name = "c", .kept = L1}},
    .check = check,
    .prepare = prepare,
    .update = update,
};
