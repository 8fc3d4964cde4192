/* image_folders.h - folders of small pictures, written and read as a set of pictures by tests. */
#ifndef AD_TESTS_IMAGE_FOLDERS_H
#define AD_TESTS_IMAGE_FOLDERS_H

#include "case.h"

#include <autodidact/data.h>

#include <sys/stat.h>

/* A grey PGM, or a colour PPM, of one value. */
static inline void write_picture(const char *name, int width, int height, int value, bool colour)
{
    unsigned char bytes[4096];
    int n = sprintf((char *)bytes, "P%c\n# made by a test\n%d %d\n255\n", colour ? '6' : '5', width,
                    height);
    int count = width * height * (colour ? 3 : 1);
    memset(bytes + n, value, (size_t)count);
    write_bytes(name, bytes, (size_t)(n + count));
}

static inline void make_folders(const char *const *names, int count)
{
    for (int i = 0; i < count; ++i) CHECK_INT(mkdir(in_folder(names[i]), 0777), 0);
}

/* Five pictures in two classes: three to train with, two to test. */
static inline void animals(void)
{
    make_folders((const char *const[]){"a", "a/train", "a/train/cat", "a/train/dog", "a/test",
                                       "a/test/cat", "a/test/dog"},
                 7);
    write_picture("a/train/cat/1.pgm", 4, 3, 10, false);
    write_picture("a/train/cat/2.pgm", 4, 3, 20, false);
    write_picture("a/train/dog/1.pgm", 4, 3, 30, false);
    write_picture("a/test/dog/1.pgm", 4, 3, 40, false);
    write_picture("a/test/cat/1.pgm", 4, 3, 50, false);
}

/* All that was noted, a line each. */
static char notes[4096];

static inline void note(void *user, const char *sentence)
{
    (void)user;
    size_t used = strlen(notes);
    snprintf(notes + used, sizeof notes - used, "%s\n", sentence);
}
static const ad_watcher watcher = {.note = note};

static inline ad_image_set *read_set(const char *name, ad_image_set_options options)
{
    ad_image_set *set;
    ad_error_clear(ctx);
    *notes = 0;
    if (!options.watcher) options.watcher = &watcher;
    (void)ad_image_set_read(&set, ctx, in_folder(name), &options);
    return set;
}

#endif
