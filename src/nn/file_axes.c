/* file_axes.c - the order of axes in files and in memory. */
#include "nn/file_axes.h"

#include <string.h>

/* Axis i of the file's shape is axis order[i] of ours. */
static const int *file_order(int layout)
{
    static const int conv[4] = {3, 2, 0, 1}; /* both: [a, b, kh, kw] from [kh, kw, b, a] */
    static const int matrix[2] = {1, 0};
    return layout == AD_LAYOUT_SAME ? NULL : layout == AD_LAYOUT_MATRIX ? matrix : conv;
}

const ad_block_type *ad_layout_blocks(int layout)
{
    if (layout == AD_LAYOUT_Q8_0 || layout == AD_LAYOUT_Q8_0_TURNED) return &ad_block_q8_0;
    return layout == AD_LAYOUT_Q4_0 || layout == AD_LAYOUT_Q4_0_TURNED ? &ad_block_q4_0 : NULL;
}

bool ad_layout_turned(int layout)
{
    return layout == AD_LAYOUT_Q8_0_TURNED || layout == AD_LAYOUT_Q4_0_TURNED;
}

ad_shape ad_layout_file_shape(ad_shape ours, int layout)
{
    const ad_block_type *blocks = ad_layout_blocks(layout);
    if (blocks) {
        int64_t n = ours.dim[0], k = ours.dim[1] / (int64_t)blocks->bytes * blocks->elements;
        return ad_layout_turned(layout) ? ad_shape(k, n) : ad_shape(n, k);
    }
    const int *order = file_order(layout);
    ad_shape shape = ours;
    for (int i = 0; order && i < shape.rank; ++i) shape.dim[i] = ours.dim[order[i]];
    return shape;
}

ad_shape ad_file_shape(const ad_variable *variable)
{
    return ad_layout_file_shape(variable->shape, variable->layout);
}

ad_dtype ad_file_dtype(const ad_variable *variable)
{
    return ad_layout_blocks(variable->layout) ? AD_F32 : variable->dtype;
}

/* Block by block, so that a turned matrix is not in memory twice. */
void ad_file_quantise(const ad_variable *variable, const float *file, unsigned char *ours)
{
    const ad_block_type *blocks = ad_layout_blocks(variable->layout);
    ad_shape shape = ad_file_shape(variable);
    float values[AD_BLOCK];
    if (!ad_layout_turned(variable->layout)) {
        ad_blocks_pack(blocks, file, ad_shape_count(shape), ours);
        return;
    }
    int64_t n = shape.dim[1];
    for (int64_t k = 0; k < shape.dim[0]; k += AD_BLOCK)
        for (int64_t row = 0; row < n; ++row) {
            for (int i = 0; i < AD_BLOCK; ++i) values[i] = file[(k + i) * n + row];
            ad_blocks_pack(blocks, values, AD_BLOCK,
                           ours + row * variable->shape.dim[1] +
                               k / AD_BLOCK * (int64_t)blocks->bytes);
        }
}

void ad_file_dequantise(const ad_variable *variable, const unsigned char *ours, float *file)
{
    const ad_block_type *blocks = ad_layout_blocks(variable->layout);
    ad_shape shape = ad_file_shape(variable);
    int64_t count = ad_shape_count(shape), n = shape.dim[1], in_row = shape.dim[0] / AD_BLOCK;
    float values[AD_BLOCK];
    if (!ad_layout_turned(variable->layout)) {
        ad_blocks_unpack(blocks, ours, count, file);
        return;
    }
    for (int64_t b = 0; b < count / AD_BLOCK; ++b) {
        ad_blocks_unpack(blocks, ours + b * (int64_t)blocks->bytes, AD_BLOCK, values);
        int64_t row = b / in_row, k = b % in_row * AD_BLOCK;
        for (int i = 0; i < AD_BLOCK; ++i) file[(k + i) * n + row] = values[i];
    }
}

/* [a, b, window] there is [window, b, a] here; a matrix has no window. */
void ad_file_reorder(const ad_variable *variable, void *ours, void *file, bool to_file)
{
    const int64_t *dim = variable->shape.dim + variable->shape.rank - 2, b = dim[0], a = dim[1];
    const int64_t window = variable->shape.rank == 4 ? dim[-2] * dim[-1] : 1;
    size_t size = ad_dtype_size(variable->dtype);
    for (int64_t k = 0; k < window; ++k)
        for (int64_t j = 0; j < b; ++j)
            for (int64_t i = 0; i < a; ++i) {
                char *here = (char *)ours + (size_t)((k * b + j) * a + i) * size;
                char *there = (char *)file + (size_t)((i * b + j) * window + k) * size;
                if (to_file)
                    memcpy(there, here, size);
                else
                    memcpy(here, there, size);
            }
}

size_t ad_variable_bytes(const ad_variable *variable)
{
    return (size_t)ad_shape_count(variable->shape) * ad_dtype_size(variable->dtype);
}
