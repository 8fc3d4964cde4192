/* gemm_pack.c - panels from strided matrices (layouts: gemm.h).
 *
 * A: rows contiguous in k are copied a vector at a time, rows that lie side by side are transposed
 * in registers. B: the other way round. Anything else goes element by element. */
#include "device/cpu/as_f32.h"
#include "device/cpu/gemm.h"
#include "device/cpu/sizes.h"

#if AD_KERNEL_ISA == 3
/* Pairs of n <= AD_VF neighbours in two rows: each low half from `at`, each high half from `next`,
 * which may be NULL. */
static vf pair_rows(const uint16_t *at, const uint16_t *next, int64_t n)
{
    __mmask16 have = vm_first(n);
    __m256i low = _mm256_maskz_loadu_epi16(have, at), high = _mm256_setzero_si256();
    if (next) high = _mm256_maskz_loadu_epi16(have, next);
    return vi_as_vf(vi_or(_mm512_cvtepu16_epi32(low), vi_shl(_mm512_cvtepu16_epi32(high), 16)));
}

/* The units of up to 2 AD_VF neighbours; what is past the n-th is zero. */
static vf pair_neighbours(const uint16_t *at, int64_t n)
{
    __mmask32 have = n >= 32 ? ~(__mmask32)0 : (__mmask32)((1u << n) - 1);
    return vi_as_vf(_mm512_maskz_loadu_epi16(have, at));
}
#endif

/* The unit that begins at element `at` of a row with steps `col` apart and `left` steps to go. */
static void put_unit(ad_dtype form, void *to, const char *row, ad_dtype dtype, int64_t at,
                     int64_t col, int64_t left)
{
    if (form == AD_F64) {
        *(double *)to = row ? ((const double *)row)[at] : 0;
    } else if (form == AD_BF16) {
        const uint16_t *half = (const uint16_t *)row;
        uint32_t low = row ? half[at] : 0, high = row && left > 1 ? half[at + col] : 0;
        *(uint32_t *)to = low | high << 16;
    } else {
        *(float *)to = row ? ad_element_as_f32(row, dtype, at) : 0;
    }
}

static void store_lanes(float *to, vf value, int64_t n)
{
    if (n >= AD_VF)
        vf_store(to, value);
    else
        vf_store_n(to, value, n);
}

/* ---- A ---- */
/* Where unit u of row r of a panel is. */
static char *place(void *panel, ad_dtype form, int64_t u, int64_t r)
{
    int64_t lanes = ad_lanes(form);
    return (char *)panel + ((u / lanes * AD_MR + r) * lanes + u % lanes) * ad_unit_bytes(form);
}

/* n units of a row from unit u on; a unit is a value to be widened to f32, or 4 bytes as they are.
 */
static inline void copy_lanes(float *to, const char *row, ad_dtype dtype, int64_t u, int64_t n,
                              bool widen)
{
    vf value = vf_zero();
    if (row && widen)
        value = ad_load_as_f32(row, dtype, u, n);
    else if (row)
        value = vf_load_n((const float *)row + u, n);
    store_lanes(to, value, n);
}

void AD_ISA_NAME(ad_pack_a_rows)(ad_dtype form, const char *const *row, ad_dtype dtype, int64_t col,
                                 int64_t at, int64_t depth, void *panel)
{
    int64_t per_unit = form == AD_BF16 ? 2 : 1, first = at / per_unit;
    int64_t units = ad_units(form, depth);
    bool vectors = form == AD_F32 && col == 1, pairs = form == AD_BF16 && col == 1;
    int64_t whole = vectors ? units : pairs ? depth / 2 : 0; /* units that vectors take care of */
    float *begin = whole ? (float *)place(panel, form, first, 0) : panel;
    int64_t lead = whole ? least(AD_VF - first % AD_VF, whole) : 0; /* up to the next block */
    for (int r = 0; r < AD_MR && whole; ++r) {
        float *to = begin + r * AD_VF;
        copy_lanes(to, row[r], dtype, 0, lead, vectors);
        if (lead < whole) to += AD_MR * AD_VF - first % AD_VF;
        for (int64_t u = lead; u < whole; u += AD_VF, to += AD_MR * AD_VF)
            copy_lanes(to, row[r], dtype, u, least(AD_VF, whole - u), vectors);
    }
    for (int64_t u = whole; u < units; ++u)
        for (int r = 0; r < AD_MR; ++r)
            put_unit(form, place(panel, form, first + u, r), row[r], dtype, u * per_unit * col, col,
                     depth - u * per_unit);
}

void AD_ISA_NAME(ad_pack_a_across)(ad_dtype form, const ad_matrix *from, int row, int rows,
                                   int64_t at, int64_t depth, void *panel)
{
    int64_t per_unit = form == AD_BF16 ? 2 : 1, first = at / per_unit;
    int64_t units = ad_units(form, depth), size = (int64_t)ad_dtype_size(from->dtype);
    bool pairs = AD_KERNEL_ISA == 3 && form == AD_BF16;
    bool turn = from->row == 1 && (form == AD_F32 || pairs);
    for (int64_t u = 0, n; turn && u < units; u += n) {
        n = least(AD_VF - (first + u) % AD_VF, units - u);
        for (int r = 0; r < rows; r += AD_VF) {
            vf block[AD_VF];
            int64_t have = least(rows - r, AD_VF);
            for (int i = 0; i < AD_VF; ++i) {
                block[i] = vf_zero();
                if (i >= n || !from->data) continue;
#if AD_KERNEL_ISA == 3
                const uint16_t *low = (const uint16_t *)from->data + 2 * (u + i) * from->col + r;
                if (pairs) {
                    bool odd = 2 * (u + i) + 1 == depth;
                    block[i] = pair_rows(low, odd ? NULL : low + from->col, have);
                    continue;
                }
#endif
                block[i] = ad_load_as_f32(from->data, from->dtype, (u + i) * from->col + r, have);
            }
            vf_transpose(block);
            float *to = (float *)place(panel, form, first + u, row + r);
            for (int i = 0; i < have; ++i) store_lanes(to + i * AD_VF, block[i], n);
        }
    }
    for (int64_t u = 0; !turn && u < units; ++u)
        for (int r = 0; r < rows; ++r) {
            const char *data = from->data ? from->data + r * from->row * size : NULL;
            put_unit(form, place(panel, form, first + u, row + r), data, from->dtype,
                     u * per_unit * from->col, from->col, depth - u * per_unit);
        }
}

void AD_ISA_NAME(ad_pack_a)(ad_dtype form, const ad_matrix *from, int64_t rows, int64_t depth,
                            void *panels)
{
    int64_t row_bytes = from->row * (int64_t)ad_dtype_size(from->dtype);
    char *to = panels;
    ad_matrix part = *from;
    for (int64_t r = 0; r < rows; r += AD_MR, part.data += AD_MR * row_bytes) {
        int have = (int)least(rows - r, AD_MR);
        if (from->row == 1 && from->col != 1) {
            AD_ISA_NAME(ad_pack_a_across)(form, &part, 0, have, 0, depth, to);
        } else {
            const char *row[AD_MR];
            for (int i = 0; i < AD_MR; ++i) row[i] = i < have ? part.data + i * row_bytes : NULL;
            AD_ISA_NAME(ad_pack_a_rows)(form, row, from->dtype, from->col, 0, depth, to);
        }
        to += ad_panel_a_bytes(form, depth);
    }
}

/* Whole vectors are written, of which the next step overwrites what is not its own. */
static void copy_steps(const ad_matrix *from, int64_t row, int64_t have, int64_t depth, float *to)
{
    for (int64_t p = 0; p < depth; ++p, to += AD_MR)
        for (int64_t r = 0; r < AD_MR; r += AD_VF) {
            vf value = vf_zero();
            if (r < have)
                value = ad_load_as_f32(from->data, from->dtype, row + r + p * from->col, have - r);
            store_lanes(to + r, value, p + 1 < depth ? AD_VF : least(AD_MR - r, AD_VF));
        }
}

void AD_ISA_NAME(ad_pack_a_steps)(const ad_matrix *from, int64_t rows, int64_t depth, void *panels)
{
    int64_t panel = ad_panel_a_bytes(AD_F32, depth) / (int64_t)sizeof(float);
    float *to = panels;
    for (int64_t r = 0; r < rows; r += AD_MR, to += panel) copy_steps(from, r, rows - r, depth, to);
}

/* ---- B ---- */
static void copy_columns(const ad_matrix *from, int64_t cols, int64_t depth, float *to)
{
    for (int64_t p = 0; p < depth; ++p, to += AD_NR)
        for (int j = 0; j < AD_NR; j += AD_VF) {
            vf value = vf_zero();
            if (j < cols)
                value = ad_load_as_f32(from->data, from->dtype, j + p * from->col, cols - j);
            vf_store(to + j, value);
        }
}

static void turn_columns(const ad_matrix *from, int64_t cols, int64_t depth, float *to)
{
    for (int j = 0; j < AD_NR; j += AD_VF)
        for (int64_t p = 0; p < depth; p += AD_VF) {
            int64_t steps = least(depth - p, AD_VF);
            vf block[AD_VF];
            for (int i = 0; i < AD_VF; ++i) {
                block[i] = vf_zero();
                if (j + i < cols)
                    block[i] = ad_load_as_f32(from->data, from->dtype, (j + i) * from->row + p,
                                              steps);
            }
            vf_transpose(block);
            for (int i = 0; i < steps; ++i) vf_store(to + (p + i) * AD_NR + j, block[i]);
        }
}

#if AD_KERNEL_ISA == 3
static void copy_column_pairs(const ad_matrix *from, int64_t cols, int64_t depth, float *to)
{
    const uint16_t *data = (const uint16_t *)from->data;
    for (int64_t p = 0; p < depth; p += 2, to += AD_NR)
        for (int j = 0; j < AD_NR; j += AD_VF) {
            const uint16_t *at = data + p * from->col + j;
            vf_store(to + j, pair_rows(at, p + 1 < depth ? at + from->col : NULL,
                                       least(cols > j ? cols - j : 0, AD_VF)));
        }
}

static void turn_column_pairs(const ad_matrix *from, int64_t cols, int64_t depth, float *to)
{
    const uint16_t *data = (const uint16_t *)from->data;
    for (int j = 0; j < AD_NR; j += AD_VF)
        for (int64_t p = 0; p < depth; p += 2 * AD_VF) {
            int64_t steps = least(depth - p, 2 * AD_VF);
            vf block[AD_VF];
            for (int i = 0; i < AD_VF; ++i) {
                block[i] = vf_zero();
                if (j + i < cols) block[i] = pair_neighbours(data + (j + i) * from->row + p, steps);
            }
            vf_transpose(block);
            for (int i = 0; i < (steps + 1) / 2; ++i)
                vf_store(to + (p / 2 + i) * AD_NR + j, block[i]);
        }
}
#endif

void AD_ISA_NAME(ad_pack_b)(ad_dtype form, const ad_matrix *from, int64_t cols, int64_t depth,
                            void *panels)
{
    int64_t width = ad_panel_cols(form), unit = ad_unit_bytes(form), units = ad_units(form, depth);
    int64_t per_unit = form == AD_BF16 ? 2 : 1;
    int64_t col_bytes = from->row * (int64_t)ad_dtype_size(from->dtype);
    char *to = panels;
    ad_matrix part = *from;
    for (int64_t j = 0; j < cols; j += width, part.data += width * col_bytes) {
        int64_t have = least(cols - j, width);
        if (form == AD_F32 && from->row == 1) {
            copy_columns(&part, have, depth, (float *)to);
        } else if (form == AD_F32 && from->col == 1) {
            turn_columns(&part, have, depth, (float *)to);
#if AD_KERNEL_ISA == 3
        } else if (form == AD_BF16 && from->row == 1) {
            copy_column_pairs(&part, have, depth, (float *)to);
        } else if (form == AD_BF16 && from->col == 1) {
            turn_column_pairs(&part, have, depth, (float *)to);
#endif
        } else {
            for (int64_t i = 0; i < width; ++i)
                for (int64_t u = 0; u < units; ++u)
                    put_unit(form, to + (u * width + i) * unit,
                             i < have ? part.data + i * col_bytes : NULL, part.dtype,
                             u * per_unit * part.col, part.col, depth - u * per_unit);
        }
        to += units * width * unit;
    }
}
