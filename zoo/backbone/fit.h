/* fit.h - the command that trains the embedded backbone. */
#ifndef ZOO_BACKBONE_FIT_H
#define ZOO_BACKBONE_FIT_H

#include <autodidact/command.h>

extern const ad_verb backbone_fit_verb;

#endif
