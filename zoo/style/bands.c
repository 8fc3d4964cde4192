/* bands.c - see bands.h. Rows are counted in quarters: one of them is four rows of the picture, and
 * one of what lies between the stages. */
#include "zoo/style/bands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How far a stage sees to either side, at most, and how much of a band is its own. */
enum { HALO = 4, CORE_MOST = 32, CORE_LEAST = 4, NODES = STYLE_NET_STAGE_NORMS + 1 };

/* What a stage reads or writes. */
typedef struct side {
    int64_t per; /* rows in a quarter row: 4 of the picture, 1 between the stages */
    int64_t width, channels;
    style_rows rows;
} side;

typedef struct bands {
    ad_context *ctx;
    ad_vars *vars;
    const style_net_form *form;
    const float *mix;
    ad_compile_options compile;
    int64_t quarters; /* of the picture */
    float *inner;     /* [quarters, width / 4, channels], between the stages */
    side ends, between;
    /* of a stage: */
    int64_t core, tile, begin; /* rows of a band's own, of a band; where the band now begins */
    float *band;
    ad_graph *graph;
    ad_node *x, *y;
    style_net_norms norms;
    float *moments[STYLE_NET_STAGE_NORMS][2]; /* means and factors, bound to the inputs */
    ad_program *program;
} bands;

static int64_t row_floats(const side *s)
{
    return s->width * s->channels;
}

static void read_inner(void *user, int64_t row, float *to)
{
    const bands *b = user;
    int64_t n = row_floats(&b->between);
    memcpy(to, b->inner + row * n, (size_t)n * sizeof *to);
}

static void write_inner(void *user, int64_t row, const float *from)
{
    bands *b = user;
    int64_t n = row_floats(&b->between);
    memcpy(b->inner + row * n, from, (size_t)n * sizeof *from);
}

/* ---- a band ---- */

/* Brings quarter rows [begin, begin + tile) into the band. What it has of them stays: by now it may
 * have been overwritten where it came from. */
static void move_to(bands *b, const side *from, int64_t begin)
{
    int64_t n = row_floats(from), rows = b->tile * from->per;
    int64_t kept = b->begin < 0 ? 0 : (b->begin + b->tile - begin) * from->per;
    if (b->begin >= 0)
        memmove(b->band, b->band + (rows - kept) * n, (size_t)(kept * n) * sizeof *b->band);
    for (int64_t r = kept; r < rows; ++r)
        from->rows.read(from->rows.user, begin * from->per + r, b->band + r * n);
    b->begin = begin;
}

/* Sums of the values and of their squares, in each channel. */
static void add_up(const float *x, int64_t pixels, int64_t channels, double *sum, double *square)
{
    for (int64_t i = 0; i < pixels; ++i, x += channels)
        for (int64_t c = 0; c < channels; ++c) {
            double v = (double)x[c];
            sum[c] += v, square[c] += v * v;
        }
}

/* All bands through the program, whose result is `out`: each band's own rows are written to `to`,
 * or, if that is NULL, added to `sums` [2, channels]. */
static ad_status all_bands(bands *b, const side *from, ad_node *out, const side *to, double *sums)
{
    ad_shape shape = ad_node_shape(out);
    int64_t per = shape.dim[1] / b->tile, n = shape.dim[2] * shape.dim[3];
    b->begin = -1;
    for (int64_t first = 0; first < b->quarters; first += b->core) {
        int64_t end = first + b->core < b->quarters ? first + b->core : b->quarters;
        int64_t begin = first < HALO ? 0 : first - HALO, last = b->quarters - b->tile;
        move_to(b, from, begin < last ? begin : last);
        ad_status status = ad_run(b->program);
        if (!status) status = ad_result_finite(b->program, out, "a band");
        if (status) return status;
        const float *own = (const float *)ad_result(b->program, out) + (first - b->begin) * per * n;
        int64_t rows = (end - first) * per;
        for (int64_t r = 0; to && r < rows; ++r)
            to->rows.write(to->rows.user, first * per + r, own + r * n);
        if (!to) add_up(own, rows * shape.dim[2], shape.dim[3], sums, sums + shape.dim[3]);
    }
    return AD_OK;
}

/* ---- a stage ---- */

static ad_status compile(bands *b, const side *from, ad_node *out, int known)
{
    ad_program_free(b->program);
    b->program = NULL;
    size_t bytes = (size_t)(b->tile * from->per * row_floats(from)) * sizeof(float);
    ad_status status = ad_compile(&b->program, b->ctx, &out, 1, &b->compile);
    if (!status) status = ad_bind(b->program, b->x, b->band, bytes);
    for (int i = 0; i < known && !status; ++i) {
        size_t size = ad_shape_bytes(ad_node_shape(b->norms.mean[i]), AD_F32);
        status = ad_bind(b->program, b->norms.mean[i], b->moments[i][0], size);
        if (!status) status = ad_bind(b->program, b->norms.factor[i], b->moments[i][1], size);
    }
    return status;
}

/* The mean of norm i's input over the whole picture, and 1 / its deviation. */
static ad_status measure(bands *b, const side *from, int i)
{
    ad_shape shape = ad_node_shape(b->norms.seen[i]);
    int64_t channels = shape.dim[3];
    int64_t rows = b->quarters * (shape.dim[1] / b->tile);
    double count = (double)(rows * shape.dim[2]);
    double *sums = calloc((size_t)(2 * channels), sizeof *sums);
    for (int k = 0; k < 2; ++k) b->moments[i][k] = calloc((size_t)channels, sizeof **b->moments[i]);
    ad_status status = AD_OK;
    if (!sums || !b->moments[i][0] || !b->moments[i][1])
        status = ad_error_set(b->ctx, AD_ERROR_MEMORY, "out of memory for the means of channels");
    if (!status) status = compile(b, from, b->norms.seen[i], i);
    if (!status) status = all_bands(b, from, b->norms.seen[i], NULL, sums);
    for (int64_t c = 0; c < channels && !status; ++c) {
        double mean = sums[c] / count, variance = sums[channels + c] / count - mean * mean;
        b->moments[i][0][c] = (float)mean;
        b->moments[i][1][c] = (float)(1 / sqrt(fmax(variance, 0) + b->norms.eps));
    }
    free(sums);
    return status;
}

static void end_stage(bands *b)
{
    for (int i = 0; i < STYLE_NET_STAGE_NORMS; ++i)
        for (int k = 0; k < 2; ++k) free(b->moments[i][k]), b->moments[i][k] = NULL;
    ad_program_free(b->program), ad_graph_free(b->graph);
    free(b->band);
    b->program = NULL, b->graph = NULL, b->band = NULL;
}

/* The stage as graph, for bands with `core` rows of their own. */
static ad_status begin_stage(bands *b, int stage, const side *from, int64_t core)
{
    b->core = core, b->tile = core + 2 * HALO;
    if (b->tile >= b->quarters) b->core = b->tile = b->quarters;
    int64_t rows = b->tile * from->per;
    b->band = malloc((size_t)(rows * row_floats(from)) * sizeof *b->band);
    if (!b->band) return ad_error_set(b->ctx, AD_ERROR_MEMORY, "out of memory for a band");
    if (!(b->graph = ad_graph_new(b->ctx))) return AD_ERROR_MEMORY;
    b->x = ad_input(b->graph, "band", AD_F32, ad_shape(1, rows, from->width, from->channels));
    ad_node *mix = NULL;
    if (b->form->styles > 1)
        mix = ad_constant(b->graph, AD_F32, ad_shape(1, b->form->styles), b->mix);
    b->y = style_net_stage(b->vars, b->form, stage, b->x, mix, &b->norms);
    ad_status status = ad_graph_status(b->graph);
    return status ? ad_error_set(b->ctx, status, "%s", ad_graph_error(b->graph)) : AD_OK;
}

/* What comes last is the most that is needed at a time. */
static ad_status fits(bands *b, const side *from)
{
    return compile(b, from, b->y, 0);
}

static ad_status run_stage(bands *b, int stage, const side *from, const side *to)
{
    ad_status status = AD_ERROR_LIMIT;
    for (int64_t core = CORE_MOST; status == AD_ERROR_LIMIT && core >= CORE_LEAST; core /= 2) {
        end_stage(b);
        status = begin_stage(b, stage, from, core);
        if (!status) status = fits(b, from);
    }
    for (int i = 0; i < b->norms.count && !status; ++i) status = measure(b, from, i);
    if (!status) status = compile(b, from, b->y, b->norms.count);
    if (!status) status = all_bands(b, from, b->y, to, NULL);
    end_stage(b);
    return status;
}

ad_status style_bands_paint(ad_context *ctx, ad_vars *vars, const style_net_form *form,
                            const float *mix, const ad_compile_options *options, int64_t width,
                            int64_t height, const style_rows *rows)
{
    bands b = {.ctx = ctx, .vars = vars, .form = form, .mix = mix, .compile = *options};
    int stages = style_net_stages(form);
    b.quarters = height / STYLE_NET_MULTIPLE;
    b.ends = (side){STYLE_NET_MULTIPLE, width, 3, *rows};
    b.between = (side){
        1, width / STYLE_NET_MULTIPLE, style_net_inner(form), {&b, read_inner, write_inner}};
    size_t bytes = (size_t)(b.quarters * row_floats(&b.between)) * sizeof *b.inner,
           limit = options->memory_limit;
    if (limit && bytes >= limit)
        return ad_error_set(ctx, AD_ERROR_LIMIT,
                            "a picture of %lld x %lld needs %zu bytes of memory at least, %zu are "
                            "allowed",
                            (long long)width, (long long)height, bytes, limit);
    if (limit) b.compile.memory_limit = limit - bytes;
    if (!(b.inner = malloc(bytes)))
        return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for a picture of %lld x %lld",
                            (long long)width, (long long)height);
    ad_status status = AD_OK;
    for (int i = 0; i < stages && !status; ++i)
        status = run_stage(&b, i, i ? &b.between : &b.ends, i < stages - 1 ? &b.between : &b.ends);
    free(b.inner);
    return status;
}
