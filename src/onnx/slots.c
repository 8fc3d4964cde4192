/* slots.c - values while a network is built: numbers, variables and constants when they are needed,
 * and the order of axes of nodes. */
#include "onnx/build.h"

#include <math.h>
#include <string.h>

ad_dtype ad_onnx_run_dtype(int elem)
{
    if (ad_onnx_elem_is_float(elem) || ad_onnx_elem_is_small(elem)) return AD_F32;
    return ad_onnx_elem_dtype(elem);
}

/* ---- numbers ---- */

int64_t ad_onnx_whole(double number)
{
    if (!(number > -0x1p63)) return number == number ? INT64_MIN : 0;
    return number >= 0x1p63 ? INT64_MAX : (int64_t)number;
}

const double *ad_onnx_peek(ad_onnx_builder *b, ad_onnx_slot *slot)
{
    if (slot->host || !slot->tensor || slot->widening) return slot->host;
    int64_t count = ad_shape_count(slot->shape);
    if (count > AD_ONNX_KNOWN_MOST || ad_onnx_elem_dtype(slot->elem) >= AD_DTYPES) return NULL;
    double *numbers = ad_arena_alloc(&b->arena, ((size_t)count + 1) * sizeof *numbers);
    if (!numbers || ad_onnx_tensor_get(b->model, slot->tensor, AD_F64, numbers)) return NULL;
    return slot->host = numbers;
}

const double *ad_onnx_known(const ad_onnx_call *call, int input)
{
    ad_onnx_slot *slot = ad_onnx_in(call, input);
    if (!slot) {
        ad_onnx_refuse(call, AD_ERROR_FORMAT, "input %d is left out", input);
        return NULL;
    }
    const double *numbers = ad_onnx_peek(call->b, slot);
    if (!numbers)
        ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED,
                       "\"%.100s\" has to be known before the network runs, but depends on what "
                       "it is given",
                       slot->name);
    return numbers;
}

ad_status ad_onnx_known_number(const ad_onnx_call *call, int input, double otherwise, double *out)
{
    ad_onnx_slot *slot = ad_onnx_in(call, input);
    *out = otherwise;
    if (!slot || !ad_shape_count(slot->shape)) return AD_OK;
    const double *numbers = ad_onnx_known(call, input);
    if (!numbers) return ad_error_status(call->b->ctx);
    *out = numbers[0];
    return AD_OK;
}

/* ---- order of axes ---- */

int ad_onnx_place(int rank, int axis, bool last)
{
    if (!last || axis == 0) return axis;
    return axis == 1 ? rank - 1 : axis - 1;
}

ad_node *ad_onnx_permute(ad_node *x, const int *order)
{
    if (ad_node_poisoned(x)) return x;
    ad_shape from = ad_node_shape(x), to = {.rank = from.rank};
    bool in_place = true, same = true;
    int before = -1;
    for (int i = 0; i < from.rank; ++i) {
        to.dim[i] = from.dim[order[i]];
        same &= order[i] == i;
        if (to.dim[i] == 1) continue;
        in_place &= order[i] > before;
        before = order[i];
    }
    return same ? x : in_place ? ad_reshape(x, to) : ad_permute(x, order);
}

ad_node *ad_onnx_to_order(ad_node *x, bool is_last, bool want_last)
{
    if (ad_node_poisoned(x) || is_last == want_last) return x;
    int rank = ad_node_shape(x).rank, order[AD_MAX_RANK] = {0};
    for (int i = 0; i < rank; ++i)
        if (want_last)
            order[ad_onnx_place(rank, i, true)] = i;
        else
            order[i] = ad_onnx_place(rank, i, true);
    return ad_onnx_permute(x, order);
}

/* ---- nodes ---- */

/* Whether it is a tensor of the file that becomes a variable: floats, and what is widened to them.
 */
static bool is_weight(const ad_onnx_slot *slot)
{
    return slot->tensor && !slot->constant && (slot->widening || ad_onnx_elem_is_float(slot->elem));
}

static ad_node *constant_of(const ad_onnx_call *call, ad_onnx_slot *slot)
{
    ad_onnx_builder *b = call->b;
    ad_dtype dtype = ad_onnx_run_dtype(slot->elem);
    size_t bytes = ad_shape_bytes(slot->shape, dtype);
    if (dtype >= AD_DTYPES) {
        ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED,
                       "\"%.100s\" is of a type that is not supported (%s)", slot->name,
                       ad_onnx_elem_name(slot->elem));
        return NULL;
    }
    void *data = ad_alloc(b->ctx, bytes + 1);
    if (!data) return NULL;
    ad_status status = AD_OK;
    if (slot->host)
        ad_convert(data, dtype, slot->host, AD_F64, ad_shape_count(slot->shape));
    else
        status = ad_onnx_tensor_get(b->model, slot->tensor, dtype, data);
    ad_node *node = status ? NULL : ad_constant(b->graph, dtype, slot->shape, data);
    ad_free(b->ctx, data, bytes + 1);
    return node;
}

/* The store's variable of the tensor's name, declared if there is none. */
static ad_variable *variable_of(const ad_onnx_call *call, ad_onnx_slot *slot, ad_file_layout layout)
{
    ad_onnx_builder *b = call->b;
    const char *prefix = b->options.prefix ? b->options.prefix : "";
    const char *name = ad_arena_format(&b->arena, "%s%s", prefix, slot->tensor->name);
    if (!name) return NULL;
    ad_shape shape = slot->shape;
    ad_variable *variable = ad_var_find(b->vars, name);
    if (variable) layout = ad_variable_layout(variable);
    if (layout == AD_LAYOUT_CONV || layout == AD_LAYOUT_CONV_TRANSPOSED)
        shape = ad_shape(shape.dim[2], shape.dim[3], shape.dim[1], shape.dim[0]);
    bool there = variable != NULL;
    variable = ad_var(b->vars, name, shape, (ad_var_options){.layout = layout});
    if (!variable) ad_onnx_refuse(call, ad_error_status(b->ctx), "%s", ad_error(b->ctx));
    if (!variable || there) return variable;
    ad_onnx_pending *pending = ad_arena_alloc(&b->arena, sizeof *pending);
    if (!pending) return NULL;
    *pending = (ad_onnx_pending){variable, slot->tensor, slot->widening, b->pending};
    b->pending = pending;
    return variable;
}

/* A file's tensor as a node in its own order of axes. */
static ad_node *weight_of(const ad_onnx_call *call, ad_onnx_slot *slot)
{
    ad_variable *variable = variable_of(call, slot, AD_LAYOUT_SAME);
    if (!variable) return NULL;
    ad_node *node = ad_read(call->b->graph, variable);
    if (ad_variable_layout(variable) == AD_LAYOUT_SAME) return node;
    return ad_permute(node, (int[]){3, 2, 0, 1});
}

ad_node *ad_onnx_node_of(const ad_onnx_call *call, ad_onnx_slot *slot)
{
    if (!slot) {
        ad_onnx_refuse(call, AD_ERROR_FORMAT, "an input that it needs is left out");
        return NULL;
    }
    if (slot->node) return slot->node;
    return slot->node = is_weight(slot) ? weight_of(call, slot) : constant_of(call, slot);
}

ad_node *ad_onnx_plain(const ad_onnx_call *call, ad_onnx_slot *slot)
{
    ad_node *node = ad_onnx_node_of(call, slot);
    return node ? ad_onnx_to_order(node, slot->last, false) : NULL;
}

ad_node *ad_onnx_last(const ad_onnx_call *call, ad_onnx_slot *slot)
{
    ad_node *node = ad_onnx_node_of(call, slot);
    if (!node || slot->shape.rank >= 3)
        return node ? ad_onnx_to_order(node, slot->last, true) : NULL;
    ad_onnx_refuse(call, AD_ERROR_SHAPE,
                   "\"%.100s\" has %d axes, expected a picture or a series [n, c, ...]", slot->name,
                   slot->shape.rank);
    return NULL;
}

ad_node *ad_onnx_kernel(const ad_onnx_call *call, ad_onnx_slot *slot, ad_file_layout layout)
{
    if (slot && !slot->node && is_weight(slot) && slot->shape.rank == 4) {
        ad_variable *variable = variable_of(call, slot, layout);
        if (!variable) return NULL;
        if (ad_variable_layout(variable) == layout) return ad_read(call->b->graph, variable);
    }
    ad_node *node = ad_onnx_plain(call, slot);
    if (!node) return NULL;
    int rank = slot->shape.rank;
    if (rank == 3) { /* [out, in, k]: [out, in, 1, k] */
        ad_shape s = slot->shape;
        node = ad_reshape(node, ad_shape(s.dim[0], s.dim[1], 1, s.dim[2]));
    } else if (rank != 4) {
        ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED,
                       "its weight has %d axes; kernels of one or two sizes are supported", rank);
        return NULL;
    }
    return ad_permute(node, (int[]){2, 3, 1, 0});
}

/* ---- broadcasting ---- */

static ad_node *stretched(ad_node *node, int rank)
{
    ad_shape shape = ad_node_shape(node), wide = {.rank = rank};
    int more = rank - shape.rank;
    for (int i = 0; i < rank; ++i) wide.dim[i] = i < more ? 1 : shape.dim[i - more];
    return more ? ad_reshape(node, wide) : node;
}

ad_status ad_onnx_align(const ad_onnx_call *call, int first, ad_node **nodes, bool *last)
{
    int rank = 0;
    *last = false;
    for (int i = first; i < call->in_count; ++i)
        if (call->in[i] && call->in[i]->shape.rank > rank) rank = call->in[i]->shape.rank;
    for (int i = first; i < call->in_count; ++i)
        if (call->in[i]) *last |= call->in[i]->last && call->in[i]->shape.rank == rank;
    for (int i = first; i < call->in_count; ++i) {
        ad_onnx_slot *slot = call->in[i];
        ad_node *node = ad_onnx_node_of(call, slot);
        if (!node) return ad_error_status(call->b->ctx);
        if (!*last)
            nodes[i - first] = ad_onnx_to_order(node, slot->last, false);
        else if (slot->last && slot->shape.rank == rank)
            nodes[i - first] = node;
        else
            nodes[i - first] = ad_onnx_to_order(
                stretched(ad_onnx_to_order(node, slot->last, false), rank), false, true);
    }
    return AD_OK;
}
