/* pass.h - a pass rebuilds the graph: each node that is needed goes through a rule that may answer
 * with another node for it. */
#ifndef AD_PLAN_PASS_H
#define AD_PLAN_PASS_H

#include <autodidact/program.h>

#include "graph/node.h"
#include "plan/device.h"

typedef struct ad_passes {
    ad_context *ctx;
    const ad_compile_options *options;
    const ad_device *device;
    ad_graph *graph;   /* as the passes so far have left it */
    ad_node **outputs; /* in it */
    int n_outputs;
    struct ad_graph_list *made; /* graphs that later ones still refer to */
    bool changed;               /* set by rules that did something */
    /* ad_compile, for a pass that runs a part of the graph (pass_fold.c): the passes are a part of
     * it
     */
    ad_status (*compile)(ad_program **program, ad_context *ctx, ad_node *const *outputs, int count,
                         const ad_compile_options *options);
} ad_passes;

/* The new node for `old`, whose inputs have become `inputs`, in `graph`; NULL: the same op again.
 */
typedef ad_node *(*ad_rule)(ad_passes *passes, ad_graph *graph, const ad_node *old,
                            ad_node **inputs, void *user);

/* All return false with the context's error set. */
bool ad_passes_run(ad_passes *passes);
void ad_passes_free(ad_passes *passes);
bool ad_rebuild(ad_passes *passes, ad_rule rule, void *user);

/* The passes, in the order they run (see passes.c). */
bool ad_pass_decompose(ad_passes *passes);
bool ad_pass_simplify(ad_passes *passes);
bool ad_pass_fold(ad_passes *passes);
bool ad_pass_precision(ad_passes *passes);
bool ad_pass_share(ad_passes *passes);
bool ad_pass_repeat(ad_passes *passes);

/* simplify_sums.c: a plainer node for a reduction of x without kept axes, or NULL. */
ad_node *ad_simplify_sum(ad_graph *graph, const ad_node *old, ad_node *x);

#endif
