/* metrics.c - a growing list of named numbers. */
#include <autodidact/metrics.h>

#include "base/context.h"

#include <math.h>
#include <string.h>

ad_metrics ad_metrics_new(ad_context *ctx)
{
    return (ad_metrics){.ctx = ctx};
}

static void free_name(const ad_metrics *m, const char *name)
{
    ad_free(m->ctx, (char *)name, strlen(name) + 1);
}

void ad_metrics_clear(ad_metrics *m)
{
    for (int i = 0; i < m->count; ++i) free_name(m, m->at[i].name);
    m->count = 0;
}

void ad_metrics_free(ad_metrics *m)
{
    ad_metrics_clear(m);
    if (m->at) ad_free(m->ctx, m->at, (size_t)m->capacity * sizeof *m->at);
    *m = (ad_metrics){.ctx = m->ctx};
}

static bool grow(ad_metrics *m)
{
    int more = m->capacity ? 2 * m->capacity : 16;
    ad_metric *at = ad_realloc(m->ctx, m->at, (size_t)m->capacity * sizeof *at,
                               (size_t)more * sizeof *at);
    if (!at) return false;
    m->at = at;
    m->capacity = more;
    return true;
}

void ad_metrics_add(ad_metrics *m, const char *name, double value)
{
    size_t bytes = strlen(name) + 1;
    char *own = m->failed ? NULL : ad_alloc(m->ctx, bytes);
    if (!own || (m->count == m->capacity && !grow(m))) {
        if (own) ad_free(m->ctx, own, bytes);
        m->failed = true;
        return;
    }
    memcpy(own, name, bytes);
    m->at[m->count++] = (ad_metric){own, value};
}

double ad_metrics_get(const ad_metrics *m, const char *name)
{
    for (int i = 0; i < m->count; ++i)
        if (!strcmp(m->at[i].name, name)) return m->at[i].value;
    return NAN;
}

ad_status ad_metrics_status(const ad_metrics *m)
{
    return m->failed ? ad_fail(m->ctx, AD_ERROR_MEMORY, "out of memory") : AD_OK;
}
