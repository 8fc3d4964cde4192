/* op_math.c - operations of two operands and more, which broadcast. */
#include "onnx/build.h"

#include <string.h>

enum { OPERANDS_MOST = 256 };

typedef ad_node *two_operands(ad_node *a, ad_node *b);

static const struct {
    const char *name;
    two_operands *build;
} table[] = {
    {"Add", ad_add},
    {"Sum", ad_add},
    {"Mean", ad_add},
    {"Sub", ad_sub},
    {"Mul", ad_mul},
    {"Div", ad_div},
    {"Min", ad_minimum},
    {"Max", ad_maximum},
    {"Equal", ad_equal},
    {"Less", ad_less},
    {"Greater", ad_greater},
    {"LessOrEqual", ad_less_equal},
    {"GreaterOrEqual", ad_greater_equal},
    {"And", ad_and},
    {"Or", ad_or},
};

static two_operands *builder_of(const char *op)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; ++i)
        if (!strcmp(table[i].name, op)) return table[i].build;
    return NULL;
}

/* All operands, from the left. */
static ad_node *joined(const ad_onnx_call *call, bool *last)
{
    ad_node *nodes[OPERANDS_MOST], *y;
    if (call->in_count < 1 || call->in_count > OPERANDS_MOST) {
        ad_onnx_refuse(call, AD_ERROR_LIMIT, "%d operands", call->in_count);
        return NULL;
    }
    if (ad_onnx_align(call, 0, nodes, last)) return NULL;
    y = nodes[0];
    for (int i = 1; i < call->in_count; ++i) y = builder_of(call->node->op)(y, nodes[i]);
    return y;
}

ad_status ad_onnx_binary(const ad_onnx_call *call)
{
    bool last = false;
    if (ad_onnx_in(call, 0) && ad_onnx_elem_is_small(call->in[0]->elem))
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "arithmetic of %s",
                              ad_onnx_elem_name(call->in[0]->elem));
    ad_node *y = joined(call, &last);
    return ad_onnx_give(call, 0, y, last, 0);
}

ad_status ad_onnx_mean(const ad_onnx_call *call)
{
    bool last = false;
    ad_node *y = joined(call, &last);
    if (y) y = ad_mul_scalar(y, 1.0 / call->in_count);
    return ad_onnx_give(call, 0, y, last, 0);
}

ad_status ad_onnx_compare(const ad_onnx_call *call)
{
    bool last = false;
    if (call->in_count != 2) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it needs two inputs");
    ad_node *y = joined(call, &last);
    return ad_onnx_give(call, 0, y, last, AD_ONNX_BOOL);
}

ad_status ad_onnx_power(const ad_onnx_call *call)
{
    bool last = false;
    ad_node *nodes[2];
    if (call->in_count != 2 || !call->in[0] || !call->in[1])
        return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it needs two inputs");
    const double *by = call->in[1]->trained ? NULL : ad_onnx_peek(call->b, call->in[1]);
    if (by && ad_shape_count(call->in[1]->shape) == 1 &&
        call->in[1]->shape.rank <= call->in[0]->shape.rank) {
        ad_node *x = ad_onnx_node_of(call, call->in[0]);
        if (x) x = *by == 2 ? ad_square(x) : *by == 0.5 ? ad_sqrt(x) : ad_pow_scalar(x, *by);
        return ad_onnx_give(call, 0, x, call->in[0]->last, 0);
    }
    ad_status status = ad_onnx_align(call, 0, nodes, &last);
    if (status) return status;
    ad_node *power = ad_pow(nodes[0], ad_cast(nodes[1], ad_node_dtype(nodes[0])));
    return ad_onnx_give(call, 0, power, last, 0);
}

ad_status ad_onnx_where(const ad_onnx_call *call)
{
    bool last = false;
    ad_node *nodes[3];
    if (call->in_count != 3 || !call->in[1])
        return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it needs three inputs");
    ad_status status = ad_onnx_align(call, 0, nodes, &last);
    if (status) return status;
    return ad_onnx_give(call, 0, ad_where(nodes[0], nodes[1], nodes[2]), last, call->in[1]->elem);
}

/* x, or slope x below 0; the slope stretches to x's shape, and not the other way round. */
ad_status ad_onnx_prelu(const ad_onnx_call *call)
{
    bool last = false;
    ad_node *nodes[2];
    if (call->in_count != 2) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it needs two inputs");
    ad_status status = ad_onnx_align(call, 0, nodes, &last);
    if (status) return status;
    ad_node *x = nodes[0], *above = ad_relu(x);
    return ad_onnx_give(call, 0, ad_add(above, ad_mul(nodes[1], ad_sub(x, above))), last, 0);
}

/* Of operations that are there for shapes alone. */
ad_status ad_onnx_unfoldable(const ad_onnx_call *call)
{
    for (int i = 0; i < call->in_count; ++i)
        if (call->in[i] && !ad_onnx_known(call, i)) return ad_error_status(call->b->ctx);
    return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED,
                          "supported only of values that are known before the network runs");
}

/* ---- products ---- */

ad_status ad_onnx_matmul(const ad_onnx_call *call)
{
    ad_node *a = ad_onnx_plain(call, ad_onnx_in(call, 0));
    ad_node *b = a ? ad_onnx_plain(call, ad_onnx_in(call, 1)) : NULL;
    if (!b) return ad_error_status(call->b->ctx);
    ad_shape left = ad_node_shape(a), right = ad_node_shape(b);
    if (left.rank < 1 || right.rank < 1)
        return ad_onnx_refuse(call, AD_ERROR_SHAPE, "an operand has no axes");
    if (left.rank == 1) a = ad_reshape(a, ad_shape(1, left.dim[0]));
    if (right.rank == 1) b = ad_reshape(b, ad_shape(right.dim[0], 1));
    ad_node *y = ad_matmul(a, b);
    if (ad_node_poisoned(y) || (left.rank > 1 && right.rank > 1))
        return ad_onnx_give(call, 0, y, false, 0);
    ad_shape shape = ad_node_shape(y), to = {0};
    for (int i = 0; i < shape.rank; ++i) {
        bool added = (left.rank == 1 && i == shape.rank - 2) ||
                     (right.rank == 1 && i == shape.rank - 1);
        if (!added) to.dim[to.rank++] = shape.dim[i];
    }
    return ad_onnx_give(call, 0, ad_reshape(y, to), false, 0);
}

ad_status ad_onnx_gemm(const ad_onnx_call *call)
{
    ad_node *a = ad_onnx_plain(call, ad_onnx_in(call, 0));
    ad_node *b = a ? ad_onnx_plain(call, ad_onnx_in(call, 1)) : NULL, *c = NULL;
    if (!b) return ad_error_status(call->b->ctx);
    if (ad_node_shape(a).rank != 2 || ad_node_shape(b).rank != 2)
        return ad_onnx_refuse(call, AD_ERROR_SHAPE, "its operands have %d and %d axes, expected 2",
                              ad_node_shape(a).rank, ad_node_shape(b).rank);
    ad_matmul_options options = {ad_onnx_int(call, "transA", 0) != 0,
                                 ad_onnx_int(call, "transB", 0) != 0};
    double alpha = ad_onnx_float(call, "alpha", 1), beta = ad_onnx_float(call, "beta", 1);
    ad_node *y = ad_matmul_with(a, b, options);
    if (alpha != 1) y = ad_mul_scalar(y, alpha);
    if (ad_onnx_in(call, 2) && beta != 0) {
        c = ad_onnx_plain(call, call->in[2]);
        if (!c) return ad_error_status(call->b->ctx);
        y = ad_add(y, beta == 1 ? c : ad_mul_scalar(c, beta));
    }
    return ad_onnx_give(call, 0, y, false, 0);
}
