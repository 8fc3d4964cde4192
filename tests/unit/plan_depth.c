/* Planning grows with the network and no faster. Nothing is timed: of a network of twice the depth,
 * the stages' walks (ad_stage_cost) take about twice as many steps, and planning takes about twice
 * the memory. */
#include <autodidact/ops.h>
#include <autodidact/optim.h>

#include "check.h"
#include "plan/plan.h"

enum { DEPTH = 80, ROWS = 32, WIDTH = 16, MOST_OUTPUTS = 2 * DEPTH + 2 };
/* How much more twice the depth may take; a heap of kernels is a little deeper then. */
static const double most = 2.5;

typedef struct network {
    ad_context *ctx;
    ad_graph *g;
    ad_vars *vars[2];
    ad_optimizer *optimizer[2];
    ad_node *output[MOST_OUTPUTS];
    int outputs;
} network;

static void optimize(network *n, int i, ad_node *loss)
{
    n->optimizer[i] = ad_adamw(n->vars[i], NULL, (ad_adam_options){.weight_decay = 0.1});
    REQUIRE(n->optimizer[i]);
    ad_minimize_options update = {.max_norm = 1, .decay_matrices = true};
    n->output[n->outputs++] = ad_minimize_with(n->optimizer[i], loss, update).step;
}

static ad_node *mean_square(ad_node *x)
{
    return ad_mean(ad_square(x), AD_ALL_AXES, false);
}

/* A linear layer of its own name. */
static ad_node *linear(ad_vars *vars, ad_node *x, int64_t features)
{
    char name[16];
    snprintf(name, sizeof name, "linear%d", ad_vars_count(vars));
    return ad_linear(vars, name, x, features, (ad_linear_options){0});
}

static void transformer(network *n, int depth)
{
    ad_node *x = ad_input(n->g, "x", AD_F32, ad_shape(2, ROWS, WIDTH));
    for (int i = 0; i < depth; ++i) {
        ad_node *qkv = linear(n->vars[0], ad_normalize(x, ad_axes(2), 1e-5), 3 * (int64_t)WIDTH);
        ad_attention_options causal = {.causal = true};
        x = ad_add(x, linear(n->vars[0], ad_self_attention(qkv, 2, 0, causal), WIDTH));
        ad_node *wide = linear(n->vars[0], ad_normalize(x, ad_axes(2), 1e-5), 4 * (int64_t)WIDTH);
        x = ad_add(x, linear(n->vars[0], ad_gelu(wide), WIDTH));
    }
    optimize(n, 0, mean_square(x));
}

/* Two networks that have nothing to do with each other, layer by layer in turn: no path through the
 * one tells anything about the other. */
static void two_networks(network *n, int depth)
{
    ad_node *x[2] = {ad_input(n->g, "x", AD_F32, ad_shape(ROWS, WIDTH)),
                     ad_input(n->g, "y", AD_F32, ad_shape(ROWS, WIDTH))};
    for (int i = 0; i < depth; ++i)
        for (int k = 0; k < 2; ++k) x[k] = ad_add(x[k], ad_gelu(linear(n->vars[k], x[k], WIDTH)));
    for (int k = 0; k < 2; ++k) optimize(n, k, mean_square(x[k]));
}

/* Convolutions with batch norm, whose running statistics are assigned on the way. */
static void convolutions(network *n, int depth)
{
    ad_node *x = ad_input(n->g, "x", AD_F32, ad_shape(2, 8, 8, 8));
    for (int i = 0; i < depth; ++i) {
        char name[16];
        snprintf(name, sizeof name, "conv%d", i);
        ad_conv_layer layer = {.kernel = 3, .conv = {.pad = 1}, .no_bias = true};
        ad_node *y = ad_conv2d_layer(n->vars[0], name, x, 8, layer);
        snprintf(name, sizeof name, "norm%d", i);
        ad_batch_norm_options training = {.training = true, .update = &n->output[n->outputs++]};
        x = ad_add(x, ad_relu(ad_batch_norm_layer(n->vars[0], name, y, training)));
    }
    optimize(n, 0, mean_square(x));
}

/* Many parts of one whole, and many who read parts of it. */
static void parts(network *n, int depth)
{
    ad_node *part[2 * DEPTH], *x = ad_input(n->g, "x", AD_F32, ad_shape(ROWS, WIDTH));
    for (int i = 0; i < depth; ++i) part[i] = ad_gelu(ad_mul_scalar(x, i + 2));
    ad_node *whole = ad_concat(part, depth, 1);
    for (int i = 0; i < depth; ++i)
        n->output[n->outputs++] = ad_sum(ad_exp(ad_slice(whole, 1, i, i + WIDTH, 1)), AD_ALL_AXES,
                                         false);
}

/* What planning of that depth took: *peak in bytes. */
static void measure(void (*build)(network *n, int depth), int depth,
                    ad_stage_cost costs[AD_STAGE_COSTS], double *peak)
{
    network n = {.ctx = ad_context_new(&(ad_context_options){.threads = 1})};
    ad_program *program = NULL;
    REQUIRE(n.ctx);
    n.g = ad_graph_new(n.ctx);
    for (int i = 0; i < 2; ++i) n.vars[i] = ad_vars_new(n.ctx, 1);
    build(&n, depth);
    ad_compile_options options = {.device = AD_DEVICE_NULL};
    if (ad_compile(&program, n.ctx, n.output, n.outputs, &options) != AD_OK) {
        CHECK_FAIL("depth %d: %s", depth, ad_error(n.ctx));
    } else {
        memcpy(costs, program->costs, sizeof program->costs);
        *peak = (double)ad_context_memory_peak(n.ctx);
    }
    ad_program_free(program);
    for (int i = 0; i < 2; ++i) ad_optimizer_free(n.optimizer[i]);
    ad_graph_free(n.g);
    for (int i = 0; i < 2; ++i) ad_vars_free(n.vars[i]);
    ad_context_free(n.ctx);
}

static void grows_evenly(void (*build)(network *n, int depth))
{
    ad_stage_cost once[AD_STAGE_COSTS] = {0}, twice[AD_STAGE_COSTS] = {0};
    double peak = 0, twice_peak = 0;
    int64_t all = 0;
    measure(build, DEPTH, once, &peak);
    measure(build, 2 * DEPTH, twice, &twice_peak);
    for (int i = 0; i < AD_STAGE_COSTS && once[i].name; ++i) {
        double few = (double)once[i].visits, many = (double)twice[i].visits;
        if (many > most * few + DEPTH)
            CHECK_FAIL("%s: %.0f steps, %.0f for twice the depth", once[i].name, few, many);
        all += once[i].visits;
    }
    CHECK(all > DEPTH);
    if (twice_peak > most * peak)
        CHECK_FAIL("%.0f bytes, %.0f for twice the depth", peak, twice_peak);
}

static void of_a_transformer(void)
{
    grows_evenly(transformer);
}

static void of_two_networks(void)
{
    grows_evenly(two_networks);
}

static void of_convolutions(void)
{
    grows_evenly(convolutions);
}

static void of_parts(void)
{
    grows_evenly(parts);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(of_a_transformer),
                                     CASE(of_two_networks),
                                     CASE(of_convolutions),
                                     CASE(of_parts),
                                     {0}});
}
