/* gemm_pack.c - panels from strided matrices: rows that lie side by side are copied, rows that lie
 * one after the other are transposed in registers, anything else goes element by element. */
#include "device/cpu/gemm.h"

static vf load_f32(const char *data, ad_dtype dtype, int64_t at, int64_t n)
{
    const uint16_t *half = (const uint16_t *)data + at;
    if (dtype == AD_BF16) return n >= AD_VF ? vf_load_bf16(half) : vf_load_bf16_n(half, n);
    if (dtype == AD_F16) return n >= AD_VF ? vf_load_f16(half) : vf_load_f16_n(half, n);
    const float *whole = (const float *)data + at;
    return n >= AD_VF ? vf_load(whole) : vf_load_n(whole, n);
}

static float element_f32(const char *data, ad_dtype dtype, int64_t at)
{
    if (dtype == AD_BF16) return ad_bf16_to_f32(((const uint16_t *)data)[at]);
    if (dtype == AD_F16) return ad_f16_to_f32(((const uint16_t *)data)[at]);
    return ((const float *)data)[at];
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Side by side: row r of step p at data[r + p * step]. */
static void copy_rows(const ad_matrix *from, int64_t rows, int64_t depth, int width, float *to)
{
    for (int64_t p = 0; p < depth; ++p, to += width)
        for (int r = 0; r < width; r += AD_VF) {
            int64_t have = rows - r, room = width - r;
            vf value = have > 0 ? load_f32(from->data, from->dtype, r + p * from->col, have)
                                : vf_zero();
            if (room >= AD_VF)
                vf_store(to + r, value);
            else
                vf_store_n(to + r, value, room);
        }
}

/* One after the other: row[r] points at step 0, further steps follow; NULL rows are zero. */
static void transpose_rows(const char *const *row, ad_dtype dtype, int64_t depth, int width,
                           float *to)
{
    for (int r = 0; r < width; r += AD_VF) {
        int room = (int)least(width - r, AD_VF);
        for (int64_t p = 0; p < depth; p += AD_VF) {
            int64_t steps = least(depth - p, AD_VF);
            vf block[AD_VF];
            for (int i = 0; i < AD_VF; ++i)
                block[i] = i < room && row[r + i] ? load_f32(row[r + i], dtype, p, steps)
                                                  : vf_zero();
            vf_transpose(block);
            for (int i = 0; i < steps; ++i) vf_store_n(to + (p + i) * width + r, block[i], room);
        }
    }
}

static void gather_rows(const char *const *row, ad_dtype dtype, int64_t col, int64_t depth,
                        int width, float *to)
{
    for (int64_t p = 0; p < depth; ++p, to += width)
        for (int r = 0; r < width; ++r) to[r] = row[r] ? element_f32(row[r], dtype, p * col) : 0;
}

static void gather_f64(const char *const *row, int64_t col, int64_t depth, int width, double *to)
{
    for (int64_t p = 0; p < depth; ++p, to += width)
        for (int r = 0; r < width; ++r) to[r] = row[r] ? ((const double *)row[r])[p * col] : 0;
}

#if AD_KERNEL_ISA == 3
/* Pairs (p, p + 1) of bf16 as units of 4 bytes. */
static void copy_pairs(const ad_matrix *from, int64_t rows, int64_t depth, int width, uint32_t *to)
{
    const uint16_t *data = (const uint16_t *)from->data;
    for (int64_t p = 0; p < depth; p += 2, to += width)
        for (int r = 0; r < width; r += AD_VF) {
            __mmask16 have = vm_first(least(rows - r > 0 ? rows - r : 0, AD_VF));
            __mmask16 room = vm_first(least(width - r, AD_VF));
            const uint16_t *at = data + p * from->col + r;
            __m256i low = _mm256_maskz_loadu_epi16(have, at), high = _mm256_setzero_si256();
            if (p + 1 < depth) high = _mm256_maskz_loadu_epi16(have, at + from->col);
            vi pairs = vi_or(_mm512_cvtepu16_epi32(low), vi_shl(_mm512_cvtepu16_epi32(high), 16));
            _mm512_mask_storeu_epi32(to + r, room, pairs);
        }
}

static void gather_pairs(const char *const *row, int64_t col, int64_t depth, int width,
                         uint32_t *to)
{
    for (int64_t p = 0; p < depth; p += 2, to += width)
        for (int r = 0; r < width; ++r) {
            const uint16_t *at = (const uint16_t *)row[r];
            uint32_t low = at ? at[p * col] : 0;
            uint32_t high = at && p + 1 < depth ? at[(p + 1) * col] : 0;
            to[r] = low | high << 16;
        }
}

static void transpose_pairs(const char *const *row, int64_t depth, int width, uint32_t *to)
{
    int64_t pairs = depth / 2;
    for (int r = 0; r < width; r += AD_VF) {
        int room = (int)least(width - r, AD_VF);
        for (int64_t p = 0; p < pairs; p += AD_VF) {
            int64_t steps = least(pairs - p, AD_VF);
            vf block[AD_VF];
            for (int i = 0; i < AD_VF; ++i) {
                const char *at = i < room ? row[r + i] : NULL;
                block[i] = vf_zero();
                if (at) block[i] = vi_as_vf(_mm512_maskz_loadu_epi32(vm_first(steps), at + 4 * p));
            }
            vf_transpose(block);
            for (int i = 0; i < steps; ++i)
                _mm512_mask_storeu_epi32(to + (p + i) * width + r, vm_first(room),
                                         vf_as_vi(block[i]));
        }
    }
    if (depth % 2) {
        const char *last[AD_NR];
        for (int r = 0; r < width; ++r) last[r] = row[r] ? row[r] + (depth - 1) * 2 : NULL;
        gather_pairs(last, 1, 1, width, to + pairs * width);
    }
}
#endif

void AD_ISA_NAME(ad_pack_rows)(ad_dtype form, const char *const *row, ad_dtype dtype, int64_t col,
                               int64_t depth, int width, void *to)
{
    if (form == AD_F64) gather_f64(row, col, depth, width, to);
#if AD_KERNEL_ISA == 3
    else if (form == AD_BF16 && col == 1)
        transpose_pairs(row, depth, width, to);
    else if (form == AD_BF16)
        gather_pairs(row, col, depth, width, to);
#endif
    else if (col == 1)
        transpose_rows(row, dtype, depth, width, to);
    else
        gather_rows(row, dtype, col, depth, width, to);
}

void AD_ISA_NAME(ad_pack_panels)(ad_dtype form, const ad_matrix *from, int64_t rows, int64_t depth,
                                 int width, void *panels)
{
    int64_t panel_bytes = ad_units(form, depth) * width * ad_unit_bytes(form);
    int64_t row_bytes = from->row * (int64_t)ad_dtype_size(from->dtype);
    char *to = panels;
    ad_matrix part = *from;
    for (int64_t r = 0; r < rows; r += width, to += panel_bytes, part.data += width * row_bytes) {
        int64_t have = least(rows - r, width);
        if (from->row == 1 && form == AD_F32) {
            copy_rows(&part, have, depth, width, (float *)to);
            continue;
        }
#if AD_KERNEL_ISA == 3
        if (from->row == 1 && form == AD_BF16) {
            copy_pairs(&part, have, depth, width, (uint32_t *)to);
            continue;
        }
#endif
        const char *row[AD_NR];
        for (int i = 0; i < width; ++i) row[i] = i < have ? part.data + i * row_bytes : NULL;
        AD_ISA_NAME(ad_pack_rows)(form, row, from->dtype, from->col, depth, width, to);
    }
}
