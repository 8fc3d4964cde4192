/* image_set.c - labelled pictures in memory. */
#include "data/pictures/image_set.h"

#include <stdio.h>
#include <string.h>

ad_status ad_image_set_reserve(ad_image_set *set, int64_t count)
{
    size_t bytes = ad_bytes(count, (size_t)ad_picture_bytes(set));
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

void ad_image_set_free_classes(ad_image_set *set)
{
    for (int i = 0; set->class_names && i < set->classes; ++i)
        if (set->class_names[i])
            ad_free(set->ctx, set->class_names[i], strlen(set->class_names[i]) + 1);
    ad_free(set->ctx, set->class_names, (size_t)set->classes * sizeof *set->class_names);
    set->class_names = NULL, set->classes = 0;
}

void ad_image_set_free(ad_image_set *set)
{
    if (!set) return;
    ad_context *ctx = set->ctx;
    ad_free(ctx, set->pixels, ad_bytes(set->count, (size_t)ad_picture_bytes(set)));
    ad_free(ctx, set->labels, (size_t)set->count * sizeof *set->labels);
    ad_free(ctx, set->groups, set->groups ? (size_t)set->count * sizeof *set->groups : 0);
    ad_image_set_free_classes(set);
    ad_free(ctx, set, sizeof *set);
}
