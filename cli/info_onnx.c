/* info_onnx.c - `autodidact info FILE.onnx`: what a network is made of, and whether it can be run.
 */
#include "cli/onnx.h"

#include <autodidact/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- operations by how often they are there ---- */

typedef struct op_count {
    const char *op, *domain;
    int count;
} op_count;

static int by_name(const void *a, const void *b)
{
    const op_count *x = a, *y = b;
    int order = strcmp(x->op, y->op);
    return order ? order : strcmp(x->domain, y->domain);
}

static int by_count(const void *a, const void *b)
{
    const op_count *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : by_name(a, b);
}

/* [*kinds], the most frequent first; free it. NULL: no memory. */
static op_count *count_ops(const ad_onnx *model, int *kinds)
{
    int nodes = ad_onnx_node_count(model);
    op_count *ops = calloc((size_t)nodes + 1, sizeof *ops);
    if (!ops) return NULL;
    for (int i = 0; i < nodes; ++i) {
        ad_onnx_node node = ad_onnx_node_at(model, i);
        ops[i] = (op_count){node.op, node.domain, 1};
    }
    qsort(ops, (size_t)nodes, sizeof *ops, by_name);
    *kinds = 0;
    for (int i = 0; i < nodes; ++i)
        if (*kinds && !by_name(&ops[*kinds - 1], &ops[i]))
            ++ops[*kinds - 1].count;
        else
            ops[(*kinds)++] = ops[i];
    qsort(ops, (size_t)*kinds, sizeof *ops, by_count);
    return ops;
}

static const char *shape_text(const ad_onnx_value *value, char *buffer, size_t size)
{
    size_t used = (size_t)snprintf(buffer, size, value->rank < 0 ? "unknown" : "[");
    for (int i = 0; i < value->rank && used < size; ++i)
        used += (size_t)snprintf(buffer + used, size - used, value->dim[i] < 0 ? "%s?" : "%s%lld",
                                 i ? ", " : "", (long long)value->dim[i]);
    if (value->rank >= 0 && used < size) snprintf(buffer + used, size - used, "]");
    return buffer;
}

/* ---- for machines ---- */

static void value_json(ad_command *cmd, const char *event, const ad_onnx_value *value)
{
    ad_json_begin(cmd, event);
    ad_json_text(cmd, "name", value->name);
    ad_json_text(cmd, "dtype", value->stored);
    if (value->rank >= 0) ad_json_ints(cmd, "shape", value->dim, value->rank);
    ad_json_end(cmd);
}

static void model_json(ad_command *cmd, const ad_onnx *model, const char *why_not,
                       const op_count *ops, int kinds)
{
    for (int i = 0; i < ad_onnx_input_count(model); ++i)
        value_json(cmd, "input", ad_onnx_input_at(model, i));
    for (int i = 0; i < ad_onnx_output_count(model); ++i)
        value_json(cmd, "output", ad_onnx_output_at(model, i));
    for (int i = 0; i < kinds; ++i) {
        ad_json_begin(cmd, "operation");
        ad_json_text(cmd, "name", ops[i].op);
        ad_json_text(cmd, "domain", ops[i].domain);
        ad_json_int(cmd, "count", ops[i].count);
        ad_json_end(cmd);
    }
    ad_json_begin(cmd, "file");
    ad_json_text(cmd, "file", ad_onnx_path(model));
    ad_json_text(cmd, "format", "ONNX");
    ad_json_text(cmd, "producer", ad_onnx_producer(model));
    ad_json_int(cmd, "opset", ad_onnx_opset(model));
    ad_json_int(cmd, "parameters", ad_onnx_parameters(model));
    ad_json_bool(cmd, "supported", !why_not);
    if (why_not) ad_json_text(cmd, "why_not", why_not);
    ad_json_end(cmd);
}

/* ---- for people ---- */

static ad_status values_table(ad_command *cmd, const ad_onnx *model)
{
    static const ad_column columns[] = {
        {.name = ""}, {.name = "name"}, {.name = "dtype"}, {.name = "shape"}};
    char shape[256];
    ad_table *t;
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, 4);
    int inputs = ad_onnx_input_count(model), all = inputs + ad_onnx_output_count(model);
    for (int i = 0; i < all; ++i) {
        const ad_onnx_value *value = i < inputs ? ad_onnx_input_at(model, i)
                                                : ad_onnx_output_at(model, i - inputs);
        ad_table_row(t);
        ad_table_text(t, i < inputs ? "input" : "output");
        ad_table_text(t, value->name);
        ad_table_text(t, value->stored);
        ad_table_text(t, shape_text(value, shape, sizeof shape));
    }
    if (!status) status = ad_table_print(t, cmd, "value");
    ad_table_free(t);
    return status;
}

static ad_status ops_table(ad_command *cmd, const op_count *ops, int kinds)
{
    static const ad_column columns[] = {{.name = "operation"}, {"nodes", .kind = AD_COLUMN_INT}};
    ad_table *t;
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, 2);
    for (int i = 0; i < kinds; ++i) {
        ad_table_row(t);
        ad_table_format(t, "%s%s%s", ops[i].domain, *ops[i].domain ? "." : "", ops[i].op);
        ad_table_int(t, ops[i].count);
    }
    if (!status) status = ad_table_print(t, cmd, "operation");
    ad_table_free(t);
    return status;
}

static ad_status model_text(ad_command *cmd, const ad_onnx *model, const char *why_not,
                            const op_count *ops, int kinds)
{
    const char *producer = ad_onnx_producer(model);
    ad_command_print(cmd, "%s: ONNX, opset %lld%s%s, %d nodes, %lld parameters\n",
                     ad_onnx_path(model), (long long)ad_onnx_opset(model), *producer ? ", by " : "",
                     producer, ad_onnx_node_count(model), (long long)ad_onnx_parameters(model));
    if (why_not)
        ad_command_print(cmd, "  cannot be run: %s\n", why_not);
    else
        ad_command_print(cmd, "  can be run: all of its operations are known\n");
    ad_command_print(cmd, "\n");
    ad_status status = values_table(cmd, model);
    ad_command_print(cmd, "\n");
    return status ? status : ops_table(cmd, ops, kinds);
}

/* Whether it can be run, and what is in it. */
static ad_status model_info(ad_command *cmd, ad_context *ctx, const ad_onnx *model)
{
    int kinds = 0;
    ad_status status = ad_onnx_supported(model);
    if (status && status != AD_ERROR_UNSUPPORTED) return status;
    char *why_not = status ? strdup(ad_error(ctx)) : NULL;
    op_count *ops = count_ops(model, &kinds);
    if (!ops || (status && !why_not))
        status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    else
        status = AD_OK;
    if (!status && ad_command_json(cmd))
        model_json(cmd, model, why_not, ops, kinds);
    else if (!status)
        status = model_text(cmd, model, why_not, ops, kinds);
    free(ops);
    free(why_not);
    return status;
}

int ad_cli_info_onnx(ad_command *cmd, ad_context *ctx, const char *path)
{
    ad_onnx *model;
    ad_status status = ad_onnx_open(&model, ctx, path);
    if (!status) status = model_info(cmd, ctx, model);
    ad_onnx_free(model);
    return ad_command_check(cmd, status);
}
