/* scene - renders the pictures of the demo: a photo-like landscape and a painting-like night.
 *
 *     scene photo OUT.png [SEED]
 *     scene painting OUT.png [SEED]
 *
 * Everything is computed here, so the demo needs no picture that someone else owns. The same seed
 * gives the same picture. Rendered larger than wanted and reduced in linear light, which smooths
 * the edges. */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 640, HEIGHT = 480 };

typedef struct scene_kind {
    const char *name;
    void (*render)(ad_image *image, uint32_t seed);
    int width, height; /* rendered */
    uint32_t seed;
} scene_kind;

static const scene_kind kinds[] = {
    {"photo", scene_landscape, 2 * WIDTH, 2 * HEIGHT, 11},
    {"painting", scene_painting, 3 * WIDTH / 2, 3 * HEIGHT / 2, 9},
};

static ad_status render(ad_context *ctx, const scene_kind *kind, uint32_t seed, const char *path)
{
    ad_image *large = NULL, *small = NULL;
    ad_status status = ad_image_can_write(ctx, path);
    if (!status) status = ad_image_new(ctx, kind->width, kind->height, 3, &large);
    if (!status) {
        kind->render(large, seed);
        for (int64_t i = 0; i < large->width * large->height * 3; ++i)
            large->data[i] = ad_linear_to_srgb(large->data[i]);
        status = ad_image_resize(ctx, large, WIDTH, HEIGHT, NULL, &small);
    }
    if (!status) status = ad_image_write(ctx, path, small, NULL);
    ad_image_free(small);
    ad_image_free(large);
    return status;
}

int main(int argc, char **argv)
{
    const scene_kind *kind = NULL;
    for (size_t i = 0; argc >= 2 && i < sizeof kinds / sizeof *kinds; ++i)
        if (!strcmp(argv[1], kinds[i].name)) kind = &kinds[i];
    char *end = "";
    uint32_t seed = argc == 4 ? (uint32_t)strtoul(argv[3], &end, 10) : kind ? kind->seed : 0;
    if (!kind || argc < 3 || argc > 4 || *end) {
        fprintf(stderr, "usage: scene photo|painting OUT.png [SEED]\n");
        return 2;
    }
    ad_context *ctx = ad_context_new(NULL);
    if (!ctx) return fprintf(stderr, "scene: out of memory\n"), 1;
    ad_status status = render(ctx, kind, seed, argv[2]);
    if (status) fprintf(stderr, "scene: %s\n", ad_error(ctx));
    ad_context_free(ctx);
    return status ? 1 : 0;
}
