/* libav.c - without libav (FFmpeg's libraries): video files are refused by name. Folders of
 * pictures and GIFs, to write, need none of it. */
#include "film/film.h"

static const char what_to_do[] =
    "this library was made without libav (Debian: libavformat-dev, "
    "libavcodec-dev, libavutil-dev, libswscale-dev, libswresample-dev)";

ad_status ad_film_source_av(ad_film_source **out, ad_context *own, const ad_film_bytes *bytes,
                            const ad_film_options *options, int threads)
{
    (void)options, (void)threads;
    *out = NULL;
    return ad_fail(own, AD_ERROR_UNSUPPORTED,
                   "%s: films are not built in: %s; a folder of pictures can be read", bytes->name,
                   what_to_do);
}

ad_status ad_film_sink_av(ad_film_sink **out, ad_context *own, const char *path,
                          const ad_film_sink_options *options)
{
    (void)options;
    *out = NULL;
    return ad_fail(own, AD_ERROR_UNSUPPORTED,
                   "%s: films are not built in: %s; a .gif or a folder can be written", path,
                   what_to_do);
}
