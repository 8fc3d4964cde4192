/* makers.c - a random problem of each op: ranks, sizes of 1 and around vector lengths, layouts with
 * gaps, turned, reversed and broadcast axes, dtypes, epilogues. Solvers decline what is not for
 * them. */
#include "make_steps.h"

#include "base/hash.h"
#include "make_rows.h"

/* ---- the table ---- */

const kernel_kind kernel_kinds[] = {
    {AD_OP_CHAIN, make_chain, NULL, 1, OF_ROUNDING, 80, 0},
    {AD_OP_SUM, make_reduction, plain_reduce, 1e-6, OF_MAGNITUDES, 2, 0},
    {AD_OP_MEAN, make_reduction, plain_reduce, 1e-6, OF_MAGNITUDES, 2, 0},
    {AD_OP_MAX, make_reduction, plain_reduce, 1e-6, OF_MAGNITUDES, 2, 0},
    {AD_OP_MIN, make_reduction, plain_reduce, 1e-6, OF_MAGNITUDES, 2, 0},
    {AD_OP_ARGMAX, make_argmax, plain_argmax, 0, OF_VALUE, 1, 0},
    {AD_OP_MATMUL, make_matmul, plain_matmul, 1e-6, OF_MAGNITUDES, 4, 0},
    {AD_OP_CONV2D, make_conv, plain_conv, 1e-6, OF_MAGNITUDES, 5, 0},
    {AD_OP_CONV2D_INPUT_GRAD, make_conv, plain_conv, 1e-6, OF_MAGNITUDES, 5, 0},
    {AD_OP_CONV2D_WEIGHT_GRAD, make_conv, plain_conv, 1e-6, OF_MAGNITUDES, 5, 0},
    {AD_OP_DEQUANTIZE, make_quantized, plain_dequantize, 0, OF_VALUE, 1, 0},
    {AD_OP_QUANTIZED_LINEAR, make_quantized, plain_quantized, 1e-4, OF_LARGEST, 2, 0},
    {AD_OP_PAD, make_pad, plain_pad, 0, OF_VALUE, 2, 0},
    {AD_OP_PAD_REFLECT, make_pad, NULL, 0, OF_VALUE, 2, 0},
    {AD_OP_PAD_REFLECT_GRAD, make_pad, NULL, 1e-6, OF_MAGNITUDES, 2, 0},
    {AD_OP_GATHER, make_rows, plain_gather, 0, OF_VALUE, 1, 0},
    {AD_OP_SCATTER_ADD, make_rows, plain_scatter_add, 1e-6, OF_MAGNITUDES, 1, 0},
    {AD_OP_WRITE_ROWS, make_rows, NULL, 0, OF_VALUE, 1, 0},
    {AD_OP_SPARSE_MATMUL, make_sparse, NULL, 1e-6, OF_MAGNITUDES, 1, 0},
    {AD_OP_SPARSE_DOT, make_sparse, NULL, 1e-6, OF_MAGNITUDES, 1, 0},
    {AD_OP_SEGMENT_SUM, make_sparse, NULL, 1e-6, OF_MAGNITUDES, 1, 0},
    {AD_OP_SEGMENT_MAX, make_sparse, plain_segment_max, 0, OF_VALUE, 1, 0},
    {AD_OP_SEGMENT_SOFTMAX, make_sparse, NULL, 3e-6, OF_VALUE, 1, 0},
    {AD_OP_GRAPH_ATTENTION, make_graph_attention, NULL, 1e-4, OF_LARGEST, 1, 0},
    {AD_OP_GRAPH_ATTENTION_GRAD, make_graph_attention_grad, NULL, 1e-4, OF_LARGEST, 1, 0},
    {AD_OP_MAX_POOL2D, make_pool, plain_pool, 0, OF_VALUE, 2, 0},
    {AD_OP_MAX_POOL2D_GRAD, make_pool, plain_pool, 1e-6, OF_MAGNITUDES, 2, 1},
    {AD_OP_MAX_POOL2D_SELECT, make_pool, plain_pool, 0, OF_VALUE, 2, 0},
    {AD_OP_AVG_POOL2D, make_pool, plain_pool, 1e-6, OF_MAGNITUDES, 2, 0},
    {AD_OP_AVG_POOL2D_GRAD, make_pool, plain_pool, 1e-6, OF_MAGNITUDES, 2, 0},
    {AD_OP_RESIZE2D, make_resize, plain_resize, 1e-6, OF_LARGEST_SUM, 2, 0},
    {AD_OP_RESIZE2D_GRAD, make_resize, plain_resize, 1e-6, OF_LARGEST_SUM, 2, 0},
    {AD_OP_SOFTMAX, make_softmax, NULL, 6e-6, OF_VALUE, 2, 0},
    {AD_OP_LOG_SOFTMAX, make_softmax, NULL, 2e-6, OF_LARGEST, 2, 0},
    {AD_OP_CROSS_ENTROPY, make_cross_entropy, NULL, 3e-6, OF_LARGEST, 2, 0},
    {AD_OP_CROSS_ENTROPY_GRAD, make_cross_entropy, NULL, 3e-6, OF_LARGEST, 2, 0},
    {AD_OP_NORMALIZE, make_normalize, NULL, 1e-5, OF_LARGEST, 2, 0},
    {AD_OP_NORMALIZE_GRAD, make_normalize, NULL, 1e-5, OF_LARGEST, 2, 0},
    {AD_OP_ATTENTION, make_attention, NULL, 3e-6, OF_LARGEST, 1, 0},
    {AD_OP_ATTENTION_GRAD, make_attention_grad, NULL, 3e-6, OF_LARGEST, 1, 0},
    {AD_OP_RANDOM_UNIFORM, make_noise, plain_noise, 0, OF_VALUE, 1, 0},
    {AD_OP_RANDOM_NORMAL, make_noise, plain_noise, 0, OF_VALUE, 1, 0},
    {AD_OP_IOTA, make_iota, plain_iota, 0, OF_VALUE, 1, 0},
};
const int n_kernel_kinds = sizeof kernel_kinds / sizeof *kernel_kinds;

void make_problem(const kernel_kind *kind, solver_case *c, uint64_t seed, int medium)
{
    memset(c, 0, sizeof *c);
    const char *name = kernel_op_name(kind->op); /* its number changes when another op is added */
    solve_seed = ad_hash(seed, name, strlen(name));
    number = seed;
    kind->make(c, kind->op, medium);
    c->problem.threads = 1;
}
