/* class_folders.c - pictures by folder: [SPLIT/]CLASS/.../PICTURE, or all in none. */
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

typedef struct folders {
    ad_picture_list *list;
    size_t shared; /* bytes of a name that all share */
    bool splits;
    ad_split wanted;
} folders;

/* Where the name of an entry's class begins, `length` bytes; NULL: it is in none that is wanted. */
static const char *class_of(const folders *f, int64_t entry, size_t *length)
{
    const char *name = ad_source_name(f->list->source, entry);
    if (strlen(name) <= f->shared) return NULL; /* a folder that all share */
    name += f->shared;
    if (f->splits) {
        if (ad_split_of(name, first_part(name)) != f->wanted) return NULL;
        name += first_part(name);
        if (!*name++) return NULL;
    }
    *length = first_part(name);
    return *length && name[*length] == '/' ? name : NULL;
}

static ad_status fail_empty(const folders *f, int32_t label)
{
    const ad_picture_list *list = f->list;
    const char *name = ad_name_text(&list->classes, label);
    ad_unread unread = {0};
    char text[AD_UNREAD_BYTES];
    size_t length;
    for (int64_t i = 0; i < ad_source_count(list->source); ++i) {
        const char *class = class_of(f, i, &length);
        if (class && ad_name_find(&list->classes, class, length) == label)
            ad_unread_add(&unread, ad_source_name(list->source, i));
    }
    ad_unread_text(&unread, text);
    return ad_fail(list->ctx, AD_ERROR_FORMAT, "%s: class \"%s\" has no picture%s%s", list->path,
                   name, *text ? "; " : "", text);
}

/* A class folder without a picture is a mistake more often than a wish. */
static ad_status check_empty(const folders *f)
{
    const ad_picture_list *list = f->list;
    size_t bytes = (size_t)list->classes.count;
    unsigned char *found = ad_zalloc(list->ctx, bytes);
    if (!found) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < list->count; ++i) found[list->pictures[i].label] = 1;
    const unsigned char *empty = memchr(found, 0, bytes);
    int32_t label = empty ? (int32_t)(empty - found) : -1;
    ad_free(list->ctx, found, bytes);
    return label < 0 ? AD_OK : fail_empty(f, label);
}

ad_status ad_list_class_folders(ad_picture_list *list)
{
    const ad_source *s = list->source;
    folders f = {
        .list = list, .shared = shared_length(s), .wanted = ad_split_wanted(list->options)};
    for (int64_t i = 0; i < ad_source_count(s) && !f.splits; ++i) {
        const char *name = ad_source_name(s, i);
        f.splits = ad_image_ending_known(name) &&
                   ad_split_of(name + f.shared, first_part(name + f.shared));
    }
    if (!f.splits && f.wanted != AD_SPLIT_TRAIN) return AD_OK;
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        size_t length;
        const char *name = ad_source_name(s, i), *class = class_of(&f, i, &length);
        if (!class) continue;
        int32_t label = ad_name_add(&list->classes, class, length);
        if (label < 0) return ad_error_status(list->ctx);
        ad_unread_add(&list->unread, name);
        if (ad_image_ending_known(name))
            list->pictures[list->count++] = (ad_picture){.entry = i, .label = label};
    }
    return list->count ? check_empty(&f) : AD_OK;
}

ad_status ad_list_loose_pictures(ad_picture_list *list)
{
    static const char name[] = "pictures";
    const ad_source *s = list->source;
    if (ad_name_add(&list->classes, name, sizeof name - 1) < 0) return ad_error_status(list->ctx);
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        ad_unread_add(&list->unread, ad_source_name(s, i));
        if (ad_image_ending_known(ad_source_name(s, i)))
            list->pictures[list->count++] = (ad_picture){.entry = i};
    }
    return AD_OK;
}
