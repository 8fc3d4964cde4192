/* graph_attention.c - the f32 kernels of graph attention and of its gradient against the plain form
 * in f64, on every instruction set: heads and widths, dropout, nodes without edges, edges from
 * nowhere and of no row, threads. */
#include <autodidact/ops.h>
#include <autodidact/program.h>

#include "check.h"

static const char *const isas[] = {"scalar", "avx2", "avx512", NULL};
enum { ISAS = 4, RESULTS = 4, NODES = 40, EDGES = 300, LARGEST = 64 * NODES * 8 };

typedef struct setting {
    int64_t heads, width;
    bool masked, lost; /* lost: some edges come from node NODES */
} setting;

static uint64_t state;
static double uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-52 - 1;
}

/* Edges by row, the last few of no row; node 7 has none. */
static int32_t row_start[NODES + 1], row[EDGES], column[EDGES], column_start[NODES + 1],
    order[EDGES];

static void draw_edges(bool lost)
{
    int32_t at = 0, by_column = 0;
    for (int32_t r = 0; r < NODES; ++r) {
        int32_t degree = r == 7 ? 0 : r == 3 ? 60 : (int32_t)(4 + 3 * uniform());
        for (int32_t i = 0; i < degree && at < EDGES - 5; ++i, ++at)
            row[at] = r, column[at] = (int32_t)((uniform() + 1) * (NODES / 2 + (lost ? 1 : 0)));
        row_start[r + 1] = at;
    }
    for (int32_t c = 0; c < NODES; ++c) {
        for (int32_t e = 0; e < at; ++e)
            if (column[e] == c) order[by_column++] = e;
        column_start[c + 1] = by_column;
    }
    for (; at < EDGES; ++at) row[at] = column[at] = 0; /* room that is not used */
}

static double operands[4][LARGEST];
static const char *const names[4] = {"scores", "x", "w", "mask"};

static int64_t size_of(const setting *s, int i)
{
    const int64_t size[4] = {2 * NODES * s->heads, NODES * s->heads * s->width,
                             NODES * s->heads * s->width, EDGES * s->heads};
    return size[i];
}

/* out[0] the result, then the gradients of sum(w result^2) to scores, x and the mask. */
static int record(ad_graph *g, const setting *s, ad_dtype dtype, ad_node **out)
{
    ad_sparse edges = {ad_constant(g, AD_I32, ad_shape(NODES + 1), row_start),
                       ad_constant(g, AD_I32, ad_shape(EDGES), row),
                       ad_constant(g, AD_I32, ad_shape(EDGES), column),
                       ad_constant(g, AD_I32, ad_shape(NODES + 1), column_start),
                       ad_constant(g, AD_I32, ad_shape(EDGES), order)};
    ad_node *x[3] = {ad_input(g, "scores", dtype, ad_shape(NODES, 2, s->heads)),
                     ad_input(g, "x", dtype, ad_shape(NODES, s->heads, s->width)),
                     s->masked ? ad_input(g, "mask", dtype, ad_shape(EDGES, s->heads)) : NULL};
    ad_node *w = ad_input(g, "w", dtype, ad_shape(NODES, s->heads, s->width));
    out[0] = ad_graph_attention(edges, x[0], x[1], x[2], 0.2);
    ad_gradients(ad_sum(ad_mul(w, ad_square(out[0])), AD_ALL_AXES, false), x, s->masked ? 3 : 2,
                 out + 1);
    return s->masked ? 4 : 3;
}

/* Runs it and hands back the results, as doubles, for the caller to free; 0: not here. */
static int results(const setting *s, ad_dtype dtype, const char *isa, int threads, double **values,
                   int64_t *counts)
{
    static float narrow[4][LARGEST];
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = threads, .isa = isa});
    if (!ctx) return 0;
    ad_graph *g = ad_graph_new(ctx);
    ad_program *program = NULL;
    ad_node *out[RESULTS];
    int n = record(g, s, dtype, out);
    if (ad_compile(&program, ctx, out, n, NULL)) n = 0;
    for (int i = 0; i < (s->masked ? 4 : 3); ++i) {
        for (int64_t j = 0; j < size_of(s, i); ++j) narrow[i][j] = (float)operands[i][j];
        if (n)
            ad_bind_name(program, names[i], dtype == AD_F64 ? (void *)operands[i] : narrow[i],
                         (size_t)size_of(s, i) * ad_dtype_size(dtype));
    }
    if (!n || ad_run(program)) {
        CHECK_FAIL("%s", ad_error(ctx));
        n = 0;
    }
    for (int i = 0; i < n; ++i) {
        counts[i] = ad_shape_count(ad_node_shape(out[i]));
        values[i] = malloc((size_t)counts[i] * sizeof(double));
        ad_convert(values[i], AD_F64, ad_result_at(program, i), dtype, counts[i]);
    }
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
    return n;
}

static void compare(setting s)
{
    double *want[RESULTS], *got[RESULTS], *again[RESULTS];
    int64_t counts[RESULTS];
    draw_edges(s.lost);
    for (int i = 0; i < 4; ++i)
        for (int64_t j = 0; j < size_of(&s, i); ++j)
            operands[i][j] = (double)(float)(i == 3 ? (uniform() > 0 ? 2.5 : 0) : 2 * uniform());
    int n = results(&s, AD_F64, NULL, 1, want, counts);
    for (int isa = 0; isa < ISAS && n; ++isa) {
        if (!results(&s, AD_F32, isas[isa], 1, got, counts)) continue; /* not on this machine */
        for (int i = 0; i < n; ++i) {
            double scale = 0, worst = 0;
            for (int64_t j = 0; j < counts[i]; ++j) scale = fmax(scale, fabs(want[i][j]));
            for (int64_t j = 0; j < counts[i]; ++j) {
                double error = fabs(got[i][j] - want[i][j]);
                if (!(error <= worst)) worst = error;
            }
            if (!(worst <= 2e-6 * (scale + 1e-3)))
                CHECK_FAIL("%s: %d heads of %d%s%s: result %d is off by %g of %g",
                           isas[isa] ? isas[isa] : "best", (int)s.heads, (int)s.width,
                           s.masked ? ", masked" : "", s.lost ? ", lost" : "", i, worst, scale);
        }
        for (int threads = 2; threads < 8; threads += 5) {
            results(&s, AD_F32, isas[isa], threads, again, counts);
            for (int i = 0; i < n; ++i) {
                CHECK(!memcmp(got[i], again[i], (size_t)counts[i] * sizeof(double)));
                free(again[i]);
            }
        }
        for (int i = 0; i < n; ++i) free(got[i]);
    }
    for (int i = 0; i < n; ++i) free(want[i]);
}

static void rows_in_a_few_vectors(void)
{
    compare((setting){8, 8, true, false});
    compare((setting){8, 8, false, true});
    compare((setting){1, 7, true, true});
    compare((setting){1, 40, false, false});
    compare((setting){2, 4, true, false});
    compare((setting){3, 16, false, true});
    compare((setting){16, 1, true, false});
}

static void rows_of_any_size(void)
{
    compare((setting){8, 7, true, true});
    compare((setting){17, 2, false, false});
    compare((setting){4, 64, true, false});
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(rows_in_a_few_vectors), CASE(rows_of_any_size), {0}});
}
