/* binary.c - arithmetic of two operands. Builders stretch the operands with explicit broadcast
 * nodes, so that the nodes themselves always see equal shapes. */
#include "ops/rules.h"

bool ad_infer_binary(ad_infer *rule)
{
    if (!ad_want_same_dtype(rule)) return false;
    if (rule->inputs[0]->dtype == AD_BOOL)
        return ad_infer_fail(rule, AD_ERROR_DTYPE, "takes numbers, not bool");
    return ad_want_same_shape(rule) && ad_infer_same(rule);
}

bool ad_infer_pow(ad_infer *rule)
{
    return ad_want_float(rule, 0) && ad_infer_binary(rule);
}

static ad_node *binary(ad_op op, ad_node *a, ad_node *b)
{
    ad_node *inputs[2] = {a, b};
    ad_shape joined;
    if (ad_any_poisoned(inputs, 2)) return ad_node_new(NULL, op, inputs, 2, NULL);
    if (!ad_shape_equal(a->shape, b->shape)) {
        if (!ad_shapes_join(a->shape, b->shape, &joined))
            return ad_refuse(NULL, op, inputs, 2, AD_ERROR_SHAPE, "the shapes do not broadcast");
        inputs[0] = ad_broadcast(a, joined);
        inputs[1] = ad_broadcast(b, joined);
    }
    return ad_node_new(NULL, op, inputs, 2, NULL);
}

ad_node *ad_add(ad_node *a, ad_node *b)
{
    return binary(AD_OP_ADD, a, b);
}
ad_node *ad_sub(ad_node *a, ad_node *b)
{
    return binary(AD_OP_SUB, a, b);
}
ad_node *ad_mul(ad_node *a, ad_node *b)
{
    return binary(AD_OP_MUL, a, b);
}
ad_node *ad_div(ad_node *a, ad_node *b)
{
    return binary(AD_OP_DIV, a, b);
}
ad_node *ad_maximum(ad_node *a, ad_node *b)
{
    return binary(AD_OP_MAXIMUM, a, b);
}
ad_node *ad_minimum(ad_node *a, ad_node *b)
{
    return binary(AD_OP_MINIMUM, a, b);
}
ad_node *ad_pow(ad_node *a, ad_node *b)
{
    return binary(AD_OP_POW, a, b);
}
ad_node *ad_equal(ad_node *a, ad_node *b)
{
    return binary(AD_OP_EQUAL, a, b);
}
ad_node *ad_not_equal(ad_node *a, ad_node *b)
{
    return binary(AD_OP_NOT_EQUAL, a, b);
}
ad_node *ad_less(ad_node *a, ad_node *b)
{
    return binary(AD_OP_LESS, a, b);
}
ad_node *ad_less_equal(ad_node *a, ad_node *b)
{
    return binary(AD_OP_LESS_EQUAL, a, b);
}
ad_node *ad_greater(ad_node *a, ad_node *b)
{
    return binary(AD_OP_GREATER, a, b);
}
ad_node *ad_greater_equal(ad_node *a, ad_node *b)
{
    return binary(AD_OP_GREATER_EQUAL, a, b);
}
ad_node *ad_and(ad_node *a, ad_node *b)
{
    return binary(AD_OP_AND, a, b);
}
ad_node *ad_or(ad_node *a, ad_node *b)
{
    return binary(AD_OP_OR, a, b);
}

ad_node *ad_add_scalar(ad_node *a, double b)
{
    return ad_add(a, ad_like(a, b));
}
ad_node *ad_mul_scalar(ad_node *a, double b)
{
    return ad_mul(a, ad_like(a, b));
}

/* The exponents that have an op of their own use it. */
ad_node *ad_pow_scalar(ad_node *a, double b)
{
    if (b == 1)
        return ad_node_poisoned(a) || ad_dtype_is_float(a->dtype) ? a : ad_pow(a, ad_like(a, b));
    if (b == 2) return ad_square(a);
    if (b == 0.5) return ad_sqrt(a);
    if (b == -0.5) return ad_rsqrt(a);
    if (b == -1) return ad_reciprocal(a);
    return ad_pow(a, ad_like(a, b));
}

/* ---- derivatives; equal shapes, so no sums are needed here ---- */

void ad_gradient_add(ad_node *y, ad_node *g, ad_node **grads)
{
    (void)y;
    grads[0] = grads[1] = g;
}

void ad_gradient_sub(ad_node *y, ad_node *g, ad_node **grads)
{
    (void)y;
    grads[0] = g;
    grads[1] = ad_neg(g);
}

void ad_gradient_mul(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, y->inputs[1]);
    grads[1] = ad_mul(g, y->inputs[0]);
}

/* y = a / b: g / b and -g y / b */
void ad_gradient_div(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_node *b = y->inputs[1];
    grads[0] = ad_div(g, b);
    grads[1] = ad_neg(ad_div(ad_mul(g, y), b));
}

/* The winner takes g, a tie gives each half. */
static void choose(ad_node *y, ad_node *first_wins, ad_node *g, ad_node **grads)
{
    ad_node *a = y->inputs[0], *b = y->inputs[1], *zero = ad_like(g, 0),
            *half = ad_mul_scalar(g, 0.5);
    ad_node *tie = ad_equal(a, b);
    grads[0] = ad_where(tie, half, ad_where(first_wins, g, zero));
    grads[1] = ad_where(tie, half, ad_where(first_wins, zero, g));
}

void ad_gradient_maximum(ad_node *y, ad_node *g, ad_node **grads)
{
    choose(y, ad_greater(y->inputs[0], y->inputs[1]), g, grads);
}

void ad_gradient_minimum(ad_node *y, ad_node *g, ad_node **grads)
{
    choose(y, ad_less(y->inputs[0], y->inputs[1]), g, grads);
}

/* y = a^b: g b a^(b-1) and g y log a. Where b = 0 the first is 0 whatever a is, and where a <= 0
 * the second is taken as 0; the operands are replaced there beforehand, so that no infinity meets a
 * zero. */
void ad_gradient_pow(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_node *a = y->inputs[0], *b = y->inputs[1];
    ad_node *exponent = ad_where(ad_equal(b, ad_like(b, 0)), ad_like(b, 1), b);
    grads[0] = ad_mul(g, ad_mul(b, ad_pow(a, ad_add_scalar(exponent, -1))));
    ad_node *base = ad_where(ad_greater(a, ad_like(a, 0)), a, ad_like(a, 1));
    grads[1] = ad_mul(g, ad_mul(y, ad_log(base)));
}
