/* gguf_values.c - keys and values of a GGUF file, laid out as they are put. */
#include "io/gguf_values.h"
#include "io/gguf.h"

#include <string.h>

void ad_gguf_write_number(ad_text *out, uint64_t value, int size)
{
    char little[8];
    for (int i = 0; i < size; ++i) little[i] = (char)(unsigned char)(value >> 8 * i);
    ad_text_bytes(out, little, (size_t)size);
}

void ad_gguf_write_text(ad_text *out, const char *text, size_t length)
{
    ad_gguf_write_number(out, length, 8);
    ad_text_bytes(out, text, length);
}

ad_gguf_values *ad_gguf_values_new(ad_context *ctx)
{
    ad_gguf_values *values = ad_zalloc(ctx, sizeof *values);
    if (values) ad_text_init(&values->bytes, ctx);
    return values;
}

void ad_gguf_values_free(ad_gguf_values *values)
{
    if (!values) return;
    ad_context *ctx = values->bytes.ctx;
    ad_text_free(&values->bytes);
    ad_free(ctx, values, sizeof *values);
}

static ad_text *begin(ad_gguf_values *values, const char *key, ad_gguf_type type)
{
    ++values->count;
    ad_gguf_write_text(&values->bytes, key, strlen(key));
    ad_gguf_write_number(&values->bytes, type, 4);
    return &values->bytes;
}

static ad_text *begin_list(ad_gguf_values *values, const char *key, ad_gguf_type type,
                           int64_t count)
{
    ad_text *out = begin(values, key, AD_GGUF_ARRAY);
    ad_gguf_write_number(out, type, 4);
    ad_gguf_write_number(out, (uint64_t)count, 8);
    return out;
}

static void put_float(ad_text *out, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    ad_gguf_write_number(out, bits, 4);
}

void ad_gguf_put_count(ad_gguf_values *values, const char *key, uint32_t value)
{
    ad_gguf_write_number(begin(values, key, AD_GGUF_U32), value, 4);
}

void ad_gguf_put_real(ad_gguf_values *values, const char *key, double value)
{
    put_float(begin(values, key, AD_GGUF_F32), (float)value);
}

void ad_gguf_put_bool(ad_gguf_values *values, const char *key, bool value)
{
    ad_gguf_write_number(begin(values, key, AD_GGUF_BOOL), value, 1);
}

void ad_gguf_put_text(ad_gguf_values *values, const char *key, const char *value)
{
    ad_gguf_write_text(begin(values, key, AD_GGUF_STRING), value, strlen(value));
}

void ad_gguf_put_ints(ad_gguf_values *values, const char *key, const int32_t *numbers,
                      int64_t count)
{
    ad_text *out = begin_list(values, key, AD_GGUF_I32, count);
    for (int64_t i = 0; i < count; ++i) ad_gguf_write_number(out, (uint32_t)numbers[i], 4);
}

void ad_gguf_put_reals(ad_gguf_values *values, const char *key, const float *numbers, int64_t count)
{
    ad_text *out = begin_list(values, key, AD_GGUF_F32, count);
    for (int64_t i = 0; i < count; ++i) put_float(out, numbers[i]);
}

void ad_gguf_put_texts(ad_gguf_values *values, const char *key, int64_t count)
{
    begin_list(values, key, AD_GGUF_STRING, count);
}

void ad_gguf_next_text(ad_gguf_values *values, const char *text, size_t length)
{
    ad_gguf_write_text(&values->bytes, text, length);
}
