/* pictures.c - see pictures.h. */
#include "zoo/classify/pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const ad_image_set *classify_set(const classify_pictures *p, classify_split split)
{
    return split == CLASSIFY_TRAIN || !p->own[split - 1] ? p->set : p->own[split - 1];
}

ad_image_set_options classify_set_options(ad_command *cmd, const char *split,
                                          const ad_image_set *like)
{
    ad_image_set_options o = {.split = split, .like = like};
    o.height = o.width = like ? like->height : ad_command_int(cmd, "size");
    if (like) o.width = like->width;
    o.channels = like ? like->channels : ad_command_flag(cmd, "grey") ? 1 : 0;
    o.skip_bad = ad_command_flag(cmd, "skip-bad");
    return o;
}

void classify_set_summary(const ad_image_set *set, char *text, size_t size)
{
    snprintf(text, size, "%lld pictures of %lld x %lld in %d classes", (long long)set->count,
             (long long)set->width, (long long)set->height, set->classes);
}

static void note_skipped(ad_command *cmd, const ad_image_set *set)
{
    if (set->skipped)
        ad_command_note(cmd, "%lld broken pictures were left out", (long long)set->skipped);
}

/* Without --size the sizes must be equal, which reading with a wanted size would hide. */
static ad_image_set_options further(ad_command *cmd, const char *split, const ad_image_set *like)
{
    ad_image_set_options o = classify_set_options(cmd, split, like);
    if (!ad_command_value(cmd, "size")) o.height = o.width = 0;
    return o;
}

static ad_status read_further(ad_command *cmd, classify_pictures *p, const char *split,
                              classify_split which)
{
    const char *path = ad_command_text(cmd, "data");
    ad_image_set *set;
    ad_image_set_options options = further(cmd, split, p->set);
    ad_status status = ad_image_set_read(&set, p->ctx, path, &options);
    if (status) return status;
    note_skipped(cmd, set);
    if (set->count && (set->height != p->set->height || set->width != p->set->width))
        status = ad_error_set(p->ctx, AD_ERROR_SHAPE,
                              "%s: %s pictures are %lld x %lld, those of training %lld x %lld; "
                              "--size makes all equal",
                              path, split, (long long)set->width, (long long)set->height,
                              (long long)p->set->width, (long long)p->set->height);
    if (status || !set->count)
        ad_image_set_free(set);
    else
        p->own[which - 1] = set;
    return status;
}

static ad_status all_of(classify_pictures *p, classify_split split, int64_t count)
{
    if (!(p->index[split] = malloc((size_t)(count + 1) * sizeof(int64_t))))
        return ad_error_set(p->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < count; ++i) p->index[split][i] = i;
    p->count[split] = count;
    return AD_OK;
}

/* Moves the share `part` of the training pictures to validation, classes evenly, groups together.
 */
static ad_status take_validation(classify_pictures *p, double share, uint64_t seed)
{
    int folds = (int)fmax(2, round(1 / share));
    int64_t inside = 0, kept = 0, *fold = malloc((size_t)(p->set->count + 1) * sizeof *fold);
    bool *in = calloc((size_t)p->set->count + 1, sizeof *in);
    ad_status status = fold && in ? all_of(p, CLASSIFY_VALIDATION, 0) : AD_ERROR_MEMORY;
    if (!status)
        p->index[CLASSIFY_VALIDATION] = realloc(p->index[CLASSIFY_VALIDATION],
                                                (size_t)(p->count[0] + 1) * sizeof *fold);
    if (!status && !p->index[CLASSIFY_VALIDATION]) status = AD_ERROR_MEMORY;
    if (!status) inside = ad_image_set_fold(p->set, 0, folds, seed ^ 0x7A1, true, fold);
    for (int64_t i = 0; i < inside; ++i) in[fold[i]] = true;
    for (int64_t i = 0; !status && i < p->count[0]; ++i) {
        int64_t picture = p->index[0][i];
        if (in[picture])
            p->index[CLASSIFY_VALIDATION][p->count[CLASSIFY_VALIDATION]++] = picture;
        else
            p->index[0][kept++] = picture;
    }
    if (!status) p->count[0] = kept;
    free(fold), free(in);
    return status ? ad_error_set(p->ctx, status, "out of memory") : AD_OK;
}

static ad_status cut(ad_command *cmd, classify_pictures *p, ad_train_part part)
{
    double share = ad_command_real(cmd, "val");
    ad_status status = all_of(p, CLASSIFY_TRAIN, p->set->count);
    if (!status && part.folds > 1) {
        status = all_of(p, CLASSIFY_TEST, p->set->count);
        if (status) return status;
        /* which pictures are in which fold must not depend on the seed of a part */
        p->count[2] = ad_image_set_fold(p->set, part.fold, part.folds, 0, true, p->index[2]);
        p->count[0] = ad_image_set_fold(p->set, part.fold, part.folds, 0, false, p->index[0]);
    } else if (!status && p->own[1]) {
        status = all_of(p, CLASSIFY_TEST, p->own[1]->count);
    }
    if (!status && p->own[0])
        status = all_of(p, CLASSIFY_VALIDATION, p->own[0]->count);
    else if (!status && share > 0)
        status = take_validation(p, share, part.seed);
    if (!status && !p->count[0])
        status = ad_error_set(p->ctx, AD_ERROR_ARGUMENT, "no picture is left to train with");
    return status;
}

ad_status classify_pictures_read(ad_command *cmd, ad_train_part part, classify_pictures *p)
{
    *p = (classify_pictures){.ctx = ad_command_context(cmd)};
    ad_image_set_options options = classify_set_options(cmd, "train", NULL);
    ad_status status = ad_image_set_read(&p->set, p->ctx, ad_command_text(cmd, "data"), &options);
    if (status) return status;
    note_skipped(cmd, p->set);
    if (!p->set->count)
        return ad_error_set(p->ctx, AD_ERROR_FORMAT, "%s: holds no training pictures",
                            ad_command_text(cmd, "data"));
    status = read_further(cmd, p, "validation", CLASSIFY_VALIDATION);
    if (!status && part.folds <= 1) status = read_further(cmd, p, "test", CLASSIFY_TEST);
    return status ? status : cut(cmd, p, part);
}

void classify_pictures_free(classify_pictures *p)
{
    for (int i = 0; i < 3; ++i) free(p->index[i]);
    ad_image_set_free(p->own[0]);
    ad_image_set_free(p->own[1]);
    ad_image_set_free(p->set);
    *p = (classify_pictures){0};
}
