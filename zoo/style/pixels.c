/* pixels.c - between picture files, pictures (0 to 1) and what the optimiser moves (0 to 255,
 * unclamped). */
#include "zoo/style/style.h"

#include <stdlib.h>

ad_status style_pixels_new(style_pixels *pixels, ad_context *ctx, int64_t height, int64_t width)
{
    *pixels = (style_pixels){height, width, NULL, (size_t)(height * width * 3) * sizeof(float)};
    pixels->data = malloc(pixels->bytes);
    if (pixels->data) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for a picture of %lld x %lld",
                        (long long)width, (long long)height);
}

void style_pixels_free(style_pixels *pixels)
{
    free(pixels->data);
    pixels->data = NULL;
}

ad_status style_pixels_from(style_pixels *pixels, ad_context *ctx, const ad_image *image)
{
    ad_status status = style_pixels_new(pixels, ctx, image->height, image->width);
    for (int64_t i = 0; !status && i < image->height * image->width * 3; ++i)
        pixels->data[i] = 255 * image->data[i];
    return status;
}

ad_status style_pixels_resized(style_pixels *pixels, ad_context *ctx, const ad_image *image,
                               int64_t width, int64_t height)
{
    ad_image *resized = NULL;
    ad_status status = ad_image_resize(ctx, image, width, height, NULL, &resized);
    if (!status) status = style_pixels_from(pixels, ctx, resized);
    ad_image_free(resized);
    return status;
}

ad_status style_pixels_to(const style_pixels *pixels, ad_context *ctx, ad_image **image)
{
    ad_status status = ad_image_new(ctx, pixels->width, pixels->height, 3, image);
    for (int64_t i = 0; !status && i < pixels->height * pixels->width * 3; ++i) {
        float v = pixels->data[i] / 255;
        (*image)->data[i] = v < 0 ? 0 : v > 1 ? 1 : v;
    }
    return status;
}

/* Faint, because what the network does not see of it stays: the reference's noise of +-90 grey
 * levels is still there as blots after 300 steps. */
ad_status style_pixels_noise(style_pixels *pixels, ad_context *ctx, uint64_t seed)
{
    static const double low = 115, high = 140;
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return AD_ERROR_MEMORY;
    ad_node *state = ad_constant(graph, AD_I64, ad_shape(2), (int64_t[]){(int64_t)seed, 0});
    ad_node *noise = ad_random_uniform(state, AD_F32, ad_shape(pixels->height, pixels->width, 3));
    noise = ad_add_scalar(ad_mul_scalar(noise, high - low), low);
    ad_status status = ad_compile(&program, ctx, &noise, 1, NULL);
    if (!status) status = ad_run(program);
    const float *value = status ? NULL : ad_result(program, noise);
    for (int64_t i = 0; !status && i < pixels->height * pixels->width * 3; ++i)
        pixels->data[i] = value[i];
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}
