/* texts.c - workloads on texts. */
#include "zoo/bench/bench.h"
#include "zoo/gpt/gpt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static gpt_config gpt2_like(int64_t layers, int64_t heads, int64_t width, int64_t block,
                            int64_t vocab)
{
    return (gpt_config){.arch = GPT_GPT2,
                        .layers = layers,
                        .heads = heads,
                        .kv_heads = heads,
                        .width = width,
                        .hidden = 4 * width,
                        .block = block,
                        .vocab = vocab,
                        .eps = 1e-5};
}

/* ---- training steps, as nanoGPT takes them ---- */

static ad_status train_gpt(bench_job *job, gpt_config config, int64_t batch, int64_t time)
{
    gpt_pass pass = {.config = &config, .vars = job->vars};
    pass.tokens = bench_integers(job, "tokens", ad_shape(batch, time), 0, config.vocab);
    ad_node *labels = bench_integers(job, "labels", ad_shape(batch, time), 0, config.vocab);
    ad_node *loss = gpt_loss(&pass, labels);
    job->optimizer[0] = ad_adamw(job->vars, NULL,
                                 (ad_adam_options){.lr = 1e-3, .beta2 = 0.99, .weight_decay = 0.1});
    ad_minimize_nodes nodes = ad_minimize_with(
        job->optimizer[0], loss, (ad_minimize_options){.max_norm = 1, .decay_matrices = true});
    bench_output(job, loss), bench_output(job, nodes.step);
    return AD_OK;
}

static ad_status gpt_char_build(bench_job *job)
{
    return train_gpt(job, gpt2_like(4, 4, 128, 64, 65), 12, 64);
}

static ad_status gpt_char_384_build(bench_job *job)
{
    return train_gpt(job, gpt2_like(6, 6, 384, 256, 65), 12, 256);
}

enum { GPT2_VOCAB = 50257 };

static ad_status gpt2_build(bench_job *job)
{
    return train_gpt(job, gpt2_like(12, 12, 768, 1024, GPT2_VOCAB), 4, 64);
}

/* Where the logits would be larger than everything else. */
static ad_status gpt2_long_build(bench_job *job)
{
    return train_gpt(job, gpt2_like(12, 12, 768, 1024, GPT2_VOCAB), 8, 512);
}

const bench_workload bench_gpt_char = {
    "gpt-char", "character GPT, 4 layers x 128, 12 x 64 tokens: training step",
    .build = gpt_char_build};
const bench_workload bench_gpt_char_384 = {
    "gpt-char-384", "character GPT, 6 layers x 384, 12 x 256 tokens: training step",
    .build = gpt_char_384_build};
const bench_workload bench_gpt2 = {"gpt2", "GPT-2 124M, 4 x 64 tokens: training step",
                                   .build = gpt2_build};
const bench_workload bench_gpt2_long = {"gpt2-long", "GPT-2 124M, 8 x 512 tokens: training step",
                                        .build = gpt2_long_build};

/* ---- making text ---- */

enum { PROMPT = 16, MADE = 64 };

typedef struct decoding {
    gpt_generator *generator;
    gpt_config config;
    const float *logits; /* after the last token */
} decoding;

static ad_status decode_build(bench_job *job)
{
    decoding *d = job->own = calloc(1, sizeof *d);
    if (!d) return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    d->config = gpt2_like(12, 12, 768, 1024, GPT2_VOCAB);
    bench_integers(job, "prompt", ad_shape(1, PROMPT), 0, GPT2_VOCAB);
    ad_quantized form;
    ad_dtype matrices = job->precision == AD_PRECISION_BF16 ? AD_BF16 : AD_F32;
    ad_status status = gpt_quantized_form(job->blocks, &form)
                           ? gpt_declare_quantized(job->vars, &d->config, form)
                           : gpt_declare(job->vars, &d->config, matrices);
    return status ? status
                  : gpt_generator_new(&d->generator, job->ctx, &d->config, job->vars,
                                      gpt_precision_with(job->ctx, matrices));
}

static ad_status decode_run(bench_job *job)
{
    decoding *d = job->own;
    const int32_t *prompt = ad_variable_data(job->inputs, ad_var_find(job->inputs, "prompt"));
    gpt_generator_reset(d->generator);
    ad_status status = gpt_generator_feed(d->generator, prompt, PROMPT, &d->logits);
    for (int made = 0; made < MADE && !status; ++made) {
        int32_t best = 0;
        for (int32_t t = 1; t < GPT2_VOCAB; ++t)
            if (d->logits[t] > d->logits[best]) best = t;
        status = gpt_generator_feed(d->generator, &best, 1, &d->logits);
    }
    return status;
}

static double decode_check(bench_job *job)
{
    const decoding *d = job->own;
    double sum = 0;
    for (int t = 0; t < GPT2_VOCAB; ++t) sum += fabs((double)d->logits[t]);
    return sum / GPT2_VOCAB;
}

/* What a token reads: all weights but those of other positions. */
static double decode_bytes(const bench_job *job)
{
    double bytes = 0;
    for (int i = 0; i < ad_vars_count(job->vars); ++i) {
        const ad_variable *v = ad_vars_at(job->vars, i);
        if (!strcmp(ad_variable_name(v), "transformer.wpe.weight")) continue;
        bytes += (double)ad_shape_bytes(ad_variable_shape(v), ad_variable_dtype(v));
    }
    return bytes;
}

static void decode_end(bench_job *job)
{
    decoding *d = job->own;
    if (d) gpt_generator_free(d->generator);
    free(d);
}

const bench_workload bench_gpt2_decode = {
    "gpt2-decode",         "GPT-2 124M, greedy, 64 tokens after 16: a token",
    .blocks = true,        .units = MADE,
    .build = decode_build, .run = decode_run,
    .check = decode_check, .bytes = decode_bytes,
    .end = decode_end};

/* ---- attention alone ---- */

static ad_status attention_build(bench_job *job)
{
    ad_node *x = bench_reals(job, "qkv", ad_shape(1, 1024, 3 * 768), -1.7, 1.7), *gradient;
    ad_node *seed = bench_reals(job, "gradient", ad_shape(1, 1024, 768), -1, 1);
    ad_node *y = ad_self_attention(x, 12, 0, (ad_attention_options){.causal = true});
    ad_gradients_seeded(&y, &seed, 1, &x, 1, &gradient);
    bench_output(job, ad_mean(ad_square(y), AD_ALL_AXES, false));
    bench_output(job, y), bench_output(job, gradient);
    return AD_OK;
}

const bench_workload bench_attention = {
    "attention", "causal attention, 12 heads x 64, 1024 tokens: forward and backward",
    .build = attention_build};
