/* embedding.c - the picture of the nodes by what the last layer reads. */
#include "zoo/graph/drawing.h"

#include <stdlib.h>
#include <string.h>

enum { POINTS_MOST = 5000 };

ad_colour graph_class_colour(int label)
{
    return label < 0 ? AD_RGB(187, 187, 187) : AD_SERIES(label);
}

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
                                c                     ? l->set->class_names[c - 1]
                                : start[1] > start[0] ? "no label"
                                                      : NULL,
                                place + start[c],
                                place + count + start[c],
                                .count = start[c + 1] - start[c],
                                .colour = graph_class_colour(c - 1),
                                .size = count < 200 ? 5 : 2.6};
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
