/* project_distance.c - how far samples are from a picture, by pixels and as it looks. */
#include "zoo/gan/project.h"

#include "zoo/vision/lpips.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 20 /* pictures that are measured at once */ };

/* 0 to 255, in colour. */
static ad_node *as_photo(ad_node *x)
{
    if (ad_node_poisoned(x)) return x;
    ad_node *thrice[3] = {x, x, x};
    if (ad_node_shape(x).dim[3] == 1) x = ad_concat(thrice, 3, 3);
    return ad_mul_scalar(x, 255);
}

gan_distance_nodes gan_distances(ad_vars *vision, const gan_weights *w, ad_node *made,
                                 ad_node *wanted, ad_node *z)
{
    gan_distance_nodes d;
    d.pixels = ad_name(ad_mean(ad_square(ad_sub(made, wanted)), ad_axes(1, 2, 3), false), "pixels");
    d.perceptual = vision_perceptual(vision, as_photo(made), as_photo(wanted));
    d.loss = ad_add(d.pixels, ad_mul_scalar(d.perceptual, w->perceptual));
    d.loss = ad_add(d.loss, ad_mul_scalar(ad_mean(ad_square(z), ad_axes(1), false), w->prior));
    return d;
}

static ad_status bind(gan_ruler *r, ad_node *made, ad_node *wanted, ad_node *z,
                      const float *picture)
{
    size_t number = sizeof(float);
    ad_status status = ad_bind(r->program, made, r->pictures,
                               (size_t)(r->rows * r->values) * number);
    if (!status) status = ad_bind(r->program, wanted, picture, (size_t)r->values * number);
    if (!status) status = ad_bind(r->program, z, r->z, (size_t)(r->rows * r->latent) * number);
    return status;
}

ad_status gan_ruler_open(gan_ruler *r, ad_job *job, ad_vars *vision, const gan_weights *weights,
                         const float *picture)
{
    const gan_model *m = job->model;
    *r = (gan_ruler){.ctx = job->ctx, .rows = ROWS, .latent = m->latent};
    r->values = m->height * m->breadth * m->channels;
    r->pictures = calloc((size_t)(ROWS * r->values), sizeof *r->pictures);
    r->z = calloc((size_t)(ROWS * m->latent), sizeof *r->z);
    if (!r->pictures || !r->z) return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    if (!(r->graph = ad_graph_new(job->ctx))) return AD_ERROR_MEMORY;
    ad_node *made = ad_input(r->graph, "made", AD_F32,
                             ad_shape(ROWS, m->height, m->breadth, m->channels));
    ad_node *wanted = ad_input(r->graph, "wanted", AD_F32,
                               ad_shape(1, m->height, m->breadth, m->channels));
    ad_node *z = ad_input(r->graph, "z", AD_F32, ad_shape(ROWS, m->latent));
    r->nodes = gan_distances(vision, weights, made, wanted, z);
    ad_node *const outputs[3] = {r->nodes.loss, r->nodes.pixels, r->nodes.perceptual};
    ad_status status = vision_perceptual_load(vision);
    if (!status) status = ad_compile(&r->program, job->ctx, outputs, 3, NULL);
    return status ? status : bind(r, made, wanted, z, picture);
}

void gan_ruler_close(gan_ruler *r)
{
    ad_program_free(r->program);
    ad_graph_free(r->graph);
    free(r->pictures), free(r->z);
}

ad_status gan_measure_points(gan_ruler *r, ad_job *job, const gan_points *points, int64_t from,
                             int64_t count, gan_distance *distance)
{
    const float *rows;
    ad_status status = gan_make(job, points, from, count, &rows);
    for (int64_t at = 0; at < count && !status; at += ROWS) {
        int64_t some = count - at < ROWS ? count - at : ROWS;
        memcpy(r->pictures, rows + at * r->values, (size_t)(some * r->values) * sizeof *rows);
        memcpy(r->z, points->z + (from + at) * r->latent,
               (size_t)(some * r->latent) * sizeof *rows);
        status = ad_run(r->program);
        if (!status) status = ad_result_finite(r->program, r->nodes.loss, "a sample's distance");
        const float *loss = ad_result(r->program, r->nodes.loss),
                    *pixels = ad_result(r->program, r->nodes.pixels),
                    *perceptual = ad_result(r->program, r->nodes.perceptual);
        for (int64_t i = 0; i < some && !status; ++i)
            distance[at + i] = (gan_distance){loss[i], pixels[i], perceptual[i]};
    }
    return status;
}
