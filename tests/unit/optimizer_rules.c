/* optimizer_rules.c - each rule of the list against ten steps of another library's
 * (tests/oracle/optim.py), and what has to hold for each of them. */
#include "optimizer_bench.h"

enum { STEPS = 10 };

/* The oracle's cases: names and specs, in the fixture's metadata. */
static int cases(const bench *b)
{
    return ad_file_metadata_count(b->file.file);
}

static ad_metadata case_at(const bench *b, int index)
{
    return ad_file_metadata_at(b->file.file, index);
}

/* "clipped" and "schedule" are what optim.c does to a rule. */
static bool plain(const char *name)
{
    return strcmp(name, "clipped") && strcmp(name, "schedule");
}

static void ten_steps(ad_metadata one)
{
    bench b;
    REQUIRE(open_bench(&b));
    ad_optimizer *optimizer = ad_optimizer_new(b.vars, NULL, one.value);
    if (!optimizer) CHECK_FAIL("%s: %s", one.value, ad_error(b.ctx));
    REQUIRE(optimizer);
    ad_node *step = ad_minimize(optimizer, b.loss);
    ad_program *program = compile(&b, (ad_node *[]){b.loss, step}, 2);
    const float *losses = fixture_get(&b.file, "%s.losses", one.key).data;
    size_t memory = ad_context_memory(b.ctx);
    for (int i = 0; program && losses && i < STEPS; ++i) {
        CHECK_INT(ad_run(program), AD_OK);
        double loss = ad_result_scalar(program, b.loss);
        if (!(fabs(loss - (double)losses[i]) <= 1e-5))
            CHECK_FAIL("%s: loss %.9g at step %d, expected %.9g", one.key, loss, i + 1,
                       (double)losses[i]);
    }
    CHECK_INT(ad_context_memory(b.ctx), memory);
    check_parameters(&b, one.key);
    ad_program_free(program);
    ad_optimizer_free(optimizer);
    close_bench(&b);
}

static void ten_steps_as_the_oracle(void)
{
    bench b;
    REQUIRE(open_bench(&b));
    CHECK(cases(&b) > 20);
    for (int i = 0; i < cases(&b); ++i)
        if (plain(case_at(&b, i).key)) ten_steps(case_at(&b, i));
    close_bench(&b);
}

/* No rule and no option of one goes untested: some case of the oracle gives it. */
static void every_option_has_a_case(void)
{
    bench b;
    REQUIRE(open_bench(&b));
    const ad_optimizer_kind *kind;
    for (int k = 0; (kind = ad_optimizer_kind_at(k)); ++k) {
        bool covered[AD_OPTIMIZER_OPTIONS] = {false};
        for (int i = 0; i < cases(&b); ++i) {
            ad_optimizer_spec spec;
            CHECK_INT(ad_optimizer_spec_parse(&spec, b.ctx, case_at(&b, i).value), AD_OK);
            if (spec.kind != kind || !plain(case_at(&b, i).key)) continue;
            for (int j = 0; kind->options[j].name; ++j) covered[j] |= spec.given[j];
        }
        for (int j = 0; kind->options[j].name; ++j)
            if (!covered[j])
                CHECK_FAIL("no case of tests/oracle/optim.py gives the %s of %s",
                           kind->options[j].name, kind->name);
    }
    close_bench(&b);
}

/* ---- what holds for every case ---- */

/* One vector of parameters and its loss. */
typedef struct vector {
    ad_context *ctx;
    ad_vars *vars;
    ad_graph *graph;
    ad_node *p, *loss;
    ad_optimizer *optimizer;
    ad_program *program;
} vector;

enum { LENGTH = 1000 };

static bool open_vector(vector *v, const char *spec, ad_dtype dtype, bool constant_gradient)
{
    *v = (vector){.ctx = ad_context_new(NULL)};
    v->vars = ad_vars_new(v->ctx, 1);
    v->graph = ad_graph_new(v->ctx);
    v->p = ad_param(v->graph, v->vars, "p", ad_shape(LENGTH),
                    (ad_var_options){.dtype = dtype, .init = {AD_INIT_NORMAL, 1, 0, 0}});
    static float slope[LENGTH];
    for (int i = 0; i < LENGTH; ++i) slope[i] = (float)ad_random_unit(3, 0, (uint64_t)i) * 4 - 2;
    ad_node *way = ad_add_scalar(v->p, -0.3);
    ad_node *along = ad_constant(v->graph, AD_F32, ad_shape(LENGTH), slope);
    ad_node *loss = constant_gradient ? ad_mul(way, along) : ad_square(way);
    v->loss = ad_sum(loss, AD_ALL_AXES, false);
    v->optimizer = ad_optimizer_new(v->vars, NULL, spec);
    ad_node *step = v->optimizer ? ad_minimize(v->optimizer, v->loss) : NULL;
    if (step && !ad_compile(&v->program, v->ctx, &step, 1, NULL)) return true;
    CHECK_FAIL("%s: %s", spec, ad_error(v->ctx));
    return false;
}

static void close_vector(vector *v)
{
    ad_program_free(v->program);
    ad_optimizer_free(v->optimizer);
    ad_graph_free(v->graph);
    ad_vars_free(v->vars);
    CHECK_INT(ad_context_memory(v->ctx), 0);
    ad_context_free(v->ctx);
}

static void for_every_case(void (*check)(const char *spec))
{
    bench b;
    REQUIRE(open_bench(&b));
    for (int i = 0; i < cases(&b); ++i) check(case_at(&b, i).value);
    close_bench(&b);
}

/* The bytes of each kernel of a run tell whether it passes over the parameters. */
static void count_passes(void *user, const ad_profile_row *row)
{
    if (row->bytes >= LENGTH) ++*(int *)user;
}

static void is_one_pass(const char *spec)
{
    vector v;
    int passes = 0;
    if (open_vector(&v, spec, AD_F32, false)) {
        ad_profile_start(v.program);
        CHECK_INT(ad_run(v.program), AD_OK);
        ad_profile_read(v.program, count_passes, &passes);
        if (passes != 1) CHECK_FAIL("%s: %d kernels pass over the parameters", spec, passes);
    }
    close_vector(&v);
}

static void one_pass_over_the_parameters(void)
{
    for_every_case(is_one_pass);
}

/* A schedule may end at a rate of 0. */
static void rests(const char *spec)
{
    vector v;
    static float before[LENGTH], after[LENGTH];
    if (open_vector(&v, spec, AD_F32, false)) {
        ad_variable *p = ad_var_find(v.vars, "p");
        for (int i = 0; i < 3; ++i) CHECK_INT(ad_run(v.program), AD_OK);
        ad_variable_get(v.vars, p, before);
        CHECK_INT(ad_optimizer_set_lr(v.optimizer, 0), AD_OK);
        for (int i = 0; i < 3; ++i) CHECK_INT(ad_run(v.program), AD_OK);
        ad_variable_get(v.vars, p, after);
        if (memcmp(before, after, sizeof before)) CHECK_FAIL("%s moves at a rate of 0", spec);
    }
    close_vector(&v);
}

static void a_rate_of_zero_moves_nothing(void)
{
    for_every_case(rests);
}

/* In f64 the same, but for f32's rounding. */
static void agrees_in_f64(const char *spec)
{
    vector single, twice;
    static float f[LENGTH];
    static double d[LENGTH];
    double error = 0;
    bool open = open_vector(&single, spec, AD_F32, false);
    open = open_vector(&twice, spec, AD_F64, false) && open;
    if (open) {
        ad_variable *p = ad_var_find(single.vars, "p"), *q = ad_var_find(twice.vars, "p");
        ad_variable_get(single.vars, p, f);
        for (int i = 0; i < LENGTH; ++i) d[i] = (double)f[i];
        ad_variable_set(twice.vars, q, d);
        for (int i = 0; i < STEPS; ++i) {
            CHECK_INT(ad_run(single.program), AD_OK);
            CHECK_INT(ad_run(twice.program), AD_OK);
        }
        ad_variable_get(single.vars, p, f);
        ad_variable_get(twice.vars, q, d);
        for (int i = 0; i < LENGTH; ++i) error = fmax(error, fabs((double)f[i] - d[i]));
        if (!(error <= 1e-4)) CHECK_FAIL("%s: f32 and f64 differ by %g", spec, error);
    }
    close_vector(&single);
    close_vector(&twice);
}

static void both_precisions(void)
{
    for_every_case(agrees_in_f64);
}

/* Where the gradient never changes its deviation is 0, and must not be the root of less. */
static void stays_finite(const char *spec)
{
    vector v;
    static float p[LENGTH];
    if (open_vector(&v, spec, AD_F32, true)) {
        for (int i = 0; i < 3000; ++i) CHECK_INT(ad_run(v.program), AD_OK);
        ad_variable_get(v.vars, ad_var_find(v.vars, "p"), p);
        for (int i = 0; i < LENGTH; ++i)
            if (!isfinite(p[i])) {
                CHECK_FAIL("%s: parameter %d is %g", spec, i, (double)p[i]);
                break;
            }
    }
    close_vector(&v);
}

static void a_constant_gradient(void)
{
    for_every_case(stays_finite);
}

/* A run that is saved after four steps and resumed elsewhere ends with the same bits. */
static void resumes(const char *spec)
{
    bench whole, half;
    char path[64], state_path[64];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.30s/optim-test.safetensors",
             folder && strlen(folder) <= 30 ? folder : "/tmp");
    snprintf(state_path, sizeof state_path, "%.50s.state", path);
    REQUIRE(open_bench(&whole) && open_bench(&half));
    ad_optimizer *a = ad_optimizer_new(whole.vars, NULL, spec),
                 *b = ad_optimizer_new(half.vars, NULL, spec);
    REQUIRE(a && b);
    ad_node *steps[] = {ad_minimize(a, whole.loss), ad_minimize(b, half.loss)};
    ad_program *one = compile(&whole, &steps[0], 1), *two = compile(&half, &steps[1], 1);
    for (int i = 0; i < 4; ++i) ad_run(one);
    CHECK_INT(ad_vars_save(whole.vars, path), AD_OK);
    CHECK_INT(ad_vars_save(ad_optimizer_state(a), state_path), AD_OK);
    for (int i = 0; i < 6; ++i) ad_run(one);
    CHECK_INT(ad_vars_load(half.vars, path, (ad_load_options){0}), AD_OK);
    CHECK_INT(ad_vars_load(ad_optimizer_state(b), state_path, (ad_load_options){0}), AD_OK);
    for (int i = 0; i < 6; ++i) ad_run(two);
    for (int i = 0; i < ad_vars_count(whole.vars); ++i) {
        ad_variable *v = ad_vars_at(whole.vars, i), *w = ad_vars_at(half.vars, i);
        size_t bytes = (size_t)ad_shape_count(ad_variable_shape(v)) * 4;
        if (memcmp(ad_variable_data(whole.vars, v), ad_variable_data(half.vars, w), bytes))
            CHECK_FAIL("%s: %s differs when resumed", spec, ad_variable_name(v));
    }
    remove(path), remove(state_path);
    ad_program_free(one), ad_program_free(two);
    ad_optimizer_free(a), ad_optimizer_free(b);
    close_bench(&whole), close_bench(&half);
}

static void state_can_be_saved(void)
{
    for_every_case(resumes);
}

/* ---- FTRL as it is published ---- */

/* Algorithm 1 of McMahan et al. 2013, in their names, for one coordinate. */
typedef struct coordinate {
    double w, z, n;
} coordinate;

static void algorithm_1(coordinate *c, double g)
{
    const double alpha = 0.5, beta = 1, lambda1 = 0.617, lambda2 = 0.3;
    double sigma = (sqrt(c->n + g * g) - sqrt(c->n)) / alpha;
    c->z += g - sigma * c->w;
    c->n += g * g;
    double sign = c->z < 0 ? -1 : 1;
    c->w = fabs(c->z) <= lambda1
               ? 0
               : -(c->z - sign * lambda1) / ((beta + sqrt(c->n)) / alpha + lambda2);
}

/* From weights of 0, with gradients of which some are too small to matter: the same weights, and
 * zeros in the same places. */
static void ftrl_from_zero(void)
{
    enum { N = 40 };
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *g = ad_graph_new(ctx);
    coordinate c[N] = {{0}};
    float target[N];
    int zeros = 0, left = 0;
    for (int i = 0; i < N; ++i) target[i] = powf((float)(i - N / 2) / 20, 3);
    ad_node *w = ad_param(g, vars, "w", ad_shape(N), (ad_var_options){0});
    ad_node *away = ad_sub(w, ad_constant(g, AD_F32, ad_shape(N), target));
    ad_node *loss = ad_mul_scalar(ad_sum(ad_square(away), AD_ALL_AXES, false), 0.5);
    ad_optimizer *o = ad_optimizer_new(vars, NULL, "ftrl:lr=0.5,beta=1,l1=0.617,l2=0.3");
    ad_node *step = ad_minimize(o, loss);
    ad_program *program;
    REQUIRE(ad_compile(&program, ctx, &step, 1, NULL) == AD_OK);
    for (int n = 0; n < 30; ++n) {
        CHECK_INT(ad_run(program), AD_OK);
        const float *got = ad_variable_data(vars, ad_var_find(vars, "w"));
        for (int i = 0; i < N; ++i) {
            algorithm_1(&c[i], c[i].w - (double)target[i]);
            CHECK_NEAR((double)got[i], c[i].w, 2e-6);
            if ((got[i] == 0) != (c[i].w == 0)) CHECK_FAIL("step %d: w[%d] is %g", n, i, got[i]);
            zeros += got[i] == 0;
            left += got[i] != 0;
        }
    }
    CHECK(zeros > 300 && left > 300);
    ad_program_free(program);
    ad_optimizer_free(o);
    ad_graph_free(g);
    ad_vars_free(vars);
    ad_context_free(ctx);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(ten_steps_as_the_oracle),
                                     CASE(every_option_has_a_case),
                                     CASE(one_pass_over_the_parameters),
                                     CASE(a_rate_of_zero_moves_nothing),
                                     CASE(both_precisions),
                                     CASE(a_constant_gradient),
                                     CASE(state_can_be_saved),

                                     CASE(ftrl_from_zero),
                                     {0}});
}
