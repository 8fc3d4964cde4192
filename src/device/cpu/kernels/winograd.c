/* winograd.c - convolution and its input gradient by Winograd's algorithm (see winograd.h): 3x3
 * with stride 1 in a quarter of the multiplications of the direct way, or a third; 4x4 with stride
 * 2 and 8x8 with stride 4 in some two fifths.
 *
 * The filter is transformed first (all columns, or a chunk of them where that would take more than
 * FILTER_BYTES). Then each task takes a block of tiles and a range of columns: it transforms the
 * source patches, multiplies once per point and slice of columns, and transforms and finishes that
 * slice while it is in cache. The input gradient is the same with the filter flipped and
 * transposed, phase by phase: of each block where the filters of all phases are small, so that
 * neighbouring pixels are read and written while their lines are in cache; else of all blocks. */
#include "device/cpu/conv_axis.h"
#include "device/cpu/sizes.h"
#include "device/cpu/winograd.h"
#include "ops/attrs.h"

enum {
    FILTER_BYTES = 24 << 20,
    SMALL_FILTER = 2 << 20,
    TOGETHER_BYTES = 4 << 20, /* of the filters of phases whose blocks are done together */
    TOGETHER = 4,             /* phases, at most */
    SOURCE_BYTES =
        1 << 20, /* of a block's transformed patches, where that is at least LEAST_TILES */
    PRODUCT_BYTES = 1 << 20, /* of a slice's products */
    LEAST_TILES = 4 * AD_MR,
    MOST_TILES = 8 * AD_MR,
    WANTED_TASKS = 8,
    STRIP = 8, /* tiles whose pixels are finished together */
};

typedef struct layout {
    int64_t block, blocks;                         /* tiles */
    int64_t slice;                                 /* columns whose products exist at a time */
    int64_t span, spans;                           /* columns of a task; spans of a chunk */
    int64_t chunk;                                 /* columns whose filter exists at a time */
    int64_t panel_step, source_step, product_step; /* floats from point to point */
    size_t filter_bytes, worker_bytes;
} layout;

typedef struct winograd_run {
    const ad_winograd *w;
    const ad_finish *finish;
    ad_gemm_tile tile;
    layout l;
    const float *filter; /* transformed, columns [col, col + cols) */
    float *to;
    int64_t col, cols;
    char *scratch;
} winograd_run;

/* Phase number i of the problem. */
static bool prepare(ad_winograd *w, const ad_problem *problem, int edge, int taps, int64_t i)
{
    if (problem->op == AD_OP_CONV2D)
        return AD_ISA_NAME(ad_winograd_forward)(w, problem, edge, taps);
    int64_t across = ad_conv_phases(problem, 1);
    return AD_ISA_NAME(ad_winograd_input)(w, problem, edge, taps,
                                          (const int64_t[]){i / across, i % across});
}

static int64_t phases(const ad_problem *problem)
{
    return ad_conv_phases(problem, 0) * ad_conv_phases(problem, 1);
}

/* At least n rows that register tiles take without waste: whole ones, half and a quarter. */
static int64_t whole_tiles(int64_t n)
{
    int64_t rest = n % AD_MR, half = (AD_MR + 1) / 2, quarter = (AD_MR + 3) / 4;
    return n - rest + (rest == 0 ? 0 : rest <= quarter ? quarter : rest <= half ? half : AD_MR);
}

static layout plan(const ad_winograd *w, bool packed)
{
    layout l = {0};
    int64_t tile_bytes = w->points * w->depth * 4, columns = up(w->columns, AD_NR);
    int64_t panel_bytes = w->points * ad_winograd_step(w->depth * AD_NR) * 4;
    int64_t largest = least(most(SOURCE_BYTES / tile_bytes, LEAST_TILES), MOST_TILES);
    /* each block brings the filter anew: small ones only where it comes from L2 */
    int64_t smallest = columns / AD_NR * panel_bytes > SMALL_FILTER ? 2 * AD_MR : AD_MR;
    l.blocks = most(up(w->tiles, largest) / largest,
                    least(WANTED_TASKS, up(w->tiles, smallest) / smallest));
    l.block = whole_tiles((w->tiles + l.blocks - 1) / l.blocks);
    l.blocks = up(w->tiles, l.block) / l.block;
    l.chunk = columns;
    if (!packed && columns / AD_NR * panel_bytes > FILTER_BYTES) {
        int64_t chunks = up(columns / AD_NR * panel_bytes, FILTER_BYTES) / FILTER_BYTES;
        l.chunk = up((columns + chunks - 1) / chunks, AD_NR);
    }
    /* few tiles: cut the columns too, at the price of transforming patches once per span */
    l.span = l.chunk;
    while (l.span > 4 * AD_NR && l.blocks * (up(l.chunk, l.span) / l.span) < WANTED_TASKS)
        l.span = up(l.span / 2, AD_NR);
    l.spans = up(l.chunk, l.span) / l.span;
    l.slice = PRODUCT_BYTES / (w->points * l.block * 4) / AD_NR * AD_NR;
    l.slice = least(most(l.slice, 2 * AD_NR), l.span);
    l.panel_step = ad_winograd_step(w->depth * AD_NR);
    l.source_step = ad_winograd_step(up(l.block, AD_MR) * w->depth);
    l.product_step = ad_winograd_step(l.block * l.slice);
    l.filter_bytes = (size_t)(l.chunk / AD_NR * panel_bytes);
    int64_t floats = w->points * (l.source_step + l.product_step) +
                     (int64_t)w->edge * w->edge * STRIP * l.slice;
    l.worker_bytes = (size_t)up(floats * 4, 64);
    return l;
}

/* ---- tasks ---- */
static void filter_task(void *user, int64_t index, int worker)
{
    const winograd_run *r = user;
    (void)worker;
    AD_ISA_NAME(ad_winograd_filter)
    (r->w, r->col + index * AD_NR, r->to + index * r->w->points * r->l.panel_step, r->l.panel_step);
}

/* Products of a slice to pixels, a strip of tiles of one row at a time. */
static void finish_slice(const winograd_run *r, const float *products, float *pixels, int64_t tile,
                         int64_t count, int64_t col, int64_t width)
{
    const ad_winograd *w = r->w;
    int64_t row_floats = w->edge * STRIP * width, cols = least(width, w->columns - col);
    for (int64_t done = 0; done < count;) {
        int64_t tx = (tile + done) % w->tiles_x, rest = (tile + done) / w->tiles_x;
        int64_t ty = rest % w->tiles_y, image = rest / w->tiles_y;
        int64_t strip = least(least(STRIP, w->tiles_x - tx), count - done);
        for (int64_t i = 0; i < strip; ++i) AD_ISA_NAME(ad_winograd_result)
        (w, products + (done + i) * width, r->l.product_step, cols, width,
         pixels + w->edge * i * width, row_floats);
        for (int64_t y = 0; y < w->edge && w->edge * ty + y < w->rows; ++y) {
            int64_t row = (image * w->rows + w->edge * ty + y) * w->cols + w->edge * tx;
            AD_ISA_NAME(ad_finish_run)
            (r->finish, pixels + y * row_floats, width, row,
             least(w->edge * strip, w->cols - w->edge * tx), col, cols);
        }
        done += strip;
    }
}

static const float *filter_panel(const winograd_run *r, int64_t col, int point)
{
    return r->filter + (col / AD_NR * r->w->points + point) * r->l.panel_step;
}

static void block_task(void *user, int64_t index, int worker)
{
    const winograd_run *r = user;
    const ad_winograd *w = r->w;
    const layout *l = &r->l;
    float *source = (float *)(r->scratch + (size_t)worker * l->worker_bytes);
    float *products = source + w->points * l->source_step;
    float *pixels = products + w->points * l->product_step;
    int64_t tile = index / l->spans * l->block, count = least(l->block, w->tiles - tile);
    int64_t begin = index % l->spans * l->span, end = least(begin + l->span, r->cols);
    if (begin >= end) return;
    AD_ISA_NAME(ad_winograd_source)(w, tile, count, AD_MR, source, l->source_step);
    for (int64_t col = begin; col < end; col += l->slice) {
        int64_t width = up(least(l->slice, end - col), AD_NR);
        for (int point = 0; point < w->points; ++point)
            for (int64_t j = 0; j < width; j += AD_NR) {
                const float *panel = filter_panel(r, col + j, point);
                const float *next = j + AD_NR < width ? filter_panel(r, col + j + AD_NR, point)
                                                      : filter_panel(r, col, point + 1);
                int cols = w->columns - (r->col + col + j) > AD_VF ? AD_NR : AD_VF;
                for (int64_t i = 0; i < count; i += AD_MR, next += 16 * w->depth)
                    r->tile(w->depth, source + point * l->source_step + i * w->depth, panel, next,
                            products + point * l->product_step + i * width + j, width,
                            (int)least(AD_MR, count - i), cols, false);
            }
        finish_slice(r, products, pixels, tile, count, r->col + col, width);
    }
}

/* ---- the solvers ---- */
static double bid(const ad_problem *problem, const ad_machine *machine, int edge, int taps)
{
    ad_winograd w;
    double work = 0;
    for (int64_t i = 0; i < phases(problem); ++i) {
        if (!prepare(&w, problem, edge, taps, i)) return -1;
        double depth = (double)w.depth, columns = (double)up(w.columns, AD_VF);
        double tiles = (double)w.tiles;
        /* in flops' worth of time: a transformed element costs about as much as 30, of a
         * filter 85 */
        work += w.points * (2 * tiles * depth * columns + 30 * tiles * (depth + columns) +
                            85 * depth * columns);
    }
    double seconds = work / machine->flops_f32 + machine->call;
    if (machine->threads == 1) return seconds;
    return seconds / machine->threads + 2 * (double)phases(problem) * machine->overhead;
}

static size_t packed_size(const ad_problem *problem, int edge, int taps)
{
    ad_winograd w;
    size_t bytes = 0;
    for (int64_t i = 0; i < phases(problem); ++i)
        if (prepare(&w, problem, edge, taps, i)) bytes += plan(&w, true).filter_bytes;
    return bytes;
}

/* Whether all phases are done block by block: the same tiles in each, and small filters. */
static bool are_together(const ad_problem *problem, int edge, int taps)
{
    ad_winograd w;
    int64_t count = phases(problem), tiles_x = 0, tiles_y = 0;
    size_t bytes = 0;
    for (int64_t i = 0; i < count; ++i) {
        if (!prepare(&w, problem, edge, taps, i)) return false;
        if (i && (w.tiles_x != tiles_x || w.tiles_y != tiles_y)) return false;
        tiles_x = w.tiles_x, tiles_y = w.tiles_y;
        bytes += plan(&w, true).filter_bytes;
    }
    return count <= TOGETHER && bytes <= TOGETHER_BYTES;
}

static size_t workspace(const ad_problem *problem, int edge, int taps)
{
    ad_winograd w;
    size_t most_bytes = 0;
    size_t filters = are_together(problem, edge, taps) ? (size_t)phases(problem) : 1;
    for (int64_t i = 0; i < phases(problem); ++i) {
        if (!prepare(&w, problem, edge, taps, i)) return 0;
        layout own = plan(&w, false), given = plan(&w, true);
        size_t a = filters * own.filter_bytes + (size_t)problem->threads * own.worker_bytes;
        size_t b = (size_t)problem->threads * given.worker_bytes;
        size_t bytes = a > b ? a : b;
        if (bytes > most_bytes) most_bytes = bytes;
    }
    return most_bytes;
}

static void pack_constant(const ad_problem *problem, const void *operand, void *packed,
                          ad_pool *pool, int edge, int taps)
{
    for (int64_t i = 0; i < phases(problem); ++i) {
        ad_winograd w;
        prepare(&w, problem, edge, taps, i);
        w.filter = operand;
        winograd_run r = {.w = &w, .l = plan(&w, true), .to = packed};
        ad_parallel(pool, up(w.columns, AD_NR) / AD_NR, filter_task, &r);
        packed = (char *)packed + r.l.filter_bytes;
    }
}

/* Phases that are run together: each with its part of the problem. */
typedef struct phase_run {
    ad_winograd w;
    ad_finish finish;
    ad_conv_phase part;
    winograd_run run;
} phase_run;

typedef struct together {
    phase_run phase[TOGETHER];
    int count;
} together;

static void filters_task(void *user, int64_t index, int worker)
{
    together *all = user;
    const winograd_run *r = &all->phase[0].run;
    int64_t panels = up(r->cols, AD_NR) / AD_NR;
    filter_task(&all->phase[index / panels].run, index % panels, worker);
}

static void blocks_task(void *user, int64_t index, int worker)
{
    together *all = user;
    for (int i = 0; i < all->count; ++i) block_task(&all->phase[i].run, index, worker);
}

/* Chunk by chunk of columns; the transformed filters are at `packed`, or it is NULL. */
static void run_phases(together *all, const ad_problem *problem, const ad_run_args *args,
                       const char *packed)
{
    char *filter = args->workspace;
    size_t bytes = 0;
    for (int i = 0; i < all->count; ++i) {
        phase_run *p = &all->phase[i];
        layout l = plan(&p->w, packed != NULL);
        p->w.source = args->in[0], p->w.filter = args->in[1];
        AD_ISA_NAME(ad_finish_prepare)(&p->finish, &p->part.problem, &p->part.args, AD_F32);
        p->run = (winograd_run){.w = &p->w,
                                .finish = &p->finish,
                                .tile = AD_ISA_NAME(ad_gemm_tile_for)(AD_F32, false),
                                .l = l,
                                .to = (float *)(filter + bytes),
                                .filter = (const float *)((packed ? packed : filter) + bytes)};
        bytes += l.filter_bytes;
    }
    const ad_winograd *w = &all->phase[0].w;
    const layout *l = &all->phase[0].run.l;
    ad_pool *pool = ad_pool_size(args->pool) > problem->threads ? NULL : args->pool;
    for (int64_t col = 0; col < w->columns; col += l->chunk) {
        int64_t cols = least(l->chunk, w->columns - col);
        for (int i = 0; i < all->count; ++i) {
            winograd_run *r = &all->phase[i].run;
            r->col = col, r->cols = cols;
            r->scratch = filter + (packed ? 0 : bytes);
        }
        if (!packed) ad_parallel(pool, all->count * (up(cols, AD_NR) / AD_NR), filters_task, all);
        ad_parallel(pool, l->blocks * l->spans, blocks_task, all);
    }
}

static void run(const ad_problem *problem, const ad_run_args *args, int edge, int taps)
{
    const char *packed = args->packed;
    int64_t across = ad_conv_phases(problem, 1), all = phases(problem);
    bool are = are_together(problem, edge, taps);
    together group;
    for (int64_t i = 0; i < all; i += group.count) {
        group.count = are ? (int)all : 1;
        for (int k = 0; k < group.count; ++k) {
            phase_run *p = &group.phase[k];
            prepare(&p->w, problem, edge, taps, i + k);
            if (problem->op == AD_OP_CONV2D)
                p->part.problem = *problem, p->part.args = *args;
            else
                ad_conv_take_phase(&p->part, problem, args,
                                   (const int64_t[]){(i + k) / across, (i + k) % across});
        }
        run_phases(&group, problem, args, packed);
        for (int k = 0; k < group.count && packed; ++k) packed += group.phase[k].run.l.filter_bytes;
    }
}

#define SOLVER(id, text, of, edge, taps)                                                           \
    static double bid_##id(const ad_problem *problem, const ad_machine *machine)                   \
    {                                                                                              \
        return bid(problem, machine, edge, taps);                                                  \
    }                                                                                              \
    static size_t workspace_##id(const ad_problem *problem)                                        \
    {                                                                                              \
        return workspace(problem, edge, taps);                                                     \
    }                                                                                              \
    static size_t packed_##id(const ad_problem *problem)                                           \
    {                                                                                              \
        return packed_size(problem, edge, taps);                                                   \
    }                                                                                              \
    static void pack_##id(const ad_problem *problem, const void *operand, void *packed,            \
                          void *scratch, ad_pool *pool)                                            \
    {                                                                                              \
        (void)scratch;                                                                             \
        pack_constant(problem, operand, packed, pool, edge, taps);                                 \
    }                                                                                              \
    static void run_##id(const ad_problem *problem, const ad_run_args *args)                       \
    {                                                                                              \
        run(problem, args, edge, taps);                                                            \
    }                                                                                              \
    const ad_solver AD_ISA_NAME(ad_solver_##id) = {.name = text,                                   \
                                                   .transforms = true,                             \
                                                   .op = of,                                       \
                                                   .bid = bid_##id,                                \
                                                   .workspace = workspace_##id,                    \
                                                   .packed = packed_##id,                          \
                                                   .pack = pack_##id,                              \
                                                   .run = run_##id}
SOLVER(winograd_43, "winograd 4x4 3x3", AD_OP_CONV2D, 4, 3);
SOLVER(winograd_33, "winograd 3x3 3x3", AD_OP_CONV2D, 3, 3);
SOLVER(winograd_42, "winograd 4x4 2x2", AD_OP_CONV2D, 4, 2);
SOLVER(winograd_32, "winograd 3x3 2x2", AD_OP_CONV2D, 3, 2);
SOLVER(winograd_input_43, "winograd 4x4 3x3", AD_OP_CONV2D_INPUT_GRAD, 4, 3);
SOLVER(winograd_input_33, "winograd 3x3 3x3", AD_OP_CONV2D_INPUT_GRAD, 3, 3);
SOLVER(winograd_input_42, "winograd 4x4 2x2", AD_OP_CONV2D_INPUT_GRAD, 4, 2);
SOLVER(winograd_input_32, "winograd 3x3 2x2", AD_OP_CONV2D_INPUT_GRAD, 3, 2);
