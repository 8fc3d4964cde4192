/* published.c - Hugging Face's bert, distilbert and roberta by their config.json, what
 * sentence-transformers says beside it (how texts are pooled), and whether the weights are what it
 * claims. */
#include "zoo/bert/bert.h"

#include <autodidact/json.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct hf {
    ad_context *ctx;
    const char *path;
    json_t *root;
    ad_status status;
} hf;

static void want(hf *h, bool good, const char *what)
{
    if (!good && !h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_UNSUPPORTED, "%s: %s is not supported", h->path,
                                 what);
}

/* A whole number; `initial` -1: it must be there. */
static int64_t whole(hf *h, const char *name, int64_t initial)
{
    json_t *value = json_object_get(h->root, name);
    if (!value || json_is_null(value)) {
        if (initial < 0 && !h->status)
            h->status = ad_error_set(h->ctx, AD_ERROR_FORMAT, "%s: there is no %s", h->path, name);
        return initial;
    }
    if ((!json_is_integer(value) || json_integer_value(value) < 0) && !h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_FORMAT, "%s: %s is not a whole number from 0 on",
                                 h->path, name);
    return json_integer_value(value);
}

static const char *word(hf *h, const char *name, const char *initial)
{
    const char *value = json_string_value(json_object_get(h->root, name));
    return value ? value : initial;
}

static int activation(hf *h, const char *name)
{
    const char *act = word(h, name, "gelu");
    if (!strcmp(act, "gelu_new") || !strcmp(act, "gelu_pytorch_tanh")) return BERT_GELU_TANH;
    if (!strcmp(act, "relu")) return BERT_RELU;
    if (strcmp(act, "gelu") != 0 && !h->status)
        h->status = ad_error_set(h->ctx, AD_ERROR_UNSUPPORTED,
                                 "%s: %s is %.40s, expected gelu, gelu_new or relu", h->path, name,
                                 act);
    return BERT_GELU;
}

/* What each size is called, by kind: BERT and RoBERTa, DistilBERT. */
typedef struct size_row {
    const char *key[2];
    size_t at;
} size_row;

static const size_row sizes[] = {
    {{"num_hidden_layers", "n_layers"}, offsetof(bert_model, layers)},
    {{"num_attention_heads", "n_heads"}, offsetof(bert_model, heads)},
    {{"hidden_size", "dim"}, offsetof(bert_model, width)},
    {{"intermediate_size", "hidden_dim"}, offsetof(bert_model, hidden)},
    {{"max_position_embeddings", "max_position_embeddings"}, offsetof(bert_model, places)},
    {{"vocab_size", "vocab_size"}, offsetof(bert_model, vocab)},
};

static void read_sizes(hf *h, bert_model *m)
{
    bool distil = m->kind == BERT_DISTILBERT;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
        *(int64_t *)(void *)((char *)m + sizes[i].at) = whole(h, sizes[i].key[distil], -1);
    json_t *eps = json_object_get(h->root, "layer_norm_eps");
    m->eps = json_is_number(eps) && !distil ? json_number_value(eps) : 1e-12;
    m->types = distil ? 0 : whole(h, "type_vocab_size", 2);
    m->padding = whole(h, "pad_token_id", m->kind == BERT_ROBERTA ? 1 : 0);
    m->activation = activation(h, distil ? "activation" : "hidden_act");
    want(h, !strcmp(word(h, "position_embedding_type", "absolute"), "absolute"),
         "a position_embedding_type other than absolute");
    want(h, !json_is_true(json_object_get(h->root, "is_decoder")), "is_decoder");
    want(h, !json_is_true(json_object_get(h->root, "sinusoidal_pos_embds")) || distil,
         "sinusoidal_pos_embds");
    want(h, !json_is_false(json_object_get(h->root, "tie_word_embeddings")),
         "tie_word_embeddings = false");
}

static ad_status read_config(hf *h, const char *config, bert_model *m)
{
    static const char *const kinds[] = {"bert", "distilbert", "roberta"};
    ad_status status = ad_json_object_parse(h->ctx, h->path, 0, config, strlen(config), &h->root);
    if (status) return status;
    const char *type = word(h, "model_type", "missing");
    while (m->kind < 3 && strcmp(type, kinds[m->kind]) != 0) ++m->kind;
    if (m->kind == 3)
        return ad_error_set(h->ctx, AD_ERROR_UNSUPPORTED,
                            "%s: model_type is %.40s, expected bert, distilbert or roberta",
                            h->path, type);
    read_sizes(h, m);
    return h->status;
}

/* ---- what the weights are ---- */

/* The tensor's place in the file under its full name or without the encoder's prefix; -1: none. */
static int find(const ad_file *file, const bert_model *m, const char *name)
{
    char full[160];
    snprintf(full, sizeof full, "%s%s", bert_names_of(m->kind)->prefix, name);
    int at = ad_file_find(file, full);
    return at >= 0 ? at : ad_file_find(file, name);
}

static ad_status disagree(const hf *h, const ad_file *file, int tensor, const char *key,
                          int64_t said, int64_t found)
{
    return ad_error_set(h->ctx, AD_ERROR_SHAPE,
                        "%s says that %s is %lld, tensor %s of %s that it is %lld", h->path, key,
                        (long long)said, ad_file_at(file, tensor)->raw_name, ad_file_path(file),
                        (long long)found);
}

/* Of each size a tensor that has it. */
static ad_status check_sizes(const hf *h, const ad_file *file, const bert_model *m)
{
    const bert_names *n = bert_names_of(m->kind);
    char up[160];
    snprintf(up, sizeof up, "%s.0.%s.weight", n->layers, n->up);
    const struct {
        const char *name;
        int axis, size; /* a row of `sizes` */
    } rows[] = {{"embeddings.word_embeddings.weight", 1, 2},
                {"embeddings.word_embeddings.weight", 0, 5},
                {"embeddings.position_embeddings.weight", 0, 4},
                {up, 0, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        int at = find(file, m, rows[i].name);
        const size_row *size = &sizes[rows[i].size];
        int64_t said = *(const int64_t *)(const void *)((const char *)m + size->at);
        if (at < 0 || ad_file_at(file, at)->shape.rank != 2) continue; /* loading says so */
        int64_t found = ad_file_at(file, at)->shape.dim[rows[i].axis];
        if (found != said)
            return disagree(h, file, at, size->key[m->kind == BERT_DISTILBERT], said, found);
    }
    return AD_OK;
}

static ad_status check_layers(const hf *h, const ad_file *file, const bert_model *m)
{
    const bert_names *n = bert_names_of(m->kind);
    char name[160];
    int64_t found = 0;
    int last = -1;
    for (int at = 0; at >= 0; ++found) {
        snprintf(name, sizeof name, "%s.%lld.%s.weight", n->layers, (long long)found, n->query);
        at = find(file, m, name);
        if (at < 0) break;
        last = at;
    }
    if (found == m->layers || !found) return AD_OK;
    return disagree(h, file, last, sizes[0].key[m->kind == BERT_DISTILBERT], m->layers, found);
}

/* ---- sentence-transformers ---- */

/* The JSON file of that name beside config.json; *root stays NULL if there is none. */
static ad_status beside(const hf *h, const char *name, json_t **root)
{
    const char *slash = strrchr(h->path, '/');
    char path[4096];
    int folder = slash ? (int)(slash - h->path) + 1 : 0;
    if (snprintf(path, sizeof path, "%.*s%s", folder, h->path, name) >= (int)sizeof path ||
        access(path, F_OK))
        return AD_OK;
    return ad_json_object_load(h->ctx, path, root);
}

/* Vectors by another rule than the model's would be of no use. */
static ad_status check_pooling(const hf *h, const json_t *pooling)
{
    static const char *const others[] = {
        "pooling_mode_max_tokens", "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"};
    for (size_t i = 0; i < sizeof others / sizeof *others; ++i)
        if (json_is_true(json_object_get(pooling, others[i])))
            return ad_error_set(h->ctx, AD_ERROR_UNSUPPORTED,
                                "%s: 1_Pooling/config.json beside it says %s, expected the mean or "
                                "the first token",
                                h->path, others[i]);
    return AD_OK;
}

static ad_status read_pooling(const hf *h, bert_model *m)
{
    json_t *pooling = NULL, *length = NULL;
    ad_status status = beside(h, "1_Pooling/config.json", &pooling);
    if (!status) status = check_pooling(h, pooling);
    if (!status) status = beside(h, "sentence_bert_config.json", &length);
    if (json_is_true(json_object_get(pooling, "pooling_mode_cls_token"))) m->pooling = BERT_CLS;
    json_int_t most = json_integer_value(json_object_get(length, "max_seq_length"));
    if (most >= 4 && most <= bert_longest(m)) m->most = most;
    json_decref(pooling);
    json_decref(length);
    return status;
}

ad_status bert_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                         bool *known)
{
    const char *path = ad_file_path(file), *slash = strrchr(path, '/');
    char where[4096], pooler[160];
    bert_model *m = model;
    /* a run's folder has another config.json */
    *known = config && strstr(config, "\"model_type\"");
    if (!*known) return AD_OK;
    snprintf(where, sizeof where, "%.*sconfig.json", slash ? (int)(slash - path) + 1 : 0, path);
    hf h = {.ctx = ctx, .path = where};
    ad_record_free(&bert_model_record, ctx, m);
    m->deviation = 1;
    ad_status status = read_config(&h, config, m);
    if (!status) status = check_sizes(&h, file, m);
    if (!status) status = check_layers(&h, file, m);
    if (!status) {
        const bert_names *n = bert_names_of(m->kind);
        snprintf(pooler, sizeof pooler, "%s.weight", n->mask_dense);
        m->masked = ad_file_find(file, pooler) >= 0;
        m->pooled = m->kind != BERT_DISTILBERT && find(file, m, "pooler.dense.weight") >= 0;
        status = read_pooling(&h, m);
    }
    json_decref(h.root);
    return status;
}
