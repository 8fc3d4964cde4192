/* null.h - a device that plans everything and runs nothing. */
#ifndef AD_NULL_H
#define AD_NULL_H

#include "plan/device.h"

ad_status ad_null_device_open(ad_device *device, ad_context *ctx);

#endif
