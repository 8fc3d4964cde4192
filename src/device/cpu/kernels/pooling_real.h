/* pooling_real.h - the loops of pooling.c for one element type. */

/* y = x where that is larger, or NaN. */
static inline void REAL(raise)(real *restrict y, const real *restrict x, int64_t c)
{
    AD_INDEPENDENT for (int64_t k = 0; k < c; ++k) y[k] = ((x[k] > y[k]) | (x[k] != x[k])) ? x[k]
                                                                                           : y[k];
}

/* The largest of four: 2 x 2 windows, which most networks use. */
static inline void REAL(raise4)(real *restrict y, const real *restrict a, const real *restrict b,
                                const real *restrict p, const real *restrict q, int64_t c)
{
    AD_INDEPENDENT for (int64_t k = 0; k < c; ++k)
    {
        real m = a[k];
        m = ((b[k] > m) | (b[k] != b[k])) ? b[k] : m;
        m = ((p[k] > m) | (p[k] != p[k])) ? p[k] : m;
        y[k] = ((q[k] > m) | (q[k] != q[k])) ? q[k] : m;
    }
}

static void REAL(max_rows)(void *user, int64_t task, int worker)
{
    const pooling *p = user;
    int64_t n = task / p->bands, row = task % p->bands * p->band, c = p->c;
    int64_t end = row + p->band < p->oh ? row + p->band : p->oh;
    const real *x = (const real *)p->args->in[0] + n * p->h * p->w * c;
    real *y = (real *)p->args->out[0] + (n * p->oh + row) * p->ow * c;
    (void)worker;
    for (; row < end; ++row) {
        int64_t top, bottom, left, right;
        ad_pool_range(p->attr, 0, p->h, row, &top, &bottom);
        for (int64_t col = 0; col < p->ow; ++col, y += c) {
            ad_pool_range(p->attr, 1, p->w, col, &left, &right);
            const real *corner = x + (top * p->w + left) * c;
            if (bottom - top == 2 && right - left == 2) {
                REAL(raise4)(y, corner, corner + c, corner + p->w * c, corner + p->w * c + c, c);
                continue;
            }
            for (int64_t k = 0; k < c; ++k) y[k] = -INFINITY;
            for (int64_t i = top; i < bottom; ++i) {
                for (int64_t j = left; j < right; ++j) REAL(raise)(y, x + (i * p->w + j) * c, c);
            }
        }
    }
}

static void REAL(average_rows)(void *user, int64_t task, int worker)
{
    const pooling *p = user;
    int64_t n = task / p->bands, row = task % p->bands * p->band, c = p->c;
    int64_t end = row + p->band < p->oh ? row + p->band : p->oh;
    const real *x = (const real *)p->args->in[0] + n * p->h * p->w * c;
    real *y = (real *)p->args->out[0] + (n * p->oh + row) * p->ow * c;
    (void)worker;
    for (; row < end; ++row) {
        int64_t top, bottom, left, right;
        ad_pool_range(p->attr, 0, p->h, row, &top, &bottom);
        for (int64_t col = 0; col < p->ow; ++col, y += c) {
            ad_pool_range(p->attr, 1, p->w, col, &left, &right);
            real factor = 1 / (real)(ad_pool_divisor(p->attr, 0, p->h, row) *
                                     ad_pool_divisor(p->attr, 1, p->w, col));
            for (int64_t k = 0; k < c; ++k) y[k] = 0;
            for (int64_t i = top; i < bottom; ++i) {
                for (int64_t j = left; j < right; ++j) {
                    const real *from = x + (i * p->w + j) * c;
                    AD_INDEPENDENT for (int64_t k = 0; k < c; ++k) y[k] += from[k];
                }
            }
            for (int64_t k = 0; k < c; ++k) y[k] *= factor;
        }
    }
}

/* Where the first largest element of a window is, for up to POOL_CHANNELS channels: its number
 * within the window, row by row. */
static inline void REAL(find)(const pooling *p, const real *x, const int64_t range[4],
                              int64_t channels, int32_t *where)
{
    real best[POOL_CHANNELS];
    int32_t number = 0;
    const real *first = x + (range[0] * p->w + range[2]) * p->c;
    for (int64_t k = 0; k < channels; ++k) best[k] = first[k], where[k] = 0;
    for (int64_t i = range[0]; i < range[1]; ++i) {
        for (int64_t j = range[2]; j < range[3]; ++j, ++number) {
            const real *from = x + (i * p->w + j) * p->c;
            AD_INDEPENDENT for (int64_t k = 0; k < channels; ++k)
            {
                real value = from[k], old = best[k];
                int better = (value > old) | ((value != value) & (old == old));
                best[k] = better ? value : old;
                where[k] = better ? number : where[k];
            }
        }
    }
}

/* The rows [row, end) of the gradient of x: the windows that touch them, in order. */
static void REAL(max_grad_band)(void *user, int64_t task, int worker)
{
    const pooling *p = user;
    int64_t n = task / p->bands, row = task % p->bands * p->band, c = p->c;
    int64_t end = row + p->band < p->h ? row + p->band : p->h;
    const real *x = (const real *)p->args->in[0] + n * p->h * p->w * c;
    const real *g = (const real *)p->args->in[1] + n * p->oh * p->ow * c;
    real *dx = (real *)p->args->out[0] + n * p->h * p->w * c;
    (void)worker;
    for (int64_t k = row * p->w * c; k < end * p->w * c; ++k) dx[k] = 0;
    for (int64_t i = 0; i < p->oh; ++i) {
        int64_t range[4];
        ad_pool_range(p->attr, 0, p->h, i, &range[0], &range[1]);
        if (range[1] <= row || range[0] >= end) continue;
        for (int64_t j = 0; j < p->ow; ++j) {
            ad_pool_range(p->attr, 1, p->w, j, &range[2], &range[3]);
            int64_t width = range[3] - range[2];
            if (sizeof(real) == 4 && width == 2 && range[1] - range[0] == 2 && range[0] >= row &&
                range[1] <= end) {
                int64_t corner = (range[0] * p->w + range[2]) * c;
                max_grad4((const float *)(x + corner), p->w * c,
                          (const float *)(g + (i * p->ow + j) * c), (float *)(dx + corner), c);
                continue;
            }
            if (sizeof(real) == 4) {
                max_grad_any((const float *)x, p->w * c, (const float *)(g + (i * p->ow + j) * c),
                             (float *)dx, c, range, row, end);
                continue;
            }
            for (int64_t at = 0; at < c; at += POOL_CHANNELS) {
                int64_t channels = c - at < POOL_CHANNELS ? c - at : POOL_CHANNELS;
                const real *from = g + (i * p->ow + j) * c + at;
                int32_t where[POOL_CHANNELS];
                REAL(find)(p, x + at, range, channels, where);
                for (int64_t u = range[0]; u < range[1]; ++u) {
                    if (u < row || u >= end) continue;
                    for (int64_t v = range[2]; v < range[3]; ++v) {
                        int32_t number = (int32_t)((u - range[0]) * width + v - range[2]);
                        real *to = dx + (u * p->w + v) * c + at;
                        AD_INDEPENDENT for (int64_t k = 0; k < channels; ++k)
                        {
                            real value = from[k];
                            to[k] += where[k] == number ? value : 0;
                        }
                    }
                }
            }
        }
    }
}

/* y = v where x has the first largest element of each window. */
static void REAL(max_select_rows)(void *user, int64_t task, int worker)
{
    const pooling *p = user;
    int64_t n = task / p->bands, row = task % p->bands * p->band, c = p->c;
    int64_t end = row + p->band < p->oh ? row + p->band : p->oh;
    const real *x = (const real *)p->args->in[0] + n * p->h * p->w * c;
    const real *v = (const real *)p->args->in[1] + n * p->h * p->w * c;
    real *y = (real *)p->args->out[0] + (n * p->oh + row) * p->ow * c;
    (void)worker;
    for (; row < end; ++row) {
        int64_t range[4];
        ad_pool_range(p->attr, 0, p->h, row, &range[0], &range[1]);
        for (int64_t col = 0; col < p->ow; ++col, y += c) {
            ad_pool_range(p->attr, 1, p->w, col, &range[2], &range[3]);
            int64_t width = range[3] - range[2];
            for (int64_t at = 0; at < c; at += POOL_CHANNELS) {
                int64_t channels = c - at < POOL_CHANNELS ? c - at : POOL_CHANNELS;
                int32_t where[POOL_CHANNELS];
                REAL(find)(p, x + at, range, channels, where);
                for (int64_t k = 0; k < channels; ++k) {
                    int64_t i = range[0] + where[k] / width, j = range[2] + where[k] % width;
                    y[at + k] = v[(i * p->w + j) * c + at + k];
                }
            }
        }
    }
}

static void REAL(average_grad_band)(void *user, int64_t task, int worker)
{
    const pooling *p = user;
    int64_t n = task / p->bands, row = task % p->bands * p->band, c = p->c;
    int64_t end = row + p->band < p->h ? row + p->band : p->h;
    const real *g = (const real *)p->args->in[0] + n * p->oh * p->ow * c;
    real *dx = (real *)p->args->out[0] + n * p->h * p->w * c;
    (void)worker;
    for (int64_t k = row * p->w * c; k < end * p->w * c; ++k) dx[k] = 0;
    for (int64_t i = 0; i < p->oh; ++i) {
        int64_t top, bottom, left, right;
        ad_pool_range(p->attr, 0, p->h, i, &top, &bottom);
        if (top < row) top = row;
        if (bottom > end) bottom = end;
        for (int64_t j = 0; j < p->ow && top < bottom; ++j) {
            ad_pool_range(p->attr, 1, p->w, j, &left, &right);
            real factor = 1 / (real)(ad_pool_divisor(p->attr, 0, p->h, i) *
                                     ad_pool_divisor(p->attr, 1, p->w, j));
            const real *from = g + (i * p->ow + j) * c;
            for (int64_t u = top; u < bottom; ++u) {
                for (int64_t v = left; v < right; ++v) {
                    real *to = dx + (u * p->w + v) * c;
                    AD_INDEPENDENT for (int64_t k = 0; k < c; ++k) to[k] += factor * from[k];
                }
            }
        }
    }
}
