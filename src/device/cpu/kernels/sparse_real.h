/* sparse_real.h - the loops of sparse.c for one element type. */

static void REAL(dots)(void *user, int64_t task, int worker)
{
    const sparse *s = user;
    const real *a = s->a, *b = s->b;
    int64_t end = least((task + 1) * s->per_task, s->entries), size = s->heads * s->width;
    (void)worker;
    for (int64_t e = task * s->per_task; e < end; ++e) {
        real *to = (real *)s->out + e * s->heads;
        int64_t r = s->row[e], c = s->column[e];
        bool there = inside(r, s->segments) && inside(c, s->others);
        if (there && REAL(dots_fold)(s)) {
            REAL(dots_folded)(a + r * size, b + c * size, to, s);
            continue;
        }
        for (int64_t h = 0; h < s->heads; ++h)
            to[h] = there ? REAL(dot)(a + r * size + h * s->width, b + c * size + h * s->width,
                                      s->width)
                          : 0;
    }
}

static void REAL(sum)(void *user, int64_t task, int worker)
{
    const sparse *s = user;
    const real *x = s->a;
    int64_t last = least((task + 1) * s->per_task, s->segments), width = s->width;
    (void)worker;
    for (int64_t k = task * s->per_task; k < last; ++k) {
        real *to = (real *)s->out + k * width;
        int64_t begin, end;
        range(s, k, &begin, &end);
        for (int64_t c = 0; c < width; ++c) to[c] = 0;
        for (int64_t i = begin; i < end; ++i) {
            int64_t e = entry_at(s, i);
            if (!inside(e, s->entries)) continue;
            const real *from = x + e * width;
            AD_INDEPENDENT for (int64_t c = 0; c < width; ++c) to[c] += from[c];
        }
    }
}

/* Larger, or not a number: that is not to be lost. */
static inline real REAL(larger)(real a, real b)
{
    return a > b || a != a ? a : b;
}

static void REAL(max)(void *user, int64_t task, int worker)
{
    const sparse *s = user;
    const real *x = s->a;
    int64_t last = least((task + 1) * s->per_task, s->segments), width = s->width;
    (void)worker;
    for (int64_t k = task * s->per_task; k < last; ++k) {
        real *to = (real *)s->out + k * width;
        int64_t begin, end;
        range(s, k, &begin, &end);
        for (int64_t c = 0; c < width; ++c) to[c] = begin < end ? x[begin * width + c] : 0;
        for (int64_t e = begin + 1; e < end; ++e)
            for (int64_t c = 0; c < width; ++c) to[c] = REAL(larger)(x[e * width + c], to[c]);
    }
}

enum { REAL(CHUNK) = 64 }; /* columns whose maxima are held */

/* The entries of a row are neighbours, [entries of the row, width]. */
static void REAL(softmax_columns)(const real *x, real *y, int64_t count, int64_t width,
                                  int64_t columns)
{
    real top[REAL(CHUNK)], sum[REAL(CHUNK)];
    for (int64_t c = 0; c < columns; ++c) top[c] = x[c], sum[c] = 0;
    for (int64_t e = 1; e < count; ++e)
        AD_INDEPENDENT for (int64_t c = 0; c < columns; ++c)
            top[c] = REAL(larger)(x[e * width + c], top[c]);
    for (int64_t e = 0; e < count; ++e) {
        REAL(exp_each)(y + e * width, x + e * width, top, columns);
        AD_INDEPENDENT for (int64_t c = 0; c < columns; ++c) sum[c] += y[e * width + c];
    }
    for (int64_t c = 0; c < columns; ++c) sum[c] = 1 / sum[c];
    for (int64_t e = 0; e < count; ++e)
        AD_INDEPENDENT for (int64_t c = 0; c < columns; ++c) y[e * width + c] *= sum[c];
}

static void REAL(softmax)(void *user, int64_t task, int worker)
{
    const sparse *s = user;
    int64_t last = least((task + 1) * s->per_task, s->segments);
    (void)worker;
    for (int64_t k = task * s->per_task; k < last; ++k) {
        int64_t begin, end;
        range(s, k, &begin, &end);
        if (begin < end && REAL(softmax_folds)(s->width)) {
            REAL(softmax_folded)
            ((const real *)s->a + begin * s->width, (real *)s->out + begin * s->width,
             (end - begin) * s->width, s->width);
            continue;
        }
        for (int64_t c = 0; begin < end && c < s->width; c += REAL(CHUNK)) REAL(softmax_columns)
        ((const real *)s->a + begin * s->width + c, (real *)s->out + begin * s->width + c,
         end - begin, s->width, least(s->width - c, REAL(CHUNK)));
    }
}
