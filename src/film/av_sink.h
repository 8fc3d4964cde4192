/* av_sink.h - a video file that is being encoded. */
#ifndef AD_FILM_AV_SINK_H
#define AD_FILM_AV_SINK_H

#include "film/av_output.h"

enum { AD_AV_PENDING = 512 };

typedef struct ad_av_kind {
    const char *format, *encoder, *codec, *instead;
    int crf;
} ad_av_kind;

typedef struct ad_av_sink {
    ad_film_sink base;
    const ad_av_kind *kind;
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
    } pending[AD_AV_PENDING]; /* of the frames that the encoder has, by their numbers */
} ad_av_sink;

/* Opens the file, the encoder and the sound, and writes the header. */
ad_status ad_av_sink_begin(ad_av_sink *sink);
/* libav's failure, or that of the file where it was that. */
ad_status ad_av_sink_fail(ad_av_sink *sink, const char *what, int error);

#endif
