/* av_input.c - libav's way in: one file, read through ours. Which kinds of file are read is a list
 * of those that hold all there is in themselves: none that names others (playlists, scripts), none
 * that is known by its name alone. */
#include "base/notes.h"
#include "film/av.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16, SAID_BYTES = 200 };

static const char formats[] =
    "mov,mp4,matroska,webm,gif,apng,png_pipe,avi,mpegts,mpeg,ogg,flv,ivf,h264,hevc,obu,m4v,"
    "mpegvideo,mjpeg,yuv4mpegpipe,asf,mxf,nut,dv,gxf,rm,swf";

/* ---- errors ---- */

static _Thread_local char said[SAID_BYTES];

static void listen(void *user, int level, const char *format, va_list args)
{
    int prefix = 1;
    char line[SAID_BYTES];
    if (level > AV_LOG_ERROR) return;
    ad_libav.av_log_format_line2(user, level, format, args, line, sizeof line, &prefix);
    const char *text = line; /* "[mov @ 0x55...] " */
    if (*text == '[' && strstr(text, "] ")) text = strstr(text, "] ") + 2;
    snprintf(said, sizeof said, "%s", text);
    for (size_t n = strlen(said); n && (said[n - 1] == '\n' || said[n - 1] == '.');) said[--n] = 0;
}

ad_status ad_av_begin(ad_context *own)
{
    static atomic_flag silenced = ATOMIC_FLAG_INIT;
    ad_status status = ad_libav_load(own);
    said[0] = 0;
    if (!status && !atomic_flag_test_and_set(&silenced)) ad_libav.av_log_set_callback(listen);
    return status;
}

void ad_av_forget(void)
{
    said[0] = 0;
}

ad_status ad_av_fail(ad_context *ctx, const char *name, const char *what, int error)
{
    char reason[SAID_BYTES];
    ad_status status = error == AVERROR(ENOMEM)             ? AD_ERROR_MEMORY
                       : error == AVERROR_DECODER_NOT_FOUND ? AD_ERROR_UNSUPPORTED
                       : error == AVERROR_ENCODER_NOT_FOUND ? AD_ERROR_UNSUPPORTED
                       : error == AVERROR(EIO)              ? AD_ERROR_IO
                                                            : AD_ERROR_FORMAT;
    if (ad_libav.av_strerror(error, reason, sizeof reason) < 0)
        snprintf(reason, sizeof reason, "error %d", error);
    bool more = said[0] && !strstr(reason, said);
    return ad_fail(ctx, status, "%s: %s: %s%s%s%s", name, what, more ? said : reason,
                   more ? " (" : "", more ? reason : "", more ? ")" : "");
}

/* ---- reading ---- */

static ssize_t read_file(ad_av_input *in, void *to, size_t most)
{
    const ad_film_bytes *b = in->bytes;
    for (;;) {
        ssize_t got = pread(b->descriptor, to, most, (off_t)in->at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            ad_fail_errno(in->own, b->name, "cannot read", errno);
        } else if (!got) {
            ad_fail(in->own, AD_ERROR_IO,
                    "%s: was cut short while it was read: it ends after %zu bytes", b->name,
                    in->at);
        }
        in->failed |= got <= 0;
        return got;
    }
}

static int read_some(void *user, uint8_t *to, int most)
{
    ad_av_input *in = user;
    const ad_film_bytes *b = in->bytes;
    if (in->at >= b->size) {
        in->past_end = true;
        return AVERROR_EOF;
    }
    size_t count = b->size - in->at < (size_t)most ? b->size - in->at : (size_t)most;
    if (b->descriptor >= 0) {
        ssize_t got = read_file(in, to, count);
        if (got <= 0) return AVERROR(EIO);
        count = (size_t)got;
    } else {
        memcpy(to, b->bytes + in->at, count);
    }
    in->at += count;
    return (int)count;
}

static int64_t seek(void *user, int64_t offset, int whence)
{
    ad_av_input *in = user;
    int64_t size = (int64_t)in->bytes->size, to = offset;
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE) return size;
    if (whence == SEEK_CUR) to += (int64_t)in->at;
    if (whence == SEEK_END) to += size;
    if (to < 0) return AVERROR(EINVAL);
    in->at = (size_t)to;
    return to;
}

/* No file names another one that would be opened. */
static int open_nothing(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                        AVDictionary **options)
{
    (void)format, (void)io, (void)url, (void)flags, (void)options;
    return AVERROR(EACCES);
}

static AVFormatContext *new_format(ad_av_input *in)
{
    AVFormatContext *format = ad_libav.avformat_alloc_context();
    if (!format) return NULL;
    format->pb = in->io;
    format->io_open = open_nothing;
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->format_whitelist = ad_libav.av_strdup(formats);
    format->protocol_whitelist = ad_libav.av_strdup("none");
    format->max_streams = 64;
    if (format->format_whitelist && format->protocol_whitelist) return format;
    ad_libav.avformat_free_context(format);
    return NULL;
}

/* Decodes some frames where the headers do not tell all; none that is too large. */
static int look_at_streams(ad_av_input *in, int64_t max_pixels)
{
    unsigned count = in->format->nb_streams;
    AVDictionary **options = ad_libav.av_calloc(count + 1, sizeof *options);
    if (!options) return AVERROR(ENOMEM);
    for (unsigned i = 0; i < count; ++i)
        ad_libav.av_dict_set_int(&options[i], "max_pixels", max_pixels, 0);
    int error = ad_libav.avformat_find_stream_info(in->format, count ? options : NULL);
    for (unsigned i = 0; i < count; ++i) ad_libav.av_dict_free(&options[i]);
    ad_libav.av_free(options);
    return error;
}

ad_status ad_av_input_open(ad_av_input *in, ad_context *own, const ad_film_bytes *bytes,
                           int64_t max_pixels)
{
    *in = (ad_av_input){.own = own, .bytes = bytes};
    ad_av_forget();
    unsigned char *buffer = ad_libav.av_malloc(BUFFER_BYTES);
    in->io = buffer
                 ? ad_libav.avio_alloc_context(buffer, BUFFER_BYTES, 0, in, read_some, NULL, seek)
                 : NULL;
    in->format = in->io ? new_format(in) : NULL;
    if (!in->io) ad_libav.av_free(buffer);
    if (!in->format) return ad_av_fail(own, bytes->name, "cannot be read", AVERROR(ENOMEM));
    ad_av_clear();
    int error = ad_libav.avformat_open_input(&in->format, NULL, NULL,
                                             NULL); /* frees it where it fails */
    if (error >= 0) error = look_at_streams(in, max_pixels);
    if (ad_av_starved(error)) error = AVERROR(ENOMEM);
    if (error >= 0) return AD_OK;
    if (strstr(said, "not on whitelist"))
        return ad_fail(own, AD_ERROR_FORMAT, "%s: is of a kind that is not read as a film",
                       bytes->name);
    return in->failed ? ad_error_status(own)
                      : ad_av_fail(own, bytes->name, "is no film that can be read", error);
}

void ad_av_input_close(ad_av_input *in)
{
    if (in->format) ad_libav.avformat_close_input(&in->format);
    if (in->io) {
        ad_libav.av_freep(&in->io->buffer);
        ad_libav.avio_context_free(&in->io);
    }
}

int ad_av_input_choose(ad_av_input *in, enum AVMediaType type)
{
    int chosen = ad_libav.av_find_best_stream(in->format, type, -1, -1, NULL, 0);
    if (chosen >= 0 && (in->format->streams[chosen]->disposition & AV_DISPOSITION_ATTACHED_PIC))
        chosen = -1;
    for (unsigned i = 0; i < in->format->nb_streams; ++i)
        in->format->streams[i]->discard = (int)i == chosen ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    return chosen < 0 ? -1 : chosen;
}

int64_t ad_av_time(double seconds, AVRational tick)
{
    double time = tick.num > 0 && tick.den > 0 ? seconds / av_q2d(tick) : 0, most = 1e18;
    return time > most ? (int64_t)most : time < -most ? -(int64_t)most : (int64_t)time;
}

/* ---- counting ---- */

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* What the times of the frames, in order, say. */
static void judge(const int64_t *time, int64_t count, int64_t last, AVRational base,
                  ad_film_info *info)
{
    int64_t least = INT64_MAX, most = 0;
    for (int64_t i = 1; i < count; ++i) {
        int64_t step = time[i] - time[i - 1];
        if (step < least) least = step;
        if (step > most) most = step;
    }
    double tick = av_q2d(base), span = (double)(time[count - 1] - time[0]) * tick;
    /* a tick more or less is rounding */
    info->variable_rate = count > 2 && most - least > 2 &&
                          (double)(most - least) > 0.02 * (double)most;
    if (count > 1 && last <= 0) last = (time[count - 1] - time[0]) / (count - 1);
    info->frames = count;
    info->seconds = span + (double)last * tick;
    info->counted = true;
    if (info->variable_rate && info->seconds > 0)
        ad_film_rate((double)count / info->seconds, &info->fps_num, &info->fps_den);
}

/* Bare streams have no times: as many frames as there are, at the rate that the header says. */
static void judge_untimed(int64_t count, ad_film_info *info)
{
    info->frames = count, info->counted = true;
    if (info->fps_num > 0)
        info->seconds = (double)count * (double)info->fps_den / (double)info->fps_num;
}

enum { FRAMES_MOST = 1 << 24 };

ad_status ad_av_count(ad_av_input *in, int stream, ad_film_info *info)
{
    AVPacket *packet = ad_libav.av_packet_alloc();
    int64_t *time = NULL, capacity = 0, count = 0, last_time = INT64_MIN, last = 0;
    ad_status status = packet ? AD_OK : AD_ERROR_MEMORY;
    int error = 0;
    bool cut = false, timed = false;
    ad_av_clear();
    while (!status && count < FRAMES_MOST &&
           (error = ad_libav.av_read_frame(in->format, packet)) >= 0) {
        int64_t at = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
        bool shown = packet->stream_index == stream && !(packet->flags & AV_PKT_FLAG_DISCARD) &&
                     !((packet->flags & AV_PKT_FLAG_CORRUPT) && in->past_end);
        cut |= (packet->flags & AV_PKT_FLAG_CORRUPT) && in->past_end;
        if (shown) {
            int64_t *more = ad_grow(in->own, time, &capacity, count + 1, sizeof *time);
            if (!more) status = AD_ERROR_MEMORY;
            if (more) {
                time = more;
                time[count] = ad_av_is_time(at) ? at : count;
                ++count;
            }
            timed |= ad_av_is_time(at);
            if (ad_av_is_time(at) && at >= last_time) last_time = at, last = packet->duration;
        }
        ad_libav.av_packet_unref(packet);
    }
    ad_libav.av_packet_free(&packet);
    if (ad_av_starved(error)) status = AD_ERROR_MEMORY;
    if (status) ad_fail(in->own, status, "%s: out of memory", in->bytes->name);
    if (!status && in->failed) status = ad_error_status(in->own);
    if (!status && (cut || (error < 0 && error != AVERROR_EOF)))
        ad_note(in->own, "%s: is damaged or cut short; its first %lld frames are there",
                in->bytes->name, (long long)count);
    if (!status && count && !timed) judge_untimed(count, info);
    if (!status && timed) {
        qsort(time, (size_t)count, sizeof *time, by_time);
        judge(time, count, last, in->format->streams[stream]->time_base, info);
    }
    ad_free(in->own, time, (size_t)capacity * sizeof *time);
    return status;
}

int64_t ad_film_count_av(ad_context *own, const ad_film_bytes *bytes)
{
    ad_av_input in;
    ad_film_info info = {0};
    int stream = -1;
    if (!ad_av_input_open(&in, own, bytes, AD_FILM_MAX_PIXELS))
        stream = ad_av_input_choose(&in, AVMEDIA_TYPE_VIDEO);
    if (stream >= 0) (void)ad_av_count(&in, stream, &info);
    ad_av_input_close(&in);
    return info.frames;
}
