/* index.c - an index of passages in a file: of each text its time and size, of each passage its
 * place and its vector. safetensors, so that `autodidact info` shows it:
 *     vectors f32 or bf16 [passages, width], passages i64 [passages, 4] (file, line, byte, bytes),
 *     files i64 [files, 3] (time, size, bytes as text), and as metadata the model's mark, the
 *     files' names and the version of all this.
 * Vectors stay in the file. An index lies among others' files and is not trusted: what was read is
 * checked, and one that is not whole is made anew. */
#include "zoo/bert/bert.h"

#include <autodidact/json.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char version[] = "2";

void bert_index_free(bert_index *x)
{
    for (int64_t i = 0; i < x->files; ++i) free(x->file[i].name);
    free(x->file);
    bert_passages_free(&x->passages);
    ad_file_close(x->opened);
    *x = (bert_index){0};
}

static ad_status out_of_memory(ad_context *ctx)
{
    return bert_no_memory(ctx, "the index");
}

ad_status bert_index_add_file(bert_index *x, ad_context *ctx, const bert_indexed *file)
{
    if (x->files == x->file_capacity) {
        int64_t capacity = 2 * x->file_capacity + 64;
        bert_indexed *grown = realloc(x->file, (size_t)capacity * sizeof *grown);
        if (!grown) return out_of_memory(ctx);
        x->file = grown, x->file_capacity = capacity;
    }
    bert_indexed *added = &x->file[x->files];
    *added = *file;
    added->name = strdup(file->name);
    if (!added->name) return out_of_memory(ctx);
    ++x->files;
    return AD_OK;
}

/* ---- the model's mark ---- */

ad_status bert_mark(const bert *b, char mark[32])
{
    const bert_model *m = b->job.model;
    const ad_file *file = ad_trained_file(&b->job);
    uint64_t sum = ad_tokenizer_fingerprint(b->speller.tokenizer) + (uint64_t)m->pooling +
                   ((uint64_t)m->most << 8);
    ad_status status = AD_OK;
    for (int i = 0; i < ad_file_count(file) && !status; ++i) {
        const ad_file_entry *entry = ad_file_at(file, i);
        int64_t count = ad_shape_count(entry->shape);
        if (!ad_dtype_is_float(entry->dtype) || count < 1) continue;
        float *values = malloc((size_t)count * sizeof *values);
        if (!values) return out_of_memory(b->job.ctx);
        status = ad_file_read((ad_file *)(size_t)file, i, AD_F32, values,
                              (size_t)count * sizeof *values);
        sum = sum * 31 + ad_fingerprint(values, (size_t)count * sizeof *values);
        free(values);
    }
    snprintf(mark, 32, "%016llx", (unsigned long long)sum);
    return status;
}

/* ---- reading ---- */

/* An index that is being read; `why` says, once it is set, what is wrong with it. */
typedef struct reading {
    bert_index *x;
    ad_context *ctx;
    const char *why;
} reading;

/* The tensor's numbers, of malloc. */
static ad_status read_numbers(reading *r, const char *name, int64_t columns, int64_t **data,
                              int64_t *rows)
{
    ad_file *file = r->x->opened;
    int at = ad_file_find(file, name);
    const ad_file_entry *entry = at < 0 ? NULL : ad_file_at(file, at);
    *data = NULL;
    if (!entry || entry->dtype != AD_I64 || entry->shape.rank != 2 ||
        entry->shape.dim[1] != columns) {
        r->why = "lacks a tensor, or one has another form";
        return AD_OK;
    }
    *rows = entry->shape.dim[0];
    size_t bytes = (size_t)(*rows * columns) * sizeof **data;
    *data = malloc(bytes + 1);
    return *data ? ad_file_read(file, at, AD_I64, *data, bytes) : out_of_memory(r->ctx);
}

/* Sorted by name, each once, as who looks for one expects. */
static ad_status take_names(reading *r, const json_t *list, const int64_t *about, int64_t files)
{
    ad_status status = AD_OK;
    const char *before = NULL;
    if ((int64_t)json_array_size(list) != files) r->why = "has other names than files";
    for (int64_t i = 0; i < files && !r->why && !status; ++i, about += 3) {
        const char *name = json_string_value(json_array_get(list, (size_t)i));
        if (!name || (before && strcmp(before, name) >= 0))
            r->why = "has names that are out of order";
        else
            status = bert_index_add_file(
                r->x, r->ctx,
                &(bert_indexed){(char *)(size_t)name, about[0], about[1], about[2], 0, 0});
        before = name;
    }
    return status;
}

static ad_status take_files(reading *r)
{
    const char *names = ad_file_metadata(r->x->opened, "names");
    int64_t *about, files = 0;
    json_t *list = NULL;
    ad_status status = read_numbers(r, "files", 3, &about, &files);
    if (!status && !r->why)
        status = ad_json_parse(r->ctx, "names", names ? names : "", names ? strlen(names) : 0, 0,
                               &list);
    if (!status && !r->why) status = take_names(r, list, about, files);
    json_decref(list);
    free(about);
    return status;
}

/* Whether passage p[4] lies in a file, behind `before`, which is the one before it. */
static bool is_in_place(const bert_index *x, const int64_t *p, const bert_passage *before)
{
    if (p[0] < 0 || p[0] >= x->files || p[1] < 1 || p[2] < 0 || p[3] < 1) return false;
    int64_t length = x->file[p[0]].length;
    if (p[2] > length || p[3] > length - p[2]) return false;
    if (!before || before->file < p[0]) return true;
    return before->file == p[0] && before->line < p[1] && before->begin + before->length <= p[2];
}

static ad_status take_passages(reading *r)
{
    bert_passages *to = &r->x->passages;
    int64_t *places, count = 0;
    ad_status status = read_numbers(r, "passages", 4, &places, &count);
    if (!status && !r->why) {
        to->at = calloc((size_t)count + 1, sizeof *to->at);
        if (!to->at) status = out_of_memory(r->ctx);
        to->capacity = count;
    }
    for (const int64_t *p = places; to->count < count && !status && !r->why; p += 4) {
        const bert_passage *before = to->count ? &to->at[to->count - 1] : NULL;
        if (!is_in_place(r->x, p, before)) {
            r->why = "has a passage outside its file, or two that overlap";
            break;
        }
        bert_indexed *file = &r->x->file[p[0]];
        if (!file->passages++) file->first = to->count;
        to->at[to->count++] = (bert_passage){(int32_t)p[0], p[1], p[2], p[3]};
    }
    free(places);
    return status;
}

static void find_vectors(reading *r, ad_dtype dtype)
{
    bert_index *x = r->x;
    x->tensor = ad_file_find(x->opened, "vectors");
    const ad_file_entry *entry = x->tensor < 0 ? NULL : ad_file_at(x->opened, x->tensor);
    if (!entry || !ad_file_has_rows(x->opened, x->tensor) || entry->shape.dim[1] != x->width ||
        entry->shape.dim[0] != x->passages.count ||
        (entry->dtype != AD_F32 && entry->dtype != AD_BF16))
        r->why = "has other vectors than passages";
    else if (dtype != AD_DTYPES && entry->dtype != dtype)
        r->why = "has vectors of another --dtype";
    else
        x->dtype = entry->dtype;
}

static ad_status read_opened(reading *r, const char *mark, ad_dtype dtype)
{
    const ad_file *file = r->x->opened;
    const char *of = ad_file_metadata(file, "model"), *is = ad_file_metadata(file, "version");
    if (!of || !ad_file_metadata(file, "names"))
        return ad_error_set(r->ctx, AD_ERROR_ARGUMENT,
                            "%s: is a file of tensors and no index: it is not overwritten",
                            ad_file_path(file));
    if (!is || strcmp(is, version) != 0)
        r->why = "is an index of another version";
    else if (strcmp(of, mark) != 0)
        r->why = "is of another model";
    ad_status status = r->why ? AD_OK : take_files(r);
    if (!status && !r->why) status = take_passages(r);
    if (!status && !r->why) find_vectors(r, dtype);
    return status;
}

ad_status bert_index_open(bert_index *x, ad_context *ctx, const char *path, const char *mark,
                          ad_dtype dtype, const char **why)
{
    reading r = {.x = x, .ctx = ctx};
    const int64_t width = x->width;
    *why = NULL;
    ad_status status = ad_file_open(&x->opened, ctx, path);
    if (status == AD_ERROR_NOT_FOUND) {
        ad_error_clear(ctx);
        return AD_OK;
    }
    if (!status) status = read_opened(&r, mark, dtype);
    if (status && status != AD_ERROR_MEMORY && status != AD_ERROR_ARGUMENT) {
        ad_error_clear(ctx);
        status = AD_OK, r.why = "cannot be read, or is not whole";
    }
    if (status || r.why) bert_index_free(x);
    x->width = width;
    *why = r.why;
    return status;
}

/* ---- writing ---- */

static char *names_of(const bert_index *x)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < x->files; ++i)
        json_array_append_new(list, json_string(x->file[i].name));
    char *text = (int64_t)json_array_size(list) == x->files ? json_dumps(list, JSON_COMPACT) : NULL;
    json_decref(list);
    return text;
}

ad_status bert_index_write(const bert_index *x, ad_context *ctx, const char *path, const char *mark,
                           const void *vectors)
{
    int64_t n = x->passages.count;
    int64_t *about = calloc((size_t)(3 * x->files + 1), sizeof *about);
    int64_t *places = calloc((size_t)(4 * n + 1), sizeof *places);
    char *names = names_of(x);
    ad_status status = about && places && names ? AD_OK : out_of_memory(ctx);
    for (int64_t i = 0; i < x->files && !status; ++i) {
        const int64_t row[] = {x->file[i].time, x->file[i].size, x->file[i].length};
        memcpy(about + 3 * i, row, sizeof row);
    }
    for (int64_t i = 0; i < n && !status; ++i) {
        const bert_passage *p = &x->passages.at[i];
        const int64_t row[] = {p->file, p->line, p->begin, p->length};
        memcpy(places + 4 * i, row, sizeof row);
    }
    const ad_named_tensor tensors[] = {
        {"vectors", {x->dtype, ad_shape(n, x->width), (void *)(size_t)vectors}},
        {"passages", {AD_I64, ad_shape(n, 4), places}},
        {"files", {AD_I64, ad_shape(x->files, 3), about}}};
    const ad_metadata said[] = {{"model", mark}, {"names", names}, {"version", version}};
    if (!status) status = ad_safetensors_write(ctx, path, tensors, 3, said, 3);
    free(about);
    free(places);
    free(names);
    return status;
}
