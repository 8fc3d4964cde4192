/* conv_depthwise.c - convolution where every channel is a group of its own (c = k = groups):
 * forward and input gradient.
 *
 * There is nothing to multiply matrices with: each result is taps products. Where the stride is 1,
 * a row of pixels is one long vector that meets the source as long, shifted by a tap, and the
 * tap's filter, repeated as often as channels fit: after `period` floats, a multiple of both
 * channels and vectors, all begins anew, and so 3 channels fill vectors as well as 64 do. Otherwise
 * channels are filled up to vectors, and a period is a pixel. One vector of the period is summed
 * at a time, for GROUPS periods together, in registers.
 *
 * A window of the source with its border is copied first (conv_window.h), so the loops know no
 * edges. The input gradient goes phase by phase (conv_axis.h). */
#include "device/cpu/conv_axis.h"
#include "device/cpu/conv_window.h"
#include "device/cpu/finish.h"
#include "device/cpu/sizes.h"

enum {
    GROUPS = AD_KERNEL_AVX512 || AD_KERNEL_NEON ? 16 : 8,
    BLOCK_BYTES = 64 << 10,     /* of window and result */
    WINDOW_BYTES = 1 << 20,     /* where one row takes more than that */
    WHOLE_CHANNELS = 4 * AD_VF, /* so many are filled up to vectors at little cost */
    FILTER_BYTES = 1 << 20,     /* with its repetitions */
};

typedef struct depthwise {
    const ad_operand *source, *filter;
    const ad_finish *finish;
    const char *source_data;
    int64_t images, height, width, channels; /* of the result */
    int64_t unit, period; /* floats of a pixel in window and sums; of what is repeated */
    ad_conv_grid grid;
    int64_t left, cols; /* of the window */
    int64_t block_rows, blocks;
    int64_t window_floats, sum_floats;
    float *packed, *scratch;
} depthwise;

/* ---- the problem ---- */

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b, b = rest;
    }
    return a;
}

/* Floats between neighbouring periods of the source, and of the result. */
static int64_t source_step(const depthwise *d)
{
    return d->period == d->unit ? d->grid.x[0].step * d->unit : d->period;
}

static int64_t result_step(const depthwise *d)
{
    return d->period == d->unit ? d->grid.phases[1] * d->unit : d->period;
}

static void set_blocks(depthwise *d)
{
    for (d->block_rows = d->height;; d->block_rows = (d->block_rows + 1) / 2) {
        int64_t lines = 0;
        for (int64_t top = 0; top < d->height; top += d->block_rows) {
            int64_t first, past, end = least(top + d->block_rows, d->height);
            ad_conv_reach(d->grid.y, d->grid.phases[0], top, end, &first, &past);
            lines = most(lines, past - first);
        }
        /* the last periods of a row are computed together with some that are not there */
        d->window_floats = up(lines * d->cols * d->unit + (GROUPS + 1) * source_step(d), 16);
        d->sum_floats = up(d->block_rows * d->width * d->unit + (GROUPS + 1) * result_step(d), 16);
        if (d->block_rows <= 1 || (d->window_floats + d->sum_floats) * 4 <= BLOCK_BYTES) break;
    }
    d->blocks = (d->height + d->block_rows - 1) / d->block_rows;
}

static bool prepare(depthwise *d, const ad_problem *problem)
{
    const ad_operand *source = &problem->in[0], *filter = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    if (source->dtype == AD_F64 || filter->dtype == AD_F64) return false;
    if (filter->dim[2] != 1 || filter->dim[3] != attr->groups || out->dim[3] != attr->groups ||
        source->dim[3] != attr->groups)
        return false;
    *d = (depthwise){.source = source,
                     .filter = filter,
                     .images = out->dim[0],
                     .height = out->dim[1],
                     .width = out->dim[2],
                     .channels = out->dim[3],
                     .unit = up(out->dim[3], AD_VF)};
    if (d->images * d->height * d->width * d->channels < 1) return false;
    d->period = d->unit;
    if (attr->stride[1] == 1 && d->channels < WHOLE_CHANNELS) {
        d->unit = d->channels;
        d->period = d->channels / greatest_common_divisor(d->channels, AD_VF) * AD_VF;
    }
    if (!ad_conv_grid_set(&d->grid, problem, d->period)) return false;
    int64_t past;
    ad_conv_reach(d->grid.x, d->grid.phases[1], 0, d->width, &d->left, &past);
    d->cols = past - d->left;
    set_blocks(d);
    return d->grid.filter_floats * 4 <= FILTER_BYTES && d->window_floats * 4 <= WINDOW_BYTES;
}

/* Of a phase: [tap_y, tap_x, period]. */
static void pack_phase(const depthwise *d, const char *data, const ad_conv_axis *y,
                       const ad_conv_axis *x, float *to)
{
    const ad_operand *w = d->filter;
    for (int64_t r = 0; r < y->taps; ++r)
        for (int64_t s = 0; s < x->taps; ++s)
            for (int64_t i = 0; i < d->period; ++i, ++to) {
                int64_t channel = i % d->unit;
                int64_t at = (y->weight + r * y->weight_step) * w->stride[0] +
                             (x->weight + s * x->weight_step) * w->stride[1] +
                             channel * w->stride[3];
                *to = channel < d->channels ? ad_element_as_f32(data, w->dtype, at) : 0;
            }
}

/* ---- sums ---- */

/* One row of a phase: where it begins, how taps and periods follow each other. */
typedef struct row {
    const float *source, *filter;
    float *to;
    int64_t source_step, result_step;  /* from period to period */
    int64_t taps_y, taps_x, line, tap; /* floats between taps */
    int64_t period;
} row;

/* One vector of GROUPS periods from number i on. */
static void sum_groups(const row *r, int64_t i, int64_t vector)
{
    vf acc[GROUPS];
    const float *filter = r->filter + vector, *line = r->source + i * r->source_step + vector;
    const int64_t step = r->source_step;
#pragma GCC unroll 16
    for (int g = 0; g < GROUPS; ++g) acc[g] = vf_zero();
    for (int64_t y = 0; y < r->taps_y; ++y, line += r->line) {
        const float *at = line, *on = line + GROUPS / 2 * step;
        for (int64_t x = 0; x < r->taps_x; ++x, at += r->tap, on += r->tap, filter += r->period) {
            vf w = vf_load(filter);
#pragma GCC unroll 16
            for (int g = 0; g < GROUPS; ++g) {
                const float *from = g < GROUPS / 2 ? at + g * step : on + (g - GROUPS / 2) * step;
                acc[g] = vf_fma(vf_load(from), w, acc[g]);
            }
        }
    }
    float *to = r->to + i * r->result_step + vector;
#pragma GCC unroll 16
    for (int g = 0; g < GROUPS; ++g) vf_store(to + g * r->result_step, acc[g]);
}

/* The last ones are computed together with some before, which come out the same. */
static void sum_row(const row *r, int64_t periods)
{
    for (int64_t i = 0; i < periods; i += GROUPS) {
        int64_t at = most(0, least(i, periods - GROUPS));
        for (int64_t vector = 0; vector < r->period; vector += AD_VF) sum_groups(r, at, vector);
    }
}

static void block_task(void *user, int64_t index, int worker)
{
    const depthwise *d = user;
    float *window = d->scratch + worker * (d->window_floats + d->sum_floats);
    float *sum = window + d->window_floats;
    int64_t image = index / d->blocks, top = index % d->blocks * d->block_rows;
    int64_t rows = least(d->block_rows, d->height - top), line = d->cols * d->unit, first, past;
    ad_conv_reach(d->grid.y, d->grid.phases[0], top, top + rows, &first, &past);
    ad_copy_window(window, d->unit,
                   d->source_data +
                       image * d->source->stride[0] * (int64_t)ad_dtype_size(d->source->dtype),
                   d->source, first, past - first, d->left, d->cols);
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t px = 0; px < d->grid.phases[1]; ++px) {
            int64_t at = top + i, py = at % d->grid.phases[0];
            const ad_conv_axis *y = &d->grid.y[py], *x = &d->grid.x[px];
            row r = {.source = window +
                               (at / d->grid.phases[0] * y->step + y->offset - first) * line +
                               (x->offset - d->left) * d->unit,
                     .filter = d->packed + d->grid.filter_at[py][px],
                     .to = sum + (i * d->width + px) * d->unit,
                     .source_step = source_step(d),
                     .result_step = result_step(d),
                     .taps_y = x->taps ? y->taps : 0,
                     .taps_x = x->taps,
                     .line = y->delta * line,
                     .tap = x->delta * d->unit,
                     .period = d->period};
            sum_row(&r, (x->pixels * d->unit + d->period - 1) / d->period);
        }
    AD_ISA_NAME(ad_finish_run)
    (d->finish, sum, d->unit, (image * d->height + top) * d->width, rows * d->width, 0,
     d->channels);
}

/* ---- the solvers ---- */

/* As they are computed: at least GROUPS periods of a row. */
static double products(const depthwise *d)
{
    double total = 0;
    for (int64_t y = 0; y < d->grid.phases[0]; ++y)
        for (int64_t x = 0; x < d->grid.phases[1]; ++x) {
            int64_t periods = (d->grid.x[x].pixels * d->unit + d->period - 1) / d->period;
            total += (double)(d->images * d->grid.y[y].pixels * most(periods, GROUPS) * d->period) *
                     (double)(d->grid.y[y].taps * d->grid.x[x].taps);
        }
    return total;
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    depthwise d;
    if (!prepare(&d, problem)) return -1;
    double pixels = (double)(d.images * d.height * d.width);
    double work = 4 * products(&d) + 30 * pixels * (double)d.unit +
                  50 * (double)d.grid.filter_floats;
    double seconds = work / machine->flops_f32 + machine->call;
    return machine->threads == 1 ? seconds : seconds / machine->threads + machine->overhead;
}

static size_t workspace(const ad_problem *problem)
{
    depthwise d;
    if (!prepare(&d, problem)) return 0;
    return (size_t)(d.grid.filter_floats + problem->threads * (d.window_floats + d.sum_floats)) *
           sizeof(float);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    depthwise d;
    ad_finish finish;
    if (!prepare(&d, problem)) return;
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    d.finish = &finish, d.source_data = args->in[0];
    d.packed = args->workspace, d.scratch = d.packed + d.grid.filter_floats;
    for (int64_t y = 0; y < d.grid.phases[0]; ++y)
        for (int64_t x = 0; x < d.grid.phases[1]; ++x)
            pack_phase(&d, args->in[1], &d.grid.y[y], &d.grid.x[x],
                       d.packed + d.grid.filter_at[y][x]);
    bool alone = products(&d) < 1e5 || ad_pool_size(args->pool) > problem->threads;
    ad_parallel(alone ? NULL : args->pool, d.images * d.blocks, block_task, &d);
}

const ad_solver AD_ISA_NAME(ad_solver_conv_depthwise) = {
    .name = "depthwise", .op = AD_OP_CONV2D, .bid = bid, .workspace = workspace, .run = run};
const ad_solver AD_ISA_NAME(ad_solver_conv_input_depthwise) = {.name = "depthwise",
                                                               .op = AD_OP_CONV2D_INPUT_GRAD,
                                                               .bid = bid,
                                                               .workspace = workspace,
                                                               .run = run};
