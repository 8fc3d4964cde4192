/* finite.c - NaN and infinity are the numbers whose exponent has all its bits set. Blocks are
 * tested without a branch, which compilers turn into vectors, and only a block that failed is
 * looked through. */
#include "base/finite.h"

enum { BLOCK = 4096 };

#define SOME_NOT_FINITE(name, word)                                                                \
    static bool name(const word *words, int64_t count, word exponent)                              \
    {                                                                                              \
        word found = 0;                                                                            \
        for (int64_t i = 0; i < count; ++i) found |= (words[i] & exponent) == exponent;            \
        return found;                                                                              \
    }
SOME_NOT_FINITE(some_of_16, uint16_t)
SOME_NOT_FINITE(some_of_32, uint32_t)
SOME_NOT_FINITE(some_of_64, uint64_t)

static bool some_not_finite(const char *data, ad_dtype dtype, int64_t count)
{
    switch (dtype) {
    case AD_F32: return some_of_32((const void *)data, count, 0x7f800000u);
    case AD_F64: return some_of_64((const void *)data, count, 0x7ff0000000000000u);
    case AD_BF16: return some_of_16((const void *)data, count, 0x7f80u);
    case AD_F16: return some_of_16((const void *)data, count, 0x7c00u);
    default: return false;
    }
}

int64_t ad_first_not_finite(const void *data, ad_dtype dtype, int64_t count)
{
    const char *bytes = data;
    const size_t size = ad_dtype_size(dtype);
    for (int64_t from = 0; from < count; from += BLOCK) {
        int64_t n = count - from < BLOCK ? count - from : BLOCK;
        if (!some_not_finite(bytes + (size_t)from * size, dtype, n)) continue;
        while (!some_not_finite(bytes + (size_t)from * size, dtype, 1)) ++from;
        return from;
    }
    return -1;
}

ad_status ad_check_finite(ad_context *ctx, const char *what, const void *data, ad_dtype dtype,
                          int64_t count)
{
    double value;
    int64_t at = ad_first_not_finite(data, dtype, count);
    if (at < 0) return AD_OK;
    ad_convert(&value, AD_F64, (const char *)data + (size_t)at * ad_dtype_size(dtype), dtype, 1);
    return ad_fail(ctx, AD_ERROR_NUMERIC, "%s is not finite: element %lld of %lld is %s", what,
                   (long long)at, (long long)count,
                   value > 0   ? "infinite"
                   : value < 0 ? "-infinite"
                               : "nan");
}
