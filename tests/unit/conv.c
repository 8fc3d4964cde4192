/* Convolutions and their gradients of every instruction set against sums in double: random shapes,
 * strides, pads, dilations, groups, layouts, dtypes, epilogues, thread counts. */
#include "problems.h"

typedef struct row {
    int level;
    const ad_solver *solver;
} row;

#define SOLVER_DECLARE(isa, level, name) extern const ad_solver ad_solver_##name##_##isa;
#define SOLVER(op, name)                 AD_FOR_ISAS(SOLVER_DECLARE, name)
#include "device/cpu/solvers.def"
#undef SOLVER
#define SOLVER_ROW(isa, level, name) {level, &ad_solver_##name##_##isa},
static const row solvers[] = {
#define SOLVER(op, name) AD_FOR_ISAS(SOLVER_ROW, name)
#include "device/cpu/solvers.def"
#undef SOLVER
};
enum { SOLVERS = sizeof solvers / sizeof *solvers };

/* Visits every product of the convolution: x[xi] meets w[wi] in y[yi] (row-major indices). */
static void reference(const solver_case *c, const conv_shape *s, int op, double *want,
                      double *scale)
{
    double *first = elements_of(c, 0), *second = elements_of(c, 1);
    int64_t oh = conv_out(s, 0), ow = conv_out(s, 1), cg = s->c / s->attr.groups,
            kg = s->k / s->attr.groups;
    for (int64_t n = 0; n < s->n; ++n)
        for (int64_t y = 0; y < oh; ++y)
            for (int64_t x = 0; x < ow; ++x)
                for (int64_t r = 0; r < s->kh; ++r)
                    for (int64_t q = 0; q < s->kw; ++q) {
                        int64_t iy = y * s->attr.stride[0] - s->attr.pad[0] +
                                     r * s->attr.dilation[0];
                        int64_t ix = x * s->attr.stride[1] - s->attr.pad[1] +
                                     q * s->attr.dilation[1];
                        if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w) continue;
                        for (int64_t k = 0; k < s->k; ++k)
                            for (int64_t ci = 0; ci < cg; ++ci) {
                                int64_t xi = ((n * s->h + iy) * s->w + ix) * s->c + k / kg * cg +
                                             ci;
                                int64_t wi = ((r * s->kw + q) * cg + ci) * s->k + k;
                                int64_t yi = ((n * oh + y) * ow + x) * s->k + k;
                                int64_t in0 = op == AD_OP_CONV2D_INPUT_GRAD ? yi : xi,
                                        in1 = op == AD_OP_CONV2D_WEIGHT_GRAD ? yi : wi;
                                int64_t to = op == AD_OP_CONV2D              ? yi
                                             : op == AD_OP_CONV2D_INPUT_GRAD ? xi
                                                                             : wi;
                                double v = first[in0] * second[in1];
                                want[to] += v, scale[to] += fabs(v);
                            }
                    }
    free(first), free(second);
}

static int winograd_runs; /* on any instruction set */

static void check_shape(const conv_shape *s, int op, ad_dtype dtype, ad_dtype result, int kind,
                        int layout)
{
    ad_dtype accumulator = dtype == AD_F64 ? AD_F64 : AD_F32;
    const ad_attr_conv attr = s->attr;
    solver_case c;
    conv_case(&c, s, op, dtype, result, kind, layout);
    const int64_t *out = c.problem.out[0].dim;
    size_t count = (size_t)(out[0] * out[1] * out[2] * out[3]);
    double *want = calloc(count, sizeof *want), *scale = calloc(count, sizeof *scale);
    double *raised = calloc(count, sizeof *raised),
           largest = 0; /* where some pixels see few taps */
    reference(&c, s, op, want, scale);
    for (size_t i = 0; i < count; ++i) largest = fmax(largest, scale[i]);
    for (size_t i = 0; i < count; ++i) raised[i] = fmax(scale[i], largest / 4);
    char what[240];
    snprintf(what, sizeof what,
             "op %s %dx%dx%dx%d k%d %dx%d stride %d,%d pad %d,%d dilation %d,%d groups %d %s->%s "
             "epilogue %d layout %d",
             op == AD_OP_CONV2D              ? "forward"
             : op == AD_OP_CONV2D_INPUT_GRAD ? "input"
                                             : "weight",
             (int)s->n, (int)s->h, (int)s->w, (int)s->c, (int)s->k, (int)s->kh, (int)s->kw,
             (int)attr.stride[0], (int)attr.stride[1], (int)attr.pad[0], (int)attr.pad[1],
             (int)attr.dilation[0], (int)attr.dilation[1], (int)attr.groups, ad_dtype_name(dtype),
             ad_dtype_name(result), kind, layout);
    for (int i = 0; i < SOLVERS; ++i) {
        if (solvers[i].level > (int)ad_cpu_get()->isa || solvers[i].solver->op != op) continue;
        bool winograd = strstr(solvers[i].solver->name, "winograd") != NULL;
        double tolerance = accumulator == AD_F64 ? 1e-14 : winograd ? 1e-5 : 1e-6;
        bool shared = winograd && strstr(solvers[i].solver->name, "2x2");
        if (check_solver(solvers[i].solver, &c, kind, accumulator, want, shared ? raised : scale,
                         tolerance, what))
            winograd_runs += winograd;
    }
    free(want), free(scale), free(raised);
    free_case(&c);
}

static const int ops[3] = {AD_OP_CONV2D, AD_OP_CONV2D_INPUT_GRAD, AD_OP_CONV2D_WEIGHT_GRAD};
static const ad_dtype dtypes[][2] = {{AD_F32, AD_F32},  {AD_F32, AD_F32},   {AD_F64, AD_F64},
                                     {AD_BF16, AD_F32}, {AD_BF16, AD_BF16}, {AD_F16, AD_F16}};

static void random_shapes(void)
{
    solve_seed = 1;
    for (int trial = 0; trial < 200; ++trial) {
        conv_shape s = random_conv(trial % 3 ? 1 : (int)random_in(1, 3));
        const ad_dtype *d = dtypes[random_in(0, 5)];
        check_shape(&s, ops[trial % 3], d[0], d[1], (int)random_in(0, EPILOGUES - 1),
                    (int)random_in(0, 1));
    }
}

/* The shapes that networks are made of, with channels that fill vectors. */
static void usual_shapes(void)
{
    static const struct {
        int64_t h, c, k, size, stride, pad, groups;
    } rows[] = {{30, 3, 64, 3, 1, 1, 1},  {21, 64, 48, 3, 1, 1, 1}, {17, 32, 96, 1, 1, 0, 1},
                {20, 16, 32, 3, 2, 1, 1}, {23, 3, 32, 7, 2, 3, 1},  {16, 32, 16, 4, 2, 1, 1},
                {9, 40, 40, 3, 1, 1, 40}, {12, 64, 64, 3, 1, 1, 4}, {90, 16, 8, 3, 1, 1, 1},
                {5, 32, 33, 3, 1, 1, 1}};
    solve_seed = 2;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        for (int op = 0; op < 3; ++op) {
            conv_shape s = {.n = rows[i].h < 9 ? 13 : 2,
                            .h = rows[i].h,
                            .w = rows[i].h + 3,
                            .c = rows[i].c,
                            .k = rows[i].k,
                            .kh = rows[i].size,
                            .kw = rows[i].size,
                            .attr = {.stride = {rows[i].stride, rows[i].stride},
                                     .pad = {rows[i].pad, rows[i].pad},
                                     .dilation = {1, 1},
                                     .groups = rows[i].groups}};
            check_shape(&s, ops[op], AD_F32, AD_F32, (int)(i + (size_t)op) % EPILOGUES, 0);
            check_shape(&s, ops[op], AD_BF16, AD_F32, 0, 0);
        }
}

/* Every edge of the tilings, channels that do not fill vectors, all pads; filters of two and three
 * steps a side. */
static void winograd_shapes(void)
{
    solve_seed = 3;
    winograd_runs = 0;
    for (int trial = 0; trial < 36; ++trial) {
        conv_shape s = random_conv_3x3(trial % 3, trial % 2);
        check_shape(&s, ops[trial % 3], AD_F32, AD_F32, trial / 2 % EPILOGUES, 0);
    }
    CHECK(winograd_runs >= 72);
    winograd_runs = 0;
    for (int trial = 0; trial < 72; ++trial) {
        conv_shape s = random_conv_two_steps();
        check_shape(&s, ops[trial % 3], AD_F32, AD_F32, trial / 3 % EPILOGUES, 0);
    }
    CHECK(winograd_runs >= 72);
    /* many columns: more than one chunk of the filter */
    conv_shape wide = {.n = 1,
                       .h = 6,
                       .w = 5,
                       .c = 512,
                       .k = 400,
                       .kh = 3,
                       .kw = 3,
                       .attr = {.stride = {1, 1}, .pad = {1, 1}, .dilation = {1, 1}, .groups = 1}};
    check_shape(&wide, AD_OP_CONV2D, AD_F32, AD_F32, EPILOGUE_BIAS_RELU, 0);
    check_shape(&wide, AD_OP_CONV2D_INPUT_GRAD, AD_F32, AD_F32, EPILOGUE_NONE, 0);
    /* more tiles than a chunk of the weight gradient has */
    conv_shape many = {.n = 9,
                       .h = 32,
                       .w = 30,
                       .c = 33,
                       .k = 40,
                       .kh = 4,
                       .kw = 4,
                       .attr = {.stride = {2, 2}, .pad = {1, 1}, .dilation = {1, 1}, .groups = 1}};
    check_shape(&many, AD_OP_CONV2D_WEIGHT_GRAD, AD_F32, AD_F32, EPILOGUE_BIAS_RELU, 0);
}

/* Up to four channels of the result: several blocks, windows in place and beyond the border,
 * phases, a filter in slices, fewer pixels than are summed at a time. */
static void few_channels(void)
{
    static const struct {
        int64_t h, w, size, stride, pad, dilation, many;
    } rows[] = {{20, 71, 9, 1, 0, 1, 32}, {18, 70, 9, 1, 4, 1, 21}, {17, 67, 3, 1, 1, 2, 64},
                {33, 66, 4, 2, 1, 1, 40}, {19, 41, 3, 2, 0, 1, 16}, {18, 40, 1, 1, 0, 1, 96},
                {5, 3, 3, 1, 1, 1, 33},   {19, 38, 5, 3, 2, 1, 8},  {16, 40, 2, 4, 0, 1, 17}};
    solve_seed = 4;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        for (int few = 1; few <= 4; ++few)
            for (int gradient = 0; gradient < 2; ++gradient) {
                conv_shape s = {.n = 1 + few % 2,
                                .h = rows[i].h,
                                .w = rows[i].w,
                                .c = gradient ? few : rows[i].many,
                                .k = gradient ? rows[i].many : few,
                                .kh = rows[i].size,
                                .kw = rows[i].size,
                                .attr = {.stride = {rows[i].stride, rows[i].stride},
                                         .pad = {rows[i].pad, rows[i].pad},
                                         .dilation = {rows[i].dilation, rows[i].dilation},
                                         .groups = 1}};
                int kind = (int)(i + (size_t)few) % EPILOGUES;
                check_shape(&s, ops[gradient], few == 2 ? AD_BF16 : AD_F32, AD_F32, kind, few == 4);
            }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(random_shapes),
                                     CASE(usual_shapes),
                                     CASE(winograd_shapes),
                                     CASE(few_channels),
                                     {0}});
}
