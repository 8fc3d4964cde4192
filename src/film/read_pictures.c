/* read_pictures.c - numbered pictures as a film: of a folder those files whose names have a number,
 * in the order of the last number in each. */
#include "base/ending.h"
#include "base/notes.h"
#include "film/film.h"
#include "io/folder_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FPS = 25 };

typedef struct numbered {
    char *path;
    int64_t number;
} numbered;

typedef struct picture_source {
    ad_film_source base;
    const char *folder;  /* or a pattern, */
    const char *pattern; /* which begins here; NULL: a folder */
    numbered *at;
    int64_t count, capacity, next;
    int64_t unnumbered; /* pictures whose names have no number */
    int64_t max_pixels;
} picture_source;

/* The last run of digits before the ending, or -1. */
static int64_t number_of(const char *name)
{
    const char *dot = strrchr(name, '.'), *end = dot ? dot : name + strlen(name);
    while (end > name && (end[-1] < '0' || end[-1] > '9')) --end;
    const char *begin = end;
    while (begin > name && begin[-1] >= '0' && begin[-1] <= '9') --begin;
    if (begin == end) return -1;
    int64_t number = 0;
    for (; begin < end; ++begin)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *begin - '0', &number))
            return -1;
    return number;
}

static ad_status see_file(void *user, const char *path, const char *name)
{
    picture_source *s = user;
    if (!ad_image_ending_known(name)) return AD_OK;
    int64_t number = number_of(name);
    if (s->pattern && !ad_film_pattern_number(s->pattern, name, &number)) return AD_OK;
    if (number < 0) return ++s->unnumbered, AD_OK;
    numbered *at = ad_grow(s->base.own, s->at, &s->capacity, s->count + 1, sizeof *at);
    if (!at) return AD_ERROR_MEMORY;
    s->at = at;
    at[s->count] = (numbered){ad_string_copy(s->base.own, path), number};
    return at[s->count++].path ? AD_OK : AD_ERROR_MEMORY;
}

static int by_number(const void *a, const void *b)
{
    const numbered *x = a, *y = b;
    int order = (x->number > y->number) - (x->number < y->number);
    return order ? order : strcmp(x->path, y->path);
}

static ad_status order(picture_source *s)
{
    int64_t missing = 0, first = 0;
    if (!s->count)
        return ad_fail(s->base.own, AD_ERROR_NOT_FOUND,
                       s->pattern ? "%s: there is no picture of such a name"
                                  : "%s: holds no pictures with numbers in their names",
                       s->folder);
    qsort(s->at, (size_t)s->count, sizeof *s->at, by_number);
    for (int64_t i = 1; i < s->count; ++i) {
        int64_t before = s->at[i - 1].number, now = s->at[i].number;
        if (now == before)
            return ad_fail(s->base.own, AD_ERROR_FORMAT, "%s: is number %lld, as %s is",
                           s->at[i].path, (long long)now, s->at[i - 1].path);
        if (now > before + 1 && !missing) first = before + 1;
        missing += now - before - 1;
    }
    if (missing)
        ad_note(s->base.own, "%s: %lld number%s missing among the pictures, the first is %lld",
                s->folder, (long long)missing, missing == 1 ? " is" : "s are", (long long)first);
    if (s->unnumbered)
        ad_note(s->base.own, "%s: %lld picture%s without a number left out", s->folder,
                (long long)s->unnumbered, s->unnumbered == 1 ? "" : "s");
    return AD_OK;
}

static ad_status next(ad_film_source *source, double from, ad_film_slot *slot, bool *ended)
{
    picture_source *s = (picture_source *)source;
    const ad_film_info *info = &source->info;
    double frame = (double)info->fps_den / (double)info->fps_num;
    while (s->next < s->count && (double)(s->next + 1) * frame <= from + ad_film_instant) ++s->next;
    *ended = s->next == s->count;
    if (*ended) return AD_OK;
    const char *path = s->at[s->next].path;
    ad_image *image;
    ad_image_read_options options = {.channels = source->channels, .max_pixels = s->max_pixels};
    ad_status status = ad_image_read(source->own, path, &options, &image);
    if (status) return status;
    if (source->channels == 3 && image->source.channels % 2 == 0)
        ad_note(source->own, "%s: its transparency is laid over white", path);
    if (image->width == info->width && image->height == info->height)
        memcpy(slot->pixels, image->data,
               (size_t)(image->width * image->height * image->channels) * sizeof(float));
    else
        status = ad_fail(source->own, AD_ERROR_SHAPE,
                         "%s: is %lld x %lld pixels and %s is %lld x %lld: the pictures of a film "
                         "have one size",
                         path, (long long)image->width, (long long)image->height, s->at[0].path,
                         (long long)info->width, (long long)info->height);
    slot->time = (double)s->next++ * frame, slot->duration = frame;
    ad_image_free(image);
    return status;
}

static void release(ad_film_source *source)
{
    picture_source *s = (picture_source *)source;
    for (int64_t i = 0; i < s->count; ++i) ad_string_free(source->own, s->at[i].path);
    ad_free(source->own, s->at, (size_t)s->capacity * sizeof *s->at);
    ad_free(source->own, s, sizeof *s);
}

/* What the first picture says of all. */
static ad_status describe(picture_source *s, double fps)
{
    ad_film_info *info = &s->base.info;
    ad_image_info first;
    ad_status status = ad_image_probe(s->base.own, s->at[0].path, &first);
    if (status) return status;
    snprintf(info->format, sizeof info->format, "pictures");
    snprintf(info->codec, sizeof info->codec, "%s", ad_image_format_name(first.format));
    snprintf(info->colours, sizeof info->colours, "sRGB");
    info->width = first.width, info->height = first.height;
    s->base.channels = first.channels % 2 == 0 ? 4 : 3;
    info->bit_depth = first.bit_depth, info->alpha = first.channels % 2 == 0;
    info->full_range = info->counted = true;
    info->frames = s->count;
    ad_film_rate(fps > 0 ? fps : FPS, &info->fps_num, &info->fps_den);
    info->seconds = (double)s->count * (double)info->fps_den / (double)info->fps_num;
    int64_t pixels;
    if (__builtin_mul_overflow(first.width, first.height, &pixels) || pixels > s->max_pixels)
        return ad_fail(s->base.own, AD_ERROR_LIMIT,
                       "%s: is %lld x %lld pixels; the limit of a film's frame is %lld",
                       s->at[0].path, (long long)first.width, (long long)first.height,
                       (long long)s->max_pixels);
    return AD_OK;
}

/* The folder, or that of the pattern. */
static ad_status walk(picture_source *s)
{
    ad_context *own = s->base.own;
    const ad_folder_walk look = {.user = s, .file = see_file, .flat = true};
    struct stat about;
    const char *slash = strrchr(s->folder, '/');
    if (!stat(s->folder, &about)) return ad_walk_folder(own, s->folder, &look);
    s->pattern = slash ? slash + 1 : s->folder;
    char *folder = slash ? ad_string_cut(own, s->folder, (size_t)(slash + 1 - s->folder))
                         : ad_string_copy(own, ".");
    ad_status status = folder ? ad_walk_folder(own, folder, &look) : AD_ERROR_MEMORY;
    ad_string_free(own, folder);
    return status;
}

ad_status ad_film_source_pictures(ad_film_source **out, ad_context *own, const char *path,
                                  const ad_film_options *options)
{
    picture_source *s = ad_zalloc(own, sizeof *s);
    *out = NULL;
    if (!s) return AD_ERROR_MEMORY;
    s->base = (ad_film_source){.own = own, .samples = AD_FILM_F32, .next = next, .free = release};
    s->folder = path, s->max_pixels = options->max_pixels;
    ad_status status = walk(s);
    if (!status) status = order(s);
    if (!status) status = describe(s, options->fps);
    if (status)
        release(&s->base);
    else
        *out = &s->base;
    return status;
}
