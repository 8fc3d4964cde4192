/* names.c - what each kind calls its tensors in Hugging Face's files, and files that call them
 * otherwise: of the bare encoder, without its prefix; of TensorFlow, whose norms have gamma and
 * beta. */
#include "zoo/bert/bert.h"

#include <stdio.h>
#include <string.h>

#define BERT_LAYER                                                                                 \
    "encoder.layer", "attention.self.query", "attention.self.key", "attention.self.value",         \
        "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense",              \
        "output.dense", "output.LayerNorm"

static const bert_names names[] = {
    [BERT_BERT] = {"bert.", BERT_LAYER, "cls.predictions.transform.dense",
                   "cls.predictions.transform.LayerNorm", "cls.predictions.bias",
                   "cls.predictions.decoder"},
    [BERT_DISTILBERT] = {"distilbert.", "transformer.layer", "attention.q_lin", "attention.k_lin",
                         "attention.v_lin", "attention.out_lin", "sa_layer_norm", "ffn.lin1",
                         "ffn.lin2", "output_layer_norm", "vocab_transform", "vocab_layer_norm",
                         "vocab_projector.bias", "vocab_projector"},
    [BERT_ROBERTA] = {"roberta.", BERT_LAYER, "lm_head.dense", "lm_head.layer_norm", "lm_head.bias",
                      "lm_head.decoder"},
};

const bert_names *bert_names_of(int kind)
{
    return &names[kind];
}

static bool starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static bool ends(const char *text, const char *with)
{
    size_t n = strlen(text), m = strlen(with);
    return n >= m && !strcmp(text + n - m, with);
}

/* What is there twice (the table of words as the output's matrix, its bias), or numbers that follow
 * from nothing (the places, counted). */
static bool is_copy(const bert_names *n, const char *name)
{
    return ends(name, "embeddings.position_ids") || ends(name, "embeddings.token_type_ids") ||
           (starts(name, n->mask_matrix) && strcmp(name, n->mask_bias) != 0);
}

/* The name that the network here has for it; false: it is that already. */
static bool own_name(const bert_names *n, const char *name, char own[256])
{
    static const char *const bare[] = {"embeddings.", "encoder.", "transformer.", "pooler."};
    const char *prefix = "";
    for (size_t i = 0; i < sizeof bare / sizeof *bare; ++i)
        if (starts(name, bare[i])) prefix = n->prefix;
    if (is_copy(n, name)) prefix = "train.";
    size_t length = strlen(name);
    const char *ending = "";
    if (ends(name, ".gamma")) length -= 6, ending = ".weight";
    if (ends(name, ".beta")) length -= 5, ending = ".bias";
    return snprintf(own, 256, "%s%.*s%s", prefix, (int)length, name, ending) < 256 &&
           strcmp(own, name) != 0;
}

ad_status bert_adapt(const ad_job *job, ad_file *file)
{
    const bert_names *n = bert_names_of(((const bert_model *)job->model)->kind);
    char own[256];
    ad_status status = AD_OK;
    for (int i = 0; i < ad_file_count(file) && !status; ++i)
        if (own_name(n, ad_file_at(file, i)->name, own)) status = ad_file_rename(file, i, own);
    return status;
}
