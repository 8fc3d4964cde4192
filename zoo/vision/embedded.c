/* embedded.c - the compact network's weights inside the binary, so that style transfer works with
 * nothing downloaded. `make backbone` trains the file. */
#include "zoo/vision/backbone.h"

/* clang-format off */
__asm__(".section .rodata, \"a\", @progbits\n"
        ".balign 64\n"
        "vision_weights_begin:\n"
        ".incbin \"zoo/backbone/compact.safetensors\"\n"
        "vision_weights_end:\n"
        ".byte 0\n"
        ".previous\n");
/* clang-format on */

extern const unsigned char vision_weights_begin[] __attribute__((visibility("hidden")));
extern const unsigned char vision_weights_end[] __attribute__((visibility("hidden")));

ad_status vision_open_embedded(ad_file **file, ad_context *ctx)
{
    /* Both names lie in one section. */
    /* cppcheck-suppress comparePointers */
    size_t size = (size_t)(vision_weights_end - vision_weights_begin);
    return ad_file_open_memory(file, ctx, "the embedded backbone", vision_weights_begin, size);
}
