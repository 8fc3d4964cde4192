/* drawing.c - the pictures of drawing.h. */
#include "zoo/graph/drawing.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MOST = 5000, AROUND_MOST = 60, BINS = 30 };
static const double pi = 3.14159265358979323846;

/* ---- text ---- */

void graph_svg_add(graph_svg *s, const char *format, ...)
{
    char piece[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    if (n < 0 || (s->capacity && !s->text)) return;
    if ((size_t)n >= sizeof piece) n = (int)sizeof piece - 1;
    if (s->length + (size_t)n + 1 > s->capacity) {
        size_t capacity = 2 * (s->length + (size_t)n + 1024);
        char *grown = realloc(s->text, capacity);
        if (!grown) free(s->text);
        s->text = grown, s->capacity = capacity;
        if (!grown) return;
    }
    memcpy(s->text + s->length, piece, (size_t)n + 1);
    s->length += (size_t)n;
}

void graph_svg_escaped(graph_svg *s, const char *text)
{
    for (; *text; ++text) {
        if (*text == '<')
            graph_svg_add(s, "&lt;");
        else if (*text == '>')
            graph_svg_add(s, "&gt;");
        else if (*text == '&')
            graph_svg_add(s, "&amp;");
        else
            graph_svg_add(s, "%c", (unsigned char)*text < ' ' ? '?' : *text);
    }
}

void graph_svg_begin(graph_svg *s, int width, int height, const char *title)
{
    graph_svg_add(s,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                  "height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n"
                  "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
                  "<text x=\"12\" y=\"20\" font-size=\"14\" fill=\"#222\">",
                  width, height, width, height, width, height);
    graph_svg_escaped(s, title);
    graph_svg_add(s, "</text>\n");
}

void graph_svg_end(graph_svg *s)
{
    graph_svg_add(s, "</svg>\n");
}

const char *graph_colour(int which)
{
    static const char *const colours[] = {"#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee",
                                          "#aa3377", "#bbbbbb", "#ee7733", "#009988", "#332288"};
    return which < 0 ? "#dddddd" : colours[which % 10];
}

static void dot(graph_svg *s, double x, double y, double r, int label)
{
    graph_svg_add(s, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"/>\n", x, y, r,
                  graph_colour(label));
}

static void legend(graph_svg *s, const ad_graph_set *set, int x, int y)
{
    for (int c = 0; c < set->classes && c < 20; ++c) {
        dot(s, x, y + 18 * c, 5, c);
        graph_svg_add(s, "<text x=\"%d\" y=\"%d\" fill=\"#222\">", x + 10, y + 4 + 18 * c);
        graph_svg_escaped(s, set->class_names[c]);
        graph_svg_add(s, "</text>\n");
    }
}

/* ---- neighbourhood ---- */

static double mean_attention(const graph_look *l, int layer, int64_t edge)
{
    double sum = 0;
    for (int h = 0; h < l->heads[layer]; ++h)
        sum += (double)l->attention[layer][edge * l->heads[layer] + h];
    return sum / l->heads[layer];
}

void graph_draw_neighbourhood(graph_svg *s, const graph_look *l, int layer, int64_t node)
{
    const graph_pattern *e = &l->batch->edges;
    int64_t begin = e->row_start[node], end = e->row_start[node + 1], count = end - begin;
    double top = 0, centre = 280;
    char title[128];
    if (count > AROUND_MOST) end = begin + AROUND_MOST, count = AROUND_MOST;
    for (int64_t k = begin; k < end; ++k) top = fmax(top, mean_attention(l, layer, k));
    snprintf(title, sizeof title, "node %lld, layer %d: attention %.3f at most, %.3f if even",
             (long long)node, layer + 1, top, 1.0 / (double)(e->row_start[node + 1] - begin));
    graph_svg_begin(s, 700, 560, title);
    for (int64_t k = begin, i = 0; k < end; ++k, ++i) {
        double angle = 2 * pi * (double)i / (double)count, a = mean_attention(l, layer, k);
        double x = centre + 220 * cos(angle), y = centre + 10 + 220 * sin(angle);
        graph_svg_add(s,
                      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#777\" "
                      "stroke-width=\"%.2f\"/>\n",
                      centre, centre + 10, x, y, top > 0 ? 0.3 + 5.7 * a / top : 0.3);
        dot(s, x, y, e->column[k] == node ? 10 : 7, l->set->labels[e->column[k]]);
    }
    dot(s, centre, centre + 10, 12, l->set->labels[node]);
    legend(s, l->set, 570, 60);
    graph_svg_end(s);
}

/* ---- entropy ---- */

typedef struct histogram {
    double share[BINS], most; /* of nodes; the axis ends at `most` bits */
} histogram;

static void count_entropy(const graph_look *l, int layer, int head, bool even, histogram *h)
{
    const graph_pattern *e = &l->batch->edges;
    for (int64_t i = 0; i < l->set->nodes; ++i) {
        double bits = 0;
        int64_t begin = e->row_start[i], end = e->row_start[i + 1];
        for (int64_t k = begin; k < end; ++k) {
            double a = even ? 1.0 / (double)(end - begin)
                            : (double)l->attention[layer][k * l->heads[layer] + head];
            if (a > 0) bits -= a * log2(a);
        }
        int bin = h->most > 0 ? (int)(bits / h->most * BINS) : 0;
        h->share[bin < 0 ? 0 : bin < BINS ? bin : BINS - 1] += 1.0 / (double)l->set->nodes;
    }
}

static double most_bits(const graph_look *l)
{
    double most = 1;
    for (int64_t i = 0; i < l->set->nodes; ++i) {
        const int32_t *start = l->batch->edges.row_start + i;
        if (start[1] > start[0]) most = fmax(most, log2((double)(start[1] - start[0])));
    }
    return most * 1.0001;
}

static void draw_bars(graph_svg *s, const histogram *h, int x, int y, double scale,
                      const char *colour, double opacity)
{
    for (int b = 0; b < BINS; ++b)
        if (h->share[b] > 0)
            graph_svg_add(s,
                          "<rect x=\"%.1f\" y=\"%.1f\" width=\"5\" height=\"%.1f\" fill=\"%s\" "
                          "fill-opacity=\"%.2f\"/>\n",
                          x + 5.5 * b, y + 90 - h->share[b] * scale, h->share[b] * scale, colour,
                          opacity);
}

static void entropy_cell(graph_svg *s, const graph_look *l, int layer, int head, int x, int y,
                         double most)
{
    histogram even = {.most = most}, learned = {.most = most};
    double top = 0;
    count_entropy(l, layer, head, true, &even);
    count_entropy(l, layer, head, false, &learned);
    for (int b = 0; b < BINS; ++b) top = fmax(top, fmax(even.share[b], learned.share[b]));
    draw_bars(s, &even, x, y, 85 / top, "#ee7733", 0.55);
    draw_bars(s, &learned, x, y, 85 / top, "#4477aa", 0.6);
    graph_svg_add(s,
                  "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#999\"/>\n<text x=\"%d\" "
                  "y=\"%d\" fill=\"#222\">layer %d, head %d</text>\n<text x=\"%d\" y=\"%d\" "
                  "fill=\"#777\" text-anchor=\"end\">%.1f bits</text>\n",
                  x, y + 90, x + 165, y + 90, x, y + 105, layer + 1, head + 1, x + 165, y + 105,
                  most);
}

void graph_draw_entropy(graph_svg *s, const graph_look *l)
{
    int cells = 0, at = 0;
    for (int i = 0; i < l->layers; ++i) cells += l->attention[i] ? l->heads[i] : 0;
    int rows = (cells + 3) / 4;
    double most = most_bits(l);
    graph_svg_begin(s, 780, 60 + 130 * rows,
                    "entropy of each node's attention: learned (blue) over even (orange)");
    for (int layer = 0; layer < l->layers; ++layer)
        for (int head = 0; l->attention[layer] && head < l->heads[layer]; ++head, ++at)
            entropy_cell(s, l, layer, head, 16 + at % 4 * 190, 40 + at / 4 * 130, most);
    graph_svg_end(s);
}

/* ---- embedding ---- */

ad_status graph_draw_embedding(ad_context *ctx, graph_svg *s, const graph_look *l)
{
    int64_t step = (l->set->nodes + POINTS_MOST - 1) / POINTS_MOST;
    int64_t count = (l->set->nodes + step - 1) / step;
    float *x = calloc((size_t)(count * l->width) + 1, sizeof *x);
    float *y = malloc((size_t)(2 * count) * sizeof *y), reach = 1e-9f;
    ad_status status = x && y ? AD_OK : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; !status && i < count; ++i)
        memcpy(x + i * l->width, l->embedding + i * step * l->width, (size_t)l->width * sizeof *x);
    if (!status) status = graph_tsne(ctx, x, count, l->width, y);
    if (!status) {
        for (int64_t i = 0; i < 2 * count; ++i) reach = fmaxf(reach, fabsf(y[i]));
        graph_svg_begin(s, 760, 640, "the nodes by what the last layer sees of them (t-SNE)");
        for (int64_t i = 0; i < count; ++i)
            dot(s, 310 + 285 * (double)(y[2 * i] / reach),
                335 + 285 * (double)(y[2 * i + 1] / reach), 2.2, l->set->labels[i * step]);
        legend(s, l->set, 630, 60);
        graph_svg_end(s);
    }
    free(x), free(y);
    return status;
}
