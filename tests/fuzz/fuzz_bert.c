/* Any bytes as a config.json beside a tiny BERT's weights: as they are, and as what follows the
 * sizes of these weights. What is recognised has the sizes of the weights and can be described. */
#include "zoo/bert/bert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VOCAB = 8, PLACES = 12, WIDTH = 4, HIDDEN = 6 };

/* The tensors that sizes are checked by, all zero. */
static size_t make_weights(unsigned char *file, size_t room)
{
    static const struct {
        const char *name;
        int rows, columns;
    } tensors[] = {{"embeddings.word_embeddings.weight", VOCAB, WIDTH},
                   {"embeddings.position_embeddings.weight", PLACES, WIDTH},
                   {"encoder.layer.0.attention.self.query.weight", WIDTH, WIDTH},
                   {"encoder.layer.0.intermediate.dense.weight", HIDDEN, WIDTH}};
    char *header = (char *)file + 8;
    int at = 0, length = snprintf(header, room - 8, "{");
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; ++i) {
        int bytes = 4 * tensors[i].rows * tensors[i].columns;
        length += snprintf(header + length, room - 8 - (size_t)length,
                           "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%d,%d],"
                           "\"data_offsets\":[%d,%d]}",
                           i ? "," : "", tensors[i].name, tensors[i].rows, tensors[i].columns, at,
                           at + bytes);
        at += bytes;
    }
    length += snprintf(header + length, room - 8 - (size_t)length, "}");
    file[0] = (unsigned char)length, file[1] = (unsigned char)(length >> 8);
    return 8 + (size_t)length + (size_t)at;
}

static void try_config(ad_context *ctx, ad_file *file, const char *config)
{
    ad_metadata_list metadata = {0};
    bert_model m;
    bool known;
    if (ad_record_init(&bert_model_record, ctx, &m, NULL)) abort();
    ad_status status = bert_recognise(ctx, file, config, &m, &known);
    if (status && !*ad_error(ctx)) abort();
    if (!status && known) {
        if (m.width != WIDTH || m.vocab != VOCAB || m.places != PLACES) abort();
        if (m.kind != BERT_DISTILBERT && (m.hidden != HIDDEN || m.layers != 1)) abort();
        if (m.most && (m.most < 4 || m.most > bert_longest(&m))) abort();
        if (!ad_record_check(&bert_model_record, ctx, "fuzz", &m) &&
            ad_record_describe(&bert_model_record, ctx, &m, &metadata))
            abort();
        ad_metadata_free(&metadata);
    }
    ad_record_free(&bert_model_record, ctx, &m);
    ad_error_clear(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char begin[] =
        "{\"model_type\": \"bert\", \"num_hidden_layers\": 1, \"num_attention_heads\": 2, "
        "\"hidden_size\": 4, \"intermediate_size\": 6, \"max_position_embeddings\": 12, "
        "\"vocab_size\": 8, ";
    static unsigned char weights[4096];
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_file *file;
    size_t bytes = make_weights(weights, 1024);
    char *text = malloc(sizeof begin + size);
    if (ad_file_open_memory(&file, ctx, "fuzz", weights, bytes)) abort();
    memcpy(text, data, size);
    text[size] = 0;
    try_config(ctx, file, text);
    strcpy(text, begin);
    memcpy(text + sizeof begin - 1, data, size);
    text[sizeof begin - 1 + size] = 0;
    try_config(ctx, file, text);
    free(text);
    ad_file_close(file);
    if (ad_context_memory(ctx)) abort();
    ad_context_free(ctx);
    return 0;
}
