/* graph_set_read.c - which reader a path asks for, and what holds for all that they read. */
#include "data/graphs/graph_set.h"

#include "base/hash.h"
#include "base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what a path is ---- */

static bool is_file(const char *path)
{
    struct stat s;
    return !stat(path, &s) && S_ISREG(s.st_mode);
}

static bool ends(const char *path, const char *ending)
{
    size_t n = strlen(path), e = strlen(ending);
    return n >= e && !strcmp(path + n - e, ending);
}

/* The only NAME of the folder's ind.NAME.graph; several are an error that lists them. */
static ad_status find_planetoid(ad_context *ctx, const char *folder, char name[64])
{
    DIR *dir = opendir(folder);
    ad_text found;
    int count = 0;
    ad_text_init(&found, ctx);
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        size_t n = strlen(e->d_name);
        if (n < 11 || n - 10 >= 64 || strncmp(e->d_name, "ind.", 4) || !ends(e->d_name, ".graph"))
            continue;
        snprintf(name, 64, "%.*s", (int)(n - 10), e->d_name + 4);
        ad_text_format(&found, "%s%s", count++ ? ", " : "", name);
    }
    if (dir) closedir(dir);
    ad_status status = AD_OK;
    if (count > 1)
        status = ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: holds several sets; name one of %s", folder,
                         ad_text_get(&found));
    if (!count) name[0] = 0;
    ad_text_free(&found);
    return status;
}

static ad_status read_file(ad_graph_set *set, const char *path, const ad_graph_set_options *options)
{
    if (ends(path, ".npz")) return ad_read_graph_npz(set, path, options);
    return ad_read_graph_texts(set, path, options);
}

static ad_status read_folder(ad_graph_set *set, const char *folder,
                             const ad_graph_set_options *options)
{
    static const char *const forms[] = {"%s/%s.npz", "%s/%s_plain.npz", "%s/%s.txt",
                                        "%s/%s.txt.xz"};
    char path[4096], name[64] = "";
    snprintf(path, sizeof path, "%s/nodes.csv", folder);
    if (!options->name && is_file(path)) return ad_read_graph_csv(set, folder, options);
    ad_status status = AD_OK;
    if (options->name)
        snprintf(name, sizeof name, "%s", options->name);
    else
        status = find_planetoid(set->ctx, folder, name);
    if (status) return status;
    snprintf(path, sizeof path, "%s/ind.%s.graph", folder, name);
    if (*name && is_file(path)) return ad_read_planetoid(set, folder, name);
    for (size_t i = 0; *name && i < sizeof forms / sizeof *forms; ++i) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(path, sizeof path, forms[i], folder, name);
#pragma GCC diagnostic pop
        if (is_file(path)) return read_file(set, path, options);
    }
    if (options->name)
        return ad_fail(set->ctx, AD_ERROR_NOT_FOUND,
                       "%s: no graphs called %s (ind.%s.graph, %s.npz, %s.txt)", folder, name, name,
                       name, name);
    return ad_fail(set->ctx, AD_ERROR_NOT_FOUND,
                   "%s: no graphs (ind.NAME.graph, or nodes.csv and edges.csv)", folder);
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
