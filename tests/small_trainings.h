/* small_trainings.h - a few training steps of small networks, as a device runs them: what tests of
 * devices compare. */
#ifndef AD_TESTS_SMALL_TRAININGS_H
#define AD_TESTS_SMALL_TRAININGS_H

#include "check.h"
#include "plan/program.h"

#include <autodidact/nn.h>
#include <autodidact/ops.h>
#include <autodidact/optim.h>

enum { SMALL_ROWS = 12, SMALL_WIDTH = 20, SMALL_STEPS = 3, SMALL_MOST = 4096 };

typedef struct small_network {
    ad_graph *g;
    ad_vars *vars;
    ad_node *x, *labels; /* inputs: f32 [SMALL_ROWS, SMALL_WIDTH], i32 [SMALL_ROWS] of 0 .. 4 */
    ad_node *updates[2]; /* what a step assigns beside the parameters; or NULL */
} small_network;

static inline ad_node *small_linear(small_network *n, const char *name, ad_node *x, int64_t width)
{
    return ad_linear(n->vars, name, x, width, (ad_linear_options){0});
}

/* ---- the networks ---- */

/* Matrix products, elementwise steps and sums: the least that a device trains with. */
static inline ad_node *small_perceptron(small_network *n)
{
    ad_node *hidden = ad_relu(small_linear(n, "hidden", n->x, 16));
    return ad_mean(ad_square(small_linear(n, "out", hidden, 3)), AD_ALL_AXES, false);
}

static inline ad_node *small_classifier(small_network *n)
{
    ad_node *hidden = ad_gelu(small_linear(n, "hidden", n->x, 16));
    hidden = ad_dropout(hidden, 0.1, ad_rng(n->g, n->vars));
    n->updates[0] = ad_rng_advance(n->g, n->vars);
    hidden = ad_layer_norm_layer(n->vars, "norm", ad_silu(hidden), 0);
    return ad_cross_entropy_loss(small_linear(n, "logits", hidden, 5), n->labels);
}

static inline ad_node *small_transformer(small_network *n)
{
    ad_node *x = ad_embedding(n->vars, "tokens", n->labels, 5, 16);
    x = ad_reshape(x, ad_shape(2, SMALL_ROWS / 2, 16));
    ad_attention_options causal = {.causal = true};
    ad_node *qkv = small_linear(n, "qkv", ad_layer_norm_layer(n->vars, "norm", x, 0), 48);
    x = ad_add(x, small_linear(n, "mix", ad_self_attention(qkv, 2, 0, causal), 16));
    ad_node *logits = small_linear(n, "logits", ad_gelu_tanh(x), 5);
    return ad_cross_entropy_loss(ad_reshape(logits, ad_shape(SMALL_ROWS, 5)), n->labels);
}

static inline ad_node *small_convolutions(small_network *n)
{
    ad_node *x = ad_reshape(n->x, ad_shape(1, SMALL_ROWS, SMALL_WIDTH, 1));
    ad_batch_norm_options training = {.training = true, .update = &n->updates[0]};
    x = ad_conv2d_layer(n->vars, "one", x, 8,
                        (ad_conv_layer){.kernel = 3, .conv = {.pad = 1}, .reflect = true});
    x = ad_max_pool2d(ad_relu(ad_batch_norm_layer(n->vars, "norm", x, training)),
                      (ad_window){.size = 2});
    x = ad_conv2d_layer(n->vars, "two", x, 4, (ad_conv_layer){.kernel = 3, .conv = {.pad = 1}});
    x = ad_adaptive_avg_pool2d(ad_sigmoid(x), 1, 1);
    return ad_mean(ad_log_softmax(x, 3), AD_ALL_AXES, false);
}

/* Softmax over rows, columns of a concatenation, views with strides. */
static inline ad_node *small_views(small_network *n)
{
    ad_node *y = small_linear(n, "one", n->x, SMALL_ROWS);
    ad_node *sides[] = {ad_transpose(y), ad_slice(n->x, 1, 0, 8, 1)};
    ad_node *soft = ad_softmax(ad_concat(sides, 2, 1), 1);
    ad_node *turned = ad_matmul(ad_transpose(soft), small_linear(n, "two", n->x, 6));
    return ad_mean(ad_square(turned), AD_ALL_AXES, false);
}

typedef struct small_training {
    const char *name;
    ad_node *(*loss)(small_network *n);
} small_training;

static const small_training small_trainings[] = {
    {"perceptron", small_perceptron},
    {"classifier", small_classifier},
    {"transformer", small_transformer},
    {"convolutions", small_convolutions},
    {"views", small_views},
};
enum { SMALL_TRAININGS = sizeof small_trainings / sizeof *small_trainings };

/* ---- training ---- */

typedef struct small_outcome {
    double loss[SMALL_STEPS];
    float parameters[SMALL_MOST]; /* and buffers, one behind the other */
    int count;
    ad_program_stats stats;
} small_outcome;

static inline void small_keep(const ad_vars *vars, small_outcome *outcome)
{
    for (int i = 0; i < ad_vars_count(vars); ++i) {
        ad_variable *v = ad_vars_at(vars, i);
        int count = (int)ad_shape_count(v->shape);
        if (v->dtype != AD_F32) continue;
        REQUIRE(outcome->count + count <= SMALL_MOST);
        ad_variable_get((ad_vars *)vars, v, outcome->parameters + outcome->count);
        outcome->count += count;
    }
}

static inline ad_status small_steps(ad_program *program, small_outcome *outcome)
{
    static float x[SMALL_ROWS * SMALL_WIDTH];
    static int32_t labels[SMALL_ROWS];
    ad_dtype dtype;
    ad_shape shape;
    for (int i = 0; i < SMALL_ROWS * SMALL_WIDTH; ++i) x[i] = sinf(0.7f * (float)(i * i % 97));
    for (int i = 0; i < SMALL_ROWS; ++i) labels[i] = i * 3 % 5;
    ad_status status = ad_program_verify(program);
    if (!status && ad_program_find_input(program, "x", &dtype, &shape))
        status = ad_bind_name(program, "x", x, sizeof x);
    if (!status && ad_program_find_input(program, "labels", &dtype, &shape))
        status = ad_bind_name(program, "labels", labels, sizeof labels);
    for (int i = 0; i < SMALL_STEPS && !status; ++i) {
        status = ad_run(program);
        const float *loss = status ? NULL : ad_result_at(program, 0);
        if (loss) outcome->loss[i] = (double)*loss;
    }
    return status;
}

/* Steps of gradient descent from the same weights each time; `look` may see the program before it
 * runs. The error is the context's. */
static inline ad_status small_train(ad_context *ctx, const small_training *training,
                                    const ad_compile_options *options, small_outcome *outcome,
                                    void (*look)(ad_program *program))
{
    small_network n = {.g = ad_graph_new(ctx), .vars = ad_vars_new(ctx, 3)};
    ad_program *program = NULL;
    *outcome = (small_outcome){0};
    n.x = ad_input(n.g, "x", AD_F32, ad_shape(SMALL_ROWS, SMALL_WIDTH));
    n.labels = ad_input(n.g, "labels", AD_I32, ad_shape(SMALL_ROWS));
    ad_node *loss = training->loss(&n);
    ad_optimizer *sgd = ad_sgd(n.vars, NULL, (ad_sgd_options){.lr = 0.1, .momentum = 0.9});
    ad_node *outputs[4] = {loss, ad_minimize(sgd, loss)};
    int count = 2;
    for (int i = 0; i < 2; ++i)
        if (n.updates[i]) outputs[count++] = n.updates[i];
    ad_status status = ad_compile(&program, ctx, outputs, count, options);
    if (!status && look) look(program);
    if (!status) outcome->stats = ad_program_get_stats(program);
    if (!status) status = small_steps(program, outcome);
    if (!status) small_keep(n.vars, outcome);
    ad_program_free(program);
    ad_optimizer_free(sgd);
    ad_graph_free(n.g);
    ad_vars_free(n.vars);
    return status;
}

/* Rounding apart, the same losses and parameters. */
static inline void small_compare(const char *what, const small_outcome *got,
                                 const small_outcome *want)
{
    const double near = 2e-4;
    CHECK_INT(got->count, want->count);
    for (int i = 0; i < SMALL_STEPS; ++i)
        if (!(fabs(got->loss[i] - want->loss[i]) <= near * fmax(1, fabs(want->loss[i]))))
            CHECK_FAIL("%s: loss %.9g of step %d, expected %.9g", what, got->loss[i], i + 1,
                       want->loss[i]);
    for (int i = 0; i < want->count; ++i) {
        double x = (double)got->parameters[i], y = (double)want->parameters[i];
        if (fabs(x - y) <= near * fmax(1, fabs(y))) continue;
        CHECK_FAIL("%s: parameter %d is %.9g, expected %.9g", what, i, x, y);
        return;
    }
}

static inline bool small_same_bits(const small_outcome *a, const small_outcome *b)
{
    return !memcmp(a->loss, b->loss, sizeof a->loss) && a->count == b->count &&
           !memcmp(a->parameters, b->parameters, (size_t)a->count * sizeof *a->parameters);
}

#endif
