/* image_set_pictures.c - sets of picture files, from a list of them to decoded bytes. */
#include "data/pictures/picture_reading.h"
#include "data/pictures/split_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- classes ---- */

static bool is_number(const char *text)
{
    return *text && !text[strspn(text, "0123456789")] && strlen(text) < 10;
}

/* Numbers by value, before other names. */
static int by_class(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    bool number = is_number(x);
    if (number != is_number(y)) return number ? -1 : 1;
    long m = number ? strtol(x, NULL, 10) : 0, n = number ? strtol(y, NULL, 10) : 0;
    return m != n ? (m < n ? -1 : 1) : strcmp(x, y);
}

/* Sorts the classes that were met and renumbers the labels. */
static ad_status settle_classes(ad_image_set *set, ad_picture_list *list)
{
    ad_context *ctx = set->ctx;
    const ad_name_table *met = &list->classes;
    int32_t *to = ad_alloc(ctx, ad_bytes(met->count, sizeof *to));
    const char **sorted = ad_alloc(ctx, ad_bytes(met->count, sizeof *sorted));
    ad_status status = to && sorted ? AD_OK : AD_ERROR_MEMORY;
    if (!status) {
        for (int32_t i = 0; i < met->count; ++i) sorted[i] = ad_name_text(met, i);
        qsort(sorted, (size_t)met->count, sizeof *sorted, by_class);
        for (int32_t i = 0; i < met->count; ++i)
            to[ad_name_find(met, sorted[i], strlen(sorted[i]))] = i;
        for (int64_t i = 0; i < list->count; ++i)
            list->pictures[i].label = to[list->pictures[i].label];
        status = ad_image_set_classes(set, sorted, (int)met->count);
    }
    ad_free(ctx, to, ad_bytes(met->count, sizeof *to));
    ad_free(ctx, sorted, ad_bytes(met->count, sizeof *sorted));
    return status;
}

/* ---- decoding ---- */

static void to_bytes(const ad_image *image, unsigned char *to)
{
    int64_t count = image->height * image->width * image->channels;
    for (int64_t i = 0; i < count; ++i) {
        float v = image->data[i] * 255 + 0.5f;
        to[i] = v > 0 ? v < 255 ? (unsigned char)v : 255 : 0;
    }
}

/* Into the set's size. */
static ad_status bring_to_size(const ad_picture_reading *r, ad_context *ctx, const ad_image *image,
                               ad_image **sized)
{
    const ad_image_set *set = r->set;
    int64_t side = r->list->options->short_side;
    if (side)
        return ad_image_centre(ctx, image, side, set->width, set->height,
                               &(ad_image_resize_options){AD_IMAGE_LINEAR, .encoded = true}, sized);
    if (image->width == set->width && image->height == set->height) return AD_OK;
    return ad_image_resize(ctx, image, set->width, set->height, NULL, sized);
}

static ad_status decode(const ad_picture_reading *r, ad_context *ctx, int64_t i, const char *title,
                        const ad_content *content)
{
    const ad_image_set *set = r->set;
    ad_image_read_options options = {.channels = set->channels};
    ad_image *image = NULL, *sized = NULL;
    ad_status status = ad_image_read_memory(ctx, title, content->bytes, content->size, &options,
                                            &image);
    if (!status) status = bring_to_size(r, ctx, image, &sized);
    if (!status) to_bytes(sized ? sized : image, set->pixels + i * ad_picture_bytes(set));
    ad_image_free(sized);
    ad_image_free(image);
    return status;
}

static ad_status smaller(ad_image_set *set, int64_t kept)
{
    ad_context *ctx = set->ctx;
    size_t old = (size_t)set->count, count = (size_t)kept;
    size_t bytes = (size_t)(set->height * set->width * set->channels);
    int32_t *labels = ad_alloc(ctx, count * sizeof *labels);
    int32_t *groups = set->groups ? ad_alloc(ctx, count * sizeof *groups) : NULL;
    unsigned char *pixels = labels && (groups || !set->groups)
                                ? ad_realloc(ctx, set->pixels, old * bytes, count * bytes)
                                : NULL;
    if (!pixels) {
        ad_free(ctx, labels, count * sizeof *labels);
        ad_free(ctx, groups, count * sizeof *groups);
        return AD_ERROR_MEMORY;
    }
    memcpy(labels, set->labels, count * sizeof *labels);
    if (groups) memcpy(groups, set->groups, count * sizeof *groups);
    ad_free(ctx, set->labels, old * sizeof *labels);
    ad_free(ctx, set->groups, set->groups ? old * sizeof *groups : 0);
    set->count = kept, set->pixels = pixels, set->labels = labels, set->groups = groups;
    return AD_OK;
}

/* A class that has lost all of its pictures is one that nothing is learned of. */
static ad_status check_classes(const ad_picture_reading *r)
{
    const ad_image_set *set = r->set;
    int lost = -1;
    unsigned char *found = ad_zalloc(set->ctx, (size_t)set->classes);
    if (!found) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < set->count; ++i) found[set->labels[i]] = 1;
    for (int c = set->classes; c-- > 0;)
        if (!found[c]) lost = c;
    ad_free(set->ctx, found, (size_t)set->classes);
    if (lost < 0) return AD_OK;
    return ad_fail(set->ctx, AD_ERROR_FORMAT, "%s: class \"%s\" has no picture that can be read",
                   r->list->path, set->class_names[lost]);
}

/* Without those that were left out. */
static ad_status settle_pictures(ad_picture_reading *r)
{
    ad_image_set *set = r->set;
    int64_t bytes = ad_picture_bytes(set), kept = 0;
    for (int64_t i = 0; i < r->list->count; ++i) {
        const ad_picture *p = &r->list->pictures[i];
        if (r->status[i]) continue;
        if (kept < i) memmove(set->pixels + kept * bytes, set->pixels + i * bytes, (size_t)bytes);
        set->labels[kept] = p->label;
        if (set->groups) set->groups[kept] = p->group;
        ++kept;
    }
    if (kept == r->list->count) return AD_OK;
    const char *first = ad_picture_reading_skipped(r);
    if (!kept)
        return ad_fail(set->ctx, AD_ERROR_FORMAT, "%s: no picture can be read; the first: %s",
                       r->list->path, first);
    set->skipped += r->list->count - kept;
    if (!*set->survey.skipped)
        snprintf(set->survey.skipped, sizeof set->survey.skipped, "%s", first);
    ad_status status = smaller(set, kept);
    return status || r->list->options->like ? status : check_classes(r);
}

static ad_status decode_all(ad_image_set *set, ad_picture_list *list)
{
    ad_picture_reading r;
    ad_context *ctx = set->ctx;
    ad_status status = ad_picture_reading_init(&r, set, list);
    if (!status) status = ad_survey_pictures(&r);
    if (!status) status = ad_image_set_reserve(set, list->count);
    if (!status && list->groups.count &&
        !(set->groups = ad_zalloc(ctx, (size_t)list->count * sizeof *set->groups)))
        status = AD_ERROR_MEMORY;
    if (!status) status = ad_picture_reading_each(&r, decode);
    if (!status) status = settle_pictures(&r);
    ad_picture_reading_free(&r);
    return status;
}

/* ---- the whole ---- */

static ad_status no_pictures(const ad_picture_list *list)
{
    char text[AD_UNREAD_BYTES];
    const char *unread = ad_unread_text(&list->unread, text);
    bool tables = ad_count_tables(list->source) > 1;
    if (list->skipped)
        return ad_fail(list->ctx, AD_ERROR_FORMAT,
                       "%s: no row of its table of labels can be used; the first: %s", list->path,
                       list->first_skipped);
    return ad_fail(list->ctx, AD_ERROR_FORMAT,
                   "%s: holds no data set: looked for a folder per class (below train/ and "
                   "test/ or not), MNIST's *-ubyte files, CIFAR-10's *.bin files, and pictures "
                   "with a table of labels (%s)%s%s",
                   list->path, tables ? "several .csv, none of them labels.csv" : ".csv",
                   *unread ? "; " : "", unread);
}

ad_status ad_read_picture_set(ad_image_set *set, const ad_source *source, const char *path,
                              const ad_image_set_options *options)
{
    ad_context *ctx = set->ctx;
    size_t bytes = ad_bytes(ad_source_count(source) + 1, sizeof(ad_picture));
    int64_t table = ad_find_label_table(source);
    bool training = ad_split_wanted(options) == AD_SPLIT_TRAIN;
    ad_picture_list list = {.ctx = ctx,
                            .source = source,
                            .path = path,
                            .options = options,
                            .pictures = ad_alloc(ctx, bytes)};
    ad_name_table_init(&list.classes, ctx), ad_name_table_init(&list.groups, ctx);
    ad_status status = list.pictures ? AD_OK : AD_ERROR_MEMORY;
    if (!status && table < 0) status = ad_list_class_folders(&list);
    if (!status && table < 0 && !list.classes.count && training && options->loose)
        status = ad_list_loose_pictures(&list);
    if (!status && table >= 0 && training) /* a table is all training data */
        status = ad_list_label_table(&list, table);
    if (!status && !list.count && training) status = no_pictures(&list);
    set->skipped = list.skipped;
    memcpy(set->survey.skipped, list.first_skipped, sizeof list.first_skipped);
    set->survey.unread = list.unread.count;
    set->survey.unlabelled = list.unlabelled;
    ad_unread_text(&list.unread, set->survey.unread_text);
    if (!status && list.count) status = settle_classes(set, &list);
    if (!status && list.count) status = decode_all(set, &list);
    ad_name_table_free(&list.classes), ad_name_table_free(&list.groups);
    ad_free(ctx, list.pictures, bytes);
    return status;
}
