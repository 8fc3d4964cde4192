/* style.h - neural style transfer by optimisation (Gatys, Ecker & Bethge 2016, "Image style
 * transfer using convolutional neural networks").
 *
 * The pixels of a picture are the parameters. They are moved until the features of a fixed network
 * match the photo's in one layer (content) and the painting's feature correlations, its Gram
 * matrices, in several (style):
 *
 *     loss = content_weight * mean (F - F_photo)^2
 *          + style_weight / L * sum over L layers of sum (G - G_painting)^2,   G = F^T F / (c h w)
 *          + tv_weight * 200000 * mean sqrt((right - x)^2 + (lower - x)^2 + 0.01)
 *
 * and of a film's frame + temporal_weight * mean trust (x - before)^2 (Ruder, Dosovitskiy & Brox
 * 2016), where `before` is the painted frame before, carried along by the film's motion.
 *
 *   loss.c      these terms as graph
 *   targets.c   features and Gram matrices of the pictures given
 *   optimize.c  one picture at one size
 *   pixels.c    between pictures and what the optimiser moves
 *   refusals.c  what is refused before the work starts;  style_end.c  what is said at its end
 *   backbone_options.c, make*.c, reconstruct.c, explain.c   the commands
 *
 * Networks that paint at once: net.c, painter.c (their forms), train.c, apply*.c (the commands). */
#ifndef ZOO_STYLE_STYLE_H
#define ZOO_STYLE_STYLE_H

#include <autodidact/command.h>
#include <autodidact/image.h>
#include <autodidact/optim.h>

#include "zoo/vision/chosen.h"
#include "zoo/vision/picture.h"

enum { STYLE_MAX_LAYERS = 16, STYLE_SMALLEST_SIDE = 32 };

/* The weights where none are given, and the same as options show them; docs/style.md says why. */
#define STYLE_CONTENT_WEIGHT 1e5
#define STYLE_STYLE_WEIGHT   3e4
#define STYLE_TV_WEIGHT      0.5
#define STYLE_TEXT(number)   STYLE_TEXT_(number)
#define STYLE_TEXT_(number)  #number

typedef struct style_settings {
    vision_kind backbone;
    vision_pooling pooling;
    double content_weight, style_weight, tv_weight, temporal_weight; /* 0: the term is left out */
    const char *content_layer;
    const char *style_layers[STYLE_MAX_LAYERS];
    int style_count;
    bool adam;   /* else L-BFGS */
    double lr;   /* Adam, in grey levels of 0..255 */
    int history; /* L-BFGS pairs */
    ad_compile_options compile;
} style_settings;

/* What a picture is drawn towards, at one size. Owned; style_targets_free. */
typedef struct style_targets {
    float *content; /* features of the photo */
    size_t content_bytes;
    float *gram[STYLE_MAX_LAYERS]; /* [c, c] of each style layer */
    size_t gram_bytes[STYLE_MAX_LAYERS];
} style_targets;

/* A picture as the optimiser sees it: [height, width, 3] of 0 to 255, not clamped. */
typedef struct style_pixels {
    int64_t height, width;
    float *data;
    size_t bytes;
} style_pixels;

/* The loss and its weighted terms (NULL where the weight is 0) as nodes. Its inputs are named
 * "target.content" and "target.gram0", ... */
typedef struct style_loss {
    ad_node *total, *content, *style, *tv, *temporal;
} style_loss;

/* What the pixels are held against besides the targets. Borrowed; NULL where there is none. */
typedef struct style_scene {
    const style_pixels *photo;
    const float *mask;          /* [h, w] of 0..1: where it is 0, the picture shows the photo */
    const style_pixels *before; /* of a film: the painted frame before, as it is seen now */
    const float *trust;         /* [h, w] of 0..1: where it is */
} style_scene;

ad_node *style_gram(ad_node *features, ad_node *mask);
/* The weighted smoothness of an image [n, h, w, 3], the mean over n; NULL: its weight is 0. */
ad_node *style_smoothness(const style_settings *settings, ad_node *image);
/* Of `scene` (may be NULL) it reads the mask, the frame before and its trust. */
style_loss style_loss_build(const style_settings *settings, ad_vars *weights, ad_node *image,
                            const style_scene *scene);

/* Features of `photo` and the blended Gram matrices of `paintings` (`blend` sums to 1). A NULL
 * photo or no painting leaves its part out. On an error nothing is left allocated. */
ad_status style_targets_compute(style_targets *targets, ad_context *ctx,
                                const style_settings *settings, ad_vars *weights,
                                const style_pixels *photo, const style_pixels *paintings,
                                const double *blend, int count);
/* Binds the inputs of style_loss_build's graph to them; they must stay during runs. */
ad_status style_targets_bind(const style_targets *targets, ad_program *program);
void style_targets_free(style_targets *targets);

typedef struct style_progress {
    int64_t step; /* accepted steps so far */
    double total, content, style, tv, temporal;
    const style_pixels *picture; /* the accepted iterate */
} style_progress;

typedef enum style_end { STYLE_DONE = 0, STYLE_CONVERGED, STYLE_STOPPED } style_end;
const char *style_end_name(style_end end); /* "done", "converged", "stopped" */

/* After each step: false to stop. */
typedef bool style_step(void *user, const style_progress *progress);

/* Moves `picture` for `steps` steps, with the targets and the scene of its size. On an error (NaN:
 * the node is named) `picture` holds the last good iterate. */
ad_status style_optimize(ad_context *ctx, const style_settings *settings, ad_vars *weights,
                         const style_targets *targets, const style_scene *scene, int64_t steps,
                         style_pixels *picture, style_step *step, void *user, style_end *end);

/* ---- pictures ---- */
ad_status style_pixels_new(style_pixels *pixels, ad_context *ctx, int64_t height, int64_t width);
void style_pixels_free(style_pixels *pixels);
ad_status style_pixels_from(style_pixels *pixels, ad_context *ctx, const ad_image *image);
ad_status style_pixels_resized(style_pixels *pixels, ad_context *ctx, const ad_image *image,
                               int64_t width, int64_t height);
ad_status style_pixels_to(const style_pixels *pixels, ad_context *ctx, ad_image **image);
/* Grey with faint noise by the library's generator, to start from. */
ad_status style_pixels_noise(style_pixels *pixels, ad_context *ctx, uint64_t seed);

/* ---- what the commands share ---- */
/* --size fits the memory limit with the first operand, `image`; notes when it is stretched. */
int style_check_size(ad_command *cmd, const style_settings *settings, const ad_image *image);
/* A picture's size when its longer side is `longer`; no side gets too small for the network. */
void style_fit_size(const ad_image *image, int64_t longer, int64_t *width, int64_t *height);
/* What was written to --output, and how the optimisation came to it. */
void style_say_end(ad_command *cmd, const style_progress *last, style_end end);

/* The layers of the settings' network that are matched, and its pooling, where none are named. */
void style_default_layers(style_settings *settings);

/* Reads those options: the kind of network, its default layers, compile options, and an empty store
 * for the weights with the file opened. These three return an exit status: 0, or the error has been
 * reported. */
int style_open_backbone(ad_command *cmd, style_settings *settings, ad_vars **weights,
                        ad_file **file);
/* `name` is a layer of the network, or usage is reported. */
int style_check_layer(ad_command *cmd, const style_settings *settings, const char *option,
                      const char *name);
/* Declares the parameters that the settings' layers need and loads them; closes the file. */
int style_load_backbone(ad_command *cmd, const style_settings *settings, ad_vars *weights,
                        ad_file *file);

/* Whether the losses' layers and weights are chosen for such a network: AD_OK, or the error. */
ad_status style_check_kind(ad_context *ctx, const ad_file *file, vision_kind kind);

extern const ad_verb style_train_verb, style_train_any_verb, style_make_verb, style_apply_verb,
    style_reconstruct_verb, style_explain_verb;

#endif
