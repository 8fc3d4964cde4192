/* A device that has a part of the CPU's solvers: what it declines is decomposed, copied for it or
 * kept in kernels of its own, and training gives the same; where nothing of that helps, a sentence
 * says what is missing. This file stands in for the table of devices (src/device/devices.c). */
#include "small_trainings.h"

#include "device/cpu/cpu_device.h"

/* ---- the device ---- */

enum { NO_STEP = -1 };
typedef struct lack {
    bool decomposed; /* every op that has a decomposition, steps of chains too */
    int op;          /* one op: a step of chains if it is elementwise; 0: none */
    int steps;       /* chains of more steps than that; 0: any number will do */
    bool strides;    /* operands that are not contiguous; chains take them */
    bool fusion;     /* chains in front of a reduction or behind a product */
} lack;
static lack lacks;

static ad_device cpu;

/* The CPU's lowest bidder, for one thread. */
static const ad_solver *whole(const ad_problem *problem, double *seconds)
{
    const ad_solver *best = NULL;
    int count = 0;
    const ad_solver *const *all = cpu.solvers(&cpu, problem->op, &count);
    for (int i = 0; i < count; ++i) {
        double bid = all[i]->bid(problem, &cpu.machine);
        if (bid < 0 || (best && bid >= *seconds)) continue;
        best = all[i], *seconds = bid;
    }
    return best;
}

static bool lacks_op(int op)
{
    return op != AD_OP_CHAIN &&
           ((lacks.op && op == lacks.op) || (lacks.decomposed && ad_ops[op].decompose != NULL));
}

static bool lacks_problem(const ad_problem *problem)
{
    const ad_chain *chain = problem->chain;
    bool alone = problem->op == AD_OP_CHAIN;
    for (int s = 0; chain && s < chain->n_steps; ++s)
        if (lacks_op(chain->step[s].op)) return true;
    if (lacks_op(problem->op) || (chain && !alone && lacks.fusion)) return true;
    if (alone) return lacks.steps && chain->n_steps > lacks.steps;
    for (int i = 0; i < problem->n_in && lacks.strides; ++i)
        if (!ad_operand_contiguous(&problem->in[i])) return true;
    return false;
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    double seconds = -1;
    (void)machine;
    if (!lacks_problem(problem)) whole(problem, &seconds);
    return seconds;
}

static size_t workspace(const ad_problem *problem)
{
    double seconds;
    const ad_solver *solver = whole(problem, &seconds);
    return solver->workspace ? solver->workspace(problem) : 0;
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    double seconds;
    whole(problem, &seconds)->run(problem, args);
}

/* One solver for all ops, as the null device has. */
static const ad_solver partial = {
    .name = "partial", .bid = bid, .workspace = workspace, .run = run};

static const ad_solver *const *solvers(const ad_device *device, int op, int *count)
{
    static const ad_solver *const all[] = {&partial};
    (void)device, (void)op;
    *count = 1;
    return all;
}

ad_status ad_device_open(ad_device *device, ad_context *ctx, int kind)
{
    (void)kind;
    ad_status status = ad_cpu_device_open(&cpu, ctx);
    cpu.machine.threads = 1, cpu.machine.overhead = 0;
    *device = cpu;
    device->name = "partial", device->target = NULL, device->solvers = solvers;
    return status;
}

const char *ad_device_name(int kind)
{
    return kind == 0 ? "partial" : NULL;
}

/* ---- what it trains ---- */

static ad_context *ctx;
static int chains_alone, strided, decomposable; /* in the program that was looked at last */

static void look(ad_program *program)
{
    chains_alone = strided = decomposable = 0;
    for (int k = 0; k < program->n_kernels; ++k) {
        const ad_problem *p = &program->kernels[k]->problem;
        bool alone = p->op == AD_OP_CHAIN;
        chains_alone += alone;
        decomposable += !alone && ad_ops[p->op].decompose;
        for (int i = 0; i < p->n_in && !alone; ++i) strided += !ad_operand_contiguous(&p->in[i]);
    }
}

static const small_training *training_of(const char *name)
{
    for (int i = 0; i < SMALL_TRAININGS; ++i)
        if (!strcmp(small_trainings[i].name, name)) return &small_trainings[i];
    return NULL;
}

/* Trains with all there is and then without; `look` has seen the latter last. */
static void compare(const char *name, lack without)
{
    static small_outcome want, got;
    lacks = (lack){0};
    CHECK_INT(small_train(ctx, training_of(name), NULL, &want, look), AD_OK);
    int alone = chains_alone, strides = strided, plain = decomposable;
    lacks = without;
    if (small_train(ctx, training_of(name), NULL, &got, look))
        CHECK_FAIL("%s: %s", name, ad_error(ctx));
    small_compare(name, &got, &want);
    if (without.fusion) CHECK(chains_alone > alone);
    if (without.strides) CHECK(strides > 0 && strided == 0);
    if (without.decomposed) CHECK(plain > 0 && decomposable == 0);
    lacks = (lack){0};
}

static void ops_are_decomposed(void)
{
    for (int i = 0; i < SMALL_TRAININGS; ++i)
        compare(small_trainings[i].name, (lack){.decomposed = true});
}

static void operands_are_copied(void)
{
    compare("views", (lack){.strides = true});
    compare("transformer", (lack){.strides = true});
}

static void chains_run_alone(void)
{
    for (int i = 0; i < SMALL_TRAININGS; ++i)
        compare(small_trainings[i].name, (lack){.fusion = true});
}

/* ---- what it cannot ---- */

static void refuses(const char *name, lack without, const char *sentence)
{
    static small_outcome outcome;
    lacks = without;
    CHECK_INT(small_train(ctx, training_of(name), NULL, &outcome, NULL), AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx), sentence);
    lacks = (lack){0};
}

static void says_what_is_missing(void)
{
    refuses("convolutions", (lack){.op = AD_OP_CONV2D},
            "the partial device has no kernel for conv2d(f32");
    refuses("convolutions", (lack){.op = AD_OP_CONV2D}, "), which has no decomposition");
    refuses("perceptron", (lack){.op = AD_OP_MATMUL},
            "no kernel for matmul(f32 [12, 16], f32 [12, 20])");
    refuses("classifier", (lack){.op = AD_OP_ERF, .decomposed = true},
            "the partial device has no step of a chain for erf(f32 [12, 16]), which");
    refuses("perceptron", (lack){.steps = 1, .fusion = true},
            "takes each step of a chain, but not the chain r");
    refuses("perceptron", (lack){.op = AD_OP_SUM}, "has no kernel for sum(f32");
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int failed = check_main(argc, argv,
                            (check_case[]){CASE(ops_are_decomposed),
                                           CASE(operands_are_copied),
                                           CASE(chains_run_alone),
                                           CASE(says_what_is_missing),
                                           {0}});
    ad_context_free(ctx);
    return failed;
}
