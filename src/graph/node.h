/* node.h - the inside of graphs: nodes, the op table's row type, variables and their storage.
 *
 * A node is immutable once ad_node_new has returned it. Everything particular to an op (its
 * attribute struct, shape rule, gradient, decomposition) is in its row of src/ops/ops.def. */
#ifndef AD_GRAPH_NODE_H
#define AD_GRAPH_NODE_H

#include <autodidact/graph.h>

#include "base/arena.h"
#include "base/hash_index.h"
#include "base/text.h"
#include "graph/op.h"

struct ad_node {
    ad_graph *graph;
    int id; /* position in graph->nodes; inputs have smaller ids */
    ad_op op;
    ad_dtype dtype;
    ad_shape shape;
    int n_inputs;
    ad_node **inputs;
    const void
        *attr; /* the op's attribute struct, ad_ops[op].attr_bytes long; NULL where that is 0 */
    const char *name; /* NULL: "op_id" is made on demand */
};

struct ad_graph {
    ad_context *ctx;
    ad_arena arena;
    ad_node **nodes;
    int n_nodes, capacity;
    ad_node *poison; /* id -1, not in `nodes` */
    ad_status status;
    const char *error;
    struct ad_scope *scopes; /* the open scopes, innermost first; NULL: none */
    ad_hash_index reads;     /* ids of the nodes that ad_read has made, by their variables */
    int streams;             /* random streams handed out */
    bool planned; /* made by a pass: operands of a matmul may differ in type (pass_precision.c) */
};

struct ad_scope {
    struct ad_scope *outer;
    const char *name; /* with the outer ones: "layer1.0" */
};

/* What a shape rule sees and fills in. It returns false after setting the error with ad_infer_fail.
 */
typedef struct ad_infer {
    ad_graph *graph;
    ad_op op;
    int n_inputs;
    ad_node *const *inputs;
    const void *attr;
    ad_dtype dtype; /* to be set */
    ad_shape shape; /* to be set */
} ad_infer;

/* How the planner may treat an op. */
typedef enum ad_op_class {
    AD_CLASS_LEAF,        /* input, variable, constant, fill, iota */
    AD_CLASS_ELEMENTWISE, /* element i of the result from element i of the inputs: can be in a chain
                           */
    AD_CLASS_VIEW,        /* a reinterpretation of strides: reshape, broadcast, permute, slice */
    AD_CLASS_MOVE,        /* copies elements: pad, concat */
    AD_CLASS_REDUCE,      /* sum, mean, max, min over axes: a chain may be fused in front */
    AD_CLASS_CONTRACT,    /* matmul and convolutions: a chain may be fused behind */
    AD_CLASS_KERNEL,      /* anything else that has kernels of its own */
    AD_CLASS_EFFECT,      /* assign, join: the value of input 0 */
} ad_op_class;

/* The inputs that a kernel may write its result over, if both are walked alike: it reads each of
 * their elements before it writes there, and not after. */
typedef enum ad_op_in_place {
    AD_IN_PLACE_NONE,
    AD_IN_PLACE_FIRST,
    AD_IN_PLACE_ADDED, /* the third and further ones: what is added to a product or a sum */
    AD_IN_PLACE_ANY,
} ad_op_in_place;

typedef struct ad_op_info {
    const char *name;
    ad_op_class klass;
    int min_inputs, max_inputs; /* max -1: any number */
    ad_op_in_place in_place;
    double step_work; /* elementwise ops: what a step on f32 costs, as so many additions */
    /* What a direct algorithm takes, a multiply-add as two. NULL: one for each element of the first
     * input or of the result, whichever is larger. */
    double (*flops)(const void *attr, const ad_shape *inputs, const ad_shape *result);
    size_t attr_bytes; /* attribute structs hold no pointers that own memory and no padding */
    bool (*infer)(ad_infer *rule);
    /* Fills grads[i] with the gradient to input i given g, that of the node; leaves it NULL where
     * there is none (integers, indices). NULL: not differentiable, the walk stops there. */
    void (*gradient)(ad_node *node, ad_node *g, ad_node **grads);
    /* The same value in plainer ops, from the node's inputs, in inputs[0]->graph. NULL: already
     * plain. */
    ad_node *(*decompose)(ad_graph *graph, const ad_node *node, ad_node *const *inputs);
    /* Adds ", stride=2" and the like. NULL: no attributes. */
    void (*print)(ad_text *text, const void *attr);
} ad_op_info;

extern const ad_op_info ad_ops[AD_OPS]; /* src/ops/table.c */

/* The one way nodes are made: checks inputs (poison, NULL, other graph), runs the op's rule, copies
 * attr. On error records it on the graph and returns the poisoned node. `graph` may be NULL when
 * there is an input that knows it; with neither, NULL is returned. */
ad_node *ad_node_new(ad_graph *graph, ad_op op, ad_node *const *inputs, int n_inputs,
                     const void *attr);
/* Records the first error: "conv1: conv2d: input has 3 channels, weight expects 1 (x [64, 28, 28,
 * 3], ...)". The op, node name (scope) and input shapes are added here. Returns false / the
 * poisoned node. */
bool ad_infer_fail(ad_infer *rule, ad_status status, const char *format, ...) AD_PRINTF(3, 4);
/* The same from a builder that cannot even make the attributes. */
ad_node *ad_refuse(ad_graph *graph, ad_op op, ad_node *const *inputs, int n_inputs,
                   ad_status status, const char *format, ...) AD_PRINTF(6, 7);
ad_node *ad_poison(ad_graph *graph, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* The reverse walk: grads[i] = sum over k of gy[k]^T d y[k] / d wrt[i], NULL where no path leads
 * from wrt[i] to a y. Nodes with ids below `first` are taken as given (their inputs are not looked
 * at): 0 walks to the leaves, the id of a sub-graph's first node differentiates the sub-graph
 * alone. False: out of memory or a rule failed, which is on the graph. */
bool ad_reverse_walk(ad_graph *graph, ad_node *const *y, ad_node *const *gy, int outputs, int first,
                     ad_node *const *wrt, int count, ad_node **grads);

/* The nodes that `outputs` need, inputs first, in recorded order. From the graph's arena; count in
 * *n. Poisoned outputs and NULL are ignored. NULL when memory is refused. */
ad_node **ad_reachable(ad_graph *graph, ad_node *const *outputs, int count, int *n);

/* ---- variables ---- */
/* One contiguous block. It grows while variables are declared and is laid out once (data != NULL).
 */
typedef struct ad_storage {
    ad_context *ctx;
    void *data;
    size_t bytes;
    uint64_t
        version; /* +1 at each change from outside a run, and by each run that assigns into it */
    ad_status (*ready)(struct ad_storage *storage); /* lays out and initialises; NULL once done */
    void *owner;
    _Atomic int users; /* how many read it now; -1: one changes it */
} ad_storage;

/* A storage is read by any number at the same time, or changed by one: true where that is so, until
 * the matching release. What came before a release has happened for the next who claims. */
bool ad_storage_claim(ad_storage *storage, bool change);
void ad_storage_release(ad_storage *storage, bool change);

struct ad_variable {
    const char *name;
    ad_dtype dtype;
    ad_shape shape;
    ad_storage *storage;
    size_t offset; /* bytes into storage->data, 64-byte aligned */
    int layout;    /* ad_file_layout of nn.h */
    bool buffer;
};

#endif
