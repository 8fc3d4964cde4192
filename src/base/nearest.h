/* nearest.h - "did you mean": ad_nearest is public. */
#ifndef AD_BASE_NEAREST_H
#define AD_BASE_NEAREST_H

#include <autodidact/base.h>

#endif
