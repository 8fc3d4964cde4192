/* normalize_real.h - the loops of normalize.c for one element type. */

/* ---- rows: layer norm. Sums in vectors of double, the tail one by one. ---- */

static double REAL(row_sum)(const real *x, int64_t n)
{
    vd a = vd_zero(), b = a;
    int64_t i = 0;
    for (; i + 2 * AD_VD <= n; i += 2 * AD_VD) {
        a = vd_add(a, REAL(doubles)(x + i)), b = vd_add(b, REAL(doubles)(x + i + AD_VD));
    }
    double sum = vd_sum(vd_add(a, b));
    for (; i < n; ++i) sum += (double)x[i];
    return sum;
}

static double REAL(row_square_sum)(const real *x, double mean, int64_t n)
{
    vd sum = vd_zero(), m = vd_set1(mean);
    int64_t i = 0;
    for (; i + AD_VD <= n; i += AD_VD) {
        vd d = vd_sub(REAL(doubles)(x + i), m);
        sum = vd_fma(d, d, sum);
    }
    double total = vd_sum(sum);
    for (; i < n; ++i) total += ((double)x[i] - mean) * ((double)x[i] - mean);
    return total;
}

static double REAL(row_product_sum)(const real *x, const real *g, double mean, int64_t n)
{
    vd sum = vd_zero(), m = vd_set1(mean);
    int64_t i = 0;
    for (; i + AD_VD <= n; i += AD_VD) {
        sum = vd_fma(vd_sub(REAL(doubles)(x + i), m), REAL(doubles)(g + i), sum);
    }
    double total = vd_sum(sum);
    for (; i < n; ++i) total += ((double)x[i] - mean) * (double)g[i];
    return total;
}

static void REAL(norm_rows)(void *user, int64_t task, int worker)
{
    const normalization *p = user;
    int64_t n = p->width, end = (task + 1) * p->chunk < p->outer ? (task + 1) * p->chunk : p->outer;
    (void)worker;
    for (int64_t row = task * p->chunk; row < end; ++row) {
        const real *x = (const real *)p->args->in[0] + row * n;
        real *y = (real *)p->args->out[0] + row * n;
        double mean = REAL(row_sum)(x, n) / (double)n;
        double inverse = 1 / sqrt(REAL(row_square_sum)(x, mean, n) / (double)n + p->eps);
        real m = (real)mean, s = (real)inverse;
        if (!p->gradient) {
            AD_INDEPENDENT for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - m) * s;
            continue;
        }
        const real *g = (const real *)p->args->in[1] + row * n;
        real gm = (real)(REAL(row_sum)(g, n) / (double)n);
        real gx = (real)(REAL(row_product_sum)(x, g, mean, n) * inverse / (double)n);
        AD_INDEPENDENT for (int64_t i = 0; i < n; ++i) y[i] = s * (g[i] - gm - (x[i] - m) * s * gx);
    }
}

/* ---- columns ---- */

/* Mean and squared differences of some columns of a chunk. */
static void REAL(chunk_moments)(void *user, int64_t task, int worker)
{
    const normalization *p = user;
    int64_t outer = task / p->chunks, chunk = task % p->chunks, first = chunk * p->chunk;
    int64_t rows = p->rows - first < p->chunk ? p->rows - first : p->chunk;
    const real *x = (const real *)p->args->in[0] + (outer * p->rows + first) * p->columns;
    moments *part = p->parts + task * p->columns;
    (void)worker;
    for (int64_t at = 0; at < p->columns; at += NORM_BLOCK) {
        int64_t n = p->columns - at < NORM_BLOCK ? p->columns - at : NORM_BLOCK;
        double mean[NORM_BLOCK], m2[NORM_BLOCK];
        for (int64_t k = 0; k < n; ++k) mean[k] = m2[k] = 0;
        for (int64_t r = 0; r < rows; ++r) {
            const real *v = x + r * p->columns + at;
            AD_INDEPENDENT for (int64_t k = 0; k < n; ++k) mean[k] += (double)v[k];
        }
        for (int64_t k = 0; k < n; ++k) mean[k] /= (double)rows;
        for (int64_t r = 0; r < rows; ++r) {
            const real *v = x + r * p->columns + at;
            AD_INDEPENDENT for (int64_t k = 0; k < n; ++k)
            {
                double d = (double)v[k] - mean[k];
                m2[k] += d * d;
            }
        }
        for (int64_t k = 0; k < n; ++k) part[at + k] = (moments){mean[k], m2[k]};
    }
}

static void REAL(chunk_projections)(void *user, int64_t task, int worker)
{
    const normalization *p = user;
    int64_t outer = task / p->chunks, chunk = task % p->chunks, first = chunk * p->chunk;
    int64_t rows = p->rows - first < p->chunk ? p->rows - first : p->chunk;
    const real *x = (const real *)p->args->in[0] + (outer * p->rows + first) * p->columns;
    const real *g = (const real *)p->args->in[1] + (outer * p->rows + first) * p->columns;
    projections *part = p->products + task * p->columns;
    (void)worker;
    for (int64_t at = 0; at < p->columns; at += NORM_BLOCK) {
        int64_t n = p->columns - at < NORM_BLOCK ? p->columns - at : NORM_BLOCK;
        double mean[NORM_BLOCK], sum[NORM_BLOCK], product[NORM_BLOCK];
        for (int64_t k = 0; k < n; ++k) {
            mean[k] = p->mean[outer * p->kept + (at + k) / p->width];
            sum[k] = product[k] = 0;
        }
        for (int64_t r = 0; r < rows; ++r) {
            const real *v = x + r * p->columns + at, *w = g + r * p->columns + at;
            AD_INDEPENDENT for (int64_t k = 0; k < n; ++k)
            {
                sum[k] += (double)w[k];
                product[k] += (double)w[k] * ((double)v[k] - mean[k]);
            }
        }
        for (int64_t k = 0; k < n; ++k) {
            double inverse = p->inverse[outer * p->kept + (at + k) / p->width];
            part[at + k] = (projections){sum[k], product[k] * inverse};
        }
    }
}

/* The chunk normalised, or its gradient. */
static void REAL(chunk_apply)(void *user, int64_t task, int worker)
{
    const normalization *p = user;
    int64_t outer = task / p->chunks, chunk = task % p->chunks, first = chunk * p->chunk;
    int64_t rows = p->rows - first < p->chunk ? p->rows - first : p->chunk;
    int64_t offset = (outer * p->rows + first) * p->columns;
    (void)worker;
    for (int64_t at = 0; at < p->columns; at += NORM_BLOCK) {
        int64_t n = p->columns - at < NORM_BLOCK ? p->columns - at : NORM_BLOCK;
        real mean[NORM_BLOCK], inverse[NORM_BLOCK], gm[NORM_BLOCK], gx[NORM_BLOCK];
        for (int64_t k = 0; k < n; ++k) {
            int64_t kept = outer * p->kept + (at + k) / p->width;
            mean[k] = (real)p->mean[kept], inverse[k] = (real)p->inverse[kept];
            gm[k] = p->gradient ? (real)p->g[kept] : 0, gx[k] = p->gradient ? (real)p->gx[kept] : 0;
        }
        for (int64_t r = 0; r < rows; ++r) {
            int64_t row = offset + r * p->columns + at;
            const real *x = (const real *)p->args->in[0] + row;
            real *y = (real *)p->args->out[0] + row;
            if (!p->gradient) {
                AD_INDEPENDENT for (int64_t k = 0; k < n; ++k) y[k] = (x[k] - mean[k]) * inverse[k];
                continue;
            }
            const real *g = (const real *)p->args->in[1] + row;
            AD_INDEPENDENT for (int64_t k = 0; k < n; ++k)
            {
                y[k] = inverse[k] * (g[k] - gm[k] - (x[k] - mean[k]) * inverse[k] * gx[k]);
            }
        }
    }
}
