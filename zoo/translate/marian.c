/* marian.c - Marian's models as Hugging Face's transformers writes them: config.json,
 * generation_config.json, and whether the weights are what they claim. Marian (Junczys-Dowmunt et
 * al. 2018) is the paper's network with other places, activations and a bias of the logits. */
#include "zoo/translate/translate.h"

#include <autodidact/json.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, NAME_BYTES = 160 };

typedef struct hf {
    ad_context *ctx;
    const char *path; /* of config.json */
    char told_path[PATH_BYTES];
    json_t *root, *told; /* told: generation_config.json, or config.json in older files */
    ad_status status;
} hf;

/* ---- numbers and words of JSON ---- */

static json_t *get(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

static void refuse(hf *h, const char *path, const char *what)
{
    if (!h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_UNSUPPORTED, "%s: %s is not supported", path,
                                 what);
}

static void want(hf *h, bool fine, const char *path, const char *key, const char *what)
{
    if (!fine && !h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_FORMAT, "%s: %s is not %s", path, key, what);
}

/* A whole number; `initial` -1: it must be there. */
static int64_t whole(hf *h, const char *path, const json_t *object, const char *key,
                     int64_t initial)
{
    const json_t *value = get(object, key);
    if (!value && initial < 0 && !h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_FORMAT, "%s: there is no %s", path, key);
    if (!value) return initial < 0 ? 0 : initial;
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    want(h, number >= 0 && number <= INT32_MAX, path, key, "a whole number from 0 on");
    return number;
}

static int64_t size(hf *h, const char *key)
{
    return whole(h, h->path, h->root, key, -1);
}

static bool flag_of(hf *h, const char *path, const json_t *object, const char *key, bool initial)
{
    const json_t *value = get(object, key);
    want(h, !value || json_is_boolean(value), path, key, "true or false");
    return value ? json_is_true(value) : initial;
}

static bool flag(hf *h, const char *key, bool initial)
{
    return flag_of(h, h->path, h->root, key, initial);
}

/* ---- config.json ---- */

static int activation(hf *h)
{
    const char *act = json_string_value(get(h->root, "activation_function"));
    if (!act || !strcmp(act, "gelu")) return TRANSLATE_GELU;
    if (!strcmp(act, "relu")) return TRANSLATE_RELU;
    if (strcmp(act, "swish") != 0 && strcmp(act, "silu") != 0 && !h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_UNSUPPORTED,
                                 "%s: activation_function is %.40s, expected swish, silu, relu or "
                                 "gelu",
                                 h->path, act);
    return TRANSLATE_SWISH;
}

static void read_network(hf *h, translate_model *m)
{
    m->layers = size(h, "encoder_layers"), m->decoder_layers = size(h, "decoder_layers");
    m->heads = size(h, "encoder_attention_heads");
    m->decoder_heads = size(h, "decoder_attention_heads");
    m->width = size(h, "d_model");
    m->hidden = size(h, "encoder_ffn_dim"), m->decoder_hidden = size(h, "decoder_ffn_dim");
    m->longest = size(h, "max_position_embeddings");
    m->source_vocab = size(h, "vocab_size");
    m->target_vocab = whole(h, h->path, h->root, "decoder_vocab_size", m->source_vocab);
    m->activation = activation(h);
    m->norm = TRANSLATE_POST, m->positions = TRANSLATE_HALVES;
    m->unscaled = !flag(h, "scale_embedding", false);
    bool shared = flag(h, "share_encoder_decoder_embeddings", true);
    bool tied = flag(h, "tie_word_embeddings", true);
    m->tie = !tied ? TRANSLATE_TIE_NONE : shared ? TRANSLATE_TIE_ALL : TRANSLATE_TIE_OUTPUT;
    if (shared && !tied)
        refuse(h, h->path, "share_encoder_decoder_embeddings with tie_word_embeddings = false");
    if (flag(h, "normalize_before", false)) refuse(h, h->path, "normalize_before = true");
    if (flag(h, "normalize_embedding", false)) refuse(h, h->path, "normalize_embedding = true");
    if (flag(h, "layernorm_embedding", false)) refuse(h, h->path, "layernorm_embedding = true");
    if (flag(h, "add_final_layer_norm", false)) refuse(h, h->path, "add_final_layer_norm = true");
    if (!flag(h, "static_position_embeddings", true))
        refuse(h, h->path, "static_position_embeddings = false");
}

/* ---- generation_config.json ---- */

/* What would change the words and is not known here. */
static void check_neutral(hf *h)
{
    static const struct {
        const char *key;
        double neutral;
    } numbers[] = {{"min_length", 0},           {"min_new_tokens", 0},
                   {"no_repeat_ngram_size", 0}, {"encoder_no_repeat_ngram_size", 0},
                   {"repetition_penalty", 1},   {"encoder_repetition_penalty", 1},
                   {"diversity_penalty", 0},    {"num_beam_groups", 1},
                   {"guidance_scale", 1},       {"penalty_alpha", 0}};
    static const char *const absent[] = {
        "forced_bos_token_id",   "suppress_tokens",
        "begin_suppress_tokens", "sequence_bias",
        "force_words_ids",       "constraints",
        "stop_strings",          "exponential_decay_length_penalty",
        "watermarking_config",   "dola_layers",
        "forced_decoder_ids",    "max_time"};
    char what[NAME_BYTES];
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
        const json_t *value = get(h->told, numbers[i].key);
        snprintf(what, sizeof what, "%s other than %g", numbers[i].key, numbers[i].neutral);
        if (value && (!json_is_number(value) || json_number_value(value) != numbers[i].neutral))
            refuse(h, h->told_path, what);
    }
    for (size_t i = 0; i < sizeof absent / sizeof *absent; ++i)
        if (get(h->told, absent[i])) refuse(h, h->told_path, absent[i]);
    if (flag_of(h, h->told_path, h->told, "do_sample", false))
        refuse(h, h->told_path, "do_sample = true");
}

/* [[ID]] */
static int64_t read_never(hf *h)
{
    const json_t *list = get(h->told, "bad_words_ids"), *word = json_array_get(list, 0);
    const json_t *id = json_array_get(word, 0);
    if (!list || (json_is_array(list) && !json_array_size(list))) return -1;
    if (json_array_size(list) != 1 || json_array_size(word) != 1 || !json_is_integer(id) ||
        json_integer_value(id) < 0 || json_integer_value(id) > INT32_MAX)
        refuse(h, h->told_path, "bad_words_ids that are not one token, [[ID]],");
    return json_integer_value(id);
}

static int64_t read_early(hf *h)
{
    const json_t *early = get(h->told, "early_stopping");
    bool never = json_is_string(early) && !strcmp(json_string_value(early), "never");
    want(h, !early || never || json_is_boolean(early), h->told_path, "early_stopping",
         "true, false or \"never\"");
    return never                 ? TRANSLATE_NEVER_EARLY
           : json_is_true(early) ? TRANSLATE_EARLY
                                 : TRANSLATE_HEURISTIC;
}

static double read_penalty(hf *h)
{
    const json_t *penalty = get(h->told, "length_penalty");
    want(h, !penalty || json_is_number(penalty), h->told_path, "length_penalty", "a number");
    return penalty ? json_number_value(penalty) : 1;
}

/* A token that both files may say. */
static int64_t token(hf *h, const char *key, int64_t initial)
{
    if (get(h->told, key)) return whole(h, h->told_path, h->told, key, initial);
    return whole(h, h->path, h->root, key, initial);
}

static void check_token(hf *h, int64_t token, int64_t count)
{
    if (token >= count && !h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_FORMAT,
                                 "%s: token %lld is not below the %lld of the vocabulary", h->path,
                                 (long long)token, (long long)count);
}

static void read_told(hf *h, translate_model *m)
{
    translate_told *t = &m->told;
    *t = (translate_told){.there = true, .never = read_never(h), .early_stopping = read_early(h)};
    t->end = token(h, "eos_token_id", -1);
    t->padding = token(h, "pad_token_id", -1);
    t->begin = token(h, "decoder_start_token_id", t->padding);
    t->renormalized = flag_of(h, h->told_path, h->told, "renormalize_logits", false);
    t->forced_end = get(h->told, "forced_eos_token_id") != NULL;
    if (t->forced_end && token(h, "forced_eos_token_id", t->end) != t->end)
        refuse(h, h->told_path, "a forced_eos_token_id other than eos_token_id");
    t->beam = whole(h, h->told_path, h->told, "num_beams", 0);
    t->length_penalty = read_penalty(h);
    /* the token that the decoder begins with is one of max_length */
    int64_t most = whole(h, h->told_path, h->told, "max_new_tokens", 0);
    if (!most) most = whole(h, h->told_path, h->told, "max_length", m->longest + 1) - 1;
    t->most = most < 1 ? 1 : most < m->longest ? most : m->longest;
    check_neutral(h);
    check_token(h, t->begin, m->target_vocab);
    check_token(h, t->end, m->target_vocab);
    check_token(h, t->end, m->source_vocab); /* behind a source, too */
    check_token(h, t->padding, m->target_vocab);
    check_token(h, t->never, m->target_vocab);
    if (t->beam > TRANSLATE_BEAM_MOST && !h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_UNSUPPORTED, "%s: num_beams is %lld, at most %d",
                                 h->told_path, (long long)t->beam, TRANSLATE_BEAM_MOST);
}

/* generation_config.json; where there is none, config.json says the same. */
static ad_status open_told(hf *h, const char *folder, int length)
{
    if (snprintf(h->told_path, PATH_BYTES, "%.*sgeneration_config.json", length, folder) >=
            PATH_BYTES ||
        access(h->told_path, F_OK)) {
        snprintf(h->told_path, PATH_BYTES, "%s", h->path);
        h->told = json_incref(h->root);
        return AD_OK;
    }
    return ad_json_object_load(h->ctx, h->told_path, &h->told);
}

/* ---- what the weights are ---- */

typedef struct claim {
    const char *key, *tensor;
    int axis;
    int64_t said;
} claim;

static ad_status disagree(const hf *h, const ad_file *file, int tensor, const char *key,
                          int64_t said, int64_t found)
{
    return ad_error_set(h->ctx, AD_ERROR_SHAPE,
                        "%s says that %s is %lld, tensor %s of %s that it is %lld", h->path, key,
                        (long long)said, ad_file_at(file, tensor)->raw_name, ad_file_path(file),
                        (long long)found);
}

static ad_status check_layers(const hf *h, const ad_file *file, const char *side, int64_t said)
{
    char name[NAME_BYTES], key[32];
    int64_t found = 0;
    int last = -1;
    for (;; ++found) {
        snprintf(name, sizeof name, "model.%s.layers.%lld.fc1.weight", side, (long long)found);
        int at = ad_file_find(file, name);
        if (at < 0) break;
        last = at;
    }
    snprintf(key, sizeof key, "%s_layers", side);
    return !found || found == said ? AD_OK : disagree(h, file, last, key, said, found);
}

/* Of each size a tensor that has it; one that is missing is told when it is loaded. */
static ad_status check_sizes(const hf *h, const ad_file *file, const translate_model *m)
{
    const claim claims[] = {
        {"d_model", "model.shared.weight", 1, m->width},
        {"d_model", "model.encoder.layers.0.fc1.weight", 1, m->width},
        {"vocab_size", "model.shared.weight", 0, m->source_vocab},
        {"vocab_size", "model.encoder.embed_tokens.weight", 0, m->source_vocab},
        {"decoder_vocab_size", "model.decoder.embed_tokens.weight", 0, m->target_vocab},
        {"decoder_vocab_size", "final_logits_bias", 1, m->target_vocab},
        {"encoder_ffn_dim", "model.encoder.layers.0.fc1.weight", 0, m->hidden},
        {"decoder_ffn_dim", "model.decoder.layers.0.fc1.weight", 0, m->decoder_hidden},
        {"max_position_embeddings", "model.encoder.embed_positions.weight", 0, m->longest}};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; ++i) {
        int at = ad_file_find(file, claims[i].tensor);
        if (at < 0 || ad_file_at(file, at)->shape.rank != 2) continue;
        int64_t found = ad_file_at(file, at)->shape.dim[claims[i].axis];
        if (found != claims[i].said)
            return disagree(h, file, at, claims[i].key, claims[i].said, found);
    }
    ad_status status = check_layers(h, file, "encoder", m->layers);
    return status ? status : check_layers(h, file, "decoder", m->decoder_layers);
}

ad_status translate_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                              bool *known)
{
    const char *path = ad_file_path(file), *slash = strrchr(path, '/');
    int length = slash ? (int)(slash - path) + 1 : 0;
    char where[PATH_BYTES];
    translate_model *m = model;
    *known = config && strstr(config, "\"model_type\""); /* a run's is another */
    if (!*known) return AD_OK;
    snprintf(where, sizeof where, "%.*sconfig.json", length, path);
    hf h = {.ctx = ctx, .path = where};
    ad_record_free(&translate_model_record, ctx, m);
    ad_status status = ad_json_object_parse(ctx, where, 0, config, strlen(config), &h.root);
    const char *type = json_string_value(get(h.root, "model_type"));
    if (!status && (!type || strcmp(type, "marian") != 0))
        status = ad_error_set(ctx, AD_ERROR_UNSUPPORTED, "%s: model_type is %.40s, expected marian",
                              where, type ? type : "missing");
    if (!status) status = open_told(&h, path, length);
    if (!status) {
        read_network(&h, m);
        read_told(&h, m);
        m->output_bias = ad_file_find(file, "final_logits_bias") >= 0;
        status = h.status;
    }
    if (!status) status = check_sizes(&h, file, m);
    json_decref(h.told);
    json_decref(h.root);
    return status;
}

/* ---- names ---- */

static bool is(const char *name, const char *other)
{
    return !strcmp(name, other);
}

/* Whether a tensor is another one again, or numbers that follow from nothing (the places). */
static bool is_copy(const translate_model *m, const ad_file *file, const char *name)
{
    bool shared = ad_file_find(file, "model.shared.weight") >= 0 ||
                  ad_file_find(file, "shared.weight") >= 0;
    if (strstr(name, ".embed_positions.weight")) return true;
    if (is(name, "lm_head.weight"))
        return m->tie == TRANSLATE_TIE_ALL ? shared : m->tie == TRANSLATE_TIE_OUTPUT;
    return m->tie == TRANSLATE_TIE_ALL && strstr(name, ".embed_tokens.weight");
}

ad_status translate_adapt(const ad_job *job, ad_file *file)
{
    const translate_model *m = job->model;
    char own[256];
    ad_status status = AD_OK;
    for (int i = 0; i < ad_file_count(file) && !status && m->told.there; ++i) {
        const char *name = ad_file_at(file, i)->name;
        bool copy = is_copy(m, file, name), prefixed = !strncmp(name, "model.", 6);
        if (!strncmp(name, "train.", 6)) continue;
        if (copy)
            snprintf(own, sizeof own, "train.%s", name);
        else if (is(name, "lm_head.weight") && m->tie == TRANSLATE_TIE_ALL)
            snprintf(own, sizeof own, "shared.weight");
        else if (prefixed)
            snprintf(own, sizeof own, "%s", name + 6);
        else
            continue;
        status = ad_file_rename(file, i, own);
    }
    return status;
}
