/* tensor.c - element types, shapes, and conversion between types: every half value, ties, the ends.
 */
#include "check.h"

#include <autodidact/tensor.h>

#include "base/finite.h"
#include "base/half.h"

static void shapes(void)
{
    char text[192];
    ad_shape s = ad_shape(2, 3, 4);
    CHECK_INT(s.rank, 3);
    CHECK_INT(ad_shape_count(s), 24);
    CHECK_TEXT(ad_shape_text(s, text, sizeof text), "[2, 3, 4]");
    CHECK_TEXT(ad_shape_text((ad_shape){0}, text, sizeof text), "[]");
    CHECK_INT(ad_shape_count((ad_shape){0}), 1);
    CHECK_INT(ad_shape_count(ad_shape(5, 0, 7)), 0);
    CHECK_INT(ad_shape_count(ad_shape(1LL << 32, 1LL << 31)), -1);
    CHECK_INT(ad_shape_count(ad_shape(3, -1)), -1);
    CHECK(!ad_shape_valid(ad_shape(1, 1, 1, 1, 1, 1, 1, 1, 1)));
    CHECK(ad_shape_valid(ad_shape(1, 1, 1, 1, 1, 1, 1, 1)));
    CHECK(ad_shape_equal(ad_shape(2, 3), ad_shape(2, 3)));
    CHECK(!ad_shape_equal(ad_shape(2, 3), ad_shape(2, 3, 1)));
    CHECK(!ad_shape_equal(ad_shape(2, 3), ad_shape(3, 2)));
    ad_shape longest = {
        8,
        {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN}};
    CHECK_INT(strlen(ad_shape_text(longest, text, sizeof text)), 8 * 20 + 7 * 2 + 2);
    CHECK_INT(strlen(ad_shape_text(longest, text, 10)), 9); /* cut, but terminated */
}

static void dtypes(void)
{
    static const size_t sizes[AD_DTYPES] = {4, 8, 2, 2, 4, 8, 1, 1};
    for (int d = 0; d < AD_DTYPES; ++d) {
        CHECK_INT(ad_dtype_size((ad_dtype)d), sizes[d]);
        CHECK_INT(ad_dtype_is_float((ad_dtype)d), d < AD_I32);
    }
    CHECK_TEXT(ad_dtype_name(AD_BF16), "bf16");
    CHECK_TEXT(ad_dtype_name(AD_DTYPES), "invalid");
    CHECK_INT(ad_dtype_size(AD_DTYPES), 0);
}

/* The nearest half value by search: the definition that the fast conversion must meet. */
static uint16_t nearest_half(double x, ad_dtype dtype)
{
    uint16_t low = 0, high = dtype == AD_F16 ? 0x7c00 : 0x7f80; /* 0 .. infinity */
    double magnitude = fabs(x), infinity = dtype == AD_F16 ? 0x1p16 : 0x1p128;
    while (high - low > 1) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        float value = dtype == AD_F16 ? ad_f16_to_f32(middle) : ad_bf16_to_f32(middle);
        if ((double)value <= magnitude)
            low = middle;
        else
            high = middle;
    }
    double below = dtype == AD_F16 ? ad_f16_to_f32(low) : ad_bf16_to_f32(low);
    double above = dtype == AD_F16 ? ad_f16_to_f32(high) : ad_bf16_to_f32(high);
    if (isinf(above)) above = infinity; /* rounds as if the range went on */
    double to_low = magnitude - below, to_high = above - magnitude;
    uint16_t best = to_low < to_high || (to_low == to_high && low % 2 == 0) ? low : high;
    return (uint16_t)(best | (signbit(x) ? 0x8000 : 0));
}

static void every_half(void)
{
    for (int d = AD_BF16; d <= AD_F16; ++d) {
        for (uint32_t h = 0; h < 0x10000; ++h) {
            uint16_t half = (uint16_t)h, back;
            float value;
            ad_convert(&value, AD_F32, &half, (ad_dtype)d, 1);
            ad_convert(&back, (ad_dtype)d, &value, AD_F32, 1);
            if (isnan(value))
                CHECK((back & 0x7fff) > (d == AD_F16 ? 0x7c00 : 0x7f80));
            else
                CHECK_INT(back, half);
        }
    }
}

static void halves_round_to_nearest_even(void)
{
    uint64_t state = 1;
    for (int i = 0; i < 20000; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double x = ldexp((double)(int64_t)state, -63 + (int)(state >> 20 & 63) - 40);
        if (i % 3 == 0)
            x = (double)ad_bf16_to_f32((uint16_t)(state >> 48)) *
                (1 + 0x1p-8); /* ties and near ties */
        if (i % 6 == 0) x += fabs(x) * 0x1p-40;
        if (!isfinite(x)) continue;
        for (int d = AD_BF16; d <= AD_F16; ++d) {
            uint16_t got, from_f32;
            float single = (float)x;
            ad_convert(&got, (ad_dtype)d, &x, AD_F64, 1);
            CHECK_INT(got, nearest_half(x, (ad_dtype)d));
            ad_convert(&from_f32, (ad_dtype)d, &single, AD_F32, 1);
            if (isfinite(single)) CHECK_INT(from_f32, nearest_half((double)single, (ad_dtype)d));
        }
    }
}

static void floats_to_integers(void)
{
    float x[] = {1.9f, -1.9f, NAN, INFINITY, -INFINITY, 3e9f, -3e9f, 300, -1};
    int32_t i32[9];
    int64_t i64[9];
    uint8_t u8[9], boolean[9];
    ad_convert(i32, AD_I32, x, AD_F32, 9);
    ad_convert(i64, AD_I64, x, AD_F32, 9);
    ad_convert(u8, AD_U8, x, AD_F32, 9);
    ad_convert(boolean, AD_BOOL, x, AD_F32, 9);
    static const int32_t want32[] = {1, -1, 0, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, 300, -1};
    static const int64_t want64[] = {1,          -1,          0,   INT64_MAX, INT64_MIN,
                                     3000000000, -3000000000, 300, -1};
    static const uint8_t want8[] = {1, 0, 0, 255, 0, 255, 0, 255, 0},
                         want_bool[] = {1, 1, 0, 1, 1, 1, 1, 1, 1};
    for (int i = 0; i < 9; ++i) {
        CHECK_INT(i32[i], want32[i]);
        CHECK_INT(i64[i], want64[i]);
        CHECK_INT(u8[i], want8[i]);
        CHECK_INT(boolean[i], want_bool[i]);
    }
}

static void integers_to_floats(void)
{
    int64_t x[] = {0, 1, -7, INT64_MAX, INT64_MIN, (1LL << 54) + (1LL << 30) + 1};
    float f[6];
    double d[6];
    ad_convert(f, AD_F32, x, AD_I64, 6);
    ad_convert(d, AD_F64, x, AD_I64, 6);
    for (int i = 0; i < 6; ++i) {
        CHECK(f[i] == (float)x[i]); /* one rounding, not two */
        CHECK(d[i] == (double)x[i]);
    }
    uint8_t bytes[] = {0, 1, 255};
    uint16_t halves[3];
    ad_convert(halves, AD_F16, bytes, AD_U8, 3);
    CHECK_NEAR(ad_f16_to_f32(halves[2]), 255, 0);
    int32_t narrow[2];
    ad_convert(narrow, AD_I32, (int64_t[]){1LL << 40, -(1LL << 40)}, AD_I64, 2);
    CHECK_INT(narrow[0], INT32_MAX);
    CHECK_INT(narrow[1], INT32_MIN);
}

/* Each type and place: around a block's border, and in the last element. */
static void finds_what_is_not_finite(void)
{
    enum { MOST = 5000 };
    static double numbers[MOST], stored[MOST];
    static const int64_t places[] = {0, 1, 4095, 4096, MOST - 1};
    static const ad_dtype floats[] = {AD_F32, AD_F64, AD_BF16, AD_F16};
    ad_context *ctx = ad_context_new(NULL);
    for (int i = 0; i < MOST; ++i) numbers[i] = i % 7 - 3;
    for (size_t d = 0; d < sizeof floats / sizeof *floats; ++d) {
        ad_convert(stored, floats[d], numbers, AD_F64, MOST);
        CHECK_INT(ad_first_not_finite(stored, floats[d], MOST), -1);
        CHECK_INT(ad_check_finite(ctx, "x", stored, floats[d], MOST), AD_OK);
        for (size_t k = 0; k < sizeof places / sizeof *places; ++k)
            for (int kind = 0; kind < 3; ++kind) {
                double was = numbers[places[k]];
                numbers[places[k]] = (double[]){NAN, INFINITY, -INFINITY}[kind];
                ad_convert(stored, floats[d], numbers, AD_F64, MOST);
                CHECK_INT(ad_first_not_finite(stored, floats[d], MOST), places[k]);
                numbers[places[k]] = was;
            }
    }
    CHECK_INT(ad_first_not_finite((float[]){NAN}, AD_F32, 0), -1);
    CHECK_INT(ad_first_not_finite((int32_t[]){-1}, AD_I32, 1), -1);
    CHECK_INT(ad_check_finite(ctx, "the loss", (float[]){1, -INFINITY}, AD_F32, 2),
              AD_ERROR_NUMERIC);
    CHECK_TEXT(ad_error(ctx), "the loss is not finite: element 1 of 2 is -infinite");
    ad_context_free(ctx);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(shapes),
                                     CASE(dtypes),
                                     CASE(every_half),
                                     CASE(halves_round_to_nearest_even),
                                     CASE(floats_to_integers),
                                     CASE(integers_to_floats),
                                     CASE(finds_what_is_not_finite),
                                     {0}});
}
