/* metric_log.c - see metric_log.h. */
#include "run/metric_log.h"
#include "base/escape.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ad_status fail(ad_metric_log *log, const char *what)
{
    return ad_fail_io(log->ctx, log->path, what, errno);
}

/* The length of what lies before the first line that is beyond `step`, broken, or unfinished. */
static size_t valid_length(const char *bytes, size_t size, int64_t step, double *seconds)
{
    static const char start[] = "{\"step\":";
    size_t at = 0;
    while (at < size) {
        const char *line = bytes + at, *end = memchr(line, '\n', size - at);
        char text[160];
        if (!end || (size_t)(end - line) < sizeof start) break;
        size_t length = (size_t)(end - line) < sizeof text - 1 ? (size_t)(end - line)
                                                               : sizeof text - 1;
        memcpy(text, line, length);
        text[length] = 0;
        if (strncmp(text, start, sizeof start - 1) || end[-1] != '}') break;
        if (strtoll(text + sizeof start - 1, NULL, 10) > step) break;
        const char *clock = strstr(text, "\"seconds\":");
        if (clock) *seconds = strtod(clock + 10, NULL);
        at += (size_t)(end - line) + 1;
    }
    return at;
}

ad_status ad_metric_log_open(ad_metric_log *log, ad_context *ctx, const char *path, int64_t step,
                             double *seconds)
{
    ad_file_bytes old = {0};
    size_t keep = 0;
    *log = (ad_metric_log){.ctx = ctx, .file = -1, .flushed = ad_seconds()};
    *seconds = 0;
    ad_text_init(&log->pending, ctx);
    snprintf(log->path, sizeof log->path, "%s", path);
    if (!access(path, F_OK)) {
        ad_status status = ad_file_bytes_read(&old, ctx, path, SIZE_MAX);
        if (status) return status;
        keep = valid_length((const char *)old.bytes, old.size, step, seconds);
        ad_file_bytes_free(&old);
    }
    log->file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (log->file < 0) return fail(log, "cannot open");
    if (ftruncate(log->file, (off_t)keep) || lseek(log->file, 0, SEEK_END) < 0)
        return fail(log, "cannot write");
    return AD_OK;
}

static void number(ad_text *text, const char *name, double value)
{
    char digits[32];
    ad_text_add(text, ",");
    ad_text_json(text, name, false);
    ad_text_format(text, ":%s", ad_json_number(value, digits));
}

ad_status ad_metric_log_add(ad_metric_log *log, int64_t step, double epoch, double seconds,
                            const ad_metric *metrics, int count)
{
    ad_text_format(&log->pending, "{\"step\":%lld", (long long)step);
    if (epoch >= 0) ad_text_format(&log->pending, ",\"epoch\":%.6g", epoch);
    ad_text_format(&log->pending, ",\"seconds\":%.3f", seconds);
    for (int i = 0; i < count; ++i) number(&log->pending, metrics[i].name, metrics[i].value);
    ad_text_add(&log->pending, "}\n");
    if (log->pending.failed) return AD_ERROR_MEMORY;
    return ad_seconds() - log->flushed < 1 ? AD_OK : ad_metric_log_flush(log);
}

ad_status ad_metric_log_flush(ad_metric_log *log)
{
    ad_status status = ad_text_write(&log->pending, log->file) ? AD_OK : fail(log, "cannot write");
    log->flushed = ad_seconds();
    return status;
}

ad_status ad_metric_log_sync(ad_metric_log *log)
{
    ad_status status = ad_metric_log_flush(log);
    if (!status && fdatasync(log->file) && errno != EINVAL)
        status = fail(log, "cannot write to the disk");
    return status;
}

void ad_metric_log_close(ad_metric_log *log)
{
    if (log->file >= 0) {
        (void)ad_metric_log_flush(log);
        close(log->file);
    }
    if (log->ctx) ad_text_free(&log->pending);
    *log = (ad_metric_log){.file = -1};
}
