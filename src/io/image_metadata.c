/* image_metadata.c - the two facts that pictures' metadata is read for: which way is up (EXIF, CIPA
 * DC-008 section 4.6) and whether the colours are sRGB (ICC.1). Nothing here trusts an offset. */
#include "io/image_codec.h"

#include <string.h>

static uint32_t read16(const uint8_t *p, bool big)
{
    return big ? (uint32_t)(p[0] << 8 | p[1]) : (uint32_t)(p[1] << 8 | p[0]);
}

static uint32_t read32(const uint8_t *p, bool big)
{
    return big ? read16(p, true) << 16 | read16(p + 2, true)
               : read16(p + 2, false) << 16 | read16(p, false);
}

int ad_exif_orientation(const uint8_t *exif, size_t size)
{
    enum { ORIENTATION = 0x0112, SHORT = 3, ENTRY = 12 };
    if (size < 8 || (memcmp(exif, "II", 2) != 0 && memcmp(exif, "MM", 2) != 0)) return 1;
    bool big = exif[0] == 'M';
    if (read16(exif + 2, big) != 42) return 1;
    size_t at = read32(exif + 4, big);
    if (at > size - 2) return 1;
    size_t entries = read16(exif + at, big);
    for (at += 2; entries-- && at <= size && size - at >= ENTRY; at += ENTRY) {
        const uint8_t *entry = exif + at;
        if (read16(entry, big) != ORIENTATION) continue;
        uint32_t value = read16(entry + 8, big);
        bool sound = read16(entry + 2, big) == SHORT && read32(entry + 4, big) == 1;
        return sound && value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* "sRGB" in ASCII (profiles of version 2) or UTF-16 (version 4). */
static bool mentions_srgb(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i + 4 <= size; ++i) {
        if (!memcmp(text + i, "sRGB", 4)) return true;
        if (i + 7 <= size && !memcmp(text + i, "s\0R\0G\0B", 7)) return true;
    }
    return false;
}

bool ad_icc_is_srgb(const uint8_t *profile, size_t size)
{
    enum { HEADER = 128, ENTRY = 12 };
    if (size < HEADER + 4) return false;
    size_t tags = read32(profile + HEADER, true);
    for (size_t at = HEADER + 4; tags-- && size - at >= ENTRY; at += ENTRY) {
        if (memcmp(profile + at, "desc", 4) != 0) continue;
        size_t offset = read32(profile + at + 4, true), length = read32(profile + at + 8, true);
        if (offset > size || length > size - offset) return false;
        return mentions_srgb(profile + offset, length);
    }
    return false;
}
