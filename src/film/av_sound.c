/* av_sound.c - the sound of another film, copied packet by packet as it is. What is heard at `from`
 * begins at 0; a packet, some hundredths of a second, is the smallest piece. */
#include "base/notes.h"
#include "film/av.h"

#include <string.h>

/* Of the input's pictures, from which times are counted. */
static double origin_of(const AVFormatContext *format)
{
    int video = av_find_best_stream((AVFormatContext *)format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    const AVStream *stream = video >= 0 ? format->streams[video] : NULL;
    if (stream && stream->start_time != AV_NOPTS_VALUE)
        return (double)stream->start_time * av_q2d(stream->time_base);
    return format->start_time != AV_NOPTS_VALUE ? (double)format->start_time / AV_TIME_BASE : 0;
}

static int add_stream(ad_av_sound *s, AVFormatContext *format, const AVStream *from)
{
    s->to = avformat_new_stream(format, NULL);
    s->packet = av_packet_alloc();
    if (!s->to || !s->packet) return AVERROR(ENOMEM);
    s->to->time_base = from->time_base;
    int error = avcodec_parameters_copy(s->to->codecpar, from->codecpar);
    s->to->codecpar->codec_tag = 0; /* of the other container */
    return error;
}

ad_status ad_av_sound_open(ad_av_sound *s, ad_context *own, const char *path,
                           AVFormatContext *format, const ad_film_sink_options *options)
{
    const char *name = options->audio->name;
    s->stream = -1;
    ad_status status = ad_av_input_open(&s->input, own, options->audio, AD_FILM_MAX_PIXELS);
    if (status) return status;
    s->origin = origin_of(s->input.format);
    int stream = ad_av_input_choose(&s->input, AVMEDIA_TYPE_AUDIO);
    if (stream < 0) return AD_OK;
    const AVStream *from = s->input.format->streams[stream];
    enum AVCodecID codec = from->codecpar->codec_id;
    if (avformat_query_codec(format->oformat, codec, FF_COMPLIANCE_NORMAL) != 1) {
        ad_note(own, "%s: its sound (%s) cannot stand in %s and is left out", name,
                avcodec_get_name(codec), path);
        return AD_OK;
    }
    int error = add_stream(s, format, from);
    if (error < 0) return ad_av_fail(own, path, "its sound cannot be written", error);
    s->from = options->audio_from;
    s->until = options->audio_to > 0 ? options->audio_to - s->from : 1e9;
    if (s->from > 1) {
        int64_t at = (int64_t)((s->origin + s->from - 0.5) / av_q2d(from->time_base));
        (void)avformat_seek_file(s->input.format, stream, INT64_MIN, at, at, 0);
    }
    s->stream = stream;
    return AD_OK;
}

/* The next packet of the part that is wanted, its times counted from there. */
static int read_packet(ad_av_sound *s)
{
    const AVStream *from = s->input.format->streams[s->stream];
    double tick = av_q2d(from->time_base);
    int64_t begin = (int64_t)((s->origin + s->from) / tick);
    for (;;) {
        av_packet_unref(s->packet);
        int error = av_read_frame(s->input.format, s->packet);
        if (error < 0) return error;
        if (s->packet->stream_index != s->stream) continue;
        if (s->packet->pts == AV_NOPTS_VALUE) s->packet->pts = s->packet->dts;
        if (s->packet->pts == AV_NOPTS_VALUE) continue;
        int64_t middle = s->packet->pts + s->packet->duration / 2;
        if (middle < begin) continue;
        s->packet->pts = s->packet->pts > begin ? s->packet->pts - begin : 0;
        s->packet->dts = s->packet->pts; /* sound is stored in its order */
        return 0;
    }
}

int ad_av_sound_write(ad_av_sound *s, AVFormatContext *format, double time)
{
    if (s->stream < 0) return 0;
    const AVStream *from = s->input.format->streams[s->stream];
    while (!s->ended) {
        if (!s->waits && read_packet(s) < 0) s->ended = true;
        s->waits = !s->ended;
        double at = s->waits ? (double)s->packet->pts * av_q2d(from->time_base) : 0;
        if (at >= s->until) s->ended = true, s->waits = false;
        if (s->ended || at >= time) break;
        av_packet_rescale_ts(s->packet, from->time_base, s->to->time_base);
        s->packet->stream_index = s->to->index;
        s->packet->pos = -1;
        s->waits = false;
        int error = av_interleaved_write_frame(format, s->packet);
        if (error < 0) return error;
    }
    return 0;
}

void ad_av_sound_close(ad_av_sound *s)
{
    av_packet_free(&s->packet);
    ad_av_input_close(&s->input);
}
