/* recording.h - a graph to record into, and inputs by their shapes, for tests of builders. */
#ifndef AD_TESTS_RECORDING_H
#define AD_TESTS_RECORDING_H

#include "check.h"

#include <autodidact/ops.h>

static ad_context *ctx;
static ad_graph *g;

static inline void open_graph(void)
{
    ctx = ad_context_new(NULL);
    g = ad_graph_new(ctx);
}

/* Checks that nothing stays allocated. */
static inline void close_graph(void)
{
    ad_graph_free(g);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static inline ad_node *f32(const char *name, ad_shape shape)
{
    return ad_input(g, name, AD_F32, shape);
}
static inline ad_node *two(int64_t a, int64_t b)
{
    return f32("x", ad_shape(a, b));
}
static inline ad_node *image(int64_t h, int64_t w, int64_t c)
{
    return f32("x", ad_shape(1, h, w, c));
}
static inline ad_node *weight(int64_t k, int64_t in, int64_t out)
{
    return f32("w", ad_shape(k, k, in, out));
}
static inline ad_node *ints(const char *name, int64_t n)
{
    return ad_input(g, name, AD_I32, ad_shape(n));
}

#endif
