/* chosen.h - the network that a verb's options choose: opened before the work, loaded with the
 * layers that are needed. */
#ifndef ZOO_VISION_CHOSEN_H
#define ZOO_VISION_CHOSEN_H

#include <autodidact/program.h>

#include "zoo/vision/backbone.h"
#include "zoo/vision/onnx_network.h"

/* clang-format off */
#define VISION_OPTIONS \
    {"weights", 0, AD_OPTION_FILE, .help = "weights of the backbone (.pth, .safetensors, .npz, or a network as .onnx); without it the embedded ones are used"}, \
    {"backbone", 0, AD_OPTION_CHOICE, .choices = "vgg16|vgg19|compact", .help = "the network that the weights are for (default: told from the tensors in the file)"}, \
    {"pooling", 0, AD_OPTION_CHOICE, .choices = "max|average", .help = "how the network reduces (default: average for compact, else max)"}, \
    VISION_OPTION_PIXELS, \
    {"precision", 0, AD_OPTION_CHOICE, .initial = "f32", .choices = "f32|bf16", .help = "arithmetic of convolutions and matrix products"}, \
    AD_OPTION_MEMORY_LIMIT(" (default: what the machine has)")
/* clang-format on */

typedef struct vision_chosen {
    vision_form form;
    vision_pooling pooling;
    ad_compile_options compile; /* precision and memory limit */
    vision_onnx onnx; /* of an ONNX file, which then is the network, whatever `form` says */
} vision_chosen;

size_t vision_machine_memory(void); /* bytes; 0: not known */

/* Exit statuses: 0, or the error has been reported.
 *
 * vision_choose: which network it is, its file (NULL: an ONNX file, which stays open in `chosen`),
 * and an empty store for its weights; all are the caller's. vision_require_layer: of an ONNX file
 * only loading tells. vision_load_chosen: the weights of `layers`, from the file, which is closed
 * in any case.
 */
int vision_choose(ad_command *cmd, vision_chosen *chosen, ad_vars **weights, ad_file **file);
int vision_require_layer(ad_command *cmd, const vision_chosen *chosen, const ad_file *file,
                         const char *option, const char *layer);
int vision_load_chosen(ad_command *cmd, const vision_chosen *chosen, const char *const *layers,
                       int count, ad_vars *weights, ad_file *file);
/* The same without a command: `file` (NULL: an ONNX file's network) stays open. */
ad_status vision_load_layers(const vision_chosen *chosen, const char *const *layers, int count,
                             ad_vars *weights, ad_file *file, ad_load_report *report);

/* The network on `image` ([n, height, width, 3], RGB, 0 to 255) as its files were trained, also
 * VGG: for style vision_build. "logits" is what it says of classes, also of an ONNX file, whose
 * output it is. Errors are those of ONNX files; all others stay on the graph. */
ad_status vision_build_chosen(ad_vars *weights, const vision_chosen *chosen, ad_node *image,
                              const char *const *layers, int count, ad_node **features);
/* Its layers, in order, as far as the file has them; of an ONNX file results of activations and
 * joins, at most VISION_MAX_LAYERS of them, evenly spread. Names live as long as the network. */
int vision_chosen_layers(const vision_chosen *chosen, const char *names[VISION_MAX_LAYERS]);
const char *vision_chosen_name(const vision_chosen *chosen); /* "vgg19", or the file's path */
void vision_close_chosen(vision_chosen *chosen);             /* a zeroed one is ignored */

#endif
