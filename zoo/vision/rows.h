/* rows.h - a network as a table of rows, inside of this folder.
 *
 * A row is a step with a name, so the list of rows is the list of layers: a convolution, a pooling,
 * or a whole block of the network's family. What the rows of one network have in common (how a
 * convolution is normalised and activated, how it is padded) stands once in its vision_network. */
#ifndef ZOO_VISION_ROWS_H
#define ZOO_VISION_ROWS_H

#include "zoo/vision/backbone.h"

typedef struct vision_network vision_network;

/* Where a network is being built. */
typedef struct vision_site {
    ad_vars *vars;
    const char *prefix;
    const vision_network *network;
    const vision_form *form;
    vision_pooling pooling;
} vision_site;

typedef struct vision_row vision_row;
typedef ad_node *vision_step(const vision_site *site, const vision_row *row, ad_node *x);

struct vision_row {
    const char *layer;  /* NULL: is none */
    vision_step *step;  /* NULL: the layer before by a second name */
    const char *weight; /* what the names of its parameters begin with */
    int n[6];           /* as the step says; channels of VISION_CLASSES: as the form has classes */
    vision_step *view;  /* what is seen of it, where that is not what the next row sees */
};
enum { VISION_CLASSES = -1 };

struct vision_network {
    const char *name;
    const vision_row *rows;                /* ends with {0} */
    const char *has[2], *lacks;            /* tensors that its files have or lack */
    const char *conv_suffix, *norm_suffix; /* of a unit: "NAME.conv.weight", "NAME.bn.weight" */
    double eps;                            /* of batch norm; 0: 1e-5 */
    double leak, clip;                     /* of a unit's ReLU: slope below 0, bound above */
    bool tf_pad;         /* units pad as TensorFlow: more behind where it is odd */
    bool tf_names;       /* of a block's parts */
    bool reflect;        /* convolutions are padded by mirroring */
    const char *unused;  /* what tensors begin with that only training needs */
    const char *measure; /* the tensor whose first axis says the width, and what it has at 1 */
    int measure_at_one;
    vision_recipe recipe;
};

extern const vision_row vision_vgg16_rows[], vision_vgg19_rows[], vision_compact_rows[],
    vision_alexnet_rows[], vision_googlenet_rows[], vision_resnet18_rows[], vision_resnet50_rows[],
    vision_squeezenet1_0_rows[], vision_squeezenet1_1_rows[], vision_inception_v3_rows[],
    vision_inception_2015_rows[], vision_mobilenet_v1_rows[], vision_mobilenet_v2_rows[],
    vision_mobilenet_v2_tf_rows[], vision_darknet_tiny_rows[];
extern const vision_network vision_networks[VISION_KINDS];

/* ---- steps.c: steps that several networks have ---- */

vision_step vision_conv;    /* with bias; n: channels, kernel, stride, pad */
vision_step vision_unit;    /* convolution, norm, activation; n: channels, kernel, stride, pad */
vision_step vision_relu;    /* */
vision_step vision_pool;    /* n: size, stride (0: size), pad, whether sizes round up */
vision_step vision_adapt;   /* means of n[0] x n[0] parts */
vision_step vision_mean;    /* [n, h, w, c] -> [n, c] */
vision_step vision_flatten; /* the channel first, as weights of PyTorch have it */
vision_step vision_linear;  /* n: features */

/* Kernel, stride and pad of a convolution; rows and columns apart where _w is not 0. */
typedef struct vision_window {
    int kernel, kernel_w, stride, pad, pad_w, groups;
} vision_window;

/* "NAME.suffix" under the site's prefix. */
enum { VISION_NAME_BYTES = 160 };
const char *vision_path(const vision_site *site, char path[VISION_NAME_BYTES], const char *name,
                        const char *suffix);
/* A convolution without bias, named `conv`, and batch norm, named `norm`; both under `name`. */
ad_node *vision_conv_norm(const vision_site *site, const char *name, const char *conv,
                          const char *norm, ad_node *x, int64_t channels, vision_window window);
/* As the network's units are. */
ad_node *vision_unit_at(const vision_site *site, const char *name, ad_node *x, int64_t channels,
                        vision_window window);
ad_node *vision_activate(const vision_site *site, ad_node *x);
int64_t vision_channels(const vision_site *site, int channels); /* VISION_CLASSES or a number */
int64_t vision_last_dim(ad_node *x);

/* ---- branches.c: blocks whose branches are laid side by side ---- */

vision_step vision_fire;      /* n: squeezed, expanded by 1 x 1 and by 3 x 3 */
vision_step vision_inception; /* n: 1x1; 3x3 reduced, 3x3; "5x5" reduced, "5x5"; pooled */
vision_step vision_mixed_a;   /* n: pooled */
vision_step vision_mixed_b;   /* */
vision_step vision_mixed_c;   /* n: of the factorised 7 x 7 */
vision_step vision_mixed_d;   /* */
vision_step vision_mixed_e;   /* */

#endif
