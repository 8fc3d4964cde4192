/* run_pth.c - loads a PyTorch checkpoint and runs its network: run_pth FILE.
 *
 * The file is what torch.save({"model": net.state_dict(), "input": x, "output": net(x)}, FILE)
 * writes for the network below; tests/oracle/tiny_cnn.py makes one. Nothing of Python is needed to
 * read it.
 *
 *     conv1 3x3, 1 -> 8, relu, max pool 2; conv2 3x3, 8 -> 16, relu; mean over the picture; fc 16
 * -> 10 */
#include <autodidact/engine.h>

#include <math.h>
#include <stdio.h>

enum { BATCH = 2, SIDE = 8, CLASSES = 10 };

static ad_node *network(ad_vars *vars, ad_node *x)
{
    ad_conv_layer three = {.kernel = 3, .conv = {.pad = 1}};
    ad_window two = {.size = 2};
    ad_linear_options with_bias = {.no_bias = false};
    x = ad_relu(ad_conv2d_layer(vars, "conv1", x, 8, three)); /* [batch, 8, 8, 8] */
    x = ad_max_pool2d(x, two);                                /* [batch, 4, 4, 8] */
    x = ad_relu(ad_conv2d_layer(vars, "conv2", x, 16, three));
    x = ad_mean(x, ad_axes(1, 2), false); /* [batch, 16] */
    return ad_linear(vars, "fc", x, CLASSES, with_bias);
}

/* The largest difference between what the network gave [batch, classes] and what PyTorch gave. */
static float compare(const float *got, float (*expected)[CLASSES])
{
    float worst = 0;
    for (int b = 0; b < BATCH; ++b) {
        printf("picture %d:", b);
        for (int c = 0; c < CLASSES; ++c) {
            printf(" %6.3f", got[b * CLASSES + c]);
            worst = fmaxf(worst, fabsf(got[b * CLASSES + c] - expected[b][c]));
        }
        putchar('\n');
    }
    return worst;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: run_pth FILE\n");
        return 2;
    }
    ad_context *ctx = ad_context_new(NULL);
    if (!ctx) return 1;
    ad_vars *vars = ad_vars_new(ctx, 0);
    ad_graph *g = ad_graph_new(ctx);
    ad_program *program = NULL;
    ad_file *file = NULL;
    ad_load_options in_model = {.strip = "model.", .allow_unused = true};
    int status = 1;
    float worst;
    float picture[BATCH][SIDE][SIDE][1]; /* with one channel, the order of PyTorch is ours */
    float expected[BATCH][CLASSES];

    ad_node *x = ad_input(g, "input", AD_F32, ad_shape(BATCH, SIDE, SIDE, 1));
    ad_node *logits = network(vars, x);

    if (ad_file_open(&file, ctx, argv[1])) goto done;
    if (ad_vars_load_file(vars, file, in_model)) goto done;
    if (ad_file_read_named(file, "input", AD_F32, ad_shape(BATCH, 1, SIDE, SIDE), picture,
                           sizeof picture))
        goto done;
    if (ad_file_read_named(file, "output", AD_F32, ad_shape(BATCH, CLASSES), expected,
                           sizeof expected))
        goto done;

    if (ad_compile(&program, ctx, &logits, 1, NULL)) goto done;
    if (ad_bind(program, x, picture, sizeof picture) || ad_run(program)) goto done;
    worst = compare((const float *)ad_result(program, logits), expected);
    printf("largest difference from PyTorch: %.1e\n", worst);
    status = !(worst < 1e-5f);

done:
    if (*ad_error(ctx)) fprintf(stderr, "run_pth: %s\n", ad_error(ctx));
    ad_file_close(file);
    ad_program_free(program);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(ctx);
    return status;
}
