/* av.h - what the files that stand on libav share: its errors, its reading and writing through our
 * files, an opened input. */
#ifndef AD_FILM_AV_H
#define AD_FILM_AV_H

#include "film/av_recode.h"
#include "film/film.h"
#include "film/libav.h"

#include <errno.h>

/* ---- errors ---- */

/* Before anything else of libav, by whoever opens a film: loads it. Its log goes nowhere but to
 * ad_av_fail. */
ad_status ad_av_begin(ad_context *own);
/* "NAME: WHAT: what libav said", of an AVERROR. */
ad_status ad_av_fail(ad_context *ctx, const char *name, const char *what, int error);
/* What libav logged last on this thread is forgotten. */
void ad_av_forget(void);

/* libav goes on without what it was refused memory for, and may then decode something else. So
 * errno is cleared before calls that could, and looked at behind them. */
static inline void ad_av_clear(void)
{
    errno = 0;
}
static inline bool ad_av_starved(int result)
{
    return errno == ENOMEM || result == AVERROR(ENOMEM);
}

/* ---- reading ---- */

/* A file that libav reads; it is opened by us, and libav can open no other. */
typedef struct ad_av_input {
    ad_context *own;
    const ad_film_bytes *bytes;
    size_t at;
    bool past_end; /* something behind the end was asked for */
    bool failed;   /* a read did; own has the error */
    AVIOContext *io;
    AVFormatContext *format;
} ad_av_input;

/* `input` is zeroed, and closed also if this fails. */
ad_status ad_av_input_open(ad_av_input *input, ad_context *own, const ad_film_bytes *bytes,
                           int64_t max_pixels);
void ad_av_input_close(ad_av_input *input);
/* The stream of that type, all others being passed over from then on; -1: there is none. */
int ad_av_input_choose(ad_av_input *input, enum AVMediaType type);

/* Counts the frames that are shown, their seconds and whether they are equally far apart, in an
 * input that is then at its end. */
ad_status ad_av_count(ad_av_input *input, int stream, ad_film_info *info);

/* Times of files may be any number. Those beyond this are none, so that two can be subtracted. */
static const int64_t ad_av_time_most = (int64_t)1 << 60;
static inline bool ad_av_is_time(int64_t time)
{
    return time > -ad_av_time_most && time < ad_av_time_most;
}
/* Seconds as a time of a stream. */
int64_t ad_av_time(double seconds, AVRational tick);

/* ---- pixels ---- */

/* From a decoded frame to rows of RGB or RGBA, of 8 or 16 bits. */
typedef struct ad_av_pixels {
    struct SwsContext *scaler;
    int width, height, format, space; /* what the scaler is for */
    bool full_range;
    enum AVPixelFormat to;
    int to_width, to_height; /* before it is turned */
    bool exchanged, flip_x, flip_y;
    uint8_t *buffer[4];
    int stride[4];
} ad_av_pixels;

/* The side that shows the matrix of a stream; false: it is no turn by quarters. */
bool ad_av_turn(ad_av_pixels *pixels, const int32_t matrix[9]);
/* The formula of a frame's colours (an SWS_CS_*); *guessed: the file does not say. */
int ad_av_colours(const AVFrame *frame, bool *guessed, const char **name);
bool ad_av_full_range(const AVFrame *frame);
/* Into [height, width, channels] as shown. */
ad_status ad_av_pixels_convert(ad_av_pixels *pixels, ad_context *own, const char *name,
                               const AVFrame *frame, void *to);
void ad_av_pixels_free(ad_av_pixels *pixels);

/* ---- sound ---- */

typedef struct ad_av_sound {
    ad_av_input input;
    int stream; /* of the input; -1: there is none, or it cannot be held */
    AVStream *to;
    ad_av_recode recode;
    AVPacket *packet; /* read, and not written yet */
    bool waits, ended;
    double from, until, origin; /* seconds of the film; the origin in the input's time */
} ad_av_sound;

/* Adds a stream to `format` where the source has sound: as it is, or recoded where the format
 * cannot hold that. */
ad_status ad_av_sound_open(ad_av_sound *sound, ad_context *own, const char *path,
                           AVFormatContext *format, const ad_film_sink_options *options);
/* Writes what is heard before `time`. An AVERROR. */
int ad_av_sound_write(ad_av_sound *sound, AVFormatContext *format, double time);
void ad_av_sound_close(ad_av_sound *sound);

/* ---- versions of libav ---- */

#if LIBAVUTIL_VERSION_MAJOR >= 58
#define AD_AV_DURATION(frame) ((frame)->duration)
#else
#define AD_AV_DURATION(frame) ((frame)->pkt_duration)
#endif

static inline const int32_t *ad_av_matrix(const AVStream *stream)
{
#if LIBAVCODEC_VERSION_MAJOR >= 61
    const AVPacketSideData *data = ad_libav.av_packet_side_data_get(
        stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data,
        AV_PKT_DATA_DISPLAYMATRIX);
    return data && data->size >= 9 * sizeof(int32_t) ? (const int32_t *)data->data : NULL;
#else
    size_t size = 0;
    const uint8_t *data = ad_libav.av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX,
                                                           &size);
    return data && size >= 9 * sizeof(int32_t) ? (const int32_t *)data : NULL;
#endif
}

#endif
