/* trained.h - the system of networks that paint at once: what is trained, and what opens it. */
#ifndef ZOO_STYLE_TRAINED_H
#define ZOO_STYLE_TRAINED_H

#include <autodidact/system.h>

#include "zoo/style/net.h"

/* What such a network is built from. */
typedef struct style_net_sizes {
    int64_t width, blocks; /* as in style_net_form */
    int enlarge;           /* 0: by repeating pixels; 1: bilinear */
    ad_texts styles; /* their names, of the paintings' files; none in old runs, of one style */
} style_net_sizes;

style_net_form style_net_form_of(const style_net_sizes *sizes);

extern const ad_system style_system;
extern const ad_record style_net_record; /* of style_net_sizes */

#endif
