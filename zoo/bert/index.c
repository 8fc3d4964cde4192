/* index.c - an index of passages in a file: of each text its time and size, of each passage its
 * place and its vector. safetensors, so that `autodidact info` shows it:
 *     vectors f32 [passages, width], passages i64 [passages, 4] (file, line, byte, bytes),
 *     files i64 [files, 2] (time, size), and as metadata the model's mark and the files' names. */
#include "zoo/bert/bert.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bert_index_free(bert_index *x)
{
    for (int64_t i = 0; i < x->files; ++i) free(x->file[i].name);
    free(x->file);
    bert_passages_free(&x->passages);
    free(x->vectors);
    *x = (bert_index){0};
}

static ad_status out_of_memory(ad_context *ctx)
{
    return ad_error_set(ctx, AD_ERROR_MEMORY, "no memory for the index");
}

ad_status bert_index_add_file(bert_index *x, ad_context *ctx, const char *name, int64_t time,
                              int64_t size)
{
    if (x->files == x->file_capacity) {
        int64_t capacity = 2 * x->file_capacity + 64;
        bert_indexed *grown = realloc(x->file, (size_t)capacity * sizeof *grown);
        if (!grown) return out_of_memory(ctx);
        x->file = grown, x->file_capacity = capacity;
    }
    bert_indexed *file = &x->file[x->files];
    *file = (bert_indexed){strdup(name), time, size};
    if (!file->name) return out_of_memory(ctx);
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
        if (entry->dtype != AD_F32 || count < 1) continue;
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

/* The tensor's numbers, of malloc; NULL: it is not there, or not of this form. */
static void *tensor(ad_file *file, const char *name, ad_dtype dtype, int64_t columns, int64_t *rows)
{
    int at = ad_file_find(file, name);
    const ad_file_entry *entry = at < 0 ? NULL : ad_file_at(file, at);
    if (!entry || entry->dtype != dtype || entry->shape.rank != 2 || entry->shape.dim[1] != columns)
        return NULL;
    *rows = entry->shape.dim[0];
    size_t bytes = (size_t)(*rows * columns) * ad_dtype_size(dtype);
    void *data = malloc(bytes + 1);
    if (data && !ad_file_read(file, at, dtype, data, bytes)) return data;
    free(data);
    return NULL;
}

/* Whether what was read fits together. */
static bool is_whole(const bert_index *x, const int64_t *passages, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        const int64_t *p = passages + 4 * i;
        if (p[0] < 0 || p[0] >= x->files || p[1] < 1 || p[2] < 0 || p[3] < 1) return false;
    }
    return true;
}

static bool take_files(bert_index *x, ad_context *ctx, const int64_t *about, int64_t files,
                       const char *names)
{
    json_error_t error;
    json_t *list = names ? json_loads(names, 0, &error) : NULL;
    bool good = (int64_t)json_array_size(list) == files;
    for (int64_t i = 0; i < files && good; ++i) {
        const char *name = json_string_value(json_array_get(list, (size_t)i));
        good = name && !bert_index_add_file(x, ctx, name, about[2 * i], about[2 * i + 1]);
    }
    json_decref(list);
    return good;
}

static bool take_passages(bert_index *x, const int64_t *passages, int64_t count)
{
    if (!is_whole(x, passages, count)) return false;
    x->passages.at = calloc((size_t)count + 1, sizeof *x->passages.at);
    if (!x->passages.at) return false;
    x->passages.count = x->passages.capacity = count;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t *p = passages + 4 * i;
        x->passages.at[i] = (bert_passage){(int32_t)p[0], p[1], p[2], p[3]};
    }
    return true;
}

bool bert_index_read(bert_index *x, ad_context *ctx, const char *path, const char *mark,
                     int64_t width, bool *other)
{
    ad_file *file;
    int64_t files = 0, passages = 0, vectors = 0;
    *x = (bert_index){.width = width};
    *other = false;
    if (ad_file_open(&file, ctx, path)) return false;
    const char *of = ad_file_metadata(file, "model");
    *other = of && strcmp(of, mark) != 0;
    int64_t *about = tensor(file, "files", AD_I64, 2, &files);
    int64_t *places = tensor(file, "passages", AD_I64, 4, &passages);
    x->vectors = tensor(file, "vectors", AD_F32, width, &vectors);
    bool good = of && !*other && about && places && x->vectors && passages == vectors &&
                take_files(x, ctx, about, files, ad_file_metadata(file, "names")) &&
                take_passages(x, places, passages);
    free(about);
    free(places);
    ad_file_close(file);
    if (!good) bert_index_free(x);
    return good;
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

ad_status bert_index_write(const bert_index *x, ad_context *ctx, const char *path, const char *mark)
{
    int64_t n = x->passages.count;
    int64_t *about = calloc((size_t)(2 * x->files + 1), sizeof *about);
    int64_t *places = calloc((size_t)(4 * n + 1), sizeof *places);
    char *names = names_of(x);
    ad_status status = about && places && names ? AD_OK : out_of_memory(ctx);
    for (int64_t i = 0; i < x->files && !status; ++i)
        about[2 * i] = x->file[i].time, about[2 * i + 1] = x->file[i].size;
    for (int64_t i = 0; i < n && !status; ++i) {
        const bert_passage *p = &x->passages.at[i];
        const int64_t row[] = {p->file, p->line, p->begin, p->length};
        memcpy(places + 4 * i, row, sizeof row);
    }
    const ad_named_tensor tensors[] = {{"vectors", {AD_F32, ad_shape(n, x->width), x->vectors}},
                                       {"passages", {AD_I64, ad_shape(n, 4), places}},
                                       {"files", {AD_I64, ad_shape(x->files, 2), about}}};
    const ad_metadata said[] = {{"model", mark}, {"names", names}};
    if (!status) status = ad_safetensors_write(ctx, path, tensors, 3, said, 2);
    free(about);
    free(places);
    free(names);
    return status;
}
