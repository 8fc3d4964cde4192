/* loss.c - what the two play for; the formulas are in gan.h. */
#include "zoo/gan/gan.h"

static ad_node *mean(ad_node *x)
{
    return ad_mean(x, AD_ALL_AXES, false);
}

/* max(0, 1 + x) */
static ad_node *hinge(ad_node *x)
{
    return ad_relu(ad_add_scalar(x, 1));
}

ad_node *gan_discriminator_loss(gan_loss loss, ad_node *real, ad_node *made)
{
    switch (loss) {
    case GAN_HINGE: return ad_add(mean(hinge(ad_neg(real))), mean(hinge(made)));
    case GAN_WASSERSTEIN: return ad_sub(mean(made), mean(real));
    case GAN_BCE: break;
    }
    return ad_add(mean(ad_softplus(ad_neg(real))), mean(ad_softplus(made)));
}

ad_node *gan_generator_loss(gan_loss loss, ad_node *made)
{
    return loss == GAN_BCE ? mean(ad_softplus(ad_neg(made))) : ad_neg(mean(made));
}

/* |d logits / d x|^2 of each row: [n] */
static ad_node *squares(ad_node *logits, ad_node *x)
{
    ad_node *gradient;
    ad_gradients(ad_sum(logits, AD_ALL_AXES, false), &x, 1, &gradient);
    return ad_sum(ad_square(ad_flatten(gradient, 1)), ad_axes(1), false);
}

ad_node *gan_gradient_square(ad_node *logits, ad_node *x)
{
    return mean(squares(logits, x));
}

ad_node *gan_gradient_off_one(ad_node *logits, ad_node *x)
{
    /* the root has no derivative at 0 */
    ad_node *norm = ad_sqrt(ad_add_scalar(squares(logits, x), 1e-12));
    return mean(ad_square(ad_add_scalar(norm, -1)));
}
