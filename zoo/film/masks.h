/* masks.h - what --mask names: one picture for all frames, or a film or numbered pictures that go
 * with a film frame by frame, from whatever tool they are. */
#ifndef ZOO_FILM_MASKS_H
#define ZOO_FILM_MASKS_H

#include "zoo/film/frames.h"

typedef struct film_masks film_masks;

/* Reads the option "mask"; *out is NULL where it is not given. `film` says whether that which is
 * masked is one: a picture takes a picture. An exit status, errors reported. */
int film_masks_open(ad_command *cmd, bool film, film_masks **out);
/* Of a film, once its own rate is known (film_work.begin): its masks begin at --from, too, and are
 * as many a second as --fps says. An exit status. */
int film_masks_begin(film_masks *masks, const ad_film_info *info);
/* The mask of the next frame, one channel of 0 to 1 of any size, which stays until the next call;
 * *mask is NULL where `masks` is. Where they end before the film the last one stays, and where
 * their shape is not that of the frames they are stretched; both are said. */
ad_status film_masks_next(film_masks *masks, int64_t width, int64_t height, const ad_image **mask);
/* After the last frame: says whether masks are left over, unless --to says where the film ends. */
ad_status film_masks_end(film_masks *masks);
void film_masks_free(film_masks *masks); /* NULL is ignored */

#endif
