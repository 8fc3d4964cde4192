/* cpu_device.h - the CPU as a device: the solvers of one instruction set and the machine's figures.
 */
#ifndef AD_CPU_DEVICE_H
#define AD_CPU_DEVICE_H

#include "plan/device.h"

/* The CPU at the context's instruction set and thread count. Always AD_OK: scalar runs everywhere.
 */
ad_status ad_cpu_device_open(ad_device *device, ad_context *ctx);

#endif
