/* graph_samples.c - the graphs of a set as rows that a loader packs into batches. */
#include "zoo/graph/graph.h"

#include <stdlib.h>

typedef struct graph_rows {
    ad_samples samples;
    ad_sample_field fields[GRAPH_FIELDS];
    const ad_graph_set *set;
    graph_sizes room;
    bool loops;
    ad_graph_split split;
} graph_rows;

static void fill_batch(void *user, const int64_t *index, int64_t count, const ad_draws *draws,
                       void *const *block)
{
    const graph_rows *r = user;
    graph_batch batch;
    (void)draws;
    graph_batch_at(&batch, r->set, r->room, r->loops, block);
    graph_batch_fill(&batch, index, count, r->split);
}

static int64_t fit(void *user, const int64_t *index, int64_t count)
{
    const graph_rows *r = user;
    return graph_fit(r->set, r->room, r->loops, index, count);
}

/* Fisher & Yates. */
static void shuffle(void *user, uint64_t seed, int64_t epoch, int64_t *index, int64_t count)
{
    (void)user;
    for (int64_t i = count - 1; i > 0; --i) {
        int64_t j = ad_random_below(seed, (uint64_t)epoch, (uint64_t)i, i + 1), swap = index[i];
        index[i] = index[j], index[j] = swap;
    }
}

static void release(ad_samples *samples)
{
    free(samples->user);
}

ad_status graph_samples_new(ad_samples **out, const ad_graph_set *set, graph_sizes room, bool loops,
                            ad_graph_split split)
{
    graph_rows *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r) return ad_error_set(set->ctx, AD_ERROR_MEMORY, "out of memory");
    *r = (graph_rows){.set = set, .room = room, .loops = loops, .split = split};
    r->samples = (ad_samples){.count = set->graphs,
                              .fields = r->fields,
                              .field_count = graph_batch_fields(set, room, r->fields),
                              .fixed = true,
                              .fill_batch = fill_batch,
                              .fit = fit,
                              .order = shuffle,
                              .user = r,
                              .release = release};
    *out = &r->samples;
    return AD_OK;
}

void graph_batch_view(graph_batch *view, const ad_samples *samples, const ad_batch *batch)
{
    const graph_rows *r = samples->user;
    graph_batch_at(view, r->set, r->room, r->loops, batch->field);
}

static bool has_item(const ad_graph_set *set, int64_t graph, ad_graph_split split)
{
    if (set->of_graphs) return set->split[graph] == split;
    for (int32_t i = set->graph_start[graph]; i < set->graph_start[graph + 1]; ++i)
        if (set->split[i] == split) return true;
    return false;
}

int64_t graph_list(const ad_graph_set *set, ad_graph_split split, int64_t *index)
{
    int64_t count = 0;
    for (int64_t g = 0; g < set->graphs; ++g)
        if (has_item(set, g, split)) index[count++] = g;
    return count;
}
