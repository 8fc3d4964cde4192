/* any_files.c - see any_files.h. */
#include "zoo/style/any_files.h"
#include "zoo/style/net.h"
#include "zoo/vision/backbone.h"

#include <autodidact/run.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* ---- what a file is ---- */

static bool has(const style_part *part, const char *name)
{
    return ad_file_find(part->file, name) >= 0;
}

static bool says(const style_part *part, const char *word)
{
    const char *slash = strrchr(part->path, '/');
    return strstr(slash ? slash + 1 : part->path, word) != NULL;
}

/* Both encoders have the same tensors. */
static ad_status tell_encoders_apart(style_part *part, ad_context *ctx)
{
    bool content = says(part, "content"), style = says(part, "style");
    part->kind = style ? STYLE_PART_STYLE_ENCODER : STYLE_PART_CONTENT_ENCODER;
    if (content != style) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                        "%s: is an encoder of MicroAST; its name has to say of which: \"content\" "
                        "or \"style\"",
                        part->path);
}

static ad_status is_something_else(const style_part *part, ad_context *ctx)
{
    vision_kind kind;
    style_net_form form;
    if (vision_knows(part->file, &kind))
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: is %s, which looks at pictures; expected encoders and decoders "
                            "that paint in any manner",
                            part->path, vision_name(kind));
    if (!style_net_detect(ctx, part->file, &form))
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: is a network of one style, which is the MODEL of `style apply`; "
                            "expected encoders and decoders that paint in any manner",
                            part->path);
    return ad_error_set(ctx, AD_ERROR_FORMAT,
                        "%s: is no part of a network that paints in any manner; %d tensor%s, the "
                        "first is %s",
                        part->path, ad_file_count(part->file),
                        ad_file_count(part->file) == 1 ? "" : "s",
                        ad_file_count(part->file) ? ad_file_at(part->file, 0)->name : "missing");
}

static ad_status recognise_weights(style_part *part, ad_context *ctx)
{
    if (has(part, "decoder.conv41.weight") && has(part, "decoder.conv33.weight"))
        part->kind = STYLE_PART_OWN;
    else if (style_distilled_encoder(part->file, &part->form))
        part->kind = STYLE_PART_ENCODER;
    else if (style_distilled_decoder(part->file, &part->form))
        part->kind = STYLE_PART_DECODER;
    else if (has(part, "enc1.0.conv_layer.weight"))
        return tell_encoders_apart(part, ctx);
    else if (has(part, "weight1.0.conv_layer.weight"))
        part->kind = STYLE_PART_MODULATOR;
    else if (has(part, "dec1.conv1.conv_layer.weight"))
        part->kind = STYLE_PART_MICRO_DECODER;
    else
        return is_something_else(part, ctx);
    return AD_OK;
}

static bool is_picture(const ad_onnx_value *v)
{
    return v->rank == 4 && v->dim[3] == 3 && v->dim[0] <= 1;
}

/* One picture: a predictor; a picture and something else: a transformer. */
static ad_status recognise_onnx(style_part *part, ad_context *ctx)
{
    int inputs = ad_onnx_input_count(part->onnx), pictures = 0;
    for (int i = 0; i < inputs; ++i) pictures += is_picture(ad_onnx_input_at(part->onnx, i));
    part->kind = inputs == 1 ? STYLE_PART_PREDICTOR : STYLE_PART_TRANSFORMER;
    if (pictures == 1 && (inputs == 1 || (inputs == 2 && ad_onnx_output_count(part->onnx) == 1)))
        return ad_onnx_supported(part->onnx);
    return ad_error_set(ctx, AD_ERROR_FORMAT,
                        "%s: is neither a network from a picture [1, height, width, 3] to numbers "
                        "nor one from a picture and numbers to a picture",
                        part->path);
}

/* ---- which files there are ---- */

static ad_status add(style_parts *parts, ad_context *ctx, const char *path)
{
    if (parts->count == STYLE_PARTS_MOST)
        return ad_error_set(ctx, AD_ERROR_LIMIT, "%s: is the file behind the first %d", path,
                            STYLE_PARTS_MOST);
    style_part *part = &parts->part[parts->count];
    *part = (style_part){0};
    if (snprintf(part->path, sizeof part->path, "%s", path) >= (int)sizeof part->path)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", path);
    bool onnx = ad_onnx_ending(path);
    ad_status status = onnx ? ad_onnx_open(&part->onnx, ctx, path)
                            : ad_file_open(&part->file, ctx, path);
    if (status) return status;
    ++parts->count;
    return onnx ? recognise_onnx(part, ctx) : recognise_weights(part, ctx);
}

static bool named_as_weights(const char *name)
{
    static const char *const endings[] = {".pth",         ".pt",  ".pth.tar",
                                          ".safetensors", ".npz", ".onnx"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i) {
        size_t ending = strlen(endings[i]);
        if (length > ending && !strcasecmp(name + length - ending, endings[i])) return true;
    }
    return false;
}

static int weights_only(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && named_as_weights(entry->d_name);
}

static ad_status add_folder(style_parts *parts, ad_context *ctx, const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, weights_only, alphasort);
    if (count < 0) return ad_error_set(ctx, AD_ERROR_IO, "%s: cannot be read", folder);
    ad_status status = AD_OK;
    if (!count)
        status = ad_error_set(ctx, AD_ERROR_NOT_FOUND,
                              "%s: no files of weights in it (.pth, .safetensors, .npz, .onnx)",
                              folder);
    for (int i = 0; i < count; ++i) {
        char path[2048];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (!status) status = add(parts, ctx, path);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static ad_status add_run(style_parts *parts, ad_context *ctx, const char *run)
{
    char file[1024];
    ad_status status = ad_run_weights(ctx, run, file, sizeof file, NULL, 0);
    return status ? status : add(parts, ctx, file);
}

ad_status style_parts_open(style_parts *parts, ad_context *ctx, const char *const *paths, int count)
{
    struct stat about;
    ad_status status = AD_OK;
    parts->count = 0;
    for (int i = 0; i < count && !status; ++i)
        status = ad_run_is(paths[i]) ? add_run(parts, ctx, paths[i])
                 : !stat(paths[i], &about) && S_ISDIR(about.st_mode)
                     ? add_folder(parts, ctx, paths[i])
                     : add(parts, ctx, paths[i]);
    if (status) style_parts_close(parts);
    return status;
}

void style_parts_close(style_parts *parts)
{
    for (int i = 0; i < parts->count; ++i) {
        ad_file_close(parts->part[i].file);
        ad_onnx_free(parts->part[i].onnx);
    }
    parts->count = 0;
}

style_part *style_parts_find(style_parts *parts, style_part_kind kind, int level)
{
    for (int i = 0; i < parts->count; ++i)
        if (parts->part[i].kind == kind && (!level || parts->part[i].form.level == level))
            return &parts->part[i];
    return NULL;
}
