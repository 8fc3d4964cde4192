/* train_players.c - several players in one loop: killed at random moments they end in the same
 * bytes; who trains what, together or in turn, at which rate; whose loss it is that ends. */
#include "train_game.h"

static const char *last_of(const char *run)
{
    char path[128];
    snprintf(path, sizeof path, "%s/" LAST, run);
    return in(path);
}

/* ---- the same bytes ---- */

static int64_t newest_step(const char *run)
{
    char path[64];
    int64_t newest = 0;
    snprintf(path, sizeof path, "%s/checkpoints", run);
    DIR *list = opendir(in(path));
    for (struct dirent *entry; list && (entry = readdir(list));) {
        long long step = -1;
        if (strstr(entry->d_name, ".safetensors") && !strstr(entry->d_name, ".tmp"))
            (void)sscanf(entry->d_name, "step-%lld", &step);
        if (step > newest) newest = step;
    }
    if (list) closedir(list);
    return newest;
}

static int64_t microseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* One process of a run that ends before its time: at a step, at any moment, or in the middle of
 * writing a file. All together go less far than the run is long, which takes `whole` microseconds.
 */
static int die(int64_t number, int64_t whole, const char *told)
{
    const int64_t way = number % 4, any = ad_random_below(11, 0, (uint64_t)number, 1 << 20);
    rules.kill_at = way == 0 ? newest_step("parts") + any % 8 : -1;
    rules.kill_in_batch = any % 2;
    trouble.kill_after = way == 1 ? whole / 50 + any % (whole / 6) : 0;
    trouble.file_limit = way > 1 ? 2000 + any : 0;
    trouble.die_writing = true;
    int status = toy_train(told);
    rules.kill_at = -1, trouble.kill_after = 0, trouble.file_limit = 0;
    return status;
}

static void same_state(const char *name)
{
    char whole[128], parts[128];
    snprintf(whole, sizeof whole, "whole/%s", name);
    snprintf(parts, sizeof parts, "parts/%s", name);
    if (!same_files(in(whole), in(parts))) CHECK_FAIL("%s differs", name);
}

static void check_killed(const char *options)
{
    char told[256];
    int killed = 0, tries = 0, status = 0;
    snprintf(told, sizeof told, "run=whole threads=1 checkpoint-every=5 %s", options);
    int64_t began = microseconds();
    CHECK_INT(toy_train(told), TOY_DONE);
    const int64_t whole = microseconds() - began;
    for (; killed < 12 && tries < 40; ++tries) {
        int threads = 1 + tries % 3;
        if (size_of(in("parts/config.json")) < 0)
            snprintf(told, sizeof told, "run=parts threads=%d checkpoint-every=5 %s", threads,
                     options);
        else
            snprintf(told, sizeof told, "resume=parts threads=%d", threads);
        status = die(tries, whole, told);
        if (status >= 0) break;
        ++killed;
    }
    CHECK(killed >= 10);
    if (status < 0) CHECK_INT(toy_train("resume=parts"), TOY_DONE);
    same_state(LAST);
    same_state("checkpoints/step-000000100.ring.state");
    same_state("checkpoints/best.safetensors");
    CHECK(same_numbers("whole", "parts"));
}

static void killed_in_turns(void)
{
    begin_game();
    check_killed("log-every=7");
    end();
}

static void killed_together(void)
{
    begin_game();
    rules.together = true;
    check_killed("ema=0.9 clip=0.5");
    end();
}

static void killed_while_accumulating(void)
{
    begin_game();
    rules.generator_optimizer = "";
    check_killed("accumulate=3 schedule=cosine keep=1 log-every=3");
    end();
}

/* Names in files that others must find again. */
static void what_a_checkpoint_holds(void)
{
    begin_game();
    CHECK_INT(toy_train("run=whole checkpoint-every=50 keep=9"), TOY_DONE);
    CHECK_INT(size_of(in("whole/checkpoints/step-000000050.ring.state")), GAME_RING * 4);
    ad_context *ctx = ad_context_new(NULL);
    ad_file *file;
    REQUIRE(!ad_file_open(&file, ctx, last_of("whole")));
    static const char *const names[] = {"gen.a.weight",
                                        "critic.b.bias",
                                        "rng.state",
                                        "train.optimizer.critic.adam.step",
                                        "train.optimizer.generator.sgd.momentum.0",
                                        "train.counters",
                                        "train.values",
                                        "train.summed",
                                        "train.target.gen.a.weight",
                                        "train.state.counts",
                                        "train.file.ring"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (ad_file_find(file, names[i]) < 0) CHECK_FAIL("the checkpoint has no %s", names[i]);
    ad_file_close(file);
    ad_context_free(ctx);
    end();
}

/* ---- who trains what ---- */

/* The values of a tensor in the last checkpoint of a run, or of another step. */
static int read_values(const char *path, const char *name, float *values, int most)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_file *file;
    int count = 0;
    if (!ad_file_open(&file, ctx, path)) {
        int at = ad_file_find(file, name);
        count = at < 0 ? 0 : (int)ad_shape_count(ad_file_at(file, at)->shape);
        if (count > most || ad_file_read(file, at, AD_F32, values, (size_t)count * sizeof *values))
            count = 0;
        ad_file_close(file);
    }
    CHECK(count > 0);
    ad_context_free(ctx);
    return count;
}

static bool moved(const char *run, const char *name)
{
    float first[64], last[64];
    char path[128];
    snprintf(path, sizeof path, "%s/checkpoints/step-000000000.safetensors", run);
    int count = read_values(in(path), name, first, 64);
    read_values(last_of(run), name, last, 64);
    return memcmp(first, last, (size_t)count * sizeof *first) != 0;
}

static void only_what_it_trains(void)
{
    static const char *const part[] = {"gen.a", "critic.b.bias", NULL};
    begin_game();
    CHECK_INT(toy_train("run=all keep=9"), TOY_DONE);
    CHECK(moved("all", "gen.a.weight") && moved("all", "gen.b.bias"));
    rules.generator_trains = part;
    CHECK_INT(toy_train("run=part keep=9"), TOY_DONE);
    CHECK(moved("part", "gen.a.weight") && moved("part", "gen.a.bias"));
    CHECK(!moved("part", "gen.b.weight") && !moved("part", "gen.b.bias"));
    static const char *const none[] = {"gan.a", NULL};
    rules.generator_trains = none;
    CHECK_INT(toy_train("run=none"), TOY_FAILED);
    CHECK_CONTAINS(err, "gan.a");
    end();
}

/* The two losses as one program of one's own, with the numbers of the loop. */
static void train_by_hand(ad_context *ctx, const char *const *trains[2], float *weights, int *count)
{
    game g = {.vars = ad_vars_new(ctx, 0), .target = ad_vars_new(ctx, 0)};
    ad_graph *graph = ad_graph_new(ctx), *eval = ad_graph_new(ctx);
    ad_node *losses[2], *steps[4];
    ad_optimizer *optimizers[2];
    ad_program *program = NULL;
    g.ring = calloc(GAME_RING, sizeof *g.ring);
    CHECK(game_generate(eval, g.vars, false) != NULL); /* makes the generator's variables */
    g.copied_from = ad_var_find(g.vars, "gen.a.weight");
    g.copied_to = ad_var(g.target, "gen.a.weight", ad_shape(4, 2),
                         (ad_var_options){.buffer = true});
    game_losses(graph, g.vars, &losses[0], &losses[1]);
    for (int i = 0; i < 2; ++i) {
        optimizers[i] = ad_optimizer_new(g.vars, NULL,
                                         i ? game_generator_optimizer : game_critic_optimizer);
        REQUIRE(optimizers[i] && !ad_optimizer_select_under(optimizers[i], trains[i], 1));
        steps[2 * i] = ad_minimize(optimizers[i], losses[i]);
        steps[2 * i + 1] = losses[i];
    }
    CHECK_INT(ad_compile(&program, ctx, steps, 4, NULL), AD_OK);
    for (int64_t step = 0; program && step < GAME_STEPS; ++step) {
        CHECK(!game_before(&g, step) && !game_batch(&g, 0, program, step) && !ad_run(program));
    }
    ad_variable *v = ad_var_find(g.vars, "critic.a.weight");
    *count = (int)ad_shape_count(ad_variable_shape(v));
    CHECK(!ad_variable_get(g.vars, v, weights));
    CHECK(!ad_variable_get(g.vars, g.copied_from, weights + *count));
    *count += 8;
    ad_program_free(program);
    for (int i = 0; i < 2; ++i) ad_optimizer_free(optimizers[i]);
    ad_graph_free(eval);
    ad_graph_free(graph);
    ad_vars_free(g.target);
    ad_vars_free(g.vars);
    free(g.ring);
}

static void together_is_one_program(void)
{
    const char *const *trains[2] = {game_critic, game_generator};
    float loop[64], hand[64];
    int count = 0;
    begin_game();
    rules.together = rules.plain = true;
    CHECK_INT(toy_train("run=a schedule=constant"), TOY_DONE);
    int n = read_values(last_of("a"), "critic.a.weight", loop, 32);
    n += read_values(last_of("a"), "gen.a.weight", loop + n, 32);
    ad_context *ctx = ad_context_new(NULL);
    train_by_hand(ctx, trains, hand, &count);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
    CHECK_INT(n, count);
    CHECK(!memcmp(loop, hand, (size_t)n * sizeof *loop));
    /* in turns, the second sees what the first has done */
    rules.together = false;
    CHECK_INT(toy_train("run=b schedule=constant"), TOY_DONE);
    CHECK(!same_files(last_of("a"), last_of("b")));
    end();
}

/* Batches that are the same have that batch's gradient as their mean, also of who is trained in
 * every second step. */
static void accumulated_batches(void)
{
    begin_game();
    rules.plain = true;
    CHECK_INT(toy_train("run=one"), TOY_DONE);
    rules.same = 2;
    CHECK_INT(toy_train("run=two accumulate=2"), TOY_DONE);
    static const char *const names[] = {"gen.a.weight", "gen.b.bias", "critic.a.weight"};
    for (int i = 0; i < 3; ++i) {
        float one[64], two[64];
        int count = read_values(last_of("one"), names[i], one, 64);
        CHECK_INT(read_values(last_of("two"), names[i], two, 64), count);
        CHECK(!memcmp(one, two, (size_t)count * sizeof *one));
    }
    end();
}

/* ---- rates and losses ---- */

/* The number behind "NAME": in the last line of metrics.jsonl that has it. */
static double last_number(const char *run, const char *name)
{
    char path[64], key[64];
    const char *found = NULL;
    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    snprintf(key, sizeof key, "\"%s\":", name);
    for (const char *at = contents(in(path)); (at = strstr(at, key)); ++at) found = at;
    return found ? strtod(found + strlen(key), NULL) : NAN;
}

static void schedules_scale_rates(void)
{
    begin_game();
    CHECK_INT(toy_train("run=a lr=0.1 schedule=step log-every=1"), TOY_DONE);
    CHECK_NEAR(last_number("a", "critic/lr"), 1e-4, 1e-9); /* a hundredth of its own */
    CHECK_NEAR(last_number("a", "generator/lr"), 5e-4, 1e-9);
    rules.generator_optimizer = "sgd:momentum=0.5"; /* without a rate of its own */
    CHECK_INT(toy_train("run=b lr=0.1 schedule=step log-every=1"), TOY_DONE);
    CHECK_NEAR(last_number("b", "generator/lr"), 1e-3, 1e-9);
    CHECK_INT(toy_train("run=c lr=0.1 log-every=1 min-lr=0.01 schedule=cosine"), TOY_DONE);
    CHECK(last_number("c", "critic/lr") > 1e-3 && last_number("c", "critic/lr") < 1.01e-3);
    rules.generator_optimizer = "sgd:lr=2,rate=1";
    CHECK_INT(toy_train("run=d"), TOY_FAILED);
    CHECK_CONTAINS(err, "rate");
    end();
}

static void means_between_lines(void)
{
    begin_game();
    CHECK_INT(toy_train("run=a log-every=10 eval-every=100"), TOY_DONE);
    CHECK_INT(lines_of(in("a/metrics.jsonl")), 11);
    CHECK(isfinite(last_number("a", "critic/loss")) &&
          isfinite(last_number("a", "generator/loss")));
    CHECK_NEAR(last_number("a", "generator/half"), last_number("a", "generator/loss") / 2, 1e-6);
    CHECK(isnan(last_number("a", "loss")));
    CHECK_CONTAINS(out, "100 of 100: critic/loss ");
    /* a line of a step in which it was not its turn */
    CHECK_INT(toy_train("run=b log-every=1 steps=1"), TOY_DONE);
    CHECK(isfinite(last_number("b", "critic/loss")) && isnan(last_number("b", "generator/loss")));
    end();
}

static void whose_loss_it_is(void)
{
    begin_game();
    rules.nan_at = 23; /* of the generator, whose batch 23 is of step 47 */
    CHECK_INT(toy_train("run=a checkpoint-every=20"), TOY_FAILED);
    CHECK_CONTAINS(err, "the generator/loss is nan at step 47: ");
    CHECK_CONTAINS(err, "the checkpoint of step 40 is intact");
    rules.nan_at = -1;
    CHECK_INT(toy_train("resume=a"), TOY_DONE);
    CHECK_INT(toy_train("run=b"), TOY_DONE);
    CHECK(same_files(last_of("a"), last_of("b")));
    end();
}

static void what_cannot_be(void)
{
    static const char *const nothing[] = {NULL};
    begin_game();
    rules.player = "generator";
    CHECK_INT(toy_train("run=a"), TOY_FAILED);
    CHECK_CONTAINS(err, "two players are called \"generator\"");
    rules.player = "the critic";
    CHECK_INT(toy_train("run=b"), TOY_FAILED);
    CHECK_CONTAINS(err, "the name of a player is \"the critic\", expected 1 to 64 letters, digits, "
                        "'-' and '_'");
    rules.player = NULL;
    rules.metric = "seconds"; /* a key of the line already */
    CHECK_INT(toy_train("run=c"), TOY_FAILED);
    CHECK_CONTAINS(err, "no metric may be called \"seconds\"");
    rules.metric = NULL;
    rules.generator_trains = nothing;
    CHECK_INT(toy_train("run=d"), TOY_FAILED);
    CHECK_CONTAINS(err, "generator: trains an empty list of parameters");
    end();
}

static const check_case cases[] = {
    CASE(killed_in_turns),         CASE(killed_together),       CASE(killed_while_accumulating),
    CASE(what_a_checkpoint_holds), CASE(only_what_it_trains),   CASE(together_is_one_program),
    CASE(accumulated_batches),     CASE(schedules_scale_rates), CASE(means_between_lines),
    CASE(whose_loss_it_is),        CASE(what_cannot_be),        {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
