/* pretrain.c - `bert train`: an encoder learns from a text to fill in words that are missing, as
 * RoBERTa does (Liu et al. 2019): other words in each epoch, texts cut from the whole one after the
 * other, and no second task. */
#include "zoo/bert/bert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { VALIDATED = 10 }; /* the last of so many parts */

static const ad_option corpus_rows[] = {
    {"data", 'd', AD_OPTION_FILE, AD_AT(bert_corpus, data), .required = true, .may_change = true,
     .help = "a text in UTF-8 (.gz, .xz, .bz2, .zst are expanded) or a folder of texts; the last "
             "tenth validates"},
    {"init", 0, AD_OPTION_FILE, AD_AT(bert_corpus, init), .unit = "MODEL",
     .help = "weights, sizes and tokenizer to begin with, as `bert embed` takes them"},
    {"tokenizer", 0, AD_OPTION_FILE, AD_AT(bert_corpus, tokenizer),
     .help = "WordPiece to spell with, where there is no --init: vocab.txt, tokenizer.json, or a "
             "folder that holds one"},
    {0},
};
const ad_record bert_corpus_record = {
    .title = "text", .options = corpus_rows, .size = sizeof(bert_corpus)};

#define AT(member) AD_AT(bert_pretraining, member)

static const ad_option rows[] = {
    {"length", 0, AD_OPTION_INT, AT(length), .initial = "128", .min = 8, .max = 1 << 20,
     .unit = "TOKENS", .help = "of a text"},
    {"batch", 0, AD_OPTION_INT, AT(batch), .initial = "32", .min = 1, .max = 65536,
     .help = "texts in a step"},
    {"missing", 0, AD_OPTION_REAL, AT(share), .initial = "0.15", .min = 0.01, .max = 0.9,
     .help = "share of a text's tokens that are to be filled in"},
    {"whole-words", 0, AD_OPTION_FLAG, AT(whole_words), .initial = "yes",
     .help = "words are missing as a whole, not piece by piece"},
    {"dropout", 0, AD_OPTION_REAL, AT(dropout), .initial = "0.1", .min = 0, .max = 0.95,
     .help = "of embeddings and of what layers add"},
    {"layers", 0, AD_OPTION_INT, AT(layers), .initial = "4", .min = 1, .max = 4096,
     .help = "layers"},
    {"heads", 0, AD_OPTION_INT, AT(heads), .initial = "4", .min = 1, .max = 4096,
     .help = "heads of attention"},
    {"width", 0, AD_OPTION_INT, AT(width), .initial = "128", .min = 1, .max = 1 << 20,
     .help = "width of a token's vector"},
    {"hidden", 0, AD_OPTION_INT, AT(hidden), .initial = "512", .min = 1, .max = 1 << 22,
     .help = "width within the mlp"},
    {0},
};
const ad_record bert_pretraining_record = {
    .title = "network", .options = rows, .size = sizeof(bert_pretraining)};

/* ---- the model ---- */

void bert_pretrain_sizes(bert_model *m, const bert_pretraining *p)
{
    m->kind = BERT_BERT;
    m->layers = p->layers, m->heads = p->heads, m->width = p->width, m->hidden = p->hidden;
    m->places = p->length, m->types = 2, m->eps = 1e-12;
    m->masked = true;
}

int64_t bert_pretrain_missing(const bert_pretraining *p)
{
    double missing = floor((double)(p->length - 2) * p->share + 0.5);
    return missing < 1 ? 1 : (int64_t)missing;
}

static ad_status own_model(bert *b, const bert_corpus *c, const bert_pretraining *p)
{
    bert_model *m = b->job.model;
    ad_context *ctx = b->job.ctx;
    if (!c->tokenizer)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "--tokenizer or --init: nothing says how the text is spelled");
    bert_pretrain_sizes(m, p);
    m->vocab = INT32_MAX / 2; /* until the tokenizer says it */
    ad_status status = bert_open_speller(b, c->tokenizer);
    if (status) return status;
    int32_t padding = ad_tokenizer_special(b->speller.tokenizer, AD_TOKEN_PAD);
    m->padding = padding > 0 ? padding : 0;
    m->vocab = ad_tokenizer_count(b->speller.tokenizer);
    if (ad_tokenizer_get_kind(b->speller.tokenizer) == AD_TOKENIZER_WORDPIECE)
        return bert_own_tokenizer(b);
    return ad_error_set(
        ctx, AD_ERROR_UNSUPPORTED, "%s: is %s; an encoder from scratch is spelled with WordPiece",
        c->tokenizer, ad_tokenizer_kind_name(ad_tokenizer_get_kind(b->speller.tokenizer)));
}

static ad_status make_model(bert *b, const bert_corpus *c, const bert_pretraining *p)
{
    bert_model *m = b->job.model;
    ad_status status = c->init ? bert_start_from(b, c->init) : own_model(b, c, p);
    /* what it was tuned for before is left behind */
    if (!status) status = ad_texts_copy(b->job.ctx, &m->classes, NULL, 0);
    if (status) return status;
    m->task = BERT_CLASSES_TASK, m->paired = false;
    m->masked = true;
    if (b->speller.mask < 0)
        return ad_error_set(b->job.ctx, AD_ERROR_FORMAT,
                            "%s: the tokenizer has no token for a masked word",
                            c->init ? c->init : c->tokenizer);
    if (p->length <= bert_longest(m)) return AD_OK;
    return ad_error_set(b->job.ctx, AD_ERROR_ARGUMENT, "--length is %lld, %s has %lld places",
                        (long long)p->length, c->init, (long long)bert_longest(m));
}

/* Whether each piece begins a word. */
static ad_status mark_words(bert *b)
{
    const ad_tokenizer *t = b->speller.tokenizer;
    int32_t count = ad_tokenizer_count(t);
    bool pieces = ad_tokenizer_get_kind(t) == AD_TOKENIZER_WORDPIECE;
    b->word = calloc((size_t)((const bert_model *)b->job.model)->vocab, 1);
    if (!b->word) return bert_no_memory(b->job.ctx, "the words");
    for (int32_t i = 0; i < count; ++i) {
        size_t length;
        const char *piece = ad_tokenizer_piece(t, i, &length);
        b->word[i] = pieces ? length < 3 || memcmp(piece, "##", 2) != 0
                            : length > 0 && *piece == ' ';
    }
    return AD_OK;
}

/* ---- the text ---- */

static ad_status add_text(bert *b, const char *path)
{
    ad_text_file file;
    ad_status status = ad_text_file_read(&file, b->job.ctx, path);
    if (status) return status;
    status = ad_tokenizer_encode(b->speller.tokenizer, file.text, file.length, 0, &b->tokens);
    ad_text_file_free(&file);
    return status;
}

typedef struct listing {
    char **at;
    int64_t count, capacity;
    bool failed;
} listing;

static ad_status list_file(void *user, const char *path, const char *name)
{
    listing *l = user;
    (void)name;
    if (l->count == l->capacity) {
        l->capacity = 2 * l->capacity + 64;
        char **grown = realloc(l->at, (size_t)l->capacity * sizeof *grown);
        if (!grown) return l->failed = true, AD_ERROR_MEMORY;
        l->at = grown;
    }
    l->at[l->count] = strdup(path);
    if (!l->at[l->count]) return l->failed = true, AD_ERROR_MEMORY;
    ++l->count;
    return AD_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Texts of a folder in the order of their names; what is no text is counted and left out. */
static ad_status add_folder(bert *b, const char *path)
{
    listing l = {0};
    int64_t left = 0;
    ad_context *ctx = b->job.ctx;
    ad_status status = ad_folder_files(ctx, path, list_file, &l);
    if (l.failed) bert_no_memory(ctx, "the folder's files");
    if (l.count > 1) qsort(l.at, (size_t)l.count, sizeof *l.at, by_name);
    for (int64_t i = 0; i < l.count && !status; ++i) {
        status = add_text(b, l.at[i]);
        if (status != AD_ERROR_FORMAT) continue;
        ad_error_clear(ctx);
        status = AD_OK, ++left;
    }
    if (left)
        ad_watch_note(&b->job.watcher, "%s: %lld of %lld files are no text in UTF-8 and left out",
                      path, (long long)left, (long long)l.count);
    for (int64_t i = 0; i < l.count; ++i) free(l.at[i]);
    free(l.at);
    return status;
}

static ad_status read_text(bert *b, const char *path, const bert_pretraining *p)
{
    struct stat about;
    bool folder = !stat(path, &about) && S_ISDIR(about.st_mode);
    ad_status status = folder ? add_folder(b, path) : add_text(b, path);
    int64_t texts = b->tokens.count / (p->length - 2);
    if (status || texts >= 2) return status;
    return ad_error_set(b->job.ctx, AD_ERROR_FORMAT,
                        "%s: %lld tokens are too few to train and to validate on: two texts of "
                        "%lld are needed",
                        path, (long long)b->tokens.count, (long long)p->length);
}

/* ---- splits ---- */

static ad_status take_rows(ad_job *job, ad_split split, ad_samples *samples, int64_t first,
                           int64_t end)
{
    job->split[split].samples = samples;
    ad_status status = ad_job_index(job, split, end - first);
    for (int64_t i = first; i < end && !status; ++i) job->split[split].index[i - first] = i;
    return status;
}

static ad_status make_samples(bert *b, const bert_pretraining *p)
{
    ad_job *job = &b->job;
    const bert_gaps gaps = {.length = p->length,
                            .batch = p->batch,
                            .missing = bert_pretrain_missing(p),
                            .ids = b->tokens.ids,
                            .count = b->tokens.count,
                            .word = p->whole_words ? b->word : NULL,
                            .model = job->model,
                            .speller = &b->speller};
    ad_samples *samples = bert_gaps_new(&gaps);
    if (!samples) return bert_no_memory(job->ctx, "the texts");
    int64_t texts = samples->count, validated = texts / VALIDATED < 1 ? 1 : texts / VALIDATED;
    b->missing = gaps.missing * p->batch;
    ad_status status = take_rows(job, AD_SPLIT_TRAIN, samples, 0, texts - validated);
    return status ? status : take_rows(job, AD_SPLIT_VALIDATION, samples, texts - validated, texts);
}

ad_status bert_pretrain_read(ad_job *job)
{
    bert *b = (bert *)job;
    const bert_pretraining *p = ad_job_value(job, &bert_pretraining_record);
    const bert_corpus *c = ad_job_value(job, &bert_corpus_record);
    b->use = BERT_GAPS;
    ad_status status = make_model(b, c, p);
    if (!status) status = mark_words(b);
    if (!status) status = read_text(b, c->data, p);
    if (!status) status = make_samples(b, p);
    if (status) return status;
    b->room = b->train_room = p->length * p->batch;
    job->batch = job->eval_batch = p->batch;
    job->keep_last = true;
    job->data = c->data;
    job->fingerprint = ad_fingerprint(b->tokens.ids,
                                      (size_t)b->tokens.count * sizeof *b->tokens.ids) ^
                       ad_tokenizer_fingerprint(b->speller.tokenizer);
    job->default_epochs = 10;
    job->monitor = "loss", job->monitor_low = true;
    snprintf(job->summary, sizeof job->summary, "%lld tokens", (long long)b->tokens.count);
    return AD_OK;
}

/* ---- scores ---- */

/* Of each missing word its loss, then whether it was filled in rightly. */
static ad_status add_batch(ad_job *job, ad_split split, const ad_batch *batch)
{
    bert *b = (bert *)job;
    const float *result = ad_result(job->evaluation.program, job->evaluation.result);
    const int32_t *word = ad_batch_field(job->loader[split], batch, "word");
    for (int64_t i = 0; i < b->missing; ++i) {
        if (word[i] < 0) continue;
        b->loss += (double)result[i];
        b->hits += (double)result[b->missing + i];
        ++b->words;
    }
    return AD_OK;
}

ad_status bert_pretrain_evaluate(ad_job *job, ad_split split, ad_metrics *metrics)
{
    bert *b = (bert *)job;
    bool done;
    b->loss = b->hits = 0, b->words = 0;
    ad_status status = ad_job_score(job, split, &done, add_batch);
    if (status || !done) return status;
    ad_metrics_add(metrics, "loss", b->loss / (double)b->words);
    ad_metrics_add(metrics, "accuracy", b->hits / (double)b->words);
    return AD_OK;
}

/* ---- the verb ---- */

static const ad_record *const records[] = {&bert_corpus_record, &bert_pretraining_record,
                                           &bert_model_record, &ad_train_record, NULL};
static const ad_default defaults[] = {{"lr", "1e-3"},
                                      {"optimizer", "adamw"},
                                      {"weight-decay", "0.01"},
                                      {"schedule", "cosine"},
                                      {"warmup", "0.05"},
                                      {"clip", "1"},
                                      AD_OTHERWISE("epochs", "10"),
                                      {0}};

const ad_verb bert_train_verb = {
    AD_VERB("bert", "train", "", ad_train_rows, ad_system_train,
            "train an encoder to fill in the missing words of a text"),
    .records = records, .defaults = defaults, .user = &bert_system,
    .description =
        "Of each text 15 % of the tokens are missing, whole words of them and others in each "
        "epoch: "
        "8 in 10 are the mask, one is another token, one is as it was. The run can be tuned (`bert "
        "tune --init RUN`), asked for vectors (`bert embed`) and for words (`bert fill`).\n"
        "\n"
        "  autodidact bert train --data novels/ --tokenizer all-MiniLM-L6-v2/ --minutes 60\n"
        "  autodidact bert train --data mine.txt --init bert-base-uncased/ --lr 5e-5 --epochs 3"};
