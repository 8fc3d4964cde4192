/* operand.c - shapes and strides over memory, and what can be told of them. */
#include "plan/operand.h"

ad_operand ad_operand_of(ad_dtype dtype, ad_shape shape)
{
    ad_operand operand = {.dtype = dtype, .rank = shape.rank};
    int64_t stride = 1;
    for (int i = shape.rank - 1; i >= 0; --i) {
        operand.dim[i] = shape.dim[i];
        operand.stride[i] = stride;
        stride *= shape.dim[i] > 0 ? shape.dim[i] : 1;
    }
    return operand;
}

bool ad_operand_contiguous(const ad_operand *operand)
{
    int64_t stride = 1;
    if (!ad_operand_count(operand)) return true;
    for (int i = operand->rank - 1; i >= 0; --i) {
        if (operand->dim[i] == 1) continue;
        if (operand->stride[i] != stride) return false;
        stride *= operand->dim[i];
    }
    return true;
}

int64_t ad_operand_count(const ad_operand *operand)
{
    int64_t count = 1;
    for (int i = 0; i < operand->rank; ++i) count *= operand->dim[i];
    return count;
}

void ad_operand_span(const ad_operand *operand, int64_t *begin, int64_t *end)
{
    int64_t low = 0, high = 0, size = (int64_t)ad_dtype_size(operand->dtype);
    for (int i = 0; i < operand->rank; ++i) {
        int64_t reach = (operand->dim[i] - 1) * operand->stride[i];
        if (operand->dim[i] == 0) {
            *begin = *end = 0;
            return;
        }
        if (reach < 0)
            low += reach;
        else
            high += reach;
    }
    *begin = low * size;
    *end = (high + 1) * size;
}

bool ad_operand_same_map(const ad_operand *a, const ad_operand *b)
{
    if (a->rank != b->rank || ad_dtype_size(a->dtype) != ad_dtype_size(b->dtype)) return false;
    for (int i = 0; i < a->rank; ++i) {
        if (a->dim[i] != b->dim[i]) return false;
        if (a->dim[i] != 1 && a->stride[i] != b->stride[i]) return false;
    }
    return true;
}

ad_operand ad_operand_broadcast(const ad_operand *in, ad_shape shape)
{
    ad_operand out = {.dtype = in->dtype, .rank = shape.rank};
    for (int i = 0; i < shape.rank; ++i) {
        int from = i - (shape.rank - in->rank);
        out.dim[i] = shape.dim[i];
        out.stride[i] = from >= 0 && in->dim[from] == shape.dim[i] ? in->stride[from] : 0;
    }
    return out;
}

/* Axes of the input that walk memory evenly are merged into runs, and each run is split into axes
 * of the new shape; that works when the new axes' products meet the runs' boundaries. */
bool ad_operand_reshape(const ad_operand *in, ad_shape shape, ad_operand *out)
{
    int64_t run_dim[AD_MAX_RANK], run_stride[AD_MAX_RANK];
    int runs = 0, axis = 0;
    *out = ad_operand_of(in->dtype, shape);
    if (!ad_operand_count(in) || ad_operand_contiguous(in)) return true;
    for (int i = 0; i < in->rank; ++i) {
        if (in->dim[i] == 1) continue;
        if (runs && run_stride[runs - 1] == in->stride[i] * in->dim[i]) {
            run_dim[runs - 1] *= in->dim[i];
            run_stride[runs - 1] = in->stride[i];
        } else {
            run_dim[runs] = in->dim[i], run_stride[runs++] = in->stride[i];
        }
    }
    for (int run = 0; run < runs; ++run) {
        int first = axis;
        int64_t product = 1;
        while (axis < shape.rank && (product < run_dim[run] || shape.dim[axis] == 1))
            product *= shape.dim[axis++];
        if (product != run_dim[run]) return false;
        int64_t stride = run_stride[run];
        for (int i = axis - 1; i >= first; --i) {
            out->stride[i] = stride;
            stride *= shape.dim[i];
        }
    }
    return true;
}

double ad_operand_bytes(const ad_operand *operand)
{
    double bytes = (double)ad_dtype_size(operand->dtype);
    for (int i = 0; i < operand->rank; ++i)
        if (operand->stride[i] || operand->dim[i] == 0) bytes *= (double)operand->dim[i];
    return bytes;
}
