/* `gpt sample` as a whole: any bytes as weights, as the weights of a small model of llama2.c (whose
 * numbers may be NaN or huge), as its tokenizer and as the prompt. */
#include "zoo/gpt/gpt.h"

#include <autodidact/command.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SMALL = 1 << 16 }; /* elements */

static char folder[] = "/tmp/autodidact-fuzz-XXXXXX", model[64], tokenizer[64], prompt[64];

static void clean(void)
{
    unlink(model), unlink(tokenizer), unlink(prompt), rmdir(folder);
}

static void start(void)
{
    if (!mkdtemp(folder)) abort();
    snprintf(model, sizeof model, "%s/model", folder);
    snprintf(tokenizer, sizeof tokenizer, "%s/tokenizer", folder);
    snprintf(prompt, sizeof prompt, "%s/prompt", folder);
    atexit(clean);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
}

/* A file of llama2.c with sizes of the first six bytes, then the bytes as they are. */
static void write_llama2c(const uint8_t *data, size_t size)
{
    int32_t n[7] = {4, 5, 2, 2, 1, 0, 0};
    n[0] *= 1 + data[0] % 3, n[1] += data[1] % 9, n[2] = 1 + data[2] % 2;
    n[5] = 1 + data[3] % 80, n[6] = 1 + data[4] % 20;
    if (data[5] & 1) n[5] = -n[5];
    int64_t w = n[0], head = w / n[3], kv = n[4] * head, vocab = n[5] < 0 ? -2 * n[5] : n[5];
    int64_t layer = 2 * w + 2 * w * w + 2 * w * kv + 3 * w * n[1];
    size_t bytes = sizeof n + (size_t)(vocab * w + n[2] * layer + w + n[6] * head) * sizeof(float);
    char *file = calloc(1, bytes);
    size_t from = sizeof n;
    memcpy(file, n, sizeof n);
    for (size -= 6, data += 6; size && from < bytes; from += size) /* again and again */
        memcpy(file + from, data, size < bytes - from ? size : bytes - from);
    write_file(model, file, bytes);
    free(file);
}

/* What the file asks for is no more than a fuzz target can give. */
static bool is_small(void)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_job *job;
    bool small = true;
    if (!ad_trained_open(&job, ctx, &gpt_system, model, NULL)) {
        const gpt_config *c = job->model;
        int64_t most = c->block > c->hidden ? c->block : c->hidden;
        if (c->vocab > most) most = c->vocab;
        small = most < SMALL && c->width < SMALL && c->layers < 16 &&
                most * c->width * c->layers < SMALL;
    }
    ad_trained_close(job);
    if (ad_context_memory(ctx)) abort();
    ad_context_free(ctx);
    return small;
}

static void sample(uint8_t how, bool tokens)
{
    static const char *const ways[][2] = {
        {"-t", "0"},   {"-t", "1e-30"},     {"--top-k", "1"},        {"--top-p", "0.5"},
        {"-t", "100"}, {"--top-p", "1e-9"}, {"--precision", "bf16"}, {"--samples", "2"}};
    static const ad_verb *const verbs[] = {&gpt_sample_verb, NULL};
    static FILE *nowhere;
    if (!nowhere) nowhere = fopen("/dev/null", "w");
    const ad_app app = {"fuzz", "1", "", verbs, nowhere, nowhere};
    const char *const *way = ways[how % 8];
    char *argv[16] = {"fuzz",      "gpt", "sample",       model,          "-n",     "5",
                      "--threads", "1",   (char *)way[0], (char *)way[1], "--file", prompt};
    int argc = 12;
    if (tokens) argv[argc++] = "--tokenizer", argv[argc++] = tokenizer;
    if (how & 8) argv[argc++] = "--json";
    int code = ad_app_main(&app, argc, argv);
    if (code != AD_EXIT_OK && code != AD_EXIT_FAILURE) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!*model) start();
    if (size < 16) return 0;
    uint8_t how = data[0];
    size_t cut = 8 + (size - 8) * data[1] / 256, ask = data[2] % 32 < size - cut ? data[2] % 32 : 0;
    if (how & 16)
        write_file(model, data + 3, cut - 3);
    else
        write_llama2c(data + 1, cut - 1);
    write_file(prompt, data + size - ask, ask);
    write_file(tokenizer, data + cut, size - cut - ask);
    if (is_small()) sample(how, size > cut);
    return 0;
}
