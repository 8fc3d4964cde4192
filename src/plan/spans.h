/* spans.h - parts of variables, each with an owner, found by what they overlap. */
#ifndef AD_PLAN_SPANS_H
#define AD_PLAN_SPANS_H

#include "base/arena.h"
#include "graph/node.h"

typedef struct ad_span {
    const ad_storage *storage;
    int64_t begin, end; /* bytes in it */
    int owner;          /* whatever the spans are listed for: a node, a group, a kernel */
} ad_span;

typedef struct ad_spans {
    ad_span *span;
    int n, capacity;
    int64_t *furthest; /* a tree over the sorted spans: the greatest end below each of its nodes */
    int leaves;
} ad_spans;

/* A whole variable. */
ad_span ad_span_of(const ad_variable *variable, int owner);
/* Empty spans are left out: they overlap nothing. False: memory was refused. */
bool ad_spans_add(ad_spans *spans, ad_arena *arena, ad_span span);
/* Sorts them, once they are all there; only then can they be looked through. */
bool ad_spans_index(ad_spans *spans, ad_arena *arena);
/* The first span behind number `after` (-1: of all) that overlaps `part`, or -1: in logarithmic
 * time. Those of one storage come by where they begin, then by owner. */
int ad_spans_next(const ad_spans *spans, const ad_span *part, int after);

#endif
