/* optim.h - optimizers as graph: the update of all parameters is nodes over whole blocks, so it is
 * planned, fused and run with the step that computes the gradients. L-BFGS, whose line search
 * decides what to evaluate next, is a small driver around such programs.
 *
 * Stability: stable (base.h says what that means). */
#ifndef AUTODIDACT_OPTIM_H
#define AUTODIDACT_OPTIM_H

#include <autodidact/nn.h>
#include <autodidact/program.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_optimizer ad_optimizer;

/* ---- which optimizers there are ---- */

enum { AD_OPTIMIZER_OPTIONS = 12 }; /* the most that one has */

typedef struct ad_optimizer_option {
    const char *name; /* as on a command line: "weight-decay" */
    double initial;   /* the default */
    double min, max;  /* min <= value < max; finite */
    bool flag;        /* 0 or 1, written no or yes; no range */
    const char *help; /* one sentence, no capital, no full stop */
    bool setting; /* a setting of training of this name (train.h) says what a text leaves open */
} ad_optimizer_option;

/* Every kind has the options "lr" and "weight-decay", first and second. */
typedef struct ad_optimizer_kind {
    const char *name;                   /* "adam" */
    const char *summary;                /* as an option's help; with the source */
    const ad_optimizer_option *options; /* ends with a NULL name */
} ad_optimizer_kind;
AD_API const ad_optimizer_kind *ad_optimizer_kind_at(int index);          /* NULL past the last */
AD_API const ad_optimizer_kind *ad_optimizer_kind_find(const char *name); /* NULL: none */

/* A kind and the values of its options: plain data to copy. In the names of options '_' may stand
 * for '-'. */
typedef struct ad_optimizer_spec {
    const ad_optimizer_kind *kind;
    double value[AD_OPTIMIZER_OPTIONS]; /* in the order of kind->options */
    bool given[AD_OPTIMIZER_OPTIONS];   /* set by parse or set; else the default */
} ad_optimizer_spec;
/* Reads "adam" or "adam:lr=2e-4,beta1=0.5"; of a flag "nesterov", "nesterov=yes" or "nesterov=no".
 * AD_ERROR_NOT_FOUND for an unknown optimizer or option, AD_ERROR_ARGUMENT for a value that is not
 * a number, out of range, or given twice. On an error spec->kind is NULL. */
AD_API ad_status ad_optimizer_spec_parse(ad_optimizer_spec *spec, ad_context *ctx,
                                         const char *text);
/* Sets one option; errors as above, and the spec stays as it was. */
AD_API ad_status ad_optimizer_spec_set(ad_optimizer_spec *spec, ad_context *ctx, const char *option,
                                       double value);
/* The index of an option, into kind->options, value and given; -1: the kind has no such option. */
AD_API int ad_optimizer_spec_option(const ad_optimizer_spec *spec, const char *option);

/* ---- making one ---- */

/* An optimizer for every parameter of `vars` (buffers excluded) under `prefix` (NULL: all). Its
 * state lives in its own store (names "adam.m.0", "adam.step", ...) so that it can be saved.
 * NULL on failure; AD_ERROR_ARGUMENT for options that do not go together. */
AD_API ad_optimizer *ad_optimizer_make(ad_vars *vars, const char *prefix,
                                       const ad_optimizer_spec *spec);
/* The same from a spec's text: ad_optimizer_new(vars, "netG", "adam:lr=2e-4,beta1=0.5"). */
AD_API ad_optimizer *ad_optimizer_new(ad_vars *vars, const char *prefix, const char *text);

/* The same again for programs that name their optimizer in C; 0 is the default of each option. */

/* Stochastic gradient descent, with momentum as in Sutskever et al. 2013, in PyTorch's form. */
typedef struct ad_sgd_options {
    double lr; /* 0: 1e-2 */
    double momentum, weight_decay;
    bool nesterov;    /* needs a momentum, and no dampening */
    double dampening; /* of the gradient as it goes into the momentum, from the second step on */
} ad_sgd_options;
/* RMSProp (Tieleman & Hinton 2012; centred: Graves 2013), in torch.optim.RMSprop's form. */
typedef struct ad_rmsprop_options {
    double lr;    /* 0: 1e-2 */
    double alpha; /* 0: 0.99 */
    double eps;   /* 0: 1e-8 */
    double momentum, weight_decay;
    bool centered; /* divides by the gradient's deviation, not by its root mean square */
} ad_rmsprop_options;
/* Kingma & Ba 2015; AdamW: Loshchilov & Hutter 2019. */
typedef struct ad_adam_options {
    double lr;           /* 0: 1e-3 */
    double beta1, beta2; /* 0: 0.9, 0.999 */
    double eps;          /* 0: 1e-8 */
    double weight_decay; /* Adam: L2 added to the gradient; AdamW: decoupled */
} ad_adam_options;
AD_API ad_optimizer *ad_sgd(ad_vars *vars, const char *prefix, ad_sgd_options options);
AD_API ad_optimizer *ad_rmsprop(ad_vars *vars, const char *prefix, ad_rmsprop_options options);
AD_API ad_optimizer *ad_adam(ad_vars *vars, const char *prefix, ad_adam_options options);
AD_API ad_optimizer *ad_adamw(ad_vars *vars, const char *prefix, ad_adam_options options);

/* What it trains from now on, instead of what lies under its prefix: these variables, each a
 * parameter of its store, not frozen, and named once; or what lies under any of these prefixes,
 * each of which must hold a parameter by the time of ad_minimize. Both are copied. On an error
 * nothing changes. Parameters that are frozen later are left alone in any case. */
AD_API ad_status ad_optimizer_select(ad_optimizer *optimizer, ad_variable *const *variables,
                                     int count);
AD_API ad_status ad_optimizer_select_under(ad_optimizer *optimizer, const char *const *prefixes,
                                           int count);

/* Of the parameters under a prefix (a name, or what stands before a '.' in names): their learning
 * rate is the optimizer's times `factor`. */
typedef struct ad_rate {
    const char *prefix;
    double factor; /* 0 or more */
} ad_rate;
/* Rates of parts of the store, such as of layers (Howard & Ruder 2018, section 3.2), from the next
 * ad_minimize on. Where several prefixes fit a name the longest counts; under none the factor is 1.
 * Each must hold a parameter by the time of ad_minimize. Copied; count 0: none again.
 * AD_ERROR_ARGUMENT for a factor that is negative or not finite; then nothing changes. */
AD_API ad_status ad_optimizer_set_rates(ad_optimizer *optimizer, const ad_rate *rates, int count);

/* After the programs that use it, and before `vars`; frees its state. NULL is ignored. */
AD_API void ad_optimizer_free(ad_optimizer *optimizer);
/* The store of its state, owned by it. Complete after ad_minimize. */
AD_API ad_vars *ad_optimizer_state(ad_optimizer *optimizer);
/* The learning rate is a variable: it may be set between runs (schedules). */
AD_API ad_status ad_optimizer_set_lr(ad_optimizer *optimizer, double lr);
AD_API double ad_optimizer_lr(const ad_optimizer *optimizer);

/* ---- a step ---- */

/* Appends the gradients of `loss` and the update (which lays out what is pending in the stores);
 * the returned node, as an output of ad_compile, makes the step happen. Parameters that the loss
 * does not use stay as they are. */
AD_API ad_node *ad_minimize(ad_optimizer *optimizer, ad_node *loss);
/* The same with the gradients' global norm clipped to max_norm (> 0); *norm (unless NULL) becomes
 * the node of the norm before clipping. */
AD_API ad_node *ad_minimize_clipped(ad_optimizer *optimizer, ad_node *loss, double max_norm,
                                    ad_node **norm);

/* The same with all there is. */
typedef struct ad_minimize_options {
    double max_norm;     /* > 0: clip the gradient's global norm */
    int accumulate;      /* > 1: a step's gradient is the mean over this many batches */
    bool decay_matrices; /* weight decay on parameters of two axes or more only: not on biases and
                            scales (Radford et al. 2019) */
} ad_minimize_options;
typedef struct ad_minimize_nodes {
    ad_node *step;    /* makes the step happen; with accumulate, it is run for the last batch */
    ad_node *collect; /* accumulate > 1: adds a batch's gradient, for all batches before; belongs
                         into a program of its own. Else NULL */
    ad_node *norm;    /* max_norm > 0: f32, before clipping. Else NULL */
} ad_minimize_nodes;
AD_API ad_minimize_nodes ad_minimize_with(ad_optimizer *optimizer, ad_node *loss,
                                          ad_minimize_options options);

/* ---- averages (Polyak & Juditsky 1992) ---- */
typedef struct ad_average ad_average;
/* An exponential moving average of every parameter of `vars`, which starts at their values:
 *     average += (1 - d) (parameter - average),  d = min(decay, (1 + n) / (10 + n)) at update n.
 * Buffers (running statistics) are not averaged. *average is NULL on an error; free it before
 * `vars`. */
AD_API ad_status ad_average_new(ad_average **average, ad_vars *vars, double decay);
AD_API void ad_average_free(ad_average *average); /* NULL is ignored */
/* After a step: one pass over all parameters. */
AD_API ad_status ad_average_update(ad_average *average);
/* Exchanges parameters and averages; a second call undoes it. No update in between. */
AD_API ad_status ad_average_swap(ad_average *average);
/* The store of the averages, by the parameters' names, and of the count "average.updates". */
AD_API ad_vars *ad_average_vars(ad_average *average);

/* ---- L-BFGS (Nocedal & Wright, algorithms 7.4/7.5, 3.5/3.6; strong Wolfe) ---- */
typedef struct ad_lbfgs ad_lbfgs;
typedef struct ad_lbfgs_options {
    int history;               /* 0: 100 pairs */
    double lr;                 /* 0: 1; first step length tried is min(1, 1/sum|g|) * lr, then lr */
    double tolerance_gradient; /* stop when max|g| is at most this; 0: 1e-7 */
    double tolerance_change;   /* stop when max|t d| or |f - f_prev| is at most this; 0: 1e-9 */
    int max_evaluations_per_step; /* line search; 0: 25 */
} ad_lbfgs_options;
typedef enum ad_lbfgs_state {
    AD_LBFGS_RUNNING = 0,
    AD_LBFGS_CONVERGED, /* a tolerance was met, or no way descends: more steps do nothing */
    AD_LBFGS_FAILED,    /* the loss is not finite: more steps return AD_ERROR_NUMERIC */
} ad_lbfgs_state;
typedef struct ad_lbfgs_report {
    double loss, gradient_max, step_length; /* of the accepted iterate; max|g|; t of x + t d */
    int evaluations;                        /* since the start */
    ad_lbfgs_state state;
} ad_lbfgs_report;
/* Minimises `loss` over one f32 variable (an image, or a block). `extra` nodes are evaluated along
 * and can be read from the accepted iterate (ad_lbfgs_extra). Compiles its programs at once;
 * `compile` may be NULL. *lbfgs is NULL on an error; free it before `vars`. */
AD_API ad_status ad_lbfgs_new(ad_lbfgs **lbfgs, ad_vars *vars, ad_variable *variable, ad_node *loss,
                              ad_node *const *extra, int extra_count, ad_lbfgs_options options,
                              const ad_compile_options *compile);
AD_API void ad_lbfgs_free(ad_lbfgs *lbfgs); /* NULL is ignored */
/* One iteration: direction, line search, accepted point. The variable always holds the last
 * accepted iterate when this returns, and must not be changed by others between steps. Inputs of
 * the loss are bound to ad_lbfgs_program before the first. AD_ERROR_NUMERIC when the loss is not
 * finite: the variable holds the last good iterate, and the error names the node where the numbers
 * ended. */
AD_API ad_status ad_lbfgs_step(ad_lbfgs *lbfgs, ad_lbfgs_report *report);
AD_API double ad_lbfgs_extra(const ad_lbfgs *lbfgs, int index); /* at the accepted iterate */
/* The program of loss and gradient, owned by `lbfgs`: for binding inputs, explain, stats. */
AD_API ad_program *ad_lbfgs_program(ad_lbfgs *lbfgs);

#ifdef __cplusplus
}
#endif
#endif
