/* Any bytes as the files of a graph, with options chosen by them, through `graph train`, `graph
 * predict` and `graph show` as a whole: none crashes, hangs, or ends with another status than it
 * may. */
#include "zoo/graph/graph.h"

#include <autodidact/command.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MOST = 4096, PATH = 128 };

static char folder[] = "/tmp/autodidact-fuzz-XXXXXX", graph[PATH], run[PATH], figures[PATH];

static int command(int argc, char **argv)
{
    static const ad_verb *const verbs[] = {&graph_train_verb, &graph_predict_verb, &graph_show_verb,
                                           NULL};
    static FILE *nowhere;
    if (!nowhere) nowhere = fopen("/dev/null", "w");
    const ad_app app = {"fuzz", "1", "", verbs, nowhere, nowhere};
    int code = ad_app_main(&app, argc, argv);
    if (code < AD_EXIT_OK || code > AD_EXIT_USAGE) abort();
    return code;
}

static void shell(const char *format)
{
    char line[256];
    snprintf(line, sizeof line, format, folder);
    if (system(line)) abort();
}

static void clean(void)
{
    shell("rm -rf '%s'");
}

static void start(void)
{
    if (!mkdtemp(folder)) abort();
    atexit(clean);
    snprintf(graph, sizeof graph, "%s/graph", folder);
    snprintf(run, sizeof run, "%s/run", folder);
    snprintf(figures, sizeof figures, "%s/figures", folder);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    char path[2 * PATH];
    snprintf(path, sizeof path, "%s/%s", graph, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
}

/* The bytes as nodes and edges, as edges of nodes that are sound, or as GML. */
static void write_graph(int how, const uint8_t *data, size_t size)
{
    static const char nodes[] = "id,label,a\n1,x,1\n2,y,0.5\n3,x,\n4,y,2\n5,x,1\n6,y,0\n";
    const uint8_t *cut = memchr(data, 0, size);
    size_t first = cut ? (size_t)(cut - data) : size, rest = cut ? size - first - 1 : 0;
    if (how == 0)
        write_file("nodes.csv", data, first), write_file("edges.csv", cut ? cut + 1 : cut, rest);
    if (how == 1)
        write_file("nodes.csv", nodes, sizeof nodes - 1), write_file("edges.csv", data, size);
    if (how == 2) write_file("graph.gml", data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const options[][2] = {
        {"--model", "gcn"}, {"--model", "gin"},   {"--directed", NULL}, {"--raw", NULL},
        {"--heads", "3"},   {"--layers", "1"},    {"--skip", NULL},     {"--split-seed", "7"},
        {"--folds", "2"},   {"--out-heads", "2"}, {"--val", "0.5"},     {"--readout", "max"}};
    if (!*graph) start();
    if (size < 4 || size > SIZE_MOST) return 0;
    shell("rm -rf '%s'/*");
    if (mkdir(graph, 0777)) abort();
    int how = data[0] % 3, chosen = data[1] | data[2] << 8;
    write_graph(how, data + 3, size - 3);
    char gml[2 * PATH], *path = graph;
    snprintf(gml, sizeof gml, "%s/graph.gml", graph);
    if (how == 2) path = gml;
    char *train[48] = {"fuzz", "graph",   "train",     "--data",  path, "--run",
                       run,    "--steps", "1",         "--width", "2",  "--per-class",
                       "1",    "-q",      "--threads", "1"};
    int argc = 16;
    for (int i = 0; i < 12; ++i) {
        if (!(chosen >> i & 1) || (i == 1 && chosen & 1)) continue;
        train[argc++] = (char *)options[i][0];
        if (options[i][1]) train[argc++] = (char *)options[i][1];
    }
    if (command(argc, train)) return 0;
    char *predict[] = {"fuzz",    "graph", "predict",   run, "--data", path,
                       "--split", "all",   "--threads", "1", NULL};
    char *show[] = {"fuzz", "graph", "show", run,         "--data", path,
                    "-o",   figures, "-q",   "--threads", "1",      NULL};
    (void)command(10, predict);
    (void)command(11, show);
    return 0;
}
