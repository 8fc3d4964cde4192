/* look.c - the network that looks at pictures: what its layer in front of the classes says of them
 * are their features.
 *
 * It may be a classifier of `classify train`, the network inside of the binary, or an image network
 * of others. Pictures are shown to it as its own training had them: resized to its size (the
 * network inside takes any, and sees little of less than 64 pixels), in its channels. Features are
 * means over places. */
#include "zoo/gan/measure.h"

#include "zoo/classify/classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST_SIDE = 64,                  /* for the network inside */
    PIXELS_AT_ONCE = GAN_ROWS * 4096, /* of pictures as they are looked at */
    ONNX_SIDE = 224                   /* where the file does not say */
};

/* ---- what each kind is, and wants ---- */

static void want(gan_looker *l, int64_t height, int64_t width, int64_t channels)
{
    l->to[0] = height, l->to[1] = width, l->to[2] = channels;
}

static ad_status open_classifier(gan_looker *l, const gan_look_options *o)
{
    ad_status status = ad_trained_open(&l->job, l->ctx, &classify_system, o->path,
                                       &(ad_trained_options){.watcher = *o->watcher});
    if (status) return status;
    const classify_model *c = l->job->model;
    if (c->published)
        return ad_error_set(l->ctx, AD_ERROR_UNSUPPORTED,
                            "%s: is another program's network; a classifier of `classify train` is "
                            "wanted, for pictures like the generator's",
                            o->path);
    if (o->layer)
        return ad_error_set(l->ctx, AD_ERROR_ARGUMENT,
                            "--layer %s: what %s says of a picture is what its last layer reads",
                            o->layer, o->path);
    l->classes = &c->classes;
    snprintf(l->name, sizeof l->name, "%.255s", o->path);
    snprintf(l->layer, sizeof l->layer, "what its last layer reads");
    want(l, c->height, c->width, c->channels);
    return AD_OK;
}

static void want_of_form(gan_looker *l)
{
    const vision_form *form = &l->chosen.form;
    const vision_recipe *recipe = vision_recipe_of(form->kind);
    int64_t side = form->side ? form->side : recipe->side;
    if (form->kind != VISION_COMPACT) {
        want(l, side, side, 3);
        return;
    }
    int64_t h = l->from[0], w = l->from[1], shorter = h < w ? h : w, longer = h < w ? w : h;
    int64_t numerator = shorter < LEAST_SIDE ? LEAST_SIDE : longer > side ? side : 1;
    int64_t denominator = shorter < LEAST_SIDE ? shorter : longer > side ? longer : 1;
    want(l, h * numerator / denominator, w * numerator / denominator, 3);
}

static ad_status open_form(gan_looker *l, const gan_look_options *o, ad_file *file)
{
    ad_status status = vision_read_form(l->ctx, file, &l->chosen.form);
    const char *layer = o->layer ? o->layer : vision_features_layer(&l->chosen.form);
    if (!status) status = vision_check_layer(l->ctx, file, &l->chosen.form, layer);
    if (status) return status;
    snprintf(l->name, sizeof l->name, "%s", vision_name(l->chosen.form.kind));
    snprintf(l->layer, sizeof l->layer, "%s", layer);
    want_of_form(l);
    return vision_load_layers(&l->chosen, &layer, 1, l->vars, file, NULL);
}

static ad_status open_onnx(gan_looker *l, const gan_look_options *o)
{
    const char *names[VISION_MAX_LAYERS], *layer = o->layer;
    vision_onnx *n = &l->chosen.onnx;
    ad_status status = vision_onnx_open(n, l->ctx, o->path);
    if (status) return status;
    if (o->pixels >= 0)
        n->pixels = (vision_pixels)o->pixels;
    else
        ad_watch_note(o->watcher, "%s: is shown pictures %s; --pixels says otherwise", o->path,
                      vision_pixels_text(n->pixels));
    int count = vision_chosen_layers(&l->chosen, names);
    if (!layer && count) layer = names[count - 1];
    if (!layer)
        return ad_error_set(l->ctx, AD_ERROR_FORMAT,
                            "%s: has no activation or join whose result could be the features; "
                            "--layer names a value of it",
                            o->path);
    if (n->rows > 0) l->rows = n->rows;
    snprintf(l->name, sizeof l->name, "%.255s", o->path);
    snprintf(l->layer, sizeof l->layer, "%.511s", layer);
    want(l, n->height > 0 ? n->height : ONNX_SIDE, n->width > 0 ? n->width : ONNX_SIDE, 3);
    return AD_OK;
}

/* ---- which it is ---- */

/* Weights of an image network of others are known by their tensors. */
static ad_status open_file(gan_looker *l, const gan_look_options *o, bool *is)
{
    ad_file *file = NULL;
    vision_kind kind;
    ad_status status = ad_file_open(&file, l->ctx, o->path);
    *is = !status && vision_knows(file, &kind);
    if (status == AD_ERROR_MEMORY) return status;
    ad_error_clear(l->ctx); /* a run's folder is none; what else is wrong will be said */
    status = *is ? open_form(l, o, file) : AD_OK;
    ad_file_close(file);
    return status;
}

static ad_status open_embedded(gan_looker *l, const gan_look_options *o)
{
    ad_file *file = NULL;
    ad_status status = vision_open_embedded(&file, l->ctx);
    if (!status) status = open_form(l, o, file);
    snprintf(l->name, sizeof l->name, "backbone");
    ad_file_close(file);
    return status;
}

static ad_status open_any(gan_looker *l, const gan_look_options *o)
{
    bool is = false;
    if (!o->judges && !strcmp(o->path, "backbone")) return open_embedded(l, o);
    if (!o->judges && ad_onnx_ending(o->path)) return open_onnx(l, o);
    ad_status status = o->judges ? AD_OK : open_file(l, o, &is);
    return status || is ? status : open_classifier(l, o);
}

/* ---- the program ---- */

/* [n, height, width, c], 0 to 1, to its size: enlarged smoothly, made smaller by means. */
static ad_node *resized(const gan_looker *l, ad_node *x)
{
    if (l->from[0] == l->to[0] && l->from[1] == l->to[1]) return x;
    if (l->to[0] <= l->from[0] && l->to[1] <= l->from[1])
        return ad_adaptive_avg_pool2d(x, l->to[0], l->to[1]);
    return ad_resize2d(x, l->to[0], l->to[1], AD_BILINEAR);
}

/* (x - mean) / deviation, of pictures of 0 to 1 */
static ad_node *normalised(ad_node *x, const classify_model *c)
{
    float shift[3], scale[3];
    ad_graph *graph = ad_node_graph(x);
    for (int i = 0; i < c->channels; ++i) {
        shift[i] = (float)-c->mean.at[i];
        scale[i] = (float)(1 / c->deviation.at[i]);
    }
    x = ad_add(x, ad_constant(graph, AD_F32, ad_shape(c->channels), shift));
    return ad_mul(x, ad_constant(graph, AD_F32, ad_shape(c->channels), scale));
}

/* [n, h, w, c] -> [n, c]: of what has places their mean. */
static ad_node *by_picture(ad_node *x)
{
    if (ad_node_poisoned(x)) return x;
    int rank = ad_node_shape(x).rank;
    return rank == 4 ? ad_mean(x, ad_axes(1, 2), false) : rank > 2 ? ad_flatten(x, 1) : x;
}

static ad_status build_network(gan_looker *l, ad_node *x)
{
    const char *layer = l->layer;
    ad_node *features = NULL;
    if (!l->job) {
        ad_status status = vision_build_chosen(l->vars, &l->chosen, ad_mul_scalar(x, 255), &layer,
                                               1, &features);
        l->features = by_picture(features);
        return status;
    }
    const classify_model *c = l->job->model;
    l->features = classify_features(c, l->vars, normalised(x, c), NULL);
    l->logits = classify_head(c, l->vars, l->features);
    return AD_OK;
}

static ad_status build(gan_looker *l)
{
    int64_t values = l->from[0] * l->from[1] * l->to[2];
    if (!(l->graph = ad_graph_new(l->ctx))) return AD_ERROR_MEMORY;
    ad_node *x = ad_input(l->graph, "image", AD_F32,
                          ad_shape(l->rows, l->from[0], l->from[1], l->to[2]));
    ad_status status = build_network(l, resized(l, x));
    if (!status && (status = ad_graph_status(l->graph)))
        ad_error_set(l->ctx, status, "%s: %s", l->name, ad_graph_error(l->graph));
    if (!status && l->job) status = ad_trained_load(l->job, l->vars);
    ad_node *const outputs[2] = {l->features, l->logits};
    if (!status) status = ad_compile(&l->program, l->ctx, outputs, l->logits ? 2 : 1, NULL);
    if (status) return status;
    l->width = ad_node_shape(l->features).dim[1];
    if (!(l->input = calloc((size_t)(l->rows * values), sizeof *l->input)))
        return ad_error_set(l->ctx, AD_ERROR_MEMORY, "out of memory for pictures");
    return ad_bind(l->program, x, l->input, (size_t)(l->rows * values) * sizeof *l->input);
}

/* ---- opening ---- */

static void tell_what_is_done(const gan_looker *l, const ad_watcher *watcher)
{
    char size[64] = "";
    if (l->from[0] != l->to[0] || l->from[1] != l->to[1])
        snprintf(size, sizeof size, " resized to %lld x %lld%s", (long long)l->to[1],
                 (long long)l->to[0],
                 l->from[0] * l->to[1] == l->from[1] * l->to[0] ? ""
                                                                : " without their proportions");
    const char *colour = l->from[2] == l->to[2] ? ""
                         : l->to[2] == 3        ? "widened to colour"
                                                : "made grey";
    if (!*size && !*colour) return;
    ad_watch_note(watcher, "%s: is shown pictures%s%s%s, as it takes them", l->name, size,
                  *size && *colour ? ", "
                  : *colour        ? " "
                                   : "",
                  colour);
}

/* What features depend on. */
static uint64_t fingerprint(gan_looker *l)
{
    char text[512];
    uint64_t hash = 0;
    for (int i = 0; i < ad_vars_count(l->vars); ++i) {
        const ad_variable *v = ad_vars_at(l->vars, i);
        const uint64_t parts[3] = {hash,
                                   ad_fingerprint(ad_variable_name(v), strlen(ad_variable_name(v))),
                                   ad_fingerprint(ad_variable_data(l->vars, v),
                                                  (size_t)ad_shape_count(ad_variable_shape(v)) *
                                                      ad_dtype_size(ad_variable_dtype(v)))};
        hash = ad_fingerprint(parts, sizeof parts);
    }
    const classify_model *c = l->job ? l->job->model : NULL;
    const ad_reals *moments[2] = {c ? &c->mean : NULL, c ? &c->deviation : NULL};
    for (int i = 0; i < 2 && c; ++i)
        hash = 31 * hash +
               ad_fingerprint(moments[i]->at, (size_t)moments[i]->count * sizeof *moments[i]->at);
    int length = snprintf(text, sizeof text, "%016llx %.300s %lld %lld %lld %d",
                          (unsigned long long)hash, l->layer, (long long)l->to[0],
                          (long long)l->to[1], (long long)l->to[2], (int)l->chosen.onnx.pixels);
    return ad_fingerprint(text, (size_t)length);
}

ad_status gan_look_open(gan_looker *l, ad_context *ctx, const gan_look_options *o)
{
    const gan_model *m = o->model;
    *l = (gan_looker){.ctx = ctx, .from = {m->height, m->breadth, m->channels}};
    if (!(l->vars = ad_vars_new(ctx, 0))) return AD_ERROR_MEMORY;
    ad_status status = open_any(l, o);
    if (status) return status;
    if (!l->rows) {
        l->rows = PIXELS_AT_ONCE / (l->to[0] * l->to[1]);
        l->rows = l->rows < 2 ? 2 : l->rows > GAN_ROWS ? GAN_ROWS : l->rows;
    }
    status = build(l);
    if (status) return status;
    l->fingerprint = fingerprint(l);
    tell_what_is_done(l, o->watcher);
    return AD_OK;
}

void gan_look_close(gan_looker *l)
{
    ad_program_free(l->program);
    ad_graph_free(l->graph);
    ad_vars_free(l->vars);
    vision_close_chosen(&l->chosen);
    ad_trained_close(l->job);
    free(l->input);
}

/* ---- looking ---- */

/* 0 to 255 of one picture as 0 to 1 in the network's channels: grey is the luminance. */
static void show(const gan_looker *l, const unsigned char *picture, float *to)
{
    int64_t pixels = l->from[0] * l->from[1], from = l->from[2];
    for (int64_t i = 0; i < pixels; ++i) {
        const unsigned char *p = picture + i * from;
        if (l->to[2] < from)
            to[i] = ad_linear_to_srgb(0.2126f * ad_srgb_to_linear((float)p[0] / 255) +
                                      0.7152f * ad_srgb_to_linear((float)p[1] / 255) +
                                      0.0722f * ad_srgb_to_linear((float)p[2] / 255));
        else
            for (int64_t c = 0; c < l->to[2]; ++c) to[i * l->to[2] + c] = (float)p[c % from] / 255;
    }
}

ad_status gan_look(gan_looker *l, const unsigned char *pictures, int64_t count, float *features,
                   int32_t *taken)
{
    int64_t values = l->from[0] * l->from[1] * l->from[2],
            shown = l->from[0] * l->from[1] * l->to[2];
    for (int64_t i = 0; i < count; ++i) show(l, pictures + i * values, l->input + i * shown);
    ad_status status = ad_run(l->program);
    if (!status) status = ad_result_finite(l->program, l->features, "what is seen in pictures");
    if (!status && l->logits)
        status = ad_result_finite(l->program, l->logits, "what the classifier says");
    if (status) return status;
    memcpy(features, ad_result(l->program, l->features),
           (size_t)(count * l->width) * sizeof *features);
    const float *logits = l->logits ? ad_result(l->program, l->logits) : NULL;
    for (int64_t i = 0; i < count && logits && taken; ++i)
        taken[i] = ad_best_class(logits + i * l->classes->count, (int)l->classes->count);
    return AD_OK;
}
