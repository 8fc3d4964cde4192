/* symmetric.c - eigenvalues by Householder's reduction to a tridiagonal matrix, then QL with
 * implicit shifts (Golub & Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3); factors by
 * Cholesky's method with the largest of what is left first (section 4.2.8), which ends where
 * nothing is left: of a matrix of low rank early.
 *
 * Rows are shared out to threads in pieces of one size, and a sum is one thread's. */
#include "score/symmetric.h"

#include "base/pool.h"
#include "score/products.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    SWEEPS_MOST = 60, /* two or three are usual for each eigenvalue */
    LANES = 8,
    PIECE = 32 /* rows */
};

static double dot(const double *x, const double *y, int64_t n)
{
    double lane[LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; ++l) lane[l] += x[i + l] * y[i + l];
    for (; i < n; ++i) sum += x[i] * y[i];
    for (int l = 0; l < LANES; ++l) sum += lane[l];
    return sum;
}

/* v becomes the unit vector whose reflection takes v to (result, 0, ...). */
static double reflector(double *v, int64_t n)
{
    double length = sqrt(dot(v, v, n)), result = v[0] > 0 ? -length : length;
    v[0] -= result;
    double norm = sqrt(dot(v, v, n));
    for (int64_t i = 0; i < n && norm > 0; ++i) v[i] /= norm;
    return result;
}

typedef struct reflection {
    double *a, *v, *p;
    int64_t n, from;
} reflection;

/* p = A v */
static void apply_rows(void *user, int64_t piece, int worker)
{
    const reflection *r = user;
    int64_t m = r->n - r->from, end = (piece + 1) * PIECE < m ? (piece + 1) * PIECE : m;
    (void)worker;
    for (int64_t i = piece * PIECE; i < end; ++i)
        r->p[i] = dot(r->a + (r->from + i) * r->n + r->from, r->v, m);
}

/* A <- A - v p^T - p v^T */
static void subtract_rows(void *user, int64_t piece, int worker)
{
    const reflection *r = user;
    int64_t m = r->n - r->from, end = (piece + 1) * PIECE < m ? (piece + 1) * PIECE : m;
    (void)worker;
    for (int64_t i = piece * PIECE; i < end; ++i) {
        double *row = r->a + (r->from + i) * r->n + r->from, vi = r->v[i], pi = r->p[i];
        for (int64_t j = 0; j < m; ++j) row[j] -= vi * r->p[j] + pi * r->v[j];
    }
}

/* a <- H a H with H = 1 - 2 v v^T on the rows and columns from `from` on. */
static void reflect(ad_pool *pool, reflection *r)
{
    int64_t m = r->n - r->from, pieces = (m + PIECE - 1) / PIECE;
    ad_parallel(pool, pieces, apply_rows, r);
    double middle = dot(r->p, r->v, m);
    for (int64_t i = 0; i < m; ++i) r->p[i] = 2 * (r->p[i] - middle * r->v[i]);
    ad_parallel(pool, pieces, subtract_rows, r);
}

/* d: the diagonal, e: beside it (e[n - 1] is 0). */
static ad_status reduce(ad_context *ctx, reflection *r, double *d, double *e,
                        const ad_watcher *watcher)
{
    int64_t n = r->n;
    const double *a = r->a;
    ad_status status = AD_OK;
    for (int64_t k = 0; k + 2 < n && !status; ++k) {
        for (int64_t i = k + 1; i < n; ++i) r->v[i - k - 1] = a[i * n + k];
        e[k] = reflector(r->v, n - k - 1);
        r->from = k + 1;
        reflect(ad_context_pool(ctx), r);
        if (k % PIECE == 0) status = ad_score_step(ctx, watcher, k, n);
    }
    for (int64_t i = 0; i < n; ++i) d[i] = a[i * n + i];
    if (n > 1) e[n - 2] = a[(n - 1) * n + n - 2];
    e[n - 1] = 0;
    return status;
}

/* One sweep over the unreduced block first .. last. */
static void sweep(double *d, double *e, int64_t first, int64_t last)
{
    double g = (d[first + 1] - d[first]) / (2 * e[first]);
    double c = 1, s = 1, p = 0;
    g = d[last] - d[first] + e[first] / (g + copysign(hypot(g, 1), g));
    for (int64_t i = last - 1; i >= first; --i) {
        double f = s * e[i], b = c * e[i], r = hypot(f, g);
        e[i + 1] = r;
        if (r == 0) { /* the block falls apart here */
            d[i + 1] -= p;
            e[last] = 0;
            return;
        }
        s = f / r, c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
    }
    d[first] -= p;
    e[first] = g;
    e[last] = 0;
}

/* Of a matrix whose largest number is 1: what is beside the diagonal counts as 0 once it is below
 * that one's rounding, since in the rest of a matrix of low rank there is nothing else. */
static bool iterate(double *d, double *e, int64_t n)
{
    for (int64_t first = 0; first < n; ++first)
        for (int sweeps = 0;; ++sweeps) {
            int64_t last = first;
            while (last < n - 1 &&
                   fabs(e[last]) > DBL_EPSILON * fmax(1, fabs(d[last]) + fabs(d[last + 1])))
                ++last;
            if (last == first) break;
            if (sweeps == SWEEPS_MOST) return false;
            sweep(d, e, first, last);
        }
    return true;
}

ad_status ad_symmetric_values(ad_context *ctx, double *a, int64_t n, double *value,
                              const ad_watcher *watcher)
{
    size_t bytes = ad_bytes(3 * n, sizeof(double));
    double *work = ad_alloc(ctx, bytes), *e = work;
    if (!work) return ad_fail(ctx, AD_ERROR_MEMORY, "no memory for eigenvalues");
    double size = 0; /* of which squares neither overflow nor vanish */
    for (int64_t i = 0; i < n * n; ++i) size = fmax(size, fabs(a[i]));
    for (int64_t i = 0; i < n * n && size > 0; ++i) a[i] /= size;
    reflection r = {.a = a, .v = work + n, .p = work + 2 * n, .n = n};
    ad_status status = reduce(ctx, &r, value, e, watcher);
    bool converged = status || iterate(value, e, n);
    for (int64_t i = 0; i < n; ++i) value[i] *= size;
    ad_free(ctx, work, bytes);
    if (converged) return status;
    return ad_fail(ctx, AD_ERROR_NUMERIC, "eigenvalues of a %lld x %lld matrix do not converge",
                   (long long)n, (long long)n);
}

/* ---- factors ---- */

typedef struct factoring {
    const double *a;
    double *factor, *left; /* [n, n]; [n]: of the diagonal */
    int64_t *order;        /* [n]: rows, those that are done first */
    int64_t n, done;
    double root; /* of the pivot */
} factoring;

/* Column `done` of the rows that are not. */
static void factor_rows(void *user, int64_t piece, int worker)
{
    const factoring *f = user;
    int64_t n = f->n, k = f->done, pivot = f->order[k], at = k + 1 + piece * PIECE;
    (void)worker;
    for (int64_t end = at + PIECE < n ? at + PIECE : n; at < end; ++at) {
        int64_t i = f->order[at];
        double *row = f->factor + i * n;
        row[k] = (f->a[i * n + pivot] - dot(row, f->factor + pivot * n, k)) / f->root;
        f->left[i] -= row[k] * row[k];
    }
}

/* The largest of what is left comes next; false: nothing is. */
static bool find_pivot(factoring *f, double nothing)
{
    int64_t k = f->done, best = k;
    for (int64_t at = k + 1; at < f->n; ++at)
        if (f->left[f->order[at]] > f->left[f->order[best]]) best = at;
    int64_t pivot = f->order[best];
    if (!(f->left[pivot] > nothing)) return false;
    f->order[best] = f->order[k], f->order[k] = pivot;
    f->root = sqrt(f->left[pivot]);
    f->factor[pivot * f->n + k] = f->root;
    return true;
}

ad_status ad_symmetric_factor(ad_context *ctx, const double *a, int64_t n, double *factor,
                              int64_t *rank)
{
    size_t numbers = ad_bytes(n, sizeof(double)), places = ad_bytes(n, sizeof(int64_t));
    factoring f = {.a = a, .factor = factor, .n = n};
    f.left = ad_alloc(ctx, numbers), f.order = ad_alloc(ctx, places);
    double largest = 0;
    bool room = f.left && f.order;
    for (int64_t i = 0; i < n && room; ++i) {
        f.left[i] = a[i * n + i], f.order[i] = i;
        largest = fmax(largest, f.left[i]);
    }
    if (room) memset(factor, 0, ad_bytes(n * n, sizeof *factor));
    for (; room && f.done < n; ++f.done) {
        if (!find_pivot(&f, largest * (double)n * DBL_EPSILON)) break;
        ad_parallel(ad_context_pool(ctx), (n - f.done - 1 + PIECE - 1) / PIECE, factor_rows, &f);
    }
    *rank = f.done;
    for (int64_t i = 1; i < n && room; ++i)
        memmove(factor + i * f.done, factor + i * n, (size_t)f.done * sizeof *factor);
    ad_free(ctx, f.left, numbers), ad_free(ctx, f.order, places);
    return room ? AD_OK : AD_ERROR_MEMORY;
}
