/* runs.c - the parameters that a loss depends on, as runs of neighbours in their blocks, each with
 * one flat gradient. A parameter without a gradient ends a run: it must stay as it is, which an
 * update with a gradient of zero would not leave it (momentum, weight decay). */
#include "optim/optimizer.h"

#include "ops/attrs.h"

#include <string.h>

/* Whether `name` is in the subtree `prefix`: "encoder" holds "encoder.weight", not
 * "encoder2.weight". */
static bool under(const char *name, const char *prefix)
{
    size_t length = prefix ? strlen(prefix) : 0;
    if (!length) return true;
    if (strncmp(name, prefix, length)) return false;
    return prefix[length - 1] == '.' || name[length] == '.' || !name[length];
}

/* One ad_read of a parameter in the graph; a parameter may be read more than once. */
typedef struct reads {
    ad_node **node, **gradient;
    int *entry; /* index in the store */
    int count;
} reads;

static int entry_of(const ad_vars *vars, const ad_variable *variable)
{
    for (int i = 0; i < vars->count; ++i)
        if (&vars->entries[i]->variable == variable) return i;
    return -1;
}

static bool find_reads(reads *found, ad_vars *vars, const char *prefix, ad_node *loss)
{
    ad_graph *graph = loss->graph;
    int n;
    ad_node **nodes = ad_reachable(graph, &loss, 1, &n);
    if (!nodes) return false;
    found->node = ad_arena_alloc(&graph->arena, (size_t)n * sizeof *found->node);
    found->gradient = ad_arena_alloc(&graph->arena, (size_t)n * sizeof *found->gradient);
    found->entry = ad_arena_alloc(&graph->arena, (size_t)n * sizeof *found->entry);
    if (!found->node || !found->gradient || !found->entry) return false;
    for (int i = 0; i < n; ++i) {
        if (nodes[i]->op != AD_OP_VARIABLE) continue;
        const ad_variable *variable = ((const ad_attr_variable *)nodes[i]->attr)->variable;
        int entry = entry_of(vars, variable);
        if (entry < 0 || variable->buffer || !ad_dtype_is_float(variable->dtype)) continue;
        if (!ad_shape_count(variable->shape) || !under(variable->name, prefix)) continue;
        found->node[found->count] = nodes[i];
        found->entry[found->count++] = entry;
    }
    return true;
}

/* The walk's answer for what the loss does not depend on (behind a stop_gradient, say). */
static bool is_zero(const ad_node *gradient)
{
    return gradient->op == AD_OP_FILL && ((const ad_attr_leaf *)gradient->attr)->value == 0;
}

/* Per variable of the store its gradient, or NULL. */
static ad_node **gradients_of(ad_vars *vars, const char *prefix, ad_node *loss)
{
    reads found = {0};
    ad_node **gradient = ad_arena_alloc(&loss->graph->arena,
                                        (size_t)vars->count * sizeof *gradient);
    if (!gradient || !find_reads(&found, vars, prefix, loss)) return NULL;
    ad_gradients(loss, found.node, found.count, found.gradient);
    for (int i = 0; i < found.count; ++i) {
        ad_node **sum = &gradient[found.entry[i]], *g = found.gradient[i];
        if (ad_node_poisoned(g) || !is_zero(g)) *sum = *sum ? ad_add(*sum, g) : g;
    }
    return gradient;
}

static size_t end_of(const ad_variable *variable)
{
    return variable->offset +
           (size_t)ad_shape_count(variable->shape) * ad_dtype_size(variable->dtype);
}

/* [elements from first to last], with zeros for the gaps that alignment leaves. */
static ad_node *flatten(ad_graph *graph, ad_vars *vars, const ad_run_of_parameters *run,
                        ad_node *const *gradient)
{
    ad_dtype stored = run->first->variable.dtype, dtype = stored == AD_F64 ? AD_F64 : AD_F32;
    size_t size = ad_dtype_size(stored);
    int count = 0, capacity = 0;
    for (const ad_var_entry *e = run->first; e != run->last; e = e->next) capacity += 2;
    ad_node **piece = ad_arena_alloc(&graph->arena, (size_t)(capacity + 1) * sizeof *piece);
    if (!piece) return ad_poison(graph, AD_ERROR_MEMORY, "%s", ad_error(graph->ctx));
    for (const ad_var_entry *e = run->first;; e = e->next) {
        ad_node *g = gradient[entry_of(vars, &e->variable)];
        piece[count++] = ad_cast(ad_reshape(g, ad_shape(-1)), dtype);
        if (e == run->last) break;
        int64_t gap = (int64_t)((e->next->variable.offset - end_of(&e->variable)) / size);
        if (gap) piece[count++] = ad_fill(graph, dtype, ad_shape(gap), 0);
    }
    return count == 1 ? piece[0] : ad_concat(piece, count, 0);
}

ad_run_of_parameters *ad_parameter_runs(ad_vars *vars, const char *prefix, ad_node *loss,
                                        int *count)
{
    ad_graph *graph = loss->graph;
    ad_run_of_parameters *runs = ad_arena_alloc(&graph->arena, (size_t)vars->count * sizeof *runs);
    ad_node **gradient = runs ? gradients_of(vars, prefix, loss) : NULL;
    *count = 0;
    if (!gradient) return ad_poison(graph, AD_ERROR_MEMORY, "%s", ad_error(graph->ctx)), NULL;

    int number = 0;
    for (const ad_var_block *block = vars->blocks; block; block = block->next) {
        if (block->buffer || !ad_dtype_is_float(block->dtype)) continue;
        ad_run_of_parameters *run = NULL;
        for (const ad_var_entry *e = block->first; e; e = e->next) {
            if (!gradient[entry_of(vars, &e->variable)]) {
                run = NULL;
                continue;
            }
            if (!run) {
                run = &runs[(*count)++];
                *run = (ad_run_of_parameters){.first = e, .block = number};
            }
            run->last = e;
        }
        ++number;
    }
    for (int i = 0; i < *count; ++i) runs[i].flat = flatten(graph, vars, &runs[i], gradient);
    if (*count) return runs;
    ad_poison(graph, AD_ERROR_ARGUMENT, "the loss %s depends on no parameter%s%s",
              ad_node_name(loss), prefix ? " under " : "", prefix ? prefix : "");
    return NULL;
}
