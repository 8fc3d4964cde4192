/* repulsion.c - the repulsive forces of t-SNE by Barnes and Hut's method (van der Maaten 2014,
 * "Accelerating t-SNE using Tree-Based Algorithms"); see repulsion.h.
 *
 * The points are put in the order of a Z curve; a cell of the quadtree is then a run of them. Cells
 * lie in the order of a walk that enters each before its parts, with the place to go on at when a
 * cell is taken as a whole, so that a walk needs no stack. */
#include "draw/repulsion.h"

#include <stdlib.h>

enum { LEAF = 6, DEPTH = 16 };     /* points of a cell that is not divided; bits of a coordinate */
static const float theta2 = 0.25f; /* taken as a whole: (size / distance)^2 below this */

typedef struct point {
    uint32_t code; /* place on the Z curve */
    int32_t who;
    float x, y;
} point;

typedef struct cell {
    float x, y, mass, size2; /* centre of mass, points, width squared */
    int32_t begin, end;      /* points */
    int32_t next;            /* the cell after all of its parts; a leaf: the one behind it */
} cell;

struct ad_repulsion {
    ad_context *ctx;
    int64_t count;
    int32_t cells;
    float width; /* of all */
    point *points;
    cell *cell;
};

static size_t point_bytes(const ad_repulsion *r)
{
    return ad_bytes(r->count + 1, sizeof(point));
}

/* Each cell that is divided has two parts or more. */
static size_t cell_bytes(const ad_repulsion *r)
{
    return ad_bytes(2 * r->count + 1, sizeof(cell));
}

ad_repulsion *ad_repulsion_new(ad_context *ctx, int64_t count)
{
    ad_repulsion *r = ad_zalloc(ctx, sizeof *r);
    if (!r) return NULL;
    r->ctx = ctx, r->count = count;
    r->points = ad_alloc(ctx, point_bytes(r));
    r->cell = ad_alloc(ctx, cell_bytes(r));
    if (r->points && r->cell) return r;
    ad_repulsion_free(r);
    return NULL;
}

void ad_repulsion_free(ad_repulsion *r)
{
    if (!r) return;
    ad_free(r->ctx, r->points, point_bytes(r));
    ad_free(r->ctx, r->cell, cell_bytes(r));
    ad_free(r->ctx, r, sizeof *r);
}

/* Every second bit. */
static uint32_t spread(uint32_t a)
{
    a = (a | a << 8) & 0x00ff00ff;
    a = (a | a << 4) & 0x0f0f0f0f;
    a = (a | a << 2) & 0x33333333;
    return (a | a << 1) & 0x55555555;
}

static int along_curve(const void *a, const void *b)
{
    const point *p = a, *q = b;
    if (p->code != q->code) return p->code < q->code ? -1 : 1;
    return (p->who > q->who) - (p->who < q->who);
}

/* Among 65536 places; what is not a number at the first one, so that nothing depends on what the
 * machine makes of it. */
static uint32_t place(float distance, float scale)
{
    float at = distance * scale;
    return at > 0 ? at < 65535 ? (uint32_t)at : 65535 : 0;
}

static void put_in_order(ad_repulsion *r, const float *y)
{
    float low[2] = {y[0], y[1]}, high[2] = {y[0], y[1]};
    for (int64_t i = 0; i < 2 * r->count; ++i) {
        low[i % 2] = y[i] < low[i % 2] ? y[i] : low[i % 2];
        high[i % 2] = y[i] > high[i % 2] ? y[i] : high[i % 2];
    }
    float wide = high[0] - low[0], tall = high[1] - low[1];
    r->width = wide > tall ? wide : tall;
    float scale = r->width > 0 ? 65535 / r->width : 0;
    for (int64_t i = 0; i < r->count; ++i) {
        uint32_t column = place(y[2 * i] - low[0], scale),
                 line = place(y[2 * i + 1] - low[1], scale);
        r->points[i] = (point){spread(column) | spread(line) << 1, (int32_t)i, y[2 * i],
                               y[2 * i + 1]};
    }
    qsort(r->points, (size_t)r->count, sizeof *r->points, along_curve);
}

/* The cell of points begin .. end - 1, which agree in the first `depth` bits of both coordinates,
 * and its parts behind it. */
static void divide(ad_repulsion *r, int32_t begin, int32_t end, int depth)
{
    const point *p = r->points;
    cell *c = &r->cell[r->cells++];
    double x = 0, y = 0;
    uint32_t differ = p[begin].code ^ p[end - 1].code;
    while (depth < DEPTH && !(differ >> (2 * (DEPTH - 1 - depth)))) ++depth; /* all in one part */
    float size = r->width / (float)(1u << depth);
    for (int32_t i = begin; i < end; ++i) x += (double)p[i].x, y += (double)p[i].y;
    float mass = (float)(end - begin);
    *c = (cell){(float)(x / mass), (float)(y / mass), mass, size * size, begin, end, 0};
    if (end - begin > LEAF && depth < DEPTH) {
        int shift = 2 * (DEPTH - 1 - depth);
        for (int32_t first = begin, i = begin + 1; i <= end; ++i) {
            if (i < end && p[i].code >> shift == p[first].code >> shift) continue;
            divide(r, first, i, depth + 1);
            first = i;
        }
        c->begin = c->end; /* no points of its own */
    }
    c->next = r->cells;
}

double ad_repulsion_of(ad_repulsion *r, const float *y, bool far, float *force)
{
    double total = 0;
    put_in_order(r, y);
    r->cells = 0;
    divide(r, 0, (int32_t)r->count, 0);
    for (int64_t k = 0; k < r->count; ++k) {
        float xk = r->points[k].x, yk = r->points[k].y, fx = 0, fy = 0, sum = 0;
        for (int32_t i = 0; i < r->cells;) {
            const cell *c = &r->cell[i];
            float dx = xk - c->x, dy = yk - c->y, d2 = dx * dx + dy * dy;
            if (c->size2 < theta2 * d2) {
                float q = 1 / (1 + d2), many = c->mass * q, by = far ? many : many * q;
                sum += many, fx += by * dx, fy += by * dy;
                i = c->next;
                continue;
            }
            for (int32_t j = c->begin; j < c->end; ++j) {
                float ex = xk - r->points[j].x, ey = yk - r->points[j].y;
                float q = 1 / (1 + ex * ex + ey * ey), by = far ? q : q * q;
                sum += q, fx += by * ex, fy += by * ey;
            }
            ++i;
        }
        int64_t who = r->points[k].who;
        force[2 * who] = -fx, force[2 * who + 1] = -fy;
        total += (double)sum - 1; /* not the point itself */
    }
    return total;
}
