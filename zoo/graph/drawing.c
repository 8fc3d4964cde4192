/* drawing.c - the pictures of drawing.h. */
#include "zoo/graph/drawing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MOST = 5000, AROUND_MOST = 60, BINS = 30 };
static const double pi = 3.14159265358979323846;

/* ---- neighbourhood ---- */

static double mean_attention(const graph_look *l, int layer, int64_t edge)
{
    double sum = 0;
    for (int h = 0; h < l->heads[layer]; ++h)
        sum += (double)l->attention[layer][edge * l->heads[layer] + h];
    return sum / l->heads[layer];
}

static ad_colour colour_of(int label)
{
    return label < 0 ? AD_RGB(187, 187, 187) : AD_SERIES(label);
}

static void draw_node(ad_drawing *d, const ad_graph_set *set, double x, double y, double radius,
                      int64_t node)
{
    char name[160];
    int label = set->labels[node];
    if (set->node_names)
        snprintf(name, sizeof name, "%.60s: %.60s", set->node_names[node],
                 label < 0 ? "no label" : set->class_names[label]);
    else
        snprintf(name, sizeof name, "node %lld: %.60s", (long long)node,
                 label < 0 ? "no label" : set->class_names[label]);
    ad_draw_group(d, name);
    ad_draw_circle(d, x, y, radius,
                   (ad_pen){.fill = colour_of(label), .stroke = AD_PAPER, .width = 1.5});
    ad_draw_group_end(d);
}

static void draw_classes(ad_drawing *d, const ad_graph_set *set, double x, double y)
{
    for (int c = 0; c < set->classes && c < 24; ++c) {
        ad_draw_circle(d, x, y + 19 * c, 5, (ad_pen){.fill = colour_of(c)});
        ad_draw_text(d, x + 11, y + 4 + 19 * c, set->class_names[c],
                     (ad_letters){.colour = AD_QUIET, .most = 150});
    }
}

ad_status graph_draw_neighbourhood(ad_context *ctx, const graph_look *l, int layer, int64_t node,
                                   ad_drawing **out)
{
    const graph_pattern *e = &l->batch.edges;
    int64_t begin = e->row_start[node], all = e->row_start[node + 1] - begin;
    int64_t count = all < AROUND_MOST ? all : AROUND_MOST;
    double top = 0, middle_x = 280, middle_y = 300;
    char title[160];
    ad_status status = ad_drawing_new(out, ctx, 740, 580, "attention of a node to its neighbours");
    if (status) return status;
    for (int64_t k = 0; k < count; ++k) top = fmax(top, mean_attention(l, layer, begin + k));
    snprintf(title, sizeof title, "Node %lld, layer %d: attention %.3f at most, %.3f if uniform",
             (long long)node, layer + 1, top, 1.0 / (double)all);
    ad_draw_text(*out, 14, 24, title, (ad_letters){.size = 14, .bold = true});
    for (int pass = 0; pass < 2; ++pass) /* nodes lie on edges */
        for (int64_t k = 0; k < count; ++k) {
            double angle = 2 * pi * (double)k / (double)count;
            double x = middle_x + 225 * cos(angle), y = middle_y + 225 * sin(angle);
            double a = top > 0 ? mean_attention(l, layer, begin + k) / top : 0;
            int64_t other = e->column[begin + k];
            if (pass)
                draw_node(*out, l->set, x, y, other == node ? 11 : 8, other);
            else
                ad_draw_line(*out, middle_x, middle_y, x, y,
                             (ad_pen){.stroke = AD_QUIET, .width = 0.3 + 5.7 * a, .opacity = 0.6});
        }
    draw_node(*out, l->set, middle_x, middle_y, 13, node);
    draw_classes(*out, l->set, 560, 66);
    return AD_OK;
}

/* ---- entropy ---- */

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

/* values [2, nodes]: room. */
static ad_status draw_head(ad_context *ctx, ad_drawing *d, const graph_look *l, int layer, int head,
                           int place, double most, double *values)
{
    int64_t nodes = l->set->nodes;
    char title[48];
    for (int64_t i = 0; i < nodes; ++i) {
        values[i] = bits_of(l, layer, head, true, i);
        values[nodes + i] = bits_of(l, layer, head, false, i);
    }
    const ad_series series[] = {
        {AD_PLOT_HISTOGRAM, "even", .y = values, .count = nodes, .colour = AD_SERIES(4)},
        {AD_PLOT_HISTOGRAM, "learned", .y = values + nodes, .count = nodes,
         .colour = AD_SERIES(0)}};
    snprintf(title, sizeof title, "Layer %d, head %d", layer + 1, head + 1);
    int row = place / 4, column = place % 4;
    return ad_plot_draw(d, ctx, 14 + 196 * column, 58 + 158 * row, 188, 150,
                        &(ad_plot){.title = title,
                                   .x = {.from = 0, .to = most},
                                   .y = {.hidden = true},
                                   .series = series,
                                   .count = 2,
                                   .bins = BINS,
                                   .no_legend = true});
}

ad_status graph_draw_entropy(ad_context *ctx, const graph_look *l, ad_drawing **out)
{
    int heads = 0, place = 0;
    for (int i = 0; i < l->layers; ++i) heads += l->attention[i] ? l->heads[i] : 0;
    double *values = malloc((size_t)(2 * l->set->nodes + 1) * sizeof *values);
    *out = NULL;
    if (!values) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    int rows = (heads + 3) / 4;
    ad_status status = ad_drawing_new(out, ctx, 810, 64 + 158 * rows,
                                      "entropy of each node's attention, learned and uniform");
    ad_draw_text(*out, 14, 24, "Entropy of each node's attention, in bits",
                 (ad_letters){.size = 14, .bold = true});
    static const char *const names[] = {"learned", "even"};
    for (int i = 0; i < 2; ++i) {
        ad_draw_rect(*out, 16 + 80 * i, 36, 10, 10,
                     (ad_pen){.fill = AD_SERIES(4 * i), .opacity = 0.55});
        ad_draw_text(*out, 31 + 80 * i, 45, names[i], (ad_letters){.colour = AD_QUIET});
    }
    double most = most_bits(l);
    for (int layer = 0; layer < l->layers; ++layer)
        for (int head = 0; l->attention[layer] && head < l->heads[layer] && !status; ++head)
            status = draw_head(ctx, *out, l, layer, head, place++, most, values);
    free(values);
    return status;
}

/* ---- embedding ---- */

/* The places in order of class: `start` [classes + 2] says where each begins, what has no label in
 * front. */
static void sort_by_class(const graph_look *l, const float *y, int64_t count, int64_t step,
                          int64_t *start, double *place)
{
    int classes = l->set->classes;
    for (int64_t i = 0; i < count; ++i) ++start[l->set->labels[i * step] + 2];
    for (int c = 1; c < classes + 2; ++c) start[c] += start[c - 1];
    for (int64_t i = 0; i < count; ++i) {
        int64_t at = start[l->set->labels[i * step] + 1]++;
        place[at] = (double)y[2 * i], place[count + at] = -(double)y[2 * i + 1];
    }
    for (int c = classes + 1; c > 0; --c) start[c] = start[c - 1];
    start[0] = 0;
}

static ad_status plot_places(ad_context *ctx, const graph_look *l, const int64_t *start,
                             int64_t count, const double *place, ad_drawing **out)
{
    int classes = l->set->classes;
    ad_series *series = calloc((size_t)classes + 1, sizeof *series);
    if (!series) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    for (int c = 0; c <= classes; ++c)
        series[c] = (ad_series){AD_PLOT_POINTS,
                                c ? l->set->class_names[c - 1] : NULL,
                                place + start[c],
                                place + count + start[c],
                                .count = start[c + 1] - start[c],
                                .colour = colour_of(c - 1),
                                .size = 2.6};
    ad_plot plot = {.title = "The nodes by their embeddings in the last layer (t-SNE)",
                    .x = {.hidden = true},
                    .y = {.hidden = true},
                    .series = series,
                    .count = classes + 1,
                    .width = 680,
                    .height = 680,
                    .equal = true};
    ad_status status = ad_plot_new(out, ctx, &plot);
    free(series);
    return status;
}

ad_status graph_draw_embedding(ad_context *ctx, const graph_look *l, ad_drawing **out)
{
    int64_t step = (l->set->nodes + POINTS_MOST - 1) / POINTS_MOST;
    int64_t count = (l->set->nodes + step - 1) / step;
    float *x = calloc((size_t)(count * l->width) + 1, sizeof *x);
    float *y = malloc((size_t)(2 * count) * sizeof *y);
    double *place = malloc((size_t)(2 * count) * sizeof *place);
    int64_t *start = calloc((size_t)l->set->classes + 3, sizeof *start);
    bool whole = x && y && place && start;
    *out = NULL;
    ad_status status = whole ? AD_OK : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; !status && i < count; ++i)
        memcpy(x + i * l->width, l->embedding + i * step * l->width, (size_t)l->width * sizeof *x);
    if (!status) status = ad_tsne(ctx, x, count, l->width, y);
    if (!status) {
        sort_by_class(l, y, count, step, start, place);
        status = plot_places(ctx, l, start, count, place, out);
    }
    free(x), free(y), free(place), free(start);
    return status;
}
