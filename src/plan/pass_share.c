/* pass_share.c - common subexpressions: nodes of the same op, attributes and inputs become one.
 *
 * The new graph's nodes are found by what they compute. Inputs are shared already before they are
 * compared, so equal trees collapse from the leaves up. Effects are not shared; small constants
 * are, by value. */
#include "plan/pass.h"

#include "base/hash_index.h"
#include "ops/attrs.h"

#include <string.h>

enum { CONSTANT_BYTES = 1024 };

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
    ad_hash_index *made = user;
    if (!sharable(old)) return NULL;
    uint64_t hash = hash_node(old, inputs);
    int32_t id;
    for (int64_t probe = 0; (id = ad_hash_index_next(made, hash, &probe)) >= 0;)
        if (equal(graph->nodes[id], old, inputs)) return graph->nodes[id];
    ad_node *node = ad_node_new(graph, old->op, inputs, old->n_inputs, old->attr);
    if (ad_node_poisoned(node)) return node;
    node->dtype = old->dtype;
    return ad_hash_index_put(made, hash, node->id)
               ? node
               : ad_poison(graph, AD_ERROR_MEMORY, "%s", ad_error(passes->ctx));
}

bool ad_pass_share(ad_passes *passes)
{
    ad_hash_index made = {.ctx = passes->ctx};
    bool done = ad_rebuild(passes, share, &made);
    ad_hash_index_free(&made);
    return done;
}
