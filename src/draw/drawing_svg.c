/* drawing_svg.c - a drawing as SVG: attributes alone, no style sheet and no script, so that every
 * viewer shows it. Numbers have two places behind the point at most. */
#include "draw/drawing.h"
#include "base/escape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct writer {
    ad_text *to;
    bool element; /* of a page, whose colours it takes */
} writer;

/* "12", "12.5", "-0.25" */
static void number(ad_text *to, double v)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%.2f", v);
    while (n > 0 && text[n - 1] == '0') --n;
    if (n > 0 && text[n - 1] == '.') --n;
    if (n == 2 && !memcmp(text, "-0", 2)) text[0] = '0', n = 1;
    ad_text_bytes(to, text, (size_t)n);
}

static void attribute(writer *w, const char *name, double v)
{
    ad_text_format(w->to, " %s=\"", name);
    number(w->to, v);
    ad_text_add(w->to, "\"");
}

static void colour(writer *w, const char *name, ad_colour c)
{
    static const char *const of_page[] = {"none", "--ink", "--quiet", "--line", "--card"};
    char hex[8];
    if (!c)
        ad_text_format(w->to, " %s=\"none\"", name);
    else if (!w->element || c >> 24) {
        ad_colour_hex(c, hex);
        ad_text_format(w->to, " %s=\"%s\"", name, hex);
    } else if (c >= AD_SERIES_FIRST)
        ad_text_format(w->to, " %s=\"var(--c%u)\"", name,
                       (unsigned)(c - AD_SERIES_FIRST) % AD_SERIES_COLOURS);
    else
        ad_text_format(w->to, " %s=\"var(%s)\"", name, of_page[c <= AD_PAPER ? c : AD_INK]);
}

static void pen(writer *w, const ad_pen *p, bool area)
{
    if (area) colour(w, "fill", p->fill);
    if (area && p->fill && p->opacity < 1) attribute(w, "fill-opacity", p->opacity);
    if (!area) ad_text_add(w->to, " fill=\"none\"");
    if (!p->stroke) return;
    colour(w, "stroke", p->stroke);
    if (p->width != 1) attribute(w, "stroke-width", p->width);
    if (p->opacity < 1) attribute(w, "stroke-opacity", p->opacity);
    if (p->dash > 0) {
        ad_text_add(w->to, " stroke-dasharray=\"");
        number(w->to, p->dash);
        ad_text_add(w->to, " ");
        number(w->to, 0.8 * p->dash);
        ad_text_add(w->to, "\"");
    }
}

static void points(writer *w, const ad_mark *m)
{
    ad_text_add(w->to, m->kind == AD_MARK_POLYGON ? "<polygon" : "<polyline");
    pen(w, &m->pen, m->kind == AD_MARK_POLYGON);
    if (m->kind == AD_MARK_POLYLINE)
        ad_text_add(w->to, " stroke-linejoin=\"round\" stroke-linecap=\"round\"");
    ad_text_add(w->to, " points=\"");
    for (int64_t i = 0; i < m->count; ++i) {
        if (i) ad_text_add(w->to, " ");
        number(w->to, m->xy[2 * i]);
        ad_text_add(w->to, ",");
        number(w->to, m->xy[2 * i + 1]);
    }
    ad_text_add(w->to, "\"/>\n");
}

static void segment(writer *w, const ad_mark *m)
{
    static const char *const names[] = {"x1", "y1", "x2", "y2"};
    ad_text_add(w->to, "<line");
    for (int i = 0; i < 4; ++i) attribute(w, names[i], m->xy[i]);
    pen(w, &m->pen, false);
    ad_text_add(w->to, "/>\n");
}

static void shape(writer *w, const ad_mark *m)
{
    static const char *const rect[] = {"x", "y", "width", "height"}, *const circle[] = {"cx", "cy",
                                                                                        "r"};
    bool round = m->kind == AD_MARK_CIRCLE;
    ad_text_add(w->to, round ? "<circle" : "<rect");
    for (int i = 0; i < (round ? 3 : 4); ++i) attribute(w, round ? circle[i] : rect[i], m->at[i]);
    pen(w, &m->pen, true);
    ad_text_add(w->to, "/>\n");
}

static void words(writer *w, const ad_mark *m)
{
    const ad_letters *l = &m->letters;
    ad_text_add(w->to, "<text");
    if (l->upwards) {
        ad_text_add(w->to, " transform=\"translate(");
        number(w->to, m->at[0]);
        ad_text_add(w->to, " ");
        number(w->to, m->at[1]);
        ad_text_add(w->to, ") rotate(-90)\"");
    } else {
        attribute(w, "x", m->at[0]);
        attribute(w, "y", m->at[1]);
    }
    colour(w, "fill", l->colour);
    if (l->size != 12) attribute(w, "font-size", l->size);
    if (l->bold) ad_text_add(w->to, " font-weight=\"600\"");
    if (l->anchor)
        ad_text_format(w->to, " text-anchor=\"%s\"", l->anchor == AD_ANCHOR_END ? "end" : "middle");
    ad_text_add(w->to, ">");
    ad_text_markup(w->to, m->text, strlen(m->text));
    ad_text_add(w->to, "</text>\n");
}

static void mark(writer *w, const ad_mark *m)
{
    switch (m->kind) {
    case AD_MARK_POLYLINE:
        if (m->count == 2)
            segment(w, m);
        else
            points(w, m);
        return;
    case AD_MARK_POLYGON: points(w, m); return;
    case AD_MARK_RECT:
    case AD_MARK_CIRCLE: shape(w, m); return;
    case AD_MARK_TEXT: words(w, m); return;
    case AD_MARK_GROUP:
        ad_text_add(w->to, "<g><title>");
        ad_text_markup(w->to, m->text, strlen(m->text));
        ad_text_add(w->to, "</title>\n");
        return;
    case AD_MARK_GROUP_END: ad_text_add(w->to, "</g>\n");
    }
}

static void head(writer *w, const ad_drawing *d, const char *css_class)
{
    ad_text_add(w->to, "<svg");
    if (css_class) {
        ad_text_add(w->to, " class=\"");
        ad_text_markup(w->to, css_class, strlen(css_class));
        ad_text_add(w->to, "\"");
    }
    if (!w->element) ad_text_add(w->to, " xmlns=\"http://www.w3.org/2000/svg\"");
    ad_text_add(w->to, " viewBox=\"0 0 ");
    number(w->to, d->width);
    ad_text_add(w->to, " ");
    number(w->to, d->height);
    ad_text_add(w->to, "\"");
    if (!w->element) {
        attribute(w, "width", d->width);
        attribute(w, "height", d->height);
    }
    ad_text_add(w->to, " font-family=\"Roboto, 'Segoe UI', system-ui, 'Helvetica Neue', Arial, "
                       "sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"");
    ad_text_markup(w->to, d->title, strlen(d->title));
    ad_text_add(w->to, "\">\n");
    if (w->element) return;
    ad_text_add(w->to, "<rect");
    attribute(w, "width", d->width);
    attribute(w, "height", d->height);
    ad_text_add(w->to, " fill=\"#ffffff\"/>\n");
}

static const char *write_svg(ad_drawing *d, bool element, const char *css_class)
{
    writer w = {&d->svg, element};
    if (d->status) return NULL;
    ad_text_free(&d->svg);
    head(&w, d, css_class);
    for (int64_t i = 0; i < d->count; ++i) mark(&w, &d->marks[i]);
    for (int i = 0; i < d->depth; ++i) ad_text_add(w.to, "</g>\n");
    ad_text_add(w.to, "</svg>\n");
    if (!d->svg.failed) return ad_text_get(&d->svg);
    ad_text_free(&d->svg);
    return NULL;
}

const char *ad_drawing_svg(ad_drawing *d)
{
    return d ? write_svg(d, false, NULL) : NULL;
}

const char *ad_drawing_svg_element(ad_drawing *d, const char *css_class)
{
    return d ? write_svg(d, true, css_class) : NULL;
}
