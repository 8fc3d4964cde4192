/* project.h - the noise of a given picture: where in latent space the sample lies that is nearest
 * to it.
 *
 *     minimise over z   mean (G(z) - x)^2 + w d(G(z), x) + p mean z^2
 *
 * by Adam, of several starts the best (as Abdal et al. 2019, "Image2StyleGAN", do with latents of
 * theirs); d is the perceptual distance of zoo/vision/lpips.h in the network inside of this
 * program, the last term keeps z where noise is. The starts are the nearest of many samples.
 *
 * Files:
 *   - project_distance.c: how far samples are from the picture
 *   - project_search.c: the nearest samples, and the descent from them
 *   - project.c: the verb */
#ifndef ZOO_GAN_PROJECT_H
#define ZOO_GAN_PROJECT_H

#include "zoo/gan/gan.h"

typedef struct gan_weights {
    double perceptual, prior; /* w and p */
} gan_weights;

typedef struct gan_distance {
    double loss, pixels, perceptual; /* pixels: the mean squared difference of 0 to 1 */
} gan_distance;

/* ---- project_distance.c ---- */

/* Of nodes [n, height, width, channels] and [1, ...] of 0 to 1, and z [n, latent]: each [n]. */
typedef struct gan_distance_nodes {
    ad_node *loss, *pixels, *perceptual;
} gan_distance_nodes;
gan_distance_nodes gan_distances(ad_vars *vision, const gan_weights *weights, ad_node *made,
                                 ad_node *wanted, ad_node *z);

/* Distances of samples whose pictures are there. */
typedef struct gan_ruler {
    ad_context *ctx;
    ad_graph *graph;
    ad_program *program;
    gan_distance_nodes nodes;
    float *pictures, *z; /* [rows]; owned */
    int64_t rows, values, latent;
} gan_ruler;
/* `wanted` [values] must stay; `vision` holds the network's weights when it is loaded by this. */
ad_status gan_ruler_open(gan_ruler *ruler, ad_job *job, ad_vars *vision, const gan_weights *weights,
                         const float *wanted);
void gan_ruler_close(gan_ruler *ruler);
/* Of `count` points from `from` on, as gan_make makes them, up to GAN_ROWS. */
ad_status gan_measure_points(gan_ruler *ruler, ad_job *job, const gan_points *points, int64_t from,
                             int64_t count, gan_distance *distance);

/* ---- project_search.c ---- */

typedef struct gan_projection {
    ad_job *job; /* whose evaluation form is there (gan_paint_begin) */
    ad_watcher watcher;
    gan_weights weights;
    const float *wanted; /* [height, width, channels], 0 to 1 */
    int64_t label;       /* -1: the class is looked for */
    int64_t tries, starts, steps;
    double rate;
    uint64_t seed;
    /* What was found: */
    gan_points found; /* 2: the nearest of the samples that were tried, and the projection */
    gan_distance distance[2];
    gan_distance middle; /* of the samples in the middle of all */
    int64_t done;        /* steps */
} gan_projection;

/* The first members say what is wanted. Ended by its watcher it has the best so far. */
ad_status gan_search(gan_projection *projection);

#endif
