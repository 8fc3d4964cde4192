/* cross_entropy_real.h - the loops of cross_entropy.c for one element type. */

static void REAL(loss_task)(void *user, int64_t task, int worker)
{
    const entropy *e = user;
    int64_t end = (task + 1) * e->per_task < e->rows ? (task + 1) * e->per_task : e->rows;
    (void)worker;
    for (int64_t r = task * e->per_task; r < end; ++r) {
        const real *x = (const real *)e->args->in[0] + r * e->classes;
        real *loss = (real *)e->args->out[0] + r;
        int64_t label = label_of(e, r);
        *loss = 0;
        if (label < 0 || label >= e->classes) continue;
        real m = REAL(largest)(x, e->classes);
        *loss = (real)((double)m - (double)x[label] + log(REAL(exp_row)(NULL, x, m, e->classes)));
    }
}

/* (softmax - one hot) g */
static void REAL(grad_task)(void *user, int64_t task, int worker)
{
    const entropy *e = user;
    int64_t end = (task + 1) * e->per_task < e->rows ? (task + 1) * e->per_task : e->rows;
    (void)worker;
    for (int64_t r = task * e->per_task; r < end; ++r) {
        const real *x = (const real *)e->args->in[0] + r * e->classes;
        real g = ((const real *)e->args->in[2])[r], *dx = (real *)e->args->out[0] + r * e->classes;
        int64_t label = label_of(e, r);
        if (label < 0 || label >= e->classes) {
            for (int64_t i = 0; i < e->classes; ++i) dx[i] = 0;
            continue;
        }
        real m = REAL(largest)(x, e->classes);
        real factor = (real)((double)g / REAL(exp_row)(dx, x, m, e->classes));
        AD_INDEPENDENT for (int64_t i = 0; i < e->classes; ++i) dx[i] *= factor;
        dx[label] -= g;
    }
}
