/* emit.c - what is added to a program in the making: buffers for values, kernels, copies. */
#include "plan/emit.h"

#include "ops/attrs.h"

#include <string.h>

int ad_emit_buffer(ad_plan *plan, ad_place place, size_t bytes, const char *name)
{
    ad_program *program = plan->program;
    if (program->n_buffers == plan->buffers_capacity) {
        int capacity = plan->buffers_capacity ? 2 * plan->buffers_capacity : 64;
        ad_buffer *grown = ad_arena_alloc(plan->arena, (size_t)capacity * sizeof *grown);
        if (!grown) return -1;
        if (program->n_buffers)
            memcpy(grown, program->buffers, (size_t)program->n_buffers * sizeof *grown);
        program->buffers = grown;
        plan->buffers_capacity = capacity;
    }
    ad_buffer *buffer = &program->buffers[program->n_buffers];
    *buffer = (ad_buffer){
        .place = place, .bytes = bytes, .first = -1, .last = -1, .shares = -1, .input = -1};
    buffer->name = ad_arena_text(plan->arena, name);
    return buffer->name ? program->n_buffers++ : -1;
}

/* A value that is no node's: a copy. Returns its index or -1. */
int ad_emit_value(ad_plan *plan)
{
    if (plan->n_values == plan->values_capacity) {
        int capacity = 2 * plan->values_capacity + 64;
        ad_value *grown = ad_arena_alloc(&plan->scratch, (size_t)capacity * sizeof *grown);
        if (!grown) return -1;
        memcpy(grown, plan->values, (size_t)plan->n_values * sizeof *grown);
        plan->values = grown;
        plan->values_capacity = capacity;
    }
    plan->values[plan->n_values] = (ad_value){
        .base = plan->n_values, .group = -1, .buffer = -1, .concat = -1, .variable = -1};
    return plan->n_values++;
}

bool ad_emit_writer(ad_plan *plan, int value, int writer)
{
    ad_value *v = &plan->values[value];
    if (!(v->n_writers & (v->n_writers - 1))) { /* room for 1, 2, 4, 8, ... is full */
        size_t room = v->n_writers ? 2 * (size_t)v->n_writers : 1;
        int *grown = ad_arena_alloc(&plan->scratch, room * sizeof *grown);
        if (!grown) return false;
        if (v->n_writers) memcpy(grown, v->writers, (size_t)v->n_writers * sizeof(int));
        v->writers = grown;
    }
    v->writers[v->n_writers++] = writer;
    return true;
}

static int input_index(ad_plan *plan, const char *name)
{
    for (int i = 0; i < plan->program->n_inputs; ++i)
        if (!strcmp(plan->program->inputs[i].name, name)) return i;
    return -1;
}

/* The memory of a fill, iota or constant. */
static bool constant_source(ad_plan *plan, const ad_node *node, ad_buffer *buffer)
{
    const ad_attr_leaf *attr = node->attr;
    size_t size = ad_dtype_size(node->dtype);
    if (node->op == AD_OP_CONSTANT) {
        buffer->source = attr->data;
        return true;
    }
    int64_t count = node->op == AD_OP_IOTA ? node->shape.dim[attr->axis] : 1;
    char *data = ad_arena_alloc(&plan->scratch, ad_bytes(count, size));
    if (!data) return false;
    if (node->op == AD_OP_FILL) ad_convert(data, node->dtype, &attr->value, AD_F64, 1);
    for (int64_t i = 0; node->op == AD_OP_IOTA && i < count; ++i)
        ad_convert(data + (size_t)i * size, node->dtype, &i, AD_I64, 1);
    buffer->source = data;
    buffer->bytes = (size_t)count * size;
    return true;
}

/* Gives a base its buffer. */
static bool locate(ad_plan *plan, int id)
{
    ad_value *value = &plan->values[id];
    if (value->buffer >= 0) return true;
    const ad_node *node = plan->nodes[id];
    if (value->concat >= 0) {
        if (!locate(plan, value->concat)) return false;
        value->buffer = plan->values[value->concat].buffer;
        value->at = plan->values[value->concat].at + value->at_in_concat;
        return true;
    }
    ad_place place = node->op == AD_OP_INPUT                              ? AD_IN_INPUT
                     : node->op == AD_OP_VARIABLE || value->variable >= 0 ? AD_IN_VARIABLE
                     : ad_ops[node->op].klass == AD_CLASS_LEAF            ? AD_IN_CONSTANT
                                                                          : AD_IN_ARENA;
    size_t bytes = ad_bytes(ad_shape_count(node->shape), ad_dtype_size(node->dtype));
    int index = ad_emit_buffer(plan, place, bytes, ad_node_name(node));
    if (index < 0) return false;
    ad_buffer *buffer = &plan->program->buffers[index];
    buffer->dtype = node->dtype;
    buffer->shape = node->shape;
    if (place == AD_IN_INPUT)
        buffer->input = input_index(plan, ((const ad_attr_leaf *)node->attr)->name);
    if (place == AD_IN_VARIABLE) {
        const ad_node *holder = value->variable >= 0 ? plan->nodes[value->variable] : node;
        const ad_variable *variable = ((const ad_attr_variable *)holder->attr)->variable;
        buffer->storage = variable->storage;
        buffer->offset = variable->offset;
    }
    if (place == AD_IN_CONSTANT && !constant_source(plan, node, buffer)) return false;
    value->buffer = index;
    return true;
}

bool ad_emit_ref(ad_plan *plan, int id, ad_ref *ref)
{
    int base = plan->values[id].base;
    if (!locate(plan, base)) return false;
    const ad_value *value = &plan->values[id];
    ref->buffer = plan->values[base].buffer;
    ref->offset = plan->values[base].at +
                  value->offset * (int64_t)ad_dtype_size(value->operand.dtype);
    ref->value = base;
    return true;
}

static bool append_kernel(ad_plan *plan, ad_kernel *kernel)
{
    if (plan->n_kernels == plan->kernels_capacity) {
        int capacity = plan->kernels_capacity ? 2 * plan->kernels_capacity : 64;
        ad_kernel **grown = ad_arena_alloc(&plan->scratch, (size_t)capacity * sizeof *grown);
        if (!grown) return false;
        if (plan->n_kernels) memcpy(grown, plan->kernels, (size_t)plan->n_kernels * sizeof *grown);
        plan->kernels = grown;
        plan->kernels_capacity = capacity;
    }
    plan->kernels[plan->n_kernels++] = kernel;
    return true;
}

/* A kernel for the problem, whose chain and attributes are copied to the program. */
ad_kernel *ad_emit_kernel(ad_plan *plan, const ad_problem *problem, const ad_solver *solver,
                          const char *name)
{
    ad_kernel *kernel = ad_arena_alloc(plan->arena, sizeof *kernel);
    if (!kernel) return NULL;
    *kernel = (ad_kernel){
        .problem = *problem, .solver = solver, .workspace = -1, .packed = -1, .covers = ""};
    kernel->name = ad_arena_text(plan->arena, name);
    if (!kernel->name) return NULL;
    if (problem->chain) {
        ad_chain *chain = ad_arena_alloc(plan->arena, sizeof *chain);
        if (!chain) return NULL;
        *chain = *problem->chain;
        kernel->problem.chain = chain;
    }
    if (problem->attr && problem->op != AD_OP_CHAIN) {
        void *attr = ad_arena_alloc(plan->arena, ad_ops[problem->op].attr_bytes);
        if (!attr) return NULL;
        kernel->problem.attr = memcpy(attr, problem->attr, ad_ops[problem->op].attr_bytes);
    }
    kernel->flops = ad_problem_flops(problem);
    kernel->bytes = ad_problem_bytes(problem);
    return append_kernel(plan, kernel) ? kernel : NULL;
}

/* Copies `from` to a place with the same dims; `value` is then written by it. */
bool ad_emit_copy(ad_plan *plan, ad_ref from, const ad_operand *from_operand, ad_ref to,
                  const ad_operand *to_operand, int order, const char *name)
{
    ad_chain chain;
    if (!ad_operand_count(to_operand)) return true;
    ad_problem problem = ad_copy_problem(plan, from_operand, to_operand, &chain);
    const ad_solver *solver = NULL;
    double seconds = ad_best_bid(plan, &problem, &solver);
    if (seconds < 0) {
        ad_fail(plan->ctx, AD_ERROR_UNSUPPORTED, "%s: the %s device cannot copy %s", name,
                plan->device.name, ad_dtype_name(from_operand->dtype));
        return false;
    }
    ad_kernel *kernel = ad_emit_kernel(plan, &problem, solver, name);
    if (!kernel) return false;
    kernel->in[0] = from, kernel->out[0] = to;
    kernel->seconds = seconds, kernel->order = order;
    return ad_emit_writer(plan, to.value, plan->n_kernels - 1);
}

/* A contiguous copy of a value in the arena. Returns the temporary, or -1. */
int ad_emit_temporary(ad_plan *plan, int id, const ad_operand *operand, int order, const char *name)
{
    ad_ref from, to = {0};
    int value = ad_emit_value(plan);
    if (value < 0 || !ad_emit_ref(plan, id, &from)) return -1;
    ad_shape shape = ad_shape_of(operand->dim, (size_t)operand->rank);
    size_t bytes = ad_bytes(ad_operand_count(operand), ad_dtype_size(operand->dtype));
    int buffer = ad_emit_buffer(plan, AD_IN_ARENA, bytes, name);
    if (buffer < 0) return -1;
    plan->program->buffers[buffer].dtype = operand->dtype;
    plan->program->buffers[buffer].shape = shape;
    plan->values[value].operand = ad_operand_of(operand->dtype, shape);
    plan->values[value].buffer = buffer;
    to.buffer = buffer, to.value = value;
    ad_operand contiguous = plan->values[value].operand;
    return ad_emit_copy(plan, from, operand, to, &contiguous, order, name) ? value : -1;
}
