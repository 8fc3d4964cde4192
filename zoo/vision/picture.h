/* picture.h - the pictures that a verb reads and the one that it writes. */
#ifndef ZOO_VISION_PICTURE_H
#define ZOO_VISION_PICTURE_H

#include <autodidact/command.h>
#include <autodidact/image.h>

/* The place of pixel i of a line of n that is mirrored at both ends, its last pixel once. */
static inline int64_t vision_mirrored(int64_t i, int64_t n)
{
    if (n == 1) return 0;
    int64_t period = 2 * (n - 1), at = (i % period + period) % period;
    return at < n ? at : period - at;
}

/* Reads a picture that the person named, with a note on what was ignored in it. NULL: the error has
 * been reported. */
ad_image *vision_read_picture(ad_command *cmd, const char *path, int channels);

/* --output can be written, and is none of the files that are read: operands, and those of `read`
 * (each may be NULL). Exit statuses: 0, or the error has been reported. */
int vision_check_output(ad_command *cmd, const char *const *read, int count);
/* The second half of it, for an output that is no single picture. */
int vision_check_not_input(ad_command *cmd, const char *const *read, int count);

#endif
