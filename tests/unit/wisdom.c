/* wisdom.c - kernels by wisdom: what it knows is taken, what it does not know is measured, files
 * keep what others wrote, and damaged ones are refused whole. */
#include <autodidact/ops.h>
#include <autodidact/program.h>
#include <autodidact/wisdom.h>

#include "folder.h"
#include "sparing.h"
#include "base/text.h"
#include "plan/plan.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *contents(const char *path)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "rb");
    text[file ? fread(text, 1, sizeof text - 1, file) : 0] = 0;
    if (file) fclose(file);
    return text;
}

/* ---- a convolution that many solvers take ---- */

typedef struct conv {
    ad_context *ctx;
    ad_graph *graph;
    ad_program *program;
    ad_wisdom *wisdom;
    float x[12 * 12 * 32], w[9 * 32 * 32];
} conv;

static bool compile(conv *c, ad_compile_options options)
{
    ad_program_free(c->program);
    ad_graph_free(c->graph);
    c->graph = ad_graph_new(c->ctx);
    ad_node *x = ad_input(c->graph, "x", AD_F32, ad_shape(1, 12, 12, 32)),
            *w = ad_input(c->graph, "w", AD_F32, ad_shape(3, 3, 32, 32)),
            *y = ad_conv2d(x, w, (ad_conv){.pad = 1});
    if (ad_compile(&c->program, c->ctx, &y, 1, &options)) return false;
    return true;
}

static void open_conv(conv *c, int threads)
{
    *c = (conv){.ctx = ad_context_new(&(ad_context_options){.threads = threads})};
    REQUIRE(c->ctx && !ad_wisdom_new(&c->wisdom, c->ctx));
    for (size_t i = 0; i < sizeof c->x / sizeof *c->x; ++i)
        c->x[i] = (float)ad_random_unit(1, 1, i) - 0.5f;
    for (size_t i = 0; i < sizeof c->w / sizeof *c->w; ++i)
        c->w[i] = (float)ad_random_unit(1, 2, i) - 0.5f;
}

static void close_conv(conv *c)
{
    ad_wisdom_use(c->ctx, NULL, false);
    ad_wisdom_free(c->wisdom);
    ad_program_free(c->program);
    ad_graph_free(c->graph);
    CHECK_INT((int64_t)ad_context_memory(c->ctx), 0);
    ad_context_free(c->ctx);
}

static const char *chosen(const conv *c)
{
    for (int k = 0; k < c->program->n_kernels; ++k)
        if (c->program->kernels[k]->problem.op == AD_OP_CONV2D)
            return c->program->kernels[k]->solver->name;
    return "";
}

/* One that takes the problem and has another name. */
static const char *another(const conv *c, const char *than)
{
    const ad_device *device = &c->program->device;
    const ad_problem *problem = NULL;
    int count = 0;
    for (int k = 0; k < c->program->n_kernels; ++k)
        if (c->program->kernels[k]->problem.op == AD_OP_CONV2D)
            problem = &c->program->kernels[k]->problem;
    const ad_solver *const *solvers = device->solvers(device, AD_OP_CONV2D, &count);
    for (int i = count - 1; i >= 0 && problem; --i)
        if (solvers[i]->bid(problem, &device->machine) >= 0 && !solvers[i]->transforms &&
            strcmp(solvers[i]->name, than) != 0)
            return solvers[i]->name;
    return NULL;
}

static void what_is_known_is_taken(void)
{
    conv c;
    open_conv(&c, 1);
    REQUIRE(compile(&c, (ad_compile_options){0}));
    const char *plain = chosen(&c), *other = another(&c, plain);
    REQUIRE(other);
    /* nothing is known, and nothing is measured */
    ad_wisdom_use(c.ctx, c.wisdom, false);
    REQUIRE(compile(&c, (ad_compile_options){0}));
    CHECK_TEXT(chosen(&c), plain);
    CHECK_INT(ad_wisdom_count(c.wisdom), 0);
    /* measured */
    double seconds = 0;
    ad_wisdom_use(c.ctx, c.wisdom, true);
    REQUIRE(compile(&c, (ad_compile_options){0}));
    CHECK_INT(ad_wisdom_count(c.wisdom), 1);
    CHECK_INT(ad_wisdom_measured(c.wisdom, &seconds), 1);
    CHECK(seconds > 0 && seconds < 10);
    ad_wisdom_entry entry = ad_wisdom_at(c.wisdom, 0);
    CHECK_TEXT(chosen(&c), entry.solver);
    CHECK(entry.seconds > 0 && entry.seconds < 1);
    CHECK_CONTAINS(entry.problem, "conv2d f32[1,12,12,32:");
    /* once only */
    REQUIRE(compile(&c, (ad_compile_options){0}));
    CHECK_INT(ad_wisdom_measured(c.wisdom, NULL), 1);
    /* planted, tuning or not */
    for (int tune = 0; tune < 2; ++tune) {
        ad_wisdom_use(c.ctx, c.wisdom, tune);
        for (int i = 0; i < 2; ++i) {
            const char *name = i ? plain : other;
            CHECK_INT(ad_wisdom_add(c.wisdom, (ad_wisdom_entry){entry.problem, name, 1}), 0);
            REQUIRE(compile(&c, (ad_compile_options){0}));
            CHECK_TEXT(chosen(&c), name);
        }
    }
    /* without it, as ever */
    CHECK_INT(ad_wisdom_add(c.wisdom, (ad_wisdom_entry){entry.problem, other, 1}), 0);
    ad_wisdom_use(c.ctx, NULL, false);
    REQUIRE(compile(&c, (ad_compile_options){0}));
    CHECK_TEXT(chosen(&c), plain);
    close_conv(&c);
}

static void solvers_that_are_gone(void)
{
    conv c;
    open_conv(&c, 1);
    REQUIRE(compile(&c, (ad_compile_options){0}));
    const char *plain = chosen(&c);
    ad_wisdom_use(c.ctx, c.wisdom, true);
    REQUIRE(compile(&c, (ad_compile_options){0}));
    ad_wisdom_entry entry = ad_wisdom_at(c.wisdom, 0);
    CHECK_INT(ad_wisdom_add(c.wisdom, (ad_wisdom_entry){entry.problem, "abacus", 1}), 0);
    ad_wisdom_use(c.ctx, c.wisdom, false);
    REQUIRE(compile(&c, (ad_compile_options){0}));
    CHECK_TEXT(chosen(&c), plain);
    CHECK_TEXT(ad_wisdom_at(c.wisdom, 0).solver, "abacus");
    ad_wisdom_use(c.ctx, c.wisdom, true);
    REQUIRE(compile(&c, (ad_compile_options){0}));
    CHECK_TEXT(ad_wisdom_at(c.wisdom, 0).solver, chosen(&c));
    CHECK_INT(ad_wisdom_count(c.wisdom), 1);
    close_conv(&c);
}

/* No transforms are measured where they are excluded, and least workspace stays that. */
static void options_keep_their_meaning(void)
{
    conv c;
    open_conv(&c, 1);
    ad_wisdom_use(c.ctx, c.wisdom, true);
    REQUIRE(compile(&c, (ad_compile_options){.direct = true}));
    for (int k = 0; k < c.program->n_kernels; ++k)
        CHECK(!c.program->kernels[k]->solver->transforms);
    REQUIRE(compile(&c, (ad_compile_options){0}));
    CHECK_INT(ad_wisdom_count(c.wisdom), 2); /* two problems: who may solve them differs */
    REQUIRE(compile(&c, (ad_compile_options){.device = AD_DEVICE_NULL}));
    CHECK_INT(ad_wisdom_count(c.wisdom), 2);
    close_conv(&c);
}

static void the_same_bits_with_any_threads(void)
{
    static const int threads[] = {1, 2, 3, 7};
    static float first[12 * 12 * 32];
    REQUIRE(folder_make());
    for (int i = 0; i < 4; ++i) {
        conv c;
        open_conv(&c, threads[i]);
        if (i) CHECK_INT(ad_wisdom_load(c.wisdom, in_folder("wisdom")), 0);
        ad_wisdom_use(c.ctx, c.wisdom, i == 0);
        REQUIRE(compile(&c, (ad_compile_options){0}));
        if (!i) { /* one that would not have been chosen */
            const char *other = another(&c, chosen(&c));
            ad_wisdom_entry entry = ad_wisdom_at(c.wisdom, 0);
            REQUIRE(other);
            CHECK_INT(ad_wisdom_add(c.wisdom, (ad_wisdom_entry){entry.problem, other, 1}), 0);
            CHECK_INT(ad_wisdom_save(c.wisdom, in_folder("wisdom")), 0);
            REQUIRE(compile(&c, (ad_compile_options){0}));
        }
        CHECK_TEXT(chosen(&c), ad_wisdom_at(c.wisdom, 0).solver);
        CHECK_INT(ad_bind_name(c.program, "x", c.x, sizeof c.x), 0);
        CHECK_INT(ad_bind_name(c.program, "w", c.w, sizeof c.w), 0);
        CHECK_INT(ad_run(c.program), 0);
        if (!i) memcpy(first, ad_result_at(c.program, 0), sizeof first);
        CHECK(!memcmp(first, ad_result_at(c.program, 0), sizeof first));
        close_conv(&c);
    }
    CHECK(folder_remove());
}

/* ---- files ---- */

typedef struct store {
    ad_context *ctx;
    ad_wisdom *wisdom;
} store;

static store open_store(void)
{
    store s = {.ctx = ad_context_new(NULL)};
    CHECK_INT(ad_wisdom_new(&s.wisdom, s.ctx), 0);
    return s;
}

static void close_store(store *s)
{
    ad_wisdom_free(s->wisdom);
    CHECK_INT((int64_t)ad_context_memory(s->ctx), 0);
    ad_context_free(s->ctx);
}

static void add(const store *s, const char *problem, const char *solver, double seconds)
{
    CHECK_INT(ad_wisdom_add(s->wisdom, (ad_wisdom_entry){problem, solver, seconds}), 0);
}

static const char *solver_of(const ad_wisdom *w, const char *problem)
{
    for (int i = 0; i < ad_wisdom_count(w); ++i)
        if (!strcmp(ad_wisdom_at(w, i).problem, problem)) return ad_wisdom_at(w, i).solver;
    return NULL;
}

static void two_files_become_one(void)
{
    REQUIRE(folder_make());
    store a = open_store(), b = open_store(), both = open_store();
    add(&a, "p", "one", 1), add(&a, "q", "two", 2.5e-6);
    CHECK_INT(ad_wisdom_save(a.wisdom, in_folder("a")), 0);
    add(&b, "q", "three", 3), add(&b, "r", "four", 4);
    CHECK_INT(ad_wisdom_save(b.wisdom, in_folder("b")), 0);
    CHECK_INT(ad_wisdom_load(both.wisdom, in_folder("a")), 0);
    CHECK_INT(ad_wisdom_load(both.wisdom, in_folder("b")), 0);
    CHECK_INT(ad_wisdom_count(both.wisdom), 3);
    CHECK_TEXT(solver_of(both.wisdom, "p"), "one");
    CHECK_TEXT(solver_of(both.wisdom, "q"), "two"); /* what is known stays */
    CHECK_TEXT(solver_of(both.wisdom, "r"), "four");
    CHECK_NEAR(ad_wisdom_at(both.wisdom, 1).seconds * 1e6, 2.5, 1e-3);
    /* what was only read gives way to the file, what was found out does not */
    CHECK_INT(ad_wisdom_save(both.wisdom, in_folder("b")), 0);
    store again = open_store();
    CHECK_INT(ad_wisdom_load(again.wisdom, in_folder("b")), 0);
    CHECK_INT(ad_wisdom_count(again.wisdom), 3);
    CHECK_TEXT(solver_of(again.wisdom, "q"), "three");
    CHECK_INT(ad_wisdom_save(a.wisdom, in_folder("b")), 0);
    close_store(&again);
    again = open_store();
    CHECK_INT(ad_wisdom_load(again.wisdom, in_folder("b")), 0);
    CHECK_TEXT(solver_of(again.wisdom, "q"), "two");
    close_store(&a), close_store(&b), close_store(&both), close_store(&again);
    CHECK(folder_remove());
}

static void other_machines_are_kept(void)
{
    static const char others[] =
        "autodidact wisdom 1\nmachine\t0.0.9\tneon\tsome other processor\n0.5\tabacus\tp\n"
        "machine\t9.1.0\tavx2\tanother, family 6, model 1\n2e-3\tdirect\tq\n";
    REQUIRE(folder_make());
    store s = open_store(), again = open_store();
    write_text("w", others);
    CHECK_INT(ad_wisdom_load(s.wisdom, in_folder("w")), 0);
    CHECK_INT(ad_wisdom_count(s.wisdom), 0);
    add(&s, "p", "own", 1);
    CHECK_INT(ad_wisdom_save(s.wisdom, in_folder("w")), 0);
    CHECK_CONTAINS(contents(in_folder("w")),
                   "machine\t0.0.9\tneon\tsome other processor\n0.5\tabacus\tp\n");
    CHECK_CONTAINS(contents(in_folder("w")), "\n0.002\tdirect\tq\n");
    CHECK_INT(ad_wisdom_load(again.wisdom, in_folder("w")), 0);
    CHECK_INT(ad_wisdom_count(again.wisdom), 1);
    CHECK_TEXT(solver_of(again.wisdom, "p"), "own");
    close_store(&s), close_store(&again);
    CHECK(folder_remove());
}

static void damaged_files(void)
{
#define START "autodidact wisdom 1\nmachine\t1\tavx2\tx\n"
    static const struct {
        const char *text, *says;
    } files[] = {
        {"", "line 1: the file is empty"},
        {"autodidact wisdom 2\n", "line 1: is not wisdom"},
        {"hello\n", "line 1: is not wisdom"},
        {"autodidact wisdom 1", "line 1: ends in the middle"},
        {START "1\ta\tb\n1\ta\tc", "line 4: ends in the middle"},
        {"autodidact wisdom 1\n1\ta\tb\n", "line 2: comes before any line \"machine\""},
        {"autodidact wisdom 1\nmachine\t1\tavx2\n", "line 2: a machine has three parts"},
        {"autodidact wisdom 1\nmachine\t1\tavx2\tx\ty\n", "line 2: a machine has three parts"},
        {START "1\ta\n", "line 3: expected seconds, solver and problem"},
        {START "1 a b\n", "line 3: expected seconds, solver and problem"},
        {START "\n", "line 3: expected seconds"},
        {START "one\ta\tb\n", "line 3: seconds must be"},
        {START "1x\ta\tb\n", "line 3: seconds must be"},
        {START "-1\ta\tb\n", "line 3: seconds must be"},
        {START "0\ta\tb\n", "line 3: seconds must be"},
        {START "nan\ta\tb\n", "line 3: seconds must be"},
        {START "inf\ta\tb\n", "line 3: seconds must be"},
        {START "1\t\tb\n", "line 3: solver and problem"},
        {START "1\ta\t\n", "line 3: solver and problem"},
        {START "1\ta\tb\tc\n", "line 3: solver and problem"},
        {START "1\ta\x01\tb\n", "line 3: solver and problem"},
    };
    REQUIRE(folder_make());
    store s = open_store();
    add(&s, "p", "own", 1);
    for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
        write_text("w", files[i].text);
        for (int save = 0; save < 2; ++save) {
            ad_status status = save ? ad_wisdom_save(s.wisdom, in_folder("w"))
                                    : ad_wisdom_load(s.wisdom, in_folder("w"));
            CHECK_INT(status, AD_ERROR_FORMAT);
            CHECK_CONTAINS(ad_error(s.ctx), files[i].says);
            CHECK_CONTAINS(ad_error(s.ctx), in_folder("w"));
        }
        CHECK_TEXT(contents(in_folder("w")), files[i].text);
        CHECK_INT(ad_wisdom_count(s.wisdom), 1);
    }
    FILE *file = fopen(in_folder("w"), "wb");
    fputs(START, file);
    for (int i = 0; i < 100000; ++i) fputc('a', file);
    fputs("\n", file), fclose(file);
    CHECK_INT(ad_wisdom_load(s.wisdom, in_folder("w")), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(s.ctx), "line 3: is not a line of text");
    CHECK_INT(ad_wisdom_load(s.wisdom, in_folder("missing")), AD_ERROR_NOT_FOUND);
    CHECK_INT(ad_wisdom_load(s.wisdom, folder), AD_ERROR_IO);
    CHECK_INT(ad_wisdom_save(s.wisdom, in_folder("no/such/folder")), AD_ERROR_NOT_FOUND);
    CHECK_INT(ad_wisdom_add(s.wisdom, (ad_wisdom_entry){"a\tb", "c", 1}), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_wisdom_add(s.wisdom, (ad_wisdom_entry){"a", "", 1}), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_wisdom_add(s.wisdom, (ad_wisdom_entry){"a", "c", 0}), AD_ERROR_ARGUMENT);
    close_store(&s);
    CHECK(folder_remove());
}

/* Processes that tune at once lose nothing of each other. */
static void many_writers(void)
{
    enum { WRITERS = 4, ROUNDS = 12 };
    REQUIRE(folder_make());
    fflush(NULL);
    for (int i = 0; i < WRITERS; ++i) {
        if (fork()) continue;
        store s = open_store();
        for (int round = 0; round < ROUNDS; ++round) {
            char problem[32];
            snprintf(problem, sizeof problem, "problem %d of %d", round, i);
            add(&s, problem, "solver", 1);
            CHECK_INT(ad_wisdom_save(s.wisdom, in_folder("w")), 0);
        }
        close_store(&s);
        _exit(check_failures > 0);
    }
    for (int i = 0, status; i < WRITERS; ++i) CHECK(wait(&status) > 0 && status == 0);
    store s = open_store();
    CHECK_INT(ad_wisdom_load(s.wisdom, in_folder("w")), 0);
    CHECK_INT(ad_wisdom_count(s.wisdom), WRITERS * ROUNDS);
    close_store(&s);
    CHECK(folder_remove());
}

static ad_status grow_and_save(ad_context *ctx)
{
    ad_wisdom *w;
    ad_status status = ad_wisdom_new(&w, ctx);
    for (int i = 0; i < 100 && !status; ++i) {
        char problem[32];
        snprintf(problem, sizeof problem, "problem %d", i);
        status = ad_wisdom_add(w, (ad_wisdom_entry){problem, "solver", 1});
    }
    if (!status) status = ad_wisdom_save(w, in_folder("w"));
    if (!status) status = ad_wisdom_load(w, in_folder("w"));
    if (!status) CHECK_INT(ad_wisdom_count(w), 100);
    ad_wisdom_free(w);
    return status;
}

static void memory_is_refused(void)
{
    REQUIRE(folder_make());
    sparing_check(grow_and_save);
    CHECK(folder_remove());
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(what_is_known_is_taken),
                                     CASE(solvers_that_are_gone),
                                     CASE(options_keep_their_meaning),
                                     CASE(the_same_bits_with_any_threads),
                                     CASE(two_files_become_one),
                                     CASE(other_machines_are_kept),
                                     CASE(damaged_files),
                                     CASE(many_writers),
                                     CASE(memory_is_refused),
                                     {0}});
}
