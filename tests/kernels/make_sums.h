/* make_sums.h - random problems of reductions and contractions; and what all makers use. Included
 * by makers.c. */
#include "kernels.h"

static const ad_dtype reals[] = {AD_F32, AD_F32, AD_F64};

static uint64_t number; /* of the problem: one after the other go through the steps of chains */

static void random_dims(int rank, int64_t limit, int64_t *dim)
{
    static const int64_t sizes[] = {1,  2,  3,  5,  7,  8,  9,   15,  16,  17,
                                    31, 33, 64, 65, 96, 97, 127, 257, 300, 1000};
    int64_t total = 1;
    for (int i = 0; i < rank; ++i) {
        do dim[i] = sizes[solve_below(20)];
        while (total * dim[i] > limit);
        total *= dim[i];
    }
}

/* Numbers in [low, high] for every element of an input. */
static void fill(solver_case *c, int i, double low, double high)
{
    const ad_operand *o = &c->problem.in[i];
    size_t size = ad_dtype_size(o->dtype);
    for (size_t k = 0; k < c->in_bytes[i] / size; ++k)
        set_element(c->in_block[i], o->dtype, (int64_t)k,
                    ad_dtype_is_float(o->dtype) ? solve_uniform(low, high)
                                                : (double)random_in((int64_t)low, (int64_t)high));
}

static void add_filled(solver_case *c, ad_dtype dtype, int rank, const int64_t *dim, int layout,
                       unsigned broadcast, double low, double high)
{
    add_input(c, dtype, rank, dim, layout, broadcast);
    fill(c, c->problem.n_in - 1, low, high);
}

/* Some axes of an input run backwards. */
static void reverse(solver_case *c, int i)
{
    ad_operand *o = &c->problem.in[i];
    for (int axis = 0; axis < o->rank; ++axis) {
        if (solve_below(3) || o->dim[axis] == 0) continue;
        c->in[i] = (char *)c->in[i] +
                   (o->dim[axis] - 1) * o->stride[axis] * (int64_t)ad_dtype_size(o->dtype);
        o->stride[axis] = -o->stride[axis];
    }
}

/* ---- reductions ---- */

static void make_reduction(solver_case *c, int op, int medium)
{
    static const ad_dtype dtypes[][2] = {{AD_F32, AD_F32},   {AD_F32, AD_F32}, {AD_F64, AD_F64},
                                         {AD_I32, AD_I32},   {AD_I64, AD_I64}, {AD_BF16, AD_F32},
                                         {AD_BF16, AD_BF16}, {AD_F16, AD_F32}};
    int rank = (int)random_in(1, 5), layout = (int)random_in(0, 1);
    int64_t dim[AD_MAX_RANK] = {256, 1024}, kept[AD_MAX_RANK];
    const ad_dtype *d = dtypes[medium ? 0 : solve_below(8)];
    bool chain = !medium && solve_below(2), wide = d[0] == AD_F64;
    if (op == AD_OP_MEAN && !ad_dtype_is_float(d[0])) d = dtypes[0];
    if (chain && !ad_dtype_is_float(d[0])) d = dtypes[0];
    if (medium)
        rank = 2, layout = 0;
    else
        random_dims(rank, 20000, dim);
    c->attr.reduce = (ad_attr_reduce){.axes = medium ? 2 : solve_below(1 << rank)};
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    for (int i = 0; i < 1 + chain; ++i) {
        add_filled(c, d[0], rank, dim, layout, (unsigned)(i ? solve_below(1 << rank) : 0), -20, 20);
        if (layout && solve_below(3) == 0) reverse(c, i);
    }
    if (chain) c->chain = square_of_sum(d[0], wide ? AD_F64 : AD_F32), c->problem.chain = &c->chain;
    for (int i = 0; i < rank; ++i) kept[i] = c->attr.reduce.axes >> i & 1 ? 1 : dim[i];
    add_output(c, d[1], rank, kept, layout);
    for (int i = 0; i < rank; ++i)
        if (c->attr.reduce.axes >> i & 1) c->problem.out[0].stride[i] = 0;
}

static void make_argmax(solver_case *c, int op, int medium)
{
    static const ad_dtype dtypes[] = {AD_F32, AD_F64, AD_I32, AD_I64};
    int64_t dim[AD_MAX_RANK] = {64, 1024, 1}, kept[AD_MAX_RANK];
    int rank = medium ? 2 : (int)random_in(1, 3), axis = medium ? 1 : (int)solve_below(rank), n = 0;
    if (!medium) random_dims(rank, 10000, dim);
    c->attr.axis = (ad_attr_axis){.axis = axis};
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    add_filled(c, medium ? AD_F32 : dtypes[solve_below(4)], rank, dim, 0, 0, -9, 9);
    for (int i = 0; i < rank; ++i)
        if (i != axis) kept[n++] = dim[i];
    add_output(c, AD_I32, n, kept, 0);
}

/* ---- contractions ---- */

static void make_matmul(solver_case *c, int op, int medium)
{
    static const ad_dtype dtypes[][3] = {
        {AD_F32, AD_F32, AD_F32},   {AD_F32, AD_F32, AD_F32},    {AD_F64, AD_F64, AD_F64},
        {AD_BF16, AD_BF16, AD_F32}, {AD_BF16, AD_BF16, AD_BF16}, {AD_F16, AD_F16, AD_F16},
        {AD_F32, AD_BF16, AD_F32},
    };
    matmul_shape s = solve_below(3) ? random_matmul(solve_below(3) ? 40 : 110) : thin_matmul();
    (void)op;
    if (solve_below(12) == 0) s = streamed_matmul();
    if (medium) s = (matmul_shape){.batch = {1, 1}, .m = medium == 1 ? 192 : 1, .n = 192, .k = 192};
    if (medium == 4) s.n = s.k = 600;
    matmul_case(c, &s, dtypes[medium ? 0 : solve_below(7)],
                medium ? EPILOGUE_NONE : (int)random_in(0, EPILOGUES - 1),
                medium ? 0 : (int)random_in(0, 1));
    for (int i = 0; i < 2 && !medium; ++i)
        if (solve_below(6) == 0) reverse(c, i);
}

/* Rows of blocks, with scales of both signs. */
static void make_quantized(solver_case *c, int op, int medium)
{
    static const int64_t blocks[] = {1, 2, 3, 5, 15, 16, 17, 33};
    bool product = op == AD_OP_QUANTIZED_LINEAR;
    ad_quantized form = (ad_quantized)solve_below(AD_QUANTIZED_FORMS);
    int64_t k = AD_BLOCK * (medium ? 24 : blocks[solve_below(8)]), m = random_in(1, 9);
    int64_t n = medium ? 600 : random_in(1, 110), block = ad_quantized_bytes(form, AD_BLOCK);
    if (medium ? medium == 1 : !solve_below(4)) m = medium ? 64 : random_in(60, 140);
    c->attr.quantized = (ad_attr_quantized){form};
    c->problem = (ad_problem){.op = op, .attr = &c->attr};
    if (product) add_input(c, AD_F32, 2, (int64_t[]){m, k}, 0, 0);
    add_filled(c, AD_U8, 2, (int64_t[]){n, k / AD_BLOCK * block}, 0, 0, 0, 255);
    unsigned char *at = c->in_block[c->problem.n_in - 1];
    for (int64_t b = 0; b < n * k / AD_BLOCK; ++b, at += block)
        at[1] = (unsigned char)(random_in(0x14, 0x38) | (solve_below(2) ? 0x80 : 0));
    if (product)
        add_epilogue(c, medium ? EPILOGUE_NONE : (int)random_in(0, EPILOGUES - 1), AD_F32, AD_F32,
                     2, (int64_t[]){m, n}, medium ? 0 : (int)random_in(0, 1));
    else
        add_output(c, AD_F32, 2, (int64_t[]){n, k}, 0);
}

static void make_conv(solver_case *c, int op, int medium)
{
    static const ad_dtype dtypes[][2] = {{AD_F32, AD_F32}, {AD_F32, AD_F32},  {AD_F32, AD_F32},
                                         {AD_F64, AD_F64}, {AD_BF16, AD_F32}, {AD_BF16, AD_BF16},
                                         {AD_F16, AD_F16}};
    int kind = (int)solve_below(4); /* 0 and 1: mostly for solvers that want plain f32 */
    bool plain = medium || (kind < 2 && solve_below(4));
    const ad_dtype *d = dtypes[plain ? 0 : solve_below(7)];
    if (!plain && kind == 0 && solve_below(2)) d = dtypes[5];
    conv_shape s = kind > 0         ? random_conv(kind == 1 ? (int)random_in(1, 5) : 1)
                   : solve_below(2) ? random_conv_two_steps()
                                    : random_conv_3x3(random_in(0, 2), random_in(0, 2));
    if (kind == 1 && solve_below(2)) s.c = s.k = s.attr.groups = random_in(1, 40);
    if (medium)
        s = (conv_shape){.n = 1,
                         .h = 32,
                         .w = 32,
                         .c = medium == 2 ? 4 : 32,
                         .k = 32,
                         .kh = 3,
                         .kw = 3,
                         .attr = {.stride = {1, 1}, .pad = {1, 1}, .dilation = {1, 1}}};
    if (medium) s.attr.groups = medium == 3 ? 32 : 1;
    if (medium == 4) s.kh = s.kw = 4, s.attr.stride[0] = s.attr.stride[1] = 2;
    conv_case(c, &s, op, d[0], d[1], medium ? EPILOGUE_NONE : (int)random_in(0, EPILOGUES - 1),
              !plain && solve_below(2));
    for (int i = 0; i < 2 && !plain; ++i)
        if (solve_below(6) == 0) reverse(c, i);
}
