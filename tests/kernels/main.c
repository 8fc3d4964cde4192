/* main.c - holds every solver of every instruction set of this machine, and of every other device
 * of it that runs, against plain loops or the scalar solvers in f64 on random problems, and shows
 * what each of them costs. An op that nothing here would hold to anything is a failure.
 *
 *     build/tests/check_kernels [--seed N] [--rounds N] [--only TEXT] [--isa NAME]
 *
 * A problem is run with one thread, then with several and, where a solver can, with the constant
 * operand packed ahead: the bits must be the same. Nothing may be written between or behind the
 * elements of a result. The table has, for each op, solver and instruction set: the problems that
 * it took, the largest error beyond the result's own rounding (in f32 arithmetic, as a share of
 * what the tolerance is of: see kernels.h), and cycles of the time stamp counter per element of the
 * largest operand, of one thread on a problem of medium size. Where there is no such counter they
 * are nanoseconds. */
#include "base/text.h"
#include "kernels.h"

#include <autodidact/program.h>

#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

typedef struct contender {
    int level;       /* of the CPU's instruction sets; ELSEWHERE: another device's */
    const char *isa; /* or the device's name */
    const ad_solver *solver;
    int problems, failures;
    double error; /* negative: it was held against itself alone */
} contender;

#define SOLVER_DECLARE(isa, level, name) extern const ad_solver ad_solver_##name##_##isa;
#define SOLVER(op, name)                 AD_FOR_ISAS(SOLVER_DECLARE, name)
#include "device/cpu/solvers.def"
#undef SOLVER
#define SOLVER_ROW(isa, level, name) {level, #isa, &ad_solver_##name##_##isa, 0, 0, -1},
static const contender cpu_contenders[] = {
#define SOLVER(op, name) AD_FOR_ISAS(SOLVER_ROW, name)
#include "device/cpu/solvers.def"
#undef SOLVER
};
enum { CPU_CONTENDERS = sizeof cpu_contenders / sizeof *cpu_contenders, ELSEWHERE = AD_ISAS };
static contender *contenders;
static int n_contenders;

enum { DEFAULT_ROUNDS = 12 };
static uint64_t base_seed = 1;
static int rounds = DEFAULT_ROUNDS;
static const char *only = "", *only_isa;

static void add_contender(contender w)
{
    contenders = realloc(contenders, (size_t)(n_contenders + 1) * sizeof *contenders);
    contenders[n_contenders++] = w;
}

static void add_device(const ad_device *device)
{
    for (int op = 0; op <= AD_OP_CHAIN; ++op) {
        int count = 0;
        const ad_solver *const *solvers = device->solvers(device, op, &count);
        for (int i = 0; i < count; ++i)
            add_contender((contender){ELSEWHERE, device->name, solvers[i], 0, 0, -1});
    }
}

/* Solvers of other devices are there as long as the context is. */
static void list_contenders(ad_context *ctx)
{
    ad_device device;
    for (int i = 0; i < CPU_CONTENDERS; ++i) add_contender(cpu_contenders[i]);
    for (int kind = 0; ad_device_name(kind); ++kind)
        if (kind != AD_DEVICE_CPU && !ad_device_open(&device, ctx, kind) && device.runs)
            add_device(&device);
}

static bool wanted(const contender *w)
{
    char label[128];
    if (w->solver->amx && !(ad_cpu_get()->amx && w->level == AD_ISAS - 1)) return false;
    snprintf(label, sizeof label, "%s %s", kernel_op_name(w->solver->op), w->solver->name);
    bool here = w->level == ELSEWHERE || w->level <= (int)ad_cpu_get()->isa;
    return here && strstr(label, only) && (!only_isa || !strcmp(only_isa, w->isa));
}

const char *kernel_op_name(int op)
{
    return op == AD_OP_CHAIN ? "chain" : ad_ops[op].name;
}

static void describe_operand(const ad_operand *o, char *text, size_t size)
{
    size_t at = (size_t)snprintf(text, size, " %s[", ad_dtype_name(o->dtype));
    for (int i = 0; i < o->rank && at < size; ++i)
        at += (size_t)snprintf(text + at, size - at, i ? ",%lld" : "%lld", (long long)o->dim[i]);
    if (at < size) at += (size_t)snprintf(text + at, size - at, "]");
    for (int i = 0; i < o->rank && at < size && !ad_operand_contiguous(o); ++i)
        at += (size_t)snprintf(text + at, size - at, i ? ",%lld%s" : "{%lld%s",
                               (long long)o->stride[i], i + 1 == o->rank ? "}" : "");
}

void describe_problem(const ad_problem *p, char *text, size_t size)
{
    snprintf(text, size, "in");
    for (int i = 0; i < p->n_in; ++i)
        describe_operand(&p->in[i], text + strlen(text), size - strlen(text));
    snprintf(text + strlen(text), size - strlen(text), " out");
    for (int i = 0; i < p->n_out; ++i)
        describe_operand(&p->out[i], text + strlen(text), size - strlen(text));
}

static void fail(contender *w, const solver_case *c, uint64_t seed, const char *what)
{
    char text[1024];
    const char *op = kernel_op_name(w->solver->op);
    if (++w->failures > 3) return;
    describe_problem(&c->problem, text, sizeof text);
    printf("FAILED %s %s %s: %s; %s; again: --rounds 1 --seed %llu --only '%s %s'\n", op,
           w->solver->name, w->isa, what, text, (unsigned long long)seed, op, w->solver->name);
    if (!c->problem.chain) return;
    ad_context *ctx = ad_context_new(NULL);
    ad_text steps;
    ad_text_init(&steps, ctx);
    ad_chain_print(&steps, c->problem.chain);
    printf("    chain: %s\n", ad_text_get(&steps));
    ad_text_free(&steps);
    ad_context_free(ctx);
}

static bool is_wide(const ad_problem *p)
{
    for (int i = 0; i < p->n_in; ++i)
        if (p->in[i].dtype == AD_F64) return true;
    for (int o = 0; o < p->n_out; ++o)
        if (p->out[o].dtype == AD_F64) return true;
    return false;
}

static void check_one(contender *w, const kernel_kind *kind, solver_case *c, const expectation *e,
                      uint64_t seed)
{
    char text[256];
    disagreement worst;
    bool wide = is_wide(&c->problem);
    double tolerance = kind->tolerance * (w->solver->transforms ? TRANSFORMED_LOOSER : 1);
    if (wide) tolerance = kind->measure == OF_ROUNDING ? tolerance * 0x1p-29 : WIDE_TOLERANCE;
    if (!run_solver(w->solver, c, 1, false)) return;
    ++w->problems;
    double least = strstr(w->solver->name, "2x2") ? TWO_STEPS_LEAST : 0;
    double error = compare_outputs(c, e, tolerance, least, &worst);
    if (!wide && (w->level > 0 || e->wide || e->defined)) w->error = fmax(w->error, error);
    if (worst.allowed > 0) {
        snprintf(text, sizeof text, "output %d element %lld is %.9g, expected %.9g +- %.2g",
                 worst.output, (long long)worst.element, worst.got, worst.want, worst.allowed);
        fail(w, c, seed, text);
    }
    if (!gaps_are_kept(c)) fail(w, c, seed, "it writes outside of its result");
    void *first[AD_CHAIN_OUTPUTS];
    for (int o = 0; o < c->problem.n_out; ++o)
        first[o] = memcpy(malloc(c->out_bytes[o]), c->out_block[o], c->out_bytes[o]);
    int threads = 2 + (int)(seed % 3);
    run_solver(w->solver, c, threads, true);
    for (int o = 0; o < c->problem.n_out; ++o) {
        if (memcmp(first[o], c->out_block[o], c->out_bytes[o])) {
            snprintf(text, sizeof text, "%d threads%s give other bits", threads,
                     w->solver->packed ? " and packing ahead" : "");
            fail(w, c, seed, text);
        }
        free(first[o]);
    }
    c->problem.threads = 1;
}

/* Whether a solver of the op has had no problem yet that it takes. */
static bool someone_waits(int op)
{
    for (int i = 0; i < n_contenders; ++i)
        if (contenders[i].solver->op == op && wanted(&contenders[i]) && !contenders[i].problems)
            return true;
    return false;
}

/* As many rounds as asked for, and more until each solver has taken a problem. */
static int check_kind(const kernel_kind *kind)
{
    enum { MOST_TIMES = 8 };
    int defined = 0, enough = rounds * kind->share;
    for (int round = 0; round < MOST_TIMES * enough; ++round) {
        if (round >= enough && !someone_waits(kind->op)) break;
        solver_case c;
        expectation e;
        uint64_t seed = base_seed + (uint64_t)round;
        make_problem(kind, &c, seed, 0);
        if (expect(kind, &c, &e)) {
            defined += e.defined;
            for (int i = 0; i < n_contenders; ++i)
                if (contenders[i].solver->op == kind->op && wanted(&contenders[i]))
                    check_one(&contenders[i], kind, &c, &e, seed);
            free_expectation(&e);
        }
        free_case(&c);
    }
    if (defined) return 0;
    printf("FAILED no problem of %s is one that its decomposition computes\n",
           kernel_op_name(kind->op));
    return 1;
}

/* ---- what it costs ---- */

static double ticks(void)
{
#if defined(__x86_64__)
    return (double)__rdtsc();
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
#endif
}

/* The fewest of several runs, per element of the largest operand; 0: it declines. */
static double cost(const ad_solver *solver, solver_case *c)
{
    enum { RUNS = 7 };
    if (!run_solver(solver, c, 1, false)) return 0;
    size_t bytes = solver->workspace ? solver->workspace(&c->problem) : 0;
    void *workspace = aligned_alloc(64, (bytes + 127) / 64 * 64);
    ad_run_args args = {.in = c->in, .out = c->out, .workspace = workspace};
    double least = INFINITY, elements = 1;
    for (int i = 0; i < RUNS; ++i) {
        double begin = ticks();
        solver->run(&c->problem, &args);
        least = fmin(least, ticks() - begin);
    }
    for (int i = 0; i < c->problem.n_in; ++i)
        elements = fmax(elements, (double)solve_count(&c->problem.in[i]));
    for (int o = 0; o < c->problem.n_out; ++o)
        elements = fmax(elements, (double)solve_count(&c->problem.out[o]));
    free(workspace);
    return least / elements;
}

static void print_row(const kernel_kind *kind, const contender *w)
{
    char text[512] = "";
    double cycles = 0;
    for (int medium = 1; medium <= MEDIUMS && cycles <= 0; ++medium) {
        solver_case c;
        make_problem(kind, &c, base_seed, medium);
        cycles = cost(w->solver, &c);
        describe_problem(&c.problem, text, sizeof text);
        free_case(&c);
    }
    double tolerance = kind->tolerance * (w->solver->transforms ? TRANSFORMED_LOOSER : 1);
    printf("%-19s %-23s %-11s %5d  ", kernel_op_name(kind->op), w->solver->name, w->isa,
           w->problems);
    printf(w->error >= 0 ? "%8.1e" : "       -", w->error);
    printf("  %7.0e  ", tolerance);
    printf(cycles > 0 ? "%8.2f  %s\n" : "       -\n", cycles, text);
}

static int report(const kernel_kind *kind)
{
    int bad = 0;
    for (int i = 0; i < n_contenders; ++i) {
        contender *w = &contenders[i];
        if (w->solver->op != kind->op || !wanted(w)) continue;
        print_row(kind, w);
        bad += w->failures > 0;
    }
    fflush(stdout);
    return bad;
}

/* ---- what must not be missing ---- */

static int missing(const char *format, const char *op)
{
    printf(format, op);
    return 1;
}

static const kernel_kind *kind_of(int op)
{
    for (int k = 0; k < n_kernel_kinds; ++k)
        if (kernel_kinds[k].op == op) return &kernel_kinds[k];
    return NULL;
}

static bool has_solver(int op)
{
    for (int i = 0; i < n_contenders; ++i)
        if (contenders[i].solver->op == op) return true;
    return false;
}

static int find_holes(void)
{
    int holes = 0;
    for (int op = 0; op < AD_OPS; ++op) {
        const char *name = ad_ops[op].name;
        const kernel_kind *kind = kind_of(op);
        ad_op_class klass = ad_ops[op].klass;
        bool needs = klass == AD_CLASS_REDUCE || klass == AD_CLASS_CONTRACT ||
                     klass == AD_CLASS_KERNEL;
        if (needs && !has_solver(op) && !ad_ops[op].decompose)
            holes += missing("FAILED %s has neither a solver nor a decomposition\n", name);
        if (has_solver(op) && !kind)
            holes += missing("FAILED %s has a solver and no row in tests/kernels/makers.c\n", name);
        if (kind && !has_solver(op))
            holes += missing("FAILED %s has a row in tests/kernels/makers.c and no solver\n", name);
        if (kind && !kind->plain && !ad_ops[op].decompose)
            holes += missing("FAILED %s has no decomposition, so its row in tests/kernels/makers.c "
                             "needs loops of plain.c\n",
                             name);
    }
    if (DEFAULT_ROUNDS * kind_of(AD_OP_CHAIN)->share / 2 < count_step_problems())
        holes += missing("FAILED the share of %s in tests/kernels/makers.c leaves steps out\n",
                         "chain");
    return holes;
}

static int usage(const char *word)
{
    fprintf(stderr,
            "unknown argument: %s\nusage: check_kernels [--seed N] [--rounds N] [--only TEXT] "
            "[--isa scalar|avx2|avx512|avx512bf16|neon|DEVICE]\n",
            word);
    return 2;
}

int main(int argc, char **argv)
{
    ad_context *ctx = ad_context_new(NULL);
    list_contenders(ctx);
    int bad = find_holes(), rows = 0, problems = 0;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc) return usage(argv[i]);
        if (!strcmp(argv[i], "--seed"))
            base_seed = strtoull(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--rounds"))
            rounds = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--only"))
            only = argv[i + 1];
        else if (!strcmp(argv[i], "--isa"))
            only_isa = argv[i + 1];
        else
            return usage(argv[i]);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%s; seed %llu, %d rounds\n", ad_cpu_get()->model, (unsigned long long)base_seed,
           rounds);
    printf("%-19s %-23s %-11s %5s  %8s  %7s  %8s\n", "op", "solver", "set", "taken", "error",
           "allowed", "cycles");
    for (int k = 0; k < n_kernel_kinds; ++k) {
        bool any = false;
        for (int i = 0; i < n_contenders; ++i)
            any |= contenders[i].solver->op == kernel_kinds[k].op && wanted(&contenders[i]);
        if (!any) continue;
        bad += check_kind(&kernel_kinds[k]);
        bad += report(&kernel_kinds[k]);
    }
    for (int i = 0; i < n_contenders; ++i) {
        if (!wanted(&contenders[i])) continue;
        ++rows, problems += contenders[i].problems;
        if (contenders[i].problems) continue;
        printf("FAILED %s %s took no problem\n", contenders[i].solver->name, contenders[i].isa);
        ++bad;
    }
    ad_context_free(ctx);
    free(contenders);
    if (!rows) return usage(only_isa ? only_isa : only);
    printf("%d runs of %d kernels, %d disagree\n", problems, rows, bad);
    printf("%d passed, %d failed\n", rows > bad ? rows - bad : 0, bad);
    return bad || problems == 0;
}
