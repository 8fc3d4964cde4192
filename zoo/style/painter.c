/* painter.c - see painter.h. */
#include "zoo/style/painter.h"
#include "zoo/style/trained.h"

#include <autodidact/run.h>

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

static ad_node *build_onnx(const style_painter *p, ad_node *image, const float *mix)
{
    ad_graph *graph = ad_node_graph(image);
    ad_node *painted = NULL;
    ad_onnx_feed feeds[2] = {{.name = ad_onnx_input_at(p->onnx, p->picture)->name,
                              .node = ad_mul_scalar(image, p->white / 255),
                              .channels_last = p->channels_first}};
    int count = 1;
    if (p->weights >= 0)
        feeds[count++] = (ad_onnx_feed){
            .name = ad_onnx_input_at(p->onnx, p->weights)->name,
            .node = ad_constant(graph, AD_F32, ad_shape(p->styles), mix)};
    const ad_onnx_want want = {.channels_last = p->channels_first};
    if (ad_onnx_build(p->onnx, graph, p->vars, feeds, count, &want, 1,
                      (ad_onnx_options){.any_size = true}, &painted))
        return NULL;
    return ad_mul_scalar(painted, 255 / p->white);
}

/* ---- all forms ---- */

/* A run, or a file of one, which says what it is built from. */
static ad_status open_trained(style_painter *p, ad_context *ctx, const char *path)
{
    ad_status status = ad_trained_open(&p->job, ctx, &style_system, path, NULL);
    if (status) return status;
    const style_net_sizes *sizes = p->job->model;
    p->form = (style_net_form){.width = sizes->width, .blocks = sizes->blocks};
    p->names = &sizes->styles;
    p->form.styles = p->styles = sizes->styles.count > 1 ? sizes->styles.count : 1;
    status = style_net_declare(p->vars, &p->form);
    return status ? status : ad_trained_load(p->job, p->vars);
}

static ad_status open_weights(style_painter *p, ad_context *ctx, const char *path)
{
    ad_file *file;
    if (ad_run_is(path)) return open_trained(p, ctx, path);
    ad_status status = ad_file_open(&file, ctx, path);
    if (status) return status;
    bool says = ad_file_metadata(file, "style.width") != NULL;
    if (!says) status = style_net_detect(ctx, file, &p->form);
    if (!says && !status) status = style_net_load(p->vars, &p->form, file);
    ad_file_close(file);
    if (!status && says) return open_trained(p, ctx, path);
    if (p->form.styles > 1) p->styles = p->form.styles;
    return status;
}

ad_status style_painter_open(style_painter *p, ad_context *ctx, const char *path, double white)
{
    *p = (style_painter){.styles = 1, .white = 255, .side = {-1, -1}, .vars = ad_vars_new(ctx, 0)};
    if (!p->vars) return AD_ERROR_MEMORY;
    ad_status status = ad_onnx_ending(path) ? open_onnx(p, ctx, path, white)
                                            : open_weights(p, ctx, path);
    if (status) style_painter_close(p);
    return status;
}

void style_painter_close(style_painter *p)
{
    ad_vars_free(p->vars);
    ad_onnx_free(p->onnx);
    ad_trained_close(p->job);
    *p = (style_painter){0};
}

ad_node *style_painter_build(const style_painter *p, ad_node *image, const float *mix)
{
    if (p->onnx) return build_onnx(p, image, mix);
    ad_node *parts = p->styles > 1
                         ? ad_constant(ad_node_graph(image), AD_F32, ad_shape(1, p->styles), mix)
                         : NULL;
    return style_net_build(p->vars, &p->form, image, parts);
}
