/* conv_weight_direct.c - the weight gradient of conv2d without packing, for few channels.
 *
 * dw[tap, c, k] is the sum over pixels of x[pixel + tap, c] g[pixel, k]. One vector of k of the
 * gradient's pixel meets GROUP neighbours of a row of the kernel x CHANNELS channels of the input,
 * each spread from memory: as many accumulators as registers hold, one load per as many
 * multiply-adds, and every operand in L1. The product of conv_weight.c copies each input element
 * once for each tap and turns the gradient, which costs more than the sum where channels are few.
 *
 * A block of a few rows of one image is first copied with its border, so that the loops know no
 * edges. Images are dealt to a fixed number of chunks, whose sums are added in order.
 *
 * Where a few channels would leave most of CHANNELS idle (the first layer of a network), a row of
 * the kernel is taken as one run of taps x channels, as its pixels adjoin in memory, and GROUP rows
 * are met at once. */
#include "device/cpu/conv_window.h"
#include "device/cpu/finish.h"
#include "device/cpu/simd.h"
#include "device/cpu/sizes.h"
#include "ops/attrs.h"

enum {
    GROUP = 3,                                             /* taps of a kernel's row at once */
    CHANNELS = AD_KERNEL_AVX512 || AD_KERNEL_NEON ? 8 : 4, /* of the input at once */
    HALF = 4,                                              /* the same at the end of a run */
    MOST_TAPS = 4,
    HALF_GROUP = CHANNELS > HALF ? MOST_TAPS : GROUP, /* taps that meet so few */
    CHUNKS = 16,
    BLOCK_BYTES = 28 << 10, /* of both operands: they should stay in L1 */
    PARTIAL_BYTES = 16 << 20,
    SUM_ROWS = 32,
};

typedef struct direct {
    const ad_operand *x, *g;
    const ad_attr_conv *attr;
    const ad_finish *finish;
    const char *x_data, *g_data;
    int64_t images, height, width; /* of g */
    int64_t taps_y, taps_x, channels, outs;
    int64_t x_channels, g_channels;     /* in the copies: padded to CHANNELS and vectors */
    bool lines;                         /* rows of the kernel as runs; x is not padded then */
    bool in_place;                      /* rows of g lie as a copy of them would */
    int64_t run, values;                /* channels, or of a row of taps all; padded */
    int64_t block_rows, x_rows, x_cols; /* rows of g in a block; size of the copy of x */
    int64_t x_floats;                   /* of the copy, and what a run reads beyond it */
    int64_t chunks;
    size_t partial, scratch; /* bytes of a chunk's sums, of a worker's copies */
    char *partials, *scratches;
} direct;

static bool prepare(direct *d, const ad_problem *problem)
{
    const ad_operand *x = &problem->in[0], *g = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    if (attr->groups != 1 || x->dtype == AD_F64 || g->dtype == AD_F64) return false;
    *d = (direct){.x = x,
                  .g = g,
                  .attr = attr,
                  .images = g->dim[0],
                  .height = g->dim[1],
                  .width = g->dim[2],
                  .taps_y = out->dim[0],
                  .taps_x = out->dim[1],
                  .channels = out->dim[2],
                  .outs = out->dim[3]};
    d->x_channels = up(d->channels, CHANNELS), d->g_channels = up(d->outs, AD_VF);
    d->run = d->channels, d->values = d->x_channels;
    d->lines = attr->dilation[1] == 1 && up(d->taps_x * d->channels, HALF) < d->taps_x * d->values;
    if (d->lines) {
        d->run = d->taps_x * d->channels, d->values = up(d->run, HALF);
        d->x_channels = d->channels;
    }
    d->x_cols = (d->width - 1) * attr->stride[1] + (d->taps_x - 1) * attr->dilation[1] + 1;
    d->in_place = g->dtype == AD_F32 && g->stride[3] == 1 && d->outs == d->g_channels &&
                  g->stride[2] == d->outs && g->stride[1] == d->width * d->outs;
    int64_t reach = (d->taps_y - 1) * attr->dilation[0] + 1, rows = d->height;
    for (;; rows = (rows + 1) / 2) {
        d->x_rows = (rows - 1) * attr->stride[0] + reach;
        d->x_floats = up(d->x_rows * d->x_cols * d->x_channels + d->values - d->run, 16);
        int64_t bytes = 4 * (d->x_floats + rows * d->width * d->g_channels);
        d->scratch = (size_t)up(bytes, 64);
        if (rows <= 1 || bytes <= BLOCK_BYTES) break;
    }
    d->block_rows = rows;
    int64_t runs = d->taps_y * (d->lines ? 1 : d->taps_x);
    d->partial = (size_t)(runs * d->values * d->g_channels * 4);
    if (d->scratch > (size_t)8 * BLOCK_BYTES || d->partial > PARTIAL_BYTES / 4) return false;
    d->chunks = least(least(CHUNKS, d->images), PARTIAL_BYTES / (int64_t)d->partial);
    return d->images > 0;
}

/* Rows [row, row + rows) of an image of g, and what of x they meet. The rows of g stay where they
 * are if they lie as a copy would. */
static const float *copy_block(const direct *d, int64_t image, int64_t row, int64_t rows, float *x,
                               float *g)
{
    const ad_operand *o = d->g;
    int64_t x_size = (int64_t)ad_dtype_size(d->x->dtype), g_size = (int64_t)ad_dtype_size(o->dtype);
    int64_t x_rows = (rows - 1) * d->attr->stride[0] + (d->taps_y - 1) * d->attr->dilation[0] + 1;
    const char *from = d->g_data + image * o->stride[0] * g_size;
    ad_copy_window(x, d->x_channels, d->x_data + image * d->x->stride[0] * x_size, d->x,
                   row * d->attr->stride[0] - d->attr->pad[0], x_rows, -d->attr->pad[1], d->x_cols);
    if (d->in_place) return (const float *)(const void *)from + row * o->stride[1];
    ad_copy_window(g, d->g_channels, from, o, row, rows, 0, d->width);
    return g;
}

/* ---- sums ---- */

/* One vector of k at g against taps x channels at x, over rows x width pixels; adds to sums, where
 * taps are sum_tap apart, channels sum_channel. */
static inline __attribute__((always_inline)) void
accumulate(const int taps, const int channels, const float *x, int64_t x_row, int64_t x_pixel,
           int64_t x_tap, const float *g, int64_t g_pixel, int64_t rows, int64_t width, float *sums,
           int64_t sum_tap, int64_t sum_channel)
{
    vf acc[MOST_TAPS][CHANNELS];
#pragma GCC unroll 4
    for (int t = 0; t < taps; ++t)
#pragma GCC unroll 8
        for (int c = 0; c < channels; ++c)
            acc[t][c] = vf_load(sums + t * sum_tap + c * sum_channel);
    for (int64_t y = 0; y < rows; ++y, x += x_row) {
        const float *at = x, *at1 = x + x_tap, *at2 = x + 2 * x_tap, *at3 = x + 3 * x_tap;
        for (int64_t i = 0; i < width; ++i, g += g_pixel) {
            vf k = vf_load(g);
#pragma GCC unroll 8
            for (int c = 0; c < channels; ++c) {
                acc[0][c] = vf_fma(vf_set1(at[c]), k, acc[0][c]);
                if (taps > 1) acc[1][c] = vf_fma(vf_set1(at1[c]), k, acc[1][c]);
                if (taps > 2) acc[2][c] = vf_fma(vf_set1(at2[c]), k, acc[2][c]);
                if (taps > 3) acc[3][c] = vf_fma(vf_set1(at3[c]), k, acc[3][c]);
            }
            at += x_pixel, at1 += x_pixel, at2 += x_pixel, at3 += x_pixel;
        }
    }
#pragma GCC unroll 4
    for (int t = 0; t < taps; ++t)
#pragma GCC unroll 8
        for (int c = 0; c < channels; ++c)
            vf_store(sums + t * sum_tap + c * sum_channel, acc[t][c]);
}

/* A vector of k against a piece of a run, over all taps of a group's axis; taps are x_tap apart. */
static void sum_piece(const direct *d, int64_t piece, int64_t taps, int64_t x_tap, const float *x,
                      const float *g, int64_t rows, float *sums)
{
    const ad_attr_conv *a = d->attr;
    int64_t row = a->stride[0] * d->x_cols * d->x_channels, pixel = a->stride[1] * d->x_channels;
    int64_t sum_tap = d->values * d->g_channels;
    int64_t most_taps = piece <= HALF ? HALF_GROUP : GROUP;
    int64_t groups = (taps + most_taps - 1) / most_taps;
    for (int64_t i = 0, s = 0, n; i < groups; ++i, s += n) {
        n = (taps - s + groups - i - 1) / (groups - i);
        const float *from = x + s * x_tap;
        float *to = sums + s * sum_tap;
#define ACCUMULATE(n, channels)                                                                    \
    accumulate(n, channels, from, row, pixel, x_tap, g, d->g_channels, rows, d->width, to,         \
               sum_tap, d->g_channels)
#define OF_TAPS(n)                                                                                 \
    do {                                                                                           \
        if (piece <= HALF)                                                                         \
            ACCUMULATE(n, HALF);                                                                   \
        else                                                                                       \
            ACCUMULATE(n, CHANNELS);                                                               \
    } while (0)
        if (n == 1)
            OF_TAPS(1);
        else if (n == 2)
            OF_TAPS(2);
        else if (n == 3)
            OF_TAPS(3);
        else
            ACCUMULATE(HALF_GROUP, HALF);
#undef OF_TAPS
#undef ACCUMULATE
    }
}

static void sum_block(const direct *d, const float *x, const float *g, int64_t rows, float *sums)
{
    const ad_attr_conv *a = d->attr;
    int64_t line = a->dilation[0] * d->x_cols * d->x_channels;
    int64_t lines = d->lines ? 1 : d->taps_y, taps = d->lines ? d->taps_y : d->taps_x;
    int64_t tap = d->lines ? line : a->dilation[1] * d->x_channels;
    for (int64_t r = 0; r < lines; ++r)
        for (int64_t c = 0; c < d->values; c += CHANNELS)
            for (int64_t k = 0; k < d->g_channels; k += AD_VF)
                sum_piece(d, d->values - c, taps, tap, x + r * line + c, g + k, rows,
                          sums + (r * taps * d->values + c) * d->g_channels + k);
}

static void chunk_task(void *user, int64_t chunk, int worker)
{
    const direct *d = user;
    float *sums = (float *)(d->partials + (size_t)chunk * d->partial);
    float *x = (float *)(d->scratches + (size_t)worker * d->scratch);
    float *g = x + d->x_floats;
    memset(sums, 0, d->partial);
    for (int64_t n = chunk * d->images / d->chunks; n < (chunk + 1) * d->images / d->chunks; ++n)
        for (int64_t row = 0; row < d->height; row += d->block_rows) {
            int64_t rows = least(d->block_rows, d->height - row);
            sum_block(d, x, copy_block(d, n, row, rows, x, g), rows, sums);
        }
}

/* Adds the chunks in order and finishes some (tap, channel), one after the other. */
static void sum_task(void *user, int64_t index, int worker)
{
    const direct *d = user;
    int64_t count = d->taps_y * d->taps_x * d->channels;
    (void)worker;
    for (int64_t i = index * SUM_ROWS; i < least((index + 1) * SUM_ROWS, count); ++i) {
        int64_t row = i / d->run * d->values + i % d->run;
        float *sum = (float *)d->partials + row * d->g_channels;
        for (int64_t chunk = 1; chunk < d->chunks; ++chunk) {
            const float *more = (const float *)(const void *)(d->partials +
                                                              (size_t)chunk * d->partial) +
                                row * d->g_channels;
            for (int64_t k = 0; k < d->g_channels; k += AD_VF)
                vf_store(sum + k, vf_add(vf_load(sum + k), vf_load(more + k)));
        }
        AD_ISA_NAME(ad_finish_run)(d->finish, sum, d->g_channels, i, 1, 0, d->outs);
    }
}

/* ---- the solver ---- */

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    direct d;
    if (!prepare(&d, problem)) return -1;
    double pixels = (double)(d.images * d.height * d.width);
    int64_t lines = d.lines ? 1 : d.taps_y, grouped = d.lines ? d.taps_y : d.taps_x;
    int64_t passes = (grouped + GROUP - 1) / GROUP;
    double groups = (double)passes;
    /* a multiply-add takes a cycle or two whether 24 or 8 of them follow each other */
    double taps = groups * fmin(GROUP, fmax((double)grouped / groups, 1.5));
    double products = 2 * pixels * (double)(lines * d.values * d.g_channels) * taps;
    double blocks = pixels / (double)(d.block_rows * d.width);
    double copies = pixels * (double)(2 * d.x_channels + (d.in_place ? 0 : d.g_channels)) * 10 +
                    blocks * (double)d.partial * 3;
    double work = (1.25 * products + copies) / machine->flops_f32 +
                  ad_move_seconds(machine, (double)d.chunks * (double)d.partial) + machine->call;
    return machine->threads == 1 ? work : work / machine->threads + machine->overhead;
}

static size_t workspace(const ad_problem *problem)
{
    direct d = {0};
    if (!prepare(&d, problem)) return 0;
    return (size_t)d.chunks * d.partial + (size_t)problem->threads * d.scratch;
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    direct d = {0};
    ad_finish finish;
    if (!prepare(&d, problem)) return;
    ad_pool *pool = ad_pool_size(args->pool) > problem->threads ? NULL : args->pool;
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    d.x_data = args->in[0], d.g_data = args->in[1], d.finish = &finish;
    d.partials = args->workspace, d.scratches = d.partials + (size_t)d.chunks * d.partial;
    ad_parallel(pool, d.chunks, chunk_task, &d);
    int64_t rows = d.taps_y * d.taps_x * d.channels;
    ad_parallel(pool, (rows + SUM_ROWS - 1) / SUM_ROWS, sum_task, &d);
}

const ad_solver AD_ISA_NAME(ad_solver_conv_weight_direct) = {.name = "direct",
                                                             .op = AD_OP_CONV2D_WEIGHT_GRAD,
                                                             .bid = bid,
                                                             .workspace = workspace,
                                                             .run = run};
