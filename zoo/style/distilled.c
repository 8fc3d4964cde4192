/* distilled.c - see distilled.h. */
#include "zoo/style/distilled.h"

#include <stdio.h>

/* Convolutions of VGG-19's blocks; of the last one a network has the first alone. */
static const int convs[STYLE_DISTILLED_LEVELS] = {2, 2, 4, 4, 1};

static int convs_of(const style_distilled *form, int block)
{
    return block == form->level ? 1 : convs[block - 1];
}

/* ---- which it is ---- */

static int64_t outputs(const ad_file *file, const char *name)
{
    int at = ad_file_find(file, name);
    return at < 0 || ad_file_at(file, at)->shape.rank != 4 ? 0 : ad_file_at(file, at)->shape.dim[0];
}

static bool read_form(const ad_file *file, style_distilled *form)
{
    char name[32];
    *form = (style_distilled){0};
    for (int block = 1; block <= STYLE_DISTILLED_LEVELS; ++block) {
        snprintf(name, sizeof name, "conv%d1.weight", block);
        if (outputs(file, name)) form->level = block;
    }
    for (int block = 1; block <= form->level; ++block)
        for (int i = 1; i <= convs_of(form, block); ++i) {
            snprintf(name, sizeof name, "conv%d%d.weight", block, i);
            if (!(form->channels[block - 1][i - 1] = outputs(file, name))) return false;
        }
    return form->level > 0;
}

bool style_distilled_encoder(const ad_file *file, style_distilled *form)
{
    return outputs(file, "conv0.weight") == 3 && read_form(file, form);
}

bool style_distilled_decoder(const ad_file *file, style_distilled *form)
{
    return ad_file_find(file, "conv0.weight") < 0 && read_form(file, form) &&
           form->channels[0][0] == 3;
}

/* ---- the networks ---- */

static ad_node *convolution(ad_vars *vars, const style_distilled *form, int block, int i,
                            ad_node *x)
{
    char name[32];
    snprintf(name, sizeof name, "conv%d%d", block, i);
    ad_conv_layer layer = {.kernel = 3, .conv = {.pad = 1}, .reflect = true};
    return ad_relu(ad_conv2d_layer(vars, name, x, form->channels[block - 1][i - 1], layer));
}

ad_node *style_distilled_encode(ad_vars *vars, const style_distilled *form, ad_node *image)
{
    ad_node *x = ad_conv2d_layer(vars, "conv0", image, 3, (ad_conv_layer){.kernel = 1});
    for (int block = 1; block <= form->level; ++block) {
        if (block > 1) x = ad_max_pool2d(x, (ad_window){.size = 2});
        for (int i = 1; i <= convs_of(form, block); ++i) x = convolution(vars, form, block, i, x);
    }
    return x;
}

ad_node *style_distilled_decode(ad_vars *vars, const style_distilled *form, ad_node *x)
{
    for (int block = form->level; block >= 1; --block) {
        if (block < form->level) {
            ad_shape s = ad_node_shape(x);
            x = ad_resize2d(x, 2 * s.dim[1], 2 * s.dim[2], AD_NEAREST);
        }
        for (int i = convs_of(form, block); i >= 1; --i) x = convolution(vars, form, block, i, x);
    }
    return x;
}
