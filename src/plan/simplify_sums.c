/* simplify_sums.c - factors that are the same along the summed axes come out of the sum:
 *     sum(s a b) = s sum(a b),  mean(s a b) = s / n sum(a b).
 *
 * So the gradient of a batch norm needs the sums that its scale and shift need anyway, and
 * pass_share.c finds them. */
#include "plan/pass.h"

#include "ops/attrs.h"

enum { MOST_FACTORS = 8, MOST_DEPTH = 8 };

typedef struct product {
    ad_graph *graph;
    int64_t axes;                  /* summed, a bit each */
    ad_node *factor[MOST_FACTORS]; /* as they were before they were stretched */
    int n;
} product;

static bool steady(const ad_node *x, int64_t axes)
{
    if (x->op != AD_OP_BROADCAST) return false;
    ad_shape from = x->inputs[0]->shape;
    int added = x->shape.rank - from.rank;
    for (int i = added; i < x->shape.rank; ++i)
        if (axes >> i & 1 && from.dim[i - added] != 1) return false;
    return true;
}

static ad_node *multiply(ad_graph *graph, ad_node *a, ad_node *b)
{
    return ad_node_new(graph, AD_OP_MUL, (ad_node *[]){a, b}, 2, NULL);
}

/* x without its steady factors, which are listed; NULL: it has no others. */
static ad_node *without_factors(product *p, ad_node *x, int depth)
{
    if (p->n < MOST_FACTORS && steady(x, p->axes)) {
        p->factor[p->n++] = x->inputs[0];
        return NULL;
    }
    if (x->op != AD_OP_MUL || depth == MOST_DEPTH) return x;
    ad_node *a = without_factors(p, x->inputs[0], depth + 1);
    ad_node *b = without_factors(p, x->inputs[1], depth + 1);
    if (a == x->inputs[0] && b == x->inputs[1]) return x;
    return !a ? b : !b ? a : multiply(p->graph, a, b);
}

/* A factor as the sum's result is shaped. */
static ad_node *beside_sum(const product *p, ad_node *factor, int rank, const ad_node *sum)
{
    int added = rank - factor->shape.rank;
    ad_attr_dims kept = {0}, stretched = {.rank = sum->shape.rank};
    for (int i = 0; i < rank; ++i)
        if (!(p->axes >> i & 1))
            kept.dim[kept.rank++] = i < added ? 1 : factor->shape.dim[i - added];
    for (int i = 0; i < sum->shape.rank; ++i) stretched.dim[i] = sum->shape.dim[i];
    ad_node *shaped = ad_node_new(p->graph, AD_OP_RESHAPE, &factor, 1, &kept);
    return ad_node_new(p->graph, AD_OP_BROADCAST, &shaped, 1, &stretched);
}

ad_node *ad_simplify_sum(ad_graph *graph, const ad_node *old, ad_node *x)
{
    ad_attr_reduce attr = *(const ad_attr_reduce *)old->attr;
    product p = {.graph = graph, .axes = attr.axes};
    if (old->op != AD_OP_SUM && old->op != AD_OP_MEAN) return NULL;
    if ((x->dtype != AD_F32 && x->dtype != AD_F64) || x->op != AD_OP_MUL || attr.keep) return NULL;
    ad_node *rest = without_factors(&p, x, 0);
    if (!p.n || !rest) return NULL;
    double count = 1;
    for (int i = 0; i < x->shape.rank; ++i)
        if (p.axes >> i & 1) count *= (double)x->shape.dim[i];
    ad_node *sum = ad_node_new(graph, AD_OP_SUM, &rest, 1, &attr), *scaled = sum;
    if (ad_node_poisoned(sum)) return sum;
    for (int i = 0; i < p.n; ++i)
        scaled = multiply(graph, scaled, beside_sum(&p, p.factor[i], x->shape.rank, sum));
    if (old->op == AD_OP_SUM) return scaled;
    return multiply(graph, scaled, ad_fill(graph, x->dtype, sum->shape, 1 / count));
}
