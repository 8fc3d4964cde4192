/* any_embedded.c - the decoder inside the binary, so that any painting will do with nothing
 * downloaded. `make any` trains the file. */
#include "zoo/style/any_net.h"

/* clang-format off */
__asm__(".section .rodata, \"a\", @progbits\n"
        ".balign 64\n"
        "style_any_begin:\n"
        ".incbin \"zoo/style/any.safetensors\"\n"
        "style_any_end:\n"
        ".byte 0\n"
        ".previous\n");
/* clang-format on */

extern const unsigned char style_any_begin[] __attribute__((visibility("hidden")));
extern const unsigned char style_any_end[] __attribute__((visibility("hidden")));

ad_status style_any_open_embedded(ad_file **file, ad_context *ctx)
{
    /* Both names lie in one section. */
    /* cppcheck-suppress comparePointers */
    size_t size = (size_t)(style_any_end - style_any_begin);
    return ad_file_open_memory(file, ctx, "the embedded decoder", style_any_begin, size);
}
