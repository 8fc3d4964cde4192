/* array_samples.c - rows of arrays in memory: tables, replay memory, whatever is made elsewhere. */
#include <autodidact/samples.h>

#include "base/context.h"

#include <string.h>

typedef struct array_samples {
    ad_samples samples;
    ad_context *ctx;
    int count;
    size_t *row_bytes;
    const void **data;
    ad_sample_field *fields;
} array_samples;

static void fill(void *user, int64_t index, const ad_draws *draws, void *const *row)
{
    const array_samples *a = user;
    (void)draws;
    for (int i = 0; i < a->count; ++i)
        memcpy(row[i], (const char *)a->data[i] + (size_t)index * a->row_bytes[i], a->row_bytes[i]);
}

static void release(ad_samples *samples)
{
    array_samples *a = samples->user;
    size_t count = (size_t)a->count;
    ad_free(a->ctx, a->fields, count * sizeof *a->fields);
    ad_free(a->ctx, a->data, count * sizeof *a->data);
    ad_free(a->ctx, a->row_bytes, count * sizeof *a->row_bytes);
    ad_free(a->ctx, a, sizeof *a);
}

static ad_status take(array_samples *a, int i, const ad_array *from)
{
    char shape[192];
    size_t row = ad_shape_bytes(from->field.shape, from->field.dtype), all;
    if (__builtin_mul_overflow(row, (size_t)a->samples.count, &all) || all != from->bytes)
        return ad_fail(
            a->ctx, AD_ERROR_SHAPE, "array %s: %lld rows of %s %s take %zu bytes; it was given %zu",
            from->field.name, (long long)a->samples.count, ad_dtype_name(from->field.dtype),
            ad_shape_text(from->field.shape, shape, sizeof shape), all, from->bytes);
    a->fields[i] = from->field, a->data[i] = from->data, a->row_bytes[i] = row;
    return AD_OK;
}

ad_status ad_array_samples_new(ad_samples **out, ad_context *ctx, int64_t count,
                               const ad_array *arrays, int array_count)
{
    *out = NULL;
    if (count < 1 || array_count < 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "samples of %lld rows of %d arrays: both must be 1 or more",
                       (long long)count, array_count);
    array_samples *a = ad_zalloc(ctx, sizeof *a);
    if (!a) return AD_ERROR_MEMORY;
    size_t n = (size_t)array_count;
    a->ctx = ctx, a->count = array_count;
    a->fields = ad_alloc(ctx, n * sizeof *a->fields);
    a->data = ad_alloc(ctx, n * sizeof *a->data);
    a->row_bytes = ad_alloc(ctx, n * sizeof *a->row_bytes);
    a->samples = (ad_samples){.count = count,
                              .fields = a->fields,
                              .field_count = array_count,
                              .fixed = true,
                              .fill = fill,
                              .user = a,
                              .release = release};
    ad_status status = a->fields && a->data && a->row_bytes ? AD_OK : AD_ERROR_MEMORY;
    for (int i = 0; i < array_count && !status; ++i) status = take(a, i, &arrays[i]);
    if (status)
        release(&a->samples);
    else
        *out = &a->samples;
    return status;
}

void ad_samples_free(ad_samples *samples)
{
    if (samples && samples->release) samples->release(samples);
}
