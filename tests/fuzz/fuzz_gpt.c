/* Any bytes as a config.json of Hugging Face's and as a model of llama2.c: as they are, and behind
 * a header of small sizes that fits. */
#include "zoo/gpt/gpt.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_llama(ad_context *ctx, const void *bytes, size_t size)
{
    gpt_model model = {0};
    if (gpt_llama2c_memory(&model, ctx, "fuzz.bin", bytes, size) == AD_OK)
        (void)gpt_parameters(model.vars);
    gpt_close(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    gpt_config config;
    if (gpt_config_json(&config, ctx, "config.json", (const char *)data, size) == AD_OK) {
        gpt_config_text text;
        if (gpt_config_write(&config, &text) > GPT_METADATA) abort();
    }
    try_llama(ctx, data, size);
    if (size >= 7) {
        int32_t numbers[7];
        for (int i = 0; i < 7; ++i) numbers[i] = 1 + data[i] % 12;
        if (data[0] & 128) numbers[5] = -numbers[5];
        int64_t w = numbers[0], dim = numbers[3] ? w / numbers[3] : 0, kv = numbers[4] * dim;
        int64_t v = numbers[5] < 0 ? -2 * numbers[5] : numbers[5];
        int64_t floats = v * w + numbers[6] * dim + w +
                         numbers[2] * (2 * w + 2 * w * w + 2 * w * kv + 3 * w * numbers[1]);
        size_t bytes = sizeof numbers + (size_t)floats * 4, have = size - 7;
        char *file = calloc(1, bytes);
        memcpy(file, numbers, sizeof numbers);
        if (have > bytes - sizeof numbers) have = bytes - sizeof numbers;
        memcpy(file + sizeof numbers, data + 7, have);
        try_llama(ctx, file, bytes);
        free(file);
    }
    if (ad_context_memory(ctx)) abort();
    ad_context_free(ctx);
    return 0;
}
