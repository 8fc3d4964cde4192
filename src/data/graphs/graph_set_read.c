/* graph_set_read.c - which reader a path asks for, and what holds for all that they read. */
#include "data/graphs/graph_set.h"

#include "base/ending.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN_MOST = 20 };

/* ---- what a path is ---- */

static bool is_file(const char *path)
{
    struct stat s;
    return !stat(path, &s) && S_ISREG(s.st_mode);
}

/* ---- what holds for all forms ---- */

static const char *node_text(const ad_graph_set *set, int64_t node, char number[24])
{
    snprintf(number, 24, "%lld", (long long)node);
    return set->node_names ? set->node_names[node] : number;
}

/* Whatever the form: all that is computed with is finite, and so are its squares. */
static ad_status check_values(const ad_graph_set *set, const char *path)
{
    char number[2][24];
    for (int64_t i = 0; i < set->nodes; ++i) {
        for (int32_t k = set->value_start[i]; k < set->value_start[i + 1]; ++k)
            if (!ad_graph_value_fits((double)set->value[k]))
                return ad_fail(set->ctx, AD_ERROR_FORMAT,
                               "%s: feature %d of node %.60s is %g, expected a number of at most "
                               "1e18",
                               path, (int)set->feature[k], node_text(set, i, number[0]),
                               (double)set->value[k]);
        for (int32_t e = set->edge_start[i]; set->weight && e < set->edge_start[i + 1]; ++e)
            if (!ad_graph_value_fits((double)set->weight[e]))
                return ad_fail(
                    set->ctx, AD_ERROR_FORMAT,
                    "%s: the weight of the edge from node %.60s to %.60s is %g, expected "
                    "a number of at most 1e18",
                    path, node_text(set, set->source[e], number[0]), node_text(set, i, number[1]),
                    (double)set->weight[e]);
    }
    return AD_OK;
}

/* ---- which reader ---- */

/* Names of files of a form, as people give them; false: the file is of another one. */
typedef bool file_name(const char *file, char name[256]);

static bool planetoid_name(const char *file, char name[256])
{
    size_t n = strlen(file);
    if (n < 11 || n - 10 >= 64 || strncmp(file, "ind.", 4) || !ad_ends_with(file, ".graph"))
        return false;
    snprintf(name, 256, "%.*s", (int)(n - 10), file + 4);
    return true;
}

static bool gml_name(const char *file, char name[256])
{
    if (file[0] == '.' || !ad_is_gml(file)) return false;
    snprintf(name, 256, "%.255s", file);
    return true;
}

/* The only one of the folder's files; "": there is none. Several are an error that lists them. */
static ad_status find_only(ad_context *ctx, const char *folder, file_name *of, char name[256])
{
    DIR *dir = opendir(folder);
    ad_text found;
    char one[256];
    int count = 0;
    *name = 0;
    ad_text_init(&found, ctx);
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        if (!of(e->d_name, one)) continue;
        memcpy(name, one, sizeof one);
        if (count < SHOWN_MOST) ad_text_format(&found, "%s%s", count ? ", " : "", name);
        ++count;
    }
    if (dir) closedir(dir);
    ad_status status = AD_OK;
    if (count > 1)
        status = ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: holds several sets; name one of %s%s", folder,
                         ad_text_get(&found), count > SHOWN_MOST ? ", ..." : "");
    ad_text_free(&found);
    return status;
}

/* nodes.csv, and beside it edges.csv or a GML file. */
static ad_status read_tables(ad_graph_set *set, const char *folder,
                             const ad_graph_set_options *options)
{
    char path[4096], gml[256] = "";
    snprintf(path, sizeof path, "%s/edges.csv", folder);
    ad_status status = is_file(path) ? AD_OK : find_only(set->ctx, folder, gml_name, gml);
    if (status) return status;
    snprintf(path, sizeof path, "%s/%s", folder, gml);
    status = ad_read_graph_csv(set, folder, *gml ? path : NULL, options);
    return status ? status : check_values(set, path);
}

/* Of a pipe the name says nothing. The other texts begin with a number. */
static bool begins_gml(const char *head)
{
    for (const char *at = head; (at = strstr(at, "graph")); at += 5)
        if (at[5 + strspn(at + 5, " \t\r\n")] == '[') return true;
    return false;
}

static ad_status read_file(ad_graph_set *set, const char *path, const ad_graph_set_options *options)
{
    char head[1024];
    size_t size = sizeof head - 1;
    ad_status status = ad_file_begin(set->ctx, path, head, &size);
    if (status) return status;
    head[size] = 0;
    bool zip = size > 4 && !memcmp(head, "PK\3\4", 4);
    status = zip || ad_ends_with(path, ".npz")     ? ad_read_graph_npz(set, path, options)
             : ad_is_gml(path) || begins_gml(head) ? ad_read_graph_gml(set, path, options)
                                                   : ad_read_graph_texts(set, path, options);
    return status ? status : check_values(set, path);
}

static ad_status read_folder(ad_graph_set *set, const char *folder,
                             const ad_graph_set_options *options)
{
    static const char *const forms[] = {"%s/%s.npz",    "%s/%s_plain.npz", "%s/%s.txt",
                                        "%s/%s.txt.xz", "%s/%s.gml",       "%s/%s"};
    char path[4096], name[256] = "", gml[256] = "";
    snprintf(path, sizeof path, "%s/nodes.csv", folder);
    if (!options->name && is_file(path)) return read_tables(set, folder, options);
    ad_status status = AD_OK;
    if (options->name)
        snprintf(name, sizeof name, "%s", options->name);
    else
        status = find_only(set->ctx, folder, planetoid_name, name);
    if (!status && !*name) status = find_only(set->ctx, folder, gml_name, gml);
    if (status) return status;
    if (*gml) {
        snprintf(path, sizeof path, "%s/%s", folder, gml);
        return read_file(set, path, options);
    }
    snprintf(path, sizeof path, "%s/ind.%s.graph", folder, name);
    if (*name && is_file(path)) {
        status = ad_read_planetoid(set, folder, name);
        return status ? status : check_values(set, path);
    }
    for (size_t i = 0; *name && i < sizeof forms / sizeof *forms; ++i) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(path, sizeof path, forms[i], folder, name);
#pragma GCC diagnostic pop
        if (is_file(path)) return read_file(set, path, options);
    }
    if (options->name)
        return ad_fail(set->ctx, AD_ERROR_NOT_FOUND,
                       "%s: no graphs called %s (ind.%s.graph, %s.npz, %s.txt, %s.gml)", folder,
                       name, name, name, name, name);
    return ad_fail(set->ctx, AD_ERROR_NOT_FOUND,
                   "%s: no graphs (ind.NAME.graph, nodes.csv and edges.csv, or a .gml file)",
                   folder);
}

/* ---- reading ---- */

static uint64_t fingerprint(const ad_graph_set *set)
{
    int64_t sizes[] = {set->nodes, set->graphs, set->edges, set->features, set->values};
    uint64_t h = ad_hash(AD_HASH_START, sizes, sizeof sizes);
    h = ad_hash(h, set->edge_start, (size_t)(set->nodes + 1) * 4);
    h = ad_hash(h, set->source, (size_t)set->edges * 4);
    h = ad_hash(h, set->value_start, (size_t)(set->nodes + 1) * 4);
    h = ad_hash(h, set->feature, (size_t)set->values * 4);
    h = ad_hash(h, set->value, (size_t)set->values * 4);
    h = ad_hash(h, set->labels, (size_t)set->items * 4);
    if (set->targets) h = ad_hash(h, set->targets, (size_t)(set->items * set->classes) * 4);
    if (set->weight) h = ad_hash(h, set->weight, (size_t)set->edges * 4);
    return ad_hash_mix(h);
}

static ad_status check_like(const ad_graph_set *set, const char *path, const ad_graph_set *like)
{
    if (set->features != like->features)
        return ad_fail(set->ctx, AD_ERROR_SHAPE, "%s: nodes have %lld features, expected %lld",
                       path, (long long)set->features, (long long)like->features);
    if (set->classes > like->classes)
        return ad_fail(set->ctx, AD_ERROR_SHAPE, "%s: has %d classes, expected %d", path,
                       set->classes, like->classes);
    return AD_OK;
}

ad_status ad_graph_set_read(ad_graph_set **out, ad_context *ctx, const char *path,
                            const ad_graph_set_options *options)
{
    struct stat s;
    ad_graph_set_options none = {0};
    if (!options) options = &none;
    *out = NULL;
    if (stat(path, &s)) return ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: there is no such file", path);
    ad_graph_set *set = ad_zalloc(ctx, sizeof *set);
    if (!set) return AD_ERROR_MEMORY;
    set->ctx = ctx;
    ad_status status = S_ISDIR(s.st_mode) ? read_folder(set, path, options)
                                          : read_file(set, path, options);
    if (!status && options->like) status = check_like(set, path, options->like);
    if (status) {
        ad_graph_set_free(set);
        return status;
    }
    set->fingerprint = fingerprint(set);
    *out = set;
    return AD_OK;
}
