/* make.c - `autodidact style make CONTENT STYLE... -o OUT`. */
#include "zoo/style/style.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PAINTINGS = 16, SMALLEST_SIDE = 32 };

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, NULL, NULL, 0, 0, NULL, true,
     "where the picture goes (.png, .jpg, .webp)"},
    {"size", 0, AD_OPTION_INT, "512", NULL, SMALLEST_SIDE, 1 << 16, "PIXELS", false,
     "longer side of the picture"},
    {"steps", 0, AD_OPTION_INT, "300", NULL, 1, 1e9, NULL, false,
     "optimisation steps, over all scales"},
    {"optimizer", 0, AD_OPTION_CHOICE, "lbfgs", "lbfgs|adam", 0, 0, NULL, false,
     "how the pixels are moved"},
    {"init", 0, AD_OPTION_CHOICE, "content", "content|style|noise", 0, 0, NULL, false,
     "the picture to start from"},
    {"content-weight", 0, AD_OPTION_REAL, "1e5", NULL, 0, 1e30, NULL, false,
     "how much the photo counts"},
    {"style-weight", 0, AD_OPTION_REAL, "3e4", NULL, 0, 1e30, NULL, false,
     "how much the painting counts"},
    {"tv-weight", 0, AD_OPTION_REAL, "1", NULL, 0, 1e30, NULL, false, "how much smoothness counts"},
    {"content-layer", 0, AD_OPTION_TEXT, NULL, NULL, 0, 0, "LAYER", false,
     "layer in which the photo is matched (default: relu4_2; vgg16: relu2_2)"},
    {"style-layers", 0, AD_OPTION_TEXTS, NULL, NULL, 0, 0, "LAYERS", false,
     "layers in which the painting is matched (default: relu1_1 to relu5_1; vgg16: relu1_2 to "
     "relu4_3)"},
    {"style-blend", 0, AD_OPTION_REALS, NULL, NULL, 0, 1e30, "W1,W2,...", false,
     "weight of each painting (default: equal)"},
    {"style-scale", 0, AD_OPTION_REAL, "1", NULL, 0.05, 20, NULL, false,
     "size of the paintings relative to the picture: larger makes larger strokes"},
    {"keep-color", 0, AD_OPTION_FLAG, NULL, NULL, 0, 0, NULL, false,
     "keep the photo's colours, paint its luminance"},
    {"mask", 0, AD_OPTION_FILE, NULL, NULL, 0, 0, NULL, false,
     "paint only where this picture is white"},
    {"scales", 0, AD_OPTION_INT, "1", NULL, 1, 8, NULL, false,
     "sizes to paint at, coarse to fine, each twice the last"},
    {"lr", 0, AD_OPTION_REAL, "10", NULL, 1e-6, 1e6, NULL, false,
     "adam: step in grey levels of 0..255"},
    {"history", 0, AD_OPTION_INT, "20", NULL, 1, 1000, NULL, false,
     "lbfgs: steps that are remembered"},
    {"seed", 0, AD_OPTION_INT, "0", NULL, 0, 0, NULL, false, "seed of the noise to start from"},
    {"save-every", 0, AD_OPTION_INT, NULL, NULL, 1, 1e9, "STEPS", false,
     "also save OUT-0040.png and so on"},
    STYLE_NETWORK_OPTIONS,
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct make {
    ad_command *cmd;
    ad_context *ctx;
    style_settings settings;
    ad_vars *weights;
    ad_image *photo, *grey, *mask; /* as read; the grey photo with --keep-color */
    ad_image *painting[MAX_PAINTINGS];
    double blend[MAX_PAINTINGS];
    int paintings;
    int64_t steps, step_base; /* over all scales; done at earlier ones */
    ad_image *shown_photo;    /* at the current size, for --keep-color */
    style_progress last;
    ad_status frame_status;
} make;

static bool failed(make *m, ad_status status)
{
    if (status) ad_command_fail(m->cmd, "%s", ad_error(m->ctx));
    return status != AD_OK;
}

/* ---- what is given ---- */

static ad_image *read_picture(make *m, const char *path, int channels)
{
    ad_image *image = NULL;
    if (failed(m,
               ad_image_read(m->ctx, path, &(ad_image_read_options){.channels = channels}, &image)))
        return NULL;
    if (image->note[0]) ad_command_note(m->cmd, "%s: %s", path, image->note);
    return image;
}

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

/* Exit statuses: 0, or the error has been reported. */
static int read_pictures(make *m)
{
    m->paintings = ad_command_operands(m->cmd) - 1;
    if (m->paintings > MAX_PAINTINGS)
        return ad_command_usage(m->cmd, "%d paintings are more than %d", m->paintings,
                                MAX_PAINTINGS);
    int weights = ad_command_count(m->cmd, "style-blend");
    if (weights && weights != m->paintings)
        return ad_command_usage(m->cmd, "--style-blend: %d weights for %d paintings", weights,
                                m->paintings);
    double sum = 0;
    for (int i = 0; i < m->paintings; ++i)
        sum += m->blend[i] = weights ? ad_command_real_item(m->cmd, "style-blend", i) : 1;
    if (!(sum > 0)) return ad_command_usage(m->cmd, "--style-blend: the weights add up to 0");

    if (!(m->photo = read_picture(m, ad_command_operand(m->cmd, 0), 3))) return AD_EXIT_FAILURE;
    for (int i = 0; i < m->paintings; ++i) {
        m->blend[i] /= sum;
        if (!(m->painting[i] = read_picture(m, ad_command_operand(m->cmd, 1 + i), 3)))
            return AD_EXIT_FAILURE;
    }
    const char *mask = ad_command_text(m->cmd, "mask");
    if (mask && !(m->mask = read_picture(m, mask, 1))) return AD_EXIT_FAILURE;
    if (!ad_command_flag(m->cmd, "keep-color")) return AD_EXIT_OK;
    if (failed(m, to_luminance(m->ctx, m->photo, NULL, &m->grey))) return AD_EXIT_FAILURE;
    for (int i = 0; i < m->paintings; ++i) {
        ad_image *grey = NULL;
        if (failed(m, to_luminance(m->ctx, m->painting[i], m->grey, &grey))) return AD_EXIT_FAILURE;
        ad_image_free(m->painting[i]);
        m->painting[i] = grey;
    }
    return AD_EXIT_OK;
}

static int read_settings(make *m, ad_file *file)
{
    ad_command *cmd = m->cmd;
    style_settings *s = &m->settings;
    s->content_weight = ad_command_real(cmd, "content-weight");
    s->style_weight = ad_command_real(cmd, "style-weight");
    s->tv_weight = ad_command_real(cmd, "tv-weight");
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

/* ---- what is made ---- */

static ad_status save(make *m, const style_pixels *picture, const char *path)
{
    ad_image *image = NULL, *coloured = NULL;
    ad_status status = style_pixels_to(picture, m->ctx, &image);
    if (!status && m->grey) status = ad_image_keep_color(m->ctx, image, m->shown_photo, &coloured);
    if (!status) status = ad_image_write(m->ctx, path, coloured ? coloured : image, NULL);
    ad_image_free(coloured);
    ad_image_free(image);
    return status;
}

/* OUT.png and 40 -> OUT-0040.png */
static void frame_path(char *path, size_t size, const char *output, int64_t step)
{
    const char *dot = strrchr(output, '.');
    snprintf(path, size, "%.*s-%04lld%s", (int)(dot - output), output, (long long)step, dot);
}

static bool after_step(void *user, const style_progress *progress)
{
    make *m = user;
    int64_t step = m->step_base + progress->step, every = ad_command_int(m->cmd, "save-every");
    ad_metric metrics[] = {{"loss", progress->total},
                           {"content", progress->content},
                           {"style", progress->style},
                           {"tv", progress->tv}};
    ad_command_step(m->cmd, step, m->steps, metrics, 4);
    m->last = *progress;
    m->last.step = step;
    if (every > 0 && step % every == 0) {
        char path[4096];
        frame_path(path, sizeof path, ad_command_text(m->cmd, "output"), step);
        if ((m->frame_status = save(m, progress->picture, path))) return false;
    }
    return !ad_command_interrupted(m->cmd);
}

/* A picture resized to height x width (or, without a height, to the longer side), as pixels. */
static ad_status sized(make *m, const ad_image *image, int64_t width, int64_t height,
                       style_pixels *pixels)
{
    ad_image *resized = NULL;
    ad_status status = ad_image_resize(m->ctx, image, width, height, NULL, &resized);
    if (!status) status = style_pixels_from(pixels, m->ctx, resized);
    ad_image_free(resized);
    return status;
}

/* The longer side of painting i when the picture's is `side`. */
static ad_status sized_painting(make *m, int i, int64_t side, style_pixels *pixels)
{
    const ad_image *painting = m->painting[i];
    int64_t width, height, longer = llround((double)side * ad_command_real(m->cmd, "style-scale"));
    ad_image_fit_size(painting->width, painting->height,
                      longer < SMALLEST_SIDE ? SMALLEST_SIDE : longer, &width, &height);
    if (width < SMALLEST_SIDE) width = SMALLEST_SIDE;
    if (height < SMALLEST_SIDE) height = SMALLEST_SIDE;
    return sized(m, painting, width, height, pixels);
}

/* The first picture, or the last scale's enlarged. */
static ad_status start(make *m, const style_pixels *photo, style_pixels *picture)
{
    if (picture->data) {
        ad_image *coarse = NULL;
        ad_status status = style_pixels_to(picture, m->ctx, &coarse);
        style_pixels_free(picture);
        if (!status) status = sized(m, coarse, photo->width, photo->height, picture);
        ad_image_free(coarse);
        return status;
    }
    int init = ad_command_choice(m->cmd, "init");
    if (init == 1) return sized(m, m->painting[0], photo->width, photo->height, picture);
    ad_status status = style_pixels_new(picture, m->ctx, photo->height, photo->width);
    if (status) return status;
    memcpy(picture->data, photo->data, photo->bytes);
    if (init == 2)
        status = style_pixels_noise(picture, m->ctx, (uint64_t)ad_command_int(m->cmd, "seed"), 0,
                                    255);
    return status;
}

/* Paints at one size. `picture` is the coarser result (or empty) and becomes this one's. */
static ad_status paint(make *m, int64_t side, int64_t steps, style_pixels *picture, style_end *end)
{
    style_pixels photo = {0}, paintings[MAX_PAINTINGS] = {{0}};
    style_targets targets = {0};
    ad_image *mask = NULL;
    int64_t width, height;
    ad_image_fit_size(m->photo->width, m->photo->height, side, &width, &height);
    if (width < SMALLEST_SIDE) width = SMALLEST_SIDE;
    if (height < SMALLEST_SIDE) height = SMALLEST_SIDE;
    ad_image_free(m->shown_photo);
    m->shown_photo = NULL;
    ad_status status = ad_image_resize(m->ctx, m->photo, width, height, NULL, &m->shown_photo);
    if (!status) status = sized(m, m->grey ? m->grey : m->photo, width, height, &photo);
    for (int i = 0; i < m->paintings && !status; ++i)
        status = sized_painting(m, i, side, &paintings[i]);
    if (!status && m->mask)
        status = ad_image_resize(m->ctx, m->mask, width, height,
                                 &(ad_image_resize_options){.encoded = true}, &mask);
    if (!status)
        status = style_targets_compute(&targets, m->ctx, &m->settings, m->weights, &photo,
                                       paintings, m->blend, m->paintings);
    for (int i = 0; i < m->paintings; ++i) style_pixels_free(&paintings[i]);
    if (!status) status = start(m, &photo, picture);
    if (!status)
        status = style_optimize(m->ctx, &m->settings, m->weights, &targets, &photo,
                                mask ? mask->data : NULL, steps, picture, after_step, m, end);
    if (!status) status = m->frame_status;
    style_targets_free(&targets);
    ad_image_free(mask);
    style_pixels_free(&photo);
    return status;
}

static int64_t side_of_scale(int64_t side, int scale, int scales)
{
    int64_t s = side >> (scales - 1 - scale);
    return s < SMALLEST_SIDE ? SMALLEST_SIDE : s;
}

static int report(make *m, style_end end)
{
    ad_command *cmd = m->cmd;
    const char *output = ad_command_text(cmd, "output");
    static const char *const why[] = {"done", "converged", "stopped"};
    if (ad_command_json(cmd)) {
        ad_json_begin(cmd, "done");
        ad_json_text(cmd, "output", output);
        ad_json_text(cmd, "end", why[end]);
        ad_json_int(cmd, "steps", m->last.step);
        ad_json_real(cmd, "loss", m->last.total);
        ad_json_real(cmd, "content", m->last.content);
        ad_json_real(cmd, "style", m->last.style);
        ad_json_real(cmd, "tv", m->last.tv);
        ad_json_real(cmd, "seconds", ad_command_seconds(cmd));
        ad_json_int(cmd, "memory_peak", (int64_t)ad_context_memory_peak(m->ctx));
        ad_json_end(cmd);
    } else {
        ad_command_note(cmd, "%s: %s after %lld steps, loss %.4g, %.1f s", output, why[end],
                        (long long)m->last.step, m->last.total, ad_command_seconds(cmd));
    }
    return AD_EXIT_OK;
}

static int run(ad_command *cmd)
{
    make m = {.cmd = cmd, .ctx = ad_command_context(cmd)};
    const char *output = ad_command_text(cmd, "output");
    style_pixels picture = {0};
    style_end end = STYLE_DONE;
    ad_file *file;
    int exit = AD_EXIT_FAILURE;
    if (!m.ctx) return exit;
    if (failed(&m, ad_image_can_write(m.ctx, output))) return exit;
    if ((exit = style_open_backbone(cmd, &m.settings, &m.weights, &file))) goto done;
    if ((exit = read_settings(&m, file)) || (exit = read_pictures(&m))) goto done;
    (void)ad_command_interrupted(cmd); /* from here on Ctrl-C keeps the picture */
    ad_command_start(cmd);
    int scales = (int)ad_command_int(cmd, "scales");
    int64_t side = ad_command_int(cmd, "size");
    ad_status status = AD_OK;
    for (int i = 0; i < scales && !status && end != STYLE_STOPPED; ++i) {
        m.step_base = m.steps * i / scales;
        int64_t steps = m.steps * (i + 1) / scales - m.step_base;
        if (steps) status = paint(&m, side_of_scale(side, i, scales), steps, &picture, &end);
    }
    exit = status ? ad_command_fail(cmd, "%s", ad_error(m.ctx)) : AD_EXIT_OK;
    /* After an error too: the last good picture is worth having, if any step was made. */
    if (picture.data && (!status || m.last.step) && !m.frame_status) {
        if (failed(&m, save(&m, &picture, output)))
            exit = AD_EXIT_FAILURE;
        else if (status)
            ad_command_note(cmd, "%s: the last good picture, after %lld steps", output,
                            (long long)m.last.step);
        else
            exit = report(&m, end);
    }
done:
    style_pixels_free(&picture);
    ad_vars_free(m.weights);
    for (int i = 0; i < MAX_PAINTINGS; ++i) ad_image_free(m.painting[i]);
    ad_image_free(m.photo);
    ad_image_free(m.grey);
    ad_image_free(m.mask);
    ad_image_free(m.shown_photo);
    return exit;
}

const ad_verb style_make_verb = {
    "style",
    "make",
    "CONTENT STYLE...",
    options,
    run,
    "paint a photo in the style of one or more paintings",
    "Moves the pixels of a picture until a network sees the photo's content and the paintings' "
    "style in it "
    "(Gatys, Ecker and Bethge, 2016).\n\n"
    "More style: raise --style-weight. Too noisy: raise --tv-weight. Larger strokes: --style-scale "
    "1.5 or "
    "--scales 3. Ctrl-C saves the picture as it is.\n\n"
    "  autodidact style make photo.jpg painting.jpg -o out.png\n"
    "  autodidact style make photo.jpg a.jpg b.jpg --style-blend 3,1 --keep-color -o out.png\n"
    "  autodidact style make photo.jpg painting.jpg --weights vgg19.pth --size 1024 --scales 3 -o "
    "out.jpg",
    false,
};
