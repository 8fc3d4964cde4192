/* data.c - what a training reads: pairs, their vocabulary, rows to train and to validate with. */
#include "zoo/translate/translate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST_CHOSEN = 256, HELD_MOST = 1000, HELD_SHARE = 50, ROUND = 8 };
enum { ROW_SENTENCES = 4 };           /* the longest ones; four times as many of the usual length */
enum { DROPOUT_STREAM = 0x62706564 }; /* of random numbers; one for each spelling */
static const double covered = 0.999;  /* of the pairs, where nothing says how long one may be */

static ad_status read_pairs(translate_pairs *pairs, ad_context *ctx, const translate_data *d,
                            bool valid)
{
    translate_lists lists = {.source = valid ? d->valid_source : d->source,
                             .target = valid ? d->valid_target : d->target,
                             .pairs = valid ? d->valid_pairs : d->pairs,
                             .from = d->from,
                             .to = d->to,
                             .weights = valid ? NULL : d->weights,
                             .valid = valid ? "valid-" : ""};
    ad_status status = translate_read_lists(pairs, ctx, &lists);
    if (!status && d->reverse) translate_pairs_swap(pairs);
    return status;
}

/* Every so-manieth pair validates where no others are given; 0: none. */
static int64_t held_step(const translate_data *d, int64_t count)
{
    if (d->valid_pairs || d->valid_source) return 0;
    int64_t held = count / HELD_SHARE < HELD_MOST ? count / HELD_SHARE : HELD_MOST;
    return held < 1 ? count > 1 ? count : 0 : count / held;
}

static int compare_sizes(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* So long that nearly all pairs fit. */
static ad_status choose_longest(ad_context *ctx, translate_model *m, const translate_coded *coded)
{
    int64_t *sizes = malloc((size_t)(coded->count + 1) * sizeof *sizes);
    if (!sizes) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < coded->count; ++i) {
        int64_t a = coded->begin[0][i + 1] - coded->begin[0][i];
        int64_t b = coded->begin[1][i + 1] - coded->begin[1][i];
        sizes[i] = a > b ? a : b;
    }
    if (coded->count) qsort(sizes, (size_t)coded->count, sizeof *sizes, compare_sizes);
    int64_t at = (int64_t)(covered * (double)coded->count);
    int64_t most = coded->count ? sizes[at < coded->count ? at : coded->count - 1] : 1;
    free(sizes);
    most = (most + ROUND - 1) / ROUND * ROUND;
    m->longest = most < 2 * ROUND ? 2 * ROUND : most < LONGEST_CHOSEN ? most : LONGEST_CHOSEN;
    return AD_OK;
}

static void say_left_out(const ad_job *job, const translate_left_out *l, const char *what,
                         double ratio)
{
    const translate_model *m = job->model;
    if (l->empty)
        ad_watch_note(&job->watcher, "%s pairs left out, as one side is empty: %lld", what,
                      (long long)l->empty);
    if (l->longer)
        ad_watch_note(&job->watcher,
                      "%s pairs left out, as one side has more than %lld tokens (--longest): %lld",
                      what, (long long)m->longest, (long long)l->longer);
    if (l->odd)
        ad_watch_note(&job->watcher,
                      "%s pairs left out, as one side has more than %g times the other's tokens "
                      "(--max-ratio): %lld",
                      what, ratio, (long long)l->odd);
}

int64_t translate_row_length(const translate *t)
{
    return t->row_length ? t->row_length : ((const translate_model *)t->job.model)->longest;
}

void translate_choose_rows(translate *t, const translate_step *step)
{
    const translate_model *m = t->job.model;
    int64_t rows = step->batch_tokens / (ROW_SENTENCES * m->longest);
    if (rows < 1) rows = 1;
    int64_t length = step->batch_tokens / rows / ROUND * ROUND;
    t->row_length = length > m->longest ? length : m->longest;
    t->job.batch = rows;
}

/* Rows of pairs, in an order that follows from the seed and `number`. */
static ad_status pack(translate *t, translate_rows *rows, const translate_coded *coded,
                      uint64_t number, translate_left_out *left_out)
{
    ad_job *job = &t->job;
    const translate_data *d = ad_job_value(job, &translate_data_record);
    const translate_model *m = job->model;
    const translate_packing how = {.length = t->row_length,
                                   .longest = m->longest,
                                   .ratio = d->ratio,
                                   .seed = (uint64_t)job->part.seed + (number << 32)};
    rows->begin = t->vocabulary.begin;
    return translate_pack(rows, job->ctx, coded, &how, left_out);
}

/* One of the spellings of the pairs to train with; the first decides --longest if nothing does. */
static ad_status make_spelling(translate *t, translate_rows *rows, int64_t step, int64_t number,
                               translate_left_out *left_out)
{
    const translate_data *d = ad_job_value(&t->job, &translate_data_record);
    translate_model *m = t->job.model;
    translate_coded coded;
    ad_bpe_dropout dropout = {.share = d->bpe_dropout,
                              .seed = (uint64_t)t->job.part.seed,
                              .stream = DROPOUT_STREAM + (uint64_t)number};
    translate_coding how = {.step = step,
                            .dropout = d->bpe_dropout > 0 ? &dropout : NULL,
                            .most = m->longest ? m->longest : INT64_MAX};
    ad_status status = translate_code(&coded, &t->vocabulary, &t->pairs[0], &how);
    if (!status && !m->longest) status = choose_longest(t->job.ctx, m, &coded);
    if (!status && !t->row_length)
        translate_choose_rows(t, ad_job_value(&t->job, &translate_step_record));
    if (!status) status = pack(t, rows, &coded, (uint64_t)number, left_out);
    translate_coded_free(&coded);
    return status;
}

/* The pairs to train with, and with --bpe-dropout their other spellings. */
static ad_status make_training(translate *t, int64_t step)
{
    ad_job *job = &t->job;
    const translate_data *d = ad_job_value(job, &translate_data_record);
    translate_left_out left_out = {0}, again = {0};
    translate_rows *rows = &t->rows[0];
    int64_t spellings = d->bpe_dropout > 0 ? d->bpe_variants : 1;
    ad_status status = make_spelling(t, rows, step, 0, &left_out);
    if (status) return status;
    say_left_out(job, &left_out, "training", d->ratio);
    if (!rows->count)
        return ad_error_set(job->ctx, AD_ERROR_FORMAT,
                            "%s: no pair of sentences is left to train on", job->data);
    for (int64_t i = 1; i < spellings && !status; ++i) {
        rows->next = calloc(1, sizeof *rows->next);
        if (!rows->next) return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
        status = make_spelling(t, rows->next, step, i, &again);
        if (!status && !rows->next->count)
            status = ad_error_set(job->ctx, AD_ERROR_FORMAT,
                                  "--bpe-dropout %g: no pair of sentences is left to train on",
                                  d->bpe_dropout);
        rows = rows->next;
    }
    if (status) return status;
    return translate_row_samples(&job->split[AD_SPLIT_TRAIN].samples, job->ctx, &t->rows[0]);
}

/* Those that are held to validate with, spelled as they are translated. */
static ad_status make_validation(translate *t, const translate_pairs *from, int64_t step)
{
    ad_job *job = &t->job;
    const translate_data *d = ad_job_value(job, &translate_data_record);
    translate_left_out left_out = {0};
    translate_coded coded;
    translate_coding how = {.step = step, .held = true};
    ad_status status = translate_code(&coded, &t->vocabulary, from, &how);
    if (!status) status = pack(t, &t->rows[1], &coded, 0, &left_out);
    translate_coded_free(&coded);
    if (status) return status;
    say_left_out(job, &left_out, "validation", d->ratio);
    if (!t->rows[1].count) return AD_OK;
    return translate_row_samples(&job->split[AD_SPLIT_VALIDATION].samples, job->ctx, &t->rows[1]);
}

/* The lines whose translations are held against the references. */
static ad_status hold_lines(translate *t, const translate_pairs *from, int64_t step, int64_t most)
{
    int64_t every = step ? step : 1, count = (from->count + every - 1) / every;
    if (count > most) count = most;
    if (step == 0 && count) every = from->count / count; /* spread over the file */
    for (int s = 0; s < 2; ++s) {
        t->held[s] = malloc((size_t)(count + 1) * sizeof *t->held[s]);
        if (!t->held[s]) return ad_error_set(t->job.ctx, AD_ERROR_MEMORY, "out of memory");
        for (int64_t i = 0; i < count; ++i) t->held[s][i] = from->side[s][i * every];
    }
    t->held_count = count;
    return AD_OK;
}

static ad_status make_splits(translate *t, const translate_data *d)
{
    int64_t step = held_step(d, t->pairs[0].count);
    bool own = d->valid_pairs || d->valid_source;
    const translate_pairs *from = own ? &t->pairs[1] : &t->pairs[0];
    ad_status status = make_training(t, step);
    if (!status && (own || step)) status = make_validation(t, from, own ? 1 : step);
    if (!status && (own || step)) status = hold_lines(t, from, own ? 0 : step, d->eval_lines);
    if (!status && !own && step)
        ad_watch_note(&t->job.watcher, "every %lldth pair is kept to validate with, %lld in all",
                      (long long)step, (long long)t->rows[1].sentences);
    return status;
}

/* Rows of a step, and what is said of the data. */
static void describe(translate *t)
{
    ad_job *job = &t->job;
    const translate_model *m = job->model;
    translate_rows *rows = &t->rows[0];
    int64_t most = translate_rows_most(rows);
    if (job->batch > most) job->batch = most;
    rows->epoch = most / job->batch * job->batch;
    job->eval_batch = job->batch;
    double batch = (double)job->batch;
    job->units_per_row = round((double)rows->tokens[1] / (double)rows->count * batch) / batch;
    job->fingerprint = t->pairs[0].fingerprint ^ ad_tokenizer_fingerprint(t->vocabulary.source);
    snprintf(job->summary, sizeof job->summary,
             "%lld pairs, %lld and %lld tokens of %lld and %lld, in rows of %lld (%.1f %% padding)",
             (long long)rows->sentences, (long long)rows->tokens[0], (long long)rows->tokens[1],
             (long long)m->source_vocab, (long long)m->target_vocab, (long long)rows->length,
             100 - 50 * (double)(rows->tokens[0] + rows->tokens[1]) /
                       (double)(rows->count * rows->length));
}

/* ---- starting from a model ---- */

/* The options must not ask for sizes of their own. */
static ad_status check_asked(ad_context *ctx, const translate_model *m, const translate_data *d)
{
    const struct {
        const char *name;
        bool asked;
    } sizes[] = {{"layers", m->layers},
                 {"decoder-layers", m->decoder_layers},
                 {"heads", m->heads},
                 {"decoder-heads", m->decoder_heads},
                 {"width", m->width},
                 {"hidden", m->hidden},
                 {"decoder-hidden", m->decoder_hidden},
                 {"activation", m->activation != TRANSLATE_RELU},
                 {"longest", m->longest},
                 {"norm", m->norm != TRANSLATE_PRE},
                 {"positions", m->positions != TRANSLATE_SINUSOIDAL},
                 {"tie", m->tie != TRANSLATE_TIE_ALL},
                 {"lower", m->lower},
                 {"tokenizer", d->tokenizer},
                 {"separate", d->separate}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
        if (sizes[i].asked)
            return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                                "--%s: sizes and vocabulary are those of --init %s", sizes[i].name,
                                d->init);
    return AD_OK;
}

static ad_status start_from(translate *t, const translate_data *d)
{
    ad_job *job = &t->job, *from;
    translate_model *m = job->model;
    ad_status status = check_asked(job->ctx, m, d);
    if (!status) status = ad_trained_open(&from, job->ctx, &translate_system, d->init, NULL);
    if (status) return status;
    if (((const translate_model *)from->model)->told.there)
        status = ad_error_set(job->ctx, AD_ERROR_UNSUPPORTED,
                              "--init %s: is transformers', whose vocabulary a checkpoint cannot "
                              "keep; it can be run, not trained on",
                              d->init);
    ad_record_free(&translate_model_record, job->ctx, m);
    if (!status) status = ad_record_copy(&translate_model_record, job->ctx, m, from->model);
    if (!status) status = translate_vocabulary_open(&t->vocabulary, from);
    ad_trained_close(from);
    return status;
}

/* A vocabulary of its own. */
static ad_status learn(translate *t, const translate_data *d)
{
    ad_job *job = &t->job;
    translate_model *m = job->model;
    ad_status status = translate_vocabulary_make(&t->vocabulary, job->ctx, d, &t->pairs[0],
                                                 m->lower);
    if (!status) status = translate_vocabulary_keep(&t->vocabulary, m);
    if (!status && !d->tokenizer && m->source_vocab < d->vocab)
        ad_watch_note(&job->watcher,
                      "the sentences give a bpe of %lld tokens, not of the %lld of --vocab",
                      (long long)m->source_vocab, (long long)d->vocab);
    return status;
}

static ad_status check_merges(const translate *t, const translate_data *d)
{
    const ad_tokenizer *both[2] = {t->vocabulary.source, t->vocabulary.target};
    for (int i = 0; i < 2; ++i)
        if (ad_tokenizer_get_kind(both[i]) != AD_TOKENIZER_BPE)
            return ad_error_set(t->job.ctx, AD_ERROR_ARGUMENT,
                                "--bpe-dropout: %s has the kind %s, not BPE",
                                d->tokenizer ? d->tokenizer : d->init,
                                ad_tokenizer_kind_name(ad_tokenizer_get_kind(both[i])));
    return AD_OK;
}

ad_status translate_read(ad_job *job)
{
    translate *t = (translate *)job;
    translate_model *m = job->model;
    const translate_data *d = ad_job_value(job, &translate_data_record);
    job->data = d->pairs ? d->pairs : d->source;
    ad_status status = ad_record_check(&translate_data_record, job->ctx, "--", d);
    if (!status && d->separate && m->tie == TRANSLATE_TIE_ALL && !d->init)
        status = ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                              "--separate: two vocabularies cannot have one matrix of words; "
                              "--tie output or none");
    if (!status && d->init) status = start_from(t, d);
    translate_complete(m);
    if (!status) status = read_pairs(&t->pairs[0], job->ctx, d, false);
    if (!status && (d->valid_pairs || d->valid_source))
        status = read_pairs(&t->pairs[1], job->ctx, d, true);
    if (!status && !t->pairs[0].count)
        status = ad_error_set(job->ctx, AD_ERROR_FORMAT, "%s: has no lines", job->data);
    if (!status && !d->init) status = learn(t, d);
    if (!status && d->bpe_dropout > 0) status = check_merges(t, d);
    if (!status) status = make_splits(t, d);
    if (status) return status;
    describe(t);
    bool bleu = t->held_count > 0;
    if (t->rows[1].count) {
        job->monitor = bleu ? "bleu" : "loss", job->monitor_low = !bleu;
        if (bleu) job->monitor_too = "loss", job->monitor_too_low = true;
    }
    return AD_OK;
}
