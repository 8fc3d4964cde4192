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
/* The same sum without heads, in which all channels count alike, by the network that is embedded
 * (compact): a [n, ...], b [n or 1, ...] -> [n]. Its parameters are declared in `vars`. Pictures
 * whose shorter side is under 64 are enlarged to that, of which it sees too little else. */
ad_node *vision_perceptual(ad_vars *vars, ad_node *a, ad_node *b);
/* Its weights, once it was built. */
ad_status vision_perceptual_load(ad_vars *vars);

#endif
