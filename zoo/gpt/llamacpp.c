/* llamacpp.c - models of llama.cpp: what a GGUF file of the architectures gpt2 and llama says of
 * its network. Its tensors and its vocabulary are the library's matter. */
#include "zoo/gpt/gpt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    ad_context *ctx;
    const ad_file *file;
    const char *architecture;
    ad_status status;
} reader;

static const char *value(reader *r, const char *key, const char *initial)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%s", r->architecture, key);
    const char *text = ad_file_metadata(r->file, full);
    if (!text && !initial && !r->status)
        r->status = ad_error_set(r->ctx, AD_ERROR_FORMAT, "%s: there is no %s",
                                 ad_file_path(r->file), full);
    return text ? text : initial ? initial : "0";
}

static int64_t whole(reader *r, const char *key, const char *initial)
{
    return strtoll(value(r, key, initial), NULL, 10);
}

static double real(reader *r, const char *key, const char *initial)
{
    return strtod(value(r, key, initial), NULL);
}

/* A setting that changes what is computed, and that the layers here do not have. */
static void want(reader *r, bool good, const char *what)
{
    if (!good && !r->status)
        r->status = ad_error_set(r->ctx, AD_ERROR_UNSUPPORTED, "%s: %s is not supported",
                                 ad_file_path(r->file), what);
}

static bool has_biases(const ad_file *file)
{
    for (int i = 0; i < ad_file_count(file); ++i) {
        const char *name = ad_file_at(file, i)->name, *dot = strrchr(name, '.');
        if (dot && !strcmp(dot, ".bias")) return true;
    }
    return false;
}

static void read_llama(reader *r, gpt_config *c)
{
    c->arch = GPT_LLAMA;
    c->kv_heads = whole(r, "attention.head_count_kv", value(r, "attention.head_count", NULL));
    c->eps = real(r, "attention.layer_norm_rms_epsilon", NULL);
    c->rope_theta = real(r, "rope.freq_base", "10000");
    want(r,
         !strcmp(value(r, "rope.scaling.type", "none"), "none") &&
             ad_file_find(r->file, "rope_freqs.weight") < 0,
         "scaled rotary positions");
    want(r, !has_biases(r->file), "a bias");
    want(r, whole(r, "expert_count", "0") == 0, "a mixture of experts");
    int64_t dim = c->heads > 0 ? c->width / c->heads
                               : 0; /* sizes that fit nothing are refused later */
    if (dim > 0)
        want(r, whole(r, "rope.dimension_count", "0") % dim == 0,
             "a rope.dimension_count other than that of a head");
}

ad_status gpt_read_gguf(ad_context *ctx, const ad_file *file, gpt_config *c)
{
    const char *architecture = ad_file_metadata(file, "general.architecture");
    bool llama = architecture && !strcmp(architecture, "llama");
    int table = ad_file_find(file, llama ? "model.embed_tokens.weight" : "transformer.wte.weight");
    if (!llama && (!architecture || strcmp(architecture, "gpt2") != 0))
        return ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                            "%s: general.architecture is %.40s, expected gpt2 or llama",
                            ad_file_path(file), architecture ? architecture : "missing");
    if (table < 0 || ad_file_at(file, table)->shape.rank != 2)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: has no table of tokens, token_embd.weight",
                            ad_file_path(file));
    reader r = {.ctx = ctx, .file = file, .architecture = architecture};
    *c = (gpt_config){.layers = whole(&r, "block_count", NULL),
                      .heads = whole(&r, "attention.head_count", NULL),
                      .width = whole(&r, "embedding_length", NULL),
                      .hidden = whole(&r, "feed_forward_length", NULL),
                      .block = whole(&r, "context_length", NULL),
                      .vocab = ad_file_at(file, table)->shape.dim[0],
                      .rope_theta = 10000,
                      .untied = ad_file_find(file, "lm_head.weight") >= 0};
    c->kv_heads = c->heads;
    if (llama)
        read_llama(&r, c);
    else
        c->eps = real(&r, "attention.layer_norm_epsilon", NULL);
    return r.status;
}
