/* winograd.c - 3x3 stride-1 convolution and its input gradient by Winograd F(4x4, 3x3) or
 * F(3x3, 3x3) (see winograd.h): a quarter of the multiplications of the direct way, or a third.
 *
 * The filter is transformed first (all columns, or a chunk of them where that would take more than
 * FILTER_BYTES). Then each task takes a block of tiles and a range of columns: it transforms the
 * source patches, multiplies once per point and slice of columns, and transforms and finishes that
 * slice while it is in cache. The input gradient is the same with the filter flipped and
 * transposed. */
#include "device/cpu/winograd.h"
#include "ops/attrs.h"

enum {
    FILTER_BYTES = 24 << 20,
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

static int64_t up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}
static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- the problem ---- */
static bool plain_f32(const ad_operand *o)
{
    return o->dtype == AD_F32;
}

static bool prepare(ad_winograd *w, const ad_problem *problem, int edge)
{
    const ad_operand *source = &problem->in[0], *filter = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    bool gradient = problem->op == AD_OP_CONV2D_INPUT_GRAD;
    *w = (ad_winograd){0};
    if (!plain_f32(source) || !plain_f32(filter) || attr->groups != 1) return false;
    if (filter->dim[0] != 3 || filter->dim[1] != 3 || source->stride[3] != 1) return false;
    for (int i = 0; i < 2; ++i)
        if (attr->stride[i] != 1 || attr->dilation[i] != 1 || attr->pad[i] > 2) return false;
    int channel = gradient ? 3 : 2, column = gradient ? 2 : 3;
    if (filter->dim[2] < 16 || filter->dim[3] < 16) return false;
    if (filter->stride[column] != 1 && filter->stride[channel] != 1) return false;
    *w = (ad_winograd){.edge = edge,
                       .patch = edge + 2,
                       .points = (edge + 2) * (edge + 2),
                       .images = source->dim[0],
                       .height = source->dim[1],
                       .width = source->dim[2],
                       .channels = filter->dim[channel],
                       .columns = filter->dim[column],
                       .filter_tap = {filter->stride[0], filter->stride[1]},
                       .filter_channel = filter->stride[channel],
                       .filter_column = filter->stride[column],
                       .flip = gradient,
                       .rows = out->dim[1],
                       .cols = out->dim[2]};
    for (int i = 0; i < 3; ++i) w->source_stride[i] = source->stride[i];
    for (int i = 0; i < 2; ++i) w->pad[i] = gradient ? 2 - attr->pad[i] : attr->pad[i];
    w->tiles_y = (w->rows + edge - 1) / edge, w->tiles_x = (w->cols + edge - 1) / edge;
    w->tiles = w->images * w->tiles_y * w->tiles_x;
    w->depth = up(w->channels, AD_VF);
    return w->tiles > 0;
}

static layout plan(const ad_winograd *w, bool packed)
{
    layout l = {0};
    int64_t tile_bytes = w->points * w->depth * 4, columns = up(w->columns, AD_NR);
    l.block = most(SOURCE_BYTES / tile_bytes / AD_MR * AD_MR, LEAST_TILES);
    l.block = least(least(l.block, MOST_TILES), up(w->tiles, AD_MR));
    while (l.block > 2 * AD_MR && up(w->tiles, l.block) / l.block < WANTED_TASKS) l.block -= AD_MR;
    l.blocks = up(w->tiles, l.block) / l.block;
    int64_t panel_bytes = w->points * ad_winograd_step(w->depth * AD_NR) * 4;
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
    l.source_step = ad_winograd_step(l.block * w->depth);
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
        (w, products + (done + i) * width, r->l.product_step, width, pixels + w->edge * i * width,
         row_floats);
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
    AD_ISA_NAME(ad_winograd_source)(w, tile, count, source, l->source_step);
    for (int64_t col = begin; col < end; col += l->slice) {
        int64_t width = up(least(l->slice, end - col), AD_NR);
        for (int point = 0; point < w->points; ++point)
            for (int64_t j = 0; j < width; j += AD_NR) {
                const float *panel = filter_panel(r, col + j, point);
                const float *next = j + AD_NR < width ? filter_panel(r, col + j + AD_NR, point)
                                                      : filter_panel(r, col, point + 1);
                for (int64_t i = 0; i < count; i += AD_MR, next += 16 * w->depth)
                    r->tile(w->depth, source + point * l->source_step + i * w->depth, panel, next,
                            products + point * l->product_step + i * width + j, width,
                            (int)least(AD_MR, count - i), AD_NR, false);
            }
        finish_slice(r, products, pixels, tile, count, r->col + col, width);
    }
}

/* ---- the solvers ---- */
static double bid(const ad_problem *problem, const ad_machine *machine, int edge)
{
    ad_winograd w;
    if (!prepare(&w, problem, edge)) return -1;
    double depth = (double)w.depth, columns = (double)up(w.columns, AD_NR), tiles = (double)w.tiles;
    /* in flops' worth of time: a transformed element costs about as much as 16 */
    double work = w.points * (2 * tiles * depth * columns + 16 * tiles * (depth + columns) +
                              16 * depth * columns);
    double seconds = work / machine->flops_f32;
    return machine->threads == 1 ? seconds : seconds / machine->threads + 2 * machine->overhead;
}

static size_t workspace(const ad_problem *problem, int edge)
{
    ad_winograd w;
    if (!prepare(&w, problem, edge)) return 0;
    layout own = plan(&w, false), given = plan(&w, true);
    size_t a = own.filter_bytes + (size_t)problem->threads * own.worker_bytes;
    size_t b = (size_t)problem->threads * given.worker_bytes;
    return a > b ? a : b;
}

static size_t packed_size(const ad_problem *problem, int edge)
{
    ad_winograd w;
    return prepare(&w, problem, edge) ? plan(&w, true).filter_bytes : 0;
}

static void pack_constant(const ad_problem *problem, const void *operand, void *packed,
                          ad_pool *pool, int edge)
{
    ad_winograd w;
    prepare(&w, problem, edge);
    w.filter = operand;
    winograd_run r = {.w = &w, .l = plan(&w, true), .to = packed};
    ad_parallel(pool, up(w.columns, AD_NR) / AD_NR, filter_task, &r);
}

static void run(const ad_problem *problem, const ad_run_args *args, int edge)
{
    ad_winograd w;
    ad_finish finish;
    prepare(&w, problem, edge);
    w.source = args->in[0], w.filter = args->in[1];
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    winograd_run r = {.w = &w,
                      .finish = &finish,
                      .tile = AD_ISA_NAME(ad_gemm_tile_for)(AD_F32),
                      .l = plan(&w, args->packed != NULL),
                      .to = args->workspace};
    ad_pool *pool = ad_pool_size(args->pool) > problem->threads ? NULL : args->pool;
    r.filter = args->packed ? args->packed : args->workspace;
    r.scratch = (char *)args->workspace + (args->packed ? 0 : r.l.filter_bytes);
    for (; r.col < w.columns; r.col += r.l.chunk) {
        r.cols = least(r.l.chunk, w.columns - r.col);
        if (!args->packed) ad_parallel(pool, up(r.cols, AD_NR) / AD_NR, filter_task, &r);
        ad_parallel(pool, r.l.blocks * r.l.spans, block_task, &r);
    }
}

#define SOLVER(id, text, of, edge)                                                                 \
    static double bid_##id(const ad_problem *problem, const ad_machine *machine)                   \
    {                                                                                              \
        return bid(problem, machine, edge);                                                        \
    }                                                                                              \
    static size_t workspace_##id(const ad_problem *problem)                                        \
    {                                                                                              \
        return workspace(problem, edge);                                                           \
    }                                                                                              \
    static size_t packed_##id(const ad_problem *problem)                                           \
    {                                                                                              \
        return packed_size(problem, edge);                                                         \
    }                                                                                              \
    static void pack_##id(const ad_problem *problem, const void *operand, void *packed,            \
                          void *scratch, ad_pool *pool)                                            \
    {                                                                                              \
        (void)scratch;                                                                             \
        pack_constant(problem, operand, packed, pool, edge);                                       \
    }                                                                                              \
    static void run_##id(const ad_problem *problem, const ad_run_args *args)                       \
    {                                                                                              \
        run(problem, args, edge);                                                                  \
    }                                                                                              \
    const ad_solver AD_ISA_NAME(ad_solver_##id) = {.name = text,                                   \
                                                   .transforms = true,                             \
                                                   .op = of,                                       \
                                                   .bid = bid_##id,                                \
                                                   .workspace = workspace_##id,                    \
                                                   .packed = packed_##id,                          \
                                                   .pack = pack_##id,                              \
                                                   .run = run_##id}
SOLVER(winograd, "winograd 4x4 3x3", AD_OP_CONV2D, 4);
SOLVER(winograd_3, "winograd 3x3 3x3", AD_OP_CONV2D, 3);
SOLVER(winograd_input, "winograd 4x4 3x3", AD_OP_CONV2D_INPUT_GRAD, 4);
SOLVER(winograd_input_3, "winograd 3x3 3x3", AD_OP_CONV2D_INPUT_GRAD, 3);
