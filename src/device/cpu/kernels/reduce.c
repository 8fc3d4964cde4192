/* reduce.c - sum, mean, max and min over any axes, with an elementwise chain in front.
 *
 * The domain's axes are merged where all operands allow it. One kept and one reduced axis make the
 * tiles; of these the one along which the inputs are contiguous is a tile's columns: "along" when
 * it is the reduced one, "across" (column sums) when it is the kept one. The reduced elements are
 * cut into chunks of a fixed number of tiles; each task makes the partial results of one chunk, in
 * double or int64, and these are combined in order. Nothing depends on the number of threads. */
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/reduce_tiles.h"
#include "device/cpu/kernels/walk.h"
#include "base/streams.h"
#include "ops/attrs.h"

#include <string.h>

enum {
    CHUNK = 128,    /* tiles of a chunk */
    FLUSH = 128,    /* rows added up in f32 before they go into the double */
    SERIAL = 32768, /* elements for which one thread is enough */
    LINE = 64,
};

/* One of the two axes that make tiles. */
typedef struct side {
    int axis; /* -1: none */
    int64_t size, tile, tiles;
} side;

typedef struct reduction {
    const ad_problem *problem;
    const ad_run_args *args;
    ad_chain identity; /* when the problem has no chain */
    ad_chain_code code;
    ad_reducer reducer;
    int n_in;
    ad_operand in[AD_CHAIN_INPUTS], out; /* merged */
    bool reduced_axis[AD_MAX_RANK], along;
    side kept, reduced;
    ad_walk kept_outer, reduced_outer;
    int64_t kept_count, length, chunk,
        chunks; /* results; tiles reduced into each; tiles of a chunk */
    int64_t units, units_per_task;
    ad_wide *partials; /* [chunks][kept_count]; NULL with one chunk */
} reduction;

static bool mergeable(const ad_operand *o, int a, int b)
{
    return o->stride[a] == o->stride[b] * o->dim[b];
}

static void drop(ad_operand *o, int axis)
{
    for (int i = axis; i + 1 < o->rank; ++i)
        o->dim[i] = o->dim[i + 1], o->stride[i] = o->stride[i + 1];
    --o->rank;
}

/* Drops axes of size 1 and joins neighbours of one kind that lie on in every operand. */
static void merge_axes(reduction *r)
{
    for (int axis = 0; axis < r->in[0].rank;) {
        int next = axis + 1;
        bool single = r->in[0].dim[axis] == 1, join = next < r->in[0].rank && !single;
        if (join) join = r->reduced_axis[axis] == r->reduced_axis[next];
        for (int i = 0; i < r->n_in && join; ++i) join = mergeable(&r->in[i], axis, next);
        if (join && !r->reduced_axis[axis]) join = mergeable(&r->out, axis, next);
        if (!single && !join) {
            ++axis;
            continue;
        }
        for (int i = 0; i < r->n_in; ++i) {
            if (join) r->in[i].dim[next] *= r->in[i].dim[axis];
            drop(&r->in[i], axis);
        }
        if (join) r->out.dim[next] *= r->out.dim[axis];
        drop(&r->out, axis);
        for (int i = axis; i + 1 < AD_MAX_RANK; ++i) r->reduced_axis[i] = r->reduced_axis[i + 1];
    }
}

/* The innermost axis of one kind, -1 if there is none. */
static int inner_axis(const reduction *r, bool reduced)
{
    for (int axis = r->in[0].rank - 1; axis >= 0; --axis) {
        if (r->reduced_axis[axis] == reduced) return axis;
    }
    return -1;
}

/* The axis along which most inputs are contiguous; of equals the last. */
static int contiguous_axis(const reduction *r)
{
    int best = -1, most = -1;
    for (int axis = 0; axis < r->in[0].rank; ++axis) {
        int count = 0;
        for (int i = 0; i < r->n_in; ++i) count += r->in[i].stride[axis] == 1;
        if (count >= most) most = count, best = axis;
    }
    return best;
}

static void cut(side *s, const ad_operand *domain, int axis, int64_t tile)
{
    s->axis = axis, s->size = axis < 0 ? 1 : domain->dim[axis];
    s->tile = tile < s->size ? tile : s->size;
    if (s->tile < 1) s->tile = 1;
    s->tiles = (s->size + s->tile - 1) / s->tile;
}

/* Everything but the addresses. False: not a problem for this solver. */
static bool plan(reduction *r, const ad_problem *problem)
{
    const ad_attr_reduce *attr = problem->attr;
    const ad_chain *chain = problem->chain;
    *r = (reduction){.problem = problem, .n_in = problem->n_in, .out = problem->out[0]};
    if (problem->n_out != 1 || problem->n_in < 1 || problem->n_in > AD_CHAIN_INPUTS) return false;
    if (!chain) {
        ad_dtype type = problem->in[0].dtype;
        if (problem->n_in != 1) return false;
        r->identity = (ad_chain){.n_inputs = 1, .n_outputs = 1, .n_registers = 1};
        r->identity.input[0] = r->identity.output[0] = type;
    } else if (chain->n_inputs != problem->n_in) {
        return false;
    }
    for (int s = 0; chain && s < chain->n_steps; ++s) {
        if (!AD_ISA_NAME(ad_chain_step_kernel)(&chain->step[s])) return false;
    }
    ad_dtype value = ad_chain_register(chain ? chain->output[0] : problem->in[0].dtype);
    r->reducer = AD_ISA_NAME(ad_reducer_for)(problem->op, value);
    if (!r->reducer.along || problem->in[0].rank != r->out.rank) return false;

    for (int i = 0; i < r->n_in; ++i) r->in[i] = problem->in[i];
    for (int i = 0; i < r->out.rank; ++i) r->reduced_axis[i] = attr->axes >> i & 1;
    merge_axes(r);
    const ad_operand *domain = &r->in[0];
    int first = contiguous_axis(r);
    r->along = first < 0 || r->reduced_axis[first];
    int second = inner_axis(r, !r->along);
    int64_t width = first < 0 ? 1 : domain->dim[first];
    if (width > AD_CHAIN_TILE) width = AD_CHAIN_TILE;
    if (width < 1) width = 1;
    cut(r->along ? &r->reduced : &r->kept, domain, first, width);
    cut(r->along ? &r->kept : &r->reduced, domain, second, AD_CHAIN_TILE / width);
    r->kept_outer = r->reduced_outer = (ad_walk){.count = 1};
    for (int axis = 0; axis < domain->rank; ++axis) {
        ad_walk *walk = r->reduced_axis[axis] ? &r->reduced_outer : &r->kept_outer;
        if (axis == first || axis == second) continue;
        walk->axis[walk->rank] = axis, walk->dim[walk->rank++] = domain->dim[axis];
        walk->count *= domain->dim[axis];
    }
    r->kept_count = r->kept_outer.count * r->kept.size;
    r->length = r->reduced_outer.count * r->reduced.tiles;
    r->chunk = r->length < 2 * CHUNK ? r->length : CHUNK;
    r->chunks = r->length ? (r->length + r->chunk - 1) / r->chunk : 1;
    r->units = r->kept_outer.count * r->kept.tiles * r->chunks;
    r->units_per_task = r->chunk ? (CHUNK + r->chunk - 1) / r->chunk : CHUNK;
    return true;
}

/* Fetches what tiles soon to come read, where they lie one behind the other. */
static void look_ahead(const ad_chain_view *in, size_t size, int64_t rows, int64_t cols)
{
    int64_t bytes = rows * cols * (int64_t)size;
    int ahead = ad_stream_fetch(AD_STREAM_SUMS).ahead;
    if (!ahead || in->col != 1 || (rows > 1 && in->row != cols)) return;
    for (int64_t at = 0; at < bytes; at += LINE)
        __builtin_prefetch((const char *)in->data + ahead + at);
}

/* Tiles [begin, end) of the reduced elements into result[0 .. the tile's kept elements). */
static void reduce_tiles(const reduction *r, ad_wide *result, int64_t kept_index, int64_t kept_at,
                         int64_t kept_size, int64_t begin, int64_t end)
{
    ad_chain_tiles tiles;
    _Alignas(64) int64_t accumulators[AD_CHAIN_TILE];
    int64_t pending = 0;
    memset(tiles.row, 0, sizeof tiles.row);
    for (int64_t k = 0; k < kept_size; ++k) result[k] = r->reducer.identity;
    if (!r->along) r->reducer.start(accumulators, kept_size);
    for (int64_t t = begin; t < end; ++t) {
        int64_t outer = t / r->reduced.tiles, at = t % r->reduced.tiles * r->reduced.tile;
        int64_t size = r->reduced.size - at < r->reduced.tile ? r->reduced.size - at
                                                              : r->reduced.tile;
        ad_chain_view in[AD_CHAIN_INPUTS];
        for (int i = 0; i < r->n_in; ++i) {
            const int64_t *stride = r->in[i].stride;
            int64_t kept_stride = r->kept.axis < 0 ? 0 : stride[r->kept.axis];
            int64_t reduced_stride = r->reduced.axis < 0 ? 0 : stride[r->reduced.axis];
            int64_t offset = ad_walk_offset(&r->kept_outer, kept_index, stride) +
                             ad_walk_offset(&r->reduced_outer, outer, stride) +
                             kept_at * kept_stride + at * reduced_stride;
            in[i].data = (char *)r->args->in[i] + offset * (int64_t)ad_dtype_size(r->in[i].dtype);
            in[i].row = r->along ? kept_stride : reduced_stride;
            in[i].col = r->along ? reduced_stride : kept_stride;
        }
        int64_t rows = r->along ? kept_size : size, cols = r->along ? size : kept_size;
        for (int i = 0; i < r->n_in; ++i)
            look_ahead(&in[i], ad_dtype_size(r->in[i].dtype), rows, cols);
        const void *tile = AD_ISA_NAME(ad_chain_eval)(&r->code, in, rows, cols, &tiles);
        if (r->along) {
            r->reducer.along(result, tile, rows, cols);
            continue;
        }
        r->reducer.across(accumulators, tile, rows, cols);
        pending += rows;
        if (pending < FLUSH && t + 1 < end) continue;
        r->reducer.flush(result, accumulators, kept_size);
        r->reducer.start(accumulators, kept_size);
        pending = 0;
    }
}

static double reduced_elements(const reduction *r)
{
    return (double)r->reduced_outer.count * (double)r->reduced.size;
}

/* The results of some kept elements to memory. */
static void put(const reduction *r, const ad_wide *result, int64_t kept_index, int64_t kept_at,
                int64_t size)
{
    int64_t stride = r->kept.axis < 0 ? 0 : r->out.stride[r->kept.axis];
    int64_t offset = ad_walk_offset(&r->kept_outer, kept_index, r->out.stride) + kept_at * stride;
    size_t bytes = ad_dtype_size(r->out.dtype);
    double factor = reduced_elements(r);
    for (int64_t k = 0; k < size; ++k) {
        char *to = (char *)r->args->out[0] + (offset + k * stride) * (int64_t)bytes;
        double value = r->problem->op == AD_OP_MEAN ? result[k].f / factor : result[k].f;
        if (r->out.dtype == AD_F32 && r->reducer.floats)
            *(float *)to = (float)value;
        else if (r->reducer.floats)
            ad_convert(to, r->out.dtype, &value, AD_F64, 1);
        else
            ad_convert(to, r->out.dtype, &result[k].i, AD_I64, 1);
    }
}

static void reduce_units(void *user, int64_t index, int worker)
{
    const reduction *r = user;
    int64_t end = (index + 1) * r->units_per_task < r->units ? (index + 1) * r->units_per_task
                                                             : r->units;
    (void)worker;
    for (int64_t unit = index * r->units_per_task; unit < end; ++unit) {
        int64_t chunk = unit % r->chunks, tile = unit / r->chunks % r->kept.tiles;
        int64_t kept = unit / r->chunks / r->kept.tiles, at = tile * r->kept.tile;
        int64_t size = r->kept.size - at < r->kept.tile ? r->kept.size - at : r->kept.tile;
        int64_t begin = chunk * r->chunk,
                stop = begin + r->chunk < r->length ? begin + r->chunk : r->length;
        ad_wide result[AD_CHAIN_TILE];
        reduce_tiles(r, result, kept, at, size, begin, stop);
        if (!r->partials)
            put(r, result, kept, at, size);
        else
            memcpy(r->partials + chunk * r->kept_count + kept * r->kept.size + at, result,
                   (size_t)size * sizeof *result);
    }
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    reduction r;
    plan(&r, problem);
    r.args = args, r.partials = r.chunks > 1 ? args->workspace : NULL;
    AD_ISA_NAME(ad_chain_prepare)(&r.code, problem->chain ? problem->chain : &r.identity);
    double work = (double)r.kept_count * reduced_elements(&r);
    ad_parallel(work < SERIAL ? NULL : args->pool,
                (r.units + r.units_per_task - 1) / r.units_per_task, reduce_units, &r);
    if (!r.partials) return;
    for (int64_t chunk = 1; chunk < r.chunks; ++chunk) {
        r.reducer.combine(r.partials, r.partials + chunk * r.kept_count, r.kept_count);
    }
    for (int64_t kept = 0; kept < r.kept_outer.count; ++kept) {
        put(&r, r.partials + kept * r.kept.size, kept, 0, r.kept.size);
    }
}

static size_t workspace(const ad_problem *problem)
{
    reduction r;
    if (!plan(&r, problem) || r.chunks == 1) return 0;
    return ad_bytes(r.chunks * r.kept_count, sizeof(ad_wide));
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    reduction r;
    if (!plan(&r, problem)) return -1;
    /* sums are made in f64: five steps */
    double steps = 5 + (problem->chain ? ad_chain_work(problem->chain) : 0), bytes = 0;
    for (int i = 0; i < r.n_in; ++i) bytes += (double)ad_dtype_size(r.in[i].dtype);
    double elements = (double)r.kept_count * reduced_elements(&r);
    return machine->call + ad_scattered_seconds(machine, elements * bytes) +
           elements * steps / machine->steps / machine->threads;
}

#define REDUCTION(ID, name_)                                                                       \
    const ad_solver AD_ISA_NAME(ad_solver_##name_) = {.name = #name_,                              \
                                                      .op = ID,                                    \
                                                      .stream = AD_STREAM_SUMS,                    \
                                                      .bid = bid,                                  \
                                                      .workspace = workspace,                      \
                                                      .run = run};
REDUCTION(AD_OP_SUM, sum)
REDUCTION(AD_OP_MEAN, mean)
REDUCTION(AD_OP_MAX, max)
REDUCTION(AD_OP_MIN, min)
