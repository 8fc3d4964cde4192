/* matmul.c - batched matrix products of any strides by the packed core (gemm.h).
 *
 * Transposes, views and broadcast batches are strides of the packing; they cost nothing extra. A
 * small result of a long sum (a Gram matrix) has too few tiles for several threads: its sum is cut
 * into equal chunks, whose partial results are added in order. Their number depends on the shape
 * alone. Where both operands of such a sum lie row by row they are not packed (gemm_across.c). */
#include "device/cpu/gemm.h"
#include "ops/attrs.h"

enum {
    WANTED_TILES = 8,
    LEAST_DEPTH = 2048,
    SUM_ROWS = 8,
    ACROSS_SIZE = 160,   /* rows and columns at most */
    ACROSS_CHUNKS = 16,  /* of a sum that is not packed */
    ACROSS_DEPTH = 4096, /* at least, in all */
};

typedef struct matmul {
    ad_gemm gemm; /* items: batch entries, or chunks of the only one */
    int64_t chunks;
    bool across; /* unpacked; gemm.k is then all of the sum */
    const ad_finish *finish;
    char *partial; /* [chunks, m, n] */
    const ad_problem *problem;
    ad_matrix a, b; /* of batch entry 0; rows of b are the columns of B */
} matmul;

/* A batch entry's place in an operand, in bytes. */
static int64_t item_offset(const ad_problem *problem, const ad_operand *operand, int64_t item)
{
    int64_t offset = 0;
    for (int axis = problem->out[0].rank - 3; axis >= 0 && item; --axis) {
        offset += item % problem->out[0].dim[axis] * operand->stride[axis];
        item /= problem->out[0].dim[axis];
    }
    return offset * (int64_t)ad_dtype_size(operand->dtype);
}

static ad_matrix part(const ad_matrix *from, int64_t offset, int64_t row, int64_t p)
{
    ad_matrix m = *from;
    m.data += offset + (row * from->row + p * from->col) * (int64_t)ad_dtype_size(from->dtype);
    return m;
}

static void pack_a(const ad_gemm *gemm, int64_t item, int64_t i, int64_t rows, int64_t p,
                   int64_t depth, void *panels)
{
    const matmul *mm = gemm->source;
    if (mm->chunks > 1) p += item * gemm->k, item = 0;
    ad_matrix a = part(&mm->a, item_offset(mm->problem, &mm->problem->in[0], item), i, p);
    if (gemm->a_steps)
        AD_ISA_NAME(ad_pack_a_steps)(&a, rows, depth, panels);
    else
        AD_ISA_NAME(ad_pack_a)(gemm->form, &a, rows, depth, panels);
}

static void pack_b(const ad_gemm *gemm, int64_t item, int64_t j, int64_t cols, int64_t p,
                   int64_t depth, void *panels)
{
    const matmul *mm = gemm->source;
    if (mm->chunks > 1) p += item * gemm->k, item = 0;
    ad_matrix b = part(&mm->b, item_offset(mm->problem, &mm->problem->in[1], item), j, p);
    AD_ISA_NAME(ad_pack_b)(gemm->form, &b, cols, depth, panels);
}

/* False: not a problem for this solver. */
static bool prepare(matmul *mm, const ad_problem *problem)
{
    const ad_operand *a = &problem->in[0], *b = &problem->in[1], *out = &problem->out[0];
    const ad_attr_matmul *attr = problem->attr;
    int rank = out->rank;
    *mm = (matmul){.problem = problem};
    if (rank < 2 || a->rank != rank || b->rank != rank) return false;
    int a_row = rank - 2 + (attr->transpose_a != 0), b_row = rank - 2 + (attr->transpose_b != 0);
    int a_col = 2 * rank - 3 - a_row, b_col = 2 * rank - 3 - b_row;
    mm->a = (ad_matrix){NULL, a->dtype, a->stride[a_row], a->stride[a_col]};
    mm->b = (ad_matrix){NULL, b->dtype, b->stride[b_col], b->stride[b_row]};
    ad_gemm *g = &mm->gemm;
    *g = (ad_gemm){.form = AD_ISA_NAME(ad_gemm_form)(a->dtype, b->dtype),
                   .items = 1,
                   .m = out->dim[rank - 2],
                   .n = out->dim[rank - 1],
                   .k = a->dim[a_col],
                   .shared_b = true,
                   .row_step = out->dim[rank - 2],
                   .pack_a = pack_a,
                   .pack_b = pack_b,
                   .source = mm,
                   .a_work = mm->a.col == 1 ? AD_PACK_A : AD_PACK_A_ACROSS,
                   .b_work = mm->b.row == 1 ? AD_PACK_B : AD_PACK_B_ACROSS};
    g->a_steps = g->form == AD_F32 && mm->a.row == 1 && mm->a.col != 1;
    if (g->a_steps) g->a_work = AD_PACK_A_STEPS;
    if (mm->b.row != 1 && g->n * g->k <= AD_PACK_NEAR) g->b_work = AD_PACK_B_ACROSS_NEAR;
    for (int axis = 0; axis < rank - 2; ++axis) {
        g->items *= out->dim[axis];
        if (out->dim[axis] > 1 && b->stride[axis]) g->shared_b = false;
    }
    mm->chunks = 1;
    mm->across = a->dtype == AD_F32 && b->dtype == AD_F32 && g->items == 1 && mm->a.row == 1 &&
                 mm->b.row == 1 && g->m <= ACROSS_SIZE && g->n <= ACROSS_SIZE &&
                 g->k >= ACROSS_DEPTH && mm->a.col > 0 && mm->b.col > 0;
    if (mm->across) {
        mm->chunks = ACROSS_CHUNKS;
        return true;
    }
    int64_t tiles = (g->m / (12 * AD_MR) + 1) * (g->n / (16 * AD_NR) + 1);
    while (g->items == 1 && tiles * mm->chunks < WANTED_TILES && g->k % 2 == 0 &&
           g->k >= 2 * LEAST_DEPTH)
        mm->chunks *= 2, g->k /= 2;
    if (mm->chunks > 1) g->items = mm->chunks, g->shared_b = false;
    return g->form != AD_DTYPES;
}

static void across_task(void *user, int64_t chunk, int worker)
{
    const matmul *mm = user;
    const ad_gemm *g = &mm->gemm;
    int64_t begin = chunk * g->k / mm->chunks, end = (chunk + 1) * g->k / mm->chunks;
    (void)worker;
    AD_ISA_NAME(ad_gemm_across)
    ((const float *)(const void *)mm->a.data + begin * mm->a.col, mm->a.col,
     (const float *)(const void *)mm->b.data + begin * mm->b.col, mm->b.col, g->m, g->n,
     end - begin, (float *)(void *)mm->partial + chunk * g->m * g->n);
}

/* Chunks are summed in place, in the first one's memory. */
static void sum_task(void *user, int64_t index, int worker)
{
    const matmul *mm = user;
    int64_t m = mm->gemm.m, n = mm->gemm.n, row = index * SUM_ROWS;
    int64_t rows = m - row < SUM_ROWS ? m - row : SUM_ROWS;
    bool f64 = mm->gemm.form == AD_F64;
    char *sum = mm->partial + row * n * (f64 ? 8 : 4);
    (void)worker;
    for (int64_t chunk = 1; chunk < mm->chunks; ++chunk) {
        const char *from = sum + chunk * m * n * (f64 ? 8 : 4);
        for (int64_t i = 0; i < rows * n; ++i) {
            if (f64)
                ((double *)sum)[i] += ((const double *)from)[i];
            else
                ((float *)sum)[i] += ((const float *)from)[i];
        }
    }
    AD_ISA_NAME(ad_finish_run)(mm->finish, sum, n, row, rows, 0, n);
}

static size_t partial_bytes(const matmul *mm)
{
    int64_t bytes = mm->chunks * mm->gemm.m * mm->gemm.n * (mm->gemm.form == AD_F64 ? 8 : 4);
    return mm->chunks > 1 ? (size_t)(bytes + 63) / 64 * 64 : 0;
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    matmul mm;
    if (!prepare(&mm, problem)) return -1;
    if (!mm.across) return AD_ISA_NAME(ad_gemm_seconds)(&mm.gemm, machine);
    double m = (double)mm.gemm.m, n = (double)mm.gemm.n, k = (double)mm.gemm.k;
    double seconds = 2 * m * n * k / machine->flops_f32 + ad_move_seconds(machine, 4 * (m + n) * k);
    return seconds / machine->threads + machine->overhead;
}

static size_t workspace(const ad_problem *problem)
{
    matmul mm;
    prepare(&mm, problem);
    if (mm.across) return partial_bytes(&mm);
    return partial_bytes(&mm) + AD_ISA_NAME(ad_gemm_workspace)(&mm.gemm, problem->threads);
}

static size_t packed_size(const ad_problem *problem)
{
    matmul mm;
    prepare(&mm, problem);
    return mm.across ? 0 : AD_ISA_NAME(ad_gemm_packed)(&mm.gemm);
}

static void pack_constant(const ad_problem *problem, const void *operand, void *packed, void *work,
                          ad_pool *pool)
{
    matmul mm;
    (void)work;
    prepare(&mm, problem);
    mm.b.data = operand;
    AD_ISA_NAME(ad_gemm_pack)(&mm.gemm, packed, pool);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    matmul mm;
    ad_finish finish, store;
    prepare(&mm, problem);
    mm.a.data = args->in[0], mm.b.data = args->in[1];
    ad_dtype accumulator = mm.gemm.form == AD_F64 ? AD_F64 : AD_F32;
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, accumulator);
    if (mm.chunks == 1) {
        AD_ISA_NAME(ad_gemm_run)
        (&mm.gemm, &finish, args->packed, args->workspace, problem->threads, args->pool);
        return;
    }
    mm.partial = args->workspace, mm.finish = &finish;
    ad_pool *pool = ad_pool_size(args->pool) > problem->threads ? NULL : args->pool;
    if (mm.across) {
        ad_parallel(pool, mm.chunks, across_task, &mm);
        ad_parallel(pool, (mm.gemm.m + SUM_ROWS - 1) / SUM_ROWS, sum_task, &mm);
        return;
    }
    ad_problem plain = {.n_out = 1}; /* the chunks' products go to the workspace */
    plain.out[0] = (ad_operand){.dtype = accumulator,
                                .rank = 2,
                                .dim = {mm.chunks * mm.gemm.m, mm.gemm.n},
                                .stride = {mm.gemm.n, 1}};
    ad_run_args plain_args = {.out = (void *const[]){args->workspace}};
    AD_ISA_NAME(ad_finish_prepare)(&store, &plain, &plain_args, accumulator);
    AD_ISA_NAME(ad_gemm_run)
    (&mm.gemm, &store, NULL, mm.partial + partial_bytes(&mm), problem->threads, args->pool);
    ad_parallel(pool, (mm.gemm.m + SUM_ROWS - 1) / SUM_ROWS, sum_task, &mm);
}

const ad_solver AD_ISA_NAME(ad_solver_matmul) = {.name = "packed gemm",
                                                 .op = AD_OP_MATMUL,
                                                 .bid = bid,
                                                 .workspace = workspace,
                                                 .packed = packed_size,
                                                 .pack = pack_constant,
                                                 .run = run};
