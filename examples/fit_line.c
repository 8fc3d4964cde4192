/* fit_line.c - the smallest training program: a line through noisy points by gradient descent.
 *
 * The graph is built once: prediction, loss, gradients and update. Each run of the program is one
 * step. All examples are C11 and C++20: cc or c++ fit_line.c $(pkg-config --cflags --libs
 * autodidact).
 */
#include <autodidact/engine.h>

#include <math.h>
#include <stdio.h>

enum { POINTS = 64, STEPS = 200 };

int main(void)
{
    const float slope = 2, offset = -1;
    float x[POINTS], y[POINTS];
    for (int i = 0; i < POINTS; ++i) {
        x[i] = 2.0f * (float)i / (POINTS - 1) - 1;
        y[i] = slope * x[i] + offset + 0.1f * sinf(37.0f * (float)i); /* something like noise */
    }

    ad_context *ctx = ad_context_new(NULL);
    if (!ctx) return 1;
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *g = ad_graph_new(ctx);
    ad_optimizer *sgd = NULL;
    ad_program *step = NULL;
    int status = 1;

    ad_node *input = ad_input(g, "x", AD_F32, ad_shape(POINTS, 1));
    ad_node *target = ad_input(g, "y", AD_F32, ad_shape(POINTS, 1));
    ad_linear_options with_bias = {.no_bias = false};
    ad_node *line = ad_linear(vars, "line", input, 1, with_bias); /* y = weight x + bias */
    ad_node *loss = ad_mse_loss(line, target);
    ad_sgd_options descent = {.lr = 0.3};
    sgd = ad_sgd(vars, NULL, descent);
    ad_node *update = ad_minimize(sgd, loss); /* appends the gradients and the update */
    ad_node *outputs[] = {loss, update};

    if (ad_compile(&step, ctx, outputs, 2, NULL)) goto done;
    if (ad_bind(step, input, x, sizeof x) || ad_bind(step, target, y, sizeof y)) goto done;
    for (int i = 0; i < STEPS; ++i) {
        if (ad_run(step)) goto done;
        if (i % 50 == 0) printf("step %3d  loss %.5f\n", i, ad_result_scalar(step, loss));
    }

    float weight, bias;
    if (ad_variable_get(vars, ad_var_find(vars, "line.weight"), &weight)) goto done;
    if (ad_variable_get(vars, ad_var_find(vars, "line.bias"), &bias)) goto done;
    printf("y = %.3f x %+.3f, loss %.5f\n", weight, bias, ad_result_scalar(step, loss));
    status = fabsf(weight - slope) > 0.05f || fabsf(bias - offset) > 0.05f;

done:
    if (*ad_error(ctx)) fprintf(stderr, "fit_line: %s\n", ad_error(ctx));
    ad_program_free(step);
    ad_graph_free(g);
    ad_optimizer_free(sgd);
    ad_vars_free(vars);
    ad_context_free(ctx);
    return status;
}
