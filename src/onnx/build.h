/* build.h - the inside of ad_onnx_build: values while a graph is built, and what the operations'
 * functions use.
 *
 * A value (slot) is known in up to three ways: as numbers, if it follows from the file and from
 * shapes alone (host); as a tensor of the file of which no node was made yet; and as a node. A node
 * of three or more axes may be in this library's order, [n, ..., c], while its shape is always said
 * in the file's, [n, c, ...]. */
#ifndef AD_ONNX_BUILD_H
#define AD_ONNX_BUILD_H

#include "onnx/model.h"

enum { AD_ONNX_KNOWN_MOST = 1 << 16 }; /* numbers of a value that is known beforehand */

/* scale (q - zero) along an axis: a quantised tensor of the file */
typedef struct ad_onnx_widening {
    const double *scale, *zero; /* [count]; zero may be NULL */
    int64_t count;              /* 1: one for all */
    int axis;
    const ad_onnx_tensor *tensor;
    struct ad_onnx_widening *next; /* of the builder */
} ad_onnx_widening;

typedef struct ad_onnx_slot {
    const char *name;
    bool there;
    int elem;
    ad_shape shape; /* in the file's order of axes */
    ad_node *node;
    bool last;          /* the node's axes are [n, ..., c] */
    const double *host; /* [elements], or NULL */
    const ad_onnx_tensor *tensor;
    const ad_onnx_widening *widening; /* of the tensor; NULL: none */
    bool constant;                    /* the tensor is no weight */
    bool trained;                     /* depends on weights */
    bool shaped;                      /* depends on a shape */
} ad_onnx_slot;

typedef struct ad_onnx_scope {
    const ad_onnx_graph *graph;
    ad_onnx_slot *slots; /* by number of the name */
    struct ad_onnx_scope *outer;
} ad_onnx_scope;

/* A variable that takes its value from the file when all are declared. */
typedef struct ad_onnx_pending {
    ad_variable *variable;
    const ad_onnx_tensor *tensor;
    const ad_onnx_widening *widening;
    struct ad_onnx_pending *next;
} ad_onnx_pending;

typedef struct ad_onnx_build_state {
    const ad_onnx *model;
    ad_context *ctx;
    ad_graph *graph;
    ad_vars *vars;
    ad_arena arena;
    ad_onnx_scope *scope;
    const ad_onnx_feed *feeds;
    int feed_count;
    ad_onnx_options options;
    ad_onnx_pending *pending;
    ad_onnx_widening *widenings;
    size_t known; /* numbers of known values so far */
} ad_onnx_builder;

/* One operation being built. */
typedef struct ad_onnx_call {
    ad_onnx_builder *b;
    const ad_onnx_op_node *node;
    ad_onnx_slot **in, **out; /* NULL: left out */
    int in_count, out_count;
    int64_t opset;
} ad_onnx_call;

/* ---- call.c: attributes, errors, results ---- */

/* "FILE: node "conv1" (Conv): ..." */
ad_status ad_onnx_refuse(const ad_onnx_call *call, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);
const ad_onnx_attr *ad_onnx_attr_find(const ad_onnx_call *call, const char *name); /* or NULL */
int64_t ad_onnx_int(const ad_onnx_call *call, const char *name, int64_t otherwise);
double ad_onnx_float(const ad_onnx_call *call, const char *name, double otherwise);
const char *ad_onnx_text(const ad_onnx_call *call, const char *name, const char *otherwise);
/* Input i, or NULL where it is left out. */
ad_onnx_slot *ad_onnx_in(const ad_onnx_call *call, int i);
/* A list of whole numbers, from an attribute or a known input; *count -1: there is none. */
ad_status ad_onnx_ints(const ad_onnx_call *call, const char *attr, int input, int64_t *list,
                       int most, int *count);
/* An axis from -rank to rank - 1. */
ad_status ad_onnx_axis(const ad_onnx_call *call, int64_t axis, int rank, int *out);
/* Axes as flags; where none are given *none is set and all are. */
ad_status ad_onnx_axes(const ad_onnx_call *call, const char *attr, int input, int rank, bool *flags,
                       bool *none);

/* Results. `elem` 0: that of input 0. */
ad_status ad_onnx_give(const ad_onnx_call *call, int out, ad_node *node, bool last, int elem);
ad_status ad_onnx_give_known(const ad_onnx_call *call, int out, ad_shape shape,
                             const double *numbers, int elem);
/* The same value under another name. */
ad_status ad_onnx_give_same(const ad_onnx_call *call, int out, const ad_onnx_slot *from);
bool ad_onnx_wants(const ad_onnx_call *call, int out);
/* Room for numbers of a known value; NULL with the error set: memory, or too many. */
double *ad_onnx_numbers(const ad_onnx_call *call, int64_t count);

/* ---- slots.c: values ---- */

ad_dtype ad_onnx_run_dtype(int elem); /* what nodes of that type have */
/* The numbers of a value, or NULL where they are not known (and no error). */
const double *ad_onnx_peek(ad_onnx_builder *b, ad_onnx_slot *slot);
/* The same of an input that has to be known: NULL with an error. */
const double *ad_onnx_known(const ad_onnx_call *call, int input);
/* One number of a known input, or `otherwise` where it is left out. */
ad_status ad_onnx_known_number(const ad_onnx_call *call, int input, double otherwise, double *out);
/* To a whole number, with the ends of int64 for what lies beyond. */
int64_t ad_onnx_whole(double number);

/* Nodes in the file's order, and in this library's (of three or more axes). NULL on an error. */
ad_node *ad_onnx_plain(const ad_onnx_call *call, ad_onnx_slot *slot);
ad_node *ad_onnx_last(const ad_onnx_call *call, ad_onnx_slot *slot);
/* In whichever order it is. */
ad_node *ad_onnx_node_of(const ad_onnx_call *call, ad_onnx_slot *slot);
/* A convolution's weight [out, in, kh, kw] as [kh, kw, in, out], or a transposed one's. */
ad_node *ad_onnx_kernel(const ad_onnx_call *call, ad_onnx_slot *slot, ad_file_layout layout);
/* Where axis `axis` of the file is in a node. */
int ad_onnx_place(int rank, int axis, bool last);
/* ad_permute; a reshape where that is the same. */
ad_node *ad_onnx_permute(ad_node *x, const int *order);
ad_node *ad_onnx_to_order(ad_node *x, bool is_last, bool want_last);
/* Inputs first .. in_count - 1 in one order, so that they broadcast against each other. */
ad_status ad_onnx_align(const ad_onnx_call *call, int first, ad_node **nodes, bool *last);
/* Gives the values that the file's weights have to the variables that were declared. */
ad_status ad_onnx_fill(ad_onnx_builder *b);

/* ---- build.c ---- */
/* Builds the nodes that some values of the innermost scope need: flags by number of the name. */
ad_status ad_onnx_build_scope(ad_onnx_builder *b, const bool *wanted);

/* ---- scope.c ---- */
/* A scope of its own for a graph becomes the innermost one. */
ad_status ad_onnx_scope_open(ad_onnx_builder *b, ad_onnx_scope *scope, const ad_onnx_graph *graph);
/* The value of that name, in this scope or an outer one; NULL with an error. */
ad_onnx_slot *ad_onnx_slot_find(ad_onnx_builder *b, const char *name);

/* ---- op_table.c ---- */
typedef ad_status ad_onnx_op_function(const ad_onnx_call *call);
typedef struct ad_onnx_op_row {
    const char *name;
    ad_onnx_op_function *build;
    ad_onnx_op_function *fold; /* of known inputs; NULL: never */
} ad_onnx_op_row;
const ad_onnx_op_row *ad_onnx_op_find(const ad_onnx_op_node *node); /* NULL: not known */
/* One sentence that names every operation among these nodes that is not known. */
ad_status ad_onnx_check_known(const ad_onnx *model, const ad_onnx_graph *graph, const int *order,
                              int count);

/* ---- the operations' files ---- */
#define OP(name, build) ad_onnx_op_function ad_onnx_##build;
#define FOLD(name, build, fold)                                                                    \
    ad_onnx_op_function ad_onnx_##build;                                                           \
    ad_onnx_op_function ad_onnx_##fold;
#include "onnx/operations.def"
#undef OP
#undef FOLD

#endif
