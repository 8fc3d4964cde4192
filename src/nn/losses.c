/* losses.c - scalar losses: means over all elements, as PyTorch's reduction="mean". */
#include <autodidact/nn.h>

ad_node *ad_mse_loss(ad_node *prediction, ad_node *target)
{
    return ad_mean(ad_square(ad_sub(prediction, target)), AD_ALL_AXES, false);
}

ad_node *ad_l1_loss(ad_node *prediction, ad_node *target)
{
    return ad_mean(ad_abs(ad_sub(prediction, target)), AD_ALL_AXES, false);
}

/* d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2). With c = min(|d|, delta) both are
 * c (|d| - c / 2), without a choice. */
ad_node *ad_huber_loss(ad_node *prediction, ad_node *target, double delta)
{
    ad_node *distance = ad_abs(ad_sub(prediction, target));
    ad_node *near = ad_clamp(distance, 0, delta);
    ad_node *loss = ad_mul(near, ad_sub(distance, ad_mul_scalar(near, 0.5)));
    return ad_mean(loss, AD_ALL_AXES, false);
}

/* -t log sigmoid(x) - (1 - t) log(1 - sigmoid(x)), by softplus: no logarithm of 0, and small losses
 * keep their digits for both labels. */
ad_node *ad_bce_with_logits_loss(ad_node *logits, ad_node *target)
{
    ad_node *one = ad_mul(target, ad_softplus(ad_neg(logits)));
    ad_node *zero = ad_mul(ad_add_scalar(ad_neg(target), 1), ad_softplus(logits));
    return ad_mean(ad_add(one, zero), AD_ALL_AXES, false);
}

ad_node *ad_cross_entropy_loss(ad_node *logits, ad_node *labels)
{
    return ad_mean(ad_cross_entropy(logits, labels), AD_ALL_AXES, false);
}
