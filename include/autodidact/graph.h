/* graph.h - recording a computation: graphs, nodes, variables, gradients, printing.
 *
 * A graph records immutable, typed, shaped, named nodes; the builders are in ops.h. Nothing is
 * computed here: program.h compiles the nodes that are wanted into a program and runs it.
 *
 * Errors: a builder that is given something wrong returns the graph's poisoned node, every builder
 * accepts poisoned nodes (and NULL) and passes them on, and the first error is kept on the graph
 * with the op, the node's name, the shapes and what was expected. ad_compile() returns it. So no
 * builder call needs to be checked.
 *
 * Stability: stable (base.h says what that means). */
#ifndef AUTODIDACT_GRAPH_H
#define AUTODIDACT_GRAPH_H

#include <autodidact/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_graph ad_graph; /* used by its context's thread only */
typedef struct ad_node ad_node;   /* owned by its graph */
/* Named state that outlives graphs; made by ad_vars of nn.h. */
typedef struct ad_variable ad_variable;

/* A new, empty graph; NULL when memory is refused. */
AD_API ad_graph *ad_graph_new(ad_context *ctx);
/* Frees the graph and its nodes. Programs compiled from it stay valid. NULL is ignored. */
AD_API void ad_graph_free(ad_graph *graph);
AD_API ad_context *ad_graph_context(const ad_graph *graph);
/* AD_OK, or the first builder error; ad_graph_error has its sentence ("" if none). */
AD_API ad_status ad_graph_status(const ad_graph *graph);
AD_API const char *ad_graph_error(const ad_graph *graph);

/* Gives a node a name ("conv1.weight"), prefixed by the open scopes; returns the node. Unnamed
 * nodes are called after their op and number ("relu_12"). */
AD_API ad_node *ad_name(ad_node *node, const char *format, ...) AD_PRINTF(2, 3);
/* Nodes made until the matching pop are named "scope.name". */
AD_API void ad_scope_push(ad_graph *graph, const char *format, ...) AD_PRINTF(2, 3);
AD_API void ad_scope_pop(ad_graph *graph);

AD_API const char *ad_node_name(const ad_node *node);
AD_API const char *ad_node_op(const ad_node *node); /* "conv2d" */
AD_API ad_dtype ad_node_dtype(const ad_node *node);
AD_API ad_shape ad_node_shape(const ad_node *node);
AD_API ad_graph *ad_node_graph(const ad_node *node); /* NULL for NULL */
AD_API bool ad_node_poisoned(const ad_node *node);   /* true for NULL */

AD_API const char *ad_variable_name(const ad_variable *variable);
AD_API ad_dtype ad_variable_dtype(const ad_variable *variable);
AD_API ad_shape ad_variable_shape(const ad_variable *variable);

/* Reverse-mode gradients as graph: grads[i] = d y / d wrt[i], where y is a scalar float node. A wrt
 * that y does not depend on gets zeros. The gradient nodes are ordinary nodes: differentiate them
 * again for second derivatives. */
AD_API void ad_gradients(ad_node *y, ad_node *const *wrt, int count, ad_node **grads);
/* Vector-Jacobian product: sum over outputs k of gy[k]^T d y[k] / d wrt[i], gy[k] of y[k]'s shape.
 */
AD_API void ad_gradients_seeded(ad_node *const *y, ad_node *const *gy, int outputs,
                                ad_node *const *wrt, int count, ad_node **grads);

/* Checks every node against the op table: inputs precede, shapes and dtypes are what the op's rule
 * gives, attributes are in range. The error names the first node that is wrong. */
AD_API ad_status ad_graph_verify(ad_graph *graph);

typedef enum ad_format {
    AD_TEXT, /* one line a node */
    AD_DOT,  /* Graphviz */
    AD_JSON, /* one object: {"nodes": [...]} */
} ad_format;

/* Receives text piece by piece. */
typedef void (*ad_sink)(void *user, const char *text, size_t length);
/* Prints the nodes that `outputs` need, or the whole graph when count is 0. */
AD_API ad_status ad_graph_print(ad_graph *graph, ad_node *const *outputs, int count,
                                ad_format format, ad_sink sink, void *user);

#ifdef __cplusplus
}
#endif
#endif
