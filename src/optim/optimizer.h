/* optimizer.h - what sgd.c and adam.c have in common.
 *
 * The parameters that the loss uses lie in runs: neighbours in a block. An optimizer's rule says
 * how one run's values and moments follow from its flat gradient; optimizer.c does the rest. */
#ifndef AD_OPTIM_OPTIMIZER_H
#define AD_OPTIM_OPTIMIZER_H

#include <autodidact/optim.h>

#include "nn/vars.h"

enum { AD_OPTIMIZER_MOMENTS = 2, AD_OPTIMIZER_SCALARS = 4 };

/* A rule is three things: names of its moments, the numbers of a step, and the update. */
typedef struct ad_optimizer_rule {
    const char *name;                         /* what its state is called after: "adam" */
    const char *moment[AD_OPTIMIZER_MOMENTS]; /* "m", "v" */
    /* The step's numbers as f64 scalars, from the learning rate and the step's number (1, 2, ...).
     */
    void (*prepare)(const ad_optimizer *optimizer, ad_node *lr, ad_node *step, ad_node **scalar);
    /* The new value of parameters p [n] with gradient g, whose weight decay is as given; replaces
     * moment[i] by their new values. `scalar` are prepare's, in p's type. */
    ad_node *(*update)(const ad_optimizer *optimizer, ad_node *const *scalar, double weight_decay,
                       ad_node *p, ad_node *g, ad_node **moment);
} ad_optimizer_rule;

struct ad_optimizer {
    ad_context *ctx;
    ad_vars *vars, *state;
    const ad_optimizer_rule *rule;
    char *prefix; /* owned; NULL: all parameters */
    int moments;  /* how many of the rule's this one keeps */
    union {
        ad_sgd_options sgd;
        ad_adam_options adam;
        ad_rmsprop_options rmsprop;
    } options;
    double weight_decay;
    ad_variable *lr, *step; /* in `state`: f64 and i64 scalars */
};

/* A new optimizer whose options are still to be filled in. NULL on failure. */
ad_optimizer *ad_optimizer_new(ad_vars *vars, const char *prefix, const ad_optimizer_rule *rule,
                               int moments, double lr, double weight_decay);

/* Neighbouring parameters with gradients. */
typedef struct ad_run_of_parameters {
    const ad_var_entry *first, *last;
    bool matrix;   /* the first one has two axes or more; by_rank: all are like it */
    int block;     /* among the store's blocks of float parameters: names the moments */
    ad_node *flat; /* the gradient [elements], zero in the gaps between variables; f64 for f64
                      parameters, else f32 */
} ad_run_of_parameters;

/* The runs of parameters under the prefix that `loss` depends on, with their gradients, in the
 * graph's arena; by_rank: cut where matrices meet vectors. NULL, and the graph's error, when there
 * are none. */
ad_run_of_parameters *ad_parameter_runs(ad_vars *vars, const char *prefix, ad_node *loss,
                                        bool by_rank, int *count);
/* Whether a gradient is the walk's answer for what the loss does not depend on. */
bool ad_gradient_is_none(const ad_node *gradient);
/* Scales the runs' gradients so that their norm together is at most max_norm; returns the norm
 * before that (f32). */
ad_node *ad_clip_runs(ad_run_of_parameters *runs, int count, double max_norm);

#endif
