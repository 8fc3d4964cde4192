/* Any bytes as an index of passages: as they are, and as the numbers and names of a file that is
 * well-formed. What is opened is sorted, lies within its files, can be multiplied with a query, and
 * is the same once it is written and read again. */
#include "scratch_file.h"
#include "zoo/bert/bert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WIDTH = 3, MOST = 7 };
static const char mark[] = "mark";

static void check(const bert_index *x)
{
    const bert_passage *before = NULL;
    for (int64_t i = 1; i < x->files; ++i)
        if (strcmp(x->file[i - 1].name, x->file[i].name) >= 0) abort();
    for (int64_t i = 0; i < x->passages.count; ++i) {
        const bert_passage *p = &x->passages.at[i];
        const bert_indexed *file = &x->file[p->file];
        if (p->file < 0 || p->file >= x->files || p->begin < 0 || p->length < 1) abort();
        if (p->begin > file->length || p->length > file->length - p->begin) abort();
        if (i < file->first || i >= file->first + file->passages) abort();
        if (before && before->file == p->file && before->begin + before->length > p->begin) abort();
        before = p;
    }
}

static void multiply(ad_context *ctx, const bert_index *x, float *vectors, float *product)
{
    static const float query[WIDTH] = {1, 0, 0};
    const bert_vector_list list = {x->opened, x->tensor, NULL, x->dtype, x->passages.count, WIDTH};
    if (bert_products(ctx, &list, query, product)) abort();
    if (ad_file_read(x->opened, x->tensor, AD_F32, vectors,
                     (size_t)(x->passages.count * WIDTH) * sizeof *vectors))
        abort();
}

static void try_index(ad_context *ctx, const char *path)
{
    bert_index x = {.width = WIDTH}, again = {.width = WIDTH};
    const char *why;
    ad_status status = bert_index_open(&x, ctx, path, mark, AD_DTYPES, &why);
    if (status && !strstr(ad_error(ctx), "index")) abort();
    if ((status || why) && (x.opened || x.files || x.passages.count)) abort();
    if (!status && !why && x.passages.count < 100) {
        float vectors[100 * WIDTH], product[100];
        check(&x);
        multiply(ctx, &x, vectors, product);
        x.dtype = AD_F32;
        if (bert_index_write(&x, ctx, scratch_path("again"), mark, vectors)) abort();
        if (bert_index_open(&again, ctx, scratch_path("again"), mark, AD_F32, &why) || why) abort();
        if (again.files != x.files || again.passages.count != x.passages.count) abort();
        if (x.passages.count && memcmp(again.passages.at, x.passages.at,
                                       (size_t)x.passages.count * sizeof *x.passages.at))
            abort();
        bert_index_free(&again);
    }
    bert_index_free(&x);
    ad_error_clear(ctx);
}

/* A number: mostly a small one. */
static int64_t number(const uint8_t **data, size_t *size)
{
    if (!*size) return 0;
    uint8_t byte = *(*data)++;
    --*size;
    return byte < 250 ? byte % 25 : byte == 250 ? INT64_MAX : byte == 251 ? INT64_MIN : byte - 253;
}

static void try_numbers(ad_context *ctx, const uint8_t *data, size_t size)
{
    static char names[70000];
    int64_t files = number(&data, &size) % MOST, count = number(&data, &size) % MOST;
    int64_t about[MOST * 3], places[MOST * 4];
    float vectors[MOST * WIDTH] = {0};
    if (files < 0 || count < 0) return;
    for (int i = 0; i < 3 * files; ++i) about[i] = number(&data, &size);
    for (int i = 0; i < 4 * count; ++i) places[i] = number(&data, &size);
    if (size >= sizeof names || ad_text_valid((const char *)data, size) != size) return;
    memcpy(names, data, size);
    names[size] = 0;
    const ad_named_tensor tensors[] = {{"vectors", {AD_F32, ad_shape(count, WIDTH), vectors}},
                                       {"passages", {AD_I64, ad_shape(count, 4), places}},
                                       {"files", {AD_I64, ad_shape(files, 3), about}}};
    const ad_metadata said[] = {{"model", mark}, {"names", names}, {"version", "2"}};
    if (ad_safetensors_write(ctx, scratch_path("index"), tensors, 3, said, 3)) abort();
    try_index(ctx, scratch_path("index"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ad_context *ctx;
    if (!ctx) ctx = ad_context_new(&(ad_context_options){.threads = 1});
    try_index(ctx, scratch_write("index", data, size));
    try_numbers(ctx, data, size);
    if (ad_context_memory(ctx)) abort();
    return 0;
}
