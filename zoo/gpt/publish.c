/* publish.c - a model for other programs: what llama.cpp and Hugging Face's transformers want to
 * know beside the weights. */
#include "zoo/gpt/gpt.h"

#include <autodidact/gguf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- llama.cpp ---- */

static void count(ad_gguf_values *values, const char *architecture, const char *key, int64_t value)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%s", architecture, key);
    ad_gguf_put_count(values, full, (uint32_t)value);
}

static void real(ad_gguf_values *values, const char *architecture, const char *key, double value)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%s", architecture, key);
    ad_gguf_put_real(values, full, value);
}

static ad_status describe_gguf(gpt *g, ad_publication *out)
{
    const gpt_config *c = g->job.model;
    ad_gguf_values *v = out->values;
    bool llama = c->arch == GPT_LLAMA;
    const char *name = llama ? "llama" : "gpt2";
    if (!out->for_llamacpp) return AD_OK;
    if (!llama && c->biasless)
        return ad_error_set(g->job.ctx, AD_ERROR_UNSUPPORTED,
                            "%s: has no biases, and llama.cpp's gpt2 has no place for such a "
                            "network",
                            ad_file_path(ad_trained_file(&g->job)));
    if (!llama && c->gelu == GPT_GELU_ERF)
        ad_watch_note(&g->job.watcher, "llama.cpp computes GPT-2's gelu by its approximation; this "
                                       "network was trained with the exact one");
    out->gguf = (ad_gguf_model){
        .architecture = name, .heads = c->heads, .kv_heads = c->kv_heads, .values = v};
    ad_gguf_put_text(v, "general.architecture", name);
    count(v, name, "vocab_size", c->vocab);
    count(v, name, "context_length", c->block);
    count(v, name, "embedding_length", c->width);
    count(v, name, "block_count", c->layers);
    count(v, name, "feed_forward_length", c->hidden);
    count(v, name, "attention.head_count", c->heads);
    if (llama) {
        count(v, name, "attention.head_count_kv", c->kv_heads);
        count(v, name, "rope.dimension_count", c->width / c->heads);
        real(v, name, "rope.freq_base", c->rope_theta);
        real(v, name, "attention.layer_norm_rms_epsilon", c->eps);
    } else {
        real(v, name, "attention.layer_norm_epsilon", c->eps);
    }
    return g->tokenizer ? ad_tokenizer_put_gguf(g->tokenizer, v, (int32_t)c->vocab) : AD_OK;
}

/* ---- transformers ---- */

enum { CONFIG_BYTES = 2048 };

/* The files are numbers and fixed words: nothing in them needs an escape. */
static int write_gpt2(char *text, const gpt_config *c)
{
    return snprintf(
        text, CONFIG_BYTES,
        "{\n  \"architectures\": [\"GPT2LMHeadModel\"],\n  \"model_type\": \"gpt2\",\n"
        "  \"n_positions\": %lld,\n  \"n_embd\": %lld,\n  \"n_layer\": %lld,\n"
        "  \"n_head\": %lld,\n  \"n_inner\": %lld,\n  \"activation_function\": \"%s\",\n"
        "  \"layer_norm_epsilon\": %.9g,\n",
        (long long)c->block, (long long)c->width, (long long)c->layers, (long long)c->heads,
        (long long)c->hidden, c->gelu == GPT_GELU_ERF ? "gelu" : "gelu_new", c->eps);
}

static int write_llama(char *text, const gpt_config *c)
{
    return snprintf(
        text, CONFIG_BYTES,
        "{\n  \"architectures\": [\"LlamaForCausalLM\"],\n  \"model_type\": \"llama\",\n"
        "  \"max_position_embeddings\": %lld,\n  \"hidden_size\": %lld,\n"
        "  \"num_hidden_layers\": %lld,\n  \"num_attention_heads\": %lld,\n"
        "  \"num_key_value_heads\": %lld,\n  \"head_dim\": %lld,\n  \"intermediate_size\": %lld,\n"
        "  \"hidden_act\": \"silu\",\n  \"rms_norm_eps\": %.9g,\n  \"rope_theta\": %.9g,\n"
        "  \"attention_bias\": false,\n  \"mlp_bias\": false,\n",
        (long long)c->block, (long long)c->width, (long long)c->layers, (long long)c->heads,
        (long long)c->kv_heads, (long long)(c->width / c->heads), (long long)c->hidden, c->eps,
        c->rope_theta);
}

static int write_special(char *text, size_t size, const gpt *g, const char *key,
                         ad_special_token which)
{
    int32_t id = g->tokenizer ? ad_tokenizer_special(g->tokenizer, which) : -1;
    return id < 0 ? snprintf(text, size, "  \"%s\": null,\n", key)
                  : snprintf(text, size, "  \"%s\": %d,\n", key, id);
}

static bool add_config(const gpt *g, ad_publication *out)
{
    const gpt_config *c = g->job.model;
    char *text = malloc(CONFIG_BYTES);
    out->files[out->file_count++] = (ad_published_file){"config.json", text};
    if (!text) return false;
    int at = c->arch == GPT_LLAMA ? write_llama(text, c) : write_gpt2(text, c);
    at += write_special(text + at, (size_t)(CONFIG_BYTES - at), g, "bos_token_id", AD_TOKEN_BOS);
    at += write_special(text + at, (size_t)(CONFIG_BYTES - at), g, "eos_token_id", AD_TOKEN_EOS);
    at += write_special(text + at, (size_t)(CONFIG_BYTES - at), g, "pad_token_id", AD_TOKEN_PAD);
    snprintf(
        text + at, (size_t)(CONFIG_BYTES - at),
        "  \"vocab_size\": %lld,\n  \"tie_word_embeddings\": %s,\n  \"torch_dtype\": \"%s\"\n}\n",
        (long long)c->vocab, c->untied ? "false" : "true", out->dtype);
    return true;
}

static bool add_file(ad_publication *out, const char *name, ad_status status, const char *text,
                     size_t length)
{
    char *copy = status ? NULL : malloc(length + 1);
    if (copy) memcpy(copy, text, length + 1);
    out->files[out->file_count++] = (ad_published_file){name, copy};
    return copy;
}

static bool add_tokenizer(const gpt *g, ad_publication *out)
{
    const gpt_config *c = g->job.model;
    const char *text;
    size_t length;
    ad_status status = ad_tokenizer_to_hf(g->tokenizer, &text, &length);
    if (!add_file(out, "tokenizer.json", status, text, length)) return false;
    status = ad_tokenizer_to_hf_config(g->tokenizer, c->block, &text, &length);
    return add_file(out, "tokenizer_config.json", status, text, length);
}

/* ---- the system's `publish` ---- */

/* The tokenizer becomes part of the model's record, wherever it came from. */
static ad_status own_tokenizer(gpt *g)
{
    const char *text;
    size_t length;
    ad_status status = gpt_open_tokenizer(g, NULL);
    if (status == AD_ERROR_NOT_FOUND) {
        ad_watch_note(&g->job.watcher, "it has no tokenizer: %s", ad_error(g->job.ctx));
        ad_error_clear(g->job.ctx);
        return AD_OK;
    }
    if (!status) status = ad_tokenizer_to_text(g->tokenizer, &text, &length);
    if (!status)
        status = ad_record_set(&gpt_model_record, g->job.ctx, g->job.model, "tokenizer-text", text);
    return status;
}

ad_status gpt_publish(ad_job *job, ad_publication *out)
{
    gpt *g = (gpt *)job;
    const ad_file *file = ad_trained_file(job);
    /* files of the bare network lack it */
    if (((const gpt_config *)job->model)->arch == GPT_GPT2 && ad_file_find(file, "wte.weight") >= 0)
        out->prefix = "transformer.";
    ad_status status = own_tokenizer(g);
    if (!status) status = describe_gguf(g, out);
    if (status || (add_config(g, out) && (!g->tokenizer || add_tokenizer(g, out)))) return status;
    return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
}
