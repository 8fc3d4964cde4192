/* branches.c - blocks whose branches are laid side by side, each a table of its convolutions:
 * SqueezeNet's fire, GoogLeNet's inception, and the five of Inception v3 ("Rethinking the Inception
 * architecture for computer vision", figures 5, 6, 7 and 10). */
#include "zoo/vision/rows.h"

#include <stdio.h>

enum { PARTS_MOST = 12, INPUT = -1, POOLED = -2 };

/* One convolution of a block. */
typedef struct part {
    const char *name, *tf; /* torchvision's, and TensorFlow's of 2015 */
    int from;              /* the part whose result it takes; INPUT or POOLED: the block's input */
    bool last;             /* of its branch: a piece of the block's result */
    int channels;          /* or, 0 and below, which of the row's numbers they are: -i */
    int kernel, kernel_w;  /* kernel_w 0: square */
    int stride;            /* 1: padded to keep the size; 2: not padded */
} part;

/* What stands beside the convolutions. */
typedef enum beside { NOTHING, MEANS, MAXIMA, MAXIMA_LAST } beside;

/* What POOLED parts take, or what is the last piece of the result. */
static ad_node *pooled(const vision_site *s, beside kind, ad_node *x)
{
    if (kind == MEANS)
        return ad_avg_pool2d(
            x, (ad_window){.size = 3, .stride = 1, .pad = 1, .exclude_pad = s->network->tf_names});
    if (kind == MAXIMA) return ad_max_pool2d(x, (ad_window){.size = 3, .stride = 1, .pad = 1});
    if (kind == MAXIMA_LAST) return ad_max_pool2d(x, (ad_window){.size = 3, .stride = 2});
    return NULL;
}

static ad_node *build_part(const vision_site *s, const vision_row *row, const part *p, ad_node *x)
{
    char name[VISION_NAME_BYTES];
    const bool tf = s->network->tf_names;
    int kernel_w = p->kernel_w ? p->kernel_w : p->kernel;
    vision_window w = {.kernel = p->kernel, .kernel_w = kernel_w, .stride = p->stride};
    if (p->stride == 1) {
        w.pad = p->kernel / 2;
        w.pad_w = kernel_w / 2 ? kernel_w / 2 : AD_NONE;
    }
    snprintf(name, sizeof name, "%s%s%s", row->weight, tf ? "_" : ".", tf ? p->tf : p->name);
    return vision_unit_at(s, name, x, p->channels > 0 ? p->channels : row->n[-p->channels], w);
}

static ad_node *build(const vision_site *s, const vision_row *row, ad_node *x, const part *parts,
                      beside kind)
{
    ad_node *made[PARTS_MOST], *pieces[PARTS_MOST], *pool = pooled(s, kind, x);
    int count = 0;
    for (int i = 0; parts[i].kernel; ++i) {
        ad_node *from = parts[i].from == INPUT    ? x
                        : parts[i].from == POOLED ? pool
                                                  : made[parts[i].from];
        made[i] = build_part(s, row, parts + i, from);
        if (parts[i].last) pieces[count++] = made[i];
    }
    if (kind == MAXIMA_LAST) pieces[count++] = pool;
    return ad_concat(pieces, count, 3);
}

ad_node *vision_fire(const vision_site *s, const vision_row *row, ad_node *x)
{
    static const part parts[] = {{"squeeze", NULL, INPUT, false, 0, 1, 0, 1},
                                 {"expand1x1", NULL, 0, true, -1, 1, 0, 1},
                                 {"expand3x3", NULL, 0, true, -2, 3, 0, 1},
                                 {0}};
    return build(s, row, x, parts, NOTHING);
}

/* The branch of 5 x 5 has 3 x 3 in torchvision's weights. */
ad_node *vision_inception(const vision_site *s, const vision_row *row, ad_node *x)
{
    static const part parts[] = {{"branch1", NULL, INPUT, true, 0, 1, 0, 1},
                                 {"branch2.0", NULL, INPUT, false, -1, 1, 0, 1},
                                 {"branch2.1", NULL, 1, true, -2, 3, 0, 1},
                                 {"branch3.0", NULL, INPUT, false, -3, 1, 0, 1},
                                 {"branch3.1", NULL, 3, true, -4, 3, 0, 1},
                                 {"branch4.1", NULL, POOLED, true, -5, 1, 0, 1},
                                 {0}};
    return build(s, row, x, parts, MAXIMA);
}

ad_node *vision_mixed_a(const vision_site *s, const vision_row *row, ad_node *x)
{
    static const part parts[] = {
        {"branch1x1", "conv", INPUT, true, 64, 1, 0, 1},
        {"branch5x5_1", "tower_conv", INPUT, false, 48, 1, 0, 1},
        {"branch5x5_2", "tower_conv_1", 1, true, 64, 5, 0, 1},
        {"branch3x3dbl_1", "tower_1_conv", INPUT, false, 64, 1, 0, 1},
        {"branch3x3dbl_2", "tower_1_conv_1", 3, false, 96, 3, 0, 1},
        {"branch3x3dbl_3", "tower_1_conv_2", 4, true, 96, 3, 0, 1},
        {"branch_pool", "tower_2_conv", POOLED, true, 0, 1, 0, 1},
        {0},
    };
    return build(s, row, x, parts, MEANS);
}

ad_node *vision_mixed_b(const vision_site *s, const vision_row *row, ad_node *x)
{
    static const part parts[] = {
        {"branch3x3", "conv", INPUT, true, 384, 3, 0, 2},
        {"branch3x3dbl_1", "tower_conv", INPUT, false, 64, 1, 0, 1},
        {"branch3x3dbl_2", "tower_conv_1", 1, false, 96, 3, 0, 1},
        {"branch3x3dbl_3", "tower_conv_2", 2, true, 96, 3, 0, 2},
        {0},
    };
    return build(s, row, x, parts, MAXIMA_LAST);
}

ad_node *vision_mixed_c(const vision_site *s, const vision_row *row, ad_node *x)
{
    static const part parts[] = {
        {"branch1x1", "conv", INPUT, true, 192, 1, 0, 1},
        {"branch7x7_1", "tower_conv", INPUT, false, 0, 1, 0, 1},
        {"branch7x7_2", "tower_conv_1", 1, false, 0, 1, 7, 1},
        {"branch7x7_3", "tower_conv_2", 2, true, 192, 7, 1, 1},
        {"branch7x7dbl_1", "tower_1_conv", INPUT, false, 0, 1, 0, 1},
        {"branch7x7dbl_2", "tower_1_conv_1", 4, false, 0, 7, 1, 1},
        {"branch7x7dbl_3", "tower_1_conv_2", 5, false, 0, 1, 7, 1},
        {"branch7x7dbl_4", "tower_1_conv_3", 6, false, 0, 7, 1, 1},
        {"branch7x7dbl_5", "tower_1_conv_4", 7, true, 192, 1, 7, 1},
        {"branch_pool", "tower_2_conv", POOLED, true, 192, 1, 0, 1},
        {0},
    };
    return build(s, row, x, parts, MEANS);
}

ad_node *vision_mixed_d(const vision_site *s, const vision_row *row, ad_node *x)
{
    static const part parts[] = {
        {"branch3x3_1", "tower_conv", INPUT, false, 192, 1, 0, 1},
        {"branch3x3_2", "tower_conv_1", 0, true, 320, 3, 0, 2},
        {"branch7x7x3_1", "tower_1_conv", INPUT, false, 192, 1, 0, 1},
        {"branch7x7x3_2", "tower_1_conv_1", 2, false, 192, 1, 7, 1},
        {"branch7x7x3_3", "tower_1_conv_2", 3, false, 192, 7, 1, 1},
        {"branch7x7x3_4", "tower_1_conv_3", 4, true, 192, 3, 0, 2},
        {0},
    };
    return build(s, row, x, parts, MAXIMA_LAST);
}

ad_node *vision_mixed_e(const vision_site *s, const vision_row *row, ad_node *x)
{
    static const part parts[] = {
        {"branch1x1", NULL, INPUT, true, 320, 1, 0, 1},
        {"branch3x3_1", NULL, INPUT, false, 384, 1, 0, 1},
        {"branch3x3_2a", NULL, 1, true, 384, 1, 3, 1},
        {"branch3x3_2b", NULL, 1, true, 384, 3, 1, 1},
        {"branch3x3dbl_1", NULL, INPUT, false, 448, 1, 0, 1},
        {"branch3x3dbl_2", NULL, 4, false, 384, 3, 0, 1},
        {"branch3x3dbl_3a", NULL, 5, true, 384, 1, 3, 1},
        {"branch3x3dbl_3b", NULL, 5, true, 384, 3, 1, 1},
        {"branch_pool", NULL, POOLED, true, 192, 1, 0, 1},
        {0},
    };
    return build(s, row, x, parts, MEANS);
}
