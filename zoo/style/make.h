/* make.h - one run of `style make`: what was given, and how far it has come.
 *
 *   make.c          options, the scales from coarse to fine, the report
 *   make_inputs.c   settings and pictures as they are given
 *   make_paint.c    painting at one size, saving */
#ifndef ZOO_STYLE_MAKE_H
#define ZOO_STYLE_MAKE_H

#include "zoo/style/style.h"

enum { STYLE_MAX_PAINTINGS = 16 };

typedef struct style_make {
    ad_command *cmd;
    ad_context *ctx;
    style_settings settings;
    ad_vars *weights;
    ad_image *photo, *grey, *mask; /* as read; the grey photo with --keep-color */
    ad_image *painting[STYLE_MAX_PAINTINGS];
    double blend[STYLE_MAX_PAINTINGS]; /* sums to 1 */
    int paintings;
    int64_t steps, step_base; /* over all scales; done at earlier ones */
    ad_image *shown_photo;    /* at the current size, for --keep-color */
    style_progress last;
    ad_status frame_status; /* of saving a frame: after an error the run stops */
} style_make;

/* Whether `status` is an error; the context's sentence about it has then been reported. */
bool style_make_failed(style_make *m, ad_status status);

/* Settings from the options, and the backbone's weights from `file`, which is closed; and the
 * pictures that the operands and --mask name. Exit statuses: 0, or the error has been reported. */
int style_make_settings(style_make *m, ad_file *file);
int style_make_pictures(style_make *m);

/* AD_OK if a step with the picture's longer side at `side` can be planned; else the error is set.
 */
ad_status style_make_fits(style_make *m, int64_t side);
/* Paints with the picture's longer side at `side`. `picture` is the coarser result (or empty) and
 * becomes this one's; on an error the last good one, if there is one. */
ad_status style_make_paint(style_make *m, int64_t side, int64_t steps, style_pixels *picture,
                           style_end *end);
ad_status style_make_save(style_make *m, const style_pixels *picture, const char *path);

#endif
