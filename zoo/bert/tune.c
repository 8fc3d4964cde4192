/* tune.c - `bert tune`: a trained encoder learns what a table says of its texts (Devlin et al.
 * 2019, section 4.1): a class, a number, labels, or a tag of each word. */
#include "zoo/bert/tuned.h"

#include <math.h>
#include <string.h>

enum { EVAL_TEXTS = 64, EVAL_TOKENS = 1024 };

/* ---- settings ---- */

static const ad_option source_rows[] = {
    {"data", 'd', AD_OPTION_FILE, AD_AT(bert_source, data), .required = true, .may_change = true,
     .help = "what is learnt from: a table of columns (.csv, .tsv; .gz, .xz, .bz2 and .zst are "
             "expanded), or .jsonl with an object a line"},
    {"init", 0, AD_OPTION_FILE, AD_AT(bert_source, init), .required = true, .unit = "MODEL",
     .help = "the encoder to begin with, as `bert embed` takes it"},
    {0},
};
const ad_record bert_source_record = {
    .title = "data", .options = source_rows, .size = sizeof(bert_source)};

static const ad_option column_rows[] = {
    {"text", 0, AD_OPTION_TEXT, AD_AT(bert_columns, text), .unit = "COLUMN",
     .help = "of the texts: its name, or its number from 1 where there is no header; else text. Of "
             "words: else 1, and words in .jsonl"},
    {"pair", 0, AD_OPTION_TEXT, AD_AT(bert_columns, pair), .unit = "COLUMN",
     .help = "of second texts, where pairs are told apart"},
    {"label", 0, AD_OPTION_TEXT, AD_AT(bert_columns, label), .unit = "COLUMN",
     .help = "of the classes, numbers or labels, else label; of tags: else the last, and tags in "
             ".jsonl"},
    {"separator", 0, AD_OPTION_TEXT, AD_AT(bert_columns, separator), .unit = "TEXT",
     .help = "what stands between labels; else |, or a comma where | separates columns"},
    {"length", 0, AD_OPTION_INT, AD_AT(bert_columns, length), .min = 4, .max = 1 << 24,
     .unit = "TOKENS", .help = "longer texts are cut; else what the model says, else its places"},
    {0},
};
const ad_record bert_columns_record = {
    .title = "table", .options = column_rows, .size = sizeof(bert_columns)};

static const ad_option tuning_rows[] = {
    {"valid", 0, AD_OPTION_FILE, AD_AT(bert_tuning, validation), .may_change = true,
     .help = "a table to validate with: the best weights are kept"},
    {"test", 0, AD_OPTION_FILE, AD_AT(bert_tuning, test), .may_change = true,
     .help = "a table that is measured once, at the end"},
    {"task", 0, AD_OPTION_CHOICE, AD_AT(bert_tuning, task), .initial = "classes",
     .choices = "classes|numbers|labels|tags",
     .help = "what is learnt of a text: its class; a number; labels, several or none; or tags, one "
             "of each word (BIO)"},
    {"batch", 0, AD_OPTION_INT, AD_AT(bert_tuning, batch), .initial = "32", .min = 1, .max = 65536,
     .help = "texts in a step"},
    {"pooling", 0, AD_OPTION_CHOICE, AD_AT(bert_tuning, pooling), .choices = "mean|cls",
     .help = "of a text: the mean of its tokens' vectors, or the first one's through the pooler; "
             "else as the model says, else mean"},
    {"freeze", 0, AD_OPTION_INT, AD_AT(bert_tuning, frozen), .initial = "0", .min = 0, .max = 4096,
     .unit = "LAYERS", .help = "the embeddings and so many layers above them stay as they are"},
    {"lora", 0, AD_OPTION_INT, AD_AT(bert_tuning, rank), .initial = "0", .min = 0, .max = 1 << 16,
     .unit = "RANK",
     .help = "the encoder stays as it is, and adapters of this rank learn beside its queries and "
             "values (1e-3 is a usual --lr); 0: it learns itself"},
    {"layer-decay", 0, AD_OPTION_REAL, AD_AT(bert_tuning, layer_decay), .initial = "1", .min = 0.01,
     .max = 1, .unit = "FACTOR",
     .help = "each layer learns at this times the rate of the one above it, the embeddings at the "
             "lowest; 1: all alike"},
    {"dropout", 0, AD_OPTION_REAL, AD_AT(bert_tuning, dropout), .initial = "0.1", .min = 0,
     .max = 0.95, .help = "of embeddings, of what layers add, and of the text's vector"},
    {0},
};
const ad_record bert_tuning_record = {
    .title = "tuning", .options = tuning_rows, .size = sizeof(bert_tuning)};

/* ---- data ---- */

/* The network learns numbers in deviations from their mean. */
static ad_status set_numbers(bert *b, const char *path)
{
    bert_model *m = b->job.model;
    const bert_rows *r = b->rows[AD_SPLIT_TRAIN];
    double count = (double)r->texts.count, sum = 0, squares = 0;
    for (int64_t i = 0; i < r->texts.count; ++i) sum += (double)r->numbers[i];
    m->mean = sum / count;
    for (int64_t i = 0; i < r->texts.count; ++i) squares += pow((double)r->numbers[i] - m->mean, 2);
    m->deviation = sqrt(squares / count);
    if (m->deviation > 0) return AD_OK;
    return ad_error_set(b->job.ctx, AD_ERROR_FORMAT,
                        "%s: all labels are %g: there is nothing to tell apart", path, m->mean);
}

static ad_status set_classes(bert *b, const bert_classes *classes)
{
    bert_model *m = b->job.model;
    if (m->task == BERT_LABELS_TASK && !classes->count)
        return ad_error_set(b->job.ctx, AD_ERROR_FORMAT, "%s: no text has a label", classes->from);
    if (m->task != BERT_LABELS_TASK && classes->count < 2)
        return ad_error_set(b->job.ctx, AD_ERROR_FORMAT,
                            "%s: all labels are \"%.60s\": there is nothing to tell apart",
                            classes->from, classes->count ? classes->at[0] : "");
    return ad_texts_copy(b->job.ctx, &m->classes, classes->at, classes->count);
}

/* The first split says which classes there are. */
static ad_status read_split(bert *b, ad_split split, const char *path, bert_classes *classes)
{
    const bert_model *m = b->job.model;
    const bert_columns *c = ad_job_value(&b->job, &bert_columns_record);
    const bert_tuning *t = ad_job_value(&b->job, &bert_tuning_record);
    const bert_table table = {.path = path,
                              .text = c->text,
                              .pair = c->pair,
                              .label = c->label,
                              .separator = c->separator,
                              .speller = &b->speller,
                              .watcher = b->job.watcher};
    int64_t longest = bert_longest(m);
    int64_t most = c->length ? c->length : m->most ? m->most : longest;
    if (most > longest)
        return ad_error_set(b->job.ctx, AD_ERROR_ARGUMENT,
                            "--length is %lld, the model has %lld places", (long long)most,
                            (long long)longest);
    bert_rows *rows = b->rows[split] = bert_rows_new(b->job.ctx, m, most);
    if (!rows) return bert_no_memory(b->job.ctx, "the texts");
    b->job.split[split].samples = &rows->samples;
    ad_status status = bert_table_read(&table, classes, rows);
    if (!status) status = bert_rows_finish(rows, split ? EVAL_TEXTS : t->batch);
    if (status || !split) return status;
    status = ad_job_index(&b->job, split, rows->texts.count);
    if (!status)
        memcpy(b->job.split[split].index, rows->by_length,
               (size_t)rows->texts.count * sizeof *rows->by_length);
    return status;
}

ad_status bert_tune_split(bert *b, ad_split split, const char *path)
{
    const bert_model *m = b->job.model;
    bert_classes known = {.at = m->classes.at, .count = m->classes.count, .from = "the model"};
    return read_split(b, split, path, &known);
}

void bert_tune_room(bert *b)
{
    b->room = EVAL_TOKENS;
    for (int i = 1; i < AD_SPLITS; ++i)
        if (b->rows[i] && b->rows[i]->texts.longest > b->room) b->room = b->rows[i]->texts.longest;
    for (int i = 1; i < AD_SPLITS; ++i)
        if (b->rows[i]) bert_rows_set_room(b->rows[i], b->room);
    b->job.eval_batch = EVAL_TEXTS;
}

static ad_status read_training(bert *b, const bert_source *source)
{
    bert_classes classes = {.grow = true, .from = source->data};
    ad_status status = read_split(b, AD_SPLIT_TRAIN, source->data, &classes);
    bool numbers = ((const bert_model *)b->job.model)->task == BERT_NUMBERS_TASK;
    if (!status) status = numbers ? set_numbers(b, source->data) : set_classes(b, &classes);
    bert_classes_free(&classes);
    /* fields of the classes' size */
    if (!status) bert_rows_set_room(b->rows[AD_SPLIT_TRAIN], b->rows[AD_SPLIT_TRAIN]->room);
    return status;
}

static const char *classes_name(const bert_model *m)
{
    return m->task == BERT_LABELS_TASK ? "labels" : m->task == BERT_TAGS_TASK ? "tags" : "classes";
}

static void describe(bert *b, const char *path)
{
    ad_job *job = &b->job;
    const bert_model *m = job->model;
    const bert_rows *train = b->rows[AD_SPLIT_TRAIN];
    job->data = path;
    for (int i = 0; i < AD_SPLITS; ++i)
        if (b->rows[i])
            job->fingerprint = job->fingerprint * 31 + bert_rows_fingerprint(b->rows[i]);
    double mean = (double)train->texts.begin[train->texts.count] / (double)train->texts.count;
    if (m->task == BERT_NUMBERS_TASK)
        snprintf(job->summary, sizeof job->summary,
                 "%lld texts with numbers of mean %.3g and deviation %.3g, %.1f tokens each",
                 (long long)train->texts.count, m->mean, m->deviation, mean);
    else
        snprintf(job->summary, sizeof job->summary, "%lld texts %s %lld %s, %.1f tokens each",
                 (long long)train->texts.count, m->task == BERT_CLASSES_TASK ? "of" : "with",
                 (long long)m->classes.count, classes_name(m), mean);
}

/* The classifier reads a text in one of two ways; what fills in words is left behind. */
static void choose_head(bert *b, const bert_tuning *t, const bert_columns *c)
{
    bert_model *m = b->job.model;
    if (t->pooling >= 0) m->pooling = t->pooling;
    m->pooled = m->pooling == BERT_CLS && m->kind != BERT_DISTILBERT && t->task != BERT_TAGS_TASK;
    m->masked = false;
    m->rank = t->rank;
    m->task = t->task;
    m->paired = c->pair != NULL;
}

static ad_status of_no_use(ad_context *ctx, const char *option, int task)
{
    static const char *const names[] = {[BERT_CLASSES_TASK] = "classes",
                                        [BERT_NUMBERS_TASK] = "numbers",
                                        [BERT_LABELS_TASK] = "labels",
                                        [BERT_TAGS_TASK] = "tags"};
    return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--%s: is of no use to --task %s", option,
                        names[task]);
}

ad_status bert_columns_check(ad_context *ctx, const bert_columns *c, int task)
{
    if (c->separator && task != BERT_LABELS_TASK) return of_no_use(ctx, "separator", task);
    if (c->pair && task == BERT_TAGS_TASK) return of_no_use(ctx, "pair", task);
    if (!c->separator || *c->separator) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--separator is empty");
}

static ad_status check_options(ad_context *ctx, const bert_tuning *t, const bert_columns *c)
{
    ad_status status = bert_columns_check(ctx, c, t->task);
    if (status || t->task != BERT_TAGS_TASK || t->pooling < 0) return status;
    return of_no_use(ctx, "pooling", t->task);
}

static ad_status check_frozen(const bert *b, const bert_tuning *t)
{
    const bert_model *m = b->job.model;
    if (t->frozen <= m->layers) return AD_OK;
    return ad_error_set(b->job.ctx, AD_ERROR_ARGUMENT,
                        "--freeze is %lld, the model has %lld layers", (long long)t->frozen,
                        (long long)m->layers);
}

static const char *const monitored[] = {[BERT_CLASSES_TASK] = "accuracy",
                                        [BERT_NUMBERS_TASK] = "rmse",
                                        [BERT_LABELS_TASK] = "micro_f1",
                                        [BERT_TAGS_TASK] = "f1"};

ad_status bert_tune_read(ad_job *job)
{
    bert *b = (bert *)job;
    const bert_source *source = ad_job_value(job, &bert_source_record);
    const bert_tuning *t = ad_job_value(job, &bert_tuning_record);
    const bert_columns *c = ad_job_value(job, &bert_columns_record);
    b->use = BERT_CLASSES;
    ad_status status = check_options(job->ctx, t, c);
    if (!status) status = bert_start_from(b, source->init);
    if (!status) status = check_frozen(b, t);
    if (status) return status;
    choose_head(b, t, c);
    status = read_training(b, source);
    const char *paths[AD_SPLITS] = {NULL, t->validation, t->test};
    for (int i = 1; i < AD_SPLITS && !status; ++i)
        if (paths[i]) status = bert_tune_split(b, (ad_split)i, paths[i]);
    if (status) return status;
    bert_tune_room(b);
    b->train_room = b->rows[AD_SPLIT_TRAIN]->room;
    describe(b, source->data);
    job->batch = t->batch;
    job->keep_last = true;
    job->monitor_low = t->task == BERT_NUMBERS_TASK;
    job->monitor = t->validation ? monitored[t->task] : NULL;
    return AD_OK;
}

/* ---- before the first step ---- */

/* All but the adapters and what is the task's own. */
static void freeze_encoder(ad_job *job, const bert_names *n)
{
    const bert_model *m = job->model;
    const char *const parts[] = {n->query, n->value};
    char name[160];
    ad_vars_freeze(job->vars, NULL, true);
    ad_vars_freeze(job->vars, "classifier", false);
    snprintf(name, sizeof name, "%spooler", n->prefix);
    ad_vars_freeze(job->vars, name, false);
    for (int64_t i = 0; i < m->layers; ++i)
        for (int k = 0; k < 4; ++k) {
            snprintf(name, sizeof name, "%s%s.%lld.%s.lora_%c", n->prefix, n->layers, (long long)i,
                     parts[k / 2], "AB"[k % 2]);
            ad_vars_freeze(job->vars, name, false);
        }
}

/* The layer below each has the rate of that times the decay, the embeddings that of the lowest
 * (Clark et al. 2020, appendix B); what is on top of the encoder learns at the full rate. */
static ad_status decay_layers(ad_job *job, const bert_names *n, double decay)
{
    enum { NAME = 128 };
    const int64_t layers = ((const bert_model *)job->model)->layers;
    ad_rate *rates = ad_job_array(job, layers + 1, sizeof *rates);
    char *names = ad_job_array(job, (layers + 1) * NAME, 1);
    if (!rates || !names) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i <= layers; ++i) {
        char *name = names + i * NAME;
        if (i < layers)
            snprintf(name, NAME, "%s%s.%lld", n->prefix, n->layers, (long long)i);
        else
            snprintf(name, NAME, "%sembeddings", n->prefix);
        rates[i] = (ad_rate){name, pow(decay, (double)(i < layers ? layers - i : layers + 1))};
    }
    job->rates = rates, job->rate_count = (int)layers + 1;
    return AD_OK;
}

ad_status bert_tune_prepare(ad_job *job)
{
    const bert_tuning *t = ad_job_value(job, &bert_tuning_record);
    const bert_names *n = bert_names_of(((const bert_model *)job->model)->kind);
    char name[128];
    if (t->layer_decay < 1) {
        ad_status status = decay_layers(job, n, t->layer_decay);
        if (status) return status;
    }
    if (t->rank) freeze_encoder(job, n);
    if (!t->frozen) return AD_OK;
    snprintf(name, sizeof name, "%sembeddings", n->prefix);
    ad_vars_freeze(job->vars, name, true);
    for (int64_t i = 0; i < t->frozen; ++i) {
        snprintf(name, sizeof name, "%s%s.%lld", n->prefix, n->layers, (long long)i);
        ad_vars_freeze(job->vars, name, true);
    }
    return AD_OK;
}

/* ---- the verb ---- */

static const ad_record *const records[] = {&bert_source_record, &bert_columns_record,
                                           &bert_tuning_record, &bert_model_record,
                                           &ad_train_record,    NULL};
static const ad_default defaults[] = {
    {"lr", "5e-5"},    {"optimizer", "adamw"}, {"weight-decay", "0.01"},    {"schedule", "cosine"},
    {"warmup", "0.1"}, {"clip", "1"},          AD_OTHERWISE("epochs", "3"), {0}};

const ad_verb bert_tune_verb = {
    AD_VERB("bert", "tune", "", ad_train_rows, ad_system_train,
            "tune an encoder on texts with classes, numbers, labels or tags"),
    .records = records, .defaults = defaults, .user = &bert_system,
    .description =
        "Every row of the table is a text, or a pair of texts, and its class; with --task numbers "
        "its number, with --task labels the names of its labels, of which there may be several or "
        "none (\"politics|sport\"; an array in .jsonl). Texts that are about equally long lie side "
        "by side without padding. The run's weights hold tokenizer and classes, so that `bert eval "
        "RUN`, `bert predict RUN` and `bert embed RUN` need nothing else.\n"
        "\n"
        "With --task tags the table is one of words: a line is a word and its tag, with a tab or "
        "blanks between columns, an empty line ends a sentence (CoNLL); a line of .jsonl has an "
        "array \"words\" and an array \"tags\".\n"
        "\n"
        "  autodidact bert tune --init all-MiniLM-L6-v2/ --data train.tsv --valid dev.tsv \\\n"
        "      --test test.tsv --text 1 --label 2\n"
        "  autodidact bert tune --init all-MiniLM-L6-v2/ --data train.conll --task tags"};
