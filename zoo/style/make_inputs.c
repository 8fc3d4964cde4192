/* make_inputs.c - what `style make` is given: settings, the photo, paintings and masks. */
#include "zoo/style/make.h"

#include <math.h>

/* Grey pictures of three equal channels; `reference`: with its mean and deviation (Gatys et al.
 * 2016, "Preserving color in neural artistic style transfer", section 4). */
static ad_status to_luminance(ad_context *ctx, const ad_image *image, const ad_image *reference,
                              ad_image **out)
{
    ad_image *one = NULL;
    ad_status status = ad_image_convert(ctx, image, 1, NULL, &one);
    if (!status && reference) {
        double sum[2] = {0}, square[2] = {0}, n[2];
        const ad_image *of[] = {one, reference};
        for (int k = 0; k < 2; ++k) {
            n[k] = (double)(of[k]->width * of[k]->height);
            for (int64_t i = 0; i < of[k]->width * of[k]->height; ++i) {
                double v = of[k]->data[i * of[k]->channels];
                sum[k] += v, square[k] += v * v;
            }
        }
        double mean = sum[0] / n[0], mean_ref = sum[1] / n[1];
        double deviation = sqrt(square[0] / n[0] - mean * mean),
               wanted = sqrt(square[1] / n[1] - mean_ref * mean_ref);
        double gain = deviation > 1e-6 ? wanted / deviation : 1;
        for (int64_t i = 0; i < one->width * one->height; ++i)
            one->data[i] = (float)((one->data[i] - mean) * gain + mean_ref);
    }
    if (!status) status = ad_image_convert(ctx, one, 3, NULL, out);
    ad_image_free(one);
    return status;
}

static ad_status grey_paintings(style_make *m)
{
    ad_status status = AD_OK;
    for (int i = 0; i < m->paintings && !status; ++i) {
        ad_image *grey = NULL;
        status = to_luminance(m->ctx, m->painting[i], m->grey, &grey);
        if (status) break;
        ad_image_free(m->painting[i]);
        m->painting[i] = grey;
    }
    return status;
}

/* Of a film the paintings become as bright as its first frame. */
ad_status style_make_take(style_make *m, ad_image *photo)
{
    bool first = !m->photo;
    ad_image_free(m->photo), ad_image_free(m->grey);
    m->photo = photo, m->grey = NULL;
    if (!ad_command_flag(m->cmd, "keep-color")) return AD_OK;
    ad_status status = to_luminance(m->ctx, m->photo, NULL, &m->grey);
    return status || !first ? status : grey_paintings(m);
}

int style_make_pictures(style_make *m, bool film)
{
    m->paintings = ad_command_operands(m->cmd) - 1;
    if (m->paintings > STYLE_MAX_PAINTINGS)
        return ad_command_usage(m->cmd, "%d paintings are more than %d", m->paintings,
                                STYLE_MAX_PAINTINGS);
    int weights = ad_command_count(m->cmd, "style-blend");
    if (weights && weights != m->paintings)
        return ad_command_usage(m->cmd, "--style-blend: %d weights for %d paintings", weights,
                                m->paintings);
    double sum = 0;
    for (int i = 0; i < m->paintings; ++i)
        sum += m->blend[i] = weights ? ad_command_real_item(m->cmd, "style-blend", i) : 1;
    if (!(sum > 0)) return ad_command_usage(m->cmd, "--style-blend: the weights add up to 0");

    ad_image *photo = NULL;
    if (!film && !(photo = vision_read_picture(m->cmd, ad_command_operand(m->cmd, 0), 3)))
        return AD_EXIT_FAILURE;
    for (int i = 0; i < m->paintings; ++i) {
        m->blend[i] /= sum;
        if ((m->painting[i] = vision_read_picture(m->cmd, ad_command_operand(m->cmd, 1 + i), 3)))
            continue;
        ad_image_free(photo);
        return AD_EXIT_FAILURE;
    }
    if (!film && style_make_failed(m, style_make_take(m, photo))) return AD_EXIT_FAILURE;
    return film_masks_open(m->cmd, film, &m->masks);
}

int style_make_settings(style_make *m, ad_file *file)
{
    ad_command *cmd = m->cmd;
    style_settings *s = &m->settings;
    s->content_weight = ad_command_real(cmd, "content-weight");
    s->style_weight = ad_command_real(cmd, "style-weight");
    s->tv_weight = ad_command_real(cmd, "tv-weight");
    s->temporal_weight = ad_command_real(cmd, "temporal-weight");
    s->adam = ad_command_choice(cmd, "optimizer") == 1;
    s->lr = ad_command_real(cmd, "lr");
    s->history = (int)ad_command_int(cmd, "history");
    m->steps = ad_command_int(cmd, "steps");
    int exit = AD_EXIT_OK;
    if (!(s->content_weight > 0) && !(s->style_weight > 0)) {
        exit = ad_command_usage(cmd,
                                "--content-weight and --style-weight are both 0: nothing to do");
        goto refused;
    }
    const char *layer = ad_command_text(cmd, "content-layer");
    if (layer) {
        if ((exit = style_check_layer(cmd, s, "content-layer", layer))) goto refused;
        s->content_layer = layer;
    }
    int count = ad_command_count(cmd, "style-layers");
    if (count > STYLE_MAX_LAYERS) {
        exit = ad_command_usage(cmd, "--style-layers: %d layers are more than %d", count,
                                STYLE_MAX_LAYERS);
        goto refused;
    }
    for (int i = 0; i < count; ++i) {
        s->style_layers[i] = ad_command_item(cmd, "style-layers", i);
        if ((exit = style_check_layer(cmd, s, "style-layers", s->style_layers[i]))) goto refused;
    }
    if (count) s->style_count = count;
    return style_load_backbone(cmd, s, m->weights, file);
refused:
    ad_file_close(file);
    return exit;
}
