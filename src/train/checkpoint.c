/* checkpoint.c - the state of a run in one safetensors file, and large states beside it.
 *
 * The model's tensors have their published names, everything else stands under "train.". A file is
 * written beside, flushed, read back and renamed (base/file.c). Large states come first and the
 * checkpoint that knows their hashes last, and only then older ones go: at no moment is there less
 * than there was. Nothing in it depends on the clock, so that a run that was interrupted ends in
 * the same bytes as one that was not. */
#include "train/checkpoint.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHECKPOINTS_MOST = 4096, NAME_BYTES = 128 };

static const char in_checkpoint[] = "train.state.", in_file[] = "train.file.";

/* step-000000100.NAME.state */
static void state_path(const ad_run_folder *run, int64_t step, const char *name,
                       char path[PATH_MAX])
{
    char file[PATH_MAX];
    snprintf(file, sizeof file, "checkpoints/step-%09lld.%.100s.state", (long long)step, name);
    ad_run_file(run, file, path);
}

/* ---- saving ---- */

/* The states as tensors: their bytes, or what their file must be. */
typedef struct kept_states {
    ad_context *ctx;
    int count;
    ad_named_tensor *tensors;
    char (*names)[NAME_BYTES];
    ad_state_stream *streams;
    ad_state_file *files;
} kept_states;

static void free_states(kept_states *k)
{
    size_t count = (size_t)k->count;
    for (int i = 0; k->streams && i < k->count; ++i) ad_state_end(&k->streams[i]);
    ad_free(k->ctx, k->tensors, count * sizeof *k->tensors);
    ad_free(k->ctx, k->names, count * sizeof *k->names);
    ad_free(k->ctx, k->streams, count * sizeof *k->streams);
    ad_free(k->ctx, k->files, count * sizeof *k->files);
}

static ad_status keep_state(kept_states *k, int i, ad_run_folder *run, const ad_train_state *state,
                            int64_t step)
{
    char path[PATH_MAX];
    ad_status status;
    snprintf(k->names[i], NAME_BYTES, "%s%.100s", state->large ? in_file : in_checkpoint,
             state->name);
    k->tensors[i].name = k->names[i];
    if (state->large) {
        state_path(run, step, state->name, path);
        status = ad_state_save_file(state, k->ctx, path, &k->files[i]);
        k->tensors[i].tensor = (ad_tensor){AD_I64, ad_shape(3), &k->files[i]};
    } else {
        status = ad_state_save(state, k->ctx, &k->streams[i]);
        k->tensors[i].tensor = (ad_tensor){AD_U8, ad_shape((int64_t)k->streams[i].size),
                                           k->streams[i].bytes};
    }
    return status;
}

static ad_status keep_states(kept_states *k, ad_run_folder *run, const ad_checkpoint *c,
                             int64_t step)
{
    size_t count = (size_t)c->state_count;
    *k = (kept_states){.ctx = run->ctx, .count = c->state_count};
    if (!count) return AD_OK;
    k->tensors = ad_zalloc(k->ctx, count * sizeof *k->tensors);
    k->names = ad_zalloc(k->ctx, count * sizeof *k->names);
    k->streams = ad_zalloc(k->ctx, count * sizeof *k->streams);
    k->files = ad_zalloc(k->ctx, count * sizeof *k->files);
    if (!k->tensors || !k->names || !k->streams || !k->files) return AD_ERROR_MEMORY;
    ad_status status = AD_OK;
    for (int i = 0; i < k->count && !status; ++i)
        status = keep_state(k, i, run, &c->states[i], step);
    return status;
}

static ad_status save_parts(ad_run_folder *run, const char *path, const ad_checkpoint *c,
                            const kept_states *k)
{
    size_t bytes = (size_t)(c->count + 1) * sizeof(ad_vars_part);
    ad_vars_part *parts = ad_alloc(run->ctx, bytes);
    if (!parts) return AD_ERROR_MEMORY;
    memcpy(parts, c->parts, (size_t)c->count * sizeof *parts);
    parts[c->count] = (ad_vars_part){.tensors = k->tensors, .tensor_count = k->count};
    ad_status status = ad_vars_save_parts(run->ctx, path, parts, c->count + 1, c->metadata,
                                          c->metadata_count);
    ad_free(run->ctx, parts, bytes);
    return status;
}

/* The step of a state's file, whose name is as state_path makes it; -1: it is none. */
static int64_t step_of_state(const char *name)
{
    char own[32];
    size_t length = strlen(name), most = sizeof ".state" - 1;
    if (strncmp(name, "step-", 5) != 0) return -1;
    long long step = strtoll(name + 5, NULL, 10);
    size_t start = (size_t)snprintf(own, sizeof own, "step-%09lld.", step);
    bool ours = step >= 0 && length > start + most && !strncmp(name, own, start) &&
                !strcmp(name + length - most, ".state");
    return ours ? step : -1;
}

static bool is_kept(const int64_t *steps, int count, int64_t step)
{
    for (int i = 0; i < count; ++i)
        if (steps[i] == step) return true;
    return false;
}

/* Large states without their checkpoint, which a process that was killed also leaves. */
static void remove_states(const ad_run_folder *run, const int64_t *kept, int count)
{
    char path[PATH_MAX], file[PATH_MAX];
    DIR *folder = opendir(ad_run_file(run, "checkpoints", path));
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        int64_t step = step_of_state(entry->d_name);
        if (step < 0 || is_kept(kept, count, step)) continue;
        snprintf(file, sizeof file, "checkpoints/%.180s", entry->d_name);
        unlink(ad_run_file(run, file, path));
    }
    if (folder) closedir(folder);
}

/* All but the newest `keep` up to `step`: one beyond is of a past that was not resumed from. */
static void remove_old(const ad_run_folder *run, int64_t step, int64_t keep)
{
    char path[PATH_MAX];
    int64_t steps[CHECKPOINTS_MOST];
    int count = ad_checkpoint_list(run->path, steps, CHECKPOINTS_MOST), kept = 0;
    for (int i = 0; i < count; ++i) {
        if (steps[i] <= step && kept < keep) {
            steps[kept++] = steps[i];
        } else {
            ad_checkpoint_name(run->path, steps[i], path);
            unlink(path);
        }
    }
    remove_states(run, steps, kept);
}

ad_status ad_checkpoint_save(ad_run_folder *run, const ad_checkpoint *c, int64_t step, int64_t keep)
{
    char path[PATH_MAX];
    kept_states states;
    ad_checkpoint_name(run->path, step, path);
    ad_status status = keep_states(&states, run, c, step);
    if (!status) status = save_parts(run, path, c, &states);
    free_states(&states);
    if (!status) remove_old(run, step, keep);
    return status;
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
    return ad_vars_load(vars, path, (ad_load_options){0});
}

/* ---- loading ---- */

/* Where a state lies in the file: its tensor's index. */
static ad_status find_state(ad_file *file, ad_context *ctx, const ad_train_state *state, int *at)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s%.100s", state->large ? in_file : in_checkpoint, state->name);
    *at = ad_file_find(file, name);
    const ad_file_entry *entry = *at < 0 ? NULL : ad_file_at(file, *at);
    bool fits = entry && entry->shape.rank == 1 &&
                entry->dtype == (state->large ? AD_I64 : AD_U8) &&
                (!state->large || entry->shape.dim[0] == 3);
    if (fits) return AD_OK;
    return ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: does not hold the state \"%s\"",
                   ad_file_path(file), state->name);
}

static ad_status load_inside(ad_run_folder *run, ad_file *file, const ad_train_state *state, int at)
{
    size_t size = (size_t)ad_file_at(file, at)->shape.dim[0];
    void *bytes = ad_alloc(run->ctx, size ? size : 1);
    if (!bytes) return AD_ERROR_MEMORY;
    ad_status status = ad_file_read(file, at, AD_U8, bytes, size);
    if (!status) {
        status = ad_state_load(state, run->ctx, bytes, size);
        if (status) status = ad_fail_prefix(run->ctx, "%s", ad_file_path(file));
    }
    ad_free(run->ctx, bytes, size ? size : 1);
    return status;
}

/* One state of the file. Without `load` only whether it is there, and a large one's own file whole:
 * all are looked at before anything changes. */
static ad_status read_state(ad_run_folder *run, ad_file *file, const ad_train_state *state,
                            int64_t step, bool load)
{
    char path[PATH_MAX];
    ad_state_file about;
    int at;
    ad_status status = find_state(file, run->ctx, state, &at);
    if (status) return status;
    if (!state->large) return load ? load_inside(run, file, state, at) : AD_OK;
    state_path(run, step, state->name, path);
    status = ad_file_read(file, at, AD_I64, &about, sizeof about);
    if (status) return status;
    return load ? ad_state_load_file(state, run->ctx, path, &about)
                : ad_state_check_file(state, run->ctx, path, &about);
}

static ad_status read_states(ad_run_folder *run, ad_file *file, const ad_checkpoint *c,
                             int64_t step, bool load)
{
    ad_status status = AD_OK;
    for (int i = 0; i < c->state_count && !status; ++i)
        status = read_state(run, file, &c->states[i], step, load);
    return status;
}

static ad_status load_parts(ad_file *file, const ad_checkpoint *c)
{
    ad_status status = AD_OK;
    for (int i = 0; i < c->count && !status; ++i) {
        const ad_vars_part *part = &c->parts[i];
        /* the loop's own names stand beside the prefixes of all others */
        bool own = part->prefix && !strcmp(part->prefix, "train.");
        ad_load_options options = {.strip = part->prefix, .ignore = "train.", .allow_unused = own};
        if (part->vars) status = ad_vars_load_file(part->vars, file, options);
    }
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
        if (!status) status = read_states(run, file, c, steps[i], false);
        if (status == AD_ERROR_FORMAT && i + 1 < count) { /* a broken one: the one before */
            ad_file_close(file);
            ad_watch_note(&run->options.watcher, "%s; resuming from step %lld", ad_error(run->ctx),
                          (long long)steps[i + 1]);
            ad_run_log(run, "%s; resuming from step %lld", ad_error(run->ctx),
                       (long long)steps[i + 1]);
            continue;
        }
        if (!status) status = load_parts(file, c);
        if (!status) status = read_states(run, file, c, steps[i], true);
        ad_file_close(file);
        if (!status) *step = steps[i];
        return status;
    }
    return AD_OK;
}
