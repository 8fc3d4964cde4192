/* pass_simplify.c - algebra: nodes that are equal to a plainer one are replaced by it.
 *
 * Only identities that hold for every finite input, and keep NaN and infinities: x * 0 stays.
 * Products of constants are multiplied out, which can change the last bit. Views of views become
 * one view. */
#include "plan/pass.h"
#include "plan/plan.h"

#include "ops/attrs.h"

#include <math.h>

enum { MOST_ROUNDS = 8 };

static bool fill_value(const ad_node *node, double *value)
{
    if (node->op != AD_OP_FILL) return false;
    *value = ((const ad_attr_leaf *)node->attr)->value;
    return true;
}

static bool is_fill(const ad_node *node, double value)
{
    double found;
    return fill_value(node, &found) && found == value;
}

static ad_node *same_op(ad_graph *graph, const ad_node *old, ad_node *x)
{
    return ad_node_new(graph, old->op, &x, 1, old->attr);
}

static ad_node *apply(ad_graph *graph, ad_op op, ad_node *a, ad_node *b)
{
    return ad_node_new(graph, op, (ad_node *[]){a, b}, b ? 2 : 1, NULL);
}

static ad_node *fill_like(ad_graph *graph, const ad_node *like, double value)
{
    return ad_fill(graph, like->dtype, like->shape, value);
}

/* Arithmetic of two numbers. */
static ad_node *of_fills(ad_graph *graph, const ad_node *old, ad_node **in)
{
    double a, b = 0;
    if (!ad_dtype_is_float(old->dtype) || !fill_value(in[0], &a)) return NULL;
    if (old->n_inputs == 2 && !fill_value(in[1], &b)) return NULL;
    switch (old->op) {
    case AD_OP_ADD: return fill_like(graph, old, a + b);
    case AD_OP_SUB: return fill_like(graph, old, a - b);
    case AD_OP_MUL: return fill_like(graph, old, a * b);
    case AD_OP_DIV: return fill_like(graph, old, a / b);
    case AD_OP_NEG: return fill_like(graph, old, -a);
    case AD_OP_SQRT: return fill_like(graph, old, sqrt(a));
    case AD_OP_RSQRT: return fill_like(graph, old, 1 / sqrt(a));
    default: return NULL;
    }
}

/* x * c with the constant on either side: x, and c in *factor. */
static ad_node *scaled(ad_node *node, double *factor)
{
    if (node->op != AD_OP_MUL || !ad_dtype_is_float(node->dtype)) return NULL;
    if (fill_value(node->inputs[1], factor)) return node->inputs[0];
    return fill_value(node->inputs[0], factor) ? node->inputs[1] : NULL;
}

/* Whether a product of constants may stand for two multiplications: far from where either it or
 * what it is multiplied with would overflow or lose digits though the steps one by one did not. */
static bool moderate(double product, ad_dtype dtype)
{
    double most = dtype == AD_F16 ? 0x1p+8 : 0x1p+60;
    return fabs(product) <= most && fabs(product) >= 1 / most;
}

static ad_node *multiply(ad_graph *graph, ad_node **in)
{
    double c, inner;
    for (int i = 0; i < 2; ++i) {
        ad_node *x = in[1 - i];
        if (!fill_value(in[i], &c)) continue;
        if (c == 1) return x;
        if (c == -1 && ad_dtype_is_float(x->dtype)) return apply(graph, AD_OP_NEG, x, NULL);
        ad_node *rest = scaled(x, &inner);
        if (rest && moderate(c * inner, x->dtype) && moderate(inner, x->dtype))
            return apply(graph, AD_OP_MUL, rest, fill_like(graph, x, c * inner));
        if (x->op == AD_OP_NEG && ad_dtype_is_float(x->dtype))
            return apply(graph, AD_OP_MUL, x->inputs[0], fill_like(graph, x, -c));
    }
    return NULL;
}

static ad_node *power(ad_graph *graph, ad_node **in)
{
    if (is_fill(in[1], 1)) return in[0];
    if (is_fill(in[1], 2)) return apply(graph, AD_OP_SQUARE, in[0], NULL);
    if (is_fill(in[1], -1)) return apply(graph, AD_OP_RECIPROCAL, in[0], NULL);
    return NULL;
}

/* The second operand of a matmul of two axes as it is multiplied. */
static ad_node *right_operand(ad_graph *graph, ad_node *matmul)
{
    const ad_attr_matmul *attr = matmul->attr;
    ad_attr_dims swap = {.rank = 2, .dim = {1, 0}};
    return attr->transpose_b ? ad_node_new(graph, AD_OP_PERMUTE, &matmul->inputs[1], 1, &swap)
                             : matmul->inputs[1];
}

/* a b + a c = a (b + c): one product instead of two, as in the gradient of a Gram matrix. */
static ad_node *factor_matmul(ad_graph *graph, ad_node **in)
{
    if (in[0]->op != AD_OP_MATMUL || in[1]->op != AD_OP_MATMUL) return NULL;
    ad_attr_matmul attr = *(const ad_attr_matmul *)in[0]->attr;
    if (in[0]->inputs[0] != in[1]->inputs[0]) return NULL;
    if (attr.transpose_a != ((const ad_attr_matmul *)in[1]->attr)->transpose_a) return NULL;
    for (int i = 0; i < 2; ++i)
        if (in[i]->dtype != in[i]->inputs[1]->dtype || in[i]->inputs[0]->shape.rank != 2 ||
            in[i]->inputs[1]->shape.rank != 2)
            return NULL;
    if (ad_shape_count(in[0]->inputs[1]->shape) > ad_shape_count(in[0]->shape)) return NULL;
    ad_node *b = apply(graph, AD_OP_ADD, right_operand(graph, in[0]), right_operand(graph, in[1]));
    attr.transpose_b = 0;
    return ad_node_new(graph, AD_OP_MATMUL, (ad_node *[]){in[0]->inputs[0], b}, 2, &attr);
}

/* What is scattered lands on the other term of its sum, which so needs no memory of its own: the
 * gradient of an embedding that is also the output layer. */
static ad_node *add_scattered(ad_graph *graph, ad_node **in)
{
    for (int i = 1; i >= 0; --i) {
        const ad_node *scattered = in[i];
        ad_op_class klass = ad_ops[in[1 - i]->op].klass;
        if (scattered->op != AD_OP_SCATTER_ADD || scattered->n_inputs != 2) continue;
        if (klass == AD_CLASS_LEAF || klass == AD_CLASS_VIEW) continue;
        ad_node *inputs[3] = {scattered->inputs[0], scattered->inputs[1], in[1 - i]};
        return ad_node_new(graph, AD_OP_SCATTER_ADD, inputs, 3, scattered->attr);
    }
    return NULL;
}

static ad_node *add(ad_graph *graph, ad_node **in)
{
    if (is_fill(in[0], 0)) return in[1];
    if (is_fill(in[1], 0)) return in[0];
    if (in[1]->op == AD_OP_NEG) return apply(graph, AD_OP_SUB, in[0], in[1]->inputs[0]);
    ad_node *scattered = add_scattered(graph, in);
    return scattered ? scattered : factor_matmul(graph, in);
}

static ad_node *simplify_elementwise(ad_graph *graph, const ad_node *old, ad_node **in)
{
    double c;
    ad_node *number = of_fills(graph, old, in);
    if (number) return number;
    switch (old->op) {
    case AD_OP_STOP_GRADIENT: return in[0];
    case AD_OP_ADD: return add(graph, in);
    case AD_OP_SUB:
        if (is_fill(in[1], 0)) return in[0];
        if (is_fill(in[0], 0) && ad_dtype_is_float(old->dtype))
            return apply(graph, AD_OP_NEG, in[1], NULL);
        return in[1]->op == AD_OP_NEG ? apply(graph, AD_OP_ADD, in[0], in[1]->inputs[0]) : NULL;
    case AD_OP_MUL: return multiply(graph, in);
    case AD_OP_DIV: return is_fill(in[1], 1) ? in[0] : NULL;
    case AD_OP_POW: return power(graph, in);
    case AD_OP_NEG: {
        ad_node *x = scaled(in[0], &c);
        if (x) return apply(graph, AD_OP_MUL, x, fill_like(graph, in[0], -c));
        return in[0]->op == AD_OP_NEG ? in[0]->inputs[0] : NULL;
    }
    case AD_OP_NOT: return in[0]->op == AD_OP_NOT ? in[0]->inputs[0] : NULL;
    case AD_OP_RELU:
    case AD_OP_ABS: return in[0]->op == old->op ? in[0] : NULL;
    case AD_OP_WHERE:
        if (fill_value(in[0], &c)) return c != 0 ? in[1] : in[2];
        return in[1] == in[2] ? in[1] : NULL;
    case AD_OP_CAST:
        if (in[0]->dtype == old->dtype) return in[0];
        if (fill_value(in[0], &c) && ad_dtype_is_float(in[0]->dtype) &&
            ad_dtype_is_float(old->dtype))
            return fill_like(graph, old, c);
        if (in[0]->op == AD_OP_CAST && in[0]->inputs[0]->dtype == old->dtype &&
            ad_dtype_is_float(old->dtype) && ad_dtype_is_float(in[0]->dtype) &&
            ad_dtype_size(in[0]->dtype) > ad_dtype_size(old->dtype))
            return in[0]->inputs[0]; /* there and back through a wider type */
        return NULL;
    default: return NULL;
    }
}

static ad_node *merge_permutes(ad_graph *graph, const ad_node *old, ad_node *x)
{
    const ad_attr_dims *outer = old->attr;
    bool identity = true;
    for (int i = 0; i < outer->rank; ++i) identity &= outer->dim[i] == i;
    if (identity) return x;
    if (x->op != AD_OP_PERMUTE) return NULL;
    const ad_attr_dims *inner = x->attr;
    ad_attr_dims both = {.rank = outer->rank};
    for (int i = 0; i < outer->rank; ++i) both.dim[i] = inner->dim[outer->dim[i]];
    return ad_node_new(graph, AD_OP_PERMUTE, x->inputs, 1, &both);
}

static ad_node *merge_slices(ad_graph *graph, const ad_node *old, ad_node *x)
{
    const ad_attr_slice *outer = old->attr;
    bool whole = true;
    for (int i = 0; i < x->shape.rank; ++i)
        whole &= outer->begin[i] == 0 && outer->step[i] == 1 && outer->count[i] == x->shape.dim[i];
    if (whole) return x;
    if (x->op != AD_OP_SLICE || !ad_shape_count(old->shape)) return NULL;
    const ad_attr_slice *inner = x->attr;
    ad_attr_slice both = *outer;
    for (int i = 0; i < x->shape.rank; ++i) {
        both.begin[i] = inner->begin[i] + outer->begin[i] * inner->step[i];
        if (outer->count[i] > 1)
            both.step[i] = inner->step[i] * outer->step[i];
        else
            both.step[i] = 1;
    }
    return ad_node_new(graph, AD_OP_SLICE, x->inputs, 1, &both);
}

/* Axes of size 1 put in front of x, which stretching it puts there anyway: x without them. */
static ad_node *without_leading(const ad_node *x)
{
    if (x->op != AD_OP_RESHAPE) return NULL;
    ad_node *inner = x->inputs[0];
    int added = x->shape.rank - inner->shape.rank;
    if (added < 0) return NULL;
    for (int i = 0; i < x->shape.rank; ++i)
        if (x->shape.dim[i] != (i < added ? 1 : inner->shape.dim[i - added])) return NULL;
    return inner;
}

static ad_node *simplify_view(ad_graph *graph, const ad_node *old, ad_node *x)
{
    double c;
    if (fill_value(x, &c)) return fill_like(graph, old, c);
    switch (old->op) {
    case AD_OP_BROADCAST:
    case AD_OP_RESHAPE:
        if (ad_shape_equal(x->shape, old->shape)) return x;
        if (old->op == AD_OP_BROADCAST && without_leading(x))
            return same_op(graph, old, without_leading(x));
        return x->op == old->op ? same_op(graph, old, x->inputs[0]) : NULL;
    case AD_OP_PERMUTE: return merge_permutes(graph, old, x);
    default: return merge_slices(graph, old, x);
    }
}

/* The operand without a transposition of its last two axes. */
static ad_node *untransposed(ad_node *x)
{
    const ad_attr_dims *attr = x->attr;
    int rank = x->shape.rank;
    if (x->op != AD_OP_PERMUTE || rank < 2) return NULL;
    for (int i = 0; i < rank - 2; ++i)
        if (attr->dim[i] != i) return NULL;
    return attr->dim[rank - 1] == rank - 2 ? x->inputs[0] : NULL;
}

static ad_node *simplify_matmul(ad_graph *graph, const ad_node *old, ad_node **in)
{
    ad_attr_matmul attr = *(const ad_attr_matmul *)old->attr;
    ad_node *a = untransposed(in[0]), *b = untransposed(in[1]);
    if (!a && !b) return NULL;
    attr.transpose_a ^= a != NULL;
    attr.transpose_b ^= b != NULL;
    return ad_node_new(graph, AD_OP_MATMUL, (ad_node *[]){a ? a : in[0], b ? b : in[1]}, 2, &attr);
}

static bool pads_nothing(const ad_node *old)
{
    const ad_attr_pad *attr = old->attr;
    for (int i = 0; i < old->shape.rank; ++i)
        if (attr->before[i] || attr->after[i] || attr->interior[i]) return false;
    return true;
}

/* A reduction over axes of size 1 (or none) only changes the shape, and so does keeping axes: what
 * differs in that alone can be shared. */
static ad_node *simplify_reduction(ad_graph *graph, const ad_node *old, ad_node *x)
{
    ad_attr_reduce attr = *(const ad_attr_reduce *)old->attr;
    bool reduces = false;
    for (int i = 0; i < x->shape.rank; ++i) reduces |= attr.axes >> i & 1 && x->shape.dim[i] != 1;
    if (reduces && !attr.keep) return ad_simplify_sum(graph, old, x);
    ad_attr_dims dims = {.rank = old->shape.rank};
    for (int i = 0; i < old->shape.rank; ++i) dims.dim[i] = old->shape.dim[i];
    attr.keep = 0;
    if (reduces) x = ad_node_new(graph, old->op, &x, 1, &attr);
    return ad_node_new(graph, AD_OP_RESHAPE, &x, 1, &dims);
}

static ad_node *simplify(ad_passes *passes, ad_graph *graph, const ad_node *old, ad_node **in,
                         void *user)
{
    ad_node *found = NULL;
    (void)user;
    switch (ad_ops[old->op].klass) {
    case AD_CLASS_ELEMENTWISE: found = simplify_elementwise(graph, old, in); break;
    case AD_CLASS_VIEW: found = simplify_view(graph, old, in[0]); break;
    case AD_CLASS_REDUCE: found = simplify_reduction(graph, old, in[0]); break;
    case AD_CLASS_MOVE:
        if (old->op == AD_OP_CONCAT && old->n_inputs == 1) found = in[0];
        if (old->op == AD_OP_PAD && pads_nothing(old)) found = in[0];
        break;
    default:
        if (old->op == AD_OP_MATMUL) found = simplify_matmul(graph, old, in);
    }
    passes->changed |= found != NULL;
    return found;
}

bool ad_pass_simplify(ad_passes *passes)
{
    for (int round = 0; round < MOST_ROUNDS; ++round) {
        passes->changed = false;
        if (!ad_rebuild(passes, simplify, NULL)) return false;
        if (!passes->changed) return true;
    }
    return true;
}
