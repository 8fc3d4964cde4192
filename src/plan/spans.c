/* spans.c - parts of variables, sorted by where they begin, under a tree of how far they reach.
 *
 * What overlaps [begin, end) is among the spans that begin before `end`, which are neighbours; the
 * tree (a binary heap of maxima) leads to the next of them that ends behind `begin`. Optimizers
 * assign thousands of parts of one block, each of which a few kernels read, so that a walk over all
 * pairs would be what planning spends its time with. */
#include "plan/spans.h"

#include <stdlib.h>
#include <string.h>

ad_span ad_span_of(const ad_variable *variable, int owner)
{
    int64_t bytes = ad_shape_count(variable->shape) * (int64_t)ad_dtype_size(variable->dtype);
    int64_t begin = (int64_t)variable->offset;
    return (ad_span){variable->storage, begin, begin + bytes, owner};
}

bool ad_spans_add(ad_spans *spans, ad_arena *arena, ad_span span)
{
    if (span.begin >= span.end) return true;
    if (spans->n == spans->capacity) {
        int capacity = 2 * spans->capacity + 64;
        ad_span *grown = ad_arena_alloc(arena, (size_t)capacity * sizeof *grown);
        if (!grown) return false;
        if (spans->n) memcpy(grown, spans->span, (size_t)spans->n * sizeof *grown);
        spans->span = grown, spans->capacity = capacity;
    }
    spans->span[spans->n++] = span;
    return true;
}

static int by_begin(const void *a, const void *b)
{
    const ad_span *x = a, *y = b;
    uintptr_t first = (uintptr_t)x->storage, second = (uintptr_t)y->storage;
    if (first != second) return first < second ? -1 : 1;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->owner > y->owner) - (x->owner < y->owner);
}

bool ad_spans_index(ad_spans *spans, ad_arena *arena)
{
    spans->leaves = 1;
    while (spans->leaves < spans->n) spans->leaves *= 2;
    spans->furthest = ad_arena_alloc(arena, 2 * (size_t)spans->leaves * sizeof(int64_t));
    if (!spans->furthest) return false;
    if (spans->n) qsort(spans->span, (size_t)spans->n, sizeof *spans->span, by_begin);
    for (int i = 0; i < spans->n; ++i) spans->furthest[spans->leaves + i] = spans->span[i].end;
    for (int node = spans->leaves - 1; node > 0; --node) {
        const int64_t *below = &spans->furthest[2 * node];
        spans->furthest[node] = below[0] > below[1] ? below[0] : below[1];
    }
    return true;
}

/* How many spans are of storages before that of `part`, or of its own and begin before `begin`. */
static int count_before(const ad_spans *spans, const ad_span *part, int64_t begin)
{
    ad_span bound = {part->storage, begin, begin, INT32_MIN};
    int low = 0, high = spans->n;
    while (low < high) {
        int middle = (low + high) / 2;
        if (by_begin(&spans->span[middle], &bound) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first span from number `from` on that ends behind `begin`, or `n`. */
static int next_beyond(const ad_spans *spans, int from, int64_t begin)
{
    int node = spans->leaves + from;
    while (spans->furthest[node] <= begin) {
        while (node & 1) node /= 2; /* nothing more to the right of it below its parent */
        if (!node++) return spans->n;
    }
    while (node < spans->leaves) {
        node *= 2;
        node += spans->furthest[node] <= begin;
    }
    return node - spans->leaves;
}

int ad_spans_next(const ad_spans *spans, const ad_span *part, int after)
{
    int first = count_before(spans, part, INT64_MIN), end = count_before(spans, part, part->end);
    int from = after < first ? first : after + 1;
    if (part->begin >= part->end || from >= end) return -1;
    int found = next_beyond(spans, from, part->begin);
    return found < end ? found : -1;
}
