/* painter.h - a network that paints a picture at once, of whatever form its file is: the two of
 * net.h, or an ONNX file (onnx.h) from one picture to one, perhaps with the weights of several
 * styles as a second input. */
#ifndef ZOO_STYLE_PAINTER_H
#define ZOO_STYLE_PAINTER_H

#include <autodidact/onnx.h>

#include "zoo/style/net.h"
#include "zoo/style/trained.h"

enum { STYLE_PAINTER_STYLES = STYLE_NET_STYLES_MOST };

typedef struct style_painter {
    ad_context *ctx;
    ad_vars *vars;
    style_net_form form; /* where there is no onnx */
    ad_onnx *onnx;
    style_net_sizes
        sizes;            /* as `style train` wrote it, where it did: the styles have names there */
    int picture, weights; /* its inputs; weights -1: none */
    bool channels_first;  /* the picture as the file has it */
    int64_t side[2];      /* height and width that the file says, -1: any */
    int64_t styles;       /* 1: no choice */
    int64_t chosen;       /* of the styles, by the name that was opened; -1: none */
    double white;         /* what white is to it: 255 or 1 */
} style_painter;

/* `path` is a file, a run, or the name of a built-in style (shipped.h) where there is no such file.
 * `white` 0: 1 where the network ends in a sigmoid, else 255. On an error nothing is left open. */
ad_status style_painter_open(style_painter *painter, ad_context *ctx, const char *path,
                             double white);
void style_painter_close(style_painter *painter); /* a zeroed one is ignored */
/* image [1, h, w, 3] of 0 to 255 -> the same, not clamped; sides as style_net_build has them.
 * `mix` [styles] adds up to 1; where there is one style, it is not looked at. */
ad_node *style_painter_build(const style_painter *painter, ad_node *image, ad_node *mix);

#endif
