/* imagenet.c - the words for ImageNet's 1000 classes, in the order of their wnids: a line each in
 * imagenet_words.txt, which tools/imagenet_words writes from torchvision's weights' metadata. */
#include "zoo/vision/imagenet.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 1000 };

/* clang-format off */
__asm__(".section .rodata, \"a\", @progbits\n"
        "vision_words_begin:\n"
        ".incbin \"zoo/vision/imagenet_words.txt\"\n"
        ".byte 0\n"
        ".previous\n");
/* clang-format on */

extern const char vision_words_begin[] __attribute__((visibility("hidden")));

bool vision_classes_worded(int64_t classes)
{
    return classes == WORDS || classes == WORDS + 1;
}

void vision_class_name(int64_t classes, int64_t index, char name[VISION_CLASS_NAME])
{
    int64_t word = classes == WORDS + 1 ? index - 1 : index;
    if (!vision_classes_worded(classes)) {
        snprintf(name, VISION_CLASS_NAME, "%lld", (long long)index);
        return;
    }
    const char *line = word < 0 ? "background\n" : vision_words_begin;
    for (int64_t i = 0; i < word; ++i) line = strchr(line, '\n') + 1;
    snprintf(name, VISION_CLASS_NAME, "%.*s", (int)(strchr(line, '\n') - line), line);
}

bool vision_same_word(const char *a, const char *b)
{
    for (; *a && *b; ++a, ++b) {
        char x = *a == '_' || *a == '-' ? ' ' : (char)tolower((unsigned char)*a);
        char y = *b == '_' || *b == '-' ? ' ' : (char)tolower((unsigned char)*b);
        if (x != y) return false;
    }
    return !*a && !*b;
}

int64_t vision_class_number(int64_t classes, const char *text)
{
    if (!*text || strlen(text) > 6 || text[strspn(text, "0123456789")]) return -1;
    int64_t number = strtol(text, NULL, 10);
    return number < classes ? number : -1;
}

int64_t vision_class_find(int64_t classes, const char *text)
{
    char name[VISION_CLASS_NAME];
    for (int64_t i = 0; vision_classes_worded(classes) && i < classes; ++i) {
        vision_class_name(classes, i, name);
        if (vision_same_word(name, text)) return i;
    }
    return vision_class_number(classes, text);
}
