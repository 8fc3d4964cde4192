/* chosen.c - from --weights and its companions to a loaded network. */
#include "zoo/vision/chosen.h"

#include <string.h>
#include <unistd.h>

size_t vision_machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages * (size_t)size : 0;
}

int vision_require_layer(ad_command *cmd, const vision_chosen *chosen, const ad_file *file,
                         const char *option, const char *layer)
{
    ad_context *ctx = ad_command_context(cmd);
    if (chosen->onnx.file) return AD_EXIT_OK;
    ad_status status = vision_check_layer(ctx, file, &chosen->form, layer);
    if (status == AD_ERROR_ARGUMENT)
        return ad_command_usage(cmd, "--%s: %s", option, ad_error(ctx));
    return ad_command_check(cmd, status);
}

/* As the file says, or as it was said. */
static ad_status find_form(ad_command *cmd, ad_file *file, vision_form *form)
{
    const char *names[VISION_MAX_LAYERS];
    int wanted = ad_command_choice(cmd, "backbone");
    if (wanted < 0) return vision_read_form(ad_command_context(cmd), file, form);
    *form = (vision_form){.kind = (vision_kind)wanted};
    form->layers = vision_layers(form->kind, names);
    return AD_OK;
}

static ad_status open_chosen(ad_command *cmd, const char *path, vision_chosen *chosen,
                             ad_file **file)
{
    ad_context *ctx = ad_command_context(cmd);
    if (path && ad_onnx_ending(path)) return vision_onnx_open(&chosen->onnx, ctx, path);
    ad_status status = path ? ad_file_open(file, ctx, path) : vision_open_embedded(file, ctx);
    return status ? status : find_form(cmd, *file, &chosen->form);
}

int vision_choose(ad_command *cmd, vision_chosen *chosen, ad_vars **weights, ad_file **file)
{
    ad_context *ctx = ad_command_context(cmd);
    const char *path = ad_command_text(cmd, "weights");
    int wanted = ad_command_choice(cmd, "backbone");
    *weights = NULL, *file = NULL;
    if (!ctx) return AD_EXIT_FAILURE;
    chosen->compile.precision = (ad_precision)ad_command_choice(cmd, "precision");
    chosen->compile.memory_limit = ad_command_given(cmd, "memory-limit")
                                       ? (size_t)ad_command_size(cmd, "memory-limit")
                                       : vision_machine_memory();
    if (!path && wanted >= 0 && wanted != VISION_COMPACT)
        return ad_command_usage(cmd, "--backbone %s needs --weights FILE: only compact is embedded",
                                vision_name((vision_kind)wanted));
    static const char *const of_files[] = {"backbone", "pooling"};
    for (int i = 0; i < 2 && path && ad_onnx_ending(path); ++i)
        if (ad_command_given(cmd, of_files[i]))
            return ad_command_usage(cmd, "--%s: %s is a network of its own", of_files[i], path);
    if (ad_command_given(cmd, "pixels") && !(path && ad_onnx_ending(path)))
        return ad_command_usage(cmd, "--pixels is of ONNX files: all others are known here");
    if (open_chosen(cmd, path, chosen, file)) goto failed;
    if (chosen->onnx.file) vision_onnx_read_pixels(&chosen->onnx, cmd);
    *weights = ad_vars_new(ctx, 0);
    if (!*weights) goto failed;
    chosen->pooling = chosen->form.kind == VISION_COMPACT ? VISION_AVERAGE : VISION_MAX;
    if (ad_command_given(cmd, "pooling"))
        chosen->pooling = (vision_pooling)ad_command_choice(cmd, "pooling");
    return AD_EXIT_OK;
failed:
    ad_file_close(*file);
    vision_close_chosen(chosen);
    *file = NULL;
    return ad_command_fail(cmd, "%s", ad_error(ctx));
}

ad_status vision_load_layers(const vision_chosen *chosen, const char *const *layers, int count,
                             ad_vars *weights, ad_file *file, ad_load_report *report)
{
    enum { SIDE = 224 }; /* any that no network pools to nothing */
    ad_node *features[VISION_MAX_LAYERS];
    ad_context *ctx = ad_vars_context(weights);
    ad_status status = AD_ERROR_MEMORY;
    ad_graph *graph = ad_graph_new(ctx);
    if (graph) { /* building the network once declares its parameters */
        ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, SIDE, SIDE, 3));
        status = vision_build_chosen(weights, chosen, image, layers, count, features);
        if (!status && (status = ad_graph_status(graph)))
            ad_error_set(ctx, status, "%s", ad_graph_error(graph));
    }
    if (!status && file) status = vision_load(weights, file, &chosen->form, report);
    ad_graph_free(graph);
    return status;
}

int vision_load_chosen(ad_command *cmd, const vision_chosen *chosen, const char *const *layers,
                       int count, ad_vars *weights, ad_file *file)
{
    ad_load_report report = {0};
    ad_watcher watcher = ad_command_watcher(cmd);
    ad_status status = vision_load_layers(chosen, layers, count, weights, file, &report);
    if (ad_command_text(cmd, "weights") && file)
        ad_load_report_unused(&report, &watcher, ad_file_path(file));
    int exit = ad_command_check(cmd, status);
    ad_file_close(file);
    return exit;
}

static bool has_value(const ad_onnx *file, const char *name)
{
    for (int i = 0; i < ad_onnx_node_count(file); ++i)
        if (!strcmp(ad_onnx_node_at(file, i).value, name)) return true;
    return false;
}

static ad_status build_onnx(ad_vars *weights, const vision_onnx *n, ad_node *image,
                            const char *const *layers, int count, ad_node **features)
{
    float mean[3], deviation[3];
    ad_graph *graph = ad_node_graph(image);
    vision_pixels_moments(n->pixels, mean, deviation);
    ad_node *x = ad_sub(ad_mul_scalar(image, 1.0 / 255),
                        ad_constant(graph, AD_F32, ad_shape(3), mean));
    x = ad_div(x, ad_constant(graph, AD_F32, ad_shape(3), deviation));
    if (count == 1 && !strcmp(layers[0], "logits") && !has_value(n->file, "logits"))
        return vision_onnx_logits(n, weights, x, features);
    return vision_onnx_build(n, weights, x, layers, count, features);
}

ad_status vision_build_chosen(ad_vars *weights, const vision_chosen *chosen, ad_node *image,
                              const char *const *layers, int count, ad_node **features)
{
    if (chosen->onnx.file)
        return build_onnx(weights, &chosen->onnx, image, layers, count, features);
    if (chosen->form.kind == VISION_COMPACT) {
        vision_build(weights, "", VISION_COMPACT, chosen->pooling, image, layers, count, features);
        return AD_OK;
    }
    ad_node *x = vision_normalise(chosen->form.kind, image);
    vision_build_form(weights, "", &chosen->form, chosen->pooling, x, layers, count, features);
    return AD_OK;
}

/* What a person would call a layer: what comes out of activations and joins. */
static bool is_layer(const char *op)
{
    static const char *const ops[] = {"Relu",   "LeakyRelu", "Clip",  "HardSwish",
                                      "Concat", "Add",       "PRelu", "Sum"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; ++i)
        if (!strcmp(op, ops[i])) return true;
    return false;
}

int vision_chosen_layers(const vision_chosen *chosen, const char *names[VISION_MAX_LAYERS])
{
    const ad_onnx *onnx = chosen->onnx.file;
    if (!onnx) {
        vision_layers(chosen->form.kind, names);
        return chosen->form.layers;
    }
    int all = 0, count = 0, seen = 0;
    for (int i = 0; i < ad_onnx_node_count(onnx); ++i) all += is_layer(ad_onnx_node_at(onnx, i).op);
    int most = all < VISION_MAX_LAYERS ? all : VISION_MAX_LAYERS;
    for (int i = 0; i < ad_onnx_node_count(onnx) && count < most; ++i) {
        ad_onnx_node node = ad_onnx_node_at(onnx, i);
        if (!is_layer(node.op)) continue;
        if (seen++ == all * count / most) names[count++] = node.value;
    }
    return count;
}

const char *vision_chosen_name(const vision_chosen *chosen)
{
    return chosen->onnx.file ? ad_onnx_path(chosen->onnx.file) : vision_name(chosen->form.kind);
}

void vision_close_chosen(vision_chosen *chosen)
{
    vision_onnx_close(&chosen->onnx);
}
