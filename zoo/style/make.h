/* make.h - one run of `style make`: what was given, and how far it has come.
 *
 *   make.c          options, the scales from coarse to fine, the report
 *   make_inputs.c   settings and pictures as they are given
 *   make_film.c     a film, frame by frame
 *   make_paint.c    painting at one size, saving
 *   make_frames.c   the picture on its way: numbered files, an animation */
#ifndef ZOO_STYLE_MAKE_H
#define ZOO_STYLE_MAKE_H

#include "zoo/film/follow.h"
#include "zoo/film/masks.h"
#include "zoo/style/style.h"

enum { STYLE_MAX_PAINTINGS = 16, STYLE_MAX_SCALES = 8 };

/* The picture's longer side at one scale, what that makes its size, and the steps there. */
typedef struct style_scale {
    int64_t side, width, height, steps;
} style_scale;

typedef struct style_make {
    ad_command *cmd;
    ad_context *ctx;
    style_settings settings;
    ad_vars *weights;
    ad_image *photo, *grey; /* as read, or the film's frame; the grey one with --keep-color */
    film_masks *masks;
    const ad_image *mask; /* of the photo; NULL: all of it */
    ad_image *painting[STYLE_MAX_PAINTINGS];
    double blend[STYLE_MAX_PAINTINGS]; /* sums to 1 */
    int paintings;
    style_scale scale[STYLE_MAX_SCALES];
    int scales, at;           /* from coarse to fine; the one that is painted */
    int64_t steps, step_base; /* over all scales; done at earlier ones */
    ad_image *shown_photo;    /* at the current size, for --keep-color */
    style_targets targets;    /* of the last size; its Gram matrices are those at `targets_side` */
    int64_t targets_side;
    style_progress last;
    film_follow *follow;  /* of a film; NULL: it is a photo */
    int64_t frame;        /* the one that is painted, from 0 */
    style_pixels carried; /* the painted frame before, as it is seen now; of the first: empty */
    const float *trust;
    int64_t frame_every, frames; /* steps from frame to frame, 0: none; frames so far */
    ad_animation *animation;     /* where they go, NULL: files */
    ad_status frame_status;      /* of saving a frame: after an error the run stops */
} style_make;

/* Whether `status` is an error; the context's sentence about it has then been reported. */
bool style_make_failed(style_make *m, ad_status status);

/* Settings from the options, and the backbone's weights from `file`, which is closed; and the
 * pictures that the operands and --mask name. Exit statuses: 0, or the error has been reported. */
int style_make_settings(style_make *m, ad_file *file);
int style_make_pictures(style_make *m, bool film);
/* The photo, or the film's next frame, becomes m->photo, whose it is. */
ad_status style_make_take(style_make *m, ad_image *photo);
/* Scales and their steps, from the options and m->photo. */
void style_make_plan(style_make *m);
/* All scales, as far as they come. */
ad_status style_make_scales(style_make *m, style_pixels *picture, style_end *end);
/* Whether the first operand is a film; what is given that is not for such. Exit statuses. */
int style_make_check(style_make *m, bool *film);
int style_make_film(style_make *m);

/* AD_OK if a step at the last scale can be planned; else the error is set. */
ad_status style_make_fits(style_make *m);
/* Paints at the scale m->at. `picture` is the coarser result (or empty) and becomes this one's; on
 * an error the last good one, if there is one. */
ad_status style_make_paint(style_make *m, style_pixels *picture, style_end *end);
/* The picture as it is shown: in the photo's colours with --keep-color, enlarged to --size. */
ad_status style_make_shown(style_make *m, const style_pixels *picture, ad_image **out);
ad_status style_make_save(style_make *m, const style_pixels *picture, const char *path);

/* Where frames go, from the options; an exit status. */
int style_frames_begin(style_make *m);
/* After step `step`: a frame, if it is time for one. */
ad_status style_frames_step(style_make *m, const style_pixels *picture, int64_t step);
/* Writes the animation, and says what became of the frames. */
ad_status style_frames_end(style_make *m);

#endif
