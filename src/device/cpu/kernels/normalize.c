/* normalize.c - (x - mean) / sqrt(variance + eps) over some axes, and its gradient to x:
 *     dx = s (g - mean(g) - xhat mean(g xhat)),  s = 1 / sqrt(variance + eps),  xhat = (x - mean) s
 *
 * Reduced rows (layer norm) are done one by one. Otherwise chunks of rows are worked on in
 * parallel, in two passes each (mean, then squared differences), and joined in order by the formula
 * of Chan, Golub and LeVeque (1983). Statistics are in double throughout. */
#include "device/cpu/kernels/normalize.h"

#include <math.h>

static inline vd doubles_f32(const float *x)
{
    return vd_load_f32(x);
}
static inline vd doubles_f64(const double *x)
{
    return vd_load(x);
}

#define REAL_SOURCE "device/cpu/kernels/normalize_real.h"
#include "device/cpu/kernels/each_real.h"

/* Brings the axes into the form [outer, rows, kept, width]. False: they alternate more often. */
static bool plan(normalization *p, const ad_problem *problem)
{
    const ad_attr_reduce *attr = problem->attr;
    const ad_operand *x = &problem->in[0];
    int64_t run[5] = {1, 1, 1, 1, 1}; /* alternating kept, reduced, ...; the first is kept */
    int n = 0;
    for (int i = 0; i < x->rank; ++i) {
        bool reduced = attr->axes >> i & 1;
        if (x->dim[i] == 1) continue;
        if (reduced != (n % 2 == 1) && ++n > 3) return false;
        run[n] *= x->dim[i];
    }
    *p = (normalization){.outer = run[0],
                         .rows = run[1],
                         .kept = run[2],
                         .width = run[3],
                         .eps = attr->eps,
                         .gradient = problem->op == AD_OP_NORMALIZE_GRAD};
    if (p->kept == 1) p->width *= p->rows, p->rows = 1;
    p->columns = p->kept * p->width;
    if (p->rows == 1 && p->kept == 1) {
        p->chunk = p->width < NORM_CHUNK / 4 ? NORM_CHUNK / 4 / (p->width > 0 ? p->width : 1) : 1;
        p->chunks = (p->outer + p->chunk - 1) / p->chunk;
        return true;
    }
    p->chunk = p->columns < NORM_CHUNK ? NORM_CHUNK / (p->columns > 0 ? p->columns : 1) : 1;
    if (p->chunk > p->rows) p->chunk = p->rows > 0 ? p->rows : 1;
    p->chunks = (p->rows + p->chunk - 1) / p->chunk;
    return true;
}

static bool by_rows(const normalization *p)
{
    return p->rows == 1 && p->kept == 1;
}

/* Joins the chunks' columns of one kept element. */
static void join_moments(void *user, int64_t index, int worker)
{
    const normalization *p = user;
    int64_t outer = index / p->kept, kept = index % p->kept;
    double count = 0, mean = 0, m2 = 0;
    (void)worker;
    for (int64_t chunk = 0; chunk < p->chunks; ++chunk) {
        const moments *part = p->parts + (outer * p->chunks + chunk) * p->columns + kept * p->width;
        int64_t rows = p->rows - chunk * p->chunk < p->chunk ? p->rows - chunk * p->chunk
                                                             : p->chunk;
        for (int64_t k = 0; k < p->width; ++k) {
            double d = part[k].mean - mean, n = (double)rows;
            mean += d * (n / (count + n));
            m2 += part[k].m2 + d * d * (count * n / (count + n));
            count += n;
        }
    }
    p->mean[index] = mean;
    p->inverse[index] = 1 / sqrt(m2 / count + p->eps);
}

static void join_projections(void *user, int64_t index, int worker)
{
    const normalization *p = user;
    int64_t outer = index / p->kept, kept = index % p->kept;
    double count = (double)(p->rows * p->width), g = 0, gx = 0;
    (void)worker;
    for (int64_t chunk = 0; chunk < p->chunks; ++chunk) {
        const projections *part = p->products + (outer * p->chunks + chunk) * p->columns +
                                  kept * p->width;
        for (int64_t k = 0; k < p->width; ++k) g += part[k].g, gx += part[k].gx;
    }
    p->g[index] = g / count, p->gx[index] = gx / count;
}

static size_t workspace(const ad_problem *problem)
{
    normalization p;
    if (!plan(&p, problem) || by_rows(&p)) return 0;
    int64_t kept = p.outer * p.kept;
    return ad_bytes(p.outer * p.chunks * p.columns, sizeof(moments)) +
           ad_bytes(4 * kept, sizeof(double));
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *x = &problem->in[0], *out = &problem->out[0];
    normalization p;
    if (out->dtype != AD_F32 && out->dtype != AD_F64) return -1;
    for (int i = 0; i < problem->n_in; ++i) {
        if (problem->in[i].dtype != out->dtype || !ad_operand_contiguous(&problem->in[i]))
            return -1;
    }
    if (!ad_operand_contiguous(out) || !plan(&p, problem)) return -1;
    double arrays = problem->n_in + 1;
    return machine->call + ad_scattered_seconds(machine, arrays * (double)ad_operand_count(x) *
                                                             (double)ad_dtype_size(x->dtype));
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    normalization p;
    bool wide = problem->out[0].dtype == AD_F64;
    if (ad_operand_count(&problem->out[0]) == 0 || !plan(&p, problem)) return;
    p.args = args;
    if (by_rows(&p)) {
        ad_parallel(args->pool, p.chunks, wide ? norm_rows_f64 : norm_rows_f32, &p);
        return;
    }
    int64_t tasks = p.outer * p.chunks, kept = p.outer * p.kept;
    p.mean = args->workspace, p.inverse = p.mean + kept, p.g = p.inverse + kept, p.gx = p.g + kept;
    p.parts = (moments *)(void *)(p.gx + kept), p.products = (projections *)(void *)(p.gx + kept);
    ad_parallel(args->pool, tasks, wide ? chunk_moments_f64 : chunk_moments_f32, &p);
    ad_parallel(args->pool, kept, join_moments, &p);
    if (p.gradient) {
        ad_parallel(args->pool, tasks, wide ? chunk_projections_f64 : chunk_projections_f32, &p);
        ad_parallel(args->pool, kept, join_projections, &p);
    }
    ad_parallel(args->pool, tasks, wide ? chunk_apply_f64 : chunk_apply_f32, &p);
}

const ad_solver AD_ISA_NAME(ad_solver_normalize) = {
    .name = "normalize", .op = AD_OP_NORMALIZE, .bid = bid, .workspace = workspace, .run = run};
const ad_solver AD_ISA_NAME(ad_solver_normalize_grad) = {.name = "normalize gradient",
                                                         .op = AD_OP_NORMALIZE_GRAD,
                                                         .bid = bid,
                                                         .workspace = workspace,
                                                         .run = run};
