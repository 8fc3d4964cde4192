/* av_write.c - a video file as a sink of frames. */
#include "film/av_sink.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* By ad_film_kind. */
static const ad_av_kind kinds[] = {
    [AD_FILM_MP4] = {"mp4", "libx264", "H.264", ".webm, .gif or a folder", 18},
    [AD_FILM_WEBM] = {"webm", "libvpx-vp9", "VP9", ".mp4, .gif or a folder", 30},
    [AD_FILM_APNG] = {"apng", "apng", "animated PNG", ".gif or a folder", 0},
};

/* ---- frames ---- */

static int write_held(ad_av_sink *s, int64_t duration)
{
    s->held->duration = duration > 0 ? duration : 1;
    s->held->stream_index = s->stream->index;
    ad_libav.av_packet_rescale_ts(s->held, s->codec->time_base, s->stream->time_base);
    return ad_libav.av_interleaved_write_frame(s->format, s->held);
}

/* Packets come in the order of decoding, and each lasts until the next is decoded. All together
 * last as long as all frames are shown. */
static int write_packet(ad_av_sink *s)
{
    int error = 0;
    if (s->held->data)
        error = write_held(s, s->packet->dts - s->held->dts);
    else
        s->first_dts = s->packet->dts;
    ad_libav.av_packet_move_ref(s->held, s->packet);
    return error;
}

static int write_last(ad_av_sink *s)
{
    int64_t all = s->last_pts + s->last_duration - s->first_pts;
    return s->held->data ? write_held(s, all - (s->held->dts - s->first_dts)) : 0;
}

/* What the encoder has ready; `frame` NULL: all that is left. */
static int encode(ad_av_sink *s, const AVFrame *frame)
{
    int error = ad_libav.avcodec_send_frame(s->codec, frame);
    while (error >= 0) {
        error = ad_libav.avcodec_receive_packet(s->codec, s->packet);
        if (error == AVERROR(EAGAIN)) return 0;
        if (error == AVERROR_EOF) return write_last(s);
        if (error >= 0) error = write_packet(s);
    }
    return error;
}

static int fill(ad_av_sink *s, const ad_film_slot *slot)
{
    int error = ad_libav.av_frame_make_writable(s->rgb);
    size_t row = (size_t)(s->base.width * s->base.channels);
    for (int64_t y = 0; error >= 0 && y < s->base.height; ++y)
        memcpy(s->rgb->data[0] + y * s->rgb->linesize[0],
               (const uint8_t *)slot->pixels + (size_t)y * row, row);
    if (error < 0 || !s->scaler) return error;
    error = ad_libav.av_frame_make_writable(s->frame);
    if (error < 0) return error;
    error = ad_libav.sws_scale(s->scaler, (const uint8_t *const *)s->rgb->data, s->rgb->linesize, 0,
                               (int)s->base.height, s->frame->data, s->frame->linesize);
    return error < 0 ? error : 0;
}

static ad_status add(ad_film_sink *sink, const ad_film_slot *slot)
{
    ad_av_sink *s = (ad_av_sink *)sink;
    ad_av_forget();
    ad_status status = s->format ? AD_OK : ad_av_sink_begin(s);
    if (status) return status;
    double tick = av_q2d(s->codec->time_base);
    AVFrame *frame = s->scaler ? s->frame : s->rgb;
    int error = fill(s, slot);
    int64_t pts = llround(slot->time / tick), duration = llround(slot->duration / tick);
    if (s->number && pts <= s->last_pts) pts = s->last_pts + 1;
    if (duration < 1) duration = 1;
    if (!s->number++) s->first_pts = pts;
    s->last_pts = pts, s->last_duration = duration;
    s->end = slot->time + slot->duration;
    if (error >= 0) {
        frame->pts = pts;
        error = encode(s, frame);
    }
    if (error >= 0 && s->options.audio) error = ad_av_sound_write(&s->sound, s->format, slot->time);
    return error < 0 ? ad_av_sink_fail(s, "cannot be written", error) : AD_OK;
}

/* ---- the end ---- */

static const double sound_longer = 0.5; /* seconds behind the last frame, at most */

static ad_status finish(ad_film_sink *sink)
{
    ad_av_sink *s = (ad_av_sink *)sink;
    char delay[48];
    ad_av_forget();
    if (!s->format) return AD_OK;
    int error = encode(s, NULL);
    if (error >= 0 && s->options.audio)
        error = ad_av_sound_write(&s->sound, s->format, s->end + sound_longer);
    if (s->options.kind == AD_FILM_APNG) {
        double seconds = (double)s->last_duration * av_q2d(s->codec->time_base);
        snprintf(delay, sizeof delay, "%d/1000", (int)lround(fmin(seconds, 60) * 1000));
        (void)ad_libav.av_opt_set(s->format->priv_data, "final_delay", delay, 0);
    }
    if (error >= 0) error = ad_libav.av_write_trailer(s->format);
    ad_libav.avio_flush(s->output.io);
    if (error >= 0 && s->output.io->error < 0) error = s->output.io->error;
    return error < 0 ? ad_av_sink_fail(s, "cannot be written", error) : AD_OK;
}

static ad_status commit(ad_film_sink *sink)
{
    ad_av_sink *s = (ad_av_sink *)sink;
    ad_output *file = s->output.file;
    s->output.file = NULL;
    return ad_output_commit(file);
}

static bool keep(ad_film_sink *sink, const char *partial, const char **path, int64_t *frames)
{
    ad_av_sink *s = (ad_av_sink *)sink;
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
    ad_av_sink *s = (ad_av_sink *)sink;
    ad_av_forget();
    ad_av_sound_close(&s->sound);
    ad_libav.sws_freeContext(s->scaler);
    ad_libav.av_frame_free(&s->rgb), ad_libav.av_frame_free(&s->frame);
    ad_libav.av_packet_free(&s->packet), ad_libav.av_packet_free(&s->held);
    ad_libav.avcodec_free_context(&s->codec);
    if (s->format) ad_libav.avformat_free_context(s->format);
    ad_av_output_close(&s->output);
    ad_output_discard(s->output.file);
    ad_free(sink->own, s, sizeof *s);
}

ad_status ad_film_sink_av(ad_film_sink **out, ad_context *own, const char *path,
                          const ad_film_sink_options *options)
{
    const ad_av_kind *kind = &kinds[options->kind];
    *out = NULL;
    ad_status status = ad_av_begin(own);
    if (status) return status;
    if (!ad_libav.avcodec_find_encoder_by_name(kind->encoder) ||
        !ad_libav.av_guess_format(kind->format, NULL, NULL))
        return ad_fail(own, AD_ERROR_UNSUPPORTED,
                       "%s: this libav has no %s, which writes %s; what would do: %s", path,
                       kind->encoder, kind->codec, kind->instead);
    ad_av_sink *s = ad_zalloc(own, sizeof *s);
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
