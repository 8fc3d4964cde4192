/* any_coded.c - networks for which a painting becomes a vector of numbers: MicroAST, and pairs of
 * ONNX files. */
#include "zoo/style/any_inside.h"
#include "zoo/style/microast.h"

#include <stdlib.h>
#include <string.h>

/* ---- the painting ---- */

static ad_node *build_look(const style_coded *c, ad_node *image)
{
    ad_node *code = NULL;
    if (!c->predict)
        return style_microast_look(c->store[STYLE_SEES_PAINTING], c->store[STYLE_MODULATES], image);
    const ad_onnx_feed feed = {.node = image};
    if (ad_onnx_build(c->predict, ad_node_graph(image), c->store[STYLE_SEES_PAINTING], &feed, 1,
                      &(ad_onnx_want){0}, 1, (ad_onnx_options){.any_size = true}, &code))
        return NULL;
    return ad_reshape(code, ad_shape(-1));
}

ad_status style_coded_look(style_coded *c, ad_context *ctx, const ad_compile_options *compile,
                           const style_pixels *picture, const char *path, double part, float *into)
{
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return AD_ERROR_MEMORY;
    ad_node *image = ad_input(graph, "image", AD_F32,
                              ad_shape(1, picture->height, picture->width, 3));
    ad_node *code = build_look(c, ad_mul_scalar(image, 1.0 / 255));
    ad_status status = code ? ad_compile(&program, ctx, &code, 1, compile) : ad_error_status(ctx);
    if (!status && ad_shape_count(ad_node_shape(code)) != c->length)
        status = ad_error_set(ctx, AD_ERROR_SHAPE, "%s: makes %lld numbers of a picture, not %lld",
                              ad_onnx_path(c->predict),
                              (long long)ad_shape_count(ad_node_shape(code)), (long long)c->length);
    if (!status) status = ad_bind(program, image, picture->data, picture->bytes);
    if (!status) status = ad_run(program);
    if (!status) status = ad_result_finite(program, code, path);
    const float *numbers = status ? NULL : ad_result(program, code);
    for (int64_t i = 0; i < c->length && !status; ++i)
        into[i] += (float)(part * (double)numbers[i]);
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

/* ---- the picture ---- */

/* The inputs of a transformer: which is the picture. */
static int picture_input(const ad_onnx *model)
{
    const ad_onnx_value *first = ad_onnx_input_at(model, 0);
    return first->rank == 4 && first->dim[3] == 3 ? 0 : 1;
}

static ad_node *build_paint(style_coded *c)
{
    ad_node *painted = NULL, *image = ad_mul_scalar(c->image, 1.0 / 255);
    if (!c->transform)
        return style_microast_paint(c->store[STYLE_SEES_PHOTO], c->store[STYLE_MAKES], image,
                                    c->input, c->strength);
    int at = picture_input(c->transform);
    const ad_onnx_value *vector = ad_onnx_input_at(c->transform, 1 - at);
    ad_shape shape = {.rank = vector->rank};
    for (int i = 0; i < vector->rank; ++i) shape.dim[i] = i == vector->rank - 1 ? c->length : 1;
    const ad_onnx_feed feeds[2] = {
        {.name = ad_onnx_input_at(c->transform, at)->name, .node = image},
        {.name = vector->name, .node = ad_reshape(c->input, shape)}};
    if (ad_onnx_build(c->transform, c->graph, c->store[STYLE_MAKES], feeds, 2, &(ad_onnx_want){0},
                      1, (ad_onnx_options){.any_size = true}, &painted))
        return NULL;
    return painted;
}

static void drop_program(style_coded *c)
{
    ad_program_free(c->program);
    ad_graph_free(c->graph);
    c->program = NULL, c->graph = NULL;
}

static ad_status plan(style_coded *c, ad_context *ctx, const ad_compile_options *compile,
                      int64_t height, int64_t width)
{
    if (c->program && c->height == height && c->width == width) return AD_OK;
    drop_program(c);
    if (!c->mixed && !(c->mixed = malloc((size_t)c->length * sizeof *c->mixed)))
        return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for a painting's numbers");
    if (!(c->graph = ad_graph_new(ctx))) return AD_ERROR_MEMORY;
    c->image = ad_input(c->graph, "image", AD_F32, ad_shape(1, height, width, 3));
    c->input = ad_input(c->graph, "style", AD_F32, ad_shape(c->length));
    c->strength = ad_input(c->graph, "strength", AD_F32, ad_shape(1));
    c->picture = build_paint(c);
    if (!c->picture) return ad_error_status(ctx);
    c->picture = ad_name(ad_mul_scalar(c->picture, 255), "painted");
    c->height = height, c->width = width;
    ad_status status = ad_compile(&c->program, ctx, &c->picture, 1, compile);
    size_t bytes = (size_t)c->length * sizeof(float);
    if (!status) status = ad_bind(c->program, c->input, c->mixed, bytes);
    if (!status && !c->transform)
        status = ad_bind(c->program, c->strength, &c->how_far, sizeof c->how_far);
    ad_shape s = ad_node_shape(c->picture);
    if (!status && (s.rank != 4 || s.dim[1] != height || s.dim[2] != width || s.dim[3] != 3)) {
        char text[192];
        status = ad_error_set(ctx, AD_ERROR_SHAPE, "%s: makes %s of a picture of %lld x %lld",
                              ad_onnx_path(c->transform), ad_shape_text(s, text, sizeof text),
                              (long long)width, (long long)height);
    }
    if (status) drop_program(c);
    return status;
}

ad_status style_coded_paint(style_coded *c, ad_context *ctx, const ad_compile_options *compile,
                            style_pixels *picture, const char *path, double strength,
                            const float *own)
{
    ad_status status = plan(c, ctx, compile, picture->height, picture->width);
    for (int64_t i = 0; i < c->length && !status; ++i)
        c->mixed[i] = own ? (float)(strength * (double)c->code[i] + (1 - strength) * (double)own[i])
                          : c->code[i];
    c->how_far = (float)strength;
    if (!status) status = ad_bind(c->program, c->image, picture->data, picture->bytes);
    if (!status) status = ad_run(c->program);
    if (!status) status = ad_result_finite(c->program, c->picture, path);
    if (!status) memcpy(picture->data, ad_result(c->program, c->picture), picture->bytes);
    return status;
}

void style_coded_close(style_coded *c)
{
    drop_program(c);
    for (int i = 0; i < STYLE_ANY_STORES; ++i) ad_vars_free(c->store[i]);
    ad_onnx_free(c->predict);
    ad_onnx_free(c->transform);
    free(c->code);
    free(c->mixed);
    *c = (style_coded){0};
}
