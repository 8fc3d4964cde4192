/* embed.c - `bert embed`: vectors of the lines of a text. */
#include "zoo/bert/bert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE,
     .help = "where the vectors go: .npy, .npz and .safetensors hold a matrix, .jsonl a line of "
             "JSON for each"},
    {"pooling", 0, AD_OPTION_CHOICE, .choices = "mean|cls",
     .help = "of a text: the mean of its tokens' vectors or the first one's, else as the model "
             "says, else mean"},
    {"length", 0, AD_OPTION_INT, .min = 4, .max = 1 << 24, .unit = "TOKENS",
     .help = "longer texts are cut; else what the model says, else its places"},
    {"precision", 0, AD_OPTION_CHOICE, .initial = "f32", .choices = "f32|bf16",
     .help = "of products: bf16 is faster where the processor has it, and numbers are off by 1e-3"},
    {"tokenizer", 0, AD_OPTION_FILE,
     .help = "its file or folder, if it does not come with the model"},
    AD_COMMON_OPTIONS,
    {0},
};

/* ---- lines ---- */

static ad_status add_lines(bert_texts *texts, const bert_speller *speller, const char *text,
                           size_t length)
{
    bert_lines lines = {.at = text, .end = text + length};
    ad_status status = AD_OK;
    while (!status && bert_next_line(&lines))
        status = bert_texts_add(texts, speller, lines.line, lines.length, NULL, 0);
    return status;
}

static ad_status read_lines(ad_command *cmd, bert *b, bert_texts *texts)
{
    const char *path = ad_command_operand(cmd, 1);
    ad_text_file file;
    ad_context *ctx = b->job.ctx;
    ad_status status = bert_choose_length(cmd, b, &texts->most);
    if (!status) status = ad_text_file_read(&file, ctx, strcmp(path, "-") ? path : "/dev/stdin");
    if (status) return status;
    status = add_lines(texts, &b->speller, file.text, file.length);
    ad_text_file_free(&file);
    if (!status && !texts->count)
        status = ad_error_set(ctx, AD_ERROR_FORMAT, "%s: the text is empty",
                              strcmp(path, "-") ? path : "standard input");
    bert_texts_note(texts, &b->job.watcher);
    return status;
}

/* ---- writing ---- */

static bool ends_with(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n >= m && !strcmp(text + n - m, ending);
}

static void print_json(ad_command *cmd, const float *vectors, int64_t rows, int64_t width,
                       double *row)
{
    for (int64_t i = 0; i < rows; ++i) {
        for (int64_t k = 0; k < width; ++k) row[k] = (double)vectors[i * width + k];
        ad_json_begin(cmd, "vector");
        ad_json_int(cmd, "line", i + 1);
        ad_json_reals(cmd, "vector", row, (int)width);
        ad_json_end(cmd);
    }
}

/* {"line":1,"vector":[...]} */
static size_t write_line(char *to, int64_t line, const float *vector, int64_t width)
{
    char *at = to;
    at += sprintf(at, "{\"line\":%lld,\"vector\":[", (long long)line);
    for (int64_t k = 0; k < width; ++k)
        at += sprintf(at, "%s%.9g", k ? "," : "", (double)vector[k]);
    at += sprintf(at, "]}\n");
    return (size_t)(at - to);
}

static ad_status write_lines(ad_context *ctx, const char *path, const float *vectors, int64_t rows,
                             int64_t width)
{
    enum { NUMBER = 17, AROUND = 64 }; /* bytes at most */
    size_t length = 0, most = (size_t)rows * (size_t)(width * NUMBER + AROUND);
    char *text = malloc(most + 1);
    if (!text) return bert_no_memory(ctx, "the lines");
    for (int64_t i = 0; i < rows; ++i)
        length += write_line(text + length, i + 1, vectors + i * width, width);
    ad_status status = ad_bytes_write(ctx, path, text, length);
    free(text);
    return status;
}

static ad_status write(ad_context *ctx, const char *path, const float *vectors, int64_t rows,
                       int64_t width)
{
    ad_named_tensor tensor = {"vectors", {AD_F32, ad_shape(rows, width), (void *)(size_t)vectors}};
    if (ends_with(path, ".jsonl")) return write_lines(ctx, path, vectors, rows, width);
    if (ends_with(path, ".npy")) return ad_npy_write(ctx, path, &tensor.tensor);
    return ad_file_write(ctx, path, &tensor, 1, NULL, 0);
}

/* ---- the verb ---- */

static ad_status hand_out(ad_command *cmd, const bert *b, const bert_texts *texts, float *vectors,
                          double seconds)
{
    const int64_t width = ((const bert_model *)b->job.model)->width;
    const char *path = ad_command_text(cmd, "output");
    double *row = malloc((size_t)width * sizeof *row);
    if (!row) return bert_no_memory(b->job.ctx, "a vector");
    ad_status status = path ? write(b->job.ctx, path, vectors, texts->count, width) : AD_OK;
    if (!path) print_json(cmd, vectors, texts->count, width, row);
    free(row);
    if (status) return status;
    double rate = seconds > 0 ? (double)texts->count / seconds : 0;
    ad_json_begin(cmd, "done");
    if (path) ad_json_text(cmd, "output", path);
    ad_json_int(cmd, "rows", texts->count);
    ad_json_int(cmd, "width", width);
    ad_json_int(cmd, "tokens", texts->begin[texts->count]);
    ad_json_real(cmd, "texts_per_second", rate);
    ad_json_end(cmd);
    if (!ad_command_json(cmd))
        ad_command_print(cmd, "%s: %lld vectors of %lld numbers, %.1f texts/s\n", path,
                         (long long)texts->count, (long long)width, rate);
    return AD_OK;
}

static ad_status embed_texts(ad_command *cmd, bert *b, bert_texts *texts)
{
    bert_model *m = b->job.model;
    ad_watcher watcher = ad_command_watcher(cmd);
    int pooling = ad_command_choice(cmd, "pooling");
    ad_precision precision = ad_command_choice(cmd, "precision") ? AD_PRECISION_BF16
                                                                 : AD_PRECISION_F32;
    if (pooling >= 0) m->pooling = pooling;
    ad_status status = bert_open_speller(b, ad_command_text(cmd, "tokenizer"));
    if (!status) status = read_lines(cmd, b, texts);
    if (status) return status;
    float *vectors = calloc((size_t)(texts->count * m->width), sizeof *vectors);
    if (!vectors) return bert_no_memory(b->job.ctx, "the vectors");
    double begun = ad_seconds();
    status = bert_vectors(b, texts, precision, &watcher, vectors);
    if (!status) status = hand_out(cmd, b, texts, vectors, ad_seconds() - begun);
    free(vectors);
    return status;
}

static ad_status embed(ad_command *cmd, ad_job *job)
{
    bert_texts texts = {.ctx = job->ctx};
    ad_status status = embed_texts(cmd, (bert *)job, &texts);
    bert_texts_free(&texts);
    return status;
}

static int run(ad_command *cmd)
{
    const char *path = ad_command_text(cmd, "output");
    if (!path && !ad_command_json(cmd))
        return ad_command_usage(cmd, "-o FILE or --json: the vectors go nowhere");
    if (path && !ends_with(path, ".jsonl")) {
        ad_context *ctx = ad_command_context(cmd);
        int code = ctx ? ad_command_check(cmd, ad_file_can_write(ctx, path)) : AD_EXIT_FAILURE;
        if (code) return code;
    }
    return ad_command_with_trained(cmd, &bert_system, embed);
}

const ad_verb bert_embed_verb = {
    AD_VERB("bert", "embed", "MODEL FILE", options, run, "vectors of the lines of a text"),
    .description =
        "MODEL is a folder of Hugging Face's (config.json with model.safetensors or "
        "pytorch_model.bin, and tokenizer.json or vocab.txt) of the kinds bert, distilbert or "
        "roberta; FILE a text in UTF-8, - for standard input. Every line becomes a vector of "
        "length "
        "1, an empty one too, so that row i is line i. The inner product of two of them is their "
        "cosine.\n"
        "\n"
        "  autodidact bert embed all-MiniLM-L6-v2/ sentences.txt -o sentences.npy\n"
        "  echo 'a sentence' | autodidact bert embed all-MiniLM-L6-v2/ - --json"};
