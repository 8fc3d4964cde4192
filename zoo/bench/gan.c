/* gan.c - workloads of generative adversarial networks: steps of DCGAN (Radford et al. 2016) and of
 * a critic with a gradient penalty (Gulrajani et al. 2017), whose step has second derivatives.
 *
 * The DCGAN of PyTorch's tutorial is built here; the others are zoo/gan's, as it trains them. */
#include "zoo/bench/bench.h"
#include "zoo/gan/gan.h"

#include <stdio.h>

enum { SIDE = 64, LATENT = 100 };
static const ad_adam_options dcgan_adam = {.lr = 2e-4, .beta1 = 0.5};

/* ---- the networks of PyTorch's tutorial ---- */

static const ad_init dcgan_init = {.kind = AD_INIT_NORMAL, .a = 0.02};

static ad_node *norm(bench_job *job, const char *name, ad_node *x, bool update)
{
    ad_node *moved = NULL;
    x = ad_batch_norm_layer(job->vars, name, x,
                            (ad_batch_norm_options){.training = true, .update = &moved});
    if (update) bench_output(job, moved);
    return x;
}

static ad_node *generator(bench_job *job, ad_node *x)
{
    static const int channels[] = {512, 256, 128, 64, 3};
    char name[48];
    for (int i = 0; i < 5; ++i) {
        ad_conv conv = {.stride = i ? 2 : 1, .pad = i ? 1 : 0};
        snprintf(name, sizeof name, "netG.main.%d", 3 * i);
        x = ad_conv2d_transposed_layer(
            job->vars, name, x, channels[i], 0,
            (ad_conv_layer){.kernel = 4, .conv = conv, .no_bias = true, .init = dcgan_init});
        snprintf(name, sizeof name, "netG.main.%d", 3 * i + 1);
        if (i < 4) x = ad_relu(norm(job, name, x, true));
    }
    return ad_tanh(x);
}

static ad_node *discriminator(bench_job *job, ad_node *x, bool update)
{
    static const int channels[] = {64, 128, 256, 512, 1};
    char name[48];
    for (int i = 0; i < 5; ++i) {
        ad_conv conv = {.stride = i < 4 ? 2 : 1, .pad = i < 4 ? 1 : 0};
        snprintf(name, sizeof name, "netD.main.%d", i ? 3 * i - 1 : 0);
        x = ad_conv2d_layer(
            job->vars, name, x, channels[i],
            (ad_conv_layer){.kernel = 4, .conv = conv, .no_bias = true, .init = dcgan_init});
        snprintf(name, sizeof name, "netD.main.%d", 3 * i);
        if (i && i < 4) x = norm(job, name, x, update);
        if (i < 4) x = ad_leaky_relu(x, 0.2);
    }
    return x;
}

/* ---- a step of both ---- */

/* What is said of the same made pictures trains both networks, which move together. */
static ad_status step_of_both(bench_job *job, const char *const *name, ad_node *real, ad_node *fake)
{
    ad_node *loss_d = gan_discriminator_loss(GAN_BCE, real, fake);
    ad_node *loss_g = gan_generator_loss(GAN_BCE, fake);
    job->output[0] = ad_add(loss_d, loss_g);
    job->optimizer[0] = ad_adam(job->vars, name[0], dcgan_adam);
    job->optimizer[1] = ad_adam(job->vars, name[1], dcgan_adam);
    bench_output(job, ad_minimize(job->optimizer[0], loss_d));
    bench_output(job, ad_minimize(job->optimizer[1], loss_g));
    return AD_OK;
}

static ad_status dcgan_build(bench_job *job)
{
    static const char *const names[] = {"netD", "netG"};
    ad_node *noise = bench_reals(job, "noise", ad_shape(128, 1, 1, LATENT), -1.7, 1.7);
    ad_node *real = bench_reals(job, "real", ad_shape(128, SIDE, SIDE, 3), -1, 1);
    job->outputs = 1; /* the loss goes first */
    ad_node *fake = discriminator(job, generator(job, noise), true);
    return step_of_both(job, names, discriminator(job, real, false), fake);
}

const bench_workload bench_dcgan = {
    "dcgan", "DCGAN, 128 pictures of 64 x 64: step of both networks", .build = dcgan_build};

/* ---- zoo/gan's networks ---- */

typedef struct inputs {
    gan_model model;
    ad_node *noise, *real;
} inputs;

static inputs inputs_of(bench_job *job, int64_t batch, int64_t width, int64_t channels)
{
    return (inputs){.model = {.kind = GAN_DCGAN,
                              .latent = LATENT,
                              .width = width,
                              .height = SIDE,
                              .breadth = SIDE,
                              .channels = channels},
                    .noise = bench_reals(job, "noise", ad_shape(batch, 1, 1, LATENT), -1.7, 1.7),
                    .real = bench_reals(job, "real", ad_shape(batch, SIDE, SIDE, channels), -1, 1)};
}

static ad_node *make(bench_job *job, const inputs *in, ad_mode *mode)
{
    return gan_generate(&in->model, job->vars, ad_flatten(in->noise, 1), NULL, mode);
}

static ad_status both_build(bench_job *job, int64_t batch, int64_t width, int64_t channels)
{
    static const char *const names[] = {"discriminator", "generator"};
    inputs in = inputs_of(job, batch, width, channels);
    ad_mode judging = {.training = true}, making = {.training = true}, other = {.training = true};
    job->outputs = 1; /* the loss goes first */
    ad_node *fake = gan_judge(&in.model, job->vars, make(job, &in, &making), NULL, &judging);
    ad_node *real = gan_judge(&in.model, job->vars, in.real, NULL, &other);
    for (int i = 0; i < making.update_count; ++i) bench_output(job, making.updates[i]);
    for (int i = 0; i < judging.update_count; ++i) bench_output(job, judging.updates[i]);
    return step_of_both(job, names, real, fake);
}

/* Wasserstein's loss and 10 times E (|d critic / d x'| - 1)^2, x' between a real and a made
 * picture; the generator makes pictures and learns nothing. */
static ad_status critic_build(bench_job *job, int64_t batch, int64_t width, int64_t channels)
{
    inputs in = inputs_of(job, batch, width, channels);
    ad_node *share = bench_reals(job, "share", ad_shape(batch, 1, 1, 1), 0, 1);
    ad_mode making = {.training = true};
    in.model.plain = true;
    ad_node *made = ad_stop_gradient(make(job, &in, &making));
    ad_node *middle = ad_add(made, ad_mul(share, ad_sub(in.real, made)));
    ad_node *real = gan_judge(&in.model, job->vars, in.real, NULL, NULL);
    ad_node *fake = gan_judge(&in.model, job->vars, made, NULL, NULL);
    ad_node *off = gan_gradient_off_one(gan_judge(&in.model, job->vars, middle, NULL, NULL),
                                        middle);
    ad_node *loss = ad_add(gan_discriminator_loss(GAN_WASSERSTEIN, real, fake),
                           ad_mul_scalar(off, 10));
    bench_output(job, loss);
    job->optimizer[0] = ad_adam(job->vars, "discriminator", dcgan_adam);
    bench_output(job, ad_minimize(job->optimizer[0], loss));
    return AD_OK;
}

static ad_status dcgan_128_build(bench_job *job)
{
    return both_build(job, 64, 128, 1);
}

static ad_status dcgan_1024_build(bench_job *job)
{
    return both_build(job, 128, 1024, 3);
}

static ad_status wgan_gp_build(bench_job *job)
{
    return critic_build(job, 128, 512, 3);
}

static ad_status wgan_gp_128_build(bench_job *job)
{
    return critic_build(job, 64, 128, 1);
}

static ad_status wgan_gp_1024_build(bench_job *job)
{
    return critic_build(job, 128, 1024, 3);
}

const bench_workload bench_dcgan_128 = {
    "dcgan-128", "DCGAN of width 128, 64 grey pictures of 64 x 64: step of both networks",
    .build = dcgan_128_build};
const bench_workload bench_dcgan_1024 = {
    "dcgan-1024", "DCGAN of width 1024, 128 pictures of 64 x 64: step of both networks",
    .alone = true, .build = dcgan_1024_build};
const bench_workload bench_wgan_gp = {
    "wgan-gp", "WGAN-GP, 128 pictures of 64 x 64: step of the critic, with second derivatives",
    .build = wgan_gp_build};
const bench_workload bench_wgan_gp_128 = {
    "wgan-gp-128", "WGAN-GP of width 128, 64 grey pictures of 64 x 64: step of the critic",
    .build = wgan_gp_128_build};
const bench_workload bench_wgan_gp_1024 = {
    "wgan-gp-1024", "WGAN-GP of width 1024, 128 pictures of 64 x 64: step of the critic",
    .alone = true, .build = wgan_gp_1024_build};
