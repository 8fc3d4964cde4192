/* quantized.c - matrices whose rows are quantised: their numbers, and products with them. */
#include "ops/rules.h"

static ad_quantized form_of(const void *attr)
{
    return (ad_quantized)((const ad_attr_quantized *)attr)->form;
}

static bool want_blocks(ad_infer *rule, int input)
{
    int64_t form = ((const ad_attr_quantized *)rule->attr)->form;
    ad_dtype dtype = rule->inputs[input]->dtype;
    if (form < 0 || form >= AD_QUANTIZED_FORMS)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "no such quantised form: %lld",
                             (long long)form);
    return dtype == AD_U8 ||
           ad_infer_fail(rule, AD_ERROR_DTYPE, "blocks are %s, expected u8", ad_dtype_name(dtype));
}

bool ad_infer_dequantize(ad_infer *rule)
{
    ad_shape shape = rule->inputs[0]->shape;
    if (!want_blocks(rule, 0)) return false;
    ad_quantized form = form_of(rule->attr);
    int64_t block = ad_quantized_bytes(form, AD_BLOCK), bytes = 0;
    if (shape.rank) bytes = shape.dim[shape.rank - 1];
    if (!shape.rank || bytes % block)
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "rows of %lld bytes are not whole blocks of %s, of %lld bytes",
                             (long long)bytes, ad_quantized_name(form), (long long)block);
    shape.dim[shape.rank - 1] = bytes / block * AD_BLOCK;
    rule->dtype = AD_F32;
    rule->shape = shape;
    return true;
}

ad_node *ad_dequantize(ad_node *blocks, ad_quantized form)
{
    return ad_node_new(NULL, AD_OP_DEQUANTIZE, &blocks, 1, &(ad_attr_quantized){form});
}

bool ad_infer_quantized_linear(ad_infer *rule)
{
    ad_shape x = rule->inputs[0]->shape, blocks = rule->inputs[1]->shape;
    if (!ad_want_float(rule, 0) || !want_blocks(rule, 1)) return false;
    if (!ad_want_rank(rule, 0, 2, "rows, columns") || !ad_want_rank(rule, 1, 2, "rows, bytes"))
        return false;
    ad_quantized form = form_of(rule->attr);
    int64_t bytes = ad_quantized_bytes(form, x.dim[1]);
    if (!bytes)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "x has %lld columns, no whole blocks of %d",
                             (long long)x.dim[1], AD_BLOCK);
    if (blocks.dim[1] != bytes)
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "x has %lld columns, whose weights are %lld bytes as %s, a row of the "
                             "blocks has %lld",
                             (long long)x.dim[1], (long long)bytes, ad_quantized_name(form),
                             (long long)blocks.dim[1]);
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = ad_shape(x.dim[0], blocks.dim[0]);
    return true;
}

double ad_flops_quantized_linear(const void *attr, const ad_shape *inputs, const ad_shape *result)
{
    (void)attr;
    return 2 * (double)inputs[0].dim[1] * (double)ad_shape_count(*result);
}

ad_node *ad_quantized_linear(ad_node *x, ad_node *blocks, ad_quantized form)
{
    ad_node *inputs[2] = {x, blocks};
    ad_attr_quantized attr = {form};
    ad_shape shape = {0};
    if (!ad_any_poisoned(inputs, 2)) shape = x->shape;
    int64_t k = shape.rank ? shape.dim[shape.rank - 1] : 0;
    if (shape.rank == 2 || k == 0)
        return ad_node_new(NULL, AD_OP_QUANTIZED_LINEAR, inputs, 2, &attr);
    inputs[0] = ad_reshape(x, ad_shape(ad_shape_count(shape) / k, k));
    ad_node *product = ad_node_new(NULL, AD_OP_QUANTIZED_LINEAR, inputs, 2, &attr);
    shape.dim[shape.rank - 1] = ad_node_shape(product).dim[1];
    return ad_reshape(product, shape);
}

ad_node *ad_decompose_quantized_linear(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    (void)graph;
    ad_node *weight = ad_dequantize(inputs[1], form_of(node->attr));
    if (node->dtype != AD_F32) weight = ad_cast(weight, node->dtype);
    return ad_matmul_with(inputs[0], weight, (ad_matmul_options){.transpose_b = true});
}

void ad_print_quantized(ad_text *text, const void *attr)
{
    ad_text_format(text, ", %s", ad_quantized_name(form_of(attr)));
}
