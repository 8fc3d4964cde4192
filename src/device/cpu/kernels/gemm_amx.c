/* gemm_amx.c - bf16 panels multiplied by tile registers (Intel AMX: amx-tile, amx-bf16).
 *
 * A tile holds 16 rows of 64 bytes, and one instruction multiplies two of them: 16 x 32 by 32 x 16
 * values. The panels of gemm.h are what it wants as they are: 16 units of a panel of A are a tile
 * of AD_MR rows, 16 units of a panel of B are two tiles side by side. Two panels of A go against
 * one of B: four accumulators, and each load is used twice, which keeps the multiplier busy.
 *
 * The kernel saves tiles for a process that asked (base/cpu.c); shapes are set for each sweep and
 * given back after it, so that others in the thread may use tiles too. */
#include "device/cpu/gemm.h"

/* Tiles exist in one build of this file; elsewhere it is empty. */
#if AD_KERNEL_ISA == 3
#include <immintrin.h>

enum {
    STEP = 16, /* units of k in a tile */
    TILE = 16, /* columns of a tile of C */
    ROW_BYTES = 64,
    A_BLOCK = AD_MR * ROW_BYTES, /* bytes of STEP units of a panel of A */
    B_ROW = AD_NR * 4,           /* bytes of a unit of a panel of B */
    B_BLOCK = STEP * B_ROW,      /* and of STEP of them */
};

/* Tiles 0 and 1: accumulators of the upper panel of A, 2 and 3 of the lower. 4, 5: A. 6, 7: B.
 * Constant, since compilers take the instruction to read 8 bytes of it and might drop stores. */
static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} shapes __attribute__((aligned(64))) = {
    .palette = 1,
    .row_bytes = {ROW_BYTES, ROW_BYTES, ROW_BYTES, ROW_BYTES, ROW_BYTES, ROW_BYTES, ROW_BYTES,
                  ROW_BYTES},
    .rows = {AD_MR, AD_MR, AD_MR, AD_MR, AD_MR, AD_MR, STEP, STEP},
};

/* The first `rows` x `cols` of a tile in memory go to C, or are added to it. */
static void put_edge(const float *tile, float *c, int64_t ld, int64_t rows, int64_t cols, bool add)
{
    for (int64_t i = 0; i < rows; ++i, tile += TILE, c += ld) {
        vf value = vf_load(tile);
        vf_store_n(c, add ? vf_add(vf_load_n(c, cols), value) : value, cols);
    }
}

/* One panel of B against one (lower NULL) or two of A. `b_tail`: the units past the last whole step
 * of B, or NULL; A has them in its panels, followed by zeros. */
static inline __attribute__((always_inline)) void multiply(const bool two, int64_t steps,
                                                           const char *upper, const char *lower,
                                                           const char *b, const char *b_tail)
{
    for (int64_t s = 0; s < steps + (b_tail != NULL); ++s) {
        if (s == steps) b = b_tail;
        _tile_loadd(6, b, B_ROW);
        _tile_loadd(4, upper + s * A_BLOCK, ROW_BYTES);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + ROW_BYTES, B_ROW);
        _tile_dpbf16ps(1, 4, 7);
        if (two) {
            _tile_loadd(5, lower + s * A_BLOCK, ROW_BYTES);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
        b += B_BLOCK;
    }
}

/* The tile of C at c is `index`, of which rows x cols count. */
#define LOAD_TILE(index, c)                                                                        \
    do {                                                                                           \
        if (add && whole)                                                                          \
            _tile_loadd(index, c, row_bytes);                                                      \
        else                                                                                       \
            _tile_zero(index);                                                                     \
    } while (0)
#define STORE_TILE(index, c, have_rows, have_cols)                                                 \
    do {                                                                                           \
        if (whole) {                                                                               \
            _tile_stored(index, c, row_bytes);                                                     \
        } else if ((have_cols) > 0) {                                                              \
            _tile_stored(index, edge, ROW_BYTES);                                                  \
            put_edge(edge, c, ld, have_rows, (have_cols) < TILE ? (have_cols) : TILE, add);        \
        }                                                                                          \
    } while (0)

static void tiles(int64_t units, const char *a, int64_t a_panel, const char *b, const char *b_tail,
                  float *c, int64_t ld, int64_t rows, int64_t cols, bool add)
{
    float edge[AD_MR * TILE] __attribute__((aligned(64)));
    int64_t row_bytes = ld * 4, steps = units / STEP;
    bool two = rows > AD_MR, whole = cols == AD_NR && (rows == AD_MR || rows == 2 * AD_MR);
    int64_t upper = two ? AD_MR : rows, below = rows - AD_MR;
    float *low = c + AD_MR * ld;
    LOAD_TILE(0, c);
    LOAD_TILE(1, c + TILE);
    if (two) {
        LOAD_TILE(2, low);
        LOAD_TILE(3, low + TILE);
        multiply(true, steps, a, a + a_panel, b, b_tail);
    } else {
        multiply(false, steps, a, NULL, b, b_tail);
    }
    STORE_TILE(0, c, upper, cols);
    STORE_TILE(1, c + TILE, upper, cols - TILE);
    if (!two) return;
    STORE_TILE(2, low, below, cols);
    STORE_TILE(3, low + TILE, below, cols - TILE);
}

void ad_gemm_sweep_amx(int64_t units, void *a, const void *b, float *c, int64_t ld, int64_t rows,
                       int64_t cols, bool add)
{
    char b_rest[B_BLOCK] __attribute__((aligned(64)));
    int64_t a_panel = (units + STEP - 1) / STEP * A_BLOCK, tail = units % STEP;
    char *panel = a;
    for (int64_t i = 0; i < rows && tail; i += AD_MR, panel += a_panel)
        for (int r = 0; r < AD_MR; ++r) /* what is undefined may be NaN, which zero does not stop */
            memset(panel + units / STEP * A_BLOCK + r * ROW_BYTES + tail * 4, 0,
                   (size_t)(STEP - tail) * 4);
    if (tail) memset(b_rest + tail * B_ROW, 0, (size_t)((STEP - tail) * B_ROW));
    _tile_loadconfig(&shapes);
    for (int64_t j = 0; j < cols; j += AD_NR) {
        const char *b_panel = (const char *)b + j * units * 4;
        int64_t width = cols - j < AD_NR ? cols - j : AD_NR;
        if (tail) memcpy(b_rest, b_panel + units / STEP * B_BLOCK, (size_t)(tail * B_ROW));
        panel = a;
        for (int64_t i = 0; i < rows; i += 2 * AD_MR, panel += 2 * a_panel)
            tiles(units, panel, a_panel, b_panel, tail ? b_rest : NULL, c + i * ld + j, ld,
                  rows - i < 2 * AD_MR ? rows - i : 2 * AD_MR, width, add);
    }
    _tile_release();
}

double ad_peak_amx(int64_t rounds)
{
    _tile_loadconfig(&shapes); /* which clears all tiles */
    for (int64_t r = 0; r < rounds; ++r) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_release();
    return 4.0 * 2 * AD_MR * 2 * STEP * TILE * (double)rounds;
}
#else
typedef int ad_gemm_amx_is_for_one_build;
#endif
