/* av_sink.h - a video file that is being encoded. */
#ifndef AD_FILM_AV_SINK_H
#define AD_FILM_AV_SINK_H

#include "film/av.h"
#include "film/av_output.h"

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
    AVPacket *packet, *held; /* the newest; the one before, whose duration was not known */
    AVFrame *rgb, *frame;    /* frame is rgb where the codec takes that */
    struct SwsContext *scaler;
    bool begun;                                         /* the header is written */
    int64_t number, first_pts, last_pts, last_duration; /* of frames, in the encoder's time */
    int64_t first_dts;                                  /* of packets */
    double end;                                         /* of the last frame, in seconds */
} ad_av_sink;

/* Opens the file, the encoder and the sound, and writes the header. */
ad_status ad_av_sink_begin(ad_av_sink *sink);
/* libav's failure, or that of the file where it was that. */
ad_status ad_av_sink_fail(ad_av_sink *sink, const char *what, int error);

#endif
