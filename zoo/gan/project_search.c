/* project_search.c - the nearest of many samples, and the descent from the best of them. */
#include "zoo/gan/project.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- many samples ---- */

typedef struct tried {
    int64_t sample;
    gan_distance distance;
} tried;

static int nearest_first(const void *a, const void *b)
{
    const tried *x = a, *y = b;
    int order = ad_compare_numbers(x->distance.loss, y->distance.loss);
    return order ? order : x->sample < y->sample ? -1 : x->sample > y->sample;
}

/* Sample `number` of the seed, of the label or of its turn's class, as point `at`. */
static void set_point(const gan_projection *p, int64_t number, const gan_points *points, int64_t at)
{
    const gan_model *m = p->job->model;
    int64_t classes = m->classes.count;
    gan_latent(p->seed, number, 0, points->z + at * m->latent, m->latent);
    if (!classes) return;
    memset(points->class + at * classes, 0, (size_t)classes * sizeof *points->class);
    points->class[at * classes + (p->label < 0 ? (number - 1) % classes : p->label)] = 1;
}

static void tell(const gan_projection *p, const char *part, int64_t step, int64_t steps,
                 const gan_distance *best)
{
    const ad_metric metrics[] = {{"pixels", best->pixels}, {"perceptual", best->perceptual}};
    if (p->watcher.progress)
        p->watcher.progress(p->watcher.user, &(ad_progress){.step = step,
                                                            .steps = steps,
                                                            .part = part,
                                                            .metrics = metrics,
                                                            .count = 2,
                                                            .seconds_left = -1});
}

static ad_status try_samples(gan_projection *p, gan_ruler *ruler, tried *list)
{
    gan_points points;
    gan_distance some[GAN_ROWS], best = {.loss = INFINITY};
    ad_status status = gan_points_new(p->job, GAN_ROWS, &points);
    for (int64_t at = 0; at < p->tries && !status; at += GAN_ROWS) {
        int64_t count = p->tries - at < GAN_ROWS ? p->tries - at : GAN_ROWS;
        for (int64_t i = 0; i < count; ++i) set_point(p, at + i + 1, &points, i);
        status = gan_measure_points(ruler, p->job, &points, 0, count, some);
        for (int64_t i = 0; i < count && !status; ++i) {
            list[at + i] = (tried){at + i + 1, some[i]};
            if (some[i].loss < best.loss) best = some[i];
        }
        if (!status) tell(p, "samples", at + count, p->tries, &best);
        if (!status && ad_watch_interrupted(&p->watcher))
            status = ad_error_set(p->job->ctx, AD_ERROR_ARGUMENT,
                                  "stopped before any step was taken");
    }
    if (!status) qsort(list, (size_t)p->tries, sizeof *list, nearest_first);
    return status;
}

/* ---- the descent ---- */

typedef struct descent {
    gan_projection *p;
    ad_vars *vars, *vision; /* z alone; the network that compares */
    ad_variable *z;
    ad_optimizer *adam;
    ad_graph *graph;
    ad_program *program;
    gan_distance_nodes nodes;
    gan_points start; /* [starts] */
    float *now;       /* [starts, latent] */
    float *best_z;    /* [latent] */
    int64_t best_start;
    gan_distance best;
} descent;

static ad_status build(descent *d)
{
    gan_projection *p = d->p;
    const gan_model *m = p->job->model;
    int64_t starts = p->starts, classes = m->classes.count;
    if (!(d->graph = ad_graph_new(p->job->ctx))) return AD_ERROR_MEMORY;
    d->z = ad_var(d->vars, "z", ad_shape(starts, m->latent), (ad_var_options){0});
    if (!d->z) return AD_ERROR_MEMORY;
    ad_node *z = ad_read(d->graph, d->z), *class = NULL;
    if (classes) class = ad_input(d->graph, "class", AD_F32, ad_shape(starts, classes));
    ad_node *made = gan_generate(m, p->job->vars, z, class, NULL);
    made = ad_mul_scalar(ad_add_scalar(made, 1), 0.5);
    ad_node *wanted = ad_input(d->graph, "wanted", AD_F32,
                               ad_shape(1, m->height, m->breadth, m->channels));
    d->nodes = gan_distances(d->vision, &p->weights, made, wanted, z);
    if (!(d->adam = ad_adam(d->vars, NULL, (ad_adam_options){.lr = p->rate})))
        return ad_error_status(p->job->ctx);
    ad_node *const outputs[] = {ad_minimize(d->adam, ad_sum(d->nodes.loss, AD_ALL_AXES, false)),
                                d->nodes.loss, d->nodes.pixels, d->nodes.perceptual};
    ad_status status = ad_compile(&d->program, p->job->ctx, outputs, 4, NULL);
    if (!status)
        status = ad_bind(d->program, wanted, p->wanted,
                         (size_t)(m->height * m->breadth * m->channels) * sizeof *p->wanted);
    if (!status && class)
        status = ad_bind(d->program, class, d->start.class,
                         (size_t)(starts * classes) * sizeof *d->start.class);
    return status;
}

/* Where the class is looked for, half of the starts are the nearest, and the others the nearest of
 * classes that are not among these: what a class lacks at first it may have in the end. */
static void choose_starts(descent *d, const tried *nearest)
{
    gan_projection *p = d->p;
    int64_t classes = p->label < 0 ? ((const gan_model *)p->job->model)->classes.count : 0,
            chosen = 0, plain = classes ? (p->starts + 1) / 2 : p->starts;
    bool seen[GAN_CLASSES_MOST] = {false};
    for (int64_t i = 0; i < p->tries && chosen < p->starts; ++i) {
        int64_t number = nearest[i].sample, class = classes ? (number - 1) % classes : 0;
        if (i >= plain && seen[class]) continue;
        seen[class] = true;
        set_point(p, number, &d->start, chosen++);
    }
    for (int64_t i = plain; chosen < p->starts; ++i) /* there are no more classes */
        set_point(p, nearest[i].sample, &d->start, chosen++);
}

static ad_status begin(descent *d, const tried *nearest)
{
    gan_projection *p = d->p;
    const gan_model *m = p->job->model;
    d->now = ad_job_array(p->job, p->starts * m->latent, sizeof *d->now);
    d->best_z = ad_job_array(p->job, m->latent, sizeof *d->best_z);
    ad_status status = d->now && d->best_z ? gan_points_new(p->job, p->starts, &d->start)
                                           : AD_ERROR_MEMORY;
    if (status) return status;
    choose_starts(d, nearest);
    d->best = nearest[0].distance;
    memcpy(d->best_z, d->start.z, (size_t)m->latent * sizeof *d->best_z);
    if (!(d->vars = ad_vars_new(p->job->ctx, 0))) return AD_ERROR_MEMORY;
    status = build(d);
    return status ? status : ad_variable_set(d->vars, d->z, d->start.z);
}

/* A step's distances are those of the noise before it. */
static void keep_best(descent *d)
{
    int64_t latent = ((const gan_model *)d->p->job->model)->latent;
    const float *loss = ad_result(d->program, d->nodes.loss),
                *pixels = ad_result(d->program, d->nodes.pixels),
                *perceptual = ad_result(d->program, d->nodes.perceptual);
    for (int64_t i = 0; i < d->p->starts; ++i) {
        if (!((double)loss[i] < d->best.loss)) continue;
        d->best = (gan_distance){loss[i], pixels[i], perceptual[i]};
        d->best_start = i;
        memcpy(d->best_z, d->now + i * latent, (size_t)latent * sizeof *d->best_z);
    }
}

/* The rate falls along half a cosine: the last steps settle. */
static ad_status descend(descent *d)
{
    const double half_turn = 3.141592653589793;
    gan_projection *p = d->p;
    ad_status status = AD_OK;
    for (int64_t step = 0; step < p->steps && !status; ++step) {
        double share = (double)step / (double)p->steps;
        status = ad_optimizer_set_lr(d->adam,
                                     p->rate * (0.5 + 0.5 * cos(half_turn * share)) + 1e-6);
        if (!status) status = ad_variable_get(d->vars, d->z, d->now);
        if (!status) status = ad_run(d->program);
        if (!status)
            status = ad_result_finite(d->program, d->nodes.loss,
                                      "the distance from the picture (a smaller --rate may help)");
        if (status) break;
        keep_best(d);
        p->done = step + 1;
        tell(p, "descent", p->done, p->steps, &d->best);
        if (ad_watch_interrupted(&p->watcher)) break;
    }
    return status;
}

/* ---- all of it ---- */

/* The two that were found, and what they are worth as they are painted. */
static ad_status keep_found(descent *d, gan_ruler *ruler, const tried *nearest)
{
    gan_projection *p = d->p;
    const gan_model *m = p->job->model;
    int64_t classes = m->classes.count;
    set_point(p, nearest[0].sample, &p->found, 0);
    memcpy(p->found.z + m->latent, d->best_z, (size_t)m->latent * sizeof *p->found.z);
    if (classes)
        memcpy(p->found.class + classes, d->start.class + d->best_start * classes,
               (size_t)classes * sizeof *p->found.class);
    p->middle = nearest[p->tries / 2].distance;
    return gan_measure_points(ruler, p->job, &p->found, 0, 2, p->distance);
}

ad_status gan_search(gan_projection *p)
{
    gan_ruler ruler = {0};
    descent d = {.p = p, .vision = ad_vars_new(p->job->ctx, 0)};
    tried *list = calloc((size_t)p->tries, sizeof *list);
    ad_status status = AD_OK;
    if (!list || !d.vision) status = ad_error_set(p->job->ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) status = gan_points_new(p->job, 2, &p->found);
    if (!status) status = gan_ruler_open(&ruler, p->job, d.vision, &p->weights, p->wanted);
    if (!status) status = try_samples(p, &ruler, list);
    if (!status) status = begin(&d, list);
    if (!status) status = descend(&d);
    if (!status) status = keep_found(&d, &ruler, list);
    ad_program_free(d.program);
    ad_optimizer_free(d.adam);
    ad_graph_free(d.graph);
    ad_vars_free(d.vars);
    gan_ruler_close(&ruler);
    ad_vars_free(d.vision);
    free(list);
    return status;
}
