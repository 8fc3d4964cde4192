/* table.c - ops.def as rows, and the rule of the one op that nobody makes. */
#include "ops/rules.h"

#define ATTR_none      0
#define ATTR_leaf      sizeof(ad_attr_leaf)
#define ATTR_variable  sizeof(ad_attr_variable)
#define ATTR_scalar    sizeof(ad_attr_scalar)
#define ATTR_cast      sizeof(ad_attr_cast)
#define ATTR_dims      sizeof(ad_attr_dims)
#define ATTR_slice     sizeof(ad_attr_slice)
#define ATTR_pad       sizeof(ad_attr_pad)
#define ATTR_axis      sizeof(ad_attr_axis)
#define ATTR_reduce    sizeof(ad_attr_reduce)
#define ATTR_matmul    sizeof(ad_attr_matmul)
#define ATTR_quantized sizeof(ad_attr_quantized)
#define ATTR_conv      sizeof(ad_attr_conv)
#define ATTR_pool      sizeof(ad_attr_pool)
#define ATTR_resize    sizeof(ad_attr_resize)
#define ATTR_rows      sizeof(ad_attr_rows)
#define ATTR_sparse    sizeof(ad_attr_sparse)
#define ATTR_attention sizeof(ad_attr_attention)

#define ad_flops_each     NULL
#define ad_gradient_NULL  NULL
#define ad_decompose_NULL NULL
#define ad_print_NULL     NULL

/* What the column `work` says, by the op's class. */
#define WORK_ELEMENTWISE(work) .step_work = work
#define WORK_FLOPS(work)       .flops = ad_flops_##work
#define WORK_LEAF(work)        WORK_FLOPS(work)
#define WORK_VIEW(work)        WORK_FLOPS(work)
#define WORK_MOVE(work)        WORK_FLOPS(work)
#define WORK_REDUCE(work)      WORK_FLOPS(work)
#define WORK_CONTRACT(work)    WORK_FLOPS(work)
#define WORK_KERNEL(work)      WORK_FLOPS(work)
#define WORK_EFFECT(work)      WORK_FLOPS(work)

const ad_op_info ad_ops[AD_OPS] = {
#define OP(id, text, klass_, least, most, over, work, attr, infer_, gradient_, decompose_, print_) \
    [AD_OP_##id] = {.name = text,                                                                  \
                    .klass = AD_CLASS_##klass_,                                                    \
                    .min_inputs = least,                                                           \
                    .max_inputs = most,                                                            \
                    .in_place = AD_IN_PLACE_##over,                                                \
                    WORK_##klass_(work),                                                           \
                    .attr_bytes = ATTR_##attr,                                                     \
                    .infer = ad_infer_##infer_,                                                    \
                    .gradient = ad_gradient_##gradient_,                                           \
                    .decompose = ad_decompose_##decompose_,                                        \
                    .print = ad_print_##print_},
#include "ops/ops.def"
#undef OP
};

enum {
    ROWS = 0
#define OP(...) +1
#include "ops/ops.def"
#undef OP
};
_Static_assert(ROWS == (int)AD_OPS, "an op of graph/op.h has no row, or two, in ops.def");

bool ad_infer_never(ad_infer *rule)
{
    return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "cannot be recorded");
}
