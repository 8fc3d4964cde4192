/* weights_copy.c - the variables of a store in one block of memory, and back: how the loop keeps
 * the best weights beside those that it trains. */
#include "train/checkpoint.h"

#include <string.h>

static size_t variable_bytes(const ad_variable *v)
{
    return (size_t)ad_shape_count(ad_variable_shape(v)) * ad_dtype_size(ad_variable_dtype(v));
}

size_t ad_vars_copy_bytes(const ad_vars *vars)
{
    size_t bytes = 0;
    for (int i = 0; i < ad_vars_count(vars); ++i) bytes += variable_bytes(ad_vars_at(vars, i));
    return bytes;
}

void ad_vars_copy_out(ad_vars *vars, void *copy)
{
    char *to = copy;
    for (int i = 0; i < ad_vars_count(vars); ++i) {
        const ad_variable *v = ad_vars_at(vars, i);
        memcpy(to, ad_variable_data(vars, v), variable_bytes(v));
        to += variable_bytes(v);
    }
}

ad_status ad_vars_copy_in(ad_vars *vars, const void *copy)
{
    const char *from = copy;
    ad_status status = AD_OK;
    for (int i = 0; i < ad_vars_count(vars) && !status; ++i) {
        ad_variable *v = ad_vars_at(vars, i);
        status = ad_variable_set(vars, v, from);
        from += variable_bytes(v);
    }
    return status;
}
