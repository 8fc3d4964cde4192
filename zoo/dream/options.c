/* options.c - from options to settings. */
#include "zoo/dream/dream.h"

#include <string.h>

static const uint64_t stream_of_noise = 0x6e6f697365; /* "noise" */

void dream_read_options(ad_command *cmd, dream_settings *s)
{
    s->levels = (int)ad_command_int(cmd, "levels");
    s->ratio = ad_command_real(cmd, "ratio");
    s->steps = ad_command_int(cmd, "steps");
    s->lr = ad_command_given(cmd, "lr")                               ? ad_command_real(cmd, "lr")
            : !s->net.onnx.file && s->net.form.kind == VISION_COMPACT ? 0.05
                                                                      : 0.09;
    s->shift = ad_command_int(cmd, "shift");
    s->smoothing = ad_command_real(cmd, "smoothing");
    s->seed = (uint64_t)ad_command_int(cmd, "seed");
    s->channel = -1;
}

/* Where eyes are: the reference's layers of networks that it knows; of the compact one the last
 * two, since earlier ones call for pure colours; of others one after two thirds of them. */
static int usual_layers(dream_settings *s)
{
    static const struct {
        vision_kind kind;
        const char *layers[2];
    } usual[] = {{VISION_COMPACT, {"relu4_4", "relu5_1"}},
                 {VISION_VGG16, {"relu4_3"}},
                 {VISION_VGG19, {"relu4_3"}},
                 {VISION_GOOGLENET, {"inception4c"}},
                 {VISION_RESNET50, {"layer3.5"}},
                 {VISION_ALEXNET, {"relu5"}},
                 {VISION_INCEPTION_V3, {"Mixed_6c"}}};
    const char *names[VISION_MAX_LAYERS];
    for (size_t i = 0; i < sizeof usual / sizeof *usual; ++i) {
        if (s->net.onnx.file || usual[i].kind != s->net.form.kind) continue;
        s->layer[0] = usual[i].layers[0], s->layer[1] = usual[i].layers[1];
        return s->layer[1] ? 2 : 1;
    }
    int count = vision_chosen_layers(&s->net, names);
    s->layer[0] = count ? names[count * 2 / 3] : NULL;
    return count > 0;
}

int dream_read_layers(ad_command *cmd, dream_settings *s, const ad_file *file)
{
    int count = ad_command_count(cmd, "layer"), weights = ad_command_count(cmd, "layer-weights");
    if (count > DREAM_MAX_LAYERS)
        return ad_command_usage(cmd, "--layer: %d layers are more than %d", count,
                                DREAM_MAX_LAYERS);
    s->layers = count ? count : usual_layers(s);
    if (!s->layers)
        return ad_command_usage(cmd, "--layer: which of %s?", vision_chosen_name(&s->net));
    if (weights && weights != s->layers)
        return ad_command_usage(cmd, "--layer-weights: %d weights for %d %s", weights, s->layers,
                                s->layers == 1 ? "layer" : "layers");
    for (int i = 0; i < s->layers; ++i) {
        if (count) s->layer[i] = ad_command_item(cmd, "layer", i);
        s->weight[i] = weights ? ad_command_real_item(cmd, "layer-weights", i) : 1;
        int code = vision_require_layer(cmd, &s->net, file, "layer", s->layer[i]);
        if (code) return code;
        for (int k = 0; k < i; ++k)
            if (!strcmp(s->layer[k], s->layer[i]))
                return ad_command_usage(cmd, "--layer: %s is there twice", s->layer[i]);
    }
    return AD_EXIT_OK;
}

ad_status dream_noise(ad_context *ctx, int64_t width, int64_t height, uint64_t seed, ad_image **out)
{
    ad_status status = ad_image_new(ctx, width, height, 3, out);
    for (int64_t i = 0; !status && i < width * height * 3; ++i)
        (*out)->data[i] = (float)ad_random_unit(seed, stream_of_noise, (uint64_t)i);
    return status;
}

/* Whether the layers can be computed on a square of that side; of the context's last error
 * otherwise. */
static ad_status fits(const dream_settings *s, ad_context *ctx, int64_t side)
{
    ad_node *features[DREAM_MAX_LAYERS];
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return AD_ERROR_MEMORY;
    ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, side, side, 3));
    ad_status status = vision_build_chosen(s->weights, &s->net, image, s->layer, s->layers,
                                           features);
    if (!status && (status = ad_graph_status(graph)))
        ad_error_set(ctx, status, "%s: %s cannot be computed: %s", vision_chosen_name(&s->net),
                     s->layer[s->layers - 1], ad_graph_error(graph));
    ad_graph_free(graph);
    return status;
}

ad_status dream_find_smallest(dream_settings *s, ad_context *ctx)
{
    enum { STEP = 8, MOST = 512 };
    ad_status status = AD_OK;
    for (int64_t side = DREAM_SMALLEST_SIDE; side <= MOST; side += STEP) {
        status = fits(s, ctx, side);
        if (status == AD_ERROR_MEMORY) return status;
        s->smallest = side;
        if (!status) break;
    }
    if (!status) ad_error_clear(ctx);
    return status;
}

int64_t dream_smallest(const dream_settings *s)
{
    return s->smallest > DREAM_SMALLEST_SIDE ? s->smallest : DREAM_SMALLEST_SIDE;
}

int64_t dream_channels(const dream_settings *s, ad_context *ctx, const char *layer)
{
    enum { SIDE = 224 };
    ad_node *a = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return 0;
    ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, SIDE, SIDE, 3));
    ad_status status = vision_build_chosen(s->weights, &s->net, image, &layer, 1, &a);
    ad_shape shape = !status && a ? ad_node_shape(a) : ad_shape(0);
    ad_graph_free(graph);
    return shape.dim[shape.rank - 1];
}
