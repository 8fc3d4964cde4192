/* any_trained.h - the system of networks that paint in any manner: what is trained, and what opens
 * it. */
#ifndef ZOO_STYLE_ANY_TRAINED_H
#define ZOO_STYLE_ANY_TRAINED_H

#include <autodidact/system.h>

/* What such a network is built from. */
typedef struct style_any_sizes {
    int64_t width; /* as style_any_decode has it */
} style_any_sizes;

extern const ad_system style_any_system;

#endif
