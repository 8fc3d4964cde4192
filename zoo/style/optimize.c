/* optimize.c - moving the pixels of one picture at one size. */
#include "zoo/style/style.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Everything of one optimisation. Programs read the variable, so they are freed before it. */
typedef struct session {
    ad_context *ctx;
    const style_settings *settings;
    const style_targets *targets;
    ad_vars *vars; /* the picture, alone in its store */
    ad_variable *variable;
    ad_graph *graph;
    style_loss loss;
    const style_scene *scene;
    style_pixels *picture; /* the accepted iterate as it is shown */
    style_step *step;
    void *user;
} session;

/* The picture that the network sees: the variable, or the photo where the mask is black. */
static ad_node *shown(ad_node *x, const style_scene *scene)
{
    ad_graph *graph = ad_node_graph(x);
    const style_pixels *photo = scene->photo;
    if (!scene->mask) return x;
    ad_node *m = ad_constant(graph, AD_F32, ad_shape(1, photo->height, photo->width, 1),
                             scene->mask);
    ad_node *base = ad_constant(graph, AD_F32, ad_shape(1, photo->height, photo->width, 3),
                                photo->data);
    return ad_name(ad_add(base, ad_mul(m, ad_sub(x, base))), "masked");
}

/* The loss at the variable is not finite: runs the step once more with every kernel's result looked
 * at, so that the error names the node where it began. */
static ad_status name_the_culprit(const session *s, ad_program *program)
{
    ad_status status = ad_run_checked(program);
    if (status) return status;
    return ad_error_set(
        s->ctx, AD_ERROR_NUMERIC,
        "the loss is not finite one step beyond the last good picture; smaller weights or a "
        "smaller learning rate may help");
}

/* The variable's value becomes the picture, as `shown` has it. */
static ad_status fetch(const session *s)
{
    ad_status status = ad_variable_get(s->vars, s->variable, s->picture->data);
    float *x = s->picture->data;
    const float *mask = s->scene->mask, *photo = mask ? s->scene->photo->data : NULL;
    for (int64_t i = 0; mask && !status && i < s->picture->height * s->picture->width * 3; ++i)
        x[i] = photo[i] + mask[i / 3] * (x[i] - photo[i]);
    return status;
}

static double term(const ad_program *program, const ad_node *node)
{
    return node ? ad_result_scalar(program, node) : 0;
}

static ad_status with_lbfgs(session *s, int64_t steps, style_end *end)
{
    ad_lbfgs *lbfgs = NULL;
    ad_node *all[] = {s->loss.content, s->loss.style, s->loss.tv, s->loss.temporal}, *extra[4];
    int count = 0, index[4] = {-1, -1, -1, -1};
    for (int i = 0; i < 4; ++i)
        if (all[i]) {
            index[i] = count;
            extra[count++] = all[i];
        }
    ad_lbfgs_options options = {.history = s->settings->history};
    ad_status status = ad_lbfgs_new(&lbfgs, s->vars, s->variable, s->loss.total, extra, count,
                                    options, &s->settings->compile);
    if (!status) status = style_targets_bind(s->targets, ad_lbfgs_program(lbfgs));
    for (int64_t i = 0; i < steps && !status && *end == STYLE_DONE; ++i) {
        ad_lbfgs_report report;
        status = ad_lbfgs_step(lbfgs, &report);
        if (status || (status = fetch(s))) break;
        style_progress progress = {.step = i + 1, .total = report.loss, .picture = s->picture};
        double *terms[] = {&progress.content, &progress.style, &progress.tv, &progress.temporal};
        for (int k = 0; k < 4; ++k)
            if (index[k] >= 0) *terms[k] = ad_lbfgs_extra(lbfgs, index[k]);
        if (!s->step(s->user, &progress))
            *end = STYLE_STOPPED;
        else if (report.state != AD_LBFGS_RUNNING)
            *end = STYLE_CONVERGED;
    }
    ad_lbfgs_free(lbfgs);
    return status;
}

/* A step computes the loss of the picture before it and the picture after it, so the last picture
 * known to be good is the one before: `good`. */
static ad_status with_adam(session *s, int64_t steps, style_end *end)
{
    ad_program *program = NULL;
    ad_status status = AD_ERROR_MEMORY;
    size_t bytes = s->picture->bytes;
    float *before = malloc(bytes), *good = malloc(bytes);
    ad_optimizer *adam = NULL;
    if (!before || !good) {
        ad_error_set(s->ctx, status, "out of memory for the picture");
        goto done;
    }
    memcpy(good, s->picture->data, bytes);
    adam = ad_adam(s->vars, NULL, (ad_adam_options){.lr = s->settings->lr});
    if (!adam) {
        status = ad_error_status(s->ctx);
        goto done;
    }
    ad_node *outputs[6] = {ad_minimize(adam, s->loss.total), s->loss.total};
    ad_node *terms[] = {s->loss.content, s->loss.style, s->loss.tv, s->loss.temporal};
    int count = 2;
    for (int i = 0; i < 4; ++i)
        if (terms[i]) outputs[count++] = terms[i];
    if ((status = ad_compile(&program, s->ctx, outputs, count, &s->settings->compile))) goto done;
    if ((status = style_targets_bind(s->targets, program))) goto done;
    for (int64_t i = 0; i < steps && *end == STYLE_DONE; ++i) {
        if ((status = ad_variable_get(s->vars, s->variable, before))) break;
        if ((status = ad_run(program))) break;
        double total = ad_result_scalar(program, s->loss.total);
        if (!isfinite(total)) {
            status = ad_variable_set(s->vars, s->variable, before);
            if (!status) status = name_the_culprit(s, program);
            memcpy(s->picture->data, good, bytes);
            break;
        }
        memcpy(good, s->picture->data, bytes);
        if ((status = fetch(s))) break;
        style_progress progress = {.step = i + 1,
                                   .total = total,
                                   .content = term(program, s->loss.content),
                                   .style = term(program, s->loss.style),
                                   .tv = term(program, s->loss.tv),
                                   .temporal = term(program, s->loss.temporal),
                                   .picture = s->picture};
        if (!s->step(s->user, &progress)) *end = STYLE_STOPPED;
    }
done:
    ad_program_free(program);
    ad_optimizer_free(adam);
    free(before);
    free(good);
    return status;
}

ad_status style_optimize(ad_context *ctx, const style_settings *settings, ad_vars *weights,
                         const style_targets *targets, const style_scene *scene, int64_t steps,
                         style_pixels *picture, style_step *step, void *user, style_end *end)
{
    session s = {.ctx = ctx,
                 .settings = settings,
                 .targets = targets,
                 .scene = scene,
                 .picture = picture,
                 .step = step,
                 .user = user};
    ad_status status = AD_ERROR_MEMORY;
    *end = STYLE_DONE;
    s.vars = ad_vars_new(ctx, 0);
    s.graph = ad_graph_new(ctx);
    if (!s.vars || !s.graph) goto done;
    ad_shape shape = ad_shape(1, picture->height, picture->width, 3);
    s.variable = ad_var(s.vars, "image", shape, (ad_var_options){0});
    status = s.variable ? ad_variable_set(s.vars, s.variable, picture->data) : ad_error_status(ctx);
    if (!status) status = fetch(&s);
    if (status) goto done;
    s.loss = style_loss_build(settings, weights, shown(ad_read(s.graph, s.variable), scene), scene);
    status = settings->adam ? with_adam(&s, steps, end) : with_lbfgs(&s, steps, end);
done:
    ad_graph_free(s.graph);
    ad_vars_free(s.vars);
    return status;
}
