/* rates.c - learning rates of parts of a store: of layers, of a network that was trained before. */
#include "optim/optimizer.h"

#include <string.h>

ad_status ad_optimizer_set_rates(ad_optimizer *o, const ad_rate *rates, int count)
{
    for (int i = 0; i < count; ++i)
        if (!(rates[i].factor >= 0) || isinf(rates[i].factor))
            return ad_fail(o->ctx, AD_ERROR_ARGUMENT,
                           "%s: the factor of the learning rate under %s is %g, expected 0 or more",
                           o->rule->kind.name, rates[i].prefix, rates[i].factor);
    ad_rate *copy = count > 0 ? ad_arena_alloc(&o->arena, (size_t)count * sizeof *copy) : NULL;
    if (count > 0 && !copy) return AD_ERROR_MEMORY;
    for (int i = 0; i < count; ++i) {
        copy[i] = (ad_rate){ad_arena_text(&o->arena, rates[i].prefix), rates[i].factor};
        if (!copy[i].prefix) return AD_ERROR_MEMORY;
    }
    o->rates = copy;
    o->rate_count = count;
    return AD_OK;
}

double ad_optimizer_factor(const ad_optimizer *o, const char *name)
{
    double factor = 1;
    size_t longest = 0;
    for (int i = 0; i < o->rate_count; ++i) {
        size_t length = strlen(o->rates[i].prefix);
        if (length < longest || !ad_name_under(name, o->rates[i].prefix)) continue;
        factor = o->rates[i].factor;
        longest = length;
    }
    return factor;
}

ad_status ad_optimizer_check_rates(const ad_optimizer *o)
{
    for (int i = 0; i < o->rate_count; ++i) {
        bool found = false;
        for (int k = 0; k < o->vars->count && !found; ++k) {
            const ad_variable *v = &o->vars->entries[k]->variable;
            found = !v->buffer && ad_dtype_is_float(v->dtype) &&
                    ad_name_under(v->name, o->rates[i].prefix);
        }
        if (!found)
            return ad_fail(o->ctx, AD_ERROR_ARGUMENT,
                           "%s has a learning rate for what is under %s, where there is no "
                           "parameter",
                           o->rule->kind.name, o->rates[i].prefix);
    }
    return AD_OK;
}
