/* av_describe.c - what a video file says of itself: rate and length, colours, the side that is up.
 */
#include "base/notes.h"
#include "film/av_source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void describe_sound(ad_film_info *info, const AVFormatContext *format)
{
    int stream = ad_libav.av_find_best_stream((AVFormatContext *)format, AVMEDIA_TYPE_AUDIO, -1, -1,
                                              NULL, 0);
    if (stream < 0) return;
    const AVCodecParameters *sound = format->streams[stream]->codecpar;
    snprintf(info->audio, sizeof info->audio, "%s", ad_libav.avcodec_get_name(sound->codec_id));
    info->audio_rate = sound->sample_rate;
    info->audio_channels = sound->ch_layout.nb_channels;
}

/* libav lists the names of a family of formats. */
static void describe_format(ad_film_info *info, const AVFormatContext *format)
{
    static const char *const names[][2] = {{"mov,", "mp4"}, {"matroska,", "matroska"}};
    snprintf(info->format, sizeof info->format, "%s", format->iformat->name);
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (!strncmp(info->format, names[i][0], strlen(names[i][0])))
            snprintf(info->format, sizeof info->format, "%s", names[i][1]);
}

/* By the header; counting makes it exact. */
static void describe_times(ad_film_info *info, const AVFormatContext *format,
                           const AVStream *stream)
{
    AVRational mean = stream->avg_frame_rate, base = stream->r_frame_rate;
    if (mean.num <= 0 || mean.den <= 0) mean = base;
    if (mean.num <= 0 || mean.den <= 0) mean = (AVRational){0, 1};
    info->fps_num = mean.num, info->fps_den = mean.den;
    info->variable_rate = mean.num && base.num > 0 && base.den > 0 &&
                          fabs(av_q2d(mean) - av_q2d(base)) > 0.01 * av_q2d(base);
    if (stream->duration > 0 && stream->duration != AV_NOPTS_VALUE)
        info->seconds = (double)stream->duration * av_q2d(stream->time_base);
    else if (format->duration > 0 && format->duration != AV_NOPTS_VALUE)
        info->seconds = (double)format->duration / AV_TIME_BASE;
    double frames = info->seconds * av_q2d(mean);
    info->frames = stream->nb_frames > 0        ? stream->nb_frames
                   : frames > 0 && frames < 1e9 ? llround(frames)
                                                : 0;
}

static void note_colours(const ad_av_source *s)
{
    const ad_film_info *info = &s->base.info;
    enum AVColorTransferCharacteristic curve = s->frame->color_trc;
    if (info->colours_guessed)
        ad_note(s->base.own, "%s: does not say what its colours are; by its size taken for %s",
                s->input.bytes->name, info->colours);
    if (curve == AVCOL_TRC_SMPTE2084 || curve == AVCOL_TRC_ARIB_STD_B67)
        ad_note(s->base.own,
                "%s: has the brightness of HDR (%s), which is taken as it is: it will look pale",
                s->input.bytes->name, ad_libav.av_color_transfer_name(curve));
}

static int rotation_of(const ad_av_pixels *p, bool *mirrored)
{
    bool mirror = p->flip_x != p->flip_y;
    *mirrored = p->exchanged ? !mirror : mirror;
    if (p->exchanged) return p->flip_x ? 90 : 270;
    return p->flip_y ? 180 : 0;
}

/* Square pixels: a row becomes longer, or a column. */
static void stretch(ad_av_source *s, int *width, int *height)
{
    AVRational pixel = s->frame->sample_aspect_ratio;
    if (pixel.num <= 0 || pixel.den <= 0)
        pixel = s->input.format->streams[s->stream]->sample_aspect_ratio;
    double ratio = pixel.num > 0 && pixel.den > 0 ? av_q2d(pixel) : 1;
    if (ratio > 8 || ratio < 0.125) {
        ad_note(s->base.own, "%s: claims pixels of %d:%d; taken for square", s->input.bytes->name,
                pixel.num, pixel.den);
        return;
    }
    if (ratio > 1) *width = (int)lround(*width * ratio);
    if (ratio < 1) *height = (int)lround(*height / ratio);
}

ad_status ad_av_too_large(const ad_av_source *s, int64_t width, int64_t height, int64_t most)
{
    return ad_fail(s->base.own, AD_ERROR_LIMIT,
                   "%s: its frames are %lld x %lld pixels; the limit is %lld", s->input.bytes->name,
                   (long long)width, (long long)height, (long long)most);
}

/* What the first frame says. */
ad_status ad_av_describe_frame(ad_av_source *s, int64_t max_pixels)
{
    ad_film_info *info = &s->base.info;
    ad_av_pixels *p = &s->pixels;
    const AVPixFmtDescriptor *about = ad_libav.av_pix_fmt_desc_get(s->frame->format);
    const int32_t *matrix = ad_av_matrix(s->input.format->streams[s->stream]);
    const char *colours;
    if (!about)
        return ad_fail(s->base.own, AD_ERROR_UNSUPPORTED, "%s: its pixels have an unknown format",
                       s->input.bytes->name);
    p->to_width = s->frame->width, p->to_height = s->frame->height;
    stretch(s, &p->to_width, &p->to_height);
    if (matrix && !ad_av_turn(p, matrix))
        ad_note(s->base.own, "%s: is to be turned by no quarter; the nearest is taken",
                s->input.bytes->name);
    info->rotation = rotation_of(p, &info->mirrored);
    info->width = p->exchanged ? p->to_height : p->to_width;
    info->height = p->exchanged ? p->to_width : p->to_height;
    if (info->width * info->height > max_pixels)
        return ad_av_too_large(s, info->width, info->height, max_pixels);
    info->bit_depth = about->comp[0].depth;
    info->alpha = about->flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_PAL);
    snprintf(info->pixels, sizeof info->pixels, "%s", about->name);
    (void)ad_av_colours(s->frame, &info->colours_guessed, &colours);
    snprintf(info->colours, sizeof info->colours, "%s", colours);
    info->full_range = ad_av_full_range(s->frame);
    bool deep = info->bit_depth > 8;
    s->base.samples = deep ? AD_FILM_U16 : AD_FILM_U8;
    s->base.channels = info->alpha ? 4 : 3;
    p->to = deep ? (info->alpha ? AV_PIX_FMT_RGBA64 : AV_PIX_FMT_RGB48)
                 : (info->alpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24);
    note_colours(s);
    return AD_OK;
}

void ad_av_describe_header(ad_av_source *s)
{
    ad_film_info *info = &s->base.info;
    const AVStream *stream = s->input.format->streams[s->stream];
    snprintf(info->codec, sizeof info->codec, "%s",
             ad_libav.avcodec_get_name(stream->codecpar->codec_id));
    describe_format(info, s->input.format);
    describe_times(info, s->input.format, stream);
    describe_sound(info, s->input.format);
}
