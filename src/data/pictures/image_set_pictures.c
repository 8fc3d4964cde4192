/* image_set_pictures.c - sets of picture files, from a list of them to decoded bytes.
 *
 * Pictures are decoded by all threads, each with a context of its own (whose memory is not that of
 * the caller's allocator, which belongs to one thread); the first error in the order of the
 * pictures is the one that is told. */
#include "base/pool.h"
#include "data/pictures/picture_list.h"
#include "data/pictures/split_name.h"

#include <stdlib.h>
#include <string.h>

typedef struct reading {
    ad_image_set *set;
    const ad_picture_list *list;
    const ad_image_set_options *options;
    ad_context **contexts; /* per worker */
    unsigned char *status; /* per picture, an ad_status */
} reading;

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

static ad_status decode(reading *r, ad_context *ctx, int64_t i, const char *title,
                        unsigned char *to)
{
    const ad_image_set *set = r->set;
    ad_image_read_options options = {.channels = set->channels};
    ad_content content;
    ad_image *image = NULL, *sized = NULL;
    ad_status status = ad_source_read(r->list->source, r->list->pictures[i].entry, ctx, &content);
    if (!status)
        status = ad_image_read_memory(ctx, title, content.bytes, content.size, &options, &image);
    ad_content_free(&content);
    if (!status && (image->width != set->width || image->height != set->height)) {
        if (!r->options->height)
            status = ad_fail(ctx, AD_ERROR_SHAPE,
                             "%s: is %lld x %lld, the first picture %lld x %lld; --size makes all "
                             "equal",
                             title, (long long)image->width, (long long)image->height,
                             (long long)set->width, (long long)set->height);
        else
            status = ad_image_resize(ctx, image, set->width, set->height, NULL, &sized);
    }
    if (!status) to_bytes(sized ? sized : image, to);
    ad_image_free(sized);
    ad_image_free(image);
    return status;
}

static void decode_task(void *user, int64_t i, int worker)
{
    reading *r = user;
    char title[512];
    int64_t bytes = r->set->height * r->set->width * r->set->channels;
    ad_source_title(r->list->source, r->list->pictures[i].entry, title, sizeof title);
    r->status[i] = (unsigned char)decode(r, r->contexts[worker], i, title,
                                         r->set->pixels + i * bytes);
}

/* Neither memory that is refused nor another size makes a picture a broken one. */
static bool may_skip(const reading *r, ad_status status)
{
    return r->options->skip_bad && status != AD_ERROR_MEMORY && status != AD_ERROR_SHAPE;
}

static ad_status first_size(reading *r)
{
    ad_image_set *set = r->set;
    ad_status status = AD_OK;
    for (int64_t i = 0; i < r->list->count; ++i) { /* the first that can be read */
        char title[512];
        ad_content content;
        ad_image *image = NULL;
        ad_source_title(r->list->source, r->list->pictures[i].entry, title, sizeof title);
        status = ad_source_read(r->list->source, r->list->pictures[i].entry, set->ctx, &content);
        if (!status)
            status = ad_image_read_memory(set->ctx, title, content.bytes, content.size, NULL,
                                          &image);
        ad_content_free(&content);
        if (!status) {
            set->height = r->options->height ? r->options->height : image->height;
            set->width = r->options->width ? r->options->width : image->width;
            set->channels = r->options->channels   ? r->options->channels
                            : image->channels >= 3 ? 3
                                                   : 1;
        }
        ad_image_free(image);
        if (!status || !may_skip(r, status)) break;
    }
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

/* Without the broken ones, or the error of the first. */
static ad_status settle_pictures(reading *r)
{
    ad_image_set *set = r->set;
    int64_t bytes = set->height * set->width * set->channels, kept = 0;
    for (int64_t i = 0; i < r->list->count; ++i) {
        const ad_picture *p = &r->list->pictures[i];
        if (r->status[i] && !may_skip(r, r->status[i])) {
            char title[512];
            ad_source_title(r->list->source, p->entry, title, sizeof title);
            return decode(r, set->ctx, i, title, set->pixels + i * bytes); /* says what is wrong */
        }
        if (r->status[i]) {
            ++set->skipped;
            continue;
        }
        if (kept < i) memmove(set->pixels + kept * bytes, set->pixels + i * bytes, (size_t)bytes);
        set->labels[kept] = p->label;
        if (set->groups) set->groups[kept] = p->group;
        ++kept;
    }
    if (kept == r->list->count) return AD_OK;
    if (!kept)
        return ad_fail(set->ctx, AD_ERROR_FORMAT, "%s: no picture can be read", r->list->path);
    return smaller(set, kept);
}

static ad_status decode_all(reading *r)
{
    ad_image_set *set = r->set;
    ad_context *ctx = set->ctx;
    ad_pool *pool = ad_context_pool(ctx);
    int workers = ad_pool_size(pool);
    ad_status status = first_size(r);
    if (!status) status = ad_image_set_reserve(set, r->list->count);
    if (!status && r->list->groups.count &&
        !(set->groups = ad_zalloc(ctx, (size_t)r->list->count * sizeof *set->groups)))
        status = AD_ERROR_MEMORY;
    if (status) return status;
    r->contexts = ad_zalloc(ctx, (size_t)workers * sizeof(ad_context *));
    r->status = ad_zalloc(ctx, (size_t)r->list->count);
    if (!r->contexts || !r->status) status = AD_ERROR_MEMORY;
    for (int i = 0; i < workers && !status; ++i)
        if (!(r->contexts[i] = ad_context_new(&(ad_context_options){.threads = 1})))
            status = ad_fail(ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) ad_parallel(pool, r->list->count, decode_task, r);
    if (!status) status = settle_pictures(r);
    for (int i = 0; r->contexts && i < workers; ++i) ad_context_free(r->contexts[i]);
    ad_free(ctx, r->contexts, (size_t)workers * sizeof(ad_context *));
    ad_free(ctx, r->status, (size_t)r->list->count);
    return status;
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
    reading r = {.set = set, .list = &list, .options = options};
    ad_name_table_init(&list.classes, ctx), ad_name_table_init(&list.groups, ctx);
    ad_status status = list.pictures ? AD_OK : AD_ERROR_MEMORY;
    if (!status && table < 0) status = ad_list_class_folders(&list);
    if (!status && table >= 0 && training) /* a table is all training data */
        status = ad_list_label_table(&list, table);
    if (!status && !list.count && training)
        status = ad_fail(
            ctx, AD_ERROR_FORMAT,
            "%s: holds no data set: looked for a folder per class (below train/ and "
            "test/ or not), MNIST's *-ubyte files, CIFAR-10's *.bin files, and pictures "
            "with a table of labels (.csv)",
            path);
    set->skipped = list.skipped;
    if (!status && list.count) status = settle_classes(set, &list);
    if (!status && list.count) status = decode_all(&r);
    ad_name_table_free(&list.classes), ad_name_table_free(&list.groups);
    ad_free(ctx, list.pictures, bytes);
    return status;
}
