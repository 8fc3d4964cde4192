/* published.c - models of other programs: Hugging Face's gpt2 and llama by their config.json, and
 * llama2.c's files. */
#include "zoo/gpt/gpt.h"

#include <autodidact/json.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Hugging Face ---- */

typedef struct hf {
    ad_context *ctx;
    const char *path;
    json_t *root;
    ad_status status;
} hf;

static int64_t whole(hf *h, const char *name, int64_t initial)
{
    json_t *value = json_object_get(h->root, name);
    if (!value || json_is_null(value)) {
        if (initial < 0 && !h->status)
            h->status = ad_error_set(h->ctx, AD_ERROR_FORMAT, "%s: there is no %s", h->path, name);
        return initial;
    }
    if (!json_is_integer(value) && !h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_FORMAT, "%s: %s is not a whole number", h->path,
                                 name);
    return json_integer_value(value);
}

static double real(const json_t *object, const char *name, double initial)
{
    json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : initial;
}

/* A setting that changes what is computed, and that the layers here do not have. */
static void want(hf *h, bool good, const char *what)
{
    if (!good && !h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_UNSUPPORTED, "%s: %s is not supported", h->path,
                                 what);
}

static bool is(const json_t *root, const char *name, const char *a, const char *b)
{
    const char *value = json_string_value(json_object_get(root, name));
    return !value || !strcmp(value, a) || (b && !strcmp(value, b));
}

static void read_gpt2(hf *h, gpt_config *c)
{
    c->layers = whole(h, "n_layer", -1);
    c->heads = c->kv_heads = whole(h, "n_head", -1);
    c->width = whole(h, "n_embd", -1);
    c->hidden = whole(h, "n_inner", c->width <= 1 << 20 ? 4 * c->width : 0);
    c->block = whole(h, "n_positions", 1024);
    c->eps = real(h->root, "layer_norm_epsilon", 1e-5);
    c->untied = json_is_false(json_object_get(h->root, "tie_word_embeddings"));
    const char *gelu = json_string_value(json_object_get(h->root, "activation_function"));
    c->gelu = gelu && !strcmp(gelu, "gelu") ? GPT_GELU_ERF : GPT_GELU_TANH;
    want(h,
         c->gelu == GPT_GELU_ERF ||
             is(h->root, "activation_function", "gelu_new", "gelu_pytorch_tanh"),
         "this activation_function");
    want(h, !json_is_false(json_object_get(h->root, "scale_attn_weights")),
         "scale_attn_weights = false");
    want(h, !json_is_true(json_object_get(h->root, "scale_attn_by_inverse_layer_idx")),
         "scale_attn_by_inverse_layer_idx");
}

static void read_llama(hf *h, gpt_config *c)
{
    json_t *rope = json_object_get(h->root, "rope_parameters"),
           *scaling = json_object_get(h->root, "rope_scaling");
    c->arch = GPT_LLAMA;
    c->layers = whole(h, "num_hidden_layers", -1);
    c->heads = whole(h, "num_attention_heads", -1);
    c->kv_heads = whole(h, "num_key_value_heads", c->heads);
    c->width = whole(h, "hidden_size", -1);
    c->hidden = whole(h, "intermediate_size", -1);
    c->block = whole(h, "max_position_embeddings", 2048);
    c->eps = real(h->root, "rms_norm_eps", 1e-6);
    c->rope_theta = real(rope, "rope_theta", real(h->root, "rope_theta", 10000));
    c->untied = !json_is_true(json_object_get(h->root, "tie_word_embeddings"));
    want(h, is(h->root, "hidden_act", "silu", NULL), "this hidden_act");
    want(h, !json_is_true(json_object_get(h->root, "attention_bias")), "attention_bias");
    want(h, !json_is_true(json_object_get(h->root, "mlp_bias")), "mlp_bias");
    want(h, is(rope, "rope_type", "default", NULL), "this rope_type");
    want(h, !json_is_object(scaling) || is(scaling, "rope_type", "default", NULL), "rope_scaling");
    if (c->heads > 0)
        want(h, whole(h, "head_dim", c->width / c->heads) == c->width / c->heads,
             "a head_dim other than hidden_size / num_attention_heads");
}

/* A run's folder has another config.json. */
static bool is_hugging_face(const char *config)
{
    return config && strstr(config, "\"model_type\"");
}

static ad_status read_config(ad_context *ctx, const char *path, const char *config, gpt_config *c)
{
    hf h = {.ctx = ctx, .path = path};
    *c = (gpt_config){0};
    ad_status status = ad_json_object_parse(ctx, path, 0, config, strlen(config), &h.root);
    if (status) return status;
    const char *type = json_string_value(json_object_get(h.root, "model_type"));
    c->vocab = whole(&h, "vocab_size", -1);
    if (type && !strcmp(type, "gpt2"))
        read_gpt2(&h, c);
    else if (type && !strcmp(type, "llama"))
        read_llama(&h, c);
    else
        h.status = ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                                "%s: model_type is %s, expected gpt2 or llama", path,
                                type ? type : "missing");
    json_decref(h.root);
    return h.status;
}

/* ---- llama2.c ---- */

static int64_t number(const ad_file *file, const char *key)
{
    const char *text = ad_file_metadata(file, key);
    return text ? strtoll(text, NULL, 10) : 0;
}

static void read_llama2c(const ad_file *file, gpt_config *c)
{
    *c = (gpt_config){.arch = GPT_LLAMA,
                      .width = number(file, "dim"),
                      .hidden = number(file, "hidden_dim"),
                      .layers = number(file, "n_layers"),
                      .heads = number(file, "n_heads"),
                      .kv_heads = number(file, "n_kv_heads"),
                      .vocab = number(file, "vocab_size"),
                      .block = number(file, "max_seq_len"),
                      .eps = 1e-5,
                      .rope_theta = 10000,
                      .untied = ad_file_find(file, "lm_head.weight") >= 0};
}

/* Meta's names, by which llama2.c trains; its order of rows is that of its own files. */
static ad_status refuse_meta(ad_context *ctx, const ad_file *file)
{
    if (ad_file_find(file, "layers.0.attention.wq.weight") < 0) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                        "%s: is a Llama by Meta's names, as llama2.c trains it; its export.py "
                        "writes a .bin file that can be read (--version 0, 1 or 2)",
                        ad_file_path(file));
}

ad_status gpt_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                        bool *known)
{
    const char *path = ad_file_path(file), *slash = strrchr(path, '/');
    char beside[4096];
    ad_status status = AD_OK;
    *known = true;
    if (ad_file_get_format(file) == AD_FILE_LLAMA2C) {
        read_llama2c(file, model);
    } else if (ad_file_get_format(file) == AD_FILE_GGUF) {
        status = gpt_read_gguf(ctx, file, model);
    } else if (is_hugging_face(config)) {
        snprintf(beside, sizeof beside, "%.*sconfig.json", slash ? (int)(slash - path) + 1 : 0,
                 path);
        status = read_config(ctx, beside, config, model);
        ((gpt_config *)model)->biasless = gpt_lacks_biases(file);
    } else {
        status = refuse_meta(ctx, file);
        if (!status) status = gpt_read_tensors(ctx, file, model, known);
    }
    return status;
}
