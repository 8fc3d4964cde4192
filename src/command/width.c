/* width.c - how wide text is in a terminal, shortening it, and keeping harm out of it. */
#include "command/width.h"
#include "base/printable.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>
#include <utf8proc.h>

static const char ellipsis[] = "\xe2\x80\xa6";

typedef struct glyph {
    const char *text; /* what is written for it; NULL: `escape` */
    int bytes;        /* of what is written */
    int taken;        /* of what is read */
    int columns;
    char escape[AD_ESCAPE_BYTES];
} glyph;

static glyph read_glyph(const char *text, size_t left)
{
    glyph g = {.text = NULL};
    int32_t c;
    g.taken = ad_printable_next(text, left, AD_PRINTED_LINE, g.escape);
    if (*g.escape) {
        g.bytes = g.columns = (int)strlen(g.escape);
    } else if (ad_utf8_next(text, left, &c)) {
        g.text = text, g.bytes = g.taken, g.columns = utf8proc_charwidth(c);
    }
    return g;
}

static const char *written(const glyph *g)
{
    return g->text ? g->text : g->escape;
}

int ad_text_columns(const char *text)
{
    int columns = 0;
    size_t left = strlen(text);
    while (left) {
        glyph g = read_glyph(text, left);
        columns += g.columns, text += g.taken, left -= (size_t)g.taken;
    }
    return columns;
}

/* Writes the glyphs that begin in columns [from, to). A mark without a width goes with the one
 * before it. */
static void put_columns(ad_text *to, const char *text, int from, int end)
{
    int at = 0;
    bool inside = false;
    for (size_t left = strlen(text); left;) {
        glyph g = read_glyph(text, left);
        if (g.columns) inside = at >= from && at + g.columns <= end;
        if (inside || (!at && !g.columns && !from)) ad_text_bytes(to, written(&g), (size_t)g.bytes);
        at += g.columns, text += g.taken, left -= (size_t)g.taken;
    }
}

void ad_clean_text(ad_text *to, const char *text, int most, ad_cut cut)
{
    int columns = ad_text_columns(text);
    if (most <= 0 || columns <= most) {
        put_columns(to, text, 0, columns);
        return;
    }
    int tail = cut == AD_CUT_MIDDLE ? (most - 1) / 2 : 0;
    put_columns(to, text, 0, most - 1 - tail);
    ad_text_add(to, ellipsis);
    if (tail) put_columns(to, text, columns - tail, columns);
}

int ad_print_text(FILE *out, const char *text, int most, int width)
{
    int columns = 0;
    for (size_t left = strlen(text); left;) {
        glyph g = read_glyph(text, left);
        if (most > 0 && columns + g.columns > most) break;
        fwrite(written(&g), 1, (size_t)g.bytes, out);
        columns += g.columns, text += g.taken, left -= (size_t)g.taken;
    }
    for (; columns < width; ++columns) fputc(' ', out);
    return columns;
}

const char *ad_number_text(double value, int digits, char *buffer, size_t size)
{
    if (isfinite(value))
        snprintf(buffer, size, "%.*g", digits, value);
    else
        snprintf(buffer, size, "-");
    return buffer;
}

const char *ad_seconds_text(double s, char *buffer, size_t size)
{
    if (!isfinite(s) || fabs(s) >= 1e15)
        snprintf(buffer, size, "-");
    else if (s == 0)
        snprintf(buffer, size, "0 s");
    else if (fabs(s) < 0.9995e-3)
        snprintf(buffer, size, "%.1f us", s * 1e6);
    else if (fabs(s) < 0.99995)
        snprintf(buffer, size, "%.2f ms", s * 1e3);
    else if (s < 59.9995)
        snprintf(buffer, size, "%.3f s", s);
    else if (s < 3599.5)
        snprintf(buffer, size, "%lldm%02llds", llround(s) / 60, llround(s) % 60);
    else
        snprintf(buffer, size, "%lldh%02lldm", llround(s / 60) / 60, llround(s / 60) % 60);
    return buffer;
}

const char *ad_bytes_text(double bytes, char *buffer, size_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    for (; fabs(bytes) >= 1023.95 && unit < 4; ++unit) bytes /= 1024;
    snprintf(buffer, size, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
    return buffer;
}
