/* devices.c - the table of devices: the one place that knows which exist. */
#include "device/cpu/cpu_device.h"
#include "device/null/null.h"

#include <autodidact/program.h>

static const struct {
    const char *name;
    ad_status (*open)(ad_device *device, ad_context *ctx); /* fills in all but the name */
} devices[] = {
    [AD_DEVICE_CPU] = {"cpu", ad_cpu_device_open},
    [AD_DEVICE_NULL] = {"null", ad_null_device_open},
};
enum { DEVICES = sizeof devices / sizeof *devices };

const char *ad_device_name(int kind)
{
    return kind >= 0 && kind < DEVICES ? devices[kind].name : NULL;
}

ad_status ad_device_open(ad_device *device, ad_context *ctx, int kind)
{
    if (!ad_device_name(kind))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "there is no device number %d: they are 0 to %d",
                       kind, DEVICES - 1);
    ad_status status = devices[kind].open(device, ctx);
    device->name = devices[kind].name;
    return status;
}

bool ad_has_precision(ad_context *ctx, ad_device_kind kind, ad_precision precision)
{
    ad_device device;
    if (precision == AD_PRECISION_F32) return true;
    return precision == AD_PRECISION_BF16 && !ad_device_open(&device, ctx, (int)kind) &&
           device.bf16;
}
