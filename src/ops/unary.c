/* unary.c - elementwise ops of one operand: builders, derivatives, and the fused ones' plain forms.
 *
 * Derivatives are given in terms of the result y where that saves work, else of the operand x. */
#include "ops/rules.h"

#include <math.h>

bool ad_infer_same(ad_infer *rule)
{
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = rule->inputs[0]->shape;
    return true;
}

bool ad_infer_unary(ad_infer *rule)
{
    return ad_want_float(rule, 0) && ad_infer_same(rule);
}

bool ad_infer_clamp(ad_infer *rule)
{
    const ad_attr_scalar *attr = rule->attr;
    if (!(attr->a <= attr->b))
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "low %g is not below high %g", attr->a,
                             attr->b);
    return ad_infer_unary(rule);
}

bool ad_infer_cast(ad_infer *rule)
{
    int64_t dtype = ((const ad_attr_cast *)rule->attr)->dtype;
    if (dtype < 0 || dtype >= AD_DTYPES)
        return ad_infer_fail(rule, AD_ERROR_DTYPE, "no such element type: %lld", (long long)dtype);
    rule->dtype = (ad_dtype)dtype;
    rule->shape = rule->inputs[0]->shape;
    return true;
}

static ad_node *unary(ad_op op, ad_node *x)
{
    return ad_node_new(NULL, op, &x, 1, NULL);
}

ad_node *ad_neg(ad_node *x)
{
    return unary(AD_OP_NEG, x);
}
ad_node *ad_exp(ad_node *x)
{
    return unary(AD_OP_EXP, x);
}
ad_node *ad_log(ad_node *x)
{
    return unary(AD_OP_LOG, x);
}
ad_node *ad_sqrt(ad_node *x)
{
    return unary(AD_OP_SQRT, x);
}
ad_node *ad_rsqrt(ad_node *x)
{
    return unary(AD_OP_RSQRT, x);
}
ad_node *ad_reciprocal(ad_node *x)
{
    return unary(AD_OP_RECIPROCAL, x);
}
ad_node *ad_square(ad_node *x)
{
    return unary(AD_OP_SQUARE, x);
}
ad_node *ad_sin(ad_node *x)
{
    return unary(AD_OP_SIN, x);
}
ad_node *ad_cos(ad_node *x)
{
    return unary(AD_OP_COS, x);
}
ad_node *ad_tanh(ad_node *x)
{
    return unary(AD_OP_TANH, x);
}
ad_node *ad_sigmoid(ad_node *x)
{
    return unary(AD_OP_SIGMOID, x);
}
ad_node *ad_erf(ad_node *x)
{
    return unary(AD_OP_ERF, x);
}
ad_node *ad_gelu(ad_node *x)
{
    return unary(AD_OP_GELU, x);
}
ad_node *ad_gelu_tanh(ad_node *x)
{
    return unary(AD_OP_GELU_TANH, x);
}
ad_node *ad_relu(ad_node *x)
{
    return unary(AD_OP_RELU, x);
}
ad_node *ad_silu(ad_node *x)
{
    return unary(AD_OP_SILU, x);
}
ad_node *ad_softplus(ad_node *x)
{
    return unary(AD_OP_SOFTPLUS, x);
}
ad_node *ad_mish(ad_node *x)
{
    return unary(AD_OP_MISH, x);
}
ad_node *ad_abs(ad_node *x)
{
    return unary(AD_OP_ABS, x);
}
ad_node *ad_sign(ad_node *x)
{
    return unary(AD_OP_SIGN, x);
}
ad_node *ad_floor(ad_node *x)
{
    return unary(AD_OP_FLOOR, x);
}
ad_node *ad_stop_gradient(ad_node *x)
{
    return unary(AD_OP_STOP_GRADIENT, x);
}
ad_node *ad_not(ad_node *x)
{
    return unary(AD_OP_NOT, x);
}

ad_node *ad_leaky_relu(ad_node *x, double slope)
{
    return ad_node_new(NULL, AD_OP_LEAKY_RELU, &x, 1, &(ad_attr_scalar){slope, 0});
}

ad_node *ad_elu(ad_node *x, double alpha)
{
    return ad_node_new(NULL, AD_OP_ELU, &x, 1, &(ad_attr_scalar){alpha, 0});
}

ad_node *ad_clamp(ad_node *x, double low, double high)
{
    return ad_node_new(NULL, AD_OP_CLAMP, &x, 1, &(ad_attr_scalar){low, high});
}

ad_node *ad_cast(ad_node *x, ad_dtype dtype)
{
    if (!ad_node_poisoned(x) && x->dtype == dtype) return x;
    return ad_node_new(NULL, AD_OP_CAST, &x, 1, &(ad_attr_cast){(int64_t)dtype});
}

void ad_print_slope(ad_text *text, const void *attr)
{
    ad_text_format(text, ", slope=%g", ((const ad_attr_scalar *)attr)->a);
}

void ad_print_alpha(ad_text *text, const void *attr)
{
    ad_text_format(text, ", alpha=%g", ((const ad_attr_scalar *)attr)->a);
}

void ad_print_clamp(ad_text *text, const void *attr)
{
    const ad_attr_scalar *range = attr;
    ad_text_format(text, ", low=%g, high=%g", range->a, range->b);
}

/* ---- derivatives ---- */

void ad_gradient_neg(ad_node *y, ad_node *g, ad_node **grads)
{
    (void)y;
    grads[0] = ad_neg(g);
}

void ad_gradient_exp(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, y);
}
void ad_gradient_log(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_div(g, y->inputs[0]);
}

void ad_gradient_sqrt(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_div(ad_mul_scalar(g, 0.5), y);
}

void ad_gradient_rsqrt(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, ad_mul_scalar(ad_mul(y, ad_square(y)), -0.5));
}

void ad_gradient_reciprocal(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_neg(ad_mul(g, ad_square(y)));
}

void ad_gradient_square(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, ad_mul_scalar(y->inputs[0], 2));
}

void ad_gradient_sin(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, ad_cos(y->inputs[0]));
}

void ad_gradient_cos(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_neg(ad_mul(g, ad_sin(y->inputs[0])));
}

/* 1 - y^2 */
void ad_gradient_tanh(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, ad_sub(ad_like(y, 1), ad_square(y)));
}

/* y (1 - y) */
void ad_gradient_sigmoid(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, ad_mul(y, ad_sub(ad_like(y, 1), y)));
}

/* 2 / sqrt(pi) exp(-x^2) */
void ad_gradient_erf(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g,
                      ad_mul_scalar(ad_exp(ad_neg(ad_square(y->inputs[0]))), 1.1283791670955126));
}

/* The normal distribution's Phi(x) = (1 + erf(x / sqrt 2)) / 2 */
static ad_node *normal_cdf(ad_node *x)
{
    return ad_mul_scalar(ad_add_scalar(ad_erf(ad_mul_scalar(x, 0.70710678118654752)), 1), 0.5);
}

void ad_gradient_gelu(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, unary(AD_OP_GELU_SLOPE, y->inputs[0]));
}

void ad_gradient_gelu_tanh(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, unary(AD_OP_GELU_TANH_SLOPE, y->inputs[0]));
}

static ad_node *positive(ad_node *x)
{
    return ad_greater(x, ad_like(x, 0));
}

void ad_gradient_relu(ad_node *y, ad_node *g, ad_node **grads)
{
    /* by the result, which is positive where the operand is: the operand need not be kept */
    grads[0] = ad_where_or_zero(positive(y), g);
}

/* The result is positive where x is, unless the slope is below 0: x need not be kept. */
void ad_gradient_leaky_relu(ad_node *y, ad_node *g, ad_node **grads)
{
    const ad_attr_scalar *attr = y->attr;
    ad_node *sign = attr->a < 0 ? y->inputs[0] : y;
    grads[0] = ad_where(positive(sign), g, ad_mul_scalar(g, attr->a));
}

/* alpha exp(x) = y + alpha for x <= 0. As alpha is seldom below 0, the result is positive where x
 * is, which need not be kept. */
void ad_gradient_elu(ad_node *y, ad_node *g, ad_node **grads)
{
    const ad_attr_scalar *attr = y->attr;
    grads[0] = ad_where(positive(attr->a < 0 ? y->inputs[0] : y), g,
                        ad_mul(g, ad_add_scalar(y, attr->a)));
}

void ad_gradient_softplus(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, ad_sigmoid(y->inputs[0]));
}

void ad_gradient_abs(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_mul(g, ad_sign(y->inputs[0]));
}

void ad_gradient_clamp(ad_node *y, ad_node *g, ad_node **grads)
{
    const ad_attr_scalar *attr = y->attr;
    ad_node *x = y->inputs[0];
    ad_node *inside = ad_and(ad_greater_equal(x, ad_like(x, attr->a)),
                             ad_less_equal(x, ad_like(x, attr->b)));
    grads[0] = ad_where_or_zero(inside, g);
}

void ad_gradient_cast(ad_node *y, ad_node *g, ad_node **grads)
{
    if (ad_dtype_is_float(y->inputs[0]->dtype)) grads[0] = ad_cast(g, y->inputs[0]->dtype);
}

/* ---- plain forms ---- */

#define DECOMPOSE(name)                                                                            \
    ad_node *ad_decompose_##name(ad_graph *graph, const ad_node *node, ad_node *const *inputs)

DECOMPOSE(rsqrt)
{
    (void)graph, (void)node;
    return ad_reciprocal(ad_sqrt(inputs[0]));
}

DECOMPOSE(reciprocal)
{
    (void)graph, (void)node;
    return ad_div(ad_like(inputs[0], 1), inputs[0]);
}

DECOMPOSE(square)
{
    (void)graph, (void)node;
    return ad_mul(inputs[0], inputs[0]);
}

DECOMPOSE(sigmoid)
{
    (void)graph, (void)node;
    return ad_reciprocal(ad_add_scalar(ad_exp(ad_neg(inputs[0])), 1));
}

DECOMPOSE(gelu)
{
    (void)graph, (void)node;
    return ad_mul(inputs[0], normal_cdf(inputs[0]));
}

/* x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
DECOMPOSE(gelu_tanh)
{
    (void)graph, (void)node;
    ad_node *x = inputs[0];
    ad_node *cube = ad_mul_scalar(ad_mul(x, ad_square(x)), 0.044715);
    ad_node *t = ad_tanh(ad_mul_scalar(ad_add(x, cube), 0.79788456080286536));
    return ad_mul(ad_mul_scalar(x, 0.5), ad_add_scalar(t, 1));
}

/* The derivative of gelu: Phi(x) + x phi(x), phi(x) = exp(-x^2 / 2) / sqrt(2 pi) */
DECOMPOSE(gelu_slope)
{
    (void)graph, (void)node;
    ad_node *x = inputs[0];
    ad_node *density = ad_mul_scalar(ad_exp(ad_mul_scalar(ad_square(x), -0.5)),
                                     0.39894228040143268);
    return ad_add(normal_cdf(x), ad_mul(x, density));
}

/* The derivative of gelu_tanh, y = x s, s = sigmoid(2 u), u = a (x + b x^3):
 * y' = s + y (1 - s) 2 u', 2 u' = 2 a + 6 a b x^2 */
DECOMPOSE(gelu_tanh_slope)
{
    const double a = 0.79788456080286536, b = 0.044715;
    (void)graph, (void)node;
    ad_node *x = inputs[0], *square = ad_square(x);
    ad_node *twice_u = ad_mul(x, ad_add_scalar(ad_mul_scalar(square, 2 * a * b), 2 * a));
    ad_node *slope = ad_add_scalar(ad_mul_scalar(square, 6 * a * b), 2 * a);
    ad_node *s = ad_sigmoid(twice_u), *rest = ad_sub(ad_like(s, 1), s);
    return ad_mul(s, ad_add_scalar(ad_mul(x, ad_mul(rest, slope)), 1));
}

DECOMPOSE(relu)
{
    (void)graph, (void)node;
    return ad_maximum(inputs[0], ad_like(inputs[0], 0));
}

DECOMPOSE(leaky_relu)
{
    (void)graph;
    const ad_attr_scalar *attr = node->attr;
    return ad_where(positive(inputs[0]), inputs[0], ad_mul_scalar(inputs[0], attr->a));
}

DECOMPOSE(elu)
{
    (void)graph;
    const ad_attr_scalar *attr = node->attr;
    ad_node *x = inputs[0];
    return ad_where(positive(x), x, ad_mul_scalar(ad_add_scalar(ad_exp(x), -1), attr->a));
}

DECOMPOSE(silu)
{
    (void)graph, (void)node;
    return ad_mul(inputs[0], ad_sigmoid(inputs[0]));
}

/* max(x, 0) + log(1 + exp(-|x|)): no overflow */
DECOMPOSE(softplus)
{
    (void)graph, (void)node;
    ad_node *x = inputs[0];
    return ad_add(ad_relu(x), ad_log(ad_add_scalar(ad_exp(ad_neg(ad_abs(x))), 1)));
}

DECOMPOSE(mish)
{
    (void)graph, (void)node;
    return ad_mul(inputs[0], ad_tanh(ad_softplus(inputs[0])));
}

DECOMPOSE(clamp)
{
    (void)graph;
    const ad_attr_scalar *attr = node->attr;
    return ad_minimum(ad_maximum(inputs[0], ad_like(inputs[0], attr->a)),
                      ad_like(inputs[0], attr->b));
}
