/* Any bytes as each file that a graph is read from. The first byte chooses: a text of many graphs,
 * the nodes or the edges of tables, a part of a Planetoid set whose other parts are sound, GML, an
 * npz. What is accepted is in order. */
#include <autodidact/graph_data.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static void write_file(const char *name, const void *data, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file) abort();
    fwrite(data, 1, size, file);
    fclose(file);
}

static void write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

static void clean(void)
{
    static const char *const names[] = {"a.txt",   "nodes.csv",   "edges.csv", "a.npz",
                                        "ind.a.x", "ind.a.graph", "a.gml"};
    char path[256];
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path);
    }
}

static void check(const ad_graph_set *set)
{
    if (set->edge_start[set->nodes] != set->edges || set->value_start[set->nodes] != set->values)
        abort();
    for (int64_t i = 0; i < set->edges; ++i)
        if (set->source[i] < 0 || set->source[i] >= set->nodes) abort();
    for (int64_t i = 0; i < set->edges && set->weight; ++i)
        if (!isfinite(set->weight[i])) abort();
    for (int64_t i = 0; i < set->values; ++i)
        if (set->feature[i] < 0 || set->feature[i] >= set->features || !isfinite(set->value[i]))
            abort();
    for (int64_t i = 0; i < set->items; ++i)
        if (set->labels[i] < -1 || set->labels[i] >= set->classes) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ad_context *ctx;
    if (!ctx) {
        ctx = ad_context_new(&(ad_context_options){.threads = 1});
        strcpy(folder, "/tmp/ad-fuzz-XXXXXX");
        if (!mkdtemp(folder)) abort();
    }
    const uint8_t *rest = data + (size > 0);
    size_t n = size ? size - 1 : 0;
    const char *name = NULL;
    clean();
    switch (size ? data[0] % 6 : 0) {
    case 0: write_file(name = "a.txt", rest, n); break;
    case 1:
        write_file("nodes.csv", rest, n);
        write_text("edges.csv", "source,target\n1,2\n");
        break;
    case 2:
        write_text("nodes.csv", "id,label,f\n1,a,0\n2,b,1\n3,a,0.5\n");
        write_file("edges.csv", rest, n);
        break;
    case 3: write_file("ind.a.graph", "", 0), write_file("ind.a.x", rest, n); break;
    case 4: write_file(name = "a.gml", rest, n); break;
    default: write_file(name = "a.npz", rest, n); break;
    }
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name ? name : "");
    ad_graph_set *set = NULL;
    if (!ad_graph_set_read(&set, ctx, path, NULL)) check(set);
    ad_graph_set_free(set);
    ad_error_clear(ctx);
    if (ad_context_memory(ctx)) abort();
    return 0;
}
