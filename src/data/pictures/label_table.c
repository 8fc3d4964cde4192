/* label_table.c - pictures by a table (.csv, .tsv): a header, then a row for each.
 *
 * The columns go by the names below. Without one for labels, it is the only other column, or the
 * only other one that holds words or zeros and ones, which is said; where several do, it is an
 * error. */
#include "base/ending.h"
#include "base/notes.h"
#include "data/pictures/picture_list.h"

#include <autodidact/table_data.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct keyed {
    const char *key; /* the last part of a picture's name */
    size_t stem;     /* its length without the ending */
    int64_t entry;   /* in the source */
} keyed;

typedef struct labels {
    ad_picture_list *list;
    ad_frame *frame;
    char title[512];            /* the table's, for notes */
    int64_t file, label, group; /* columns; -1: none */
    bool presence;  /* labels 0 and 1 under a heading of their own: its absence and presence */
    keyed *by_name; /* the source's pictures, also such that cannot be read, sorted */
    int64_t pictures;
    int64_t *row_of;  /* per entry of the source: the row that names it, + 1 */
    char above[4096]; /* what stands before the names of pictures elsewhere; "" if nothing does */
} labels;

bool ad_is_table(const char *name)
{
    return ad_ends_with_any_case(name, ".csv") || ad_ends_with_any_case(name, ".tsv");
}

int64_t ad_count_tables(const ad_source *s)
{
    int64_t tables = 0;
    for (int64_t i = 0; i < ad_source_count(s); ++i) tables += ad_is_table(ad_source_name(s, i));
    return tables;
}

int64_t ad_find_label_table(const ad_source *s)
{
    int64_t found = -1;
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        const char *name = ad_source_name(s, i), *slash = strrchr(name, '/');
        const char *last = slash ? slash + 1 : name;
        if (!ad_is_table(name)) continue;
        if (!strncmp(last, "labels.", 7) || !strcmp(last, "glasses.csv")) return i;
        found = i;
    }
    return ad_count_tables(s) == 1 ? found : -1;
}

/* What was guessed: to who asked for the set, or where nobody listens, to the context's own. */
__attribute__((format(printf, 2, 3))) static void say(const labels *t, const char *format, ...)
{
    char sentence[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (t->list->options->watcher)
        ad_watch_note(t->list->options->watcher, "%s", sentence);
    else
        ad_note(t->list->ctx, "%s", sentence);
}

/* ---- columns ---- */

static ad_status find_files(labels *t)
{
    static const char *const names[] = {"file",       "filename",   "file_name", "image",
                                        "image_name", "image_path", "filepath",  "file_path",
                                        "path",       NULL},
                             *const numbers[] = {"id", "image_id", NULL};
    ad_status status = ad_frame_find_column(t->frame, names, &t->file);
    for (int64_t c = 0; !status && t->file < 0 && c < ad_frame_columns(t->frame); ++c) {
        if (ad_ends_with_any_case(ad_frame_column_name(t->frame, c), "_file")) t->file = c;
    }
    if (!status && t->file < 0) status = ad_frame_find_column(t->frame, numbers, &t->file);
    if (!status && t->file < 0) status = ad_frame_fail_column(t->frame, "file");
    return status;
}

/* Whether a column can be one of labels: words, or nothing but zeros and ones. Other numbers
 * measure or count something. */
static bool holds_labels(const ad_frame *frame, int64_t column)
{
    bool measured = false;
    for (int64_t row = 0; row < ad_frame_rows(frame); ++row) {
        double number;
        const char *text = ad_frame_text(frame, row, column);
        if (!*text) continue;
        if (!ad_frame_is_number(frame, row, column, &number)) return true;
        measured |= number != 0 && number != 1;
    }
    return !measured;
}

/* Without a column that is called so, the only one left that can hold them. */
static ad_status guess_labels(labels *t)
{
    int64_t left = 0, likely = 0, last = -1, found = -1;
    for (int64_t c = 0; c < ad_frame_columns(t->frame); ++c) {
        if (c == t->file || c == t->group) continue;
        ++left;
        last = c;
        if (!holds_labels(t->frame, c)) continue;
        ++likely;
        found = c;
    }
    t->label = left == 1 ? last : likely == 1 ? found : -1;
    t->presence = true;
    if (t->label < 0) return ad_frame_fail_column(t->frame, "label");
    say(t, "%s: its column \"%.60s\" is taken for the labels", t->title,
        ad_frame_column_name(t->frame, t->label));
    return AD_OK;
}

static ad_status find_columns(labels *t)
{
    static const char *const names[] = {"label", "labels", "class", "category", NULL},
                             *const groups[] = {"person", "subject", "group", NULL};
    ad_status status = find_files(t);
    if (!status) status = ad_frame_find_column(t->frame, names, &t->label);
    if (!status) status = ad_frame_find_column(t->frame, groups, &t->group);
    if (!status && t->label < 0) status = guess_labels(t);
    return status;
}

/* ---- pictures by name ---- */

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static size_t stem_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    size_t shorter = x->stem < y->stem ? x->stem : y->stem;
    int order = memcmp(x->key, y->key, shorter);
    if (!order) order = (x->stem > y->stem) - (x->stem < y->stem);
    if (!order) order = strcmp(x->key, y->key);
    return order ? order : (x->entry > y->entry) - (x->entry < y->entry);
}

static ad_status sort_pictures(labels *t)
{
    const ad_source *s = t->list->source;
    int64_t entries = ad_source_count(s);
    t->by_name = ad_alloc(t->list->ctx, ad_bytes(entries, sizeof *t->by_name));
    t->row_of = ad_zalloc(t->list->ctx, ad_bytes(entries, sizeof *t->row_of));
    if (!t->by_name || !t->row_of) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < entries; ++i) {
        const char *name = ad_source_name(s, i), *key = last_part(name);
        if (!ad_image_ending_known(name) && !ad_image_ending_unread(name)) continue;
        t->by_name[t->pictures++] = (keyed){key, stem_length(key), i};
    }
    if (t->pictures) qsort(t->by_name, (size_t)t->pictures, sizeof *t->by_name, by_key);
    return AD_OK;
}

/* Where pictures begin whose last part without its ending is not before `key`. */
static int64_t lower_bound(const labels *t, const char *key, size_t stem)
{
    int64_t low = 0, high = t->pictures;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        const keyed *k = &t->by_name[middle];
        size_t shorter = k->stem < stem ? k->stem : stem;
        int order = memcmp(k->key, key, shorter);
        if (order < 0 || (!order && k->stem < stem))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the first `length` bytes of an entry's name are `name`, or end in it behind a slash. */
static bool is_named(const char *entry, size_t length, const char *name)
{
    size_t k = strlen(name);
    return length >= k && !memcmp(entry + length - k, name, k) &&
           (length == k || entry[length - k - 1] == '/');
}

/* The picture called `name`, whole or from a slash on, with its ending or (`stems`) without; one
 * that cannot be read only where no other is called so. -1: none; -2: several, none of them as a
 * whole. */
static int64_t find_picture(const labels *t, const char *name, bool stems)
{
    const ad_source *s = t->list->source;
    const char *key = last_part(name);
    size_t stem = stems ? strlen(key) : stem_length(key);
    int64_t found = -1, unread = -1;
    for (int64_t i = lower_bound(t, key, stem); i < t->pictures; ++i) {
        const keyed *k = &t->by_name[i];
        const char *entry = ad_source_name(s, k->entry);
        if (k->stem != stem || memcmp(k->key, key, stem)) break;
        size_t length = stems ? (size_t)(k->key - entry) + stem : strlen(entry);
        if (!is_named(entry, length, name)) continue;
        if (length == strlen(name) && !stems) return k->entry;
        if (ad_image_ending_unread(entry))
            unread = k->entry;
        else
            found = found == -1 ? k->entry : -2;
    }
    return found == -1 ? unread : found;
}

/* ---- rows ---- */

/* As a path of the source: slashes, nothing in front. */
static bool clean_name(const char *text, char *name, size_t room)
{
    while (!strncmp(text, "./", 2) || !strncmp(text, ".\\", 2)) text += 2;
    size_t length = strlen(text);
    if (length >= room) return false;
    for (size_t i = 0; i <= length; ++i) name[i] = text[i] == '\\' ? '/' : text[i];
    return true;
}

static int64_t find_clean(const labels *t, const char *name)
{
    int64_t entry = find_picture(t, name, false);
    return entry == -1 ? find_picture(t, name, true) : entry;
}

/* Whether a path says where the set lay when the table was written: from the root on, from beside
 * the table, or by the name of its folder. */
static bool leads_elsewhere(const labels *t, const char *name)
{
    const char *path = t->list->path;
    size_t length = strlen(path);
    while (length && path[length - 1] == '/') --length;
    size_t begin = length;
    while (begin && path[begin - 1] != '/') --begin;
    if (*name == '/' || !strncmp(name, "../", 3) || (*name && !strncmp(name + 1, ":/", 2)))
        return true;
    return length > begin && !strncmp(name, path + begin, length - begin) &&
           name[length - begin] == '/';
}

/* The picture of a path that leads elsewhere, by as much of it as is the name of one here. What the
 * first such path has in front, all others must have. */
static int64_t find_moved(labels *t, const char *name)
{
    size_t above = strlen(t->above);
    if (above) return strncmp(name, t->above, above) ? -1 : find_clean(t, name + above);
    if (!leads_elsewhere(t, name)) return -1;
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        int64_t entry = slash[1] ? find_clean(t, slash + 1) : -1;
        if (entry == -1) continue;
        snprintf(t->above, sizeof t->above, "%.*s", (int)(slash + 1 - name), name);
        say(t, "%s: names pictures in %.200s, which are looked for in %.200s", t->title, t->above,
            t->list->path);
        return entry;
    }
    return -1;
}

static ad_status find_entry(labels *t, int64_t row, int64_t *entry)
{
    char name[4096];
    const char *text = ad_frame_text(t->frame, row, t->file);
    *entry = find_picture(t, text, false); /* as it stands: a name may hold a backslash */
    if (*entry == -1 && clean_name(text, name, sizeof name)) {
        *entry = find_clean(t, name);
        if (*entry == -1) *entry = find_moved(t, name);
    }
    if (*entry == -1)
        return ad_frame_fail(t->frame, row, "names %.200s, which does not exist", text);
    if (*entry == -2)
        return ad_frame_fail(t->frame, row, "names %.200s, which is the name of several pictures",
                             text);
    const char *unread = ad_image_ending_unread(ad_source_name(t->list->source, *entry));
    if (unread)
        return ad_frame_fail(t->frame, row,
                             "names %.200s, a picture of a format that cannot be read (%s)", text,
                             unread);
    return AD_OK;
}

/* Once more the same is idle; with another label one of the two is wrong, which nothing skips. */
static ad_status check_again(const labels *t, int64_t row, int64_t entry, bool *contradicts)
{
    int64_t before = t->row_of[entry] - 1;
    if (before < 0) return AD_OK;
    const char *text = ad_frame_text(t->frame, row, t->file);
    const char *label = ad_frame_text(t->frame, row, t->label);
    const char *first = ad_frame_text(t->frame, before, t->label);
    long long line = (long long)ad_frame_line(t->frame, before);
    *contradicts = strcmp(label, first) != 0;
    if (!*contradicts)
        return ad_frame_fail(t->frame, row, "names %.200s, which line %lld already names", text,
                             line);
    return ad_frame_fail(t->frame, row,
                         "labels %.200s \"%.100s\", which line %lld labels \"%.100s\"", text, label,
                         line, first);
}

static int32_t add_label(labels *t, const char *label)
{
    char text[128];
    if (t->presence && (!strcmp(label, "0") || !strcmp(label, "1"))) {
        snprintf(text, sizeof text, "%s%.64s", *label == '0' ? "no " : "",
                 ad_frame_column_name(t->frame, t->label));
        label = text;
    }
    return ad_name_add(&t->list->classes, label, strlen(label));
}

static ad_status take_row(labels *t, int64_t row)
{
    ad_picture_list *list = t->list;
    const char *label = ad_frame_text(t->frame, row, t->label);
    ad_picture picture = {0};
    bool contradicts = false;
    ad_status status = find_entry(t, row, &picture.entry);
    if (!status && !*label && !list->options->loose)
        status = ad_frame_fail(t->frame, row, "has no label");
    if (!status) status = check_again(t, row, picture.entry, &contradicts);
    if (status == AD_ERROR_FORMAT && list->options->skip_bad && !contradicts) {
        if (!list->skipped++)
            snprintf(list->first_skipped, sizeof list->first_skipped, "%s", ad_error(list->ctx));
        ad_error_clear(list->ctx);
        return AD_OK;
    }
    if (status) return status;
    picture.label = add_label(t, *label ? label : "no label");
    if (picture.label >= 0 && t->group >= 0) {
        const char *group = ad_frame_text(t->frame, row, t->group);
        picture.group = ad_name_add(&list->groups, group, strlen(group));
    }
    if (picture.label < 0 || picture.group < 0) return ad_error_status(list->ctx);
    t->row_of[picture.entry] = row + 1;
    list->pictures[list->count++] = picture;
    return AD_OK;
}

static void count_unlabelled(const labels *t)
{
    ad_picture_list *list = t->list;
    for (int64_t i = 0; i < t->pictures; ++i) {
        const char *name = ad_source_name(list->source, t->by_name[i].entry);
        list->unlabelled += ad_image_ending_known(name) && !t->row_of[t->by_name[i].entry];
    }
}

/* ---- the whole ---- */

ad_status ad_list_label_table(ad_picture_list *list, int64_t entry)
{
    ad_context *ctx = list->ctx;
    ad_content content;
    labels t = {.list = list};
    size_t entries = (size_t)ad_source_count(list->source);
    ad_source_title(list->source, entry, t.title, sizeof t.title);
    ad_status status = ad_source_read(list->source, entry, ctx, &content);
    if (status) return status;
    status = ad_frame_parse(&t.frame, ctx, t.title, content.bytes, content.size,
                            &(ad_frame_options){.header = AD_FRAME_HEADER});
    ad_content_free(&content);
    if (!status) status = find_columns(&t);
    if (!status) status = sort_pictures(&t);
    int64_t rows = status ? 0 : ad_frame_rows(t.frame);
    for (int64_t row = 0; !status && row < rows; ++row) status = take_row(&t, row);
    if (!status) count_unlabelled(&t);
    ad_free(ctx, t.by_name, entries * sizeof *t.by_name);
    ad_free(ctx, t.row_of, entries * sizeof *t.row_of);
    ad_frame_free(t.frame);
    return status;
}
