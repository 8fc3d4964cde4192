/* rng.c - the random state of a store: seed and step, a variable like any other, so a saved run
 * continues with the same numbers. */
#include "nn/vars.h"

static ad_variable *rng_state(ad_vars *vars)
{
    const int64_t first[2] = {(int64_t)vars->seed, 0};
    return ad_var_with(vars, "rng.state", ad_shape(2),
                       (ad_var_options){.dtype = AD_I64, .buffer = true},
                       (ad_var_extra){.initial = first, .optional = true});
}

ad_node *ad_rng(ad_graph *graph, ad_vars *vars)
{
    ad_variable *state = rng_state(vars);
    if (!state) return ad_poison(graph, ad_error_status(vars->ctx), "%s", ad_error(vars->ctx));
    return ad_read(graph, state);
}

ad_node *ad_rng_advance(ad_graph *graph, ad_vars *vars)
{
    const int64_t one_step[2] = {0, 1};
    ad_node *state = ad_rng(graph, vars);
    if (ad_node_poisoned(state)) return state;
    return ad_assign(graph, rng_state(vars),
                     ad_add(state, ad_constant(graph, AD_I64, ad_shape(2), one_step)));
}
