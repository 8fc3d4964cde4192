/* gradient.c - the objective's gradient, of the picture at once or of tiles that overlap.
 *
 * A pixel's gradient depends on the activations that it reaches and on the pixels that these see:
 * on what lies up to twice the reach away. So a tile is its core and that much around it; inside
 * the core the gradient is the picture's. Tiles begin where the network's strides do, and all are
 * of one size, so that one program serves them. */
#include "zoo/dream/dream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tiles along one axis. */
typedef struct axis {
    int64_t size, tile, step; /* of the picture, of a tile, from tile to tile */
    int count;
} axis;

struct dream_gradient {
    ad_context *ctx;
    int64_t width, height;
    axis across, down;
    ad_graph *graph;
    ad_program *program;
    ad_node *x, *objective, *gradient;
    float *tile;
    float *guide[DREAM_MAX_LAYERS];
};

static int64_t up(int64_t x, int64_t multiple)
{
    return (x + multiple - 1) / multiple * multiple;
}

/* Cores of `core` pixels with `margin` around them, both multiples of the stride. */
static axis cut(int64_t size, int64_t core, int64_t margin, int64_t stride)
{
    axis a = {.size = size, .tile = core + 2 * margin, .step = core};
    a.tile += (size - a.tile % stride + stride) % stride; /* the last one ends with the picture */
    if (a.tile >= size) return (axis){size, size, size, 1};
    a.count = (int)((size - a.tile + core - 1) / core) + 1;
    return a;
}

static int64_t begin_of(const axis *a, int index)
{
    int64_t begin = index * a->step, last = a->size - a->tile;
    return begin < last ? begin : last;
}

/* The part of a tile that is taken: up to the middle of what it shares with its neighbours. */
static void core_of(const axis *a, int index, int64_t *begin, int64_t *end)
{
    int64_t own = begin_of(a, index), before = index ? begin_of(a, index - 1) + a->tile : 0,
            after = index + 1 < a->count ? begin_of(a, index + 1) : 0;
    *begin = index ? (own + before) / 2 : 0;
    *end = index + 1 < a->count ? (after + own + a->tile) / 2 : a->size;
}

static ad_status plan_tiles(dream_gradient *d, const dream_settings *s)
{
    d->across = (axis){d->width, d->width, d->width, 1};
    d->down = (axis){d->height, d->height, d->height, 1};
    if (!s->tile || (d->width <= s->tile && d->height <= s->tile)) return AD_OK;
    dream_reach reach;
    ad_status status = dream_find_reach(s, d->ctx, &reach);
    if (status) return status;
    int64_t margin = up(2 * reach.pixels, reach.stride), least = 2 * margin + reach.stride;
    int64_t core = (s->tile - 2 * margin) / reach.stride * reach.stride;
    if (core < reach.stride)
        return ad_error_set(d->ctx, AD_ERROR_ARGUMENT,
                            "--tile %lld: with these layers a pixel's gradient depends on %lld "
                            "pixels around it, so tiles are %lld or more",
                            (long long)s->tile, (long long)margin, (long long)least);
    d->across = cut(d->width, core, margin, reach.stride);
    d->down = cut(d->height, core, margin, reach.stride);
    return AD_OK;
}

static ad_status bind_guide(dream_gradient *d, const dream_settings *s)
{
    char name[16];
    ad_shape shapes[DREAM_MAX_LAYERS];
    ad_image *guide = NULL;
    if (!s->guide) return AD_OK;
    ad_status status = ad_image_convert(d->ctx, s->guide, 3, NULL, &guide);
    if (status) return status;
    dream_normalise(guide);
    status = dream_features(s, d->ctx, guide, d->guide, shapes);
    for (int i = 0; i < s->layers && !status; ++i) {
        size_t bytes = (size_t)(shapes[i].dim[0] * shapes[i].dim[1]) * sizeof(float);
        snprintf(name, sizeof name, "guide%d", i);
        status = ad_bind_name(d->program, name, d->guide[i], bytes);
    }
    ad_image_free(guide);
    return status;
}

ad_status dream_gradient_new(dream_gradient **gradient, const dream_settings *s, ad_context *ctx,
                             int64_t width, int64_t height)
{
    dream_gradient *d = calloc(1, sizeof *d);
    *gradient = d;
    if (!d) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for a gradient");
    d->ctx = ctx, d->width = width, d->height = height;
    ad_status status = plan_tiles(d, s);
    if (status) goto failed;
    int64_t th = d->down.tile, tw = d->across.tile;
    size_t bytes = (size_t)(th * tw * 3) * sizeof(float);
    status = AD_ERROR_MEMORY;
    if (!(d->tile = malloc(bytes))) {
        ad_error_set(ctx, status, "out of memory for a picture of %lld x %lld", (long long)tw,
                     (long long)th);
        goto failed;
    }
    if (!(d->graph = ad_graph_new(ctx))) goto failed;
    d->x = ad_input(d->graph, "x", AD_F32, ad_shape(1, th, tw, 3));
    d->objective = dream_objective(s, d->x);
    if (!d->objective) {
        status = ad_error_status(ctx);
        goto failed;
    }
    ad_gradients(d->objective, &d->x, 1, &d->gradient);
    d->gradient = ad_name(d->gradient, "gradient");
    status = ad_compile(&d->program, ctx, (ad_node *[]){d->objective, d->gradient}, 2,
                        &s->net.compile);
    if (!status) status = ad_bind(d->program, d->x, d->tile, bytes);
    if (!status) status = bind_guide(d, s);
    if (!status) return AD_OK;
failed:
    dream_gradient_free(d);
    *gradient = NULL;
    return status;
}

void dream_gradient_free(dream_gradient *d)
{
    if (!d) return;
    ad_program_free(d->program);
    ad_graph_free(d->graph);
    for (int i = 0; i < DREAM_MAX_LAYERS; ++i) free(d->guide[i]);
    free(d->tile);
    free(d);
}

int dream_gradient_tiles(const dream_gradient *d)
{
    return d->across.count * d->down.count;
}

static ad_status one_tile(dream_gradient *d, int i, int j, const ad_image *x, ad_image *g,
                          double *objective)
{
    int64_t top = begin_of(&d->down, i), left = begin_of(&d->across, j);
    int64_t y0, y1, x0, x1, row = d->across.tile * 3;
    for (int64_t y = 0; y < d->down.tile; ++y)
        memcpy(d->tile + y * row, x->data + ((top + y) * d->width + left) * 3,
               (size_t)row * sizeof(float));
    ad_status status = ad_run(d->program);
    if (!status) status = ad_result_finite(d->program, d->objective, "the objective");
    if (status) return status;
    const float *from = ad_result(d->program, d->gradient);
    core_of(&d->down, i, &y0, &y1), core_of(&d->across, j, &x0, &x1);
    for (int64_t y = y0; y < y1; ++y)
        memcpy(g->data + (y * d->width + x0) * 3, from + (y - top) * row + (x0 - left) * 3,
               (size_t)(x1 - x0) * 3 * sizeof(float));
    *objective += ad_result_scalar(d->program, d->objective) / dream_gradient_tiles(d);
    return AD_OK;
}

ad_status dream_gradient_of(dream_gradient *d, const ad_image *x, ad_image *g, double *objective)
{
    *objective = 0;
    for (int i = 0; i < d->down.count; ++i)
        for (int j = 0; j < d->across.count; ++j) {
            ad_status status = one_tile(d, i, j, x, g, objective);
            if (status) return status;
        }
    return AD_OK;
}
