/* train_toy.h - a toy system whose training can be killed, stopped and spoiled at a batch, and
 * looks at what it leaves; for the tests of runs. Runs are sessions, without a command line. */
#ifndef TRAIN_TOY_H
#define TRAIN_TOY_H

#include "check.h"

#include <autodidact/train.h>

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the last run said: results and notable progress; notes, and the error that ended it. */
static char out[65536], err[16384];
static char folder[64];

static struct toy_trouble {
    int64_t kill_at, stop_at, nan_at; /* batch numbers; -1: never */
    int by_signal, then;              /* stops by it, which a command notices; and a second one */
    int evaluation_ms;                /* how long an evaluation takes */
    int64_t slope_at;                 /* the loss is finite, its gradient is not; 0: never */
    long file_limit;                  /* bytes that a file may have; 0: any number */
    bool die_writing;                 /* killed by the limit, instead of told of it */
    int64_t kill_after;               /* microseconds; 0: never */
    int width;
    uint64_t fingerprint;
} trouble;

static bool toy_stopping;

/* ---- the toy: fit sin with dropout, batches from the number alone ---- */

typedef struct toy {
    float x[16], y[16], z;
    ad_program *eval;
    ad_node *error;
} toy;

static inline ad_status batch(void *user, int player, ad_program *program, int64_t index)
{
    toy *t = user;
    (void)player;
    for (int i = 0; i < 16; ++i) {
        t->x[i] = (float)((index * 37 + i * 11) % 64) / 32 - 1;
        t->y[i] = index == trouble.nan_at ? NAN : sinf(3 * t->x[i]);
    }
    if (index == trouble.kill_at) raise(SIGKILL);
    if (index == trouble.stop_at) toy_stopping = true;
    if (index == trouble.stop_at && trouble.by_signal) raise(trouble.by_signal);
    if (index == trouble.stop_at && trouble.then) raise(trouble.then);
    t->z = index == trouble.slope_at ? 0 : 1;
    ad_status status = ad_bind_name(program, "x", t->x, sizeof t->x);
    if (!status && trouble.slope_at) status = ad_bind_name(program, "z", &t->z, sizeof t->z);
    return status ? status : ad_bind_name(program, "y", t->y, sizeof t->y);
}

static inline ad_status evaluate(void *user, const char *split, ad_metrics *metrics)
{
    toy *t = user;
    (void)split;
    nanosleep(&(struct timespec){.tv_nsec = trouble.evaluation_ms * 1000000L}, NULL);
    for (int i = 0; i < 16; ++i) t->x[i] = (float)i / 8 - 1, t->y[i] = sinf(3 * t->x[i]);
    ad_status status = ad_bind_name(t->eval, "x", t->x, sizeof t->x);
    if (!status) status = ad_bind_name(t->eval, "y", t->y, sizeof t->y);
    if (!status) status = ad_run(t->eval);
    const float *error = ad_result_at(t->eval, 0);
    ad_metrics_add(metrics, "error", error ? (double)*error : NAN);
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

static inline ad_status once(void *user, ad_run_folder *run, ad_run_part part,
                             ad_train_result *result)
{
    ad_context *ctx = ad_run_context(run);
    (void)user;
    toy t = {0};
    ad_vars *vars = ad_vars_new(ctx, part.seed);
    ad_graph *g = ad_graph_new(ctx), *e = ad_graph_new(ctx);
    ad_node *loss = network(g, vars, true), *error = network(e, vars, false);
    if (trouble.slope_at) /* a root of 0 where z is */
        loss = ad_add(loss, ad_sqrt(ad_mul(loss, ad_input(g, "z", AD_F32, (ad_shape){0}))));
    ad_node *advance = ad_rng_advance(g, vars);
    ad_status status = ad_run_data(run, "sine", trouble.fingerprint, "a sine");
    if (!status) status = ad_compile(&t.eval, ctx, &error, 1, NULL);
    ad_player player = {.loss = loss, .updates = &advance, .update_count = 1};
    ad_training training = {.vars = vars,
                            .players = &player,
                            .player_count = 1,
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

typedef struct toy_options {
    char *data;
    ad_texts names;
    int64_t folds;
} toy_options;

static const ad_option toy_rows[] = {
    {"data", 0, AD_OPTION_TEXT, AD_AT(toy_options, data), .may_change = true, .help = "data"},
    {"names", 0, AD_OPTION_TEXTS, AD_AT(toy_options, names), .help = "names"},
    {"folds", 0, AD_OPTION_INT, AD_AT(toy_options, folds), .min = 0, .max = 10, .help = "folds"},
    {0}};
static const ad_record toy_record = {
    .title = "toy", .options = toy_rows, .size = sizeof(toy_options)};
static const ad_record *const toy_records[] = {&toy_record, &ad_train_record, NULL};
static const ad_default toy_defaults[] = {
    {"lr", "1e-2"}, {"optimizer", "adamw"}, {"weight-decay", "0.1"}, {"schedule", "cosine"}, {0}};

/* ---- running it ---- */

/* What is trained: the toy, or another system of a test. */
static ad_status (*toy_once)(void *user, ad_run_folder *run, ad_run_part part,
                             ad_train_result *result) = once;

static int toy_notes; /* how many have been heard */

static inline void toy_note(void *user, const char *sentence)
{
    (void)user;
    ++toy_notes;
    fprintf(stderr, "%s\n", sentence);
}

static inline void toy_progress(void *user, const ad_progress *p)
{
    (void)user;
    if (!p->notable) return;
    printf("%lld of %lld:", (long long)p->step, (long long)p->steps);
    for (int i = 0; i < p->count; ++i) printf(" %s %.6g", p->metrics[i].name, p->metrics[i].value);
    putchar('\n');
}

static inline bool toy_interrupted(void *user)
{
    (void)user;
    return toy_stopping;
}

/* Sets what "ema=0.99 run=a" says into the session: run= and resume= name its folder, threads= is
 * for who makes the context, all others are settings, of which "steps=" unsets one. `text` is cut
 * into words. */
static inline ad_status toy_settings(ad_session *session, char *text)
{
    char *words[64];
    int count = 0;
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) words[count++] = word;
    ad_status status = AD_OK;
    for (int i = 0; i < count && !status; ++i) {
        char *value = strchr(words[i], '=');
        *value++ = 0;
        if (strcmp(words[i], "run") && strcmp(words[i], "resume")) continue;
        session->folder = value;
        if (!strcmp(words[i], "resume"))
            status = ad_session_resume(session, session->settings->ctx);
    }
    for (int i = 0; i < count && !status; ++i) {
        const char *name = words[i], *value = name + strlen(name) + 1;
        if (!strcmp(name, "run") || !strcmp(name, "resume") || !strcmp(name, "threads")) continue;
        status = ad_settings_set(session->settings, name, *value ? value : NULL);
    }
    return status;
}

/* One session. With a watcher of zeros nobody follows it. */
static inline ad_status toy_session(ad_context *ctx, const char *told, ad_watcher watcher,
                                    ad_outcome *outcome)
{
    char text[1024];
    ad_settings *settings;
    *outcome = (ad_outcome){0};
    snprintf(text, sizeof text, "%s", told);
    ad_status status = ad_settings_new(&settings, ctx, toy_records, toy_defaults);
    if (status) return status;
    ad_session session = {.app = "app",
                          .system = "toy",
                          .verb = "train",
                          .settings = settings,
                          .watcher = watcher,
                          .once = toy_once};
    status = toy_settings(&session, text);
    if (!status) status = ad_session_run(&session, outcome);
    ad_settings_free(settings);
    return status;
}

enum { TOY_DONE = 0, TOY_FAILED = 1, TOY_STOPPED = 3, TOY_LEAKED = 4 };

static inline int toy_child(const char *told)
{
    const char *threads = strstr(told, "threads=");
    ad_context *ctx = ad_context_new(
        &(ad_context_options){.threads = threads ? atoi(threads + 8) : 0});
    ad_outcome outcome;
    ad_watcher watcher = {
        .note = toy_note, .progress = toy_progress, .interrupted = toy_interrupted};
    ad_status status = toy_session(ctx, told, watcher, &outcome);
    int code = status ? TOY_FAILED : outcome.interrupted ? TOY_STOPPED : TOY_DONE;
    if (status) toy_note(NULL, ad_error(ctx));
    if (outcome.was_finished) toy_note(NULL, "was finished");
    for (int i = 0; i < outcome.mean.count; ++i)
        printf("%s %.9g +- %.9g\n", outcome.mean.at[i].name, outcome.mean.at[i].value,
               outcome.deviation.at[i].value);
    ad_outcome_free(&outcome);
    if (ad_context_memory(ctx)) code = TOY_LEAKED;
    ad_context_free(ctx);
    return code;
}

static inline void toy_read(FILE *stream, char *to, size_t size)
{
    rewind(stream);
    to[fread(to, 1, size - 1, stream)] = 0;
    fclose(stream);
}

/* Runs `child` in a process of its own, since it may be killed, its streams into `out` and `err`:
 * the exit status, or minus the signal. */
static inline int toy_fork(int (*child)(const char *told), const char *told)
{
    int status;
    FILE *o = tmpfile(), *e = tmpfile();
    fflush(NULL);
    pid_t process = fork();
    if (!process) {
        const struct rlimit limit = {(rlim_t)trouble.file_limit, RLIM_INFINITY}, none = {0};
        signal(SIGXFSZ, trouble.die_writing ? SIG_DFL : SIG_IGN);
        setrlimit(RLIMIT_CORE, &none);
        if (trouble.file_limit) setrlimit(RLIMIT_FSIZE, &limit);
        dup2(fileno(o), STDOUT_FILENO);
        dup2(fileno(e), STDERR_FILENO);
        int code = child(told);
        fflush(NULL);
        _exit(code);
    }
    if (trouble.kill_after) {
        const struct timespec pause = {trouble.kill_after / 1000000,
                                       trouble.kill_after % 1000000 * 1000};
        nanosleep(&pause, NULL);
        kill(process, SIGKILL);
    }
    waitpid(process, &status, 0);
    toy_read(o, out, sizeof out);
    toy_read(e, err, sizeof err);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int toy_train(const char *told)
{
    return toy_fork(toy_child, told);
}

/* ---- its folder ---- */

static const char *in(const char *name)
{
    static char path[4][256];
    static int at;
    snprintf(path[at = (at + 1) % 4], sizeof path[0], "%s/%s", folder, name);
    return path[at];
}

static inline void begin(void)
{
    /* in memory where there is such a place: each checkpoint waits for the disk */
    snprintf(folder, sizeof folder, "%s/ad-train-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    REQUIRE(mkdtemp(folder) && !chdir(folder));
    trouble = (struct toy_trouble){
        .kill_at = -1, .stop_at = -1, .nan_at = -1, .width = 8, .fingerprint = 7};
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

/* The text of a file; good until the fourth call from here. */
static inline const char *contents(const char *path)
{
    static char text[4][65536];
    static int at;
    FILE *file = fopen(path, "r");
    at = (at + 1) % 4;
    text[at][file ? fread(text[at], 1, sizeof text[at] - 1, file) : 0] = 0;
    if (file) fclose(file);
    return text[at];
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

/* Of two runs, but for the clock. */
static inline bool same_numbers(const char *a, const char *b)
{
    char command[256];
    snprintf(command, sizeof command,
             "for f in %s %s; do sed 's/\"seconds\":[^,]*,//' $f/metrics.jsonl >$f.lines; done; "
             "cmp %s.lines %s.lines",
             a, b, a, b);
    return !system(command);
}

#define LAST "checkpoints/step-000000100.safetensors"

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file) fputs(text, file), fclose(file);
}

#endif
