/* chain_solver.c - a chain as a kernel of its own: its domain of up to 8 axes in pieces for
 * threads.
 *
 * Two axes make the interpreter's rows and columns: the last axis that is contiguous in the first
 * output, and the axis along which an operand lies across it (a transposed one), else the next
 * inner axis. Pieces of a fixed size are the tasks. */
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/kernels/walk.h"
#include "device/cpu/sizes.h"
#include "plan/device.h"

#include <math.h>

typedef struct domain {
    const ad_problem *problem;
    const ad_run_args *args;
    const ad_chain_code *code;
    ad_walk outer;          /* the axes that are neither rows nor columns */
    int row_axis, col_axis; /* -1: none */
    int64_t rows, cols, piece_rows, piece_cols, row_pieces, col_pieces, pieces_per_task, pieces;
} domain;

static int64_t stride_of(const ad_operand *operand, int axis)
{
    return axis < 0 ? 0 : operand->stride[axis];
}

static int choose_cols(const ad_operand *out)
{
    for (int axis = out->rank - 1; axis >= 0; --axis) {
        if (out->dim[axis] > 1 && out->stride[axis] == 1) return axis;
    }
    for (int axis = out->rank - 1; axis >= 0; --axis) {
        if (out->dim[axis] > 1) return axis;
    }
    return -1;
}

static int choose_rows(const ad_problem *problem, int cols)
{
    const ad_operand *out = &problem->out[0];
    for (int k = 0; k < problem->n_in + problem->n_out; ++k) {
        const ad_operand *o = k < problem->n_in ? &problem->in[k]
                                                : &problem->out[k - problem->n_in];
        if (cols < 0 || o->stride[cols] == 0 || o->stride[cols] == 1) continue;
        for (int axis = 0; axis < out->rank; ++axis) {
            if (axis != cols && out->dim[axis] >= 8 && o->stride[axis] == 1) return axis;
        }
    }
    for (int axis = out->rank - 1; axis >= 0; --axis) {
        if (axis != cols && out->dim[axis] > 1) return axis;
    }
    return -1;
}

static void task(void *user, int64_t index, int worker)
{
    const domain *d = user;
    const ad_problem *p = d->problem;
    int64_t first = index * d->pieces_per_task, end = first + d->pieces_per_task;
    (void)worker;
    for (int64_t piece = first; piece < end && piece < d->pieces; ++piece) {
        int64_t at = piece / (d->row_pieces * d->col_pieces),
                rest = piece % (d->row_pieces * d->col_pieces);
        int64_t row = rest / d->col_pieces * d->piece_rows,
                col = rest % d->col_pieces * d->piece_cols;
        int64_t rows = d->rows - row < d->piece_rows ? d->rows - row : d->piece_rows;
        int64_t cols = d->cols - col < d->piece_cols ? d->cols - col : d->piece_cols;
        ad_chain_view in[AD_PROBLEM_INPUTS], out[AD_CHAIN_OUTPUTS];
        for (int i = 0; i < p->n_in + p->n_out; ++i) {
            bool input = i < p->n_in;
            const ad_operand *o = input ? &p->in[i] : &p->out[i - p->n_in];
            ad_chain_view *view = input ? &in[i] : &out[i - p->n_in];
            char *data = input ? d->args->in[i] : d->args->out[i - p->n_in];
            view->row = stride_of(o, d->row_axis), view->col = stride_of(o, d->col_axis);
            int64_t offset = ad_walk_offset(&d->outer, at, o->stride) + row * view->row +
                             col * view->col;
            view->data = data + offset * (int64_t)ad_dtype_size(o->dtype);
        }
        AD_ISA_NAME(ad_chain_run)(d->code, in, out, rows, cols);
    }
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    const ad_chain *chain = problem->chain;
    double count = 1;
    if (!chain || problem->n_in != chain->n_inputs || problem->n_out != chain->n_outputs) return -1;
    for (int s = 0; s < chain->n_steps; ++s) {
        if (!AD_ISA_NAME(ad_chain_step_kernel)(&chain->step[s])) return -1;
    }
    for (int axis = 0; axis < problem->out[0].rank; ++axis)
        count *= (double)problem->out[0].dim[axis];
    int rank = problem->out[0].rank;
    int64_t cols = rank ? problem->out[0].dim[rank - 1] : 1;
    double rows = cols ? count / (double)cols : 0;
    double work = count * ad_chain_work(chain) / machine->steps / machine->threads;
    return machine->call + 1e-8 * chain->n_steps + rows * 4e-9 / machine->threads +
           fmax(work, ad_move_seconds(machine, ad_problem_bytes(problem)));
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    enum {
        PIECE = 16384,
        SMALL_PIECE = 2048, /* of small domains: so that each thread gets as much */
        SMALL_PIECES = 8,
        ALIGN = 256,
        LARGE_PIECE = 131072,
        LARGE = 1 << 25,
        SERIAL = 32768,
        ROW_STEP = 16,
    };
    ad_chain_code code;
    const ad_operand *out = &problem->out[0];
    domain d = {.problem = problem, .args = args, .code = &code};
    AD_ISA_NAME(ad_chain_prepare)(&code, problem->chain);
    d.col_axis = choose_cols(out), d.row_axis = choose_rows(problem, d.col_axis);
    d.outer = ad_walk_axes(out, d.row_axis, d.col_axis);
    d.rows = d.row_axis < 0 ? 1 : out->dim[d.row_axis],
    d.cols = d.col_axis < 0 ? 1 : out->dim[d.col_axis];
    if (d.rows == 0 || d.cols == 0 || d.outer.count == 0) return;

    int64_t count = d.outer.count * d.rows * d.cols;
    int64_t piece = count < LARGE ? PIECE : LARGE_PIECE;
    if (count < (int64_t)SMALL_PIECES * PIECE)
        piece = most(SMALL_PIECE, up(count / SMALL_PIECES, ALIGN));
    d.piece_cols = d.cols < piece ? d.cols : piece;
    d.piece_rows = (piece / d.piece_cols + ROW_STEP - 1) / ROW_STEP * ROW_STEP;
    if (d.piece_rows > d.rows) d.piece_rows = d.rows;
    d.row_pieces = (d.rows + d.piece_rows - 1) / d.piece_rows;
    d.col_pieces = (d.cols + d.piece_cols - 1) / d.piece_cols;
    d.pieces = d.outer.count * d.row_pieces * d.col_pieces;
    d.pieces_per_task = (piece + d.piece_rows * d.piece_cols - 1) / (d.piece_rows * d.piece_cols);
    double work = (double)count * (1 + problem->chain->n_steps);
    ad_parallel(work < SERIAL ? NULL : args->pool,
                (d.pieces + d.pieces_per_task - 1) / d.pieces_per_task, task, &d);
}

const ad_solver AD_ISA_NAME(ad_solver_chain) = {
    .name = "chain", .op = AD_OP_CHAIN, .stream = AD_STREAM_CHAINS, .bid = bid, .run = run};
