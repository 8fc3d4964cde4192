/* metric_log.h - metrics.jsonl: a line of numbers per step that is logged.
 *
 * Lines are gathered and written about once a second, and when a checkpoint is made: a file beyond
 * the checkpoint that a run is resumed from is cut back to it, so that no step stands there twice.
 */
#ifndef AD_RUN_METRIC_LOG_H
#define AD_RUN_METRIC_LOG_H

#include <autodidact/metrics.h>

#include <limits.h>

#include "base/text.h"

typedef struct ad_metric_log {
    ad_context *ctx;
    char path[PATH_MAX];
    int file; /* -1: not open */
    ad_text pending;
    double flushed; /* when, on the monotonic clock */
} ad_metric_log;

/* Opens for appending after the last line whose step is at most `step`; what stands behind is cut
 * off. *seconds: that line's, 0 if there is none. */
ad_status ad_metric_log_open(ad_metric_log *log, ad_context *ctx, const char *path, int64_t step,
                             double *seconds);
ad_status ad_metric_log_add(ad_metric_log *log, int64_t step, double epoch, double seconds,
                            const ad_metric *metrics, int count);
/* What a full disk leaves unwritten stays gathered. */
ad_status ad_metric_log_flush(ad_metric_log *log);
/* Flushes, and waits until the disk has it. */
ad_status ad_metric_log_sync(ad_metric_log *log);
/* Flushes, too; an error then is lost. */
void ad_metric_log_close(ad_metric_log *log);

#endif
