/* onnx.h - networks from ONNX files (onnx.ai) as nodes of a graph.
 *
 * A .onnx file holds a network as a list of operations and its weights. Opening one reads all of
 * it; building adds what the wanted values need to a graph: weights become variables of a store
 * under their names in the file (so they can be frozen, trained and saved), everything else
 * ordinary nodes, which can be differentiated. docs/onnx.md lists the operations that are known.
 *
 * Axes. ONNX keeps pictures and feature maps as [n, c, h, w], this library as [n, h, w, c]. Inside,
 * what comes from a convolution on is kept in this library's order; wherever order shows (a
 * reshape, say) results are those of the file. At the border the caller says which one is meant:
 * `channels_last` of a value of three or more axes is for a node [n, h, w, c] where the file says
 * [n, c, h, w]; without it a node has the file's axes. (A file that says [n, h, w, c] itself, as
 * TensorFlow's do, needs no flag.)
 *
 * Types. All floating-point types are computed in f32. Eight and sixteen bit integers, which only
 * quantised networks have, are whole numbers in f32 while the program runs; gradients pass their
 * rounding as if it were not there, and stop where they saturate. Integer weights that
 * DequantizeLinear widens are variables of f32.
 *
 * Opsets 7 to 21 of the standard domain. Anything else is refused by name, with its node.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_ONNX_H
#define AUTODIDACT_ONNX_H

#include <autodidact/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_onnx ad_onnx; /* an opened network; used by its context's thread only */

/* Reads and checks a file: names, sizes, that every value is made before it is used. `*out` is NULL
 * on an error. Data in files beside it are opened, too, and must not change while it is open. */
AD_API ad_status ad_onnx_open(ad_onnx **out, ad_context *ctx, const char *path);
/* The same from memory, which is not needed afterwards; `name` stands for the file in errors. Data
 * in other files are refused. */
AD_API ad_status ad_onnx_open_memory(ad_onnx **out, ad_context *ctx, const char *name,
                                     const void *bytes, size_t size);
AD_API void ad_onnx_free(ad_onnx *model); /* NULL is ignored; nodes that were built stay */
/* Whether a path ends in ".onnx". */
AD_API bool ad_onnx_ending(const char *path);

/* ---- what is in it ---- */

AD_API const char *ad_onnx_path(const ad_onnx *model);     /* as given to open */
AD_API const char *ad_onnx_producer(const ad_onnx *model); /* "pytorch 2.4.1"; "" if unknown */
AD_API int64_t ad_onnx_opset(const ad_onnx *model);        /* of the standard domain */
AD_API int64_t ad_onnx_parameters(const ad_onnx *model);   /* numbers in floating-point weights,
                                                              quantised ones included */

/* An input, an output or a weight, in the file's order of axes. Owned by the model. */
typedef struct ad_onnx_value {
    const char *name;
    ad_dtype dtype; /* what it can be read as without a loss; AD_DTYPES: unknown or unreadable */
    const char *stored;       /* the file's word: "float32", "int8", ... */
    int rank;                 /* -1: unknown */
    int64_t dim[AD_MAX_RANK]; /* -1: free */
} ad_onnx_value;

/* Inputs that the caller gives: weights, which older files list among the inputs, are left out. */
AD_API int ad_onnx_input_count(const ad_onnx *model);
AD_API const ad_onnx_value *ad_onnx_input_at(const ad_onnx *model, int index);
AD_API int ad_onnx_output_count(const ad_onnx *model);
AD_API const ad_onnx_value *ad_onnx_output_at(const ad_onnx *model, int index);
/* Tensors in the file ("initializers"). */
AD_API int ad_onnx_tensor_count(const ad_onnx *model);
AD_API const ad_onnx_value *ad_onnx_tensor_at(const ad_onnx *model, int index);
/* Reads one as `dtype` into `data` of exactly so many bytes. */
AD_API ad_status ad_onnx_tensor_read(const ad_onnx *model, int index, ad_dtype dtype, void *data,
                                     size_t bytes);

/* One operation. Its name may be empty or stand for several; the names of values are unique. */
typedef struct ad_onnx_node {
    const char *name, *op, *domain; /* domain "": the standard one */
    const char *value;              /* the name of its first result */
} ad_onnx_node;
AD_API int ad_onnx_node_count(const ad_onnx *model);
AD_API ad_onnx_node ad_onnx_node_at(const ad_onnx *model, int index); /* in the file's order */

/* AD_OK if every operation that the outputs need is known, else AD_ERROR_UNSUPPORTED and one
 * sentence that names all that are not. */
AD_API ad_status ad_onnx_supported(const ad_onnx *model);

/* ---- building ---- */

typedef struct ad_onnx_feed {
    const char *name; /* of an input; NULL: the only one */
    ad_node *node;    /* of the input's rank; numbers are converted to its type */
    bool channels_last;
} ad_onnx_feed;

typedef struct ad_onnx_want {
    const char *name;   /* of an output, of any value, or of a node (its first result); NULL: the
                           first output */
    bool channels_last; /* where it has three or more axes */
} ad_onnx_want;

typedef struct ad_onnx_options {
    const char *prefix; /* of the variables' names, "net."; NULL: none */
    bool any_size;      /* inputs may have other sizes than the file says (but no other rank):
                           networks that were exported for one size and do for others */
} ad_onnx_options;

/* Adds what `wants` need to `graph` and gives their nodes. Weights that `vars` does not have yet
 * are declared and take the file's values; those that it has are used as they are. Variables have
 * PyTorch's order of axes in files, and AD_LAYOUT_CONV where they are convolutions'. An input that
 * is needed and not fed is an error. On an error `nodes` are NULL; what was added to the graph and
 * the store until then remains. */
AD_API ad_status ad_onnx_build(const ad_onnx *model, ad_graph *graph, ad_vars *vars,
                               const ad_onnx_feed *feeds, int feed_count, const ad_onnx_want *wants,
                               int want_count, ad_onnx_options options, ad_node **nodes);

#ifdef __cplusplus
}
#endif
#endif
