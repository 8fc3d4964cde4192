/* finish.c - epilogues on finished pieces: bias and bias + relu by hand, the rest by the chain
 * interpreter. */
#include "device/cpu/finish.h"
#include "device/cpu/kernels/strided_copy.h"
#include "device/cpu/simd.h"

/* Drops row axes of one element and merges those that are contiguous in every operand. */
static void set_axes(ad_finish *f, const ad_problem *problem)
{
    const ad_operand *operand[AD_FINISH_OPERANDS];
    ad_finish_operand *to[AD_FINISH_OPERANDS];
    int n = 0, rank = problem->out[0].rank;
    for (int i = 1; i < f->n_in; ++i) operand[n] = &problem->in[i + 1], to[n++] = &f->in[i];
    for (int i = 0; i < f->n_out; ++i) operand[n] = &problem->out[i], to[n++] = &f->out[i];
    f->axes = 0;
    for (int axis = 0; axis < rank - 1; ++axis) {
        int64_t dim = problem->out[0].dim[axis];
        if (dim == 1) continue;
        bool merge = f->axes > 0;
        for (int i = 0; i < n && merge; ++i)
            merge = to[i]->stride[f->axes - 1] == operand[i]->stride[axis] * dim;
        int at = merge ? f->axes - 1 : f->axes++;
        f->dim[at] = merge ? f->dim[at] * dim : dim;
        for (int i = 0; i < n; ++i) to[i]->stride[at] = operand[i]->stride[axis];
    }
    if (f->axes == 0) {
        f->dim[f->axes++] = 1;
        for (int i = 0; i < n; ++i) to[i]->stride[0] = 0;
    }
    for (int i = 0; i < n; ++i) {
        to[i]->size = (int64_t)ad_dtype_size(operand[i]->dtype);
        to[i]->col = operand[i]->stride[rank - 1];
    }
}

/* acc + in[1] with one value per column, then perhaps relu. */
static int known_kind(const ad_finish *f, const ad_chain *chain)
{
    const ad_chain_step *step = chain->step;
    if (f->accumulator != AD_F32 || chain->n_inputs != 2 || chain->n_outputs != 1 ||
        chain->output[0] != AD_F32 || chain->input[1] != AD_F32 || f->out[0].col != 1 ||
        f->in[1].col != 1)
        return AD_FINISH_CHAIN;
    for (int axis = 0; axis < f->axes; ++axis)
        if (f->dim[axis] > 1 && f->in[1].stride[axis]) return AD_FINISH_CHAIN;
    bool add = chain->n_steps >= 1 && step[0].op == AD_OP_ADD &&
               step[0].src[0] + step[0].src[1] == 1;
    if (!add || chain->output_register[0] != step[chain->n_steps - 1].dst) return AD_FINISH_CHAIN;
    if (chain->n_steps == 1) return AD_FINISH_BIAS;
    bool relu = chain->n_steps == 2 && step[1].op == AD_OP_RELU && step[1].src[0] == step[0].dst;
    return relu ? AD_FINISH_BIAS_RELU : AD_FINISH_CHAIN;
}

void AD_ISA_NAME(ad_finish_prepare)(ad_finish *f, const ad_problem *problem,
                                    const ad_run_args *args, ad_dtype accumulator)
{
    const ad_chain *chain = problem->chain;
    f->accumulator = accumulator;
    f->n_in = chain ? chain->n_inputs : 1;
    f->n_out = problem->n_out;
    for (int i = 1; i < f->n_in; ++i) f->in[i].data = args->in[i + 1];
    for (int i = 0; i < f->n_out; ++i) f->out[i].data = args->out[i];
    set_axes(f, problem);
    if (!chain) {
        f->identity = (ad_chain){.n_inputs = 1,
                                 .n_outputs = 1,
                                 .n_registers = 1,
                                 .input = {accumulator},
                                 .output = {problem->out[0].dtype}};
        AD_ISA_NAME(ad_chain_prepare)(&f->code, &f->identity);
        bool plain = problem->out[0].dtype == accumulator && f->out[0].col == 1;
        f->kind = plain ? AD_FINISH_STORE : AD_FINISH_CHAIN;
    } else {
        AD_ISA_NAME(ad_chain_prepare)(&f->code, chain);
        f->kind = known_kind(f, chain);
    }
}

void *AD_ISA_NAME(ad_finish_direct)(const ad_finish *f, int64_t *ld)
{
    if (f->kind != AD_FINISH_STORE || f->axes > 1) return NULL;
    *ld = f->out[0].stride[0];
    return f->out[0].data;
}

static vf relu(vf x)
{
    return vf_select(vf_lt(x, vf_zero()), vf_zero(), x);
}

static void add_bias_relu(float *to, int64_t to_ld, const float *from, int64_t from_ld,
                          const float *bias, int64_t rows, int64_t cols)
{
    for (int64_t i = 0; i < rows; ++i, to += to_ld, from += from_ld) {
        int64_t j = 0;
        for (; j + AD_VF <= cols; j += AD_VF)
            vf_store(to + j, relu(vf_add(vf_load(from + j), vf_load(bias + j))));
        if (j < cols) {
            int64_t n = cols - j;
            vf sum = vf_add(vf_load_n(from + j, n), vf_load_n(bias + j, n));
            vf_store_n(to + j, relu(sum), n);
        }
    }
}

static void add_bias(float *to, int64_t to_ld, const float *from, int64_t from_ld,
                     const float *bias, int64_t rows, int64_t cols)
{
    for (int64_t i = 0; i < rows; ++i, to += to_ld, from += from_ld)
        for (int64_t j = 0; j < cols; ++j) to[j] = from[j] + bias[j];
}

/* Rows that follow each other along the last row axis. `at`: the position on each row axis. */
static void run_rows(const ad_finish *f, const char *acc, int64_t ld, const int64_t *at,
                     int64_t rows, int64_t col, int64_t cols)
{
    ad_chain_view in[AD_CHAIN_INPUTS], out[AD_CHAIN_OUTPUTS];
    int last = f->axes - 1;
    in[0] = (ad_chain_view){(void *)(uintptr_t)acc, ld, 1};
    for (int i = 1; i < f->n_in + f->n_out; ++i) {
        const ad_finish_operand *o = i < f->n_in ? &f->in[i] : &f->out[i - f->n_in];
        int64_t offset = col * o->col;
        for (int axis = 0; axis <= last; ++axis) offset += at[axis] * o->stride[axis];
        ad_chain_view view = {o->data + offset * o->size, o->stride[last], o->col};
        *(i < f->n_in ? &in[i] : &out[i - f->n_in]) = view;
    }
    switch (f->kind) {
    case AD_FINISH_STORE:
        AD_ISA_NAME(ad_strided_copy)
        (out[0].data, out[0].row, 1, acc, ld, 1, rows, cols, (size_t)f->out[0].size);
        break;
    case AD_FINISH_BIAS:
        add_bias(out[0].data, out[0].row, (const float *)acc, ld, in[1].data, rows, cols);
        break;
    case AD_FINISH_BIAS_RELU:
        add_bias_relu(out[0].data, out[0].row, (const float *)acc, ld, in[1].data, rows, cols);
        break;
    case AD_FINISH_CHAIN: AD_ISA_NAME(ad_chain_run)(&f->code, in, out, rows, cols); break;
    }
}

void AD_ISA_NAME(ad_finish_run)(const ad_finish *f, const void *accumulator, int64_t ld,
                                int64_t row, int64_t rows, int64_t col, int64_t cols)
{
    const char *acc = accumulator;
    int64_t size = f->accumulator == AD_F64 ? 8 : 4, at[AD_MAX_RANK], rest = row;
    for (int axis = f->axes - 1; axis >= 0; --axis) {
        at[axis] = axis ? rest % f->dim[axis] : rest;
        rest = axis ? rest / f->dim[axis] : 0;
    }
    int last = f->axes - 1;
    while (rows > 0) {
        int64_t run = last ? f->dim[last] - at[last] : rows;
        if (run > rows) run = rows;
        run_rows(f, acc, ld, at, run, col, cols);
        acc += run * ld * size, rows -= run, at[last] += run;
        for (int axis = last; axis > 0 && at[axis] == f->dim[axis]; --axis)
            at[axis] = 0, ++at[axis - 1];
    }
}
