/* winograd_weight.c - the weight gradient of convolution by Winograd's algorithm (see winograd.h).
 *
 * Per point it is a matrix product, [channels, tiles] x [tiles, columns]. Tiles are taken chunk by
 * chunk: first all patches of a chunk and of the gradient are transformed, then each task
 * multiplies a block of channels and columns at all points. What chunks bring is added in order;
 * after the last one a block's sums become taps while they are in cache. Where there are few
 * blocks, each is cut by its points. Chunks and blocks depend on the shape alone. */
#include "device/cpu/sizes.h"
#include "device/cpu/winograd.h"
#include "ops/attrs.h"

enum {
    CHUNK_BYTES = 12 << 20, /* of transformed tiles, about */
    LEAST_TILES = 128,      /* of a chunk: fewer, and the sums are loaded and stored too often */
    MOST_TILES = 512,
    BLOCK_CHANNELS = 64,
    BLOCK_COLUMNS = 64,
    TRANSFORM_TILES = 16,           /* of a task */
    WANTED_TASKS = 8,               /* of multiplication */
    HEIGHT = AD_VF < 8 ? AD_VF : 8, /* rows of a register tile */
};

typedef struct layout {
    int64_t chunk, chunks;                        /* tiles */
    int64_t down, across;                         /* blocks of channels, of columns */
    int64_t pieces;                               /* of a block's points */
    int64_t columns;                              /* rounded up to whole panels */
    int64_t source_step, gradient_step, sum_step; /* floats from point to point */
    int64_t source_floats, gradient_floats, sum_floats, tap_floats;
} layout;

typedef struct weight_run {
    const ad_winograd *w;
    const ad_finish *finish;
    layout l;
    const float *gradient;
    const int64_t *gradient_stride;
    float *source, *of_gradient, *sums, *taps; /* transformed; per block or worker; per worker */
    int64_t tile, count;                       /* of this chunk */
} weight_run;

static layout plan(const ad_winograd *w)
{
    layout l = {.columns = up(w->columns, AD_NR)};
    int64_t tile_bytes = w->points * (w->depth + l.columns) * (int64_t)sizeof(float);
    l.chunk = least(most(CHUNK_BYTES / tile_bytes, LEAST_TILES), MOST_TILES);
    l.chunks = up(w->tiles, l.chunk) / l.chunk;
    l.chunk = up((w->tiles + l.chunks - 1) / l.chunks, TRANSFORM_TILES);
    l.chunks = up(w->tiles, l.chunk) / l.chunk;
    l.down = up(w->depth, BLOCK_CHANNELS) / BLOCK_CHANNELS;
    l.across = up(l.columns, BLOCK_COLUMNS) / BLOCK_COLUMNS;
    int64_t blocks = l.down * l.across;
    l.pieces = least((WANTED_TASKS + blocks - 1) / blocks, w->points);
    l.source_step = ad_winograd_step(l.chunk * w->depth);
    l.gradient_step = ad_winograd_step(l.chunk * l.columns);
    l.sum_step = ad_winograd_step(BLOCK_CHANNELS * BLOCK_COLUMNS);
    l.source_floats = w->points * l.source_step;
    l.gradient_floats = w->points * l.gradient_step;
    l.sum_floats = w->points * l.sum_step;
    l.tap_floats = (int64_t)w->taps * w->taps * BLOCK_CHANNELS * BLOCK_COLUMNS;
    return l;
}

/* Whether a block's sums outlive its task. */
static bool keeps_sums(const layout *l)
{
    return l->chunks > 1 || l->pieces > 1;
}

/* ---- tasks ---- */
static void transform_task(void *user, int64_t index, int worker)
{
    const weight_run *r = user;
    const layout *l = &r->l;
    int64_t first = index * TRANSFORM_TILES, count = least(TRANSFORM_TILES, r->count - first);
    (void)worker;
    AD_ISA_NAME(ad_winograd_source)
    (r->w, r->tile + first, count, l->chunk, r->source + first * AD_VF, l->source_step);
    AD_ISA_NAME(ad_winograd_gradient)
    (r->w, r->gradient, r->gradient_stride, r->tile + first, count, l->chunk,
     r->of_gradient + first * AD_NR, l->gradient_step);
}

/* HEIGHT channels x `width` vectors of columns, summed over `count` tiles. */
static inline __attribute__((always_inline)) void multiply(const int width, const float *a,
                                                           const float *b, int64_t count, float *c,
                                                           int64_t ld, bool add)
{
    vf acc[HEIGHT][AD_NV];
#pragma GCC unroll 8
    for (int i = 0; i < HEIGHT; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < width; ++j)
            acc[i][j] = add ? vf_load(c + i * ld + j * AD_VF) : vf_zero();
    for (; count > 0; --count, a += AD_VF, b += AD_NR) {
        vf bv[AD_NV];
#pragma GCC unroll 4
        for (int j = 0; j < width; ++j) bv[j] = vf_load(b + j * AD_VF);
#pragma GCC unroll 8
        for (int i = 0; i < HEIGHT; ++i) {
            vf av = vf_set1(a[i]);
#pragma GCC unroll 4
            for (int j = 0; j < width; ++j) acc[i][j] = vf_fma(av, bv[j], acc[i][j]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < HEIGHT; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < width; ++j) vf_store(c + i * ld + j * AD_VF, acc[i][j]);
}

/* The taps of a block to the rows of the result: those of a phase's channels follow each other. */
static void finish_block(const weight_run *r, const float *sums, float *taps, int64_t channel,
                         int64_t channels, int64_t col, int64_t cols)
{
    const ad_winograd *w = r->w;
    int64_t tap_step = channels * BLOCK_COLUMNS;
    for (int64_t i = 0; i < channels; ++i)
        for (int64_t j = 0; j < cols; j += AD_VF) AD_ISA_NAME(ad_winograd_taps)
    (w, sums + i * BLOCK_COLUMNS + j, r->l.sum_step, taps + i * BLOCK_COLUMNS + j, tap_step);
    for (int64_t i = 0, run; i < channels; i += run) {
        int64_t phase = (channel + i) / w->group, first = (channel + i) % w->group;
        run = least(w->group - first, channels - i);
        int64_t count = least(run, w->channels - first);
        for (int t = 0; t < w->taps * w->taps && count > 0; ++t) {
            int64_t y = t / w->taps * w->step[0] + phase / w->step[1];
            int64_t x = t % w->taps * w->step[1] + phase % w->step[1];
            AD_ISA_NAME(ad_finish_run)
            (r->finish, taps + t * tap_step + i * BLOCK_COLUMNS, BLOCK_COLUMNS,
             y * w->filter_tap[0] + x * w->filter_tap[1] + first, count, col, cols);
        }
    }
}

typedef struct block {
    int64_t channel, channels, col, cols;
    float *sums;
} block;

static block block_of(const weight_run *r, int64_t index, int worker)
{
    const layout *l = &r->l;
    int64_t channel = index / l->across * BLOCK_CHANNELS, col = index % l->across * BLOCK_COLUMNS;
    return (block){.channel = channel,
                   .channels = least(BLOCK_CHANNELS, r->w->depth - channel),
                   .col = col,
                   .cols = least(BLOCK_COLUMNS, r->w->columns - col),
                   .sums = r->sums + (keeps_sums(l) ? index : worker) * l->sum_floats};
}

static void finish_task(void *user, int64_t index, int worker)
{
    const weight_run *r = user;
    block b = block_of(r, index, worker);
    finish_block(r, b.sums, r->taps + worker * r->l.tap_floats, b.channel, b.channels, b.col,
                 b.cols);
}

static void multiply_task(void *user, int64_t index, int worker)
{
    const weight_run *r = user;
    const layout *l = &r->l;
    int64_t piece = index % l->pieces, points = r->w->points;
    block k = block_of(r, index / l->pieces, worker);
    bool begins = r->tile == 0, ends = r->tile + r->count == r->w->tiles;
    for (int64_t point = piece * points / l->pieces; point < (piece + 1) * points / l->pieces;
         ++point) {
        const float *a = r->source + point * l->source_step + k.channel * l->chunk;
        const float *b = r->of_gradient + point * l->gradient_step + k.col * l->chunk;
        float *c = k.sums + point * l->sum_step;
        for (int64_t j = 0; j < k.cols; j += AD_NR)
            for (int64_t i = 0; i < k.channels; i += HEIGHT) {
                const float *row = a + i / AD_VF * AD_VF * l->chunk + i % AD_VF;
                const float *panel = b + j * l->chunk;
                float *to = c + i * BLOCK_COLUMNS + j;
                if (k.cols - j > AD_VF)
                    multiply(AD_NV, row, panel, r->count, to, BLOCK_COLUMNS, !begins);
                else
                    multiply(1, row, panel, r->count, to, BLOCK_COLUMNS, !begins);
            }
    }
    if (ends && l->pieces == 1) finish_task(user, index, worker);
}

/* ---- the solvers ---- */
static double bid(const ad_problem *problem, const ad_machine *machine, int edge, int taps)
{
    ad_winograd w;
    if (!AD_ISA_NAME(ad_winograd_weight)(&w, problem, edge, taps)) return -1;
    double depth = (double)w.depth, columns = (double)up(w.columns, AD_VF), tiles = (double)w.tiles;
    layout l = plan(&w);
    /* in flops' worth of time: a transformed element, which comes from memory and goes there, costs
     * about as much as 60 */
    double work = w.points * (2 * tiles * depth * columns + 60 * tiles * (depth + columns) +
                              (8 + 8 * (double)l.chunks) * depth * columns);
    double seconds = work / machine->flops_f32 + machine->call;
    if (machine->threads == 1) return seconds;
    return seconds / machine->threads + 2 * (double)l.chunks * machine->overhead;
}

static size_t workspace(const ad_problem *problem, int edge, int taps)
{
    ad_winograd w;
    if (!AD_ISA_NAME(ad_winograd_weight)(&w, problem, edge, taps)) return 0;
    layout l = plan(&w);
    int64_t blocks = keeps_sums(&l) ? l.down * l.across : problem->threads;
    return (size_t)(l.source_floats + l.gradient_floats + blocks * l.sum_floats +
                    problem->threads * l.tap_floats) *
           sizeof(float);
}

static void run(const ad_problem *problem, const ad_run_args *args, int edge, int taps)
{
    ad_winograd w;
    ad_finish finish;
    AD_ISA_NAME(ad_winograd_weight)(&w, problem, edge, taps);
    w.source = args->in[0];
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    weight_run r = {.w = &w,
                    .finish = &finish,
                    .l = plan(&w),
                    .gradient = args->in[1],
                    .gradient_stride = problem->in[1].stride,
                    .source = args->workspace};
    int64_t count = r.l.down * r.l.across, blocks = keeps_sums(&r.l) ? count : problem->threads;
    r.of_gradient = r.source + r.l.source_floats;
    r.sums = r.of_gradient + r.l.gradient_floats;
    r.taps = r.sums + blocks * r.l.sum_floats;
    ad_pool *pool = ad_pool_size(args->pool) > problem->threads ? NULL : args->pool;
    for (; r.tile < w.tiles; r.tile += r.l.chunk) {
        r.count = least(r.l.chunk, w.tiles - r.tile);
        ad_parallel(pool, up(r.count, TRANSFORM_TILES) / TRANSFORM_TILES, transform_task, &r);
        ad_parallel(pool, count * r.l.pieces, multiply_task, &r);
    }
    if (r.l.pieces > 1) ad_parallel(pool, count, finish_task, &r);
}

#define SOLVER(id, text, edge, taps)                                                               \
    static double bid_##id(const ad_problem *problem, const ad_machine *machine)                   \
    {                                                                                              \
        return bid(problem, machine, edge, taps);                                                  \
    }                                                                                              \
    static size_t workspace_##id(const ad_problem *problem)                                        \
    {                                                                                              \
        return workspace(problem, edge, taps);                                                     \
    }                                                                                              \
    static void run_##id(const ad_problem *problem, const ad_run_args *args)                       \
    {                                                                                              \
        run(problem, args, edge, taps);                                                            \
    }                                                                                              \
    const ad_solver AD_ISA_NAME(ad_solver_##id) = {.name = text,                                   \
                                                   .transforms = true,                             \
                                                   .op = AD_OP_CONV2D_WEIGHT_GRAD,                 \
                                                   .bid = bid_##id,                                \
                                                   .workspace = workspace_##id,                    \
                                                   .run = run_##id}
SOLVER(winograd_weight_43, "winograd 4x4 3x3", 4, 3);
SOLVER(winograd_weight_33, "winograd 3x3 3x3", 3, 3);
SOLVER(winograd_weight_42, "winograd 4x4 2x2", 4, 2);
SOLVER(winograd_weight_32, "winograd 3x3 2x2", 3, 2);
