/* tiny_classifier.c - two interleaved spirals told apart by a small network.
 *
 * Shows two graphs that share their weights: one that trains, and one that predicts points it has
 * never seen. */
#include <autodidact/engine.h>

#include <math.h>
#include <stdio.h>

enum { POINTS = 512, STEPS = 600, HIDDEN = 64 };

/* Points 0, 2, 4... lie on one spiral, the others on its mirror image; `shift` moves them along it.
 */
static void spirals(float (*xy)[2], int32_t *label, float shift)
{
    for (int i = 0; i < POINTS; ++i) {
        float t = 0.5f +
                  2.5f * ((float)i + shift) / (float)POINTS; /* radius; the angle grows with it */
        float sign = i % 2 ? -1.0f : 1.0f, angle = 3.0f * t;
        xy[i][0] = sign * t * cosf(angle);
        xy[i][1] = sign * t * sinf(angle);
        label[i] = i % 2;
    }
}

static ad_node *network(ad_vars *vars, ad_node *xy)
{
    ad_linear_options with_bias = {.no_bias = false};
    ad_node *h = ad_tanh(ad_linear(vars, "hidden1", xy, HIDDEN, with_bias)); /* [points, 64] */
    h = ad_tanh(ad_linear(vars, "hidden2", h, HIDDEN, with_bias));
    return ad_linear(vars, "out", h, 2, with_bias); /* logits [points, 2] */
}

/* How many of the points are taken for what they are. */
static int count_right(const int32_t *guess, const int32_t *label)
{
    int right = 0;
    for (int i = 0; i < POINTS; ++i) right += guess[i] == label[i];
    return right;
}

int main(void)
{
    static float xy[POINTS][2];
    static int32_t label[POINTS];
    ad_context *ctx = ad_context_new(NULL);
    if (!ctx) return 1;
    ad_vars *vars = ad_vars_new(ctx, 7);
    ad_graph *training = ad_graph_new(ctx), *testing = ad_graph_new(ctx);
    ad_optimizer *adam = NULL;
    ad_program *train = NULL, *test = NULL;
    int status = 1, right;

    ad_node *x = ad_input(training, "xy", AD_F32, ad_shape(POINTS, 2));
    ad_node *t = ad_input(training, "label", AD_I32, ad_shape(POINTS));
    ad_node *loss = ad_cross_entropy_loss(network(vars, x), t);
    ad_adam_options options = {.lr = 1e-2};
    adam = ad_adam(vars, NULL, options);
    ad_node *update = ad_minimize(adam, loss), *outputs[] = {loss, update};
    ad_node *unseen = ad_input(testing, "xy", AD_F32, ad_shape(POINTS, 2));
    ad_node *answer = ad_argmax(network(vars, unseen), 1, false); /* [points] */

    if (ad_compile(&train, ctx, outputs, 2, NULL)) goto done;

    spirals(xy, label, 0);
    if (ad_bind(train, x, xy, sizeof xy) || ad_bind(train, t, label, sizeof label)) goto done;
    for (int i = 0; i <= STEPS; ++i) {
        if (ad_run(train)) goto done;
        if (i % 100 == 0) printf("step %3d  loss %.5f\n", i, ad_result_scalar(train, loss));
    }

    if (ad_compile(&test, ctx, &answer, 1, NULL)) goto done;
    spirals(xy, label, 0.5f); /* points between the ones it was trained on */
    if (ad_bind(test, unseen, xy, sizeof xy) || ad_run(test)) goto done;
    right = count_right((const int32_t *)ad_result(test, answer), label);
    printf("accuracy on unseen points: %.1f %%\n", 100.0 * right / (int)POINTS);
    status = right < POINTS * 98 / 100;

done:
    if (*ad_error(ctx)) fprintf(stderr, "tiny_classifier: %s\n", ad_error(ctx));
    ad_program_free(train);
    ad_program_free(test);
    ad_graph_free(training);
    ad_graph_free(testing);
    ad_optimizer_free(adam);
    ad_vars_free(vars);
    ad_context_free(ctx);
    return status;
}
