/* mode.c - what a network does in training form besides computing its result. */
#include "nn/vars.h"

#include <string.h>

/* The list lies in the graph's arena, since its nodes do. */
void ad_mode_update(ad_mode *mode, ad_node *update)
{
    if (mode->update_count == mode->update_capacity) {
        int more = mode->update_capacity ? 2 * mode->update_capacity : 32;
        ad_graph *graph = ad_node_graph(update);
        ad_node **list = ad_arena_alloc(&graph->arena, (size_t)more * sizeof *list);
        if (!list) {
            (void)ad_poison(graph, AD_ERROR_MEMORY, "out of memory");
            return;
        }
        if (mode->update_count)
            memcpy(list, mode->updates, (size_t)mode->update_count * sizeof *list);
        mode->updates = list;
        mode->update_capacity = more;
    }
    mode->updates[mode->update_count++] = update;
}

ad_node *ad_mode_dropout(const ad_mode *mode, ad_node *x)
{
    return mode && mode->training && mode->dropout > 0 ? ad_dropout(x, mode->dropout, mode->rng)
                                                       : x;
}

ad_node *ad_mode_batch_norm(ad_mode *mode, ad_vars *vars, const char *name, ad_node *x)
{
    ad_node *update = NULL;
    bool training = mode && mode->training;
    ad_node *y = ad_batch_norm_layer(
        vars, name, x,
        (ad_batch_norm_options){.training = training, .update = training ? &update : NULL});
    if (update) ad_mode_update(mode, update);
    return y;
}
