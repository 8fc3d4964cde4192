/* with_gradients.c - a number whose gradients are given beside it: what computes them is recorded
 * where the number is, not where the reverse walk would put it. Forward it is the number alone, and
 * gradients that nobody asks for are not computed. They are nodes like others, so second
 * derivatives follow from them. */
#include "ops/rules.h"

bool ad_infer_with_gradients(ad_infer *rule)
{
    int count = rule->n_inputs / 2;
    if (!ad_want_float(rule, 0)) return false;
    if (ad_shape_count(rule->inputs[0]->shape) != 1)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "input 0 is not a single number");
    if (rule->n_inputs != 2 * count + 1)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "expected one gradient for each input");
    for (int i = 1; i <= count; ++i) {
        const ad_node *x = rule->inputs[i], *gradient = rule->inputs[count + i];
        if (x->dtype != rule->inputs[0]->dtype || gradient->dtype != x->dtype ||
            !ad_shape_equal(gradient->shape, x->shape))
            return ad_infer_fail(rule, AD_ERROR_SHAPE,
                                 "gradient %d does not have the shape and type of its input",
                                 i - 1);
    }
    return ad_infer_same(rule);
}

ad_node *ad_with_gradients(ad_node *y, ad_node *const *x, ad_node *const *gradients, int count)
{
    enum { MOST = 7 };
    ad_node *inputs[2 * MOST + 1] = {y};
    for (int i = 0; i < count && i < MOST; ++i)
        inputs[1 + i] = x[i], inputs[1 + count + i] = gradients[i];
    if (count < 0 || count > MOST)
        return ad_refuse(NULL, AD_OP_WITH_GRADIENTS, &y, 1, AD_ERROR_ARGUMENT,
                         "%d gradients, expected at most %d", count, MOST);
    return ad_node_new(NULL, AD_OP_WITH_GRADIENTS, inputs, 2 * count + 1, NULL);
}

void ad_gradient_with_gradients(ad_node *y, ad_node *g, ad_node **grads)
{
    int count = y->n_inputs / 2;
    for (int i = 1; i <= count; ++i)
        grads[i] = ad_mul(ad_reshape(g, ad_shape_of(NULL, 0)), y->inputs[count + i]);
}

ad_node *ad_decompose_with_gradients(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph, (void)node;
    return inputs[0];
}
