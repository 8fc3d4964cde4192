/* image_splits.c - what of a set of pictures is trained on, validated with and tested on. */
#include <autodidact/data.h>

#include "base/context.h"

#include <math.h>
#include <string.h>

enum { TRAIN, VALIDATION, TEST, SPLITS };

static ad_status too_many(ad_context *ctx)
{
    return ad_fail(ctx, AD_ERROR_MEMORY, "no memory for the numbers of the pictures");
}

/* Room for the numbers of all pictures of a set, which are not there yet. */
static ad_status new_index(ad_image_splits *s, int split, ad_image_set *set)
{
    s->set[split] = set;
    s->index[split] = ad_alloc(s->ctx, ad_bytes(set->count, sizeof(int64_t)));
    return s->index[split] ? AD_OK : too_many(s->ctx);
}

static ad_status all_of(ad_image_splits *s, int split, ad_image_set *set)
{
    ad_status status = new_index(s, split, set);
    for (int64_t i = 0; !status && i < set->count; ++i) s->index[split][i] = i;
    if (!status) s->count[split] = set->count;
    return status;
}

static ad_status read_set(ad_image_splits *s, int split, const char *path,
                          const ad_image_set_options *options)
{
    ad_image_set *set;
    ad_status status = ad_image_set_read(&set, s->ctx, path, options);
    if (status) return status;
    s->skipped += set->skipped;
    if (set->count) return all_of(s, split, set);
    ad_image_set_free(set);
    return AD_OK;
}

/* The data's own split, whose pictures must be as those of training. */
static ad_status read_further(ad_image_splits *s, int split, const char *path,
                              ad_image_set_options options)
{
    const ad_image_set *first = s->set[TRAIN];
    options.split = split == TEST ? "test" : "validation";
    options.channels = first->channels;
    options.like = first;
    ad_status status = read_set(s, split, path, &options);
    const ad_image_set *set = s->set[split];
    if (status || !set || (set->height == first->height && set->width == first->width))
        return status;
    return ad_fail(s->ctx, AD_ERROR_SHAPE,
                   "%s: %s pictures are %lld x %lld, those of training %lld x %lld; asking for a "
                   "size makes all equal",
                   path, options.split, (long long)set->width, (long long)set->height,
                   (long long)first->width, (long long)first->height);
}

/* Moves about this share of the training pictures to validation: classes evenly, groups together.
 */
static ad_status take_validation(ad_image_splits *s, double share, uint64_t seed)
{
    ad_image_set *set = s->set[TRAIN];
    int folds = (int)fmax(2, round(1 / share));
    int64_t kept = 0;
    bool *in = ad_zalloc(s->ctx, ad_bytes(set->count, sizeof *in));
    ad_status status = in ? new_index(s, VALIDATION, set) : too_many(s->ctx);
    int64_t *taken = s->index[VALIDATION], *index = s->index[TRAIN];
    int64_t inside = status ? 0 : ad_image_set_fold(set, 0, folds, seed ^ 0x7A1, true, taken);
    for (int64_t i = 0; i < inside; ++i) in[taken[i]] = true;
    for (int64_t i = 0; !status && i < s->count[TRAIN]; ++i) {
        if (in[index[i]])
            taken[s->count[VALIDATION]++] = index[i];
        else
            index[kept++] = index[i];
    }
    if (!status) s->count[TRAIN] = kept;
    ad_free(s->ctx, in, ad_bytes(set->count, sizeof *in));
    return status;
}

/* Which pictures are in which fold does not depend on the seed of a part. */
static ad_status take_fold(ad_image_splits *s, int fold, int folds)
{
    ad_image_set *set = s->set[TRAIN];
    ad_status status = new_index(s, TEST, set);
    if (status) return status;
    s->count[TEST] = ad_image_set_fold(set, fold, folds, 0, true, s->index[TEST]);
    s->count[TRAIN] = ad_image_set_fold(set, fold, folds, 0, false, s->index[TRAIN]);
    return AD_OK;
}

ad_status ad_image_splits_read(ad_image_splits *s, ad_context *ctx, const char *path,
                               const ad_image_splits_options *o)
{
    *s = (ad_image_splits){.ctx = ctx};
    ad_image_set_options options = {.split = "train",
                                    .height = o->height,
                                    .width = o->width,
                                    .channels = o->channels,
                                    .skip_bad = o->skip_bad,
                                    .watcher = o->watcher};
    ad_status status = read_set(s, TRAIN, path, &options);
    if (!status && !s->set[TRAIN])
        status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: holds no training pictures", path);
    if (!status) status = read_further(s, VALIDATION, path, options);
    if (!status)
        status = o->folds > 1 ? take_fold(s, o->fold, o->folds)
                              : read_further(s, TEST, path, options);
    if (!status && !s->set[VALIDATION] && o->validation > 0)
        status = take_validation(s, o->validation, o->seed);
    if (!status && !s->count[TRAIN])
        status = ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: no picture is left to train with", path);
    if (status) ad_image_splits_free(s);
    return status;
}

void ad_image_splits_free(ad_image_splits *s)
{
    for (int i = 0; i < SPLITS; ++i)
        if (s->index[i]) /* then there is a set */
            ad_free(s->ctx, s->index[i], ad_bytes(s->set[i]->count, sizeof(int64_t)));
    for (int i = SPLITS - 1; i >= 0; --i)
        if (i == TRAIN || s->set[i] != s->set[TRAIN]) ad_image_set_free(s->set[i]);
    *s = (ad_image_splits){0};
}
