/* av_recode.c - sound in another codec. Samples before the beginning are dropped one by one, so
 * that the cut is exact; behind it they follow each other without gaps. */
#include "film/av_recode.h"

#include <math.h>
#include <string.h>

enum { CHANNELS_MOST = 2, BITS_PER_CHANNEL = 96000, PIECE = 1024 };

const AVCodec *ad_av_recode_codec(const AVOutputFormat *format)
{
    bool webm = !strcmp(format->name, "webm");
    return ad_libav.avcodec_find_encoder_by_name(webm ? "libopus" : "aac");
}

static int open_decoder(ad_av_recode *r, const AVStream *from)
{
    const AVCodec *codec = ad_libav.avcodec_find_decoder(from->codecpar->codec_id);
    if (!codec) return AVERROR_DECODER_NOT_FOUND;
    r->decoder = ad_libav.avcodec_alloc_context3(codec);
    if (!r->decoder) return AVERROR(ENOMEM);
    int error = ad_libav.avcodec_parameters_to_context(r->decoder, from->codecpar);
    r->decoder->pkt_timebase = from->time_base;
    return error < 0 ? error : ad_libav.avcodec_open2(r->decoder, codec, NULL);
}

static int open_encoder(ad_av_recode *r, const AVCodec *codec, bool global_header)
{
    AVCodecContext *c = r->encoder = ad_libav.avcodec_alloc_context3(codec);
    bool opus = codec->id == AV_CODEC_ID_OPUS; /* which knows five rates */
    int channels = r->decoder->ch_layout.nb_channels;
    if (!c) return AVERROR(ENOMEM);
    if (channels > CHANNELS_MOST) channels = CHANNELS_MOST;
    ad_libav.av_channel_layout_default(&c->ch_layout, channels);
    c->sample_rate = opus ? 48000 : r->decoder->sample_rate;
    c->sample_fmt = opus ? AV_SAMPLE_FMT_FLT : AV_SAMPLE_FMT_FLTP;
    c->time_base = (AVRational){1, c->sample_rate};
    c->bit_rate = (int64_t)BITS_PER_CHANNEL * channels;
    c->flags |= AV_CODEC_FLAG_BITEXACT;
    if (global_header) c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    return ad_libav.avcodec_open2(c, codec, NULL);
}

int ad_av_recode_open(ad_av_recode *r, const AVCodec *codec, const AVStream *from, int64_t begin,
                      double seconds, bool global_header)
{
    int error = open_decoder(r, from);
    if (error >= 0 && r->decoder->ch_layout.nb_channels < 1) error = AVERROR_INVALIDDATA;
    if (error >= 0) error = open_encoder(r, codec, global_header);
    if (error < 0) return error;
    r->begin = begin;
    r->most = (int64_t)(fmin(seconds, 1e9) * r->encoder->sample_rate);
    error = ad_libav.swr_alloc_set_opts2(
        &r->resampler, &r->encoder->ch_layout, r->encoder->sample_fmt, r->encoder->sample_rate,
        &r->decoder->ch_layout, r->decoder->sample_fmt, r->decoder->sample_rate, 0, NULL);
    if (error >= 0) error = ad_libav.swr_init(r->resampler);
    r->samples = ad_libav.av_audio_fifo_alloc(r->encoder->sample_fmt,
                                              r->encoder->ch_layout.nb_channels, PIECE);
    r->frame = ad_libav.av_frame_alloc(), r->piece = ad_libav.av_frame_alloc();
    return error >= 0 && (!r->samples || !r->frame || !r->piece) ? AVERROR(ENOMEM) : error;
}

/* A frame for so many samples of the encoder's. */
static int make_piece(ad_av_recode *r, int samples)
{
    AVFrame *p = r->piece;
    ad_libav.av_frame_unref(p);
    p->nb_samples = samples, p->format = r->encoder->sample_fmt;
    p->sample_rate = r->encoder->sample_rate;
    int error = ad_libav.av_channel_layout_copy(&p->ch_layout, &r->encoder->ch_layout);
    return error < 0 ? error : ad_libav.av_frame_get_buffer(p, 0);
}

/* `from` NULL: what the resampler holds. */
static int resample(ad_av_recode *r, const AVFrame *from, int first)
{
    const uint8_t *at[AV_NUM_DATA_POINTERS] = {0};
    int count = from ? from->nb_samples - first : 0;
    int planes = from && ad_libav.av_sample_fmt_is_planar(from->format)
                     ? from->ch_layout.nb_channels
                     : 1;
    int step = from ? ad_libav.av_get_bytes_per_sample(from->format) *
                          (planes > 1 ? 1 : from->ch_layout.nb_channels)
                    : 0;
    if (planes > AV_NUM_DATA_POINTERS) return AVERROR_PATCHWELCOME;
    for (int i = 0; from && i < planes; ++i)
        at[i] = from->extended_data[i] + (ptrdiff_t)first * step;
    int room = ad_libav.swr_get_out_samples(r->resampler, count);
    if (room <= 0) return room;
    int error = make_piece(r, room);
    if (error < 0) return error;
    int made = ad_libav.swr_convert(r->resampler, r->piece->extended_data, room, from ? at : NULL,
                                    count);
    if (made < 0) return made;
    if (made > r->most - r->taken) made = (int)(r->most - r->taken);
    r->taken += made;
    error = made ? ad_libav.av_audio_fifo_write(r->samples, (void **)r->piece->extended_data, made)
                 : 0;
    return error < 0 ? error : 0;
}

/* A decoded frame, from the beginning on. */
static int take_frame(ad_av_recode *r)
{
    AVFrame *f = r->frame;
    int64_t first = 0;
    if (f->sample_rate != r->decoder->sample_rate || f->format != r->decoder->sample_fmt ||
        f->ch_layout.nb_channels != r->decoder->ch_layout.nb_channels)
        return 0; /* what changes in the middle is left out */
    if (!r->begun && f->best_effort_timestamp != AV_NOPTS_VALUE) {
        double late = ((double)r->begin - (double)f->best_effort_timestamp) *
                      av_q2d(r->decoder->pkt_timebase);
        first = late > 0 ? llround(fmin(late, 1e6) * f->sample_rate) : 0;
        if (first >= f->nb_samples) return 0;
        if (late < 0) r->given = (int64_t)(fmin(-late, 1e6) * r->encoder->sample_rate);
    }
    r->begun = true;
    return resample(r, f, (int)first);
}

int ad_av_recode_put(ad_av_recode *r, const AVPacket *packet)
{
    int error = ad_libav.avcodec_send_packet(r->decoder, packet);
    if (error == AVERROR(ENOMEM)) return error;
    for (error = 0; error >= 0;) {
        error = ad_libav.avcodec_receive_frame(r->decoder, r->frame);
        if (error >= 0) error = take_frame(r);
        ad_libav.av_frame_unref(r->frame);
    }
    if (error != AVERROR(EAGAIN) && error != AVERROR_EOF && error != AVERROR_INVALIDDATA)
        return error;
    r->ended |= !packet || r->taken >= r->most;
    return packet ? 0 : resample(r, NULL, 0);
}

int ad_av_recode_take(ad_av_recode *r, AVPacket *packet)
{
    int whole = r->encoder->frame_size > 0 ? r->encoder->frame_size : PIECE;
    for (;;) {
        int error = ad_libav.avcodec_receive_packet(r->encoder, packet);
        if (error != AVERROR(EAGAIN)) return error;
        int ready = ad_libav.av_audio_fifo_size(r->samples), count = ready < whole ? ready : whole;
        if (count < whole && !r->ended) return AVERROR(EAGAIN);
        if (!count && r->flushed) return AVERROR_EOF;
        r->flushed = !count;
        error = count ? make_piece(r, count) : 0;
        if (error >= 0 && count)
            error = ad_libav.av_audio_fifo_read(r->samples, (void **)r->piece->extended_data,
                                                count);
        if (error < 0) return error;
        r->piece->pts = r->given, r->given += count;
        error = ad_libav.avcodec_send_frame(r->encoder, count ? r->piece : NULL);
        if (error < 0) return error;
    }
}

void ad_av_recode_close(ad_av_recode *r)
{
    ad_libav.swr_free(&r->resampler);
    if (r->samples) ad_libav.av_audio_fifo_free(r->samples);
    ad_libav.av_frame_free(&r->frame), ad_libav.av_frame_free(&r->piece);
    ad_libav.avcodec_free_context(&r->decoder), ad_libav.avcodec_free_context(&r->encoder);
}
