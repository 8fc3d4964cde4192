/* flat.c - nodes whose result is several tensors, one behind the other in a vector. */
#include "ops/rules.h"

ad_node *ad_flat_part(ad_node *flat, int64_t begin, ad_shape shape)
{
    int64_t count = ad_shape_count(shape);
    return ad_reshape(ad_slice(flat, 0, begin, begin + count, 1), shape);
}

/* What the gradient of ad_flat_part(flat, 0, ...) looks like. */
ad_node *ad_flat_first(ad_node *g, int64_t count)
{
    const ad_attr_pad *pad = g->attr;
    if (g->op != AD_OP_PAD || pad->before[0] || pad->interior[0] || pad->value != 0) return NULL;
    return ad_shape_equal(g->inputs[0]->shape, ad_shape(count)) ? g->inputs[0] : NULL;
}
