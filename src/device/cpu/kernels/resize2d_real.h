/* resize2d_real.h - the loops of resize2d.c for one element type. */

static void REAL(resize_rows)(void *user, int64_t task, int worker)
{
    const resampling *p = user;
    int64_t n = task / p->bands, row = task % p->bands * p->band, c = p->c;
    int64_t end = row + p->band < p->oh ? row + p->band : p->oh;
    const real *x = (const real *)p->args->in[0] + n * p->h * p->w * c;
    real *y = (real *)p->args->out[0] + (n * p->oh + row) * p->ow * c;
    (void)worker;
    for (; row < end; ++row) {
        const taps *down = &p->rows[row];
        for (int64_t col = 0; col < p->ow; ++col, y += c) {
            const taps *across = &p->cols[col];
            for (int64_t k = 0; k < c; ++k) y[k] = 0;
            for (int i = 0; i < down->n; ++i) {
                for (int j = 0; j < across->n; ++j) {
                    const real *from = x + (down->index[i] * p->w + across->index[j]) * c;
                    real weight = (real)(down->weight[i] * across->weight[j]);
                    AD_INDEPENDENT for (int64_t k = 0; k < c; ++k) y[k] += weight * from[k];
                }
            }
        }
    }
}

static void REAL(resize_grad_band)(void *user, int64_t task, int worker)
{
    const resampling *p = user;
    int64_t n = task / p->bands, row = task % p->bands * p->band, c = p->c;
    int64_t end = row + p->band < p->h ? row + p->band : p->h;
    const real *g = (const real *)p->args->in[0] + n * p->oh * p->ow * c;
    real *dx = (real *)p->args->out[0] + n * p->h * p->w * c;
    (void)worker;
    for (int64_t k = row * p->w * c; k < end * p->w * c; ++k) dx[k] = 0;
    for (int64_t i = 0; i < p->oh; ++i) {
        const taps *down = &p->rows[i];
        for (int t = 0; t < down->n; ++t) {
            if (down->index[t] < row || down->index[t] >= end) continue;
            for (int64_t j = 0; j < p->ow; ++j) {
                const taps *across = &p->cols[j];
                const real *from = g + (i * p->ow + j) * c;
                for (int u = 0; u < across->n; ++u) {
                    real *to = dx + (down->index[t] * p->w + across->index[u]) * c;
                    real weight = (real)(down->weight[t] * across->weight[u]);
                    AD_INDEPENDENT for (int64_t k = 0; k < c; ++k) to[k] += weight * from[k];
                }
            }
        }
    }
}
