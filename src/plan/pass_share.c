/* pass_share.c - common subexpressions: nodes of the same op, attributes and inputs become one.
 *
 * An open hash table over the new graph's nodes. Inputs are shared already before they are
 * compared, so equal trees collapse from the leaves up. Effects are not shared; small constants
 * are, by value. */
#include "plan/pass.h"

#include "base/hash.h"
#include "ops/attrs.h"

#include <string.h>

enum { CONSTANT_BYTES = 1024 };

typedef struct table {
    ad_node **slot;
    size_t mask;
} table;

static size_t constant_bytes(const ad_node *node)
{
    return (size_t)ad_shape_count(node->shape) * ad_dtype_size(node->dtype);
}

static bool sharable(const ad_node *node)
{
    if (node->op == AD_OP_CONSTANT) return constant_bytes(node) <= CONSTANT_BYTES;
    return node->op != AD_OP_INPUT && ad_ops[node->op].klass != AD_CLASS_EFFECT;
}

static uint64_t hash_node(const ad_node *old, ad_node *const *inputs)
{
    uint64_t hash = ad_hash(AD_HASH_START, &old->op, sizeof old->op);
    hash = ad_hash(hash, &old->dtype, sizeof old->dtype);
    if (old->op == AD_OP_CONSTANT) {
        hash = ad_hash(hash, ((const ad_attr_leaf *)old->attr)->data, constant_bytes(old));
    } else if (old->attr) {
        hash = ad_hash(hash, old->attr, ad_ops[old->op].attr_bytes);
    }
    for (int i = 0; i < old->n_inputs; ++i)
        hash = ad_hash(hash, &inputs[i]->id, sizeof inputs[i]->id);
    return ad_hash_mix(hash);
}

static bool equal(const ad_node *made, const ad_node *old, ad_node *const *inputs)
{
    if (made->op != old->op || made->dtype != old->dtype || made->n_inputs != old->n_inputs)
        return false;
    for (int i = 0; i < old->n_inputs; ++i)
        if (made->inputs[i] != inputs[i]) return false;
    if (old->op == AD_OP_CONSTANT)
        return ad_shape_equal(made->shape, old->shape) &&
               !memcmp(((const ad_attr_leaf *)made->attr)->data,
                       ((const ad_attr_leaf *)old->attr)->data, constant_bytes(old));
    return !old->attr || !memcmp(made->attr, old->attr, ad_ops[old->op].attr_bytes);
}

static ad_node *share(ad_passes *passes, ad_graph *graph, const ad_node *old, ad_node **inputs,
                      void *user)
{
    table *nodes = user;
    (void)passes;
    if (!sharable(old)) return NULL;
    size_t at = hash_node(old, inputs) & nodes->mask;
    for (; nodes->slot[at]; at = (at + 1) & nodes->mask)
        if (equal(nodes->slot[at], old, inputs)) return nodes->slot[at];
    ad_node *node = ad_node_new(graph, old->op, inputs, old->n_inputs, old->attr);
    if (ad_node_poisoned(node)) return node;
    node->dtype = old->dtype;
    nodes->slot[at] = node;
    return node;
}

bool ad_pass_share(ad_passes *passes)
{
    size_t slots = 64;
    while (slots < 2 * (size_t)passes->graph->n_nodes) slots *= 2;
    table nodes = {ad_zalloc(passes->ctx, slots * sizeof(ad_node *)), slots - 1};
    if (!nodes.slot) return false;
    bool done = ad_rebuild(passes, share, &nodes);
    ad_free(passes->ctx, nodes.slot, slots * sizeof(ad_node *));
    return done;
}
