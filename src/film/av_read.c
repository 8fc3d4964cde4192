/* av_read.c - a video file as a source of frames. One decoded frame is held back, so that each
 * one's duration is known: it lasts until the next. Times are counted from the first frame that is
 * shown. */
#include "base/notes.h"
#include "film/av_source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { THREADS_MOST = 16 };

/* ---- decoding ---- */

static int64_t time_of(const AVFrame *frame)
{
    return frame->best_effort_timestamp;
}

/* A frame without a time comes one frame behind the last. */
static void set_time(ad_av_source *s, AVFrame *frame)
{
    const ad_film_info *info = &s->base.info;
    double step = info->fps_num ? (double)info->fps_den / (double)info->fps_num : 0.04;
    if (!ad_av_is_time(frame->best_effort_timestamp)) frame->best_effort_timestamp = frame->pts;
    if (!ad_av_is_time(frame->best_effort_timestamp))
        frame->best_effort_timestamp = s->clock + ad_av_time(fmin(step, 100), s->tick);
    s->clock = frame->best_effort_timestamp;
    if (!ad_av_is_time(s->clock)) s->clock = frame->best_effort_timestamp = 0;
}

static ad_status starved(const ad_av_source *s)
{
    return ad_av_fail(s->base.own, s->input.bytes->name, "cannot be decoded", AVERROR(ENOMEM));
}

/* The file's end, or where it is broken. */
static void drain(ad_av_source *s, int error, bool cut)
{
    s->broken = cut || error != AVERROR_EOF || s->input.failed;
    s->error = cut ? AVERROR_EOF : error, s->draining = true;
    ad_libav.av_packet_unref(s->packet);
    (void)ad_libav.avcodec_send_packet(s->codec, NULL);
}

/* Packets until the decoder has had one of the stream's, or the end. */
static ad_status feed(ad_av_source *s)
{
    for (;;) {
        ad_av_clear();
        int error = ad_libav.av_read_frame(s->input.format, s->packet);
        if (ad_av_starved(error)) return starved(s);
        if (error == AVERROR(EAGAIN)) continue;
        bool cut = error >= 0 && (s->packet->flags & AV_PKT_FLAG_CORRUPT) && s->input.past_end;
        if (error < 0 || cut) return drain(s, error, cut), AD_OK;
        bool ours = s->packet->stream_index == s->stream;
        if (ours) error = ad_libav.avcodec_send_packet(s->codec, s->packet);
        ad_libav.av_packet_unref(s->packet);
        if (ad_av_starved(error)) return starved(s);
        s->damaged += error < 0;
        if (ours) return AD_OK;
    }
}

/* The next frame that can be decoded; without data at the end. Out of memory is an error. */
static ad_status decode(ad_av_source *s, AVFrame *frame)
{
    ad_status status = AD_OK;
    while (!status) {
        ad_av_clear();
        int error = ad_libav.avcodec_receive_frame(s->codec, frame);
        if (ad_av_starved(error)) return starved(s);
        if (error >= 0 && frame->width > 0 && frame->height > 0) return set_time(s, frame), AD_OK;
        if (error == AVERROR_EOF) return AD_OK;
        if (error != AVERROR(EAGAIN)) ++s->damaged;
        if (error >= 0) ad_libav.av_frame_unref(frame);
        if (error == AVERROR(EAGAIN) && s->draining) return AD_OK;
        if (error == AVERROR(EAGAIN)) status = feed(s);
    }
    return status;
}

/* `frame` becomes the one behind it. */
static ad_status advance(ad_av_source *s)
{
    AVFrame *spare = s->frame;
    ad_libav.av_frame_unref(spare);
    s->frame = s->later, s->later = spare;
    return s->frame->data[0] ? decode(s, s->later) : AD_OK;
}

static double seconds_of(const ad_av_source *s)
{
    return (double)(time_of(s->frame) - s->origin) * av_q2d(s->tick);
}

/* The last frame's, which not every format has: until the stream ends, or as long as any. */
static double last_duration(const ad_av_source *s)
{
    const ad_film_info *info = &s->base.info;
    const AVStream *stream = s->input.format->streams[s->stream];
    double own = (double)AD_AV_DURATION(s->frame);
    if (own <= 0 && stream->duration > 0)
        own = (double)stream->duration - (double)(time_of(s->frame) - s->origin);
    double seconds = own * av_q2d(s->tick);
    if (seconds > 0 && seconds < 600) return seconds;
    return info->fps_num ? (double)info->fps_den / (double)info->fps_num : 0.04;
}

static double duration_of(const ad_av_source *s)
{
    if (!s->later->data[0]) return last_duration(s);
    double until = (double)(time_of(s->later) - time_of(s->frame)) * av_q2d(s->tick);
    return until > 0 && until < 1e6 ? until : last_duration(s);
}

/* ---- frames ---- */

static void say_end(ad_av_source *s)
{
    ad_context *own = s->base.own;
    const char *name = s->input.bytes->name;
    if (s->damaged)
        ad_note(own, "%s: %lld frame%s cannot be decoded; left out", name, (long long)s->damaged,
                s->damaged == 1 ? "" : "s");
    if (s->resized)
        ad_note(own, "%s: %lld frame%s of another size made as large as the first", name,
                (long long)s->resized, s->resized == 1 ? " is" : "s are");
    s->damaged = s->resized = 0;
}

static ad_status ended_too_soon(const ad_av_source *s)
{
    char what[128];
    if (s->input.failed) return ad_error_status(s->base.own);
    if (s->error == AVERROR_EOF)
        return ad_fail(s->base.own, AD_ERROR_FORMAT,
                       "%s: is cut short: it ends within what follows frame %lld",
                       s->input.bytes->name, (long long)s->given);
    snprintf(what, sizeof what, "is damaged or cut short behind frame %lld", (long long)s->given);
    return ad_av_fail(s->base.own, s->input.bytes->name, what, s->error);
}

static ad_status next(ad_film_source *source, double from, ad_film_slot *slot, bool *ended)
{
    ad_av_source *s = (ad_av_source *)source;
    ad_status status = AD_OK;
    ad_av_forget();
    while (!status && s->frame->data[0] &&
           seconds_of(s) + duration_of(s) <= from + ad_film_instant) {
        ++s->given;
        status = advance(s);
    }
    *ended = !status && !s->frame->data[0];
    if (*ended) say_end(s);
    if (*ended && s->broken) status = ended_too_soon(s);
    if (status || *ended) return status;
    slot->time = seconds_of(s), slot->duration = duration_of(s);
    if (slot->time < 0) slot->time = 0;
    if (s->frame->width != s->width || s->frame->height != s->height) ++s->resized;
    status = ad_av_pixels_convert(&s->pixels, source->own, s->input.bytes->name, s->frame,
                                  slot->pixels);
    if (!status) status = advance(s);
    ++s->given;
    return status;
}

/* Two frames, from wherever the input is. */
static ad_status refill(ad_av_source *s)
{
    ad_libav.av_frame_unref(s->frame), ad_libav.av_frame_unref(s->later);
    ad_status status = decode(s, s->frame);
    if (!status && s->frame->data[0]) status = decode(s, s->later);
    return status;
}

static bool jump(ad_av_source *s, int64_t to)
{
    if (ad_libav.avformat_seek_file(s->input.format, s->stream, INT64_MIN, to, to, 0) < 0)
        return false;
    ad_libav.avcodec_flush_buffers(s->codec);
    s->draining = s->broken = s->input.past_end = false;
    return true;
}

/* From a keyframe at or before it. Files without an index that is right, and GIFs, which have none,
 * are decoded from their beginning. */
static ad_status seek_to(ad_film_source *source, double from)
{
    ad_av_source *s = (ad_av_source *)source;
    const char *format = s->input.format->iformat->name;
    ad_av_forget();
    if (!strcmp(format, "gif") || !strcmp(format, "apng") || from < 1) return AD_OK;
    if (!jump(s, s->origin + ad_av_time(from, s->tick))) return AD_OK;
    ad_status status = refill(s);
    if (status || (s->frame->data[0] && seconds_of(s) <= from + ad_film_instant)) return status;
    if (!jump(s, s->origin) && !jump(s, 0))
        return ad_fail(source->own, AD_ERROR_FORMAT, "%s: cannot be wound to %g seconds",
                       s->input.bytes->name, from);
    return refill(s);
}

/* ---- opening ---- */

static ad_status no_video(ad_av_source *s)
{
    const AVFormatContext *format = s->input.format;
    const char *name = s->input.bytes->name;
    for (unsigned i = 0; i < format->nb_streams; ++i)
        if (format->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
            return ad_fail(s->base.own, AD_ERROR_FORMAT, "%s: holds sound (%s) and no pictures",
                           name, ad_libav.avcodec_get_name(format->streams[i]->codecpar->codec_id));
    return ad_fail(s->base.own, AD_ERROR_FORMAT, "%s: holds no pictures", name);
}

static ad_status open_codec(ad_av_source *s, const ad_film_options *options, int threads)
{
    const AVStream *stream = s->input.format->streams[s->stream];
    const char *name = s->input.bytes->name;
    const AVCodec *decoder = ad_libav.avcodec_find_decoder(stream->codecpar->codec_id);
    if (!decoder) {
        char tag[AV_FOURCC_MAX_STRING_SIZE];
        enum AVCodecID id = stream->codecpar->codec_id;
        ad_libav.av_fourcc_make_string(tag, stream->codecpar->codec_tag);
        return ad_fail(s->base.own, AD_ERROR_UNSUPPORTED,
                       "%s: its pictures are %s, for which this libav has no decoder", name,
                       id == AV_CODEC_ID_NONE ? tag : ad_libav.avcodec_get_name(id));
    }
    int64_t width = stream->codecpar->width, height = stream->codecpar->height;
    if (width * height > options->max_pixels)
        return ad_av_too_large(s, width, height, options->max_pixels);
    s->codec = ad_libav.avcodec_alloc_context3(decoder);
    int error = s->codec ? ad_libav.avcodec_parameters_to_context(s->codec, stream->codecpar)
                         : AVERROR(ENOMEM);
    if (error >= 0) {
        s->codec->max_pixels = options->max_pixels;
        s->codec->pkt_timebase = stream->time_base;
        s->codec->thread_count = threads < THREADS_MOST ? threads : THREADS_MOST;
        error = ad_libav.avcodec_open2(s->codec, decoder, NULL);
    }
    return error < 0 ? ad_av_fail(s->base.own, name, "its pictures cannot be decoded", error)
                     : AD_OK;
}

static ad_status first_frame(ad_av_source *s, int64_t max_pixels)
{
    ad_status status = refill(s);
    if (status) return status;
    if (!s->frame->data[0] && s->broken) return ended_too_soon(s);
    if (!s->frame->data[0])
        return ad_fail(s->base.own, AD_ERROR_FORMAT, "%s: has no frame that can be decoded",
                       s->input.bytes->name);
    s->origin = time_of(s->frame);
    s->width = s->frame->width, s->height = s->frame->height;
    return ad_av_describe_frame(s, max_pixels);
}

static void release(ad_film_source *source)
{
    ad_av_source *s = (ad_av_source *)source;
    ad_av_pixels_free(&s->pixels);
    ad_libav.av_frame_free(&s->frame), ad_libav.av_frame_free(&s->later);
    ad_libav.av_packet_free(&s->packet);
    ad_libav.avcodec_free_context(&s->codec);
    ad_av_input_close(&s->input);
    ad_free(source->own, s, sizeof *s);
}

/* Reads the whole file, and then opens it once more. */
static ad_status count(ad_av_source *s, const ad_film_bytes *bytes, int64_t max_pixels)
{
    ad_av_input in;
    ad_status status = ad_av_input_open(&in, s->base.own, bytes, max_pixels);
    int stream = status ? -1 : ad_av_input_choose(&in, AVMEDIA_TYPE_VIDEO);
    if (stream >= 0) status = ad_av_count(&in, stream, &s->base.info);
    ad_av_input_close(&in);
    return status;
}

ad_status ad_film_source_av(ad_film_source **out, ad_context *own, const ad_film_bytes *bytes,
                            const ad_film_options *options, int threads)
{
    *out = NULL;
    ad_status status = ad_av_begin(own);
    ad_av_source *s = status ? NULL : ad_zalloc(own, sizeof *s);
    if (!s) return status ? status : AD_ERROR_MEMORY;
    s->base = (ad_film_source){.own = own, .next = next, .seek = seek_to, .free = release};
    status = ad_av_input_open(&s->input, own, bytes, options->max_pixels);
    if (!status) {
        s->packet = ad_libav.av_packet_alloc(), s->frame = ad_libav.av_frame_alloc(),
        s->later = ad_libav.av_frame_alloc();
        if (!s->packet || !s->frame || !s->later)
            status = ad_av_fail(own, bytes->name, "cannot be read", AVERROR(ENOMEM));
    }
    if (!status && (s->stream = ad_av_input_choose(&s->input, AVMEDIA_TYPE_VIDEO)) < 0)
        status = no_video(s);
    if (!status) status = open_codec(s, options, threads);
    if (!status) {
        s->tick = s->input.format->streams[s->stream]->time_base;
        ad_av_describe_header(s);
        status = first_frame(s, options->max_pixels);
    }
    if (!status && options->count) status = count(s, bytes, options->max_pixels);
    if (status)
        release(&s->base);
    else
        *out = &s->base;
    return status;
}
