/* any.h - networks that paint in the manner of any picture that they are shown, of whatever form
 * their files are:
 *
 *   the project's own       any_net.h; in the binary, a run of `style train-any`, or its file
 *   encoder-decoder pairs   distilled.h, of one level or several, by WCT or AdaIN
 *   MicroAST                microast.h, four files
 *   a pair of ONNX files    from a picture to a vector, and from a picture and a vector to a
 * picture (Ghiasi et al. 2017)
 *
 *   any_open.c     which file is what, and what is missing
 *   any_passes.c   the first two: encode, match statistics (match.h), decode
 *   any_coded.c    the others: a painting becomes a vector, and a network takes it with the photo
 *   any_paint.c    what is shown to them, at which size */
#ifndef ZOO_STYLE_ANY_H
#define ZOO_STYLE_ANY_H

#include <autodidact/image.h>
#include <autodidact/program.h>

typedef struct style_any style_any;

/* What of features is matched by encoders and decoders (match.h). */
typedef enum style_transfer { STYLE_TRANSFER_WCT = 0, STYLE_TRANSFER_ADAIN } style_transfer;

typedef struct style_any_options {
    style_transfer transfer;
    int64_t style_size; /* longer side that paintings are shown with */
    ad_compile_options compile;
} style_any_options;

/* Opens files that are a network together; none: the one in the binary. A path may be a folder, of
 * which all files named as weights are taken, or a run. The error names the file that does not fit,
 * or what is missing beside it. */
ad_status style_any_open(style_any **any, ad_context *ctx, const char *const *paths, int count,
                         const style_any_options *options);
void style_any_close(style_any *any);             /* NULL is ignored */
const char *style_any_form(const style_any *any); /* "MicroAST" */
/* Side of the square that it is shown of paintings, whatever style_size says; 0: it is not so. */
int64_t style_any_square(const style_any *any);
bool style_any_has_choice(const style_any *any); /* of the transfer */

/* Adds a painting of three channels, which counts for `part`; all parts sum to 1. `path` stands for
 * it in errors. */
ad_status style_any_look(style_any *any, const ad_image *painting, const char *path, double part);
/* *out: the photo painted, of its own size. strength 0 to 1: how far its features become what they
 * are to be; 0 is not the photo itself, but what the network makes of its own features. */
ad_status style_any_paint(style_any *any, const ad_image *photo, const char *path, double strength,
                          ad_image **out);

#endif
