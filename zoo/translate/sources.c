/* sources.c - sentence pairs from several files, each of which may be seen several times in an
 * epoch. */
#include "zoo/translate/pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEIGHT_MOST = 1000 };

static int64_t items_in(const char *list)
{
    int64_t items = 1;
    for (; *list; ++list) items += *list == ',';
    return items;
}

/* Item `number` of a list, of malloc; NULL: the context has the error. */
static char *item_of(ad_context *ctx, const char *list, int64_t number, const char *valid,
                     const char *name)
{
    const char *at = list;
    for (int64_t i = 0; i < number; ++i) at = strchr(at, ',') + 1;
    size_t length = strcspn(at, ",");
    char *item = length ? malloc(length + 1) : NULL;
    if (item) {
        memcpy(item, at, length);
        item[length] = 0;
    } else if (length) {
        ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    } else {
        ad_error_set(ctx, AD_ERROR_ARGUMENT, "--%s%s: item %lld of \"%.80s\" is empty", valid, name,
                     (long long)(number + 1), list);
    }
    return item;
}

/* Part `i`: a table, or two files. */
static ad_status read_part(translate_pairs *part, ad_context *ctx, const translate_lists *l,
                           int64_t i)
{
    ad_status status = AD_OK;
    char *first = item_of(ctx, l->pairs ? l->pairs : l->source, i, l->valid,
                          l->pairs ? "pairs" : "source");
    char *second = first && !l->pairs ? item_of(ctx, l->target, i, l->valid, "target") : NULL;
    if (!first || (!second && !l->pairs)) status = ad_error_status(ctx);
    if (!status && l->pairs) status = translate_read_table(part, ctx, first, l->from, l->to);
    if (!status && !l->pairs) status = translate_read_files(part, ctx, first, second);
    free(first);
    free(second);
    return status;
}

static ad_status read_weight(int32_t *weight, ad_context *ctx, const translate_lists *l, int64_t i)
{
    char *end, *item;
    *weight = 1;
    if (!l->weights) return AD_OK;
    item = item_of(ctx, l->weights, i, "", "weights");
    if (!item) return ad_error_status(ctx);
    long value = strtol(item, &end, 10);
    bool fine = end > item && !*end && value >= 1 && value <= WEIGHT_MOST;
    if (!fine)
        ad_error_set(ctx, AD_ERROR_ARGUMENT,
                     "--weights: \"%.80s\" is not a whole number from 1 to %d", item, WEIGHT_MOST);
    free(item);
    *weight = (int32_t)value;
    return fine ? AD_OK : AD_ERROR_ARGUMENT;
}

/* The lines of all parts, which go on holding their texts. */
static ad_status join(translate_pairs *pairs, ad_context *ctx, const int32_t *weights)
{
    size_t count = 0;
    int64_t at = 0;
    for (int64_t i = 0; i < pairs->parts; ++i) count += (size_t)pairs->part[i].count;
    for (int s = 0; s < 2; ++s) pairs->side[s] = malloc((count + 1) * sizeof *pairs->side[s]);
    pairs->weight = malloc((count + 1) * sizeof *pairs->weight);
    if (!pairs->side[0] || !pairs->side[1] || !pairs->weight)
        return ad_error_set(ctx, AD_ERROR_MEMORY, "no memory for the lines of the data");
    for (int64_t i = 0; i < pairs->parts; ++i) {
        translate_pairs *part = &pairs->part[i];
        for (int s = 0; s < 2; ++s) {
            if (part->count)
                memcpy(pairs->side[s] + at, part->side[s],
                       (size_t)part->count * sizeof *part->side[s]);
            free(part->side[s]);
            part->side[s] = NULL;
        }
        for (int64_t k = 0; k < part->count; ++k) pairs->weight[at + k] = weights[i];
        at += part->count;
        pairs->fingerprint = (pairs->fingerprint * 31 + part->fingerprint) * 31 +
                             (uint64_t)weights[i] - 1;
    }
    pairs->count = at;
    return AD_OK;
}

static ad_status check_counts(ad_context *ctx, const translate_lists *l, int64_t count)
{
    if (!l->pairs && items_in(l->target) != count)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "--%ssource names %lld files, --%starget %lld: expected as many",
                            l->valid, (long long)count, l->valid, (long long)items_in(l->target));
    if (l->weights && items_in(l->weights) != count)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "--weights has %lld numbers, --%s names %lld files: expected as many",
                            (long long)items_in(l->weights), l->pairs ? "pairs" : "source",
                            (long long)count);
    return AD_OK;
}

ad_status translate_read_lists(translate_pairs *pairs, ad_context *ctx, const translate_lists *l)
{
    int64_t count = items_in(l->pairs ? l->pairs : l->source);
    *pairs = (translate_pairs){0};
    ad_status status = check_counts(ctx, l, count);
    if (status) return status;
    if (count == 1 && !l->weights) return read_part(pairs, ctx, l, 0);
    int32_t *weights = calloc((size_t)count, sizeof *weights);
    pairs->part = calloc((size_t)count, sizeof *pairs->part);
    if (!weights || !pairs->part) status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < count && !status; ++i) {
        status = read_weight(&weights[i], ctx, l, i);
        pairs->parts = i + 1;
        if (!status) status = read_part(&pairs->part[i], ctx, l, i);
    }
    if (!status) status = join(pairs, ctx, weights);
    free(weights);
    return status;
}
