/* gguf_write.c - writing GGUF, version 3.
 *
 * A network of an architecture that llama.cpp knows gets its names and its order (gguf_names.c);
 * there vectors and the table of positions are f32, as llama.cpp wants them. Any other keeps its
 * names, and its metadata become strings. Quantised are matrices whose rows are whole blocks; what
 * else would be is f16, as llama.cpp does it. */
#include "io/blocks.h"
#include "io/gguf.h"
#include "io/gguf_names.h"
#include "io/gguf_values.h"
#include "io/weights_write.h"

#include <string.h>

enum { VERSION = 3, TYPE_Q8_0 = 8, QUANTISATION = 2, FILE_F16 = 1, FILE_Q8_0 = 7, FILE_BF16 = 32 };

static const int type_numbers[AD_DTYPES] = {
    [AD_F32] = 0,  [AD_F16] = 1,  [AD_BF16] = 30, [AD_F64] = 28,
    [AD_I32] = 26, [AD_I64] = 27, [AD_U8] = -1,   [AD_BOOL] = -1,
};

/* A tensor as it is written. */
typedef struct place {
    char name[AD_FILE_MAX_NAME + 1];
    ad_gguf_order order;
    ad_shape shape;              /* in the file, row-major */
    ad_dtype dtype;              /* of its elements, before they are quantised */
    const ad_block_type *blocks; /* NULL: they are not */
    size_t bytes;
} place;

typedef struct writer {
    ad_context *ctx;
    const char *path;
    const ad_tensor_source *source;
    const ad_gguf_model *model; /* NULL: of no architecture */
    ad_text head;
    uint64_t offset;
} writer;

static ad_status find_place(const writer *w, int index, place *p)
{
    const ad_named_tensor *t = &w->source->tensors[index];
    int rank = t->tensor.shape.rank;
    *p = (place){.shape = t->tensor.shape, .dtype = t->tensor.dtype};
    bool known = w->model &&
                 ad_gguf_from_published(w->model->architecture, t->name, p->name, &p->order);
    if (!known) {
        if (strlen(t->name) > AD_FILE_MAX_NAME || rank > AD_GGUF_MAX_RANK)
            return ad_fail(w->ctx, AD_ERROR_UNSUPPORTED,
                           "%s: tensor %.200s has %d axes or too long a name; GGUF has 4 at most",
                           w->path, t->name, rank);
        strcpy(p->name, t->name);
    }
    bool matrix = rank > 1 && strcmp(p->name, "position_embd.weight") != 0;
    if (type_numbers[p->dtype] < 0)
        return ad_fail(w->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: tensor %s is %s, which GGUF does not have", w->path, t->name,
                       ad_dtype_name(p->dtype));
    if (w->model && !matrix && ad_dtype_is_float(p->dtype)) p->dtype = AD_F32;
    if (p->order == AD_GGUF_TRANSPOSED && rank == 2)
        p->shape = ad_shape(p->shape.dim[1], p->shape.dim[0]);
    if (w->source->q8_0 && matrix && ad_dtype_is_float(p->dtype)) {
        bool whole = p->shape.dim[rank - 1] % ad_block_q8_0.elements == 0;
        p->dtype = whole ? AD_F32 : AD_F16;
        p->blocks = whole ? &ad_block_q8_0 : NULL;
    }
    int64_t count = ad_shape_count(p->shape);
    p->bytes = p->blocks ? (size_t)(count / p->blocks->elements) * p->blocks->bytes
                         : ad_bytes(count, ad_dtype_size(p->dtype));
    return AD_OK;
}

static size_t aligned(size_t size)
{
    return (size + AD_GGUF_ALIGNMENT - 1) / AD_GGUF_ALIGNMENT * AD_GGUF_ALIGNMENT;
}

/* ---- the head ---- */

static uint32_t file_type(const writer *w)
{
    ad_dtype dtype = AD_F32; /* of the first matrix */
    for (int i = w->source->count - 1; i >= 0; --i)
        if (w->source->tensors[i].tensor.shape.rank == 2)
            dtype = w->source->tensors[i].tensor.dtype;
    return w->source->q8_0    ? FILE_Q8_0
           : dtype == AD_F16  ? FILE_F16
           : dtype == AD_BF16 ? FILE_BF16
                              : 0;
}

/* What a person wrote about a network stays with it. */
static bool is_kept(const char *key)
{
    static const char *const keys[] = {
        "general.name",         "general.author",       "general.version",
        "general.organization", "general.basename",     "general.finetune",
        "general.license",      "general.license.name", "general.description",
        "general.license.link", "general.url",          "general.source.url",
        "general.size_label",   "general.repo_url",     "tokenizer.chat_template"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i)
        if (!strcmp(key, keys[i])) return true;
    return false;
}

static ad_status write_values(writer *w)
{
    const ad_tensor_source *s = w->source;
    ad_gguf_values *more = ad_gguf_values_new(w->ctx);
    const ad_gguf_values *given = w->model ? w->model->values : NULL;
    if (!more) return AD_ERROR_MEMORY;
    for (int i = 0; i < s->metadata_count; ++i)
        if (!w->model || is_kept(s->metadata[i].key))
            ad_gguf_put_text(more, s->metadata[i].key, s->metadata[i].value);
    if (w->model) ad_gguf_put_count(more, "general.file_type", file_type(w));
    if (s->q8_0) ad_gguf_put_count(more, "general.quantization_version", QUANTISATION);
    ad_gguf_write_number(&w->head, more->count + (given ? given->count : 0), 8);
    if (given) ad_text_bytes(&w->head, ad_text_get(&given->bytes), given->bytes.length);
    ad_text_bytes(&w->head, ad_text_get(&more->bytes), more->bytes.length);
    bool failed = more->bytes.failed || (given && given->bytes.failed);
    ad_gguf_values_free(more);
    return failed ? ad_fail(w->ctx, AD_ERROR_MEMORY, "%s: no memory for its metadata", w->path)
                  : AD_OK;
}

static ad_status write_entry(writer *w, int index)
{
    place p;
    ad_status status = find_place(w, index, &p);
    if (status) return status;
    ad_gguf_write_text(&w->head, p.name, strlen(p.name));
    ad_gguf_write_number(&w->head, (uint64_t)p.shape.rank, 4);
    for (int i = p.shape.rank - 1; i >= 0; --i)
        ad_gguf_write_number(&w->head, (uint64_t)p.shape.dim[i], 8);
    ad_gguf_write_number(&w->head, p.blocks ? TYPE_Q8_0 : (uint64_t)type_numbers[p.dtype], 4);
    ad_gguf_write_number(&w->head, w->offset, 8);
    w->offset += aligned(p.bytes);
    return AD_OK;
}

static ad_status write_head(writer *w)
{
    ad_text_add(&w->head, "GGUF");
    ad_gguf_write_number(&w->head, VERSION, 4);
    ad_gguf_write_number(&w->head, (uint64_t)w->source->count, 8);
    ad_status status = write_values(w);
    for (int i = 0; i < w->source->count && !status; ++i) status = write_entry(w, i);
    while (!w->head.failed && w->head.length % AD_GGUF_ALIGNMENT) ad_text_bytes(&w->head, "", 1);
    if (!status && w->head.failed) status = AD_ERROR_MEMORY;
    return status;
}

/* ---- the tensors ---- */

/* From the published order to the file's; `from` is contiguous. */
static ad_status reorder(const writer *w, const place *p, const ad_tensor *t, const void *from,
                         void *to)
{
    int64_t heads = p->order == AD_GGUF_KEYS ? w->model->kv_heads : w->model ? w->model->heads : 0;
    const int64_t *dim = t->shape.dim;
    ad_strided view = {.element = ad_element_of(t->dtype), .shape = t->shape};
    ad_strided_fill(&view, false);
    if (p->order == AD_GGUF_TRANSPOSED) {
        view.shape = p->shape;
        view.stride[0] = 1, view.stride[1] = dim[1];
    } else if (p->order != AD_GGUF_SAME) {
        if (heads < 1 || dim[0] % heads || dim[0] / heads % 2)
            return ad_fail(w->ctx, AD_ERROR_SHAPE, "%s: %s does not fit %lld heads", w->path,
                           p->name, (long long)heads);
        view.shape = ad_shape(heads, dim[0] / heads / 2, 2, dim[1]);
        view.stride[0] = dim[0] / heads * dim[1];
        view.stride[1] = dim[1];
        view.stride[2] = dim[0] / heads / 2 * dim[1];
        view.stride[3] = 1;
    }
    ad_strided_read(&view, from, p->dtype, to);
    return AD_OK;
}

static ad_status quantise(const writer *w, const place *p, const float *values, unsigned char *out)
{
    int64_t count = ad_shape_count(p->shape), bad = ad_blocks_cannot_hold(p->blocks, values, count);
    if (bad >= 0)
        return ad_fail(w->ctx, AD_ERROR_NUMERIC, "%s: %s holds %g, which q8_0 cannot", w->path,
                       p->name, (double)values[bad]);
    ad_blocks_pack(p->blocks, values, count, out);
    return AD_OK;
}

static ad_status write_tensor(const writer *w, ad_output *output, int index)
{
    static const char zeros[AD_GGUF_ALIGNMENT];
    const ad_tensor *t = &w->source->tensors[index].tensor;
    const void *data;
    void *owned;
    place p;
    ad_status status = find_place(w, index, &p);
    if (status) return status;
    int64_t count = ad_shape_count(p.shape);
    size_t bytes = ad_bytes(count, ad_dtype_size(p.dtype));
    bool plain = p.order == AD_GGUF_SAME && p.dtype == t->dtype;
    status = ad_source_get(w->source, w->ctx, index, &data, &owned);
    if (status) return status;
    void *ordered = plain ? NULL : ad_alloc(w->ctx, bytes);
    unsigned char *packed = p.blocks ? ad_alloc(w->ctx, p.bytes) : NULL;
    if ((!plain && !ordered) || (p.blocks && !packed)) status = AD_ERROR_MEMORY;
    if (!status && !plain) status = reorder(w, &p, t, data, ordered);
    if (!status && p.blocks) status = quantise(w, &p, plain ? data : ordered, packed);
    if (!status) {
        ad_output_write(output, p.blocks ? packed : plain ? data : ordered, p.bytes);
        status = ad_output_write(output, zeros, aligned(p.bytes) - p.bytes);
    }
    ad_free(w->ctx, ordered, bytes);
    ad_free(w->ctx, packed, p.bytes);
    ad_free(w->ctx, owned, ad_tensor_bytes(t));
    return status;
}

ad_status ad_source_write_gguf(ad_context *ctx, const char *path, const ad_tensor_source *source)
{
    writer w = {.ctx = ctx, .path = path, .source = source, .model = source->gguf};
    ad_output *output;
    ad_text_init(&w.head, ctx);
    ad_status status = write_head(&w);
    if (!status) status = ad_output_open(&output, ctx, path);
    if (!status) {
        status = ad_output_write(output, ad_text_get(&w.head), w.head.length);
        for (int i = 0; i < source->count && !status; ++i) status = write_tensor(&w, output, i);
        if (status)
            ad_output_discard(output);
        else
            status = ad_output_commit(output);
    }
    ad_text_free(&w.head);
    return status;
}
