/* vmath.c - the f32 steps of chains against f64 on every instruction set: every elementwise op of
 * the table over its whole interval, to the bound that steps.def states; and special values. They
 * are reached as chains of one step. */
#include "solve.h"
#include "steps.h"

enum { N = 1 << 16 };

/* The numbers of ops that have any: powers of two, so that they round nothing. */
static const double number_a = -0.5, number_b = 2;

static ad_chain_step step_of(int op)
{
    bool decides = step_decides(op);
    return (ad_chain_step){.op = (uint16_t)op,
                           .type = AD_F32,
                           .to = decides ? AD_U8 : AD_F32,
                           .dst = 2,
                           .src = {0, 1},
                           .n_src = (uint8_t)ad_ops[op].max_inputs,
                           .a = number_a,
                           .b = number_b};
}

/* y: floats, or of comparisons bytes. */
static void apply(solve_device *d, const ad_chain_step *step, const float *x, const float *x2,
                  void *y, int64_t n)
{
    ad_chain chain = {.n_inputs = 2,
                      .n_steps = 1,
                      .n_outputs = 1,
                      .n_registers = 3,
                      .output_register = {2},
                      .step = {*step}};
    ad_problem p = {.op = AD_OP_CHAIN, .n_in = 2, .n_out = 1, .chain = &chain, .threads = 1};
    chain.output[0] = step->to == AD_F32 ? AD_F32 : AD_BOOL;
    p.in[0] = p.in[1] = solve_dense(AD_F32, 1, &n), p.out[0] = solve_dense(chain.output[0], 1, &n);
    CHECK(solve_run(d, &p, (void *[]){(void *)x, (void *)x2}, (void *[]){y}));
}

static double ulp(double exact)
{
    int exponent;
    frexp(fabs(exact) < 0x1p-126 ? 0x1p-126 : exact, &exponent);
    return ldexp(1, exponent - 24);
}

/* In units in the last place of what the bound is of. */
static double error_of(const step_facts *facts, double x, double got, double exact)
{
    if (got == exact || (got != got && exact != exact)) return 0;
    if (fabs(exact) > 0x1.ffffffp127 && fabs(got) == INFINITY) return 0;
    double of = facts->of == STEP_OF_VALUE ? exact : facts->of == STEP_OF_OPERAND ? x : 1;
    return fabs(got - exact) / ulp(of);
}

static void hold(solve_device *d, int isa, int op, const step_facts *facts, float *x, float *x2,
                 float *y)
{
    ad_chain_step step = step_of(op);
    double worst = 0, at = 0, at2 = 0;
    apply(d, &step, x, x2, y, N);
    for (int i = 0; i < N; ++i) {
        double exact = step_value(&step, x[i], x2[i], 0);
        double got = step.to == AD_F32 ? y[i] : ((const uint8_t *)y)[i];
        double error = error_of(facts, x[i], got, exact);
        if (!(error <= worst)) worst = error, at = x[i], at2 = x2[i];
    }
    if (!(worst <= facts->units + 1e-6))
        CHECK_FAIL("%s at %.9g (%.9g) is off by %.3g units in build %d, steps.def says %g",
                   ad_ops[op].name, at, at2, worst, isa, facts->units);
}

/* The second operands are those of the first in another order, a part of them equal. */
static void fill_operands(const step_facts *facts, float *x, float *x2)
{
    for (int i = 0; i < N; ++i) x[i] = (float)step_operand(facts, (i + solve_uniform(0, 1)) / N);
    for (int i = 0; i < N; ++i) x2[i] = i % 16 ? x[i * 40503LL % N] : x[i];
}

static void bounds(void)
{
    static const struct {
        int op;
        double low, high;
    } closer[] = {
        {AD_OP_EXP, -1, 1},        {AD_OP_ELU, -0.5, -1e-30}, {AD_OP_LOG, 0.5, 2},
        {AD_OP_LOG, 1e-44, 1e-38}, {AD_OP_TANH, -1, 1},       {AD_OP_ERF, -1e-3, 1e-3},
        {AD_OP_SIN, -8, 8},        {AD_OP_COS, -8, 8},        {AD_OP_COS, 8192, 1e30},
        {AD_OP_FLOOR, -4, 4},      {AD_OP_CLAMP, -4, 4},      {AD_OP_SIGN, -1e-30, 1e-30},
        {AD_OP_GELU, -1e-3, 1e-3},
    };
    float *x = malloc(N * sizeof *x), *x2 = malloc(N * sizeof *x2), *y = malloc(N * sizeof *y);
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa) {
        for (int op = 0; op < AD_OPS; ++op) {
            if (!step_exists(op, AD_F32) || op == AD_OP_CAST || ad_ops[op].max_inputs > 2) continue;
            step_facts facts = step_facts_of(op);
            fill_operands(&facts, x, x2);
            hold(&d, isa, op, &facts, x, x2, y);
        }
        for (size_t i = 0; i < sizeof closer / sizeof *closer; ++i) {
            step_facts facts = step_facts_of(closer[i].op);
            facts.low = closer[i].low, facts.high = closer[i].high;
            fill_operands(&facts, x, x2);
            hold(&d, isa, closer[i].op, &facts, x, x2, y);
        }
    }
    free(x), free(x2), free(y);
}

/* An op in a chain is a kernel's step or is decomposed: else no program could run it. */
static void every_op_can_run(void)
{
    for (int op = 0; op < AD_OPS; ++op) {
        if (ad_ops[op].klass != AD_CLASS_ELEMENTWISE || ad_ops[op].decompose) continue;
        bool logic = ad_ops[op].infer == ad_infer_logic;
        if (!logic && !(step_exists(op, AD_F32) && step_exists(op, AD_F64)))
            CHECK_FAIL("%s has no row in src/device/cpu/kernels/steps.def, and no decomposition",
                       ad_ops[op].name);
    }
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
        {AD_OP_MISH, inf, inf},
        {AD_OP_MISH, -1e30f, 0},
        {AD_OP_MISH, nan, nan},
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
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
            float y = 0, x = cases[i].x, want = cases[i].y;
            ad_chain_step step = step_of(cases[i].op);
            step.a = 1;
            apply(&d, &step, &x, &x, &y, 1);
            if (isnan(want) ? !isnan(y) : !(y == want || fabsf(y - want) <= 1e-45f)) {
                CHECK_FAIL("%s of %g is %g, expected %g (build %d)", ad_ops[cases[i].op].name,
                           (double)x, (double)y, (double)want, isa);
            }
        }
    }
}

int main(int argc, char **argv)
{
    return check_main(
        argc, argv,
        (check_case[]){CASE(bounds), CASE(special_values), CASE(every_op_can_run), {0}});
}
