/* rows.c - the kernels of the refinement, and the table of all of this build. */
#include "flow/kernels/builds.h"

#include "device/cpu/simd.h"

/* Products and sums are rounded one by one (no fma), so that every build gives the same bits. */

static const float robust_floor = 1e-3f *
                                  1e-3f; /* epsilon^2 of the penalty sqrt(s^2 + epsilon^2) */
static const float slope_floor = 1;      /* of a constraint's length, squared */
static const float bright_weight = 5, slope_weight = 10, over = 1.6f;

/* The vector at i of a row of n, of which no more than these are written. */
static inline void put(float *row, int64_t i, int64_t n, vf value)
{
    if (i + AD_VF <= n)
        vf_store(row + i, value);
    else
        vf_store_n(row + i, value, n - i);
}

static inline vf products(vf a, vf b, vf c, vf d) /* a b + c d */
{
    return vf_add(vf_mul(a, b), vf_mul(c, d));
}

static inline vf over_root(float weight, vf squares) /* weight / sqrt(squares + epsilon^2) */
{
    return vf_div(vf_set1(weight), vf_sqrt(vf_add(squares, vf_set1(robust_floor))));
}

static inline vf steepness(const ad_flow_cross *c, int64_t i)
{
    vf here = vf_load(c->here + i), x = vf_sub(vf_load(c->right + i), here),
       y = vf_sub(vf_load(c->down + i), here);
    return products(x, x, y, y);
}

static void robust(const ad_flow_cross *u, const ad_flow_cross *v, int64_t n, float *to)
{
    for (int64_t i = 0; i < n; i += AD_VF)
        put(to, i, n, over_root(1, vf_add(steepness(u, i), steepness(v, i))));
}

/* The weight of the edge between two pixels; none to what lies outside, whose robust weight is 0.
 */
static inline vf edge(vf half, vf here, const float *there)
{
    vf other = vf_load(there), none = vf_zero();
    return vf_select(vf_lt(none, other), vf_mul(half, vf_add(here, other)), none);
}

typedef struct line {
    vf z, x, y, rest; /* rest = z + x u + y v */
} line;

static inline line load_line(const ad_flow_constraint *c, int64_t i, vf u, vf v)
{
    line l = {vf_load(c->z + i), vf_load(c->x + i), vf_load(c->y + i), vf_zero()};
    l.rest = vf_add(l.z, products(l.x, u, l.y, v));
    return l;
}

static void equations(const ad_flow_constraint *constraints, const ad_flow_cross *s,
                      float smoothness, const ad_flow_equations *to, int64_t n)
{
    vf half = vf_set1(0.5f * smoothness), some = vf_set1(1e-6f), one = vf_set1(1);
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf u = vf_load(to->u + i), v = vf_load(to->v + i), here = vf_load(s->here + i);
        line b = load_line(&constraints[0], i, u, v), p = load_line(&constraints[1], i, u, v),
             q = load_line(&constraints[2], i, u, v);
        vf wb = over_root(bright_weight, vf_mul(b.rest, b.rest)),
           ws = over_root(slope_weight, products(p.rest, p.rest, q.rest, q.rest));
        vf bx = vf_mul(wb, b.x), by = vf_mul(wb, b.y);
        vf right = edge(half, here, s->right + i), down = edge(half, here, s->down + i),
           around = vf_add(vf_add(right, down),
                           vf_add(edge(half, here, s->left + i), edge(half, here, s->up + i)));
        around = vf_add(around, some);
#define TERM(first, second)                                                                        \
    vf_add(vf_mul(b##first, b.second), vf_mul(ws, products(p.first, p.second, q.first, q.second)))
        put(to->a12, i, n, TERM(x, y));
        put(to->b1, i, n, vf_neg(TERM(x, z)));
        put(to->b2, i, n, vf_neg(TERM(y, z)));
        put(to->i11, i, n, vf_div(one, vf_add(TERM(x, x), around)));
        put(to->i22, i, n, vf_div(one, vf_add(TERM(y, y), around)));
#undef TERM
        put(to->right, i, n, right);
        put(to->down, i, n, down);
    }
}

/* What a pixel's neighbours draw it to. */
static inline vf drawn(const ad_flow_cross *c, int64_t i, vf left, vf right, vf up, vf down)
{
    return vf_add(products(left, vf_load(c->left + i), right, vf_load(c->right + i)),
                  products(up, vf_load(c->up + i), down, vf_load(c->down + i)));
}

static void relax(const ad_flow_equations *to, const float *left, const float *up,
                  const ad_flow_cross *cu, const ad_flow_cross *cv, int64_t n)
{
    vf omega = vf_set1(over);
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf u = vf_load(to->u + i), v = vf_load(to->v + i), a12 = vf_load(to->a12 + i);
        vf w1 = vf_load(left + i), w2 = vf_load(to->right + i), w3 = vf_load(up + i),
           w4 = vf_load(to->down + i);
        vf b1 = vf_add(drawn(cu, i, w1, w2, w3, w4), vf_load(to->b1 + i)),
           b2 = vf_add(drawn(cv, i, w1, w2, w3, w4), vf_load(to->b2 + i));
        vf best_u = vf_mul(vf_sub(b1, vf_mul(a12, v)), vf_load(to->i11 + i));
        u = vf_add(u, vf_mul(omega, vf_sub(best_u, u)));
        vf best_v = vf_mul(vf_sub(b2, vf_mul(a12, u)), vf_load(to->i22 + i));
        v = vf_add(v, vf_mul(omega, vf_sub(best_v, v)));
        put(to->u, i, n, u);
        put(to->v, i, n, v);
    }
}

static void slope(const float *from, int64_t step, int64_t n, float *to)
{
    vf eight = vf_set1(8), twelfth = vf_set1(1 / 12.0f);
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf near = vf_sub(vf_load(from + i + step), vf_load(from + i - step)),
           far = vf_sub(vf_load(from + i + 2 * step), vf_load(from + i - 2 * step));
        put(to, i, n, vf_mul(vf_sub(vf_mul(eight, near), far), twelfth));
    }
}

static inline vf every_other(const float *p, int64_t i)
{
    return vf_evens(vf_load(p + 2 * i), vf_load(p + 2 * i + AD_VF));
}

static void constrain(const float *z, const float *x, const float *y, const float *u,
                      const float *v, const float *inside, int64_t n, const ad_flow_constraint *to)
{
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf sx = every_other(x, i), sy = every_other(y, i);
        vf moved = products(sx, every_other(u, i), sy, every_other(v, i));
        vf length = vf_sqrt(vf_add(products(sx, sx, sy, sy), vf_set1(slope_floor)));
        vf scale = vf_div(every_other(inside, i), length);
        put(to->z, i, n, vf_mul(scale, vf_sub(every_other(z, i), moved)));
        put(to->x, i, n, vf_mul(scale, sx));
        put(to->y, i, n, vf_mul(scale, sy));
    }
}

static void warp(const ad_flow_plane *plane, const float *from, int64_t y, const float *u,
                 const float *v, float *restrict mean, float *restrict difference,
                 float *restrict inside)
{
    int64_t width = plane->width, height = plane->height, stride = plane->stride;
    float right = (float)(width - 1), bottom = (float)(height - 1);
    for (int64_t i = 0; i < width; ++i) {
        float px = (float)i + u[i], py = (float)y + v[i];
        inside[i] = px >= 0 && px <= right && py >= 0 && py <= bottom;
        px = px > 0 ? (px < right ? px : right) : 0;
        py = py > 0 ? (py < bottom ? py : bottom) : 0;
        int32_t ix = (int32_t)px, iy = (int32_t)py;
        float fx = px - (float)ix, fy = py - (float)iy;
        const float *row = plane->data + iy * stride + ix;
        float a0 = fx * (-0.5f + fx * (1 - 0.5f * fx)), a1 = 1 + fx * fx * (1.5f * fx - 2.5f),
              a2 = fx * (0.5f + fx * (2 - 1.5f * fx)), a3 = fx * fx * (0.5f * fx - 0.5f);
        float b0 = fy * (-0.5f + fy * (1 - 0.5f * fy)), b1 = 1 + fy * fy * (1.5f * fy - 2.5f),
              b2 = fy * (0.5f + fy * (2 - 1.5f * fy)), b3 = fy * fy * (0.5f * fy - 0.5f);
#define ALONG(r) (a0 * (r)[-1] + a1 * (r)[0] + (a2 * (r)[1] + a3 * (r)[2]))
        float there = b0 * ALONG(row - stride) + b1 * ALONG(row) +
                      (b2 * ALONG(row + stride) + b3 * ALONG(row + 2 * stride));
#undef ALONG
        mean[i] = 0.5f * (from[i] + there);
        difference[i] = there - from[i];
    }
}

const ad_flow_kernels AD_ISA_NAME(ad_flow_kernels) = {
    .patch_open = AD_ISA_NAME(ad_flow_patch_open),
    .patch_match = AD_ISA_NAME(ad_flow_patch_match),
    .patch_splat = AD_ISA_NAME(ad_flow_patch_splat),
    .robust = robust,
    .equations = equations,
    .relax = relax,
    .slope = slope,
    .constrain = constrain,
    .warp = warp,
};
