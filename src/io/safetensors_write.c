/* safetensors_write.c - writing safetensors.
 *
 * Tensors lie in the order given, those with larger elements first, so that with a header padded to
 * a multiple of eight each starts at a multiple of its element size, as readers that map the file
 * want. */
#include "io/weights_write.h"

#include <jansson.h>
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

/* Puts `value` (taken over) into `object`; false when memory is refused or the key is no UTF-8. */
static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

static json_t *describe(const ad_tensor *tensor, json_int_t *at)
{
    json_t *row = json_object(), *shape = json_array(), *offsets = json_array();
    json_int_t begin = *at, end = begin + (json_int_t)ad_tensor_bytes(tensor);
    bool good = row && shape && offsets;
    for (int i = 0; good && i < tensor->shape.rank; ++i)
        good = !json_array_append_new(shape, json_integer(tensor->shape.dim[i]));
    good = good && !json_array_append_new(offsets, json_integer(begin)) &&
           !json_array_append_new(offsets, json_integer(end));
    good = good && put(row, "dtype", json_string(type_names[tensor->dtype]));
    good = good && put(row, "shape", json_incref(shape)) &&
           put(row, "data_offsets", json_incref(offsets));
    json_decref(shape), json_decref(offsets);
    *at = end;
    if (good) return row;
    json_decref(row);
    return NULL;
}

static ad_status fail_text(ad_context *ctx, const char *path, const char *what, const char *text)
{
    return ad_fail(ctx, AD_ERROR_ARGUMENT,
                   "%s: cannot write the %s %s: it is no UTF-8 text, or reserved", path, what,
                   text);
}

/* The header as JSON; *out is NULL on an error. */
static ad_status make_header(ad_context *ctx, const char *path, const ad_tensor_source *source,
                             const place *order, json_t **out)
{
    json_int_t at = 0;
    ad_status status = AD_OK;
    json_t *header = json_object(), *metadata = source->metadata_count ? json_object() : NULL;
    if (!header || (source->metadata_count && !metadata))
        status = ad_fail(ctx, AD_ERROR_MEMORY, "%s: out of memory for the header", path);
    for (int i = 0; !status && i < source->metadata_count; ++i)
        if (!put(metadata, source->metadata[i].key, json_string(source->metadata[i].value)))
            status = fail_text(ctx, path, "metadata", source->metadata[i].key);
    if (!status && metadata && !put(header, "__metadata__", json_incref(metadata)))
        status = ad_fail(ctx, AD_ERROR_MEMORY, "%s: out of memory for the header", path);
    for (int i = 0; !status && i < source->count; ++i) {
        const ad_named_tensor *t = &source->tensors[order[i].index];
        json_t *row = strcmp(t->name, "__metadata__") ? describe(&t->tensor, &at) : NULL;
        if (!row || !put(header, t->name, row)) status = fail_text(ctx, path, "tensor", t->name);
    }
    json_decref(metadata);
    if (status) json_decref(header), header = NULL;
    *out = header;
    return status;
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
    json_t *header = NULL;
    place *order = ad_alloc(ctx, bytes);
    if (!order) return AD_ERROR_MEMORY;
    for (int i = 0; i < source->count; ++i)
        order[i] = (place){i, ad_dtype_size(source->tensors[i].tensor.dtype)};
    if (source->count > 1) qsort(order, (size_t)source->count, sizeof *order, by_element);
    ad_status status = make_header(ctx, path, source, order, &header);
    char *json = header ? json_dumps(header, JSON_COMPACT) : NULL;
    if (header && !json)
        status = ad_fail(ctx, AD_ERROR_MEMORY, "%s: out of memory for the header", path);
    if (!status) status = write_file(ctx, path, source, order, json);
    free(json);
    json_decref(header);
    ad_free(ctx, order, bytes);
    return status;
}
