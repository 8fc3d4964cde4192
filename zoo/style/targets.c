/* targets.c - what the pictures given look like to the network. */
#include "zoo/style/style.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs the network on one picture; copies each layer's features, or their Gram matrices, to new
 * memory. */
static ad_status look(ad_context *ctx, const style_settings *settings, ad_vars *weights,
                      const style_pixels *picture, const char *const *layers, int count, bool grams,
                      float **out, size_t *bytes)
{
    ad_node *nodes[STYLE_MAX_LAYERS];
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return AD_ERROR_MEMORY;
    ad_node *image = ad_input(graph, "image", AD_F32,
                              ad_shape(1, picture->height, picture->width, 3));
    vision_build(weights, "", settings->backbone, settings->pooling, image, layers, count, nodes);
    for (int i = 0; i < count && grams; ++i) nodes[i] = style_gram(nodes[i], NULL);

    ad_status status = ad_compile(&program, ctx, nodes, count, &settings->compile);
    if (!status) status = ad_bind(program, image, picture->data, picture->bytes);
    if (!status) status = ad_run(program);
    for (int i = 0; i < count && !status; ++i) {
        bytes[i] = (size_t)ad_shape_count(ad_node_shape(nodes[i])) * sizeof(float);
        out[i] = malloc(bytes[i]);
        if (out[i])
            memcpy(out[i], ad_result(program, nodes[i]), bytes[i]);
        else
            status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for the target of %s",
                                  layers[i]);
    }
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

static void release(float **memory, int count)
{
    for (int i = 0; i < count; ++i) {
        free(memory[i]);
        memory[i] = NULL;
    }
}

ad_status style_targets_compute(style_targets *targets, ad_context *ctx,
                                const style_settings *settings, ad_vars *weights,
                                const style_pixels *photo, const style_pixels *paintings,
                                const double *blend, int count)
{
    ad_status status = AD_OK;
    *targets = (style_targets){0};
    if (photo && settings->content_weight > 0)
        status = look(ctx, settings, weights, photo, &settings->content_layer, 1, false,
                      &targets->content, &targets->content_bytes);
    for (int p = 0; p < count && !status && settings->style_weight > 0; ++p) {
        float *gram[STYLE_MAX_LAYERS] = {0};
        status = look(ctx, settings, weights, &paintings[p], settings->style_layers,
                      settings->style_count, true, gram, targets->gram_bytes);
        for (int i = 0; i < settings->style_count && !status; ++i) {
            size_t elements = targets->gram_bytes[i] / sizeof(float);
            if (!targets->gram[i]) targets->gram[i] = calloc(elements, sizeof(float));
            if (!targets->gram[i])
                status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for the style targets");
            for (size_t j = 0; j < elements && !status; ++j)
                targets->gram[i][j] += (float)blend[p] * gram[i][j];
        }
        release(gram, STYLE_MAX_LAYERS);
    }
    if (status) style_targets_free(targets);
    return status;
}

ad_status style_targets_bind(const style_targets *targets, ad_program *program)
{
    ad_status status = AD_OK;
    if (targets->content)
        status = ad_bind_name(program, "target.content", targets->content, targets->content_bytes);
    for (int i = 0; i < STYLE_MAX_LAYERS && targets->gram[i] && !status; ++i) {
        char name[32];
        snprintf(name, sizeof name, "target.gram%d", i);
        status = ad_bind_name(program, name, targets->gram[i], targets->gram_bytes[i]);
    }
    return status;
}

void style_targets_free(style_targets *targets)
{
    release(&targets->content, 1);
    release(targets->gram, STYLE_MAX_LAYERS);
}
