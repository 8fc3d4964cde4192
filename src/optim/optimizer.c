/* optimizer.c - a step of any optimizer as graph: for each run of parameters read the run as one
 * flat variable, let the rule say what follows from its gradient, assign the results. The update of
 * a run is one elementwise expression, which the planner makes one pass. Numbers of a step
 * (learning rate, bias corrections) are f64 scalars; moments are f32 (f64 for f64 parameters), one
 * variable per block and moment. */
#include "optim/optimizer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 64 };

ad_optimizer *ad_optimizer_new(ad_vars *vars, const char *prefix, const ad_optimizer_rule *rule,
                               int moments, double lr)
{
    ad_context *ctx = vars->ctx;
    char name[NAME_BYTES];
    ad_optimizer *o = ad_zalloc(ctx, sizeof *o);
    if (!o) return NULL;
    *o = (ad_optimizer){.ctx = ctx, .vars = vars, .rule = rule, .moments = moments};
    o->state = ad_vars_new(ctx, 0);
    if (prefix) o->prefix = ad_alloc(ctx, strlen(prefix) + 1);
    if (!o->state || (prefix && !o->prefix)) goto failed;
    if (prefix) strcpy(o->prefix, prefix);

    snprintf(name, sizeof name, "%s.lr", rule->name);
    o->lr = ad_var(
        o->state, name, (ad_shape){0},
        (ad_var_options){.init = {AD_INIT_CONSTANT, lr, 0, 0}, .dtype = AD_F64, .buffer = true});
    snprintf(name, sizeof name, "%s.step", rule->name);
    o->step = ad_var(o->state, name, (ad_shape){0},
                     (ad_var_options){.dtype = AD_I64, .buffer = true});
    if (o->lr && o->step) return o;
failed:
    ad_optimizer_free(o);
    return NULL;
}

void ad_optimizer_free(ad_optimizer *o)
{
    if (!o) return;
    ad_vars_free(o->state);
    if (o->prefix) ad_free(o->ctx, o->prefix, strlen(o->prefix) + 1);
    ad_free(o->ctx, o, sizeof *o);
}

ad_vars *ad_optimizer_state(ad_optimizer *o)
{
    return o->state;
}

ad_status ad_optimizer_set_lr(ad_optimizer *o, double lr)
{
    if (!(lr >= 0) || isinf(lr))
        return ad_fail(o->ctx, AD_ERROR_ARGUMENT, "the learning rate is %g, expected 0 or more",
                       lr);
    return ad_variable_set(o->state, o->lr, &lr);
}

double ad_optimizer_lr(const ad_optimizer *o)
{
    const double *lr = ad_variable_data(o->state, o->lr);
    return lr ? *lr : NAN;
}

/* ---- a step ---- */

typedef struct step {
    ad_graph *graph;
    ad_node *scalar[AD_OPTIMIZER_SCALARS]; /* f64; NULL: the rule has fewer */
    ad_node **assigns;
    int n_assigns;
} step;

static void assign(step *s, ad_variable *variable, ad_node *value)
{
    s->assigns[s->n_assigns++] = ad_assign(s->graph, variable, ad_cast(value, variable->dtype));
}

/* The run's part of moment `index`: the moment is a vector over the whole block. */
static ad_variable *moment_of(ad_optimizer *o, const ad_run_of_parameters *run, int index)
{
    char name[NAME_BYTES];
    size_t size = ad_dtype_size(run->first->variable.dtype);
    int64_t whole = (int64_t)(run->first->block->storage.bytes / size);
    snprintf(name, sizeof name, "%s.%s.%d", o->rule->name, o->rule->moment[index], run->block);
    ad_variable *moment = ad_var(
        o->state, name, ad_shape(whole),
        (ad_var_options){.dtype = ad_node_dtype(run->flat), .buffer = true});
    if (!moment) return NULL;
    return ad_variable_span(o->state, moment, (int64_t)(run->first->variable.offset / size),
                            ad_node_shape(run->flat).dim[0]);
}

static bool update_run(ad_optimizer *o, step *s, const ad_run_of_parameters *run)
{
    ad_variable *parameters = ad_vars_span(o->vars, run->first, run->last);
    ad_variable *moment[AD_OPTIMIZER_MOMENTS] = {0};
    ad_node *value[AD_OPTIMIZER_MOMENTS] = {0}, *scalar[AD_OPTIMIZER_SCALARS] = {0};
    ad_dtype dtype = ad_node_dtype(run->flat);
    if (!parameters) return false;
    for (int i = 0; i < o->moments; ++i) {
        moment[i] = moment_of(o, run, i);
        if (!moment[i]) return false;
        value[i] = ad_read(s->graph, moment[i]);
    }
    for (int i = 0; i < AD_OPTIMIZER_SCALARS && s->scalar[i]; ++i)
        scalar[i] = ad_cast(s->scalar[i], dtype);
    ad_node *p = ad_cast(ad_read(s->graph, parameters), dtype);
    assign(s, parameters, o->rule->update(o, scalar, p, run->flat, value));
    for (int i = 0; i < o->moments; ++i) assign(s, moment[i], value[i]);
    return true;
}

static ad_node *minimize(ad_optimizer *o, ad_node *loss, double max_norm, ad_node **norm)
{
    if (ad_node_poisoned(loss)) return loss;
    ad_graph *graph = ad_node_graph(loss);
    step s = {.graph = graph};
    int count;
    /* the blocks are closed, so that their sizes, which the moments share, are final */
    if (ad_vars_ready(o->vars) != AD_OK) goto failed;
    ad_run_of_parameters *runs = ad_parameter_runs(o->vars, o->prefix, loss, &count);
    if (!runs) return graph->poison;
    if (norm) *norm = ad_clip_runs(runs, count, max_norm);
    s.assigns = ad_arena_alloc(&graph->arena,
                               (size_t)(count * (1 + o->moments) + 1) * sizeof *s.assigns);
    if (!s.assigns) goto failed;

    ad_node *number = ad_add(ad_read(graph, o->step), ad_scalar(graph, AD_I64, 1));
    o->rule->prepare(o, ad_read(graph, o->lr), ad_cast(number, AD_F64), s.scalar);
    assign(&s, o->step, number); /* first: the joined value is the step's number */
    for (int i = 0; i < count; ++i)
        if (!update_run(o, &s, &runs[i])) goto failed;
    return ad_name(ad_join(s.assigns, s.n_assigns), "%s.step", o->rule->name);
failed:
    return ad_poison(graph, ad_error_status(o->ctx), "%s", ad_error(o->ctx));
}

ad_node *ad_minimize(ad_optimizer *o, ad_node *loss)
{
    return minimize(o, loss, 0, NULL);
}

ad_node *ad_minimize_clipped(ad_optimizer *o, ad_node *loss, double max_norm, ad_node **norm)
{
    ad_node *own;
    if (norm) *norm = loss;
    if (ad_node_poisoned(loss)) return loss;
    if (!(max_norm > 0))
        return ad_poison(ad_node_graph(loss), AD_ERROR_ARGUMENT,
                         "the gradient's greatest norm is %g, expected more than 0", max_norm);
    return minimize(o, loss, max_norm, norm ? norm : &own);
}
