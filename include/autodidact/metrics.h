/* metrics.h - named numbers: what a loss is made of, what a score says, what a run ends with.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_METRICS_H
#define AUTODIDACT_METRICS_H

#include <autodidact/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_metric {
    const char *name;
    double value;
} ad_metric;

/* A list that grows and owns its names. Where memory is refused it stays as it was and `failed` is
 * set, which who made the list looks at once, at the end. */
typedef struct ad_metrics {
    ad_context *ctx;
    ad_metric *at; /* [count] */
    int count, capacity;
    bool failed;
} ad_metrics;

AD_API ad_metrics ad_metrics_new(ad_context *ctx); /* empty; nothing is allocated */
AD_API void ad_metrics_free(ad_metrics *metrics);  /* a zeroed one is ignored */
AD_API void ad_metrics_clear(ad_metrics *metrics);
AD_API void ad_metrics_add(ad_metrics *metrics, const char *name, double value);
AD_API double ad_metrics_get(const ad_metrics *metrics, const char *name); /* NaN: none */
/* AD_ERROR_MEMORY where something could not be added. */
AD_API ad_status ad_metrics_status(const ad_metrics *metrics);

#ifdef __cplusplus
}
#endif
#endif
