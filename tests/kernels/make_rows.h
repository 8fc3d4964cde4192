/* make_rows.h - random problems of the kernels that stand alone: padding, rows, sparse matrices,
 * windows, softmax, attention, noise. Included by makers.c. */
#include "kernels.h"

/* The inputs of a forward pass become inputs of the gradient. */
static void take_inputs(solver_case *c, const solver_case *from)
{
    for (int i = 0; i < from->problem.n_in; ++i) {
        int to = c->problem.n_in++;
        c->problem.in[to] = from->problem.in[i];
        c->in[to] = from->in[i], c->in_block[to] = from->in_block[i];
        c->in_bytes[to] = from->in_bytes[i];
    }
}

/* ---- padding, rows ---- */

static void make_pad(solver_case *c, int op, int medium)
{
    static const ad_dtype dtypes[] = {AD_F32, AD_F64, AD_BF16, AD_U8, AD_I32};
    bool reflects = op != AD_OP_PAD;
    int rank = medium ? 4 : (int)random_in(reflects, 4), layout = !medium && solve_below(2);
    int64_t small[AD_MAX_RANK] = {1, 64, 64, 32}, large[AD_MAX_RANK] = {0};
    ad_attr_pad *a = &c->attr.pad;
    *a = (ad_attr_pad){.value = reflects ? 0 : 3};
    for (int i = 0; i < rank; ++i) {
        if (!medium) small[i] = random_in(1, solve_below(4) ? 7 : 40);
        int64_t most = reflects ? small[i] - 1 : 4;
        if (medium ? i == 1 || i == 2 : solve_below(2))
            a->before[i] = medium ? 1 : random_in(0, most),
            a->after[i] = medium ? 1 : random_in(0, most);
        if (!medium && !reflects && solve_below(4) == 0) a->interior[i] = random_in(1, 2);
        large[i] = a->before[i] + small[i] + (small[i] - 1) * a->interior[i] + a->after[i];
    }
    ad_dtype dtype = medium ? AD_F32 : reflects ? reals[solve_below(3)] : dtypes[solve_below(5)];
    bool adjoint = op == AD_OP_PAD_REFLECT_GRAD;
    c->problem = (ad_problem){.op = op, .attr = a};
    add_filled(c, dtype, rank, adjoint ? large : small, layout, 0, dtype == AD_U8 ? 0 : -100, 100);
    if (layout && solve_below(3) == 0) reverse(c, 0);
    add_output(c, dtype, rank, adjoint ? small : large, layout);
}

static void make_rows(solver_case *c, int op, int medium)
{
    ad_dtype dtype = medium ? AD_F32 : reals[solve_below(3)],
             index = solve_below(2) ? AD_I32 : AD_I64;
    int64_t rows = medium ? 1000 : random_in(1, 50), count = medium ? 1000 : random_in(0, 70);
    int64_t width = medium ? 128 : random_in(1, solve_below(5) ? 40 : 3000), one = 1;
    int64_t table[2] = {rows, width}, other[2] = {count, width};
    c->attr.rows = (ad_attr_rows){.rows = rows};
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    if (op == AD_OP_GATHER) {
        add_input(c, dtype, 2, table, 0, 0);
        add_filled(c, index, 1, &count, 0, 0, -2, (double)rows + 1);
        add_output(c, dtype, 2, other, 0);
    } else if (op == AD_OP_SCATTER_ADD) {
        add_filled(c, index, 1, &count, 0, 0, -2, (double)rows + 1);
        add_input(c, dtype, 2, other, 0, 0);
        if (solve_below(2)) add_input(c, dtype, 2, table, 0, 0);
        add_output(c, dtype, 2, table, 0);
    } else { /* table, begin, rows */
        if (count == 0) count = other[0] = 1;
        add_input(c, dtype, 2, table, 0, 0);
        add_filled(c, index, 1, &one, 0, 0, medium ? 0 : (double)-count - 1,
                   medium ? 0 : (double)rows + 1);
        add_input(c, dtype, 2, other, 0, 0);
        add_output(c, dtype, 2, table, 0);
    }
}

/* ---- sparse matrices ---- */

static void make_sparse(solver_case *c, int op, int medium)
{
    pattern p = medium ? make_pattern(500, 500, 4000) : random_pattern();
    ad_dtype dtype = medium ? AD_F32 : reals[solve_below(3)];
    bool by_column = !medium && solve_below(2);
    int64_t heads = medium ? 4 : random_in(1, 9), width = random_in(1, solve_below(3) ? 20 : 150);
    if (medium) width = 32;
    if (op != AD_OP_SPARSE_MATMUL && op != AD_OP_SEGMENT_SUM) by_column = false;
    c->attr.sparse = (ad_attr_sparse){by_column};
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    for (int i = 0; i < 5; ++i) {
        add_input(c, AD_I32, 1, p.shape[i].dim, 0, 0);
        memcpy(c->in_block[i], p.data[i], (size_t)p.shape[i].dim[0] * 4);
    }
    int64_t to = by_column ? p.columns : p.rows, from = by_column ? p.rows : p.columns;
    int64_t value[2] = {p.entries, heads}, x[3] = {from, heads, width}, y[3] = {to, heads, width};
    int64_t entry[2] = {p.entries, width}, segment[2] = {to, width};
    switch (op) {
    case AD_OP_SPARSE_MATMUL:
        add_input(c, dtype, 2, value, 0, 0), add_input(c, dtype, 3, x, 0, 0);
        add_output(c, dtype, 3, y, 0);
        break;
    case AD_OP_SPARSE_DOT:
        add_input(c, dtype, 3, y, 0, 0), add_input(c, dtype, 3, x, 0, 0);
        add_output(c, dtype, 2, value, 0);
        break;
    default:
        add_input(c, dtype, 2, entry, 0, 0);
        add_output(c, dtype, 2, op == AD_OP_SEGMENT_SOFTMAX ? entry : segment, 0);
    }
    free_pattern(&p);
}

/* ---- attention over the edges of a graph ---- */

extern const ad_solver ad_solver_graph_attention_scalar;

/* Entry e comes from a node that is not there, so no column has it. */
static void from_nowhere(solver_case *c, int64_t entries, int64_t columns, int64_t e)
{
    int32_t *column = c->in_block[2], *start = c->in_block[3], *order = c->in_block[4];
    int64_t at = start[column[e]];
    while (order[at] != e) ++at;
    memmove(order + at, order + at + 1, (size_t)(entries - at - 1) * sizeof *order);
    order[entries - 1] = (int32_t)e;
    for (int64_t j = column[e] + 1; j <= columns; ++j) --start[j];
    column[e] = (int32_t)columns;
}

static int64_t add_graph(solver_case *c, int medium, int64_t *values)
{
    static const int64_t heads_of[] = {1, 2, 3, 8, 8, 16, 17}, widths[] = {1, 4, 7, 8, 16, 40};
    int64_t nodes = 1 + solve_below(200), edges = solve_below(4) ? solve_below(2000) : 0;
    pattern p = medium ? make_pattern(500, 500, 4000) : make_pattern(nodes, nodes, edges);
    int64_t heads = medium ? 8 : heads_of[solve_below(7)], n = p.rows;
    int64_t width = medium ? 8 : widths[solve_below(6)];
    c->attr.scalar = (ad_attr_scalar){.a = 0.25};
    for (int i = 0; i < 5; ++i) {
        add_input(c, AD_I32, 1, p.shape[i].dim, 0, 0);
        memcpy(c->in_block[i], p.data[i], (size_t)p.shape[i].dim[0] * 4);
    }
    if (p.entries && !medium && solve_below(4) == 0)
        from_nowhere(c, p.entries, n, solve_below(p.entries));
    add_filled(c, AD_F32, 3, (int64_t[]){n, 2, heads}, 0, 0, -3, 3);
    add_input(c, AD_F32, 3, (int64_t[]){n, heads, width}, 0, 0);
    if (medium || solve_below(2))
        add_filled(c, AD_F32, 2, (int64_t[]){p.entries, heads}, 0, 0, 0, 2);
    *values = n * heads * width;
    int64_t size = *values + p.entries * heads;
    free_pattern(&p);
    return size;
}

static void make_graph_attention(solver_case *c, int op, int medium)
{
    int64_t values;
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    int64_t size = add_graph(c, medium, &values);
    add_output(c, AD_F32, 1, &size, 0);
}

/* The operands, the result of the forward pass, and g. */
static void make_graph_attention_grad(solver_case *c, int op, int medium)
{
    solver_case forward;
    int64_t values;
    memset(&forward, 0, sizeof forward);
    forward.problem = (ad_problem){.op = AD_OP_GRAPH_ATTENTION, .attr = &forward.attr};
    int64_t size = add_graph(&forward, medium, &values);
    add_output(&forward, AD_F32, 1, &size, 0);
    run_solver(&ad_solver_graph_attention_scalar, &forward, 1, false);
    c->attr = forward.attr;
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    take_inputs(c, &forward);
    add_input(c, AD_F32, 1, &size, 0, 0);
    memcpy(c->in_block[c->problem.n_in - 1], forward.out_block[0], forward.out_bytes[0]);
    free(forward.out_block[0]);
    add_input(c, AD_F32, 1, &values, 0, 0);
    int64_t gradient = solve_count(&c->problem.in[5]) + values;
    add_output(c, AD_F32, 1, &gradient, 0);
}

/* ---- windows ---- */

static void make_pool(solver_case *c, int op, int medium)
{
    ad_dtype dtype = medium ? AD_F32 : reals[solve_below(3)];
    int64_t in[2] = {random_in(1, 13), random_in(1, 13)}, channels = random_in(1, 20);
    ad_attr_pool *a = &c->attr.pool;
    if (!medium && solve_below(4) == 0) channels = random_in(1, 140);
    if (medium) {
        in[0] = in[1] = 64, channels = 32;
        *a = (ad_attr_pool){.size = {2, 2}, .stride = {2, 2}, .out = {32, 32}, .in = {64, 64}};
    } else {
        random_window(a, in);
    }
    int64_t n = medium ? 1 : random_in(1, 2), x[4] = {n, in[0], in[1], channels},
            y[4] = {n, a->out[0], a->out[1], channels};
    bool grows = op == AD_OP_MAX_POOL2D_GRAD || op == AD_OP_AVG_POOL2D_GRAD;
    c->problem = (ad_problem){.op = op, .attr = a};
    if (op != AD_OP_AVG_POOL2D_GRAD) add_input(c, dtype, 4, x, 0, 0);
    if (grows) add_input(c, dtype, 4, y, 0, 0);
    if (op == AD_OP_MAX_POOL2D_SELECT) add_input(c, dtype, 4, x, 0, 0);
    int64_t count = n * in[0] * in[1] * channels;
    for (int64_t i = 0; i < count / 4 && op != AD_OP_AVG_POOL2D_GRAD; ++i) /* ties */
        set_element(c->in_block[0], dtype, solve_below(count), 0.75);
    add_output(c, dtype, 4, grows ? x : y, 0);
}

static void make_resize(solver_case *c, int op, int medium)
{
    ad_dtype dtype = medium ? AD_F32 : reals[solve_below(3)];
    int64_t x[4] = {random_in(1, 2), random_in(1, 12), random_in(1, 12), random_in(1, 40)};
    int64_t size[2] = {random_in(1, 20), random_in(1, 20)};
    if (medium) x[0] = 1, x[1] = x[2] = 32, x[3] = 32, size[0] = size[1] = 64;
    int64_t y[4] = {x[0], size[0], size[1], x[3]};
    bool adjoint = op == AD_OP_RESIZE2D_GRAD;
    c->attr.resize = (ad_attr_resize){.size = {adjoint ? x[1] : y[1], adjoint ? x[2] : y[2]},
                                      .mode = medium ? AD_BILINEAR : random_in(0, 2)};
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    add_input(c, dtype, 4, adjoint ? y : x, 0, 0);
    add_output(c, dtype, 4, adjoint ? x : y, 0);
}

/* ---- softmax, losses, normalisation ---- */

static void make_softmax(solver_case *c, int op, int medium)
{
    ad_dtype dtype = medium ? AD_F32 : reals[solve_below(3)];
    int64_t dim[AD_MAX_RANK] = {64, 1000};
    int rank = medium ? 2 : (int)random_in(1, 4);
    if (!medium) random_dims(rank, 20000, dim);
    c->attr.axis = (ad_attr_axis){.axis = medium ? 1 : solve_below(rank)};
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    add_filled(c, dtype, rank, dim, 0, 0, -30, 30);
    add_output(c, dtype, rank, dim, 0);
}

static void make_cross_entropy(solver_case *c, int op, int medium)
{
    ad_dtype dtype = medium ? AD_F32 : reals[solve_below(3)];
    int64_t rows = medium ? 64 : random_in(1, 60);
    int64_t classes = medium ? 1000 : random_in(1, solve_below(4) ? 40 : 3000);
    int64_t logits[2] = {rows, classes};
    bool gradient = op == AD_OP_CROSS_ENTROPY_GRAD;
    c->problem = (ad_problem){.op = op};
    add_filled(c, dtype, 2, logits, 0, 0, -10, 10);
    add_filled(c, solve_below(2) ? AD_I32 : AD_I64, 1, &rows, 0, 0, -1, (double)classes);
    if (gradient) add_filled(c, dtype, 1, &rows, 0, 0, -2, 2);
    add_output(c, dtype, gradient ? 2 : 1, gradient ? logits : &rows, 0);
}

static void make_normalize(solver_case *c, int op, int medium)
{
    static const int64_t axes[] = {8, 6, 7, 22, 1, 15, 12, 3, 22, 14};
    ad_dtype dtype = medium ? AD_F32 : reals[solve_below(3)];
    int64_t dim[5] = {random_in(1, 4), random_in(1, 9), random_in(1, 9), random_in(1, 40),
                      random_in(1, 9)};
    int64_t reduced = medium ? 8 : axes[solve_below(10)];
    int rank = reduced == 22 ? 5 : 4; /* group norm: [n, h, w, groups, channels of a group] */
    if (medium) dim[0] = 1, dim[1] = dim[2] = 16, dim[3] = 256;
    c->attr.reduce = (ad_attr_reduce){.axes = reduced, .eps = 1e-2};
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    add_filled(c, dtype, rank, dim, 0, 0, -1, 3);
    if (op == AD_OP_NORMALIZE_GRAD) add_input(c, dtype, rank, dim, 0, 0);
    add_output(c, dtype, rank, dim, 0);
}

/* ---- attention ---- */

extern const ad_solver ad_solver_attention_scalar;

/* `count` places that do not fall, from 0 or 1 to the end or one before. */
static void add_places(solver_case *c, int64_t count, int64_t time)
{
    add_input(c, AD_I32, 1, &count, 0, 0);
    int32_t *begin = c->in_block[c->problem.n_in - 1];
    begin[0] = time > 1 && solve_below(2);
    for (int64_t i = 1; i < count; ++i)
        begin[i] = begin[i - 1] + (int32_t)solve_below(time - begin[i - 1] + 1);
    if (solve_below(2)) begin[count - 1] = (int32_t)time;
    ++c->attr.attention.ragged;
}

/* Sequences of queries, and now and then of keys, which there must be where they differ in number.
 */
static void add_sequences(solver_case *c, int64_t time, int64_t keys)
{
    int64_t count = random_in(2, 6);
    bool crossed = keys != time || (!c->attr.attention.causal && solve_below(2));
    add_places(c, count, time);
    if (crossed) add_places(c, count, keys);
}

/* q, k and v, apart or side by side, in memory heads before time at times. */
static int64_t add_heads(solver_case *c, int medium, int64_t *batch, int64_t *time)
{
    static const int64_t dims[] = {1, 3, 8, 16, 17, 32, 40, 64, 100, 128};
    static const int64_t times[] = {1, 2, 3, 7, 8, 16, 33, 63, 64, 65, 127, 130};
    bool packed = medium || solve_below(2), turned = solve_below(2);
    int64_t dim = medium ? 64 : dims[solve_below(10)], keys = 128;
    ad_attr_attention *a = &c->attr.attention;
    *a = (ad_attr_attention){.kv_heads = medium ? 4 : random_in(1, 3)};
    a->heads = a->kv_heads * (medium ? 1 : random_in(1, 2));
    a->scale = 1 / sqrt((double)dim), a->causal = medium || solve_below(2);
    *batch = medium ? 1 : random_in(1, 3), *time = medium ? 128 : times[solve_below(12)];
    if (packed) {
        add_filled(c, AD_F32, 3, (int64_t[]){*batch, *time, (a->heads + 2 * a->kv_heads) * dim}, 0,
                   0, -2, 2);
        return dim;
    }
    keys = *time + times[solve_below(12)] - 1;
    if (!a->causal && solve_below(2)) keys = 1 + keys / 3;
    if (*batch == 1 && solve_below(2)) keys = *time;
    for (int i = 0; i < 3; ++i) {
        int64_t length = i ? keys : *time, heads = i ? a->kv_heads : a->heads;
        add_filled(c, AD_F32, 4, (int64_t[]){*batch, length, heads, dim}, 0, 0, -2, 2);
        ad_operand *o = &c->problem.in[c->problem.n_in - 1];
        if (turned) o->stride[1] = dim, o->stride[2] = length * dim;
    }
    if (*batch == 1 && (keys == *time || (!a->causal && solve_below(2))))
        add_sequences(c, *time, keys);
    return dim;
}

static void make_attention(solver_case *c, int op, int medium)
{
    int64_t batch, time, one = 1;
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    int64_t dim = add_heads(c, medium, &batch, &time);
    const ad_attr_attention *a = &c->attr.attention;
    if (c->problem.n_in == 3 && a->causal && solve_below(3) == 0)
        add_filled(c, AD_I32, 1, &one, 0, 0, 0, 5);
    int64_t size = batch * time * a->heads * (dim + 1);
    add_output(c, AD_F32, 1, &size, 0);
}

/* g, the operands, and the result of the forward pass. */
static void make_attention_grad(solver_case *c, int op, int medium)
{
    solver_case forward;
    int64_t batch, time, total = 0;
    memset(&forward, 0, sizeof forward);
    forward.problem = (ad_problem){.op = AD_OP_ATTENTION, .attr = &forward.attr};
    int64_t dim = add_heads(&forward, medium, &batch, &time);
    const ad_attr_attention *a = &forward.attr.attention;
    int64_t values = batch * time * a->heads * dim, size = values + batch * time * a->heads;
    add_output(&forward, AD_F32, 1, &size, 0);
    run_solver(&ad_solver_attention_scalar, &forward, 1, false);
    c->attr = forward.attr;
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    add_input(c, AD_F32, 1, &values, 0, 0);
    take_inputs(c, &forward);
    for (int i = 0; i < forward.problem.n_in && i < 3; ++i)
        total += solve_count(&forward.problem.in[i]);
    add_input(c, AD_F32, 1, &size, 0, 0);
    memcpy(c->in_block[c->problem.n_in - 1], forward.out_block[0], forward.out_bytes[0]);
    free(forward.out_block[0]);
    if (forward.problem.n_in == 1)
        add_output(c, AD_F32, 3, forward.problem.in[0].dim, 0);
    else
        add_output(c, AD_F32, 1, &total, 0);
}

/* ---- numbers from nothing ---- */

static void make_noise(solver_case *c, int op, int medium)
{
    static const ad_dtype dtypes[] = {AD_F32, AD_F64, AD_BF16, AD_F16};
    int64_t two = 2, n = medium ? 100000 : random_in(0, 3000);
    c->attr.leaf = (ad_attr_leaf){.stream = random_in(0, 100)};
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    add_filled(c, AD_I64, 1, &two, 0, 0, 0, 1e15);
    add_output(c, dtypes[medium ? 0 : solve_below(4)], 1, &n, 0);
}

static void make_iota(solver_case *c, int op, int medium)
{
    static const ad_dtype dtypes[] = {AD_F32, AD_F64, AD_I32, AD_I64};
    int rank = medium ? 2 : (int)random_in(1, 4);
    int64_t dim[AD_MAX_RANK] = {64, 1000};
    if (!medium) random_dims(rank, 5000, dim);
    c->attr.leaf = (ad_attr_leaf){.axis = medium ? 1 : solve_below(rank)};
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    add_output(c, dtypes[medium ? 0 : solve_below(4)], rank, dim, !medium && solve_below(2));
}
