/* print.c - graphs as text (one line a node), Graphviz and JSON. */
#include "graph/node.h"
#include "base/escape.h"

#include <stdio.h>
#include <string.h>

static void add_shape(ad_text *text, ad_shape shape)
{
    char buffer[192];
    ad_text_add(text, ad_shape_text(shape, buffer, sizeof buffer));
}

static void add_attributes(ad_text *text, const ad_node *node)
{
    if (ad_ops[node->op].print) ad_ops[node->op].print(text, node->attr);
}

/* "conv2d(%10, %11) f32 [1, 64, 64, 32], stride=1, pad=1" */
static void add_value(ad_text *text, const ad_node *node)
{
    ad_text_format(text, "%s(", ad_ops[node->op].name);
    for (int i = 0; i < node->n_inputs; ++i)
        ad_text_format(text, i ? ", %%%d" : "%%%d", node->inputs[i]->id);
    ad_text_format(text, ") %s ", ad_dtype_name(node->dtype));
    add_shape(text, node->shape);
    add_attributes(text, node);
}

static void add_line(ad_text *text, const ad_node *node, int id_width, int name_width)
{
    char id[16];
    snprintf(id, sizeof id, "%%%d", node->id);
    ad_text_format(text, "%-*s %-*s = ", id_width, id, name_width, ad_node_name(node));
    add_value(text, node);
}

static void print_text(ad_text *text, ad_node *const *nodes, int n)
{
    enum { NAME_COLUMN = 40 };
    int id_width = n ? snprintf(NULL, 0, "%%%d", nodes[n - 1]->id) : 0, name_width = 0;
    for (int i = 0; i < n; ++i) {
        int length = (int)strlen(ad_node_name(nodes[i]));
        if (length > name_width && length <= NAME_COLUMN) name_width = length;
    }
    for (int i = 0; i < n; ++i) {
        add_line(text, nodes[i], id_width, name_width);
        ad_text_add(text, "\n");
    }
}

/* Inside double quotes, for Graphviz. */
static void add_quoted(ad_text *text, const char *string)
{
    for (; *string; ++string) {
        unsigned char c = (unsigned char)*string;
        if (c == '"' || c == '\\')
            ad_text_format(text, "\\%c", c);
        else if (c < 0x20)
            ad_text_add(text, " ");
        else
            ad_text_bytes(text, string, 1);
    }
}

static const char *dot_style(const ad_node *node)
{
    switch (node->op) {
    case AD_OP_INPUT: return "shape=invhouse, style=filled, fillcolor=\"#cfe8ff\"";
    case AD_OP_VARIABLE: return "shape=cylinder, style=filled, fillcolor=\"#ffe9b8\"";
    default: break;
    }
    switch (ad_ops[node->op].klass) {
    case AD_CLASS_LEAF: return "shape=ellipse, style=filled, fillcolor=\"#eeeeee\"";
    case AD_CLASS_EFFECT: return "shape=house, style=filled, fillcolor=\"#ffd0d0\"";
    case AD_CLASS_CONTRACT: return "shape=box, style=\"rounded,filled\", fillcolor=\"#d8f5d0\"";
    default: return "shape=box, style=rounded";
    }
}

static void print_dot(ad_text *text, ad_node *const *nodes, int n)
{
    ad_text_add(text, "digraph autodidact {\n    node [fontname=\"Helvetica\", fontsize=10];\n");
    for (int i = 0; i < n; ++i) {
        const ad_node *node = nodes[i];
        ad_text_format(text, "    n%d [%s, label=\"", node->id, dot_style(node));
        add_quoted(text, ad_node_name(node));
        ad_text_format(text, "\\n%s", ad_ops[node->op].name);
        add_attributes(text, node);
        ad_text_format(text, "\\n%s ", ad_dtype_name(node->dtype));
        add_shape(text, node->shape);
        ad_text_add(text, "\"];\n");
        for (int k = 0; k < node->n_inputs; ++k)
            ad_text_format(text, "    n%d -> n%d;\n", node->inputs[k]->id, node->id);
    }
    ad_text_add(text, "}\n");
}

static void print_json(ad_text *text, ad_node *const *nodes, int n)
{
    ad_text_add(text, "{\"nodes\": [");
    for (int i = 0; i < n; ++i) {
        const ad_node *node = nodes[i];
        ad_text_format(text, "%s{\"id\": %d, \"name\": ", i ? ",\n" : "\n", node->id);
        ad_text_json(text, ad_node_name(node), false);
        ad_text_format(text,
                       ", \"op\": \"%s\", \"dtype\": \"%s\", \"shape\": ", ad_ops[node->op].name,
                       ad_dtype_name(node->dtype));
        add_shape(text, node->shape);
        ad_text_add(text, ", \"inputs\": [");
        for (int k = 0; k < node->n_inputs; ++k)
            ad_text_format(text, k ? ", %d" : "%d", node->inputs[k]->id);
        ad_text_add(text, "], \"attributes\": ");
        ad_text attributes;
        ad_text_init(&attributes, text->ctx);
        add_attributes(&attributes, node);
        const char *list = ad_text_get(&attributes);
        ad_text_json(text, strncmp(list, ", ", 2) ? list : list + 2, false);
        text->failed |= attributes.failed;
        ad_text_free(&attributes);
        ad_text_add(text, "}");
    }
    ad_text_add(text, "\n]}\n");
}

ad_status ad_graph_print(ad_graph *graph, ad_node *const *outputs, int count, ad_format format,
                         ad_sink sink, void *user)
{
    static void (*const printers[])(ad_text *, ad_node *const *, int) = {
        [AD_TEXT] = print_text, [AD_DOT] = print_dot, [AD_JSON] = print_json};
    if ((unsigned)format >= sizeof printers / sizeof *printers)
        return ad_fail(graph->ctx, AD_ERROR_ARGUMENT, "graph print: no such format: %d",
                       (int)format);
    int n = graph->n_nodes;
    ad_node **nodes = count ? ad_reachable(graph, outputs, count, &n) : graph->nodes;
    if (!nodes && count) return AD_ERROR_MEMORY;
    ad_text text;
    ad_text_init(&text, graph->ctx);
    printers[format](&text, nodes, n);
    bool failed = text.failed;
    if (!failed) sink(user, ad_text_get(&text), text.length);
    ad_text_free(&text);
    return failed ? AD_ERROR_MEMORY : AD_OK;
}
