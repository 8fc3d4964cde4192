/* gml.h - the Graph Modelling Language (Himsolt 1997): from text to nodes and edges with what
 * stands in them. What of that is a class or a weight is graph_gml.c's matter. */
#ifndef AD_DATA_GRAPHS_GML_H
#define AD_DATA_GRAPHS_GML_H

#include "base/arena.h"
#include "base/name_table.h"

/* A key and its value; lists within a node or an edge are passed over. */
typedef struct ad_gml_value {
    const char *text; /* numbers as they are written, strings in UTF-8 */
    int32_t key;      /* in the document's table */
    bool quoted;
    struct ad_gml_value *next; /* of the same node or edge */
} ad_gml_value;

typedef struct ad_gml_item {
    ad_gml_value *values; /* in their order */
    int64_t line;
} ad_gml_item;

typedef struct ad_gml {
    ad_context *ctx;
    const char *path; /* for errors */
    ad_arena arena;
    ad_name_table keys; /* of nodes and of edges, in small letters */
    ad_gml_item *node, *edge;
    int64_t nodes, edges, node_room, edge_room;
    bool directed;
} ad_gml;

/* Close it in any case. Errors name the file and the line. The path must outlive it. */
ad_status ad_gml_open(ad_gml *gml, ad_context *ctx, const char *path);
void ad_gml_close(ad_gml *gml);
/* The first value under that key, or NULL. */
const ad_gml_value *ad_gml_find(const ad_gml *gml, const ad_gml_item *item, const char *key);
ad_status ad_gml_fail(const ad_gml *gml, int64_t line, const char *format, ...) AD_PRINTF(3, 4);

#endif
