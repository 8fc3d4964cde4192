/* any_passes.c - a picture through an encoder, its features brought to the painting's statistics,
 * and through a decoder: once, or level by level, from the deepest on. */
#include "zoo/style/any_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int style_pass_features(const style_pass *pass)
{
    return pass->own ? STYLE_ANY_LEVELS : 1;
}

/* Published pairs see and make 0 to 1. */
static void encode(const style_pass *pass, ad_node *image, ad_node **features)
{
    if (pass->own)
        style_any_encode(pass->encoder, image, features);
    else
        features[0] = style_distilled_encode(pass->encoder, &pass->sees,
                                             ad_mul_scalar(image, 1.0 / 255));
}

static ad_node *decode(const style_pass *pass, ad_node *const *targets)
{
    if (pass->own) return style_any_decode(pass->decoder, pass->width, targets);
    return ad_mul_scalar(style_distilled_decode(pass->decoder, &pass->makes, targets[0]), 255);
}

/* ---- encoding ---- */

static void drop_encoding(style_encoding *e)
{
    ad_program_free(e->program);
    ad_graph_free(e->graph);
    *e = (style_encoding){0};
}

static ad_node *spread(const style_pass *pass, ad_node *features, style_moments of)
{
    if (!pass->whole) return of.deviation;
    ad_node *covariance = style_covariance(features, of.mean);
    return pass->own ? style_ridge(covariance) : covariance;
}

static ad_status plan_encoding(style_encoding *e, const style_pass *pass, ad_context *ctx,
                               const ad_compile_options *compile, int64_t height, int64_t width,
                               bool keep_features)
{
    ad_node *outputs[3 * STYLE_ANY_LEVELS];
    int count = 0, features = style_pass_features(pass);
    if (e->program && e->height == height && e->width == width) return AD_OK;
    drop_encoding(e);
    if (!(e->graph = ad_graph_new(ctx))) return AD_ERROR_MEMORY;
    e->image = ad_input(e->graph, "image", AD_F32, ad_shape(1, height, width, 3));
    encode(pass, e->image, e->features);
    for (int i = 0; i < features; ++i) {
        style_moments of = style_moments_of(e->features[i]);
        e->mean[i] = of.mean;
        e->spread[i] = spread(pass, e->features[i], of);
        if (keep_features) outputs[count++] = e->features[i];
        outputs[count++] = e->mean[i], outputs[count++] = e->spread[i];
    }
    e->height = height, e->width = width;
    ad_status status = ad_compile(&e->program, ctx, outputs, count, compile);
    if (status) drop_encoding(e);
    return status;
}

static ad_status run_encoding(style_encoding *e, int features, const style_pixels *picture,
                              const char *path)
{
    ad_status status = ad_bind(e->program, e->image, picture->data, picture->bytes);
    if (!status) status = ad_run(e->program);
    for (int i = 0; i < features && !status; ++i) {
        status = ad_result_finite(e->program, e->mean[i], path);
        if (!status) status = ad_result_finite(e->program, e->spread[i], path);
    }
    return status;
}

ad_status style_pass_look(style_pass *pass, ad_context *ctx, const ad_compile_options *compile,
                          const style_pixels *painting, const char *path, double part)
{
    style_encoding e = {0};
    ad_status status = plan_encoding(&e, pass, ctx, compile, painting->height, painting->width,
                                     false);
    if (!status) status = run_encoding(&e, style_pass_features(pass), painting, path);
    for (int i = 0; i < style_pass_features(pass) && !status; ++i) {
        style_statistics *s = &pass->style[i];
        int64_t channels = ad_node_shape(e.mean[i]).dim[3];
        if (!s->channels) status = style_statistics_new(s, ctx, channels, pass->whole);
        if (!status)
            status = style_statistics_add(s, ctx, ad_result(e.program, e.mean[i]),
                                          ad_result(e.program, e.spread[i]), part);
    }
    drop_encoding(&e);
    return status;
}

/* ---- decoding ---- */

static void drop_decoding(style_decoding *d)
{
    ad_program_free(d->program);
    ad_graph_free(d->graph);
    for (int i = 0; i < STYLE_ANY_LEVELS; ++i) free(d->scales[i]), free(d->shifts[i]);
    *d = (style_decoding){0};
}

/* x [1, h, w, c] by the map of match.h. */
static ad_node *mapped(ad_node *x, ad_node *scale, ad_node *shift, bool whole)
{
    if (!whole) return ad_add(ad_mul(x, scale), shift);
    ad_shape s = ad_node_shape(x);
    ad_node *rows = ad_matmul(ad_reshape(x, ad_shape(-1, s.dim[3])), scale);
    return ad_reshape(ad_add(rows, shift), s);
}

static ad_status bind_map(style_decoding *d, ad_context *ctx, int i)
{
    int64_t scales = ad_shape_count(ad_node_shape(d->scale[i])),
            shifts = ad_shape_count(ad_node_shape(d->shift[i]));
    d->scales[i] = malloc((size_t)scales * sizeof(float));
    d->shifts[i] = malloc((size_t)shifts * sizeof(float));
    if (!d->scales[i] || !d->shifts[i])
        return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for statistics of features");
    ad_status status = ad_bind(d->program, d->scale[i], d->scales[i],
                               (size_t)scales * sizeof(float));
    if (status) return status;
    return ad_bind(d->program, d->shift[i], d->shifts[i], (size_t)shifts * sizeof(float));
}

static ad_status plan_decoding(style_pass *pass, ad_context *ctx, const ad_compile_options *compile)
{
    style_decoding *d = &pass->decoding;
    ad_node *targets[STYLE_ANY_LEVELS];
    char name[32];
    if (!(d->graph = ad_graph_new(ctx))) return AD_ERROR_MEMORY;
    for (int i = 0; i < style_pass_features(pass); ++i) {
        ad_shape s = ad_node_shape(pass->encoding.features[i]);
        int64_t c = s.dim[3];
        snprintf(name, sizeof name, "features%d", i);
        d->features[i] = ad_input(d->graph, name, AD_F32, s);
        snprintf(name, sizeof name, "scale%d", i);
        d->scale[i] = ad_input(d->graph, name, AD_F32, pass->whole ? ad_shape(c, c) : ad_shape(c));
        snprintf(name, sizeof name, "shift%d", i);
        d->shift[i] = ad_input(d->graph, name, AD_F32, ad_shape(c));
        targets[i] = mapped(d->features[i], d->scale[i], d->shift[i], pass->whole);
    }
    d->picture = ad_name(decode(pass, targets), "painted");
    ad_status status = ad_compile(&d->program, ctx, &d->picture, 1, compile);
    for (int i = 0; i < style_pass_features(pass) && !status; ++i) status = bind_map(d, ctx, i);
    if (status) drop_decoding(d);
    return status;
}

ad_status style_pass_paint(style_pass *pass, ad_context *ctx, const ad_compile_options *compile,
                           style_pixels *picture, const char *path, double strength)
{
    style_encoding *e = &pass->encoding;
    style_decoding *d = &pass->decoding;
    if (e->height != picture->height || e->width != picture->width) drop_decoding(d);
    ad_status status = plan_encoding(e, pass, ctx, compile, picture->height, picture->width, true);
    if (!status && !d->program) status = plan_decoding(pass, ctx, compile);
    if (!status) status = run_encoding(e, style_pass_features(pass), picture, path);
    for (int i = 0; i < style_pass_features(pass) && !status; ++i) {
        size_t bytes = (size_t)ad_shape_count(ad_node_shape(d->features[i])) * sizeof(float);
        status = style_match(&pass->style[i], ctx, ad_result(e->program, e->mean[i]),
                             ad_result(e->program, e->spread[i]), strength, d->scales[i],
                             d->shifts[i]);
        if (!status)
            status = ad_bind(d->program, d->features[i], ad_result(e->program, e->features[i]),
                             bytes);
    }
    if (!status) status = ad_run(d->program);
    if (!status) status = ad_result_finite(d->program, d->picture, path);
    if (!status) memcpy(picture->data, ad_result(d->program, d->picture), picture->bytes);
    return status;
}

void style_pass_close(style_pass *pass)
{
    drop_encoding(&pass->encoding);
    drop_decoding(&pass->decoding);
    for (int i = 0; i < STYLE_ANY_LEVELS; ++i) style_statistics_free(&pass->style[i]);
    ad_vars_free(pass->encoder);
    ad_vars_free(pass->decoder);
    *pass = (style_pass){0};
}
