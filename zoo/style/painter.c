/* painter.c - see painter.h. */
#include "zoo/style/distilled.h"
#include "zoo/style/painter.h"
#include "zoo/style/shipped.h"
#include "zoo/vision/backbone.h"

#include <autodidact/run.h>

#include <limits.h>
#include <string.h>

/* ---- ONNX ---- */

static ad_status unfit(ad_context *ctx, const char *path, const char *what)
{
    return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: is no network from a picture to a picture: %s",
                        path, what);
}

static bool is_picture(const ad_onnx_value *v, bool *first)
{
    if (v->rank != 4 || (v->dim[0] > 1)) return false;
    *first = v->dim[1] == 3;
    return *first || v->dim[3] == 3;
}

/* What makes the output: a sigmoid ends at 1. */
static double guess_white(const ad_onnx *model)
{
    const char *output = ad_onnx_output_at(model, 0)->name;
    for (int i = 0; i < ad_onnx_node_count(model); ++i) {
        ad_onnx_node node = ad_onnx_node_at(model, i);
        if (!strcmp(node.value, output)) return strcmp(node.op, "Sigmoid") != 0 ? 255 : 1;
    }
    return 255;
}

static ad_status open_onnx(style_painter *p, ad_context *ctx, const char *path, double white)
{
    ad_status status = ad_onnx_open(&p->onnx, ctx, path);
    if (!status) status = ad_onnx_supported(p->onnx);
    if (status) return status;
    bool first = false;
    p->picture = p->weights = -1;
    for (int i = 0; i < ad_onnx_input_count(p->onnx); ++i) {
        const ad_onnx_value *v = ad_onnx_input_at(p->onnx, i);
        if (p->picture < 0 && is_picture(v, &first)) {
            p->picture = i, p->channels_first = first;
            p->side[0] = v->dim[first ? 2 : 1], p->side[1] = v->dim[first ? 3 : 2];
        } else if (p->weights < 0 && v->rank == 1 && v->dim[0] > 0 &&
                   v->dim[0] <= STYLE_PAINTER_STYLES) {
            p->weights = i, p->styles = v->dim[0];
        } else
            return unfit(ctx, path,
                         "an input is neither [1, 3, height, width] nor weights of styles");
    }
    if (p->picture < 0) return unfit(ctx, path, "it has no input [1, 3, height, width]");
    const ad_onnx_value *out = ad_onnx_output_count(p->onnx) ? ad_onnx_output_at(p->onnx, 0) : NULL;
    if (!out || (out->rank >= 0 && out->rank != 4)) return unfit(ctx, path, "its output is none");
    p->white = white > 0 ? white : guess_white(p->onnx);
    return AD_OK;
}

static ad_node *build_onnx(const style_painter *p, ad_node *image, ad_node *mix)
{
    ad_graph *graph = ad_node_graph(image);
    ad_node *painted = NULL;
    ad_onnx_feed feeds[2] = {{.name = ad_onnx_input_at(p->onnx, p->picture)->name,
                              .node = ad_mul_scalar(image, p->white / 255),
                              .channels_last = p->channels_first}};
    int count = 1;
    if (p->weights >= 0)
        feeds[count++] = (ad_onnx_feed){.name = ad_onnx_input_at(p->onnx, p->weights)->name,
                                        .node = mix};
    const ad_onnx_want want = {.channels_last = p->channels_first};
    if (ad_onnx_build(p->onnx, graph, p->vars, feeds, count, &want, 1,
                      (ad_onnx_options){.any_size = true}, &painted))
        return NULL;
    return ad_mul_scalar(painted, 255 / p->white);
}

/* ---- all forms ---- */

static ad_status open_run(style_painter *p, ad_context *ctx, const char *path)
{
    ad_job *job;
    ad_status status = ad_trained_open(&job, ctx, &style_system, path, NULL);
    if (status) return status;
    status = ad_record_copy(&style_net_record, ctx, &p->sizes, job->model);
    if (!status) {
        p->form = style_net_form_of(&p->sizes);
        status = style_net_declare(p->vars, &p->form);
    }
    if (!status) status = ad_trained_load(job, p->vars);
    ad_trained_close(job);
    return status;
}

/* The names of its styles, where it says them. */
static ad_status read_names(style_painter *p, ad_context *ctx, const ad_file *file)
{
    int found;
    if (!ad_file_metadata(file, "style.width")) return AD_OK;
    ad_status status = ad_record_init(&style_net_record, ctx, &p->sizes, NULL);
    if (!status) status = ad_record_read(&style_net_record, ctx, &p->sizes, file, &found);
    int64_t named = p->sizes.styles.count;
    p->form.smooth = p->sizes.enlarge == 1;
    if (status || !named || named == p->form.styles) return status;
    return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: names %lld styles and holds %lld",
                        ad_file_path(file), (long long)named, (long long)p->form.styles);
}

/* Networks that are no MODEL, but near one. */
static ad_status is_another(ad_context *ctx, const ad_file *file)
{
    vision_kind kind;
    style_distilled form;
    if (ad_file_find(file, "decoder.conv41.weight") >= 0 || style_distilled_decoder(file, &form))
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: is a decoder of any style: `style apply any PICTURE PAINTING` "
                            "takes it as --weights",
                            ad_file_path(file));
    if (vision_knows(file, &kind))
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: is %s, which looks at pictures and paints none",
                            ad_file_path(file), vision_name(kind));
    return AD_ERROR_FORMAT;
}

static ad_status load(style_painter *p, ad_context *ctx, ad_file *file)
{
    ad_status status = style_net_detect(ctx, file, &p->form);
    if (status) return is_another(ctx, file);
    status = style_net_load(p->vars, &p->form, file);
    return status ? status : read_names(p, ctx, file);
}

static ad_status open_file(style_painter *p, ad_context *ctx, const char *path)
{
    ad_file *file;
    ad_status status = ad_file_open(&file, ctx, path);
    if (status) return status;
    status = load(p, ctx, file);
    ad_file_close(file);
    return status;
}

static ad_status open_shipped(style_painter *p, ad_context *ctx, int64_t style)
{
    ad_file *file;
    p->chosen = style;
    ad_status status = style_shipped_open(&file, ctx);
    if (status) return status;
    status = load(p, ctx, file);
    ad_file_close(file);
    return status;
}

ad_status style_painter_open(style_painter *p, ad_context *ctx, const char *path, double white)
{
    *p = (style_painter){.ctx = ctx,
                         .styles = 1,
                         .chosen = -1,
                         .white = 255,
                         .side = {-1, -1},
                         .vars = ad_vars_new(ctx, 0)};
    char found[PATH_MAX];
    int style;
    if (!p->vars) return AD_ERROR_MEMORY;
    ad_status status = style_shipped_find(ctx, path, found, sizeof found, &style);
    if (!status)
        status = style >= 0              ? open_shipped(p, ctx, style)
                 : ad_onnx_ending(found) ? open_onnx(p, ctx, found, white)
                 : ad_run_is(found)      ? open_run(p, ctx, found)
                                         : open_file(p, ctx, found);
    if (p->form.styles > 1) p->styles = p->form.styles;
    if (status) style_painter_close(p);
    return status;
}

void style_painter_close(style_painter *p)
{
    ad_vars_free(p->vars);
    ad_onnx_free(p->onnx);
    ad_record_free(&style_net_record, p->ctx, &p->sizes);
    *p = (style_painter){0};
}

ad_node *style_painter_build(const style_painter *p, ad_node *image, ad_node *mix)
{
    if (p->onnx) return build_onnx(p, image, mix);
    if (p->styles > 1) mix = ad_reshape(mix, ad_shape(1, p->styles));
    return style_net_build(p->vars, &p->form, image, p->styles > 1 ? mix : NULL);
}
