/* expect.c - what a kernel should compute: by plain loops or by the op's decomposition in f64,
 * chains by the scalar solver's f64 steps; and the scale of each element's error, by the scalar
 * solvers. */
#include "kernels.h"

#include <autodidact/program.h>

#include <float.h>

/* ---- the problem in its plain form: dense operands, floats as f64 ---- */

static ad_dtype widened(ad_dtype dtype, bool wide)
{
    return wide && ad_dtype_is_float(dtype) ? AD_F64 : dtype;
}

static void widen_chain(ad_chain *chain)
{
    for (int i = 0; i < chain->n_inputs; ++i) chain->input[i] = widened(chain->input[i], true);
    for (int o = 0; o < chain->n_outputs; ++o) chain->output[o] = widened(chain->output[o], true);
    for (int s = 0; s < chain->n_steps; ++s) {
        ad_chain_step *step = &chain->step[s];
        step->type = (uint8_t)widened(step->type, true);
        step->to = (uint8_t)widened(step->to, true);
    }
}

/* magnitudes: of all inputs but those in the mask `selects`. */
static void plain_form(solver_case *to, const solver_case *from, bool wide, bool magnitudes,
                       unsigned selects)
{
    memset(to, 0, sizeof *to);
    to->problem = from->problem, to->chain = from->chain;
    to->problem.n_in = to->problem.n_out = 0;
    if (from->problem.chain) to->problem.chain = &to->chain;
    if (wide) widen_chain(&to->chain);
    for (int i = 0; i < from->problem.n_in; ++i) {
        const ad_operand *o = &from->problem.in[i];
        add_input(to, widened(o->dtype, wide), o->rank, o->dim, 0, 0);
        for (int64_t k = 0; k < solve_count(o); ++k) {
            double value = get_element(from->in[i], o->dtype, offset_of(o, k));
            bool positive = magnitudes && ad_dtype_is_float(o->dtype) && !(selects >> i & 1);
            set_element(to->in[i], to->problem.in[i].dtype, k, positive ? fabs(value) : value);
        }
    }
    for (int i = 0; i < from->problem.n_out; ++i) {
        const ad_operand *o = &from->problem.out[i];
        add_output(to, widened(o->dtype, wide), o->rank, o->dim, 0);
        for (int axis = 0; axis < o->rank; ++axis) /* a reduced one */
            if (o->dim[axis] == 1) to->problem.out[i].stride[axis] = 0;
    }
    /* The smallest of the magnitudes bounds no error, the largest does. */
    if (magnitudes && to->problem.op == AD_OP_MIN) to->problem.op = AD_OP_MAX;
}

#define DECLARE(isa, level, name) extern const ad_solver ad_solver_##name##_##isa;
#define SOLVER(op, name)          DECLARE(scalar, 0, name)
#include "device/cpu/solvers.def"
#undef SOLVER
static const ad_solver *const scalar_solvers[] = {
#define SOLVER(op, name) &ad_solver_##name##_scalar,
#include "device/cpu/solvers.def"
#undef SOLVER
};

static bool run_scalar(solver_case *c)
{
    for (size_t i = 0; i < sizeof scalar_solvers / sizeof *scalar_solvers; ++i) {
        const ad_solver *solver = scalar_solvers[i];
        if (solver->op == c->problem.op && !solver->transforms && run_solver(solver, c, 1, false))
            return true;
    }
    return false;
}

static double *values_of(const solver_case *c, int output)
{
    const ad_operand *o = &c->problem.out[output];
    int64_t count = solve_count(o);
    double *values = malloc((size_t)(count + 1) * sizeof *values);
    for (int64_t k = 0; k < count; ++k)
        values[k] = get_element(c->out[output], o->dtype, offset_of(o, k));
    return values;
}

/* ---- the decomposition, as a program of the scalar build ---- */

static ad_node *decompose(ad_graph *g, const ad_problem *p, ad_node **inputs)
{
    for (int i = 0; i < p->n_in; ++i) {
        const ad_operand *o = &p->in[i];
        ad_shape shape = {.rank = o->rank};
        char name[16];
        memcpy(shape.dim, o->dim, sizeof shape.dim);
        snprintf(name, sizeof name, "x%d", i);
        inputs[i] = ad_input(g, name, o->dtype, shape);
    }
    ad_node *node = ad_node_new(g, (ad_op)p->op, inputs, p->n_in, p->attr);
    return ad_node_poisoned(node) ? NULL : ad_ops[p->op].decompose(g, node, node->inputs);
}

/* Of a case in its plain form. False: the op's shape rule does not take it. */
static bool run_decomposition(const solver_case *plain, double *want)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1, .isa = "scalar"});
    ad_graph *g = ad_graph_new(ctx);
    ad_program *program = NULL;
    ad_node *inputs[AD_PROBLEM_INPUTS], *value = decompose(g, &plain->problem, inputs);
    int64_t count = solve_count(&plain->problem.out[0]);
    bool done = !ad_node_poisoned(value) && ad_shape_count(ad_node_shape(value)) == count &&
                ad_compile(&program, ctx, &value, 1, NULL) == AD_OK;
    for (int i = 0; done && i < plain->problem.n_in; ++i) {
        size_t bytes = (size_t)ad_shape_count(ad_node_shape(inputs[i])) *
                       ad_dtype_size(ad_node_dtype(inputs[i]));
        if (ad_bind(program, inputs[i], plain->in[i], bytes)) ad_error_clear(ctx); /* not read */
    }
    done = done && ad_run(program) == AD_OK;
    if (done) ad_convert(want, AD_F64, ad_result_at(program, 0), ad_node_dtype(value), count);
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
    return done;
}

/* ---- chains ---- */

static void chain_scales(const solver_case *c, expectation *e)
{
    const ad_problem *p = &c->problem;
    int64_t count = solve_count(&p->out[0]);
    for (int64_t k = 0; k < count; ++k) {
        double in[AD_CHAIN_INPUTS], error[AD_CHAIN_OUTPUTS];
        for (int i = 0; i < p->n_in; ++i)
            in[i] = get_element(c->in[i], p->in[i].dtype, offset_of(&p->in[i], k));
        chain_error(p->chain, in, error);
        for (int o = 0; o < p->n_out; ++o) e->scale[o][k] = error[o];
    }
}

/* ---- all of it ---- */

static void scales(const kernel_kind *kind, const solver_case *c, expectation *e)
{
    for (int o = 0; o < c->problem.n_out; ++o) {
        int64_t count = solve_count(&c->problem.out[o]);
        double largest = 1;
        for (int64_t k = 0; k < count; ++k) largest = fmax(largest, fabs(e->want[o][k]));
        for (int64_t k = 0; k < count; ++k)
            e->scale[o][k] = kind->measure == OF_LARGEST ? largest : fabs(e->want[o][k]);
    }
}

static void use_largest(const solver_case *c, expectation *e)
{
    for (int o = 0; o < c->problem.n_out; ++o) {
        int64_t count = solve_count(&c->problem.out[o]);
        double largest = 0;
        for (int64_t k = 0; k < count; ++k) largest = fmax(largest, fabs(e->scale[o][k]));
        for (int64_t k = 0; k < count; ++k) e->scale[o][k] = largest;
    }
}

bool expect(const kernel_kind *kind, solver_case *c, expectation *e)
{
    solver_case plain;
    *e = (expectation){.wide = true, .defined = kind->plain != NULL || kind->op == AD_OP_CHAIN};
    plain_form(&plain, c, true, false, 0);
    double *decomposed = NULL;
    if (!e->defined && ad_ops[kind->op].decompose) {
        decomposed = calloc((size_t)solve_count(&plain.problem.out[0]) + 1, sizeof *decomposed);
        e->defined = run_decomposition(&plain, decomposed);
    }
    if (!run_scalar(&plain)) {
        free_case(&plain);
        e->wide = false;
        plain_form(&plain, c, false, false, 0);
        if (!run_scalar(&plain)) {
            free_case(&plain), free(decomposed);
            return false;
        }
    }
    for (int o = 0; o < c->problem.n_out; ++o) {
        e->want[o] = values_of(&plain, o);
        e->scale[o] = malloc((size_t)(solve_count(&c->problem.out[o]) + 1) * sizeof(double));
    }
    free_case(&plain);
    if (kind->plain) kind->plain(c, e->want);
    if (decomposed && e->defined)
        memcpy(e->want[0], decomposed, (size_t)solve_count(&c->problem.out[0]) * sizeof(double));
    free(decomposed);
    scales(kind, c, e);
    if (kind->measure == OF_ROUNDING) chain_scales(c, e);
    if (kind->measure == OF_MAGNITUDES || kind->measure == OF_LARGEST_SUM) {
        plain_form(&plain, c, e->wide, true, kind->selects);
        run_scalar(&plain);
        for (int o = 0; o < c->problem.n_out; ++o)
            free(e->scale[o]), e->scale[o] = values_of(&plain, o);
        free_case(&plain);
        if (kind->measure == OF_LARGEST_SUM) use_largest(c, e);
    }
    return true;
}

void free_expectation(expectation *e)
{
    for (int o = 0; o < AD_CHAIN_OUTPUTS; ++o) free(e->want[o]), free(e->scale[o]);
}

/* ---- the comparison ---- */

static double largest_finite(ad_dtype dtype)
{
    return dtype == AD_F16 ? 65504 : dtype == AD_F64 ? DBL_MAX : 3.38e38;
}

double compare_outputs(const solver_case *c, const expectation *e, double tolerance, double least,
                       disagreement *worst)
{
    double largest = 0, excess = 1;
    *worst = (disagreement){0};
    for (int o = 0; o < c->problem.n_out; ++o) {
        const ad_operand *out = &c->problem.out[o];
        bool floats = ad_dtype_is_float(out->dtype);
        double most = 0;
        for (int64_t k = 0; k < solve_count(out) && least > 0; ++k)
            if (isfinite(e->scale[o][k])) most = fmax(most, e->scale[o][k]);
        for (int64_t k = 0; k < solve_count(out); ++k) {
            double want = e->want[o][k], scale = fmax(e->scale[o][k], least * most);
            double got = get_element(c->out[o], out->dtype, offset_of(out, k));
            if (got == want || (got != got && want != want) || scale == INFINITY) continue;
            if (floats && !(fabs(want) + scale * tolerance < largest_finite(out->dtype))) {
                if (fabs(got) >= largest_finite(out->dtype) / 2 && want == want) continue;
            }
            double own = !floats                ? 0
                         : out->dtype == AD_F16 ? fmax(0x1p-11 * fabs(want), 0x1p-25)
                                                : rounding(out->dtype) * fabs(want) + 1e-36;
            double error = fabs(got - want) - own, allowed = tolerance * scale;
            if (!(error > 0) && error == error) continue;
            if (scale > 0 && error / scale > largest) largest = error / scale;
            if (error <= allowed) continue;
            double over = error / fmax(allowed, 1e-300);
            if (over <= excess) continue;
            excess = over;
            *worst = (disagreement){o, k, got, want, allowed + own + 1e-300};
        }
    }
    return largest;
}

static bool all_bytes(const unsigned char *bytes, size_t size, int value)
{
    for (size_t i = 0; i < size; ++i)
        if (bytes[i] != value) return false;
    return true;
}

bool gaps_are_kept(const solver_case *c)
{
    bool kept = true;
    for (int o = 0; o < c->problem.n_out; ++o) {
        const ad_operand *out = &c->problem.out[o];
        size_t size = ad_dtype_size(out->dtype);
        unsigned char *copy = malloc(c->out_bytes[o]);
        memcpy(copy, c->out_block[o], c->out_bytes[o]);
        for (int64_t k = 0; k < solve_count(out); ++k)
            memset(copy + (size_t)offset_of(out, k) * size, 0xff, size);
        kept &= all_bytes(copy, c->out_bytes[o], 0xff);
        kept &= all_bytes((unsigned char *)c->out_block[o] + c->out_bytes[o], GUARD, 0x5a);
        free(copy);
    }
    return kept;
}
