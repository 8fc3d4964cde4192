/* compare.c - comparisons, logic and choice: their shape rules, and the gradient of where. The
 * builders of two operands stand with the others in binary.c. */
#include "ops/rules.h"

static bool truth(ad_infer *rule)
{
    rule->dtype = AD_BOOL;
    rule->shape = rule->inputs[0]->shape;
    return true;
}

bool ad_infer_equal(ad_infer *rule)
{
    return ad_want_same_dtype(rule) && ad_want_same_shape(rule) && truth(rule);
}

bool ad_infer_order(ad_infer *rule)
{
    return ad_infer_binary(rule) && truth(rule);
}

bool ad_infer_logic(ad_infer *rule)
{
    for (int i = 0; i < rule->n_inputs; ++i)
        if (rule->inputs[i]->dtype != AD_BOOL)
            return ad_infer_fail(rule, AD_ERROR_DTYPE, "takes bool, input %d is %s", i,
                                 ad_dtype_name(rule->inputs[i]->dtype));
    return ad_want_same_shape(rule) && truth(rule);
}

bool ad_infer_where(ad_infer *rule)
{
    if (rule->inputs[0]->dtype != AD_BOOL)
        return ad_infer_fail(rule, AD_ERROR_DTYPE, "the condition is %s, expected bool",
                             ad_dtype_name(rule->inputs[0]->dtype));
    if (rule->inputs[1]->dtype != rule->inputs[2]->dtype)
        return ad_infer_fail(
            rule, AD_ERROR_DTYPE, "the choices are %s and %s, expected the same element type",
            ad_dtype_name(rule->inputs[1]->dtype), ad_dtype_name(rule->inputs[2]->dtype));
    if (!ad_want_same_shape(rule)) return false;
    rule->dtype = rule->inputs[1]->dtype;
    rule->shape = rule->inputs[1]->shape;
    return true;
}

ad_node *ad_where(ad_node *condition, ad_node *a, ad_node *b)
{
    ad_node *inputs[3] = {condition, a, b};
    if (ad_any_poisoned(inputs, 3)) return ad_node_new(NULL, AD_OP_WHERE, inputs, 3, NULL);
    ad_shape joined;
    if (!ad_shapes_join(a->shape, b->shape, &joined) ||
        !ad_shapes_join(condition->shape, joined, &joined))
        return ad_refuse(NULL, AD_OP_WHERE, inputs, 3, AD_ERROR_SHAPE,
                         "the shapes do not broadcast");
    for (int i = 0; i < 3; ++i) inputs[i] = ad_broadcast(inputs[i], joined);
    return ad_node_new(NULL, AD_OP_WHERE, inputs, 3, NULL);
}

ad_node *ad_where_or_zero(ad_node *condition, ad_node *a)
{
    return ad_where(condition, a, ad_like(a, 0));
}

void ad_gradient_where(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_node *zero = ad_like(g, 0);
    grads[1] = ad_where(y->inputs[0], g, zero);
    grads[2] = ad_where(y->inputs[0], zero, g);
}
