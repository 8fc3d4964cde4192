/* graph_attention.c - attention from each node of a graph to its neighbours (Velickovic et al.
 * 2018, "Graph Attention Networks", equations 3 and 4). A node's edges are the entries of its row.
 *
 * The result is flat: nodes * heads * width values, then edges * heads weights for the gradient,
 * negative where leaky ReLU's argument was. The gradient is one node too: that of the scores, then
 * that of x. In plain ops, which decompositions give, every edge's scores, weights, dropped weights
 * and the gradients of each are tensors of their own. */
#include "ops/rules.h"

enum { PATTERN = 5, SCORES = PATTERN, X, MASK }; /* inputs; the first five an ad_sparse */

typedef struct form {
    int64_t nodes, edges, heads, width;
} form;

static form form_of(ad_node *const *inputs)
{
    ad_shape x = inputs[X]->shape;
    return (form){x.dim[0], inputs[1]->shape.dim[0], x.dim[1], x.dim[2]};
}

static int64_t values(const form *f)
{
    return f->nodes * f->heads * f->width;
}

static int64_t weights(const form *f)
{
    return f->edges * f->heads;
}

/* The pattern, scores, x and, if `masked`, the mask. */
static bool want_operands(ad_infer *rule, bool masked)
{
    int64_t rows, columns, entries;
    ad_node *const *in = rule->inputs;
    if (!ad_want_pattern(rule, &rows, &columns, &entries) || !ad_want_float(rule, SCORES) ||
        !ad_want_rank(rule, X, 3, "nodes, heads, width"))
        return false;
    for (int i = X; i <= (masked ? MASK : X); ++i)
        if (in[i]->dtype != in[SCORES]->dtype)
            return ad_infer_fail(rule, AD_ERROR_DTYPE, "the operands differ in element type");
    ad_shape x = in[X]->shape;
    if (rows != columns || x.dim[0] != rows)
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "edges from %lld nodes to %lld, but x has a row for %lld",
                             (long long)columns, (long long)rows, (long long)x.dim[0]);
    if (!ad_shape_equal(in[SCORES]->shape, ad_shape(rows, 2, x.dim[1])))
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "scores are not [nodes, 2, heads]");
    return !masked || ad_shape_equal(in[MASK]->shape, ad_shape(entries, x.dim[1])) ||
           ad_infer_fail(rule, AD_ERROR_SHAPE, "the mask is not [edges, heads]");
}

bool ad_infer_graph_attention(ad_infer *rule)
{
    if (!want_operands(rule, rule->n_inputs > MASK)) return false;
    form f = form_of(rule->inputs);
    rule->dtype = rule->inputs[SCORES]->dtype;
    rule->shape = ad_shape(values(&f) + weights(&f));
    return true;
}

/* The operands as above, the mask or not; then y, the node, and g, the gradient of its values. */
bool ad_infer_graph_attention_grad(ad_infer *rule)
{
    int y = rule->n_inputs - 2;
    if (!want_operands(rule, y > MASK)) return false;
    form f = form_of(rule->inputs);
    ad_node *const *last = rule->inputs + y;
    rule->dtype = rule->inputs[SCORES]->dtype;
    if (last[0]->dtype != rule->dtype || last[1]->dtype != rule->dtype ||
        !ad_shape_equal(last[0]->shape, ad_shape(values(&f) + weights(&f))) ||
        !ad_shape_equal(last[1]->shape, ad_shape(values(&f))))
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "the result or its gradient is not that of these operands");
    rule->shape = ad_shape(2 * f.nodes * f.heads + values(&f));
    return true;
}

ad_node *ad_graph_attention(ad_sparse s, ad_node *scores, ad_node *x, ad_node *mask, double slope)
{
    ad_node *inputs[MASK + 1] = {s.row_start, s.row,  s.column, s.column_start,
                                 s.order,     scores, x,        mask};
    ad_node *flat = ad_node_new(NULL, AD_OP_GRAPH_ATTENTION, inputs, mask ? MASK + 1 : MASK,
                                &(ad_attr_scalar){slope, 0});
    return ad_node_poisoned(flat) ? flat : ad_flat_part(flat, 0, x->shape);
}

/* ---- in plain ops ---- */

typedef struct plain {
    form f;
    ad_sparse s;
    ad_node *score, *alpha; /* [edges, heads]: before leaky ReLU; weights, not masked */
    ad_node *x, *mask;      /* mask NULL: none */
} plain;

static plain plainly(ad_node *const *inputs, bool masked, double slope)
{
    plain p = {.f = form_of(inputs),
               .s = {inputs[0], inputs[1], inputs[2], inputs[3], inputs[4]},
               .x = inputs[X],
               .mask = masked ? inputs[MASK] : NULL};
    ad_node *score[2]; /* of targets and sources */
    for (int i = 0; i < 2; ++i)
        score[i] = ad_segment_spread(
            p.s,
            ad_reshape(ad_slice(inputs[SCORES], 1, i, i + 1, 1), ad_shape(p.f.nodes, p.f.heads)),
            i == 1);
    p.score = ad_add(score[0], score[1]);
    p.alpha = ad_segment_softmax(p.s, ad_leaky_relu(p.score, slope));
    return p;
}

static ad_node *masked(const plain *p, ad_node *value)
{
    return p->mask ? ad_mul(value, p->mask) : value;
}

ad_node *ad_decompose_graph_attention(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    const ad_attr_scalar *attr = node->attr;
    plain p = plainly(inputs, node->n_inputs > MASK, attr->a);
    ad_node *y = ad_sparse_matmul(p.s, masked(&p, p.alpha), p.x);
    ad_node *signs = ad_where(ad_greater(p.score, ad_like(p.score, 0)), p.alpha, ad_neg(p.alpha));
    (void)graph;
    return ad_concat((ad_node *[]){ad_reshape(y, ad_shape(-1)), ad_reshape(signs, ad_shape(-1))}, 2,
                     0);
}

/* With weights a, mask m and score z: dx = (a m)^T g, da = m <g, x>, de = a (da - sum a da),
 * dz = de or slope de. */
ad_node *ad_decompose_graph_attention_grad(ad_graph *graph, const ad_node *node,
                                           ad_node *const *inputs)
{
    const ad_attr_scalar *attr = node->attr;
    int y = node->n_inputs - 2;
    plain p = plainly(inputs, y > MASK, attr->a);
    ad_node *g = ad_reshape(inputs[y + 1], p.x->shape);
    ad_node *da = masked(&p, ad_sparse_dot(p.s, g, p.x));
    ad_node *mean = ad_segment_sum(p.s, ad_mul(p.alpha, da), false);
    ad_node *de = ad_mul(p.alpha, ad_sub(da, ad_segment_spread(p.s, mean, false)));
    ad_node *dz = ad_where(ad_greater(p.score, ad_like(p.score, 0)), de,
                           ad_mul_scalar(de, attr->a));
    ad_shape half = ad_shape(p.f.nodes, 1, p.f.heads);
    ad_node *scores[2] = {ad_reshape(ad_segment_sum(p.s, dz, false), half),
                          ad_reshape(ad_segment_sum(p.s, dz, true), half)};
    ad_node *dx = ad_sparse_product(p.s, masked(&p, p.alpha), g, true);
    (void)graph;
    return ad_concat((ad_node *[]){ad_reshape(ad_concat(scores, 2, 1), ad_shape(-1)),
                                   ad_reshape(dx, ad_shape(-1))},
                     2, 0);
}

/* ---- the gradient ---- */

void ad_gradient_graph_attention(ad_node *y, ad_node *g, ad_node **grads)
{
    const ad_attr_scalar *attr = y->attr;
    form f = form_of(y->inputs);
    ad_node *of = ad_flat_first(g, values(&f)), *inputs[MASK + 3];
    int n = y->n_inputs;
    if (!of) {
        ad_gradient_DECOMPOSED(y, g, grads);
        return;
    }
    for (int i = 0; i < n; ++i) inputs[i] = y->inputs[i];
    inputs[n] = y, inputs[n + 1] = of;
    ad_node *all = ad_node_new(NULL, AD_OP_GRAPH_ATTENTION_GRAD, inputs, n + 2, attr);
    grads[SCORES] = ad_flat_part(all, 0, y->inputs[SCORES]->shape);
    grads[X] = ad_flat_part(all, 2 * f.nodes * f.heads, y->inputs[X]->shape);
    if (n <= MASK) return;
    plain p = plainly(y->inputs, true, attr->a); /* seldom wanted: dropout's has no gradient */
    grads[MASK] = ad_mul(p.alpha, ad_sparse_dot(p.s, ad_reshape(of, p.x->shape), p.x));
}
