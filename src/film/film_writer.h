/* film_writer.h - a film that is being written. */
#ifndef AD_FILM_FILM_WRITER_H
#define AD_FILM_FILM_WRITER_H

#include "film/film.h"

#include <limits.h>

struct ad_film_writer {
    ad_film_thread thread;
    ad_film_ring ring;
    ad_film_sink *sink;
    ad_film_kind kind;
    char *path, partial[PATH_MAX];
    ad_file_bytes audio_file;
    ad_film_bytes audio;
    ad_status status; /* the thread's, behind the ring's end or stop */
    bool ended;
    int64_t width, height; /* of the pictures; 0: none yet */
    bool alpha_told;
    int64_t added, frames; /* frames: what the file holds in the end */
    double time, duration; /* of the frame that waits in `last` */
    ad_film_slot *last;    /* not put yet: its duration is not known */
    const char *result;
};

#endif
