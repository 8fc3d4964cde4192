/* class_folders.c - pictures by folder: [SPLIT/]CLASS/.../PICTURE. */
#include "data/pictures/picture_list.h"
#include "data/pictures/split_name.h"

#include <string.h>

/* Up to the first slash, or the whole. */
static size_t first_part(const char *name)
{
    return strcspn(name, "/");
}

/* The length of the longest beginning of both that ends in a slash, at most `most`. */
static size_t common_folders(const char *a, const char *b, size_t most)
{
    size_t same = 0, folders = 0;
    for (; same < most && a[same] == b[same] && a[same]; ++same)
        if (a[same] == '/') folders = same + 1;
    return folders;
}

/* How much of the beginning all pictures share, short of where splits or classes stand. */
static size_t shared_length(const ad_source *s)
{
    const char *first = NULL;
    size_t length = 0;
    bool deeper = false;
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        const char *name = ad_source_name(s, i);
        if (!ad_image_ending_known(name)) continue;
        length = common_folders(name, first ? first : name, first ? length : strlen(name));
        if (!first) first = name;
    }
    for (size_t at = 0; at < length; at += first_part(first + at) + 1)
        if (ad_split_of(first + at, first_part(first + at))) return at;
    for (int64_t i = 0; i < ad_source_count(s) && !deeper; ++i) {
        const char *name = ad_source_name(s, i);
        deeper = ad_image_ending_known(name) && strchr(name + length, '/');
    }
    if (deeper || !length) return length;
    /* all in one folder, which is the only class */
    for (--length; length && first[length - 1] != '/';) --length;
    return length;
}

/* A class folder without a picture is a mistake more often than a wish. */
static ad_status check_empty(const ad_picture_list *list)
{
    size_t bytes = (size_t)list->classes.count;
    unsigned char *found = ad_zalloc(list->ctx, bytes);
    if (!found) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < list->count; ++i) found[list->pictures[i].label] = 1;
    const unsigned char *empty = memchr(found, 0, bytes);
    const char *name = empty ? ad_name_text(&list->classes, empty - found) : NULL;
    ad_free(list->ctx, found, bytes);
    if (!name) return AD_OK;
    return ad_fail(list->ctx, AD_ERROR_FORMAT, "%s: class \"%s\" has no picture", list->path, name);
}

ad_status ad_list_class_folders(ad_picture_list *list)
{
    const ad_source *s = list->source;
    size_t shared = shared_length(s);
    ad_split wanted = ad_split_wanted(list->options);
    bool splits = false;
    for (int64_t i = 0; i < ad_source_count(s) && !splits; ++i) {
        const char *name = ad_source_name(s, i);
        splits = ad_image_ending_known(name) &&
                 ad_split_of(name + shared, first_part(name + shared));
    }
    if (!splits && wanted != AD_SPLIT_TRAIN) return AD_OK;
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        const char *name = ad_source_name(s, i);
        if (strlen(name) <= shared) continue; /* a folder that all share */
        name += shared;
        if (splits) {
            if (ad_split_of(name, first_part(name)) != wanted) continue;
            name += first_part(name);
            if (!*name++) continue;
        }
        size_t length = first_part(name);
        if (!length || name[length] != '/') continue; /* in no class */
        int32_t label = ad_name_add(&list->classes, name, length);
        if (label < 0) return ad_error_status(list->ctx);
        if (ad_image_ending_known(name))
            list->pictures[list->count++] = (ad_picture){.entry = i, .label = label};
    }
    return list->count ? check_empty(list) : AD_OK;
}
