/* conv_amx.c - stride-1 convolution of bf16 operands, and its input gradient, by tile registers
 * (Intel AMX) without gathering patches.
 *
 * A band of source lines is copied once, with zeros around it: `line` pixels each, `depth` channels
 * (rounded up to a whole tile). For a tap (r, s) the pixels that 16 neighbouring results want are
 * 16 neighbours in the band, r lines and s pixels on, so tiles of A are loaded from it as they lie.
 * Results are computed along whole lines of the band, over the few columns between images too,
 * which are thrown away. Two tiles of pixels go against two of columns: each load is used twice.
 *
 * For each task: a band, a range of columns. Sums run over taps, then channels, in order. */
#include "base/cpu.h"
#include "device/cpu/finish.h"
#include "device/cpu/gemm.h"
#include "device/cpu/sizes.h"
#include "ops/attrs.h"

/* Tiles exist in one build of this file; elsewhere its solvers take nothing. */
#if AD_KERNEL_ISA == 3
#include <immintrin.h>

enum {
    TILE = 16,              /* rows of a tile; columns of a result's */
    STEP = 32,              /* channels of a tile of A */
    COLS = 2 * TILE,        /* columns at a time */
    PANEL = STEP * COLS,    /* elements of the filter in a step: two tiles of B */
    BAND_BYTES = 640 << 10, /* of a band, about: it should stay in L2 */
    MOST_POSITIONS = 2048,  /* results of a band times COLS are kept until finished */
    SPARE = 2 * TILE,       /* pixels that the last tiles reach beyond a band */
};

typedef struct conv {
    const uint16_t *source; /* [images, height, width, channels], channels contiguous */
    const uint16_t *filter;
    int64_t images, height, width, channels, columns, rows, cols;
    int64_t source_stride[3];
    int64_t taps[2], filter_tap[2], filter_channel, filter_column;
    int64_t pad[2];       /* of the source, before the first row and column */
    bool flip;            /* taps in reverse order: the input gradient */
    int64_t depth, pixel; /* pixel: elements from one to the next in a band */
    /* bands: `group` whole images, or `lines` lines of one */
    int64_t group, lines, bands_y, bands, line, positions;
    int64_t blocks, span, spans; /* of COLS columns; blocks of a task, tasks of a band */
    int64_t band_bytes, worker_bytes, filter_bytes;
} conv;

typedef struct conv_run {
    const conv *c;
    const ad_finish *finish;
    const uint16_t *filter; /* as panels */
    uint16_t *to;
    char *scratch;
} conv_run;

/* ---- the problem ---- */

static void plan(conv *c, int threads)
{
    int64_t halo = c->taps[0] - 1, wanted = 3 * threads;
    c->line = c->cols + c->taps[1] - 1;
    c->pixel = c->depth % 128 ? c->depth : c->depth + STEP; /* not all in the same cache sets */
    int64_t line_bytes = c->line * c->pixel * 2;
    int64_t room = most(1, least(BAND_BYTES / line_bytes - halo, MOST_POSITIONS / c->line));
    c->lines = least(room, c->rows), c->group = 1;
    if (c->lines == c->rows) c->group = most(1, least((room + halo) / (c->rows + halo), c->images));
    while (c->group > 1 && up(c->images, c->group) / c->group < wanted) --c->group;
    c->bands_y = up(c->rows, c->lines) / c->lines;
    c->lines = up(c->rows, c->bands_y) / c->bands_y; /* of equal size */
    c->bands = c->bands_y * (up(c->images, c->group) / c->group);
    c->positions = up((c->group * (c->lines + halo) - halo) * c->line, 2 * TILE);
    c->blocks = up(c->columns, COLS) / COLS;
    c->spans = threads > 1 && c->bands < wanted ? least(c->blocks, up(wanted, c->bands) / c->bands)
                                                : 1;
    c->span = up(c->blocks, c->spans) / c->spans;
    int64_t pixels = c->group * (c->lines + halo) * c->line + c->taps[1] + SPARE;
    c->band_bytes = up(pixels * c->pixel * 2, 64);
    c->worker_bytes = c->band_bytes + c->positions * COLS * 4;
    c->filter_bytes = c->blocks * c->taps[0] * c->taps[1] * (c->depth / STEP) * PANEL * 2;
}

static bool prepare(conv *c, const ad_problem *problem)
{
    const ad_operand *source = &problem->in[0], *filter = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    bool gradient = problem->op == AD_OP_CONV2D_INPUT_GRAD;
    int channel = gradient ? 3 : 2, column = gradient ? 2 : 3;
    *c = (conv){0};
    if (!ad_cpu_get()->amx || source->dtype != AD_BF16 || filter->dtype != AD_BF16) return false;
    if (attr->groups != 1 || source->stride[3] != 1) return false;
    for (int i = 0; i < 2; ++i) {
        if (attr->stride[i] != 1 || attr->dilation[i] != 1) return false;
        if (gradient && attr->pad[i] > filter->dim[i] - 1) return false;
    }
    *c = (conv){.images = source->dim[0],
                .height = source->dim[1],
                .width = source->dim[2],
                .channels = filter->dim[channel],
                .columns = filter->dim[column],
                .rows = out->dim[1],
                .cols = out->dim[2],
                .taps = {filter->dim[0], filter->dim[1]},
                .filter_tap = {filter->stride[0], filter->stride[1]},
                .filter_channel = filter->stride[channel],
                .filter_column = filter->stride[column],
                .flip = gradient};
    for (int i = 0; i < 3; ++i) c->source_stride[i] = source->stride[i];
    for (int i = 0; i < 2; ++i) c->pad[i] = gradient ? c->taps[i] - 1 - attr->pad[i] : attr->pad[i];
    c->depth = up(c->channels, STEP);
    if (!c->images || !c->rows || !c->cols || !c->columns || !c->channels) return false;
    if (c->taps[0] > 16 || c->taps[1] > 16) return false;
    plan(c, problem->threads);
    return true;
}

/* ---- filter: for COLS columns, each tap and STEP channels, two tiles of pairs of channels ---- */

static void filter_task(void *user, int64_t block, int worker)
{
    const conv_run *r = user;
    const conv *c = r->c;
    int64_t taps = c->taps[0] * c->taps[1];
    uint16_t *to = r->to + block * (c->filter_bytes / 2 / c->blocks);
    (void)worker;
    for (int64_t t = 0; t < taps; ++t) {
        int64_t at = c->flip ? taps - 1 - t : t;
        const uint16_t *from = c->filter + at / c->taps[1] * c->filter_tap[0] +
                               at % c->taps[1] * c->filter_tap[1] + block * COLS * c->filter_column;
        int64_t have = least(COLS, c->columns - block * COLS);
        for (int64_t k = 0; k < c->depth; k += 2)
            for (int64_t tile = 0; tile < COLS; tile += TILE, to += 2 * TILE)
                for (int64_t j = 0; j < TILE; ++j)
                    for (int64_t half = 0; half < 2; ++half)
                        to[2 * j + half] = tile + j < have && k + half < c->channels
                                               ? from[(k + half) * c->filter_channel +
                                                      (tile + j) * c->filter_column]
                                               : 0;
    }
}

/* ---- band ---- */

/* One line of the source, from column -pad on, `line` pixels; y may be outside. */
static void copy_line(const conv *c, int64_t image, int64_t y, uint16_t *to)
{
    size_t pixel = (size_t)c->pixel * 2, used = (size_t)c->channels * 2;
    int64_t first = least(c->pad[1], c->line), end = least(c->line, c->width + c->pad[1]);
    if (y < 0 || y >= c->height || end <= first) {
        memset(to, 0, (size_t)c->line * pixel);
        return;
    }
    const uint16_t *from = c->source + image * c->source_stride[0] + y * c->source_stride[1];
    memset(to, 0, (size_t)first * pixel);
    if (c->pixel == c->channels && c->source_stride[2] == c->channels) {
        memcpy(to + first * c->pixel, from, (size_t)(end - first) * pixel);
    } else {
        size_t rest = (size_t)(c->depth - c->channels) * 2;
        for (int64_t x = first; x < end; ++x, from += c->source_stride[2]) {
            memcpy(to + x * c->pixel, from, used);
            if (rest) memset(to + x * c->pixel + c->channels, 0, rest);
        }
    }
    memset(to + end * c->pixel, 0, (size_t)(c->line - end) * pixel);
}

/* ---- products ---- */

/* Tiles 0 to 3: results, upper and lower pixels by left and right columns; 4, 5: A; 6, 7: B. */
static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} shapes __attribute__((aligned(64))) = {
    .palette = 1,
    .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {TILE, TILE, TILE, TILE, TILE, TILE, TILE, TILE},
};

/* 2 * TILE positions from `at` on of the band, COLS columns -> products [2 * TILE][COLS]. */
static inline void multiply(const conv *c, const uint16_t *at, const uint16_t *panel,
                            float *products)
{
    int64_t stride = c->pixel * 2;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t r = 0; r < c->taps[0]; ++r)
        for (int64_t s = 0; s < c->taps[1]; ++s) {
            const uint16_t *upper = at + (r * c->line + s) * c->pixel;
            const uint16_t *lower = upper + TILE * c->pixel;
            for (int64_t k = 0; k < c->depth; k += STEP, panel += PANEL) {
                _tile_loadd(6, panel, 128);
                _tile_loadd(4, upper + k, stride);
                _tile_dpbf16ps(0, 4, 6);
                _tile_loadd(7, panel + 2 * TILE, 128);
                _tile_dpbf16ps(1, 4, 7);
                _tile_loadd(5, lower + k, stride);
                _tile_dpbf16ps(2, 5, 6);
                _tile_dpbf16ps(3, 5, 7);
            }
        }
    _tile_stored(0, products, COLS * 4);
    _tile_stored(1, products + TILE, COLS * 4);
    _tile_stored(2, products + TILE * COLS, COLS * 4);
    _tile_stored(3, products + TILE * COLS + TILE, COLS * 4);
}

static void band_task(void *user, int64_t index, int worker)
{
    const conv_run *r = user;
    const conv *c = r->c;
    uint16_t *band = (uint16_t *)(r->scratch + worker * c->worker_bytes);
    float *products = (float *)((char *)band + c->band_bytes);
    int64_t at = index / c->spans, halo = c->taps[0] - 1, tall = c->lines + halo;
    int64_t image = at / c->bands_y * c->group, y0 = at % c->bands_y * c->lines;
    int64_t images = least(c->group, c->images - image), lines = least(c->lines, c->rows - y0);
    int64_t block = index % c->spans * c->span, end = least(block + c->span, c->blocks);
    if (lines < 1) return;
    for (int64_t i = 0; i < images; ++i)
        for (int64_t y = 0; y < lines + halo; ++y)
            copy_line(c, image + i, y0 + y - c->pad[0], band + (i * tall + y) * c->line * c->pixel);
    int64_t positions = ((images - 1) * tall + lines) * c->line,
            panel = c->filter_bytes / 2 / c->blocks;
    uint16_t *rest = band + ((images - 1) * tall + lines + halo) * c->line * c->pixel;
    memset(rest, 0, (size_t)((c->taps[1] + SPARE) * c->pixel) * 2);
    _tile_loadconfig(&shapes);
    for (; block < end; ++block) {
        for (int64_t p = 0; p < positions; p += 2 * TILE)
            multiply(c, band + p * c->pixel, r->filter + block * panel, products + p * COLS);
        for (int64_t i = 0; i < images; ++i)
            for (int64_t y = 0; y < lines; ++y) {
                const float *row = products + (i * tall + y) * c->line * COLS;
                AD_ISA_NAME(ad_finish_run)
                (r->finish, row, COLS, ((image + i) * c->rows + y0 + y) * c->cols, c->cols,
                 block * COLS, least(COLS, c->columns - block * COLS));
            }
    }
    _tile_release();
}

/* ---- the solvers ---- */

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    conv c;
    ad_problem alone = *problem;
    alone.threads = 1; /* as all bids */
    if (!prepare(&c, &alone)) return -1;
    double steps = (double)(c.taps[0] * c.taps[1] * c.depth), columns = (double)(c.blocks * COLS);
    double flops = 2 * (double)(c.bands * c.positions) * steps * columns;
    double bytes = (double)(c.bands * c.spans * c.band_bytes) +
                   8 * (double)(c.images * c.rows * c.cols * c.columns);
    double seconds = flops / (1.5 * machine->flops_bf16) + bytes / machine->bandwidth;
    return machine->threads == 1 ? seconds : seconds / machine->threads + machine->overhead;
}

static size_t workspace(const ad_problem *problem)
{
    conv c;
    if (!prepare(&c, problem)) return 0;
    return (size_t)(c.filter_bytes + problem->threads * c.worker_bytes);
}

static size_t packed_size(const ad_problem *problem)
{
    conv c;
    return prepare(&c, problem) ? (size_t)c.filter_bytes : 0;
}

static void pack_constant(const ad_problem *problem, const void *operand, void *packed,
                          void *scratch, ad_pool *pool)
{
    conv c;
    (void)scratch;
    prepare(&c, problem);
    c.filter = operand;
    conv_run r = {.c = &c, .to = packed};
    ad_parallel(pool, c.blocks, filter_task, &r);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    conv c;
    ad_finish finish;
    prepare(&c, problem);
    c.source = args->in[0], c.filter = args->in[1];
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    ad_pool *pool = ad_pool_size(args->pool) > problem->threads ? NULL : args->pool;
    conv_run r = {.c = &c,
                  .finish = &finish,
                  .to = args->workspace,
                  .filter = args->packed ? args->packed : args->workspace,
                  .scratch = (char *)args->workspace + c.filter_bytes};
    if (!args->packed) ad_parallel(pool, c.blocks, filter_task, &r);
    ad_parallel(pool, c.bands * c.spans, band_task, &r);
}
#else
static double bid(const ad_problem *problem, const ad_machine *machine)
{
    (void)problem, (void)machine;
    return -1;
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    (void)problem, (void)args;
}

#endif

#if AD_KERNEL_ISA == 3
#define SIZES .workspace = workspace, .packed = packed_size, .pack = pack_constant
#else
#define SIZES .workspace = NULL
#endif
const ad_solver AD_ISA_NAME(ad_solver_conv_amx) = {
    .name = "direct tiles", .op = AD_OP_CONV2D, .amx = true, .bid = bid, SIZES, .run = run};
const ad_solver AD_ISA_NAME(ad_solver_conv_input_amx) = {.name = "direct tiles",
                                                         .op = AD_OP_CONV2D_INPUT_GRAD,
                                                         .amx = true,
                                                         .bid = bid,
                                                         SIZES,
                                                         .run = run};
