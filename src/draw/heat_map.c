/* heat_map.c - matrices as coloured cells. */
#include "base/context.h"

#include <autodidact/plot.h>
#include <math.h>
#include <stdio.h>

enum { SIDE_MOST = 512 };
static const double small = 11, spare = 1.12, names_most = 110;

typedef struct board {
    const ad_heat_map *map;
    ad_drawing *d;
    double left, top, cell; /* side of a cell */
    double from, to;
    double row_names, column_names; /* room for them */
    bool turned;                    /* names of columns stand upwards */
} board;

static double widest(const char *const *names, int count)
{
    double width = 0;
    for (int i = 0; names && i < count; ++i)
        width = fmax(width, spare * ad_text_width(names[i], small, false));
    return fmin(width, names_most * spare);
}

static void find_range(board *b)
{
    const ad_heat_map *m = b->map;
    int64_t count = (int64_t)m->rows * m->columns;
    b->from = m->from, b->to = m->to;
    if (m->of_rows) b->from = 0, b->to = 1;
    if (b->from != b->to) return;
    b->from = 0, b->to = -INFINITY;
    for (int64_t i = 0; i < count; ++i) {
        if (!isfinite(m->value[i])) continue;
        b->from = fmin(b->from, m->value[i]), b->to = fmax(b->to, m->value[i]);
    }
    if (!(b->to > b->from)) b->to = b->from + 1;
}

static double row_sum(const ad_heat_map *m, int row)
{
    double sum = 0;
    for (int k = 0; k < m->columns; ++k) sum += m->value[(int64_t)row * m->columns + k];
    return sum;
}

/* How full the colour of a value is, 0 to 1; NaN grey. */
static double share_of(const board *b, int row, int column, double sum)
{
    double v = b->map->value[(int64_t)row * b->map->columns + column];
    if (!isfinite(v)) return NAN;
    if (b->map->of_rows) return sum > 0 ? sqrt(v / sum) : 0; /* so that few can be seen */
    return (v / 2 - b->from / 2) / (b->to / 2 - b->from / 2);
}

static bool light(ad_colour colour)
{
    uint32_t c = ad_colour_rgb(colour);
    return 299 * (c >> 16 & 255) + 587 * (c >> 8 & 255) + 114 * (c & 255) > 150 * 1000;
}

static void draw_number(const board *b, double x, double y, double value, ad_colour on)
{
    char text[24];
    bool whole = value == rint(value) && fabs(value) < 1e6;
    snprintf(text, sizeof text, whole ? "%.0f" : "%.2g", value);
    double size = fmin(12, 0.42 * b->cell);
    if (spare * ad_text_width(text, size, false) > b->cell - 2) return;
    ad_draw_text(b->d, x + b->cell / 2, y + b->cell / 2 + 0.36 * size, text,
                 (ad_letters){.size = size,
                              .anchor = AD_ANCHOR_MIDDLE,
                              .colour = light(on) ? AD_RGB(35, 38, 43) : AD_RGB(255, 255, 255)});
}

static void draw_cells(const board *b)
{
    const ad_heat_map *m = b->map;
    double gap = b->cell > 8 ? 1 : 0;
    for (int i = 0; i < m->rows; ++i) {
        double sum = m->of_rows ? row_sum(m, i) : 0;
        for (int k = 0; k < m->columns; ++k) {
            double x = b->left + k * b->cell, y = b->top + i * b->cell;
            double v = m->value[(int64_t)i * m->columns + k], share = share_of(b, i, k, sum);
            ad_colour full = !m->diagonal ? AD_SERIES(0) : i == k ? AD_SERIES(2) : AD_SERIES(1);
            ad_colour colour = ad_colour_tint(full, share);
            ad_draw_rect(b->d, x, y, b->cell - gap, b->cell - gap, (ad_pen){.fill = colour});
            if (m->numbers && b->cell >= 16 && isfinite(v) && (v != 0 || !m->of_rows))
                draw_number(b, x, y, v, colour);
        }
    }
}

static void draw_names(const board *b)
{
    const ad_heat_map *m = b->map;
    int each = (int)ceil(13 / b->cell);
    ad_letters letters = {.size = small, .colour = AD_QUIET, .most = names_most};
    for (int i = 0; m->row_names && i < m->rows; i += each) {
        letters.anchor = AD_ANCHOR_END;
        ad_draw_text(b->d, b->left - 6, b->top + (i + 0.5) * b->cell + 4, m->row_names[i], letters);
    }
    for (int k = 0; m->column_names && k < m->columns; k += b->turned ? each : 1) {
        double x = b->left + (k + 0.5) * b->cell;
        letters.upwards = b->turned;
        letters.anchor = b->turned ? AD_ANCHOR_START : AD_ANCHOR_MIDDLE;
        ad_draw_text(b->d, b->turned ? x + 4 : x, b->top - 6, m->column_names[k], letters);
    }
    letters = (ad_letters){.size = 12, .anchor = AD_ANCHOR_MIDDLE};
    if (m->column_label) {
        letters.most = fmax(60, m->columns * b->cell);
        ad_draw_text(b->d, b->left + m->columns * b->cell / 2, b->top - 12 - b->column_names,
                     m->column_label, letters);
    }
    if (m->row_label) {
        letters.most = fmax(60, m->rows * b->cell), letters.upwards = true;
        ad_draw_text(b->d, b->left - 14 - b->row_names, b->top + m->rows * b->cell / 2,
                     m->row_label, letters);
    }
}

static void lay_out(board *b)
{
    const ad_heat_map *m = b->map;
    int longer = m->rows > m->columns ? m->rows : m->columns;
    b->cell = fmin(44, fmax(2, 560.0 / longer));
    double names = widest(m->column_names, m->columns);
    b->turned = names + 6 > b->cell;
    b->row_names = widest(m->row_names, m->rows);
    b->column_names = !m->column_names ? 0 : b->turned ? names : small;
    b->left = 14 + b->row_names + (m->row_label ? 20 : 0);
    b->top = 14 + b->column_names + (m->column_label ? 18 : 0) + (m->title ? 26 : 0);
}

ad_status ad_heat_map_new(ad_drawing **out, ad_context *ctx, const ad_heat_map *map)
{
    board b = {.map = map};
    *out = NULL;
    if (map->rows < 1 || map->columns < 1 || map->rows > SIDE_MOST || map->columns > SIDE_MOST)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "a heat map of %d x %d cells: 1 to %d a side",
                       map->rows, map->columns, SIDE_MOST);
    lay_out(&b);
    find_range(&b);
    double width = b.left + map->columns * b.cell + 12, height = b.top + map->rows * b.cell + 12;
    double title = map->title ? 24 + spare * ad_text_width(map->title, 14, true) : 0;
    ad_status status = ad_drawing_new(out, ctx, fmax(width, fmin(title, 640)), height,
                                      map->title ? map->title : "heat map");
    if (status) return status;
    b.d = *out;
    if (map->title)
        ad_draw_text(b.d, 8, 20, map->title,
                     (ad_letters){.size = 14, .bold = true, .most = ad_drawing_width(b.d) - 16});
    draw_cells(&b);
    draw_names(&b);
    return AD_OK;
}
