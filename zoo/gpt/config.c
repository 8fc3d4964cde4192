/* config.c - a model's sizes: checked, in a checkpoint's metadata, in Hugging Face's config.json.
 */
#include "zoo/gpt/gpt.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The numbers by their names in metadata. */
typedef struct field {
    const char *name;
    size_t at;
    bool real;
} field;
#define FIELD(name, real)                                                                          \
    {                                                                                              \
#name, offsetof(gpt_config, name), real                                                    \
    }
static const field fields[] = {FIELD(layers, false), FIELD(heads, false),  FIELD(kv_heads, false),
                               FIELD(width, false),  FIELD(hidden, false), FIELD(block, false),
                               FIELD(vocab, false),  FIELD(eps, true),     FIELD(rope_theta, true)};
enum { FIELDS = sizeof fields / sizeof *fields };

ad_status gpt_config_check(ad_context *ctx, const char *where, const gpt_config *c)
{
    const struct {
        const char *name;
        int64_t value, most;
    } sizes[] = {{"layers", c->layers, 4096},       {"heads", c->heads, 4096},
                 {"kv_heads", c->kv_heads, 4096},   {"width", c->width, 1 << 20},
                 {"hidden", c->hidden, 1 << 22},    {"block", c->block, 1 << 24},
                 {"vocab", c->vocab, INT32_MAX / 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
        if (sizes[i].value < 1 || sizes[i].value > sizes[i].most)
            return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: %s is %lld, expected 1 to %lld", where,
                                sizes[i].name, (long long)sizes[i].value, (long long)sizes[i].most);
    if (c->width % c->heads || c->heads % c->kv_heads)
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: a width of %lld cannot be shared by %lld heads (%lld of keys)",
                            where, (long long)c->width, (long long)c->heads,
                            (long long)c->kv_heads);
    if (c->arch == GPT_GPT2 && c->kv_heads != c->heads)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: GPT-2 has as many heads of keys as heads",
                            where);
    if (c->arch == GPT_LLAMA && c->width / c->heads % 2)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: heads %lld wide cannot be turned in pairs",
                            where, (long long)(c->width / c->heads));
    if (!(c->eps > 0 && c->eps < 1) || (c->arch == GPT_LLAMA && !(c->rope_theta > 0)))
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: eps is %g and rope_theta %g", where, c->eps,
                            c->rope_theta);
    return AD_OK;
}

int gpt_config_write(const gpt_config *c, gpt_config_text *text)
{
    int n = 0;
    const char *words[][2] = {{"arch", c->arch == GPT_GPT2 ? "gpt2" : "llama"},
                              {"untied", c->untied ? "1" : "0"}};
    for (int i = 0; i < 2; ++i, ++n) {
        snprintf(text->value[n], GPT_VALUE, "%s", words[i][1]);
        text->pair[n] = (ad_metadata){words[i][0], text->value[n]};
    }
    for (int i = 0; i < FIELDS; ++i, ++n) {
        const char *at = (const char *)c + fields[i].at;
        if (fields[i].real)
            snprintf(text->value[n], GPT_VALUE, "%.17g", *(const double *)(const void *)at);
        else
            snprintf(text->value[n], GPT_VALUE, "%lld",
                     (long long)*(const int64_t *)(const void *)at);
        text->pair[n] = (ad_metadata){fields[i].name, text->value[n]};
    }
    return n;
}

ad_status gpt_config_read(gpt_config *c, const ad_file *file, ad_context *ctx, bool *known)
{
    const char *system = ad_file_metadata(file, "system"), *arch = ad_file_metadata(file, "arch");
    const char *untied = ad_file_metadata(file, "untied");
    *known = system && !strcmp(system, "gpt");
    *c = (gpt_config){0};
    if (!*known) return AD_OK;
    if (!arch || (strcmp(arch, "gpt2") && strcmp(arch, "llama")))
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: arch is %s, expected gpt2 or llama",
                            ad_file_path(file), arch ? arch : "missing");
    c->arch = strcmp(arch, "llama") ? GPT_GPT2 : GPT_LLAMA;
    c->untied = untied && !strcmp(untied, "1");
    for (int i = 0; i < FIELDS; ++i) {
        const char *value = ad_file_metadata(file, fields[i].name);
        char *at = (char *)c + fields[i].at, *end = NULL;
        errno = 0;
        if (value && fields[i].real)
            *(double *)(void *)at = strtod(value, &end);
        else if (value)
            *(int64_t *)(void *)at = strtoll(value, &end, 10);
        if (!end || end == value || *end || errno)
            return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: %s is %s, expected a number",
                                ad_file_path(file), fields[i].name, value ? value : "missing");
    }
    return gpt_config_check(ctx, ad_file_path(file), c);
}

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
        h->status = ad_error_set(h->ctx, AD_ERROR_FORMAT, "%s: %s is no whole number", h->path,
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
    c->rope_theta = 10000;
    want(h, is(h->root, "activation_function", "gelu_new", "gelu_pytorch_tanh"),
         "this activation_function");
    want(h, !json_is_false(json_object_get(h->root, "tie_word_embeddings")),
         "tie_word_embeddings = false");
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

ad_status gpt_config_json(gpt_config *c, ad_context *ctx, const char *path, const char *text,
                          size_t length)
{
    json_error_t error;
    hf h = {.ctx = ctx, .path = path};
    *c = (gpt_config){0};
    h.root = json_loadb(text, length, 0, &error);
    if (!json_is_object(h.root)) {
        json_decref(h.root);
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: is no JSON object (line %d)", path,
                            error.line);
    }
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
    return h.status ? h.status : gpt_config_check(ctx, path, c);
}

void gpt_config_guess(gpt_config *c, const ad_file *file, bool *known)
{
    const char *prefix = ad_file_find(file, "transformer.wte.weight") >= 0 ? "transformer." : "";
    char name[96];
    int wte, wpe, fc;
    *c = (gpt_config){.eps = 1e-5, .rope_theta = 10000};
    snprintf(name, sizeof name, "%swte.weight", prefix);
    wte = ad_file_find(file, name);
    snprintf(name, sizeof name, "%swpe.weight", prefix);
    wpe = ad_file_find(file, name);
    snprintf(name, sizeof name, "%sh.0.mlp.c_fc.weight", prefix);
    fc = ad_file_find(file, name);
    *known = wte >= 0 && wpe >= 0 && fc >= 0;
    if (!*known) return;
    ad_shape tokens = ad_file_at(file, wte)->shape, places = ad_file_at(file, wpe)->shape,
             wide = ad_file_at(file, fc)->shape;
    *known = tokens.rank == 2 && places.rank == 2 && wide.rank == 2;
    if (!*known) return;
    c->vocab = tokens.dim[0], c->width = tokens.dim[1], c->block = places.dim[0];
    c->hidden = wide.dim[1];
    c->heads = c->kv_heads = c->width / 64;
    for (;; ++c->layers) {
        snprintf(name, sizeof name, "%sh.%lld.ln_1.weight", prefix, (long long)c->layers);
        if (ad_file_find(file, name) < 0) break;
    }
}
