/* conv_few.c - conv2d and its input gradient where the result has up to four channels, and the
 * source enough to fill vectors: what turns features into a picture, and gradients into that of
 * one.
 *
 * As columns of a product so few channels would leave most of a vector idle. Here a vector holds
 * channels of the source instead: each pixel of the result is a dot product of its window with the
 * filter, several pixels and all their channels at a time, summed over the lanes at the end. What
 * the window lacks at the border is copied with zeros first (conv_window.h); blocks that lie inside
 * are read where they are. The input gradient goes phase by phase (conv_axis.h). */
#include "device/cpu/conv_axis.h"
#include "device/cpu/conv_window.h"
#include "device/cpu/finish.h"
#include "device/cpu/sizes.h"

enum {
    OUTS = 4,                                                 /* at most */
    REGISTERS = AD_KERNEL_AVX512 || AD_KERNEL_NEON ? 24 : 12, /* that hold sums */
    BLOCK_ROWS = 16,
    BLOCK_COLUMNS = 32,
    WHOLE_COLUMNS = 64, /* so narrow results are not cut: epilogues want long pieces */
    WINDOW_BYTES = 1 << 18,
    FILTER_BYTES = 1 << 20,
    SLICE_BYTES = 12 << 10, /* of the filter, to stay in L1 beside the lines that it meets */
};

/* So many pixels at a time. */
#define PIXELS(outs) ((outs) == 1 ? REGISTERS * 2 / 3 : REGISTERS / (outs))

typedef struct few {
    const ad_operand *source, *filter;
    const ad_finish *finish;
    const char *source_data;
    int64_t images, height, width; /* of the result */
    int64_t outs, depth;           /* its channels; those of the source, filled up to vectors */
    int64_t filter_channel, filter_out; /* strides */
    ad_conv_grid grid;
    int64_t rows, cols, down, across; /* of a block; blocks of an image */
    int64_t window_floats, sum_floats, part_floats;
    float *packed, *scratch;
} few;

/* ---- the problem ---- */

/* The largest window that blocks of n along an axis of `size` see. */
static int64_t window(const ad_conv_axis *axis, int64_t phases, int64_t size, int64_t n)
{
    int64_t largest = 0;
    for (int64_t begin = 0; begin < size; begin += n) {
        int64_t first, past;
        ad_conv_reach(axis, phases, begin, least(begin + n, size), &first, &past);
        largest = most(largest, past - first);
    }
    return largest;
}

static void set_blocks(few *d)
{
    d->cols = d->width <= WHOLE_COLUMNS ? d->width : up(BLOCK_COLUMNS, d->grid.phases[1]);
    d->across = (d->width + d->cols - 1) / d->cols;
    int64_t line = window(d->grid.x, d->grid.phases[1], d->width, d->cols);
    /* the last pixels of a row are computed together with some that are not there */
    int64_t beyond = PIXELS(d->outs) * most(d->grid.x[0].step, 1) * d->depth;
    d->rows = least(d->height, BLOCK_ROWS);
    for (;; d->rows = (d->rows + 1) / 2) {
        int64_t lines = window(d->grid.y, d->grid.phases[0], d->height, d->rows);
        d->window_floats = up(lines * line * d->depth + beyond, 16);
        if (d->rows <= 1 || d->window_floats * 4 <= WINDOW_BYTES) break;
    }
    d->down = (d->height + d->rows - 1) / d->rows;
    d->sum_floats = up(d->rows * d->cols * d->outs, 16);
    d->part_floats = up((d->cols + PIXELS(d->outs)) * d->outs * AD_VF, 16);
}

static bool prepare(few *d, const ad_problem *problem)
{
    const ad_operand *source = &problem->in[0], *filter = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    bool gradient = problem->op == AD_OP_CONV2D_INPUT_GRAD;
    if (attr->groups != 1 || source->dtype == AD_F64 || filter->dtype == AD_F64) return false;
    *d = (few){.source = source,
               .filter = filter,
               .images = out->dim[0],
               .height = out->dim[1],
               .width = out->dim[2],
               .outs = out->dim[3],
               .depth = up(source->dim[3], AD_VF),
               .filter_channel = filter->stride[gradient ? 3 : 2],
               .filter_out = filter->stride[gradient ? 2 : 3]};
    if (d->outs < 1 || d->outs > OUTS || d->images * d->height * d->width < 1) return false;
    if (!ad_conv_grid_set(&d->grid, problem, d->depth * d->outs)) return false;
    if (d->grid.filter_floats > FILTER_BYTES / 4) return false;
    set_blocks(d);
    return d->window_floats * 4 <= WINDOW_BYTES;
}

/* ---- the filter ---- */

/* Of a phase: [tap_y, tap_x, channel / AD_VF, outs, AD_VF]. */
static void pack_phase(const few *d, const char *data, const ad_conv_axis *y, const ad_conv_axis *x,
                       float *to)
{
    const ad_operand *w = d->filter;
    int64_t channels = d->source->dim[3];
    for (int64_t r = 0; r < y->taps; ++r)
        for (int64_t s = 0; s < x->taps; ++s)
            for (int64_t c = 0; c < d->depth; c += AD_VF)
                for (int64_t k = 0; k < d->outs; ++k)
                    for (int64_t lane = c; lane < c + AD_VF; ++lane, ++to) {
                        int64_t at = (y->weight + r * y->weight_step) * w->stride[0] +
                                     (x->weight + s * x->weight_step) * w->stride[1] +
                                     lane * d->filter_channel + k * d->filter_out;
                        *to = lane < channels ? ad_element_as_f32(data, w->dtype, at) : 0;
                    }
}

/* ---- sums ---- */

/* Where a row of a phase's pixels begins, and how the taps follow each other from there. */
typedef struct row {
    const float *source, *filter;
    float *to, *parts;       /* parts: sums of the lines so far, by lanes */
    int64_t pixel, to_pixel; /* from pixel to pixel of the phase */
    int64_t lines, line;     /* taps along y, and floats between them */
    int64_t runs, run;       /* pieces of a line: taps along x, unless those adjoin */
    int64_t depth;           /* floats of a piece */
} row;

/* Of n vectors, as many sums of their lanes, one behind the other; n is AD_VF at most. */
static inline __attribute__((always_inline)) vf sum_lanes(const vf *a, int n)
{
    vf sum[AD_VF];
#pragma GCC unroll 16
    for (int i = 0; i < n; ++i) sum[i] = a[i];
#pragma GCC unroll 4
    for (int lanes = AD_VF; lanes > 1; lanes /= 2) {
#pragma GCC unroll 8
        for (int i = 0; 2 * i < n; ++i)
            sum[i] = vf_pairs(sum[2 * i], 2 * i + 1 < n ? sum[2 * i + 1] : vf_zero());
        n = (n + 1) / 2;
    }
    return sum[0];
}

/* Adds lines [begin, end) of the pixels from i on to `parts`; the last ones end there. */
static inline __attribute__((always_inline)) void tile(const int outs, const row *r, int64_t i,
                                                       float *parts, int64_t begin, int64_t end,
                                                       int64_t valid)
{
    const int pixels = PIXELS(outs);
    vf acc[REGISTERS];
    const int64_t step = r->pixel;
    const float *w = r->filter + begin * r->runs * r->depth * outs;
#pragma GCC unroll 24
    for (int a = 0; a < pixels * outs; ++a) acc[a] = begin ? vf_load(parts + a * AD_VF) : vf_zero();
    for (int64_t y = begin; y < end; ++y)
        for (int64_t s = 0; s < r->runs; ++s) {
            const float *at = r->source + i * step + y * r->line + s * r->run;
            for (int64_t c = 0; c < r->depth; c += AD_VF, at += AD_VF, w += outs * AD_VF) {
                vf filter[OUTS];
                for (int k = 0; k < outs; ++k) filter[k] = vf_load(w + k * AD_VF);
#pragma GCC unroll 24
                for (int p = 0; p < pixels; ++p) {
                    vf x = vf_load(at + p * step);
#pragma GCC unroll 4
                    for (int k = 0; k < outs; ++k)
                        acc[p * outs + k] = vf_fma(x, filter[k], acc[p * outs + k]);
                }
            }
        }
    if (end < r->lines) {
#pragma GCC unroll 24
        for (int a = 0; a < pixels * outs; ++a) vf_store(parts + a * AD_VF, acc[a]);
        return;
    }
    float sums[REGISTERS + AD_VF], *to = r->to + i * r->to_pixel;
#pragma GCC unroll 24
    for (int a = 0; a < pixels * outs; a += AD_VF)
        vf_store(sums + a,
                 sum_lanes(acc + a, a + AD_VF > pixels * outs ? pixels * outs - a : AD_VF));
    for (int p = 0; p < least(pixels, valid); ++p, to += r->to_pixel)
        for (int k = 0; k < outs; ++k) to[k] = sums[p * outs + k];
}

/* A slice of the filter at a time for all pixels, so that it is read from L1. */
static inline __attribute__((always_inline)) void sum_pixels(const int outs, const row *r,
                                                             int64_t pixels)
{
    const int step = PIXELS(outs);
    int64_t line = r->runs * r->depth * outs * (int64_t)sizeof(float);
    int64_t lines = most(1, SLICE_BYTES / most(line, 1));
    for (int64_t begin = 0; begin < most(r->lines, 1); begin += lines) {
        float *parts = r->parts;
        for (int64_t i = 0; i < pixels; i += step, parts += step * outs * AD_VF) {
            int64_t at = pixels < step ? 0 : least(i, pixels - step);
            tile(outs, r, at, parts, begin, least(begin + lines, r->lines), pixels - at);
        }
    }
}

static void sum_row(const few *d, const row *r, int64_t pixels)
{
    if (d->outs == 1)
        sum_pixels(1, r, pixels);
    else if (d->outs == 2)
        sum_pixels(2, r, pixels);
    else if (d->outs == 3)
        sum_pixels(3, r, pixels);
    else
        sum_pixels(4, r, pixels);
}

/* Part of an image as floats: `at` is its pixel (top, left). */
typedef struct view {
    const float *at;
    int64_t top, left, line;
} view;

static void sum_block(const few *d, view v, int64_t top, int64_t rows, int64_t left, int64_t cols,
                      float *to, float *parts)
{
    for (int64_t i = 0; i < rows; ++i, to += cols * d->outs)
        for (int64_t px = 0; px < least(d->grid.phases[1], cols); ++px) {
            int64_t at = top + i, py = at % d->grid.phases[0], phases = d->grid.phases[1];
            const ad_conv_axis *y = &d->grid.y[py], *x = &d->grid.x[px];
            int64_t begin_y = at / d->grid.phases[0] * y->step + y->offset - v.top;
            int64_t begin_x = left / phases * x->step + x->offset - v.left;
            bool adjoin = x->delta == 1;
            row r = {.source = v.at + begin_y * v.line + begin_x * d->depth,
                     .filter = d->packed + d->grid.filter_at[py][px],
                     .to = to + px * d->outs,
                     .parts = parts,
                     .pixel = x->step * d->depth,
                     .to_pixel = phases * d->outs,
                     .lines = x->taps ? y->taps : 0,
                     .line = y->delta * v.line,
                     .runs = adjoin ? 1 : x->taps,
                     .run = x->delta * d->depth,
                     .depth = (adjoin ? x->taps : 1) * d->depth};
            sum_row(d, &r, (cols - px + phases - 1) / phases);
        }
}

/* The window of a block: in place where it lies inside an image of floats, else copied. */
static view look(const few *d, float *copy, int64_t image, int64_t top, int64_t rows, int64_t left,
                 int64_t cols)
{
    const ad_operand *o = d->source;
    const char *data = d->source_data + image * o->stride[0] * (int64_t)ad_dtype_size(o->dtype);
    int64_t first, past, begin, end;
    ad_conv_reach(d->grid.y, d->grid.phases[0], top, top + rows, &first, &past);
    ad_conv_reach(d->grid.x, d->grid.phases[1], left, left + cols, &begin, &end);
    if (o->dtype == AD_F32 && o->stride[3] == 1 && o->stride[2] == d->depth &&
        d->depth == o->dim[3] && first >= 0 && past <= o->dim[1] && begin >= 0 &&
        end <= o->dim[2] && cols / d->grid.phases[1] >= PIXELS(d->outs))
        return (view){(const float *)data + first * o->stride[1] + begin * o->stride[2], first,
                      begin, o->stride[1]};
    ad_copy_window(copy, d->depth, data, o, first, past - first, begin, end - begin);
    return (view){copy, first, begin, (end - begin) * d->depth};
}

static void block_task(void *user, int64_t index, int worker)
{
    const few *d = user;
    float *copy = d->scratch + worker * (d->window_floats + d->sum_floats + d->part_floats);
    float *sum = copy + d->window_floats, *parts = sum + d->sum_floats;
    int64_t image = index / (d->down * d->across), block = index % (d->down * d->across);
    int64_t top = block / d->across * d->rows, left = block % d->across * d->cols;
    int64_t rows = least(d->rows, d->height - top), cols = least(d->cols, d->width - left);
    view v = look(d, copy, image, top, rows, left, cols);
    sum_block(d, v, top, rows, left, cols, sum, parts);
    int64_t whole = cols == d->width ? rows : 1; /* rows that follow each other in the result */
    for (int64_t i = 0; i < rows; i += whole) AD_ISA_NAME(ad_finish_run)
    (d->finish, sum + i * cols * d->outs, d->outs, (image * d->height + top + i) * d->width + left,
     whole * cols, 0, d->outs);
}

/* ---- the solvers ---- */

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    few d;
    if (!prepare(&d, problem)) return -1;
    double pixels = (double)(d.images * d.height * d.width);
    double filter = (double)d.grid.filter_floats / (double)(d.grid.phases[0] * d.grid.phases[1]);
    double lanes = 6 * AD_VF; /* to add up those of a sum */
    double work = pixels * (2.4 * filter + lanes * (double)d.outs + 10 * (double)d.depth) +
                  (double)d.grid.filter_floats * 50;
    double seconds = work / machine->flops_f32 + machine->call;
    return machine->threads == 1 ? seconds : seconds / machine->threads + machine->overhead;
}

static size_t workspace(const ad_problem *problem)
{
    few d;
    if (!prepare(&d, problem)) return 0;
    int64_t own = d.window_floats + d.sum_floats + d.part_floats;
    return (size_t)(d.grid.filter_floats + problem->threads * own) * sizeof(float);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    few d;
    ad_finish finish;
    if (!prepare(&d, problem)) return;
    ad_pool *pool = ad_pool_size(args->pool) > problem->threads ? NULL : args->pool;
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    d.finish = &finish, d.source_data = args->in[0];
    d.packed = args->workspace, d.scratch = d.packed + d.grid.filter_floats;
    for (int64_t y = 0; y < d.grid.phases[0]; ++y)
        for (int64_t x = 0; x < d.grid.phases[1]; ++x)
            pack_phase(&d, args->in[1], &d.grid.y[y], &d.grid.x[x],
                       d.packed + d.grid.filter_at[y][x]);
    ad_parallel(pool, d.images * d.down * d.across, block_task, &d);
}

const ad_solver AD_ISA_NAME(ad_solver_conv_few) = {
    .name = "few channels", .op = AD_OP_CONV2D, .bid = bid, .workspace = workspace, .run = run};
const ad_solver AD_ISA_NAME(ad_solver_conv_input_few) = {.name = "few channels",
                                                         .op = AD_OP_CONV2D_INPUT_GRAD,
                                                         .bid = bid,
                                                         .workspace = workspace,
                                                         .run = run};
