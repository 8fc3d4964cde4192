/* image_set_files.c - sets that are a few binary files: MNIST's IDX and CIFAR-10.
 *
 * IDX (LeCun): two zero bytes, the type (8: bytes), the number of axes, then big-endian sizes.
 * CIFAR-10 (Krizhevsky 2009): records of a label and 32 x 32 bytes of each of red, green, blue. */
#include "base/byte_order_mark.h"
#include "data/pictures/image_set.h"
#include "data/pictures/split_name.h"

#include <stdio.h>
#include <string.h>

static const size_t file_limit = (size_t)4 << 30;

/* The entry whose last part begins with `start`, or -1. */
static int64_t find(const ad_source *s, const char *start)
{
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        const char *name = ad_source_name(s, i), *slash = strrchr(name, '/');
        if (!strncmp(slash ? slash + 1 : name, start, strlen(start))) return i;
    }
    return -1;
}

static ad_status read(const ad_source *s, int64_t at, ad_context *ctx, char title[512],
                      ad_content *raw, ad_content *plain)
{
    ad_source_title(s, at, title, 512);
    *raw = *plain = (ad_content){0};
    ad_status status = ad_source_read(s, at, ctx, raw);
    if (!status) status = ad_content_expand(plain, ctx, title, raw->bytes, raw->size, file_limit);
    return status;
}

/* ---- IDX ---- */

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A file of `axes` axes whose sizes go to dim. */
static ad_status check_idx(ad_context *ctx, const char *title, const ad_content *c, int axes,
                           int64_t dim[3])
{
    size_t header = 4 + 4 * (size_t)axes;
    if (c->size < header || c->bytes[0] || c->bytes[1])
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: is not an IDX file", title);
    if (c->bytes[2] != 8 || c->bytes[3] != axes)
        return ad_fail(ctx, AD_ERROR_FORMAT,
                       "%s: holds type 0x%02x with %d axes, expected bytes with %d", title,
                       c->bytes[2], c->bytes[3], axes);
    uint64_t total = 1;
    for (int i = 0; i < axes; ++i) {
        dim[i] = big_endian(c->bytes + 4 + 4 * i);
        if (__builtin_mul_overflow(total, (uint64_t)dim[i], &total)) total = UINT64_MAX;
    }
    if (c->size - header == total) return AD_OK;
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: holds %zu bytes of data, its header says %llu", title,
                   c->size - header, (unsigned long long)total);
}

static ad_status read_idx_pair(ad_image_set *set, const ad_source *s, int64_t images,
                               int64_t labels)
{
    ad_context *ctx = set->ctx;
    char title[512], label_title[512];
    ad_content raw[2] = {{0}, {0}}, plain[2] = {{0}, {0}};
    int64_t dim[3] = {0}, count[3] = {0};
    ad_status status = read(s, images, ctx, title, &raw[0], &plain[0]);
    if (!status) status = read(s, labels, ctx, label_title, &raw[1], &plain[1]);
    if (!status) status = check_idx(ctx, title, &plain[0], 3, dim);
    if (!status) status = check_idx(ctx, label_title, &plain[1], 1, count);
    if (!status && dim[0] != count[0])
        status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: holds %lld labels, %s %lld pictures",
                         label_title, (long long)count[0], title, (long long)dim[0]);
    if (!status && (dim[0] < 1 || dim[1] < 1 || dim[2] < 1))
        status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: holds no picture", title);
    if (!status) { /* sizes that the file has the bytes for */
        set->height = dim[1], set->width = dim[2], set->channels = 1;
        status = ad_image_set_reserve(set, dim[0]);
    }
    int classes = 10;
    for (int64_t i = 0; !status && i < dim[0]; ++i) {
        set->labels[i] = plain[1].bytes[8 + i];
        if (set->labels[i] >= 47) /* EMNIST's largest balanced set; more are a damaged file */
            status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: label %lld is %d, out of range (0 to 46)",
                             label_title, (long long)i, (int)set->labels[i]);
        else if (set->labels[i] >= classes)
            classes = 47;
    }
    if (!status) memcpy(set->pixels, plain[0].bytes + 16, plain[0].size - 16);
    if (!status) status = ad_image_set_numbered(set, classes);
    for (int i = 0; i < 2; ++i) {
        ad_content_free(&plain[i]);
        ad_content_free(&raw[i]);
    }
    return status;
}

ad_status ad_read_idx_set(ad_image_set *set, const ad_source *s, const char *path,
                          const ad_image_set_options *options, bool *is)
{
    int64_t train[2] = {find(s, "train-images"), find(s, "train-labels")};
    int64_t test[2] = {find(s, "t10k-images"), find(s, "t10k-labels")};
    *is = train[0] >= 0 || test[0] >= 0;
    if (!*is) return AD_OK;
    ad_split split = ad_split_wanted(options);
    bool testing = split == AD_SPLIT_TEST;
    const int64_t *pair = testing ? test : train;
    const char *name = testing ? "t10k" : "train";
    if (!testing && split != AD_SPLIT_TRAIN) return ad_image_set_numbered(set, 10);
    if (pair[0] < 0 || pair[1] < 0)
        return ad_fail(set->ctx, AD_ERROR_NOT_FOUND,
                       "%s: %s-images-idx3-ubyte and %s-labels-idx1-ubyte (or .gz) are expected; "
                       "the %s are missing",
                       path, name, name, pair[0] < 0 ? "pictures" : "labels");
    return read_idx_pair(set, s, pair[0], pair[1]);
}

/* ---- CIFAR-10 ---- */

enum { SIDE = 32, PLANE = SIDE * SIDE, RECORD = 1 + 3 * PLANE };

static ad_status take_records(ad_image_set *set, const char *title, const ad_content *c,
                              int64_t *count)
{
    for (const unsigned char *p = c->bytes; p < c->bytes + c->size; p += RECORD, ++*count) {
        unsigned char *to = set->pixels + *count * 3 * PLANE;
        if (p[0] >= set->classes)
            return ad_fail(set->ctx, AD_ERROR_FORMAT,
                           "%s: record %lld has label %d, out of range (0 to %d)", title,
                           (long long)((p - c->bytes) / RECORD), p[0], set->classes - 1);
        set->labels[*count] = p[0];
        for (int i = 0; i < PLANE; ++i)
            for (int k = 0; k < 3; ++k) to[3 * i + k] = p[1 + k * PLANE + i];
    }
    return AD_OK;
}

static ad_status read_class_names(ad_image_set *set, const ad_source *s)
{
    char title[512], text[10][64];
    const char *names[10];
    ad_content raw, plain;
    int count = 0;
    int64_t at = find(s, "batches.meta.txt");
    if (at < 0) return ad_image_set_numbered(set, 10);
    ad_status status = read(s, at, set->ctx, title, &raw, &plain);
    if (!status) status = ad_skip_byte_order_mark(set->ctx, title, &plain.bytes, &plain.size);
    const char *p = (const char *)plain.bytes, *end = status ? p : p + plain.size;
    while (p < end && count < 10) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop) stop = end;
        int length = (int)(stop - p);
        if (length > 0 && p[length - 1] == '\r') --length;
        if (length > 0) {
            snprintf(text[count], sizeof text[count], "%.*s", length, p);
            names[count] = text[count], ++count;
        }
        p = stop + 1;
    }
    ad_content_free(&plain), ad_content_free(&raw);
    if (status) return status;
    return count == 10 ? ad_image_set_classes(set, names, 10) : ad_image_set_numbered(set, 10);
}

ad_status ad_read_cifar_set(ad_image_set *set, const ad_source *s, const char *path,
                            const ad_image_set_options *options, bool *is)
{
    static const char *const names[6] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                         "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};
    char title[512];
    ad_content raw[6] = {{0}}, plain[6] = {{0}};
    int64_t count = 0, records = 0;
    *is = find(s, "data_batch_1.bin") >= 0 || find(s, "test_batch.bin") >= 0;
    if (!*is) return AD_OK;
    set->height = set->width = SIDE, set->channels = 3;
    ad_status status = read_class_names(set, s);
    for (int i = 0; i < 6 && !status; ++i) {
        if (ad_split_wanted(options) != (i < 5 ? AD_SPLIT_TRAIN : AD_SPLIT_TEST)) continue;
        int64_t at = find(s, names[i]);
        if (at < 0) {
            status = ad_fail(set->ctx, AD_ERROR_NOT_FOUND, "%s: %s is missing", path, names[i]);
            break;
        }
        status = read(s, at, set->ctx, title, &raw[i], &plain[i]);
        if (!status && (plain[i].size % RECORD || !plain[i].size))
            status = ad_fail(set->ctx, AD_ERROR_FORMAT,
                             "%s: has %zu bytes, which is not a multiple of a record's %d", title,
                             plain[i].size, RECORD);
        records += (int64_t)plain[i].size / RECORD;
    }
    if (!status && records) status = ad_image_set_reserve(set, records);
    for (int i = 0; i < 6 && !status; ++i) {
        if (!plain[i].bytes) continue;
        ad_source_title(s, find(s, names[i]), title, sizeof title);
        status = take_records(set, title, &plain[i], &count);
    }
    for (int i = 0; i < 6; ++i) {
        ad_content_free(&plain[i]);
        ad_content_free(&raw[i]);
    }
    return status;
}
