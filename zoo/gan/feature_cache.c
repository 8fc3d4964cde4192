/* feature_cache.c - features of real pictures, kept in the user's cache: a file for each network,
 * data and number of pictures, which says itself what it is of. A file that is broken or of
 * something else is passed over, with a note, and written anew. Those that were used the longest
 * ago make room. */
#include "zoo/gan/measure.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH = 4096, WHAT = 1024, PARTS_MOST = 3 };
static const int64_t bytes_most = (int64_t)1 << 30;
static const char ending[] = ".safetensors";

/* ---- which file ---- */

/* What the features are of. What computes them is a part of it: another instruction set rounds
 * otherwise. */
static void say_what(const gan_measure *e, const gan_looker *l, const gan_looked_at *real,
                     char what[WHAT])
{
    snprintf(what, WHAT, "autodidact %s, %s: %s, %s (%016llx): %lld of %lld %s pictures %016llx",
             ad_version(), ad_context_isa(l->ctx), l->name, l->layer,
             (unsigned long long)l->fingerprint, (long long)real->count, (long long)e->set->count,
             ad_split_name(e->split), (unsigned long long)e->set->fingerprint);
}

static bool find_folder(const gan_measure *e, char folder[PATH])
{
    const char *given = e->cache;
    if (given && !strcmp(given, "none")) return false;
    int length = given ? snprintf(folder, PATH, "%s", given)
                       : ad_cache_path(folder, PATH, "features");
    return length > 0 && length < PATH - WHAT;
}

static bool find_file(const gan_measure *e, const char *what, char path[PATH])
{
    char folder[PATH];
    if (!find_folder(e, folder)) return false;
    return snprintf(path, PATH, "%s/%016llx%s", folder,
                    (unsigned long long)ad_fingerprint(what, strlen(what)), ending) < PATH;
}

/* ---- what is in it ---- */

/* The tensors; taken by a judge that has seen them, too. */
static int list(const gan_measure *e, const gan_looker *l, const gan_looked_at *real,
                ad_named_tensor tensors[PARTS_MOST])
{
    int count = 2;
    tensors[0] = (ad_named_tensor){"features",
                                   {AD_F32, ad_shape(real->count, l->width), real->features}};
    tensors[1] = (ad_named_tensor){
        "nearest", {AD_F32, ad_shape(real->count, real->nearest_count), real->nearest}};
    if (l == e->judge)
        tensors[count++] = (ad_named_tensor){"taken", {AD_I32, ad_shape(real->count), real->taken}};
    return count;
}

static size_t bytes_of(const ad_tensor *t)
{
    return (size_t)ad_shape_count(t->shape) * ad_dtype_size(t->dtype);
}

/* Of numbers that are what they should be. */
static ad_status check_numbers(ad_context *ctx, const char *path, const gan_looker *l,
                               const gan_looked_at *real, bool taken)
{
    bool good = true;
    for (int64_t i = 0; i < real->count * l->width; ++i)
        good &= real->features[i] - real->features[i] == 0;
    for (int64_t i = 0; i < real->count * real->nearest_count; ++i)
        good &= real->nearest[i] >= 0 && real->nearest[i] - real->nearest[i] == 0;
    for (int64_t i = 0; i < real->count && taken; ++i)
        good &= real->taken[i] >= 0 && real->taken[i] < l->classes->count;
    return good
               ? AD_OK
               : ad_error_set(ctx, AD_ERROR_FORMAT, "%s: holds numbers that no features are", path);
}

static ad_status read_file(const gan_measure *e, const gan_looker *l, const gan_looked_at *real,
                           const char *what, ad_file *file)
{
    ad_named_tensor tensors[PARTS_MOST];
    ad_context *ctx = e->job->ctx;
    const char *said = ad_file_metadata(file, "features");
    int count = list(e, l, real, tensors);
    if (!said || strcmp(said, what) != 0)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: is of something else", ad_file_path(file));
    ad_status status = AD_OK;
    for (int i = 0; i < count && !status; ++i) {
        const ad_tensor *t = &tensors[i].tensor;
        status = ad_file_read_named(file, tensors[i].name, t->dtype, t->shape, t->data,
                                    bytes_of(t));
    }
    return status ? status : check_numbers(ctx, ad_file_path(file), l, real, count == PARTS_MOST);
}

bool gan_cache_read(const gan_measure *e, const gan_looker *l, gan_looked_at *real)
{
    char path[PATH], what[WHAT];
    ad_context *ctx = e->job->ctx;
    struct stat there;
    ad_file *file = NULL;
    say_what(e, l, real, what);
    if (!find_file(e, what, path) || stat(path, &there)) return false;
    ad_status status = ad_file_open(&file, ctx, path);
    if (!status) status = read_file(e, l, real, what, file);
    ad_file_close(file);
    if (!status) {
        utimensat(AT_FDCWD, path, NULL, 0); /* used now */
        return true;
    }
    ad_watch_note(&e->watcher, "%s; the features are computed anew", ad_error(ctx));
    ad_error_clear(ctx);
    return false;
}

/* What cannot be kept is no error: it can be made again. */
void gan_cache_write(const gan_measure *e, const gan_looker *l, const gan_looked_at *real)
{
    char path[PATH], folder[PATH], what[WHAT];
    ad_named_tensor tensors[PARTS_MOST];
    ad_context *ctx = e->job->ctx;
    say_what(e, l, real, what);
    if (!find_folder(e, folder) || !find_file(e, what, path)) return;
    int count = list(e, l, real, tensors);
    size_t bytes = 0;
    for (int i = 0; i < count; ++i) bytes += bytes_of(&tensors[i].tensor);
    if ((int64_t)bytes > bytes_most / 2) {
        ad_watch_note(&e->watcher, "features of %lld pictures are too many to keep",
                      (long long)real->count);
        return;
    }
    const ad_metadata says = {"features", what};
    ad_status status = ad_run_make_folder(ctx, folder);
    if (!status) status = ad_safetensors_write(ctx, path, tensors, count, &says, 1);
    if (!status) status = ad_cache_trim(ctx, folder, ending, bytes_most);
    if (!status) return;
    ad_watch_note(&e->watcher, "the features are not kept: %s", ad_error(ctx));
    ad_error_clear(ctx);
}
