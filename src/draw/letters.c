/* letters.c - reads letters.ttf, which is part of the program: a TrueType font of simple glyphs
 * with a character map of format 4 (see the OpenType specification: head, maxp, hmtx, cmap, loca,
 * glyf). */
#include "draw/letters.h"
#include "base/utf8.h"

#include <string.h>

/* clang-format off */
__asm__(".section .rodata, \"a\", @progbits\n"
        ".balign 4\n"
        "letters_begin:\n"
        ".incbin \"src/draw/letters.ttf\"\n"
        ".previous\n");
/* clang-format on */

extern const unsigned char letters_begin[] __attribute__((visibility("hidden")));

enum { POINTS_MOST = 512 };

static unsigned u16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static int i16(const unsigned char *p)
{
    return (int16_t)u16(p);
}

static uint32_t u32(const unsigned char *p)
{
    return (uint32_t)u16(p) << 16 | u16(p + 2);
}

static const unsigned char *table(const char *tag)
{
    int count = (int)u16(letters_begin + 4);
    for (int i = 0; i < count; ++i) {
        const unsigned char *row = letters_begin + 12 + 16 * i;
        if (!memcmp(row, tag, 4)) return letters_begin + u32(row + 8);
    }
    return letters_begin;
}

/* 0 (an empty box) for what the font does not have. */
static unsigned glyph_of(uint32_t character)
{
    const unsigned char *cmap = table("cmap"), *map = cmap + u32(cmap + 8);
    unsigned segments = u16(map + 6) / 2;
    const unsigned char *end = map + 14, *start = end + 2 * segments + 2;
    const unsigned char *delta = start + 2 * segments, *offset = delta + 2 * segments;
    if (character > 0xffff) return 0;
    for (unsigned i = 0; i < segments; ++i) {
        if (character > u16(end + 2 * i)) continue;
        if (character < u16(start + 2 * i)) return 0;
        unsigned far = u16(offset + 2 * i);
        unsigned g = far ? u16(offset + 2 * i + far + 2 * (character - u16(start + 2 * i)))
                         : character;
        return g ? (g + u16(delta + 2 * i)) & 0xffff : 0;
    }
    return 0;
}

ad_glyph ad_letters_next(const char *text, size_t left, int *taken)
{
    int32_t code;
    int bytes = ad_utf8_next(text, left, &code);
    *taken = bytes ? bytes : ad_utf8_wrong(text, left);
    unsigned g = glyph_of(!bytes ? 0xfffd : code < ' ' || code == 0x7f ? '?' : (uint32_t)code);
    const unsigned char *loca = table("loca"), *glyf = table("glyf");
    bool wide = u16(table("head") + 50);
    uint32_t from = wide ? u32(loca + 4 * g) : 2 * u16(loca + 2 * g);
    uint32_t to = wide ? u32(loca + 4 * g + 4) : 2 * u16(loca + 2 * g + 2);
    return (ad_glyph){(int)u16(table("hmtx") + 4 * g), to > from ? glyf + from : NULL};
}

typedef struct point {
    int x, y;
    bool on;
} point;

/* One coordinate of all points; `small` and `same` are its bits of the flags. */
static const unsigned char *read_axis(const unsigned char *p, const unsigned char *flags, int count,
                                      int small, int same, int *to)
{
    int value = 0;
    for (int i = 0; i < count; ++i) {
        if (flags[i] & small) {
            value += flags[i] & same ? *p : -(int)*p;
            ++p;
        } else if (!(flags[i] & same)) {
            value += i16(p);
            p += 2;
        }
        to[i] = value;
    }
    return p;
}

/* The quadratic curve from a over the control point c to b. */
static void curve(double ax, double ay, double cx, double cy, double bx, double by, int pieces,
                  ad_glyph_edge *edge, void *user)
{
    double x0 = ax, y0 = ay;
    for (int i = 1; i <= pieces; ++i) {
        double t = (double)i / pieces, u = 1 - t;
        double x = u * u * ax + 2 * u * t * cx + t * t * bx;
        double y = u * u * ay + 2 * u * t * cy + t * t * by;
        edge(user, x0, y0, x, y);
        x0 = x, y0 = y;
    }
}

/* Between two control points lies a point of the outline, half way. */
static void contour(const point *p, int count, int pieces, ad_glyph_edge *edge, void *user)
{
    int first = 0;
    while (first < count && !p[first].on) ++first;
    if (first == count) return; /* the font has none of control points alone */
    double x = p[first].x, y = p[first].y;
    for (int i = 1; i <= count; ++i) {
        const point *c = &p[(first + i) % count], *next = &p[(first + i + 1) % count];
        double to_x = c->x, to_y = c->y;
        if (c->on) {
            edge(user, x, y, to_x, to_y);
        } else {
            to_x = next->on ? next->x : (c->x + next->x) / 2.0;
            to_y = next->on ? next->y : (c->y + next->y) / 2.0;
            curve(x, y, c->x, c->y, to_x, to_y, pieces, edge, user);
            i += next->on;
        }
        x = to_x, y = to_y;
    }
}

void ad_glyph_outline(const ad_glyph *glyph, int pieces, ad_glyph_edge *edge, void *user)
{
    unsigned char flags[POINTS_MOST];
    int x[POINTS_MOST], y[POINTS_MOST], contours = glyph->at ? i16(glyph->at) : 0;
    point points[POINTS_MOST];
    if (contours <= 0) return;
    const unsigned char *ends = glyph->at + 10, *p = ends + 2 * contours;
    int count = (int)u16(p - 2) + 1;
    if (count > POINTS_MOST) return;
    p += 2 + u16(p); /* instructions */
    for (int i = 0; i < count;) {
        unsigned char flag = *p++;
        int times = flag & 8 ? *p++ + 1 : 1;
        for (; times-- && i < count; ++i) flags[i] = flag;
    }
    p = read_axis(p, flags, count, 2, 16, x);
    read_axis(p, flags, count, 4, 32, y);
    for (int i = 0; i < count; ++i) points[i] = (point){x[i], y[i], flags[i] & 1};
    for (int c = 0, first = 0; c < contours; ++c) {
        int last = (int)u16(ends + 2 * c);
        contour(points + first, last - first + 1, pieces, edge, user);
        first = last + 1;
    }
}
