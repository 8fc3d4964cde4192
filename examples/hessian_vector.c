/* hessian_vector.c - the product of a Hessian and a vector, without the Hessian.
 *
 * Gradients are graph, so they can be differentiated again: with g = df/dx, the gradient of the
 * number <g, v> is H v (Pearlmutter 1994), for the price of about two gradients. Here f is
 * Rosenbrock's function, whose Hessian is known; at whole numbers every value is exact in f64, so
 * that the two ways must agree to the last bit. */
#include <autodidact/engine.h>

#include <stdio.h>

enum { N = 8 };

/* Sum over i of 100 (x[i + 1] - x[i]^2)^2 + (1 - x[i])^2; x [N]. */
static ad_node *rosenbrock(ad_node *x)
{
    ad_node *left = ad_slice(x, 0, 0, N - 1, 1), *right = ad_slice(x, 0, 1, N, 1); /* [N - 1] */
    ad_node *valley = ad_square(ad_sub(right, ad_square(left)));
    ad_node *slope = ad_square(ad_add_scalar(ad_neg(left), 1));
    return ad_sum(ad_add(ad_mul_scalar(valley, 100), slope), AD_ALL_AXES, false);
}

/* The same product by hand: the Hessian has three diagonals. */
static void by_hand(const double *x, const double *v, double *hv)
{
    for (int i = 0; i < N; ++i) {
        hv[i] = 0;
        if (i < N - 1) {
            hv[i] += (1200 * x[i] * x[i] - 400 * x[i + 1] + 2) * v[i];
            hv[i] -= 400 * x[i] * v[i + 1];
        }
        if (i > 0) hv[i] += 200 * v[i] - 400 * x[i - 1] * v[i - 1];
    }
}

static int wrong(const double *hv, const double *expected)
{
    int count = 0;
    for (int i = 0; i < N; ++i) {
        printf("%8.0f, by hand %8.0f\n", hv[i], expected[i]);
        count += hv[i] != expected[i];
    }
    return count;
}

int main(void)
{
    const double at[N] = {-2, -1, 0, 1, 2, 3, 2, 1}, along[N] = {1, -3, 2, 0, -1, 2, 5, -4};
    double expected[N];
    ad_context *ctx = ad_context_new(NULL);
    if (!ctx) return 1;
    ad_graph *g = ad_graph_new(ctx);
    ad_program *program = NULL;
    int status = 1;

    ad_node *x = ad_input(g, "x", AD_F64, ad_shape(N)), *v = ad_input(g, "v", AD_F64, ad_shape(N));
    ad_node *gradient, *hv;
    ad_gradients(rosenbrock(x), &x, 1, &gradient);
    ad_gradients(ad_sum(ad_mul(gradient, v), AD_ALL_AXES, false), &x, 1, &hv);

    by_hand(at, along, expected);
    if (ad_compile(&program, ctx, &hv, 1, NULL)) goto done;
    if (ad_bind(program, x, at, sizeof at) || ad_bind(program, v, along, sizeof along) ||
        ad_run(program))
        goto done;
    status = wrong((const double *)ad_result(program, hv), expected) != 0;
    printf("Hessian times vector: %s\n", status ? "wrong" : "exact");

done:
    if (*ad_error(ctx)) fprintf(stderr, "hessian_vector: %s\n", ad_error(ctx));
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
    return status;
}
