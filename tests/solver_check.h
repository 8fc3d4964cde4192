/* solver_check.h - holds solvers against references: a problem with random data in operands of
 * random layout, and runs of any solver on it.
 *
 * For contractions (matmul, convolutions) the test computes the bare result and the sum of the
 * magnitudes that went into each element, in double; here the epilogue is applied to that, the
 * solver is run with several thread counts, and the bits and the values compared. */
#ifndef AD_TESTS_SOLVER_CHECK_H
#define AD_TESTS_SOLVER_CHECK_H

#include "base/half.h"
#include "device/cpu/isa.h"
#include "solve.h"

static inline int64_t random_in(int64_t low, int64_t high)
{
    return low + solve_below(high - low + 1);
}

typedef struct solver_case {
    ad_problem problem;
    ad_chain chain;
    union {
        ad_attr_leaf leaf;
        ad_attr_pad pad;
        ad_attr_axis axis;
        ad_attr_reduce reduce;
        ad_attr_matmul matmul;
        ad_attr_quantized quantized;
        ad_attr_conv conv;
        ad_attr_pool pool;
        ad_attr_resize resize;
        ad_attr_attention attention;
        ad_attr_rows rows;
        ad_attr_sparse sparse;
        ad_attr_scalar scalar;
    } attr;                                                    /* for problem.attr to point to */
    void *in[AD_PROBLEM_INPUTS], *in_block[AD_PROBLEM_INPUTS]; /* element 0; what to free */
    void *out[AD_CHAIN_OUTPUTS], *out_block[AD_CHAIN_OUTPUTS];
    size_t in_bytes[AD_PROBLEM_INPUTS], out_bytes[AD_CHAIN_OUTPUTS];
} solver_case;

static inline double get_element(const void *data, ad_dtype dtype, int64_t at)
{
    if (dtype == AD_F64) return ((const double *)data)[at];
    if (dtype == AD_BF16) return ad_bf16_to_f32(((const uint16_t *)data)[at]);
    if (dtype == AD_F16) return ad_f16_to_f32(((const uint16_t *)data)[at]);
    if (dtype == AD_F32) return ((const float *)data)[at];
    return solve_get(&(ad_operand){.dtype = dtype},
                     (const char *)data + at * (int64_t)ad_dtype_size(dtype), 0);
}

static inline void set_element(void *data, ad_dtype dtype, int64_t at, double value)
{
    if (dtype == AD_F64)
        ((double *)data)[at] = value;
    else if (dtype == AD_BF16)
        ((uint16_t *)data)[at] = ad_f32_to_bf16((float)value);
    else if (dtype == AD_F16)
        ((uint16_t *)data)[at] = ad_f32_to_f16((float)value);
    else if (dtype == AD_F32)
        ((float *)data)[at] = (float)value;
    else
        solve_set(&(ad_operand){.dtype = dtype}, (char *)data + at * (int64_t)ad_dtype_size(dtype),
                  0, value);
}

/* An operand of these dims. layout 0: contiguous; 1: axes in random order with gaps between rows.
 * Axes in the mask `broadcast` get stride 0. Returns the elements that it spans. */
static inline int64_t make_operand(ad_operand *o, ad_dtype dtype, int rank, const int64_t *dim,
                                   int layout, unsigned broadcast)
{
    int order[AD_MAX_RANK];
    int64_t span = 1;
    *o = (ad_operand){.dtype = dtype, .rank = rank};
    for (int i = 0; i < rank; ++i) order[i] = i, o->dim[i] = dim[i];
    if (layout)
        for (int i = rank - 1; i > 0; --i) {
            int j = (int)random_in(0, i), t = order[i];
            order[i] = order[j], order[j] = t;
        }
    for (int i = rank - 1; i >= 0; --i) {
        int axis = order[i];
        if (broadcast >> axis & 1) continue;
        o->stride[axis] = span;
        span = span * dim[axis] + (layout ? random_in(0, 3) : 0);
    }
    return span;
}

enum { GUARD = 64 }; /* bytes of 0x5a behind every operand */

static inline void fill_operand(const ad_operand *o, int64_t span, void **block, void **data,
                                size_t *bytes)
{
    size_t size = ad_dtype_size(o->dtype);
    *bytes = (size_t)(span ? span : 1) * size;
    *data = *block = aligned_alloc(64, (*bytes + 63) / 64 * 64 + GUARD);
    memset((char *)*block + *bytes, 0x5a, GUARD);
    for (int64_t i = 0; i < span; ++i) set_element(*data, o->dtype, i, solve_uniform(-1, 1));
}

static inline void add_input(solver_case *c, ad_dtype dtype, int rank, const int64_t *dim,
                             int layout, unsigned broadcast)
{
    int i = c->problem.n_in++;
    int64_t span = make_operand(&c->problem.in[i], dtype, rank, dim, layout, broadcast);
    fill_operand(&c->problem.in[i], span, &c->in_block[i], &c->in[i], &c->in_bytes[i]);
}

static inline void add_output(solver_case *c, ad_dtype dtype, int rank, const int64_t *dim,
                              int layout)
{
    int i = c->problem.n_out++;
    int64_t span = make_operand(&c->problem.out[i], dtype, rank, dim, layout, 0);
    fill_operand(&c->problem.out[i], span, &c->out_block[i], &c->out[i], &c->out_bytes[i]);
}

enum { EPILOGUE_NONE, EPILOGUE_BIAS, EPILOGUE_BIAS_RELU, EPILOGUE_MASK_ADD, EPILOGUES };

/* Adds the result and an epilogue's operands. MASK_ADD: acc * mask + residual, and acc itself as
 * the second output. */
static inline void add_epilogue(solver_case *c, int kind, ad_dtype accumulator, ad_dtype result,
                                int rank, const int64_t *dim, int layout)
{
    unsigned leading = (1u << (rank - 1)) - 1;
    add_output(c, result, rank, dim, layout);
    if (kind == EPILOGUE_NONE) return;
    uint8_t type = (uint8_t)accumulator;
    ad_chain *chain = &c->chain;
    *chain = (ad_chain){.n_inputs = 2, .n_outputs = 1, .n_registers = 8};
    chain->input[0] = chain->input[1] = accumulator;
    chain->output[0] = result;
    if (kind == EPILOGUE_MASK_ADD) {
        ad_dtype mask = accumulator == AD_F64 ? AD_F64 : AD_BF16;
        chain->n_inputs = 3, chain->n_outputs = 2, chain->input[2] = mask;
        chain->step[0] = (ad_chain_step){
            .op = AD_OP_MUL, .type = type, .to = type, .dst = 3, .src = {0, 2}, .n_src = 2};
        chain->step[1] = (ad_chain_step){
            .op = AD_OP_ADD, .type = type, .to = type, .dst = 4, .src = {3, 1}, .n_src = 2};
        chain->n_steps = 2, chain->output_register[0] = 4;
        chain->output[1] = accumulator, chain->output_register[1] = 0;
        add_input(c, accumulator, rank, dim, layout, 0);
        add_input(c, mask, rank, dim, layout, 0);
        add_output(c, accumulator, rank, dim, 0);
    } else {
        chain->step[0] = (ad_chain_step){
            .op = AD_OP_ADD, .type = type, .to = type, .dst = 2, .src = {0, 1}, .n_src = 2};
        chain->step[1] = (ad_chain_step){
            .op = AD_OP_RELU, .type = type, .to = type, .dst = 3, .src = {2}, .n_src = 1};
        chain->n_steps = kind == EPILOGUE_BIAS ? 1 : 2;
        chain->output_register[0] = kind == EPILOGUE_BIAS ? 2 : 3;
        add_input(c, accumulator, rank, dim, 0, leading);
    }
    c->problem.chain = chain;
}

static inline void free_case(solver_case *c)
{
    for (int i = 0; i < c->problem.n_in; ++i) free(c->in_block[i]);
    for (int i = 0; i < c->problem.n_out; ++i) free(c->out_block[i]);
}

/* Position number `index` (row-major over dim) as an offset into an operand. */
static inline int64_t offset_of(const ad_operand *o, int64_t index)
{
    int64_t offset = 0;
    for (int axis = o->rank - 1; axis >= 0; --axis) {
        offset += index % o->dim[axis] * o->stride[axis];
        index /= o->dim[axis];
    }
    return offset;
}

/* The elements of input `i` in row-major order, to be freed: what a reference reads again and
 * again. */
static inline double *elements_of(const solver_case *c, int i)
{
    const ad_operand *o = &c->problem.in[i];
    int64_t count = 1;
    for (int axis = 0; axis < o->rank; ++axis) count *= o->dim[axis];
    double *values = malloc((size_t)count * sizeof *values + 1);
    for (int64_t k = 0; values && k < count; ++k)
        values[k] = get_element(c->in[i], o->dtype, offset_of(o, k));
    return values;
}

static inline double rounding(ad_dtype dtype)
{
    return dtype == AD_F64    ? 0x1p-52
           : dtype == AD_BF16 ? 0x1p-8
           : dtype == AD_F16  ? 0x1p-11
                              : 0x1p-23;
}

/* Runs the solver into fresh outputs; false if it declines. */
static inline bool run_solver(const ad_solver *solver, solver_case *c, int threads, bool pack)
{
    ad_machine machine = {.flops_f32 = 1e11,
                          .flops_f64 = 5e10,
                          .flops_bf16 = 2e11,
                          .bandwidth = 1e10,
                          .overhead = 5e-6,
                          .threads = threads};
    ad_problem *p = &c->problem;
    p->threads = threads;
    if (solver->bid(p, &machine) < 0) return false;
    ad_pool *pool = threads > 1 ? ad_pool_new(threads) : NULL;
    size_t bytes = solver->workspace ? solver->workspace(p) : 0, packed = 0;
    if (pack && solver->packed) packed = solver->packed(p);
    void *workspace = aligned_alloc(64, (bytes + 127) / 64 * 64);
    void *constant = packed ? aligned_alloc(64, (packed + 63) / 64 * 64) : NULL;
    memset(workspace, 0xff, bytes); /* NaN: nothing may rely on its contents */
    if (packed) {
        memset(constant, 0xff, packed);
        solver->pack(p, c->in[1], constant, workspace, pool);
    }
    ad_run_args args = {
        .in = c->in, .out = c->out, .workspace = workspace, .packed = constant, .pool = pool};
    for (int i = 0; i < p->n_out; ++i) memset(c->out_block[i], 0xff, c->out_bytes[i]);
    solver->run(p, &args);
    ad_pool_free(pool);
    free(workspace), free(constant);
    return true;
}

/* Compares outputs with the epilogue of `want`; `scale`: sums of magnitudes. Returns the largest
 * error in units of the tolerance. */
static inline double contraction_error(const solver_case *c, int kind, ad_dtype accumulator,
                                       const double *want, const double *scale, double tolerance)
{
    const ad_problem *p = &c->problem;
    int64_t count = 1;
    double worst = 0;
    for (int axis = 0; axis < p->out[0].rank; ++axis) count *= p->out[0].dim[axis];
    for (int64_t i = 0; i < count; ++i) {
        double value = want[i], size = scale[i] * tolerance;
        double operand[2] = {0, 0};
        for (int k = 2; k < p->n_in; ++k)
            operand[k - 2] = get_element(c->in[k], p->in[k].dtype, offset_of(&p->in[k], i));
        if (kind == EPILOGUE_BIAS || kind == EPILOGUE_BIAS_RELU) value += operand[0];
        if (kind == EPILOGUE_BIAS_RELU && value < 0) value = 0;
        if (kind == EPILOGUE_MASK_ADD) value = value * operand[1] + operand[0];
        double allowed = size + 4 * rounding(p->out[0].dtype) * (fabs(value) + fabs(operand[0])) +
                         1e-30;
        double got = get_element(c->out[0], p->out[0].dtype, offset_of(&p->out[0], i));
        double error = fabs(got - value) / allowed;
        if (!(error <= worst)) worst = error;
        if (kind == EPILOGUE_MASK_ADD) {
            got = get_element(c->out[1], accumulator, offset_of(&p->out[1], i));
            error = fabs(got - want[i]) / (size + 1e-30);
            if (!(error <= worst)) worst = error;
        }
    }
    return worst;
}

/* All of it: with and without packing the constant, 1, 2, 3 and 7 threads, same bits. False:
 * declined. */
static inline bool check_solver(const ad_solver *solver, solver_case *c, int kind,
                                ad_dtype accumulator, const double *want, const double *scale,
                                double tolerance, const char *what)
{
    const int threads[] = {2, 3, 7};
    if (!run_solver(solver, c, 1, false)) return false;
    double error = contraction_error(c, kind, accumulator, want, scale, tolerance);
    if (!(error <= 1))
        CHECK_FAIL("%s, %s: error is %.3g of what is allowed", solver->name, what, error);
    void *first[AD_CHAIN_OUTPUTS];
    for (int i = 0; i < c->problem.n_out; ++i) {
        first[i] = malloc(c->out_bytes[i]);
        memcpy(first[i], c->out_block[i], c->out_bytes[i]);
    }
    for (int t = 0; t < 3; ++t) {
        run_solver(solver, c, threads[t], t == 1);
        for (int i = 0; i < c->problem.n_out; ++i)
            if (memcmp(first[i], c->out_block[i], c->out_bytes[i]))
                CHECK_FAIL("%s, %s: %d threads%s give other bits", solver->name, what, threads[t],
                           t == 1 ? " and packing ahead" : "");
    }
    for (int i = 0; i < c->problem.n_out; ++i) free(first[i]);
    return true;
}

#endif
