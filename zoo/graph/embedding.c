/* embedding.c - the picture of the nodes by what the last layer reads. */
#include "zoo/graph/drawing.h"

#include <stdlib.h>
#include <string.h>

enum { POINTS_MOST = 5000, NAMED_MOST = 60 };

ad_colour graph_class_colour(int label)
{
    return label < 0 ? AD_RGB(187, 187, 187) : AD_SERIES(label);
}

/* Places in the plane, and where their nodes are called so, names. */
typedef struct places {
    const graph_look *look;
    int64_t count, step; /* each step-th node has one */
    int64_t *start;      /* [classes + 2]: where each class begins, what has no label in front */
    double *x, *y;       /* [count], in order of class */
    const char **name;   /* [count], or NULL */
} places;

static int label_of(const places *p, int64_t i)
{
    return p->look->set->labels[i * p->step];
}

static void sort_by_class(places *p, const float *y)
{
    const ad_graph_set *set = p->look->set;
    int64_t *start = p->start;
    for (int64_t i = 0; i < p->count; ++i) ++start[label_of(p, i) + 2];
    for (int c = 1; c < set->classes + 2; ++c) start[c] += start[c - 1];
    for (int64_t i = 0; i < p->count; ++i) {
        int64_t at = start[label_of(p, i) + 1]++;
        p->x[at] = (double)y[2 * i], p->y[at] = -(double)y[2 * i + 1];
        if (p->name) p->name[at] = set->node_names[i * p->step];
    }
    for (int c = set->classes + 1; c > 0; --c) start[c] = start[c - 1];
    start[0] = 0;
}

static ad_status plot_places(ad_context *ctx, const places *p, ad_drawing **out)
{
    const ad_graph_set *set = p->look->set;
    ad_series *series = calloc((size_t)set->classes + 1, sizeof *series);
    if (!series) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    for (int c = 0; c <= set->classes; ++c) {
        int64_t at = p->start[c], count = p->start[c + 1] - at;
        series[c] = (ad_series){AD_PLOT_POINTS,
                                c       ? set->class_names[c - 1]
                                : count ? "no label"
                                        : NULL,
                                p->x + at,
                                p->y + at,
                                .count = count,
                                .colour = graph_class_colour(c - 1),
                                .size = p->count < 200 ? 5 : 2.6,
                                .names = p->name ? p->name + at : NULL};
    }
    ad_plot plot = {.title = "The nodes by their embeddings in the last layer (t-SNE)",
                    .x = {.hidden = true},
                    .y = {.hidden = true},
                    .series = series,
                    .count = set->classes + 1,
                    .width = 680,
                    .height = 680,
                    .equal = true};
    ad_status status = ad_plot_new(out, ctx, &plot);
    free(series);
    return status;
}

static ad_status find_places(ad_context *ctx, places *p, float *x, float *y)
{
    const graph_look *l = p->look;
    for (int64_t i = 0; i < p->count; ++i)
        memcpy(x + i * l->width, l->embedding + i * p->step * l->width,
               (size_t)l->width * sizeof *x);
    ad_status status = ad_tsne(ctx, x, p->count, l->width, y);
    if (!status) sort_by_class(p, y);
    return status;
}

ad_status graph_draw_embedding(ad_context *ctx, const graph_look *l, ad_drawing **out)
{
    const ad_graph_set *set = l->set;
    int64_t step = (set->nodes + POINTS_MOST - 1) / POINTS_MOST;
    places p = {.look = l, .step = step, .count = (set->nodes + step - 1) / step};
    size_t count = (size_t)p.count;
    bool named = set->node_names && p.count <= NAMED_MOST;
    float *x = calloc(count * (size_t)l->width + 1, sizeof *x), *y = malloc(2 * count * sizeof *y);
    p.x = malloc(count * sizeof *p.x), p.y = malloc(count * sizeof *p.y);
    p.start = calloc((size_t)set->classes + 3, sizeof *p.start);
    if (named) p.name = calloc(count, sizeof *p.name);
    bool whole = x && y && p.x && p.y && p.start && (p.name || !named);
    *out = NULL;
    ad_status status = whole ? find_places(ctx, &p, x, y)
                             : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) status = plot_places(ctx, &p, out);
    free(x), free(y), free(p.x), free(p.y), free(p.start), free(p.name);
    return status;
}
