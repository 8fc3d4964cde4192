/* Comparisons, logic and choice, run: what each answers for every pair of a few numbers. */
#include "recording.h"

#include <autodidact/program.h>

#include <float.h>

enum { N = 5, PAIRS = N * N, ANSWERS = 9 };

/* Compiles and runs the answers for a [N, 1] against b [1, N], and compares each with `want`. */
static void check_answers(ad_dtype dtype, const void *numbers,
                          bool (*want)(int answer, int i, int j))
{
    open_graph();
    ad_node *a = ad_input(g, "a", dtype, ad_shape(N, 1)),
            *b = ad_input(g, "b", dtype, ad_shape(1, N));
    ad_node *less = ad_less(a, b), *equal = ad_equal(a, b);
    ad_node *answers[ANSWERS] = {equal,
                                 ad_not_equal(a, b),
                                 less,
                                 ad_less_equal(a, b),
                                 ad_greater(a, b),
                                 ad_greater_equal(a, b),
                                 ad_and(ad_not(less), ad_not(equal)),
                                 ad_or(less, equal),
                                 ad_where(less, equal, ad_not(equal))};
    ad_program *program;
    size_t bytes = N * ad_dtype_size(dtype);
    if (ad_compile(&program, ctx, answers, ANSWERS, NULL) || ad_bind(program, a, numbers, bytes) ||
        ad_bind(program, b, numbers, bytes) || ad_run(program))
        CHECK_FAIL("%s", ad_error(ctx));
    for (int k = 0; k < ANSWERS && program; ++k) {
        const unsigned char *got = ad_result(program, answers[k]);
        for (int p = 0; p < PAIRS; ++p)
            if (got[p] != want(k, p / N, p % N))
                CHECK_FAIL("%s of numbers %d and %d is %d", ad_node_name(answers[k]), p / N, p % N,
                           got[p]);
    }
    ad_program_free(program);
    close_graph();
}

#define WANT(name, type, ...)                                                                      \
    static const type name[N] = __VA_ARGS__;                                                       \
    static bool name##_want(int answer, int i, int j)                                              \
    {                                                                                              \
        type a = name[i], b = name[j];                                                             \
        bool all[ANSWERS] = {a == b,                                                               \
                             a != b,                                                               \
                             a<b, a <= b, a>                                                       \
                                 b,                                                                \
                             a >= b,                                                               \
                             !(a < b) && !(a == b),                                                \
                             a < b || a == b,                                                      \
                             a < b ? a == b : a != b};                                             \
        return all[answer];                                                                        \
    }
WANT(floats, float, {-1, 0, NAN, INFINITY, FLT_MIN})
WANT(doubles, double, {-1, 0, NAN, INFINITY, DBL_MIN})
WANT(ints32, int32_t, {INT32_MIN, -1, 0, 7, INT32_MAX})
WANT(ints64, int64_t, {INT64_MIN, -1, 0, 7, INT64_MAX})
WANT(bytes, uint8_t, {0, 1, 127, 128, 255})

static void answers_f32(void)
{
    check_answers(AD_F32, floats, floats_want);
}
static void answers_f64(void)
{
    check_answers(AD_F64, doubles, doubles_want);
}
static void answers_i32(void)
{
    check_answers(AD_I32, ints32, ints32_want);
}
static void answers_i64(void)
{
    check_answers(AD_I64, ints64, ints64_want);
}
static void answers_u8(void)
{
    check_answers(AD_U8, bytes, bytes_want);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(answers_f32),
                                     CASE(answers_f64),
                                     CASE(answers_i32),
                                     CASE(answers_i64),
                                     CASE(answers_u8),
                                     {0}});
}
