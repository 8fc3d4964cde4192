/* rules.h - what the op families share: the functions that rows of ops.def name, and builders for
 * nodes that only gradients and decompositions make.
 *
 * A column of ops.def holds the last part of a name: shape rule `matmul` is ad_infer_matmul, and so
 * on. */
#ifndef AD_OPS_RULES_H
#define AD_OPS_RULES_H

#include "graph/node.h"
#include "ops/attrs.h"

/* A NULL column declares a function too; table.c puts NULL in its place, and nothing defines it.
 * `work` names a function unless the op is elementwise. */
#define FLOPS_ELEMENTWISE(work)
#define FLOPS_FUNCTION(work)                                                                       \
    double ad_flops_##work(const void *attr, const ad_shape *inputs, const ad_shape *result);
#define FLOPS_LEAF(work)     FLOPS_FUNCTION(work)
#define FLOPS_VIEW(work)     FLOPS_FUNCTION(work)
#define FLOPS_MOVE(work)     FLOPS_FUNCTION(work)
#define FLOPS_REDUCE(work)   FLOPS_FUNCTION(work)
#define FLOPS_CONTRACT(work) FLOPS_FUNCTION(work)
#define FLOPS_KERNEL(work)   FLOPS_FUNCTION(work)
#define FLOPS_EFFECT(work)   FLOPS_FUNCTION(work)
#define OP(id, name, klass, least, most, in_place, work, attr, infer, gradient, decompose, print)  \
    FLOPS_##klass(work) bool ad_infer_##infer(ad_infer *rule);                                     \
    void ad_gradient_##gradient(ad_node *node, ad_node *g, ad_node **grads);                       \
    ad_node *ad_decompose_##decompose(ad_graph *graph, const ad_node *node,                        \
                                      ad_node *const *inputs);                                     \
    void ad_print_##print(ad_text *text, const void *attr);
#include "ops/ops.def"
#undef OP

/* ---- for shape rules: true, or false with the sentence recorded ---- */
bool ad_want_float(ad_infer *rule, int input);
bool ad_want_rank(ad_infer *rule, int input, int rank, const char *axes);
bool ad_want_same_dtype(ad_infer *rule); /* all inputs */
bool ad_want_same_shape(ad_infer *rule);
bool ad_want_elements(ad_infer *rule, int input); /* none of its axes is empty */
bool ad_want_axis(ad_infer *rule, int64_t axis);  /* of input 0 */
/* Inputs 0 to 4 are an ad_sparse, in its order; the sizes that they say. */
bool ad_want_pattern(ad_infer *rule, int64_t *rows, int64_t *columns, int64_t *entries);

/* ---- for builders ---- */
/* True if a node is poisoned or NULL: then ad_node_new(NULL, op, inputs, n, NULL) answers. */
bool ad_any_poisoned(ad_node *const *nodes, int count);
/* Counts a negative axis from the end; what is out of range is left for the shape rule. */
int64_t ad_axis_of(int64_t axis, int rank);
/* The shape that both stretch to; false if they do not. */
bool ad_shapes_join(ad_shape a, ad_shape b, ad_shape *joined);

/* ---- values for formulas ---- */
ad_node *ad_like(const ad_node *x, double value); /* a fill of x's dtype and shape */
/* (c ? a : 0) */
ad_node *ad_where_or_zero(ad_node *condition, ad_node *a);
ad_axes ad_axes_from_mask(int64_t mask);
bool ad_mask_from_axes(ad_axes axes, int rank, int64_t *mask); /* false: out of range or twice */

/* ---- nodes without a public builder ---- */
ad_node *ad_pad_with(ad_node *x, const ad_attr_pad *attr);     /* x itself where nothing is added */
ad_node *ad_slice_with(ad_node *x, const ad_attr_slice *attr); /* x itself where all is taken */
ad_node *ad_slice_run(ad_node *x, int axis, int64_t begin, int64_t count, int64_t step);
/* A sparse matrix's (`transposed`: its transpose's) product with x. */
ad_node *ad_sparse_product(ad_sparse s, ad_node *value, ad_node *x, bool transposed);

/* ---- nodes whose result is several tensors, one behind the other in a vector ---- */
ad_node *ad_flat_part(ad_node *flat, int64_t begin, ad_shape shape);
/* The gradient of the first `count` elements, if g, that of the vector, is 0 elsewhere; else NULL.
 */
ad_node *ad_flat_first(ad_node *g, int64_t count);

#endif
