/* onnx_network.c - see onnx_network.h. */
#include "zoo/vision/onnx_network.h"
#include "zoo/vision/backbone.h"

#include <string.h>

ad_status vision_onnx_open(vision_onnx *n, ad_context *ctx, const char *path)
{
    *n = (vision_onnx){0};
    ad_status status = ad_onnx_open(&n->file, ctx, path);
    if (!status) status = ad_onnx_supported(n->file);
    if (status) goto failed;
    const ad_onnx_value *in = ad_onnx_input_count(n->file) == 1 ? ad_onnx_input_at(n->file, 0)
                                                                : NULL;
    bool first = in && in->rank == 4 && in->dim[1] == 3,
         last = in && in->rank == 4 && in->dim[3] == 3;
    if (!first && !last) {
        status = ad_error_set(ctx, AD_ERROR_FORMAT,
                              "%s: is no network that looks at a picture: its only input has to be "
                              "[1, 3, height, width]",
                              path);
        goto failed;
    }
    n->input = in->name, n->channels_first = first;
    n->rows = in->dim[0], n->height = in->dim[first ? 2 : 1], n->width = in->dim[first ? 3 : 2];
    n->pixels = in->dtype == AD_U8 ? VISION_PIXELS_BYTES
                : first            ? VISION_PIXELS_IMAGENET
                                   : VISION_PIXELS_SYMMETRIC;
    return AD_OK;
failed:
    vision_onnx_close(n);
    return status;
}

void vision_onnx_close(vision_onnx *n)
{
    ad_onnx_free(n->file);
    *n = (vision_onnx){0};
}

const char *vision_pixels_text(vision_pixels pixels)
{
    static const char *const texts[] = {"as torchvision normalises them", "of -1 to 1", "of 0 to 1",
                                        "of 0 to 255", "as Caffe has them"};
    return texts[pixels];
}

void vision_onnx_read_pixels(vision_onnx *n, ad_command *cmd)
{
    int wanted = ad_command_choice(cmd, "pixels");
    if (wanted >= 0)
        n->pixels = (vision_pixels)wanted;
    else
        ad_command_note(cmd, "%s: is shown pictures %s; --pixels says otherwise",
                        ad_onnx_path(n->file), vision_pixels_text(n->pixels));
}

void vision_pixels_moments(vision_pixels pixels, float mean[3], float deviation[3])
{
    static const float caffe[3] = {123, 117, 104}; /* of red, green, blue */
    const vision_recipe *torchvision = vision_recipe_of(VISION_RESNET50);
    for (int c = 0; c < 3; ++c) {
        bool bytes = pixels == VISION_PIXELS_BYTES || pixels == VISION_PIXELS_CAFFE;
        mean[c] = pixels == VISION_PIXELS_IMAGENET    ? torchvision->mean[c]
                  : pixels == VISION_PIXELS_SYMMETRIC ? 0.5f
                  : pixels == VISION_PIXELS_CAFFE     ? caffe[c] / 255
                                                      : 0;
        deviation[c] = pixels == VISION_PIXELS_IMAGENET    ? torchvision->deviation[c]
                       : pixels == VISION_PIXELS_SYMMETRIC ? 0.5f
                       : bytes                             ? 1.0f / 255
                                                           : 1;
    }
}

static ad_node *blue_first(ad_node *picture)
{
    ad_node *channel[3];
    for (int c = 0; c < 3; ++c) channel[c] = ad_slice(picture, 3, 2 - c, 3 - c, 1);
    return ad_concat(channel, 3, 3);
}

ad_status vision_onnx_build(const vision_onnx *n, ad_vars *weights, ad_node *picture,
                            const char *const *values, int count, ad_node **nodes)
{
    ad_onnx_want wants[VISION_MAX_LAYERS];
    ad_onnx_feed feed = {.name = n->input,
                         .node = n->pixels == VISION_PIXELS_CAFFE ? blue_first(picture) : picture,
                         .channels_last = n->channels_first};
    for (int i = 0; i < count; ++i)
        wants[i] = (ad_onnx_want){.name = values[i], .channels_last = n->channels_first};
    return ad_onnx_build(n->file, ad_node_graph(picture), weights, &feed, 1, wants, count,
                         (ad_onnx_options){.any_size = true}, nodes);
}

static bool ends_in_softmax(const ad_onnx *file)
{
    const char *output = ad_onnx_output_at(file, 0)->name;
    for (int i = 0; i < ad_onnx_node_count(file); ++i) {
        ad_onnx_node node = ad_onnx_node_at(file, i);
        if (!strcmp(node.value, output)) return !strcmp(node.op, "Softmax");
    }
    return false;
}

ad_status vision_onnx_logits(const vision_onnx *n, ad_vars *weights, ad_node *picture,
                             ad_node **logits)
{
    static const double least = 1e-30; /* a class that is not there at all */
    const char *output = NULL;
    ad_context *ctx = ad_vars_context(weights);
    if (!ad_onnx_output_count(n->file))
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: has no output", ad_onnx_path(n->file));
    ad_status status = vision_onnx_build(n, weights, picture, &output, 1, logits);
    if (status || ad_graph_status(ad_node_graph(picture))) return status;
    ad_shape shape = ad_node_shape(*logits);
    int64_t rows = ad_node_shape(picture).dim[0], classes = ad_shape_count(shape) / rows;
    int64_t longest = 0; /* [n, classes], or pictures of one pixel */
    for (int i = 1; i < shape.rank; ++i)
        if (shape.dim[i] > longest) longest = shape.dim[i];
    if (shape.rank < 2 || shape.dim[0] != rows || longest != classes || classes < 2) {
        char text[192];
        return ad_error_set(ctx, AD_ERROR_SHAPE,
                            "%s: is no classifier: it makes %s of %lld picture%s, expected "
                            "[%lld, classes]",
                            ad_onnx_path(n->file), ad_shape_text(shape, text, sizeof text),
                            (long long)rows, rows == 1 ? "" : "s", (long long)rows);
    }
    *logits = ad_reshape(*logits, ad_shape(rows, classes));
    if (ends_in_softmax(n->file)) *logits = ad_log(ad_add_scalar(*logits, least));
    return AD_OK;
}
