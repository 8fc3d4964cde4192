/* Any bytes as a config.json of Hugging Face's, as a checkpoint, and as a model of llama2.c: as
 * they are, and behind a header of small sizes that fits. */
#include "zoo/gpt/gpt.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the file claims to be is refused, or is a model that can be described. */
static bool recognised(ad_context *ctx, ad_file *file, const char *config, gpt_config *c)
{
    ad_metadata_list metadata = {0};
    bool known = false;
    if (ad_record_init(&gpt_model_record, ctx, c, NULL)) abort();
    ad_status status = gpt_recognise(ctx, file, config, c, &known);
    if (!status && known) status = ad_record_check(&gpt_model_record, ctx, "fuzz", c);
    if (status || !known) return false;
    if (ad_record_describe(&gpt_model_record, ctx, c, &metadata) || metadata.count < 11) abort();
    ad_metadata_free(&metadata);
    return true;
}

static void try_config(ad_context *ctx, const uint8_t *data, size_t size)
{
    static const unsigned char empty[] = {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    char *text = malloc(size + 1);
    gpt_config c;
    ad_file *file;
    memcpy(text, data, size);
    text[size] = 0;
    if (ad_file_open_memory(&file, ctx, "fuzz", empty, sizeof empty)) abort();
    (void)recognised(ctx, file, text, &c);
    ad_record_free(&gpt_model_record, ctx, &c);
    ad_file_close(file);
    free(text);
}

/* `small`: its sizes are, so that there is room for the weights. */
static void try_file(ad_context *ctx, const void *bytes, size_t size, bool small)
{
    ad_file *file;
    gpt_config c;
    if (ad_file_open_memory(&file, ctx, "fuzz", bytes, size)) return;
    if (recognised(ctx, file, NULL, &c) && small) {
        ad_vars *vars = ad_vars_new(ctx, 0);
        if (gpt_declare(vars, &c, AD_F32) || gpt_adapt(NULL, file) || !ad_vars_parameters(vars))
            abort();
        ad_status status = ad_vars_load_file(vars, file, (ad_load_options){0});
        if (status && status != AD_ERROR_NUMERIC) abort(); /* but for NaN it is a model */
        ad_vars_free(vars);
    }
    ad_record_free(&gpt_model_record, ctx, &c);
    ad_file_close(file);
}

/* A file of llama2.c whose size is what its header says. */
static void try_llama2c(ad_context *ctx, const uint8_t *data, size_t size)
{
    int32_t n[7];
    for (int i = 0; i < 7; ++i) n[i] = 1 + data[i] % 12;
    if (data[0] & 128) n[5] = -n[5];
    int64_t w = n[0], head = w / n[3], kv = n[4] * head, vocab = n[5] < 0 ? -2 * n[5] : n[5];
    int64_t layer = 2 * w + 2 * w * w + 2 * w * kv + 3 * w * n[1];
    size_t bytes = sizeof n + (size_t)(vocab * w + n[2] * layer + w + n[6] * head) * sizeof(float);
    size_t have = size - 7;
    char *file = calloc(1, bytes);
    memcpy(file, n, sizeof n);
    if (have > bytes - sizeof n) have = bytes - sizeof n;
    memcpy(file + sizeof n, data + 7, have);
    try_file(ctx, file, bytes, true);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    try_config(ctx, data, size);
    try_file(ctx, data, size, false);
    if (size >= 7) try_llama2c(ctx, data, size);
    if (ad_context_memory(ctx)) abort();
    ad_context_free(ctx);
    return 0;
}
