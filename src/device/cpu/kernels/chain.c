/* chain.c - the chain interpreter: tiles of up to AD_CHAIN_TILE elements through a chain's steps.
 *
 * A tile is some rows of a piece, contiguous in its registers. An input that already lies so is
 * used where it is; one that is the same for every tile (a number, or a row under whole rows) is
 * loaded once; the rest, and an input that is also an output as it is, is copied. The last step
 * that writes an output writes it straight to memory where it lies contiguous and no later step
 * still reads an input there.
 *
 * Steps always run over whole vectors: a tile's length is rounded up to AD_CHAIN_PAD, its registers
 * have room, and inputs in place and outputs to memory are used only for tiles without remainder.
 * So an element goes through the same instructions wherever it lies. */
#include "device/cpu/chain_run.h"
#include "device/cpu/kernels/chain_segment.h"
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/strided_copy.h"
#include "device/cpu/simd.h"
#include "device/cpu/sizes.h"
#include "base/streams.h"

enum { LINE = 64 };

/* Memory that a tile soon to come will read: fetched while this one is computed, a few lines after
 * each step, so that steps hide the way from memory. */
typedef struct ahead {
    const char *next[AD_CHAIN_INPUTS];
    int64_t left; /* lines of each */
    int n, per_step;
} ahead;

typedef struct tile_run {
    const ad_chain_code *code;
    ahead ahead;
    ad_chain_tiles *tiles;
    const void *reg[AD_CHAIN_REGISTERS];
    bool loaded[AD_CHAIN_INPUTS]; /* the same for all tiles of this piece, and already there */
} tile_run;

static int64_t padded(int64_t n)
{
    return (n + AD_CHAIN_PAD - 1) / AD_CHAIN_PAD * AD_CHAIN_PAD;
}

static bool together(const ad_chain_view *view, int64_t rows, int64_t cols)
{
    return view->col == 1 && (rows == 1 || view->row == cols);
}

/* Gives steps that read a filled register the number itself. */
static void use_numbers(ad_chain_code *code)
{
    int fill[AD_CHAIN_REGISTERS]; /* the fill that the register holds, or -1 */
    for (int r = 0; r < AD_CHAIN_REGISTERS; ++r) fill[r] = -1;
    for (int s = 0; s < code->chain->n_steps; ++s) {
        ad_chain_step *step = &code->step[s];
        int number = -1, numbers = 0;
        for (int k = 0; k < step->n_src; ++k) {
            if (fill[step->src[k]] >= 0) number = k, ++numbers;
        }
        ad_chain_kernel kernel = NULL;
        if (numbers == 1) kernel = AD_ISA_NAME(ad_chain_number_kernel)(step, number);
        if (kernel) {
            code->kernel[s] = kernel, code->number[s] = (int8_t)number;
            step->a = code->step[fill[step->src[number]]].a;
            for (int k = number; k + 1 < step->n_src; ++k) step->src[k] = step->src[k + 1];
            --step->n_src;
        }
        fill[step->dst] = step->op == AD_OP_FILL ? s : -1;
    }
}

/* How often the value of step s is read by steps, or is an output. */
static int uses(const ad_chain_code *code, int s)
{
    const ad_chain *chain = code->chain;
    uint8_t reg = code->step[s].dst;
    int count = 0;
    for (int t = s + 1; t < chain->n_steps; ++t) {
        for (int k = 0; k < code->step[t].n_src; ++k) count += code->step[t].src[k] == reg;
        if (code->step[t].dst == reg) return count;
    }
    for (int o = 0; o < chain->n_outputs; ++o) count += chain->output_register[o] == reg;
    return count;
}

/* Finds segments: runs of two or more simple steps, those without a kernel not counted. */
static void find_segments(ad_chain_code *code)
{
    int first = -1, last = -1; /* of the segment; -1: none */
    for (int s = 0; s < code->chain->n_steps; ++s) {
        const ad_chain_step *step = &code->step[s];
        if (!code->kernel[s]) continue;
        int accumulated = last >= 0 && step->src[0] == code->step[last].dst ? 0 : -1;
        if (last >= 0 && step->n_src == 2 && step->src[1] == code->step[last].dst) accumulated = 1;
        int other = accumulated == 1 ? 0 : 1;
        int what = AD_ISA_NAME(ad_chain_simple)(step, code->number[s], other);
        code->simple[s] = (int8_t)what;
        if (what < 0) {
            first = last = -1;
            continue;
        }
        code->other[s] = (int8_t)other, code->loads[s] = accumulated < 0;
        if (accumulated >= 0) code->passing[last] = uses(code, last) == 1;
        if (first < 0) first = s;
        if (last >= 0) code->segment[first] = (int8_t)(s - first + 1);
        last = s;
    }
}

void AD_ISA_NAME(ad_chain_prepare)(ad_chain_code *code, const ad_chain *chain)
{
    *code = (ad_chain_code){.chain = chain};
    for (int i = 0; i < chain->n_inputs; ++i) {
        code->input_size[i] = (uint8_t)ad_dtype_size(chain->input[i]);
        code->last_read[i] = -1;
    }
    for (int o = 0; o < chain->n_outputs; ++o) {
        code->output_size[o] = (uint8_t)ad_dtype_size(chain->output[o]);
        code->output_type[o] = (uint8_t)ad_chain_register(chain->output[o]);
    }
    bool fresh[AD_CHAIN_REGISTERS] = {false}; /* no longer the input */
    for (int s = 0; s < chain->n_steps; ++s) {
        const ad_chain_step *step = &chain->step[s];
        code->kernel[s] = AD_ISA_NAME(ad_chain_step_kernel)(step);
        code->step[s] = *step;
        code->store[s] = code->number[s] = -1;
        for (int k = 0; k < step->n_src; ++k) {
            if (step->src[k] < chain->n_inputs && !fresh[step->src[k]]) {
                code->last_read[step->src[k]] = (int8_t)s;
            }
        }
        fresh[step->dst] = true;
    }
    use_numbers(code);
    for (int s = 0; s < chain->n_steps; ++s) {
        if (chain->step[s].op == AD_OP_FILL && uses(code, s) == 0) code->kernel[s] = NULL;
    }
    find_segments(code);
    for (int o = 0; o < chain->n_outputs; ++o) {
        uint8_t source = chain->output_register[o];
        if (source < chain->n_inputs && !fresh[source]) code->copied[source] = true;
        if (ad_chain_register(chain->output[o]) != chain->output[o] && chain->output[o] != AD_BOOL)
            continue;
        for (int s = chain->n_steps - 1; s >= 0; --s) {
            if (chain->step[s].dst != chain->output_register[o]) continue;
            if (code->store[s] < 0) code->store[s] = (int8_t)o;
            break;
        }
    }
}

static void widen(float *to, const uint16_t *from, ad_dtype dtype, int64_t n)
{
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf_store(to + i, dtype == AD_BF16 ? vf_load_bf16(from + i) : vf_load_f16(from + i));
    }
}

static void narrow(uint16_t *to, const float *from, ad_dtype dtype, int64_t n)
{
    for (int64_t i = 0; i < n; i += AD_VF) {
        vf x = vf_load(from + i);
        if (dtype == AD_BF16)
            vf_store_bf16(to + i, x);
        else
            vf_store_f16(to + i, x);
    }
}

/* Input i of the tile at `view`, as a register. */
static void load(tile_run *run, int i, ad_chain_view view, int64_t rows, int64_t cols)
{
    ad_dtype dtype = run->code->chain->input[i];
    size_t size = run->code->input_size[i];
    int64_t n = rows * cols, whole = padded(n);
    bool half = dtype == AD_BF16 || dtype == AD_F16;
    _Alignas(64) uint16_t memory[AD_CHAIN_TILE];
    if (n == whole && !half && !run->code->copied[i] && together(&view, rows, cols)) {
        run->reg[i] = view.data;
        return;
    }
    unsigned char *tile = run->tiles->input[i];
    void *raw = half ? (void *)memory : tile;
    AD_ISA_NAME(ad_strided_copy)(raw, cols, 1, view.data, view.row, view.col, rows, cols, size);
    if (n < whole) memset((unsigned char *)raw + (size_t)n * size, 0, (size_t)(whole - n) * size);
    if (half) widen((float *)tile, memory, dtype, whole);
    run->reg[i] = tile;
}

/* The same, unless the tile before had the same row under each of as many rows. */
static void load_again(tile_run *run, int i, ad_chain_view view, int64_t rows, int64_t cols)
{
    ad_chain_tiles *tiles = run->tiles;
    bool same = view.row == 0 && tiles->row[i].data == view.data && tiles->row[i].cols == cols &&
                tiles->row[i].rows >= rows;
    if (same) {
        run->reg[i] = tiles->input[i];
        return;
    }
    load(run, i, view, rows, cols);
    bool held = view.row == 0 && run->reg[i] == tiles->input[i];
    tiles->row[i].data = held ? view.data : NULL;
    tiles->row[i].rows = rows, tiles->row[i].cols = cols;
}

static void store(const tile_run *run, int o, ad_chain_view view, int64_t rows, int64_t cols)
{
    const ad_chain *chain = run->code->chain;
    ad_dtype dtype = chain->output[o];
    const void *raw = run->reg[chain->output_register[o]];
    _Alignas(64) uint16_t memory[AD_CHAIN_TILE];
    if (dtype == AD_BF16 || dtype == AD_F16) {
        narrow(memory, raw, dtype, padded(rows * cols));
        raw = memory;
    }
    AD_ISA_NAME(ad_strided_copy)
    (view.data, view.row, view.col, raw, cols, 1, rows, cols, run->code->output_size[o]);
}

/* Whether step s may write output o to memory: no later step reads an input that lies there. */
static bool may_write(const tile_run *run, int s, const void *memory)
{
    for (int i = 0; i < run->code->chain->n_inputs; ++i) {
        if (run->code->last_read[i] > s && run->reg[i] == memory) return false;
    }
    return true;
}

static void fetch(ahead *a, int lines)
{
    for (int k = 0; k < lines && a->left > 0; ++k, --a->left) {
        for (int i = 0; i < a->n; ++i) {
            __builtin_prefetch(a->next[i]);
            a->next[i] += LINE;
        }
    }
}

/* Where step s writes: to memory where it may, see steps(). */
static void *target(tile_run *run, int s, void **out)
{
    int o = run->code->store[s];
    if (o < 0 || !out[o] || !may_write(run, s, out[o]))
        return run->tiles->reg[run->code->step[s].dst];
    void *to = out[o];
    out[o] = NULL;
    return to;
}

static void segment(tile_run *run, int first, int64_t n, void **out)
{
    enum { BLOCK = 8 * AD_VF < 64 ? 64 : 8 * AD_VF }; /* elements between fetches */
    const ad_chain_code *code = run->code;
    ad_segment_op ops[AD_CHAIN_STEPS];
    int count = 0;
    for (int s = first; s < first + code->segment[first]; ++s) {
        const ad_chain_step *step = &code->step[s];
        if (!code->kernel[s]) continue;
        ad_segment_op *op = &ops[count++];
        op->what = (uint8_t)code->simple[s], op->number = (float)step->a;
        op->load = code->loads[s] ? run->reg[step->src[1 - code->other[s]]] : NULL;
        op->x = step->n_src == 2 ? run->reg[step->src[code->other[s]]] : NULL;
        op->store = code->passing[s] ? NULL : target(run, s, out);
        run->reg[step->dst] = op->store;
    }
    for (int64_t i = 0; i < n; i += BLOCK) {
        AD_ISA_NAME(ad_chain_segment)(ops, count, i, n - i < BLOCK ? n - i : BLOCK);
        fetch(&run->ahead, BLOCK * 4 / LINE);
    }
}

/* The steps on a tile of n elements. out: where outputs may be written directly, entries NULL where
 * not; set to NULL where they were. */
static void steps(tile_run *run, int64_t n, void **out)
{
    const ad_chain_code *code = run->code;
    for (int s = 0; s < code->chain->n_steps; ++s) {
        const ad_chain_step *step = &code->step[s];
        if (code->segment[s]) {
            segment(run, s, n, out);
            s += code->segment[s] - 1;
            continue;
        }
        if (!code->kernel[s]) continue;
        void *to = target(run, s, out);
        const void *src[3] = {NULL, NULL, NULL};
        for (int k = 0; k < step->n_src; ++k) src[k] = run->reg[step->src[k]];
        code->kernel[s](to, src[0], src[1], src[2], step, n);
        fetch(&run->ahead, run->ahead.per_step);
        run->reg[step->dst] = to;
    }
}

const void *AD_ISA_NAME(ad_chain_eval)(const ad_chain_code *code, const ad_chain_view *in,
                                       int64_t rows, int64_t cols, ad_chain_tiles *tiles)
{
    tile_run run = {.code = code, .tiles = tiles};
    void *out[AD_CHAIN_OUTPUTS] = {NULL};
    for (int i = 0; i < code->chain->n_inputs; ++i) load_again(&run, i, in[i], rows, cols);
    steps(&run, padded(rows * cols), out);
    return run.reg[code->chain->output_register[0]];
}

static ad_chain_view at(const ad_chain_view *view, size_t size, int64_t row, int64_t col)
{
    int64_t offset = row * view->row + col * view->col;
    return (ad_chain_view){(unsigned char *)view->data + offset * (int64_t)size, view->row,
                           view->col};
}

typedef struct piece {
    const ad_chain_view *in, *out;
    int64_t row, col, rows, cols; /* of the tile */
    bool whole_rows;
} piece;

/* Prepares to fetch the inputs of a tile that follows in this row, where the row is long enough to
 * come from memory rather than from a cache. */
static void look_ahead(tile_run *run, const piece *p, int64_t cols)
{
    enum { CACHED = 16384 };
    const ad_chain_code *code = run->code;
    int64_t distance = ad_stream_fetch(AD_STREAM_CHAINS).ahead / 4, first = p->col + distance;
    int64_t n = least(cols - first, p->cols);
    run->ahead = (ahead){.left = 0};
    if (!distance || p->rows != 1 || n < AD_CHAIN_PAD || cols < CACHED) return;
    for (int i = 0; i < code->chain->n_inputs; ++i) {
        if (p->in[i].col != 1 || code->input_size[i] != 4) continue;
        run->ahead.next[run->ahead.n++] = at(&p->in[i], code->input_size[i], p->row, first).data;
    }
    run->ahead.left = (n * 4 + LINE - 1) / LINE;
    run->ahead.per_step = (int)(run->ahead.left / (1 + code->chain->n_steps)) + 1;
}

static void run_tile(tile_run *run, const piece *p)
{
    const ad_chain_code *code = run->code;
    int64_t n = p->rows * p->cols;
    ad_chain_view to[AD_CHAIN_OUTPUTS];
    void *direct[AD_CHAIN_OUTPUTS];
    bool stored[AD_CHAIN_OUTPUTS];
    for (int i = 0; i < code->chain->n_inputs; ++i) {
        const ad_chain_view *view = &p->in[i];
        if (run->loaded[i]) {
            run->reg[i] = run->tiles->input[i];
            continue;
        }
        bool same = view->row == 0 && (view->col == 0 || p->whole_rows);
        load(run, i, at(view, code->input_size[i], p->row, p->col), p->rows, p->cols);
        run->loaded[i] = same && run->reg[i] == run->tiles->input[i];
    }
    for (int o = 0; o < code->chain->n_outputs; ++o) {
        to[o] = at(&p->out[o], code->output_size[o], p->row, p->col);
        stored[o] = n == padded(n) && together(&to[o], p->rows, p->cols);
        direct[o] = stored[o] ? to[o].data : NULL;
    }
    steps(run, padded(n), direct);
    for (int o = 0; o < code->chain->n_outputs; ++o) {
        if (!stored[o] || direct[o]) store(run, o, to[o], p->rows, p->cols);
    }
}

static bool crossed(const ad_chain_view *view)
{
    return view->col != 0 && view->col != 1 && (view->row == 1 || view->row == -1);
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b, b = rest;
    }
    return a;
}

void AD_ISA_NAME(ad_chain_run)(const ad_chain_code *code, const ad_chain_view *in,
                               const ad_chain_view *out, int64_t rows, int64_t cols)
{
    enum { BLOCK = 16 }; /* a cache line of floats each way, for operands that lie across */
    enum { FEW = 12 };
    const ad_chain *chain = code->chain;
    bool flat = rows > 1, across = false;
    for (int i = 0; i < chain->n_inputs; ++i) {
        flat &= in[i].row == in[i].col * cols;
        across |= crossed(&in[i]);
    }
    for (int o = 0; o < chain->n_outputs; ++o) {
        flat &= out[o].row == out[o].col * cols;
        across |= crossed(&out[o]);
    }
    if (rows <= 0 || cols <= 0) return;
    if (flat) cols *= rows, rows = 1;

    /* tiles of all operands and registers are to fit the first cache together */
    bool many = chain->n_inputs + chain->n_outputs + chain->n_registers > FEW;
    int64_t tile = many ? AD_CHAIN_TILE / 2 : AD_CHAIN_TILE;
    int64_t tile_cols = cols < tile ? cols : tile, tile_rows = tile / tile_cols;
    if (across && rows >= BLOCK && cols >= BLOCK) tile_rows = tile_cols = BLOCK;
    int64_t even = AD_CHAIN_PAD / gcd(AD_CHAIN_PAD, tile_cols); /* rows that make whole vectors */
    if (tile_rows > even) tile_rows -= tile_rows % even;

    ad_chain_tiles tiles;
    tile_run run = {.code = code, .tiles = &tiles};
    piece p = {.in = in, .out = out, .whole_rows = tile_cols == cols};
    for (p.row = 0; p.row < rows; p.row += tile_rows) {
        p.rows = rows - p.row < tile_rows ? rows - p.row : tile_rows;
        for (p.col = 0; p.col < cols; p.col += tile_cols) {
            p.cols = cols - p.col < tile_cols ? cols - p.col : tile_cols;
            look_ahead(&run, &p, cols);
            run_tile(&run, &p);
        }
    }
}
