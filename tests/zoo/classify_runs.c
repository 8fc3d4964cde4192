/* classify_runs.c - the system `classify` without a command line: trained by sessions on pictures
 * that the test draws, opened again, and refused where a file is damaged. */
#include "case.h"
#include "sparing.h"
#include "zoo/classify/classify.h"

#include <sys/stat.h>
#include <unistd.h>

/* 8 x 8, the left half of one grey and the right of another. */
static void draw(const char *name, int left, int right)
{
    unsigned char bytes[64 + 16] = "P5 8 8 255\n";
    size_t head = strlen((char *)bytes);
    for (int i = 0; i < 64; ++i)
        bytes[head + (size_t)i] = (unsigned char)(i % 8 < 4 ? left : right);
    write_bytes(name, bytes, head + 64);
}

static void begin_with_pictures(void)
{
    char name[64];
    static const char *const folders[] = {"data", "data/left", "data/right"};
    begin_with(&(ad_context_options){.threads = 2});
    for (int i = 0; i < 3; ++i) CHECK_INT(mkdir(in_folder(folders[i]), 0777), 0);
    for (int i = 0; i < 24; ++i) {
        snprintf(name, sizeof name, "data/left/%d.pgm", i);
        draw(name, 180 + 3 * i, 5 * i);
        snprintf(name, sizeof name, "data/right/%d.pgm", i);
        draw(name, 5 * i, 180 + 3 * i);
    }
}

/* ---- sessions ---- */

static char said[1024];

static void note(void *user, const char *sentence)
{
    (void)user;
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%s\n", sentence);
}

/* Trains with "NAME=VALUE ..." in the folder `run`; the outcome is the caller's. */
static ad_status train(const char *run, const char *options, ad_outcome *outcome)
{
    ad_settings *settings;
    char text[512];
    snprintf(text, sizeof text, "data=%s batch=16 lr=1e-2 model=mlp %s", in_folder("data"),
             options);
    *outcome = (ad_outcome){0};
    said[0] = 0;
    ad_status status = ad_settings_new(&settings, ctx, classify_system.records,
                                       classify_system.defaults);
    for (char *word = strtok(text, " "); !status && word; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        *value = 0;
        status = ad_settings_set(settings, word, value + 1);
    }
    const ad_session session = {.app = "test",
                                .system = "classify",
                                .verb = "train",
                                .settings = settings,
                                .folder = in_folder(run),
                                .watcher = {.note = note},
                                .once = ad_system_once,
                                .user = (void *)&classify_system};
    if (!status) status = ad_session_run(&session, outcome);
    ad_settings_free(settings);
    return status;
}

static void trained(const char *run, const char *options)
{
    ad_outcome outcome;
    if (train(run, options, &outcome)) CHECK_FAIL("%s: %s", run, ad_error(ctx));
    ad_outcome_free(&outcome);
}

/* The class that a trained network takes 8 x 8 pixels for, with the halves of these values. */
static const char *answer(ad_job *job, float left, float right, char name[32])
{
    static float rows[2][64];
    const classify_model *m = job->model;
    for (int i = 0; i < 64; ++i)
        rows[0][i] = ((i % 8 < 4 ? left : right) - (float)m->mean.at[0]) /
                     (float)m->deviation.at[0];
    if (ad_bind_name(job->evaluation.program, "image", rows, sizeof rows) ||
        ad_run(job->evaluation.program))
        return ad_error(ctx);
    const float *logits = ad_result(job->evaluation.program, job->evaluation.result);
    return strcpy(name, m->classes.at[ad_best_class(logits, (int)m->classes.count)]);
}

static void a_session(void)
{
    ad_outcome outcome;
    ad_job *job;
    char name[32];
    begin_with_pictures();
    REQUIRE(!train("a", "steps=40 val=0.25", &outcome));
    CHECK_NEAR(ad_metrics_get(&outcome.mean, "validation_balanced_accuracy"), 1, 0);
    CHECK_NEAR(ad_metrics_get(&outcome.mean, "validation_area_under_roc"), 1, 0);
    ad_outcome_free(&outcome);
    REQUIRE(!ad_trained_open(&job, ctx, &classify_system, in_folder("a"), NULL));
    const ad_file *file = ad_trained_file(job);
    CHECK_TEXT(ad_file_metadata(file, "classify.model"), "mlp");
    CHECK_TEXT(ad_file_metadata(file, "classify.size"), "8,8,1");
    CHECK_TEXT(ad_file_metadata(file, "classify.classes"), "[\"left\",\"right\"]");
    CHECK(ad_file_metadata(file, "classify.mean") && ad_file_metadata(file, "classify.deviation"));
    REQUIRE(!ad_trained_build(job, 2, NULL));
    CHECK_TEXT(answer(job, 0.9f, 0.1f, name), "left");
    CHECK_TEXT(answer(job, 0.1f, 0.9f, name), "right");
    ad_trained_close(job);
    end();
}

/* Each part is tested on its own fold; together they see every picture once. */
static void folds(void)
{
    ad_outcome outcome;
    begin_with_pictures();
    REQUIRE(!train("a", "steps=20 folds=3 val=0", &outcome));
    CHECK_INT(outcome.parts, 3);
    CHECK_NEAR(ad_metrics_get(&outcome.mean, "test_accuracy"), 1, 0);
    CHECK_NEAR(ad_metrics_get(&outcome.deviation, "test_accuracy"), 0, 0);
    ad_outcome_free(&outcome);
    CHECK(!access(in_folder("a/fold-2/checkpoints/step-000000020.safetensors"), R_OK));
    end();
}

static void minutes(void)
{
    ad_outcome outcome;
    begin_with_pictures();
    REQUIRE(!train("a", "minutes=0.01 eval-every=1000000", &outcome));
    CHECK_CONTAINS(said, "0.01 minutes: ");
    CHECK(ad_metrics_get(&outcome.mean, "steps") > 10);
    CHECK_NEAR(ad_metrics_get(&outcome.mean, "seconds"), 0.6, 0.55);
    ad_outcome_free(&outcome);
    end();
}

/* Reads a tensor of a file; its size in bytes, 0: it cannot be read. */
static size_t read_tensor(const char *path, const char *name, float *to, size_t room)
{
    ad_file *file;
    size_t bytes = 0;
    if (ad_file_open(&file, ctx, path)) return 0;
    int at = ad_file_find(file, name);
    if (at >= 0) bytes = ad_shape_bytes(ad_file_at(file, at)->shape, AD_F32);
    if (bytes > room || ad_file_read(file, at, AD_F32, to, bytes)) bytes = 0;
    ad_file_close(file);
    return bytes;
}

static bool same(const char *a, const char *b, const char *name)
{
    static float x[1 << 16], y[1 << 16];
    size_t bytes = read_tensor(a, name, x, sizeof x);
    CHECK(bytes > 0 && read_tensor(b, name, y, sizeof y) == bytes);
    return !memcmp(x, y, bytes);
}

static void a_start_that_is_frozen(void)
{
    char first[256], second[256], options[320];
    begin_with_pictures();
    trained("a", "steps=2 val=0");
    snprintf(first, sizeof first, "%s", in_folder("a/checkpoints/step-000000002.safetensors"));
    snprintf(options, sizeof options, "steps=2 val=0 seed=7 freeze=yes init=%s", first);
    trained("b", options);
    CHECK_CONTAINS(said, "6 of 6 tensors start from ");
    snprintf(second, sizeof second, "%s", in_folder("b/checkpoints/step-000000002.safetensors"));
    CHECK(same(first, second, "fc1.weight") && same(first, second, "fc2.bias"));
    CHECK(!same(first, second, "fc.weight") && !same(first, second, "fc.bias"));
    end();
}

/* Weights are finite, but what comes out is not: nothing is scored. */
static void results_that_are_not_finite(void)
{
    static float huge[64 * 256];
    ad_job *job;
    bool done;
    begin_with_pictures();
    for (size_t i = 0; i < sizeof huge / sizeof *huge; ++i) huge[i] = 3e38f;
    trained("a", "steps=2 val=0");
    REQUIRE(!ad_trained_open(&job, ctx, &classify_system, in_folder("a"), NULL));
    classifier *c = (classifier *)job;
    const classify_model *m = job->model;
    ad_augment plain = classify_normalisation(m);
    REQUIRE(!ad_trained_build(job, 16, NULL));
    REQUIRE(!ad_variable_set(job->vars, ad_var_find(job->vars, "fc1.weight"), huge));
    REQUIRE(!ad_image_set_read(&c->pictures.set[AD_SPLIT_TRAIN], ctx, in_folder("data"), NULL));
    REQUIRE(!ad_image_samples_new(&job->split[AD_SPLIT_TRAIN].samples,
                                  c->pictures.set[AD_SPLIT_TRAIN], &plain));
    REQUIRE(!ad_loader_new(&job->loader[AD_SPLIT_TRAIN], ctx, job->split[AD_SPLIT_TRAIN].samples,
                           &(ad_loader_options){.batch = 16, .keep_last = true}));
    CHECK_INT(classify_score(c, AD_SPLIT_TRAIN, &done), AD_ERROR_NUMERIC);
    CHECK_CONTAINS(ad_error(ctx), "what the network says is not finite");
    CHECK_INT(classify_result_finite(job), AD_ERROR_NUMERIC);
    ad_trained_close(job);
    end();
}

/* ---- files ---- */

/* A file with these metadata, and of a network of two classes. */
static void save(const char *name, const ad_metadata *metadata)
{
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *graph = ad_graph_new(ctx);
    const classify_model model = {
        .kind = CLASSIFY_MLP, .height = 8, .width = 8, .channels = 1, .classes.count = 2};
    int count = 0;
    classify_network(&model, vars, ad_input(graph, "image", AD_F32, ad_shape(1, 8, 8, 1)), NULL);
    while (metadata[count].key) ++count;
    CHECK(!ad_vars_save_parts(ctx, in_folder(name), &(ad_vars_part){.vars = vars}, 1, metadata,
                              count));
    ad_graph_free(graph);
    ad_vars_free(vars);
}

static const ad_metadata sound[] = {{"system", "classify"},
                                    {"classify.model", "mlp"},
                                    {"classify.size", "8,8,1"},
                                    {"classify.mean", "0.5,0.5,0.5"},
                                    {"classify.deviation", "0.25,0.25,0.25"},
                                    {"classify.classes", "[\"a, b\",\"c\"]"},
                                    {0}};
enum { SOUND = 6 };

static ad_status open_it(ad_context *with)
{
    ad_job *job;
    ad_status status = ad_trained_open(&job, with, &classify_system, in_folder("x.safetensors"),
                                       NULL);
    if (!status) status = ad_trained_build(job, 1, NULL);
    ad_trained_close(job);
    return status;
}

static void files(void)
{
    static const struct {
        int row;
        const char *value, *error;
    } damaged[] = {
        {0, "gpt", "was written by `gpt train`"},
        {1, "alexnet", "its classify.model is \"alexnet\", expected one of lenet, mlp"},
        {2, "8,8", "size has 2 numbers, expected 3"},
        {2, "8,1e9,1", "its classify.size is \"8,1e9,1\""},
        {2, "8,nan,1", "its classify.size is \"8,nan,1\""},
        {2, "8,8,2", "there are 2 channels, expected 1 or 3"},
        {2, "16,8,1", "fc1.weight"},
        {3, "0.5", "mean has 1 numbers, expected 3"},
        {4, "one", "its classify.deviation is \"one\""},
        {5, "[]", "there are 0 classes, expected 1 to 100000"},
        {5, "[\"a\",1]", "expected a JSON list of texts"},
        {5, "[\"a\",\"b\",\"c\"]", "fc.weight"},
    };
    ad_job *job;
    begin_with_pictures();
    save("x.safetensors", sound);
    CHECK_INT(open_it(ctx), AD_OK);
    REQUIRE(!ad_trained_open(&job, ctx, &classify_system, in_folder("x.safetensors"), NULL));
    CHECK_TEXT(((const classify_model *)job->model)->classes.at[0], "a, b");
    ad_trained_close(job);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; ++i) {
        ad_metadata rows[SOUND + 1];
        memcpy(rows, sound, sizeof rows);
        rows[damaged[i].row].value = damaged[i].value;
        save("x.safetensors", rows);
        CHECK(open_it(ctx) != AD_OK);
        CHECK_CONTAINS(ad_error(ctx), damaged[i].error);
        CHECK_CONTAINS(ad_error(ctx), "x.safetensors: ");
    }
    for (int missing = 2; missing < SOUND; ++missing) {
        ad_metadata rows[SOUND + 1];
        memcpy(rows, sound, sizeof rows);
        rows[missing].key = "other";
        save("x.safetensors", rows);
        CHECK(open_it(ctx) != AD_OK);
        CHECK_CONTAINS(ad_error(ctx), "x.safetensors: ");
    }
    end();
}

static void memory_that_runs_out(void)
{
    begin_with_pictures();
    save("x.safetensors", sound);
    sparing_check(open_it);
    end();
}

static const check_case cases[] = {CASE(a_session),
                                   CASE(folds),
                                   CASE(minutes),
                                   CASE(a_start_that_is_frozen),
                                   CASE(results_that_are_not_finite),
                                   CASE(files),
                                   CASE(memory_that_runs_out),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
