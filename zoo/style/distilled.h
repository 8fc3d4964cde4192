/* distilled.h - encoders and decoders of VGG-19's features in pairs, one for each level from
 * relu1_1 to relu5_1, as Wang et al. distilled them to a sixteenth of their size (2020,
 * "Collaborative distillation for ultra-resolution universal style transfer"): their files SE1 to
 * SE5 and SD1 to SD5, and whatever has tensors of these names. */
#ifndef ZOO_STYLE_DISTILLED_H
#define ZOO_STYLE_DISTILLED_H

#include <autodidact/nn.h>

enum { STYLE_DISTILLED_LEVELS = 5, STYLE_DISTILLED_CONVS = 4 };

/* Of one file, by its tensors "conv11.weight", "conv12.weight", ... */
typedef struct style_distilled {
    int level; /* 1 to 5 */
    int64_t channels[STYLE_DISTILLED_LEVELS][STYLE_DISTILLED_CONVS];
} style_distilled;

/* Whether the file is an encoder ("conv0.weight", which brings colours to VGG's) or a decoder
 * (whose conv11 makes three channels); *form is filled then. */
bool style_distilled_encoder(const ad_file *file, style_distilled *form);
bool style_distilled_decoder(const ad_file *file, style_distilled *form);

/* image [1, h, w, 3] of 0 to 1, sides multiples of 2^(level - 1) -> relu{level}_1. */
ad_node *style_distilled_encode(ad_vars *vars, const style_distilled *form, ad_node *image);
/* relu{level}_1 -> the picture, not negative. */
ad_node *style_distilled_decode(ad_vars *vars, const style_distilled *form, ad_node *features);

#endif
