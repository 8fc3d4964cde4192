/* attention.c - scaled dot product attention with grouped heads: softmax(scale q k^T) v.
 *
 * The node's result is flat: batch * time * heads * head_dim values, then for each (batch, head,
 * query) the logarithm of its row's sum of exponentials, from which the gradient makes the weights
 * again instead of keeping them (Dao 2023, "FlashAttention-2"). The builders give out the values as
 * a view. The gradient is one node too: all of dq, dk, dv, one behind the other, or, where q, k and
 * v came side by side in one tensor, side by side. */
#include "ops/rules.h"

#include <math.h>

/* What the inputs add up to. Inputs: q, k, v[, offset, or sequences[, those of the keys]], or one
 * that holds the heads of q, k and v side by side. */
typedef struct form {
    bool packed;
    int64_t batch, time, keys, heads, kv_heads, dim;
} form;

static form form_of(ad_node *const *inputs, int count, const ad_attr_attention *attr)
{
    ad_shape q = inputs[0]->shape;
    form f = {.packed = count == 1, .heads = attr->heads, .kv_heads = attr->kv_heads};
    f.batch = q.dim[0], f.time = f.keys = q.dim[1];
    f.dim = f.packed ? q.dim[2] / (f.heads + 2 * f.kv_heads) : q.dim[3];
    if (!f.packed) f.keys = inputs[1]->shape.dim[1];
    return f;
}

static int64_t values(const form *f)
{
    return f->batch * f->time * f->heads * f->dim;
}

/* Of sequences one behind the other, from input `at` on: where each begins, of the keys too where
 * they have their own. */
static bool want_sequences(ad_infer *rule, int first, int at)
{
    const ad_attr_attention *attr = rule->attr;
    ad_shape q = rule->inputs[first]->shape, k = rule->inputs[first + 1]->shape;
    for (int i = at; i < at + attr->ragged; ++i) {
        const ad_node *begins = rule->inputs[i];
        if (begins->dtype != AD_I32 || begins->shape.rank != 1 || begins->shape.dim[0] < 2)
            return ad_infer_fail(rule, AD_ERROR_SHAPE,
                                 "where sequences begin is no row of two i32 or more");
        if (begins->shape.dim[0] != rule->inputs[at]->shape.dim[0])
            return ad_infer_fail(
                rule, AD_ERROR_SHAPE, "there are %lld sequences of queries and %lld of keys",
                (long long)rule->inputs[at]->shape.dim[0] - 1, (long long)begins->shape.dim[0] - 1);
    }
    if (attr->ragged > 1 && attr->causal)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT,
                             "a causal mask wants keys in the sequences of the queries");
    return (q.dim[0] == 1 && (attr->ragged > 1 || q.dim[1] == k.dim[1])) ||
           ad_infer_fail(rule, AD_ERROR_SHAPE,
                         "sequences one behind the other want a batch of 1 and, without sequences "
                         "of their own, as many keys as queries");
}

/* Checks q, k, v from input `at` on; `count` of them. */
static bool want_operands(ad_infer *rule, int at, int count)
{
    const ad_attr_attention *attr = rule->attr;
    ad_node *const *x = rule->inputs + at;
    if (!ad_want_float(rule, 0) || !ad_want_elements(rule, at)) return false;
    if (attr->heads < 1 || attr->kv_heads < 1 || attr->heads % attr->kv_heads)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT,
                             "%lld query heads cannot share %lld heads of keys and values",
                             (long long)attr->heads, (long long)attr->kv_heads);
    for (int i = 0; i < (count < 3 ? 1 : 3); ++i)
        if (x[i]->dtype != rule->inputs[0]->dtype)
            return ad_infer_fail(rule, AD_ERROR_DTYPE,
                                 "queries, keys and values differ in element type");
    if (count < 3) {
        int64_t parts = attr->heads + 2 * attr->kv_heads;
        if (!ad_want_rank(rule, at, 3, "batch, time, (heads + 2 kv_heads) * head_dim"))
            return false;
        return x[0]->shape.dim[2] % parts == 0 ||
               ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "the last axis cannot be shared by %lld + 2 x %lld heads",
                             (long long)attr->heads, (long long)attr->kv_heads);
    }
    if (!ad_want_rank(rule, at, 4, "batch, time, heads, head_dim") ||
        !ad_want_rank(rule, at + 1, 4, "batch, keys, kv_heads, head_dim") ||
        !ad_want_elements(rule, at + 1))
        return false;
    ad_shape q = x[0]->shape, k = x[1]->shape;
    if (!ad_shape_equal(k, x[2]->shape))
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "keys and values have different shapes");
    if (q.dim[0] != k.dim[0] || q.dim[3] != k.dim[3])
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "queries and keys differ in their batch or head_dim");
    if (q.dim[2] != attr->heads || k.dim[2] != attr->kv_heads)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "there are not %lld and %lld heads",
                             (long long)attr->heads, (long long)attr->kv_heads);
    if (count < 4 && attr->causal && k.dim[1] < q.dim[1])
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "the first of %lld queries would see none of %lld keys",
                             (long long)q.dim[1], (long long)k.dim[1]);
    return true;
}

bool ad_infer_attention(ad_infer *rule)
{
    const ad_attr_attention *attr = rule->attr;
    int n = rule->n_inputs;
    if (n == 2 || n > 3 + (attr->ragged > 1 ? 2 : 1))
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "takes one, three or four inputs, or five");
    if (!want_operands(rule, 0, n)) return false;
    if (attr->ragged) {
        if (n != 3 + attr->ragged)
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "sequences want q, k and v separately");
        if (!want_sequences(rule, 0, 3)) return false;
    } else if (n == 4) {
        ad_dtype dtype = rule->inputs[3]->dtype;
        if ((dtype != AD_I32 && dtype != AD_I64) || ad_shape_count(rule->inputs[3]->shape) != 1)
            return ad_infer_fail(rule, AD_ERROR_DTYPE, "the offset is not a single i32 or i64");
        if (!attr->causal)
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "an offset needs a causal mask");
    }
    form f = form_of(rule->inputs, n, attr);
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = ad_shape(values(&f) + f.batch * f.time * f.heads);
    return true;
}

/* (g, q, k, v, y), (g, q, k, v, sequences[, those of the keys], y) or (g, qkv, y): g of the values,
 * y the attention node. */
bool ad_infer_attention_grad(ad_infer *rule)
{
    int n = rule->n_inputs - 2;
    const ad_attr_attention *attr = rule->attr;
    if (attr->ragged ? n != 3 + attr->ragged : n != 1 && n != 3)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT,
                             "takes three or five inputs, or six or seven with sequences");
    if (!want_operands(rule, 1, n) || (n > 3 && !want_sequences(rule, 1, 4))) return false;
    form f = form_of(rule->inputs + 1, n, rule->attr);
    const ad_node *g = rule->inputs[0], *y = rule->inputs[n + 1];
    if (g->dtype != y->dtype || !ad_shape_equal(g->shape, ad_shape(values(&f))) ||
        !ad_shape_equal(y->shape, ad_shape(values(&f) + f.batch * f.time * f.heads)))
        return ad_infer_fail(rule, AD_ERROR_SHAPE,
                             "the gradient or the result is not that of these operands");
    rule->dtype = g->dtype;
    rule->shape = f.packed ? rule->inputs[1]->shape
                           : ad_shape(values(&f) + 2 * f.batch * f.keys * f.kv_heads * f.dim);
    return true;
}

ad_node *ad_attention(ad_node *q, ad_node *k, ad_node *v, ad_attention_options options)
{
    ad_node *inputs[5] = {q, k, v, options.offset ? options.offset : options.sequences,
                          options.key_sequences};
    int count = !inputs[3] ? 3 : inputs[4] ? 5 : 4;
    ad_attr_attention attr = {.scale = options.scale,
                              .causal = options.causal,
                              .ragged = options.sequences ? count - 3 : 0};
    if (options.key_sequences && !options.sequences)
        return ad_refuse(NULL, AD_OP_ATTENTION, inputs, 3, AD_ERROR_ARGUMENT,
                         "sequences of keys want those of the queries");
    if (options.offset && options.sequences)
        return ad_refuse(NULL, AD_OP_ATTENTION, inputs, count, AD_ERROR_ARGUMENT,
                         "an offset and sequences exclude each other");
    if (ad_any_poisoned(inputs, count))
        return ad_node_new(NULL, AD_OP_ATTENTION, inputs, count, &attr);
    if (q->shape.rank == 4) attr.heads = q->shape.dim[2];
    if (k->shape.rank == 4) attr.kv_heads = k->shape.dim[2];
    if (attr.scale == 0 && q->shape.rank == 4 && q->shape.dim[3] > 0)
        attr.scale = 1 / sqrt((double)q->shape.dim[3]);
    ad_node *flat = ad_node_new(NULL, AD_OP_ATTENTION, inputs, count, &attr);
    return ad_node_poisoned(flat) ? flat : ad_flat_part(flat, 0, q->shape);
}

ad_node *ad_self_attention(ad_node *qkv, int heads, int kv_heads, ad_attention_options options)
{
    ad_attr_attention attr = {.scale = options.scale,
                              .causal = options.causal,
                              .heads = heads,
                              .kv_heads = kv_heads ? kv_heads : heads};
    if (options.offset || options.sequences || options.key_sequences)
        return ad_refuse(NULL, AD_OP_ATTENTION, &qkv, 1, AD_ERROR_ARGUMENT,
                         "an offset and sequences need keys that are given separately");
    if (ad_any_poisoned(&qkv, 1)) return ad_node_new(NULL, AD_OP_ATTENTION, &qkv, 1, &attr);
    ad_shape shape = qkv->shape;
    int64_t parts = heads + 2 * attr.kv_heads, dim;
    if (attr.scale == 0 && shape.rank == 3 && parts > 0 && shape.dim[2] >= parts)
        dim = shape.dim[2] / parts, attr.scale = 1 / sqrt((double)dim);
    ad_node *flat = ad_node_new(NULL, AD_OP_ATTENTION, &qkv, 1, &attr);
    if (ad_node_poisoned(flat)) return flat;
    shape.dim[2] = shape.dim[2] / parts * heads;
    return ad_flat_part(flat, 0, shape);
}

void ad_gradient_attention(ad_node *y, ad_node *g, ad_node **grads)
{
    form f = form_of(y->inputs, y->n_inputs, y->attr);
    ad_node *of = ad_flat_first(g, values(&f));
    int ragged = (int)((const ad_attr_attention *)y->attr)->ragged;
    if (!of || (y->n_inputs == 4 && !ragged)) {
        ad_gradient_DECOMPOSED(y, g, grads);
        return;
    }
    if (f.packed) {
        grads[0] = ad_node_new(NULL, AD_OP_ATTENTION_GRAD, (ad_node *[]){of, y->inputs[0], y}, 3,
                               y->attr);
        return;
    }
    ad_node *inputs[7] = {of, y->inputs[0], y->inputs[1], y->inputs[2]};
    for (int i = 0; i < ragged; ++i) inputs[4 + i] = y->inputs[3 + i];
    inputs[4 + ragged] = y;
    ad_node *all = ad_node_new(NULL, AD_OP_ATTENTION_GRAD, inputs, 5 + ragged, y->attr);
    int64_t q = values(&f), k = f.batch * f.keys * f.kv_heads * f.dim;
    grads[0] = ad_flat_part(all, 0, y->inputs[0]->shape);
    grads[1] = ad_flat_part(all, q, y->inputs[1]->shape);
    grads[2] = ad_flat_part(all, q + k, y->inputs[2]->shape);
}

/* ---- in plain ops, which keep all weights: [batch, kv_heads, group, time, keys] ---- */

typedef struct plain {
    form f;
    ad_node *q, *k, *v; /* [batch, kv_heads, group or 1, time or keys, head_dim] */
    ad_node *scores;    /* scaled and masked */
    ad_node *inside;    /* bool [time, 1]: in a sequence that has keys; NULL: there are none */
} plain;

/* [batch, n, kv_heads * group * head_dim] -> [batch, kv_heads, group, n, head_dim] */
static ad_node *by_heads(const form *f, ad_node *x, int64_t n, int64_t group)
{
    return ad_permute(ad_reshape(x, ad_shape(f->batch, n, f->kv_heads, group, f->dim)),
                      (int[]){0, 2, 3, 1, 4});
}

static ad_node *by_time(const form *f, ad_node *x, int64_t n, int64_t heads)
{
    return ad_reshape(ad_permute(x, (int[]){0, 3, 1, 2, 4}), ad_shape(f->batch, n, heads * f->dim));
}

/* The number of each place's sequence from 1 on, i64 [time]; 0 and `last` + 1: it is in none. */
static ad_node *sequence_numbers(ad_graph *graph, int64_t time, ad_node *begins, int64_t *last)
{
    int64_t count = begins->shape.dim[0];
    ad_node *place = ad_iota(graph, AD_I64, ad_shape(time, 1), 0);
    ad_node *begin = ad_reshape(ad_cast(begins, AD_I64), ad_shape(1, count));
    *last = count - 1;
    return ad_sum(ad_cast(ad_less_equal(begin, place), AD_I64), ad_axes(1), false);
}

/* Each sequence sees itself alone, or the keys' sequence of the same number. What is in none, or
 * has no keys, sees all instead, so that no softmax is of nothing, and `inside` takes it out. */
static void keep_apart(plain *p, ad_graph *graph, ad_node *begins, ad_node *key_begins)
{
    int64_t last, time = p->f.time, keys = p->f.keys;
    ad_node *number = sequence_numbers(graph, time, begins, &last), *key_number = number;
    if (key_begins) key_number = sequence_numbers(graph, keys, key_begins, &last);
    ad_node *of_query = ad_reshape(number, ad_shape(time, 1));
    ad_node *same = ad_equal(of_query, ad_reshape(key_number, ad_shape(1, keys)));
    p->inside = ad_and(ad_greater(of_query, ad_scalar(graph, AD_I64, 0)),
                       ad_less_equal(of_query, ad_scalar(graph, AD_I64, (double)last)));
    ad_node *seen = ad_sum(ad_cast(same, AD_I64), ad_axes(1), true);
    p->inside = ad_and(p->inside, ad_greater(seen, ad_scalar(graph, AD_I64, 0)));
    p->scores = ad_where(ad_or(same, ad_not(p->inside)), p->scores, ad_like(p->scores, -INFINITY));
}

static ad_node *only_inside(const plain *p, ad_node *x)
{
    return p->inside ? ad_where(p->inside, x, ad_like(x, 0)) : x;
}

static plain plainly(ad_node *const *inputs, int count, const ad_attr_attention *attr)
{
    plain p = {.f = form_of(inputs, count, attr)};
    const form *f = &p.f;
    ad_node *q = inputs[0], *k, *v;
    if (f->packed) {
        int64_t a = f->heads * f->dim, b = a + f->kv_heads * f->dim;
        q = ad_slice(inputs[0], 2, 0, a, 1);
        k = ad_slice(inputs[0], 2, a, b, 1);
        v = ad_slice(inputs[0], 2, b, INT64_MAX, 1);
    } else {
        k = inputs[1], v = inputs[2];
    }
    int64_t group = f->heads / f->kv_heads;
    p.q = by_heads(f, q, f->time, group);
    p.k = by_heads(f, k, f->keys, 1);
    p.v = by_heads(f, v, f->keys, 1);
    p.scores = ad_mul_scalar(ad_matmul_with(p.q, p.k, (ad_matmul_options){.transpose_b = true}),
                             attr->scale);
    ad_graph *graph = q->graph;
    if (attr->ragged) keep_apart(&p, graph, inputs[3], attr->ragged > 1 ? inputs[4] : NULL);
    if (!attr->causal) return p;
    ad_shape mask = ad_shape(f->time, f->keys);
    ad_node *last = ad_iota(graph, AD_I64, mask, 0); /* key that a query sees last */
    ad_node *offset = count == 4 && !attr->ragged
                          ? ad_cast(ad_reshape(inputs[3], ad_shape(1, 1)), AD_I64)
                          : ad_scalar(graph, AD_I64, (double)(f->keys - f->time));
    ad_node *seen = ad_less_equal(ad_iota(graph, AD_I64, mask, 1), ad_add(last, offset));
    p.scores = ad_where(seen, p.scores, ad_like(p.scores, -INFINITY));
    return p;
}

ad_node *ad_decompose_attention(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    plain p = plainly(inputs, node->n_inputs, node->attr);
    ad_node *weights = only_inside(&p, ad_softmax(p.scores, -1));
    ad_node *o = by_time(&p.f, ad_matmul(weights, p.v), p.f.time, p.f.heads);
    ad_node *most = ad_stop_gradient(ad_max(p.scores, ad_axes(-1), true));
    ad_node *sum = ad_sum(ad_exp(ad_sub(p.scores, most)), ad_axes(-1), true);
    ad_node *rows = only_inside(&p, ad_add(ad_log(sum), most));
    (void)graph;
    return ad_concat((ad_node *[]){ad_reshape(o, ad_shape(-1)), ad_reshape(rows, ad_shape(-1))}, 2,
                     0);
}

/* With weights p, dv = p^T g, ds = p (g v^T - sum(p g v^T)), dq = scale ds k, dk = scale ds^T q. */
ad_node *ad_decompose_attention_grad(ad_graph *graph, const ad_node *node, ad_node *const *inputs)
{
    const ad_attr_attention *attr = node->attr;
    plain p = plainly(inputs + 1, node->n_inputs - 2, attr);
    const form *f = &p.f;
    const ad_matmul_options first = {.transpose_a = true}, second = {.transpose_b = true};
    ad_node *g = by_heads(f, inputs[0], f->time, f->heads / f->kv_heads);
    ad_node *weights = only_inside(&p, ad_softmax(p.scores, -1));
    ad_node *dp = ad_matmul_with(g, p.v, second);
    ad_node *mean = ad_sum(ad_mul(weights, dp), ad_axes(-1), true);
    ad_node *ds = ad_mul_scalar(ad_mul(weights, ad_sub(dp, mean)), attr->scale);
    ad_axes group = ad_axes(2);
    ad_node *dq = ad_matmul(ds, p.k);
    ad_node *dk = ad_sum(ad_matmul_with(ds, p.q, first), group, true);
    ad_node *dv = ad_sum(ad_matmul_with(weights, g, first), group, true);
    ad_node *parts[3] = {by_time(f, dq, f->time, f->heads), by_time(f, dk, f->keys, f->kv_heads),
                         by_time(f, dv, f->keys, f->kv_heads)};
    (void)graph;
    if (f->packed) return ad_concat(parts, 3, 2);
    for (int i = 0; i < 3; ++i) parts[i] = ad_reshape(parts[i], ad_shape(-1));
    return ad_concat(parts, 3, 0);
}

/* Of one product of a number for each pair with vectors; half of the pairs under a causal mask, and
 * of sequences those of equally long ones. */
static double product_flops(const ad_attr_attention *attr, const ad_shape *q, const ad_shape *k)
{
    double dim = (double)q->dim[q->rank - 1], time = (double)q->dim[1];
    double pairs = time * (double)k->dim[1];
    if (q->rank == 3) dim /= (double)(attr->heads + 2 * attr->kv_heads);
    if (attr->causal) pairs -= time * (time - 1) / 2;
    if (attr->ragged) pairs /= (double)(q[3].dim[0] - 1);
    return 2 * dim * pairs * (double)(q->dim[0] * attr->heads);
}

/* Two such products; five in the gradient, whose first input is g. */
double ad_flops_attention(const void *attr, const ad_shape *inputs, const ad_shape *result)
{
    (void)result;
    return 2 * product_flops(attr, &inputs[0], &inputs[inputs[0].rank == 4]);
}

double ad_flops_attention_grad(const void *attr, const ad_shape *inputs, const ad_shape *result)
{
    (void)result;
    return 5 * product_flops(attr, &inputs[1], &inputs[1 + (inputs[1].rank == 4)]);
}

void ad_print_attention(ad_text *text, const void *attr)
{
    const ad_attr_attention *attention = attr;
    ad_text_format(text, ", heads=%lld", (long long)attention->heads);
    if (attention->kv_heads != attention->heads)
        ad_text_format(text, ", kv_heads=%lld", (long long)attention->kv_heads);
    ad_text_format(text, ", scale=%g", attention->scale);
    if (attention->causal) ad_text_add(text, ", causal");
    if (attention->ragged) ad_text_add(text, ", sequences");
    if (attention->ragged > 1) ad_text_add(text, " of queries and of keys");
}
