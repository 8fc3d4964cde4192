/* fold_math.c - arithmetic on values that are known before the network runs: sizes, mostly. In f64,
 * rounded to the type of the result after each operation; whole numbers are exact up to 2^53. */
#include "onnx/build.h"

#include <math.h>
#include <string.h>

/* ---- rounding to a type ---- */

static double rounded(double value, int elem)
{
    ad_dtype dtype = ad_onnx_elem_dtype(elem);
    if (dtype == AD_F64 || dtype >= AD_DTYPES) return value;
    if (dtype == AD_I64) return fabs(value) < 0x1p53 ? trunc(value) : value;
    double out;
    unsigned char element[8];
    ad_convert(element, dtype, &value, AD_F64, 1);
    ad_convert(&out, AD_F64, element, dtype, 1);
    return out;
}

/* ---- two operands ---- */

/* For each element of a result of this shape, where the operand's is. */
typedef struct operand {
    const double *numbers;
    int64_t stride[AD_MAX_RANK];
} operand;

static operand operand_of(ad_onnx_builder *b, ad_onnx_slot *slot, int rank)
{
    operand o = {.numbers = ad_onnx_peek(b, slot)};
    int64_t stride = 1;
    for (int i = slot->shape.rank - 1; i >= 0; --i) {
        o.stride[rank - slot->shape.rank + i] = slot->shape.dim[i] == 1 ? 0 : stride;
        stride *= slot->shape.dim[i];
    }
    return o;
}

static double number_at(const operand *o, ad_shape shape, int64_t index)
{
    int64_t at = 0;
    for (int i = shape.rank - 1; i >= 0; --i) {
        at += index % shape.dim[i] * o->stride[i];
        index /= shape.dim[i];
    }
    return o->numbers[at];
}

static ad_status joined_shape(const ad_onnx_call *call, ad_shape *shape)
{
    *shape = (ad_shape){0};
    for (int k = 0; k < call->in_count; ++k) {
        if (!call->in[k]) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "input %d is left out", k);
        ad_shape s = call->in[k]->shape, wide = *shape;
        if (s.rank > wide.rank) {
            for (int i = 0; i < s.rank; ++i)
                wide.dim[i] = i < s.rank - shape->rank ? 1 : shape->dim[i - (s.rank - shape->rank)];
            wide.rank = s.rank;
        }
        for (int i = 0; i < s.rank; ++i) {
            int64_t *have = &wide.dim[wide.rank - s.rank + i];
            if (*have != s.dim[i] && *have != 1 && s.dim[i] != 1)
                return ad_onnx_refuse(call, AD_ERROR_SHAPE, "sizes %lld and %lld do not fit",
                                      (long long)*have, (long long)s.dim[i]);
            if (*have == 1) *have = s.dim[i];
        }
        *shape = wide;
    }
    return AD_OK;
}

/* The remainder has the divisor's sign; with fmod the dividend's. */
static double remainder_of(double a, double b, bool like_c)
{
    if (b == 0) return 0;
    double r = fmod(a, b);
    return !like_c && r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static double computed(const char *op, double a, double b, bool whole, bool like_c)
{
    if (!strcmp(op, "Add")) return a + b;
    if (!strcmp(op, "Sub")) return a - b;
    if (!strcmp(op, "Mul")) return a * b;
    if (!strcmp(op, "Div")) return !whole ? a / b : b == 0 ? 0 : trunc(a / b);
    if (!strcmp(op, "Pow")) return pow(a, b);
    if (!strcmp(op, "Mod")) return remainder_of(a, b, like_c);
    if (!strcmp(op, "Min")) return a < b ? a : b;
    if (!strcmp(op, "Max")) return a > b ? a : b;
    if (!strcmp(op, "Equal")) return a == b;
    if (!strcmp(op, "Less")) return a < b;
    if (!strcmp(op, "Greater")) return a > b;
    if (!strcmp(op, "LessOrEqual")) return a <= b;
    if (!strcmp(op, "GreaterOrEqual")) return a >= b;
    if (!strcmp(op, "And")) return a != 0 && b != 0;
    return a != 0 || b != 0; /* Or */
}

static bool gives_bool(const char *op)
{
    static const char *const ops[] = {"Equal",          "Less", "Greater", "LessOrEqual",
                                      "GreaterOrEqual", "And",  "Or"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; ++i)
        if (!strcmp(ops[i], op)) return true;
    return false;
}

ad_status ad_onnx_fold_binary(const ad_onnx_call *call)
{
    ad_shape shape;
    const char *op = call->node->op;
    ad_status status = joined_shape(call, &shape);
    if (status) return status;
    int64_t count = ad_shape_count(shape);
    double *numbers = ad_onnx_numbers(call, count);
    if (!numbers) return ad_error_status(call->b->ctx);
    int elem = gives_bool(op) ? AD_ONNX_BOOL : call->in[0]->elem;
    bool whole = !ad_onnx_elem_is_float(call->in[0]->elem);
    bool like_c = ad_onnx_int(call, "fmod", 0) != 0;
    for (int k = 0; k < call->in_count; ++k) {
        operand o = operand_of(call->b, call->in[k], shape.rank);
        for (int64_t i = 0; i < count; ++i) {
            double value = number_at(&o, shape, i);
            numbers[i] = k ? rounded(computed(op, numbers[i], value, whole, like_c), elem) : value;
        }
    }
    return ad_onnx_give_known(call, 0, shape, numbers, elem);
}

ad_status ad_onnx_fold_where(const ad_onnx_call *call)
{
    ad_shape shape;
    if (call->in_count != 3) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it needs three inputs");
    ad_status status = joined_shape(call, &shape);
    if (status) return status;
    int64_t count = ad_shape_count(shape);
    double *numbers = ad_onnx_numbers(call, count);
    if (!numbers) return ad_error_status(call->b->ctx);
    operand o[3];
    for (int k = 0; k < 3; ++k) o[k] = operand_of(call->b, call->in[k], shape.rank);
    for (int64_t i = 0; i < count; ++i)
        numbers[i] = number_at(&o[number_at(&o[0], shape, i) != 0 ? 1 : 2], shape, i);
    return ad_onnx_give_known(call, 0, shape, numbers, call->in[1]->elem);
}

/* ---- one operand ---- */

static double changed(const char *op, double x)
{
    if (!strcmp(op, "Abs")) return fabs(x);
    if (!strcmp(op, "Neg")) return -x;
    if (!strcmp(op, "Sqrt")) return sqrt(x);
    if (!strcmp(op, "Reciprocal")) return 1 / x;
    if (!strcmp(op, "Floor")) return floor(x);
    if (!strcmp(op, "Ceil")) return ceil(x);
    return x == 0; /* Not */
}

ad_status ad_onnx_fold_unary(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    const double *from = slot ? ad_onnx_peek(call->b, slot) : NULL;
    if (!from) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it has no input");
    int64_t count = ad_shape_count(slot->shape);
    double *numbers = ad_onnx_numbers(call, count);
    for (int64_t i = 0; numbers && i < count; ++i)
        numbers[i] = rounded(changed(call->node->op, from[i]), slot->elem);
    return ad_onnx_give_known(call, 0, slot->shape, numbers, 0);
}

ad_status ad_onnx_fold_cast(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    const double *from = slot ? ad_onnx_peek(call->b, slot) : NULL;
    int64_t to = ad_onnx_int(call, "to", 0);
    int elem = to > 0 && to <= AD_ONNX_BFLOAT16 ? (int)to : AD_ONNX_NONE;
    if (!from) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it has no input");
    if (ad_onnx_elem_dtype(elem) >= AD_DTYPES)
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "to a type that is not supported (%s)",
                              ad_onnx_elem_name(elem));
    int64_t count = ad_shape_count(slot->shape);
    double *numbers = ad_onnx_numbers(call, count);
    for (int64_t i = 0; numbers && i < count; ++i) {
        numbers[i] = rounded(from[i], elem);
        if (ad_onnx_elem_is_small(elem)) {
            double low, high;
            ad_onnx_elem_range(elem, &low, &high);
            numbers[i] = fmin(fmax(numbers[i], low), high);
        }
    }
    return ad_onnx_give_known(call, 0, slot->shape, numbers, elem);
}

/* ---- reductions ---- */

static double combined(const char *op, double so_far, double x)
{
    if (!strcmp(op, "ReduceProd")) return so_far * x;
    if (!strcmp(op, "ReduceMax")) return so_far > x ? so_far : x;
    if (!strcmp(op, "ReduceMin")) return so_far < x ? so_far : x;
    return so_far + x; /* ReduceSum, ReduceMean */
}

ad_status ad_onnx_fold_reduce(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    const double *from = slot ? ad_onnx_peek(call->b, slot) : NULL;
    bool flags[AD_MAX_RANK], none, all = true;
    if (!from) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it has no input");
    int rank = slot->shape.rank;
    ad_status status = ad_onnx_axes(call, "axes", 1, rank, flags, &none);
    if (status) return status;
    for (int i = 0; i < rank; ++i) all &= flags[i];
    if (none && ad_onnx_int(call, "noop_with_empty_axes", 0))
        return ad_onnx_give_same(call, 0, slot);
    if (!all)
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED,
                              "some of the axes of a value that is known before the network runs");
    int64_t count = ad_shape_count(slot->shape);
    const char *op = call->node->op;
    double *numbers = ad_onnx_numbers(call, 1), sum = !strcmp(op, "ReduceProd");
    for (int64_t i = 0; i < count; ++i)
        sum = i || !strcmp(op, "ReduceProd") ? combined(op, sum, from[i]) : from[i];
    if (numbers)
        *numbers = rounded(strcmp(op, "ReduceMean") ? sum : sum / (double)count, slot->elem);
    ad_shape shape = {.rank = ad_onnx_int(call, "keepdims", 1) ? rank : 0};
    for (int i = 0; i < shape.rank; ++i) shape.dim[i] = 1;
    return ad_onnx_give_known(call, 0, shape, numbers, 0);
}
