/* safetensors_write.c - writing safetensors.
 *
 * Tensors lie in the order given, those with larger elements first, so that with a header padded to
 * a multiple of eight each starts at a multiple of its element size, as readers that map the file
 * want. */
#include "base/escape.h"
#include "base/utf8.h"
#include "io/weights_write.h"

#include <stdlib.h>
#include <string.h>

static const char *const type_names[AD_DTYPES] = {
    [AD_F32] = "F32", [AD_F64] = "F64", [AD_BF16] = "BF16", [AD_F16] = "F16",
    [AD_I32] = "I32", [AD_I64] = "I64", [AD_U8] = "U8",     [AD_BOOL] = "BOOL",
};

typedef struct place {
    int index;
    size_t element;
} place;

static int by_element(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->element != y->element) return x->element > y->element ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Whether it can be a key or value of the header. */
static bool is_utf8(const char *text)
{
    size_t length = strlen(text);
    return ad_utf8_valid(text, length) == length;
}

static ad_status fail_text(ad_context *ctx, const char *path, const char *what, const char *text)
{
    return ad_fail(ctx, AD_ERROR_ARGUMENT,
                   "%s: cannot write the %s %s: it is not UTF-8, or reserved", path, what, text);
}

/* "name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]} */
static void describe(ad_text *out, const char *name, const ad_tensor *tensor, size_t begin)
{
    ad_text_json(out, name, false);
    ad_text_format(out, ":{\"dtype\":\"%s\",\"shape\":[", type_names[tensor->dtype]);
    for (int i = 0; i < tensor->shape.rank; ++i)
        ad_text_format(out, "%s%lld", i ? "," : "", (long long)tensor->shape.dim[i]);
    ad_text_format(out, "],\"data_offsets\":[%zu,%zu]}", begin, begin + ad_tensor_bytes(tensor));
}

static ad_status add_metadata(ad_text *out, ad_context *ctx, const char *path,
                              const ad_tensor_source *source)
{
    ad_text_add(out, "\"__metadata__\":{");
    for (int i = 0; i < source->metadata_count; ++i) {
        const ad_metadata *m = &source->metadata[i];
        if (!is_utf8(m->key) || !is_utf8(m->value)) return fail_text(ctx, path, "metadata", m->key);
        for (int k = 0; k < i; ++k)
            if (!strcmp(source->metadata[k].key, m->key))
                return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: the metadata %s is given twice", path,
                               m->key);
        if (i) ad_text_add(out, ",");
        ad_text_json(out, m->key, false);
        ad_text_add(out, ":");
        ad_text_json(out, m->value, false);
    }
    ad_text_add(out, "}");
    return AD_OK;
}

static ad_status make_header(ad_text *out, ad_context *ctx, const char *path,
                             const ad_tensor_source *source, const place *order)
{
    size_t at = 0;
    ad_text_add(out, "{");
    if (source->metadata_count) {
        ad_status status = add_metadata(out, ctx, path, source);
        if (status) return status;
    }
    for (int i = 0; i < source->count; ++i) {
        const ad_named_tensor *t = &source->tensors[order[i].index];
        if (!strcmp(t->name, "__metadata__") || !is_utf8(t->name))
            return fail_text(ctx, path, "tensor", t->name);
        if (i || source->metadata_count) ad_text_add(out, ",");
        describe(out, t->name, &t->tensor, at);
        at += ad_tensor_bytes(&t->tensor);
    }
    ad_text_add(out, "}");
    return out->failed ? AD_ERROR_MEMORY : AD_OK;
}

static ad_status write_header(ad_output *output, const char *json)
{
    size_t length = strlen(json), padded = (length + 7) & ~(size_t)7;
    unsigned char size[8];
    for (int i = 0; i < 8; ++i) size[i] = (unsigned char)((uint64_t)padded >> 8 * i);
    ad_output_write(output, size, 8);
    ad_output_write(output, json, length);
    return ad_output_write(output, "       ", padded - length);
}

static ad_status write_file(ad_context *ctx, const char *path, const ad_tensor_source *source,
                            const place *order, const char *json)
{
    ad_output *output;
    ad_status status = ad_output_open(&output, ctx, path);
    if (status) return status;
    status = write_header(output, json);
    for (int i = 0; !status && i < source->count; ++i) {
        const void *data;
        void *owned;
        size_t bytes = ad_tensor_bytes(&source->tensors[order[i].index].tensor);
        status = ad_source_get(source, ctx, order[i].index, &data, &owned);
        if (!status) status = ad_output_write(output, data, bytes);
        ad_free(ctx, owned, bytes);
    }
    if (!status) return ad_output_commit(output);
    ad_output_discard(output);
    return status;
}

ad_status ad_source_write_safetensors(ad_context *ctx, const char *path,
                                      const ad_tensor_source *source)
{
    size_t bytes = ad_bytes(source->count, sizeof(place));
    ad_text header;
    place *order = ad_alloc(ctx, bytes);
    if (!order) return AD_ERROR_MEMORY;
    for (int i = 0; i < source->count; ++i)
        order[i] = (place){i, ad_dtype_size(source->tensors[i].tensor.dtype)};
    if (source->count > 1) qsort(order, (size_t)source->count, sizeof *order, by_element);
    ad_text_init(&header, ctx);
    ad_status status = make_header(&header, ctx, path, source, order);
    if (!status) status = write_file(ctx, path, source, order, ad_text_get(&header));
    ad_text_free(&header);
    ad_free(ctx, order, bytes);
    return status;
}
