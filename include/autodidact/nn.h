/* nn.h - named state in blocks, and layers as graph builders.
 *
 * ad_vars is the store: parameters (trained) and buffers (running statistics, counters), by the
 * names of the published checkpoints. It outlives graphs; several graphs use the same variables.
 * Variables declared together lie in one contiguous block per kind, so that an optimizer's update,
 * a checkpoint or a norm is one pass over one vector. A block is laid out (and initialised from the
 * seed) when it is first needed; variables declared later go to a further block.
 *
 * A store in several contexts. A store belongs to the context that it was made in: declaring,
 * loading, saving and its optimizers are that context's. Graphs of other contexts can read and
 * assign variables that are declared and laid out (ad_vars_ready): ad_param and the layers find
 * them there, and poison the graph where one is missing. Any number of programs that only read can
 * run at the same time, each in its own context and thread. Whatever changes values (a program that
 * assigns, ad_variable_set, ad_vars_load, ad_average_swap) wants the blocks that it changes to
 * itself: at the wrong moment it, or what meets it, returns AD_ERROR_ARGUMENT, "... is in use",
 * having changed nothing. So programs of two threads may take turns without a lock; one that wants
 * to wait for its turn needs one. L-BFGS moves its variable between runs, too: nothing else may use
 * that during a step. The store must outlive the programs.
 *
 * Stability: stable (base.h says what that means). */
#ifndef AUTODIDACT_NN_H
#define AUTODIDACT_NN_H

#include <autodidact/graph.h>
#include <autodidact/io.h>
#include <autodidact/ops.h>
#include <autodidact/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_vars ad_vars;

/* An empty store; initial values follow from `seed` and the names. NULL when memory is refused. */
AD_API ad_vars *ad_vars_new(ad_context *ctx, uint64_t seed);
/* Frees the store and its variables, after the programs that use them. NULL is ignored. */
AD_API void ad_vars_free(ad_vars *vars);
AD_API ad_context *ad_vars_context(const ad_vars *vars);

/* How a variable's axes are ordered in files. */
typedef enum ad_file_layout {
    AD_LAYOUT_SAME = 0,
    AD_LAYOUT_CONV,            /* ours [kh, kw, in, out], PyTorch's [out, in, kh, kw] */
    AD_LAYOUT_CONV_TRANSPOSED, /* ours [kh, kw, out, in], PyTorch's [in, out, kh, kw] */
    AD_LAYOUT_MATRIX,          /* ours [in, out], PyTorch's [out, in]: rows to gather by input */
    /* Ours u8 [n, bytes of k numbers], quantised rows (ad_quantized): the file's [n, k], or,
     * turned, its [k, n]. Blocks of the same form that a GGUF file holds are taken as they are. */
    AD_LAYOUT_Q8_0,
    AD_LAYOUT_Q4_0,
    AD_LAYOUT_Q8_0_TURNED,
    AD_LAYOUT_Q4_0_TURNED,
} ad_file_layout;

/* Glorot & Bengio 2010 (Xavier), He et al. 2015 (Kaiming), Saxe et al. 2013 (orthogonal). */
typedef enum ad_init_kind {
    AD_INIT_ZEROS = 0,
    AD_INIT_CONSTANT,        /* a */
    AD_INIT_UNIFORM,         /* [-a, a) */
    AD_INIT_NORMAL,          /* mean 0, deviation a */
    AD_INIT_KAIMING_UNIFORM, /* a: negative slope; PyTorch's default for layers is sqrt(5) */
    AD_INIT_KAIMING_NORMAL,  /* a: negative slope */
    AD_INIT_XAVIER_UNIFORM,  /* a: gain (0: 1) */
    AD_INIT_XAVIER_NORMAL,
    AD_INIT_ORTHOGONAL, /* a: gain (0: 1) */
} ad_init_kind;
typedef struct ad_init {
    ad_init_kind kind;
    double a;
    int64_t fan_in, fan_out; /* 0: from the shape */
} ad_init;

typedef struct ad_var_options {
    ad_init init;
    ad_dtype dtype;
    ad_file_layout layout;
    bool buffer;   /* state that is not trained */
    bool optional; /* files may lack it, as earlier ones did: it keeps its value then */
} ad_var_options;
/* Declares a variable, or finds the one of that name (the shape must agree). NULL and the context's
 * error on a mismatch. Names are used unchanged. */
AD_API ad_variable *ad_var(ad_vars *vars, const char *name, ad_shape shape, ad_var_options options);
AD_API ad_variable *ad_var_find(const ad_vars *vars, const char *name); /* NULL: none */
AD_API int ad_vars_count(const ad_vars *vars);
AD_API int64_t ad_vars_parameters(const ad_vars *vars); /* numbers in them that are not buffers */
AD_API ad_variable *ad_vars_at(const ad_vars *vars, int index); /* in order of declaration */
AD_API bool ad_variable_is_buffer(const ad_variable *variable);
AD_API ad_file_layout ad_variable_layout(const ad_variable *variable);
/* Parameters of this name or below it ("layer1" holds "layer1.0.conv1.weight"; NULL: all) are left
 * alone by optimizers made or used from now on, or no longer. */
AD_API void ad_vars_freeze(ad_vars *vars, const char *prefix, bool frozen);
/* Lays out and initialises what is pending. Others that need it call it themselves. */
AD_API ad_status ad_vars_ready(ad_vars *vars);

/* Copies a whole value in or out (contiguous, the variable's dtype, our axis order). */
AD_API ad_status ad_variable_set(ad_vars *vars, ad_variable *variable, const void *data);
AD_API ad_status ad_variable_get(ad_vars *vars, const ad_variable *variable, void *data);
/* The value in place; read-only (writes go through ad_variable_set so that programs notice). */
AD_API const void *ad_variable_data(ad_vars *vars, const ad_variable *variable);

/* Parameters as nodes of a graph. Layers below use it: a parameter of `name` becomes
 * ad_read(graph, ad_var(vars, name, ...)), poisoned on a mismatch. */
AD_API ad_node *ad_param(ad_graph *graph, ad_vars *vars, const char *name, ad_shape shape,
                         ad_var_options options);

/* The RNG state buffer "rng.state" (i64[2]: seed, step) as a node, and the assign that advances it
 * by one each run. */
AD_API ad_node *ad_rng(ad_graph *graph, ad_vars *vars);
AD_API ad_node *ad_rng_advance(ad_graph *graph, ad_vars *vars);

/* ---- training form and evaluation form ---- */

/* In training form a network drops activations and moves its running statistics; in evaluation form
 * (a NULL mode, or `training` off) it does neither. */
typedef struct ad_mode {
    bool training;
    double dropout;    /* rate of ad_mode_dropout */
    ad_node *rng;      /* ad_rng of the graph; needed for dropout */
    ad_node **updates; /* [update_count], of the graph: what a step does besides */
    int update_count, update_capacity;
} ad_mode;
/* Adds an assign (a running statistic, ad_rng_advance) to what a step does. */
AD_API void ad_mode_update(ad_mode *mode, ad_node *update);
AD_API ad_node *ad_mode_dropout(const ad_mode *mode, ad_node *x);

/* ---- layers: PyTorch's default initialisation; parameters NAME.weight, NAME.bias ---- */

/* Spectral norm (Miyato et al. 2018), of a linear layer or a convolution: its weight is divided by
 * an estimate of the largest singular value of the matrix [out, all else], which is what it can
 * stretch its input by at most. The parameter is NAME.weight_orig, and NAME.weight_u [out] the
 * singular vector, which each step in training form moves on by one power iteration. It and its
 * companion are constants to the gradient, as in PyTorch. */
typedef struct ad_spectral {
    bool on;
    ad_mode *mode;
} ad_spectral;

typedef struct ad_linear_options {
    bool no_bias;
    ad_init init; /* zero kind: the default (for zeros: AD_INIT_CONSTANT with a = 0) */
    ad_spectral spectral;
} ad_linear_options;
/* x [..., in] -> [..., features]; weight [features, in] as in files. */
AD_API ad_node *ad_linear(ad_vars *vars, const char *name, ad_node *x, int64_t features,
                          ad_linear_options options);
typedef struct ad_conv_layer {
    int kernel, kernel_w; /* kernel_w 0: square */
    ad_conv conv;
    bool no_bias;
    bool reflect; /* pads by reflection instead of zeros */
    ad_init init;
    ad_spectral spectral;
} ad_conv_layer;
/* x [n, h, w, in] -> [n, oh, ow, channels]; weight [kh, kw, in / groups, channels]. */
AD_API ad_node *ad_conv2d_layer(ad_vars *vars, const char *name, ad_node *x, int64_t channels,
                                ad_conv_layer options);
/* Sizes as ad_conv2d_transposed; weight [kh, kw, channels / groups, in]. Pads with zeros only. */
AD_API ad_node *ad_conv2d_transposed_layer(ad_vars *vars, const char *name, ad_node *x,
                                           int64_t channels, int output_pad, ad_conv_layer options);
/* indices (i32 or i64) [...] -> [..., width]; weight [rows, width], no bias. */
AD_API ad_node *ad_embedding(ad_vars *vars, const char *name, ad_node *indices, int64_t rows,
                             int64_t width);
/* Over the axes of the builders in ops.h; eps 0: 1e-5. NAME.weight, NAME.bias; for batch norm also
 * NAME.running_mean, .running_var, .num_batches_tracked. */
AD_API ad_node *ad_layer_norm_layer(ad_vars *vars, const char *name, ad_node *x, double eps);
AD_API ad_node *ad_instance_norm_layer(ad_vars *vars, const char *name, ad_node *x, double eps);
AD_API ad_node *ad_group_norm_layer(ad_vars *vars, const char *name, ad_node *x, int groups,
                                    double eps);
typedef struct ad_batch_norm_options {
    double eps, momentum; /* 0: 1e-5, 0.1 */
    bool training;
    bool no_affine; /* neither scale nor shift: NAME has running statistics alone */
    /* training: *update becomes the node that moves the running statistics by `momentum` towards
     * the batch's (unbiased variance); add it to the outputs */
    ad_node **update;
} ad_batch_norm_options;
AD_API ad_node *ad_batch_norm_layer(ad_vars *vars, const char *name, ad_node *x,
                                    ad_batch_norm_options options);

/* Batch norm in the mode's form; eps and momentum are the defaults. */
AD_API ad_node *ad_mode_batch_norm(ad_mode *mode, ad_vars *vars, const char *name, ad_node *x);

/* ---- losses: scalars, the mean over all elements ---- */
AD_API ad_node *ad_mse_loss(ad_node *prediction, ad_node *target);
AD_API ad_node *ad_l1_loss(ad_node *prediction, ad_node *target);
/* d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2); d = prediction - target. */
AD_API ad_node *ad_huber_loss(ad_node *prediction, ad_node *target, double delta);
/* Binary cross-entropy of sigmoid(logits) with targets of 0 to 1. */
AD_API ad_node *ad_bce_with_logits_loss(ad_node *logits, ad_node *target);
/* The mean of ad_cross_entropy over the rows. */
AD_API ad_node *ad_cross_entropy_loss(ad_node *logits, ad_node *labels);
/* The same of logits = x weight^T, x [rows, width], weight [classes, width], labels [rows]: a few
 * rows at a time, forward and backward, so that the logits of no more than `block` rows are ever
 * there (block 0: as many as make 64 MB of logits; all at once if they do). The blocks follow from
 * the shapes alone. Gradients to x and weight. (After Hsu et al. 2024, Liger Kernel, arXiv
 * 2410.10989.) */
AD_API ad_node *ad_linear_cross_entropy_loss(ad_node *x, ad_node *weight, ad_node *labels,
                                             int64_t block);

/* ---- weights to and from files (formats of io.h) ---- */
/* What was loaded and what was not; sentences for people, which may be cut ("and 12 more"). */
typedef struct ad_load_report {
    int variables, loaded; /* of the store (not counting what may be missing); from the file */
    int missing, unfit;    /* not loaded; of these, what the file has in another shape or type */
    int unused;            /* tensors of the file that no variable wants */
    char missing_names[256], unfit_names[512], unused_names[256];
} ad_load_report;

typedef struct ad_load_options {
    const char *strip;  /* prefix of the file's names to drop; tensors without it are none of it */
    const char *add;    /* prefix to add to them */
    const char *ignore; /* tensors whose names (without `strip`) begin with this are none of it */
    bool allow_missing; /* variables that the file lacks keep their value (default: an error) */
    bool allow_unused;  /* tensors that no variable wants (default: an error naming the first) */
    bool whole;         /* but none that differs from a variable's only in a number of its name: a
                           layer that the network would be built without is an error */
    bool fitting;       /* load what fits by name and shape; all others keep their value, and so
                           does "rng.state". Nothing that fits is an error */
    ad_load_report *report; /* filled unless NULL: say to people what it says */
} ad_load_options;
/* Tells a person what of the file is not used; `path` is the file's. Nothing where all is. */
AD_API void ad_load_report_unused(const ad_load_report *report, const ad_watcher *watcher,
                                  const char *path);
/* Loads by name, converting dtype and axis order. Nothing is changed on an error, which names the
 * file, the first tensor that does not fit, and both shapes. Integers are not made from floats, and
 * NaN or infinity in a tensor that the network has is AD_ERROR_NUMERIC, which names the tensor.
 * What only this library keeps ("rng.state") or older files lack (num_batches_tracked) may be
 * missing. */
AD_API ad_status ad_vars_load(ad_vars *vars, const char *path, ad_load_options options);
/* The same from an open file, which stays open. */
AD_API ad_status ad_vars_load_file(ad_vars *vars, ad_file *file, ad_load_options options);
/* Writes safetensors in the files' axis order; atomically. */
AD_API ad_status ad_vars_save(ad_vars *vars, const char *path);
/* Several stores in one file, each under a prefix, and what is to be said beside the tensors. */
typedef struct ad_vars_part {
    ad_vars *vars;                  /* NULL: left out */
    const char *prefix;             /* "optimizer."; NULL: none */
    const ad_named_tensor *tensors; /* further ones, in no store */
    int tensor_count;
} ad_vars_part;
AD_API ad_status ad_vars_save_parts(ad_context *ctx, const char *path, const ad_vars_part *parts,
                                    int count, const ad_metadata *metadata, int metadata_count);

#ifdef __cplusplus
}
#endif
#endif
