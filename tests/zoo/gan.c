/* gan.c - generators and discriminators against PyTorch (tests/oracle/gan.py): losses, penalties,
 * gradients, running statistics and singular vectors of a step, sizes of the published networks,
 * augmentation; points of latent space. */
#include "fixture.h"
#include "zoo/gan/gan.h"

enum { LATENT = 3, CLASSES = 3, OUTPUTS = 96, ALL_OUTPUTS = 3 * OUTPUTS };

/* ---- a step ---- */

typedef struct bench {
    const char *name;
    ad_context *ctx;
    fixture file;
    gan_model model;
    ad_vars *vars;
    ad_graph *graph;
    ad_node *x, *class;
} bench;

static ad_node *constant(bench *b, const char *what)
{
    ad_tensor t = fixture_get(&b->file, "%s.%s", b->name, what);
    return ad_constant(b->graph, t.dtype, t.shape, t.data);
}

/* `like`: what is not always the same in the fixture. */
static bool open_bench(bench *b, const char *name, gan_model like)
{
    bool maps = gan_has_maps(&like), asked = gan_has_classes(&like);
    *b = (bench){.name = name, .ctx = ad_context_new(NULL), .model = like};
    if (!fixture_open(&b->file, b->ctx, "tests/fixtures/gan.safetensors")) return false;
    b->model.latent = LATENT, b->model.channels = 1;
    b->model.width = maps ? 4 : 8;
    b->model.height = maps ? 16 : 4, b->model.breadth = maps ? 16 : 3;
    b->model.classes.count = asked ? CLASSES : 0;
    b->vars = ad_vars_new(b->ctx, 1);
    b->graph = ad_graph_new(b->ctx);
    b->x = constant(b, "x");
    if (asked) b->class = ad_one_hot(constant(b, "label"), CLASSES, AD_F32);
    return true;
}

static void close_bench(bench *b)
{
    ad_graph_free(b->graph);
    ad_vars_free(b->vars);
    fixture_close(&b->file);
    CHECK_INT(ad_context_memory(b->ctx), 0);
    ad_context_free(b->ctx);
}

static ad_program *compute(bench *b, ad_node *const *outputs, int count)
{
    char prefix[32];
    ad_program *program = NULL;
    snprintf(prefix, sizeof prefix, "%s.", b->name);
    const ad_load_options options = {.strip = prefix, .allow_unused = true};
    ad_status status = ad_vars_load_file(b->vars, b->file.file, options);
    if (!status) status = ad_compile(&program, b->ctx, outputs, count, NULL);
    if (!status) status = ad_run(program);
    if (status) CHECK_FAIL("%s: %s", b->name, ad_error(b->ctx));
    return status ? ad_program_free(program), NULL : program;
}

static void agrees(const bench *b, const char *what, const void *got, ad_tensor want, double most)
{
    double error = fixture_error(got, want);
    if (!(error <= most)) CHECK_FAIL("%s: %s differs by %.3g", b->name, what, error);
}

typedef struct rule {
    gan_loss loss;
    double r1, penalty;
} rule;

typedef struct step {
    ad_mode judging, making, other;
    ad_node *discriminator, *generator;
} step;

static ad_node *penalised(bench *b, const rule *r, ad_node *loss, ad_node *real, ad_node *made)
{
    if (r->r1 > 0) return ad_add(loss, ad_mul_scalar(gan_gradient_square(real, b->x), r->r1 / 2));
    if (!(r->penalty > 0)) return loss;
    ad_node *middle = ad_add(made, ad_mul(constant(b, "share"), ad_sub(b->x, made)));
    ad_mode other = {.training = true};
    ad_node *logits = gan_judge(&b->model, b->vars, middle, b->class, &other);
    return ad_add(loss, ad_mul_scalar(gan_gradient_off_one(logits, middle), r->penalty));
}

static void record_step(bench *b, const rule *r, step *s)
{
    const gan_model *m = &b->model;
    *s = (step){{.training = true}, {.training = true}, {.training = true}, NULL, NULL};
    ad_node *made = ad_stop_gradient(
        gan_generate(m, b->vars, constant(b, "z1"), b->class, &s->other));
    ad_node *real = gan_judge(m, b->vars, b->x, b->class, &s->judging);
    ad_node *fake = gan_judge(m, b->vars, made, b->class, &s->other);
    s->discriminator = penalised(b, r, gan_discriminator_loss(r->loss, real, fake), real, made);
    made = gan_generate(m, b->vars, constant(b, "z2"), b->class, &s->making);
    s->generator = gan_generator_loss(r->loss, gan_judge(m, b->vars, made, b->class, &s->other));
}

/* Gradients of the loss to what the fixture has under `network`; their names into `names`. */
static int record_gradients(bench *b, const char *network, ad_node *loss, ad_node **gradients,
                            const char **names)
{
    ad_node *wrt[OUTPUTS];
    char prefix[64];
    int count = 0, skip = snprintf(prefix, sizeof prefix, "%s.grad.", b->name);
    snprintf(prefix + skip, sizeof prefix - (size_t)skip, "%s", network);
    for (int i = 0; i < ad_file_count(b->file.file) && count < OUTPUTS; ++i) {
        const char *name = ad_file_at(b->file.file, i)->name;
        if (strncmp(name, prefix, strlen(prefix)) != 0) continue;
        ad_variable *v = ad_var_find(b->vars, name + skip);
        CHECK(v);
        names[count] = name, wrt[count++] = ad_read(b->graph, v);
    }
    ad_gradients(loss, wrt, count, gradients);
    CHECK(count >= 3);
    return count;
}

static void check_statistics(bench *b)
{
    char prefix[64];
    int skip = snprintf(prefix, sizeof prefix, "%s.after.", b->name), count = 0;
    for (int i = 0; i < ad_file_count(b->file.file); ++i) {
        const char *name = ad_file_at(b->file.file, i)->name;
        if (strncmp(name, prefix, (size_t)skip) != 0) continue;
        agrees(b, name, ad_variable_data(b->vars, ad_var_find(b->vars, name + skip)),
               fixture_get(&b->file, "%s", name), 1e-5);
        ++count;
    }
    CHECK(count >= 2);
}

static void check_step(bench *b, const rule *r)
{
    step s;
    ad_node *outputs[ALL_OUTPUTS];
    const char *names[2 * OUTPUTS];
    record_step(b, r, &s);
    outputs[0] = s.discriminator, outputs[1] = s.generator;
    int first = record_gradients(b, "discriminator.", s.discriminator, outputs + 2, names);
    int count = first +
                record_gradients(b, "generator.", s.generator, outputs + 2 + first, names + first);
    int all = 2 + count;
    for (int i = 0; i < s.judging.update_count; ++i) outputs[all++] = s.judging.updates[i];
    for (int i = 0; i < s.making.update_count; ++i) outputs[all++] = s.making.updates[i];
    ad_program *program = compute(b, outputs, all);
    if (!program) return;
    const float *want = fixture_get(&b->file, "%s.loss", b->name).data;
    for (int i = 0; i < 2 && want; ++i)
        CHECK_NEAR(*(const float *)ad_result_at(program, i), want[i], 2e-5);
    for (int i = 0; i < count; ++i)
        agrees(b, names[i], ad_result_at(program, 2 + i), fixture_get(&b->file, "%s", names[i]),
               5e-4); /* biases before a norm have next to none */
    check_statistics(b);
    ad_program_free(program);
}

static void check_made(bench *b)
{
    ad_node *made = gan_generate(&b->model, b->vars, constant(b, "z2"), b->class, NULL);
    ad_program *program = compute(b, &made, 1);
    if (!program) return;
    agrees(b, "made", ad_result(program, made), fixture_get(&b->file, "%s.made", b->name), 1e-5);
    ad_program_free(program);
}

static void check_network(const char *name, gan_model like, rule r)
{
    bench b;
    REQUIRE(open_bench(&b, name, like));
    check_step(&b, &r);
    close_bench(&b);
    REQUIRE(open_bench(&b, name, like));
    check_made(&b);
    close_bench(&b);
}

static void vanilla_step(void)
{
    check_network("vanilla", (gan_model){.kind = GAN_VANILLA}, (rule){.loss = GAN_BCE});
}

static void conditional_step(void)
{
    check_network("conditional", (gan_model){.kind = GAN_CONDITIONAL}, (rule){.loss = GAN_BCE});
}

static void dcgan_step(void)
{
    check_network("dcgan", (gan_model){.kind = GAN_DCGAN}, (rule){.loss = GAN_BCE});
}

static void hinge_step(void)
{
    check_network("hinge", (gan_model){.kind = GAN_VANILLA, .plain = true},
                  (rule){.loss = GAN_HINGE, .r1 = 5});
}

static void penalty_step(void)
{
    check_network("penalty", (gan_model){.kind = GAN_WGAN_GP, .plain = true},
                  (rule){.loss = GAN_WASSERSTEIN, .penalty = 10});
}

/* The penalty's second derivatives go through attention, projection and singular values. */
static void asked_step(void)
{
    check_network("asked",
                  (gan_model){.kind = GAN_DCGAN,
                              .plain = true,
                              .conditional = true,
                              .attention = 8,
                              .spectral = GAN_SPECTRAL_BOTH},
                  (rule){.loss = GAN_WASSERSTEIN, .penalty = 10});
}

static void resnet_step(void)
{
    check_network("resnet",
                  (gan_model){.kind = GAN_RESNET,
                              .plain = true,
                              .conditional = true,
                              .attention = 8,
                              .spectral = GAN_SPECTRAL_ONE},
                  (rule){.loss = GAN_HINGE, .r1 = 1});
}

/* ---- augmentation ---- */

static void augmentation_is_the_published_one(void)
{
    bench b = {.name = "augment", .ctx = ad_context_new(NULL)};
    REQUIRE(fixture_open(&b.file, b.ctx, "tests/fixtures/gan.safetensors"));
    b.vars = ad_vars_new(b.ctx, 1);
    b.graph = ad_graph_new(b.ctx);
    ad_node *x = constant(&b, "x"), *out[4];
    out[0] = gan_colour(x, ad_add_scalar(constant(&b, "bright"), -0.5),
                        ad_mul_scalar(constant(&b, "saturation"), 2),
                        ad_add_scalar(constant(&b, "contrast"), 0.5));
    out[1] = gan_shift(out[0], constant(&b, "down"), constant(&b, "right"));
    out[2] = gan_cut(out[1], constant(&b, "row"), constant(&b, "column"));
    ad_gradients(ad_sum(ad_mul(out[2], constant(&b, "weight")), AD_ALL_AXES, false), &x, 1,
                 &out[3]);
    ad_program *program = NULL;
    REQUIRE(!ad_compile(&program, b.ctx, out, 4, NULL));
    REQUIRE(!ad_run(program));
    static const char *const names[4] = {"colour", "shifted", "cut", "gradient"};
    for (int i = 0; i < 4; ++i)
        agrees(&b, names[i], ad_result_at(program, i), fixture_get(&b.file, "augment.%s", names[i]),
               1e-5);
    ad_program_free(program);
    close_bench(&b);
}

enum { DRAWN = 256, SIDE = 16 };

/* What the words make of pictures of one colour but for a pixel in the middle. */
static float *augmented(ad_context *ctx, char *word)
{
    ad_texts policy = {&word, 1};
    ad_vars *vars = ad_vars_new(ctx, 3);
    ad_graph *graph = ad_graph_new(ctx);
    const ad_shape shape = ad_shape(DRAWN, SIDE, SIDE, 1);
    float *pictures = malloc((size_t)ad_shape_count(shape) * sizeof *pictures);
    for (int i = 0; i < DRAWN * SIDE * SIDE; ++i) pictures[i] = 0.5F;
    for (int i = 0; i < DRAWN; ++i) pictures[i * SIDE * SIDE + 8 * SIDE + 8] = 1;
    ad_node *x = ad_constant(graph, AD_F32, shape, pictures);
    ad_node *y = gan_augment(&policy, x, ad_rng(graph, vars));
    ad_program *program = NULL;
    ad_status status = ad_compile(&program, ctx, &y, 1, NULL);
    if (!status) status = ad_run(program);
    if (status) CHECK_FAIL("%s: %s", word, ad_error(ctx));
    for (int i = 0; !status && i < DRAWN * SIDE * SIDE; ++i)
        pictures[i] = ((const float *)ad_result(program, y))[i];
    ad_program_free(program);
    ad_graph_free(graph);
    ad_vars_free(vars);
    return pictures;
}

static void augmentation_draws_from_the_published_ranges(void)
{
    ad_context *ctx = ad_context_new(NULL);
    int least = SIDE, most = 0, fewest = SIDE * SIDE, largest = 0;
    double darkest = 9, brightest = -9;
    float *moved = augmented(ctx, "translation"), *cut = augmented(ctx, "cutout"),
          *colour = augmented(ctx, "color");
    for (int i = 0; i < DRAWN; ++i) {
        int holes = 0;
        double mean = 0;
        for (int k = 0; k < SIDE * SIDE; ++k) {
            int at = i * SIDE * SIDE + k;
            if (moved[at] == 1) {
                least = k / SIDE < least ? k / SIDE : least;
                most = k / SIDE > most ? k / SIDE : most;
            }
            holes += cut[at] == 0;
            mean += (double)colour[at] / (SIDE * SIDE);
        }
        fewest = holes < fewest ? holes : fewest, largest = holes > largest ? holes : largest;
        darkest = fmin(darkest, mean), brightest = fmax(brightest, mean);
    }
    CHECK_INT(least, 8 - 2); /* an eighth of the side */
    CHECK_INT(most, 8 + 2);
    CHECK_INT(largest, 64);             /* half the side, whole */
    CHECK(fewest >= 16 && fewest < 32); /* or a quarter of it, in a corner */
    CHECK(darkest > 0 && darkest < 0.06 && brightest > 0.94 && brightest < 1.01);
    free(moved), free(cut), free(colour);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void spread_is_a_mean_distance(void)
{
    const float a[2] = {0, 0}, b[2] = {3, 4}, c[2] = {0, 1};
    const float *const all[4] = {a, b, c, NULL};
    CHECK_NEAR(gan_spread(all, 2, 2, 1), 5, 1e-9);
    CHECK_NEAR(gan_spread(all, 4, 2, 1), (5 + 1 + sqrt(18)) / 3, 1e-9);
    CHECK_NEAR(gan_spread(all, 4, 2, 2), 1, 1e-9); /* a and c are of one group */
    CHECK(isnan(gan_spread(all, 1, 2, 1)));
}

/* ---- sizes ---- */

static int64_t parameters(const ad_vars *vars, const char *prefix)
{
    int64_t sum = 0;
    for (int i = 0; i < ad_vars_count(vars); ++i) {
        const ad_variable *v = ad_vars_at(vars, i);
        if (!ad_variable_is_buffer(v) && !strncmp(ad_variable_name(v), prefix, strlen(prefix)))
            sum += ad_shape_count(ad_variable_shape(v));
    }
    return sum;
}

static void check_sizes(gan_model m, int64_t generator, int64_t discriminator)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *graph = ad_graph_new(ctx);
    ad_node *z = ad_input(graph, "z", AD_F32, ad_shape(2, m.latent)), *class = NULL;
    if (m.classes.count) class = ad_input(graph, "class", AD_F32, ad_shape(2, m.classes.count));
    ad_node *made = gan_generate(&m, vars, z, class, NULL);
    ad_node *logits = gan_judge(&m, vars, made, class, NULL);
    CHECK_INT(ad_graph_status(graph), AD_OK);
    ad_shape shape = ad_node_shape(made);
    CHECK(shape.rank == 4 && shape.dim[1] == m.height && shape.dim[2] == m.breadth &&
          shape.dim[3] == m.channels);
    CHECK(ad_node_shape(logits).rank == 1);
    CHECK_INT(parameters(vars, "generator."), generator);
    CHECK_INT(parameters(vars, "discriminator."), discriminator);
    ad_graph_free(graph);
    ad_vars_free(vars);
    ad_context_free(ctx);
}

/* The counts of the networks that are trained elsewhere with these sizes. */
static void sizes_are_the_published_ones(void)
{
    gan_model m = {.kind = GAN_VANILLA,
                   .latent = 100,
                   .width = 1024,
                   .height = 28,
                   .breadth = 28,
                   .channels = 1};
    check_sizes(m, 1489936, 533505);
    m.kind = GAN_CONDITIONAL, m.classes.count = 10;
    check_sizes(m, 1492496, 538625);
    m.kind = GAN_DCGAN, m.classes.count = 0, m.height = m.breadth = 64, m.channels = 3;
    check_sizes(m, 12672768, 11036160);
    m.kind = GAN_WGAN_GP, m.plain = true;
    check_sizes(m, 12672768, 11032576);
    m.kind = GAN_DCGAN, m.plain = false;
    /* with classes: 10 more inputs, norms of 512, 256 and 128 with ten scales and shifts each
     * instead of one, and a number for each class and each of 4 x 4 x 1024 features */
    m.conditional = true, m.classes.count = 10;
    check_sizes(m, 12672768 + 10 * 16384 + 9 * 2 * 896, 11036160 + 10 * 16384);
    /* Miyato et al. 2018, table 4, noise of 128; then the widths of their larger ones for 64 x 64,
     * counted block by block */
    m = (gan_model){.kind = GAN_RESNET,
                    .latent = 128,
                    .width = 256,
                    .height = 32,
                    .breadth = 32,
                    .channels = 3};
    check_sizes(m, 4276739, 1053825);
    m.width = 1024, m.height = m.breadth = 64;
    check_sizes(m, 12220675, 10141441);
}

static void a_dcgan_draws_squares_that_double(void)
{
    static const int64_t sides[] = {28, 32, 48, 64, 96, 128, 256, 16, 4, 8, 30, 36, 100, 62, 0};
    static const int doublings[] = {2, 3, 3, 4, 4, 5, 6, 2, 0, 0, 0, 0, 0, 0, 0};
    for (int i = 0; i < 15; ++i) CHECK_INT(gan_doublings(sides[i]), doublings[i]);
}

/* ---- points ---- */

static void noise_is_normal(void)
{
    enum { ALL = 1 << 16 };
    float *z = malloc(ALL * sizeof *z), again[4];
    double sum = 0, squares = 0, fourth = 0;
    REQUIRE(z);
    gan_latent(7, 3, 0, z, ALL);
    for (int i = 0; i < ALL; ++i) {
        double s = (double)z[i] * (double)z[i];
        sum += (double)z[i], squares += s, fourth += s * s;
    }
    CHECK_NEAR(sum / ALL, 0, 0.02);
    CHECK_NEAR(squares / ALL, 1, 0.03);
    CHECK_NEAR(fourth / ALL, 3, 0.2);
    gan_latent(7, 3, 0, again, 4);
    CHECK(!memcmp(z, again, sizeof again));
    gan_latent(7, 4, 0, again, 4);
    CHECK(memcmp(z, again, sizeof again) != 0);
    gan_latent(7, 3, 0.5, z, ALL);
    squares = 0;
    for (int i = 0; i < ALL; ++i) {
        if (!(fabs((double)z[i]) <= 0.5)) CHECK_FAIL("%d is %g", i, (double)z[i]);
        squares += (double)z[i] * (double)z[i];
    }
    CHECK_NEAR(squares / ALL, 0.0805, 0.003); /* of a normal one cut at 0.5 */
    free(z);
}

static void ways_keep_their_ends(void)
{
    const float a[2] = {2, 0}, b[2] = {0, 4}, opposite[2] = {-2, 0};
    float z[2];
    gan_lerp(a, b, 0.25, z, 2);
    CHECK_NEAR(z[0], 1.5, 1e-6);
    CHECK_NEAR(z[1], 1, 1e-6);
    gan_slerp(a, b, 0, z, 2);
    CHECK_NEAR(z[0], 2, 1e-6);
    gan_slerp(a, b, 1, z, 2);
    CHECK_NEAR(z[1], 4, 1e-6);
    gan_slerp(a, b, 0.5, z, 2); /* 45 degrees, of length 3 */
    CHECK_NEAR(z[0], 3 / sqrt(2), 1e-6);
    CHECK_NEAR(z[1], 3 / sqrt(2), 1e-6);
    gan_slerp(a, opposite, 0.25, z, 2);
    CHECK_NEAR(z[0], 1, 1e-6);
    CHECK_NEAR(z[1], 0, 1e-6);
}

static const check_case cases[] = {CASE(vanilla_step),
                                   CASE(conditional_step),
                                   CASE(dcgan_step),
                                   CASE(hinge_step),
                                   CASE(penalty_step),
                                   CASE(asked_step),
                                   CASE(resnet_step),
                                   CASE(augmentation_is_the_published_one),
                                   CASE(augmentation_draws_from_the_published_ranges),
                                   CASE(spread_is_a_mean_distance),
                                   CASE(sizes_are_the_published_ones),
                                   CASE(a_dcgan_draws_squares_that_double),
                                   CASE(noise_is_normal),
                                   CASE(ways_keep_their_ends),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
