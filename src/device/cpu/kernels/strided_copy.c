/* strided_copy.c - copies between layouts, the loads and stores of the chain interpreter.
 *
 * Rows that are contiguous on both sides are copied whole, short ones by vectors: every other pixel
 * of a few channels is a call for each otherwise. A repeated element is filled in, and 16 x 16
 * floats across each other are transposed in registers; the rest goes element by element, along the
 * axis in which more of it is contiguous. */
#include "device/cpu/kernels/strided_copy.h"
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/simd.h"

#include <string.h>

#define COPY(T, name)                                                                              \
    static void name(T *restrict to, int64_t to_row, int64_t to_col, const T *restrict from,       \
                     int64_t from_row, int64_t from_col, int64_t rows, int64_t cols)               \
    {                                                                                              \
        for (int64_t r = 0; r < rows; ++r, to += to_row, from += from_row) {                       \
            if (from_col == 0 && to_col == 1) {                                                    \
                T value = *from;                                                                   \
                for (int64_t c = 0; c < cols; ++c) to[c] = value;                                  \
            } else if (to_col == 1) {                                                              \
                for (int64_t c = 0; c < cols; ++c) to[c] = from[c * from_col];                     \
            } else {                                                                               \
                for (int64_t c = 0; c < cols; ++c) to[c * to_col] = from[c * from_col];            \
            }                                                                                      \
        }                                                                                          \
    }
COPY(uint8_t, copy1)
COPY(uint16_t, copy2)
COPY(uint32_t, copy4)
COPY(uint64_t, copy8)

typedef uint32_t four __attribute__((vector_size(16)));

static inline four load4(const uint32_t *p)
{
    four v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* 16 x 16 across each other, in blocks of 4 x 4: first pairs of rows interleave, then pairs of
 * pairs. */
static void transpose16(uint32_t *restrict to, int64_t to_row, const uint32_t *restrict from,
                        int64_t from_col)
{
    for (int64_t r = 0; r < 16; r += 4) {
        for (int64_t c = 0; c < 16; c += 4) {
            const uint32_t *p = from + c * from_col + r;
            uint32_t *q = to + r * to_row + c;
            four a = load4(p), b = load4(p + from_col);
            four d = load4(p + 2 * from_col), e = load4(p + 3 * from_col);
            four ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5),
                 ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
            four de0 = __builtin_shufflevector(d, e, 0, 4, 1, 5),
                 de1 = __builtin_shufflevector(d, e, 2, 6, 3, 7);
            four row[4] = {__builtin_shufflevector(ab0, de0, 0, 1, 4, 5),
                           __builtin_shufflevector(ab0, de0, 2, 3, 6, 7),
                           __builtin_shufflevector(ab1, de1, 0, 1, 4, 5),
                           __builtin_shufflevector(ab1, de1, 2, 3, 6, 7)};
            for (int k = 0; k < 4; ++k) memcpy(q + k * to_row, &row[k], sizeof row[k]);
        }
    }
}

enum { SHORT = AD_VF > 1 ? 64 : 0 }; /* elements of 4 bytes, at most */

static void copy_short(float *restrict to, int64_t to_row, const float *restrict from,
                       int64_t from_row, int64_t rows, int64_t cols)
{
    int64_t whole = cols - cols % AD_VF, rest = cols - whole;
    for (int64_t r = 0; r < rows; ++r, to += to_row, from += from_row) {
        for (int64_t c = 0; c < whole; c += AD_VF) vf_store(to + c, vf_load(from + c));
        if (rest) vf_store_n(to + whole, vf_load_n(from + whole, rest), rest);
    }
}

void AD_ISA_NAME(ad_strided_copy)(void *to, int64_t to_row, int64_t to_col, const void *from,
                                  int64_t from_row, int64_t from_col, int64_t rows, int64_t cols,
                                  size_t size)
{
    if (to_col == 1 && from_col == 1) {
        if (to_row == cols && from_row == cols) cols *= rows, rows = 1;
        if (size == 4 && rows > 1 && cols <= SHORT) {
            copy_short(to, to_row, from, from_row, rows, cols);
            return;
        }
        for (int64_t r = 0; r < rows; ++r) {
            memcpy((char *)to + r * to_row * (int64_t)size,
                   (const char *)from + r * from_row * (int64_t)size, (size_t)cols * size);
        }
        return;
    }
    if (size == 4 && rows == 16 && cols == 16) {
        if (to_col == 1 && from_row == 1) {
            transpose16(to, to_row, from, from_col);
            return;
        }
        if (to_row == 1 && from_col == 1) { /* the same with the axes named the other way round */
            transpose16(to, to_col, from, from_row);
            return;
        }
    }
    switch (size) {
    case 1: copy1(to, to_row, to_col, from, from_row, from_col, rows, cols); break;
    case 2: copy2(to, to_row, to_col, from, from_row, from_col, rows, cols); break;
    case 4: copy4(to, to_row, to_col, from, from_row, from_col, rows, cols); break;
    default: copy8(to, to_row, to_col, from, from_row, from_col, rows, cols); break;
    }
}
