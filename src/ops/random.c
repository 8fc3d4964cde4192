/* random.c - random numbers as a function of a state node (seed, step) and a stream number, and
 * dropout. */
#include "ops/rules.h"

bool ad_infer_random(ad_infer *rule)
{
    const ad_node *state = rule->inputs[0];
    if (state->dtype != AD_I64 || state->shape.rank != 1 || state->shape.dim[0] != 2)
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "the state is %s, expected i64 [2]: seed and step",
                             ad_dtype_name(state->dtype));
    if (!ad_infer_leaf(rule)) return false;
    return ad_dtype_is_float(rule->dtype) ||
           ad_infer_fail(rule, AD_ERROR_DTYPE, "gives floats, not %s", ad_dtype_name(rule->dtype));
}

static ad_node *random_node(ad_op op, ad_node *state, ad_dtype dtype, ad_shape shape)
{
    if (ad_node_poisoned(state)) return ad_node_new(NULL, op, &state, 1, NULL);
    ad_attr_leaf attr = {
        .rank = shape.rank, .dtype = (int64_t)dtype, .stream = state->graph->streams++};
    for (int i = 0; i < shape.rank && i < AD_MAX_RANK; ++i) attr.dim[i] = shape.dim[i];
    return ad_node_new(NULL, op, &state, 1, &attr);
}

ad_node *ad_random_uniform(ad_node *state, ad_dtype dtype, ad_shape shape)
{
    return random_node(AD_OP_RANDOM_UNIFORM, state, dtype, shape);
}

ad_node *ad_random_normal(ad_node *state, ad_dtype dtype, ad_shape shape)
{
    return random_node(AD_OP_RANDOM_NORMAL, state, dtype, shape);
}

void ad_print_random(ad_text *text, const void *attr)
{
    ad_text_format(text, ", stream=%lld", (long long)((const ad_attr_leaf *)attr)->stream);
}

ad_node *ad_dropout(ad_node *x, double rate, ad_node *state)
{
    ad_node *inputs[2] = {x, state};
    if (ad_any_poisoned(inputs, 2)) return ad_node_new(NULL, AD_OP_WHERE, inputs, 2, NULL);
    if (!(rate >= 0 && rate < 1) || !ad_dtype_is_float(x->dtype))
        return ad_refuse(NULL, AD_OP_WHERE, inputs, 2, AD_ERROR_ARGUMENT,
                         "dropout of %s at rate %g, expected floats and a rate from 0 to below 1",
                         ad_dtype_name(x->dtype), rate);
    if (rate == 0) return x;
    ad_node *u = ad_random_uniform(state, AD_F32, x->shape);
    return ad_where_or_zero(ad_greater_equal(u, ad_like(u, rate)),
                            ad_mul_scalar(x, 1 / (1 - rate)));
}
