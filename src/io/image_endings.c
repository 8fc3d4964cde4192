/* image_endings.c - which names are those of pictures: of such that can be read, and of others. */
#include <autodidact/image.h>

#include <string.h>
#include <strings.h>

/* The one of `ends` (ending in NULL) that the name ends in, whatever its case; or NULL. */
static const char *ending_of(const char *name, const char *const *ends)
{
    const char *dot = strrchr(name, '.');
    for (; dot && *ends; ++ends)
        if (!strcasecmp(dot, *ends)) return *ends;
    return NULL;
}

bool ad_image_ending_known(const char *name)
{
    static const char *const ends[] = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp",
                                       ".bmp", ".dib",  ".pgm", ".ppm",  ".pnm", NULL};
    return ending_of(name, ends);
}

const char *ad_image_ending_unread(const char *name)
{
    static const char *const ends[] = {
        ".arw", ".avif", ".cr2", ".cr3", ".dng", ".exr", ".gif",  ".hdr", ".heic", ".heif",
        ".ico", ".j2k",  ".jp2", ".jxl", ".nef", ".orf", ".pam",  ".pbm", ".pcx",  ".psd",
        ".qoi", ".raf",  ".rw2", ".svg", ".tga", ".tif", ".tiff", ".xcf", NULL};
    return ending_of(name, ends);
}
