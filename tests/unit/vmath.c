/* vmath.c - the vector functions against libm in double, on every instruction set: dense samples,
 * the bounds that vmath.h states, and special values. They are reached as one-step chains. */
#include "../solve.h"

enum { N = 1 << 16 };

static void apply(int isa, int op, double a, const float *x, float *y, int64_t n)
{
    solve_device d;
    REQUIRE(solve_open(&d, isa, 1));
    ad_chain chain = {
        .n_inputs = 1, .n_steps = 1, .n_outputs = 1, .n_registers = 2, .output_register = {1}};
    chain.step[0] = (ad_chain_step){.op = (uint16_t)op, .dst = 1, .n_src = 1, .a = a};
    ad_problem p = {.op = AD_OP_CHAIN, .n_in = 1, .n_out = 1, .chain = &chain, .threads = 1};
    p.in[0] = p.out[0] = solve_dense(AD_F32, 1, &n);
    CHECK(solve_run(&d, &p, (void *[]){(void *)x}, (void *[]){y}));
    solve_close(&d);
}

static double silu(double x)
{
    return x / (1 + exp(-x));
}
static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
static double gelu_tanh(double x)
{
    return x / (1 + exp(-2 * 0.7978845608028654 * (x + 0.044715 * x * x * x)));
}
static double gelu_slope(double x)
{
    return 0.5 * erfc(-x / sqrt(2)) + x * exp(-x * x / 2) * 0.3989422804014327;
}
static double gelu_tanh_slope(double x)
{
    double c = 0.7978845608028654, s = 1 / (1 + exp(-2 * c * (x + 0.044715 * x * x * x)));
    return s + x * s * (1 - s) * 2 * c * (1 + 3 * 0.044715 * x * x);
}
static double rsqrt(double x)
{
    return 1 / sqrt(x);
}

static const struct {
    const char *name;
    int op;
    double (*exact)(double);
    double low, high, bound;
} functions[] = {
    {"exp", AD_OP_EXP, exp, -87.3, 88.7, 1.5},
    {"exp", AD_OP_EXP, exp, -1, 1, 1.5},
    {"elu", AD_OP_ELU, expm1, -20, -1e-6, 2},
    {"elu", AD_OP_ELU, expm1, -0.5, -1e-30, 2},
    {"log", AD_OP_LOG, log, 1e-38, 1e38, 1.5},
    {"log", AD_OP_LOG, log, 0.5, 2, 1.5},
    {"log", AD_OP_LOG, log, 1e-44, 1e-38, 1.5},
    {"rsqrt", AD_OP_RSQRT, rsqrt, 1e-30, 1e30, 1.5},
    {"tanh", AD_OP_TANH, tanh, -10, 10, 2.5},
    {"tanh", AD_OP_TANH, tanh, -1, 1, 2.5},
    {"sigmoid", AD_OP_SIGMOID, sigmoid, -87.2, 30, 2.5},
    {"erf", AD_OP_ERF, erf, -5, 5, 2},
    {"erf", AD_OP_ERF, erf, -1e-3, 1e-3, 2},
    {"softplus", AD_OP_SOFTPLUS, softplus, -87, 87, 3},
    {"silu", AD_OP_SILU, silu, -80, 80, 3.5},
    {"gelu_tanh", AD_OP_GELU_TANH, gelu_tanh, -4, 10, 24},
    {"sin", AD_OP_SIN, sin, -8, 8, 2.5},
    {"sin", AD_OP_SIN, sin, -8192, 8192, 2.5},
    {"cos", AD_OP_COS, cos, -8, 8, 2.5},
    {"cos", AD_OP_COS, cos, -8192, 8192, 2.5},
    {"cos", AD_OP_COS, cos, 8192, 1e30, 2.5},
};

static double ulp(double exact)
{
    int exponent;
    frexp(fabs(exact) < 0x1p-126 ? 0x1p-126 : exact, &exponent);
    return ldexp(1, exponent - 24);
}

static void bounds(void)
{
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    for (int isa = 0; isa <= (int)ad_cpu_get()->isa; ++isa) {
        for (size_t f = 0; f < sizeof functions / sizeof *functions; ++f) {
            double low = functions[f].low, high = functions[f].high, worst = 0, at = 0;
            bool logarithmic = low > 0 && high / low > 100; /* spread over the exponents */
            for (int i = 0; i < N; ++i) {
                double t = (i + solve_uniform(0, 1)) / N;
                x[i] = (float)(logarithmic ? low * pow(high / low, t) : low + (high - low) * t);
            }
            apply(isa, functions[f].op, 1, x, y, N);
            for (int i = 0; i < N; ++i) {
                double exact = functions[f].exact(x[i]), error = fabs(y[i] - exact) / ulp(exact);
                if (!(error <= worst)) worst = error, at = x[i];
            }
            if (!(worst <= functions[f].bound)) {
                CHECK_FAIL("%s at %.9g is off by %.2f ulp in build %d (bound %g)",
                           functions[f].name, at, worst, isa, functions[f].bound);
            }
        }
        for (int i = 0; i < N; ++i) x[i] = (float)solve_uniform(-8, 8);
        apply(isa, AD_OP_GELU, 0, x, y, N);
        for (int i = 0; i < N; ++i) {
            double exact = 0.5 * x[i] * erfc(-x[i] / sqrt(2));
            if (!(fabs(y[i] - exact) <= 0x1p-23 * fabs(x[i])))
                CHECK_FAIL("gelu(%g) is %g", x[i], y[i]);
        }
        for (int tanh_form = 0; tanh_form < 2; ++tanh_form) {
            apply(isa, tanh_form ? AD_OP_GELU_TANH_SLOPE : AD_OP_GELU_SLOPE, 0, x, y, N);
            for (int i = 0; i < N; ++i) {
                double exact = tanh_form ? gelu_tanh_slope(x[i]) : gelu_slope(x[i]);
                if (!(fabs(y[i] - exact) <= 0x1p-21))
                    CHECK_FAIL("the slope of gelu%s at %g is %g, expected %g",
                               tanh_form ? "_tanh" : "", x[i], y[i], exact);
            }
        }
    }
    free(x), free(y);
}

static void special_values(void)
{
    const float inf = INFINITY, nan = NAN;
    const struct {
        int op;
        float x, y;
    } cases[] = {
        {AD_OP_EXP, inf, inf},
        {AD_OP_EXP, -inf, 0},
        {AD_OP_EXP, nan, nan},
        {AD_OP_EXP, 0, 1},
        {AD_OP_EXP, 89, inf},
        {AD_OP_EXP, -120, 0},
        {AD_OP_EXP, -100, 3.783506e-44f},
        {AD_OP_LOG, 0, -inf},
        {AD_OP_LOG, -1, nan},
        {AD_OP_LOG, inf, inf},
        {AD_OP_LOG, nan, nan},
        {AD_OP_LOG, 1, 0},
        {AD_OP_LOG, -0.0f, -inf},
        {AD_OP_TANH, inf, 1},
        {AD_OP_TANH, -inf, -1},
        {AD_OP_TANH, nan, nan},
        {AD_OP_TANH, 0, 0},
        {AD_OP_SIGMOID, inf, 1},
        {AD_OP_SIGMOID, -inf, 0},
        {AD_OP_SIGMOID, nan, nan},
        {AD_OP_ERF, inf, 1},
        {AD_OP_ERF, -inf, -1},
        {AD_OP_ERF, nan, nan},
        {AD_OP_RSQRT, 0, inf},
        {AD_OP_RSQRT, inf, 0},
        {AD_OP_RSQRT, -1, nan},
        {AD_OP_SQRT, -1, nan},
        {AD_OP_SIN, inf, nan},
        {AD_OP_COS, nan, nan},
        {AD_OP_RELU, nan, nan},
        {AD_OP_RELU, -inf, 0},
        {AD_OP_SOFTPLUS, inf, inf},
        {AD_OP_SOFTPLUS, -inf, 0},
        {AD_OP_SOFTPLUS, nan, nan},
        {AD_OP_ELU, -inf, -1},
        {AD_OP_ELU, nan, nan},
        {AD_OP_GELU, nan, nan},
        {AD_OP_GELU, inf, inf},
        {AD_OP_SIGN, -3, -1},
        {AD_OP_SIGN, nan, nan},
        {AD_OP_FLOOR, -0.5f, -1},
        {AD_OP_FLOOR, 3e9f, 3e9f},
        {AD_OP_ABS, -inf, inf},
        {AD_OP_SILU, inf, inf},
        {AD_OP_GELU_TANH, nan, nan},
        {AD_OP_GELU_SLOPE, nan, nan},
        {AD_OP_GELU_SLOPE, -30, 0},
        {AD_OP_GELU_SLOPE, 30, 1},
        {AD_OP_GELU_TANH_SLOPE, nan, nan},
        {AD_OP_GELU_TANH_SLOPE, -30, 0},
        {AD_OP_GELU_TANH_SLOPE, 30, 1},
        {AD_OP_FLOOR, 2, 2},
        {AD_OP_SQUARE, -3, 9},
    };
    for (int isa = 0; isa <= (int)ad_cpu_get()->isa; ++isa) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
            float y = 0, x = cases[i].x, want = cases[i].y;
            apply(isa, cases[i].op, 1, &x, &y, 1);
            if (isnan(want) ? !isnan(y) : !(y == want || fabsf(y - want) <= 1e-45f)) {
                CHECK_FAIL("op %d of %g is %g, expected %g (build %d)", cases[i].op, (double)x,
                           (double)y, (double)want, isa);
            }
        }
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv, (check_case[]){CASE(bounds), CASE(special_values), {0}});
}
