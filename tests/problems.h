/* problems.h - random problems for the kernels' tests: chains, contractions, windows, patterns.
 *
 * What tests/unit/ holds against plain loops, and tests/kernels/ against the scalar kernels. */
#ifndef AD_TESTS_PROBLEMS_H
#define AD_TESTS_PROBLEMS_H

#include "solver_check.h"
#include "steps.h"

/* ---- elementwise chains ---- */

/* An elementwise op of so many operands that `type` has, comparisons or the others; no cast. */
static inline uint16_t random_step(ad_dtype type, int operands, bool decides)
{
    for (;;) {
        int op = (int)solve_below(AD_OPS);
        if (op != AD_OP_CAST && ad_ops[op].max_inputs == operands && step_decides(op) == decides &&
            step_exists(op, type))
            return (uint16_t)op;
    }
}

/* A random program on registers of one arithmetic type, its inputs and outputs of `memory`'s. */
static inline void random_chain(ad_chain *chain, ad_dtype type, const ad_dtype *memory,
                                int memories)
{
    *chain = (ad_chain){.n_inputs = 1 + (int)solve_below(4), .n_outputs = 1 + (int)solve_below(3)};
    int registers = chain->n_inputs;
    bool floats = ad_dtype_is_float(type);
    for (int i = 0; i < chain->n_inputs; ++i) chain->input[i] = memory[solve_below(memories)];
    chain->n_steps = (int)solve_below(8);
    for (int s = 0; s < chain->n_steps; ++s) {
        ad_chain_step *step = &chain->step[s];
        *step = (ad_chain_step){
            .type = (uint8_t)type, .to = (uint8_t)type, .a = floats ? -0.5 : -1, .b = 2};
        for (int k = 0; k < 3; ++k) step->src[k] = (uint8_t)solve_below(registers);
        int kind = (int)solve_below(5);
        if (kind == 0) {
            step->n_src = 1, step->op = random_step(type, 1, false);
        } else if (kind < 3) {
            step->n_src = 2, step->op = random_step(type, 2, false);
        } else if (kind == 3) {
            step->op = AD_OP_FILL, step->n_src = 0, step->a = (double)solve_below(5) - 2;
        } else { /* compare two, then choose */
            if (s + 1 == chain->n_steps) {
                step->n_src = 1, step->op = AD_OP_ABS;
            } else {
                step->n_src = 2, step->op = random_step(type, 2, true), step->to = AD_BOOL;
                step->dst = 30;
                step = &chain->step[++s];
                *step = (ad_chain_step){
                    .op = AD_OP_WHERE, .type = (uint8_t)type, .to = (uint8_t)type, .n_src = 3};
                step->src[0] = 30, step->src[1] = (uint8_t)solve_below(registers);
                step->src[2] = (uint8_t)solve_below(registers);
            }
        }
        bool reuse = registers > chain->n_inputs && solve_below(3) == 0;
        step->dst = (uint8_t)(reuse ? chain->n_inputs + solve_below(registers - chain->n_inputs)
                                    : registers++);
    }
    for (int o = 0; o < chain->n_outputs; ++o) {
        chain->output[o] = memory[solve_below(memories)];
        chain->output_register[o] = (uint8_t)solve_below(registers);
    }
    chain->n_registers = 31;
}

/* ---- reductions ---- */

static inline ad_operand reduced_shape(const ad_operand *domain, ad_dtype dtype, int64_t axes)
{
    ad_operand out = *domain;
    int64_t stride = 1;
    out.dtype = dtype;
    for (int i = domain->rank - 1; i >= 0; --i) {
        if (axes >> i & 1)
            out.dim[i] = 1, out.stride[i] = 0;
        else
            out.stride[i] = stride, stride *= out.dim[i];
    }
    return out;
}

/* (x + y)^2 in front of a reduction. */
static inline ad_chain square_of_sum(ad_dtype memory, ad_dtype type)
{
    uint8_t t = (uint8_t)type;
    ad_chain chain = {.n_inputs = 2,
                      .n_steps = 2,
                      .n_outputs = 1,
                      .n_registers = 4,
                      .input = {memory, memory},
                      .output = {type},
                      .output_register = {3}};
    chain.step[0] = (ad_chain_step){
        .op = AD_OP_ADD, .type = t, .to = t, .dst = 2, .src = {0, 1}, .n_src = 2};
    chain.step[1] = (ad_chain_step){
        .op = AD_OP_SQUARE, .type = t, .to = t, .dst = 3, .src = {2}, .n_src = 1};
    return chain;
}

/* ---- matrix products ---- */

typedef struct matmul_shape {
    int batch_axes;
    int64_t batch[2], m, n, k;
    bool transpose_a, transpose_b;
    unsigned broadcast_a, broadcast_b; /* masks of batch axes */
} matmul_shape;

/* Operands, result and epilogue; dtypes: of a, b and the result. */
static inline void matmul_case(solver_case *c, const matmul_shape *s, const ad_dtype dtypes[3],
                               int epilogue, int layout)
{
    int rank = s->batch_axes + 2;
    int64_t a[4], b[4], out[4];
    for (int i = 0; i < s->batch_axes; ++i) a[i] = b[i] = out[i] = s->batch[i];
    a[rank - 2] = s->transpose_a ? s->k : s->m, a[rank - 1] = s->transpose_a ? s->m : s->k;
    b[rank - 2] = s->transpose_b ? s->n : s->k, b[rank - 1] = s->transpose_b ? s->k : s->n;
    out[rank - 2] = s->m, out[rank - 1] = s->n;
    c->attr.matmul = (ad_attr_matmul){s->transpose_a, s->transpose_b};
    c->problem = (ad_problem){.op = AD_OP_MATMUL, .attr = &c->attr};
    add_input(c, dtypes[0], rank, a, layout, s->broadcast_a);
    add_input(c, dtypes[1], rank, b, layout, s->broadcast_b);
    add_epilogue(c, epilogue, dtypes[0] == AD_F64 ? AD_F64 : AD_F32, dtypes[2], rank, out, layout);
}

static inline matmul_shape random_matmul(int64_t largest)
{
    matmul_shape s = {.batch_axes = (int)random_in(0, 2), .batch = {1, 1}};
    unsigned mask = (1u << s.batch_axes) - 1;
    for (int i = 0; i < s.batch_axes; ++i) s.batch[i] = random_in(1, 3);
    s.m = random_in(1, largest), s.n = random_in(1, largest), s.k = random_in(1, largest);
    s.transpose_a = random_in(0, 1), s.transpose_b = random_in(0, 1);
    s.broadcast_a = (unsigned)random_in(0, 3) & mask;
    s.broadcast_b = (unsigned)random_in(0, 3) & mask;
    return s;
}

/* A few rows times what does not stay in a core's caches. */
static inline matmul_shape streamed_matmul(void)
{
    return (matmul_shape){.batch = {1, 1},
                          .m = random_in(1, 4),
                          .n = random_in(300, 1200),
                          .k = random_in(400, 1000),
                          .transpose_a = random_in(0, 1),
                          .transpose_b = random_in(0, 1)};
}

/* A few rows or columns: what needs no packing. */
static inline matmul_shape thin_matmul(void)
{
    matmul_shape s = {.batch_axes = (int)random_in(0, 1), .batch = {1, 1}};
    if (s.batch_axes) s.batch[0] = random_in(1, 6);
    s.m = random_in(0, 3) ? random_in(1, 9) : 1, s.n = random_in(0, 3) ? random_in(1, 300) : 1;
    s.k = random_in(1, 200);
    s.transpose_a = random_in(0, 1), s.transpose_b = random_in(0, 1);
    s.broadcast_b = (unsigned)(s.batch_axes & random_in(0, 1));
    if (random_in(0, 2) == 0) {
        int64_t t = s.m;
        s.m = s.n, s.n = t;
    }
    return s;
}

/* ---- convolutions ---- */

typedef struct conv_shape {
    int64_t n, h, w, c, k, kh, kw; /* c, k: of all groups */
    ad_attr_conv attr;
} conv_shape;

static inline int64_t conv_out(const conv_shape *s, int axis)
{
    int64_t in = axis ? s->w : s->h, taps = axis ? s->kw : s->kh;
    return (in + 2 * s->attr.pad[axis] - s->attr.dilation[axis] * (taps - 1) - 1) /
               s->attr.stride[axis] +
           1;
}

/* Operands, result and epilogue of a convolution or one of its gradients. */
static inline void conv_case(solver_case *c, const conv_shape *s, int op, ad_dtype dtype,
                             ad_dtype result, int epilogue, int layout)
{
    int64_t x[4] = {s->n, s->h, s->w, s->c}, w[4] = {s->kh, s->kw, s->c / s->attr.groups, s->k};
    int64_t y[4] = {s->n, conv_out(s, 0), conv_out(s, 1), s->k};
    bool input = op == AD_OP_CONV2D_INPUT_GRAD, weight = op == AD_OP_CONV2D_WEIGHT_GRAD;
    c->attr.conv = s->attr;
    c->attr.conv.size[0] = input ? s->h : s->kh, c->attr.conv.size[1] = input ? s->w : s->kw;
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    add_input(c, dtype, 4, input ? y : x, layout, 0);
    add_input(c, dtype, 4, weight ? y : w, layout, 0);
    add_epilogue(c, epilogue, dtype == AD_F64 ? AD_F64 : AD_F32, result, 4,
                 input    ? x
                 : weight ? w
                          : y,
                 layout);
}

static inline conv_shape random_conv(int groups)
{
    conv_shape s = {.n = random_in(1, 2),
                    .h = random_in(1, 14),
                    .w = random_in(1, 14),
                    .kh = random_in(1, 4),
                    .kw = random_in(1, 4)};
    s.attr.groups = groups;
    s.c = groups * random_in(1, 20), s.k = groups * random_in(1, 40);
    for (int i = 0; i < 2; ++i) {
        s.attr.stride[i] = random_in(1, 3), s.attr.dilation[i] = random_in(1, 3);
        s.attr.pad[i] = random_in(0, 3);
    }
    while (s.h + 2 * s.attr.pad[0] < s.attr.dilation[0] * (s.kh - 1) + 1) ++s.h;
    while (s.w + 2 * s.attr.pad[1] < s.attr.dilation[1] * (s.kw - 1) + 1) ++s.w;
    return s;
}

/* 3x3 with a stride of 1: every edge of Winograd's 4x4 tiles, channels that do not fill vectors. */
static inline conv_shape random_conv_3x3(int64_t pad_y, int64_t pad_x)
{
    return (conv_shape){
        .n = random_in(1, 2),
        .h = random_in(3, 13),
        .w = random_in(3, 40),
        .c = random_in(16, 70),
        .k = random_in(16, 70),
        .kh = 3,
        .kw = 3,
        .attr = {.stride = {1, 1}, .pad = {pad_y, pad_x}, .dilation = {1, 1}, .groups = 1}};
}

/* Filters of two steps a side: every edge of their tiles, strides, pads, leftover pixels. */
static inline conv_shape random_conv_two_steps(void)
{
    conv_shape s = random_conv_3x3(0, 0);
    bool square = solve_below(4);
    for (int i = 0; i < 2; ++i) {
        int64_t *size = i ? &s.w : &s.h;
        int64_t stride = i && square ? s.attr.stride[0] : random_in(1, 4);
        s.attr.stride[i] = stride;
        *(i ? &s.kw : &s.kh) = 2 * stride;
        s.attr.pad[i] = solve_below(2) ? random_in(0, 2 * stride - 1) : random_in(0, 1) * stride;
        *size = *size * stride + (solve_below(3) ? 0 : random_in(0, stride - 1));
    }
    if (solve_below(4) == 0) s.c = 4;
    return s;
}

/* ---- windows ---- */

/* A random pooling window on h x w that covers the input as the shape rule would have it. */
static inline void random_window(ad_attr_pool *a, const int64_t in[2])
{
    *a = (ad_attr_pool){.in = {in[0], in[1]}};
    if (solve_below(4) == 0) {
        a->adaptive = 1;
        a->out[0] = 1 + solve_below(in[0]), a->out[1] = 1 + solve_below(in[1]);
        return;
    }
    a->exclude_pad = solve_below(2);
    for (int k = 0; k < 2; ++k) {
        int64_t most = in[k] < 4 ? in[k] : 4;
        a->size[k] = 1 + solve_below(most), a->stride[k] = 1 + solve_below(3);
        a->pad[k] = solve_below(a->size[k] / 2 + 1);
        a->out[k] = (in[k] + 2 * a->pad[k] - a->size[k]) / a->stride[k] + 1;
    }
    if (solve_below(3) == 0 && in[0] > 1 && in[1] > 1) { /* the usual one */
        for (int k = 0; k < 2; ++k)
            a->size[k] = a->stride[k] = 2, a->pad[k] = 0, a->out[k] = in[k] / 2;
    }
}

/* ---- sparse matrices ---- */

/* A random pattern in all its five forms. */
typedef struct pattern {
    int64_t rows, columns, entries;
    int32_t *data[5]; /* row_start, row, column, column_start, order */
    ad_operand shape[5];
} pattern;

static inline pattern make_pattern(int64_t rows, int64_t columns, int64_t entries)
{
    pattern p = {.rows = rows, .columns = columns, .entries = entries};
    int64_t count[5] = {p.rows + 1, p.entries, p.entries, p.columns + 1, p.entries};
    for (int i = 0; i < 5; ++i) {
        p.shape[i] = DENSE(AD_I32, count[i]);
        p.data[i] = solve_memory(AD_I32, count[i]);
        memset(p.data[i], 0, (size_t)count[i] * 4);
    }
    int64_t e = 0;
    for (int64_t r = 0; r < p.rows; ++r) {
        int64_t more = solve_below(3) ? solve_below(2 * p.entries / p.rows + 2) : 0;
        if (r == p.rows - 1) more = p.entries - e;
        for (; more > 0 && e < p.entries; --more, ++e)
            p.data[1][e] = (int32_t)r, p.data[2][e] = (int32_t)solve_below(p.columns);
        p.data[0][r + 1] = (int32_t)e;
    }
    for (int64_t c = 0, at = 0; c < p.columns; ++c) {
        for (int64_t k = 0; k < p.entries; ++k)
            if (p.data[2][k] == c) p.data[4][at++] = (int32_t)k;
        p.data[3][c + 1] = (int32_t)at;
    }
    return p;
}

static inline pattern random_pattern(void)
{
    int64_t rows = 1 + solve_below(300), columns = 1 + solve_below(200);
    return make_pattern(rows, columns, solve_below(4) ? solve_below(4000) : solve_below(3));
}

static inline void free_pattern(pattern *p)
{
    for (int i = 0; i < 5; ++i) solve_free(p->data[i]);
}

#endif
