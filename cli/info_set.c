/* info_set.c - `autodidact info FOLDER`: what a set of labelled pictures holds, split by split. */
#include "cli/verbs.h"

#include <autodidact/data.h>
#include <autodidact/table.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { SPLITS = 3, ROWS_MOST = 50, SIDE = 32 };

static const char *const splits[SPLITS] = {"train", "validation", "test"};

typedef struct holding {
    ad_image_set *set[SPLITS]; /* NULL: no such split */
    int64_t *count[SPLITS];    /* pictures per class */
    const ad_image_set *first; /* that there is */
    bool sizes_differ;
} holding;

bool ad_cli_names_set(const char *path)
{
    static const char *const ends[] = {".tar", ".tgz", ".txz", ".zip"};
    struct stat info;
    size_t n = strlen(path);
    if (!stat(path, &info) && S_ISDIR(info.st_mode)) return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; ++i)
        if (n > 4 && !strcasecmp(path + n - 4, ends[i])) return true;
    return strstr(path, ".tar.") != NULL;
}

static ad_status read_split(ad_context *ctx, const char *path, int split, holding *h)
{
    ad_image_set_options options = {.split = splits[split], .like = h->first, .skip_bad = true};
    if (h->sizes_differ) options.height = options.width = SIDE;
    ad_image_set **set = &h->set[split];
    ad_status status = ad_image_set_read(set, ctx, path, &options);
    if (status == AD_ERROR_SHAPE) {
        h->sizes_differ = true, options.height = options.width = SIDE;
        status = ad_image_set_read(set, ctx, path, &options);
    }
    if (status == AD_ERROR_NOT_FOUND && h->first) return AD_OK; /* its files may be missing */
    if (status) return status;
    if (!(*set)->count) {
        ad_image_set_free(*set);
        *set = NULL;
        return AD_OK;
    }
    (*set)->survey.resized = 0; /* for the figures here only */
    if (!h->first) h->first = *set;
    h->count[split] = calloc((size_t)(*set)->classes, sizeof(int64_t));
    if (!h->count[split]) return ad_error_set(ctx, AD_ERROR_MEMORY, "%s: out of memory", path);
    for (int64_t i = 0; i < (*set)->count; ++i) ++h->count[split][(*set)->labels[i]];
    return AD_OK;
}

static void json_survey(ad_command *cmd, const ad_image_survey *s)
{
    ad_json_int(cmd, "grey", s->grey), ad_json_int(cmd, "colour", s->colour);
    ad_json_int(cmd, "transparent", s->alpha), ad_json_int(cmd, "deep", s->deep);
    ad_json_int(cmd, "cmyk", s->cmyk), ad_json_int(cmd, "animated", s->animated);
    ad_json_ints(cmd, "smallest", (const int64_t[]){s->smallest[0], s->smallest[1]}, 2);
    ad_json_ints(cmd, "largest", (const int64_t[]){s->largest[0], s->largest[1]}, 2);
    ad_json_int(cmd, "unlabelled", s->unlabelled), ad_json_int(cmd, "unread", s->unread);
}

static void print_json(ad_command *cmd, const char *path, const holding *h)
{
    for (int i = 0; i < h->first->classes; ++i) {
        ad_json_begin(cmd, "class");
        ad_json_int(cmd, "label", i);
        ad_json_text(cmd, "name", h->first->class_names[i]);
        ad_json_end(cmd);
    }
    for (int i = 0; i < SPLITS; ++i) {
        const ad_image_set *set = h->set[i];
        char fingerprint[24];
        if (!set) continue;
        snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, set->fingerprint);
        ad_json_begin(cmd, "split");
        ad_json_text(cmd, "file", path);
        ad_json_text(cmd, "name", splits[i]);
        ad_json_int(cmd, "pictures", set->count);
        ad_json_bool(cmd, "one_size", !h->sizes_differ);
        ad_json_int(cmd, "width", set->width);
        ad_json_int(cmd, "height", set->height);
        ad_json_int(cmd, "channels", set->channels);
        ad_json_ints(cmd, "per_class", h->count[i], set->classes);
        ad_json_int(cmd, "skipped", set->skipped);
        if (set->survey.pictures) json_survey(cmd, &set->survey);
        ad_json_text(cmd, "fingerprint", fingerprint);
        ad_json_end(cmd);
    }
}

static void print_note(void *cmd, const char *sentence)
{
    ad_command_print(cmd, "  %s\n", sentence);
}

static void print_split(ad_command *cmd, const char *name, const ad_image_set *set)
{
    static const char *const channel[] = {"red", "green", "blue"};
    float mean[3], deviation[3];
    ad_image_set_statistics(set, NULL, 0, mean, deviation);
    ad_command_print(cmd, "  %s: %lld pictures; ", name, (long long)set->count);
    for (int c = 0; c < set->channels; ++c)
        ad_command_print(cmd, "%s%s%smean %.4f, deviation %.4f", c ? "; " : "",
                         set->channels > 1 ? channel[c] : "", set->channels > 1 ? " " : "",
                         (double)mean[c], (double)deviation[c]);
    ad_command_print(cmd, "\n");
    ad_image_set_tell(set, name, &(ad_watcher){.note = print_note, .user = cmd});
}

static void print_set(ad_command *cmd, const char *path, const holding *h)
{
    const ad_image_set *set = h->first;
    const ad_image_survey *s = &set->survey;
    ad_command_print(cmd, "%s: pictures of %d class%s, ", path, set->classes,
                     set->classes > 1 ? "es" : "");
    if (h->sizes_differ)
        ad_command_print(cmd, "of %lld x %lld to %lld x %lld (figures of all as %d x %d), %s\n",
                         (long long)s->smallest[0], (long long)s->smallest[1],
                         (long long)s->largest[0], (long long)s->largest[1], SIDE, SIDE,
                         set->channels == 1 ? "grey" : "colour");
    else
        ad_command_print(cmd, "%lld x %lld, %s\n", (long long)set->width, (long long)set->height,
                         set->channels == 1 ? "grey" : "colour");
    for (int i = 0; i < SPLITS; ++i)
        if (h->set[i]) print_split(cmd, splits[i], h->set[i]);
}

static ad_status print_classes(ad_command *cmd, const holding *h)
{
    const ad_image_set *set = h->first;
    ad_column columns[SPLITS + 1] = {{"class", .most = 40}};
    int count = 1;
    ad_table *t;
    for (int i = 0; i < SPLITS; ++i)
        if (h->set[i]) columns[count++] = (ad_column){splits[i], .kind = AD_COLUMN_INT};
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, count);
    for (int k = 0; k < set->classes && k < ROWS_MOST; ++k) {
        ad_table_row(t);
        ad_table_text(t, set->class_names[k]);
        for (int i = 0; i < SPLITS; ++i)
            if (h->set[i]) ad_table_int(t, h->count[i][k]);
    }
    ad_command_print(cmd, "\n");
    if (!status) status = ad_table_print(t, cmd, "class");
    ad_table_free(t);
    if (set->classes > ROWS_MOST) ad_command_print(cmd, "and %d more\n", set->classes - ROWS_MOST);
    return status;
}

static ad_status print_text(ad_command *cmd, const char *path, const holding *h)
{
    print_set(cmd, path, h);
    return print_classes(cmd, h);
}

int ad_cli_info_set(ad_command *cmd, ad_context *ctx, const char *path)
{
    holding h = {0};
    ad_status status = AD_OK;
    for (int i = 0; i < SPLITS && !status; ++i) status = read_split(ctx, path, i, &h);
    if (!status && ad_command_json(cmd))
        print_json(cmd, path, &h);
    else if (!status)
        status = print_text(cmd, path, &h);
    int code = ad_command_check(cmd, status);
    for (int i = 0; i < SPLITS; ++i) ad_image_set_free(h.set[i]), free(h.count[i]);
    return code;
}
