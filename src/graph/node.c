/* node.c - making nodes: input checks, the op's shape rule, names, and what happens when one fails.
 *
 * A failure is recorded once, on the graph, and from then on every builder answers with the graph's
 * poisoned node; ad_compile returns the recorded sentence. */
#include "graph/node.h"

#include <stdio.h>
#include <string.h>

static ad_node *poisoned(ad_graph *graph)
{
    return graph ? graph->poison : NULL;
}

/* Keeps the first error. The sentence stays in the context too. */
static void record(ad_graph *graph, ad_status status, const char *format, va_list args)
{
    ad_vfail(graph->ctx, status, format, args);
    if (graph->status != AD_OK) return;
    graph->status = status;
    char sentence[1024];
    snprintf(sentence, sizeof sentence, "%s", ad_error(graph->ctx));
    const char *copy = ad_arena_text(&graph->arena, sentence);
    graph->error = copy ? copy : "out of memory";
}

static void record_text(ad_graph *graph, ad_status status, const char *format, ...) AD_PRINTF(3, 4);
static void record_text(ad_graph *graph, ad_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    record(graph, status, format, args);
    va_end(args);
}

ad_node *ad_poison(ad_graph *graph, ad_status status, const char *format, ...)
{
    if (!graph) return NULL;
    if (graph->status == AD_OK) {
        va_list args;
        va_start(args, format);
        record(graph, status, format, args);
        va_end(args);
    }
    return graph->poison;
}

/* "scope: op: sentence (inputs [..], [..])" */
static void fail_sentence(const ad_infer *rule, ad_status status, const char *format, va_list args)
{
    char sentence[512], shapes[400] = "", shape[192];
    size_t at = 0;
    vsnprintf(sentence, sizeof sentence, format, args);
    for (int i = 0; i < rule->n_inputs && at < sizeof shapes; ++i) {
        const char *text = rule->inputs[i]
                               ? ad_shape_text(rule->inputs[i]->shape, shape, sizeof shape)
                               : "none";
        if (i == 8 || at + strlen(text) + 12 > sizeof shapes) {
            snprintf(shapes + at, sizeof shapes - at, ", ...");
            break;
        }
        const char *before = i ? ", " : rule->n_inputs > 1 ? " (inputs " : " (input ";
        at += (size_t)snprintf(shapes + at, sizeof shapes - at, "%s%s", before, text);
    }
    const char *scope = rule->graph->scopes ? rule->graph->scopes->name : "";
    record_text(rule->graph, status, "%s%s%s: %s%s%s", scope, *scope ? ": " : "",
                ad_ops[rule->op].name, sentence, shapes, *shapes ? ")" : "");
}

bool ad_infer_fail(ad_infer *rule, ad_status status, const char *format, ...)
{
    if (rule->graph->status == AD_OK) {
        va_list args;
        va_start(args, format);
        fail_sentence(rule, status, format, args);
        va_end(args);
    }
    return false;
}

ad_node *ad_refuse(ad_graph *graph, ad_op op, ad_node *const *inputs, int n_inputs,
                   ad_status status, const char *format, ...)
{
    for (int i = 0; i < n_inputs && !graph; ++i) graph = ad_node_graph(inputs[i]);
    if (!graph) return NULL;
    if (graph->status == AD_OK) {
        ad_infer rule = {.graph = graph, .op = op, .n_inputs = n_inputs, .inputs = inputs};
        va_list args;
        va_start(args, format);
        fail_sentence(&rule, status, format, args);
        va_end(args);
    }
    return graph->poison;
}

static bool inputs_fit(ad_infer *rule)
{
    const ad_op_info *info = &ad_ops[rule->op];
    for (int i = 0; i < rule->n_inputs; ++i) {
        if (!rule->inputs[i])
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "input %d is missing (NULL)", i);
        if (rule->inputs[i]->graph != rule->graph)
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "input %d belongs to another graph", i);
        if (rule->inputs[i]->op == AD_OP_POISON)
            return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "input %d is poisoned", i);
    }
    if (rule->n_inputs < info->min_inputs ||
        (info->max_inputs >= 0 && rule->n_inputs > info->max_inputs))
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "has %d inputs, expected %s%d",
                             rule->n_inputs, info->max_inputs < 0 ? "at least " : "",
                             info->min_inputs);
    return true;
}

static bool append(ad_graph *graph, ad_node *node)
{
    if (graph->n_nodes == graph->capacity) {
        if (graph->capacity > INT32_MAX / 2) return false;
        int capacity = graph->capacity ? 2 * graph->capacity : 64;
        ad_node **nodes = ad_realloc(graph->ctx, graph->nodes,
                                     (size_t)graph->capacity * sizeof *nodes,
                                     (size_t)capacity * sizeof *nodes);
        if (!nodes) return false;
        graph->nodes = nodes;
        graph->capacity = capacity;
    }
    node->id = graph->n_nodes;
    graph->nodes[graph->n_nodes++] = node;
    return true;
}

static ad_node *store(const ad_infer *rule)
{
    ad_graph *graph = rule->graph;
    size_t attr_bytes = ad_ops[rule->op].attr_bytes,
           inputs_bytes = (size_t)rule->n_inputs * sizeof(ad_node *);
    ad_node *node = ad_arena_alloc(&graph->arena, sizeof *node);
    ad_node **inputs = inputs_bytes ? ad_arena_alloc(&graph->arena, inputs_bytes) : NULL;
    void *attr = attr_bytes ? ad_arena_alloc(&graph->arena, attr_bytes) : NULL;
    if (!node || (inputs_bytes && !inputs) || (attr_bytes && !attr)) return NULL;
    if (inputs_bytes) memcpy(inputs, rule->inputs, inputs_bytes);
    if (attr_bytes) memcpy(attr, rule->attr, attr_bytes);
    *node = (ad_node){.graph = graph,
                      .op = rule->op,
                      .dtype = rule->dtype,
                      .shape = rule->shape,
                      .n_inputs = rule->n_inputs,
                      .inputs = inputs,
                      .attr = attr};
    if (!append(graph, node)) return NULL;
    if (graph->scopes) {
        node->name = ad_arena_format(&graph->arena, "%s.%s_%d", graph->scopes->name,
                                     ad_ops[node->op].name, node->id);
        if (!node->name) return NULL;
    }
    return node;
}

ad_node *ad_node_new(ad_graph *graph, ad_op op, ad_node *const *inputs, int n_inputs,
                     const void *attr)
{
    for (int i = 0; i < n_inputs && !graph; ++i) graph = ad_node_graph(inputs[i]);
    if (!graph || graph->status != AD_OK) return poisoned(graph);
    ad_infer rule = {
        .graph = graph, .op = op, .n_inputs = n_inputs, .inputs = inputs, .attr = attr};
    if (!inputs_fit(&rule) || !ad_ops[op].infer(&rule)) return graph->poison;
    int64_t count = ad_shape_count(rule.shape);
    if (count < 0 || count > INT64_MAX / 16) {
        char text[192];
        ad_infer_fail(&rule, AD_ERROR_SHAPE, "the result %s is too large",
                      ad_shape_text(rule.shape, text, sizeof text));
        return graph->poison;
    }
    ad_node *node = store(&rule);
    return node ? node : ad_poison(graph, AD_ERROR_MEMORY, "%s", ad_error(graph->ctx));
}

/* "outer.text" from the graph's arena; poisons the graph and returns NULL when memory is refused.
 */
static char *scoped_name(ad_graph *graph, const char *format, va_list args)
{
    const char *outer = graph->scopes ? graph->scopes->name : "";
    size_t prefix = *outer ? strlen(outer) + 1 : 0;
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *name = length < 0 ? NULL : ad_arena_alloc(&graph->arena, prefix + (size_t)length + 1);
    if (!name) {
        ad_poison(graph, AD_ERROR_MEMORY, "out of memory for a name");
        return NULL;
    }
    if (prefix) memcpy(name, outer, prefix - 1), name[prefix - 1] = '.';
    vsnprintf(name + prefix, (size_t)length + 1, format, args);
    return name;
}

ad_node *ad_name(ad_node *node, const char *format, ...)
{
    if (ad_node_poisoned(node) || node->op == AD_OP_INPUT || node->op == AD_OP_VARIABLE)
        return node;
    va_list args;
    va_start(args, format);
    char *name = scoped_name(node->graph, format, args);
    va_end(args);
    if (!name) return node->graph->poison;
    node->name = name;
    return node;
}

void ad_scope_push(ad_graph *graph, const char *format, ...)
{
    if (!graph) return;
    struct ad_scope *scope = ad_arena_alloc(&graph->arena, sizeof *scope);
    if (!scope) {
        ad_poison(graph, AD_ERROR_MEMORY, "out of memory for a scope");
        return;
    }
    va_list args;
    va_start(args, format);
    const char *name = scoped_name(graph, format, args);
    va_end(args);
    *scope = (struct ad_scope){graph->scopes, name ? name : ""};
    graph->scopes = scope;
}

void ad_scope_pop(ad_graph *graph)
{
    if (!graph) return;
    if (graph->scopes)
        graph->scopes = graph->scopes->outer;
    else
        ad_poison(graph, AD_ERROR_ARGUMENT, "a scope was closed that had not been opened");
}

const char *ad_node_name(const ad_node *node)
{
    if (ad_node_poisoned(node)) return "poison";
    if (node->name) return node->name;
    const char *name = ad_arena_format(&node->graph->arena, "%s_%d", ad_ops[node->op].name,
                                       node->id);
    if (!name) return ad_ops[node->op].name;
    ((ad_node *)node)->name =
        name; /* nodes live in writable memory; the name is only spelled out late */
    return name;
}

const char *ad_node_op(const ad_node *node)
{
    return node ? ad_ops[node->op].name : "poison";
}
ad_dtype ad_node_dtype(const ad_node *node)
{
    return node ? node->dtype : AD_F32;
}
ad_shape ad_node_shape(const ad_node *node)
{
    return node ? node->shape : (ad_shape){0};
}
ad_graph *ad_node_graph(const ad_node *node)
{
    return node ? node->graph : NULL;
}
bool ad_node_poisoned(const ad_node *node)
{
    return !node || node->op == AD_OP_POISON;
}

const char *ad_variable_name(const ad_variable *variable)
{
    return variable ? variable->name : "";
}
ad_dtype ad_variable_dtype(const ad_variable *variable)
{
    return variable ? variable->dtype : AD_F32;
}
ad_shape ad_variable_shape(const ad_variable *variable)
{
    return variable ? variable->shape : (ad_shape){0};
}
