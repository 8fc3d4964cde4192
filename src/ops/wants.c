/* wants.c - the checks that many shape rules begin with, each with its sentence. */
#include "ops/rules.h"

bool ad_want_float(ad_infer *rule, int input)
{
    ad_dtype dtype = rule->inputs[input]->dtype;
    return ad_dtype_is_float(dtype) ||
           ad_infer_fail(rule, AD_ERROR_DTYPE, "takes floats, input %d is %s", input,
                         ad_dtype_name(dtype));
}

bool ad_want_rank(ad_infer *rule, int input, int rank, const char *axes)
{
    int got = rule->inputs[input]->shape.rank;
    return got == rank ||
           ad_infer_fail(rule, AD_ERROR_SHAPE, "input %d has %d axes, expected %d: %s", input, got,
                         rank, axes);
}

bool ad_want_same_dtype(ad_infer *rule)
{
    for (int i = 1; i < rule->n_inputs; ++i)
        if (rule->inputs[i]->dtype != rule->inputs[0]->dtype)
            return ad_infer_fail(
                rule, AD_ERROR_DTYPE, "inputs are %s and %s, expected the same element type",
                ad_dtype_name(rule->inputs[0]->dtype), ad_dtype_name(rule->inputs[i]->dtype));
    return true;
}

bool ad_want_same_shape(ad_infer *rule)
{
    for (int i = 1; i < rule->n_inputs; ++i)
        if (!ad_shape_equal(rule->inputs[i]->shape, rule->inputs[0]->shape))
            return ad_infer_fail(rule, AD_ERROR_SHAPE, "the inputs have different shapes");
    return true;
}

bool ad_want_elements(ad_infer *rule, int input)
{
    return ad_shape_count(rule->inputs[input]->shape) > 0 ||
           ad_infer_fail(rule, AD_ERROR_SHAPE, "input %d is empty", input);
}

bool ad_want_axis(ad_infer *rule, int64_t axis)
{
    int rank = rule->inputs[0]->shape.rank;
    return (axis >= 0 && axis < rank) ||
           ad_infer_fail(rule, AD_ERROR_ARGUMENT, "axis %lld is outside an input with %d axes",
                         (long long)axis, rank);
}

bool ad_any_poisoned(ad_node *const *nodes, int count)
{
    for (int i = 0; i < count; ++i)
        if (ad_node_poisoned(nodes[i])) return true;
    return false;
}

int64_t ad_axis_of(int64_t axis, int rank)
{
    return axis < 0 && axis >= -rank ? axis + rank : axis;
}

bool ad_shapes_join(ad_shape a, ad_shape b, ad_shape *joined)
{
    int rank = a.rank > b.rank ? a.rank : b.rank;
    *joined = (ad_shape){.rank = rank};
    for (int i = 0; i < rank; ++i) {
        int ia = i - (rank - a.rank), ib = i - (rank - b.rank);
        int64_t da = ia < 0 ? 1 : a.dim[ia], db = ib < 0 ? 1 : b.dim[ib];
        if (da != db && da != 1 && db != 1) return false;
        joined->dim[i] = da == 1 ? db : da;
    }
    return true;
}
