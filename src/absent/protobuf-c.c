/* protobuf-c.c - without protobuf-c: ONNX files are refused. */
#include "onnx/model.h"

static ad_status refuse(const ad_onnx *model)
{
    return ad_fail(model->ctx, AD_ERROR_UNSUPPORTED,
                   "%s: reading ONNX files is not built in: this library was made without "
                   "protobuf-c",
                   model->path);
}

ad_status ad_onnx_parse(ad_onnx *model, const unsigned char *bytes, size_t size)
{
    (void)bytes, (void)size;
    return refuse(model);
}

ad_status ad_onnx_parse_graph(ad_onnx *model, const unsigned char *bytes, size_t size,
                              ad_onnx_graph *graph)
{
    (void)bytes, (void)size, (void)graph;
    return refuse(model);
}

void ad_onnx_parsed_free(ad_onnx *model)
{
    (void)model;
}
