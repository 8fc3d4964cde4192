/* image_set_pictures.c - sets of picture files: a folder per class, or a table of labels.
 *
 * Folders: [SPLIT/]CLASS/PICTURE, below whatever all of them share. A table (labels.csv, or any
 * single .csv): a header, then a row per picture; the column of files is called file, image, path
 * or ends in _file, that of groups person, group or subject, that of labels label, class or is the
 * last.
 *
 * Pictures are decoded by all threads, each with a context of its own; the first error in the order
 * of the pictures is the one that is told. */
#include "data/image_set.h"
#include "base/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct picture {
    int64_t entry; /* in the source */
    int32_t label, group;
} picture;

typedef struct reading {
    ad_image_set *set;
    const ad_source *source;
    const char *path;
    const ad_image_set_options *options;
    picture *pictures;
    int64_t count;
    bool has_groups;
    char **names; /* classes found; owned */
    int name_count, name_capacity;
    /* decoding */
    ad_context **contexts; /* per worker */
    unsigned char *bad;    /* per picture */
} reading;

static const char *const picture_ends[] = {".jpg", ".jpeg", ".png", ".webp",
                                           ".bmp", ".pgm",  ".ppm"};

bool ad_names_picture(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof picture_ends / sizeof *picture_ends; ++i)
        if (!strcasecmp(dot, picture_ends[i])) return true;
    return false;
}

/* ---- classes ---- */

static int class_of(reading *r, const char *name, size_t length)
{
    for (int i = 0; i < r->name_count; ++i)
        if (strlen(r->names[i]) == length && !memcmp(r->names[i], name, length)) return i;
    return -1;
}

static int add_class(reading *r, const char *name, size_t length)
{
    ad_context *ctx = r->set->ctx;
    int at = class_of(r, name, length);
    if (at >= 0 || r->name_count >= AD_CLASSES_MOST) return at;
    if (r->name_count == r->name_capacity) {
        int capacity = r->name_capacity ? 2 * r->name_capacity : 16;
        char **grown = ad_realloc(ctx, r->names, (size_t)r->name_capacity * sizeof *grown,
                                  (size_t)capacity * sizeof *grown);
        if (!grown) return -1;
        r->names = grown, r->name_capacity = capacity;
    }
    char *copy = ad_alloc(ctx, length + 1);
    if (!copy) return -1;
    memcpy(copy, name, length);
    copy[length] = 0;
    r->names[r->name_count] = copy;
    return r->name_count++;
}

static bool is_number(const char *text)
{
    return *text && !text[strspn(text, "0123456789")] && strlen(text) < 10;
}

static int32_t number_of(const char *text)
{
    return (int32_t)strtol(text, NULL, 10);
}

/* By number where both are numbers. */
static int by_class(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    if (is_number(x) && is_number(y) && number_of(x) != number_of(y))
        return number_of(x) < number_of(y) ? -1 : 1;
    return strcmp(x, y);
}

/* Sorts the classes, or takes those of another set, and renumbers the labels. */
static ad_status settle_classes(reading *r)
{
    ad_image_set *set = r->set;
    const ad_image_set *like = r->options->like;
    ad_context *ctx = set->ctx;
    int32_t *to = ad_alloc(ctx, (size_t)(r->name_count + 1) * sizeof *to);
    char **sorted = ad_alloc(ctx, (size_t)(r->name_count + 1) * sizeof *sorted);
    ad_status status = to && sorted ? AD_OK : AD_ERROR_MEMORY;
    if (!status) {
        memcpy(sorted, r->names, (size_t)r->name_count * sizeof *sorted);
        qsort(sorted, (size_t)r->name_count, sizeof *sorted, by_class);
    }
    char **names = like ? like->class_names : sorted;
    int count = like ? like->classes : r->name_count;
    for (int i = 0; i < r->name_count && !status; ++i) {
        int k = 0;
        while (k < count && strcmp(names[k], r->names[i])) ++k;
        if (k == count)
            status = ad_fail(ctx, AD_ERROR_FORMAT,
                             "%s: has a class \"%s\" that the training data lack", r->path,
                             r->names[i]);
        to[i] = k;
    }
    for (int64_t i = 0; i < r->count && !status; ++i)
        r->pictures[i].label = to[r->pictures[i].label];
    if (!status) status = ad_image_set_classes(set, (const char *const *)names, count);
    ad_free(ctx, to, (size_t)(r->name_count + 1) * sizeof *to);
    ad_free(ctx, sorted, (size_t)(r->name_count + 1) * sizeof *sorted);
    return status;
}

/* ---- folders ---- */

/* 0: no split's name; else which. */
static int split_number(const char *name, size_t length)
{
    static const struct {
        const char *name;
        int number;
    } splits[] = {{"train", 1}, {"training", 1}, {"test", 2},       {"testing", 2},
                  {"val", 3},   {"valid", 3},    {"validation", 3}, {"dev", 3}};
    for (size_t i = 0; i < sizeof splits / sizeof *splits; ++i)
        if (strlen(splits[i].name) == length && !strncasecmp(name, splits[i].name, length))
            return splits[i].number;
    return 0;
}

static size_t first_part(const char *name)
{
    return strcspn(name, "/");
}

/* How much of the beginning all pictures share, up to a slash, short of where splits stand. */
static size_t shared_length(const ad_source *s)
{
    const char *first = NULL;
    size_t length = 0;
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        const char *name = ad_source_name(s, i);
        if (!ad_names_picture(name)) continue;
        if (!first) {
            const char *slash = strrchr(name, '/');
            first = name, length = slash ? (size_t)(slash - name) + 1 : 0;
        }
        while (length && strncmp(first, name, length)) do
                --length;
            while (length && first[length - 1] != '/');
    }
    for (size_t at = 0; first && at < length; at += first_part(first + at) + 1)
        if (split_number(first + at, first_part(first + at))) return at;
    /* pictures of a single class would share its folder, too */
    bool deeper = false;
    for (int64_t i = 0; i < ad_source_count(s) && !deeper; ++i) {
        const char *name = ad_source_name(s, i);
        deeper = ad_names_picture(name) && strchr(name + length, '/');
    }
    while (!deeper && length) {
        do --length;
        while (length && first[length - 1] != '/');
        break;
    }
    return length;
}

static ad_status add_picture(reading *r, int64_t entry, int32_t label, int32_t group)
{
    if (label < 0) return ad_fail(r->set->ctx, AD_ERROR_LIMIT, "%s: has too many classes", r->path);
    r->pictures[r->count++] = (picture){entry, label, group};
    return AD_OK;
}

static int wanted_split(const ad_image_set_options *options)
{
    return options->split ? split_number(options->split, strlen(options->split)) : 1;
}

static ad_status list_folders(reading *r)
{
    const ad_source *s = r->source;
    size_t shared = shared_length(s);
    bool has[4] = {false};
    ad_status status = AD_OK;
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        const char *name = ad_source_name(s, i);
        if (strlen(name) <= shared || !ad_names_picture(name)) continue;
        has[split_number(name + shared, first_part(name + shared))] = true;
    }
    int wanted = wanted_split(r->options);
    bool splits = has[1] || has[2] || has[3];
    if (!splits && wanted != 1) return AD_OK;
    for (int64_t i = 0; i < ad_source_count(s) && !status; ++i) {
        const char *name = ad_source_name(s, i);
        if (strlen(name) <= shared) continue;
        name += shared;
        if (splits) {
            if (split_number(name, first_part(name)) != wanted) continue;
            name += first_part(name);
            if (!*name++) continue;
        }
        size_t length = first_part(name);
        if (!length || name[length] != '/') continue; /* not in a class */
        int label = add_class(r, name, length);
        if (ad_names_picture(name)) status = add_picture(r, i, label, 0);
    }
    return status;
}

/* A class folder without a picture is a mistake more often than a wish. */
static ad_status check_empty(const reading *r)
{
    for (int i = 0; i < r->name_count; ++i) {
        bool found = false;
        for (int64_t k = 0; k < r->count && !found; ++k) found = r->pictures[k].label == i;
        if (!found)
            return ad_fail(r->set->ctx, AD_ERROR_FORMAT, "%s: class \"%s\" has no picture", r->path,
                           r->names[i]);
    }
    return AD_OK;
}

/* ---- tables ---- */

enum { COLUMNS_MOST = 64 };

/* The fields of a line, quotes taken off; returns how many. Cuts `line` up. */
static int fields(char *line, char *field[COLUMNS_MOST])
{
    int count = 0;
    char *p = line;
    while (count < COLUMNS_MOST) {
        char *to = p;
        bool quoted = *p == '"';
        field[count++] = p;
        if (quoted) {
            for (++p; *p; ++p) {
                if (*p == '"' && *++p != '"') break;
                *to++ = *p;
            }
        } else {
            to = p += strcspn(p, ",");
        }
        bool more = *p == ',';
        *to = 0;
        if (!more) break;
        ++p;
    }
    return count;
}

typedef struct columns {
    int file, label, group, count; /* -1: none */
    char label_name[64];
} columns;

static bool same(const char *a, const char *b)
{
    return !strcasecmp(a, b);
}

static columns find_columns(char *field[COLUMNS_MOST], int count)
{
    columns c = {.file = -1, .label = -1, .group = -1, .count = count};
    for (int i = 0; i < count; ++i) {
        size_t n = strlen(field[i]);
        if (same(field[i], "file") || same(field[i], "image") || same(field[i], "path") ||
            same(field[i], "filename") || (n > 5 && same(field[i] + n - 5, "_file")))
            c.file = i;
        else if (same(field[i], "person") || same(field[i], "group") || same(field[i], "subject"))
            c.group = i;
        else if (same(field[i], "label") || same(field[i], "class"))
            c.label = i;
    }
    if (c.label < 0) c.label = count - 1;
    snprintf(c.label_name, sizeof c.label_name, "%s", field[c.label]);
    return c;
}

/* The picture called `name`, whole or from a slash on. */
static int64_t find_picture(const ad_source *s, const char *name)
{
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        const char *entry = ad_source_name(s, i);
        size_t n = strlen(entry), k = strlen(name);
        if (n >= k && !strcmp(entry + n - k, name) && (n == k || entry[n - k - 1] == '/')) return i;
    }
    return -1;
}

/* Labels 0 and 1 under a heading of their own are its absence and presence. */
static int label_class(reading *r, const columns *c, const char *text)
{
    char name[128];
    bool yes_no = !same(c->label_name, "label") && !same(c->label_name, "class") &&
                  (!strcmp(text, "0") || !strcmp(text, "1"));
    snprintf(name, sizeof name, "%s%s", yes_no && *text == '0' ? "no " : "",
             yes_no ? c->label_name : text);
    return add_class(r, name, strlen(name));
}

static ad_status table_row(reading *r, const char *title, int64_t number, const columns *c,
                           char *field[COLUMNS_MOST], int count)
{
    ad_context *ctx = r->set->ctx;
    if (count != c->count)
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: line %lld has %d fields, the header %d", title,
                       (long long)number, count, c->count);
    int64_t entry = find_picture(r->source, field[c->file]);
    if (entry < 0)
        return ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: line %lld names %s, which is not there", title,
                       (long long)number, field[c->file]);
    int32_t group = 0;
    if (c->group >= 0) {
        if (!is_number(field[c->group]) || number_of(field[c->group]) >= 10000000)
            return ad_fail(ctx, AD_ERROR_FORMAT, "%s: line %lld: the group \"%s\" is no number",
                           title, (long long)number, field[c->group]);
        group = number_of(field[c->group]), r->has_groups = true;
    }
    if (!*field[c->label])
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: line %lld has no label", title,
                       (long long)number);
    return add_picture(r, entry, label_class(r, c, field[c->label]), group);
}

static ad_status list_table(reading *r, int64_t csv)
{
    ad_context *ctx = r->set->ctx;
    char title[512], *field[COLUMNS_MOST];
    columns c = {0};
    ad_content content;
    ad_source_title(r->source, csv, title, sizeof title);
    ad_status status = ad_source_read(r->source, csv, ctx, &content);
    char *text = status ? NULL : ad_alloc(ctx, content.size + 1);
    if (!text) return status ? status : AD_ERROR_MEMORY;
    memcpy(text, content.bytes, content.size);
    text[content.size] = 0;
    int64_t number = 0;
    for (char *line = text, *next; !status && *line; line = next) {
        size_t length = strcspn(line, "\n");
        next = line + length + (line[length] != 0);
        line[length] = 0;
        if (length && line[length - 1] == '\r') line[length - 1] = 0;
        if (!*line || ++number == 0) continue;
        int count = fields(line, field);
        if (number > 1) {
            status = r->count < ad_source_count(r->source)
                         ? table_row(r, title, number, &c, field, count)
                         : ad_fail(ctx, AD_ERROR_FORMAT, "%s: has more rows than there are files",
                                   title);
            continue;
        }
        c = find_columns(field, count);
        if (c.file < 0 || c.file == c.label)
            status = ad_fail(ctx, AD_ERROR_FORMAT,
                             "%s: a column called file and one called label are expected", title);
    }
    ad_free(ctx, text, content.size + 1);
    ad_content_free(&content);
    return status;
}

/* The only table in the source, or -1. */
static int64_t find_table(const ad_source *s)
{
    int64_t found = -1;
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        const char *name = ad_source_name(s, i);
        size_t n = strlen(name);
        if (n < 5 || strcmp(name + n - 4, ".csv")) continue;
        if (found >= 0) return -1;
        found = i;
    }
    return found;
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
    ad_status status = ad_source_read(r->source, r->pictures[i].entry, ctx, &content);
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
    ad_source_title(r->source, r->pictures[i].entry, title, sizeof title);
    r->bad[i] = decode(r, r->contexts[worker], i, title, r->set->pixels + i * bytes) != AD_OK;
}

static ad_status first_size(reading *r)
{
    ad_image_set *set = r->set;
    ad_status status = AD_OK;
    for (int64_t i = 0; i < r->count; ++i) { /* the first that can be read */
        char title[512];
        ad_content content;
        ad_image *image = NULL;
        ad_source_title(r->source, r->pictures[i].entry, title, sizeof title);
        status = ad_source_read(r->source, r->pictures[i].entry, set->ctx, &content);
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
        if (!status || !r->options->skip_bad) break;
    }
    return status;
}

/* Without the broken ones, or the error of the first. */
static ad_status settle_pictures(reading *r)
{
    ad_image_set *set = r->set;
    int64_t bytes = set->height * set->width * set->channels, kept = 0;
    for (int64_t i = 0; i < r->count; ++i) {
        if (r->bad[i] && !r->options->skip_bad) {
            char title[512];
            ad_source_title(r->source, r->pictures[i].entry, title, sizeof title);
            return decode(r, set->ctx, i, title, set->pixels + i * bytes); /* says what is wrong */
        }
        if (r->bad[i]) {
            ++set->skipped;
            continue;
        }
        if (kept < i) memmove(set->pixels + kept * bytes, set->pixels + i * bytes, (size_t)bytes);
        set->labels[kept] = r->pictures[i].label;
        if (set->groups) set->groups[kept] = r->pictures[i].group;
        ++kept;
    }
    if (kept == r->count) return AD_OK;
    if (!kept) return ad_fail(set->ctx, AD_ERROR_FORMAT, "%s: no picture can be read", r->path);
    /* the sizes that are given back with the memory must be those it was taken with */
    unsigned char *pixels = ad_realloc(set->ctx, set->pixels, (size_t)(r->count * bytes),
                                       (size_t)(kept * bytes));
    if (!pixels) return AD_ERROR_MEMORY;
    set->pixels = pixels;
    int32_t *labels = ad_realloc(set->ctx, set->labels, (size_t)r->count * sizeof *labels,
                                 (size_t)kept * sizeof *labels);
    if (labels) set->labels = labels;
    int32_t *groups = set->groups
                          ? ad_realloc(set->ctx, set->groups, (size_t)r->count * sizeof *groups,
                                       (size_t)kept * sizeof *groups)
                          : NULL;
    if (groups) set->groups = groups;
    set->count = kept;
    return labels && (groups || !set->groups) ? AD_OK : AD_ERROR_MEMORY;
}

static ad_status decode_all(reading *r)
{
    ad_image_set *set = r->set;
    ad_context *ctx = set->ctx;
    ad_pool *pool = ad_context_pool(ctx);
    int workers = ad_pool_size(pool);
    ad_status status = first_size(r);
    if (!status) status = ad_image_set_reserve(set, r->count);
    if (!status && r->has_groups &&
        !(set->groups = ad_zalloc(ctx, (size_t)r->count * sizeof *set->groups)))
        status = AD_ERROR_MEMORY;
    if (status) return status;
    r->contexts = ad_zalloc(ctx, (size_t)workers * sizeof(ad_context *));
    r->bad = ad_zalloc(ctx, (size_t)r->count);
    if (!r->contexts || !r->bad) status = AD_ERROR_MEMORY;
    for (int i = 0; i < workers && !status; ++i)
        if (!(r->contexts[i] = ad_context_new(&(ad_context_options){.threads = 1})))
            status = ad_fail(ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) ad_parallel(pool, r->count, decode_task, r);
    if (!status) status = settle_pictures(r);
    for (int i = 0; r->contexts && i < workers; ++i) ad_context_free(r->contexts[i]);
    ad_free(ctx, r->contexts, (size_t)workers * sizeof(ad_context *));
    ad_free(ctx, r->bad, (size_t)r->count);
    return status;
}

ad_status ad_read_picture_set(ad_image_set *set, const ad_source *source, const char *path,
                              const ad_image_set_options *options)
{
    ad_context *ctx = set->ctx;
    int64_t capacity = ad_source_count(source);
    reading r = {.set = set, .source = source, .path = path, .options = options};
    int64_t table = find_table(source);
    r.pictures = ad_alloc(ctx, ad_bytes(capacity + 1, sizeof *r.pictures));
    ad_status status = r.pictures ? AD_OK : AD_ERROR_MEMORY;
    bool only = table >= 0 && wanted_split(options) != 1; /* a table is all training data */
    if (!status && !only) status = table >= 0 ? list_table(&r, table) : list_folders(&r);
    if (!status && !r.count && wanted_split(options) == 1)
        status = ad_fail(
            ctx, AD_ERROR_FORMAT,
            "%s: holds no data set: looked for a folder per class (below train/ and "
            "test/ or not), MNIST's *-ubyte files, CIFAR-10's *.bin files, and pictures "
            "with a table of labels (.csv)",
            path);
    if (!status && r.count) status = check_empty(&r);
    if (!status && r.count) status = settle_classes(&r);
    if (!status && r.count) status = decode_all(&r);
    for (int i = 0; i < r.name_count; ++i) ad_free(ctx, r.names[i], strlen(r.names[i]) + 1);
    ad_free(ctx, r.names, (size_t)r.name_capacity * sizeof *r.names);
    ad_free(ctx, r.pictures, ad_bytes(capacity + 1, sizeof *r.pictures));
    return status;
}
