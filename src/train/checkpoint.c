/* checkpoint.c - the state of a run in one safetensors file.
 *
 * The model's tensors have their published names, everything else stands under "train.". A file is
 * written beside, flushed, read back and renamed (base/file.c), and only then older ones go: at no
 * moment is there less than there was. Nothing in it depends on the clock, so that a run that was
 * interrupted ends in the same bytes as one that was not. */
#include "run/run.h"

#include <dirent.h>
#include <errno.h>
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

ad_status ad_checkpoint_save(ad_run_folder *run, const ad_checkpoint *c, int64_t step, int64_t keep)
{
    char path[PATH_MAX];
    int64_t steps[CHECKPOINTS_MOST];
    ad_checkpoint_name(run->path, step, path);
    ad_status status = ad_vars_save_parts(run->ctx, path, c->parts, c->count, c->metadata,
                                          c->metadata_count);
    if (status) return status;
    int count = ad_checkpoint_list(run->path, steps, CHECKPOINTS_MOST), kept = 0;
    for (int i = 0; i < count; ++i) {
        /* one beyond this step is of a past that was not gone on from */
        if (steps[i] <= step && kept++ < keep) continue;
        ad_checkpoint_name(run->path, steps[i], path);
        unlink(path);
    }
    return AD_OK;
}

static void best_name(const ad_run_folder *run, char path[PATH_MAX])
{
    ad_run_file(run, "checkpoints/best.safetensors", path);
}

ad_status ad_checkpoint_save_best(ad_run_folder *run, const ad_checkpoint *c)
{
    char path[PATH_MAX];
    best_name(run, path);
    return ad_vars_save_parts(run->ctx, path, c->parts, 1, c->metadata, c->metadata_count);
}

ad_status ad_checkpoint_load_best(ad_run_folder *run, ad_vars *vars)
{
    char path[PATH_MAX];
    best_name(run, path);
    return ad_vars_load(vars, path, (ad_load_options){.allow_unused = true});
}

static ad_status load_parts(ad_file *file, const ad_checkpoint *c)
{
    ad_status status = AD_OK;
    for (int i = 0; i < c->count && !status; ++i)
        if (c->parts[i].vars)
            status = ad_vars_load_file(
                c->parts[i].vars, file,
                (ad_load_options){.strip = c->parts[i].prefix, .allow_unused = true});
    return status;
}

ad_status ad_checkpoint_load(ad_run_folder *run, const ad_checkpoint *c, int64_t *step)
{
    int64_t steps[CHECKPOINTS_MOST];
    int count = ad_checkpoint_list(run->path, steps, CHECKPOINTS_MOST);
    *step = -1;
    for (int i = 0; i < count; ++i) {
        char path[PATH_MAX];
        ad_file *file;
        ad_checkpoint_name(run->path, steps[i], path);
        ad_status status = ad_file_open(&file, run->ctx, path);
        if (status == AD_ERROR_FORMAT && i + 1 < count) { /* a broken one: the one before */
            ad_command_note(run->cmd, "%s; going on from step %lld", ad_error(run->ctx),
                            (long long)steps[i + 1]);
            ad_run_log(run, "%s; going on from step %lld", ad_error(run->ctx),
                       (long long)steps[i + 1]);
            continue;
        }
        if (!status) status = load_parts(file, c);
        ad_file_close(file);
        if (!status) *step = steps[i];
        return status;
    }
    return AD_OK;
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
    int count = ad_checkpoint_list(path, steps, CHECKPOINTS_MOST);
    ad_status status = ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: holds no checkpoint", path);
    for (int i = -1; i < count; ++i) {
        if (i < 0)
            snprintf(file, sizeof file, "%.*s/checkpoints/best.safetensors", PATH_MAX - 64, path);
        else
            ad_checkpoint_name(path, steps[i], file);
        if (i < 0 && access(file, F_OK)) continue;
        status = ad_file_open(&opened, ctx, file);
        ad_file_close(opened);
        if (!status) break;
        if (note && note_size) snprintf(note, note_size, "%s; taking another", ad_error(ctx));
    }
    if (status) return status;
    if (snprintf(found, size, "%s", file) >= (int)size)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", file);
    return AD_OK;
}
