/* image_set_read.c - which kind of set a path holds, and what holds for all kinds. */
#include "base/ending.h"
#include "base/name_table.h"
#include "data/pictures/image_set.h"
#include "data/pictures/picture_list.h"
#include "data/pictures/split_name.h"

#include <stdio.h>
#include <string.h>

static uint64_t fingerprint(const ad_image_set *set)
{
    uint64_t hash = AD_HASH_START, lanes[4] = {1, 2, 3, 4}, word[4];
    size_t bytes = (size_t)(set->count * ad_picture_bytes(set)), at = 0;
    for (; at + sizeof word <= bytes; at += sizeof word) { /* eight bytes at a time, four abreast */
        memcpy(word, set->pixels + at, sizeof word);
        for (int i = 0; i < 4; ++i) lanes[i] = (lanes[i] ^ word[i]) * AD_HASH_PRIME;
    }
    hash = ad_hash(hash, lanes, sizeof lanes);
    if (bytes > at) hash = ad_hash(hash, set->pixels + at, bytes - at);
    hash = ad_hash(hash, set->labels, (size_t)set->count * sizeof *set->labels);
    hash = ad_hash(hash, &set->height, sizeof set->height);
    return ad_hash_mix(hash);
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
    ad_image_set_free_classes(set);
    if (!status)
        status = ad_image_set_classes(set, (const char *const *)like->class_names, like->classes);
    ad_name_table_free(&names);
    return status;
}

/* What became of the pictures, under the name of the path and, but for training, of the split. */
static void tell(const ad_image_set *set, const char *path, const ad_image_set_options *options)
{
    char name[512];
    bool training = ad_split_wanted(options) == AD_SPLIT_TRAIN;
    snprintf(name, sizeof name, training ? "%.400s" : "%.400s (%s)", path, options->split);
    if (options->watcher) ad_image_set_tell(set, name, options->watcher);
}

/* The archive's entries that any kind may ask for. */
static bool wanted(const char *name)
{
    return ad_image_ending_known(name) || strstr(name, "ubyte") || strstr(name, "idx") ||
           ad_is_table(name) || ad_ends_with(name, ".bin") || ad_ends_with(name, ".txt");
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
                       "\"%s\" is not a split of a data set: expected train, test or validation",
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
    if (!status) tell(set, path, options);
    if (status)
        ad_image_set_free(set);
    else
        *out = set;
    return status;
}
