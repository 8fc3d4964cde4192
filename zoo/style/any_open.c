/* any_open.c - from files to a network that paints in any manner, or one sentence about what is
 * missing. */
#include "zoo/style/any_files.h"
#include "zoo/style/any_inside.h"
#include "zoo/style/microast.h"

#include <autodidact/run.h>

#include <stdlib.h>
#include <string.h>

/* ---- weights into stores ---- */

/* Maps to VGG's channels, which training alone needs, and levels that are not looked at. */
static const ad_load_options part_of_it = {.allow_unused = true};

typedef void declare(const style_any *any, const style_pass *pass, ad_node *image);

/* Declares what `build` makes of a picture of the least size, and loads it. */
static ad_status load(style_any *any, const style_pass *pass, declare *build, ad_vars *vars,
                      ad_file *file, ad_load_options how)
{
    ad_graph *graph = ad_graph_new(any->ctx);
    if (!graph) return AD_ERROR_MEMORY;
    build(any, pass, ad_input(graph, "image", AD_F32, ad_shape(1, any->least, any->least, 3)));
    ad_status status = ad_graph_status(graph);
    if (status) ad_error_set(any->ctx, status, "%s: %s", ad_file_path(file), ad_graph_error(graph));
    ad_graph_free(graph);
    if (status) return status;
    return ad_vars_load_file(vars, file, how);
}

static ad_status new_vars(style_any *any, ad_vars **vars)
{
    *vars = ad_vars_new(any->ctx, 0);
    return *vars ? AD_OK : AD_ERROR_MEMORY;
}

/* ---- the project's own ---- */

static void declare_own_encoder(const style_any *any, const style_pass *pass, ad_node *image)
{
    ad_node *features[STYLE_ANY_LEVELS];
    (void)any;
    style_any_encode(pass->encoder, image, features);
}

static void declare_own_decoder(const style_any *any, const style_pass *pass, ad_node *image)
{
    ad_graph *graph = ad_node_graph(image);
    ad_node *targets[STYLE_ANY_LEVELS];
    style_any_targets(graph, 1, any->least, targets);
    style_any_decode(pass->decoder, pass->width, targets);
}

static ad_status open_own(style_any *any, ad_file *decoder)
{
    style_pass *pass = &any->pass[0];
    ad_file *encoder = NULL;
    ad_shape shape = ad_file_at(decoder, ad_file_find(decoder, "decoder.conv41.weight"))->shape;
    any->form = "a decoder of `style train-any`";
    any->multiple = STYLE_ANY_MULTIPLE, any->least = STYLE_ANY_LEAST, any->passes = 1;
    pass->own = true, pass->whole = any->options.transfer == STYLE_TRANSFER_WCT;
    pass->width = shape.rank == 4 && shape.dim[0] <= 512 ? shape.dim[0] : 64;
    ad_status status = new_vars(any, &pass->encoder);
    if (!status) status = new_vars(any, &pass->decoder);
    if (!status) status = vision_open_embedded(&encoder, any->ctx);
    if (!status) status = load(any, pass, declare_own_encoder, pass->encoder, encoder, part_of_it);
    ad_file_close(encoder);
    return status ? status
                  : load(any, pass, declare_own_decoder, pass->decoder, decoder,
                         (ad_load_options){.ignore = "train."});
}

/* ---- pairs of one level each ---- */

static void declare_encoder(const style_any *any, const style_pass *pass, ad_node *image)
{
    (void)any;
    style_distilled_encode(pass->encoder, &pass->sees, image);
}

static int64_t deepest_channels(const style_distilled *form)
{
    return form->channels[form->level - 1][0];
}

/* What the encoder of the level shows. */
static int64_t seen_channels(const style_pass *pass)
{
    return deepest_channels(&pass->sees);
}

static void declare_decoder(const style_any *any, const style_pass *pass, ad_node *image)
{
    ad_shape s = ad_shape(1, any->least >> (pass->makes.level - 1),
                          any->least >> (pass->makes.level - 1), seen_channels(pass));
    style_distilled_decode(pass->decoder, &pass->makes,
                           ad_input(ad_node_graph(image), "features", AD_F32, s));
}

static ad_status lone(style_any *any, const style_part *part)
{
    bool encoder = part->kind == STYLE_PART_ENCODER;
    return ad_error_set(any->ctx, AD_ERROR_NOT_FOUND,
                        "%s: is the %s of relu%d_1; --weights names no %s of that level",
                        part->path, encoder ? "encoder" : "decoder", part->form.level,
                        encoder ? "decoder" : "encoder");
}

static ad_status open_level(style_any *any, style_part *encoder, style_part *decoder)
{
    style_pass *pass = &any->pass[any->passes++];
    *pass = (style_pass){.sees = encoder->form,
                         .makes = decoder->form,
                         .whole = any->options.transfer != STYLE_TRANSFER_ADAIN};
    ad_status status = new_vars(any, &pass->encoder);
    if (!status) status = new_vars(any, &pass->decoder);
    if (!status)
        status = load(any, pass, declare_encoder, pass->encoder, encoder->file, part_of_it);
    if (!status)
        status = load(any, pass, declare_decoder, pass->decoder, decoder->file, part_of_it);
    return status;
}

static ad_status open_levels(style_any *any, style_parts *parts)
{
    any->form = "pairs of encoder and decoder";
    any->multiple = 1, any->least = 32;
    for (int level = STYLE_DISTILLED_LEVELS; level >= 1; --level) {
        style_part *encoder = style_parts_find(parts, STYLE_PART_ENCODER, level),
                   *decoder = style_parts_find(parts, STYLE_PART_DECODER, level);
        if (!encoder && !decoder) continue;
        if (!encoder || !decoder) return lone(any, encoder ? encoder : decoder);
        if (any->multiple == 1) any->multiple = (int64_t)1 << (level - 1);
        ad_status status = open_level(any, encoder, decoder);
        if (status) return status;
    }
    return AD_OK;
}

/* ---- MicroAST ---- */

static void declare_micro(const style_any *any, const style_pass *pass, ad_node *image)
{
    const style_coded *c = &any->coded;
    ad_graph *graph = ad_node_graph(image);
    ad_node *code = ad_input(graph, "style", AD_F32, ad_shape(STYLE_MICROAST_CODE)),
            *strength = ad_input(graph, "strength", AD_F32, ad_shape(1));
    (void)pass;
    style_microast_look(c->store[STYLE_SEES_PAINTING], c->store[STYLE_MODULATES], image);
    style_microast_paint(c->store[STYLE_SEES_PHOTO], c->store[STYLE_MAKES], image, code, strength);
}

static ad_status open_micro(style_any *any, style_parts *parts)
{
    static const struct {
        style_part_kind kind;
        const char *name;
    } wanted[STYLE_ANY_STORES] = {{STYLE_PART_CONTENT_ENCODER, "content encoder"},
                                  {STYLE_PART_STYLE_ENCODER, "style encoder"},
                                  {STYLE_PART_MODULATOR, "modulator"},
                                  {STYLE_PART_MICRO_DECODER, "decoder"}};
    ad_status status = AD_OK;
    any->form = "MicroAST", any->multiple = 4, any->least = 32;
    any->coded.length = STYLE_MICROAST_CODE;
    for (int i = 0; i < STYLE_ANY_STORES && !status; ++i) {
        if (!style_parts_find(parts, wanted[i].kind, 0))
            return ad_error_set(any->ctx, AD_ERROR_NOT_FOUND,
                                "%s: is a part of MicroAST; --weights names no %s beside it",
                                parts->part[0].path, wanted[i].name);
        status = new_vars(any, &any->coded.store[i]);
    }
    for (int i = 0; i < STYLE_ANY_STORES && !status; ++i)
        status = load(any, NULL, declare_micro, any->coded.store[i],
                      style_parts_find(parts, wanted[i].kind, 0)->file, (ad_load_options){0});
    return status;
}

/* ---- ONNX ---- */

/* The last axis of what is no picture. */
static int64_t vector_length(const ad_onnx *model)
{
    const ad_onnx_value *v = ad_onnx_input_at(model, 0);
    if (v->rank == 4 && v->dim[3] == 3) v = ad_onnx_input_at(model, 1);
    return v->rank > 0 ? v->dim[v->rank - 1] : -1;
}

static ad_status open_onnx(style_any *any, style_parts *parts)
{
    enum { MOST = 1 << 16 };
    style_part *predict = style_parts_find(parts, STYLE_PART_PREDICTOR, 0),
               *transform = style_parts_find(parts, STYLE_PART_TRANSFORMER, 0);
    if (!predict || !transform)
        return ad_error_set(
            any->ctx, AD_ERROR_NOT_FOUND, "%s: %s; --weights names no network that %s beside it",
            parts->part[0].path, predict ? "makes numbers of a picture" : "paints by numbers",
            predict ? "paints by them" : "makes them of a picture");
    any->form = "a pair of ONNX files", any->multiple = 4, any->least = 32;
    any->coded.length = vector_length(transform->onnx);
    if (any->coded.length < 1 || any->coded.length > MOST)
        return ad_error_set(any->ctx, AD_ERROR_FORMAT,
                            "%s: does not say by how many numbers it paints", transform->path);
    any->coded.predict = predict->onnx, predict->onnx = NULL;
    any->coded.transform = transform->onnx, transform->onnx = NULL;
    ad_status status = new_vars(any, &any->coded.store[STYLE_SEES_PAINTING]);
    return status ? status : new_vars(any, &any->coded.store[STYLE_MAKES]);
}

/* ---- all ---- */

/* Each part once, and none of another network. */
static ad_status check_parts(style_any *any, style_parts *parts, style_part_kind first,
                             style_part_kind last)
{
    for (int i = 0; i < parts->count; ++i) {
        const style_part *part = &parts->part[i];
        if (part->kind < first || part->kind > last)
            return ad_error_set(any->ctx, AD_ERROR_ARGUMENT,
                                "%s and %s: are parts of different networks", parts->part[0].path,
                                part->path);
        const style_part *same = style_parts_find(parts, part->kind, part->form.level);
        if (same != part)
            return ad_error_set(any->ctx, AD_ERROR_ARGUMENT,
                                "%s and %s: are the same part of a network", same->path,
                                part->path);
    }
    return AD_OK;
}

static ad_status open_parts(style_any *any, style_parts *parts)
{
    static const struct {
        style_part_kind first, last;
        ad_status (*open)(style_any *any, style_parts *parts);
    } families[] = {{STYLE_PART_OWN, STYLE_PART_OWN, NULL},
                    {STYLE_PART_ENCODER, STYLE_PART_DECODER, open_levels},
                    {STYLE_PART_CONTENT_ENCODER, STYLE_PART_MICRO_DECODER, open_micro},
                    {STYLE_PART_PREDICTOR, STYLE_PART_TRANSFORMER, open_onnx}};
    int family = 0;
    while (parts->part[0].kind > families[family].last) ++family;
    ad_status status = check_parts(any, parts, families[family].first, families[family].last);
    if (status) return status;
    return family ? families[family].open(any, parts) : open_own(any, parts->part[0].file);
}

static ad_status open_embedded(style_any *any)
{
    ad_file *decoder = NULL;
    ad_status status = style_any_open_embedded(&decoder, any->ctx);
    if (!status) status = open_own(any, decoder);
    ad_file_close(decoder);
    return status;
}

ad_status style_any_open(style_any **out, ad_context *ctx, const char *const *paths, int count,
                         const style_any_options *options)
{
    style_any *any = calloc(1, sizeof *any);
    style_parts *parts = calloc(1, sizeof *parts);
    ad_status status = any && parts
                           ? AD_OK
                           : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for a network");
    *out = NULL;
    if (!status) {
        any->ctx = ctx, any->options = *options;
        status = count ? style_parts_open(parts, ctx, paths, count) : open_embedded(any);
    }
    if (!status && count) status = open_parts(any, parts);
    if (!status && !any->passes) {
        any->coded.code = calloc((size_t)any->coded.length, sizeof *any->coded.code);
        if (!any->coded.code)
            status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for a painting's numbers");
    }
    if (parts) style_parts_close(parts);
    free(parts);
    if (status)
        style_any_close(any);
    else
        *out = any;
    return status;
}

void style_any_close(style_any *any)
{
    if (!any) return;
    for (int i = 0; i < STYLE_ANY_PASSES; ++i) style_pass_close(&any->pass[i]);
    style_coded_close(&any->coded);
    free(any);
}
