/* search.c - `bert search`: the passages below a folder that are nearest to a query in meaning. The
 * index is brought up to date first: what has the time and size that it knows is taken over. */
#include "zoo/bert/bert.h"

#include <autodidact/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BYTES_MOST = 64 << 20, SHOWN = 76 };

static const ad_option options[] = {
    {"model", 'm', AD_OPTION_FILE, .required = true, .unit = "MODEL",
     .help = "the encoder, as `bert embed` takes it"},
    {"top", 'k', AD_OPTION_INT, .initial = "10", .min = 1, .max = 10000,
     .help = "passages to show"},
    {"index", 0, AD_OPTION_FILE,
     .help = "where vectors are kept for the next time, else FOLDER/.bert-index.safetensors"},
    {"tokenizer", 0, AD_OPTION_FILE,
     .help = "its file or folder, if it does not come with the model"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct search {
    ad_command *cmd;
    bert *b;
    ad_context *ctx;
    const char *folder;
    char path[4096]; /* of the index */
    char mark[32];
    bert_index old, now;
    bert_texts texts; /* of passages without a vector, then the query */
    int64_t *fresh;   /* [texts.count - 1]: their passages */
    int64_t fresh_capacity, taken, changed, unread;
} search;

static void search_free(search *s)
{
    bert_index_free(&s->old);
    bert_index_free(&s->now);
    bert_texts_free(&s->texts);
    free(s->fresh);
}

static ad_status out_of_memory(const search *s)
{
    return ad_error_set(s->ctx, AD_ERROR_MEMORY, "no memory for the passages");
}

/* ---- what is there ---- */

typedef struct listing {
    search *s;
    bert_index *now;
} listing;

static ad_status list_file(void *user, const char *path, const char *name)
{
    const listing *l = user;
    struct stat about;
    if (stat(path, &about) || !S_ISREG(about.st_mode)) return AD_OK;
    int64_t time = (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec;
    if (about.st_size > BYTES_MOST) {
        ++l->s->unread;
        return AD_OK;
    }
    return bert_index_add_file(l->now, l->s->ctx, name, time, (int64_t)about.st_size);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const bert_indexed *)a)->name, ((const bert_indexed *)b)->name);
}

/* The old index's file of that name if it is as it was; -1: it is not. */
static int64_t unchanged(const bert_index *old, const bert_indexed *file)
{
    const bert_indexed *found = old->files ? bsearch(file, old->file, (size_t)old->files,
                                                     sizeof *file, by_name)
                                           : NULL;
    return found && found->time == file->time && found->size == file->size ? found - old->file : -1;
}

/* ---- what is taken over, what is new ---- */

/* A passage of the new index, whose vector is number `from` of the old one; -1: it has none yet. */
static ad_status note_fresh(search *s, int64_t passage, const char *text)
{
    const bert_passage *p = &s->now.passages.at[passage];
    if (s->texts.count >= s->fresh_capacity) {
        s->fresh_capacity = 2 * s->fresh_capacity + 256;
        int64_t *grown = realloc(s->fresh, (size_t)s->fresh_capacity * sizeof *grown);
        if (!grown) return out_of_memory(s);
        s->fresh = grown;
    }
    s->fresh[s->texts.count] = passage;
    return bert_texts_add(&s->texts, &s->b->speller, text + p->begin, (size_t)p->length, NULL, 0);
}

static void path_of(const search *s, const char *name, char path[4096])
{
    snprintf(path, 4096, "%s/%s", s->folder, name);
}

static ad_status read_file(search *s, int32_t number)
{
    char path[4096];
    ad_text_file file;
    path_of(s, s->now.file[number].name, path);
    if (ad_text_file_read(&file, s->ctx, path)) { /* no text, as pictures are none */
        if (ad_error_status(s->ctx) == AD_ERROR_MEMORY) return AD_ERROR_MEMORY;
        ad_error_clear(s->ctx);
        ++s->unread;
        return AD_OK;
    }
    int64_t first = s->now.passages.count;
    bool good = bert_passages_cut(&s->now.passages, number, file.text, (int64_t)file.length);
    ad_status status = good ? AD_OK : out_of_memory(s);
    for (int64_t i = first; i < s->now.passages.count && !status; ++i)
        status = note_fresh(s, i, file.text);
    ad_text_file_free(&file);
    ++s->changed;
    return status;
}

/* Passages of the old index's file; their vectors are fetched once there is room for all. */
static ad_status take_over(search *s, int32_t number, int64_t old, int64_t **from)
{
    const bert_passages *p = &s->old.passages;
    bert_passages *to = &s->now.passages;
    for (int64_t i = 0; i < p->count; ++i) {
        if (p->at[i].file != old) continue;
        if (to->count == to->capacity) {
            int64_t capacity = 2 * to->capacity + 64;
            bert_passage *grown = realloc(to->at, (size_t)capacity * sizeof *grown);
            if (!grown) return out_of_memory(s);
            to->at = grown, to->capacity = capacity;
        }
        (*from)[s->taken++] = to->count << 32 | i;
        to->at[to->count] = p->at[i];
        to->at[to->count++].file = number;
    }
    return AD_OK;
}

static ad_status list(search *s)
{
    listing l = {s, &s->now};
    s->now.width = s->old.width = ((const bert_model *)s->b->job.model)->width;
    ad_status status = ad_folder_files(s->ctx, s->folder, list_file, &l);
    if (status) return status;
    if (s->now.files > 1) qsort(s->now.file, (size_t)s->now.files, sizeof *s->now.file, by_name);
    return AD_OK;
}

static ad_status gather(search *s, int64_t *from)
{
    ad_status status = AD_OK;
    for (int32_t i = 0; i < s->now.files && !status; ++i) {
        int64_t old = unchanged(&s->old, &s->now.file[i]);
        status = old >= 0 ? take_over(s, i, old, &from) : read_file(s, i);
    }
    if (status || s->now.passages.count) return status;
    return ad_error_set(s->ctx, AD_ERROR_NOT_FOUND, "%s: the folder holds no text in UTF-8",
                        s->folder);
}

/* ---- vectors ---- */

/* The query's vector; all passages' into the index. */
static ad_status embed(search *s, const int64_t *from, float *query)
{
    const int64_t width = s->now.width, texts = s->texts.count;
    const size_t row = (size_t)width * sizeof(float);
    ad_watcher watcher = ad_command_watcher(s->cmd);
    float *made = malloc((size_t)texts * row);
    s->now.vectors = malloc((size_t)s->now.passages.count * row);
    ad_status status = made && s->now.vectors
                           ? bert_vectors(s->b, &s->texts, AD_PRECISION_F32, &watcher, made)
                           : out_of_memory(s);
    for (int64_t i = 0; i + 1 < texts && !status; ++i)
        memcpy(s->now.vectors + s->fresh[i] * width, made + i * width, row);
    for (int64_t i = 0; i < s->taken && !status; ++i)
        memcpy(s->now.vectors + (from[i] >> 32) * width,
               s->old.vectors + (from[i] & 0xffffffff) * width, row);
    if (!status) memcpy(query, made + (texts - 1) * width, row);
    free(made);
    return status;
}

/* That it cannot be written is no reason not to answer. */
static ad_status keep(search *s)
{
    bool same = !s->changed && s->old.files == s->now.files;
    ad_status status = same ? AD_OK : bert_index_write(&s->now, s->ctx, s->path, s->mark);
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

static ad_status bring_up_to_date(search *s, float *query)
{
    bool other;
    const char *text = ad_command_operand(s->cmd, 1);
    ad_status status = bert_mark(s->b, s->mark);
    if (status) return status;
    if (!bert_index_read(&s->old, s->ctx, s->path, s->mark, s->now.width, &other)) {
        if (other) ad_command_note(s->cmd, "%s is of another model: it is made anew", s->path);
        ad_error_clear(s->ctx);
    }
    int64_t *from = malloc((size_t)(s->old.passages.count + 1) * sizeof *from);
    if (!from) return out_of_memory(s);
    status = gather(s, from);
    if (!status) status = bert_texts_add(&s->texts, &s->b->speller, text, strlen(text), NULL, 0);
    if (!status) status = embed(s, from, query);
    free(from);
    if (status) return status;
    ad_command_note(s->cmd, "%lld passages of %lld texts, of which %lld are new or changed",
                    (long long)s->now.passages.count, (long long)texts_of(&s->now.passages),
                    (long long)s->changed);
    if (s->unread)
        ad_command_note(s->cmd, "%lld files are no text in UTF-8, or too large, and left out",
                        (long long)s->unread);
    return keep(s);
}

/* ---- the answer ---- */

typedef struct hit {
    int64_t passage;
    float score;
} hit;

static int by_score(const void *a, const void *b)
{
    const hit *x = a, *y = b;
    int order = ad_compare_numbers((double)y->score, (double)x->score);
    return order ? order : (x->passage > y->passage) - (x->passage < y->passage);
}

static float product(const float *a, const float *b, int64_t width)
{
    float sum[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= width; i += 8)
        for (int k = 0; k < 8; ++k) sum[k] += a[i + k] * b[i + k];
    for (; i < width; ++i) sum[0] += a[i] * b[i];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* The passage as one line; "" where the file has changed meanwhile. */
static void show_text(const search *s, const bert_passage *p, ad_table *t)
{
    char path[4096];
    ad_text_file file;
    path_of(s, s->now.file[p->file].name, path);
    if (ad_text_file_read(&file, s->ctx, path)) {
        ad_error_clear(s->ctx);
        ad_table_text(t, "");
        return;
    }
    bool there = p->begin + p->length <= (int64_t)file.length;
    char *text = there ? strndup(file.text + p->begin, (size_t)p->length) : NULL;
    for (char *c = text; c && *c; ++c)
        if (*c == '\n' || *c == '\t' || *c == '\r') *c = ' ';
    ad_table_text(t, text ? text : "");
    free(text);
    ad_text_file_free(&file);
}

static ad_status show(search *s, const hit *hits, int64_t count)
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
        const bert_passage *p = &s->now.passages.at[hits[i].passage];
        const char *name = s->now.file[p->file].name;
        ad_table_row(t);
        ad_table_real(t, (double)hits[i].score);
        ad_table_format(t, "%s:%lld", name, (long long)p->line);
        ad_table_text(t, name);
        ad_table_int(t, p->line);
        show_text(s, p, t);
    }
    if (!status) status = ad_table_print(t, s->cmd, "passage");
    ad_table_free(t);
    return status;
}

static ad_status answer(search *s, const float *query)
{
    int64_t count = s->now.passages.count, top = ad_command_int(s->cmd, "top");
    hit *hits = malloc((size_t)count * sizeof *hits);
    if (!hits) return out_of_memory(s);
    for (int64_t i = 0; i < count; ++i)
        hits[i] = (hit){i, product(query, s->now.vectors + i * s->now.width, s->now.width)};
    qsort(hits, (size_t)count, sizeof *hits, by_score);
    ad_status status = show(s, hits, count < top ? count : top);
    free(hits);
    return status;
}

/* ---- the verb ---- */

static ad_status find(search *s)
{
    const bert_model *m = s->b->job.model;
    const char *path = ad_command_text(s->cmd, "index");
    if (path)
        snprintf(s->path, sizeof s->path, "%s", path);
    else
        snprintf(s->path, sizeof s->path, "%s/.bert-index.safetensors", s->folder);
    s->texts = (bert_texts){.ctx = s->ctx, .most = m->most ? m->most : bert_longest(m)};
    float *query = calloc((size_t)m->width, sizeof *query);
    if (!query) return out_of_memory(s);
    ad_status status = bert_open_speller(s->b, ad_command_text(s->cmd, "tokenizer"));
    if (!status) status = list(s);
    if (!status) status = bring_up_to_date(s, query);
    if (!status) status = answer(s, query);
    free(query);
    return status;
}

static int run(ad_command *cmd)
{
    ad_job *job;
    if (!*ad_command_operand(cmd, 1)) return ad_command_usage(cmd, "QUERY is empty");
    int code = ad_command_trained(cmd, &job, &bert_system, ad_command_text(cmd, "model"));
    if (code) return code;
    search s = {
        .cmd = cmd, .b = (bert *)job, .ctx = job->ctx, .folder = ad_command_operand(cmd, 0)};
    code = ad_command_check(cmd, find(&s));
    search_free(&s);
    ad_trained_close(job);
    return code;
}

const ad_verb bert_search_verb = {
    AD_VERB("bert", "search", "FOLDER QUERY", options, run,
            "the passages of texts that are nearest to a query in meaning"),
    .description =
        "Every file below FOLDER that is text in UTF-8 is cut into passages at its blank lines; "
        "passages are ranked by the cosine of their vector with that of the query. Vectors are "
        "kept "
        "in the index, and only files whose time or size has changed are read again. An index of "
        "another model is made anew.\n"
        "\n"
        "  autodidact bert search docs/ 'how is a checkpoint written' --model all-MiniLM-L6-v2/"};
