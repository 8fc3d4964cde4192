/* any_files.h - the files of a network that paints in any manner: what each of them is, by what is
 * in it. */
#ifndef ZOO_STYLE_ANY_FILES_H
#define ZOO_STYLE_ANY_FILES_H

#include <autodidact/onnx.h>

#include "zoo/style/distilled.h"

typedef enum style_part_kind {
    STYLE_PART_OWN = 0,         /* a decoder of `style train-any` */
    STYLE_PART_ENCODER,         /* distilled.h */
    STYLE_PART_DECODER,         /* */
    STYLE_PART_CONTENT_ENCODER, /* microast.h */
    STYLE_PART_STYLE_ENCODER,   /* */
    STYLE_PART_MODULATOR,       /* */
    STYLE_PART_MICRO_DECODER,   /* */
    STYLE_PART_PREDICTOR,       /* ONNX */
    STYLE_PART_TRANSFORMER,     /* */
    STYLE_PART_KINDS
} style_part_kind;

typedef struct style_part {
    style_part_kind kind;
    char path[1024];
    ad_file *file; /* of weights */
    ad_onnx *onnx; /* or this */
    style_distilled form;
} style_part;

enum { STYLE_PARTS_MOST = 32 };
typedef struct style_parts {
    style_part part[STYLE_PARTS_MOST];
    int count;
} style_parts;

/* Opens all files; a path may be a run, or a folder, whose files of weights are taken by their
 * endings. What is no part of such a network is an error that says what it is instead. */
ad_status style_parts_open(style_parts *parts, ad_context *ctx, const char *const *paths,
                           int count);
void style_parts_close(style_parts *parts);
/* The part of that kind, or NULL; of encoders and decoders the one of that level (0: any). */
style_part *style_parts_find(style_parts *parts, style_part_kind kind, int level);

#endif
