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

/* Per variable of the store its gradient, or NULL. */
static ad_node **gradients_of(const ad_optimizer *optimizer, ad_node *loss)
{
    const ad_vars *vars = optimizer->vars;
    ad_graph *graph = loss->graph;
    size_t bytes = (size_t)vars->count * sizeof(ad_node *);
    ad_node **read = ad_arena_alloc(&graph->arena, bytes);
    ad_node **found = ad_arena_alloc(&graph->arena, bytes);
    ad_node **gradient = ad_arena_alloc(&graph->arena, bytes);
    int count = 0;
    if (!read || !found || !gradient) return NULL;
    for (int i = 0; i < vars->count; ++i)
        if (ad_optimizer_trains(optimizer, vars->entries[i]))
            read[count++] = ad_read(graph, &vars->entries[i]->variable);
    ad_gradients(loss, read, count, found);
    for (int i = count = 0; i < vars->count; ++i) {
        if (!ad_optimizer_trains(optimizer, vars->entries[i])) continue;
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
static ad_node *flatten(ad_graph *graph, const ad_vars *vars, const ad_run_of_parameters *run,
                        ad_node *const *gradient)
{
    ad_dtype stored = run->first->variable.dtype, dtype = stored == AD_F64 ? AD_F64 : AD_F32;
    size_t size = ad_dtype_size(stored);
    int count = 0, capacity = 0;
    for (const ad_var_entry *e = run->first; e != run->last; e = e->next) capacity += 2;
    ad_node **piece = ad_arena_alloc(&graph->arena, (size_t)(capacity + 1) * sizeof *piece);
    if (!piece) return ad_poison(graph, AD_ERROR_MEMORY, "%s", ad_error(graph->ctx));
    for (const ad_var_entry *e = run->first;; e = e->next) {
        ad_node *g = gradient[ad_vars_index(vars, &e->variable)];
        piece[count++] = ad_cast(ad_reshape(g, ad_shape(-1)), dtype);
        if (e == run->last) break;
        int64_t gap = (int64_t)((e->next->variable.offset - end_of(&e->variable)) / size);
        if (gap) piece[count++] = ad_fill(graph, dtype, ad_shape(gap), 0);
    }
    return count == 1 ? piece[0] : ad_concat(piece, count, 0);
}

static void fail_without_parameters(const ad_optimizer *o, ad_node *loss)
{
    const char *under = o->prefix_count == 1 && !o->variables ? o->prefixes[0] : NULL;
    ad_poison(loss->graph, AD_ERROR_ARGUMENT, "the loss %s depends on no parameter%s%s%s",
              ad_node_name(loss), under ? " under " : "", under ? under : "",
              o->variables || o->prefix_count > 1 ? " of those that are to be trained" : "");
}

ad_run_of_parameters *ad_parameter_runs(const ad_optimizer *optimizer, ad_node *loss, bool by_rank,
                                        int *count)
{
    const ad_vars *vars = optimizer->vars;
    ad_graph *graph = loss->graph;
    ad_run_of_parameters *runs = ad_arena_alloc(&graph->arena, (size_t)vars->count * sizeof *runs);
    ad_node **gradient = runs ? gradients_of(optimizer, loss) : NULL;
    const char *empty = ad_optimizer_empty_prefix(optimizer);
    *count = 0;
    if (empty) {
        ad_poison(graph, AD_ERROR_ARGUMENT,
                  "%s is to train what is under %s, where there is no parameter",
                  optimizer->rule->kind.name, empty);
        return NULL;
    }
    if (!gradient) {
        ad_poison(graph, AD_ERROR_MEMORY, "%s", ad_error(graph->ctx));
        return NULL;
    }

    int number = 0;
    for (const ad_var_block *block = vars->blocks; block; block = block->next) {
        if (block->buffer || !ad_dtype_is_float(block->dtype)) continue;
        ad_run_of_parameters *run = NULL;
        for (const ad_var_entry *e = block->first; e; e = e->next) {
            if (!gradient[ad_vars_index(vars, &e->variable)]) {
                run = NULL;
                continue;
            }
            bool matrix = e->variable.shape.rank > 1;
            double factor = ad_optimizer_factor(optimizer, e->variable.name);
            if (!run || (by_rank && run->matrix != matrix) || run->factor != factor) {
                run = &runs[(*count)++];
                *run = (ad_run_of_parameters){
                    .first = e, .block = number, .matrix = matrix, .factor = factor};
            }
            run->last = e;
        }
        ++number;
    }
    for (int i = 0; i < *count; ++i) runs[i].flat = flatten(graph, vars, &runs[i], gradient);
    if (*count) return runs;
    fail_without_parameters(optimizer, loss);
    return NULL;
}
