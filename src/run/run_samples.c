/* run_samples.c - what a run left in samples/: pictures and texts by name and step, figures. */
#include "run/run.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MOST = 20000, ENDING = 4 };

static bool parse(const char *file, ad_run_sample *out)
{
    static const char *const endings[] = {
        [AD_RUN_PICTURE] = ".png", [AD_RUN_TEXT] = ".txt", [AD_RUN_FIGURE] = ".svg"};
    size_t length = strlen(file);
    if (length <= ENDING || length >= sizeof out->file) return false;
    size_t stem = length - ENDING;
    int kind = 0;
    while (kind < 3 && strcmp(file + stem, endings[kind]) != 0) ++kind;
    if (kind == 3) return false;
    out->kind = (ad_run_sample_kind)kind, out->step = -1;
    snprintf(out->file, sizeof out->file, "%s", file);
    snprintf(out->name, sizeof out->name, "%.*s", (int)stem, file);
    char *dash = strrchr(out->name, '-'), *end = NULL;
    if (kind == AD_RUN_FIGURE || !dash || dash == out->name || !dash[1]) return true;
    long long step = strtoll(dash + 1, &end, 10);
    if (*end || step < 0) return true;
    *dash = 0;
    out->step = step;
    return true;
}

static int by_name_and_step(const void *a, const void *b)
{
    const ad_run_sample *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (order) return order;
    if (x->kind != y->kind) return (int)x->kind - (int)y->kind;
    return (x->step > y->step) - (x->step < y->step);
}

static ad_status make_room(ad_run_samples *s)
{
    if (s->count < s->capacity) return AD_OK;
    int more = 2 * s->capacity + 64;
    ad_run_sample *at = ad_realloc(s->ctx, s->at, (size_t)s->capacity * sizeof *at,
                                   (size_t)more * sizeof *at);
    if (!at) return AD_ERROR_MEMORY;
    s->at = at, s->capacity = more;
    return AD_OK;
}

static ad_status read_folder(ad_run_samples *s, const char *path)
{
    ad_status status = AD_OK;
    DIR *folder = opendir(path);
    if (!folder && errno == ENOENT) return AD_OK;
    if (!folder) return ad_fail_io(s->ctx, path, "cannot be looked at", errno);
    for (struct dirent *entry; !status && s->count < FILES_MOST && (entry = readdir(folder));) {
        status = make_room(s);
        if (!status) s->count += parse(entry->d_name, &s->at[s->count]);
    }
    closedir(folder);
    return status;
}

ad_status ad_run_samples_list(ad_run_samples *s, ad_context *ctx, const char *run_path)
{
    char path[PATH_MAX];
    *s = (ad_run_samples){.ctx = ctx};
    snprintf(path, sizeof path, "%.*s/samples", PATH_MAX - 64, run_path);
    ad_status status = read_folder(s, path);
    if (status)
        ad_run_samples_free(s);
    else if (s->count)
        qsort(s->at, (size_t)s->count, sizeof *s->at, by_name_and_step);
    return status;
}

void ad_run_samples_free(ad_run_samples *s)
{
    ad_free(s->ctx, s->at, (size_t)s->capacity * sizeof *s->at);
    s->at = NULL, s->count = s->capacity = 0;
}

const char *ad_run_sample_path(const char *run_path, const ad_run_sample *sample, char *path,
                               size_t size)
{
    snprintf(path, size, "%.*s/samples/%s", (int)(size > 300 ? size - 300 : 0), run_path,
             sample->file);
    return path;
}

int ad_run_samples_next(const ad_run_samples *s, int from)
{
    int next = from + 1;
    while (next < s->count && !strcmp(s->at[from].name, s->at[next].name) &&
           s->at[from].kind == s->at[next].kind)
        ++next;
    return next;
}
