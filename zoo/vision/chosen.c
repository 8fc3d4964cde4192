/* chosen.c - from --weights and its companions to a loaded network. */
#include "zoo/vision/chosen.h"

#include <unistd.h>

size_t vision_machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages * (size_t)size : 0;
}

int vision_require_layer(ad_command *cmd, const vision_form *form, const ad_file *file,
                         const char *option, const char *layer)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_status status = vision_check_layer(ctx, file, form, layer);
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
    if (path ? ad_file_open(file, ctx, path) : vision_open_embedded(file, ctx)) goto failed;
    if (find_form(cmd, *file, &chosen->form)) goto failed;
    *weights = ad_vars_new(ctx, 0);
    if (!*weights) goto failed;
    chosen->pooling = chosen->form.kind == VISION_COMPACT ? VISION_AVERAGE : VISION_MAX;
    if (ad_command_given(cmd, "pooling"))
        chosen->pooling = (vision_pooling)ad_command_choice(cmd, "pooling");
    return AD_EXIT_OK;
failed:
    ad_file_close(*file);
    *file = NULL;
    return ad_command_fail(cmd, "%s", ad_error(ctx));
}

int vision_load_chosen(ad_command *cmd, const vision_chosen *chosen, const char *const *layers,
                       int count, ad_vars *weights, ad_file *file)
{
    enum { SIDE = 224 }; /* any that no network pools to nothing */
    ad_node *features[VISION_MAX_LAYERS];
    ad_context *ctx = ad_vars_context(weights);
    ad_status status = AD_ERROR_MEMORY;
    ad_graph *graph = ad_graph_new(ctx);
    if (graph) { /* building the network once declares its parameters */
        ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, SIDE, SIDE, 3));
        vision_build_chosen(weights, chosen, image, layers, count, features);
        status = ad_graph_status(graph);
        if (status) ad_error_set(ctx, status, "%s", ad_graph_error(graph));
    }
    ad_load_report report = {0};
    ad_watcher watcher = ad_command_watcher(cmd);
    if (!status) status = vision_load(weights, file, &chosen->form, &report);
    if (ad_command_text(cmd, "weights"))
        ad_load_report_unused(&report, &watcher, ad_file_path(file));
    int exit = ad_command_check(cmd, status);
    ad_graph_free(graph);
    ad_file_close(file);
    return exit;
}

void vision_build_chosen(ad_vars *weights, const vision_chosen *chosen, ad_node *image,
                         const char *const *layers, int count, ad_node **features)
{
    if (chosen->form.kind == VISION_COMPACT) {
        vision_build(weights, "", VISION_COMPACT, chosen->pooling, image, layers, count, features);
        return;
    }
    ad_node *x = vision_normalise(chosen->form.kind, image);
    vision_build_form(weights, "", &chosen->form, chosen->pooling, x, layers, count, features);
}
