/* Any bytes as a table of texts with labels: separated values and JSON lines, classes and numbers,
 * pairs and single texts, as the first byte says. What is taken has a label for each text. */
#include "scratch_file.h"
#include "zoo/bert/bert.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const bert_rows *rows, const bert_classes *classes)
{
    for (int64_t i = 0; i < rows->texts.count; ++i) {
        if (rows->numbered ? !isfinite(rows->numbers[i])
                           : rows->labels[i] < 0 || rows->labels[i] >= classes->count)
            abort();
        if (bert_texts_length(&rows->texts, i) > rows->texts.most) abort();
    }
    for (int64_t i = 0; i < classes->count; ++i)
        if (!classes->at[i] || !*classes->at[i]) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const bert_model model = {.kind = BERT_BERT, .places = 16, .types = 2, .vocab = 256};
    static const char *const letters = " !\"',-.0123456789:[]abcdefghijklmnopqrstuvwxyz{}";
    static ad_context *ctx;
    static bert_speller speller = {.mask = -1};
    static size_t held; /* by the tokenizer */
    bert_classes classes = {.grow = true, .from = "fuzz"};
    if (size < 1) return 0;
    if (!ctx) {
        ctx = ad_context_new(&(ad_context_options){.threads = 1});
        if (ad_tokenizer_characters(&speller.tokenizer, ctx, "letters", letters, strlen(letters)))
            abort();
        held = ad_context_memory(ctx);
    }
    bool lines = data[0] & 1, numbers = data[0] & 2, named = data[0] & 4;
    const bert_table table = {
        .path = scratch_write(lines ? "table.jsonl" : "table.csv", data + 1, size - 1),
        .text = named || lines ? "a" : "1",
        .pair = data[0] & 8 ? (named || lines ? "b" : "2") : NULL,
        .label = named || lines ? "l" : "3",
        .speller = &speller};
    bert_rows *rows = bert_rows_new(ctx, &model, 16);
    if (!rows) abort();
    rows->numbered = numbers;
    if (!bert_table_read(&table, &classes, rows))
        check(rows, &classes);
    else if (!strstr(ad_error(ctx), "table.")) /* every error names the file */
        abort();
    ad_samples_free(&rows->samples);
    bert_classes_free(&classes);
    ad_error_clear(ctx);
    if (ad_context_memory(ctx) > held) abort();
    return 0;
}
