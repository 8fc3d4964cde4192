/* model.c - what a network is built from again, as metadata of its file; opening trained networks,
 * PyTorch's files of graph attention networks among them, whose shape is read off their tensors. */
#include "zoo/graph/graph.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- metadata ---- */

ad_status graph_model_describe(ad_context *ctx, const graph_model *m, graph_text *t)
{
    *t = (graph_text){0};
    json_t *names = json_array();
    for (int i = 0; i < m->classes; ++i)
        json_array_append_new(names, json_string(m->class_names[i]));
    t->classes = names && json_array_size(names) == (size_t)m->classes
                     ? json_dumps(names, JSON_COMPACT | JSON_ENSURE_ASCII)
                     : NULL;
    json_decref(names);
    if (!t->classes)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "a class name holds bytes that are no UTF-8");
    for (int i = 0, at = 0; i < m->layers; ++i)
        at += snprintf(t->shape + at, sizeof t->shape - (size_t)at, "%s%dx%d", i ? "," : "",
                       m->heads[i], m->width[i]);
    snprintf(t->flags, sizeof t->flags, "%s%s%s%s%s%s", m->skip ? "skip," : "",
             m->bias ? "bias," : "", m->of_graphs ? "graphs," : "", m->several ? "several," : "",
             m->raw ? "raw," : "", m->readout);
    snprintf(t->features, sizeof t->features, "%lld", (long long)m->features);
    t->row[t->count++] = (ad_metadata){"graph.model", m->kind};
    t->row[t->count++] = (ad_metadata){"graph.layers", t->shape};
    t->row[t->count++] = (ad_metadata){"graph.flags", t->flags};
    t->row[t->count++] = (ad_metadata){"graph.features", t->features};
    t->row[t->count++] = (ad_metadata){"graph.classes", t->classes};
    return AD_OK;
}

void graph_text_free(graph_text *t)
{
    free(t->classes);
    *t = (graph_text){0};
}

void graph_model_free(graph_model *m)
{
    for (int i = 0; m->class_names && i < m->classes; ++i) free(m->class_names[i]);
    free(m->class_names);
    *m = (graph_model){0};
}

ad_status graph_model_names(ad_context *ctx, graph_model *m, char *const *names, int count)
{
    m->class_names = calloc((size_t)count, sizeof *m->class_names);
    m->classes = m->class_names ? count : 0;
    for (int i = 0; i < m->classes; ++i)
        if (!(m->class_names[i] = strdup(names[i])))
            return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    return m->class_names ? AD_OK : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
}

static ad_status fail_damaged(ad_context *ctx, const ad_file *file, const char *what)
{
    return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: its %s is damaged", ad_file_path(file), what);
}

static ad_status read_classes(ad_context *ctx, const ad_file *file, graph_model *m)
{
    const char *text = ad_file_metadata(file, "graph.classes");
    json_t *names = text ? json_loads(text, 0, NULL) : NULL;
    size_t count = json_is_array(names) ? json_array_size(names) : 0;
    ad_status status = count >= 1 && count <= 10000 ? AD_OK
                                                    : fail_damaged(ctx, file, "list of classes");
    char **list = status ? NULL : calloc(count, sizeof *list);
    for (size_t i = 0; list && i < count && !status; ++i) {
        list[i] = (char *)json_string_value(json_array_get(names, i));
        if (!list[i]) status = fail_damaged(ctx, file, "list of classes");
    }
    if (!status) status = graph_model_names(ctx, m, list, list ? (int)count : 0);
    free(list);
    json_decref(names);
    return status;
}

static bool flag(const char *flags, const char *word)
{
    const char *at = flags ? strstr(flags, word) : NULL;
    return at && at[strlen(word)] == ',';
}

static ad_status read_own(ad_context *ctx, const ad_file *file, graph_model *m)
{
    const char *kind = ad_file_metadata(file, "graph.model");
    const char *shape = ad_file_metadata(file, "graph.layers");
    const char *flags = ad_file_metadata(file, "graph.flags");
    const char *features = ad_file_metadata(file, "graph.features");
    char known[] = "|" GRAPH_MODELS "|", wanted[32];
    snprintf(wanted, sizeof wanted, "|%.20s|", kind);
    if (!strstr(known, wanted) || strlen(kind) >= sizeof m->kind)
        return ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                            "%s: holds a network \"%.20s\"; known are %s", ad_file_path(file), kind,
                            GRAPH_MODELS);
    snprintf(m->kind, sizeof m->kind, "%s", kind);
    while (shape && *shape && m->layers < GRAPH_LAYERS) {
        char *times, *end;
        long heads = strtol(shape, &times, 10),
             width = *times == 'x' ? strtol(times + 1, &end, 10) : 0;
        if (heads < 1 || width < 1 || heads > 1024 || width > 1 << 20)
            return fail_damaged(ctx, file, "list of layers");
        m->heads[m->layers] = (int)heads, m->width[m->layers++] = (int)width;
        shape = end;
        shape += *shape == ',';
    }
    const char *last = flags ? strrchr(flags, ',') : NULL;
    snprintf(m->readout, sizeof m->readout, "%.7s", last ? last + 1 : flags ? flags : "");
    m->skip = flag(flags, "skip"), m->bias = flag(flags, "bias");
    m->of_graphs = flag(flags, "graphs"), m->several = flag(flags, "several");
    m->raw = flag(flags, "raw");
    m->features = features ? strtoll(features, NULL, 10) : 0;
    if (!m->layers || m->features < 1 || m->features > 1 << 28)
        return fail_damaged(ctx, file, "list of layers");
    return read_classes(ctx, file, m);
}

/* gat_net.N.scoring_fn_source [1, heads, width], gat_net.0.linear_proj.weight [.., features].
 */
static ad_status read_torch(ad_context *ctx, const ad_file *file, graph_model *m,
                            const ad_graph_set *set)
{
    char name[96];
    int first = ad_file_find(file, "gat_net.0.linear_proj.weight");
    for (; m->layers < GRAPH_LAYERS; ++m->layers) {
        snprintf(name, sizeof name, "gat_net.%d.scoring_fn_source", m->layers);
        int at = ad_file_find(file, name);
        if (at < 0) break;
        ad_shape s = ad_file_at(file, at)->shape;
        if (s.rank != 3 || s.dim[0] != 1 || s.dim[1] < 1 || s.dim[1] > 1024 || s.dim[2] < 1 ||
            s.dim[2] > 1 << 20)
            return fail_damaged(ctx, file, name);
        m->heads[m->layers] = (int)s.dim[1], m->width[m->layers] = (int)s.dim[2];
    }
    if (!m->layers || first < 0 || ad_file_at(file, first)->shape.rank != 2)
        return ad_error_set(
            ctx, AD_ERROR_FORMAT,
            "%s: holds no network on graphs (no gat_net.0.scoring_fn_source; it was "
            "not written by `graph train`)",
            ad_file_path(file));
    strcpy(m->kind, "gat");
    m->features = ad_file_at(file, first)->shape.dim[1];
    m->bias = ad_file_find(file, "gat_net.0.bias") >= 0;
    const char *skip = ad_file_metadata(file, "add_skip_connection");
    m->skip = skip ? !strcmp(skip, "true") : ad_file_find(file, "gat_net.0.skip_proj.weight") >= 0;
    m->several = set->targets != NULL;
    if (set->classes != m->width[m->layers - 1])
        return ad_error_set(ctx, AD_ERROR_SHAPE, "%s: tells %d classes apart, the data have %d",
                            ad_file_path(file), m->width[m->layers - 1], set->classes);
    return graph_model_names(ctx, m, set->class_names, set->classes);
}

/* ---- opening ---- */

static ad_status check_data(ad_context *ctx, const ad_file *file, const graph_model *m,
                            const ad_graph_set *set)
{
    if (set->features != m->features)
        return ad_error_set(ctx, AD_ERROR_SHAPE, "%s: expects %lld features, the data have %lld",
                            ad_file_path(file), (long long)m->features, (long long)set->features);
    if (set->of_graphs != m->of_graphs)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "%s: classifies %s, the data label %s",
                            ad_file_path(file), m->of_graphs ? "graphs" : "nodes",
                            set->of_graphs ? "graphs" : "nodes");
    if (set->classes != m->classes)
        return ad_error_set(ctx, AD_ERROR_SHAPE, "%s: tells %d classes apart, the data have %d",
                            ad_file_path(file), m->classes, set->classes);
    return AD_OK;
}

static ad_status build(ad_context *ctx, graph_trained *t, ad_file *file)
{
    graph_model *m = &t->model;
    bool loops = strcmp(m->kind, "gin") != 0;
    graph_sizes room = graph_room(t->set, t->set->of_graphs ? 64 : 1 << 30, loops);
    ad_node *outputs[GRAPH_LAYERS + 2];
    int count = 0;
    t->vars = ad_vars_new(ctx, 0), t->graph = ad_graph_new(ctx);
    if (!t->vars || !t->graph) return ad_error_status(ctx);
    graph_inputs in = graph_declare_inputs(t->graph, m, room);
    outputs[count++] = t->logits = graph_network(m, t->vars, &in, NULL, &t->inside);
    if (t->looks) outputs[count++] = t->inside.embedding;
    for (int i = 0; t->looks && i < m->layers; ++i)
        if (t->inside.attention[i]) outputs[count++] = t->inside.attention[i];
    ad_status status = ad_graph_status(t->graph);
    if (status) return ad_error_set(ctx, status, "%s", ad_graph_error(t->graph));
    status = ad_vars_load_file(t->vars, file, (ad_load_options){.allow_unused = true});
    if (!status) status = ad_compile(&t->program, ctx, outputs, count, NULL);
    if (!status) status = graph_batch_new(&t->batch, t->set, room, loops);
    if (!status) status = graph_batch_bind(&t->batch, t->program);
    return status;
}

int graph_open(ad_command *cmd, const char *path, bool looks, graph_trained *t)
{
    char found[PATH_MAX], note[512];
    ad_context *ctx = ad_command_context(cmd);
    ad_file *file = NULL;
    *t = (graph_trained){.looks = looks};
    if (!ctx) return AD_EXIT_FAILURE;
    ad_status status = ad_run_weights(ctx, path, found, sizeof found, note, sizeof note);
    if (!status && *note) ad_command_note(cmd, "%s", note);
    if (!status) status = ad_file_open(&file, ctx, found);
    if (!status) status = graph_read(cmd, (graph_part){0}, NULL, &t->set);
    if (!status)
        status = ad_file_metadata(file, "graph.model") ? read_own(ctx, file, &t->model)
                                                       : read_torch(ctx, file, &t->model, t->set);
    if (!status) status = check_data(ctx, file, &t->model, t->set);
    if (!status && !t->model.raw && !ad_command_flag(cmd, "raw")) ad_graph_set_normalise(t->set);
    if (!status) status = build(ctx, t, file);
    ad_file_close(file);
    if (!status) return AD_EXIT_OK;
    graph_close(t);
    return ad_command_fail(cmd, "%s", ad_error(ctx));
}

void graph_close(graph_trained *t)
{
    ad_program_free(t->program);
    ad_graph_free(t->graph);
    ad_vars_free(t->vars);
    graph_batch_free(&t->batch);
    ad_graph_set_free(t->set);
    graph_model_free(&t->model);
    *t = (graph_trained){0};
}
