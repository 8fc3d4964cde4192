/* apply.h - one run of `style apply`.
 *
 *   apply.c         options, the network and its styles, the verb
 *   apply_mix.c     which styles of several, and how much of each
 *   apply_any.c     the network that paints like any picture, and its paintings
 *   apply_paint.c   one picture through the network
 *   apply_files.c   which pictures, where they go;  films
 *   apply_sheet.c   one picture in every style of a network */
#ifndef ZOO_STYLE_APPLY_H
#define ZOO_STYLE_APPLY_H

#include "zoo/film/follow.h"
#include "zoo/film/masks.h"
#include "zoo/style/any.h"
#include "zoo/style/painter.h"
#include "zoo/style/style.h"

typedef struct style_apply {
    ad_command *cmd;
    ad_context *ctx;
    int inputs; /* operands behind MODEL that are to be painted */
    style_painter painter;
    style_any *any; /* instead of the painter; NULL: the painter it is */
    float *mix;     /* [styles] */
    ad_compile_options compile;
    film_masks *masks;
    const ad_image *mask; /* of the current picture; NULL: all of it */
    film_follow *follow;  /* of a film with --steady; else NULL */
    /* for pictures of one size */
    int64_t width, height; /* multiples of what the network wants */
    ad_graph *graph;
    ad_program *program;
    ad_node *result;
    float *input;
    size_t bytes;
    bool banded; /* of that size, and too large to be painted at once (bands.h) */
} style_apply;

/* --style and --style-mix into a->mix; an exit status. */
int style_apply_read_mix(style_apply *a);
/* A number of --style-mix; likewise. */
int style_apply_read_part(style_apply *a, const char *text, double *part);
/* *image becomes itself painted, at --size. It has three channels; `path` stands for it in errors.
 */
ad_status style_apply_paint(style_apply *a, ad_image **image, const char *path);
void style_apply_drop_program(style_apply *a);

/* Whether MODEL is `any`, or a run of `style train-any`. */
bool style_apply_is_any(style_apply *a);
/* The network and what it is to paint like, by the command line; or that its options are for it
 * alone. Exit statuses, errors reported. */
int style_apply_open_any(style_apply *a);
int style_apply_refuse_any_options(style_apply *a);

/* An operand's file: "-" is standard input. */
const char *style_apply_input(ad_command *cmd, int index);
/* All inputs; the input that is a film. Exit statuses, errors reported. */
int style_apply_pictures(style_apply *a);
int style_apply_film(style_apply *a);
int style_apply_sheet(style_apply *a, bool picture); /* whether the input is one picture */

#endif
