/* pyramid.c - a picture from its small form to its own size. */
#include "zoo/dream/dream.h"

#include <math.h>
#include <string.h>

int dream_sizes(const dream_settings *s, int64_t width, int64_t height,
                int64_t size[DREAM_MAX_LEVELS][2], int *left_out)
{
    int64_t smallest = dream_smallest(s);
    int count = 0;
    *left_out = 0;
    for (int p = 0; p < s->levels; ++p) {
        double scale = pow(s->ratio, p - s->levels + 1);
        int64_t w = llround((double)width * scale), h = llround((double)height * scale);
        bool whole = p == s->levels - 1;
        if (!whole && (w < smallest || h < smallest)) {
            ++*left_out;
            continue;
        }
        size[count][0] = w, size[count++][1] = h;
    }
    return count;
}

static ad_status resized(ad_context *ctx, const ad_image *picture, const int64_t size[2],
                         ad_image **out)
{
    const ad_image_resize_options options = {.filter = AD_IMAGE_CUBIC, .encoded = true};
    return ad_image_resize(ctx, picture, size[0], size[1], &options, out);
}

/* What the next size begins with: the picture in that size, and what was dreamt into it. `dreamt`
 * are differences d as (d + 1) / 2. */
static ad_status with_details(ad_context *ctx, ad_image *base, const ad_image *dreamt)
{
    ad_image *larger;
    ad_status status = resized(ctx, dreamt, (int64_t[]){base->width, base->height}, &larger);
    if (status) return status;
    for (int64_t i = 0; i < base->width * base->height * 3; ++i) {
        float v = base->data[i] + 2 * larger->data[i] - 1;
        base->data[i] = v < 0 ? 0 : v > 1 ? 1 : v;
    }
    ad_image_free(larger);
    return AD_OK;
}

/* The picture at the next size, from that of the last (NULL: there is none) . */
static ad_status begin(const dream_settings *s, ad_context *ctx, const ad_image *picture,
                       const ad_image *last, const ad_image *last_base, const int64_t size[2],
                       ad_image **x, ad_image **base)
{
    ad_image *dreamt = NULL;
    *x = *base = NULL;
    if (last && !s->details) return resized(ctx, last, size, x);
    ad_status status = resized(ctx, picture, size, x);
    if (!status && s->details) status = ad_image_convert(ctx, *x, 3, NULL, base);
    if (status || !last) return status;
    status = ad_image_convert(ctx, last, 3, NULL, &dreamt);
    for (int64_t i = 0; !status && i < last->width * last->height * 3; ++i)
        dreamt->data[i] = (last->data[i] - last_base->data[i] + 1) / 2;
    if (!status) status = with_details(ctx, *x, dreamt);
    ad_image_free(dreamt);
    return status;
}

ad_status dream_picture(const dream_settings *s, ad_context *ctx, const ad_image *picture,
                        const ad_image *mask, uint64_t *draw, dream_watch *watch, void *user,
                        bool *stopped, ad_image **out)
{
    int64_t size[DREAM_MAX_LEVELS][2];
    int left_out, levels = dream_sizes(s, picture->width, picture->height, size, &left_out);
    ad_image *x = NULL, *base = NULL;
    ad_status status = AD_OK;
    *out = NULL;
    for (int level = 0; level < levels && !status; ++level) {
        ad_image *next = NULL, *next_base = NULL, *covered = NULL;
        status = begin(s, ctx, picture, x, base, size[level], &next, &next_base);
        if (!status && mask) status = resized(ctx, mask, size[level], &covered);
        if (!status && !*stopped) {
            dream_progress progress = {.level = level, .levels = levels};
            dream_normalise(next);
            status = dream_ascend(s, ctx, next, covered, &progress, draw, watch, user, stopped);
            dream_show(next);
        }
        ad_image_free(covered);
        ad_image_free(x), ad_image_free(base);
        x = next, base = next_base;
    }
    ad_image_free(base);
    if (status) ad_image_free(x);
    if (!status) *out = x;
    return status;
}
