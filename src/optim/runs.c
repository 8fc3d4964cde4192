/* runs.c - the parameters that a loss depends on, as runs of neighbours in their blocks, each with
 * one flat gradient. A parameter without a gradient ends a run: it must stay as it is, which an
 * update with a gradient of zero would not leave it (momentum, weight decay). */
#include "optim/optimizer.h"

#include "ops/attrs.h"

bool ad_gradient_is_none(const ad_node *gradient)
{
    if (ad_node_poisoned(gradient)) return false;
    return gradient->op == AD_OP_FILL && ((const ad_attr_leaf *)gradient->attr)->value == 0;
}

static int index_of(const ad_vars *vars, const ad_variable *variable)
{
    for (int i = 0; i < vars->count; ++i)
        if (&vars->entries[i]->variable == variable) return i;
    return -1;
}

static bool trained(const ad_var_entry *entry, const char *prefix)
{
    const ad_variable *variable = &entry->variable;
    return !variable->buffer && !entry->frozen && ad_dtype_is_float(variable->dtype) &&
           ad_shape_count(variable->shape) > 0 && ad_name_under(variable->name, prefix);
}

/* Per variable of the store its gradient, or NULL. */
static ad_node **gradients_of(ad_vars *vars, const char *prefix, ad_node *loss)
{
    ad_graph *graph = loss->graph;
    size_t bytes = (size_t)vars->count * sizeof(ad_node *);
    ad_node **read = ad_arena_alloc(&graph->arena, bytes);
    ad_node **found = ad_arena_alloc(&graph->arena, bytes);
    ad_node **gradient = ad_arena_alloc(&graph->arena, bytes);
    int count = 0;
    if (!read || !found || !gradient) return NULL;
    for (int i = 0; i < vars->count; ++i)
        if (trained(vars->entries[i], prefix))
            read[count++] = ad_read(graph, &vars->entries[i]->variable);
    ad_gradients(loss, read, count, found);
    for (int i = count = 0; i < vars->count; ++i) {
        if (!trained(vars->entries[i], prefix)) continue;
        if (!ad_gradient_is_none(found[count])) gradient[i] = found[count];
        ++count;
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
        ad_node *g = gradient[index_of(vars, &e->variable)];
        piece[count++] = ad_cast(ad_reshape(g, ad_shape(-1)), dtype);
        if (e == run->last) break;
        int64_t gap = (int64_t)((e->next->variable.offset - end_of(&e->variable)) / size);
        if (gap) piece[count++] = ad_fill(graph, dtype, ad_shape(gap), 0);
    }
    return count == 1 ? piece[0] : ad_concat(piece, count, 0);
}

ad_run_of_parameters *ad_parameter_runs(ad_vars *vars, const char *prefix, ad_node *loss,
                                        bool by_rank, int *count)
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
            if (!gradient[index_of(vars, &e->variable)]) {
                run = NULL;
                continue;
            }
            bool matrix = e->variable.shape.rank > 1;
            if (!run || (by_rank && run->matrix != matrix)) {
                run = &runs[(*count)++];
                *run = (ad_run_of_parameters){.first = e, .block = number, .matrix = matrix};
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
