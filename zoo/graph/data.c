/* data.c - the graphs that a verb's options name, with splits. */
#include "zoo/graph/graph.h"

#include <stdio.h>
#include <string.h>

void graph_summary(const ad_graph_set *set, char *text, size_t size)
{
    if (set->graphs > 1)
        snprintf(text, size, "%lld graphs, %lld nodes, %lld edges, %lld features, %d classes",
                 (long long)set->graphs, (long long)set->nodes, (long long)set->edges,
                 (long long)set->features, set->classes);
    else
        snprintf(text, size, "%lld nodes, %lld edges, %lld features, %d classes",
                 (long long)set->nodes, (long long)set->edges, (long long)set->features,
                 set->classes);
}

/* Sets of graphs without folds: a tenth tests, a tenth validates. */
static void split(ad_command *cmd, ad_graph_set *set, graph_part part)
{
    uint64_t seed = (uint64_t)ad_command_int(cmd, "split-seed");
    if (part.folds > 1)
        ad_graph_set_fold(set, part.fold, part.folds, part.validation, seed);
    else if (set->has_splits)
        return;
    else if (set->of_graphs)
        ad_graph_set_fold(set, 0, 10, 1.0 / 9, seed);
    else {
        int64_t others = set->items / 2;
        ad_graph_set_draw(set, seed, ad_command_int(cmd, "per-class"), others < 500 ? others : 500,
                          1000);
    }
}

ad_status graph_read(ad_command *cmd, graph_part part, const ad_graph_set_options *options,
                     ad_graph_set **out)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_graph_set_options o = options ? *options : (ad_graph_set_options){0};
    o.name = ad_command_text(cmd, "dataset"), o.directed = ad_command_flag(cmd, "directed");
    ad_status status = ad_graph_set_read(out, ctx, ad_command_text(cmd, "data"), &o);
    if (status) return status;
    ad_graph_set *set = *out;
    if (set->features < 1)
        status = ad_error_set(ctx, AD_ERROR_FORMAT, "%s: the nodes have no features",
                              ad_command_text(cmd, "data"));
    else if (set->classes < 2)
        status = ad_error_set(ctx, AD_ERROR_FORMAT, "%s: there is one class only",
                              ad_command_text(cmd, "data"));
    if (status) {
        ad_graph_set_free(set), *out = NULL;
        return status;
    }
    split(cmd, set, part);
    return AD_OK;
}
