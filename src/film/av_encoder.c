/* av_encoder.c - the beginning of a video file that is written: encoder, conversion, header. MP4 is
 * written in fragments, each of which can be played when it is there: what was written of a film
 * that ends too soon is of use. */
#include "film/av_sink.h"

#include <math.h>
#include <stdio.h>

enum { KEY_SECONDS = 2, THREADS_MOST = 16, TICKS = 90000 };

ad_status ad_av_sink_fail(ad_av_sink *s, const char *what, int error)
{
    if (s->output.failed) return ad_error_status(s->base.own);
    return ad_av_fail(s->base.own, s->base.path, what, error);
}

static void set_options(ad_av_sink *s)
{
    AVCodecContext *c = s->codec;
    char crf[16];
    snprintf(crf, sizeof crf, "%d", s->options.crf ? s->options.crf : s->kind->crf);
    if (s->options.kind == AD_FILM_APNG) return;
    (void)ad_libav.av_opt_set(c->priv_data, "crf", crf, 0);
    if (s->options.kind == AD_FILM_MP4)
        (void)ad_libav.av_opt_set(c->priv_data, "preset", "medium", 0);
    if (s->options.kind == AD_FILM_WEBM) {
        c->bit_rate = 0;
        (void)ad_libav.av_opt_set(c->priv_data, "deadline", "good", 0);
        (void)ad_libav.av_opt_set(c->priv_data, "cpu-used", "4", 0);
        (void)ad_libav.av_opt_set(c->priv_data, "row-mt", "1", 0);
    }
}

static int open_encoder(ad_av_sink *s)
{
    const ad_film_sink_options *o = &s->options;
    AVCodecContext *c = s->codec = ad_libav.avcodec_alloc_context3(
        ad_libav.avcodec_find_encoder_by_name(s->kind->encoder));
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
    return ad_libav.avcodec_open2(c, NULL, NULL);
}

static int new_frame(AVFrame **out, const AVCodecContext *c, enum AVPixelFormat format)
{
    AVFrame *frame = *out = ad_libav.av_frame_alloc();
    if (!frame) return AVERROR(ENOMEM);
    frame->width = c->width, frame->height = c->height, frame->format = format;
    frame->color_range = c->color_range, frame->colorspace = c->colorspace;
    frame->color_primaries = c->color_primaries, frame->color_trc = c->color_trc;
    return ad_libav.av_frame_get_buffer(frame, 0);
}

/* What the encoder takes, and the way there: BT.709, 16 to 235. */
static int make_frames(ad_av_sink *s)
{
    const AVCodecContext *c = s->codec;
    enum AVPixelFormat rgb = s->base.channels == 4 ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24;
    int error = new_frame(&s->rgb, c, rgb);
    if (error < 0 || rgb == c->pix_fmt) return error;
    error = new_frame(&s->frame, c, c->pix_fmt);
    if (error < 0) return error;
    s->scaler = ad_libav.sws_getContext(c->width, c->height, rgb, c->width, c->height, c->pix_fmt,
                                        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, NULL,
                                        NULL, NULL);
    if (!s->scaler) return AVERROR(ENOMEM);
    const int *formula = ad_libav.sws_getCoefficients(SWS_CS_ITU709);
    return ad_libav.sws_setColorspaceDetails(s->scaler, formula, 1, formula, 0, 0, 1 << 16,
                                             1 << 16) < 0
               ? AVERROR(EINVAL)
               : 0;
}

static int write_header(ad_av_sink *s)
{
    AVDictionary *options = NULL;
    if (s->options.kind == AD_FILM_MP4)
        ad_libav.av_dict_set(&options, "movflags", "frag_keyframe+delay_moov+default_base_moof", 0);
    if (s->options.kind == AD_FILM_WEBM)
        ad_libav.av_dict_set(&options, "cluster_time_limit", "2000", 0);
    if (s->options.kind == AD_FILM_APNG)
        ad_libav.av_dict_set(&options, "plays", "0", 0); /* for ever */
    int error = ad_libav.avformat_write_header(s->format, &options);
    ad_libav.av_dict_free(&options);
    s->begun = error >= 0;
    return error;
}

ad_status ad_av_sink_begin(ad_av_sink *s)
{
    ad_context *own = s->base.own;
    ad_status status = ad_av_output_open(&s->output, own, s->base.path);
    if (status) return status;
    int error = ad_libav.avformat_alloc_output_context2(&s->format, NULL, s->kind->format, NULL);
    if (error >= 0) {
        s->format->pb = s->output.io;
        s->format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT | AVFMT_FLAG_FLUSH_PACKETS;
        s->packet = ad_libav.av_packet_alloc(), s->held = ad_libav.av_packet_alloc();
        s->stream = ad_libav.avformat_new_stream(s->format, NULL);
        error = s->packet && s->held && s->stream ? open_encoder(s) : AVERROR(ENOMEM);
    }
    if (error >= 0) error = make_frames(s);
    if (error >= 0) error = ad_libav.avcodec_parameters_from_context(s->stream->codecpar, s->codec);
    if (error < 0) return ad_av_sink_fail(s, "its encoder cannot be opened", error);
    s->stream->time_base = s->codec->time_base;
    if (s->options.fps_num) s->stream->avg_frame_rate = s->codec->framerate;
    if (s->options.audio)
        status = ad_av_sound_open(&s->sound, own, s->base.path, s->format, &s->options);
    if (status) return status;
    error = write_header(s);
    return error < 0 ? ad_av_sink_fail(s, "cannot be written", error) : AD_OK;
}
