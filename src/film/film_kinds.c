/* film_kinds.c - what begins as a film does, what its name says of one that is written, and rates.
 */
#include "base/ending.h"
#include "film/film.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- beginnings ---- */

typedef struct film_magic {
    const char *magic;
    unsigned char at, size;
} film_magic;

static bool is_picture_brand(const unsigned char *brand)
{
    static const char *const brands[] = {"avif", "heic", "heix", "heim", "heis", "mif1"};
    for (size_t i = 0; i < sizeof brands / sizeof *brands; ++i)
        if (!memcmp(brand, brands[i], 4)) return true;
    return false;
}

/* An animated PNG has a chunk acTL between IHDR, which is the first, and IDAT. */
static bool is_animated_png(const unsigned char *head, size_t size)
{
    for (size_t at = 8; at + 8 <= size;) {
        if (!memcmp(head + at + 4, "acTL", 4)) return true;
        if (!memcmp(head + at + 4, "IDAT", 4)) return false;
        size_t bytes = (size_t)head[at] << 24 | (size_t)head[at + 1] << 16 |
                       (size_t)head[at + 2] << 8 | head[at + 3];
        at += bytes + 12;
    }
    return false;
}

/* Bare H.264 and HEVC (Annex B): a start code, then parameters or what announces a picture. */
static bool is_bare_video(const unsigned char *head, size_t size)
{
    size_t at = size > 5 && !memcmp(head, "\0\0\0\1", 4) ? 4
                : size > 5 && !memcmp(head, "\0\0\1", 3) ? 3
                                                         : 0;
    if (!at || head[at] & 0x80) return false;
    int h264 = head[at] & 31, hevc = head[at] >> 1;
    bool first_layer = head[at + 1] == 1;
    return h264 == 7 || h264 == 9 || (first_layer && (hevc == 32 || hevc == 33 || hevc == 35));
}

ad_status ad_film_begins(ad_context *ctx, const char *path, bool *is)
{
    static const film_magic kinds[] = {
        {"\x1a\x45\xdf\xa3", 0, 4},
        {"GIF8", 0, 4},
        {"AVI ", 8, 4},
        {"FLV\x01", 0, 4},
        {"OggS", 0, 4},
        {"\0\0\1\xba", 0, 4},
        {"moov", 4, 4},
        {"mdat", 4, 4},
        {"DKIF", 0, 4},
        {"YUV4MPEG2", 0, 9},
    };
    unsigned char head[4096];
    size_t size = sizeof head;
    *is = false;
    ad_status status = ad_file_begin(ctx, path, head, &size);
    if (status) return status;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
        const film_magic *k = &kinds[i];
        *is |= size >= (size_t)k->at + k->size && !memcmp(head + k->at, k->magic, k->size);
    }
    if (size >= 12 && !memcmp(head + 4, "ftyp", 4)) *is = !is_picture_brand(head + 8);
    if (size >= 8 && !memcmp(head, "\x89PNG\r\n\x1a\n", 8)) *is = is_animated_png(head, size);
    if (is_bare_video(head, size)) *is = true;
    if (size > 376 && head[0] == 0x47 && head[188] == 0x47 && head[376] == 0x47) *is = true;
    return AD_OK;
}

/* ---- names ---- */

ad_film_kind ad_film_kind_of(const char *path)
{
    static const struct {
        const char *ending;
        ad_film_kind kind;
    } kinds[] = {{".mp4", AD_FILM_MP4},
                 {".m4v", AD_FILM_MP4},
                 {".webm", AD_FILM_WEBM},
                 {".apng", AD_FILM_APNG},
                 {".gif", AD_FILM_GIF}};
    struct stat about;
    size_t length = strlen(path);
    if (!stat(path, &about) && S_ISDIR(about.st_mode)) return AD_FILM_FOLDER;
    if (length && path[length - 1] == '/') return AD_FILM_FOLDER;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i)
        if (ad_ends_with_any_case(path, kinds[i].ending)) return kinds[i].kind;
    const char *slash = strrchr(path, '/');
    bool pattern = strchr(slash ? slash : path, '%') && ad_ends_with_any_case(path, ".png");
    return pattern ? AD_FILM_PATTERN : AD_FILM_NONE;
}

ad_status ad_film_can_write(ad_context *ctx, const char *path)
{
    ad_film_kind kind = ad_film_kind_of(path);
    if (kind == AD_FILM_NONE)
        return ad_fail(
            ctx, AD_ERROR_ARGUMENT,
            "%s: a film's name ends in .mp4, .webm, .gif or .apng; pictures go to a folder "
            "(frames/) or to numbered names (frame-%%05d.png)",
            path);
    if (kind == AD_FILM_FOLDER) return AD_OK;
    return kind == AD_FILM_PATTERN ? ad_film_pattern_check(ctx, path) : ad_output_check(ctx, path);
}

bool ad_film_can_be_transparent(const char *path)
{
    ad_film_kind kind = ad_film_kind_of(path);
    return kind == AD_FILM_APNG || kind == AD_FILM_FOLDER || kind == AD_FILM_PATTERN;
}

/* ---- rates ---- */

/* Television's rates are thousandths below whole ones. */
void ad_film_rate(double fps, int64_t *num, int64_t *den)
{
    double whole = round(fps * 1.001);
    if (fabs(fps - round(fps)) > 1e-4 && fabs(whole / 1.001 - fps) < 0.005 && whole >= 10) {
        *num = (int64_t)whole * 1000, *den = 1001;
        return;
    }
    *num = llround(fps * 1000), *den = 1000;
    if (*num < 1) *num = 1;
    for (int64_t a = *num, b = *den; b;) {
        int64_t rest = a % b;
        a = b, b = rest;
        if (!b) *num /= a, *den /= a;
    }
}
