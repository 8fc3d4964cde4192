/* pictures.c - workloads on pictures and boards. */
#include "zoo/bench/bench.h"
#include "zoo/style/net.h"
#include "zoo/classify/classify.h"
#include "zoo/style/style.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one iteration of style transfer ---- */

enum { SIDE = 512 };

static const style_settings settings = {
    .backbone = VISION_VGG19,
    .content_weight = 1e5,
    .style_weight = 3e4,
    .content_layer = "relu4_2",
    .style_layers = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"},
    .style_count = 5};

/* Waves of several lengths, another phase for each picture. */
static void draw(float *to, double phase)
{
    for (int y = 0; y < SIDE; ++y)
        for (int x = 0; x < SIDE; ++x)
            for (int c = 0; c < 3; ++c)
                to[(y * SIDE + x) * 3 + c] = (float)(127.5 + 60 * sin(0.05 * x + phase + c) +
                                                     60 * cos(0.083 * y * (c + 1) - phase));
}

static ad_status style_build(bench_job *job)
{
    ad_shape shape = ad_shape(1, SIDE, SIDE, 3);
    float *pixels = bench_array(job, "image", AD_F32, shape);
    if (!pixels) return ad_error_status(job->ctx);
    draw(pixels, 0.5);
    ad_node *image = ad_input(job->graph, "image", AD_F32, shape), *gradient;
    style_loss loss = style_loss_build(&settings, job->vars, image, NULL);
    ad_gradients(loss.total, &image, 1, &gradient);
    bench_output(job, loss.total), bench_output(job, gradient);
    return AD_OK;
}

static ad_status keep(bench_job *job, const char *name, ad_shape shape, float **data, size_t bytes)
{
    float *copy = bench_array(job, name, AD_F32, shape);
    if (!copy) return ad_error_status(job->ctx);
    memcpy(copy, *data, bytes);
    return AD_OK;
}

/* What the picture is drawn towards comes from two more pictures. */
static ad_status style_ready(bench_job *job)
{
    static const int64_t channels[] = {64, 128, 256, 512, 512};
    style_pixels photo = {0}, painting = {0};
    style_targets *targets = job->own = calloc(1, sizeof *targets);
    ad_status status = targets ? style_pixels_new(&photo, job->ctx, SIDE, SIDE) : AD_ERROR_MEMORY;
    if (!status) status = style_pixels_new(&painting, job->ctx, SIDE, SIDE);
    if (!status) {
        draw(photo.data, 0), draw(painting.data, 1);
        status = style_targets_compute(targets, job->ctx, &settings, job->vars, &photo, &painting,
                                       (double[]){1}, 1);
    }
    if (!status) status = style_targets_bind(targets, job->program);
    if (!status)
        status = keep(job, "target_content", ad_shape(1, SIDE / 8, SIDE / 8, 512),
                      &targets->content, targets->content_bytes);
    for (int i = 0; i < settings.style_count && !status; ++i) {
        char name[32];
        snprintf(name, sizeof name, "target_gram%d", i);
        status = keep(job, name, ad_shape(channels[i], channels[i]), &targets->gram[i],
                      targets->gram_bytes[i]);
    }
    style_pixels_free(&photo), style_pixels_free(&painting);
    return status;
}

static void end_style(bench_job *job)
{
    if (job->own) style_targets_free(job->own);
    free(job->own);
}

const bench_workload bench_style = {.name = "style",
                                    .what = "style transfer, VGG-19 to relu5_1, 512 x 512: loss "
                                            "and gradient",
                                    .build = style_build,
                                    .ready = style_ready,
                                    .end = end_style};

/* ---- one step of DeepDream ---- */

static ad_status dream_build(bench_job *job)
{
    static const char *const layer = "Mixed_6c"; /* the usual one */
    const char *names[VISION_MAX_LAYERS];
    const vision_form form = {.kind = VISION_INCEPTION_V3,
                              .layers = vision_layers(VISION_INCEPTION_V3, names)};
    ad_node *x = bench_reals(job, "image", ad_shape(1, 400, 600, 3), -2, 2), *a, *gradient;
    vision_build_form(job->vars, "", &form, VISION_MAX, x, &layer, 1, &a);
    ad_node *objective = ad_mean(ad_square(a), AD_ALL_AXES, false);
    ad_gradients(objective, &x, 1, &gradient);
    bench_output(job, objective), bench_output(job, gradient);
    return AD_OK;
}

const bench_workload bench_dream = {
    "dream", "DeepDream, Inception v3 to Mixed_6c, 600 x 400: objective and gradient",
    .build = dream_build};

/* ---- ResNet-20 ---- */

static ad_status resnet20_build(bench_job *job)
{
    const classify_model model = {
        .kind = CLASSIFY_RESNET20, .height = 32, .width = 32, .channels = 3, .classes.count = 10};
    ad_mode mode = {.training = true};
    ad_node *image = bench_reals(job, "image", ad_shape(128, 32, 32, 3), -2, 2);
    ad_node *labels = bench_integers(job, "labels", ad_shape(128), 0, 10);
    ad_node *logits = classify_network(&model, job->vars, image, &mode);
    ad_node *loss = ad_cross_entropy_loss(logits, labels);
    job->optimizer[0] = ad_sgd(job->vars, NULL, (ad_sgd_options){.lr = 0.1, .momentum = 0.9});
    bench_output(job, loss);
    bench_output(job, ad_minimize(job->optimizer[0], loss));
    for (int i = 0; i < mode.update_count; ++i) bench_output(job, mode.updates[i]);
    return AD_OK;
}

const bench_workload bench_resnet20 = {
    "resnet20", "ResNet-20, 128 pictures of 32 x 32: training step", .build = resnet20_build};

/* ---- a network for Go, Silver et al. 2017 ---- */

enum { BOARD = 9, PLANES = 17, FILTERS = 96, BLOCKS = 6 };

static ad_node *conv_norm(bench_job *job, const char *conv, const char *bn, ad_node *x,
                          int64_t channels, int kernel)
{
    x = ad_conv2d_layer(
        job->vars, conv, x, channels,
        (ad_conv_layer){.kernel = kernel, .conv = {.pad = kernel / 2}, .no_bias = true});
    return ad_batch_norm_layer(job->vars, bn, x, (ad_batch_norm_options){0});
}

static ad_status alphazero_build(bench_job *job)
{
    ad_node *x = bench_reals(job, "board", ad_shape(16, BOARD, BOARD, PLANES), 0, 1);
    ad_linear_options plain = {0};
    char conv[32], bn[32];
    x = ad_relu(conv_norm(job, "conv_in", "bn_in", x, FILTERS, 3));
    for (int i = 0; i < BLOCKS; ++i) {
        ad_node *y = x;
        for (int k = 1; k <= 2; ++k) {
            snprintf(conv, sizeof conv, "blocks.%d.conv%d", i, k);
            snprintf(bn, sizeof bn, "blocks.%d.bn%d", i, k);
            y = conv_norm(job, conv, bn, y, FILTERS, 3);
            y = ad_relu(k == 2 ? ad_add(y, x) : y);
        }
        x = y;
    }
    ad_node *p = ad_relu(conv_norm(job, "policy_conv", "policy_bn", x, 2, 1));
    ad_node *v = ad_relu(conv_norm(job, "value_conv", "value_bn", x, 1, 1));
    p = ad_linear(job->vars, "policy_fc", ad_flatten(p, 1), BOARD * BOARD + 1, plain);
    v = ad_relu(ad_linear(job->vars, "value_fc1", ad_flatten(v, 1), 64, plain));
    v = ad_tanh(ad_linear(job->vars, "value_fc2", v, 1, plain));
    bench_output(job, ad_mean(v, AD_ALL_AXES, false));
    bench_output(job, v), bench_output(job, ad_softmax(p, 1));
    return AD_OK;
}

const bench_workload bench_alphazero = {
    "alphazero", "AlphaZero's network, 6 x 96, 16 boards of 9 x 9: policy and value",
    .build = alphazero_build};

/* ---- a network that paints at once ---- */

static ad_status johnson_build(bench_job *job)
{
    enum { PAINTED = 512 };
    ad_node *image = bench_reals(job, "image", ad_shape(1, PAINTED, PAINTED, 3), 0, 255);
    ad_node *painted = style_net_build(job->vars, &(style_net_form){0}, image, NULL);
    bench_output(job, ad_mean(ad_square(painted), AD_ALL_AXES, false));
    bench_output(job, painted);
    return AD_OK;
}
const bench_workload bench_johnson = {
    "johnson", "a network that paints at once (Johnson et al. 2016), 512 x 512: forward",
    .build = johnson_build};
