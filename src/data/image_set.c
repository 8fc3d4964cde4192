/* image_set.c - labelled pictures in memory: which kind a path holds, statistics, folds. */
#include "data/image_set.h"
#include "base/hash.h"
#include "base/philox.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t picture_bytes(const ad_image_set *set)
{
    return set->height * set->width * set->channels;
}

/* ---- making ---- */

ad_status ad_image_set_reserve(ad_image_set *set, int64_t count)
{
    size_t bytes = ad_bytes(count, (size_t)picture_bytes(set));
    set->count = count;
    set->pixels = ad_alloc(set->ctx, bytes);
    set->labels = ad_zalloc(set->ctx, ad_bytes(count, sizeof *set->labels));
    return set->pixels && set->labels ? AD_OK : AD_ERROR_MEMORY;
}

ad_status ad_image_set_classes(ad_image_set *set, const char *const *names, int count)
{
    set->class_names = ad_zalloc(set->ctx, (size_t)count * sizeof *set->class_names);
    if (!set->class_names) return AD_ERROR_MEMORY;
    set->classes = count;
    for (int i = 0; i < count; ++i) {
        set->class_names[i] = ad_alloc(set->ctx, strlen(names[i]) + 1);
        if (!set->class_names[i]) return AD_ERROR_MEMORY;
        strcpy(set->class_names[i], names[i]);
    }
    return AD_OK;
}

ad_status ad_image_set_numbered(ad_image_set *set, int count)
{
    char text[256][8];
    const char *names[256];
    for (int i = 0; i < count && i < 256; ++i) {
        snprintf(text[i], sizeof text[i], "%d", i);
        names[i] = text[i];
    }
    return ad_image_set_classes(set, names, count < 256 ? count : 256);
}

void ad_image_set_free(ad_image_set *set)
{
    if (!set) return;
    ad_context *ctx = set->ctx;
    ad_free(ctx, set->pixels, ad_bytes(set->count, (size_t)picture_bytes(set)));
    ad_free(ctx, set->labels, (size_t)set->count * sizeof *set->labels);
    ad_free(ctx, set->groups, set->groups ? (size_t)set->count * sizeof *set->groups : 0);
    for (int i = 0; set->class_names && i < set->classes; ++i)
        if (set->class_names[i]) ad_free(ctx, set->class_names[i], strlen(set->class_names[i]) + 1);
    ad_free(ctx, set->class_names, (size_t)set->classes * sizeof *set->class_names);
    ad_free(ctx, set, sizeof *set);
}

static uint64_t fingerprint(const ad_image_set *set)
{
    uint64_t hash = AD_HASH_START, lanes[4] = {1, 2, 3, 4}, word[4];
    size_t bytes = (size_t)(set->count * picture_bytes(set)), at = 0;
    for (; at + sizeof word <= bytes; at += sizeof word) { /* eight bytes at a time, four abreast */
        memcpy(word, set->pixels + at, sizeof word);
        for (int i = 0; i < 4; ++i) lanes[i] = (lanes[i] ^ word[i]) * 0x100000001b3u;
    }
    hash = ad_hash(hash, lanes, sizeof lanes);
    if (bytes > at) hash = ad_hash(hash, set->pixels + at, bytes - at);
    hash = ad_hash(hash, set->labels, (size_t)set->count * sizeof *set->labels);
    hash = ad_hash(hash, &set->height, sizeof set->height);
    return ad_hash_mix(hash);
}

/* The archive's entries that any kind may ask for. */
static bool wanted(const char *name)
{
    size_t n = strlen(name);
    return ad_names_picture(name) || strstr(name, "ubyte") || strstr(name, "idx") ||
           (n > 4 && (!strcmp(name + n - 4, ".bin") || !strcmp(name + n - 4, ".csv") ||
                      !strcmp(name + n - 4, ".txt")));
}

ad_status ad_image_set_read(ad_image_set **out, ad_context *ctx, const char *path,
                            const ad_image_set_options *options)
{
    static const ad_image_set_options defaults = {0};
    ad_source *source;
    bool is = false;
    *out = NULL;
    if (!options) options = &defaults;
    ad_status status = ad_source_open(&source, ctx, path, wanted);
    if (status) return status;
    ad_image_set *set = ad_zalloc(ctx, sizeof *set);
    if (!set) status = AD_ERROR_MEMORY;
    if (set) set->ctx = ctx;
    if (!status) status = ad_read_idx_set(set, source, path, options, &is);
    if (!status && !is) status = ad_read_cifar_set(set, source, path, options, &is);
    if (!status && !is) status = ad_read_picture_set(set, source, path, options);
    ad_source_close(source);
    if (!status) set->fingerprint = fingerprint(set);
    if (status)
        ad_image_set_free(set);
    else
        *out = set;
    return status;
}

/* ---- statistics ---- */

void ad_image_set_statistics(const ad_image_set *set, const int64_t *index, int64_t count,
                             float mean[3], float deviation[3])
{
    double sum[3] = {0}, squares[3] = {0};
    int64_t pixels = set->height * set->width, n = index ? count : set->count;
    for (int64_t i = 0; i < n; ++i) {
        const unsigned char *p = set->pixels + (index ? index[i] : i) * picture_bytes(set);
        int64_t part[3] = {0}, square[3] = {0};
        for (int64_t k = 0; k < pixels; ++k)
            for (int c = 0; c < set->channels; ++c, ++p) part[c] += *p, square[c] += *p * *p;
        for (int c = 0; c < set->channels; ++c)
            sum[c] += (double)part[c], squares[c] += (double)square[c];
    }
    double total = (double)(n * pixels);
    for (int c = 0; c < 3; ++c) {
        int from = c < set->channels ? c : 0;
        double m = total > 0 ? sum[from] / total : 0;
        double variance = total > 0 ? squares[from] / total - m * m : 0;
        mean[c] = (float)(m / 255);
        deviation[c] = (float)(sqrt(fmax(variance, 0)) / 255);
    }
}

/* ---- folds ---- */

/* What is dealt out to folds: a picture, or all pictures of a group. */
typedef struct hand {
    int64_t first; /* picture, or group number */
    int32_t label; /* of most of them */
    uint32_t order;
} hand;

static int by_label(const void *a, const void *b)
{
    const hand *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

/* The label that most pictures of the group have; the smaller one if equal. */
static int32_t group_label(const ad_image_set *set, int32_t group, int32_t *tally)
{
    int32_t best = 0;
    memset(tally, 0, (size_t)set->classes * sizeof *tally);
    for (int64_t i = 0; i < set->count; ++i)
        if (set->groups[i] == group) ++tally[set->labels[i]];
    for (int32_t c = 1; c < set->classes; ++c)
        if (tally[c] > tally[best]) best = c;
    return best;
}

int64_t ad_image_set_fold(const ad_image_set *set, int fold, int folds, uint64_t seed, bool inside,
                          int64_t *index)
{
    int64_t hands = set->count, count = 0;
    if (set->groups) {
        hands = 0;
        for (int64_t i = 0; i < set->count; ++i)
            if (set->groups[i] >= hands) hands = set->groups[i] + 1;
    }
    hand *all = ad_alloc(set->ctx, ad_bytes(hands, sizeof *all));
    int32_t *tally = ad_alloc(set->ctx, (size_t)(set->classes + 1) * sizeof *tally);
    bool *in = ad_zalloc(set->ctx, ad_bytes(hands, sizeof *in));
    for (int64_t i = 0; all && tally && in && i < hands; ++i) {
        ad_philox word = ad_philox_block(seed, (uint64_t)i, 0xF01D);
        all[i] = (hand){.first = i,
                        .label = set->groups ? group_label(set, (int32_t)i, tally) : set->labels[i],
                        .order = word.v[0]};
    }
    if (all && tally && in) {
        qsort(all, (size_t)hands, sizeof *all, by_label);
        for (int64_t i = 0; i < hands; ++i) in[all[i].first] = i % folds == fold;
        for (int64_t i = 0; i < set->count; ++i)
            if (in[set->groups ? set->groups[i] : i] == inside) index[count++] = i;
    }
    ad_free(set->ctx, all, ad_bytes(hands, sizeof *all));
    ad_free(set->ctx, tally, (size_t)(set->classes + 1) * sizeof *tally);
    ad_free(set->ctx, in, ad_bytes(hands, sizeof *in));
    return count;
}
