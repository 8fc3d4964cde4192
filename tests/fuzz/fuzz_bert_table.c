/* Any bytes as a table of texts with labels: separated values, words with tags and JSON lines, each
 * task, pairs and single texts, as the first byte says. What is taken has a label for each text, or
 * its labels, or the tags of its words. */
#include "scratch_file.h"
#include "zoo/bert/tuned.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_marks(const bert_rows *rows, const bert_classes *classes)
{
    const bert_marks *m = &rows->marks;
    if (m->texts != rows->texts.count || m->begin[m->texts] != m->count) abort();
    for (int64_t i = 0; i < m->texts; ++i)
        for (int64_t k = m->begin[i]; k < m->begin[i + 1]; ++k) {
            if (m->label[k] < 0 || m->label[k] >= classes->count) abort();
            if (m->place[k] < 0 || m->place[k] >= bert_texts_length(&rows->texts, i)) abort();
        }
}

static void check(const bert_rows *rows, const bert_classes *classes)
{
    int task = rows->model->task;
    for (int64_t i = 0; i < rows->texts.count; ++i) {
        if (task == BERT_NUMBERS_TASK && !isfinite(rows->numbers[i])) abort();
        if (task == BERT_CLASSES_TASK && (rows->labels[i] < 0 || rows->labels[i] >= classes->count))
            abort();
        if (bert_texts_length(&rows->texts, i) > rows->texts.most) abort();
    }
    if (task == BERT_LABELS_TASK || task == BERT_TAGS_TASK) check_marks(rows, classes);
    for (int64_t i = 0; i < classes->count; ++i)
        if (!classes->at[i] || !*classes->at[i]) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bert_model model = {.kind = BERT_BERT, .places = 16, .types = 2, .vocab = 256};
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
    bool lines = data[0] & 1, named = data[0] & 2;
    model.task = data[0] >> 2 & 3;
    const bert_table table = {
        .path = scratch_write(lines ? "table.jsonl" : "table.csv", data + 1, size - 1),
        .text = named || lines ? "a" : "1",
        .pair = data[0] & 16 ? (named || lines ? "b" : "2") : NULL,
        .label = named || lines ? "l" : "3",
        .speller = &speller};
    bert_rows *rows = bert_rows_new(ctx, &model, 16);
    if (!rows) abort();
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
