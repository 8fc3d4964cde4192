/* of_pictures.h - a film of pictures that can be had again and again, such as files or what a
 * network makes: so a GIF that would become too large to be sent is made once more, of fewer frames
 * or smaller ones. */
#ifndef ZOO_FILM_OF_PICTURES_H
#define ZOO_FILM_OF_PICTURES_H

#include <autodidact/command.h>
#include <autodidact/film.h>

/* clang-format off */
#define FILM_OPTION_MOST {.name = "most", .type = AD_OPTION_SIZE, .initial = "4.7M", .help = "of a GIF: frames are left out or made smaller until it is no larger than this; 0: never"}
/* clang-format on */

typedef struct film_pictures {
    int64_t count;
    /* Picture `index` becomes *image, the caller's; all have one size. */
    ad_status (*picture)(void *user, int64_t index, ad_image **image);
    void *user;
    double fps;
    double last_seconds; /* how long the last one is shown; 0: as long as the others */
    int64_t most;        /* bytes of a GIF; 0: any */
    int64_t frames_kept; /* so many are not left out: they are made smaller instead */
} film_pictures;

/* Writes it, by the ending of `path` (film.h), with progress, and says how large it is and what was
 * left out; it lasts as long as it would have with all frames. Interrupted, it is an error, and
 * what there is of the film is kept, but of a GIF nothing. */
ad_status film_of_pictures(ad_command *cmd, const char *path, const film_pictures *pictures);

#endif
