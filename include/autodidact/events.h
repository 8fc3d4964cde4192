/* events.h - event files for TensorBoard: numbers, texts, pictures and histograms over steps.
 *
 * A file is a sequence of records (length, checksum, bytes, checksum: TensorFlow's TFRecord form)
 * of protocol buffers (tensorflow.Event). Every writer makes its own file, so that nothing
 * that an earlier process wrote is touched; TensorBoard reads all event files of a folder in the
 * order of their names, and a new one's comes last. A record that a killed process left unfinished
 * is passed over.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_EVENTS_H
#define AUTODIDACT_EVENTS_H

#include <autodidact/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_events ad_events; /* used by its context's thread only */

typedef struct ad_events_options {
    int64_t first_step; /* a resumed run: what earlier files say of this step and later ones is
                           void. 0: nothing was before */
    double wall_time;   /* seconds since 1970 of every event; 0: the clock's */
} ad_events_options;

/* Makes events.out.tfevents.SECONDS.HOST.PID.N in an existing folder. `*out` is NULL on an
 * error. `options` may be NULL. */
AD_API ad_status ad_events_open(ad_events **out, ad_context *ctx, const char *folder,
                                const ad_events_options *options);
/* Flushes; returns the first error that any call met. NULL is ignored (AD_OK). */
AD_API ad_status ad_events_close(ad_events *events);
AD_API const char *ad_events_path(const ad_events *events);

/* A tag with slashes ("validation/loss") is grouped by its first part. Bytes of a tag or text that
 * are not UTF-8 become U+FFFD. All of these buffer; what is buffered goes to the file at 256 KiB
 * and by ad_events_flush. */
AD_API ad_status ad_events_scalar(ad_events *events, const char *tag, int64_t step, double value);
/* Shown as Markdown. */
AD_API ad_status ad_events_text(ad_events *events, const char *tag, int64_t step, const char *text);
/* `png` holds a whole PNG file of `size` bytes. */
AD_API ad_status ad_events_image(ad_events *events, const char *tag, int64_t step, const void *png,
                                 size_t size);
/* Counts in buckets whose limits grow by a tenth from 1e-12 to 1e20 on either side of zero. Values
 * that are not finite, or beyond, are left out; without any value nothing is written. */
AD_API ad_status ad_events_histogram(ad_events *events, const char *tag, int64_t step,
                                     const float *values, int64_t count);
AD_API ad_status ad_events_flush(ad_events *events);

#ifdef __cplusplus
}
#endif
#endif
