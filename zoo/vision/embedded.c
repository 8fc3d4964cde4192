/* embedded.c - the compact network's weights inside the binary, so that style transfer works with
 * nothing downloaded. `make backbone` trains the file. */
#include "zoo/vision/backbone.h"
#include "zoo/vision/embedded.h"

EMBEDDED_FILE(vision_weights, "zoo/backbone/compact.safetensors")

ad_status vision_open_embedded(ad_file **file, ad_context *ctx)
{
    return vision_weights_open(file, ctx, "the embedded backbone");
}
