/* train_toy.h - a toy system whose training can be killed, stopped and spoiled at a batch, and
 * looks at what it leaves; for the tests of runs. */
#ifndef TRAIN_TOY_H
#define TRAIN_TOY_H

#include "check.h"

#include <autodidact/train.h>

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char out[65536], err[16384], folder[64];

static struct toy_trouble {
    int64_t kill_at, stop_at, nan_at; /* batch numbers; -1: never */
    int64_t slope_at;                 /* the loss is finite, its gradient is not; 0: never */
    long file_limit;                  /* bytes that a file may have; 0: any number */
    int width;
    uint64_t fingerprint;
} trouble;

/* ---- the toy: fit sin with dropout, batches from the number alone ---- */

typedef struct toy {
    float x[16], y[16], z;
    ad_program *eval;
    ad_node *error;
} toy;

static inline ad_status batch(void *user, ad_program *program, int64_t index)
{
    toy *t = user;
    for (int i = 0; i < 16; ++i) {
        t->x[i] = (float)((index * 37 + i * 11) % 64) / 32 - 1;
        t->y[i] = index == trouble.nan_at ? NAN : sinf(3 * t->x[i]);
    }
    if (index == trouble.kill_at) raise(SIGKILL);
    if (index == trouble.stop_at) raise(SIGTERM);
    t->z = index == trouble.slope_at ? 0 : 1;
    ad_status status = ad_bind_name(program, "x", t->x, sizeof t->x);
    if (!status && trouble.slope_at) status = ad_bind_name(program, "z", &t->z, sizeof t->z);
    return status ? status : ad_bind_name(program, "y", t->y, sizeof t->y);
}

static inline ad_status evaluate(void *user, const char *split, ad_metric *metrics, int *count)
{
    toy *t = user;
    (void)split;
    for (int i = 0; i < 16; ++i) t->x[i] = (float)i / 8 - 1, t->y[i] = sinf(3 * t->x[i]);
    ad_status status = ad_bind_name(t->eval, "x", t->x, sizeof t->x);
    if (!status) status = ad_bind_name(t->eval, "y", t->y, sizeof t->y);
    if (!status) status = ad_run(t->eval);
    metrics[(*count)++] = (ad_metric){
        "error", ad_result_at(t->eval, 0) ? *(const float *)ad_result_at(t->eval, 0) : NAN};
    return status;
}

static inline ad_node *network(ad_graph *g, ad_vars *vars, bool training)
{
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(16, 1));
    ad_node *h = ad_tanh(ad_linear(vars, "a", x, trouble.width, (ad_linear_options){0}));
    if (training) h = ad_dropout(h, 0.1, ad_rng(g, vars));
    h = ad_linear(vars, "b", h, 1, (ad_linear_options){0});
    return ad_mse_loss(h, ad_input(g, "y", AD_F32, ad_shape(16, 1)));
}

static inline ad_status once(ad_command *cmd, ad_run_folder *run, ad_train_part part,
                             ad_train_result *result)
{
    ad_context *ctx = ad_command_context(cmd);
    toy t = {0};
    ad_vars *vars = ad_vars_new(ctx, part.seed);
    ad_graph *g = ad_graph_new(ctx), *e = ad_graph_new(ctx);
    ad_node *loss = network(g, vars, true), *error = network(e, vars, false);
    if (trouble.slope_at) /* a root of 0 where z is */
        loss = ad_add(loss, ad_sqrt(ad_mul(loss, ad_input(g, "z", AD_F32, (ad_shape){0}))));
    ad_node *advance = ad_rng_advance(g, vars);
    ad_status status = ad_run_data(run, "sine", trouble.fingerprint, "a sine");
    if (!status) status = ad_compile(&t.eval, ctx, &error, 1, NULL);
    ad_training training = {.vars = vars,
                            .loss = loss,
                            .updates = &advance,
                            .update_count = 1,
                            .metadata = (ad_metadata[]){{"kind", "toy"}},
                            .metadata_count = 1,
                            .batch = batch,
                            .batches_per_epoch = 20,
                            .default_steps = 100,
                            .evaluate = evaluate,
                            .monitor = "error",
                            .monitor_low = true,
                            .user = &t};
    if (!status) status = ad_train(run, &training, result);
    ad_program_free(t.eval);
    ad_graph_free(e), ad_graph_free(g);
    ad_vars_free(vars);
    return status;
}

static inline int train(ad_command *cmd)
{
    return ad_train_main(cmd, once);
}

static const ad_option options[] = {
    AD_TRAIN_OPTIONS("1e-2", "adamw", "0.1", "cosine"),
    {"data", 0, AD_OPTION_TEXT, .help = "data"},
    {"names", 0, AD_OPTION_TEXTS, .help = "names"},
    {"folds", 0, AD_OPTION_INT, .min = 0, .max = 10, .help = "folds"},
    AD_COMMON_OPTIONS,
    {0}};
static const ad_verb train_verb = {"toy", "train", "", options, train, .summary = "fit a sine"};

/* ---- running it ---- */

static inline void read_stream(FILE *stream, char *to, size_t size)
{
    rewind(stream);
    to[fread(to, 1, size - 1, stream)] = 0;
    fclose(stream);
}

/* In a process of its own, since it may be killed; the exit status, or minus the signal. */
static inline int toy_train(const char *arguments)
{
    static const ad_verb *const verbs[] = {&train_verb, NULL};
    char text[1024], *argv[64] = {"app", "toy", "train"};
    int argc = 3, status;
    snprintf(text, sizeof text, "%s", arguments);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    FILE *o = tmpfile(), *e = tmpfile();
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        const struct rlimit limit = {(rlim_t)trouble.file_limit, RLIM_INFINITY};
        if (trouble.file_limit) setrlimit(RLIMIT_FSIZE, &limit);
        const ad_app app = {"app", "1", "test", verbs, o, e};
        int code = ad_app_main(&app, argc, argv);
        fflush(NULL);
        _exit(code);
    }
    waitpid(child, &status, 0);
    read_stream(o, out, sizeof out);
    read_stream(e, err, sizeof err);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static const char *in(const char *name)
{
    static char path[4][256];
    static int at;
    snprintf(path[at = (at + 1) % 4], sizeof path[0], "%s/%s", folder, name);
    return path[at];
}

static inline void begin(void)
{
    strcpy(folder, "/tmp/ad-train-XXXXXX");
    REQUIRE(mkdtemp(folder) && !chdir(folder));
    trouble.kill_at = trouble.stop_at = trouble.nan_at = -1;
    trouble.slope_at = 0, trouble.file_limit = 0, trouble.width = 8, trouble.fingerprint = 7;
}

static inline void end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK(!chdir("/"));
    CHECK_INT(system(command), 0);
}

static inline long size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) ? -1 : (long)info.st_size;
}

static inline bool same_files(const char *a, const char *b)
{
    FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
    bool same = x && y;
    for (int c = 0; same && c != EOF;) c = getc(x), same = c == getc(y);
    if (x) fclose(x);
    if (y) fclose(y);
    return same;
}

static inline int lines_of(const char *path)
{
    FILE *file = fopen(path, "r");
    int lines = 0, c;
    while (file && (c = getc(file)) != EOF) lines += c == '\n';
    if (file) fclose(file);
    return lines;
}

#define LAST "checkpoints/step-000000100.safetensors"

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file) fputs(text, file), fclose(file);
}

#endif
