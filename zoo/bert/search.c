/* search.c - `bert search`: the passages below a folder that are nearest to a query in meaning.
 * What has the time and size that the index knows is taken over from it, what else is there is
 * read. The query is multiplied with the index's vectors where they are, in its file, and with
 * those of new passages; a new index is written after that, if anything changed. */
#include "zoo/bert/gather.h"

#include <autodidact/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 76 };

static const ad_option options[] = {
    {"model", 'm', AD_OPTION_FILE, .required = true, .unit = "MODEL",
     .help = "the encoder, as `bert embed` takes it"},
    {"top", 'k', AD_OPTION_INT, .initial = "10", .min = 1, .max = 10000,
     .help = "passages to show"},
    {"index", 0, AD_OPTION_FILE,
     .help = "where vectors are kept for the next time, else FOLDER/.bert-index.safetensors"},
    {"dtype", 0, AD_OPTION_CHOICE, .choices = "f32|bf16",
     .help = "of the vectors that are kept, else the index's own, or f32: bf16 takes half the "
             "memory, and scores differ in the fourth decimal"},
    {"tokenizer", 0, AD_OPTION_FILE,
     .help = "its file or folder, if it does not come with the model"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct search {
    bert_gathering gathered;
    ad_command *cmd;
    bert *b;
    ad_context *ctx;
    char path[4096]; /* of the index */
    char mark[32];
    float *score;    /* [passages] */
    void *made;      /* [texts, width] of the index's dtype: vectors; the last is the query's */
    const char *why; /* the old index is of no use after all */
} search;

static void forget(search *s)
{
    bert_gather_again(&s->gathered);
    free(s->score), free(s->made);
    s->score = NULL, s->made = NULL;
}

static void search_free(search *s)
{
    forget(s);
    bert_gather_free(&s->gathered);
}

static ad_status out_of_memory(const search *s)
{
    return bert_no_memory(s->ctx, "the passages");
}

/* ---- scores ---- */

/* Vectors of what is new, and of the query, which is the last. */
static ad_status embed(search *s, float *query)
{
    const int64_t width = s->gathered.now.width, texts = s->gathered.texts.count;
    ad_watcher watcher = ad_command_watcher(s->cmd);
    float *made = malloc((size_t)(texts * width) * sizeof *made);
    if (!made) return out_of_memory(s);
    s->made = made;
    ad_status status = bert_vectors(s->b, &s->gathered.texts, AD_PRECISION_F32, &watcher, made);
    if (status) return status;
    memcpy(query, made + (texts - 1) * width, (size_t)width * sizeof *query);
    if (s->gathered.now.dtype == AD_F32) return AD_OK;
    void *narrow = malloc((size_t)(texts * width) * ad_dtype_size(s->gathered.now.dtype));
    if (!narrow) return out_of_memory(s);
    ad_convert(narrow, s->gathered.now.dtype, made, AD_F32, texts * width);
    s->made = narrow;
    free(made);
    return AD_OK;
}

/* Vectors have length 1, so what is larger, or NaN, is none's product. */
static bool are_cosines(const float *score, int64_t count)
{
    bool good = true;
    for (int64_t i = 0; i < count; ++i) good &= score[i] >= -1.02F && score[i] <= 1.02F;
    return good;
}

/* The old index's products. If it cannot be read to its end, s->why says so. */
static ad_status score_old(search *s, const float *query, float *score)
{
    const bert_vector_list list = {
        s->gathered.old.opened, s->gathered.old.tensor,         NULL,
        s->gathered.old.dtype,  s->gathered.old.passages.count, s->gathered.old.width};
    ad_status status = bert_products(s->ctx, &list, query, score);
    if (status == AD_ERROR_IO) {
        s->why = "was cut short meanwhile, or cannot be read";
        ad_error_clear(s->ctx);
        return AD_OK;
    }
    if (!status && !are_cosines(score, list.count)) s->why = "has vectors that are none";
    return status;
}

static ad_status score_all(search *s, const float *query)
{
    const bert_vector_list fresh = {.memory = s->made,
                                    .dtype = s->gathered.now.dtype,
                                    .count = s->gathered.texts.count - 1,
                                    .width = s->gathered.now.width};
    float *old = malloc((size_t)(s->gathered.old.passages.count + 1) * sizeof *old);
    float *new = malloc((size_t)s->gathered.texts.count * sizeof *new);
    s->score = malloc((size_t)s->gathered.now.passages.count * sizeof *s->score);
    ad_status status = old && new && s->score ? AD_OK : out_of_memory(s);
    if (!status && s->gathered.unchanged) status = score_old(s, query, old);
    if (!status && !s->why) status = bert_products(s->ctx, &fresh, query, new);
    for (int64_t i = 0; i < s->gathered.now.passages.count && !status && !s->why; ++i)
        s->score[i] = s->gathered.from[i] >= 0 ? old[s->gathered.from[i]]
                                               : new[~s->gathered.from[i]];
    free(old);
    free(new);
    return status;
}

/* ---- the index ---- */

static ad_status open_index(search *s)
{
    int dtype = ad_command_value(s->cmd, "dtype") ? ad_command_choice(s->cmd, "dtype") : -1;
    ad_dtype wanted = dtype < 0 ? AD_DTYPES : dtype ? AD_BF16 : AD_F32;
    s->gathered.now.width = s->gathered.old.width = ((const bert_model *)s->b->job.model)->width;
    ad_status status = bert_mark(s->b, s->mark);
    if (!status)
        status = bert_index_open(&s->gathered.old, s->ctx, s->path, s->mark, wanted, &s->why);
    s->gathered.now.dtype = wanted != AD_DTYPES      ? wanted
                            : s->gathered.old.opened ? s->gathered.old.dtype
                                                     : AD_F32;
    return status;
}

/* Says that the old index is made anew, and forgets it with all that was taken from it. */
static void make_anew(search *s)
{
    ad_command_note(s->cmd, "%s %s: it is made anew", s->path, s->why);
    bert_index_free(&s->gathered.old);
    s->gathered.old.width = s->gathered.now.width;
    s->why = NULL;
    forget(s);
}

/* The vectors of all passages together, of malloc. */
static ad_status join(search *s, void **vectors)
{
    const int64_t count = s->gathered.now.passages.count;
    const size_t row = (size_t)s->gathered.now.width * ad_dtype_size(s->gathered.now.dtype);
    char *to = malloc((size_t)count * row);
    ad_status status = to ? AD_OK : out_of_memory(s);
    *vectors = to;
    for (int64_t i = 0, n; i < count && !status; i += n) {
        n = 1;
        if (s->gathered.from[i] < 0) {
            memcpy(to + (size_t)i * row, (char *)s->made + (size_t)~s->gathered.from[i] * row, row);
            continue;
        }
        while (i + n < count && s->gathered.from[i + n] == s->gathered.from[i] + n) ++n;
        status = ad_file_read_rows(s->gathered.old.opened, s->gathered.old.tensor,
                                   s->gathered.from[i], n, s->gathered.now.dtype,
                                   to + (size_t)i * row, (size_t)n * row);
    }
    return status;
}

/* That it cannot be written is no reason not to answer. */
static ad_status keep(search *s)
{
    void *vectors = NULL;
    if (s->gathered.unchanged == s->gathered.old.files &&
        s->gathered.unchanged == s->gathered.now.files)
        return AD_OK;
    ad_status status = join(s, &vectors);
    if (!status) status = bert_index_write(&s->gathered.now, s->ctx, s->path, s->mark, vectors);
    free(vectors);
    if (!status || status == AD_ERROR_MEMORY) return status;
    ad_command_note(s->cmd, "the index is not kept: %s", ad_error(s->ctx));
    ad_error_clear(s->ctx);
    return AD_OK;
}

/* Files that have a passage. */
static int64_t texts_of(const bert_passages *p)
{
    int64_t count = 0;
    for (int64_t i = 0; i < p->count; ++i) count += !i || p->at[i].file != p->at[i - 1].file;
    return count;
}

static ad_status score_passages(search *s, float *query)
{
    const char *text = ad_command_operand(s->cmd, 1);
    ad_status status = bert_gather(&s->gathered);
    if (!status)
        status = bert_texts_add(&s->gathered.texts, &s->b->speller, text, strlen(text), NULL, 0);
    if (!status) status = embed(s, query);
    return status ? status : score_all(s, query);
}

static ad_status bring_up_to_date(search *s, float *query)
{
    ad_status status = open_index(s);
    if (status) return status;
    if (s->why) make_anew(s);
    status = score_passages(s, query);
    if (!status && s->why) {
        make_anew(s);
        status = score_passages(s, query);
    }
    if (status) return status;
    ad_command_note(s->cmd, "%lld passages of %lld texts, of which %lld are new or changed",
                    (long long)s->gathered.now.passages.count,
                    (long long)texts_of(&s->gathered.now.passages), (long long)s->gathered.changed);
    if (s->gathered.unread)
        ad_command_note(s->cmd, "%lld files are no text in UTF-8, or too large, and left out",
                        (long long)s->gathered.unread);
    return keep(s);
}

/* ---- the answer ---- */

/* The passage as one line; "" where the file has changed meanwhile. */
static ad_status show_text(const search *s, const bert_passage *p, ad_table *t)
{
    char path[4096];
    ad_text_file file = {0};
    bool changed = bert_gather_changed(&s->gathered, &s->gathered.now.file[p->file], path);
    ad_status status = changed ? AD_OK : ad_text_file_read(&file, s->ctx, path);
    if (status == AD_ERROR_MEMORY) return status;
    changed = changed || status || p->begin + p->length > (int64_t)file.length;
    ad_error_clear(s->ctx);
    if (changed) ad_command_note(s->cmd, "%s has changed meanwhile", path);
    char *text = changed ? strdup("") : strndup(file.text + p->begin, (size_t)p->length);
    for (char *c = text; c && *c; ++c)
        if (*c == '\n' || *c == '\t' || *c == '\r') *c = ' ';
    if (text) ad_table_text(t, text);
    ad_text_file_free(&file);
    status = text ? AD_OK : out_of_memory(s);
    free(text);
    return status;
}

static ad_status show(search *s, const bert_hit *hits, int64_t count)
{
    static const ad_column columns[] = {
        {"score", .kind = AD_COLUMN_REAL, .digits = 3},
        {"place", .kind = AD_COLUMN_TEXT, .where = AD_COLUMN_ON_PAPER},
        {"file", .kind = AD_COLUMN_TEXT, .where = AD_COLUMN_IN_JSON},
        {"line", .kind = AD_COLUMN_INT, .where = AD_COLUMN_IN_JSON},
        {"text", .kind = AD_COLUMN_TEXT, .most = SHOWN},
    };
    ad_table *t;
    ad_status status = ad_table_new(&t, s->ctx, columns, 5);
    for (int64_t i = 0; i < count && !status; ++i) {
        const bert_passage *p = &s->gathered.now.passages.at[hits[i].passage];
        const char *name = s->gathered.now.file[p->file].name;
        ad_table_row(t);
        ad_table_real(t, (double)hits[i].score);
        ad_table_format(t, "%s:%lld", name, (long long)p->line);
        ad_table_text(t, name);
        ad_table_int(t, p->line);
        status = show_text(s, p, t);
    }
    if (!status) status = ad_table_print(t, s->cmd, "passage");
    ad_table_free(t);
    return status;
}

static ad_status answer(search *s)
{
    int64_t count = s->gathered.now.passages.count, top = ad_command_int(s->cmd, "top");
    bert_hit *hits = malloc((size_t)(count < top ? count : top) * sizeof *hits);
    if (!hits) return out_of_memory(s);
    ad_status status = show(s, hits, bert_largest(s->score, count, hits, top));
    free(hits);
    return status;
}

/* ---- the verb ---- */

static ad_status find(search *s)
{
    const bert_model *m = s->b->job.model;
    const char *path = ad_command_text(s->cmd, "index");
    int length = path ? snprintf(s->path, sizeof s->path, "%s", path)
                      : snprintf(s->path, sizeof s->path, "%s/.bert-index.safetensors",
                                 s->gathered.folder);
    if (length >= (int)sizeof s->path)
        return ad_error_set(s->ctx, AD_ERROR_LIMIT, "%s...: the index's path is too long", s->path);
    s->gathered.index = s->path;
    float *query = calloc((size_t)m->width, sizeof *query);
    if (!query) return out_of_memory(s);
    ad_status status = bert_open_speller(s->b, ad_command_text(s->cmd, "tokenizer"));
    if (!status) status = bert_gather_list(&s->gathered);
    if (!status) status = bring_up_to_date(s, query);
    if (!status) status = answer(s);
    free(query);
    return status;
}

static int run(ad_command *cmd)
{
    ad_job *job;
    if (!*ad_command_operand(cmd, 1)) return ad_command_usage(cmd, "QUERY is empty");
    int code = ad_command_trained(cmd, &job, &bert_system, ad_command_text(cmd, "model"));
    if (code) return code;
    search s = {.cmd = cmd, .b = (bert *)job, .ctx = job->ctx};
    const bert_model *m = job->model;
    s.gathered = (bert_gathering){.cmd = cmd,
                                  .ctx = job->ctx,
                                  .speller = &s.b->speller,
                                  .folder = ad_command_operand(cmd, 0),
                                  .most = m->most ? m->most : bert_longest(m)};
    code = ad_command_check(cmd, find(&s));
    search_free(&s);
    ad_trained_close(job);
    return code;
}

const ad_verb bert_search_verb = {
    AD_VERB("bert", "search", "FOLDER QUERY", options, run,
            "the passages of texts that are nearest to a query in meaning"),
    .description =
        "Every file below FOLDER that is text in UTF-8 and not hidden is cut into passages at its "
        "blank lines; passages are ranked by the cosine of their vector with that of the query. "
        "Vectors are kept in the index, and only files whose time or size has changed are read "
        "again. An index of another model, of another --dtype or version, or that is not whole, is "
        "made anew.\n"
        "\n"
        "  autodidact bert search docs/ 'how is a checkpoint written' --model all-MiniLM-L6-v2/"};
