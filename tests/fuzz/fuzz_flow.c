/* Any bytes as a .flo file: reading, and a picture of what was read. */
#include <autodidact/flow.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ad_context *ctx;
    static char path[64];
    if (!ctx) {
        ctx = ad_context_new(&(ad_context_options){.threads = 1});
        snprintf(path, sizeof path, "/tmp/fuzz-flow-%ld.flo", (long)getpid());
    }
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file)) abort();
    ad_flow *flow;
    ad_image *image = NULL;
    if (!ad_flow_read(ctx, path, &flow)) {
        if (12 + 8 * (size_t)(flow->width * flow->height) != size) abort();
        if (ad_flow_draw(ctx, flow, 0, &image)) abort();
        for (int64_t i = 0; i < 3 * image->width * image->height; ++i)
            if (!(image->data[i] >= 0 && image->data[i] <= 1)) abort();
    }
    ad_image_free(image);
    ad_flow_free(flow);
    remove(path);
    if (ad_context_memory(ctx)) abort();
    return 0;
}
