/* recognise.c - which network a weights file is for, how far it reaches, and loading it.
 *
 * A network is known by one or two tensors that no other has. How far a file reaches is found by
 * declaring the whole network, row by row, in a store that is never laid out. */
#include "zoo/vision/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = 96 /* of the picture that a network is declared with; any that is large enough */
};

static bool has(const ad_file *file, const char *name)
{
    return ad_file_find(file, name) >= 0;
}

bool vision_knows(const ad_file *file, vision_kind *kind)
{
    for (int k = 0; k < VISION_KINDS; ++k) {
        const vision_network *n = vision_networks + k;
        if (!has(file, n->has[0]) || (n->has[1] && !has(file, n->has[1])) ||
            (n->lacks && has(file, n->lacks)))
            continue;
        *kind = (vision_kind)k;
        return true;
    }
    return false;
}

/* A network that paints at once (zoo/style/net.h). */
static bool paints(const ad_file *file)
{
    return (has(file, "conv1.conv2d.weight") && has(file, "deconv3.conv2d.weight")) ||
           (has(file, "Variable") && has(file, "Variable_47"));
}

ad_status vision_detect(ad_context *ctx, ad_file *file, vision_kind *kind)
{
    char known[512] = "";
    size_t at = 0;
    if (vision_knows(file, kind)) return AD_OK;
    if (paints(file))
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: is a network that paints (`style apply`), not one that recognises "
                            "what pictures show",
                            ad_file_path(file));
    for (int k = 0; k < VISION_KINDS && at < sizeof known; ++k)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", k ? ", " : "",
                               vision_networks[k].name);
    return ad_error_set(ctx, AD_ERROR_FORMAT,
                        "%s: not the weights of an image network that is known here (%s); %d "
                        "tensor%s, the first is %s",
                        ad_file_path(file), known, ad_file_count(file),
                        ad_file_count(file) == 1 ? "" : "s",
                        ad_file_count(file) ? ad_file_at(file, 0)->name : "missing");
}

/* ---- the form ---- */

static int64_t first_dim(const ad_file *file, const char *name)
{
    int at = ad_file_find(file, name);
    return at < 0 || !ad_file_at(file, at)->shape.rank ? 0 : ad_file_at(file, at)->shape.dim[0];
}

static ad_status read_classes(ad_context *ctx, const ad_file *file, vision_form *form)
{
    char name[64];
    for (const vision_row *row = vision_networks[form->kind].rows; row->layer || row->step; ++row) {
        if (row->n[0] != VISION_CLASSES) continue;
        snprintf(name, sizeof name, "%s.weight", row->weight);
        form->classes = first_dim(file, name);
        if (form->classes > VISION_CLASSES_MOST)
            return ad_error_set(ctx, AD_ERROR_LIMIT, "%s: %s has %lld classes, at most %d can be",
                                ad_file_path(file), name, (long long)form->classes,
                                VISION_CLASSES_MOST);
    }
    return AD_OK;
}

static ad_status read_width(ad_context *ctx, const ad_file *file, vision_form *form)
{
    const vision_network *n = vision_networks + form->kind;
    int64_t channels = n->measure ? first_dim(file, n->measure) : 0;
    if (!channels) return AD_OK;
    form->width = (double)channels / n->measure_at_one;
    if (form->width >= 0.02 && form->width <= 8) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_SHAPE, "%s: %s has %lld channels; %s has %d times its width",
                        ad_file_path(file), n->measure, (long long)channels, n->name,
                        n->measure_at_one);
}

/* What does not read as a size says nothing. */
static void read_side(const ad_file *file, vision_form *form)
{
    const char *text = ad_file_metadata(file, "side");
    long side = text ? strtol(text, NULL, 10) : 0;
    if (side >= 32 && side <= 1024) form->side = (int)side;
}

/* ---- how far it reaches ---- */

typedef struct reach {
    const ad_file *file;
    ad_vars *vars;
    int seen;            /* variables that were looked at */
    int layers;          /* in the file, so far */
    const char *missing; /* the first tensor that is not */
    const char *behind;  /* the layer that wants it */
    const char *but_has; /* a tensor behind it that the file has */
} reach;

static bool may_be_missing(const char *name)
{
    static const char ending[] = "num_batches_tracked";
    size_t length = strlen(name), tail = sizeof ending - 1;
    return length >= tail && !strcmp(name + length - tail, ending);
}

/* What the row `layer` has declared. */
static void look(reach *r, const char *layer)
{
    for (; r->seen < ad_vars_count(r->vars); ++r->seen) {
        const char *name = ad_variable_name(ad_vars_at(r->vars, r->seen));
        if (may_be_missing(name)) continue;
        if (has(r->file, name)) {
            if (r->missing && !r->but_has) r->but_has = name;
        } else if (!r->missing) {
            r->missing = name, r->behind = layer;
        }
    }
    if (layer && !r->missing) ++r->layers;
}

/* Views (compact's) come with their row. */
static ad_status declare(reach *r, const vision_form *form, ad_graph *graph)
{
    const vision_network *n = vision_networks + form->kind;
    const vision_site site = {r->vars, "", n, form, VISION_MAX};
    ad_node *x = ad_input(graph, "image", AD_F32, ad_shape(1, SIDE, SIDE, 3));
    for (const vision_row *row = n->rows; row->layer || row->step; ++row) {
        if (row->step) x = row->step(&site, row, x);
        if (row->view) row->view(&site, row, x);
        look(r, row->layer);
    }
    return ad_graph_status(graph);
}

static ad_status judge(ad_context *ctx, const reach *r, vision_form *form)
{
    const char *name = vision_networks[form->kind].name;
    form->layers = r->layers;
    if (r->but_has)
        return ad_error_set(ctx, AD_ERROR_NOT_FOUND,
                            "%s: has no tensor %s, which %s needs before %s, which it has",
                            ad_file_path(r->file), r->missing, name, r->but_has);
    if (r->layers) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_NOT_FOUND, "%s: has no tensor %s, which %s begins with",
                        ad_file_path(r->file), r->missing, name);
}

ad_status vision_read_form(ad_context *ctx, ad_file *file, vision_form *form)
{
    *form = (vision_form){0};
    ad_status status = vision_detect(ctx, file, &form->kind);
    if (!status) status = read_classes(ctx, file, form);
    if (!status) status = read_width(ctx, file, form);
    if (status) return status;
    read_side(file, form);
    reach r = {.file = file, .vars = ad_vars_new(ctx, 0)};
    ad_graph *graph = r.vars ? ad_graph_new(ctx) : NULL;
    status = graph ? declare(&r, form, graph) : AD_ERROR_MEMORY;
    if (graph && status) ad_error_set(ctx, status, "%s", ad_graph_error(graph));
    if (!status) status = judge(ctx, &r, form);
    ad_graph_free(graph);
    ad_vars_free(r.vars);
    return status;
}

/* ---- use ---- */

ad_status vision_check_layer(ad_context *ctx, const ad_file *file, const vision_form *form,
                             const char *layer)
{
    const char *names[VISION_MAX_LAYERS], *name = vision_name(form->kind);
    char all[1024];
    int count = vision_layers(form->kind, names), at = vision_find(form->kind, layer);
    if (at >= 0 && at < form->layers) return AD_OK;
    if (at >= 0)
        return ad_error_set(ctx, AD_ERROR_NOT_FOUND,
                            "%s: its %s ends at %s; the weights of %s are not in it",
                            ad_file_path(file), name, names[form->layers - 1], layer);
    const char *nearest = ad_nearest(layer, names, count);
    vision_layers_text(form->kind, all, sizeof all);
    return ad_error_set(ctx, AD_ERROR_ARGUMENT, "%s has no layer %.64s%s%s%s; it has %s", name,
                        layer, nearest ? " (did you mean " : "", nearest ? nearest : "",
                        nearest ? "?)" : "", all);
}

ad_status vision_load(ad_vars *vars, ad_file *file, const vision_form *form, ad_load_report *report)
{
    return ad_vars_load_file(vars, file,
                             (ad_load_options){.ignore = vision_networks[form->kind].unused,
                                               .allow_unused = true,
                                               .report = report});
}
