/* look.c - a classifier of `classify train` looks at pictures: what its last layer reads are their
 * features. */
#include "zoo/classify/classify.h"
#include "zoo/gan/gan.h"

#include <string.h>

/* The classifier sees what the generator makes. */
static ad_status check_fits(ad_context *ctx, const char *path, const classify_model *c,
                            const gan_model *m)
{
    if (c->published)
        return ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                            "%s: is another program's network; a classifier of `classify train` is "
                            "wanted, for pictures like the generator's",
                            path);
    if (c->height == m->height && c->width == m->breadth && c->channels == m->channels)
        return AD_OK;
    return ad_error_set(ctx, AD_ERROR_SHAPE,
                        "%s: was trained on pictures of %lld x %lld with %lld channel%s, and the "
                        "generator makes %lld x %lld with %lld",
                        path, (long long)c->width, (long long)c->height, (long long)c->channels,
                        c->channels == 1 ? "" : "s", (long long)m->breadth, (long long)m->height,
                        (long long)m->channels);
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

static ad_status build(gan_looker *l, ad_context *ctx, const classify_model *c)
{
    l->vars = ad_vars_new(ctx, 0);
    l->graph = l->vars ? ad_graph_new(ctx) : NULL;
    if (!l->graph) return AD_ERROR_MEMORY;
    ad_node *x = ad_input(l->graph, "image", AD_F32,
                          ad_shape(GAN_ROWS, c->height, c->width, c->channels));
    l->features = classify_features(c, l->vars, normalised(x, c), NULL);
    l->logits = classify_head(c, l->vars, l->features);
    ad_status status = ad_graph_status(l->graph);
    if (!status) status = ad_trained_load(l->job, l->vars);
    ad_node *const outputs[2] = {l->features, l->logits};
    if (!status) status = ad_compile(&l->program, ctx, outputs, 2, NULL);
    if (status) return status;
    l->width = ad_node_shape(l->features).dim[1];
    l->values = c->height * c->width * c->channels;
    l->classes = &c->classes;
    l->input = ad_job_array(l->job, GAN_ROWS * l->values, sizeof *l->input);
    if (!l->input) return AD_ERROR_MEMORY;
    return ad_bind(l->program, x, l->input, (size_t)(GAN_ROWS * l->values) * sizeof *l->input);
}

ad_status gan_look_open(gan_looker *l, ad_context *ctx, const char *path, const gan_model *model,
                        const ad_watcher *watcher)
{
    *l = (gan_looker){0};
    ad_status status = ad_trained_open(&l->job, ctx, &classify_system, path,
                                       &(ad_trained_options){.watcher = *watcher});
    if (!status) status = check_fits(ctx, path, l->job->model, model);
    return status ? status : build(l, ctx, l->job->model);
}

void gan_look_close(gan_looker *l)
{
    ad_program_free(l->program);
    ad_graph_free(l->graph);
    ad_vars_free(l->vars);
    ad_trained_close(l->job);
}

ad_status gan_look(gan_looker *l, int64_t count, float *features, int32_t *taken)
{
    ad_status status = ad_run(l->program);
    if (!status) status = ad_result_finite(l->program, l->logits, "what the classifier says");
    if (status) return status;
    const float *logits = ad_result(l->program, l->logits);
    memcpy(features, ad_result(l->program, l->features),
           (size_t)(count * l->width) * sizeof *features);
    for (int64_t i = 0; i < count; ++i)
        taken[i] = ad_best_class(logits + i * l->classes->count, (int)l->classes->count);
    return AD_OK;
}
