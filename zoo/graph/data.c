/* data.c - the graphs that the options name, with splits. */
#include "zoo/graph/graph.h"

#include <stdio.h>

#define AT(member) AD_AT(graph_source, member)
/* clang-format off */
static const ad_option rows[] = {
    {"data", 0, AD_OPTION_FILE, AT(path), .required = true, .may_change = true, .unit = "PATH", .help = "graphs: a folder, an .npz file, or a text"},
    {"dataset", 0, AD_OPTION_TEXT, AT(name), .unit = "NAME", .help = "which of the folder's sets"},
    {"directed", 0, AD_OPTION_FLAG, AT(directed), .help = "edges of .npz and .csv are directed"},
    {"raw", 0, AD_OPTION_FLAG, AT(raw), .help = "features as they are, instead of divided by their sum in each node"},
    {"per-class", 0, AD_OPTION_INT, AT(per_class), .initial = "20", .min = 1, .max = 1e9, .help = "nodes of a class to train on, where the data have no splits"},
    {"split-seed", 0, AD_OPTION_INT, AT(split_seed), .initial = "0", .help = "of splits that are drawn"},
    {0},
};
/* clang-format on */
const ad_record graph_source_record = {
    .title = "data", .options = rows, .size = sizeof(graph_source)};

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
static void split(const graph_source *source, ad_graph_set *set, graph_part part)
{
    uint64_t seed = (uint64_t)source->split_seed;
    if (part.folds > 1)
        ad_graph_set_fold(set, part.fold, part.folds, part.validation, seed);
    else if (set->has_splits)
        return;
    else if (set->of_graphs)
        ad_graph_set_fold(set, 0, 10, 1.0 / 9, seed);
    else {
        int64_t others = set->items / 2;
        ad_graph_set_draw(set, seed, source->per_class, others < 500 ? others : 500, 1000);
    }
}

ad_status graph_read(ad_context *ctx, const graph_source *source, graph_part part,
                     ad_graph_set **out)
{
    const ad_graph_set_options options = {.name = source->name, .directed = source->directed};
    ad_status status = ad_graph_set_read(out, ctx, source->path, &options);
    if (status) return status;
    const ad_graph_set *set = *out;
    if (set->features < 1)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: the nodes have no features", source->path);
    if (set->classes < 2)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: there is only one class", source->path);
    split(source, *out, part);
    return AD_OK;
}
