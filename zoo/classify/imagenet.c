/* imagenet.c - the words for ImageNet's 1000 classes, in the order of their wnids: a line each in
 * imagenet_words.txt, which tools/imagenet_words writes from torchvision's weights' metadata. */
#include "zoo/classify/classify.h"

#include <string.h>

/* clang-format off */
__asm__(".section .rodata, \"a\", @progbits\n"
        "classify_words_begin:\n"
        ".incbin \"zoo/classify/imagenet_words.txt\"\n"
        ".byte 0\n"
        ".previous\n");
/* clang-format on */

extern const char classify_words_begin[] __attribute__((visibility("hidden")));

const char *classify_imagenet_word(int index, int *length)
{
    const char *line = classify_words_begin;
    for (int i = 0; i < index; ++i) line = strchr(line, '\n') + 1;
    *length = (int)(strchr(line, '\n') - line);
    return line;
}
