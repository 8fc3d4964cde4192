/* lbfgs.c - limited-memory BFGS (Nocedal & Wright, algorithm 7.5) over one variable, as a driver
 * that decides what to evaluate next. Conditions and constants are torch.optim.LBFGS's with
 * line_search_fn = "strong_wolfe", so that iterates can be compared; beyond it, a direction that
 * does not descend restarts from the steepest one before giving up, and a loss that is not finite
 * ends the search at the last good iterate.
 *
 * The variable is the trial point: a small program assigns x0 + t d to it, the caller's program
 * reads it and gives loss and gradient, which is copied to one of four slots, since the line search
 * may go back to an earlier trial. The direction comes from history.c. No step allocates. */
#include "optim/history.h"
#include "optim/optimizer.h"
#include "optim/wolfe.h"

#include <autodidact/optim.h>
#include <math.h>
#include <string.h>

struct ad_lbfgs {
    ad_context *ctx;
    ad_variable *variable;
    int64_t n;
    ad_lbfgs_options options;
    ad_history *history;
    float *vectors;            /* one block for what follows, each [n] */
    float *origin, *direction; /* where the line starts (x0) and its direction */
    float *gradient[AD_WOLFE_SLOTS];
    double *extra; /* [slots, extra_count] */
    int extra_count;

    ad_program *evaluate; /* the caller's graph: loss, gradient, extra nodes */
    ad_graph *graph;
    ad_program *move, *measure;
    ad_node *measured; /* input of `measure`: a gradient */
    ad_node *slope, *largest_node, *total_node;
    float t; /* bound to `move` */

    ad_wolfe_point point;                                  /* the accepted iterate */
    double largest[AD_WOLFE_SLOTS], total[AD_WOLFE_SLOTS]; /* max|g| and sum|g| of the gradients */
    double change, gain; /* of the last step: max|t d|, and how much the loss fell */
    int evaluations;
    ad_lbfgs_state state;
    bool started;
};

/* ---- making ---- */

/* The loss' gradient to the variable [n]; NULL, and the context's error, where there is none. */
static ad_node *gradient_node(ad_context *ctx, ad_node *loss, ad_variable *variable)
{
    ad_node *read = ad_read(loss->graph, variable), *gradient = NULL;
    ad_gradients(loss, &read, 1, &gradient);
    if (!ad_gradient_is_none(gradient)) return ad_reshape(gradient, ad_shape(-1));
    ad_fail(ctx, AD_ERROR_ARGUMENT, "L-BFGS: the loss %s does not depend on %s", ad_node_name(loss),
            variable->name);
    return NULL;
}

static ad_status check(ad_lbfgs *l, ad_vars *vars, ad_node *loss, ad_node *const *extra)
{
    const ad_lbfgs_options *o = &l->options;
    if (ad_node_poisoned(loss))
        return loss ? ad_fail(l->ctx, ad_graph_status(loss->graph), "%s",
                              ad_graph_error(loss->graph))
                    : ad_fail(l->ctx, AD_ERROR_ARGUMENT, "L-BFGS: there is no loss");
    if (!l->variable || l->variable->dtype != AD_F32 || l->n < 1)
        return ad_fail(l->ctx, AD_ERROR_DTYPE,
                       "L-BFGS: %s should be an f32 variable that is not empty",
                       l->variable ? l->variable->name : "the variable");
    for (int i = -1; i < l->extra_count; ++i) {
        ad_node *node = i < 0 ? loss : extra[i];
        if (!ad_node_poisoned(node) && ad_shape_count(node->shape) == 1 &&
            ad_dtype_is_float(node->dtype))
            continue;
        return ad_fail(l->ctx, AD_ERROR_SHAPE, "L-BFGS: %s should be one floating-point number",
                       ad_node_name(node));
    }
    if (o->history < 1 || o->history > 10000 || !(o->lr > 0) || isinf(o->lr) ||
        !(o->tolerance_gradient >= 0) || !(o->tolerance_change >= 0) ||
        o->max_evaluations_per_step < 1)
        return ad_fail(l->ctx, AD_ERROR_ARGUMENT,
                       "L-BFGS: history %d (1 to 10000), lr %g, tolerances %g and %g, %d "
                       "evaluations a step: out of range",
                       o->history, o->lr, o->tolerance_gradient, o->tolerance_change,
                       o->max_evaluations_per_step);
    return ad_vars_ready(vars);
}

static size_t vector_bytes(const ad_lbfgs *l)
{
    return (size_t)l->n * sizeof(float);
}

static size_t vectors_bytes(const ad_lbfgs *l)
{
    size_t bytes;
    return __builtin_mul_overflow(ad_bytes(l->n, sizeof(float)), (size_t)(2 + AD_WOLFE_SLOTS),
                                  &bytes)
               ? SIZE_MAX
               : bytes;
}

static size_t extra_bytes(const ad_lbfgs *l)
{
    return (size_t)AD_WOLFE_SLOTS * (size_t)l->extra_count * sizeof *l->extra;
}

static ad_status allocate(ad_lbfgs *l)
{
    l->vectors = ad_zalloc(l->ctx, vectors_bytes(l));
    l->extra = ad_zalloc(l->ctx, extra_bytes(l));
    l->graph = ad_graph_new(l->ctx);
    if (!l->vectors || !l->extra || !l->graph) return AD_ERROR_MEMORY;
    float *at = l->vectors;
    l->origin = at;
    l->direction = at += l->n;
    for (int i = 0; i < AD_WOLFE_SLOTS; ++i) l->gradient[i] = at += l->n;
    return AD_OK;
}

/* Loss, gradient, and the extra nodes, by position. */
static ad_status compile_evaluate(ad_lbfgs *l, ad_node *loss, ad_node *const *extra,
                                  const ad_compile_options *options)
{
    ad_node **outputs = ad_arena_alloc(&loss->graph->arena,
                                       (size_t)(2 + l->extra_count) * sizeof *outputs);
    if (!outputs) return AD_ERROR_MEMORY;
    outputs[0] = ad_cast(loss, AD_F64);
    outputs[1] = gradient_node(l->ctx, loss, l->variable);
    if (!outputs[1]) return ad_error_status(l->ctx);
    for (int i = 0; i < l->extra_count; ++i) outputs[2 + i] = ad_cast(extra[i], AD_F64);
    return ad_compile(&l->evaluate, l->ctx, outputs, 2 + l->extra_count, options);
}

/* x0 + t d into the variable. */
static ad_status compile_move(ad_lbfgs *l, const ad_compile_options *options)
{
    ad_shape shape = l->variable->shape;
    ad_node *origin = ad_input(l->graph, "origin", AD_F32, shape);
    ad_node *direction = ad_input(l->graph, "direction", AD_F32, shape);
    ad_node *t = ad_input(l->graph, "step_length", AD_F32, (ad_shape){0});
    ad_node *moved = ad_assign(l->graph, l->variable, ad_add(origin, ad_mul(direction, t)));
    ad_status status = ad_compile(&l->move, l->ctx, &moved, 1, options);
    if (status == AD_OK) status = ad_bind(l->move, origin, l->origin, vector_bytes(l));
    if (status == AD_OK) status = ad_bind(l->move, direction, l->direction, vector_bytes(l));
    if (status == AD_OK) status = ad_bind(l->move, t, &l->t, sizeof l->t);
    return status;
}

/* What is asked of a gradient g: g . d, max|g| and sum|g|. */
static ad_status compile_measure(ad_lbfgs *l, const ad_compile_options *options)
{
    ad_node *d = ad_input(l->graph, "along", AD_F32, ad_shape(l->n));
    l->measured = ad_input(l->graph, "gradient", AD_F32, ad_shape(l->n));
    ad_node *size = ad_abs(l->measured);
    l->slope = ad_sum(ad_mul(ad_cast(l->measured, AD_F64), ad_cast(d, AD_F64)), AD_ALL_AXES, false);
    l->largest_node = ad_max(size, AD_ALL_AXES, false);
    l->total_node = ad_sum(ad_cast(size, AD_F64), AD_ALL_AXES, false);
    ad_status status = ad_compile(
        &l->measure, l->ctx, (ad_node *[]){l->slope, l->largest_node, l->total_node}, 3, options);
    return status == AD_OK ? ad_bind(l->measure, d, l->direction, vector_bytes(l)) : status;
}

static ad_lbfgs_options with_defaults(ad_lbfgs_options o)
{
    if (!o.history) o.history = 100;
    if (!o.lr) o.lr = 1;
    if (!o.tolerance_gradient) o.tolerance_gradient = 1e-7;
    if (!o.tolerance_change) o.tolerance_change = 1e-9;
    if (!o.max_evaluations_per_step) o.max_evaluations_per_step = 25;
    return o;
}

ad_status ad_lbfgs_new(ad_lbfgs **lbfgs, ad_vars *vars, ad_variable *variable, ad_node *loss,
                       ad_node *const *extra, int extra_count, ad_lbfgs_options options,
                       const ad_compile_options *compile)
{
    ad_context *ctx = ad_vars_context(vars);
    ad_compile_options own = {.device = compile ? compile->device : AD_DEVICE_CPU};
    *lbfgs = NULL;
    ad_lbfgs *l = ad_zalloc(ctx, sizeof *l);
    if (!l) return AD_ERROR_MEMORY;
    *l = (ad_lbfgs){.ctx = ctx, .variable = variable, .options = with_defaults(options)};
    l->n = variable ? ad_shape_count(variable->shape) : 0;
    l->extra_count = extra_count > 0 ? extra_count : 0;
    ad_status status = check(l, vars, loss, extra);
    if (status == AD_OK) status = allocate(l);
    if (status == AD_OK) status = compile_evaluate(l, loss, extra, compile);
    if (status == AD_OK) status = compile_move(l, &own);
    if (status == AD_OK) status = compile_measure(l, &own);
    if (status == AD_OK)
        status = ad_history_new(&l->history, ctx, l->n, l->options.history, own.device);
    if (status == AD_OK)
        *lbfgs = l;
    else
        ad_lbfgs_free(l);
    return status;
}

void ad_lbfgs_free(ad_lbfgs *l)
{
    if (!l) return;
    ad_history_free(l->history);
    ad_program_free(l->evaluate);
    ad_program_free(l->move);
    ad_program_free(l->measure);
    ad_graph_free(l->graph);
    ad_free(l->ctx, l->vectors, vectors_bytes(l));
    ad_free(l->ctx, l->extra, extra_bytes(l));
    ad_free(l->ctx, l, sizeof *l);
}

ad_program *ad_lbfgs_program(ad_lbfgs *l)
{
    return l->evaluate;
}

double ad_lbfgs_extra(const ad_lbfgs *l, int index)
{
    if (!l->started || index < 0 || index >= l->extra_count) return NAN;
    return l->extra[l->point.slot * l->extra_count + index];
}

/* ---- a step ---- */

static float *value(const ad_lbfgs *l)
{
    void *at = (char *)l->variable->storage->data + l->variable->offset;
    return at;
}

static double number(const ad_program *program, int index)
{
    return *(const double *)ad_result_at(program, index);
}

/* The slope along the direction of the gradient in a slot, and its size. */
static ad_status measure(ad_lbfgs *l, ad_wolfe_point *point)
{
    ad_status status = ad_bind(l->measure, l->measured, l->gradient[point->slot], vector_bytes(l));
    if (status == AD_OK) status = ad_run(l->measure);
    if (status != AD_OK) return status;
    point->slope = ad_result_scalar(l->measure, l->slope);
    l->largest[point->slot] = ad_result_scalar(l->measure, l->largest_node);
    l->total[point->slot] = ad_result_scalar(l->measure, l->total_node);
    return AD_OK;
}

/* Says at which node the evaluation where the variable is now stops being finite. */
static ad_status blame(ad_lbfgs *l, const ad_wolfe_point *point)
{
    if (ad_run_checked(l->evaluate) != AD_OK)
        return ad_fail_prefix(l->ctx, "L-BFGS: evaluation %d", l->evaluations);
    return ad_fail(l->ctx, AD_ERROR_NUMERIC,
                   "L-BFGS: evaluation %d: the gradient along the search is not finite (loss %g)",
                   l->evaluations, point->loss);
}

/* Loss, gradient and extra values where the variable is now. */
static ad_status evaluate(ad_lbfgs *l, ad_wolfe_point *point)
{
    ++l->evaluations;
    ad_status status = ad_run(l->evaluate);
    if (status != AD_OK) return status;
    point->loss = number(l->evaluate, 0);
    memcpy(l->gradient[point->slot], ad_result_at(l->evaluate, 1), vector_bytes(l));
    for (int i = 0; i < l->extra_count; ++i)
        l->extra[point->slot * l->extra_count + i] = number(l->evaluate, 2 + i);
    status = measure(l, point);
    if (status != AD_OK) return status;
    bool finite = isfinite(point->loss) && isfinite(l->total[point->slot]);
    return finite && isfinite(point->slope) ? AD_OK : blame(l, point);
}

static ad_status move_to(ad_lbfgs *l, double t)
{
    l->t = (float)t;
    return ad_run(l->move);
}

static ad_status evaluate_on_line(void *user, ad_wolfe_point *point)
{
    ad_lbfgs *l = user;
    ad_status status = move_to(l, point->t);
    return status == AD_OK ? evaluate(l, point) : status;
}

static double largest_of(const float *x, int64_t n)
{
    float largest = 0;
    for (int64_t i = 0; i < n; ++i) largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    return (double)largest;
}

/* The direction and its slope at the iterate. */
static ad_status choose_direction(ad_lbfgs *l)
{
    ad_status status = ad_history_direction(l->history, l->gradient[l->point.slot], l->direction);
    return status == AD_OK ? measure(l, &l->point) : status;
}

static bool descends(const ad_lbfgs *l)
{
    return l->point.slope <= -l->options.tolerance_change;
}

/* From the iterate to the point that the line search likes best. On failure the variable is as
 * before. */
static ad_status search_line(ad_lbfgs *l)
{
    double total = l->total[l->point.slot];
    double t = ad_history_count(l->history) ? l->options.lr : fmin(1, 1 / total) * l->options.lr;
    ad_wolfe search = {.evaluate = evaluate_on_line,
                       .user = l,
                       .direction_max = largest_of(l->direction, l->n),
                       .tolerance_change = l->options.tolerance_change,
                       .max_evaluations = l->options.max_evaluations_per_step};
    ad_wolfe_point before = l->point, best;
    before.t = 0;
    memcpy(l->origin, value(l), vector_bytes(l));
    ad_status status = ad_wolfe_search(&search, before, t, &best);
    if (status == AD_OK && l->t != (float)best.t) status = move_to(l, best.t);
    if (status != AD_OK) {
        memcpy(value(l), l->origin, vector_bytes(l));
        ++l->variable->storage->version;
        return status;
    }
    l->point = best;
    l->change = best.t * search.direction_max;
    l->gain = before.loss - best.loss;
    if (best.slot == before.slot) return AD_OK;
    return ad_history_push(l->history, l->direction, best.t, l->gradient[before.slot],
                           l->gradient[best.slot]);
}

/* The direction to search; from the gradient alone where the history's does not descend. Without
 * one, l->state says so. */
static ad_status find_descent(ad_lbfgs *l)
{
    ad_status status = choose_direction(l);
    if (status == AD_OK && !descends(l) && ad_history_count(l->history)) {
        ad_history_clear(l->history);
        status = choose_direction(l);
    }
    if (status == AD_OK && !descends(l)) l->state = AD_LBFGS_CONVERGED;
    return status;
}

/* One iteration from an iterate whose loss and gradient are known. */
static ad_status iterate(ad_lbfgs *l)
{
    const ad_lbfgs_options *o = &l->options;
    l->point.t = 0;
    if (l->largest[l->point.slot] <= o->tolerance_gradient) {
        l->state = AD_LBFGS_CONVERGED;
        return AD_OK;
    }
    ad_status status = find_descent(l);
    if (status != AD_OK || l->state != AD_LBFGS_RUNNING) return status;
    bool steepest = !ad_history_count(l->history);
    status = search_line(l);
    if (status != AD_OK) return status;
    if (l->point.t == 0 && !steepest) { /* nothing lower was found: next by the gradient alone */
        ad_history_clear(l->history);
        return AD_OK;
    }
    bool still = l->change <= o->tolerance_change || fabs(l->gain) < o->tolerance_change;
    if (still || l->largest[l->point.slot] <= o->tolerance_gradient) l->state = AD_LBFGS_CONVERGED;
    return AD_OK;
}

ad_status ad_lbfgs_step(ad_lbfgs *l, ad_lbfgs_report *report)
{
    ad_status status = AD_OK;
    if (l->state == AD_LBFGS_FAILED)
        status = ad_fail(l->ctx, AD_ERROR_NUMERIC,
                         "L-BFGS: the search ended at a loss that is not finite");
    else if (!l->started)
        status = evaluate(l, &l->point);
    if (status == AD_OK) l->started = true;
    if (status == AD_OK && l->state == AD_LBFGS_RUNNING) status = iterate(l);
    if (status == AD_ERROR_NUMERIC) l->state = AD_LBFGS_FAILED;
    if (report)
        *report = (ad_lbfgs_report){.loss = l->point.loss,
                                    .gradient_max = l->largest[l->point.slot],
                                    .step_length = l->point.t,
                                    .evaluations = l->evaluations,
                                    .state = l->state};
    return status;
}
