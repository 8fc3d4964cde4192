/* system.c - what a system's job does for it: rows cut into splits, memory, plots, the evaluation
 * form, and the updates of several players. */
#include "sparing.h"
#include "system/job.h"
#include "train_toy.h"

#include <autodidact/system.h>

/* ---- a small system: a line through points, by one player or two ---- */

enum { ROWS = 30 };

static struct line_rules {
    double validation, test;
    int players;            /* 0: a loss alone */
    int64_t every[2];       /* of each player */
    bool advances, sampled; /* its second player moves the random numbers on; what it has seen */
    bool samples, empty;    /* says what `sample` does; its validation split has no rows */
    double noise;           /* dropout */
    const char *seeds;      /* NULL: one */
    bool slow;              /* samples take 20 ms, and the length is 0.02 minutes */
} line_rules;
static const struct line_rules plain_rules;

typedef struct line {
    ad_job job;
    ad_player players[2];
    ad_node *advance;
} line;

typedef struct line_model {
    int64_t width;
} line_model;
static const ad_option line_rows[] = {
    {"width", 0, AD_OPTION_INT, AD_AT(line_model, width), .initial = "4", .min = 1, .max = 99},
    {0}};
static const ad_record line_record = {
    .title = "network", .prefix = "line.", .options = line_rows, .size = sizeof(line_model)};

static ad_status line_read(ad_job *job)
{
    float *x = ad_job_array(job, ROWS, sizeof *x), *y = ad_job_array(job, ROWS, sizeof *y);
    ad_samples *samples;
    if (!x || !y) return AD_ERROR_MEMORY;
    for (int i = 0; i < ROWS; ++i) {
        CHECK(x[i] == 0 && y[i] == 0);
        x[i] = (float)i / ROWS, y[i] = 2 * x[i] + 1;
    }
    const ad_array arrays[] = {
        {{.name = "x", .dtype = AD_F32, .shape = ad_shape(1)}, x, ROWS * sizeof *x},
        {{.name = "y", .dtype = AD_F32, .shape = ad_shape(1)}, y, ROWS * sizeof *y}};
    ad_status status = ad_array_samples_new(&samples, job->ctx, ROWS, arrays, 2);
    if (!status) status = ad_job_split_rows(job, samples, line_rules.validation, line_rules.test);
    if (line_rules.empty) job->split[AD_SPLIT_VALIDATION].count = 0;
    job->data = "points.csv";
    job->batch = 8, job->eval_batch = 5;
    return status;
}

static void line_players(line *own, ad_forward *f, ad_node *loss)
{
    static const char *const first[] = {"a", NULL}, *const second[] = {"b", NULL};
    own->players[0] = (ad_player){
        .name = "first", .loss = loss, .trains = first, .every = line_rules.every[0]};
    own->players[1] = (ad_player){
        .name = "second", .loss = loss, .trains = second, .every = line_rules.every[1]};
    if (line_rules.advances) {
        own->advance = ad_rng_advance(f->graph, f->vars);
        own->players[1].updates = &own->advance;
        own->players[1].update_count = 1;
    }
    f->players = own->players;
    f->player_count = 2;
}

static void line_network(ad_job *job, ad_forward *f)
{
    const line_model *m = job->model;
    ad_node *x = ad_input(f->graph, "x", AD_F32, ad_shape(f->rows, 1));
    ad_node *y = ad_input(f->graph, "y", AD_F32, ad_shape(f->rows, 1));
    if (f->mode) f->mode->dropout = line_rules.noise;
    ad_node *h = ad_linear(f->vars, "a", x, m->width, (ad_linear_options){0});
    h = ad_mode_dropout(f->mode, ad_mode_batch_norm(f->mode, f->vars, "norm", h));
    f->result = ad_linear(f->vars, "b", h, 1, (ad_linear_options){0});
    ad_node *loss = ad_mse_loss(f->result, y);
    if (f->mode && line_rules.players)
        line_players((line *)job, f, loss);
    else
        f->loss = loss;
}

static ad_status line_sample(ad_job *job, int64_t step)
{
    const double ends[] = {0, 1};
    const ad_series series = {.y = ends, .count = 2};
    const ad_plot plot = {.title = "fit", .series = &series, .count = 1};
    float x[5] = {0};
    if (!line_rules.samples) return AD_OK;
    if (!job->evaluation.program) return ad_error_set(job->ctx, AD_ERROR_ARGUMENT, "no program");
    ad_status status = ad_bind_name(job->evaluation.program, "x", x, sizeof x);
    if (!status) status = ad_run(job->evaluation.program);
    if (!status) {
        const float *y = ad_result(job->evaluation.program, job->evaluation.result);
        CHECK(isfinite(y[0]) && y[0] == y[4]);
        line_rules.sampled = true;
        status = ad_job_plot(job, "fit", &plot);
        if (!status) status = ad_run_text(job->run, "said", step, "a line");
        if (line_rules.slow) (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return status;
}

static const ad_record *const line_records[] = {&line_record, &ad_train_record, NULL};
static const ad_system line_system = {.name = "line",
                                      .unit = "rows",
                                      .records = line_records,
                                      .model = &line_record,
                                      .size = sizeof(line),
                                      .read = line_read,
                                      .network = line_network,
                                      .sample = line_sample};

static ad_status train_line(ad_context *ctx, const char *path, const char *steps)
{
    ad_settings *settings;
    ad_outcome outcome = {0};
    ad_status status = ad_settings_new(&settings, ctx, line_records, NULL);
    if (status) return status;
    status = ad_settings_set(settings, line_rules.slow ? "minutes" : "steps", steps);
    if (!status && line_rules.seeds) status = ad_settings_set(settings, "seeds", line_rules.seeds);
    const ad_session session = {.app = "lines",
                                .system = "line",
                                .verb = "train",
                                .settings = settings,
                                .folder = path,
                                .once = ad_system_once,
                                .user = (void *)&line_system};
    if (!status) status = ad_session_run(&session, &outcome);
    ad_outcome_free(&outcome);
    ad_settings_free(settings);
    return status;
}

/* ---- rows ---- */

/* A job with that many rows, cut; the fold of so many. Marks which split each row is in. */
static ad_status cut(ad_context *ctx, int64_t rows, uint64_t seed, int fold, int folds,
                     char split_of[])
{
    static const float zeros[64];
    const ad_array array = {
        {.name = "x", .dtype = AD_F32, .shape = ad_shape(1)}, zeros, (size_t)rows * sizeof(float)};
    ad_settings *settings = NULL;
    ad_job *job = NULL;
    ad_samples *samples = NULL;
    memset(split_of, '-', (size_t)rows);
    split_of[rows] = 0;
    ad_status status = ad_settings_new(&settings, ctx, line_records, NULL);
    if (!status) status = ad_job_new(&job, ctx, &line_system, settings);
    if (!status) status = ad_array_samples_new(&samples, ctx, rows, &array, 1);
    if (!status) {
        job->part = (ad_run_part){.seed = seed, .fold = fold, .folds = folds};
        job->data = "points.csv";
        status = ad_job_split_rows(job, samples, line_rules.validation, line_rules.test);
    }
    for (int k = 0; !status && k < AD_SPLITS; ++k)
        for (int64_t i = 0; i < job->split[k].count; ++i) {
            int64_t row = job->split[k].index[i];
            CHECK(row >= 0 && row < rows && split_of[row] == '-');
            split_of[row] = "tve"[k];
        }
    ad_job_free(job);
    ad_settings_free(settings);
    return status;
}

static int count(const char *text, char letter)
{
    int n = 0;
    for (; *text; ++text) n += *text == letter;
    return n;
}

static void rows_are_split(void)
{
    line_rules = plain_rules;
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    char a[65], b[65], c[65];
    line_rules.validation = 0.2, line_rules.test = 0.1;
    CHECK_INT(cut(ctx, 30, 1, 0, 1, a), AD_OK);
    CHECK_INT(cut(ctx, 30, 1, 0, 1, b), AD_OK);
    CHECK_INT(cut(ctx, 30, 2, 0, 1, c), AD_OK);
    CHECK_TEXT(a, b);
    CHECK(strcmp(a, c) != 0);
    CHECK_INT(count(a, 'e'), 3);
    CHECK_INT(count(a, 'v'), 5); /* a fifth of the 27 that are left */
    CHECK_INT(count(a, 't'), 22);
    /* a share above nothing is a row at least; without shares all are to train with */
    CHECK_INT(cut(ctx, 4, 1, 0, 1, a), AD_OK);
    CHECK(count(a, 'e') == 1 && count(a, 'v') == 1 && count(a, 't') == 2);
    line_rules.validation = line_rules.test = 0;
    CHECK_INT(cut(ctx, 4, 1, 0, 1, a), AD_OK);
    CHECK_TEXT(a, "tttt");
    line_rules.validation = 0.5, line_rules.test = 0.5;
    CHECK_INT(cut(ctx, 2, 1, 0, 1, a), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "points.csv: of 2 rows, 1 for validation and 1 for testing leave "
                              "none to train on");
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void folds_test_each_row_once(void)
{
    line_rules = plain_rules;
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    static const int sizes[][2] = {{30, 5}, {5, 3}, {64, 7}, {4, 2}};
    line_rules.validation = 0.1, line_rules.test = 0.9; /* which says nothing here */
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        int tested[64] = {0}, rows = sizes[i][0], folds = sizes[i][1];
        char split_of[65];
        for (int fold = 0; fold < folds; ++fold) {
            CHECK_INT(cut(ctx, rows, 7, fold, folds, split_of), AD_OK);
            CHECK_INT(count(split_of, '-'), 0);
            for (int row = 0; row < rows; ++row) tested[row] += split_of[row] == 'e';
        }
        for (int row = 0; row < rows; ++row) CHECK_INT(tested[row], 1);
    }
    ad_context_free(ctx);
}

static void an_empty_split(void)
{
    line_rules = plain_rules;
    begin();
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    line_rules.validation = 0.2, line_rules.test = 0, line_rules.empty = true;
    CHECK_INT(train_line(ctx, "a", "2"), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "points.csv: the validation split has no rows");
    CHECK_CONTAINS(contents(in("a/result.json")), "failed");
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
    end();
}

/* A run that failed before its first step does not stand in the way of the next one. */
static void a_run_that_never_began(void)
{
    line_rules = plain_rules;
    begin();
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    line_rules.validation = 0.2;
    static const char *const seeds[] = {NULL, "2"};
    for (int i = 0; i < 2; ++i) {
        const char *path = i ? "parts" : "one";
        line_rules.seeds = seeds[i], line_rules.empty = true;
        CHECK_INT(train_line(ctx, path, "2"), AD_ERROR_ARGUMENT);
        CHECK_INT(train_line(ctx, path, "2"), AD_ERROR_ARGUMENT);
        CHECK_TEXT(ad_error(ctx), "points.csv: the validation split has no rows");
        line_rules.empty = false;
        CHECK_INT(train_line(ctx, path, "2"), AD_OK);
        CHECK_INT(train_line(ctx, path, "2"), AD_ERROR_ARGUMENT);
        CHECK_CONTAINS(ad_error(ctx), "already holds a run");
    }
    /* what somebody else put there is not passed over */
    line_rules.seeds = NULL, line_rules.empty = true;
    CHECK_INT(train_line(ctx, "c", "2"), AD_ERROR_ARGUMENT);
    write_file(in("c/metrics.jsonl"), "{}");
    CHECK_INT(train_line(ctx, "c", "2"), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "already holds a run");
    ad_context_free(ctx);
    end();
}

/* ---- the evaluation form where nothing is held out ---- */

static void samples_without_validation(void)
{
    line_rules = plain_rules;
    begin();
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    line_rules.samples = true;
    CHECK_INT(train_line(ctx, "a", "4"), AD_OK);
    CHECK(line_rules.sampled);
    CHECK(size_of(in("a/samples/fit.svg")) > 100);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
    end();
}

/* 1.2 seconds have room for 60 samples of 20 ms, one in three steps; that they were measured leaves
 * nothing behind. */
static void minutes_with_samples(void)
{
    line_rules = plain_rules;
    ad_run_info *info;
    begin();
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    line_rules.samples = line_rules.slow = true;
    CHECK_INT(train_line(ctx, "a", "0.02"), AD_OK);
    REQUIRE(!ad_run_info_open(&info, ctx, "a"));
    const int64_t steps = info->steps;
    ad_run_info_close(info);
    CHECK(steps > 0 && steps <= 180);
    CHECK(size_of(in("a/samples/fit.svg")) > 100);
    CHECK(size_of(in("a/samples/said-000000003.txt")) > 0 || steps < 3);
    CHECK(size_of(in("a/samples/said-000000000.txt")) < 0);
    CHECK(size_of(in("a/trial.svg")) < 0 && size_of(in("a/trial.txt")) < 0);
    ad_context_free(ctx);
    end();
}

/* ---- updates of several players ---- */

typedef struct moved {
    int64_t random, normed; /* steps of the random numbers, batches of the running statistics */
} moved;

static moved train_players(int64_t every_first, int64_t every_second, bool advances)
{
    moved m = {-1, -1};
    int64_t state[2] = {0};
    ad_file *file;
    begin();
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    line_rules = plain_rules;
    line_rules.players = 2, line_rules.noise = 0.25, line_rules.advances = advances;
    line_rules.every[0] = every_first, line_rules.every[1] = every_second;
    CHECK_INT(train_line(ctx, "a", "12"), AD_OK);
    CHECK_TEXT(ad_error(ctx), "");
    if (!ad_file_open(&file, ctx, in("a/checkpoints/step-000000012.safetensors"))) {
        CHECK_INT(ad_file_read_named(file, "rng.state", AD_I64, ad_shape(2), state, sizeof state),
                  AD_OK);
        CHECK_INT(ad_file_read_named(file, "norm.num_batches_tracked", AD_I64, (ad_shape){0},
                                     &m.normed, sizeof m.normed),
                  AD_OK);
        m.random = state[1];
    }
    ad_file_close(file);
    ad_context_free(ctx);
    end();
    return m;
}

static void players_share_the_updates(void)
{
    moved m = train_players(0, 0, false);
    CHECK(m.random == 12 && m.normed == 12);
    m = train_players(1, 4, false);
    CHECK(m.random == 12 && m.normed == 12);
    m = train_players(4, 1, false); /* the second one has them */
    CHECK(m.random == 12 && m.normed == 12);
    m = train_players(3, 2, false);
    CHECK(m.random == 6 && m.normed == 6);
    m = train_players(1, 4, true); /* who says so does that one alone */
    CHECK(m.random == 3 && m.normed == 12);
}

/* ---- memory that runs out ---- */

static ad_status train_poor(ad_context *poor)
{
    CHECK_INT(system("rm -rf poor"), 0);
    return train_line(poor, "poor", "1");
}

static void poor(void)
{
    line_rules = plain_rules;
    begin();
    line_rules.players = 2, line_rules.noise = 0.25, line_rules.samples = true;
    line_rules.validation = line_rules.test = 0.2;
    sparing_check(train_poor);
    end();
}

static const check_case cases[] = {CASE(rows_are_split),
                                   CASE(folds_test_each_row_once),
                                   CASE(an_empty_split),
                                   CASE(a_run_that_never_began),
                                   CASE(samples_without_validation),
                                   CASE(minutes_with_samples),
                                   CASE(players_share_the_updates),
                                   CASE(poor),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
