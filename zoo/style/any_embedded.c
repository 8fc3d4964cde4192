/* any_embedded.c - the decoder inside the binary, so that any painting will do with nothing
 * downloaded. `make any` trains the file. */
#include "zoo/style/any_net.h"
#include "zoo/vision/embedded.h"

EMBEDDED_FILE(any_decoder, "zoo/style/any.safetensors")

ad_status style_any_open_embedded(ad_file **file, ad_context *ctx)
{
    return any_decoder_open(file, ctx, "the embedded decoder");
}
