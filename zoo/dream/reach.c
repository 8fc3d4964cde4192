/* reach.c - how far a layer sees, found by asking the network: which pixels of noise have a
 * gradient where one place of the layer is looked at. */
#include "zoo/dream/dream.h"

#include <stdlib.h>

enum { FIRST = 128, MOST = 2048, PICTURES = 2 };

typedef struct extent {
    int64_t low, high, centre, stride;
} extent;

/* Of the middle place of one layer, in pictures of `size` pixels a side. */
static ad_status measure(const dream_settings *s, ad_context *ctx, int layer, int64_t size,
                         extent *e)
{
    dream_settings one = *s;
    one.layer[0] = s->layer[layer], one.layers = 1;
    ad_node *a, *gradient, *x = NULL;
    ad_program *program = NULL;
    ad_image *noise = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return AD_ERROR_MEMORY;
    x = ad_input(graph, "x", AD_F32, ad_shape(1, size, size, 3));
    ad_status status = vision_build_chosen(s->weights, &s->net, ad_mul_scalar(x, 255), one.layer, 1,
                                           &a);
    if (status) {
        ad_graph_free(graph);
        return status;
    }
    ad_shape shape = a ? ad_node_shape(a) : ad_shape(1, 1, 1, 1);
    if (shape.rank != 4) {
        ad_graph_free(graph);
        return ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                            "--tile: %s is of the picture as a whole, so that there are no tiles",
                            one.layer[0]);
    }
    int64_t middle = shape.dim[1] / 2;
    a = ad_slice(ad_slice(a, 1, middle, middle + 1, 1), 2, middle, middle + 1, 1);
    ad_node *y = ad_sum(a, AD_ALL_AXES, false);
    ad_gradients(y, &x, 1, &gradient);
    *e = (extent){.low = size, .high = -1, .stride = size / shape.dim[1]};
    e->centre = middle * e->stride + e->stride / 2;
    /* a transform would leave rounding errors where the gradient is 0 */
    ad_compile_options plain = {.direct = true, .memory_limit = s->net.compile.memory_limit};
    /* with y, since the gradient of a layer without a ReLU before it does not depend on x */
    status = ad_compile(&program, ctx, (ad_node *[]){gradient, y}, 2, &plain);
    for (uint64_t k = 0; k < PICTURES && !status; ++k) {
        ad_image_free(noise);
        status = dream_noise(ctx, size, size, k, &noise);
        size_t bytes = (size_t)(size * size * 3) * sizeof(float);
        if (!status) status = ad_bind(program, x, noise->data, bytes);
        if (!status) status = ad_run(program);
        const float *g = status ? NULL : ad_result(program, gradient);
        for (int64_t i = 0; g && i < size * size * 3; ++i) {
            int64_t row = i / 3 / size;
            if (g[i] == 0) continue;
            e->low = row < e->low ? row : e->low;
            e->high = row > e->high ? row : e->high;
        }
    }
    ad_image_free(noise);
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

ad_status dream_find_reach(const dream_settings *s, ad_context *ctx, dream_reach *reach)
{
    *reach = (dream_reach){.pixels = 0, .stride = 1};
    for (int i = 0; i < s->layers; ++i) {
        extent e;
        for (int64_t size = FIRST;; size *= 2) {
            ad_status status = measure(s, ctx, i, size, &e);
            if (status) return status;
            bool inside = e.low > 0 && e.high < size - 1;
            if (inside || e.high < 0) break;
            if (size == MOST)
                return ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                                    "--tile: %s sees more than %d pixels far: there are no tiles "
                                    "without seams",
                                    s->layer[i], MOST / 2);
        }
        int64_t up = e.centre - e.low, down = e.high - e.centre;
        if (up > reach->pixels) reach->pixels = up;
        if (down > reach->pixels) reach->pixels = down;
        if (e.stride > reach->stride) reach->stride = e.stride;
    }
    return AD_OK;
}
