/* net.h - networks that paint a picture at once (Johnson, Alahi & Li 2016, "Perceptual losses for
 * real-time style transfer and super-resolution"): trained for one style, one forward pass each.
 *
 * Two forms are known by what their files hold; both see and give RGB of 0 to 255:
 *
 *   STYLE_NET_TORCH   PyTorch's example fast_neural_style and its kin (`conv1.conv2d.weight`):
 *                     instance norms (Ulyanov et al. 2017), reflected borders, resize-convolutions
 *   STYLE_NET_TF      Engstrom's (2016) as published for deeplearn.js (`Variable` ..
 *                     `Variable_47`): zero borders, transposed convolutions, a scaled tanh
 *
 * One of the first form may know several styles, which share its convolutions: of each norm every
 * style has a scale and a shift of its own, [styles, channels] (Dumoulin, Shlens & Kudlur 2017, "A
 * learned representation for artistic style"). What is between two of them paints what is between
 * the styles. */
#ifndef ZOO_STYLE_NET_H
#define ZOO_STYLE_NET_H

#include <autodidact/io.h>
#include <autodidact/nn.h>

typedef enum style_net_kind { STYLE_NET_TORCH = 0, STYLE_NET_TF } style_net_kind;

/* Zero members: as published. */
typedef struct style_net_form {
    style_net_kind kind;
    int64_t width;  /* channels of the first convolution, 32; then twice and four times as many */
    int64_t blocks; /* residual ones, 5 */
    int64_t styles; /* 1 */
    bool smooth;    /* enlarged by bilinear interpolation, where PyTorch's repeats pixels */
} style_net_form;
enum { STYLE_NET_WIDTH_MOST = 256, STYLE_NET_BLOCKS_MOST = 16, STYLE_NET_STYLES_MOST = 4096 };

/* By the tensors in it. AD_ERROR_FORMAT names the file and what it holds instead. */
ad_status style_net_detect(ad_context *ctx, ad_file *file, style_net_form *form);
/* image [n, h, w, 3] -> the same, not clamped. Both sides must be multiples of STYLE_NET_MULTIPLE.
 * `mix` [n, styles], whose rows add up to 1, says how much of each style; NULL where there is one.
 * Parameters are found or declared in `vars` under the names of the first form. */
enum { STYLE_NET_MULTIPLE = 4, STYLE_NET_LEAST = 16 };
ad_node *style_net_build(ad_vars *vars, const style_net_form *form, ad_node *image, ad_node *mix);

/* The same in stages, of which each takes the last one's result, for pictures that are painted in
 * bands (bands.h): down to a quarter of the size, each residual block, and back up. A norm of a
 * stage takes what is the whole picture's from inputs, instead of its band's own mean and variance.
 */
enum { STYLE_NET_STAGE_NORMS = 3 };
typedef struct style_net_norms {
    int count; /* of the stage */
    double eps;
    ad_node *seen[STYLE_NET_STAGE_NORMS];                                 /* what each norms */
    ad_node *mean[STYLE_NET_STAGE_NORMS], *factor[STYLE_NET_STAGE_NORMS]; /* [channels];
                                                                           1 / sqrt(var + eps) */
} style_net_norms;
int style_net_stages(const style_net_form *form);
int64_t style_net_inner(const style_net_form *form); /* channels between stages */
ad_node *style_net_stage(ad_vars *vars, const style_net_form *form, int stage, ad_node *x,
                         ad_node *mix, style_net_norms *norms);
/* Declares the parameters of style_net_build. */
ad_status style_net_declare(ad_vars *vars, const style_net_form *form);
/* The same from a file of either form. */
ad_status style_net_load(ad_vars *vars, const style_net_form *form, ad_file *file);

#endif
