/* image_set.c - labelled pictures in memory: making, and which kind of set a path holds. */
#include "data/pictures/image_set.h"
#include "base/name_table.h"

#include <stdio.h>
#include <string.h>

static int64_t picture_bytes(const ad_image_set *set)
{
    return set->height * set->width * set->channels;
}

/* ---- making ---- */

ad_status ad_image_set_reserve(ad_image_set *set, int64_t count)
{
    size_t bytes = ad_bytes(count, (size_t)picture_bytes(set));
    set->count = count;
    set->pixels = ad_alloc(set->ctx, bytes);
    set->labels = ad_zalloc(set->ctx, ad_bytes(count, sizeof *set->labels));
    return set->pixels && set->labels ? AD_OK : AD_ERROR_MEMORY;
}

ad_status ad_image_set_classes(ad_image_set *set, const char *const *names, int count)
{
    set->class_names = ad_zalloc(set->ctx, (size_t)count * sizeof *set->class_names);
    if (!set->class_names) return AD_ERROR_MEMORY;
    set->classes = count;
    for (int i = 0; i < count; ++i) {
        set->class_names[i] = ad_alloc(set->ctx, strlen(names[i]) + 1);
        if (!set->class_names[i]) return AD_ERROR_MEMORY;
        strcpy(set->class_names[i], names[i]);
    }
    return AD_OK;
}

ad_status ad_image_set_numbered(ad_image_set *set, int count)
{
    char text[256][8];
    const char *names[256];
    for (int i = 0; i < count && i < 256; ++i) {
        snprintf(text[i], sizeof text[i], "%d", i);
        names[i] = text[i];
    }
    return ad_image_set_classes(set, names, count < 256 ? count : 256);
}

static void free_classes(ad_image_set *set)
{
    for (int i = 0; set->class_names && i < set->classes; ++i)
        if (set->class_names[i])
            ad_free(set->ctx, set->class_names[i], strlen(set->class_names[i]) + 1);
    ad_free(set->ctx, set->class_names, (size_t)set->classes * sizeof *set->class_names);
    set->class_names = NULL, set->classes = 0;
}

void ad_image_set_free(ad_image_set *set)
{
    if (!set) return;
    ad_context *ctx = set->ctx;
    ad_free(ctx, set->pixels, ad_bytes(set->count, (size_t)picture_bytes(set)));
    ad_free(ctx, set->labels, (size_t)set->count * sizeof *set->labels);
    ad_free(ctx, set->groups, set->groups ? (size_t)set->count * sizeof *set->groups : 0);
    free_classes(set);
    ad_free(ctx, set, sizeof *set);
}

static uint64_t fingerprint(const ad_image_set *set)
{
    uint64_t hash = AD_HASH_START, lanes[4] = {1, 2, 3, 4}, word[4];
    size_t bytes = (size_t)(set->count * picture_bytes(set)), at = 0;
    for (; at + sizeof word <= bytes; at += sizeof word) { /* eight bytes at a time, four abreast */
        memcpy(word, set->pixels + at, sizeof word);
        for (int i = 0; i < 4; ++i) lanes[i] = (lanes[i] ^ word[i]) * 0x100000001b3u;
    }
    hash = ad_hash(hash, lanes, sizeof lanes);
    if (bytes > at) hash = ad_hash(hash, set->pixels + at, bytes - at);
    hash = ad_hash(hash, set->labels, (size_t)set->count * sizeof *set->labels);
    hash = ad_hash(hash, &set->height, sizeof set->height);
    return ad_hash_mix(hash);
}

/* ---- reading ---- */

ad_split ad_split_wanted(const ad_image_set_options *options)
{
    return options->split ? ad_split_of(options->split, strlen(options->split)) : AD_SPLIT_TRAIN;
}

/* The classes of another set: labels are renumbered by name. Classes without a picture may differ.
 */
static ad_status adopt_classes(ad_image_set *set, const ad_image_set *like, const char *path)
{
    ad_context *ctx = set->ctx;
    ad_name_table names;
    ad_status status = AD_OK;
    int old = set->classes;
    int32_t *to = ad_alloc(ctx, ad_bytes(old, sizeof *to));
    if (!to) return AD_ERROR_MEMORY;
    ad_name_table_init(&names, ctx);
    for (int i = 0; i < like->classes && !status; ++i) {
        const char *name = like->class_names[i];
        if (ad_name_add(&names, name, strlen(name)) < 0) status = ad_error_status(ctx);
    }
    for (int i = 0; i < old && !status; ++i)
        to[i] = ad_name_find(&names, set->class_names[i], strlen(set->class_names[i]));
    for (int64_t i = 0; i < set->count && !status; ++i) {
        const char *name = set->class_names[set->labels[i]];
        set->labels[i] = to[set->labels[i]];
        if (set->labels[i] < 0)
            status = ad_fail(ctx, AD_ERROR_FORMAT,
                             "%s: has a class \"%s\" that the training data lack", path, name);
    }
    ad_free(ctx, to, ad_bytes(old, sizeof *to));
    free_classes(set);
    if (!status)
        status = ad_image_set_classes(set, (const char *const *)like->class_names, like->classes);
    ad_name_table_free(&names);
    return status;
}

/* The archive's entries that any kind may ask for. */
static bool wanted(const char *name)
{
    size_t n = strlen(name);
    return ad_names_picture(name) || strstr(name, "ubyte") || strstr(name, "idx") ||
           (n > 4 && (!strcmp(name + n - 4, ".bin") || !strcmp(name + n - 4, ".csv") ||
                      !strcmp(name + n - 4, ".txt")));
}

ad_status ad_image_set_read(ad_image_set **out, ad_context *ctx, const char *path,
                            const ad_image_set_options *options)
{
    static const ad_image_set_options defaults = {0};
    ad_source *source;
    bool is = false;
    *out = NULL;
    if (!options) options = &defaults;
    if (!ad_split_wanted(options))
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "\"%s\" is no split of a data set: train, test or validation are expected",
                       options->split);
    ad_status status = ad_source_open(&source, ctx, path, wanted);
    if (status) return status;
    ad_image_set *set = ad_zalloc(ctx, sizeof *set);
    if (!set) status = AD_ERROR_MEMORY;
    if (set) set->ctx = ctx;
    if (!status) status = ad_read_idx_set(set, source, path, options, &is);
    if (!status && !is) status = ad_read_cifar_set(set, source, path, options, &is);
    if (!status && !is) status = ad_read_picture_set(set, source, path, options);
    ad_source_close(source);
    if (!status && options->like) status = adopt_classes(set, options->like, path);
    if (!status) set->fingerprint = fingerprint(set);
    if (status)
        ad_image_set_free(set);
    else
        *out = set;
    return status;
}
