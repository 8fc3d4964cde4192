/* av_sound.c - the sound of another film, copied packet by packet as it is, or recoded
 * (av_recode.c) where the format cannot hold it. What is heard at `from` begins at 0; copied, a
 * packet, some hundredths of a second, is the smallest piece. */
#include "base/notes.h"
#include "film/av.h"

#include <string.h>

/* Of the input's pictures, from which times are counted. */
static double origin_of(const AVFormatContext *format)
{
    int video = ad_libav.av_find_best_stream((AVFormatContext *)format, AVMEDIA_TYPE_VIDEO, -1, -1,
                                             NULL, 0);
    const AVStream *stream = video >= 0 ? format->streams[video] : NULL;
    if (stream && stream->start_time != AV_NOPTS_VALUE)
        return (double)stream->start_time * av_q2d(stream->time_base);
    return format->start_time != AV_NOPTS_VALUE ? (double)format->start_time / AV_TIME_BASE : 0;
}

static int add_stream(ad_av_sound *s, AVFormatContext *format, const AVStream *from)
{
    const AVCodecContext *encoder = s->recode.encoder;
    s->to = ad_libav.avformat_new_stream(format, NULL);
    s->packet = ad_libav.av_packet_alloc();
    if (!s->to || !s->packet) return AVERROR(ENOMEM);
    s->to->time_base = encoder ? encoder->time_base : from->time_base;
    int error = encoder ? ad_libav.avcodec_parameters_from_context(s->to->codecpar, encoder)
                        : ad_libav.avcodec_parameters_copy(s->to->codecpar, from->codecpar);
    if (!encoder) s->to->codecpar->codec_tag = 0; /* of the other container */
    return error;
}

/* Where the format cannot hold the sound as it is; an AVERROR where it cannot be recoded either. */
static int recode(ad_av_sound *s, ad_context *own, const char *path, const AVFormatContext *format,
                  const AVStream *from)
{
    const AVCodec *codec = ad_av_recode_codec(format->oformat);
    const char *name = s->input.bytes->name,
               *is = ad_libav.avcodec_get_name(from->codecpar->codec_id);
    int64_t begin = ad_av_time(s->origin + s->from, from->time_base);
    int error = codec ? ad_av_recode_open(&s->recode, codec, from, begin, s->until,
                                          format->oformat->flags & AVFMT_GLOBALHEADER)
                      : AVERROR_ENCODER_NOT_FOUND;
    if (error >= 0)
        ad_note(own, "%s: its sound (%s) cannot stand in %s and becomes %s", name, is, path,
                ad_libav.avcodec_get_name(codec->id));
    else if (error != AVERROR(ENOMEM))
        ad_note(own, "%s: its sound (%s) cannot stand in %s and is left out", name, is, path);
    return error;
}

ad_status ad_av_sound_open(ad_av_sound *s, ad_context *own, const char *path,
                           AVFormatContext *format, const ad_film_sink_options *options)
{
    int error = 0;
    s->stream = -1;
    ad_status status = ad_av_input_open(&s->input, own, options->audio, AD_FILM_MAX_PIXELS);
    if (status) return status;
    s->origin = origin_of(s->input.format);
    s->from = options->audio_from;
    s->until = options->audio_to > 0 ? options->audio_to - s->from : 1e9;
    int stream = ad_av_input_choose(&s->input, AVMEDIA_TYPE_AUDIO);
    if (stream < 0) return AD_OK;
    const AVStream *from = s->input.format->streams[stream];
    if (ad_libav.avformat_query_codec(format->oformat, from->codecpar->codec_id,
                                      FF_COMPLIANCE_NORMAL) != 1) {
        error = recode(s, own, path, format, from);
        if (error < 0 && error != AVERROR(ENOMEM)) return AD_OK;
    }
    if (error >= 0) error = add_stream(s, format, from);
    if (error < 0) return ad_av_fail(own, path, "its sound cannot be written", error);
    if (s->from > 1) {
        int64_t at = ad_av_time(s->origin + s->from - 0.5, from->time_base);
        (void)ad_libav.avformat_seek_file(s->input.format, stream, INT64_MIN, at, at, 0);
    }
    s->stream = stream;
    return AD_OK;
}

/* The next packet of the part that is wanted, its times counted from there. */
static int read_packet(ad_av_sound *s)
{
    const AVStream *from = s->input.format->streams[s->stream];
    int64_t begin = ad_av_time(s->origin + s->from, from->time_base);
    for (;;) {
        ad_libav.av_packet_unref(s->packet);
        int error = ad_libav.av_read_frame(s->input.format, s->packet);
        if (error < 0) return error;
        if (s->packet->stream_index != s->stream) continue;
        if (s->packet->pts == AV_NOPTS_VALUE) s->packet->pts = s->packet->dts;
        if (!ad_av_is_time(s->packet->pts)) continue;
        int64_t middle = s->packet->pts + s->packet->duration / 2;
        if (middle < begin) continue;
        s->packet->pts = s->packet->pts > begin ? s->packet->pts - begin : 0;
        s->packet->dts = s->packet->pts; /* sound is stored in its order */
        return 0;
    }
}

static int write_packet(ad_av_sound *s, AVFormatContext *format, AVRational tick)
{
    ad_libav.av_packet_rescale_ts(s->packet, tick, s->to->time_base);
    s->packet->stream_index = s->to->index;
    s->packet->pos = -1;
    return ad_libav.av_interleaved_write_frame(format, s->packet);
}

static int write_copied(ad_av_sound *s, AVFormatContext *format, double time)
{
    const AVStream *from = s->input.format->streams[s->stream];
    int error = 0;
    while (!s->ended && error >= 0) {
        if (!s->waits && read_packet(s) < 0) s->ended = true;
        s->waits = !s->ended;
        double at = s->waits ? (double)s->packet->pts * av_q2d(from->time_base) : 0;
        if (at >= s->until) s->ended = true, s->waits = false;
        if (s->ended || at >= time) break;
        s->waits = false;
        error = write_packet(s, format, from->time_base);
    }
    return error;
}

static int recode_more(ad_av_sound *s)
{
    int error;
    do {
        ad_libav.av_packet_unref(s->packet);
        error = ad_libav.av_read_frame(s->input.format, s->packet);
    } while (error >= 0 && s->packet->stream_index != s->stream);
    error = ad_av_recode_put(&s->recode, error >= 0 ? s->packet : NULL);
    ad_libav.av_packet_unref(s->packet);
    return error;
}

static int write_recoded(ad_av_sound *s, AVFormatContext *format, double time)
{
    double rate = s->recode.encoder->sample_rate;
    int error = 0;
    while (error >= 0 && !s->ended) {
        error = ad_av_recode_take(&s->recode, s->packet);
        if (error == AVERROR_EOF) return s->ended = true, 0;
        if (error == AVERROR(EAGAIN) && (double)s->recode.given / rate >= time) return 0;
        if (error == AVERROR(EAGAIN))
            error = recode_more(s);
        else if (error >= 0)
            error = write_packet(s, format, s->recode.encoder->time_base);
    }
    return error;
}

int ad_av_sound_write(ad_av_sound *s, AVFormatContext *format, double time)
{
    if (s->stream < 0) return 0;
    return s->recode.encoder ? write_recoded(s, format, time) : write_copied(s, format, time);
}

void ad_av_sound_close(ad_av_sound *s)
{
    ad_libav.av_packet_free(&s->packet);
    ad_av_recode_close(&s->recode);
    ad_av_input_close(&s->input);
}
