/* named.c - what a name stands for where a trained network is asked for. */
#include <autodidact/system.h>

#include "base/context.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A name, and no path that has been mistyped. */
static bool could_be_name(const char *name)
{
    return *name && !strpbrk(name, "/.");
}

static ad_status not_known(ad_context *ctx, const char *name, const char *const *built_in,
                           int count)
{
    const char *nearest = ad_nearest(name, built_in, count);
    ad_text list;
    ad_text_init(&list, ctx);
    for (int i = 0; i < count; ++i)
        ad_text_format(&list, "%s%s", !i ? "" : i == count - 1 ? " and " : ", ", built_in[i]);
    ad_status status = ad_fail(ctx, AD_ERROR_NOT_FOUND,
                               "%s: is no run and no file, there is no models/%s.safetensors, and "
                               "built in %s %s%s%s%s",
                               name, name, count == 1 ? "is only" : "are", ad_text_get(&list),
                               nearest ? "; did you mean " : "", nearest ? nearest : "",
                               nearest ? "?" : "");
    if (list.failed) status = AD_ERROR_MEMORY;
    ad_text_free(&list);
    return status;
}

ad_status ad_model_find(ad_context *ctx, const char *name, const char *const *built_in, int count,
                        char *path, size_t size, int *which)
{
    int at = 0;
    while (at < count && strcmp(built_in[at], name) != 0) ++at;
    *which = -1;
    if (snprintf(path, size, "%s", name) >= (int)size)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", name);
    if (!could_be_name(name) || !access(name, F_OK)) return AD_OK;
    if (snprintf(path, size, "models/%s.safetensors", name) < (int)size && !access(path, F_OK))
        return AD_OK;
    snprintf(path, size, "%s", name);
    if (at < count) *which = at;
    return at < count || !count ? AD_OK : not_known(ctx, name, built_in, count);
}
