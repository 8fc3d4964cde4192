/* op_unary.c - operations of one operand, element by element, and softmax. */
#include "onnx/build.h"
#include "onnx/rounding.h"

#include <math.h>
#include <string.h>

static ad_node *softsign(ad_node *x)
{
    return ad_div(x, ad_add_scalar(ad_abs(x), 1));
}

static ad_node *hard_swish(ad_node *x)
{
    return ad_mul(x, ad_clamp(ad_add_scalar(ad_mul_scalar(x, 1.0 / 6), 0.5), 0, 1));
}

static ad_node *ceiling(ad_node *x)
{
    return ad_neg(ad_floor(ad_neg(x)));
}

typedef ad_node *one_operand(ad_node *x);

static const struct {
    const char *name;
    one_operand *build;
} table[] = {
    {"Relu", ad_relu},      {"Sigmoid", ad_sigmoid},  {"Tanh", ad_tanh},
    {"Erf", ad_erf},        {"Exp", ad_exp},          {"Log", ad_log},
    {"Sin", ad_sin},        {"Cos", ad_cos},          {"Softplus", ad_softplus},
    {"Softsign", softsign}, {"Mish", ad_mish},        {"HardSwish", hard_swish},
    {"Sign", ad_sign},      {"Round", ad_onnx_round}, {"Abs", ad_abs},
    {"Neg", ad_neg},        {"Sqrt", ad_sqrt},        {"Reciprocal", ad_reciprocal},
    {"Floor", ad_floor},    {"Ceil", ceiling},        {"Not", ad_not},
};

/* Half to even. */
ad_node *ad_onnx_round(ad_node *x)
{
    ad_node *up = ad_floor(ad_add_scalar(x, 0.5));
    ad_node *half = ad_fill(ad_node_graph(x), AD_F32, (ad_shape){0}, 0.5);
    ad_node *odd = ad_sub(up, ad_mul_scalar(ad_floor(ad_mul_scalar(up, 0.5)), 2));
    ad_node *tie = ad_equal(ad_sub(up, x), half);
    return ad_where(tie, ad_sub(up, odd), up);
}

ad_status ad_onnx_unary(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    for (size_t i = 0; i < sizeof table / sizeof *table; ++i)
        if (!strcmp(table[i].name, call->node->op)) x = table[i].build(x);
    return ad_onnx_give(call, 0, x, slot->last, 0);
}

/* ---- with attributes ---- */

static ad_node *activated(const ad_onnx_call *call, const char *op, ad_node *x)
{
    if (!strcmp(op, "LeakyRelu")) return ad_leaky_relu(x, ad_onnx_float(call, "alpha", 0.01));
    if (!strcmp(op, "Elu")) return ad_elu(x, ad_onnx_float(call, "alpha", 1));
    if (!strcmp(op, "Selu")) {
        double alpha = ad_onnx_float(call, "alpha", 1.67326319217681884765625);
        return ad_mul_scalar(ad_elu(x, alpha),
                             ad_onnx_float(call, "gamma", 1.05070102214813232421));
    }
    if (!strcmp(op, "Celu")) {
        double alpha = ad_onnx_float(call, "alpha", 1);
        return ad_mul_scalar(ad_elu(ad_mul_scalar(x, 1 / alpha), 1), alpha);
    }
    if (!strcmp(op, "HardSigmoid")) {
        x = ad_mul_scalar(x, ad_onnx_float(call, "alpha", 0.2));
        return ad_clamp(ad_add_scalar(x, ad_onnx_float(call, "beta", 0.5)), 0, 1);
    }
    ad_graph *graph = ad_node_graph(x); /* ThresholdedRelu */
    ad_node *from = ad_scalar(graph, AD_F32, ad_onnx_float(call, "alpha", 1));
    return ad_where(ad_greater(x, from), x, ad_scalar(graph, AD_F32, 0));
}

ad_status ad_onnx_activation(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    return ad_onnx_give(call, 0, activated(call, call->node->op, x), slot->last, 0);
}

ad_status ad_onnx_gelu(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    bool by_tanh = !strcmp(ad_onnx_text(call, "approximate", "none"), "tanh");
    return ad_onnx_give(call, 0, by_tanh ? ad_gelu_tanh(x) : ad_gelu(x), slot->last, 0);
}

ad_status ad_onnx_clip(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    double low = ad_onnx_float(call, "min", -INFINITY), high = ad_onnx_float(call, "max", INFINITY);
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    ad_status status = ad_onnx_known_number(call, 1, low, &low);
    if (!status) status = ad_onnx_known_number(call, 2, high, &high);
    if (status) return status;
    if (!(low <= high))
        return ad_onnx_refuse(call, AD_ERROR_ARGUMENT, "its range is %g to %g", low, high);
    if (ad_dtype_is_float(ad_node_dtype(x))) {
        if (low > -INFINITY || high < INFINITY) x = ad_clamp(x, low, high);
        return ad_onnx_give(call, 0, x, slot->last, 0);
    }
    ad_dtype dtype = ad_node_dtype(x);
    if (low > -INFINITY) x = ad_maximum(x, ad_scalar(ad_node_graph(x), dtype, low));
    if (high < INFINITY) x = ad_minimum(x, ad_scalar(ad_node_graph(x), dtype, high));
    return ad_onnx_give(call, 0, x, slot->last, 0);
}

/* ---- the same, or in another type ---- */

ad_status ad_onnx_identity(const ad_onnx_call *call)
{
    if (!ad_onnx_in(call, 0)) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it has no input");
    return ad_onnx_give_same(call, 0, call->in[0]);
}

ad_status ad_onnx_dropout(const ad_onnx_call *call)
{
    double training;
    ad_status status = ad_onnx_known_number(call, 2, 0, &training);
    if (!status && training != 0)
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "training_mode");
    return status ? status : ad_onnx_identity(call);
}

ad_status ad_onnx_cast(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    int64_t to = ad_onnx_int(call, "to", 0);
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    int elem = to > 0 && to <= AD_ONNX_BFLOAT16 ? (int)to : AD_ONNX_NONE;
    ad_dtype dtype = ad_onnx_run_dtype(elem);
    if (dtype >= AD_DTYPES)
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "to a type that is not supported (%s)",
                              ad_onnx_elem_name(elem));
    if (ad_onnx_elem_is_small(elem) && elem != slot->elem) {
        double low, high;
        ad_onnx_elem_range(elem, &low, &high);
        x = ad_clamp(ad_cast(ad_cast(x, AD_I32), AD_F32), low, high);
    }
    if (elem == AD_ONNX_FLOAT16 || elem == AD_ONNX_BFLOAT16)
        x = ad_cast(x, ad_onnx_elem_dtype(elem));
    if (ad_node_dtype(x) != dtype) x = ad_cast(x, dtype);
    return ad_onnx_give(call, 0, x, slot->last, elem);
}

/* ---- softmax ---- */

/* Before opset 13: over all axes from `axis` on, as one. */
static ad_node *flattened(const ad_onnx_call *call, int axis, bool log)
{
    ad_node *x = ad_onnx_plain(call, call->in[0]);
    ad_shape shape = call->in[0]->shape;
    int64_t rows = 1;
    for (int i = 0; i < axis; ++i) rows *= shape.dim[i];
    x = ad_reshape(x, ad_shape(rows, rows ? ad_shape_count(shape) / rows : 0));
    return ad_reshape(log ? ad_log_softmax(x, 1) : ad_softmax(x, 1), shape);
}

ad_status ad_onnx_softmax(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    int axis, rank = slot->shape.rank;
    bool log = !strcmp(call->node->op, "LogSoftmax");
    int64_t said = ad_onnx_int(call, "axis", call->opset < 13 ? 1 : -1);
    ad_status status = ad_onnx_axis(call, said, rank, &axis);
    if (status) return status;
    if (call->opset < 13 && axis != rank - 1)
        return ad_onnx_give(call, 0, flattened(call, axis, log), false, 0);
    int at = ad_onnx_place(rank, axis, slot->last);
    return ad_onnx_give(call, 0, log ? ad_log_softmax(x, at) : ad_softmax(x, at), slot->last, 0);
}
