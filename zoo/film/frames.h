/* frames.h - a film that is read, worked on frame by frame, and written: what verbs for films
 * share. Decoding and encoding go on in threads of their own meanwhile. */
#ifndef ZOO_FILM_FRAMES_H
#define ZOO_FILM_FRAMES_H

#include <autodidact/command.h>
#include <autodidact/film.h>

/* clang-format off */
#define FILM_OPTIONS \
    {"from", 0, AD_OPTION_REAL, .initial = "0", .max = 1e7, .unit = "SECONDS", .help = "film: where it begins: with the frame that is shown then"}, \
    {"to", 0, AD_OPTION_REAL, .min = 1e-3, .max = 1e7, .unit = "SECONDS", .help = "film: where it ends", .otherwise = "the end"}, \
    {"fps", 0, AD_OPTION_REAL, .min = 0.01, .max = 1000, .help = "film: frames a second: they are repeated or left out, whichever is nearest in time; of a folder of pictures, how fast they follow one another (default: the film's own times; a folder's 25)"}, \
    {"crf", 0, AD_OPTION_INT, .min = 1, .max = 63, .help = "film: smaller is better and larger (default: 18 in .mp4, 30 in .webm)"}, \
    {"no-sound", 0, AD_OPTION_FLAG, .help = "film: leave the sound out"}
/* clang-format on */

typedef struct film_work {
    /* Once, when the film is open: an exit status. NULL: nothing. */
    int (*begin)(void *user, const ad_film_info *info);
    /* *image becomes what is written; all of them have one size. */
    ad_status (*frame)(void *user, ad_image **image);
    void *user;
} film_work;

/* From one film to another, by the options above, with progress and a last line; an exit status.
 * Interrupted, or where the film cannot be read or written further, what there is is kept and can
 * be played (film.h). */
int film_frames(ad_command *cmd, const char *from, const char *to, const film_work *work);

/* Whether `path` is a film, of a build that can read it. */
ad_status film_is(ad_context *ctx, const char *path, bool *is);
/* The same, and a folder is one, of numbered pictures. */
ad_status film_is_or_folder(ad_context *ctx, const char *path, bool *is);

/* Whether a path is called as a film is that is written: .mp4, .webm, .gif, .apng. */
bool film_named(const char *path);

#endif
