/* data.c - the graphs that the options name, with splits. */
#include "zoo/graph/graph.h"

#include <stdio.h>

#define AT(member) AD_AT(graph_source, member)
/* clang-format off */
static const ad_option rows[] = {
    {"data", 0, AD_OPTION_FILE, AT(path), .required = true, .may_change = true, .unit = "PATH", .help = "graphs: a folder, an .npz or .gml file, or a text"},
    {"dataset", 0, AD_OPTION_TEXT, AT(name), .unit = "NAME", .help = "which of the folder's sets"},
    {"label", 0, AD_OPTION_TEXT, AT(label), .unit = "NAME", .help = "column of nodes.csv, or key of .gml, that says the class"},
    {"directed", 0, AD_OPTION_FLAG, AT(directed), .help = "edges of .npz and .csv are directed"},
    {"features", 0, AD_OPTION_CHOICE, AT(features), .initial = "auto", .choices = "auto|given|identity|degree", .help = "those of the data; one of its own for each node; its number of edges (auto: where there are none, one for each node, or of several graphs the number)"},
    {"raw", 0, AD_OPTION_FLAG, AT(raw), .help = "features as they are, instead of divided by the sum of their magnitudes in each node"},
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

/* Training works without, but nobody learns how well. */
static void note_rest(const graph_source *source, const ad_graph_set *set,
                      const ad_watcher *watcher)
{
    if (set->has_splits || set->of_graphs) return;
    if (!ad_graph_set_count(set, AD_GRAPH_VALIDATION))
        ad_watch_note(
            watcher, "%s: no node is left to validate with: --per-class %lld takes all to train on",
            source->path, (long long)source->per_class);
    else if (!ad_graph_set_count(set, AD_GRAPH_TEST))
        ad_watch_note(
            watcher,
            "%s: no node is left to test with; a smaller --per-class than %lld leaves more",
            source->path, (long long)source->per_class);
}

/* Features where the data have none, or others are asked for; `trained`: how many a network reads
 * (0: any). */
static ad_status make_features(const graph_source *source, ad_graph_set *set, int64_t trained,
                               const ad_watcher *watcher)
{
    int kind = source->features;
    if (kind == GRAPH_AUTO) {
        if (set->features) return AD_OK;
        kind = set->graphs > 1 ? GRAPH_DEGREE : GRAPH_IDENTITY;
        ad_watch_note(watcher, "%s: the nodes have no features; %s", source->path,
                      set->graphs > 1 ? "their numbers of edges are taken for that"
                                      : "each gets one of its own (--features identity)");
    }
    if (kind == GRAPH_IDENTITY) return ad_graph_set_identity(set);
    if (kind == GRAPH_DEGREE) return ad_graph_set_degrees(set, trained ? trained - 1 : 0);
    if (set->features) return AD_OK;
    return ad_error_set(set->ctx, AD_ERROR_FORMAT,
                        "%s: the nodes have no features (--features identity gives each its own)",
                        source->path);
}

/* To what --raw leaves as it is. */
static void scale_features(const graph_source *source, ad_graph_set *set, const ad_watcher *watcher)
{
    bool lost = false;
    for (int64_t k = 0; set->features == 1 && k < set->values; ++k)
        lost |= set->value[k] != 1 && set->value[k] != -1;
    if (lost)
        ad_watch_note(
            watcher,
            "%s: there is one feature, and divided by its magnitude in each node only its "
            "sign is left; --raw takes it as it is",
            source->path);
    ad_graph_set_normalise(set);
}

ad_status graph_read(ad_context *ctx, const graph_source *source, const graph_reading *how,
                     ad_graph_set **out)
{
    const ad_graph_set_options options = {.name = source->name,
                                          .label = source->label,
                                          .directed = source->directed,
                                          .watcher = how->watcher};
    ad_status status = ad_graph_set_read(out, ctx, source->path, &options);
    if (!status) status = make_features(source, *out, how->features, &how->watcher);
    if (status) return status;
    if ((*out)->classes < 2)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: there is only one class", source->path);
    if (!source->raw && !how->raw) scale_features(source, *out, &how->watcher);
    split(source, *out, how->part);
    note_rest(source, *out, &how->watcher);
    return AD_OK;
}

/* ---- weights of edges ---- */

static const char *node_text(const ad_graph_set *set, int64_t node, char number[24])
{
    snprintf(number, 24, "%lld", (long long)node);
    return set->node_names ? set->node_names[node] : number;
}

ad_status graph_check_weights(const graph_job *g)
{
    const ad_graph_set *set = g->set;
    const graph_model *m = g->job.model;
    const graph_source *source = ad_job_value(&g->job, &graph_source_record);
    char number[2][24];
    if (!set->weight || m->kind != GRAPH_GCN) return AD_OK;
    for (int64_t i = 0; i < set->nodes; ++i)
        for (int32_t e = set->edge_start[i]; e < set->edge_start[i + 1]; ++e)
            if (set->weight[e] < 0)
                return ad_error_set(g->job.ctx, AD_ERROR_ARGUMENT,
                                    "%s: gcn takes no negative weights; the edge from node %.60s "
                                    "to %.60s has %g",
                                    source->path, node_text(set, set->source[e], number[0]),
                                    node_text(set, i, number[1]), (double)set->weight[e]);
    return AD_OK;
}
