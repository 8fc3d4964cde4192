/* selection.c - which parameters an optimizer trains: those under a prefix, under several, or the
 * ones of a list. */
#include "optim/optimizer.h"

#include <string.h>

static bool is_parameter(const ad_variable *variable)
{
    return !variable->buffer && ad_dtype_is_float(variable->dtype);
}

static bool listed(ad_variable *const *variables, int count, const ad_variable *variable)
{
    for (int i = 0; i < count; ++i)
        if (variables[i] == variable) return true;
    return false;
}

static bool under_any(const char *name, const char *const *prefixes, int count)
{
    for (int i = 0; i < count; ++i)
        if (ad_name_under(name, prefixes[i])) return true;
    return false;
}

bool ad_optimizer_trains(const ad_optimizer *o, const ad_var_entry *entry)
{
    const ad_variable *v = &entry->variable;
    if (!is_parameter(v) || entry->frozen || ad_shape_count(v->shape) == 0) return false;
    if (o->variables) return listed(o->variables, o->variable_count, v);
    return !o->prefixes || under_any(v->name, o->prefixes, o->prefix_count);
}

static ad_status check_variable(const ad_optimizer *o, const ad_variable *v)
{
    const char *kind = o->rule->kind.name;
    int index = ad_vars_index(o->vars, v);
    if (index < 0)
        return ad_fail(o->ctx, AD_ERROR_ARGUMENT, "%s is to train %s, which is of another store",
                       kind, v->name);
    if (!is_parameter(v))
        return ad_fail(o->ctx, AD_ERROR_ARGUMENT, "%s is to train %s, which is %s", kind, v->name,
                       v->buffer ? "a buffer" : "not of a float type");
    if (o->vars->entries[index]->frozen)
        return ad_fail(o->ctx, AD_ERROR_ARGUMENT, "%s is to train %s, which is frozen", kind,
                       v->name);
    return AD_OK;
}

ad_status ad_optimizer_select(ad_optimizer *o, ad_variable *const *variables, int count)
{
    if (count < 1)
        return ad_fail(o->ctx, AD_ERROR_ARGUMENT, "%s is to train no variable at all",
                       o->rule->kind.name);
    for (int i = 0; i < count; ++i) {
        ad_status status = check_variable(o, variables[i]);
        if (status) return status;
        if (listed(variables, i, variables[i]))
            return ad_fail(o->ctx, AD_ERROR_ARGUMENT, "%s is to train %s, which is listed twice",
                           o->rule->kind.name, variables[i]->name);
    }
    ad_variable **copy = ad_arena_alloc(&o->arena, (size_t)count * sizeof(ad_variable *));
    if (!copy) return AD_ERROR_MEMORY;
    memcpy(copy, variables, (size_t)count * sizeof(ad_variable *));
    o->variables = copy;
    o->variable_count = count;
    return AD_OK;
}

ad_status ad_optimizer_select_under(ad_optimizer *o, const char *const *prefixes, int count)
{
    if (count < 1)
        return ad_fail(o->ctx, AD_ERROR_ARGUMENT, "%s is to train what is under no prefix at all",
                       o->rule->kind.name);
    const char **copy = ad_arena_alloc(&o->arena, (size_t)count * sizeof(char *));
    if (!copy) return AD_ERROR_MEMORY;
    for (int i = 0; i < count; ++i)
        if (!(copy[i] = ad_arena_text(&o->arena, prefixes[i]))) return AD_ERROR_MEMORY;
    o->variables = NULL;
    o->prefixes = copy;
    o->prefix_count = count;
    return AD_OK;
}

const char *ad_optimizer_empty_prefix(const ad_optimizer *o)
{
    for (int i = 0; !o->variables && i < o->prefix_count; ++i) {
        bool found = false;
        for (int j = 0; j < o->vars->count && !found; ++j) {
            const ad_variable *v = &o->vars->entries[j]->variable;
            found = is_parameter(v) && ad_name_under(v->name, o->prefixes[i]);
        }
        if (!found) return o->prefixes[i];
    }
    return NULL;
}
