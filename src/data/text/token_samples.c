/* token_samples.c - a long row of tokens as windows for a language model: at random places, as
 * nanoGPT draws them to train, or one after the other, to measure. */
#include "base/context.h"
#include "base/philox.h"

#include <autodidact/tokenizer.h>
#include <string.h>

typedef struct token_samples {
    ad_samples samples;
    ad_sample_field fields[2];
    ad_context *ctx;
    ad_token_windows windows; /* stride and windows: what they came to */
    int64_t all;              /* windows that there are */
} token_samples;

static void fill_random(void *user, int64_t index, const ad_draws *draws, void *const *row)
{
    const ad_token_windows *w = &((const token_samples *)user)->windows;
    ad_philox random = ad_philox_block(draws->seed, draws->number, draws->row);
    uint64_t draw = (uint64_t)random.v[1] << 32 | random.v[0];
    const int32_t *from = w->ids + draw % (uint64_t)(w->count - w->block);
    (void)index;
    memcpy(row[0], from, (size_t)w->block * sizeof *from);
    memcpy(row[1], from + 1, (size_t)w->block * sizeof *from);
}

static void fill_in_turn(void *user, int64_t index, const ad_draws *draws, void *const *row)
{
    const token_samples *s = user;
    const ad_token_windows *w = &s->windows;
    int32_t *tokens = row[0], *labels = row[1];
    int64_t window = (int64_t)((__int128)index * s->all / s->samples.count);
    int64_t begin = window * w->stride;
    (void)draws;
    for (int64_t i = 0; i < w->block; ++i) {
        bool there = begin + i + 1 < w->count, fresh = window == 0 || i + w->stride >= w->block;
        tokens[i] = there ? w->ids[begin + i] : 0;
        labels[i] = there && fresh ? w->ids[begin + i + 1] : -1;
    }
}

static void release(ad_samples *samples)
{
    token_samples *s = samples->user;
    ad_free(s->ctx, s, sizeof *s);
}

static ad_status check(ad_context *ctx, const ad_token_windows *w)
{
    if (w->block < 1 || w->stride < 0 || w->windows < 0)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "%lld windows of %lld tokens, %lld apart: a window is 1 or more, the others "
                       "0 or more",
                       (long long)w->windows, (long long)w->block, (long long)w->stride);
    if (w->random ? w->count <= w->block : w->count < 2)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "windows of %lld tokens cannot be cut from %lld; %s needed",
                       (long long)w->block, (long long)w->count,
                       w->random ? "one more than a window is" : "two are");
    return AD_OK;
}

ad_status ad_token_samples_new(ad_samples **out, ad_context *ctx, const ad_token_windows *windows)
{
    *out = NULL;
    ad_status status = check(ctx, windows);
    token_samples *s = status ? NULL : ad_zalloc(ctx, sizeof *s);
    if (!s) return status ? status : AD_ERROR_MEMORY;
    s->ctx = ctx, s->windows = *windows;
    ad_token_windows *w = &s->windows;
    int64_t behind = w->count - 1 - w->block; /* tokens to predict behind the first window's */
    if (!w->stride) w->stride = w->block;
    s->all = w->random ? w->count / w->block : behind > 0 ? 1 + (behind - 1) / w->stride + 1 : 1;
    if (!w->windows || (!w->random && w->windows > s->all)) w->windows = s->all;
    for (int i = 0; i < 2; ++i)
        s->fields[i] = (ad_sample_field){.name = i ? "labels" : "tokens",
                                         .dtype = AD_I32,
                                         .shape = ad_shape(w->block),
                                         .padding = i ? -1 : 0};
    s->samples = (ad_samples){.count = w->windows,
                              .fields = s->fields,
                              .field_count = 2,
                              .fixed = !w->random,
                              .fill = w->random ? fill_random : fill_in_turn,
                              .user = s,
                              .release = release};
    *out = &s->samples;
    return AD_OK;
}
