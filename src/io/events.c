/* events.c - TensorBoard's event files: TFRecord framing with masked CRC-32C around protocol
 * buffers, which are written by hand: seven messages of a handful of fields each
 * (tensorflow/core/util/event.proto, framework/summary.proto). */
#include <autodidact/events.h>

#include "base/crc.h"
#include "base/escape.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FLUSH_BYTES = 256 << 10, LIMITS_MOST = 1600 };

struct ad_events {
    ad_context *ctx;
    int file;
    double wall_time;                  /* 0: the clock's */
    ad_text pending;                   /* records that are not in the file yet */
    ad_text value, part, nested, utf8; /* of the event that is being made */
    ad_status status;                  /* the first failure */
    double *limits; /* of a histogram's buckets, rising; made when first needed */
    int limit_count;
    char path[4096];
};

/* ---- protocol buffers ---- */

static void put_varint(ad_text *to, uint64_t value)
{
    unsigned char bytes[10];
    size_t count = 0;
    do {
        bytes[count] = (unsigned char)(value & 127);
        value >>= 7;
        if (value) bytes[count] |= 128;
        ++count;
    } while (value);
    ad_text_bytes(to, bytes, count);
}

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static void put_key(ad_text *to, int field, int kind)
{
    put_varint(to, (uint64_t)field << 3 | (uint64_t)kind);
}

static void put_int(ad_text *to, int field, int64_t value)
{
    if (!value) return; /* the default, which is not written */
    put_key(to, field, VARINT);
    put_varint(to, (uint64_t)value);
}

static void put_little(ad_text *to, uint64_t value, int count)
{
    unsigned char bytes[8];
    for (int i = 0; i < count; ++i) bytes[i] = (unsigned char)(value >> (8 * i));
    ad_text_bytes(to, bytes, (size_t)count);
}

static void put_double_bits(ad_text *to, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_little(to, bits, 8);
}

static void put_double(ad_text *to, int field, double value)
{
    if (value == 0) return;
    put_key(to, field, FIXED64);
    put_double_bits(to, value);
}

static void put_bytes(ad_text *to, int field, const void *bytes, size_t count)
{
    put_key(to, field, BYTES);
    put_varint(to, count);
    ad_text_bytes(to, bytes, count);
}

static void put_message(ad_text *to, int field, const ad_text *message)
{
    put_bytes(to, field, ad_text_get(message), message->length);
}

static void clear(ad_text *text)
{
    text->length = 0;
}

/* ---- records ---- */

/* Rotated and shifted as TFRecord wants it, so that a checksum of data that holds checksums is not
 * trivial. */
static uint32_t masked_crc(const char *bytes, size_t count)
{
    uint32_t c = ad_crc32c(0, bytes, count);
    return (c >> 15 | c << 17) + 0xa282ead8u;
}

static ad_status fail(ad_events *e)
{
    e->status = ad_fail_io(e->ctx, e->path, "cannot write", errno);
    return e->status;
}

/* Memory was refused, and the context has the sentence. */
static ad_status fail_memory(ad_events *e)
{
    e->status = AD_ERROR_MEMORY;
    return e->status;
}

ad_status ad_events_flush(ad_events *e)
{
    return ad_text_write(&e->pending, e->file) ? AD_OK : fail(e);
}

/* Event: 1 wall_time, 2 step, then `what` as bytes of field `field`. */
static ad_status add_event(ad_events *e, int64_t step, int field, const ad_text *what)
{
    ad_text *event = &e->part;
    struct timespec clock;
    double wall_time = e->wall_time;
    if (wall_time <= 0) {
        clock_gettime(CLOCK_REALTIME, &clock);
        wall_time = (double)clock.tv_sec + 1e-9 * (double)clock.tv_nsec;
    }
    clear(event);
    put_double(event, 1, wall_time);
    put_int(event, 2, step);
    put_message(event, field, what);
    bool refused = event->failed || what->failed || e->nested.failed || e->utf8.failed ||
                   e->value.failed;
    size_t before = e->pending.length;
    if (!refused) {
        put_little(&e->pending, event->length, 8);
        const char *length = ad_text_get(&e->pending) + before;
        put_little(&e->pending, masked_crc(length, e->pending.failed ? 0 : 8), 4);
        ad_text_bytes(&e->pending, event->data, event->length);
        put_little(&e->pending, masked_crc(event->data, event->length), 4);
    }
    if (refused || e->pending.failed) {
        e->pending.length = before;
        return fail_memory(e);
    }
    return e->pending.length >= FLUSH_BYTES ? ad_events_flush(e) : AD_OK;
}

/* Value: 1 tag; the caller adds the rest to e->value. */
static void begin_value(ad_events *e, const char *tag)
{
    clear(&e->value), clear(&e->utf8);
    ad_text_utf8(&e->utf8, tag, strlen(tag));
    put_message(&e->value, 1, &e->utf8);
}

/* Event: 5 summary; Summary: 1 value. */
static ad_status end_value(ad_events *e, int64_t step)
{
    clear(&e->nested);
    put_message(&e->nested, 1, &e->value);
    return add_event(e, step, 5, &e->nested);
}

/* ---- opening and closing ---- */

/* TensorBoard reads files in the order of their names, in which seconds of ten digits come first: a
 * second that is later than those of the files that are there, whatever the clock says. */
static long long free_second(const char *folder)
{
    static const char start[] = "events.out.tfevents.";
    long long second = (long long)time(NULL);
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        if (strncmp(entry->d_name, start, sizeof start - 1)) continue;
        long long taken = strtoll(entry->d_name + sizeof start - 1, NULL, 10);
        if (taken >= second && taken < 9999999999) second = taken + 1;
    }
    if (listing) closedir(listing);
    return second;
}

static ad_status create(ad_events *e, const char *folder)
{
    char host[65] = "";
    long long second = e->wall_time > 0 ? (long long)e->wall_time : free_second(folder);
    if (gethostname(host, sizeof host - 1) || !*host) snprintf(host, sizeof host, "localhost");
    for (char *c = host; *c; ++c)
        if (*c == '/' || (unsigned char)*c <= ' ') *c = '-';
    for (int n = 0; n < 10000; ++n) {
        if (snprintf(e->path, sizeof e->path, "%s/events.out.tfevents.%010lld.%s.%ld.%d", folder,
                     second, host, (long)getpid(), n) >= (int)sizeof e->path)
            return ad_fail(e->ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", folder);
        e->file = open(e->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
        if (e->file >= 0) return AD_OK;
        if (errno != EEXIST) break;
    }
    return fail(e);
}

/* Event: 3 file_version; 7 session_log {1 status START}, which voids what is beyond its step. */
static ad_status write_head(ad_events *e, int64_t first_step)
{
    clear(&e->value);
    ad_text_add(&e->value, "brain.Event:2");
    ad_status status = add_event(e, 0, 3, &e->value);
    if (!status && first_step > 0) {
        clear(&e->value);
        put_int(&e->value, 1, 1);
        status = add_event(e, first_step, 7, &e->value);
    }
    return status ? status : ad_events_flush(e);
}

ad_status ad_events_open(ad_events **out, ad_context *ctx, const char *folder,
                         const ad_events_options *options)
{
    *out = NULL;
    ad_events *e = ad_zalloc(ctx, sizeof *e);
    if (!e) return AD_ERROR_MEMORY;
    e->ctx = ctx, e->file = -1;
    if (options) e->wall_time = options->wall_time;
    ad_text *texts[] = {&e->pending, &e->value, &e->part, &e->nested, &e->utf8};
    for (int i = 0; i < 5; ++i) ad_text_init(texts[i], ctx);
    ad_status status = create(e, folder);
    if (!status) status = write_head(e, options ? options->first_step : 0);
    if (status)
        (void)ad_events_close(e);
    else
        *out = e;
    return status;
}

ad_status ad_events_close(ad_events *e)
{
    if (!e) return AD_OK;
    if (e->file >= 0) (void)ad_events_flush(e);
    if (e->file >= 0 && close(e->file) && !e->status) (void)fail(e);
    ad_status status = e->status;
    ad_text *texts[] = {&e->pending, &e->value, &e->part, &e->nested, &e->utf8};
    for (int i = 0; i < 5; ++i) ad_text_free(texts[i]);
    ad_free(e->ctx, e->limits, e->limits ? LIMITS_MOST * sizeof *e->limits : 0);
    ad_free(e->ctx, e, sizeof *e);
    return status;
}

const char *ad_events_path(const ad_events *events)
{
    return events->path;
}

/* ---- scalars, texts, pictures ---- */

ad_status ad_events_scalar(ad_events *e, const char *tag, int64_t step, double value)
{
    float narrow = (float)value;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    begin_value(e, tag);
    put_key(&e->value, 2, FIXED32); /* simple_value */
    put_little(&e->value, bits, 4);
    return end_value(e, step);
}

/* Value: 8 tensor {1 dtype STRING, 2 shape {2 dim {1 size}}, 8 string_val}, 9 metadata {1
 * plugin_data {1 plugin_name}}. */
ad_status ad_events_text(ad_events *e, const char *tag, int64_t step, const char *text)
{
    static const char shape[] = "\x12\x02\x08\x01", plugin[] = "\x0a\x04text";
    begin_value(e, tag);
    clear(&e->utf8), clear(&e->nested);
    ad_text_utf8(&e->utf8, text, strlen(text));
    put_int(&e->nested, 1, 7);
    put_bytes(&e->nested, 2, shape, sizeof shape - 1);
    put_message(&e->nested, 8, &e->utf8);
    put_message(&e->value, 8, &e->nested);
    clear(&e->nested);
    put_bytes(&e->nested, 1, plugin, sizeof plugin - 1);
    put_message(&e->value, 9, &e->nested);
    return end_value(e, step);
}

/* Value: 4 image {1 height, 2 width, 3 colorspace, 4 encoded_image_string}. */
ad_status ad_events_image(ad_events *e, const char *tag, int64_t step, const void *png, size_t size)
{
    static const int channels[] = {1, 0, 3, 3, 2, 0, 4}; /* by PNG's colour type */
    const unsigned char *p = png;
    if (size < 33 || memcmp(p, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) || p[25] > 6 ||
        !channels[p[25]])
        return ad_fail(e->ctx, AD_ERROR_FORMAT, "%s: the picture is not a PNG file", tag);
    begin_value(e, tag);
    clear(&e->nested);
    for (int i = 0; i < 2; ++i) /* height stands behind width */
        put_int(&e->nested, 1 + i,
                (int64_t)p[20 - 4 * i] << 24 | p[21 - 4 * i] << 16 | p[22 - 4 * i] << 8 |
                    p[23 - 4 * i]);
    put_int(&e->nested, 3, channels[p[25]]);
    put_bytes(&e->nested, 4, png, size);
    put_message(&e->value, 4, &e->nested);
    return end_value(e, step);
}

/* ---- histograms ---- */

static ad_status make_limits(ad_events *e)
{
    if (e->limits) return AD_OK;
    if (!(e->limits = ad_alloc(e->ctx, LIMITS_MOST * sizeof *e->limits))) return AD_ERROR_MEMORY;
    int half = 0;
    double v = 1e-12;
    while (v < 1e20) {
        v *= 1.1;
        ++half;
    }
    e->limit_count = 2 * half + 1;
    e->limits[half] = 0;
    v = 1e-12;
    for (int i = 1; i <= half; ++i) {
        e->limits[half + i] = v, e->limits[half - i] = -v;
        v *= 1.1;
    }
    return AD_OK;
}

/* The last limit that is not above the value. */
static int bucket_of(const ad_events *e, double value)
{
    int low = 0, high = e->limit_count - 1;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (e->limits[middle] <= value)
            low = middle;
        else
            high = middle;
    }
    return low;
}

typedef struct moments {
    double least, most, count, sum, squares;
} moments;

/* Value: 5 histo {1 min, 2 max, 3 num, 4 sum, 5 sum_squares, 6 bucket_limit, 7 bucket}: of each
 * bucket its right limit; an empty one comes first, so that the first left limit is there too. */
static ad_status put_histogram(ad_events *e, const char *tag, int64_t step, const moments *m,
                               const double *counts)
{
    int first = bucket_of(e, m->least), last = bucket_of(e, m->most);
    begin_value(e, tag);
    clear(&e->nested);
    put_double(&e->nested, 1, m->least);
    put_double(&e->nested, 2, m->most);
    put_double(&e->nested, 3, m->count);
    put_double(&e->nested, 4, m->sum);
    put_double(&e->nested, 5, m->squares);
    put_key(&e->nested, 6, BYTES);
    put_varint(&e->nested, 8 * (uint64_t)(last - first + 2));
    for (int i = first; i <= last + 1; ++i) put_double_bits(&e->nested, e->limits[i]);
    put_key(&e->nested, 7, BYTES);
    put_varint(&e->nested, 8 * (uint64_t)(last - first + 2));
    put_double_bits(&e->nested, 0);
    for (int i = first; i <= last; ++i) put_double_bits(&e->nested, counts[i]);
    put_message(&e->value, 5, &e->nested);
    return end_value(e, step);
}

ad_status ad_events_histogram(ad_events *e, const char *tag, int64_t step, const float *values,
                              int64_t count)
{
    moments m = {.least = DBL_MAX, .most = -DBL_MAX};
    if (make_limits(e)) return fail_memory(e);
    double *counts = ad_zalloc(e->ctx, LIMITS_MOST * sizeof *counts);
    if (!counts) return fail_memory(e);
    double bound = e->limits[e->limit_count - 1];
    for (int64_t i = 0; i < count; ++i) {
        double v = values[i];
        if (!(fabs(v) <= bound)) continue;
        m.least = fmin(m.least, v), m.most = fmax(m.most, v);
        m.count += 1, m.sum += v, m.squares += v * v;
        counts[bucket_of(e, v)] += 1;
    }
    ad_status status = m.count > 0 ? put_histogram(e, tag, step, &m, counts) : AD_OK;
    ad_free(e->ctx, counts, LIMITS_MOST * sizeof *counts);
    return status;
}
