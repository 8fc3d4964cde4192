/* op_shape.c - what is known before the network runs: shapes, constants, ranges, and which branch
 * of an If is taken. */
#include "onnx/build.h"

#include <math.h>
#include <string.h>

ad_status ad_onnx_shape(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    if (!slot) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it has no input");
    int64_t rank = slot->shape.rank, begin = ad_onnx_int(call, "start", 0);
    int64_t end = ad_onnx_int(call, "end", rank);
    if (begin < 0) begin += rank;
    if (end < 0) end += rank;
    begin = begin < 0 ? 0 : begin;
    end = end > rank ? rank : end;
    double *numbers = ad_onnx_numbers(call, AD_MAX_RANK);
    for (int64_t i = begin; numbers && i < end; ++i)
        numbers[i - begin] = (double)slot->shape.dim[i];
    ad_shape shape = ad_shape(end > begin ? end - begin : 0);
    if (ad_onnx_wants(call, 0)) call->out[0]->shaped = true;
    ad_status status = ad_onnx_give_known(call, 0, shape, numbers, AD_ONNX_INT64);
    if (!status && ad_onnx_wants(call, 0)) call->out[0]->trained = false;
    return status;
}

ad_status ad_onnx_size(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    double *numbers = slot ? ad_onnx_numbers(call, 1) : NULL;
    if (!slot) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it has no input");
    if (numbers) *numbers = (double)ad_shape_count(slot->shape);
    if (ad_onnx_wants(call, 0)) call->out[0]->shaped = true;
    return ad_onnx_give_known(call, 0, (ad_shape){0}, numbers, AD_ONNX_INT64);
}

/* ---- constants ---- */

static ad_status list_constant(const ad_onnx_call *call, const ad_onnx_attr *attr, bool floats)
{
    int64_t count = (int64_t)(floats ? attr->float_count : attr->int_count);
    double *numbers = ad_onnx_numbers(call, count);
    for (int64_t i = 0; numbers && i < count; ++i)
        numbers[i] = floats ? (double)attr->floats[i] : (double)attr->ints[i];
    return ad_onnx_give_known(call, 0, ad_shape(count), numbers,
                              floats ? AD_ONNX_FLOAT : AD_ONNX_INT64);
}

static ad_status number_constant(const ad_onnx_call *call, double number, int elem)
{
    double *numbers = ad_onnx_numbers(call, 1);
    if (numbers) *numbers = number;
    return ad_onnx_give_known(call, 0, (ad_shape){0}, numbers, elem);
}

ad_status ad_onnx_constant(const ad_onnx_call *call)
{
    const ad_onnx_attr *attr = ad_onnx_attr_find(call, "value");
    if (attr && attr->t) {
        ad_onnx_slot slot = {.there = true,
                             .elem = attr->t->elem,
                             .shape = attr->t->shape,
                             .tensor = attr->t,
                             .constant = true};
        return ad_onnx_give_same(call, 0, &slot);
    }
    if ((attr = ad_onnx_attr_find(call, "value_int")))
        return number_constant(call, (double)attr->i, AD_ONNX_INT64);
    if ((attr = ad_onnx_attr_find(call, "value_float")))
        return number_constant(call, (double)attr->f, AD_ONNX_FLOAT);
    if ((attr = ad_onnx_attr_find(call, "value_ints"))) return list_constant(call, attr, false);
    if ((attr = ad_onnx_attr_find(call, "value_floats"))) return list_constant(call, attr, true);
    return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED,
                          "it has no value that is a tensor, a number or a list of numbers");
}

ad_status ad_onnx_constant_of_shape(const ad_onnx_call *call)
{
    int64_t list[AD_MAX_RANK];
    int count;
    ad_status status = ad_onnx_ints(call, NULL, 0, list, AD_MAX_RANK, &count);
    if (status) return status;
    const ad_onnx_attr *attr = ad_onnx_attr_find(call, "value");
    double value = 0;
    if (attr && attr->t && ad_shape_count(attr->t->shape) == 1)
        status = ad_onnx_tensor_get(call->b->model, attr->t, AD_F64, &value);
    ad_shape shape = ad_shape_of(list, (size_t)(count < 0 ? 0 : count));
    if (status) return status;
    if (!ad_shape_valid(shape))
        return ad_onnx_refuse(call, AD_ERROR_SHAPE, "its shape is negative or too large");
    int64_t elements = ad_shape_count(shape);
    int elem = attr && attr->t ? attr->t->elem : AD_ONNX_FLOAT;
    if (elements > AD_ONNX_KNOWN_MOST) {
        ad_node *node = ad_fill(call->b->graph, ad_onnx_run_dtype(elem), shape, value);
        return ad_onnx_give(call, 0, node, false, elem);
    }
    double *numbers = ad_onnx_numbers(call, elements);
    for (int64_t i = 0; numbers && i < elements; ++i) numbers[i] = value;
    return ad_onnx_give_known(call, 0, shape, numbers, elem);
}

ad_status ad_onnx_range(const ad_onnx_call *call)
{
    double part[3];
    for (int i = 0; i < 3; ++i) {
        const double *number = ad_onnx_known(call, i);
        if (!number) return ad_error_status(call->b->ctx);
        if (ad_shape_count(call->in[i]->shape) != 1)
            return ad_onnx_refuse(call, AD_ERROR_SHAPE, "it needs three numbers");
        part[i] = *number;
    }
    double steps = ceil((part[1] - part[0]) / part[2]);
    if (!(steps >= 0)) steps = 0;
    int64_t count = steps > AD_ONNX_KNOWN_MOST ? INT64_MAX : (int64_t)steps;
    double *numbers = ad_onnx_numbers(call, count);
    for (int64_t i = 0; numbers && i < count; ++i) numbers[i] = part[0] + (double)i * part[2];
    return ad_onnx_give_known(call, 0, ad_shape(numbers ? count : 0), numbers, 0);
}

/* ---- If ---- */

/* The graph of the branch, built where it stands: it reads the values around it. */
static ad_status build_branch(const ad_onnx_call *call, const ad_onnx_graph *graph)
{
    ad_onnx_builder *b = call->b;
    ad_onnx_scope scope;
    bool *wanted = ad_arena_alloc(&b->arena, (size_t)graph->names.count + 1);
    if (!wanted) return AD_ERROR_MEMORY;
    if (graph->output_count != call->out_count)
        return ad_onnx_refuse(call, AD_ERROR_FORMAT, "its branch has %d results, expected %d",
                              graph->output_count, call->out_count);
    for (int i = 0; i < graph->output_count; ++i) {
        const char *name = graph->outputs[i].name;
        wanted[ad_name_find(&graph->names, name, strlen(name))] = true;
    }
    ad_status status = ad_onnx_scope_open(b, &scope, graph);
    if (status) return status;
    status = ad_onnx_build_scope(b, wanted);
    for (int i = 0; i < graph->output_count && !status; ++i) {
        ad_onnx_slot *slot = ad_onnx_slot_find(b, graph->outputs[i].name);
        status = slot ? ad_onnx_give_same(call, i, slot) : ad_error_status(b->ctx);
    }
    b->scope = scope.outer;
    return status;
}

ad_status ad_onnx_choose(const ad_onnx_call *call)
{
    const double *condition = ad_onnx_known(call, 0);
    if (!condition) return ad_error_status(call->b->ctx);
    bool yes = ad_shape_count(call->in[0]->shape) > 0 && *condition != 0;
    const ad_onnx_attr *attr = ad_onnx_attr_find(call, yes ? "then_branch" : "else_branch");
    if (!attr || !attr->inner) return ad_onnx_refuse(call, AD_ERROR_FORMAT, "it lacks a branch");
    return build_branch(call, attr->inner);
}
