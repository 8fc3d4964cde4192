/* symmetric.c - Householder's reduction to a tridiagonal matrix, then QL with implicit shifts
 * (Golub & Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3). Eigenvectors are kept as rows,
 * so that reflections and rotations go along memory. */
#include "score/symmetric.h"

#include <float.h>
#include <math.h>

enum { SWEEPS_MOST = 60 }; /* two or three are usual for each eigenvalue */

static double dot(const double *x, const double *y, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += x[i] * y[i];
    return sum;
}

static void add(double *y, double factor, const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; ++i) y[i] += factor * x[i];
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

/* a <- H a H with H = 1 - 2 v v^T on the rows and columns from `from` on; p is scratch. */
static void reflect_both(double *a, int64_t n, int64_t from, const double *v, double *p)
{
    int64_t m = n - from;
    for (int64_t i = 0; i < m; ++i) p[i] = dot(a + (from + i) * n + from, v, m);
    double middle = dot(p, v, m);
    for (int64_t i = 0; i < m; ++i) p[i] = 2 * (p[i] - middle * v[i]);
    for (int64_t i = 0; i < m; ++i) {
        double *row = a + (from + i) * n + from;
        add(row, -v[i], p, m);
        add(row, -p[i], v, m);
    }
}

/* rows <- H rows, of those from `from` on; p is scratch. */
static void reflect_rows(double *rows, int64_t n, int64_t from, const double *v, double *p)
{
    for (int64_t k = 0; k < n; ++k) p[k] = 0;
    for (int64_t i = from; i < n; ++i) add(p, v[i - from], rows + i * n, n);
    for (int64_t i = from; i < n; ++i) add(rows + i * n, -2 * v[i - from], p, n);
}

/* d: the diagonal, e: beside it (e[n - 1] is 0). */
static void reduce(double *a, int64_t n, double *d, double *e, double *vector, double *v, double *p)
{
    for (int64_t k = 0; k + 2 < n; ++k) {
        for (int64_t i = k + 1; i < n; ++i) v[i - k - 1] = a[i * n + k];
        e[k] = reflector(v, n - k - 1);
        reflect_both(a, n, k + 1, v, p);
        if (vector) reflect_rows(vector, n, k + 1, v, p);
    }
    for (int64_t i = 0; i < n; ++i) d[i] = a[i * n + i];
    if (n > 1) e[n - 2] = a[(n - 1) * n + n - 2];
    e[n - 1] = 0;
}

static void rotate(double *x, double *y, double c, double s, int64_t n)
{
    for (int64_t k = 0; k < n; ++k) {
        double t = y[k];
        y[k] = s * x[k] + c * t;
        x[k] = c * x[k] - s * t;
    }
}

/* One sweep over the unreduced block first .. last. */
static void sweep(double *d, double *e, int64_t first, int64_t last, double *vector, int64_t n)
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
        if (vector) rotate(vector + i * n, vector + (i + 1) * n, c, s, n);
    }
    d[first] -= p;
    e[first] = g;
    e[last] = 0;
}

/* Of a matrix whose largest number is 1: what is beside the diagonal counts as 0 once it is below
 * that one's rounding, since in the rest of a matrix of low rank there is nothing else. */
static bool iterate(double *d, double *e, int64_t n, double *vector)
{
    for (int64_t first = 0; first < n; ++first)
        for (int sweeps = 0;; ++sweeps) {
            int64_t last = first;
            while (last < n - 1 &&
                   fabs(e[last]) > DBL_EPSILON * fmax(1, fabs(d[last]) + fabs(d[last + 1])))
                ++last;
            if (last == first) break;
            if (sweeps == SWEEPS_MOST) return false;
            sweep(d, e, first, last, vector, n);
        }
    return true;
}

ad_status ad_symmetric_eigen(ad_context *ctx, double *a, int64_t n, double *value, double *vector)
{
    size_t bytes = ad_bytes(3 * n, sizeof(double));
    double *work = ad_alloc(ctx, bytes), *e = work;
    if (!work) return ad_fail(ctx, AD_ERROR_MEMORY, "no memory for eigenvalues");
    double size = 0; /* of which squares neither overflow nor vanish */
    for (int64_t i = 0; i < n * n; ++i) size = fmax(size, fabs(a[i]));
    for (int64_t i = 0; i < n * n && size > 0; ++i) a[i] /= size;
    for (int64_t i = 0; vector && i < n * n; ++i) vector[i] = i % (n + 1) == 0;
    reduce(a, n, value, e, vector, work + n, work + 2 * n);
    bool converged = iterate(value, e, n, vector);
    for (int64_t i = 0; i < n; ++i) value[i] *= size;
    ad_free(ctx, work, bytes);
    if (converged) return AD_OK;
    return ad_fail(ctx, AD_ERROR_NUMERIC, "eigenvalues of a %lld x %lld matrix do not converge",
                   (long long)n, (long long)n);
}
