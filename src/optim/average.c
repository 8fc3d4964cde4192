/* average.c - exponential moving averages of parameters, a store beside the store.
 *
 * The averages are declared in the order of the parameters, so that their blocks lie as the
 * parameters' do and an update is one fused pass over each block. It is a program of its own, run
 * after the step, since a program reads what a variable held before it. The rate is a variable, so
 * that the first updates can weigh more. */
#include "nn/vars.h"

#include <autodidact/optim.h>
#include <autodidact/program.h>

#include <string.h>

struct ad_average {
    ad_context *ctx;
    ad_vars *vars, *averages;
    double decay;
    ad_variable *updates, *rate; /* i64 count and f32 1 - d, in `averages` */
    ad_graph *graph;
    ad_program *program;
};

static bool averaged(const ad_variable *variable)
{
    return !variable->buffer && ad_dtype_is_float(variable->dtype);
}

static ad_status declare(ad_average *a)
{
    for (int i = 0; i < ad_vars_count(a->vars); ++i) {
        ad_variable *v = ad_vars_at(a->vars, i);
        if (!averaged(v)) continue;
        ad_variable *own = ad_var(
            a->averages, v->name, v->shape,
            (ad_var_options){.dtype = v->dtype, .layout = (ad_file_layout)v->layout});
        if (!own) return ad_error_status(a->ctx);
        ad_status status = ad_variable_set(a->averages, own, ad_variable_data(a->vars, v));
        if (status) return status;
    }
    a->updates = ad_var(a->averages, "average.updates", (ad_shape){0},
                        (ad_var_options){.dtype = AD_I64, .buffer = true});
    a->rate = ad_var(a->averages, "average.rate", (ad_shape){0}, (ad_var_options){.buffer = true});
    return a->updates && a->rate ? ad_vars_ready(a->averages) : ad_error_status(a->ctx);
}

static ad_status build(ad_average *a)
{
    int count = 0;
    if (!(a->graph = ad_graph_new(a->ctx))) return AD_ERROR_MEMORY;
    ad_node **moved = ad_arena_alloc(&a->graph->arena,
                                     (size_t)(ad_vars_count(a->vars) + 1) * sizeof *moved);
    if (!moved) return AD_ERROR_MEMORY;
    ad_node *rate = ad_read(a->graph, a->rate);
    for (int i = 0; i < ad_vars_count(a->vars); ++i) {
        ad_variable *v = ad_vars_at(a->vars, i);
        if (!averaged(v)) continue;
        ad_variable *own = ad_var_find(a->averages, v->name);
        ad_dtype dtype = v->dtype == AD_F64 ? AD_F64 : AD_F32;
        ad_node *old = ad_cast(ad_read(a->graph, own), dtype);
        ad_node *way = ad_sub(ad_cast(ad_read(a->graph, v), dtype), old);
        ad_node *now = ad_add(old, ad_mul(way, ad_cast(rate, dtype)));
        moved[count++] = ad_assign(a->graph, own, ad_cast(now, v->dtype));
    }
    if (!count) return ad_fail(a->ctx, AD_ERROR_ARGUMENT, "there is no parameter to average");
    return ad_compile(&a->program, a->ctx, moved, count, NULL);
}

ad_status ad_average_new(ad_average **average, ad_vars *vars, double decay)
{
    *average = NULL;
    if (!(decay > 0 && decay < 1))
        return ad_fail(vars->ctx, AD_ERROR_ARGUMENT,
                       "the decay of an average is %g, expected a number in (0, 1)", decay);
    ad_average *a = ad_zalloc(vars->ctx, sizeof *a);
    if (!a) return AD_ERROR_MEMORY;
    *a = (ad_average){.ctx = vars->ctx, .vars = vars, .decay = decay};
    ad_status status = ad_vars_ready(vars);
    if (!status && !(a->averages = ad_vars_new(vars->ctx, 0))) status = AD_ERROR_MEMORY;
    if (!status) status = declare(a);
    if (!status) status = build(a);
    if (status)
        ad_average_free(a);
    else
        *average = a;
    return status;
}

void ad_average_free(ad_average *a)
{
    if (!a) return;
    ad_program_free(a->program);
    ad_graph_free(a->graph);
    ad_vars_free(a->averages);
    ad_free(a->ctx, a, sizeof *a);
}

ad_status ad_average_update(ad_average *a)
{
    int64_t n;
    ad_status status = ad_variable_get(a->averages, a->updates, &n);
    double warm = (double)(1 + n) / (double)(10 + n);
    float rate = (float)(1 - (warm < a->decay ? warm : a->decay));
    ++n;
    if (!status) status = ad_variable_set(a->averages, a->rate, &rate);
    if (!status) status = ad_variable_set(a->averages, a->updates, &n);
    return status ? status : ad_run(a->program);
}

ad_status ad_average_swap(ad_average *a)
{
    char part[4096];
    ad_status status = ad_vars_claim(a->vars);
    if (status) return status;
    for (int i = 0; i < ad_vars_count(a->vars); ++i) {
        ad_variable *v = ad_vars_at(a->vars, i);
        if (!averaged(v)) continue;
        ad_variable *own = ad_var_find(a->averages, v->name);
        char *x = (char *)v->storage->data + v->offset,
             *y = (char *)own->storage->data + own->offset;
        size_t left = (size_t)ad_shape_count(v->shape) * ad_dtype_size(v->dtype), n;
        for (; left; left -= n, x += n, y += n) {
            n = left < sizeof part ? left : sizeof part;
            memcpy(part, x, n), memcpy(x, y, n), memcpy(y, part, n);
        }
        ++v->storage->version, ++own->storage->version;
    }
    ad_vars_release(a->vars);
    return AD_OK;
}

ad_vars *ad_average_vars(ad_average *a)
{
    return a->averages;
}
