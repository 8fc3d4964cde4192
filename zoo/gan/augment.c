/* augment.c - the same kinds of change to real and to made pictures before the discriminator sees
 * them, through which the generator's gradient goes (Zhao et al. 2020, "Differentiable Augmentation
 * for Data-Efficient GAN Training"): for small data, which a discriminator learns by heart.
 *
 * Pictures are [n, height, width, channels] of -1 to 1; what is moved in or cut out is 0, as
 * there. */
#include "zoo/gan/gan.h"

#include <string.h>

static ad_node *each(ad_node *rng, int64_t rows, double low, double high)
{
    ad_node *x = ad_random_uniform(rng, AD_F32, ad_shape(rows, 1, 1, 1));
    return ad_add_scalar(ad_mul_scalar(x, high - low), low);
}

/* mean + factor (x - mean), with the mean over `axes` */
static ad_node *stretch(ad_node *x, ad_axes axes, ad_node *factor)
{
    ad_node *mean = ad_mean(x, axes, true);
    return ad_add(mean, ad_mul(ad_sub(x, mean), factor));
}

ad_node *gan_colour(ad_node *x, ad_node *brightness, ad_node *saturation, ad_node *contrast)
{
    x = ad_add(x, brightness);
    if (ad_node_shape(x).dim[3] > 1) x = stretch(x, ad_axes(3), saturation);
    return stretch(x, ad_axes(1, 2, 3), contrast);
}

static ad_node *colour(ad_node *x, ad_node *rng)
{
    int64_t n = ad_node_shape(x).dim[0];
    ad_node *brightness = each(rng, n, -0.5, 0.5), *saturation = each(rng, n, 0, 2);
    return gan_colour(x, brightness, saturation, each(rng, n, 0.5, 1.5));
}

/* Whole numbers of low to high for each picture, [n, 1, 1]. */
static ad_node *whole(ad_node *rng, int64_t rows, int64_t low, int64_t high)
{
    ad_node *x = ad_random_uniform(rng, AD_F32, ad_shape(rows, 1, 1));
    x = ad_floor(ad_mul_scalar(x, (double)(high - low + 1)));
    return ad_cast(ad_add_scalar(x, (double)low), AD_I32);
}

static ad_node *within(ad_node *i, int64_t low, int64_t high)
{
    ad_graph *g = ad_node_graph(i);
    return ad_and(ad_greater_equal(i, ad_scalar(g, AD_I32, (double)low)),
                  ad_less_equal(i, ad_scalar(g, AD_I32, (double)high)));
}

ad_node *gan_shift(ad_node *x, ad_node *down, ad_node *right)
{
    ad_graph *g = ad_node_graph(x);
    ad_shape s = ad_node_shape(x);
    int64_t n = s.dim[0], h = s.dim[1], w = s.dim[2];
    ad_shape all = ad_shape(n, h, w);
    ad_node *row = ad_sub(ad_iota(g, AD_I32, all, 1), down);
    ad_node *column = ad_sub(ad_iota(g, AD_I32, all, 2), right);
    ad_node *inside = ad_and(within(row, 0, h - 1), within(column, 0, w - 1));
    ad_node *at = ad_add(ad_mul_scalar(ad_iota(g, AD_I32, all, 0), (double)h), row);
    at = ad_add(ad_mul_scalar(at, (double)w), column);
    /* a row that is not there is zeros */
    at = ad_where(inside, at, ad_scalar(g, AD_I32, -1));
    return ad_gather(ad_reshape(x, ad_shape(n * h * w, s.dim[3])), at);
}

/* By up to an eighth of the side, each way. */
static ad_node *translation(ad_node *x, ad_node *rng)
{
    ad_shape s = ad_node_shape(x);
    int64_t down = (2 * s.dim[1] + 8) / 16, right = (2 * s.dim[2] + 8) / 16;
    ad_node *by = whole(rng, s.dim[0], -down, down);
    return gan_shift(x, by, whole(rng, s.dim[0], -right, right));
}

ad_node *gan_cut(ad_node *x, ad_node *row, ad_node *column)
{
    ad_graph *g = ad_node_graph(x);
    ad_shape s = ad_node_shape(x);
    int64_t n = s.dim[0], h = s.dim[1], w = s.dim[2], high = (h + 1) / 2, wide = (w + 1) / 2;
    ad_shape all = ad_shape(n, h, w);
    ad_node *y = ad_sub(ad_iota(g, AD_I32, all, 1), row);
    ad_node *z = ad_sub(ad_iota(g, AD_I32, all, 2), column);
    ad_node *hole = ad_and(within(y, -(high / 2), high - high / 2 - 1),
                           within(z, -(wide / 2), wide - wide / 2 - 1));
    return ad_mul(x, ad_reshape(ad_cast(ad_not(hole), AD_F32), ad_shape(n, h, w, 1)));
}

/* Half the side, around any place. */
static ad_node *cutout(ad_node *x, ad_node *rng)
{
    ad_shape s = ad_node_shape(x);
    int64_t h = s.dim[1], w = s.dim[2];
    ad_node *row = whole(rng, s.dim[0], 0, h - (h + 1) / 2 % 2);
    return gan_cut(x, row, whole(rng, s.dim[0], 0, w - (w + 1) / 2 % 2));
}

typedef struct change {
    const char *name;
    ad_node *(*apply)(ad_node *x, ad_node *rng);
} change;
static const change changes[] = {
    {"color", colour}, {"translation", translation}, {"cutout", cutout}, {0}};

static const change *find(const char *name)
{
    const change *c = changes;
    while (c->name && strcmp(c->name, name) != 0) ++c;
    return c->name ? c : NULL;
}

const char *gan_augment_unknown(const ad_texts *policy)
{
    for (int64_t i = 0; i < policy->count; ++i)
        if (!find(policy->at[i])) return policy->at[i];
    return NULL;
}

ad_node *gan_augment(const ad_texts *policy, ad_node *x, ad_node *rng)
{
    for (int64_t i = 0; i < policy->count; ++i) x = find(policy->at[i])->apply(x, rng);
    return x;
}
