/* graphs.c - the real sets: Cora in three forms, which must be the same graph, and the sets of
 * graphs.
 *
 *     build/tests-data/graphs FOLDER */
#include "check.h"

#include <autodidact/graph_data.h>

static const char *folder;
static ad_context *ctx;

static ad_graph_set *read_set(const char *path, const char *name)
{
    char full[1024];
    ad_graph_set *set = NULL;
    snprintf(full, sizeof full, "%s/%s", folder, path);
    if (ad_graph_set_read(&set, ctx, full, &(ad_graph_set_options){.name = name}))
        CHECK_FAIL("%s", ad_error(ctx));
    return set;
}

/* Counts as everyone gives them. */
static void cora(void)
{
    static const int per_class[7] = {351, 217, 418, 818, 426, 298, 180};
    int count[7] = {0}, trained[7] = {0}, most = 0;
    ad_graph_set *set = read_set("graphs_planetoid", "cora"),
                 *plain = read_set("graphs_planetoid/cora_plain.npz", NULL);
    REQUIRE(set && plain);
    CHECK_INT(set->nodes, 2708);
    CHECK_INT(set->edges, 10556);
    CHECK_INT(set->features, 1433);
    CHECK_INT(set->values, 49216);
    CHECK_INT(set->classes, 7);
    for (int64_t i = 0; i < set->nodes; ++i) {
        int degree = set->edge_start[i + 1] - set->edge_start[i];
        most = degree > most ? degree : most;
        ++count[set->labels[i]];
        trained[set->labels[i]] += set->split[i] == AD_GRAPH_TRAIN;
    }
    for (int c = 0; c < 7; ++c) CHECK(count[c] == per_class[c] && trained[c] == 20);
    CHECK_INT(most, 168);
    CHECK_INT(ad_graph_set_count(set, AD_GRAPH_VALIDATION), 500);
    CHECK_INT(ad_graph_set_count(set, AD_GRAPH_TEST), 1000);
    CHECK(!memcmp(set->labels, plain->labels, (size_t)set->nodes * 4));
    CHECK(!memcmp(set->split, plain->split, (size_t)set->nodes));
    CHECK(!memcmp(set->source, plain->source, (size_t)set->edges * 4));
    CHECK(!memcmp(set->value_start, plain->value_start, (size_t)(set->nodes + 1) * 4));
    ad_graph_set_free(plain);
    ad_graph_set_free(set);
}

static void other_forms(void)
{
    ad_graph_set *set = read_set("graphs_npz", "cora");
    REQUIRE(set);
    CHECK(set->nodes == 2708 && set->features == 1433 && set->classes == 7 && !set->has_splits);
    ad_graph_set_draw(set, 0, 20, 500, 1000);
    CHECK_INT(ad_graph_set_count(set, AD_GRAPH_TRAIN), 140);
    ad_graph_set_free(set);
    CHECK(ad_graph_set_read(&set, ctx, folder, NULL) != AD_OK);
}

/* pubmed's largest file is not there. */
static void incomplete(void)
{
    char full[1024];
    ad_graph_set *set = NULL;
    snprintf(full, sizeof full, "%s/graphs_planetoid", folder);
    CHECK(ad_graph_set_read(&set, ctx, full, &(ad_graph_set_options){.name = "pubmed"}) != AD_OK);
    CHECK_CONTAINS(ad_error(ctx), "ind.pubmed.allx");
}

static void many_graphs(void)
{
    static const struct {
        const char *name;
        int graphs, classes, features;
        int64_t nodes, edges;
    } rows[] = {{"MUTAG", 188, 2, 7, 3371, 7442}, {"PROTEINS", 1113, 2, 3, 43471, 162088}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        ad_graph_set *set = read_set("graphs_tu", rows[i].name);
        REQUIRE(set);
        CHECK(set->of_graphs && set->classes == rows[i].classes);
        CHECK_INT(set->graphs, rows[i].graphs);
        CHECK_INT(set->nodes, rows[i].nodes);
        CHECK_INT(set->edges, rows[i].edges);
        CHECK_INT(set->features, rows[i].features);
        ad_graph_set_free(set);
    }
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : "../shared/data";
    ctx = ad_context_new(NULL);
    int code = check_main(
        1, argv,
        (check_case[]){CASE(cora), CASE(other_forms), CASE(incomplete), CASE(many_graphs), {0}});
    ad_context_free(ctx);
    return code;
}
