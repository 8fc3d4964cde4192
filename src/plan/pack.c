/* pack.c - constant operands in a kernel's own form.
 *
 * The second operand of a matmul or convolution that no run of this program changes (constants, and
 * variables that are not assigned) is brought once into the form that its solver works on, by a
 * step in front of the program that runs again only when such a variable was changed from outside.
 * What computes such an operand (a cast to bf16, a transposition) runs with it. */
#include "plan/emit.h"

#include "ops/attrs.h"

static bool static_leaf(const ad_plan *plan, const ad_node *node)
{
    if (node->op == AD_OP_VARIABLE)
        return !ad_plan_assigns(plan, ((const ad_attr_variable *)node->attr)->variable);
    return node->op != AD_OP_INPUT;
}

/* An elementwise kernel over constant leaves: a copy, a cast. More than that is not worth keeping.
 */
static bool static_kernel(const ad_plan *plan, const ad_kernel *kernel)
{
    if (kernel->problem.op != AD_OP_CHAIN) return false;
    for (int i = 0; i < kernel->problem.n_in; ++i) {
        int id = kernel->in[i].value;
        bool leaf = id < plan->n_nodes && ad_ops[plan->nodes[id]->op].klass == AD_CLASS_LEAF;
        if (!leaf || !static_leaf(plan, plan->nodes[id])) return false;
    }
    for (int o = 0; o < kernel->problem.n_out; ++o) {
        const ad_buffer *buffer = &plan->program->buffers[kernel->out[o].buffer];
        if (buffer->place == AD_IN_VARIABLE || buffer->result) return false;
    }
    return true;
}

/* Whether the value is the same in every run unless a variable is set from outside. */
static bool static_value(const ad_plan *plan, int id)
{
    const ad_value *value = &plan->values[id];
    if (id < plan->n_nodes && ad_ops[plan->nodes[id]->op].klass == AD_CLASS_LEAF)
        return static_leaf(plan, plan->nodes[id]);
    if (value->variable >= 0 || value->concat >= 0) return false;
    for (int i = 0; i < value->n_writers; ++i)
        if (value->writers[i] < 0 || !static_kernel(plan, plan->kernels[value->writers[i]]))
            return false;
    return value->n_writers > 0;
}

static size_t plain_bytes(const ad_problem *problem)
{
    return ad_bytes(ad_operand_count(&problem->in[1]), ad_dtype_size(problem->in[1].dtype));
}

/* Packing pays when it would otherwise take a good part of each run of the kernel; and the packed
 * form should not be much larger than the operand, because peak memory counts. */
static bool worth_packing(const ad_plan *plan, const ad_kernel *kernel, size_t plain, size_t packed)
{
    const double share = 0.05;
    if (!packed) return false;
    if (plan->options->pack_all) return true;
    double seconds = (double)(plain + packed) / plan->device.machine.bandwidth;
    return packed / 2 <= plain && seconds > share * kernel->seconds;
}

bool ad_plan_constant_operand(const ad_plan *plan, const ad_kernel *kernel)
{
    return kernel->problem.n_in > 1 && static_value(plan, kernel->in[1].value);
}

size_t ad_plan_packed_bytes(const ad_plan *plan, const ad_kernel *kernel)
{
    const ad_solver *solver = kernel->solver;
    if (!plan->pack || !solver->packed || !solver->pack || !ad_plan_constant_operand(plan, kernel))
        return 0;
    size_t bytes = solver->packed(&kernel->problem);
    return worth_packing(plan, kernel, plain_bytes(&kernel->problem), bytes) ? bytes : 0;
}

static void note_storage(const ad_plan *plan, int id)
{
    ad_program *program = plan->program;
    if (id >= plan->n_nodes || plan->nodes[id]->op != AD_OP_VARIABLE) return;
    const ad_variable *variable = ((const ad_attr_variable *)plan->nodes[id]->attr)->variable;
    for (int i = 0; i < program->n_storages; ++i)
        if (program->storages[i].storage == variable->storage) program->storages[i].prepared = true;
}

/* Marks what makes the value as prepare kernels. */
static void prepare_value(ad_plan *plan, int id)
{
    const ad_value *value = &plan->values[id];
    note_storage(plan, id);
    for (int i = 0; i < value->n_writers; ++i) {
        ad_kernel *kernel = plan->kernels[value->writers[i]];
        if (kernel->prepares) continue;
        kernel->prepares = true;
        for (int k = 0; k < kernel->problem.n_in; ++k) prepare_value(plan, kernel->in[k].value);
    }
}

static bool pack_kernel(ad_plan *plan, ad_kernel *kernel)
{
    const ad_problem *problem = &kernel->problem;
    if (kernel->prepares) return true;
    size_t bytes = ad_plan_packed_bytes(plan, kernel);
    if (!bytes) return true;
    int buffer = ad_emit_buffer(plan, AD_IN_KEPT, bytes,
                                plan->program->buffers[kernel->in[1].buffer].name);
    ad_kernel *step = ad_emit_kernel(plan, problem, kernel->solver, kernel->name);
    if (buffer < 0 || !step) return false;
    for (int i = 0; i < problem->n_in; ++i) step->in[i] = kernel->in[i];
    for (int o = 0; o < problem->n_out; ++o) step->out[o] = kernel->out[o];
    step->packed = kernel->packed = buffer;
    step->packs = step->prepares = true;
    step->order = kernel->order;
    step->flops = 0, step->bytes = (double)(plain_bytes(problem) + bytes);
    prepare_value(plan, kernel->in[1].value);
    return true;
}

/* What a prepare kernel makes and the run itself reads too must last. */
static void keep_shared(ad_plan *plan)
{
    for (int k = 0; k < plan->n_kernels; ++k) {
        const ad_kernel *kernel = plan->kernels[k];
        for (int i = 0; i < kernel->problem.n_in && !kernel->prepares; ++i) {
            if (!ad_kernel_reads(kernel, i)) continue;
            const ad_value *value = &plan->values[kernel->in[i].value];
            if (!value->n_writers || value->writers[0] < 0 ||
                !plan->kernels[value->writers[0]]->prepares)
                continue;
            plan->program->buffers[kernel->in[i].buffer].place = AD_IN_KEPT;
        }
    }
}

bool ad_plan_pack(ad_plan *plan)
{
    int n = plan->n_kernels;
    if (!plan->pack) return true;
    for (int k = 0; k < n; ++k)
        if (!pack_kernel(plan, plan->kernels[k])) return false;
    keep_shared(plan);
    return true;
}
