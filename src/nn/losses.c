/* losses.c - scalar losses: means over all elements, as PyTorch's reduction="mean". */
#include <autodidact/nn.h>

#include "graph/node.h"

enum {
    BLOCK_BYTES = 64 << 20, /* of logits */
    ROW_MULTIPLE = 16,      /* of rows, where it is ours to choose: whole register tiles */
};

ad_node *ad_mse_loss(ad_node *prediction, ad_node *target)
{
    return ad_mean(ad_square(ad_sub(prediction, target)), AD_ALL_AXES, false);
}

ad_node *ad_l1_loss(ad_node *prediction, ad_node *target)
{
    return ad_mean(ad_abs(ad_sub(prediction, target)), AD_ALL_AXES, false);
}

/* d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2). With c = min(|d|, delta) both are
 * c (|d| - c / 2), without a choice. */
ad_node *ad_huber_loss(ad_node *prediction, ad_node *target, double delta)
{
    ad_node *distance = ad_abs(ad_sub(prediction, target));
    ad_node *near = ad_clamp(distance, 0, delta);
    ad_node *loss = ad_mul(near, ad_sub(distance, ad_mul_scalar(near, 0.5)));
    return ad_mean(loss, AD_ALL_AXES, false);
}

/* -t log sigmoid(x) - (1 - t) log(1 - sigmoid(x)), by softplus: no logarithm of 0, and small losses
 * keep their digits for both labels. */
ad_node *ad_bce_with_logits_loss(ad_node *logits, ad_node *target)
{
    ad_node *one = ad_mul(target, ad_softplus(ad_neg(logits)));
    ad_node *zero = ad_mul(ad_add_scalar(ad_neg(target), 1), ad_softplus(logits));
    return ad_mean(ad_add(one, zero), AD_ALL_AXES, false);
}

ad_node *ad_cross_entropy_loss(ad_node *logits, ad_node *labels)
{
    return ad_mean(ad_cross_entropy(logits, labels), AD_ALL_AXES, false);
}

/* ---- the logits in blocks of rows ---- */
typedef struct blocks {
    ad_node *x, *weight, *labels;
    int64_t rows, block;
    int count;
    ad_node **loss, **to_x; /* per block: [its rows], [its rows, width] */
    ad_node *to_weight;     /* of the blocks so far */
} blocks;

static ad_node *logits_of(ad_node *x, ad_node *weight)
{
    return ad_matmul_with(x, weight, (ad_matmul_options){.transpose_b = true});
}

static int64_t block_of(int64_t rows, int64_t classes, size_t size)
{
    int64_t most = BLOCK_BYTES / (int64_t)size / (classes > 0 ? classes : 1);
    int64_t count = most > 0 ? (rows + most - 1) / most : rows;
    int64_t block = count > 0 ? (rows + count - 1) / count : 1; /* of equal size */
    int64_t rounded = (block + ROW_MULTIPLE - 1) / ROW_MULTIPLE * ROW_MULTIPLE;
    return count > 1 && rounded <= most ? rounded : block;
}

/* Forward and backward of one block. The mean's gradient is known beforehand: 1 / rows. */
static bool add_block(blocks *b, int i)
{
    ad_graph *graph = b->x->graph;
    int64_t begin = i * b->block, end = begin + b->block < b->rows ? begin + b->block : b->rows;
    ad_node *x = ad_slice(b->x, 0, begin, end, 1), *labels = ad_slice(b->labels, 0, begin, end, 1);
    int first = graph->n_nodes;
    ad_node *logits = ad_name(logits_of(x, b->weight), "logits.%d", i), *grads[2];
    b->loss[i] = ad_cross_entropy(logits, labels);
    if (ad_node_poisoned(b->loss[i])) return false;
    ad_node *g = ad_fill(graph, logits->dtype, labels->shape, 1 / (double)b->rows);
    if (!ad_reverse_walk(graph, &b->loss[i], &g, 1, first, (ad_node *[]){x, b->weight}, 2, grads))
        return false;
    b->to_x[i] = grads[0];
    b->to_weight = b->to_weight ? ad_add(grads[1], b->to_weight) : grads[1];
    return true;
}

static bool in_blocks(const blocks *b)
{
    return b->x->shape.rank == 2 && b->weight->shape.rank == 2 && b->labels->shape.rank == 1 &&
           b->labels->shape.dim[0] == b->rows && b->block > 0 && b->block < b->rows;
}

ad_node *ad_linear_cross_entropy_loss(ad_node *x, ad_node *weight, ad_node *labels, int64_t block)
{
    blocks b = {.x = x, .weight = weight, .labels = labels, .block = block};
    bool known = !ad_node_poisoned(x) && !ad_node_poisoned(weight) && !ad_node_poisoned(labels);
    if (known) b.rows = x->shape.dim[0];
    if (known && block <= 0)
        b.block = block_of(b.rows, weight->shape.dim[0], ad_dtype_size(x->dtype));
    if (!known || !in_blocks(&b)) /* at once, or nonsense, which is refused there */
        return ad_cross_entropy_loss(ad_name(logits_of(x, weight), "logits"), labels);
    b.count = (int)((b.rows + b.block - 1) / b.block);
    b.loss = ad_arena_alloc(&x->graph->arena, (size_t)b.count * sizeof(ad_node *));
    b.to_x = ad_arena_alloc(&x->graph->arena, (size_t)b.count * sizeof(ad_node *));
    if (!b.loss || !b.to_x) return ad_poison(x->graph, AD_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < b.count; ++i)
        if (!add_block(&b, i)) return x->graph->poison;
    ad_node *loss = ad_mean(ad_concat(b.loss, b.count, 0), AD_ALL_AXES, false);
    ad_node *grads[2] = {ad_concat(b.to_x, b.count, 0), b.to_weight};
    return ad_with_gradients(loss, (ad_node *[]){x, weight}, grads, 2);
}
