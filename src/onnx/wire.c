/* wire.c - a file's messages, unpacked by protobuf-c and turned into the structs of model.h.
 *
 * protobuf-c checks the encoding and copies what it reads through the context's memory. No message
 * of onnx.proto holds itself, so nothing that a file says makes it recurse deeply. A message of two
 * bytes becomes a struct of a hundred; a bound on the whole keeps a file of nothing but such
 * messages from taking all memory. */
#include "onnx/wire.h"

#include <protobuf-c/protobuf-c.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

enum { HEADER = 64, AMPLE = 256 << 20 };

/* An unpacked message of the model. */
typedef struct message {
    ProtobufCAllocator allocator;
    ad_context *ctx;
    size_t held, most;
    bool refused, too_large;
    ProtobufCMessage *root;
    struct message *next;
} message;

/* protobuf-c frees without a size: it stands in front. */
static void *allocate(void *user, size_t size)
{
    message *m = user;
    if (size > m->most - m->held) {
        m->too_large = true;
        return NULL;
    }
    unsigned char *memory = ad_alloc(m->ctx, HEADER + size);
    if (!memory) {
        m->refused = true;
        return NULL;
    }
    memcpy(memory, &size, sizeof size);
    m->held += size;
    return memory + HEADER;
}

static void release(void *user, void *pointer)
{
    message *m = user;
    if (!pointer) return;
    unsigned char *memory = (unsigned char *)pointer - HEADER;
    size_t size;
    memcpy(&size, memory, sizeof size);
    m->held -= size;
    ad_free(m->ctx, memory, HEADER + size);
}

static ad_status unpack(ad_onnx *model, const ProtobufCMessageDescriptor *type,
                        const unsigned char *bytes, size_t size, ProtobufCMessage **root)
{
    message *m = ad_arena_alloc(&model->arena, sizeof *m);
    if (!m) return AD_ERROR_MEMORY;
    *m = (message){.allocator = {allocate, release, m},
                   .ctx = model->ctx,
                   .most = size > SIZE_MAX / 8 ? SIZE_MAX : AMPLE + 4 * size};
    *root = m->root = protobuf_c_message_unpack(type, &m->allocator, size, bytes);
    if (m->root) {
        m->next = model->messages;
        model->messages = m;
        return AD_OK;
    }
    if (m->refused) return AD_ERROR_MEMORY; /* the context has said so */
    if (m->too_large)
        return ad_fail(model->ctx, AD_ERROR_LIMIT,
                       "%s: not read: its %zu bytes are so many small messages that they would "
                       "take more than %zu bytes of memory",
                       model->path, size, m->most);
    return ad_fail(model->ctx, AD_ERROR_FORMAT,
                   "%s: not an ONNX file, or cut short: its %zu bytes are no such message",
                   model->path, size);
}

void ad_onnx_parsed_free(ad_onnx *model)
{
    for (message *m = model->messages; m; m = m->next)
        protobuf_c_message_free_unpacked(m->root, &m->allocator);
    model->messages = NULL;
}

/* ---- nodes ---- */

static ad_status take_attr(ad_onnx *model, const AdOnnx__Attribute *from, ad_onnx_attr *to)
{
    *to = (ad_onnx_attr){
        .name = text_of(from->name),
        .f = from->f,
        .i = from->i,
        .floats = from->floats,
        .float_count = from->n_floats,
        .ints = from->ints,
        .int_count = from->n_ints,
        .graph = from->has_g ? from->g.data : NULL,
        .graph_bytes = from->has_g ? from->g.len : 0,
    };
    if (from->has_s) {
        char *text = ad_arena_alloc(&model->arena, from->s.len + 1);
        if (!text) return AD_ERROR_MEMORY;
        if (from->s.len) memcpy(text, from->s.data, from->s.len);
        to->s = text;
    }
    if (!from->t) return AD_OK;
    ad_onnx_tensor *tensor = ad_arena_alloc(&model->arena, sizeof *tensor);
    to->t = tensor;
    return tensor ? ad_onnx_take_tensor(model, from->t, tensor) : AD_ERROR_MEMORY;
}

static ad_status take_node(ad_onnx *model, const AdOnnx__Node *from, ad_onnx_op_node *to)
{
    ad_onnx_attr *attrs = ad_arena_alloc(&model->arena, (from->n_attribute + 1) * sizeof *attrs);
    if (!attrs) return AD_ERROR_MEMORY;
    const char *domain = text_of(from->domain);
    *to = (ad_onnx_op_node){
        .name = text_of(from->name),
        .op = text_of(from->op_type),
        .domain = strcmp(domain, "ai.onnx") ? domain : "",
        .in = (const char **)from->input,
        .out = (const char **)from->output,
        .in_count = (int)from->n_input,
        .out_count = (int)from->n_output,
        .attr_count = (int)from->n_attribute,
        .reads = (const char **)from->input,
        .read_count = (int)from->n_input,
        .attrs = attrs,
    };
    ad_status status = AD_OK;
    for (size_t i = 0; i < from->n_attribute && !status; ++i)
        status = take_attr(model, from->attribute[i], &attrs[i]);
    return status;
}

static void take_value(const AdOnnx__ValueInfo *from, ad_onnx_value *to)
{
    const AdOnnx__TensorType *type = from->type ? from->type->tensor_type : NULL;
    int elem = type ? type->elem_type : AD_ONNX_NONE;
    *to = (ad_onnx_value){.name = text_of(from->name),
                          .dtype = ad_onnx_elem_dtype(elem),
                          .stored = ad_onnx_elem_name(elem),
                          .rank = -1};
    if (!type || !type->shape || type->shape->n_dim > AD_MAX_RANK) return;
    to->rank = (int)type->shape->n_dim;
    for (int i = 0; i < to->rank; ++i) {
        const AdOnnx__Dimension *dim = type->shape->dim[i];
        to->dim[i] = dim->has_dim_value && dim->dim_value > 0 ? dim->dim_value : -1;
    }
}

/* ---- graphs ---- */

/* Inputs that the file lists among its tensors as well are these. */
static ad_status take_inputs(ad_onnx *model, const AdOnnx__Graph *from, ad_onnx_graph *to)
{
    ad_name_table tensors;
    ad_status status = AD_OK;
    ad_name_table_init(&tensors, model->ctx);
    for (size_t i = 0; i < from->n_initializer && !status; ++i) {
        const char *name = text_of(from->initializer[i]->name);
        if (ad_name_add(&tensors, name, strlen(name)) < 0) status = AD_ERROR_MEMORY;
    }
    for (size_t i = 0; i < from->n_input && !status; ++i) {
        const char *name = text_of(from->input[i]->name);
        if (ad_name_find(&tensors, name, strlen(name)) < 0)
            take_value(from->input[i], &to->inputs[to->input_count++]);
    }
    ad_name_table_free(&tensors);
    return status;
}

static ad_status take_tensors(ad_onnx *model, const AdOnnx__Graph *from, ad_onnx_graph *to)
{
    for (size_t i = 0; i < from->n_initializer; ++i) {
        ad_onnx_tensor *tensor = &to->tensors[i];
        ad_status status = ad_onnx_take_tensor(model, from->initializer[i], tensor);
        if (status) return status;
        ad_onnx_value *value = &to->tensor_values[to->tensor_count++];
        *value = (ad_onnx_value){tensor->name,
                                 ad_onnx_elem_dtype(tensor->elem),
                                 ad_onnx_elem_name(tensor->elem),
                                 tensor->shape.rank,
                                 {0}};
        memcpy(value->dim, tensor->shape.dim, sizeof value->dim);
    }
    return AD_OK;
}

static ad_status take_graph(ad_onnx *model, const AdOnnx__Graph *from, ad_onnx_graph *to)
{
    if (from->n_sparse_initializer)
        return ad_fail(model->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: %zu weights are kept as sparse tensors, which are not supported",
                       model->path, from->n_sparse_initializer);
    if (from->n_node > INT_MAX / 2 || from->n_initializer > INT_MAX / 2)
        return ad_fail(model->ctx, AD_ERROR_LIMIT, "%s: too many nodes or tensors", model->path);
    ad_arena *arena = &model->arena;
    to->nodes = ad_arena_alloc(arena, (from->n_node + 1) * sizeof *to->nodes);
    to->tensors = ad_arena_alloc(arena, (from->n_initializer + 1) * sizeof *to->tensors);
    to->tensor_values = ad_arena_alloc(arena, (from->n_initializer + 1) * sizeof *to->inputs);
    to->inputs = ad_arena_alloc(arena, (from->n_input + 1) * sizeof *to->inputs);
    to->outputs = ad_arena_alloc(arena, (from->n_output + 1) * sizeof *to->outputs);
    if (!to->nodes || !to->tensors || !to->tensor_values || !to->inputs || !to->outputs)
        return AD_ERROR_MEMORY;
    ad_status status = take_inputs(model, from, to);
    if (!status) status = take_tensors(model, from, to);
    for (size_t i = 0; i < from->n_node && !status; ++i)
        status = take_node(model, from->node[i], &to->nodes[to->node_count++]);
    for (size_t i = 0; i < from->n_output && !status; ++i)
        take_value(from->output[i], &to->outputs[to->output_count++]);
    return status;
}

static ad_status take_opsets(ad_onnx *model, const AdOnnx__Model *from)
{
    for (size_t i = 0; i < from->n_opset_import; ++i) {
        const char *domain = text_of(from->opset_import[i]->domain);
        if (!*domain || !strcmp(domain, "ai.onnx")) model->opset = from->opset_import[i]->version;
    }
    if (model->opset >= 7 && model->opset <= 21) return AD_OK;
    if (!from->n_opset_import)
        return ad_fail(model->ctx, AD_ERROR_FORMAT,
                       "%s: not an ONNX file: it does not say which opset it is written in",
                       model->path);
    return ad_fail(model->ctx, AD_ERROR_UNSUPPORTED,
                   "%s: written in opset %" PRId64 " of the standard domain; 7 to 21 are supported",
                   model->path, model->opset);
}

ad_status ad_onnx_parse(ad_onnx *model, const unsigned char *bytes, size_t size)
{
    ProtobufCMessage *root;
    ad_status status = unpack(model, &ad_onnx__model__descriptor, bytes, size, &root);
    if (status) return status;
    const AdOnnx__Model *from = (const AdOnnx__Model *)root;
    if (!from->graph)
        return ad_fail(model->ctx, AD_ERROR_FORMAT, "%s: not an ONNX file: there is no graph in it",
                       model->path);
    status = take_opsets(model, from);
    if (status) return status;
    const char *version = text_of(from->producer_version), *producer = text_of(from->producer_name);
    model->producer = ad_arena_format(&model->arena, "%s%s%s", producer,
                                      *producer && *version ? " " : "", version);
    if (!model->producer) return AD_ERROR_MEMORY;
    return take_graph(model, from->graph, model->graph);
}

ad_status ad_onnx_parse_graph(ad_onnx *model, const unsigned char *bytes, size_t size,
                              ad_onnx_graph *graph)
{
    ProtobufCMessage *root;
    ad_status status = unpack(model, &ad_onnx__graph__descriptor, bytes, size, &root);
    return status ? status : take_graph(model, (const AdOnnx__Graph *)root, graph);
}
