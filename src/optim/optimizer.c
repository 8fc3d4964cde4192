/* optimizer.c - a step of any optimizer as graph: for each run of parameters read the run as one
 * flat variable, let the rule say what follows from its gradient, assign the results. The update of
 * a run is one elementwise expression, which the planner makes one pass. Numbers of a step
 * (learning rate, bias corrections) are f64 scalars; moments are f32 (f64 for f64 parameters), one
 * variable per block and moment. */
#include "optim/optimizer.h"

#include <stdio.h>

enum { NAME_BYTES = 64 };

static ad_status check(ad_context *ctx, const ad_optimizer_rule *rule, const double *option)
{
    const ad_optimizer_option *options = rule->kind.options;
    for (int i = 0; options[i].name; ++i) {
        ad_status status = ad_optimizer_check_option(ctx, &rule->kind, &options[i], option[i]);
        if (status) return status;
    }
    const char *wrong = rule->check ? rule->check(option) : NULL;
    return wrong ? ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %s", rule->kind.name, wrong) : AD_OK;
}

/* A scalar of the state: "adam.lr". */
static ad_variable *state_scalar(ad_optimizer *o, const char *what, ad_dtype dtype, double value)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s.%s", o->rule->kind.name, what);
    return ad_var(
        o->state, name, (ad_shape){0},
        (ad_var_options){.init = {AD_INIT_CONSTANT, value, 0, 0}, .dtype = dtype, .buffer = true});
}

ad_optimizer *ad_optimizer_with(ad_vars *vars, const char *prefix, const ad_optimizer_rule *rule,
                                const double *option)
{
    ad_context *ctx = vars->ctx;
    if (check(ctx, rule, option)) return NULL;
    ad_optimizer *o = ad_zalloc(ctx, sizeof *o);
    if (!o) return NULL;
    *o = (ad_optimizer){.ctx = ctx, .vars = vars, .rule = rule};
    ad_arena_init(&o->arena, ctx);
    for (int i = 0; rule->kind.options[i].name; ++i) o->option[i] = option[i];
    o->state = ad_vars_new(ctx, 0);
    if (!o->state || (prefix && ad_optimizer_select_under(o, &prefix, 1))) goto failed;
    o->lr = state_scalar(o, "lr", AD_F64, option[AD_OPTIMIZER_LR]);
    o->step = state_scalar(o, "step", AD_I64, 0);
    if (o->lr && o->step) return o;
failed:
    ad_optimizer_free(o);
    return NULL;
}

void ad_optimizer_free(ad_optimizer *o)
{
    if (!o) return;
    ad_vars_free(o->state);
    ad_arena_free(&o->arena);
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
    ad_node *lr, *number;                  /* f64 */
    double factor;                         /* of lr, that `scalar` is made with */
    ad_node *scalar[AD_OPTIMIZER_SCALARS]; /* f64; NULL: the rule has fewer */
    ad_node **assigns;
    int n_assigns;
} step;

static void assign(step *s, ad_variable *variable, ad_node *value)
{
    s->assigns[s->n_assigns++] = ad_assign(s->graph, variable, ad_cast(value, variable->dtype));
}

/* The run's part of a vector over the whole block that the state holds, which begins as `initial`.
 */
static ad_variable *vector_of(ad_optimizer *o, const ad_run_of_parameters *run, const char *what,
                              double initial)
{
    char name[NAME_BYTES];
    size_t size = ad_dtype_size(run->first->variable.dtype);
    int64_t whole = (int64_t)(run->first->block->storage.bytes / size);
    snprintf(name, sizeof name, "%s.%s.%d", o->rule->kind.name, what, run->block);
    ad_variable *vector = ad_var(o->state, name, ad_shape(whole),
                                 (ad_var_options){.init = {AD_INIT_CONSTANT, initial, 0, 0},
                                                  .dtype = ad_node_dtype(run->flat),
                                                  .buffer = true});
    if (!vector) return NULL;
    return ad_variable_span(o->state, vector, (int64_t)(run->first->variable.offset / size),
                            ad_node_shape(run->flat).dim[0]);
}

static bool keeps(const ad_optimizer *o, const ad_optimizer_moment *moment)
{
    return moment->name && (!moment->kept || o->option[moment->kept] != 0);
}

/* The rule's numbers at this learning rate; neighbours that have it share them. */
static void prepare(const ad_optimizer *o, step *s, double factor)
{
    if (s->scalar[0] && s->factor == factor) return;
    ad_node *lr = factor == 1 ? s->lr : ad_mul_scalar(s->lr, factor);
    s->factor = factor;
    o->rule->prepare(o->option, lr, s->number, s->scalar);
}

static bool update_run(ad_optimizer *o, step *s, const ad_run_of_parameters *run, bool decays)
{
    const ad_optimizer_rule *rule = o->rule;
    ad_variable *parameters = ad_vars_span(o->vars, run->first, run->last);
    ad_variable *moment[AD_OPTIMIZER_MOMENTS] = {0};
    ad_node *value[AD_OPTIMIZER_MOMENTS] = {0}, *scalar[AD_OPTIMIZER_SCALARS] = {0};
    ad_dtype dtype = ad_node_dtype(run->flat);
    if (!parameters) return false;
    for (int i = 0; i < AD_OPTIMIZER_MOMENTS; ++i) {
        const ad_optimizer_moment *m = &rule->moment[i];
        if (!keeps(o, m)) continue;
        moment[i] = vector_of(o, run, m->name, m->initial ? o->option[m->initial] : 0);
        if (!moment[i]) return false;
        value[i] = ad_read(s->graph, moment[i]);
    }
    for (int i = 0; i < AD_OPTIMIZER_SCALARS && s->scalar[i]; ++i)
        scalar[i] = ad_cast(s->scalar[i], dtype);
    ad_node *p = ad_cast(ad_read(s->graph, parameters), dtype);
    double weight_decay = decays ? o->option[AD_OPTIMIZER_WEIGHT_DECAY] : 0;
    assign(s, parameters, rule->update(o->option, scalar, weight_decay, p, run->flat, value));
    for (int i = 0; i < AD_OPTIMIZER_MOMENTS; ++i)
        if (moment[i]) assign(s, moment[i], value[i]);
    return true;
}

/* With accumulation each run's gradient becomes the mean over the batches: what was collected, plus
 * this one. *collect adds this one to it; the step clears it. */
static bool accumulate(ad_optimizer *o, step *s, ad_run_of_parameters *runs, int count, int batches,
                       ad_node **collect)
{
    ad_graph *graph = s->graph;
    ad_node **sums = ad_arena_alloc(&graph->arena, (size_t)count * sizeof *sums);
    if (!sums) return false;
    for (int i = 0; i < count; ++i) {
        ad_variable *collected = vector_of(o, &runs[i], "collected", 0);
        if (!collected) return false;
        ad_node *sum = ad_add(ad_read(graph, collected), runs[i].flat);
        sums[i] = ad_assign(graph, collected, sum);
        runs[i].flat = ad_mul_scalar(sum, 1.0 / batches);
        assign(s, collected, ad_fill(graph, ad_node_dtype(sum), ad_node_shape(sum), 0));
    }
    *collect = ad_name(ad_join(sums, count), "%s.collect", o->rule->kind.name);
    return true;
}

static ad_minimize_nodes failed(ad_node *poison)
{
    return (ad_minimize_nodes){.step = poison, .collect = poison, .norm = poison};
}

ad_minimize_nodes ad_minimize_with(ad_optimizer *o, ad_node *loss, ad_minimize_options options)
{
    ad_minimize_nodes nodes = {0};
    if (ad_node_poisoned(loss)) return failed(loss);
    ad_graph *graph = ad_node_graph(loss);
    step s = {.graph = graph};
    int count;
    bool by_rank = options.decay_matrices && o->option[AD_OPTIMIZER_WEIGHT_DECAY] != 0;
    /* the blocks are closed, so that their sizes, which the moments share, are final */
    if (ad_vars_ready(o->vars) != AD_OK || ad_optimizer_check_rates(o)) goto failed;
    ad_run_of_parameters *runs = ad_parameter_runs(o, loss, by_rank, &count);
    if (!runs) return failed(graph->poison);
    s.assigns = ad_arena_alloc(&graph->arena, (size_t)(count * (2 + AD_OPTIMIZER_MOMENTS) + 1) *
                                                  sizeof *s.assigns);
    if (!s.assigns) goto failed;

    ad_node *number = ad_add(ad_read(graph, o->step), ad_scalar(graph, AD_I64, 1));
    s.lr = ad_read(graph, o->lr), s.number = ad_cast(number, AD_F64);
    prepare(o, &s, runs[0].factor);
    assign(&s, o->step, number); /* first: the joined value is the step's number */
    if (options.accumulate > 1 &&
        !accumulate(o, &s, runs, count, options.accumulate, &nodes.collect))
        goto failed;
    if (options.max_norm > 0) nodes.norm = ad_clip_runs(runs, count, options.max_norm);
    for (int i = 0; i < count; ++i) {
        prepare(o, &s, runs[i].factor);
        if (!update_run(o, &s, &runs[i], !by_rank || runs[i].matrix)) goto failed;
    }
    nodes.step = ad_name(ad_join(s.assigns, s.n_assigns), "%s.step", o->rule->kind.name);
    return nodes;
failed:
    return failed(ad_poison(graph, ad_error_status(o->ctx), "%s", ad_error(o->ctx)));
}

ad_node *ad_minimize(ad_optimizer *o, ad_node *loss)
{
    return ad_minimize_with(o, loss, (ad_minimize_options){0}).step;
}

ad_node *ad_minimize_clipped(ad_optimizer *o, ad_node *loss, double max_norm, ad_node **norm)
{
    if (norm) *norm = loss;
    if (ad_node_poisoned(loss)) return loss;
    if (!(max_norm > 0))
        return ad_poison(ad_node_graph(loss), AD_ERROR_ARGUMENT,
                         "the gradient's greatest norm is %g, expected more than 0", max_norm);
    ad_minimize_nodes nodes = ad_minimize_with(o, loss,
                                               (ad_minimize_options){.max_norm = max_norm});
    if (norm) *norm = nodes.norm;
    return nodes.step;
}
