/* rng.c - the random state of a store: seed and step, a variable like any other, so a saved run
 * continues with the same numbers. */
#include "nn/vars.h"

static ad_variable *rng_state(ad_context *ctx, ad_vars *vars)
{
    const int64_t first[2] = {(int64_t)vars->seed, 0};
    return ad_var_with(ctx, vars, "rng.state", ad_shape(2),
                       (ad_var_options){.dtype = AD_I64, .buffer = true},
                       (ad_var_extra){.initial = first, .optional = true});
}

ad_node *ad_rng(ad_graph *graph, ad_vars *vars)
{
    if (!graph) return NULL;
    ad_context *ctx = ad_graph_context(graph);
    ad_variable *state = rng_state(ctx, vars);
    if (!state) return ad_poison(graph, ad_error_status(ctx), "%s", ad_error(ctx));
    return ad_read(graph, state);
}

ad_node *ad_rng_advance(ad_graph *graph, ad_vars *vars)
{
    const int64_t one_step[2] = {0, 1};
    ad_node *state = ad_rng(graph, vars);
    if (ad_node_poisoned(state)) return state;
    return ad_assign(graph, rng_state(ad_graph_context(graph), vars),
                     ad_add(state, ad_constant(graph, AD_I64, ad_shape(2), one_step)));
}
