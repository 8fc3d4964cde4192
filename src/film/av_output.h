/* av_output.h - libav's way out: one file, written through ours. */
#ifndef AD_FILM_AV_OUTPUT_H
#define AD_FILM_AV_OUTPUT_H

#include "film/av.h"

typedef struct ad_av_output {
    ad_output *file;
    int64_t at, size;
    bool failed; /* a write did; the context of the file has the error */
    AVIOContext *io;
} ad_av_output;

/* `output` is zeroed, and closed also if this fails. */
ad_status ad_av_output_open(ad_av_output *output, ad_context *own, const char *path);
/* The file itself goes on: to ad_output_commit, _keep or _discard. */
void ad_av_output_close(ad_av_output *output);

#endif
