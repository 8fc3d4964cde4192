/* model.h - the inside of ad_onnx: a file's graph as plain structs, and the tensors in it.
 *
 * Strings and arrays lie in the model's arena or in the messages that the parser keeps; both live
 * as long as the model. Sources above wire.c know nothing of Protocol Buffers. */
#ifndef AD_ONNX_MODEL_H
#define AD_ONNX_MODEL_H

#include <autodidact/onnx.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/name_table.h"

/* ONNX's element types, by the format's numbers. */
typedef enum ad_onnx_elem {
    AD_ONNX_NONE = 0,
    AD_ONNX_FLOAT = 1,
    AD_ONNX_UINT8,
    AD_ONNX_INT8,
    AD_ONNX_UINT16,
    AD_ONNX_INT16,
    AD_ONNX_INT32,
    AD_ONNX_INT64,
    AD_ONNX_STRING,
    AD_ONNX_BOOL,
    AD_ONNX_FLOAT16,
    AD_ONNX_DOUBLE,
    AD_ONNX_UINT32,
    AD_ONNX_UINT64,
    AD_ONNX_COMPLEX64,
    AD_ONNX_COMPLEX128,
    AD_ONNX_BFLOAT16,
} ad_onnx_elem;

const char *ad_onnx_elem_name(int elem); /* "float32", "type 99" is "unknown" */
ad_dtype ad_onnx_elem_dtype(int elem);   /* what holds every value of it; AD_DTYPES: none */
size_t ad_onnx_elem_size(int elem);      /* bytes in raw data; 0: unreadable */
bool ad_onnx_elem_is_float(int elem);    /* of any width */
bool ad_onnx_elem_is_small(int elem);    /* int8, uint8, int16, uint16 */
void ad_onnx_elem_range(int elem, double *low, double *high); /* of small ones */

typedef struct ad_onnx_tensor {
    const char *name;
    int elem;
    ad_shape shape;
    const unsigned char *raw; /* little-endian elements, or NULL: */
    const void *numbers;      /* elements as the message keeps them: float, double, int32_t, ... */
    int external;             /* number of the file beside it that `raw` is in; -1: none */
    size_t offset;            /* there */
} ad_onnx_tensor;

typedef struct ad_onnx_attr {
    const char *name;
    float f;
    int64_t i;
    const char *s; /* NULL: none */
    const ad_onnx_tensor *t;
    const unsigned char *graph; /* a message, until it is parsed: */
    size_t graph_bytes;
    struct ad_onnx_graph *inner;
    const float *floats;
    const int64_t *ints;
    size_t float_count, int_count;
} ad_onnx_attr;

typedef struct ad_onnx_op_node {
    const char *name, *op, *domain; /* domain "": the standard one */
    const char **in, **out;         /* "": left out */
    int in_count, out_count, attr_count, read_count;
    const char **reads; /* [read_count]: in, and what inner graphs read of outer ones */
    ad_onnx_attr *attrs;
} ad_onnx_op_node;

typedef enum ad_onnx_maker {
    AD_ONNX_BY_NOTHING = 0,
    AD_ONNX_BY_INPUT,
    AD_ONNX_BY_TENSOR,
    AD_ONNX_BY_NODE,
} ad_onnx_maker;

typedef struct ad_onnx_source {
    ad_onnx_maker by;
    int index; /* of the input, tensor or node */
} ad_onnx_source;

typedef struct ad_onnx_graph {
    ad_onnx_op_node *nodes;
    ad_onnx_tensor *tensors;
    ad_onnx_value *inputs, *outputs, *tensor_values; /* inputs without those that are tensors */
    int node_count, tensor_count, input_count, output_count;
    ad_name_table names;     /* of values */
    ad_onnx_source *sources; /* [names.count] */
    int64_t source_room;
    struct ad_onnx_graph *next; /* further ones of the model, parsed later */
} ad_onnx_graph;

typedef struct ad_onnx_external {
    char *location;
    ad_file_bytes file;
    struct ad_onnx_external *next;
} ad_onnx_external;

struct ad_onnx {
    ad_context *ctx;
    ad_arena arena;
    const char *path;
    bool in_memory;
    const char *producer;
    int64_t opset;
    ad_onnx_graph *graph; /* the main one, first of a list */
    ad_onnx_external *externals;
    int external_count;
    void *messages; /* the parser's own */
};

/* ---- wire.c ---- */
/* Parses bytes into the model (or the main graph's structs into `graph`, for an attribute's). */
ad_status ad_onnx_parse(ad_onnx *model, const unsigned char *bytes, size_t size);
ad_status ad_onnx_parse_graph(ad_onnx *model, const unsigned char *bytes, size_t size,
                              ad_onnx_graph *graph);
void ad_onnx_parsed_free(ad_onnx *model);

/* ---- model_names.c ---- */
/* Fills names and sources, parses the graphs in attributes, and finds what is made twice or by
 * nothing. `depth` 0: the main graph; others may read what they do not make. */
ad_status ad_onnx_index(ad_onnx *model, ad_onnx_graph *graph, int depth);
/* Who makes the value of that name; by nothing if none does. */
ad_onnx_source ad_onnx_source_of(const ad_onnx_graph *graph, const char *name);
void ad_onnx_graphs_free(ad_onnx *model);
/* The nodes that `wanted` values need (flags by number of value), in an order in which each is
 * made before it is read: order[0 .. *count). Fails on a cycle. */
ad_status ad_onnx_sort(const ad_onnx *model, const ad_onnx_graph *graph, const bool *wanted,
                       int *order, int *count);

/* ---- tensor_data.c ---- */
/* Whether the data are as many as the shape says. */
ad_status ad_onnx_tensor_check(ad_onnx *model, const ad_onnx_tensor *tensor, size_t raw_bytes,
                               size_t numbers);
/* All elements as `dtype`. */
ad_status ad_onnx_tensor_get(const ad_onnx *model, const ad_onnx_tensor *tensor, ad_dtype dtype,
                             void *data);

/* ---- external.c ---- */
/* Finds `length` bytes (-1: up to what the tensor needs) of a file beside the model. */
ad_status ad_onnx_external_find(ad_onnx *model, ad_onnx_tensor *tensor, const char *location,
                                int64_t offset, int64_t length);
ad_status ad_onnx_external_read(const ad_onnx *model, const ad_onnx_tensor *tensor,
                                const unsigned char **raw);
void ad_onnx_externals_free(ad_onnx *model);

#endif
