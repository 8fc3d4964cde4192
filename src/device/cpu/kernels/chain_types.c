/* chain_types.c - the functions of chain steps that are plain loops, for the compiler to vectorise:
 * comparisons, choice, casts and fills of every register type; arithmetic of f64 and the integers.
 *
 * Integer arithmetic wraps; division by zero gives 0 and rounds towards zero. f64 steps are the
 * expressions of steps.def, with the C library's functions. */
#include "device/cpu/kernels/chain_types.h"
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/simd.h"

#define SIGNATURE                                                                                  \
    (void *dst, const void *a, const void *b, const void *c, const ad_chain_step *step, int64_t n)

#define LOOP(name, in, out, expression)                                                            \
    static void name SIGNATURE                                                                     \
    {                                                                                              \
        const in *p = a, *q = b;                                                                   \
        out *d = dst;                                                                              \
        (void)c, (void)step, (void)q;                                                              \
        AD_INDEPENDENT for (int64_t i = 0; i < n; ++i) d[i] = (out)(expression);                   \
    }
#define X p[i]
#define Y q[i]

#define dtype_f32 AD_F32
#define dtype_f64 AD_F64
#define dtype_i32 AD_I32
#define dtype_i64 AD_I64
#define dtype_u8  AD_U8

/* What every type has. */
#define ORDER(T, s)                                                                                \
    LOOP(equal_##s, T, uint8_t, X == Y)                                                            \
    LOOP(not_equal_##s, T, uint8_t, X != Y)                                                        \
    LOOP(less_##s, T, uint8_t, X < Y)                                                              \
    LOOP(less_equal_##s, T, uint8_t, X <= Y)                                                       \
    LOOP(greater_##s, T, uint8_t, X > Y)                                                           \
    LOOP(greater_equal_##s, T, uint8_t, X >= Y)                                                    \
    LOOP(copy_##s, T, T, X)                                                                        \
    static void where_##s SIGNATURE                                                                \
    {                                                                                              \
        const uint8_t *condition = a;                                                              \
        const T *p = b, *q = c;                                                                    \
        T *d = dst;                                                                                \
        (void)step;                                                                                \
        AD_INDEPENDENT for (int64_t i = 0; i < n; ++i)                                             \
        {                                                                                          \
            T yes = p[i], no = q[i];                                                               \
            d[i] = condition[i] ? yes : no;                                                        \
        }                                                                                          \
    }                                                                                              \
    static void fill_##s SIGNATURE                                                                 \
    {                                                                                              \
        T *d = dst, value;                                                                         \
        ad_convert(&value, dtype_##s, &step->a, AD_F64, 1);                                        \
        (void)a, (void)b, (void)c;                                                                 \
        for (int64_t i = 0; i < n; ++i) d[i] = value;                                              \
    }
#define ORDER_ROWS(s)                                                                              \
    [AD_OP_EQUAL] = equal_##s, [AD_OP_NOT_EQUAL] = not_equal_##s, [AD_OP_LESS] = less_##s,         \
    [AD_OP_LESS_EQUAL] = less_equal_##s, [AD_OP_GREATER] = greater_##s,                            \
    [AD_OP_GREATER_EQUAL] = greater_equal_##s, [AD_OP_WHERE] = where_##s, [AD_OP_FILL] = fill_##s, \
    [AD_OP_STOP_GRADIENT] = copy_##s

/* Arithmetic of integers, which wraps in the unsigned type U. */
#define ARITHMETIC(T, U, s)                                                                        \
    LOOP(neg_##s, T, T, (U)0 - (U)X)                                                               \
    LOOP(add_##s, T, T, (U)X + (U)Y)                                                               \
    LOOP(sub_##s, T, T, (U)X - (U)Y)                                                               \
    LOOP(mul_##s, T, T, (U)X *(U)Y)                                                                \
    LOOP(square_##s, T, T, (U)X *(U)X)                                                             \
    LOOP(maximum_##s, T, T, X > Y ? X : Y)                                                         \
    LOOP(minimum_##s, T, T, X < Y ? X : Y)                                                         \
    LOOP(abs_##s, T, T, X < 0 ? (U)0 - (U)X : (U)X)                                                \
    LOOP(sign_##s, T, T, (X > 0) - (X < 0))                                                        \
    LOOP(relu_##s, T, T, X < 0 ? 0 : X)                                                            \
    static void clamp_##s SIGNATURE                                                                \
    {                                                                                              \
        const T *p = a;                                                                            \
        T *d = dst, low, high;                                                                     \
        ad_convert(&low, dtype_##s, &step->a, AD_F64, 1);                                          \
        ad_convert(&high, dtype_##s, &step->b, AD_F64, 1);                                         \
        (void)b, (void)c;                                                                          \
        AD_INDEPENDENT for (int64_t i = 0; i < n; ++i) d[i] = X < low ? low : X > high ? high : X; \
    }
#define ARITHMETIC_ROWS(s)                                                                         \
    [AD_OP_NEG] = neg_##s, [AD_OP_ADD] = add_##s, [AD_OP_SUB] = sub_##s, [AD_OP_MUL] = mul_##s,    \
    [AD_OP_SQUARE] = square_##s, [AD_OP_MAXIMUM] = maximum_##s, [AD_OP_MINIMUM] = minimum_##s,     \
    [AD_OP_ABS] = abs_##s, [AD_OP_SIGN] = sign_##s, [AD_OP_RELU] = relu_##s,                       \
    [AD_OP_CLAMP] = clamp_##s

ORDER(float, f32)
ORDER(double, f64)
ORDER(int32_t, i32)
ORDER(int64_t, i64)
ORDER(uint8_t, u8)
ARITHMETIC(int32_t, uint32_t, i32)
ARITHMETIC(int64_t, uint64_t, i64)

LOOP(div_i32, int32_t, int32_t, Y == 0 ? 0 : Y == -1 ? 0u - (uint32_t)X : (uint32_t)(X / Y))
LOOP(div_i64, int64_t, int64_t, Y == 0 ? 0 : Y == -1 ? 0u - (uint64_t)X : (uint64_t)(X / Y))

LOOP(add_u8, uint8_t, uint8_t, X + Y)
LOOP(sub_u8, uint8_t, uint8_t, X - Y)
LOOP(mul_u8, uint8_t, uint8_t, X *Y)
LOOP(div_u8, uint8_t, uint8_t, Y == 0 ? 0 : X / Y)
LOOP(maximum_u8, uint8_t, uint8_t, X > Y ? X : Y)
LOOP(minimum_u8, uint8_t, uint8_t, X < Y ? X : Y)
LOOP(not_u8, uint8_t, uint8_t, !X)
LOOP(and_u8, uint8_t, uint8_t, X &Y)
LOOP(or_u8, uint8_t, uint8_t, X | Y)

#define STEP(op, y_of, expression)                                                                 \
    static void f64_##op(void *dst, const void *first, const void *second, const void *third,      \
                         const ad_chain_step *step, int64_t n)                                     \
    {                                                                                              \
        const double *p = first, *q = second, a = step->a, b = step->b;                            \
        double *d = dst;                                                                           \
        (void)q, (void)third, (void)a, (void)b;                                                    \
        AD_INDEPENDENT for (int64_t i = 0; i < n; ++i)                                             \
        {                                                                                          \
            double x = p[i];                                                                       \
            y_of;                                                                                  \
            d[i] = expression;                                                                     \
        }                                                                                          \
    }
#define STEP1(op, low, high, units, of, f32, f64) STEP(op, , f64)
#define STEP2(op, low, high, units, of, f32, f64) STEP(op, double y = q[i], f64)
#include "device/cpu/kernels/steps.def"
#undef STEP1
#undef STEP2

static const ad_chain_kernel f32_kernels[AD_OPS] = {ORDER_ROWS(f32)};
static const ad_chain_kernel f64_kernels[AD_OPS] = {
    ORDER_ROWS(f64),
#define STEP1(op, ...) [AD_OP_##op] = f64_##op,
#define STEP2          STEP1
#include "device/cpu/kernels/steps.def"
#undef STEP1
#undef STEP2
};
static const ad_chain_kernel i32_kernels[AD_OPS] = {ORDER_ROWS(i32),
                                                    ARITHMETIC_ROWS(i32), [AD_OP_DIV] = div_i32};
static const ad_chain_kernel i64_kernels[AD_OPS] = {ORDER_ROWS(i64),
                                                    ARITHMETIC_ROWS(i64), [AD_OP_DIV] = div_i64};
static const ad_chain_kernel u8_kernels[AD_OPS] = {
    ORDER_ROWS(u8),
    [AD_OP_ADD] = add_u8,
    [AD_OP_SUB] = sub_u8,
    [AD_OP_MUL] = mul_u8,
    [AD_OP_DIV] = div_u8,
    [AD_OP_MAXIMUM] = maximum_u8,
    [AD_OP_MINIMUM] = minimum_u8,
    [AD_OP_NOT] = not_u8,
    [AD_OP_AND] = and_u8,
    [AD_OP_OR] = or_u8,
};

/* ---- casts ---- */

LOOP(f32_to_f64, float, double, X)
LOOP(f64_to_f32, double, float, X)
LOOP(i32_to_f32, int32_t, float, X)
LOOP(u8_to_f32, uint8_t, float, X)
LOOP(u8_to_f64, uint8_t, double, X)
LOOP(u8_to_i32, uint8_t, int32_t, X)

/* Any conversion, by the rules of ad_convert. A register of bf16 or f16 holds rounded floats. */
static void convert SIGNATURE
{
    _Alignas(8) unsigned char memory[AD_CHAIN_TILE * 8];
    ad_dtype result = ad_chain_register((ad_dtype)step->to);
    (void)b, (void)c;
    ad_convert(memory, (ad_dtype)step->to, a, (ad_dtype)step->type, n);
    if (result == AD_F32)
        ad_convert(dst, AD_F32, memory, (ad_dtype)step->to, n);
    else
        memcpy(dst, memory, (size_t)n * ad_dtype_size(result));
}

static ad_chain_kernel cast_kernel(int type, int to)
{
    if (type == to) {
        const ad_chain_kernel same[AD_DTYPES] = {[AD_F32] = copy_f32,
                                                 [AD_F64] = copy_f64,
                                                 [AD_I32] = copy_i32,
                                                 [AD_I64] = copy_i64,
                                                 [AD_U8] = copy_u8};
        return same[type];
    }
    if (type == AD_F32 && to == AD_F64) return f32_to_f64;
    if (type == AD_F64 && to == AD_F32) return f64_to_f32;
    if (type == AD_I32 && to == AD_F32) return i32_to_f32;
    if (type == AD_U8 && to == AD_F32) return u8_to_f32;
    if (type == AD_U8 && to == AD_F64) return u8_to_f64;
    if (type == AD_U8 && to == AD_I32) return u8_to_i32;
    return convert;
}

ad_chain_kernel AD_ISA_NAME(ad_chain_plain_kernel)(const ad_chain_step *step)
{
    int type = ad_chain_register((ad_dtype)(step->op == AD_OP_FILL ? step->to : step->type));
    if (step->op == AD_OP_CAST) return cast_kernel(type, step->to);
    switch (type) {
    case AD_F32: return f32_kernels[step->op];
    case AD_F64: return f64_kernels[step->op];
    case AD_I32: return i32_kernels[step->op];
    case AD_I64: return i64_kernels[step->op];
    case AD_U8: return u8_kernels[step->op];
    default: return NULL;
    }
}
