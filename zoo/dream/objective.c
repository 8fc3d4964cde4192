/* objective.c - what the network is to see more of, as graph. */
#include "zoo/dream/dream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float mean[3] = {0.485f, 0.456f, 0.406f}, deviation[3] = {0.229f, 0.224f, 0.225f};

void dream_normalise(ad_image *image)
{
    for (int64_t i = 0; i < image->width * image->height * 3; ++i)
        image->data[i] = (image->data[i] - mean[i % 3]) / deviation[i % 3];
}

void dream_show(ad_image *image)
{
    for (int64_t i = 0; i < image->width * image->height * 3; ++i) {
        float v = image->data[i] * deviation[i % 3] + mean[i % 3];
        image->data[i] = v < 0 ? 0 : v > 1 ? 1 : v;
    }
}

static ad_status build(const dream_settings *s, ad_node *x, ad_node **features)
{
    ad_graph *graph = ad_node_graph(x);
    ad_node *of = ad_constant(graph, AD_F32, ad_shape(3), deviation),
            *middle = ad_constant(graph, AD_F32, ad_shape(3), mean);
    ad_node *image = ad_mul_scalar(ad_add(ad_mul(x, of), middle), 255);
    return vision_build_chosen(s->weights, &s->net, image, s->layer, s->layers, features);
}

/* [n, h, w, c] -> [n h w, c] */
static ad_node *places(ad_node *a)
{
    ad_shape shape = ad_node_shape(a);
    return ad_reshape(a, ad_shape(-1, shape.dim[shape.rank - 1]));
}

/* For each place the place of the guide that agrees most: the gradient makes it agree more. */
static ad_node *guided(ad_node *a, int index, ad_shape guide)
{
    char name[16];
    snprintf(name, sizeof name, "guide%d", index);
    ad_node *g = ad_input(ad_node_graph(a), name, AD_F32, guide);
    ad_node *agreement = ad_matmul_with(places(a), g, (ad_matmul_options){.transpose_b = true});
    ad_node *best = ad_argmax(ad_stop_gradient(agreement), 1, false);
    return ad_mean(ad_sum(ad_mul(places(a), ad_gather(g, best)), ad_axes(1), false), AD_ALL_AXES,
                   false);
}

/* The shapes of the guide's features; NULL without a guide. */
static ad_node *total(const dream_settings *s, ad_node *x, const ad_shape *guides)
{
    ad_node *features[DREAM_MAX_LAYERS], *sum = NULL;
    if (build(s, x, features)) return NULL;
    for (int i = 0; i < s->layers; ++i) {
        ad_node *a = features[i], *term;
        int last = a ? ad_node_shape(a).rank - 1 : 0;
        if (guides)
            term = guided(a, i, guides[i]);
        else if (s->channel >= 0)
            term = ad_mean(ad_slice(a, last, s->channel, s->channel + 1, 1), AD_ALL_AXES, false);
        else
            term = ad_mean(ad_square(a), AD_ALL_AXES, false);
        term = ad_mul_scalar(term, s->weight[i]);
        sum = sum ? ad_add(sum, term) : term;
    }
    return ad_name(sum, "objective");
}

ad_node *dream_objective(const dream_settings *s, ad_node *x)
{
    ad_node *features[DREAM_MAX_LAYERS];
    ad_shape guides[DREAM_MAX_LAYERS];
    if (!s->guide) return total(s, x, NULL);
    ad_node *guide = ad_fill(ad_node_graph(x), AD_F32,
                             ad_shape(1, s->guide->height, s->guide->width, 3), 0);
    if (build(s, guide, features)) return NULL;
    for (int i = 0; i < s->layers; ++i) guides[i] = ad_node_shape(places(features[i]));
    return total(s, x, guides);
}

ad_status dream_features(const dream_settings *s, ad_context *ctx, const ad_image *picture,
                         float **features, ad_shape *shapes)
{
    ad_node *nodes[DREAM_MAX_LAYERS];
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return AD_ERROR_MEMORY;
    ad_node *x = ad_input(graph, "x", AD_F32, ad_shape(1, picture->height, picture->width, 3));
    size_t bytes = (size_t)(picture->height * picture->width * 3) * sizeof(float);
    ad_status status = build(s, x, nodes);
    for (int i = 0; i < s->layers; ++i)
        nodes[i] = status ? NULL : places(nodes[i]), features[i] = NULL;
    if (!status) status = ad_compile(&program, ctx, nodes, s->layers, &s->net.compile);
    if (!status) status = ad_bind(program, x, picture->data, bytes);
    if (!status) status = ad_run(program);
    for (int i = 0; i < s->layers && !status; ++i) {
        shapes[i] = ad_node_shape(nodes[i]);
        size_t size = (size_t)(shapes[i].dim[0] * shapes[i].dim[1]) * sizeof(float);
        status = ad_result_finite(program, nodes[i], s->layer[i]);
        if (status) break;
        if (!(features[i] = malloc(size)))
            status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for a guide's features");
        else
            memcpy(features[i], ad_result(program, nodes[i]), size);
    }
    for (int i = 0; i < s->layers && status; ++i) free(features[i]), features[i] = NULL;
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}
