/* imagenet.h - the words for ImageNet's 1000 classes, and which class a person means. */
#ifndef ZOO_VISION_IMAGENET_H
#define ZOO_VISION_IMAGENET_H

#include <stdbool.h>
#include <stdint.h>

enum { VISION_CLASS_NAME = 64 }; /* bytes */

/* Of a network with that many classes: "great white shark" where there are 1000 of them, or 1001
 * with TensorFlow's "background" in front; else its number. */
void vision_class_name(int64_t classes, int64_t index, char name[VISION_CLASS_NAME]);
bool vision_classes_worded(int64_t classes);
/* The class that is called so, by its number or its word; -1: none. */
int64_t vision_class_find(int64_t classes, const char *text);
/* As people write words into names of folders: case, '_' and '-' do not matter. */
bool vision_same_word(const char *a, const char *b);
/* `text` as a number below `classes`; -1: it is none. */
int64_t vision_class_number(int64_t classes, const char *text);

#endif
