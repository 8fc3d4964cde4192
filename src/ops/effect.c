/* effect.c - what a run leaves behind: assignment to a variable, and several of them as one node.
 */
#include "ops/rules.h"

bool ad_infer_assign(ad_infer *rule)
{
    const ad_variable *variable = ((const ad_attr_variable *)rule->attr)->variable;
    const ad_node *value = rule->inputs[0];
    char text[192];
    if (!variable) return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "the variable is missing (NULL)");
    if (value->dtype != variable->dtype || !ad_shape_equal(value->shape, variable->shape))
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "%s is %s %s, the value is %s", variable->name,
                             ad_dtype_name(variable->dtype),
                             ad_shape_text(variable->shape, text, sizeof text),
                             ad_dtype_name(value->dtype));
    return ad_infer_same(rule);
}

ad_node *ad_assign(ad_graph *graph, ad_variable *variable, ad_node *value)
{
    return ad_node_new(graph, AD_OP_ASSIGN, &value, 1, &(ad_attr_variable){variable});
}

ad_node *ad_join(ad_node *const *x, int count)
{
    if (count < 1 || !x) return NULL;
    return ad_node_new(NULL, AD_OP_JOIN, x, count, NULL);
}
