/* softmax_real.h - the loops of softmax.c for one element type. */

static void REAL(row)(const soft *s, real *y, const real *x)
{
    real m = REAL(largest)(x, s->length);
    double sum = REAL(exp_row)(s->logarithm ? NULL : y, x, m, s->length);
    real factor = (real)(1 / sum), shift = (real)((double)m + log(sum));
    if (s->logarithm) {
        AD_INDEPENDENT for (int64_t i = 0; i < s->length; ++i) y[i] = x[i] - shift;
    } else {
        AD_INDEPENDENT for (int64_t i = 0; i < s->length; ++i) y[i] *= factor;
    }
}

/* `n` neighbouring columns, each a softmax of its own along the axis. */
static void REAL(columns)(const soft *s, real *y, const real *x, int64_t n)
{
    real m[COLUMNS], sum[COLUMNS], e[COLUMNS];
    for (int64_t k = 0; k < n; ++k) m[k] = x[k], sum[k] = 0;
    for (int64_t a = 1; a < s->length; ++a) {
        const real *p = x + a * s->inner;
        for (int64_t k = 0; k < n; ++k) m[k] = p[k] > m[k] ? p[k] : m[k];
    }
    for (int64_t a = 0; a < s->length; ++a) {
        real *to = s->logarithm ? e : y + a * s->inner;
        REAL(exp_each)(to, x + a * s->inner, m, n);
        for (int64_t k = 0; k < n; ++k) sum[k] += to[k];
    }
    for (int64_t k = 0; k < n; ++k) {
        m[k] = (real)((double)m[k] + log((double)sum[k]));
        sum[k] = 1 / sum[k];
    }
    for (int64_t a = 0; a < s->length; ++a) {
        const real *p = x + a * s->inner;
        real *q = y + a * s->inner;
        for (int64_t k = 0; k < n; ++k) q[k] = s->logarithm ? p[k] - m[k] : q[k] * sum[k];
    }
}

static void REAL(softmax_task)(void *user, int64_t task, int worker)
{
    const soft *s = user;
    int64_t end = (task + 1) * s->per_task < s->units ? (task + 1) * s->per_task : s->units;
    (void)worker;
    for (int64_t unit = task * s->per_task; unit < end; ++unit) {
        int64_t outer = unit / s->blocks, column = unit % s->blocks * COLUMNS;
        int64_t at = outer * s->length * s->inner + column;
        int64_t n = s->inner - column < COLUMNS ? s->inner - column : COLUMNS;
        const real *x = (const real *)s->args->in[0] + at;
        real *y = (real *)s->args->out[0] + at;
        if (s->inner == 1)
            REAL(row)(s, y, x);
        else
            REAL(columns)(s, y, x, n);
    }
}
