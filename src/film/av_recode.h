/* av_recode.h - sound in another codec: decoded, resampled, encoded. */
#ifndef AD_FILM_AV_RECODE_H
#define AD_FILM_AV_RECODE_H

#include "film/libav.h"

#include <stdbool.h>

typedef struct ad_av_recode {
    AVCodecContext *decoder, *encoder; /* encoder NULL: nothing is recoded */
    SwrContext *resampler;
    AVAudioFifo *samples; /* as the encoder takes them */
    AVFrame *frame, *piece;
    int64_t begin;       /* what is heard earlier is dropped; in the input's time */
    int64_t taken, most; /* samples that went in, and how many at most */
    int64_t given;       /* to the encoder */
    bool begun, ended, flushed;
} ad_av_recode;

/* The codec that the container is used with, or NULL: this libav cannot write it. */
const AVCodec *ad_av_recode_codec(const AVOutputFormat *format);
/* From the sound of `from`, heard from `begin` on for `seconds`. All of these return an AVERROR;
 * `recode` is zeroed, and closed also if this fails. */
int ad_av_recode_open(ad_av_recode *recode, const AVCodec *codec, const AVStream *from,
                      int64_t begin, double seconds, bool global_header);
/* A packet of the input; NULL: there are no more. */
int ad_av_recode_put(ad_av_recode *recode, const AVPacket *packet);
/* A packet of the output; AVERROR(EAGAIN): put more. AVERROR_EOF: that was all. */
int ad_av_recode_take(ad_av_recode *recode, AVPacket *packet);
void ad_av_recode_close(ad_av_recode *recode);

#endif
