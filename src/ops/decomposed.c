/* decomposed.c - the gradient of a fused op that gives none of its own: that of its decomposition.
 */
#include "ops/rules.h"

/* The reverse walk over the op's decomposition alone. An input given twice gets
 * its whole gradient at its first place. */
void ad_gradient_DECOMPOSED(ad_node *node, ad_node *g, ad_node **grads)
{
    enum { INPUTS = 16 }; /* more than any row of ops.def with this gradient takes */
    ad_node *wrt[INPUTS] = {0}, *parts[INPUTS] = {0};
    int at[INPUTS], count = 0, first = node->graph->n_nodes;
    ad_node *value = ad_ops[node->op].decompose(node->graph, node, node->inputs);
    if (ad_node_poisoned(value)) return;
    for (int i = 0; i < node->n_inputs && i < INPUTS; ++i) {
        bool seen = false;
        for (int j = 0; j < i; ++j) seen |= node->inputs[j] == node->inputs[i];
        if (!seen && ad_dtype_is_float(node->inputs[i]->dtype))
            wrt[count] = node->inputs[i], at[count++] = i;
    }
    if (!ad_reverse_walk(node->graph, &value, &g, 1, first, wrt, count, parts)) return;
    for (int i = 0; i < count; ++i) grads[at[i]] = parts[i];
}
