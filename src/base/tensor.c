/* tensor.c - element types, shapes, and conversion between element types. */
#include <autodidact/tensor.h>

#include "base/context.h"
#include "base/half.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[AD_DTYPES] = {
    [AD_F32] = {"f32", 4}, [AD_F64] = {"f64", 8}, [AD_BF16] = {"bf16", 2}, [AD_F16] = {"f16", 2},
    [AD_I32] = {"i32", 4}, [AD_I64] = {"i64", 8}, [AD_U8] = {"u8", 1},     [AD_BOOL] = {"bool", 1},
};

const char *ad_dtype_name(ad_dtype dtype)
{
    return (unsigned)dtype < AD_DTYPES ? dtypes[dtype].name : "invalid";
}

size_t ad_dtype_size(ad_dtype dtype)
{
    return (unsigned)dtype < AD_DTYPES ? dtypes[dtype].size : 0;
}
bool ad_dtype_is_float(ad_dtype dtype)
{
    return dtype <= AD_F16;
}

/* ---- quantised rows ---- */
static const struct {
    const char *name;
    int bytes; /* of a block */
} forms[AD_QUANTIZED_FORMS] = {[AD_Q8_0] = {"q8_0", 34}, [AD_Q4_0] = {"q4_0", 18}};

const char *ad_quantized_name(ad_quantized form)
{
    return (unsigned)form < AD_QUANTIZED_FORMS ? forms[form].name : "invalid";
}

int64_t ad_quantized_bytes(ad_quantized form, int64_t count)
{
    bool whole = (unsigned)form < AD_QUANTIZED_FORMS && count > 0 && count % AD_BLOCK == 0;
    return whole ? count / AD_BLOCK * forms[form].bytes : 0;
}

/* ---- shapes ---- */
ad_shape ad_shape_of(const int64_t *dim, size_t rank)
{
    ad_shape shape = {.rank = rank <= AD_MAX_RANK ? (int)rank : -1};
    if (shape.rank > 0) memcpy(shape.dim, dim, rank * sizeof *dim);
    return shape;
}

int64_t ad_shape_count(ad_shape shape)
{
    int64_t count = 1;
    bool empty = false, overflow = false;
    if (shape.rank < 0 || shape.rank > AD_MAX_RANK) return -1;
    for (int i = 0; i < shape.rank; ++i) {
        if (shape.dim[i] < 0) return -1;
        if (shape.dim[i] == 0)
            empty = true;
        else
            overflow |= __builtin_mul_overflow(count, shape.dim[i], &count);
    }
    return overflow ? -1 : empty ? 0 : count;
}

bool ad_shape_valid(ad_shape shape)
{
    return ad_shape_count(shape) >= 0;
}

size_t ad_shape_bytes(ad_shape shape, ad_dtype dtype)
{
    return ad_bytes(ad_shape_count(shape), ad_dtype_size(dtype));
}

bool ad_shape_equal(ad_shape a, ad_shape b)
{
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; ++i)
        if (a.dim[i] != b.dim[i]) return false;
    return true;
}

const char *ad_shape_text(ad_shape shape, char *buffer, size_t size)
{
    int at = snprintf(buffer, size, "[");
    for (int i = 0; i < shape.rank && i < AD_MAX_RANK && at >= 0 && (size_t)at < size; ++i)
        at += snprintf(buffer + at, size - (size_t)at, i ? ", %lld" : "%lld",
                       (long long)shape.dim[i]);
    if (at >= 0 && (size_t)at < size) snprintf(buffer + at, size - (size_t)at, "]");
    return buffer;
}

static double load_float(const void *from, ad_dtype dtype, int64_t i)
{
    switch (dtype) {
    case AD_F32: return ((const float *)from)[i];
    case AD_F64: return ((const double *)from)[i];
    case AD_BF16: return ad_bf16_to_f32(((const uint16_t *)from)[i]);
    default: return ad_f16_to_f32(((const uint16_t *)from)[i]);
    }
}

static int64_t load_integer(const void *from, ad_dtype dtype, int64_t i)
{
    switch (dtype) {
    case AD_I32: return ((const int32_t *)from)[i];
    case AD_I64: return ((const int64_t *)from)[i];
    default: return ((const uint8_t *)from)[i];
    }
}

static int64_t saturate(double value)
{
    if (isnan(value)) return 0;
    if (value >= 0x1p63) return INT64_MAX;
    if (value <= -0x1p63) return INT64_MIN;
    return (int64_t)value;
}

/* x as an f32 rounded to odd: cut towards zero, the last bit set if anything was lost. Rounding
 * that to a half type gives what rounding x itself would (Boldo & Melquiond 2008). */
static float to_odd(double x)
{
    float f = (float)x;
    uint32_t u;
    if (isnan(x) || (double)f == x) return f;
    memcpy(&u, &f, 4);
    if (fabs((double)f) > fabs(x)) --u;
    u |= 1;
    memcpy(&f, &u, 4);
    return f;
}

/* v as a double, likewise. */
static double integer_to_odd(int64_t v)
{
    uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    if (m >> 53) m = (m >> 11 | ((m & 0x7ff) != 0)) << 11;
    return v < 0 ? -(double)m : (double)m;
}

static void store_float(void *to, ad_dtype dtype, int64_t i, double value)
{
    switch (dtype) {
    case AD_F32: ((float *)to)[i] = (float)value; break;
    case AD_F64: ((double *)to)[i] = value; break;
    case AD_BF16: ((uint16_t *)to)[i] = ad_f32_to_bf16(to_odd(value)); break;
    default: ((uint16_t *)to)[i] = ad_f32_to_f16(to_odd(value)); break;
    }
}

static void store_integer(void *to, ad_dtype dtype, int64_t i, int64_t value)
{
    switch (dtype) {
    case AD_I32:
        ((int32_t *)to)[i] = (int32_t)(value > INT32_MAX   ? INT32_MAX
                                       : value < INT32_MIN ? INT32_MIN
                                                           : value);
        break;
    case AD_I64: ((int64_t *)to)[i] = value; break;
    case AD_U8: ((uint8_t *)to)[i] = (uint8_t)(value > 255 ? 255 : value < 0 ? 0 : value); break;
    default: ((uint8_t *)to)[i] = value != 0; break;
    }
}

void ad_convert(void *to, ad_dtype to_dtype, const void *from, ad_dtype from_dtype, int64_t count)
{
    if (to_dtype == from_dtype) {
        if (count > 0) memcpy(to, from, (size_t)count * ad_dtype_size(to_dtype));
        return;
    }
    bool to_float = ad_dtype_is_float(to_dtype), from_float = ad_dtype_is_float(from_dtype);
    for (int64_t i = 0; i < count; ++i) {
        if (from_float) {
            double value = load_float(from, from_dtype, i);
            if (to_float)
                store_float(to, to_dtype, i, value);
            else if (to_dtype == AD_BOOL)
                ((uint8_t *)to)[i] = value != 0 && !isnan(value);
            else
                store_integer(to, to_dtype, i, saturate(value));
        } else {
            int64_t value = load_integer(from, from_dtype, i);
            if (to_dtype == AD_F32)
                ((float *)to)[i] = (float)value;
            else if (to_dtype == AD_F64)
                ((double *)to)[i] = (double)value;
            else if (to_float)
                store_float(to, to_dtype, i, integer_to_odd(value));
            else
                store_integer(to, to_dtype, i, value);
        }
    }
}
