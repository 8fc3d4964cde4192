/* trained.h - the system of networks that paint at once: what is trained, and what opens it. */
#ifndef ZOO_STYLE_TRAINED_H
#define ZOO_STYLE_TRAINED_H

#include <autodidact/system.h>

/* What such a network is built from. */
typedef struct style_net_sizes {
    int64_t width, blocks; /* as in style_net_form */
} style_net_sizes;

extern const ad_system style_system;

#endif
