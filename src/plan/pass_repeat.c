/* pass_repeat.c - what is a step away from memory is computed wherever it is read, not stored.
 *
 * A value that many kernels read is written once and read back by each. Where it is some stored
 * tensor shifted or scaled by few numbers (a batch norm's centred input: forward, in the variance,
 * in every sum of its gradient), a chain has it from that tensor as fast as from memory, so each
 * reader gets its own. Nothing lives longer that way: the tensor is kept instead of the value. */
#include "plan/pass.h"

enum { FEW = 16 /* times fewer numbers than elements */, MOST_STEPS = 3 };

typedef struct table {
    ad_node **made;  /* the new node of each old one */
    int *readers;    /* of each old node */
    bool *elsewhere; /* read by others than elementwise nodes */
} table;

static bool few(const ad_node *x)
{
    if (x->op == AD_OP_FILL) return true;
    return x->op == AD_OP_BROADCAST &&
           ad_shape_count(x->inputs[0]->shape) <= ad_shape_count(x->shape) / FEW;
}

/* Whether it lies in memory anyway: a chain takes it to no kernel that reads it otherwise. */
static bool stored(const table *t, const ad_node *old)
{
    ad_op_class klass = ad_ops[old->op].klass;
    if (klass == AD_CLASS_CONTRACT || klass == AD_CLASS_ELEMENTWISE)
        return t->elsewhere[old->id] && t->readers[old->id] > 1;
    return klass == AD_CLASS_KERNEL || old->op == AD_OP_INPUT;
}

static bool near_memory(const table *t, const ad_node *old, int steps)
{
    if (old->op != AD_OP_ADD && old->op != AD_OP_SUB && old->op != AD_OP_MUL) return false;
    if (old->dtype != AD_F32 && old->dtype != AD_F64) return false;
    for (int i = 0; i < 2; ++i) {
        const ad_node *x = old->inputs[i];
        if (few(old->inputs[1 - i]) &&
            (stored(t, x) || (steps > 1 && near_memory(t, x, steps - 1))))
            return true;
    }
    return false;
}

static bool repeated(const table *t, const ad_node *old)
{
    return t->readers[old->id] > 1 && near_memory(t, old, MOST_STEPS);
}

/* A new copy of `old`, on copies of what is repeated itself. */
static ad_node *repeat(const table *t, ad_graph *graph, const ad_node *old)
{
    ad_node *inputs[2];
    for (int i = 0; i < 2; ++i) {
        const ad_node *input = old->inputs[i];
        inputs[i] = near_memory(t, input, MOST_STEPS) ? repeat(t, graph, input)
                                                      : t->made[input->id];
    }
    ad_node *copy = ad_node_new(graph, old->op, inputs, 2, NULL);
    if (!ad_node_poisoned(copy)) copy->name = ad_arena_text(&graph->arena, ad_node_name(old));
    return copy;
}

static ad_node *rule(ad_passes *passes, ad_graph *graph, const ad_node *old, ad_node **inputs,
                     void *user)
{
    table *t = user;
    (void)passes;
    for (int i = 0; i < old->n_inputs; ++i)
        if (repeated(t, old->inputs[i])) inputs[i] = repeat(t, graph, old->inputs[i]);
    ad_node *node = ad_node_new(graph, old->op, inputs, old->n_inputs, old->attr);
    if (!ad_node_poisoned(node)) node->dtype = old->dtype;
    t->made[old->id] = node;
    return node;
}

bool ad_pass_repeat(ad_passes *passes)
{
    const ad_graph *graph = passes->graph;
    size_t n = (size_t)graph->n_nodes + 1;
    ad_arena arena;
    ad_arena_init(&arena, passes->ctx);
    table t = {ad_arena_alloc(&arena, n * sizeof(ad_node *)),
               ad_arena_alloc(&arena, n * sizeof(int)), ad_arena_alloc(&arena, n)};
    bool done = t.made && t.readers && t.elsewhere;
    for (int id = 0; id < graph->n_nodes && done; ++id) {
        const ad_node *node = graph->nodes[id];
        ad_op_class klass = ad_ops[node->op].klass;
        for (int i = 0; i < node->n_inputs; ++i) {
            ++t.readers[node->inputs[i]->id];
            t.elsewhere[node->inputs[i]->id] |= klass != AD_CLASS_ELEMENTWISE &&
                                                klass != AD_CLASS_VIEW;
        }
    }
    done = done && ad_rebuild(passes, rule, &t);
    ad_arena_free(&arena);
    return done;
}
