/* train_game.h - a second toy: two players of a game in the manner of GANs, with optimizers of
 * their own, a target network in a store of its own, and states, a small one and a large one;
 * everything that training can be made of takes part in its numbers. For the tests of what a
 * checkpoint holds.
 *
 * Before each step numbers are drawn into a ring (the large state), around a weight of the target
 * network, which is a copy of the generator of some steps ago (the store); how many have been drawn
 * is counted (the small state). The critic tells numbers of the ring from the generator's. */
#ifndef TRAIN_GAME_H
#define TRAIN_GAME_H

#include "train_toy.h"

#ifndef GAME_RING
#define GAME_RING (1 << 18) /* numbers: a megabyte */
#endif
enum { GAME_BATCH = 8, GAME_DRAWS = 48, GAME_STEPS = 100 };

/* How it is played; set before a run. */
static struct game_rules {
    bool together; /* both players in one program, every step */
    bool plain;    /* no dropout */
    int same;      /* so many batches in a row are the same; 0: none */
    const char *const *generator_trains;
    const char *generator_optimizer; /* "": the settings' */
    int version;                     /* of the small state */
    int refuses;                     /* its version that is not read */
    int reads;                       /* bytes that it reads more than it wrote, or fewer */
    const char *state, *store, *player, *metric; /* other names */
    bool counted;                                /* in frames, of which a step makes 3 or 7 */
    bool endless;                                /* no default of how long */
    int64_t nan_at;                              /* a batch number of the generator; -1: never */
    int64_t kill_at, stop_at;                    /* steps; -1: never */
    int64_t kill_noted; /* the step of this process after its first note; 0: never */
    bool kill_in_batch; /* when its first batch is bound, instead of before it */
    int metrics;        /* further ones from each evaluation */
} rules;

typedef struct game {
    ad_vars *vars, *target;
    ad_variable *copied_from, *copied_to;
    ad_program *eval;
    float real[GAME_BATCH], noise[2 * GAME_BATCH], scale;
    /* the states */
    int64_t drawn, frames;
    float *ring; /* [GAME_RING] */
    int64_t step;
} game;

/* ---- states ---- */

static inline ad_status game_save(void *user, ad_state_stream *stream)
{
    const game *g = user;
    ad_status status = ad_state_write(stream, &g->drawn, sizeof g->drawn);
    return status ? status : ad_state_write(stream, &g->frames, sizeof g->frames);
}

static inline ad_status game_load(void *user, ad_state_stream *stream, int version)
{
    game *g = user;
    char more[64];
    if (version != rules.version) fprintf(stderr, "loads version %d\n", version);
    if (rules.refuses && version == rules.refuses) return AD_ERROR_UNSUPPORTED;
    ad_status status = ad_state_read(stream, &g->drawn, sizeof g->drawn);
    if (!status && rules.reads >= 0) status = ad_state_read(stream, &g->frames, sizeof g->frames);
    if (!status && rules.reads > 0) status = ad_state_read(stream, more, (size_t)rules.reads);
    return status;
}

static inline ad_status game_save_ring(void *user, ad_state_stream *stream)
{
    const game *g = user;
    return ad_state_write(stream, g->ring, GAME_RING * sizeof *g->ring);
}

static inline ad_status game_load_ring(void *user, ad_state_stream *stream, int version)
{
    game *g = user;
    (void)version;
    return ad_state_read(stream, g->ring, GAME_RING * sizeof *g->ring);
}

/* ---- playing ---- */

static inline ad_status game_before(void *user, int64_t step)
{
    game *g = user;
    float weight[8];
    g->step = step;
    if (step == rules.kill_at && !rules.kill_in_batch) raise(SIGKILL);
    if (toy_notes && rules.kill_noted && !--rules.kill_noted) raise(SIGKILL);
    if (step == rules.stop_at) toy_stopping = true;
    ad_status status = ad_variable_get(g->vars, g->copied_from, weight);
    if (!status && step % 7 == 0) status = ad_variable_set(g->target, g->copied_to, weight);
    if (!status) status = ad_variable_get(g->target, g->copied_to, weight);
    for (int i = 0; i < GAME_DRAWS; ++i, ++g->drawn)
        g->ring[g->drawn * 977 % GAME_RING] = weight[0] +
                                              (float)ad_random_unit(1, 2, (uint64_t)g->drawn);
    g->frames += step % 2 ? 7 : 3;
    return status;
}

static inline int64_t game_count(void *user)
{
    const game *g = user;
    return g->frames;
}

static inline ad_status game_batch(void *user, int player, ad_program *program, int64_t index)
{
    game *g = user;
    if (g->step == rules.kill_at) raise(SIGKILL);
    g->scale = (player == 1 || rules.together) && index == rules.nan_at ? NAN : 1;
    if (rules.same) index /= rules.same;
    for (int i = 0; i < GAME_BATCH; ++i) {
        uint64_t at = (uint64_t)(index * GAME_BATCH + i);
        g->real[i] = g->ring[ad_random_below(3, (uint64_t)player, at, g->drawn) * 977 % GAME_RING];
        g->noise[2 * i] = (float)ad_random_unit(4, (uint64_t)player, at);
        g->noise[2 * i + 1] = (float)ad_random_unit(5, (uint64_t)player, at);
    }
    ad_status status = ad_bind_name(program, "noise", g->noise, sizeof g->noise);
    if (!status && (player == 0 || rules.together))
        status = ad_bind_name(program, "real", g->real, sizeof g->real);
    if (!status && (player == 1 || rules.together))
        status = ad_bind_name(program, "scale", &g->scale, sizeof g->scale);
    return status;
}

static inline ad_status game_evaluate(void *user, const char *split, ad_metrics *metrics)
{
    game *g = user;
    char name[32];
    (void)split;
    for (int i = 0; i < 2 * GAME_BATCH; ++i) g->noise[i] = (float)i / 16;
    ad_status status = ad_bind_name(g->eval, "noise", g->noise, sizeof g->noise);
    if (!status) status = ad_run(g->eval);
    const float *mean = ad_result_at(g->eval, 0);
    ad_metrics_add(metrics, "mean", mean ? (double)*mean : NAN);
    for (int i = 0; i < rules.metrics; ++i) {
        snprintf(name, sizeof name, "further-%d", i);
        ad_metrics_add(metrics, name, i + 0.5);
    }
    return status;
}

/* ---- the networks: generator [8, 2] -> [8, 1], critic [8, 1] -> [8, 1] ---- */

static inline ad_node *game_layers(ad_vars *vars, const char *name, ad_node *x)
{
    char first[32], second[32];
    snprintf(first, sizeof first, "%s.a", name);
    snprintf(second, sizeof second, "%s.b", name);
    ad_node *h = ad_tanh(ad_linear(vars, first, x, 4, (ad_linear_options){0}));
    return ad_linear(vars, second, h, 1, (ad_linear_options){0});
}

static inline ad_node *game_generate(ad_graph *graph, ad_vars *vars, bool training)
{
    ad_node *x = ad_input(graph, "noise", AD_F32, ad_shape(GAME_BATCH, 2));
    if (training && !rules.plain) x = ad_dropout(x, 0.2, ad_rng(graph, vars));
    return game_layers(vars, "gen", x);
}

static inline ad_node *game_verdict(ad_vars *vars, ad_node *x, float real)
{
    float target[GAME_BATCH];
    for (int i = 0; i < GAME_BATCH; ++i) target[i] = real;
    return ad_bce_with_logits_loss(
        game_layers(vars, "critic", x),
        ad_constant(ad_node_graph(x), AD_F32, ad_shape(GAME_BATCH, 1), target));
}

static inline void game_losses(ad_graph *graph, ad_vars *vars, ad_node **critic,
                               ad_node **generator)
{
    ad_node *fake = game_generate(graph, vars, true);
    ad_node *real = ad_input(graph, "real", AD_F32, ad_shape(GAME_BATCH, 1));
    ad_node *scale = ad_input(graph, "scale", AD_F32, (ad_shape){0});
    *critic = ad_add(game_verdict(vars, real, 1), game_verdict(vars, fake, 0));
    *generator = ad_mul(game_verdict(vars, fake, 1), scale);
}

/* ---- training ---- */

static const char *const game_critic[] = {"critic", NULL}, *const game_generator[] = {"gen", NULL};
static const char game_critic_optimizer[] = "adam:lr=1e-2,beta1=0.5",
                  game_generator_optimizer[] = "sgd:lr=0.05,momentum=0.9";

static inline ad_status game_train(ad_run_folder *run, game *g, ad_graph *graph,
                                   ad_train_result *result)
{
    ad_node *critic, *generator;
    game_losses(graph, g->vars, &critic, &generator);
    ad_node *advance = rules.plain ? NULL : ad_rng_advance(graph, g->vars);
    const char *own = rules.generator_optimizer ? rules.generator_optimizer
                                                : game_generator_optimizer;
    ad_train_metric half = {rules.metric ? rules.metric : "half", ad_mul_scalar(generator, 0.5)};
    ad_player players[] = {
        {.name = rules.player ? rules.player : "critic",
         .loss = critic,
         .trains = game_critic,
         .optimizer = game_critic_optimizer,
         .updates = &advance,
         .update_count = advance ? 1 : 0},
        {.name = "generator",
         .loss = generator,
         .trains = rules.generator_trains ? rules.generator_trains : game_generator,
         .optimizer = *own ? own : NULL,
         .every = rules.together ? 1 : 2,
         .together = rules.together,
         .metrics = &half,
         .metric_count = 1}};
    ad_train_store target = {rules.store ? rules.store : "target", g->target};
    ad_train_state states[] = {{.name = rules.state ? rules.state : "counts",
                                .version = rules.version,
                                .save = game_save,
                                .load = game_load,
                                .user = g},
                               {.name = "ring",
                                .version = 1,
                                .large = true,
                                .save = game_save_ring,
                                .load = game_load_ring,
                                .user = g}};
    ad_training training = {.vars = g->vars,
                            .players = players,
                            .player_count = 2,
                            .stores = &target,
                            .store_count = 1,
                            .states = states,
                            .state_count = 2,
                            .before = game_before,
                            .batch = game_batch,
                            .default_steps = rules.endless ? 0 : GAME_STEPS,
                            .counted = rules.counted ? "frames" : NULL,
                            .count = rules.counted ? game_count : NULL,
                            .evaluate = game_evaluate,
                            .monitor = "mean",
                            .monitor_low = true,
                            .user = g};
    return ad_train(run, &training, result);
}

static inline ad_status game_once(void *user, ad_run_folder *run, ad_run_part part,
                                  ad_train_result *result)
{
    ad_context *ctx = ad_run_context(run);
    (void)user;
    game g = {.vars = ad_vars_new(ctx, part.seed), .target = ad_vars_new(ctx, part.seed)};
    ad_graph *graph = ad_graph_new(ctx), *eval = ad_graph_new(ctx);
    ad_status status = AD_ERROR_MEMORY;
    g.ring = calloc(GAME_RING, sizeof *g.ring);
    if (g.vars && g.target && graph && eval && g.ring) {
        ad_node *mean = ad_mean(game_generate(eval, g.vars, false), AD_ALL_AXES, false);
        g.copied_from = ad_var_find(g.vars, "gen.a.weight");
        g.copied_to = ad_var(g.target, "gen.a.weight", ad_shape(4, 2),
                             (ad_var_options){.buffer = true});
        status = g.copied_to ? ad_compile(&g.eval, ctx, &mean, 1, NULL) : ad_error_status(ctx);
    }
    if (!status) status = game_train(run, &g, graph, result);
    ad_program_free(g.eval);
    ad_graph_free(eval);
    ad_graph_free(graph);
    ad_vars_free(g.target);
    ad_vars_free(g.vars);
    free(g.ring);
    return status;
}

static inline void begin_game(void)
{
    begin();
    toy_once = game_once;
    rules = (struct game_rules){.version = 3, .nan_at = -1, .kill_at = -1, .stop_at = -1};
}

#endif
