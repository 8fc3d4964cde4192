/* av_source.h - a video file that is being decoded. */
#ifndef AD_FILM_AV_SOURCE_H
#define AD_FILM_AV_SOURCE_H

#include "film/av.h"

typedef struct ad_av_source {
    ad_film_source base;
    ad_av_input input;
    int stream;
    AVRational tick;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame, *later; /* the next two; their data are NULL where there are none */
    ad_av_pixels pixels;
    int64_t origin; /* the first frame's time */
    int64_t clock;  /* the time of the frame that was decoded last */
    int64_t given, damaged, resized;
    int width, height; /* of the first frame, as stored */
    bool draining;     /* the file is at its end */
    bool broken; /* it ends too soon, or is damaged from there on; an error once all is shown */
    int error;   /* the AVERROR of that */
} ad_av_source;

/* Into source->base.info: what the headers say, and what the first frame, source->frame, says; with
 * it what its pixels become. */
void ad_av_describe_header(ad_av_source *source);
ad_status ad_av_describe_frame(ad_av_source *source, int64_t max_pixels);
ad_status ad_av_too_large(const ad_av_source *source, int64_t width, int64_t height, int64_t most);

#endif
