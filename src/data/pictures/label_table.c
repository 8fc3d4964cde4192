/* label_table.c - pictures by a table (.csv): a header, then a row for each.
 *
 * The column of files is called file, filename, image or path, or ends in _file; that of labels
 * label or class, or is the last; that of groups (which folds keep together) person, subject or
 * group. Fields may stand in double quotes, in which two stand for one. */
#include "data/pictures/picture_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS_MOST = 64 };

typedef struct table {
    ad_picture_list *list;
    const char *title;
    int64_t line;
    int file, label, group, count; /* columns; -1: none */
    bool presence; /* labels 0 and 1 under a heading of their own: its absence and presence */
    char heading[64];
    int64_t *by_name; /* the source's pictures by the last part of their names */
    int64_t pictures;
} table;

int64_t ad_find_label_table(const ad_source *s)
{
    int64_t found = -1, tables = 0;
    for (int64_t i = 0; i < ad_source_count(s); ++i) {
        const char *name = ad_source_name(s, i), *slash = strrchr(name, '/');
        const char *last = slash ? slash + 1 : name;
        size_t n = strlen(name);
        if (n < 5 || strcasecmp(name + n - 4, ".csv")) continue;
        if (!strcmp(last, "labels.csv") || !strcmp(last, "glasses.csv")) return i;
        found = i, ++tables;
    }
    return tables == 1 ? found : -1;
}

/* ---- rows ---- */

static ad_status bad(const table *t, const char *what)
{
    return ad_fail(t->list->ctx, AD_ERROR_FORMAT, "%s: line %lld %s", t->title, (long long)t->line,
                   what);
}

/* Cuts the line up, quotes taken off. Returns how many fields; -1: too many or damaged. */
static int cut(char *line, char *field[COLUMNS_MOST])
{
    char *p = line;
    for (int count = 0; count < COLUMNS_MOST;) {
        char *to = p;
        field[count++] = p;
        if (*p == '"') {
            for (++p; *p && (*p != '"' || *++p == '"'); ++p) *to++ = *p;
            if (*p && *p != ',') return -1;
        } else {
            to = p += strcspn(p, ",");
        }
        bool more = *p == ',';
        *to = 0;
        if (!more) return count;
        ++p;
    }
    return -1;
}

static bool is_one_of(const char *text, const char *const *names)
{
    for (; *names; ++names)
        if (!strcasecmp(text, *names)) return true;
    return false;
}

static ad_status take_header(table *t, char *field[COLUMNS_MOST], int count)
{
    static const char *const files[] = {"file", "filename", "image", "path", NULL},
                             *const labels[] = {"label", "class", NULL},
                             *const groups[] = {"person", "subject", "group", NULL};
    if (count < 0) return bad(t, "is damaged or has too many fields");
    t->file = t->label = t->group = -1, t->count = count;
    for (int i = 0; i < count; ++i) {
        size_t n = strlen(field[i]);
        if (is_one_of(field[i], files) || (n > 5 && !strcasecmp(field[i] + n - 5, "_file")))
            t->file = i;
        else if (is_one_of(field[i], groups))
            t->group = i;
        else if (is_one_of(field[i], labels))
            t->label = i, t->presence = false;
    }
    if (t->label < 0) t->label = count - 1, t->presence = true;
    if (t->file < 0 || t->file == t->label || t->group == t->label)
        return ad_fail(t->list->ctx, AD_ERROR_FORMAT,
                       "%s: columns called file and label are expected in its first line",
                       t->title);
    snprintf(t->heading, sizeof t->heading, "%s", field[t->label]);
    return AD_OK;
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* The picture called `name`, whole or from a slash on; -1: none. */
static int64_t find_picture(const table *t, const char *name)
{
    const ad_source *s = t->list->source;
    const char *last = last_part(name);
    int64_t low = 0, high = t->pictures;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (strcmp(last_part(ad_source_name(s, t->by_name[middle])), last) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t k = strlen(name); low < t->pictures; ++low) {
        const char *entry = ad_source_name(s, t->by_name[low]);
        size_t n = strlen(entry);
        if (strcmp(last_part(entry), last)) break;
        if (n >= k && !strcmp(entry + n - k, name) && (n == k || entry[n - k - 1] == '/'))
            return t->by_name[low];
    }
    return -1;
}

static ad_status take_row(table *t, char *field[COLUMNS_MOST], int count)
{
    ad_picture_list *list = t->list;
    char text[128];
    if (count != t->count) {
        snprintf(text, sizeof text, "has %d fields, the header %d", count, t->count);
        return bad(t, count < 0 ? "is damaged or has too many fields" : text);
    }
    const char *label = field[t->label];
    int64_t entry = find_picture(t, field[t->file]);
    if (list->options->skip_bad && (!*label || entry < 0)) return ++list->skipped, AD_OK;
    if (entry < 0) {
        snprintf(text, sizeof text, "names %.64s, which is not there", field[t->file]);
        return bad(t, text);
    }
    if (!*label) return bad(t, "has no label");
    if (list->count == ad_source_count(list->source))
        return bad(t, "is one more than there are files");
    if (t->presence && (!strcmp(label, "0") || !strcmp(label, "1"))) {
        snprintf(text, sizeof text, "%s%s", *label == '0' ? "no " : "", t->heading);
        label = text;
    }
    ad_picture picture = {.entry = entry,
                          .label = ad_name_add(&list->classes, label, strlen(label))};
    if (picture.label >= 0 && t->group >= 0)
        picture.group = ad_name_add(&list->groups, field[t->group], strlen(field[t->group]));
    if (picture.label < 0 || picture.group < 0) return ad_error_status(list->ctx);
    list->pictures[list->count++] = picture;
    return AD_OK;
}

static ad_status take_lines(table *t, char *text)
{
    char *field[COLUMNS_MOST];
    ad_status status = AD_OK;
    for (char *line = text, *next; !status && *line; line = next) {
        size_t length = strcspn(line, "\n");
        next = line + length + (line[length] != 0);
        ++t->line;
        line[length] = 0;
        if (length && line[length - 1] == '\r') line[length - 1] = 0;
        if (!*line) continue;
        int count = cut(line, field);
        status = t->count ? take_row(t, field, count) : take_header(t, field, count);
    }
    return status;
}

/* ---- the whole ---- */

typedef struct keyed {
    const char *key;
    int64_t entry;
} keyed;

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->entry > y->entry) - (x->entry < y->entry);
}

static ad_status sort_pictures(table *t)
{
    const ad_source *s = t->list->source;
    int64_t entries = ad_source_count(s);
    keyed *all = ad_alloc(t->list->ctx, ad_bytes(entries, sizeof *all));
    t->by_name = ad_alloc(t->list->ctx, ad_bytes(entries, sizeof *t->by_name));
    for (int64_t i = 0; all && t->by_name && i < entries; ++i) {
        const char *name = ad_source_name(s, i);
        if (ad_names_picture(name)) all[t->pictures++] = (keyed){last_part(name), i};
    }
    if (t->pictures) qsort(all, (size_t)t->pictures, sizeof *all, by_key);
    for (int64_t i = 0; i < t->pictures; ++i) t->by_name[i] = all[i].entry;
    bool good = all && t->by_name;
    ad_free(t->list->ctx, all, ad_bytes(entries, sizeof *all));
    return good ? AD_OK : AD_ERROR_MEMORY;
}

ad_status ad_list_label_table(ad_picture_list *list, int64_t entry)
{
    static const char mark[] = "\xef\xbb\xbf"; /* UTF-8's, as spreadsheets write it */
    ad_context *ctx = list->ctx;
    char title[512], *text = NULL;
    ad_content content;
    table t = {.list = list, .title = ad_source_title(list->source, entry, title, sizeof title)};
    ad_status status = ad_source_read(list->source, entry, ctx, &content);
    size_t size = content.size;
    if (!status && size && memchr(content.bytes, 0, size))
        status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: is no text", title);
    if (!status && !(text = ad_alloc(ctx, size + 1))) status = AD_ERROR_MEMORY;
    if (!status) status = sort_pictures(&t);
    if (!status) {
        memcpy(text, content.bytes, size);
        text[size] = 0;
        status = take_lines(&t, text + (strncmp(text, mark, 3) ? 0 : 3));
    }
    ad_free(ctx, t.by_name, ad_bytes(ad_source_count(list->source), sizeof *t.by_name));
    ad_free(ctx, text, size + 1);
    ad_content_free(&content);
    return status;
}
