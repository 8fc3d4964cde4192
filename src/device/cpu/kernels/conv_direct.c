/* conv_direct.c - conv2d and its input gradient without packing, for few channels.
 *
 * PIXELS pixels of a row meet one or two vectors of the result's channels, all in registers: for
 * each tap and channel, the filter is loaded as vectors and the source is spread from memory. A
 * window of the source with its border is copied first (conv_window.h), so the loops know no edges;
 * with so few channels, packing for a matrix product or transforming (Winograd) costs about as much
 * as the sums. The input gradient goes phase by phase (conv_axis.h) through rows that are finished
 * whole. */
#include "device/cpu/conv_axis.h"
#include "device/cpu/conv_window.h"
#include "device/cpu/finish.h"
#include "device/cpu/sizes.h"

enum {
    PIXELS = AD_KERNEL_AVX512 || AD_KERNEL_NEON ? 8
             : AD_KERNEL_ISA == 1               ? 6
                                                : 4, /* with two vectors of columns */
    BLOCK_BYTES = 36 << 10,            /* of window and result: they should stay in L1 */
    MOST_BLOCK_BYTES = 1 << 18,        /* where one row takes more than that */
    FILTER_BYTES = 1 << 20,
    SLAB_BYTES = 24 << 10, /* of the filter of two vectors of columns, about what L1 has left */
};

typedef struct direct {
    const ad_operand *source, *filter;
    const ad_finish *finish;
    const char *source_data;
    int64_t images, height, width;         /* of the result */
    int64_t channels, outs, columns;       /* of the source, the result; those padded to vectors */
    int64_t filter_channel, filter_column; /* strides */
    ad_conv_grid grid;
    int64_t left, cols;                      /* of the window: first column of the source */
    int64_t block_rows, blocks, window_rows; /* rows of the result; blocks of an image */
    int64_t window_floats, sum;              /* sum: floats of the block's result */
    float *packed, *scratch;
    float *direct; /* where the result is if it can be stored as it comes; else NULL */
    int64_t direct_step;
} direct;

/* ---- the problem ---- */

static void set_blocks(direct *d)
{
    int64_t rows = d->height, line = d->cols * d->channels;
    for (;; rows = (rows + 1) / 2) {
        d->block_rows = rows, d->blocks = (d->height + rows - 1) / rows, d->window_rows = 0;
        for (int64_t top = 0; top < d->height; top += rows) {
            int64_t first, past;
            ad_conv_reach(d->grid.y, d->grid.phases[0], top, least(top + rows, d->height), &first,
                          &past);
            d->window_rows = most(d->window_rows, past - first);
        }
        /* the last pixels of a row are computed together with some that are not there */
        int64_t beyond = 2 * PIXELS * most(d->grid.x[0].step, 1) * d->channels;
        d->window_floats = up(d->window_rows * line + beyond, 16);
        d->sum = up(rows * d->width * d->columns, 16);
        if (rows <= 1 || (d->window_floats + d->sum) * 4 <= BLOCK_BYTES) return;
    }
}

static bool prepare(direct *d, const ad_problem *problem)
{
    const ad_operand *source = &problem->in[0], *filter = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    bool gradient = problem->op == AD_OP_CONV2D_INPUT_GRAD;
    if (attr->groups != 1 || source->dtype == AD_F64 || filter->dtype == AD_F64) return false;
    *d = (direct){.source = source,
                  .filter = filter,
                  .images = out->dim[0],
                  .height = out->dim[1],
                  .width = out->dim[2],
                  .channels = source->dim[3],
                  .outs = out->dim[3],
                  .filter_channel = filter->stride[gradient ? 3 : 2],
                  .filter_column = filter->stride[gradient ? 2 : 3]};
    d->columns = up(d->outs, AD_VF);
    int64_t past;
    if (!ad_conv_grid_set(&d->grid, problem, d->channels * d->columns)) return false;
    if (d->grid.filter_floats > FILTER_BYTES / 4 || d->images * d->height * d->width < 1)
        return false;
    ad_conv_reach(d->grid.x, d->grid.phases[1], 0, d->width, &d->left, &past);
    d->cols = past - d->left;
    if (d->cols * d->channels * 4 > MOST_BLOCK_BYTES || d->width * d->columns > MOST_BLOCK_BYTES)
        return false;
    set_blocks(d);
    return (d->window_floats + d->sum) * 4 <= MOST_BLOCK_BYTES;
}

/* ---- the filter ---- */

/* [tap_y, tap_x, channel, columns] of a phase. */
static void pack_phase(const direct *d, const char *data, const ad_conv_axis *y,
                       const ad_conv_axis *x, float *to)
{
    const ad_operand *w = d->filter;
    for (int64_t r = 0; r < y->taps; ++r)
        for (int64_t s = 0; s < x->taps; ++s)
            for (int64_t c = 0; c < d->channels; ++c, to += d->columns) {
                int64_t at = (y->weight + r * y->weight_step) * w->stride[0] +
                             (x->weight + s * x->weight_step) * w->stride[1] +
                             c * d->filter_channel;
                memset(to, 0, (size_t)d->columns * sizeof *to);
                for (int64_t k = 0; k < d->outs; ++k)
                    vf_store_n(to + k, ad_load_as_f32(data, w->dtype, at + k * d->filter_column, 1),
                               1);
            }
}

/* ---- sums ---- */

/* Where a row of a phase's pixels begins, and how the taps follow each other from there. */
typedef struct row {
    const float *source, *filter;
    float *to;
    int64_t pixel, to_pixel; /* from pixel to pixel of the phase */
    int64_t lines, line;     /* taps along y, and floats between them */
    int64_t runs, run;       /* pieces of a line: taps along x, unless those adjoin */
    int64_t depth, columns;  /* floats of a piece, each meeting so many columns */
} row;

static inline __attribute__((always_inline)) void
tile(const int pixels, const int vectors, const row *r, int64_t i, int64_t k, int64_t valid)
{
    vf acc[2 * PIXELS][2];
    const float *w = r->filter + k;
    const int64_t step = r->pixel, columns = r->columns;
#pragma GCC unroll 16
    for (int p = 0; p < pixels; ++p)
        for (int v = 0; v < vectors; ++v) acc[p][v] = vf_zero();
    for (int64_t y = 0; y < r->lines; ++y)
        for (int64_t s = 0; s < r->runs; ++s) {
            const float *at = r->source + i * step + y * r->line + s * r->run;
            const float *on = at + PIXELS * step; /* so that few multiples of step are needed */
            for (int64_t c = 0; c < r->depth; ++c, ++at, ++on, w += columns) {
                vf w0 = vf_load(w), w1 = vectors > 1 ? vf_load(w + AD_VF) : w0;
#pragma GCC unroll 16
                for (int p = 0; p < pixels; ++p) {
                    vf x = vf_set1(p < PIXELS ? at[p * step] : on[(p - PIXELS) * step]);
                    acc[p][0] = vf_fma(x, w0, acc[p][0]);
                    if (vectors > 1) acc[p][1] = vf_fma(x, w1, acc[p][1]);
                }
            }
        }
    float *to = r->to + i * r->to_pixel + k;
#pragma GCC unroll 16
    for (int p = 0; p < pixels; ++p, to += r->to_pixel) {
        if (p >= valid) break;
        for (int v = 0; v < vectors; ++v) vf_store(to + v * AD_VF, acc[p][v]);
    }
}

static void sum_row(const row *r, int64_t pixels)
{
    for (int64_t k = 0; k < r->columns; k += 2 * AD_VF) {
        bool two = k + AD_VF < r->columns;
        int64_t full = two ? PIXELS : 2 * PIXELS;
        for (int64_t i = 0; i < pixels; i += full) {
            int64_t valid = pixels - i;
            if (two && valid > PIXELS / 2)
                tile(PIXELS, 2, r, i, k, valid);
            else if (two)
                tile(PIXELS / 2, 2, r, i, k, valid);
            else if (valid > PIXELS)
                tile(2 * PIXELS, 1, r, i, k, valid);
            else
                tile(PIXELS, 1, r, i, k, valid);
        }
    }
}

/* Rows [top, top + rows) of an image, phase by phase along each. */
static void sum_block(const direct *d, const float *window, int64_t first, int64_t top,
                      int64_t rows, float *to, int64_t step)
{
    int64_t line = d->cols * d->channels;
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t px = 0; px < d->grid.phases[1]; ++px) {
            int64_t at = top + i, py = at % d->grid.phases[0];
            const ad_conv_axis *y = &d->grid.y[py], *x = &d->grid.x[px];
            int64_t begin = at / d->grid.phases[0] * y->step + y->offset - first;
            bool adjoin = x->delta == 1;
            row r = {.source = window + begin * line + (x->offset - d->left) * d->channels,
                     .filter = d->packed + d->grid.filter_at[py][px],
                     .to = to + (i * d->width + px) * step,
                     .pixel = x->step * d->channels,
                     .to_pixel = d->grid.phases[1] * step,
                     .lines = x->taps ? y->taps : 0,
                     .line = y->delta * line,
                     .runs = adjoin ? 1 : x->taps,
                     .run = x->delta * d->channels,
                     .depth = (adjoin ? x->taps : 1) * d->channels,
                     .columns = d->columns};
            sum_row(&r, x->pixels);
        }
}

static void block_task(void *user, int64_t index, int worker)
{
    const direct *d = user;
    float *window = d->scratch + worker * (d->window_floats + d->sum);
    float *sum = window + d->window_floats;
    int64_t image = index / d->blocks, top = index % d->blocks * d->block_rows;
    int64_t rows = least(d->block_rows, d->height - top), first, past;
    int64_t pixel = (image * d->height + top) * d->width;
    ad_conv_reach(d->grid.y, d->grid.phases[0], top, top + rows, &first, &past);
    ad_copy_window(window, d->channels,
                   d->source_data +
                       image * d->source->stride[0] * (int64_t)ad_dtype_size(d->source->dtype),
                   d->source, first, past - first, d->left, d->cols);
    if (d->direct) {
        sum_block(d, window, first, top, rows, d->direct + pixel * d->direct_step, d->direct_step);
        return;
    }
    sum_block(d, window, first, top, rows, sum, d->columns);
    AD_ISA_NAME(ad_finish_run)(d->finish, sum, d->columns, pixel, rows * d->width, 0, d->outs);
}

/* ---- the solvers ---- */

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    direct d;
    if (!prepare(&d, problem)) return -1;
    double pixels = (double)(d.images * d.height * d.width), taps = 0;
    for (int64_t y = 0; y < d.grid.phases[0]; ++y)
        for (int64_t x = 0; x < d.grid.phases[1]; ++x)
            taps += (double)(d.grid.y[y].taps * d.grid.x[x].taps) /
                    (double)(d.grid.phases[0] * d.grid.phases[1]);
    double slab = taps * (double)d.channels * (double)least(d.columns, 2 * AD_VF) * 4;
    double products = 2 * pixels * taps * (double)(d.channels * d.columns);
    if (slab > SLAB_BYTES) products *= 1.2;
    double copies = pixels * (double)(d.channels + d.columns) * 10 +
                    (double)d.grid.filter_floats * 50;
    double work = (1.3 * products + copies) / machine->flops_f32 + machine->call;
    return machine->threads == 1 ? work : work / machine->threads + machine->overhead;
}

static size_t workspace(const ad_problem *problem)
{
    direct d = {0};
    if (!prepare(&d, problem)) return 0;
    return (size_t)(d.grid.filter_floats + problem->threads * (d.window_floats + d.sum)) *
           sizeof(float);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    direct d = {0};
    ad_finish finish;
    if (!prepare(&d, problem)) return;
    ad_pool *pool = ad_pool_size(args->pool) > problem->threads ? NULL : args->pool;
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    d.finish = &finish, d.source_data = args->in[0];
    d.packed = args->workspace, d.scratch = d.packed + d.grid.filter_floats;
    if (d.columns == d.outs) d.direct = AD_ISA_NAME(ad_finish_direct)(&finish, &d.direct_step);
    for (int64_t y = 0; y < d.grid.phases[0]; ++y)
        for (int64_t x = 0; x < d.grid.phases[1]; ++x)
            pack_phase(&d, args->in[1], &d.grid.y[y], &d.grid.x[x],
                       d.packed + d.grid.filter_at[y][x]);
    ad_parallel(pool, d.images * d.blocks, block_task, &d);
}

const ad_solver AD_ISA_NAME(ad_solver_conv_direct) = {
    .name = "direct", .op = AD_OP_CONV2D, .bid = bid, .workspace = workspace, .run = run};
const ad_solver AD_ISA_NAME(ad_solver_conv_input_direct) = {.name = "direct",
                                                            .op = AD_OP_CONV2D_INPUT_GRAD,
                                                            .bid = bid,
                                                            .workspace = workspace,
                                                            .run = run};
