/* onnx_values.c - every network of tests/fixtures/onnx against what onnxruntime makes of it
 * (written by tests/oracle/onnx_files.py): all values, fed and taken in the file's order of axes
 * and in this library's.
 * needs: protobuf-c */
#include "context.h"

#include <autodidact/onnx.h>
#include <autodidact/program.h>
#include <dirent.h>

#define FIXTURES "tests/fixtures/onnx"

enum { VALUES_MOST = 64 };

typedef struct net {
    const char *name;
    ad_onnx *model;
    ad_file *values;
    ad_graph *graph;
    ad_vars *vars;
    void *data[VALUES_MOST]; /* of inputs */
} net;

/* The index of NAME.in.X or NAME.out.X in the values, which must be there. */
static int value_index(const net *n, const char *kind, const char *value)
{
    char name[256];
    snprintf(name, sizeof name, "%s.%s.%s", n->name, kind, value);
    int index = ad_file_find(n->values, name);
    if (index < 0) CHECK_FAIL("%s is not among the values", name);
    return index;
}

/* [n, c, ...] to [n, ..., c], or back. */
static ad_node *turned(ad_node *x, bool to_last)
{
    int rank = ad_node_shape(x).rank, order[AD_MAX_RANK] = {0};
    for (int i = 0; i < rank; ++i)
        order[i] = i == 0 ? 0 : to_last ? (i == rank - 1 ? 1 : i + 1) : (i == 1 ? rank - 1 : i - 1);
    return ad_permute(x, order);
}

static bool feed(net *n, bool channels_last, ad_onnx_feed *feeds)
{
    for (int i = 0; i < ad_onnx_input_count(n->model); ++i) {
        const ad_onnx_value *input = ad_onnx_input_at(n->model, i);
        int index = value_index(n, "in", input->name);
        if (index < 0) return false;
        const ad_file_entry *entry = ad_file_at(n->values, index);
        ad_node *node = ad_input(n->graph, input->name, entry->dtype, entry->shape);
        size_t bytes = ad_shape_bytes(entry->shape, entry->dtype);
        n->data[i] = malloc(bytes + 1);
        if (ad_file_read(n->values, index, entry->dtype, n->data[i], bytes)) return false;
        bool last = channels_last && entry->shape.rank >= 3;
        feeds[i] = (ad_onnx_feed){input->name, last ? turned(node, true) : node, last};
    }
    return true;
}

static void compare(const net *n, const char *value, const ad_program *program, ad_node *node)
{
    int index = value_index(n, "out", value);
    if (index < 0) return;
    const ad_file_entry *entry = ad_file_at(n->values, index);
    char want_shape[192], got_shape[192];
    if (!ad_shape_equal(entry->shape, ad_node_shape(node))) {
        CHECK_FAIL("%s: %s is %s, expected %s", n->name, value,
                   ad_shape_text(ad_node_shape(node), got_shape, sizeof got_shape),
                   ad_shape_text(entry->shape, want_shape, sizeof want_shape));
        return;
    }
    int64_t count = ad_shape_count(entry->shape);
    double *want = malloc(((size_t)count + 1) * 8), *got = malloc(((size_t)count + 1) * 8);
    CHECK(!ad_file_read(n->values, index, AD_F64, want, (size_t)count * 8));
    ad_convert(got, AD_F64, ad_result(program, node), ad_node_dtype(node), count);
    for (int64_t i = 0; i < count; ++i) {
        if (fabs(got[i] - want[i]) <= 2e-5 * fmax(1, fabs(want[i])) || got[i] == want[i]) continue;
        CHECK_FAIL("%s: %s[%lld] is %.9g, expected %.9g", n->name, value, (long long)i, got[i],
                   want[i]);
        break;
    }
    free(want), free(got);
}

static void build_and_compare(net *n, bool channels_last)
{
    ad_onnx_feed feeds[VALUES_MOST] = {{0}};
    ad_onnx_want wants[VALUES_MOST];
    ad_node *nodes[VALUES_MOST];
    ad_program *program = NULL;
    int inputs = ad_onnx_input_count(n->model), outputs = ad_onnx_output_count(n->model);
    REQUIRE(inputs <= VALUES_MOST && outputs <= VALUES_MOST && feed(n, channels_last, feeds));
    for (int i = 0; i < outputs; ++i)
        wants[i] = (ad_onnx_want){ad_onnx_output_at(n->model, i)->name, channels_last};
    ad_status status = ad_onnx_build(n->model, n->graph, n->vars, feeds, inputs, wants, outputs,
                                     (ad_onnx_options){0}, nodes);
    if (status) CHECK_FAIL("%s", ad_error(ctx));
    REQUIRE(!status);
    for (int i = 0; i < outputs && channels_last; ++i)
        if (ad_node_shape(nodes[i]).rank >= 3) nodes[i] = turned(nodes[i], false);
    status = ad_compile(&program, ctx, nodes, outputs, NULL);
    if (status) CHECK_FAIL("%s: %s", n->name, ad_error(ctx));
    REQUIRE(program);
    for (int i = 0; i < inputs; ++i) {
        const char *name = ad_onnx_input_at(n->model, i)->name;
        ad_dtype dtype;
        ad_shape shape;
        if (!ad_program_find_input(program, name, &dtype, &shape)) continue;
        CHECK(!ad_bind_name(program, name, n->data[i], ad_shape_bytes(shape, dtype)));
    }
    CHECK(!ad_run(program));
    for (int i = 0; i < outputs; ++i)
        compare(n, ad_onnx_output_at(n->model, i)->name, program, nodes[i]);
    ad_program_free(program);
}

static void check_net(ad_file *values, const char *file, bool channels_last)
{
    char path[512], name[256];
    net n = {.values = values, .name = name};
    snprintf(path, sizeof path, "%s/%s", FIXTURES, file);
    snprintf(name, sizeof name, "%.*s", (int)strlen(file) - 5, file);
    if (ad_onnx_open(&n.model, ctx, path)) CHECK_FAIL("%s", ad_error(ctx));
    if (!n.model) return;
    n.graph = ad_graph_new(ctx), n.vars = ad_vars_new(ctx, 1);
    build_and_compare(&n, channels_last);
    for (int i = 0; i < VALUES_MOST; ++i) free(n.data[i]);
    ad_graph_free(n.graph);
    ad_vars_free(n.vars);
    ad_onnx_free(n.model);
}

static int each(bool channels_last)
{
    ad_file *values;
    int count = 0;
    DIR *folder = opendir(FIXTURES);
    if (!folder || ad_file_open(&values, ctx, FIXTURES "/values.safetensors")) {
        CHECK_FAIL("no fixtures: %s", ad_error(ctx));
        if (folder) closedir(folder);
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t length = strlen(entry->d_name);
        if (length < 6 || strcmp(entry->d_name + length - 5, ".onnx") != 0) continue;
        check_net(values, entry->d_name, channels_last);
        ++count;
    }
    closedir(folder);
    ad_file_close(values);
    return count;
}

static void file_order(void)
{
    CHECK(each(false) >= 30);
}

static void our_order(void)
{
    CHECK(each(true) >= 30);
}

static const check_case cases[] = {CASE(file_order), CASE(our_order), {0}};

int main(int argc, char **argv)
{
    return check_in_context(argc, argv, cases);
}
