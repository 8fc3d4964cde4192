/* devices.c - the one place that knows which devices exist. */
#include "device/cpu/cpu_device.h"
#include "device/null/null.h"

#include <autodidact/program.h>

ad_status ad_device_open(ad_device *device, ad_context *ctx, int kind)
{
    switch (kind) {
    case AD_DEVICE_CPU: return ad_cpu_device_open(device, ctx);
    case AD_DEVICE_NULL: return ad_null_device_open(device, ctx);
    default: return ad_fail(ctx, AD_ERROR_ARGUMENT, "there is no device number %d", kind);
    }
}
