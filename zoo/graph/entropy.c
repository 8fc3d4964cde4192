/* entropy.c - the picture of how attention is spread: histograms of its entropy. */
#include "zoo/graph/drawing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 30, ACROSS = 4 };

static double bits_of(const graph_look *l, int layer, int head, bool even, int64_t node)
{
    const graph_pattern *e = &l->batch.edges;
    int64_t begin = e->row_start[node], end = e->row_start[node + 1];
    double bits = 0;
    for (int64_t k = begin; k < end; ++k) {
        double a = even ? 1.0 / (double)(end - begin)
                        : (double)l->attention[layer][k * l->heads[layer] + head];
        if (a > 0) bits -= a * log2(a);
    }
    return bits;
}

static double most_bits(const graph_look *l)
{
    double most = 1;
    for (int64_t i = 0; i < l->set->nodes; ++i) {
        const int32_t *start = l->batch.edges.row_start + i;
        if (start[1] > start[0]) most = fmax(most, log2((double)(start[1] - start[0])));
    }
    return most;
}

/* Entropies of one head, learned and uniform. */
typedef struct entropies {
    double *value;            /* [nodes], learned */
    double edge[BINS + 1];    /* of bins, from 0 to the greatest entropy there can be */
    double uniform[BINS + 1]; /* nodes in each bin; the last is the end of the line */
    double mean, mean_uniform;
} entropies;

static void measure(entropies *e, const graph_look *l, int layer, int head, double most)
{
    int64_t nodes = l->set->nodes;
    memset(e->uniform, 0, sizeof e->uniform);
    e->mean = e->mean_uniform = 0;
    for (int b = 0; b <= BINS; ++b) e->edge[b] = most * b / BINS;
    for (int64_t i = 0; i < nodes; ++i) {
        double even = bits_of(l, layer, head, true, i);
        int bin = (int)(even / most * BINS);
        e->value[i] = bits_of(l, layer, head, false, i);
        e->mean += e->value[i] / (double)nodes, e->mean_uniform += even / (double)nodes;
        ++e->uniform[bin < BINS ? bin : BINS - 1];
    }
}

static ad_status draw_head(ad_context *ctx, ad_drawing *d, const graph_look *l, int layer, int head,
                           int place, double most, entropies *e)
{
    char title[64], means[64];
    measure(e, l, layer, head, most);
    const ad_series series[] = {{AD_PLOT_HISTOGRAM, "learned", .y = e->value,
                                 .count = l->set->nodes, .colour = AD_SERIES(0)},
                                {AD_PLOT_STEPS, "uniform", .x = e->edge, .y = e->uniform,
                                 .count = BINS + 1, .colour = AD_SERIES(1), .size = 1.6}};
    snprintf(title, sizeof title, "Layer %d, head %d", layer + 1, head + 1);
    snprintf(means, sizeof means, "bits; mean %.2f, uniform %.2f", e->mean, e->mean_uniform);
    int row = place / ACROSS, column = place % ACROSS;
    return ad_plot_draw(d, ctx, 14 + 232 * column, 72 + 198 * row, 224, 190,
                        &(ad_plot){.title = title,
                                   .x = {.label = means, .from = 0, .to = most},
                                   .y = {.label = column ? NULL : "nodes"},
                                   .series = series,
                                   .count = 2,
                                   .bins = BINS,
                                   .no_legend = true});
}

static void draw_entropy_title(ad_drawing *d)
{
    ad_draw_text(d, 16, 28, "Entropy of each node's attention",
                 (ad_letters){.size = 16, .bold = true});
    ad_draw_rect(d, 16, 42, 12, 12, (ad_pen){.fill = AD_SERIES(0), .opacity = 0.9});
    ad_draw_text(d, 34, 52, "learned", (ad_letters){.colour = AD_QUIET});
    ad_draw_line(d, 100, 48, 118, 48, (ad_pen){.stroke = AD_SERIES(1), .width = 2.2});
    ad_draw_text(d, 124, 52, "if all neighbours had the same attention (the most there can be)",
                 (ad_letters){.colour = AD_QUIET});
}

ad_status graph_draw_entropy(ad_context *ctx, const graph_look *l, ad_drawing **out)
{
    int heads = 0, place = 0;
    for (int i = 0; i < l->layers; ++i) heads += l->attention[i] ? l->heads[i] : 0;
    entropies e = {.value = malloc((size_t)(l->set->nodes + 1) * sizeof *e.value)};
    *out = NULL;
    if (!e.value) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    int rows = (heads + ACROSS - 1) / ACROSS, columns = heads < ACROSS ? heads : ACROSS;
    ad_status status = ad_drawing_new(out, ctx, fmax(520, 22 + 232 * columns), 78 + 198 * rows,
                                      "entropy of each node's attention, learned and uniform");
    draw_entropy_title(*out);
    double most = most_bits(l);
    for (int layer = 0; layer < l->layers; ++layer)
        for (int head = 0; l->attention[layer] && head < l->heads[layer] && !status; ++head)
            status = draw_head(ctx, *out, l, layer, head, place++, most, &e);
    free(e.value);
    return status;
}
