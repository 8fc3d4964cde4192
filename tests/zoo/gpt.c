/* gpt.c - models of the GPT family against Hugging Face's transformers (tests/oracle/gpt2_hf.py),
 * and what generation is made of.
 *
 * needs: zip */
#include "check.h"
#include "fixture.h"
#include "folder.h"
#include "zoo/gpt/gpt.h"

#define GPT2  "tests/fixtures/gpt2_tiny"
#define LLAMA "tests/fixtures/llama_tiny"

static ad_context *ctx;

typedef struct expected {
    int64_t batch, time, vocab;
    int32_t *tokens;
    float *logits;
} expected;

static bool read_expected(expected *e, const char *path)
{
    ad_file *file;
    memset(e, 0, sizeof *e);
    if (ad_file_open(&file, ctx, path)) {
        CHECK_FAIL("%s", ad_error(ctx));
        return false;
    }
    ad_shape shape = ad_file_at(file, ad_file_find(file, "logits"))->shape;
    e->batch = shape.dim[0], e->time = shape.dim[1], e->vocab = shape.dim[2];
    size_t tokens = (size_t)(e->batch * e->time) * 4, logits = tokens * (size_t)e->vocab;
    e->tokens = malloc(tokens), e->logits = malloc(logits);
    bool good = !ad_file_read(file, ad_file_find(file, "tokens"), AD_I32, e->tokens, tokens) &&
                !ad_file_read(file, ad_file_find(file, "logits"), AD_F32, e->logits, logits);
    CHECK(good);
    ad_file_close(file);
    return good;
}

static void forget(expected *e)
{
    free(e->tokens);
    free(e->logits);
}

static double furthest(const float *a, const float *b, int64_t n)
{
    double worst = 0;
    for (int64_t i = 0; i < n; ++i) {
        double error = fabs((double)a[i] - (double)b[i]);
        if (!(error <= worst)) worst = error;
    }
    return worst;
}

/* An opened model with its weights. */
typedef struct model {
    ad_job *job;
    const gpt_config *config;
    ad_vars *vars; /* the job's */
} model;

static bool open_model(model *m, const char *path, ad_dtype matrices)
{
    *m = (model){0};
    ad_status status = ad_trained_open(&m->job, ctx, &gpt_system, path, NULL);
    if (!status) status = gpt_load((gpt *)m->job, matrices);
    if (status) CHECK_FAIL("%s", ad_error(ctx));
    if (!status) m->config = m->job->model, m->vars = ((gpt *)m->job)->weights;
    return !status;
}

static void close_model(model *m)
{
    ad_trained_close(m->job);
}

/* All positions at once, as in training and evaluation. */
static void check_whole(const model *m, const expected *e)
{
    ad_graph *graph = ad_graph_new(ctx);
    ad_program *program = NULL;
    gpt_pass pass = {.config = m->config, .vars = m->vars};
    pass.tokens = ad_input(graph, "tokens", AD_I32, ad_shape(e->batch, e->time));
    ad_node *logits = gpt_logits(&pass, gpt_network(&pass));
    if (ad_compile(&program, ctx, &logits, 1, NULL) ||
        ad_bind(program, pass.tokens, e->tokens,
                (size_t)(e->batch * e->time) * sizeof *e->tokens) ||
        ad_run(program))
        CHECK_FAIL("%s", ad_error(ctx));
    else
        CHECK_NEAR(furthest(ad_result(program, logits), e->logits, e->batch * e->time * e->vocab),
                   0, 1e-5);
    ad_program_free(program);
    ad_graph_free(graph);
}

/* Piece by piece over the cache. */
static void check_cached(const model *m, const expected *e)
{
    static const int64_t pieces[] = {5, 1, 1, 7, 2, 1, 3};
    gpt_generator *g;
    CHECK_INT(gpt_generator_new(&g, ctx, m->config, m->vars, AD_PRECISION_F32), AD_OK);
    for (int64_t b = 0; b < e->batch && g; ++b) {
        int64_t at = 0;
        gpt_generator_reset(g);
        for (int i = 0; i < 7 && at + pieces[i] <= e->time; at += pieces[i++]) {
            const float *logits;
            size_t held = ad_context_memory(ctx);
            CHECK_INT(gpt_generator_feed(g, e->tokens + b * e->time + at, pieces[i], &logits), 0);
            CHECK(ad_context_memory(ctx) == held || i == 0);
            int64_t last = b * e->time + at + pieces[i] - 1;
            CHECK_NEAR(furthest(logits, e->logits + last * e->vocab, e->vocab), 0, 1e-5);
        }
        CHECK_INT(at, e->time);
    }
    gpt_generator_free(g);
}

static void check_model(const char *path, const char *logits)
{
    expected e;
    model m;
    if (read_expected(&e, logits)) {
        if (open_model(&m, path, AD_F32)) {
            check_whole(&m, &e);
            check_cached(&m, &e);
        }
        close_model(&m);
    }
    forget(&e);
}

static void gpt2_has_the_reference_logits(void)
{
    check_model(GPT2, GPT2 "/expected.safetensors");
    check_model(GPT2 "/model.safetensors", GPT2 "/expected.safetensors");
    check_model("tests/fixtures/gguf/gpt2_tiny.gguf", GPT2 "/expected.safetensors");
}

static void llama_has_the_reference_logits(void)
{
    check_model(LLAMA, LLAMA "/expected.safetensors");
    check_model("tests/fixtures/gguf/llama_tiny.gguf", LLAMA "/expected.safetensors");
}

/* Rounds every matrix to what the type can hold. */
static void round_matrices(ad_vars *vars, ad_dtype dtype)
{
    for (int i = 0; i < ad_vars_count(vars); ++i) {
        ad_variable *v = ad_vars_at(vars, i);
        int64_t count = ad_shape_count(ad_variable_shape(v));
        if (ad_variable_shape(v).rank != 2) continue;
        uint16_t *narrow = malloc((size_t)count * sizeof *narrow);
        float *wide = malloc((size_t)count * sizeof *wide);
        ad_convert(narrow, dtype, ad_variable_data(vars, v), AD_F32, count);
        ad_convert(wide, AD_F32, narrow, dtype, count);
        CHECK_INT(ad_variable_set(vars, v, wide), AD_OK);
        free(narrow), free(wide);
    }
}

/* Matrices kept as bf16 or f16 are read as they are: the logits are those of the rounded weights in
 * f32. */
static void check_narrow(const char *path, ad_dtype dtype)
{
    enum { COUNT = 13 };
    model wide, narrow;
    gpt_generator *g, *h;
    const float *a, *b;
    int32_t tokens[COUNT];
    REQUIRE(open_model(&wide, path, AD_F32) && open_model(&narrow, path, dtype));
    round_matrices(wide.vars, dtype);
    CHECK_INT(gpt_generator_new(&g, ctx, wide.config, wide.vars, AD_PRECISION_F32), AD_OK);
    CHECK_INT(gpt_generator_new(&h, ctx, narrow.config, narrow.vars, AD_PRECISION_F32), AD_OK);
    for (int i = 0; i < COUNT; ++i) tokens[i] = (i * 37 + 11) % (int)wide.config->vocab;
    for (int at = 0; at < COUNT; at += at ? 1 : 7) { /* a piece, then single tokens */
        CHECK_INT(gpt_generator_feed(g, tokens + at, at ? 1 : 7, &a), AD_OK);
        CHECK_INT(gpt_generator_feed(h, tokens + at, at ? 1 : 7, &b), AD_OK);
        CHECK_NEAR(furthest(a, b, wide.config->vocab), 0, 1e-5);
    }
    gpt_generator_free(g), gpt_generator_free(h);
    close_model(&wide), close_model(&narrow);
}

static void narrow_matrices_are_rounded_ones(void)
{
    check_narrow(GPT2, AD_BF16), check_narrow(GPT2, AD_F16);
    check_narrow(LLAMA, AD_BF16), check_narrow(LLAMA, AD_F16);
}

/* ---- quantised ---- */

enum { FED = 13 };

/* The logits after each piece that was fed: [pieces, vocab], to be freed. */
static float *logits_of(const gpt_config *config, ad_vars *vars)
{
    float *all = calloc((size_t)(FED * config->vocab), sizeof *all), *to = all;
    gpt_generator *g;
    const float *given;
    int32_t tokens[FED];
    for (int i = 0; i < FED; ++i) tokens[i] = (i * 37 + 11) % (int)config->vocab;
    if (gpt_generator_new(&g, ctx, config, vars, AD_PRECISION_F32)) CHECK_FAIL("%s", ad_error(ctx));
    for (int at = 0; g && at < FED; to += config->vocab) { /* a piece, then single tokens */
        int n = at ? 1 : 7;
        CHECK_INT(gpt_generator_feed(g, tokens + at, n, &given), AD_OK);
        memcpy(to, given, (size_t)config->vocab * sizeof *to);
        at += n;
    }
    gpt_generator_free(g);
    return all;
}

/* Quantised rows give the logits of f32 weights with the same numbers, which are not far from those
 * of the weights that were rounded: `bound` is of the share that the rounding has of the logits, as
 * root mean squares. */
static void check_quantised(const gpt_config *config, ad_vars *wide, ad_vars *narrow, double bound)
{
    int64_t count = FED * config->vocab;
    float *exact = logits_of(config, wide), *got = logits_of(config, narrow);
    double error = 0, size = 0;
    CHECK_INT(ad_vars_save(narrow, in_folder("rounded.safetensors")), AD_OK);
    CHECK_INT(ad_vars_load(wide, in_folder("rounded.safetensors"), (ad_load_options){0}), AD_OK);
    float *rounded = logits_of(config, wide);
    CHECK_NEAR(furthest(got, rounded, count), 0, 3e-4); /* single tokens keep 15 bits */
    for (int64_t i = 0; i < count; ++i) {
        error += pow((double)got[i] - (double)exact[i], 2);
        size += pow((double)exact[i], 2);
    }
    CHECK(error > 0 && sqrt(error / size) < bound);
    free(exact), free(got), free(rounded);
}

/* A file's model. */
static void gpt2_quantised(void)
{
    static const double bounds[] = {[AD_Q8_0] = 0.02, [AD_Q4_0] = 0.3};
    for (int form = 0; form < AD_QUANTIZED_FORMS; ++form) {
        model wide, narrow = {0};
        REQUIRE(open_model(&wide, GPT2, AD_F32));
        REQUIRE(!ad_trained_open(&narrow.job, ctx, &gpt_system, GPT2, NULL));
        CHECK_INT(gpt_load_quantized((gpt *)narrow.job, (ad_quantized)form), AD_OK);
        check_quantised(wide.config, wide.vars, ((gpt *)narrow.job)->weights, bounds[form]);
        close_model(&wide), close_model(&narrow);
    }
}

/* First values, with grouped queries and an output of its own. */
static void llama_quantised(void)
{
    static const double bounds[] = {[AD_Q8_0] = 0.02, [AD_Q4_0] = 0.3};
    gpt_config config = {.arch = GPT_LLAMA,
                         .layers = 2,
                         .heads = 4,
                         .kv_heads = 2,
                         .width = 64,
                         .hidden = 96,
                         .block = 32,
                         .vocab = 50,
                         .eps = 1e-5,
                         .rope_theta = 1e4,
                         .untied = true};
    for (int form = 0; form < AD_QUANTIZED_FORMS; ++form) {
        ad_vars *wide = ad_vars_new(ctx, 3), *narrow = ad_vars_new(ctx, 3);
        CHECK_INT(gpt_declare(wide, &config, AD_F32), AD_OK);
        CHECK_INT(gpt_declare_quantized(narrow, &config, (ad_quantized)form), AD_OK);
        check_quantised(&config, wide, narrow, bounds[form]);
        ad_vars_free(wide), ad_vars_free(narrow);
    }
}

/* Sums of 24 and 40 numbers are no whole blocks: all stays f32. */
static void what_has_no_blocks_stays(void)
{
    expected e;
    model m = {0};
    REQUIRE(read_expected(&e, LLAMA "/expected.safetensors"));
    REQUIRE(!ad_trained_open(&m.job, ctx, &gpt_system, LLAMA, NULL));
    CHECK_INT(gpt_load_quantized((gpt *)m.job, AD_Q8_0), AD_OK);
    m.config = m.job->model, m.vars = ((gpt *)m.job)->weights;
    check_whole(&m, &e);
    close_model(&m);
    forget(&e);
}

/* More tokens than the model has positions: the newer half is read again. */
static void a_full_cache_moves_on(void)
{
    model m;
    gpt_generator *g, *h;
    int32_t tokens[60];
    const float *a, *b;
    REQUIRE(open_model(&m, GPT2, AD_F32));
    CHECK_INT(gpt_generator_new(&g, ctx, m.config, m.vars, AD_PRECISION_F32), AD_OK);
    CHECK_INT(gpt_generator_new(&h, ctx, m.config, m.vars, AD_PRECISION_F32), AD_OK);
    for (int i = 0; i < 60; ++i) tokens[i] = (i * 37 + 11) % 100;
    /* 24 fit; the 25th is the 13th of the next window, behind tokens 12 to 23 */
    for (int i = 0; i < 25; ++i) CHECK_INT(gpt_generator_feed(g, tokens + i, 1, &a), AD_OK);
    CHECK_INT(gpt_generator_feed(h, tokens + 12, 13, &b), AD_OK);
    CHECK_NEAR(furthest(a, b, 100), 0, 1e-6);
    CHECK_INT(gpt_generator_feed(g, tokens, 60, &a), AD_OK); /* only the last 24 count */
    gpt_generator_reset(h);
    CHECK_INT(gpt_generator_feed(h, tokens + 36, 24, &b), AD_OK);
    CHECK_NEAR(furthest(a, b, 100), 0, 1e-6);
    gpt_generator_free(g);
    gpt_generator_free(h);
    close_model(&m);
}

/* ---- choosing ---- */

enum { VOCAB = 8, DRAWS = 20000 };
static const float logits[VOCAB] = {1, 3, 2, 3, -1, 0, 2.5f, -4};

static void count_draws(gpt_choice how, double *share)
{
    gpt_chooser *c = gpt_chooser_new(VOCAB);
    memset(share, 0, VOCAB * sizeof *share);
    for (uint64_t i = 0; i < DRAWS; ++i) share[gpt_choose(c, &how, logits, 0, i)] += 1.0 / DRAWS;
    gpt_chooser_free(c);
}

static void softmax_over(const int *tokens, int n, double temperature, double *want)
{
    double sum = 0;
    memset(want, 0, VOCAB * sizeof *want);
    for (int i = 0; i < n; ++i) sum += exp((double)logits[tokens[i]] / temperature);
    for (int i = 0; i < n; ++i)
        want[tokens[i]] = exp((double)logits[tokens[i]] / temperature) / sum;
}

static void check_shares(gpt_choice how, const int *tokens, int n)
{
    double share[VOCAB], want[VOCAB];
    count_draws(how, share);
    softmax_over(tokens, n, how.temperature, want);
    for (int i = 0; i < VOCAB; ++i) {
        if (want[i] == 0)
            CHECK(share[i] == 0);
        else
            CHECK_NEAR(share[i], want[i], 0.015);
    }
}

static void choices_follow_the_probabilities(void)
{
    gpt_choice how = {.temperature = 1, .top_p = 1, .penalty = 1, .seed = 3};
    check_shares(how, (int[]){0, 1, 2, 3, 4, 5, 6, 7}, 8);
    how.temperature = 2;
    check_shares(how, (int[]){0, 1, 2, 3, 4, 5, 6, 7}, 8);
    how.temperature = 1, how.top_k = 3;
    check_shares(how, (int[]){1, 3, 6}, 3);
    how.top_k = 1;
    check_shares(how, (int[]){1}, 1); /* a tie: the smaller */
    how.top_k = 0, how.top_p = 0.5;   /* 1 and 3 have 0.31 each */
    check_shares(how, (int[]){1, 3}, 2);
    how.top_k = 3, how.top_p = 0.9;
    check_shares(how, (int[]){1, 3, 6}, 3);
    how.top_p = 1e-9;
    check_shares(how, (int[]){1}, 1);
    how = (gpt_choice){.top_p = 1, .penalty = 1};
    double share[VOCAB];
    count_draws(how, share);
    CHECK_NEAR(share[1], 1, 1e-9);
}

/* Ways to choose, each with another branch. */
static const gpt_choice ways[] = {
    {.temperature = 0, .top_p = 1, .penalty = 1},
    {.temperature = 1, .top_p = 1, .penalty = 1},
    {.temperature = 1e-30, .top_p = 1, .penalty = 1},
    {.temperature = 100, .top_p = 1, .penalty = 1},
    {.temperature = 1, .top_k = 3, .top_p = 1, .penalty = 1},
    {.temperature = 1, .top_k = 99, .top_p = 0.5, .penalty = 1},
    {.temperature = 1, .top_p = 0.5, .penalty = 1},
    {.temperature = 1, .top_p = 1e-9, .penalty = 1},
    {.temperature = 1, .top_k = 2, .top_p = 0.9, .penalty = 10},
};

/* What is chosen from them in each way, or -1; `possible` says which tokens may be. */
static void check_choices(const float *from, unsigned possible)
{
    gpt_chooser *c = gpt_chooser_new(VOCAB);
    gpt_chooser_see(c, 1);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; ++i)
        for (uint64_t draw = 0; draw < 50; ++draw) {
            int32_t token = gpt_choose(c, &ways[i], from, 0, draw);
            bool good = possible ? token >= 0 && token < VOCAB && (possible >> token & 1) != 0
                                 : token == -1;
            if (!good) CHECK_FAIL("way %zu chooses %d of 0x%x", i, (int)token, possible);
        }
    gpt_chooser_free(c);
}

static void what_cannot_be_ranked_is_not_chosen(void)
{
    float from[VOCAB];
    for (int at = 0; at < VOCAB; ++at) { /* NaN and +infinity: nothing; -infinity: not this one */
        memcpy(from, logits, sizeof from);
        from[at] = NAN;
        check_choices(from, 0);
        from[at] = INFINITY;
        check_choices(from, 0);
        from[at] = -INFINITY;
        check_choices(from, 0xff & ~(1u << at));
    }
    for (int i = 0; i < VOCAB; ++i) from[i] = -INFINITY;
    check_choices(from, 0);
    from[5] = -1e38f;
    check_choices(from, 1 << 5);
    for (int i = 0; i < VOCAB; ++i) from[i] = i % 2 ? 1e38f : -1e38f;
    check_choices(from, 0xaa);
    for (int i = 0; i < VOCAB; ++i) from[i] = NAN;
    check_choices(from, 0);
}

/* Weights that overflow are finite, their logits are not. */
static void logits_that_are_not_finite_are_an_error(void)
{
    const int32_t token = 3;
    const float *unused;
    model m;
    gpt_generator *g;
    REQUIRE(open_model(&m, GPT2, AD_F32));
    ad_variable *v = ad_var_find(m.vars, "transformer.ln_f.weight");
    float large[32];
    for (int i = 0; i < 32; ++i) large[i] = 3e38f;
    CHECK(!ad_variable_set(m.vars, v, large));
    CHECK_INT(gpt_generator_new(&g, ctx, m.config, m.vars, AD_PRECISION_F32), AD_OK);
    CHECK_INT(gpt_generator_feed(g, &token, 1, &unused), AD_ERROR_NUMERIC);
    CHECK_CONTAINS(ad_error(ctx), "the vector of logits is not finite: element ");
    gpt_generator_free(g);
    close_model(&m);
}

static void penalty_is_of_what_was_there(void)
{
    gpt_chooser *c = gpt_chooser_new(VOCAB);
    gpt_choice how = {.penalty = 1.5, .top_p = 1};
    CHECK_INT(gpt_choose(c, &how, logits, 0, 0), 1);
    gpt_chooser_see(c, 1);
    CHECK_INT(gpt_choose(c, &how, logits, 0, 0), 3);
    gpt_chooser_see(c, 3);
    CHECK_INT(gpt_choose(c, &how, logits, 0, 0), 6);
    gpt_chooser_see(c, 99); /* no token: ignored */
    gpt_chooser_forget(c);
    CHECK_INT(gpt_choose(c, &how, logits, 0, 0), 1);
    gpt_chooser_free(c);
}

int main(int argc, char **argv)
{
    if (!folder_make()) return 1;
    ctx = ad_context_new(&(ad_context_options){.threads = 2});
    int failed = check_main(argc, argv,
                            (check_case[]){CASE(gpt2_has_the_reference_logits),
                                           CASE(llama_has_the_reference_logits),
                                           CASE(narrow_matrices_are_rounded_ones),
                                           CASE(gpt2_quantised),
                                           CASE(llama_quantised),
                                           CASE(what_has_no_blocks_stays),
                                           CASE(a_full_cache_moves_on),
                                           CASE(choices_follow_the_probabilities),
                                           CASE(what_cannot_be_ranked_is_not_chosen),
                                           CASE(logits_that_are_not_finite_are_an_error),
                                           CASE(penalty_is_of_what_was_there),
                                           {0}});
    ad_context_free(ctx);
    return folder_remove() ? failed : 1;
}
