/* corpus.c - a text as tokens, cut into a training and a validation part as nanoGPT cuts it, and
 * these into windows. */
#include "zoo/gpt/gpt.h"

#include <stdio.h>
#include <string.h>

enum { VALIDATION_TENTHS = 1 };

static const ad_option step_rows[] = {
    {"batch", 0, AD_OPTION_INT, AD_AT(gpt_step, batch), .initial = "12", .min = 1, .max = 65536,
     .help = "blocks in a step"},
    {"dropout", 0, AD_OPTION_REAL, AD_AT(gpt_step, dropout), .initial = "0", .min = 0, .max = 0.95,
     .help = "of embeddings and of what layers add"},
    {"vocab", 0, AD_OPTION_INT, AD_AT(gpt_step, vocab), .initial = "1024", .min = 2, .max = 1 << 24,
     .help = "tokens of a bpe that is learnt"},
    {0},
};
const ad_record gpt_step_record = {.title = "step", .options = step_rows, .size = sizeof(gpt_step)};

static const ad_option text_rows[] = {
    {"data", 'd', AD_OPTION_FILE, AD_AT(gpt_text, data), .required = true, .may_change = true,
     .help = "the text (UTF-8; .gz, .xz, .bz2, .zst are expanded); its last tenth validates"},
    {"tokenizer", 0, AD_OPTION_TEXT, AD_AT(gpt_text, tokenizer), .initial = "char", .unit = "KIND",
     .help = "char, byte, bpe (learnt from the text), or a tokenizer's file or folder; with --init "
             "that of the model, unless this is another than char"},
    {"init", 0, AD_OPTION_FILE, AD_AT(gpt_text, init), .unit = "MODEL",
     .help = "weights to begin with, as `gpt sample` takes them; sizes are theirs"},
    {"eval-batches", 0, AD_OPTION_INT, AD_AT(gpt_text, eval_batches), .initial = "20", .min = 0,
     .max = 1e9,
     .help = "batches of the validation part, spread evenly, that an evaluation looks at; 0: all"},
    {"sample-tokens", 0, AD_OPTION_INT, AD_AT(gpt_text, sample_tokens), .initial = "200", .min = 0,
     .max = 1e6, .help = "length of the sample that is written at each evaluation"},
    {0},
};
const ad_record gpt_text_record = {.title = "text", .options = text_rows, .size = sizeof(gpt_text)};

/* ---- tokens ---- */

/* Settings may also leave the kind unset. */
static ad_status make_tokenizer(ad_tokenizer **out, ad_context *ctx, const char *path,
                                const ad_text_file *file, size_t training, const char *kind,
                                int64_t vocab)
{
    if (!kind || !strcmp(kind, "char"))
        return ad_tokenizer_characters(out, ctx, path, file->text, file->length);
    if (!strcmp(kind, "byte")) return ad_tokenizer_bytes(out, ctx);
    if (!strcmp(kind, "bpe"))
        return ad_tokenizer_train(out, ctx, path, file->text, training, (int32_t)vocab);
    return ad_tokenizer_open(out, ctx, kind);
}

static ad_status read_corpus(gpt_corpus *corpus, ad_context *ctx, const char *path,
                             ad_tokenizer **tokenizer, const char *kind, int64_t vocab)
{
    ad_text_file file;
    memset(corpus, 0, sizeof *corpus);
    ad_status status = ad_text_file_read(&file, ctx, path);
    if (status) return status;
    size_t training = ad_text_split(file.text, file.length, VALIDATION_TENTHS / 10.0);
    if (!file.length) status = ad_error_set(ctx, AD_ERROR_FORMAT, "%s: the text is empty", path);
    if (!status && !*tokenizer)
        status = make_tokenizer(tokenizer, ctx, path, &file, training, kind, vocab);
    if (!status) {
        status = ad_tokenizer_encode(*tokenizer, file.text, training, 0, &corpus->training);
        if (!status)
            status = ad_tokenizer_encode(*tokenizer, file.text + training, file.length - training,
                                         0, &corpus->validation);
        if (status) status = ad_error_set(ctx, status, "%s: %s", path, ad_error(ctx));
    }
    if (!status) {
        corpus->bytes = file.length;
        corpus->fingerprint = ad_fingerprint(file.text, file.length) ^
                              ad_tokenizer_fingerprint(*tokenizer);
    }
    ad_text_file_free(&file);
    return status;
}

void gpt_corpus_free(gpt_corpus *corpus)
{
    ad_tokens_free(&corpus->training);
    ad_tokens_free(&corpus->validation);
}

/* ---- windows ---- */

static ad_status check_text(const gpt *g, const char *path)
{
    const gpt_config *c = g->job.model;
    int64_t training = g->corpus.training.count, validation = g->corpus.validation.count;
    if (ad_tokenizer_count(g->tokenizer) > c->vocab)
        return ad_error_set(g->job.ctx, AD_ERROR_FORMAT,
                            "the tokenizer has %d tokens, the model of --init knows %lld",
                            (int)ad_tokenizer_count(g->tokenizer), (long long)c->vocab);
    if (training > g->block && validation > 1) return AD_OK;
    return ad_error_set(g->job.ctx, AD_ERROR_FORMAT,
                        "%s: the text is too short for blocks of %lld tokens: %lld to train on and "
                        "%lld to validate with",
                        path, (long long)g->block, (long long)training, (long long)validation);
}

/* Blocks at random places to train on, some of the last tenth to validate with. */
static ad_status make_windows(gpt *g, int64_t batch, int64_t eval_batches)
{
    ad_job *job = &g->job;
    const ad_tokens *text = &g->corpus.training, *rest = &g->corpus.validation;
    const ad_token_windows training = {.ids = text->ids,
                                       .count = text->count,
                                       .block = g->block,
                                       .random = true,
                                       .windows = batch * (text->count / (batch * g->block) + 1)};
    const ad_token_windows validation = {
        .ids = rest->ids, .count = rest->count, .block = g->block, .windows = eval_batches * batch};
    ad_status status = ad_token_samples_new(&job->split[AD_SPLIT_TRAIN].samples, job->ctx,
                                            &training);
    if (status) return status;
    return ad_token_samples_new(&job->split[AD_SPLIT_VALIDATION].samples, job->ctx, &validation);
}

/* A bpe of its own. */
static bool learns(const gpt_text *text)
{
    return text->tokenizer && !strcmp(text->tokenizer, "bpe");
}

ad_status gpt_read(ad_job *job)
{
    gpt *g = (gpt *)job;
    gpt_config *c = job->model;
    const gpt_text *text = ad_job_value(job, &gpt_text_record);
    const gpt_step *step = ad_job_value(job, &gpt_step_record);
    const char *written;
    size_t length;
    ad_status status = text->init ? gpt_start_from(g, text) : AD_OK;
    if (status) return status;
    status = read_corpus(&g->corpus, job->ctx, text->data, &g->tokenizer, text->tokenizer,
                         step->vocab);
    if (!status && ad_tokenizer_count(g->tokenizer) < step->vocab && learns(text))
        ad_watch_note(&job->watcher, "%s: gives a bpe of %d tokens, not of the %lld of --vocab",
                      text->data, (int)ad_tokenizer_count(g->tokenizer), (long long)step->vocab);
    if (!status) status = ad_tokenizer_to_text(g->tokenizer, &written, &length);
    if (!status) status = ad_record_set(&gpt_model_record, job->ctx, c, "tokenizer-text", written);
    if (status) return status;
    if (!text->init) {
        gpt_config_complete(c);
        c->vocab = ad_tokenizer_count(g->tokenizer);
        g->block = c->block;
    }
    snprintf(job->summary, sizeof job->summary,
             "%zu bytes; %lld tokens to train on, %lld to "
             "validate with; %d different ones (%s)",
             g->corpus.bytes, (long long)g->corpus.training.count,
             (long long)g->corpus.validation.count, (int)ad_tokenizer_count(g->tokenizer),
             ad_tokenizer_kind_name(ad_tokenizer_get_kind(g->tokenizer)));
    job->data = text->data, job->fingerprint = g->corpus.fingerprint;
    job->batch = job->eval_batch = step->batch;
    job->units_per_row = (double)g->block;
    job->in_order = true; /* the places are random already */
    job->monitor = "loss", job->monitor_low = true;
    status = check_text(g, text->data);
    return status ? status : make_windows(g, step->batch, text->eval_batches);
}
