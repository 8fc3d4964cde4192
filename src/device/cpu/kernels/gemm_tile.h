/* gemm_tile.h - the register-tile microkernel; included by gemm_tile.c once per form with
 *   TILE        the name            UNIT, ACC      element types of panels and accumulators
 *   VEC, WIDTH  a vector            LOAD, STORE, LOAD_N, STORE_N, ADD, ZERO   its words
 *   VECTOR_B(p) a vector of B       SPREAD_A(p)    one unit of A in every lane
 *   STEP(a, b, c)                   c + a * b
 *   BY_STEPS    defined where panels of A may lie step by step, too
 *
 * MR is a constant where this is inlined, so the accumulators stay in registers. */

static inline __attribute__((always_inline)) void
JOIN(TILE, _body)(const int MR, const int NV, const bool STEPS, int64_t units, const UNIT *a,
                  const UNIT *b, const char *next, ACC *c, int64_t ld, int rows, int cols, bool add)
{
    VEC acc[AD_MR][AD_NV];
#pragma GCC unroll 16
    for (int i = 0; i < MR; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < NV; ++j) {
            acc[i][j] = ZERO();
        }
    for (; units > 0; units -= WIDTH, a += AD_MR * WIDTH) {
        int lanes = units < WIDTH ? (int)units : WIDTH;
        for (int lane = 0; lane < lanes; ++lane, b += AD_NV * WIDTH, next += 64) {
            if (AD_TILE_PREFETCH) __builtin_prefetch(next, 0, 2);
            VEC bv[AD_NV];
#pragma GCC unroll 4
            for (int j = 0; j < NV; ++j) bv[j] = VECTOR_B(b + j * WIDTH);
#pragma GCC unroll 16
            for (int i = 0; i < MR; ++i) {
                VEC av = SPREAD_A(STEPS ? a + lane * AD_MR + i : a + i * WIDTH + lane);
#pragma GCC unroll 4
                for (int j = 0; j < NV; ++j) acc[i][j] = STEP(av, bv[j], acc[i][j]);
            }
        }
    }
    if (cols == NV * WIDTH) {
#pragma GCC unroll 16
        for (int i = 0; i < MR; ++i) {
            if (i >= rows) break;
#pragma GCC unroll 4
            for (int j = 0; j < NV; ++j) {
                ACC *to = c + i * ld + j * WIDTH;
                STORE(to, add ? ADD(LOAD(to), acc[i][j]) : acc[i][j]);
            }
        }
    } else {
#pragma GCC unroll 16
        for (int i = 0; i < MR; ++i) {
            if (i >= rows) break;
#pragma GCC unroll 4
            for (int j = 0; j < NV; ++j) {
                int n = cols - j * WIDTH;
                if (n <= 0) break;
                if (n > WIDTH) n = WIDTH;
                ACC *to = c + i * ld + j * WIDTH;
                STORE_N(to, add ? ADD(LOAD_N(to, n), acc[i][j]) : acc[i][j], n);
            }
        }
    }
}

/* Fewer rows and a single vector get instances of their own, so that thin edges cost less. */
static inline __attribute__((always_inline)) void
JOIN(TILE, _any)(const bool STEPS, int64_t units, const void *a, const void *b, const void *next,
                 void *c, int64_t ld, int rows, int cols, bool add)
{
    enum { SOME = (AD_MR + 1) / 2, FEW = (AD_MR + 3) / 4 };
    if (cols > WIDTH) {
        if (rows > SOME)
            JOIN(TILE, _body)(AD_MR, AD_NV, STEPS, units, a, b, next, c, ld, rows, cols, add);
        else if (rows > FEW)
            JOIN(TILE, _body)(SOME, AD_NV, STEPS, units, a, b, next, c, ld, rows, cols, add);
        else
            JOIN(TILE, _body)(FEW, AD_NV, STEPS, units, a, b, next, c, ld, rows, cols, add);
    } else {
        if (rows > SOME)
            JOIN(TILE, _body)(AD_MR, 1, STEPS, units, a, b, next, c, ld, rows, cols, add);
        else if (rows > FEW)
            JOIN(TILE, _body)(SOME, 1, STEPS, units, a, b, next, c, ld, rows, cols, add);
        else
            JOIN(TILE, _body)(FEW, 1, STEPS, units, a, b, next, c, ld, rows, cols, add);
    }
}

static void TILE(int64_t units, const void *a, const void *b, const void *next, void *c, int64_t ld,
                 int rows, int cols, bool add)
{
    JOIN(TILE, _any)(false, units, a, b, next, c, ld, rows, cols, add);
}

#ifdef BY_STEPS
static void BY_STEPS(int64_t units, const void *a, const void *b, const void *next, void *c,
                     int64_t ld, int rows, int cols, bool add)
{
    JOIN(TILE, _any)(true, units, a, b, next, c, ld, rows, cols, add);
}
#undef BY_STEPS
#endif

#undef TILE
#undef UNIT
#undef ACC
#undef VEC
#undef WIDTH
#undef LOAD
#undef STORE
#undef LOAD_N
#undef STORE_N
#undef ADD
#undef ZERO
#undef VECTOR_B
#undef SPREAD_A
#undef STEP
