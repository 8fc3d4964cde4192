/* gemm.c - the loops around the register tile, after BLIS (Van Zee & van de Geijn, ACM TOMS 41(3),
 * 2015).
 *
 * One task computes one tile of C of up to tile_rows x tile_cols: for each block of k it packs its
 * rows of A (they stay in L2), takes the packed columns of B, and sweeps the register tile over
 * both, one panel of B (in L1) against all panels of A. B is packed once for all tiles where it is
 * the same for several of them and fits SHARED_BYTES, in as many column chunks as that takes;
 * otherwise each task packs its own. Nothing here depends on the number of threads but the number
 * of scratch areas. */
#include "base/cpu.h"
#include "device/cpu/gemm.h"
#include "device/cpu/sizes.h"

#include <math.h>

enum {
    BLOCK_UNITS = AD_KERNEL_AVX512 ? 384 : 256, /* of k: a panel of B is then 48 or 32 KB at most */
    ROW_PANELS = AD_KERNEL_AVX512                       ? 12
                 : AD_KERNEL_ISA == 1 || AD_KERNEL_NEON ? 24
                                                        : 16,
    COL_PANELS = 16,
    LEAST_ROW_PANELS = 3, /* no smaller for the sake of more tasks */
    LEAST_COL_PANELS = 4,
    WANTED_TILES = 8,
    SHARED_BYTES = 8 << 20,
};
#define SERIAL_FLOPS 1e6 /* below, waking the pool costs more than it brings */

typedef struct layout {
    int64_t tile_rows, tile_cols, row_tiles, col_tiles; /* col_tiles: of all columns */
    int64_t block;                                      /* steps of k at a time */
    int64_t chunk_tiles; /* column tiles per shared chunk; 0: not shared */
    size_t a_bytes, b_bytes, c_bytes, worker_bytes, shared_bytes;
} layout;

typedef struct gemm_run {
    const ad_gemm *gemm;
    const ad_finish *finish;
    layout l;
    ad_gemm_tile tile;
    bool amx;           /* bf16 panels go through tile registers */
    int unit, nr;       /* bytes of a unit; columns of a panel */
    const char *packed; /* columns [packed_col, packed_col + packed_cols) of B, or NULL */
    int64_t packed_col, packed_cols;
    int64_t first_tile, tiles; /* the column tiles of this pass */
    char *scratch, *direct;
    int64_t direct_ld;
} gemm_run;

static size_t line(int64_t bytes)
{
    return (size_t)up(bytes, 64);
}

ad_dtype AD_ISA_NAME(ad_gemm_form)(ad_dtype a, ad_dtype b)
{
    if (a == AD_F64 && b == AD_F64) return AD_F64;
    if (a == AD_BF16 && b == AD_BF16)
        return AD_KERNEL_ISA == 3 && (ad_cpu_get()->bf16_dot || ad_cpu_get()->amx) ? AD_BF16
                                                                                   : AD_F32;
    bool a_float = a == AD_F32 || a == AD_BF16 || a == AD_F16;
    bool b_float = b == AD_F32 || b == AD_BF16 || b == AD_F16;
    return a_float && b_float ? AD_F32 : AD_DTYPES;
}

static int64_t packed_bytes(const ad_gemm *g, int64_t cols)
{
    int64_t nr = ad_panel_cols(g->form);
    return ad_units(g->form, g->k) * up(cols, nr) * ad_unit_bytes(g->form);
}

/* At least one, so that an empty product has a layout too. */
static int64_t tiles(int64_t n, int64_t size)
{
    return n ? up(n, size) / size : 1;
}

static layout plan(const ad_gemm *g, bool packed)
{
    int64_t nr = ad_panel_cols(g->form);
    int64_t rows = least(ROW_PANELS, g->m / AD_MR + 1);
    int64_t cols = least(COL_PANELS, g->n / nr + 1);
    layout l = {0};
    for (;;) {
        l.row_tiles = tiles(g->m, rows * AD_MR);
        l.col_tiles = tiles(g->n, cols * nr);
        if (g->items * l.row_tiles * l.col_tiles >= WANTED_TILES) break;
        if (rows > LEAST_ROW_PANELS && (rows >= cols || cols <= LEAST_COL_PANELS))
            rows = (rows + 1) / 2;
        else if (cols > LEAST_COL_PANELS)
            cols = (cols + 1) / 2;
        else
            break;
    }
    /* the same number of tiles, but of equal size */
    l.tile_rows = up((g->m + l.row_tiles - 1) / l.row_tiles, AD_MR);
    l.tile_cols = up((g->n + l.col_tiles - 1) / l.col_tiles, nr);
    l.block = (int64_t)BLOCK_UNITS * (g->form == AD_BF16 ? 2 : 1);
    int64_t tiles_per_column = l.row_tiles * (g->shared_b ? g->items : 1);
    if (!packed && g->shared_b && tiles_per_column > 1) {
        int64_t tile_bytes = packed_bytes(g, l.tile_cols);
        l.chunk_tiles = tile_bytes ? least(SHARED_BYTES / tile_bytes, l.col_tiles) : 0;
        l.shared_bytes = line(l.chunk_tiles * tile_bytes);
    }
    int64_t units = least(BLOCK_UNITS, ad_units(g->form, g->k)), unit = ad_unit_bytes(g->form);
    l.a_bytes = line(l.tile_rows / AD_MR * ad_panel_a_bytes(g->form, least(l.block, g->k)));
    l.b_bytes = packed || l.chunk_tiles ? 0 : line(l.tile_cols * units * unit);
    l.c_bytes = line(l.tile_rows * l.tile_cols * (g->form == AD_F64 ? 8 : 4));
    l.worker_bytes = l.a_bytes + l.b_bytes + l.c_bytes;
    return l;
}

size_t AD_ISA_NAME(ad_gemm_workspace)(const ad_gemm *g, int threads)
{
    layout own = plan(g, false), given = plan(g, true);
    size_t a = own.shared_bytes + (size_t)threads * own.worker_bytes;
    size_t b = given.shared_bytes + (size_t)threads * given.worker_bytes;
    return a > b ? a : b;
}

size_t AD_ISA_NAME(ad_gemm_packed)(const ad_gemm *g)
{
    return g->shared_b && g->items ? line(packed_bytes(g, g->n)) : 0;
}

/* ---- packing B ahead ---- */
typedef struct pack_run {
    const ad_gemm *gemm;
    char *to;
    int64_t col, cols, block;
} pack_run;

/* Panels stand together by block of k: (block, panel) is one task. */
static void pack_task(void *user, int64_t index, int worker)
{
    const pack_run *r = user;
    const ad_gemm *g = r->gemm;
    int64_t nr = ad_panel_cols(g->form), unit = ad_unit_bytes(g->form);
    int64_t panels = up(r->cols, nr) / nr, p = index / panels * r->block, panel = index % panels;
    int64_t depth = least(r->block, g->k - p), col = r->col + panel * nr;
    char *to = r->to +
               (ad_units(g->form, p) * panels + ad_units(g->form, depth) * panel) * nr * unit;
    (void)worker;
    g->pack_b(g, 0, col, least(nr, r->col + r->cols - col), p, depth, to);
}

static void pack_columns(const ad_gemm *g, int64_t col, int64_t cols, void *to, ad_pool *pool)
{
    int64_t nr = ad_panel_cols(g->form);
    int64_t block = (int64_t)BLOCK_UNITS * (g->form == AD_BF16 ? 2 : 1);
    pack_run r = {.gemm = g, .to = to, .col = col, .cols = cols, .block = block};
    int64_t tasks = up(g->k, block) / block * (up(cols, nr) / nr);
    ad_parallel((double)g->k * (double)cols < 1e5 ? NULL : pool, tasks, pack_task, &r);
}

void AD_ISA_NAME(ad_gemm_pack)(const ad_gemm *g, void *packed, ad_pool *pool)
{
    pack_columns(g, 0, g->n, packed, pool);
}

/* ---- the product ---- */
static void sweep(const gemm_run *r, const char *a, const char *b, char *c, int64_t ld,
                  int64_t rows, int64_t cols, int64_t depth, bool add)
{
    int64_t units = ad_units(r->gemm->form, depth),
            a_panel = ad_panel_a_bytes(r->gemm->form, depth);
    int64_t size = r->gemm->form == AD_F64 ? 8 : 4;
#if AD_KERNEL_ISA == 3
    if (r->amx) {
        ad_gemm_sweep_amx(units, (void *)a, b, (float *)(void *)c, ld, rows, cols, add);
        return;
    }
#endif
    for (int64_t j = 0; j < cols; j += r->nr) {
        const char *b_panel = b + j * units * r->unit;
        int width = (int)least(r->nr, cols - j);
        const char *next = b_panel + units * r->unit * r->nr;
        for (int64_t i = 0; i < rows; i += AD_MR, next += 64 * units)
            r->tile(units, a + i / AD_MR * a_panel, b_panel, next, c + (i * ld + j) * size, ld,
                    (int)least(AD_MR, rows - i), width, add);
    }
}

static void tile_task(void *user, int64_t index, int worker)
{
    const gemm_run *r = user;
    const ad_gemm *g = r->gemm;
    const layout *l = &r->l;
    int64_t i = index % l->row_tiles * l->tile_rows, rest = index / l->row_tiles;
    int64_t j = (r->first_tile + rest % r->tiles) * l->tile_cols, item = rest / r->tiles;
    int64_t rows = least(l->tile_rows, g->m - i), cols = least(l->tile_cols, g->n - j);
    int64_t row = item * g->row_step + i, col = item * g->col_step + j;
    int64_t size = g->form == AD_F64 ? 8 : 4;
    char *a = r->scratch + (size_t)worker * l->worker_bytes, *own_b = a + l->a_bytes;
    char *c = own_b + l->b_bytes;
    int64_t ld = l->tile_cols;
    if (r->direct) c = r->direct + (row * r->direct_ld + col) * size, ld = r->direct_ld;

    for (int64_t p = 0; p < g->k; p += l->block) {
        int64_t depth = least(l->block, g->k - p), units = ad_units(g->form, depth);
        const char *b = own_b;
        g->pack_a(g, item, i, rows, p, depth, a);
        if (r->packed)
            b = r->packed +
                (ad_units(g->form, p) * up(r->packed_cols, r->nr) + units * (j - r->packed_col)) *
                    r->unit;
        else
            g->pack_b(g, item, j, cols, p, depth, own_b);
        sweep(r, a, b, c, ld, rows, cols, depth, p > 0);
    }
    if (g->k == 0)
        for (int64_t x = 0; x < rows; ++x) memset(c + x * ld * size, 0, (size_t)(cols * size));
    if (!r->direct) AD_ISA_NAME(ad_finish_run)(r->finish, c, ld, row, rows, col, cols);
}

void AD_ISA_NAME(ad_gemm_run)(const ad_gemm *g, const ad_finish *finish, const void *packed,
                              void *workspace, int threads, ad_pool *pool)
{
    if (g->items == 0 || g->m == 0 || g->n == 0) return;
    gemm_run r = {.gemm = g, .finish = finish, .l = plan(g, packed != NULL)};
    double flops = 2.0 * (double)g->items * (double)g->m * (double)g->n * (double)g->k;
    if (flops < SERIAL_FLOPS || ad_pool_size(pool) > threads) pool = NULL;
    r.tile = AD_ISA_NAME(ad_gemm_tile_for)(g->form, g->a_steps);
    r.amx = AD_KERNEL_ISA == 3 && g->form == AD_BF16 && ad_cpu_get()->amx;
    r.unit = ad_unit_bytes(g->form), r.nr = ad_panel_cols(g->form);
    r.direct = AD_ISA_NAME(ad_finish_direct)(finish, &r.direct_ld);
    r.scratch = (char *)workspace + r.l.shared_bytes;
    int64_t step = r.l.chunk_tiles ? r.l.chunk_tiles : r.l.col_tiles;
    r.packed = packed, r.packed_cols = g->n;
    for (; r.first_tile < r.l.col_tiles; r.first_tile += step) {
        r.tiles = least(step, r.l.col_tiles - r.first_tile);
        if (r.l.chunk_tiles) {
            r.packed = workspace;
            r.packed_col = r.first_tile * r.l.tile_cols;
            r.packed_cols = least(r.tiles * r.l.tile_cols, g->n - r.packed_col);
            pack_columns(g, r.packed_col, r.packed_cols, workspace, pool);
        }
        ad_parallel(pool, g->items * r.l.row_tiles * r.tiles, tile_task, &r);
    }
}

double AD_ISA_NAME(ad_gemm_seconds)(const ad_gemm *g, const ad_machine *machine)
{
    double rate = g->form == AD_F64    ? machine->flops_f64
                  : g->form == AD_BF16 ? machine->flops_bf16
                                       : machine->flops_f32;
    int vector = g->form == AD_F64 ? AD_VD : AD_VF;
    double rows = (double)up(g->m, (AD_MR + 3) / 4), cols = (double)up(g->n, vector);
    double products = 2 * rows * cols * (double)g->k / rate;
    /* once per tile that needs it */
    double tile = AD_MR * ROW_PANELS, m = (double)g->m, n = (double)g->n, k = (double)g->k;
    double packs = g->a_work * m * k * (1 + n / 512) +
                   g->b_work * k * n * (g->shared_b ? 1 : ceil(m / tile));
    double copies = packs / (g->form == AD_F64 ? machine->flops_f64 : machine->flops_f32);
    double work = (double)g->items * (products + copies + 3e-7);
    if (work < SERIAL_FLOPS / rate || machine->threads == 1) return work + machine->call;
    return work / machine->threads + machine->overhead;
}
