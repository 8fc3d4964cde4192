/* onnx_network.h - a network of an ONNX file that looks at pictures: its layers are the values in
 * it, and what it was trained on is said or guessed, since files do not tell. */
#ifndef ZOO_VISION_ONNX_NETWORK_H
#define ZOO_VISION_ONNX_NETWORK_H

#include <autodidact/command.h>
#include <autodidact/onnx.h>

/* What a picture's numbers are to a network; in the order of the option's choices. */
typedef enum vision_pixels {
    VISION_PIXELS_IMAGENET,  /* minus ImageNet's mean, by its deviation: torchvision's */
    VISION_PIXELS_SYMMETRIC, /* -1 to 1: TensorFlow's */
    VISION_PIXELS_UNIT,      /* 0 to 1 */
    VISION_PIXELS_BYTES,     /* 0 to 255 */
    VISION_PIXELS_CAFFE,     /* blue, green, red of 0 to 255 minus 104, 117, 123 */
} vision_pixels;

/* clang-format off */
#define VISION_OPTION_PIXELS \
    {"pixels", 0, AD_OPTION_CHOICE, .choices = "imagenet|symmetric|unit|bytes|caffe", .help = "of an ONNX file: what pictures are to it: as torchvision normalises them, -1 to 1, 0 to 1, 0 to 255, or Caffe's BGR minus its mean (default: bytes where it takes bytes, symmetric where channels come last, else imagenet)"}
/* clang-format on */

typedef struct vision_onnx {
    ad_onnx *file;               /* owned; NULL: there is none */
    const char *input;           /* of the picture, the only one */
    bool channels_first;         /* as the file has it */
    int64_t rows, height, width; /* of the input; -1: any */
    vision_pixels pixels;
} vision_onnx;

/* Opens the file and finds its picture; an error names what was expected instead. On an error
 * nothing is open. */
ad_status vision_onnx_open(vision_onnx *network, ad_context *ctx, const char *path);
void vision_onnx_close(vision_onnx *network); /* a zeroed one is ignored */
/* --pixels, or a note on what was guessed. */
void vision_onnx_read_pixels(vision_onnx *network, ad_command *cmd);
/* "as torchvision normalises them" */
const char *vision_pixels_text(vision_pixels pixels);
/* Mean and deviation of the colours of 0 to 1 that make pixels of such a kind. */
void vision_pixels_moments(vision_pixels pixels, float mean[3], float deviation[3]);

/* The network on a picture [n, height, width, 3] normalised by these moments, RGB; values are
 * [n, h, w, c]. Errors are the context's. */
ad_status vision_onnx_build(const vision_onnx *network, ad_vars *weights, ad_node *picture,
                            const char *const *values, int count, ad_node **nodes);
/* [n, classes], before the softmax if the file ends in one (but for a constant). */
ad_status vision_onnx_logits(const vision_onnx *network, ad_vars *weights, ad_node *picture,
                             ad_node **logits);

#endif
