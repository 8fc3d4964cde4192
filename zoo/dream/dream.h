/* dream.h - DeepDream (Mordvintsev, Olah & Tyka 2015, "Inceptionism: going deeper into neural
 * networks"): a picture is moved until a network sees in it more of what it sees already.
 *
 *     objective = sum over layers of weight * mean a^2        a: the layer's activations
 *                 mean a_c                                    one channel
 *                 mean over places of max over places of the guide of a . a_guide     with a guide
 *
 * Step k of n at one size, on x = (picture - mean) / deviation of ImageNet:
 *
 *     g = d objective / dx of the picture shifted circularly by some pixels      jitter
 *     g = g blurred by the mean of Gaussians of s/2, s, 2s                       s = smoothing + 2
 * k/n x = clamp(x + lr (g - mean g) / deviation g)
 *
 * from a small picture to a large one (the pyramid). What is enlarged from size to size is either
 * what was dreamt (`details`, Google's form) or the picture as a whole.
 *
 *   objective.c   the objective as graph
 *   gradient.c    its gradient, the picture at once or in tiles;  reach.c  how far a layer sees
 *   smooth.c      blurring a gradient
 *   ascend.c      steps at one size;  pyramid.c  from size to size;  warp.c  a film's next frame
 *   options.c, make.c, layers.c   the commands */
#ifndef ZOO_DREAM_DREAM_H
#define ZOO_DREAM_DREAM_H

#include "zoo/vision/chosen.h"
#include "zoo/vision/picture.h"

enum { DREAM_MAX_LAYERS = 16, DREAM_MAX_LEVELS = 16, DREAM_SMALLEST_SIDE = 32 };

typedef struct dream_settings {
    vision_chosen net;
    ad_vars *weights;
    const char *layer[DREAM_MAX_LAYERS];
    double weight[DREAM_MAX_LAYERS];
    int layers;
    int64_t channel;       /* of the (only) layer; -1: all */
    const ad_image *guide; /* three channels, 0 to 1; NULL: none */
    int levels;
    double ratio;
    int64_t steps; /* at each level */
    double lr, smoothing;
    int64_t shift; /* jitter, pixels */
    bool details;
    int64_t tile;     /* pixels along a side; 0: the picture at once */
    int64_t smallest; /* side of a picture; 0: DREAM_SMALLEST_SIDE */
    uint64_t seed;
} dream_settings;

/* Between pictures of 0 to 1 and what is moved, in place. */
void dream_normalise(ad_image *image);
void dream_show(ad_image *image); /* clamped */

/* The objective on x [1, h, w, 3], normalised. Its inputs, with a guide, are "guide0", ... [places,
 * channels], one a layer. NULL: the context has the error. */
ad_node *dream_objective(const dream_settings *settings, ad_node *x);
/* The features that the settings' layers have of a normalised picture, [places, channels] each;
 * `features` are the caller's to free. */
ad_status dream_features(const dream_settings *settings, ad_context *ctx, const ad_image *picture,
                         float **features, ad_shape *shapes);

/* ---- gradients ---- */

/* How far a pixel's influence reaches in the deepest of the settings' layers, to either side, and
 * the distance of neighbouring activations, in pixels. Found by asking the network. */
typedef struct dream_reach {
    int64_t pixels, stride;
} dream_reach;
ad_status dream_find_reach(const dream_settings *settings, ad_context *ctx, dream_reach *reach);

/* The gradient for pictures of one size. */
typedef struct dream_gradient dream_gradient;
ad_status dream_gradient_new(dream_gradient **gradient, const dream_settings *settings,
                             ad_context *ctx, int64_t width, int64_t height);
void dream_gradient_free(dream_gradient *gradient); /* NULL is ignored */
/* Of `x` (normalised), into `g` of the same size; *objective in units of the picture as a whole. */
ad_status dream_gradient_of(dream_gradient *gradient, const ad_image *x, ad_image *g,
                            double *objective);
int dream_gradient_tiles(const dream_gradient *gradient); /* 1: the picture at once */

/* Blurs pictures of one size by 9 x 9 weights, their borders mirrored. */
typedef struct dream_blur dream_blur;
ad_status dream_blur_new(dream_blur **blur, ad_context *ctx, int64_t width, int64_t height);
void dream_blur_free(dream_blur *blur); /* NULL is ignored */
/* In place, by the mean of Gaussians of sigma / 2, sigma and 2 sigma. */
ad_status dream_blur_apply(dream_blur *blur, double sigma, ad_image *picture);

/* ---- steps ---- */

typedef struct dream_progress {
    int level, levels;
    int64_t step, steps; /* at this level */
    double objective;
    int64_t width, height;
} dream_progress;

/* After each step: false to stop. */
typedef bool dream_watch(void *user, const dream_progress *progress);

/* `steps` steps on `x`, normalised. mask: [h, w] of 0 to 1 (one channel) or NULL. draw: counts the
 * steps of all pictures, for the jitter. */
ad_status dream_ascend(const dream_settings *settings, ad_context *ctx, ad_image *x,
                       const ad_image *mask, dream_progress *progress, uint64_t *draw,
                       dream_watch *watch, void *user, bool *stopped);

/* Dreams on `picture` (three channels, 0 to 1) from its small form to its own size. */
ad_status dream_picture(const dream_settings *settings, ad_context *ctx, const ad_image *picture,
                        const ad_image *mask, uint64_t *draw, dream_watch *watch, void *user,
                        bool *stopped, ad_image **out);
/* The sizes of that, from small to large; returns their number, *left_out those that are too small
 * for a network. */
int dream_sizes(const dream_settings *settings, int64_t width, int64_t height,
                int64_t size[DREAM_MAX_LEVELS][2], int *left_out);

/* ---- films ---- */

/* `picture` seen closer by the factor `zoom` about its middle, turned by `degrees` clockwise;
 * bilinear, mirrored at the borders. */
ad_status dream_warp(ad_context *ctx, const ad_image *picture, double zoom, double degrees,
                     ad_image **out);

/* ---- what the commands share ---- */

/* clang-format off */
#define DREAM_OPTIONS \
    {"steps", 0, AD_OPTION_INT, .initial = "10", .min = 1, .max = 1e6, .help = "steps at each size"}, \
    {"levels", 0, AD_OPTION_INT, .initial = "4", .min = 1, .max = DREAM_MAX_LEVELS, .help = "sizes, from small to large"}, \
    {"ratio", 0, AD_OPTION_REAL, .initial = "1.8", .min = 1.01, .max = 8, .help = "from one size to the next"}, \
    {"lr", 0, AD_OPTION_REAL, .min = 1e-6, .max = 100, .help = "how far a step goes, in deviations of ImageNet's colours (default: 0.09; compact: 0.05)"}, \
    {"shift", 0, AD_OPTION_INT, .initial = "32", .max = 4096, .unit = "PIXELS", .help = "the picture is shifted by up to so much at each step"}, \
    {"smoothing", 0, AD_OPTION_REAL, .initial = "0.5", .max = 16, .help = "blur of the gradient at the first step; 2 more at the last"}, \
    {"seed", 0, AD_OPTION_INT, .initial = "0", .help = "seed of shifts and noise"}
/* clang-format on */

/* The numbers among the options above, of a chosen network. */
void dream_read_options(ad_command *cmd, dream_settings *settings);
/* Layers from --layer and --layer-weights (default: the network's). An exit status. */
int dream_read_layers(ad_command *cmd, dream_settings *settings, const ad_file *file);
/* The smallest side of a picture on which the settings' layers can be computed (deep ones of some
 * networks want more than DREAM_SMALLEST_SIDE), into settings->smallest. */
ad_status dream_find_smallest(dream_settings *settings, ad_context *ctx);
int64_t dream_smallest(const dream_settings *settings);
/* Of a layer; 0: it has no size. */
int64_t dream_channels(const dream_settings *settings, ad_context *ctx, const char *layer);
/* Noise of 0 to 1 around grey. */
ad_status dream_noise(ad_context *ctx, int64_t width, int64_t height, uint64_t seed,
                      ad_image **out);

extern const ad_verb dream_make_verb, dream_layers_verb;

#endif
