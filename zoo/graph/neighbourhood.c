/* neighbourhood.c - the picture of what one node looks at. */
#include "zoo/graph/drawing.h"

#include <math.h>
#include <stdio.h>

enum { CLASSES_MOST = 20 };
static const double pi = 3.14159265358979323846;

/* A node in the middle, and those that it looks at in the order of attention. */
typedef struct neighbourhood {
    const graph_look *look;
    ad_drawing *d;
    int layer;
    int64_t node, all; /* neighbours, of which the first `count` are drawn */
    int count;
    int64_t other[GRAPH_AROUND];
    double weight[GRAPH_AROUND]; /* attention, the mean over heads */
    double own, least, top;      /* of the node itself; of all that are drawn */
} neighbourhood;

static const double middle_x = 330, middle_y = 345, around = 205, legend_x = 668;

static double mean_attention(const graph_look *l, int layer, int64_t edge)
{
    double sum = 0;
    for (int h = 0; h < l->heads[layer]; ++h)
        sum += (double)l->attention[layer][edge * l->heads[layer] + h];
    return sum / l->heads[layer];
}

/* Keeps the neighbours with the most attention, falling. */
static void keep(neighbourhood *n, int64_t other, double weight)
{
    int at = n->count;
    if (at == GRAPH_AROUND && weight <= n->weight[at - 1]) return;
    if (at < GRAPH_AROUND) ++n->count;
    for (at = n->count - 1; at > 0 && n->weight[at - 1] < weight; --at)
        n->weight[at] = n->weight[at - 1], n->other[at] = n->other[at - 1];
    n->weight[at] = weight, n->other[at] = other;
}

static void find_neighbours(neighbourhood *n)
{
    const graph_pattern *e = &n->look->batch.edges;
    for (int64_t k = e->row_start[n->node]; k < e->row_start[n->node + 1]; ++k) {
        double weight = mean_attention(n->look, n->layer, k);
        if (e->column[k] == n->node) {
            n->own = weight;
            continue;
        }
        ++n->all;
        keep(n, e->column[k], weight);
    }
    n->top = n->own, n->least = n->own;
    for (int k = 0; k < n->count; ++k)
        n->top = fmax(n->top, n->weight[k]), n->least = fmin(n->least, n->weight[k]);
}

static const char *name_of(const ad_graph_set *set, int64_t node, char text[64])
{
    if (set->node_names) return set->node_names[node];
    snprintf(text, 64, "%lld", (long long)node);
    return text;
}

static const char *class_of(const ad_graph_set *set, int64_t node)
{
    return set->labels[node] < 0 ? "no label" : set->class_names[set->labels[node]];
}

static double width_of(const neighbourhood *n, double weight)
{
    return 0.4 + 5 * (n->top > 0 ? weight / n->top : 0);
}

static void draw_node(const neighbourhood *n, double x, double y, double radius, int64_t node)
{
    char name[256], number[64];
    const ad_graph_set *set = n->look->set;
    snprintf(name, sizeof name, "%.100s: %.100s", name_of(set, node, number), class_of(set, node));
    ad_draw_group(n->d, name);
    ad_draw_circle(
        n->d, x, y, radius,
        (ad_pen){.fill = graph_class_colour(set->labels[node]), .stroke = AD_PAPER, .width = 1.5});
    ad_draw_group_end(n->d);
}

/* The neighbours in a circle, from the top clockwise; nodes lie on edges, names beside nodes. */
static void draw_around(const neighbourhood *n)
{
    char number[64];
    for (int pass = 0; pass < 2; ++pass)
        for (int k = 0; k < n->count; ++k) {
            double angle = 2 * pi * k / n->count - pi / 2, c = cos(angle), s = sin(angle);
            double x = middle_x + around * c, y = middle_y + around * s;
            if (!pass) {
                ad_draw_line(n->d, middle_x, middle_y, x, y,
                             (ad_pen){.stroke = AD_QUIET,
                                      .width = width_of(n, n->weight[k]),
                                      .opacity = 0.55});
                continue;
            }
            draw_node(n, x, y, 9, n->other[k]);
            bool aside = fabs(c) > 0.25;
            ad_draw_text(n->d, x + (aside ? copysign(14, c) : 0),
                         y + 4 + (aside ? 6 * s : copysign(17, s)),
                         name_of(n->look->set, n->other[k], number),
                         (ad_letters){.size = 11,
                                      .anchor = !aside  ? AD_ANCHOR_MIDDLE
                                                : c > 0 ? AD_ANCHOR_START
                                                        : AD_ANCHOR_END,
                                      .most = aside ? 104 : 60});
        }
}

/* The node itself: its attention to itself is a ring. */
static void draw_middle(const neighbourhood *n)
{
    char number[64];
    const char *name = name_of(n->look->set, n->node, number);
    double half = fmin(ad_text_width(name, 12, true), 150) / 2 + 4;
    ad_draw_circle(n->d, middle_x, middle_y, 28, (ad_pen){.fill = AD_PAPER});
    if (n->own > 0)
        ad_draw_circle(n->d, middle_x, middle_y, 22,
                       (ad_pen){.stroke = AD_QUIET, .width = width_of(n, n->own), .opacity = 0.55});
    draw_node(n, middle_x, middle_y, 14, n->node);
    ad_draw_rect(n->d, middle_x - half, middle_y + 29, 2 * half, 17, (ad_pen){.fill = AD_PAPER});
    ad_draw_text(n->d, middle_x, middle_y + 42, name,
                 (ad_letters){.bold = true, .anchor = AD_ANCHOR_MIDDLE, .most = 150});
}

static double legend_title(const neighbourhood *n, double y, const char *text)
{
    ad_draw_text(n->d, legend_x, y, text, (ad_letters){.bold = true});
    return y + 21;
}

/* The classes that are to be seen. */
static double draw_classes(const neighbourhood *n, double y)
{
    const ad_graph_set *set = n->look->set;
    int rows = 0;
    y = legend_title(n, y, "Class");
    for (int c = -1; c < set->classes && rows < CLASSES_MOST; ++c) {
        bool seen = set->labels[n->node] == c;
        for (int k = 0; k < n->count; ++k) seen |= set->labels[n->other[k]] == c;
        if (!seen) continue;
        ad_draw_circle(n->d, legend_x + 6, y - 4, 6, (ad_pen){.fill = graph_class_colour(c)});
        ad_draw_text(n->d, legend_x + 19, y, c < 0 ? "no label" : set->class_names[c],
                     (ad_letters){.colour = AD_QUIET, .most = 140});
        y += 19, ++rows;
    }
    return y + 14;
}

static void draw_widths(const neighbourhood *n, double y)
{
    const double shown[] = {n->top, n->least};
    char text[32];
    y = legend_title(n, y, "Attention");
    for (int i = 0; i < (n->least < n->top ? 2 : 1); ++i) {
        ad_draw_line(n->d, legend_x + 4, y - 4, legend_x + 32, y - 4,
                     (ad_pen){.stroke = AD_QUIET, .width = width_of(n, shown[i]), .opacity = 0.55});
        snprintf(text, sizeof text, "%.3g%s", shown[i], i ? ", the least" : ", the most");
        ad_draw_text(n->d, legend_x + 44, y, text, (ad_letters){.colour = AD_QUIET});
        y += 19;
    }
    snprintf(text, sizeof text, "%.3g each if uniform", 1 / (double)(n->all + (n->own > 0)));
    ad_draw_text(n->d, legend_x, y + 2, text, (ad_letters){.colour = AD_QUIET});
    if (n->own > 0)
        ad_draw_text(n->d, legend_x, y + 21, "ring: to the node itself",
                     (ad_letters){.colour = AD_QUIET});
}

static void draw_title(const neighbourhood *n)
{
    char text[320], number[64];
    int heads = n->look->heads[n->layer];
    snprintf(text, sizeof text, "What node %.80s looks at in layer %d",
             name_of(n->look->set, n->node, number), n->layer + 1);
    ad_draw_text(n->d, 16, 28, text, (ad_letters){.size = 16, .bold = true, .most = 800});
    int used = n->all == n->count ? snprintf(text, sizeof text, "%d neighbour%s", n->count,
                                             n->count == 1 ? "" : "s")
                                  : snprintf(text, sizeof text,
                                             "the %d of its %lld neighbours with most attention",
                                             n->count, (long long)n->all);
    snprintf(text + used, sizeof text - (size_t)used,
             heads > 1 ? "; lines as wide as attention, the mean of %d heads"
                       : "; lines as wide as attention",
             heads);
    ad_draw_text(n->d, 16, 48, text, (ad_letters){.colour = AD_QUIET});
}

ad_status graph_draw_neighbourhood(ad_context *ctx, const graph_look *l, int layer, int64_t node,
                                   ad_drawing **out)
{
    neighbourhood n = {.look = l, .layer = layer, .node = node};
    ad_status status = ad_drawing_new(out, ctx, 850, 630, "attention of a node to its neighbours");
    if (status) return status;
    n.d = *out;
    find_neighbours(&n);
    draw_title(&n);
    draw_around(&n);
    draw_middle(&n);
    draw_widths(&n, draw_classes(&n, 96));
    return AD_OK;
}
