/* run_checkpoints.c - which checkpoints a run's folder holds, and which weights it stands for. */
#include "run/run_files.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHECKPOINTS_MOST = 4096 };

void ad_checkpoint_name(const char *run_path, int64_t step, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.*s/checkpoints/step-%09lld.safetensors", PATH_MAX - 64, run_path,
             (long long)step);
}

/* The step of a name that this program gives; -1: it gives no such name. */
static int64_t step_of(const char *name)
{
    char own[64];
    if (strncmp(name, "step-", 5) != 0) return -1;
    long long step = strtoll(name + 5, NULL, 10);
    snprintf(own, sizeof own, "step-%09lld.safetensors", step);
    return step >= 0 && !strcmp(name, own) ? step : -1;
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

int ad_checkpoint_list(const char *run_path, int64_t *steps, int most)
{
    char path[PATH_MAX];
    int count = 0;
    snprintf(path, sizeof path, "%.*s/checkpoints", PATH_MAX - 64, run_path);
    DIR *folder = opendir(path);
    if (!folder) return 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        int64_t step = step_of(entry->d_name);
        if (step < 0) continue;
        if (count < most) {
            steps[count++] = step;
        } else if (most > 0) { /* in the place of the oldest */
            qsort(steps, (size_t)count, sizeof *steps, newest_first);
            if (step > steps[count - 1]) steps[count - 1] = step;
        }
    }
    closedir(folder);
    qsort(steps, (size_t)count, sizeof *steps, newest_first);
    return count;
}

ad_status ad_run_weights(ad_context *ctx, const char *path, char *found, size_t size, char *note,
                         size_t note_size)
{
    char file[PATH_MAX];
    int64_t steps[CHECKPOINTS_MOST];
    ad_file *opened;
    DIR *folder = opendir(path);
    if (note && note_size) *note = 0;
    if (!folder) {
        if (snprintf(found, size, "%s", path) >= (int)size)
            return ad_fail(ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", path);
        return AD_OK;
    }
    closedir(folder);
    ad_status status = ad_run_check(ctx, path);
    if (status) return status;
    int count = ad_checkpoint_list(path, steps, CHECKPOINTS_MOST);
    status = ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: holds no checkpoint", path);
    for (int i = -1; i < count; ++i) {
        if (i < 0)
            snprintf(file, sizeof file, "%.*s/checkpoints/best.safetensors", PATH_MAX - 64, path);
        else
            ad_checkpoint_name(path, steps[i], file);
        if (i < 0 && access(file, F_OK)) continue;
        status = ad_file_open(&opened, ctx, file);
        ad_file_close(opened);
        if (!status || status == AD_ERROR_MEMORY) break;
        if (note && note_size) snprintf(note, note_size, "%s; taking another", ad_error(ctx));
    }
    if (status) return status;
    if (snprintf(found, size, "%s", file) >= (int)size)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", file);
    return AD_OK;
}
