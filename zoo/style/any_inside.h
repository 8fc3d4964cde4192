/* any_inside.h - what any_*.c share. */
#ifndef ZOO_STYLE_ANY_INSIDE_H
#define ZOO_STYLE_ANY_INSIDE_H

#include "zoo/style/any.h"
#include "zoo/style/any_net.h"
#include "zoo/style/distilled.h"
#include "zoo/style/match.h"
#include "zoo/style/style.h"

#include <autodidact/onnx.h>

enum { STYLE_ANY_PASSES = STYLE_DISTILLED_LEVELS, STYLE_ANY_STORES = 4 };

/* ---- any_passes.c: encode, match, decode ---- */

/* What an encoder shows of pictures of one size. */
typedef struct style_encoding {
    int64_t height, width;
    ad_graph *graph;
    ad_program *program; /* NULL: not made */
    ad_node *image, *features[STYLE_ANY_LEVELS], *mean[STYLE_ANY_LEVELS], *spread[STYLE_ANY_LEVELS];
} style_encoding;

typedef struct style_decoding {
    ad_graph *graph;
    ad_program *program;
    ad_node *features[STYLE_ANY_LEVELS], *scale[STYLE_ANY_LEVELS], *shift[STYLE_ANY_LEVELS];
    ad_node *picture;
    float *scales[STYLE_ANY_LEVELS], *shifts[STYLE_ANY_LEVELS];
} style_decoding;

typedef struct style_pass {
    ad_vars *encoder, *decoder;
    bool own;      /* any_net.h, whose decoder has `width`; else distilled.h */
    int64_t width; /* */
    style_distilled sees, makes;
    bool whole; /* WCT */
    style_statistics style[STYLE_ANY_LEVELS];
    style_encoding encoding;
    style_decoding decoding;
} style_pass;

int style_pass_features(const style_pass *pass);
ad_status style_pass_look(style_pass *pass, ad_context *ctx, const ad_compile_options *compile,
                          const style_pixels *painting, const char *path, double part);
/* `picture` becomes what is decoded. */
ad_status style_pass_paint(style_pass *pass, ad_context *ctx, const ad_compile_options *compile,
                           style_pixels *picture, const char *path, double strength);
void style_pass_close(style_pass *pass);

/* ---- any_coded.c: a vector for the painting ---- */

typedef struct style_coded {
    /* MicroAST: content encoder, style encoder, modulator, decoder; ONNX: predictor, transformer */
    ad_vars *store[STYLE_ANY_STORES];
    ad_onnx *predict, *transform; /* NULL: MicroAST */
    int64_t length;               /* of the code */
    float *code;                  /* of the paintings */
    /* for pictures of one size */
    int64_t height, width;
    ad_graph *graph;
    ad_program *program;
    ad_node *image, *input, *strength, *picture;
    float *mixed, how_far;
} style_coded;
enum { STYLE_SEES_PHOTO = 0, STYLE_SEES_PAINTING, STYLE_MODULATES, STYLE_MAKES };
enum { STYLE_ONNX_SIDE = 256 }; /* of the square that a predictor is shown */

/* `picture`: a painting, or (`part` unused, `into` not the painting's) a photo, as the network
 * wants to look at it; `into` [length] gets `part` of its code added. */
ad_status style_coded_look(style_coded *coded, ad_context *ctx, const ad_compile_options *compile,
                           const style_pixels *picture, const char *path, double part, float *into);
/* own: the photo's code, for ONNX with a strength below 1; else NULL. */
ad_status style_coded_paint(style_coded *coded, ad_context *ctx, const ad_compile_options *compile,
                            style_pixels *picture, const char *path, double strength,
                            const float *own);
void style_coded_close(style_coded *coded);

/* ---- all ---- */

struct style_any {
    ad_context *ctx;
    style_any_options options;
    const char *form;
    int64_t multiple, least;           /* of sides */
    style_pass pass[STYLE_ANY_PASSES]; /* in the order in which they paint */
    int passes;                        /* 0: */
    style_coded coded;
};

#endif
