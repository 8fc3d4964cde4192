/* photos.c - reading a folder tree of pictures; crops by a counter-based hash. */
#include "zoo/vision/photos.h"

#include <autodidact/data.h>

#include <stdlib.h>

static ad_status keep(photos *set, ad_context *ctx, const ad_image *image)
{
    if (set->count == set->capacity) {
        int64_t capacity = set->capacity ? set->capacity * 2 : 256;
        photo *grown = realloc(set->photo, (size_t)capacity * sizeof *grown);
        if (!grown)
            return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for %lld photos",
                                (long long)capacity);
        set->photo = grown;
        set->capacity = capacity;
    }
    int64_t values = image->width * image->height * 3;
    photo p = {image->width, image->height, malloc((size_t)values)};
    if (!p.rgb) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for the photos");
    for (int64_t i = 0; i < values; ++i) p.rgb[i] = (uint8_t)(image->data[i] * 255 + 0.5f);
    set->photo[set->count++] = p;
    return AD_OK;
}

static ad_status read_one(photos *set, ad_context *ctx, const char *path, int64_t least)
{
    ad_image *image = NULL, *grown = NULL;
    ad_status status = ad_image_read(ctx, path, &(ad_image_read_options){.channels = 3}, &image);
    if (status == AD_ERROR_FORMAT) { /* broken, or something else by that name */
        ++set->skipped;
        return AD_OK;
    }
    if (status) return status;
    int64_t shorter = image->width < image->height ? image->width : image->height;
    if (shorter < least) {
        int64_t width = (image->width * least + shorter - 1) / shorter;
        int64_t height = (image->height * least + shorter - 1) / shorter;
        status = ad_image_resize(ctx, image, width, height, NULL, &grown);
    }
    if (!status) status = keep(set, ctx, grown ? grown : image);
    ad_image_free(grown);
    ad_image_free(image);
    return status;
}

ad_status photos_read(photos *set, ad_context *ctx, const char *folder, int64_t least,
                      const ad_watcher *watcher)
{
    ad_texts files = {0};
    *set = (photos){0};
    ad_status status = ad_image_files(ctx, folder, &files, watcher);
    for (int64_t i = 0; i < files.count && !status; ++i)
        status = read_one(set, ctx, files.at[i], least);
    if (!status && !set->count)
        status = ad_error_set(ctx, AD_ERROR_NOT_FOUND, "%s: no pictures in it", folder);
    ad_texts_free(ctx, &files);
    if (status) photos_free(set);
    return status;
}

void photos_free(photos *set)
{
    for (int64_t i = 0; i < set->count; ++i) free(set->photo[i].rgb);
    free(set->photo);
    *set = (photos){0};
}

/* SplitMix64 (Steele, Lea & Flood 2014): number `n` of the stream `seed`. */
static uint64_t draw(uint64_t seed, uint64_t n)
{
    uint64_t z = seed * 0xd1342543de82ef95u + (n + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

photo_place photos_place(const photos *set, uint64_t seed, uint64_t index, int64_t side)
{
    const photo *p = &set->photo[draw(seed, index * 4) % (uint64_t)set->count];
    return (photo_place){
        .of = p,
        .top = (int64_t)(draw(seed, index * 4 + 1) % (uint64_t)(p->height - side + 1)),
        .left = (int64_t)(draw(seed, index * 4 + 2) % (uint64_t)(p->width - side + 1)),
        .mirror = draw(seed, index * 4 + 3) & 1,
    };
}

void photos_crop(const photos *set, uint64_t seed, uint64_t index, int64_t side, float *out)
{
    photo_place at = photos_place(set, seed, index, side);
    for (int64_t y = 0; y < side; ++y)
        for (int64_t x = 0; x < side; ++x) {
            int64_t column = at.left + (at.mirror ? side - 1 - x : x);
            const uint8_t *from = at.of->rgb + ((at.top + y) * at.of->width + column) * 3;
            for (int c = 0; c < 3; ++c) *out++ = from[c];
        }
}
