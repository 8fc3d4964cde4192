/* write_pictures.c - a film as numbered PNGs: a folder of them, or names with a number. */
#include "film/film.h"
#include "io/folder_walk.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct picture_sink {
    ad_film_sink base;
    bool folder, made; /* the folder is this sink's */
    int64_t written;
} picture_sink;

/* The %d or %05d at `text`: its length, and how many digits at least; 0: it is none. */
static int placeholder(const char *text, int *digits)
{
    int at = 1;
    *digits = 1;
    if (text[at] == '0' && text[at + 1] >= '1' && text[at + 1] <= '9')
        *digits = text[at + 1] - '0', at += 2;
    return text[at] == 'd' ? at + 1 : 0;
}

ad_status ad_film_pattern_check(ad_context *ctx, const char *pattern)
{
    int numbers = 0, digits;
    for (const char *c = pattern; *c; ++c) {
        if (*c != '%') continue;
        int length = placeholder(c, &digits);
        if (!length && c[1] != '%')
            return ad_fail(
                ctx, AD_ERROR_ARGUMENT,
                "%s: a number in numbered names is written %%d or %%05d, and the sign %% "
                "itself %%%%",
                pattern);
        numbers += length > 0;
        c += length ? length - 1 : 1;
    }
    if (numbers != 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: numbered names have one number, %%d or %%05d",
                       pattern);
    char first[PATH_MAX];
    if (!ad_film_pattern_name(pattern, 1, first, sizeof first))
        return ad_fail(ctx, AD_ERROR_IO, "%.64s...: the path is too long", pattern);
    return ad_image_can_write(ctx, first);
}

bool ad_film_pattern_name(const char *pattern, int64_t number, char *path, size_t size)
{
    size_t used = 0;
    for (const char *c = pattern; *c; ++c) {
        int digits, length = *c == '%' ? placeholder(c, &digits) : 0;
        if (used + 24 > size) return false;
        if (length)
            used += (size_t)snprintf(path + used, size - used, "%0*lld", digits, (long long)number);
        else
            path[used++] = *c;
        if (*c == '%') c += length ? length - 1 : 1;
    }
    path[used] = 0;
    return true;
}

bool ad_film_pattern_number(const char *pattern, const char *name, int64_t *number)
{
    *number = -1;
    for (const char *c = pattern; *c;) {
        int digits, length = *c == '%' ? placeholder(c, &digits) : 0;
        if (!length) {
            if (*c != *name++) return false;
            c += *c == '%' ? 2 : 1;
            continue;
        }
        int run = (int)strspn(name, "0123456789");
        if (run < digits || run > 18 || (run > digits && *name == '0')) return false;
        for (*number = 0; run; --run) *number = 10 * *number + (*name++ - '0');
        c += length;
    }
    return !*name && *number >= 0;
}

static bool name_of(const picture_sink *s, int64_t number, char path[PATH_MAX])
{
    const char *end = s->base.path + strlen(s->base.path);
    if (!s->folder) return ad_film_pattern_name(s->base.path, number, path, PATH_MAX);
    return snprintf(path, PATH_MAX, "%s%s%05lld.png", s->base.path, end[-1] == '/' ? "" : "/",
                    (long long)number) < PATH_MAX;
}

static ad_status add(ad_film_sink *sink, const ad_film_slot *slot)
{
    picture_sink *s = (picture_sink *)sink;
    char path[PATH_MAX];
    ad_image image = {.width = sink->width,
                      .height = sink->height,
                      .channels = sink->channels,
                      .data = slot->pixels,
                      .ctx = sink->own};
    if (!name_of(s, s->written + 1, path))
        return ad_fail(sink->own, AD_ERROR_IO, "%.64s...: the path is too long", sink->path);
    if (!access(path, F_OK)) /* it may be one that is read */
        return ad_fail(sink->own, AD_ERROR_IO,
                       "%s: is there already; pictures of a film are not written over others",
                       path);
    ad_status status = ad_image_write(sink->own, path, &image, NULL);
    if (!status) ++s->written;
    return status;
}

static ad_status finish(ad_film_sink *sink)
{
    (void)sink;
    return AD_OK;
}

/* Each picture is whole, and stays where it is. */
static bool keep(ad_film_sink *sink, const char *partial, const char **path, int64_t *frames)
{
    picture_sink *s = (picture_sink *)sink;
    (void)partial;
    *path = sink->path, *frames = s->written;
    return s->written > 0;
}

static void release(ad_film_sink *sink)
{
    picture_sink *s = (picture_sink *)sink;
    if (s->made && !s->written) rmdir(sink->path);
    ad_free(sink->own, s, sizeof *s);
}

static ad_status see_file(void *user, const char *path, const char *name)
{
    (void)path, (void)name;
    *(bool *)user = true;
    return AD_OK;
}

/* The folder is there, and empty. */
static ad_status make_folder(picture_sink *s)
{
    ad_context *own = s->base.own;
    bool used = false;
    s->made = !mkdir(s->base.path, 0777);
    if (s->made) return AD_OK;
    if (errno != EEXIST) return ad_fail_io(own, s->base.path, "cannot make the folder", errno);
    ad_status status = ad_walk_folder(
        own, s->base.path, &(ad_folder_walk){.user = &used, .file = see_file, .flat = true});
    if (!status && used)
        status = ad_fail(own, AD_ERROR_IO,
                         "%s: holds files already; the pictures of a film take an empty folder",
                         s->base.path);
    return status;
}

ad_status ad_film_sink_pictures(ad_film_sink **out, ad_context *own, const char *path,
                                ad_film_kind kind)
{
    picture_sink *s = ad_zalloc(own, sizeof *s);
    *out = NULL;
    if (!s) return AD_ERROR_MEMORY;
    s->base = (ad_film_sink){.own = own,
                             .path = path,
                             .alpha = true,
                             .floats = true,
                             .add = add,
                             .finish = finish,
                             .commit = finish,
                             .keep = keep,
                             .free = release};
    s->folder = kind == AD_FILM_FOLDER;
    ad_status status = s->folder ? make_folder(s) : ad_film_pattern_check(own, path);
    if (status)
        release(&s->base);
    else
        *out = &s->base;
    return status;
}
