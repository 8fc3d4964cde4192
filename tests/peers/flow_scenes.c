/* Writes the scenes of flow_scenes.h for other programs: flow_scenes FOLDER WIDTH HEIGHT [THREADS]
 * makes NAME-1.png, NAME-2.png, NAME-truth.flo and NAME-ours.flo, and says how far off ours is and
 * how long it took. */
#include "flow_scenes.h"

#include <stdio.h>
#include <stdlib.h>

static ad_status measure(ad_context *ctx, const scene *s, const char *folder, int64_t width,
                         int64_t height)
{
    char path[4096];
    ad_image *picture[2] = {NULL, NULL};
    ad_flow *truth = NULL, *flow = NULL;
    ad_status status = scene_truth(ctx, s, width, height, &truth);
    for (int i = 0; i < 2 && !status; ++i) {
        status = scene_draw(ctx, s, width, height, i, &picture[i]);
        snprintf(path, sizeof path, "%s/%s-%d.png", folder, s->name, i + 1);
        if (!status) status = ad_image_write(ctx, path, picture[i], NULL);
    }
    double best = 1e9;
    for (int i = 0; i < 5 && !status; ++i) {
        double start = ad_seconds();
        ad_flow_free(flow);
        status = ad_flow_estimate(&flow, ctx, picture[0], picture[1], NULL);
        best = fmin(best, ad_seconds() - start);
    }
    snprintf(path, sizeof path, "%s/%s-ours.flo", folder, s->name);
    if (!status) status = ad_flow_write(ctx, path, flow);
    snprintf(path, sizeof path, "%s/%s-truth.flo", folder, s->name);
    if (!status) status = ad_flow_write(ctx, path, truth);
    if (!status) printf("%s %.4f %.2f\n", s->name, scene_error(flow, truth), 1e3 * best);
    ad_image_free(picture[0]), ad_image_free(picture[1]);
    ad_flow_free(truth), ad_flow_free(flow);
    return status;
}

int main(int argc, char **argv)
{
    ad_status status = AD_OK;
    if (argc < 4) return fprintf(stderr, "flow_scenes FOLDER WIDTH HEIGHT [THREADS]\n"), 2;
    ad_context *ctx = ad_context_new(
        &(ad_context_options){.threads = argc > 4 ? atoi(argv[4]) : 0});
    for (int i = 0; ctx && i < SCENES && !status; ++i)
        status = measure(ctx, &scenes[i], argv[1], atoll(argv[2]), atoll(argv[3]));
    if (status) fprintf(stderr, "%s\n", ad_error(ctx));
    ad_context_free(ctx);
    return status != AD_OK;
}
