/* matmul.c - batched matrix products. The node's operands have equal leading axes: the builder
 * stretches them, and where only `a` has leading axes it folds them into rows, so that a linear
 * layer is one product and the gradient of its weight is one too. */
#include "ops/rules.h"

/* Rows and columns of an operand as multiplied. */
static void sides(const ad_node *x, bool transposed, int64_t *rows, int64_t *columns)
{
    int64_t r = x->shape.dim[x->shape.rank - 2], c = x->shape.dim[x->shape.rank - 1];
    *rows = transposed ? c : r;
    *columns = transposed ? r : c;
}

bool ad_infer_matmul(ad_infer *rule)
{
    const ad_attr_matmul *attr = rule->attr;
    const ad_node *a = rule->inputs[0], *b = rule->inputs[1];
    int64_t m, k, kb, n;
    if (!ad_want_float(rule, 0) || !ad_want_float(rule, 1)) return false;
    if (!rule->graph->planned && !ad_want_same_dtype(rule)) return false;
    int rank = a->shape.rank;
    if (rank < 2 || b->shape.rank != rank)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "needs matrices, or batches of them");
    sides(a, attr->transpose_a, &m, &k);
    sides(b, attr->transpose_b, &kb, &n);
    if (k != kb)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "a has %lld columns, b has %lld rows",
                             (long long)k, (long long)kb);
    if (k == 0) return ad_infer_fail(rule, AD_ERROR_SHAPE, "there are no products to sum");
    for (int i = 0; i < rank - 2; ++i)
        if (a->shape.dim[i] != b->shape.dim[i])
            return ad_infer_fail(rule, AD_ERROR_SHAPE, "the batches differ in axis %d", i);
    rule->dtype = a->dtype;
    rule->shape = a->shape;
    rule->shape.dim[rank - 2] = m;
    rule->shape.dim[rank - 1] = n;
    return true;
}

double ad_flops_matmul(const void *attr, const ad_shape *inputs, const ad_shape *result)
{
    bool turned = ((const ad_attr_matmul *)attr)->transpose_a;
    double k = (double)inputs[0].dim[inputs[0].rank - (turned ? 2 : 1)];
    return 2 * k * (double)ad_shape_count(*result);
}

static ad_shape with_leading(ad_shape leading, ad_shape matrix)
{
    ad_shape shape = leading;
    for (int i = 0; i < 2; ++i) shape.dim[shape.rank++] = matrix.dim[matrix.rank - 2 + i];
    return shape;
}

ad_node *ad_matmul_with(ad_node *a, ad_node *b, ad_matmul_options options)
{
    ad_node *inputs[2] = {a, b};
    ad_attr_matmul attr = {options.transpose_a, options.transpose_b};
    if (ad_any_poisoned(inputs, 2)) return ad_node_new(NULL, AD_OP_MATMUL, inputs, 2, &attr);
    int ra = a->shape.rank, rb = b->shape.rank;
    if (ra < 2 || rb < 2)
        return ad_refuse(NULL, AD_OP_MATMUL, inputs, 2, AD_ERROR_SHAPE,
                         "needs two axes or more on each side");
    if (ra > 2 && rb == 2 && !options.transpose_a && ad_shape_count(a->shape) > 0) {
        ad_shape shape = a->shape;
        int64_t k = shape.dim[ra - 1];
        inputs[0] = ad_reshape(a, ad_shape(ad_shape_count(shape) / k, k));
        ad_node *product = ad_node_new(NULL, AD_OP_MATMUL, inputs, 2, &attr);
        shape.dim[ra - 1] = ad_node_shape(product).dim[1];
        return ad_reshape(product, shape);
    }
    ad_shape la = a->shape, lb = b->shape, leading;
    la.rank -= 2, lb.rank -= 2;
    if (!ad_shapes_join(la, lb, &leading))
        return ad_refuse(NULL, AD_OP_MATMUL, inputs, 2, AD_ERROR_SHAPE,
                         "the leading axes do not broadcast");
    inputs[0] = ad_broadcast(a, with_leading(leading, a->shape));
    inputs[1] = ad_broadcast(b, with_leading(leading, b->shape));
    return ad_node_new(NULL, AD_OP_MATMUL, inputs, 2, &attr);
}

ad_node *ad_matmul(ad_node *a, ad_node *b)
{
    return ad_matmul_with(a, b, (ad_matmul_options){0});
}

/* C = A B: dA = g B^T, dB = A^T g; the transpose of that where an operand is used transposed. */
void ad_gradient_matmul(ad_node *y, ad_node *g, ad_node **grads)
{
    const ad_attr_matmul *attr = y->attr;
    ad_node *a = y->inputs[0], *b = y->inputs[1];
    bool ta = attr->transpose_a, tb = attr->transpose_b;
    grads[0] = ta ? ad_matmul_with(b, g, (ad_matmul_options){tb, true})
                  : ad_matmul_with(g, b, (ad_matmul_options){false, !tb});
    grads[1] = tb ? ad_matmul_with(g, a, (ad_matmul_options){true, ta})
                  : ad_matmul_with(a, g, (ad_matmul_options){!ta, false});
}

void ad_print_matmul(ad_text *text, const void *attr)
{
    const ad_attr_matmul *matmul = attr;
    if (matmul->transpose_a) ad_text_add(text, ", transpose_a");
    if (matmul->transpose_b) ad_text_add(text, ", transpose_b");
}
