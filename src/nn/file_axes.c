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

ad_shape ad_file_shape(const ad_variable *variable)
{
    const int *order = file_order(variable->layout);
    ad_shape shape = variable->shape;
    for (int i = 0; order && i < shape.rank; ++i) shape.dim[i] = variable->shape.dim[order[i]];
    return shape;
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
