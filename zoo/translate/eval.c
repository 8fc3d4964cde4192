/* eval.c - `translate eval`: BLEU, chrF and perplexity of a translator on sentences whose
 * translations are known. */
#include "zoo/translate/translate.h"

#include <autodidact/table.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const ad_option options[] = {
    {AD_ROW("source", FILE), .required = true, .help = "sentences to translate, one a line"},
    {AD_ROW("target", FILE), .required = true, .help = "their translations"},
    TRANSLATE_HOW_OPTIONS,
    {AD_ROW("tokenize", CHOICE), .initial = "13a", .choices = "13a|none",
     .help = "words of BLEU: mteval-v13a's, or what spaces part"},
    {AD_ROW("lower-case", FLAG), .help = "score both sides in lower case"},
    {AD_LETTER_ROW("output", 'o', FILE), .help = "where the translations go"},
    TRANSLATE_AVERAGE_OPTION,
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct scored {
    ad_bleu_counts bleu;
    ad_chrf_counts chrf;
    double loss, tokens, seconds;
    int64_t lines, out; /* pairs that the loss leaves out */
} scored;

/* ---- the loss ---- */

static ad_status measure_loss(translate *t, const translate_pairs *pairs, int64_t average,
                              scored *s)
{
    enum { ROWS = 16 };
    ad_job *job = &t->job;
    const translate_model *m = job->model;
    translate_coded coded = {0};
    translate_left_out left_out = {0};
    ad_samples *samples = NULL;
    ad_loader *loader = NULL;
    translate_rows *rows = &t->rows[1];
    rows->begin = t->vocabulary.begin;
    ad_status status = translate_code(&coded, &t->vocabulary, pairs,
                                      &(translate_coding){.step = 1, .held = true});
    if (!status)
        status = translate_pack(
            rows, job->ctx, &coded,
            &(translate_packing){.length = m->longest, .longest = m->longest, .ratio = INFINITY},
            &left_out);
    translate_coded_free(&coded);
    s->out = left_out.empty + left_out.longer;
    int64_t batch = !rows->count ? 1 : rows->count < ROWS ? rows->count : ROWS;
    if (status) return status;
    const ad_loader_options how = {.batch = batch, .keep_last = true};
    status = ad_trained_build(job, batch, NULL);
    if (!status) status = translate_average(job, job->vars, average);
    if (status || !rows->count) return status;
    status = translate_row_samples(&samples, job->ctx, rows);
    if (!status) status = ad_loader_new(&loader, job->ctx, samples, &how);
    if (!status) status = translate_score(job, loader, &s->loss, &s->tokens);
    ad_loader_free(loader);
    ad_samples_free(samples);
    return status;
}

/* ---- translations ---- */

static ad_status write_lines(ad_context *ctx, const char *path, const translate_result *results,
                             int64_t count)
{
    size_t length = 0, at = 0;
    for (int64_t i = 0; i < count; ++i) length += strlen(results[i].text[0]) + 1;
    char *all = malloc(length + 1);
    if (!all) return ad_error_set(ctx, AD_ERROR_MEMORY, "no memory for the translations");
    for (int64_t i = 0; i < count; ++i) {
        size_t size = strlen(results[i].text[0]);
        memcpy(all + at, results[i].text[0], size);
        all[at + size] = '\n';
        at += size + 1;
    }
    ad_status status = ad_text_file_write(ctx, path, all, length);
    free(all);
    return status;
}

static ad_status translate_and_score(ad_command *cmd, translate *t, const translate_pairs *pairs,
                                     scored *s, bool *whole)
{
    ad_context *ctx = t->job.ctx;
    const char *output = ad_command_text(cmd, "output");
    const translate_how how = translate_how_asked(cmd, t->job.model);
    ad_watcher watcher = ad_command_watcher(cmd);
    translate_result *results = calloc((size_t)pairs->count + 1, sizeof *results);
    if (!results) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    double start = ad_seconds();
    ad_status status = translate_lines(&t->translator, pairs->side[0], pairs->count, &how, 1,
                                       &watcher, results, whole);
    s->seconds = ad_seconds() - start;
    if (!status && *whole)
        status = translate_bleu(ctx, results, pairs->side[1], pairs->count,
                                (ad_bleu_words)ad_command_choice(cmd, "tokenize"),
                                ad_command_flag(cmd, "lower-case"), &s->bleu, &s->chrf);
    if (!status && *whole && output) status = write_lines(ctx, output, results, pairs->count);
    translate_results_free(results, pairs->count);
    free(results);
    return status;
}

/* ---- the verb ---- */

static ad_status report(ad_command *cmd, const translate *t, const scored *s)
{
    static const ad_column columns[] = {
        {"BLEU", .kind = AD_COLUMN_REAL, .key = "bleu", .digits = 5},
        {"chrF", .kind = AD_COLUMN_REAL, .key = "chrf", .digits = 5},
        {"signature", .kind = AD_COLUMN_TEXT},
        {"loss", .kind = AD_COLUMN_REAL, .digits = 5, .unit = "nats a token"},
        {"perplexity", .kind = AD_COLUMN_REAL, .digits = 4},
        {"words of BLEU", .kind = AD_COLUMN_INT, .key = "words"},
        {"the references'", .kind = AD_COLUMN_INT, .key = "reference_words"},
        {"lines", .kind = AD_COLUMN_INT},
        {"lines per second", .kind = AD_COLUMN_REAL, .key = "lines_per_second", .digits = 4},
        {"tokens per second", .kind = AD_COLUMN_REAL, .key = "tokens_per_second", .digits = 4},
    };
    char signature[AD_BLEU_SIGNATURE_BYTES];
    ad_table *table;
    ad_bleu_signature((ad_bleu_words)ad_command_choice(cmd, "tokenize"),
                      ad_command_flag(cmd, "lower-case"), signature);
    ad_status status = ad_table_new(&table, t->job.ctx, columns, 10);
    double loss = s->tokens > 0 ? s->loss : NAN;
    ad_table_row(table);
    ad_table_real(table, ad_bleu_score(&s->bleu));
    ad_table_real(table, ad_chrf_score(&s->chrf));
    ad_table_text(table, signature);
    ad_table_real(table, loss);
    ad_table_real(table, exp(loss));
    ad_table_int(table, s->bleu.length);
    ad_table_int(table, s->bleu.reference_length);
    ad_table_int(table, s->lines);
    ad_table_real(table, (double)s->lines / s->seconds);
    ad_table_real(table, (double)t->translator.words / s->seconds);
    if (!status) status = ad_table_print_upright(table, cmd, "result");
    ad_table_free(table);
    return status;
}

static ad_status work(ad_command *cmd, ad_job *job)
{
    translate *t = (translate *)job;
    const char *output = ad_command_text(cmd, "output");
    scored s = {.lines = 0};
    bool whole = false;
    translate_pairs *pairs = &t->pairs[0];
    ad_status status = output ? ad_text_file_can_write(job->ctx, output) : AD_OK;
    if (!status)
        status = translate_read_files(pairs, job->ctx, ad_command_text(cmd, "source"),
                                      ad_command_text(cmd, "target"));
    if (!status && !pairs->count)
        status = ad_error_set(job->ctx, AD_ERROR_FORMAT, "%s: has no lines",
                              ad_command_text(cmd, "source"));
    if (!status) status = translate_vocabulary_open(&t->vocabulary, job);
    if (!status) status = measure_loss(t, pairs, ad_command_int(cmd, "average"), &s);
    if (!status)
        status = translate_translator_new(&t->translator, job->ctx, job->model, job->vars,
                                          &t->vocabulary);
    s.lines = pairs->count;
    if (!status) status = translate_and_score(cmd, t, pairs, &s, &whole);
    if (!status && s.out)
        ad_command_note(cmd,
                        "%lld pairs are left out of the loss: a side is empty or has more than "
                        "%lld tokens",
                        (long long)s.out,
                        (long long)((const translate_model *)job->model)->longest);
    return status || !whole ? status : report(cmd, t, &s);
}

static int run(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &translate_system, work);
}

const ad_verb translate_eval_verb = {
    AD_VERB("translate", "eval", "MODEL", options, run, "score a translator on known translations"),
    .description =
        "BLEU and chrF are sacrebleu's (version 2.6), with its signature; the loss is that of the "
        "references, word by word, without label smoothing.\n"
        "\n"
        "  autodidact translate eval runs/translate-20260101-1 --source test.en --target test.de\n"
        "  autodidact translate eval RUN --source test.en --target test.de --lower-case --beam 8 "
        "-o test.out"};
