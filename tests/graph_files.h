/* graph_files.h - sets of graphs that a test wrote into its folder: read, or refused. */
#ifndef AD_TESTS_GRAPH_FILES_H
#define AD_TESTS_GRAPH_FILES_H

#include "case.h"

#include <autodidact/graph_data.h>

static inline ad_graph_set *read_set(const char *path, const char *name)
{
    ad_graph_set *set = NULL;
    ad_error_clear(ctx);
    if (ad_graph_set_read(&set, ctx, path, &(ad_graph_set_options){.name = name}))
        CHECK_FAIL("%s", ad_error(ctx));
    return set;
}

/* Reading ends in an error that names the file and says the sentence. */
static inline void refuses(const char *path, const char *name, const char *file,
                           const char *sentence)
{
    ad_graph_set *set = NULL;
    ad_error_clear(ctx);
    CHECK(ad_graph_set_read(&set, ctx, path, &(ad_graph_set_options){.name = name}) != AD_OK);
    CHECK(!set);
    CHECK_CONTAINS(ad_error(ctx), file);
    CHECK_CONTAINS(ad_error(ctx), sentence);
}

#endif
