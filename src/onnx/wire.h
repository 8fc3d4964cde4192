/* wire.h - the messages of onnx.proto, for the sources that turn them into the structs of model.h.
 */
#ifndef AD_ONNX_WIRE_H
#define AD_ONNX_WIRE_H

#include "onnx/model.h"

#include <onnx.pb-c.h>

/* Of a text that may be missing. */
static inline const char *text_of(const char *text)
{
    return text ? text : "";
}

ad_status ad_onnx_take_tensor(ad_onnx *model, const AdOnnx__Tensor *from, ad_onnx_tensor *to);

#endif
