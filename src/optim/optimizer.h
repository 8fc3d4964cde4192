/* optimizer.h - what an optimizer's rule is, and what all of them share.
 *
 * The parameters that the loss uses lie in runs: neighbours in a block. An optimizer's rule says
 * how one run's values and moments follow from its flat gradient; optimizer.c does the rest. */
#ifndef AD_OPTIM_OPTIMIZER_H
#define AD_OPTIM_OPTIMIZER_H

#include <autodidact/optim.h>

#include "nn/vars.h"

#include <math.h>

enum { AD_OPTIMIZER_MOMENTS = 3, AD_OPTIMIZER_SCALARS = 4 };

/* The options that all have, which begin each table; a rule's own come after them. */
enum { AD_OPTIMIZER_LR, AD_OPTIMIZER_WEIGHT_DECAY, AD_OPTIMIZER_OWN };
/* clang-format off */
#define AD_OPTIMIZER_COMMON(lr_, weight_decay_, weight_decay_help_)                                     \
    [AD_OPTIMIZER_LR] = {"lr", lr_, 0, INFINITY, .help = "the learning rate"},                          \
    [AD_OPTIMIZER_WEIGHT_DECAY] = {"weight-decay", weight_decay_, 0, INFINITY, .help = weight_decay_help_}
/* The smallest that is still above 0 in f32: a parameter whose gradients were all 0 is not divided
 * by 0. */
#define AD_OPTIMIZER_EPS(eps_) {"eps", eps_, 1e-30, INFINITY, .help = "added to the denominator"}
/* clang-format on */

/* What is remembered of a parameter from step to step. */
typedef struct ad_optimizer_moment {
    const char *name; /* "m"; NULL: the rule has no more */
    int kept;         /* only where this option is not 0; 0: always */
    int initial;      /* the option that it starts at; 0: at zero */
} ad_optimizer_moment;

/* A rule: its row among the kinds, its moments, the numbers of a step, and the update. `option` are
 * the values of the row's options. */
typedef struct ad_optimizer_rule {
    ad_optimizer_kind kind; /* its name begins those of the state's variables */
    ad_optimizer_moment moment[AD_OPTIMIZER_MOMENTS];
    /* What is wrong with options that are each in range, or NULL. May be NULL itself. */
    const char *(*check)(const double *option);
    /* The step's numbers as f64 scalars, from the learning rate and the step's number (1, 2, ...).
     */
    void (*prepare)(const double *option, ad_node *lr, ad_node *step, ad_node **scalar);
    /* The new value of parameters p [n] with gradient g, whose weight decay is as given; replaces
     * moment[i], if kept, by its new value. `scalar` are prepare's, in p's type. */
    ad_node *(*update)(const double *option, ad_node *const *scalar, double weight_decay,
                       ad_node *p, ad_node *g, ad_node **moment);
} ad_optimizer_rule;

struct ad_optimizer {
    ad_context *ctx;
    ad_arena arena;
    ad_vars *vars, *state;
    const ad_optimizer_rule *rule;
    double option[AD_OPTIMIZER_OPTIONS];
    const char **prefixes; /* what it trains is under one of them, */
    int prefix_count;
    ad_variable **variables; /* or one of these; neither: all parameters */
    int variable_count;
    ad_rate *rates; /* of parts of the store */
    int rate_count;
    ad_variable *lr, *step; /* in `state`: f64 and i64 scalars */
};

/* An optimizer by its rule, with a value for each option of the table, each of which is checked.
 * NULL on failure. */
ad_optimizer *ad_optimizer_with(ad_vars *vars, const char *prefix, const ad_optimizer_rule *rule,
                                const double *option);
/* Whether the value is in the option's range; else the sentence. */
ad_status ad_optimizer_check_option(ad_context *ctx, const ad_optimizer_kind *kind,
                                    const ad_optimizer_option *option, double value);
/* Whether the optimizer would move the variable, if the loss depended on it. */
bool ad_optimizer_trains(const ad_optimizer *optimizer, const ad_var_entry *entry);
/* A prefix that it is to train, and under which the store has no parameter; NULL: there is none. */
const char *ad_optimizer_empty_prefix(const ad_optimizer *optimizer);

/* By what the learning rate of the parameter of that name is multiplied. */
double ad_optimizer_factor(const ad_optimizer *optimizer, const char *name);
/* Whether each prefix of the rates has a parameter; else the sentence. */
ad_status ad_optimizer_check_rates(const ad_optimizer *optimizer);

/* 1 - beta^t at step t: what a mean with that decay has seen of its weights, from zero on. */
ad_node *ad_bias_correction(ad_node *step, double beta);

/* Neighbouring parameters with gradients. */
typedef struct ad_run_of_parameters {
    const ad_var_entry *first, *last;
    bool matrix;   /* the first one has two axes or more; by_rank: all are like it */
    double factor; /* of its learning rate; of all the same */
    int block;     /* among the store's blocks of float parameters: names the moments */
    ad_node *flat; /* the gradient [elements], zero in the gaps between variables; f64 for f64
                      parameters, else f32 */
} ad_run_of_parameters;

/* The runs of parameters that the optimizer trains and `loss` depends on, with their gradients, in
 * the graph's arena; by_rank: cut where matrices meet vectors. They are cut where learning rates
 * differ, too. NULL, and the graph's error, when there are none. */
ad_run_of_parameters *ad_parameter_runs(const ad_optimizer *optimizer, ad_node *loss, bool by_rank,
                                        int *count);
/* Whether a gradient is the walk's answer for what the loss does not depend on. */
bool ad_gradient_is_none(const ad_node *gradient);
/* Scales the runs' gradients so that their norm together is at most max_norm; returns the norm
 * before that (f32). */
ad_node *ad_clip_runs(ad_run_of_parameters *runs, int count, double max_norm);

#endif
