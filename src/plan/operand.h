/* operand.h - a kernel's view of memory: a shape, and strides over it. */
#ifndef AD_PLAN_OPERAND_H
#define AD_PLAN_OPERAND_H

#include "graph/node.h"

/* A kernel's view of memory. The data pointer of a run points at element (0, ..., 0). */
typedef struct ad_operand {
    ad_dtype dtype;
    int rank;
    int64_t dim[AD_MAX_RANK];
    int64_t stride[AD_MAX_RANK]; /* in elements; 0: broadcast; may be negative */
} ad_operand;

bool ad_operand_contiguous(const ad_operand *operand); /* axes of size 1 are ignored */
int64_t ad_operand_count(const ad_operand *operand);
/* Bytes of the elements that lie in memory: those that zero strides repeat count once. */
double ad_operand_bytes(const ad_operand *operand);
ad_operand ad_operand_of(ad_dtype dtype, ad_shape shape); /* contiguous */
/* The same elements by the axes of another shape. False: strides cannot say it. */
bool ad_operand_reshape(const ad_operand *in, ad_shape shape, ad_operand *out);
/* The operand stretched to `shape` by zero strides. */
ad_operand ad_operand_broadcast(const ad_operand *in, ad_shape shape);
/* The bytes it touches, relative to its element 0. */
void ad_operand_span(const ad_operand *operand, int64_t *begin, int64_t *end);
/* Whether both walk memory in the same way, by elements of the same size. */
bool ad_operand_same_map(const ad_operand *a, const ad_operand *b);

#endif
