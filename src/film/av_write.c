/* av_write.c - a video file as a sink of frames. MP4 is written in fragments, each of which can be
 * played when it is there: what was written of a film that ends too soon is of use. */
#include "base/notes.h"
#include "film/av_output.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PENDING = 512, KEY_SECONDS = 2, THREADS_MOST = 16, TICKS = 90000 };

typedef struct av_kind {
    const char *format, *encoder, *codec, *instead;
    int crf;
} av_kind;

/* By ad_film_kind. */
static const av_kind kinds[] = {
    [AD_FILM_MP4] = {"mp4", "libx264", "H.264", ".webm, .gif or a folder", 18},
    [AD_FILM_WEBM] = {"webm", "libvpx-vp9", "VP9", ".mp4, .gif or a folder", 30},
    [AD_FILM_APNG] = {"apng", "apng", "animated PNG", ".gif or a folder", 0},
};

typedef struct av_sink {
    ad_film_sink base;
    const av_kind *kind;
    ad_film_sink_options options;
    ad_av_output output;
    ad_av_sound sound;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVStream *stream;
    AVPacket *packet;
    AVFrame *rgb, *frame; /* frame is rgb where the codec takes that */
    struct SwsContext *scaler;
    bool begun; /* the header is written */
    int64_t number, last_pts;
    double last_duration, end;
    struct {
        int64_t pts, duration;
    } pending[PENDING]; /* of the frames that the encoder has, by their numbers */
} av_sink;

static ad_status fail(av_sink *s, const char *what, int error)
{
    if (s->output.failed) return ad_error_status(s->base.own);
    return ad_av_fail(s->base.own, s->base.path, what, error);
}

/* ---- beginning ---- */

static void set_options(av_sink *s)
{
    AVCodecContext *c = s->codec;
    char crf[16];
    snprintf(crf, sizeof crf, "%d", s->options.crf ? s->options.crf : s->kind->crf);
    if (s->options.kind == AD_FILM_APNG) return;
    (void)av_opt_set(c->priv_data, "crf", crf, 0);
    if (s->options.kind == AD_FILM_MP4) (void)av_opt_set(c->priv_data, "preset", "medium", 0);
    if (s->options.kind == AD_FILM_WEBM) {
        c->bit_rate = 0;
        (void)av_opt_set(c->priv_data, "deadline", "good", 0);
        (void)av_opt_set(c->priv_data, "cpu-used", "4", 0);
        (void)av_opt_set(c->priv_data, "row-mt", "1", 0);
    }
}

static int open_encoder(av_sink *s)
{
    const ad_film_sink_options *o = &s->options;
    AVCodecContext *c = s->codec = avcodec_alloc_context3(
        avcodec_find_encoder_by_name(s->kind->encoder));
    if (!c) return AVERROR(ENOMEM);
    bool even = s->base.even;
    c->width = (int)s->base.width, c->height = (int)s->base.height;
    c->pix_fmt = even                    ? AV_PIX_FMT_YUV420P
                 : s->base.channels == 4 ? AV_PIX_FMT_RGBA
                                         : AV_PIX_FMT_RGB24;
    c->time_base = o->fps_num ? (AVRational){(int)o->fps_den, (int)o->fps_num}
                              : (AVRational){1, even ? TICKS : 1000};
    c->framerate = o->fps_num ? av_inv_q(c->time_base) : (AVRational){30, 1};
    c->gop_size = (int)lround(KEY_SECONDS * av_q2d(c->framerate));
    if (c->gop_size < 1) c->gop_size = 1;
    c->sample_aspect_ratio = (AVRational){1, 1};
    c->thread_count = o->threads < THREADS_MOST ? o->threads : THREADS_MOST;
    c->flags |= AV_CODEC_FLAG_BITEXACT;
    if (s->format->oformat->flags & AVFMT_GLOBALHEADER) c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (even) {
        c->color_range = AVCOL_RANGE_MPEG, c->colorspace = AVCOL_SPC_BT709;
        c->color_primaries = AVCOL_PRI_BT709, c->color_trc = AVCOL_TRC_BT709;
        c->chroma_sample_location = AVCHROMA_LOC_LEFT;
    }
    set_options(s);
    return avcodec_open2(c, NULL, NULL);
}

static int new_frame(AVFrame **out, const AVCodecContext *c, enum AVPixelFormat format)
{
    AVFrame *frame = *out = av_frame_alloc();
    if (!frame) return AVERROR(ENOMEM);
    frame->width = c->width, frame->height = c->height, frame->format = format;
    frame->color_range = c->color_range, frame->colorspace = c->colorspace;
    frame->color_primaries = c->color_primaries, frame->color_trc = c->color_trc;
    return av_frame_get_buffer(frame, 0);
}

/* What the encoder takes, and the way there: BT.709, 16 to 235. */
static int make_frames(av_sink *s)
{
    const AVCodecContext *c = s->codec;
    enum AVPixelFormat rgb = s->base.channels == 4 ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24;
    int error = new_frame(&s->rgb, c, rgb);
    if (error < 0 || rgb == c->pix_fmt) return error;
    error = new_frame(&s->frame, c, c->pix_fmt);
    if (error < 0) return error;
    s->scaler = sws_getContext(c->width, c->height, rgb, c->width, c->height, c->pix_fmt,
                               SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, NULL, NULL,
                               NULL);
    if (!s->scaler) return AVERROR(ENOMEM);
    const int *formula = sws_getCoefficients(SWS_CS_ITU709);
    return sws_setColorspaceDetails(s->scaler, formula, 1, formula, 0, 0, 1 << 16, 1 << 16) < 0
               ? AVERROR(EINVAL)
               : 0;
}

static int write_header(av_sink *s)
{
    AVDictionary *options = NULL;
    if (s->options.kind == AD_FILM_MP4)
        av_dict_set(&options, "movflags", "frag_keyframe+delay_moov+default_base_moof", 0);
    if (s->options.kind == AD_FILM_WEBM) av_dict_set(&options, "cluster_time_limit", "2000", 0);
    if (s->options.kind == AD_FILM_APNG) av_dict_set(&options, "plays", "0", 0); /* for ever */
    int error = avformat_write_header(s->format, &options);
    av_dict_free(&options);
    s->begun = error >= 0;
    return error;
}

static ad_status begin(av_sink *s)
{
    ad_context *own = s->base.own;
    ad_status status = ad_av_output_open(&s->output, own, s->base.path);
    if (status) return status;
    int error = avformat_alloc_output_context2(&s->format, NULL, s->kind->format, NULL);
    if (error >= 0) {
        s->format->pb = s->output.io;
        s->format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT | AVFMT_FLAG_FLUSH_PACKETS;
        s->packet = av_packet_alloc();
        s->stream = avformat_new_stream(s->format, NULL);
        error = s->packet && s->stream ? open_encoder(s) : AVERROR(ENOMEM);
    }
    if (error >= 0) error = make_frames(s);
    if (error >= 0) error = avcodec_parameters_from_context(s->stream->codecpar, s->codec);
    if (error < 0) return fail(s, "its encoder cannot be opened", error);
    s->stream->time_base = s->codec->time_base;
    if (s->options.fps_num) s->stream->avg_frame_rate = s->codec->framerate;
    if (s->options.audio)
        status = ad_av_sound_open(&s->sound, own, s->base.path, s->format, &s->options);
    if (status) return status;
    error = write_header(s);
    return error < 0 ? fail(s, "cannot be written", error) : AD_OK;
}

/* ---- frames ---- */

static int64_t duration_of(const av_sink *s, int64_t pts)
{
    for (int64_t i = s->number - 1; i >= 0 && i >= s->number - PENDING; --i)
        if (s->pending[i % PENDING].pts == pts) return s->pending[i % PENDING].duration;
    return 0;
}

/* What the encoder has ready; `frame` NULL: all that is left. */
static int encode(av_sink *s, const AVFrame *frame)
{
    int error = avcodec_send_frame(s->codec, frame);
    while (error >= 0) {
        error = avcodec_receive_packet(s->codec, s->packet);
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return 0;
        if (error < 0) break;
        s->packet->duration = duration_of(s, s->packet->pts);
        s->packet->stream_index = s->stream->index;
        av_packet_rescale_ts(s->packet, s->codec->time_base, s->stream->time_base);
        error = av_interleaved_write_frame(s->format, s->packet);
    }
    return error;
}

static int fill(av_sink *s, const ad_film_slot *slot)
{
    int error = av_frame_make_writable(s->rgb);
    size_t row = (size_t)(s->base.width * s->base.channels);
    for (int64_t y = 0; error >= 0 && y < s->base.height; ++y)
        memcpy(s->rgb->data[0] + y * s->rgb->linesize[0],
               (const uint8_t *)slot->pixels + (size_t)y * row, row);
    if (error < 0 || !s->scaler) return error;
    error = av_frame_make_writable(s->frame);
    if (error < 0) return error;
    error = sws_scale(s->scaler, (const uint8_t *const *)s->rgb->data, s->rgb->linesize, 0,
                      (int)s->base.height, s->frame->data, s->frame->linesize);
    return error < 0 ? error : 0;
}

static ad_status add(ad_film_sink *sink, const ad_film_slot *slot)
{
    av_sink *s = (av_sink *)sink;
    ad_av_silence();
    ad_status status = s->format ? AD_OK : begin(s);
    if (status) return status;
    double tick = av_q2d(s->codec->time_base);
    AVFrame *frame = s->scaler ? s->frame : s->rgb;
    int error = fill(s, slot);
    int64_t pts = llround(slot->time / tick), duration = llround(slot->duration / tick);
    if (s->number && pts <= s->last_pts) pts = s->last_pts + 1;
    if (duration < 1) duration = 1;
    s->pending[s->number % PENDING].pts = pts;
    s->pending[s->number++ % PENDING].duration = duration;
    s->last_pts = pts, s->last_duration = (double)duration * tick;
    s->end = slot->time + slot->duration;
    if (error >= 0) {
        frame->pts = pts;
        error = encode(s, frame);
    }
    if (error >= 0 && s->options.audio) error = ad_av_sound_write(&s->sound, s->format, slot->time);
    return error < 0 ? fail(s, "cannot be written", error) : AD_OK;
}

/* ---- the end ---- */

static const double sound_longer = 0.5; /* seconds behind the last frame, at most */

static ad_status finish(ad_film_sink *sink)
{
    av_sink *s = (av_sink *)sink;
    char delay[48];
    ad_av_silence();
    if (!s->format) return AD_OK;
    int error = encode(s, NULL);
    if (error >= 0 && s->options.audio)
        error = ad_av_sound_write(&s->sound, s->format, s->end + sound_longer);
    if (s->options.kind == AD_FILM_APNG) {
        snprintf(delay, sizeof delay, "%d/1000", (int)lround(fmin(s->last_duration, 60) * 1000));
        (void)av_opt_set(s->format->priv_data, "final_delay", delay, 0);
    }
    if (error >= 0) error = av_write_trailer(s->format);
    avio_flush(s->output.io);
    if (error >= 0 && s->output.io->error < 0) error = s->output.io->error;
    return error < 0 ? fail(s, "cannot be written", error) : AD_OK;
}

static ad_status commit(ad_film_sink *sink)
{
    av_sink *s = (av_sink *)sink;
    ad_output *file = s->output.file;
    s->output.file = NULL;
    return ad_output_commit(file);
}

static bool keep(ad_film_sink *sink, const char *partial, const char **path, int64_t *frames)
{
    av_sink *s = (av_sink *)sink;
    ad_output *file = s->output.file;
    ad_file_bytes bytes;
    s->output.file = NULL;
    *path = partial, *frames = 0;
    if (!file || ad_output_keep(file, partial)) return false;
    if (!ad_file_bytes_read_parts(&bytes, sink->own, partial, SIZE_MAX / 4)) {
        ad_film_bytes film = {partial, bytes.bytes, bytes.size, ad_file_bytes_descriptor(&bytes)};
        *frames = ad_film_count_av(sink->own, &film);
        ad_file_bytes_free(&bytes);
    }
    if (!*frames) unlink(partial);
    return *frames > 0;
}

static void release(ad_film_sink *sink)
{
    av_sink *s = (av_sink *)sink;
    ad_av_silence();
    ad_av_sound_close(&s->sound);
    sws_freeContext(s->scaler);
    av_frame_free(&s->rgb), av_frame_free(&s->frame);
    av_packet_free(&s->packet);
    avcodec_free_context(&s->codec);
    if (s->format) avformat_free_context(s->format);
    ad_av_output_close(&s->output);
    ad_output_discard(s->output.file);
    ad_free(sink->own, s, sizeof *s);
}

ad_status ad_film_sink_av(ad_film_sink **out, ad_context *own, const char *path,
                          const ad_film_sink_options *options)
{
    const av_kind *kind = &kinds[options->kind];
    *out = NULL;
    ad_av_silence();
    if (!avcodec_find_encoder_by_name(kind->encoder) || !av_guess_format(kind->format, NULL, NULL))
        return ad_fail(own, AD_ERROR_UNSUPPORTED,
                       "%s: this libav has no %s, which writes %s; what would do: %s", path,
                       kind->encoder, kind->codec, kind->instead);
    av_sink *s = ad_zalloc(own, sizeof *s);
    if (!s) return AD_ERROR_MEMORY;
    s->base = (ad_film_sink){.own = own,
                             .path = path,
                             .add = add,
                             .finish = finish,
                             .commit = commit,
                             .keep = keep,
                             .free = release};
    s->base.alpha = options->kind == AD_FILM_APNG;
    s->base.even = options->kind != AD_FILM_APNG;
    s->kind = kind, s->options = *options, s->sound.stream = -1;
    *out = &s->base;
    return AD_OK;
}
