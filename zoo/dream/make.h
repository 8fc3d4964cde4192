/* make.h - one run of `dream make`: what was given, and how far it has come.
 *
 *   make.c   options, pictures, one picture
 *   film.c   a film that zooms for ever; the frames of a film */
#ifndef ZOO_DREAM_MAKE_H
#define ZOO_DREAM_MAKE_H

#include "zoo/dream/dream.h"
#include "zoo/film/follow.h"
#include "zoo/film/masks.h"

typedef struct dream_make {
    ad_command *cmd;
    ad_context *ctx;
    dream_settings settings;
    ad_image *photo, *guide;
    film_masks *masks;
    const ad_image *mask;  /* of the current picture; NULL: all of it */
    film_follow *follow;   /* of a film: the dream before, carried along */
    ad_image *last;        /* the same with --in-place; NULL: there is none */
    uint64_t draw;         /* steps so far, of all frames */
    int64_t frames, frame; /* of a film that zooms; else 1, of which number 0 */
    double work;           /* pixels times steps of a picture */
    double objective;
    int64_t size[DREAM_MAX_LEVELS][2];
    bool stopped;
    bool quiet; /* progress is told by frames */
} dream_make;

/* Where a film comes from or goes to: exit statuses, errors reported. */
int dream_zoom(dream_make *m);       /* from m->photo on */
int dream_film(dream_make *m);       /* the film that is the operand */
int dream_check_film(dream_make *m); /* the output, and options that are not for such films */
bool dream_zooms(ad_command *cmd);   /* --zoom or --rotate */

/* The picture's dream; on an error the caller's is untouched. */
ad_status dream_once(dream_make *m, const ad_image *picture, ad_image **out);
/* At --size; no side gets too small for the network, which is said. */
ad_status dream_fit(dream_make *m, ad_image **picture, const char *path);
void dream_plan(dream_make *m, const ad_image *picture);

#endif
