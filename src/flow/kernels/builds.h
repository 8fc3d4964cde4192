/* builds.h - the kernels that kernels.h lists, by the name that they have in this build. */
#ifndef AD_FLOW_BUILDS_H
#define AD_FLOW_BUILDS_H

#include "device/cpu/isa.h"
#include "flow/kernels.h"

void AD_ISA_NAME(ad_flow_patch_open)(ad_flow_patch *patch, const float *grey, int64_t stride);
void AD_ISA_NAME(ad_flow_patch_match)(const ad_flow_patch *patch, const ad_flow_place *place,
                                      ad_flow_match *match);
void AD_ISA_NAME(ad_flow_patch_splat)(const float *grey, const ad_flow_place *place, float mean,
                                      float u, float v, float *sum_u, float *sum_v, float *sum);
extern const ad_flow_kernels AD_ISA_NAME(ad_flow_kernels);

#endif
