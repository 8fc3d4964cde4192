/* Matrix products of every instruction set against sums in double: random shapes, layouts,
 * transposes, broadcast batches, dtypes, epilogues, thread counts. */
#include "device/cpu/gemm.h"
#include "problems.h"

#define DECLARE(isa, level, name) extern const ad_solver ad_solver_##name##_##isa;
#define ROW(isa, level, name)     {level, &ad_solver_##name##_##isa},
AD_FOR_ISAS(DECLARE, matmul)
AD_FOR_ISAS(DECLARE, matmul_direct)
static const struct {
    int level;
    const ad_solver *solver;
} solvers[] = {AD_FOR_ISAS(ROW, matmul) AD_FOR_ISAS(ROW, matmul_direct)};
enum { SOLVERS = sizeof solvers / sizeof *solvers };

static void reference(const solver_case *c, const matmul_shape *s, double *want, double *scale)
{
    const ad_problem *p = &c->problem;
    const ad_attr_matmul *attr = p->attr;
    const ad_operand *a = &p->in[0], *b = &p->in[1];
    int rank = s->batch_axes + 2, ar = rank - 2 + !!attr->transpose_a,
        br = rank - 2 + !!attr->transpose_b;
    int ac = 2 * rank - 3 - ar, bc = 2 * rank - 3 - br;
    int64_t items = s->batch[0] * s->batch[1], at = 0;
    double *row = malloc((size_t)s->k * sizeof *row + 1);
    double *columns = malloc((size_t)(s->n * s->k) * sizeof *columns + 1);
    for (int64_t item = 0; item < items; ++item) {
        int64_t a0 = 0, b0 = 0, rest = item;
        for (int axis = s->batch_axes - 1; axis >= 0; --axis) {
            a0 += rest % s->batch[axis] * a->stride[axis];
            b0 += rest % s->batch[axis] * b->stride[axis];
            rest /= s->batch[axis];
        }
        for (int64_t j = 0; j < s->n; ++j)
            for (int64_t k = 0; k < s->k; ++k)
                columns[j * s->k + k] = get_element(c->in[1], b->dtype,
                                                    b0 + k * b->stride[br] + j * b->stride[bc]);
        for (int64_t i = 0; i < s->m; ++i) {
            for (int64_t k = 0; k < s->k; ++k)
                row[k] = get_element(c->in[0], a->dtype,
                                     a0 + i * a->stride[ar] + k * a->stride[ac]);
            for (int64_t j = 0; j < s->n; ++j, ++at) {
                want[at] = scale[at] = 0;
                for (int64_t k = 0; k < s->k; ++k) {
                    double x = row[k] * columns[j * s->k + k];
                    want[at] += x, scale[at] += fabs(x);
                }
            }
        }
    }
    free(row), free(columns);
}

static void check_shape(const matmul_shape *s, const ad_dtype dtypes[3], int kind, int layout)
{
    solver_case c;
    ad_dtype accumulator = dtypes[0] == AD_F64 ? AD_F64 : AD_F32;
    matmul_case(&c, s, dtypes, kind, layout);
    size_t count = (size_t)(s->batch[0] * s->batch[1] * s->m * s->n);
    double *want = calloc(count + 1, sizeof *want), *scale = calloc(count + 1, sizeof *scale);
    reference(&c, s, want, scale);
    char what[160];
    snprintf(what, sizeof what, "[%d,%d] %dx%dx%d %s*%s->%s epilogue %d layout %d transposes %d %d",
             (int)s->batch[0], (int)s->batch[1], (int)s->m, (int)s->n, (int)s->k,
             ad_dtype_name(dtypes[0]), ad_dtype_name(dtypes[1]), ad_dtype_name(dtypes[2]), kind,
             layout, s->transpose_a, s->transpose_b);
    double tolerance = accumulator == AD_F64 ? 1e-14 : 1e-6;
    for (int i = 0; i < SOLVERS; ++i)
        if (solvers[i].level <= (int)ad_cpu_get()->isa)
            check_solver(solvers[i].solver, &c, kind, accumulator, want, scale, tolerance, what);
    free(want), free(scale);
    free_case(&c);
}

static void random_shapes(void)
{
    static const ad_dtype dtypes[][3] = {
        {AD_F32, AD_F32, AD_F32},   {AD_F32, AD_F32, AD_F32},    {AD_F64, AD_F64, AD_F64},
        {AD_BF16, AD_BF16, AD_F32}, {AD_BF16, AD_BF16, AD_BF16}, {AD_F16, AD_F16, AD_F16},
        {AD_F32, AD_BF16, AD_F32},
    };
    solve_seed = 1;
    for (int trial = 0; trial < 150; ++trial) {
        matmul_shape s = random_matmul(trial % 3 ? 40 : 110);
        check_shape(&s, dtypes[random_in(0, 6)], (int)random_in(0, EPILOGUES - 1),
                    (int)random_in(0, 1));
    }
}

/* Shapes that take every path of the blocking: several blocks of k, many tiles, chunks, thin edges.
 */
static void large_shapes(void)
{
    static const matmul_shape shapes[] = {
        {0, {1, 1}, 400, 600, 700, false, false, 0, 0},
        {0, {1, 1}, 1, 500, 900, true, false, 0, 0},
        {0, {1, 1}, 500, 1, 300, false, true, 0, 0},
        {0, {1, 1}, 3, 5, 5000, true, true, 0, 0},
        {0, {1, 1}, 300, 40, 1027, false, false, 0, 0},
        {1, {5, 1}, 64, 48, 33, true, false, 0, 0},
        {0, {1, 1}, 250, 530, 5000, false, true, 0, 0},
        {0, {1, 1}, 70, 45, 4 * 2050, true, true, 0, 0},
        {0, {1, 1}, 64, 64, 16384, false, false, 0, 0},
        {0, {1, 1}, 701, 20, 90, false, false, 0, 0}, /* small B: read where it lies */
        {0, {1, 1}, 133, 100, 70, true, false, 0, 0},
        {0, {1, 1}, 77, 300, 9, false, false, 0, 0},
        {0, {1, 1}, 61, 8, 2708, true, false, 0, 0},
    };
    solve_seed = 2;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
        matmul_shape s = shapes[i];
        if (i == 6 && ad_cpu_get()->isa == AD_ISA_SCALAR) continue;
        check_shape(&s, (ad_dtype[]){AD_F32, AD_F32, AD_F32}, (int)i % EPILOGUES, 0);
        if (s.k > 4000) continue;
        s.transpose_a = s.transpose_b = false;
        check_shape(&s, (ad_dtype[]){AD_BF16, AD_BF16, AD_F32}, 0, 0);
        s.transpose_b = true;
        check_shape(&s, (ad_dtype[]){AD_F64, AD_F64, AD_F64}, 0, 1);
    }
}

static void thin_shapes(void)
{
    static const ad_dtype dtypes[][3] = {{AD_F32, AD_F32, AD_F32},
                                         {AD_F32, AD_BF16, AD_F32},
                                         {AD_BF16, AD_BF16, AD_F32},
                                         {AD_F16, AD_F32, AD_F32}};
    solve_seed = 4;
    for (int trial = 0; trial < 100; ++trial) {
        matmul_shape s = thin_matmul();
        check_shape(&s, dtypes[random_in(0, 3)], (int)random_in(0, EPILOGUES - 1), trial % 5 == 0);
    }
    for (int trial = 0; trial < 16; ++trial) {
        matmul_shape s = streamed_matmul();
        check_shape(&s, dtypes[trial % 4], (int)random_in(0, EPILOGUES - 1), trial % 5 == 0);
    }
}

#if defined(__x86_64__)
/* bf16 dot products, which the solvers use only where they pay: the core is called with its own
 * packing. */
static void pack_bf16_a(const ad_gemm *g, int64_t item, int64_t i, int64_t rows, int64_t p,
                        int64_t depth, void *panels)
{
    ad_matrix a = ((const ad_matrix *)g->source)[0];
    (void)item;
    a.data += 2 * (i * a.row + p * a.col);
    ad_pack_a_avx512bf16(g->form, &a, rows, depth, panels);
}

static void pack_bf16_b(const ad_gemm *g, int64_t item, int64_t j, int64_t cols, int64_t p,
                        int64_t depth, void *panels)
{
    ad_matrix b = ((const ad_matrix *)g->source)[1];
    (void)item;
    b.data += 2 * (j * b.row + p * b.col);
    ad_pack_b_avx512bf16(g->form, &b, cols, depth, panels);
}

static void bf16_panels(void)
{
    enum { M = 75, N = 83, K = 1027 };
#if defined(__aarch64__)
    return;
#else
    if (ad_cpu_get()->isa < AD_ISA_AVX512BF16) return;
#endif
    solve_seed = 5;
    for (int form = 0; form < 4; ++form) {
        bool ta = form & 1, tb = form & 2;
        matmul_shape s = {.batch = {1, 1}, .m = M, .n = N, .k = K};
        ad_attr_matmul attr = {.transpose_a = ta, .transpose_b = tb};
        solver_case c = {.problem = {.op = AD_OP_MATMUL, .attr = &attr}};
        add_input(&c, AD_BF16, 2, ta ? (int64_t[]){K, M} : (int64_t[]){M, K}, 0, 0);
        add_input(&c, AD_BF16, 2, tb ? (int64_t[]){N, K} : (int64_t[]){K, N}, 0, 0);
        add_epilogue(&c, EPILOGUE_NONE, AD_F32, AD_F32, 2, (int64_t[]){M, N}, 0);
        static double want[M * N], scale[M * N];
        reference(&c, &s, want, scale);
        ad_matrix source[2] = {{c.in[0], AD_BF16, ta ? 1 : K, ta ? M : 1},
                               {c.in[1], AD_BF16, tb ? K : 1, tb ? 1 : N}};
        ad_gemm gemm = {.form = AD_BF16,
                        .items = 1,
                        .m = M,
                        .n = N,
                        .k = K,
                        .shared_b = true,
                        .row_step = M,
                        .pack_a = pack_bf16_a,
                        .pack_b = pack_bf16_b,
                        .source = source};
        ad_run_args args = {.in = c.in, .out = c.out};
        ad_finish finish;
        ad_finish_prepare_avx512bf16(&finish, &c.problem, &args, AD_F32);
        void *workspace = aligned_alloc(64,
                                        (ad_gemm_workspace_avx512bf16(&gemm, 1) + 63) / 64 * 64);
        ad_gemm_run_avx512bf16(&gemm, &finish, NULL, workspace, 1, NULL);
        CHECK(contraction_error(&c, EPILOGUE_NONE, AD_F32, want, scale, 1e-6) <= 1);
        free(workspace);
        free_case(&c);
    }
}
#else
static void bf16_panels(void) {}
#endif

static void empty_shapes(void)
{
    const ad_dtype f32[3] = {AD_F32, AD_F32, AD_F32};
    solve_seed = 3;
    check_shape(&(matmul_shape){0, {1, 1}, 5, 7, 0, 0, 0, 0, 0}, f32, EPILOGUE_NONE, 0);
    check_shape(&(matmul_shape){0, {1, 1}, 5, 7, 0, 0, 0, 0, 0}, f32, EPILOGUE_BIAS, 0);
    check_shape(&(matmul_shape){0, {1, 1}, 0, 7, 3, 0, 0, 0, 0}, f32, EPILOGUE_NONE, 0);
    check_shape(&(matmul_shape){1, {0, 1}, 4, 7, 3, 0, 0, 0, 0}, f32, EPILOGUE_NONE, 0);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(random_shapes),
                                     CASE(large_shapes),
                                     CASE(thin_shapes),
                                     CASE(bf16_panels),
                                     CASE(empty_shapes),
                                     {0}});
}
