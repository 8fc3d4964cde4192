/* pass_fold.c - small constant subgraphs are evaluated while compiling.
 *
 * The nodes at the border between constant and not are compiled into a program of their own on the
 * same device, run once, and replaced by their values; a value that is one number everywhere
 * becomes a fill. */
#include "plan/pass.h"

#include <autodidact/ops.h>

#include <string.h>

enum { MOST_ELEMENTS = 4096 };

typedef struct folding {
    bool *constant;   /* per node: depends on literals only */
    ad_node **border; /* constant nodes that others or the outputs need */
    int n;
    int *place; /* per node: its place in `border` + 1, or 0 */
    ad_program *program;
} folding;

static bool foldable(const ad_node *node, const bool *constant)
{
    ad_op_class klass = ad_ops[node->op].klass;
    if (node->op == AD_OP_CONSTANT || node->op == AD_OP_FILL || node->op == AD_OP_IOTA) return true;
    if (klass == AD_CLASS_LEAF || klass == AD_CLASS_EFFECT) return false;
    if (ad_shape_count(node->shape) > MOST_ELEMENTS) return false;
    for (int i = 0; i < node->n_inputs; ++i)
        if (!constant[node->inputs[i]->id] ||
            ad_shape_count(node->inputs[i]->shape) > 16 * MOST_ELEMENTS)
            return false;
    return true;
}

/* Views cost nothing: they stay, over a folded base. */
static bool worth_it(const ad_node *node)
{
    ad_op_class klass = ad_ops[node->op].klass;
    return klass != AD_CLASS_LEAF && klass != AD_CLASS_VIEW;
}

/* What a view of constants needs is a border as well as what the rest of the graph needs. */
static void find_border(const ad_passes *passes, ad_node **nodes, int n, folding *f, bool *wanted)
{
    for (int i = 0; i < passes->n_outputs; ++i) wanted[passes->outputs[i]->id] = true;
    for (int i = n - 1; i >= 0; --i) {
        const ad_node *node = nodes[i];
        bool folded = f->constant[node->id] && worth_it(node);
        for (int k = 0; k < node->n_inputs; ++k)
            if (!folded && (!f->constant[node->id] || wanted[node->id]))
                wanted[node->inputs[k]->id] = true;
        if (!folded || !wanted[node->id]) continue;
        f->border[f->n++] = nodes[i];
        f->place[node->id] = f->n;
    }
}

static bool evaluate(ad_passes *passes, folding *f)
{
    ad_compile_options plain = {.device = passes->options->device, .no_passes = true};
    ad_status status = passes->compile(&f->program, passes->ctx, f->border, f->n, &plain);
    if (status == AD_OK) status = ad_run(f->program);
    return status == AD_OK;
}

static ad_node *value_of(ad_graph *graph, const ad_node *old, const char *data)
{
    size_t size = ad_dtype_size(old->dtype);
    int64_t count = ad_shape_count(old->shape);
    bool uniform = count > 0;
    for (int64_t i = 1; i < count && uniform; ++i)
        uniform = !memcmp(data, data + (size_t)i * size, size);
    if (!uniform || old->dtype == AD_I64) return ad_constant(graph, old->dtype, old->shape, data);
    double value;
    ad_convert(&value, AD_F64, data, old->dtype, 1);
    return ad_fill(graph, old->dtype, old->shape, value);
}

static ad_node *fold(ad_passes *passes, ad_graph *graph, const ad_node *old, ad_node **inputs,
                     void *user)
{
    const folding *f = user;
    (void)passes, (void)inputs;
    int place = f->place[old->id];
    return place ? value_of(graph, old, ad_result_at(f->program, place - 1)) : NULL;
}

bool ad_pass_fold(ad_passes *passes)
{
    if (!passes->device->runs) return true;
    folding f = {0};
    int n = 0;
    size_t total = (size_t)passes->graph->n_nodes + 1;
    ad_arena *arena = &passes->graph->arena;
    ad_node **nodes = ad_reachable(passes->graph, passes->outputs, passes->n_outputs, &n);
    bool *wanted = ad_arena_alloc(arena, total);
    f.constant = ad_arena_alloc(arena, total);
    f.border = ad_arena_alloc(arena, total * sizeof *f.border);
    f.place = ad_arena_alloc(arena, total * sizeof *f.place);
    if (!nodes || !wanted || !f.constant || !f.border || !f.place) return false;
    for (int i = 0; i < n; ++i) f.constant[nodes[i]->id] = foldable(nodes[i], f.constant);
    find_border(passes, nodes, n, &f, wanted);
    if (!f.n) return true;
    bool done = evaluate(passes, &f) && ad_rebuild(passes, fold, &f);
    ad_program_free(f.program);
    return done;
}
