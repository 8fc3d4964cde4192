/* lpips.h - how different two pictures look (Zhang et al. 2018, "The unreasonable effectiveness of
 * deep features as a perceptual metric"), version 0.1. */
#ifndef ZOO_VISION_LPIPS_H
#define ZOO_VISION_LPIPS_H

#include "zoo/vision/backbone.h"

/* The networks that there are heads for: alexnet, vgg16, squeezenet1_1. */
bool vision_lpips_has(vision_kind kind);
/* Of images [n, height, width, 3] of 0 to 255 -> [n]; 0: the same. The networks' parameters are
 * found or declared in `vars` as by vision_build_form; the heads in `heads` as the authors' files
 * name them, `lin0.model.1.weight` [1, channels, 1, 1] .. (alex.pth, vgg.pth, squeeze.pth). */
ad_node *vision_lpips(ad_vars *vars, ad_vars *heads, vision_kind kind, ad_node *a, ad_node *b);

#endif
