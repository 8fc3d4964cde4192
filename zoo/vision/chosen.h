/* chosen.h - the network that a verb's options choose: opened before the work, loaded with the
 * layers that are needed. */
#ifndef ZOO_VISION_CHOSEN_H
#define ZOO_VISION_CHOSEN_H

#include <autodidact/command.h>
#include <autodidact/program.h>

#include "zoo/vision/backbone.h"

/* clang-format off */
#define VISION_OPTIONS \
    {"weights", 0, AD_OPTION_FILE, .help = "weights of the backbone (.pth, .safetensors, .npz); without it the embedded ones are used"}, \
    {"backbone", 0, AD_OPTION_CHOICE, .choices = "vgg16|vgg19|compact", .help = "the network that the weights are for (default: told from the tensors in the file)"}, \
    {"pooling", 0, AD_OPTION_CHOICE, .choices = "max|average", .help = "how the network reduces (default: average for compact, else max)"}, \
    {"precision", 0, AD_OPTION_CHOICE, .initial = "f32", .choices = "f32|bf16", .help = "arithmetic of convolutions and matrix products"}, \
    AD_OPTION_MEMORY_LIMIT(" (default: what the machine has)")
/* clang-format on */

typedef struct vision_chosen {
    vision_form form;
    vision_pooling pooling;
    ad_compile_options compile; /* precision and memory limit */
} vision_chosen;

size_t vision_machine_memory(void); /* bytes; 0: not known */

/* Exit statuses: 0, or the error has been reported.
 *
 * vision_choose: which network it is, its file, and an empty store for its weights; both are the
 * caller's. vision_load_chosen: the weights of `layers`, from the file, which is closed in any
 * case.
 */
int vision_choose(ad_command *cmd, vision_chosen *chosen, ad_vars **weights, ad_file **file);
int vision_require_layer(ad_command *cmd, const vision_form *form, const ad_file *file,
                         const char *option, const char *layer);
int vision_load_chosen(ad_command *cmd, const vision_chosen *chosen, const char *const *layers,
                       int count, ad_vars *weights, ad_file *file);

/* The network on `image` ([n, height, width, 3], RGB, 0 to 255) as its files were trained, also
 * VGG: for style vision_build. */
void vision_build_chosen(ad_vars *weights, const vision_chosen *chosen, ad_node *image,
                         const char *const *layers, int count, ad_node **features);

#endif
