/* any_loss.h - how well a picture was painted, for training.
 *
 * With f_l a layer of the encoder, y the painted picture, t_l what was decoded, s the painting,
 * |a, b| = sum (a - b)^2 / sum b^2 of a row, and mu and C means and covariances of channels,
 *
 *     loss = content_weight * mean over l in relu2_1 .. relu4_1 of |f_l(y), t_l|
 *          + style_weight * mean over l in relu1_1 .. relu4_1 of |mu(f_l(y)), mu(f_l(s))|
 *                                                              + |C(f_l(y)), C(f_l(s))|
 *          + tv_weight * style.h's smoothness, of pixels of 0 to 1
 *
 * Huang & Belongie have squared errors, of relu4_1, and of means and deviations. Strokes follow
 * from covariances, and with errors relative to the painting's no glaring one outweighs the others.
 */
#ifndef ZOO_STYLE_ANY_LOSS_H
#define ZOO_STYLE_ANY_LOSS_H

#include "zoo/style/any_net.h"

/* The weighted terms, and their sum; tv NULL: its weight is 0. */
typedef struct style_any_loss {
    ad_node *total, *content, *style, *tv;
} style_any_loss;

/* All pictures [n, h, w, 3] of 0 to 255; `targets`: what was decoded. */
style_any_loss style_any_loss_build(ad_vars *encoder, ad_node *style, ad_node *painted,
                                    ad_node *const targets[STYLE_ANY_LEVELS], double content_weight,
                                    double style_weight, double tv_weight);

#endif
