/* disturb.c - runs one command again and again, each time with another fault of preload.c, and
 * checks that it ends as it should: with the results of an undisturbed run, or with one sentence
 * and nothing changed, half-written or left over.
 *
 *     disturb [OPTION...] PRELOAD SEED COMMAND...
 *
 * The command runs in a copy of the folder SEED, of which what changed is restored each time.
 * Options: -f alloc|write|break|signal|cut (which faults; alloc), -n N (about how many), -a (each
 * allocation), -r "COMMAND" (after a failure the work can be ended so; else the same command must
 * do), -j N (at once), -p FILE (a picture that may be of an earlier step), -m (numbers in its
 * output may differ, as times do), -l (a library ends the process where memory is refused to it, as
 * libav does, which nobody can prevent), -v. The last line is "N passed, N failed". */
#define _GNU_SOURCE
#include "restore.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 120, FAULTS_MOST = 400000 };

typedef struct outcome {
    int status; /* of waitpid; -1: it hung */
    char *out, *err;
    size_t out_size, err_size;
    tree after;
} outcome;

static char **command;
static const char *preload, *seed, *end_with;
static const char *earlier; /* this picture may be of an earlier step, but whole */
static char room[256];      /* of this worker */
static bool verbose, out_wavers, library_aborts;
static const int loader_gave_up = 127; /* ld.so, on a loaded library's thread-local data */
static outcome expected;
static tree before;
static int passed, failed;

/* ---- one run ---- */

static pid_t start(char **argv, const char *fault)
{
    char out[300], err[300], count[300];
    (void)snprintf(out, sizeof out, "%s.out", room);
    (void)snprintf(err, sizeof err, "%s.err", room);
    (void)snprintf(count, sizeof count, "%s.count", room);
    pid_t child = fork();
    if (child) return child;
    int null = open("/dev/null", O_RDONLY);
    int to = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0666),
        errors = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (chdir(room) || dup2(null, 0) < 0 || dup2(to, 1) < 0 || dup2(errors, 2) < 0) _exit(126);
    close(null), close(to), close(errors);
    if (fault) {
        setenv("AD_FAULT", fault, 1);
        setenv("AD_FAULT_COUNT", count, 1);
        setenv("LD_PRELOAD", preload, 1);
    }
    execv(argv[0], argv);
    _exit(127);
}

/* -1: it did not end. */
static int await(pid_t child)
{
    int status;
    for (int i = 0; i < SECONDS * 1000; ++i) {
        if (waitpid(child, &status, WNOHANG) == child) return status;
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
}

static outcome run(char **argv, const char *fault)
{
    char path[300];
    outcome o = {.status = await(start(argv, fault))};
    (void)snprintf(path, sizeof path, "%s.out", room);
    o.out = read_whole(path, &o.out_size);
    (void)snprintf(path, sizeof path, "%s.err", room);
    o.err = read_whole(path, &o.err_size);
    o.after = tree_read(room);
    return o;
}

static void release(outcome *o)
{
    free(o->out), free(o->err);
    tree_free(&o->after);
}

/* ---- what is expected ---- */

static void counts(long long *allocations, long long *bytes)
{
    char path[300];
    size_t size;
    (void)snprintf(path, sizeof path, "%s.count", room);
    char *text = read_whole(path, &size);
    *allocations = *bytes = 0;
    if (sscanf(text, "%lld %lld", allocations, bytes) != 2) printf("no count in %s\n", path);
    free(text);
}

static bool tells_time(const char *path)
{
    static const char *const names[] = {"config.json", "result.json",   "log.txt",
                                        "report.html", "metrics.jsonl", "events.out"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (strstr(path, names[i])) return true;
    return false;
}

/* Two runs that nothing happens to; what differs between them tells nothing. */
static bool undisturbed(long long *allocations, long long *bytes)
{
    restore(seed, room);
    before = tree_read(room);
    expected = run(command, "");
    counts(allocations, bytes);
    restore(seed, room);
    outcome again = run(command, "");
    if (expected.status || again.status) {
        printf("undisturbed it ends with status %d: %s\n", expected.status, expected.err);
        return false;
    }
    out_wavers |= again.out_size != expected.out_size ||
                  memcmp(again.out, expected.out, again.out_size) != 0;
    for (int i = 0; i < expected.after.count; ++i) {
        tree_file *file = &expected.after.at[i], *other = tree_find(&again.after, file->path);
        file->wavers = !other || !tree_same(file, other) || tells_time(file->path);
    }
    release(&again);
    return true;
}

/* ---- judging ---- */

static const char *why(const char *format, const char *text)
{
    static char line[700];
    (void)snprintf(line, sizeof line, format, text);
    return line;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

static const char *left_over(const tree *now)
{
    for (int i = 0; i < now->count; ++i)
        if (ends_with(now->at[i].path, ".tmp")) return why("%s is left over", now->at[i].path);
    return NULL;
}

static bool of_earlier(const tree_file *file)
{
    static const char end[] = "IEND\xae\x42\x60\x82";
    size_t tail = sizeof end - 1;
    return earlier && !strcmp(file->path, earlier) && file->size > tail &&
           !memcmp(file->bytes + file->size - tail, end, tail);
}

/* What was there is as it was or as it should become; what is new is whole. What the log of a run
 * says at that moment is another matter. */
static const char *judge_files(const tree *now)
{
    for (int i = 0; i < before.count; ++i) {
        const tree_file *was = &before.at[i], *is = tree_find(now, was->path),
                        *becomes = tree_find(&expected.after, was->path);
        if (!is && becomes) return why("%s is gone", was->path);
        if (is && !tree_same(is, was) && !of_earlier(is) && !(becomes && tree_same(is, becomes)) &&
            !(becomes && becomes->wavers))
            return why("%s is changed", was->path);
    }
    for (int i = 0; i < now->count; ++i) {
        const tree_file *is = &now->at[i], *becomes = tree_find(&expected.after, is->path);
        if (tree_find(&before, is->path)) continue;
        if (becomes && !becomes->wavers && !tree_same(is, becomes))
            return why("%s is half a file", is->path);
    }
    return NULL;
}

/* What a command does without, and says so: it is as it was. */
static bool is_told(const outcome *o, const tree_file *want)
{
    if (strstr(want->path, "report.html")) return strstr(o->err, "report was not written");
    return strstr(want->path, "index") && strstr(o->err, "the index is not kept") &&
           !judge_files(&o->after);
}

/* Every result is there, and no other. */
static const char *judge_success(const outcome *o)
{
    if (out_wavers ? !same_but_numbers(o->out, o->out_size, expected.out, expected.out_size)
                   : o->out_size != expected.out_size || memcmp(o->out, expected.out, o->out_size))
        return "success with another output";
    for (int i = 0; i < expected.after.count; ++i) {
        const tree_file *want = &expected.after.at[i], *got = tree_find(&o->after, want->path);
        bool told = is_told(o, want);
        if (!got && !told) return why("success without %s", want->path);
        if (got && !tree_same(got, want) && !told && !of_earlier(got))
            return why("success with another %s", want->path);
    }
    for (int i = 0; i < o->after.count; ++i)
        if (!tree_find(&expected.after, o->after.at[i].path))
            return why("success and a further file %s", o->after.at[i].path);
    return NULL;
}

/* One sentence, among the notes. libarchive ends the process by itself, which nobody can prevent.
 */
static const char *judge_sentence(const outcome *o)
{
    int sentences = 0;
    for (const char *line = o->err; line && *line; line = strchr(line, '\n'), line += line != NULL)
        sentences += !strncmp(line, "autodidact: ", 12) ||
                     !strncmp(line, "Fatal Internal Error in libarchive: ", 36);
    if (!sentences) return "failure without a sentence";
    return sentences > 1 ? "failure with several sentences" : NULL;
}

static const char *judge_end(void)
{
    outcome again = run(command, NULL);
    if (again.status && end_with) {
        release(&again);
        char *argv[] = {"/bin/sh", "-c", (char *)end_with, NULL};
        again = run(argv, NULL);
    }
    const char *wrong = again.status ? why("afterwards the work cannot be done: %.500s", again.err)
                                     : NULL;
    for (int i = 0; i < expected.after.count && !wrong; ++i) {
        const tree_file *want = &expected.after.at[i], *got = tree_find(&again.after, want->path);
        if (!got || (!want->wavers && !tree_same(got, want)))
            wrong = why("afterwards %s is another", want->path);
    }
    release(&again);
    return wrong;
}

static bool is_signal(const char *fault)
{
    return !strncmp(fault, "signal:", 7);
}

/* Its input is another from that moment on, so it may end either way. */
static bool is_cut(const char *fault)
{
    return !strncmp(fault, "cut:", 4);
}

static const char *judge(const outcome *o, const char *fault, bool to_the_end)
{
    int killed = WIFSIGNALED(o->status) ? WTERMSIG(o->status) : 0;
    const char *wrong = NULL;
    if (o->status == -1) return "it hangs";
    if (library_aborts && !strncmp(fault, "alloc:", 6) &&
        (killed == SIGABRT || (!killed && WEXITSTATUS(o->status) == loader_gave_up &&
                               strstr(o->err, "cannot allocate memory for thread-local data"))))
        return judge_files(&o->after);
    if (killed && !(is_signal(fault) && atoi(fault + 7) == killed))
        return why("it crashes: %s", strsignal(killed));
    bool tidy = killed != SIGKILL && killed != SIGQUIT && killed != SIGUSR1;
    if (is_cut(fault)) return !killed && o->status ? judge_sentence(o) : left_over(&o->after);
    if (!killed && !o->status)
        wrong = judge_success(o);
    else if (!killed && !is_signal(fault))
        wrong = WEXITSTATUS(o->status) == 1 ? judge_sentence(o)
                                            : "another exit status than 0 and 1";
    if (!wrong && tidy) wrong = left_over(&o->after);
    if (!wrong && o->status) wrong = judge_files(&o->after);
    if (!wrong && o->status && to_the_end) wrong = judge_end();
    return wrong;
}

static void attempt(const char *fault, bool to_the_end)
{
    restore(seed, room);
    outcome o = run(command, fault);
    const char *wrong = judge(&o, fault, to_the_end);
    if (wrong) {
        ++failed;
        printf("%s, status %d: %s\n", fault, o.status, wrong);
        if (o.err_size) printf("  err: %.600s", o.err);
    } else
        ++passed;
    if (verbose && !wrong) printf("%s, status %d: %.300s\n", fault, o.status, o.err);
    release(&o);
}

/* ---- which faults ---- */

static char (*faults)[32];
static int n_faults;

static void add(const char *format, long long a, long long b)
{
    if (n_faults < FAULTS_MOST) (void)snprintf(faults[n_faults++], sizeof *faults, format, a, b);
}

/* The first few, then rarer, then evenly: most of what can go wrong is met early, once. */
static void spread(const char *const *formats, int n_formats, long long all, int count)
{
    int turn = 0;
    long long stride = all / (count / 2 + 1) + 1;
    for (long long n = 1; n <= all && n < stride; n += 1 + n * 3 / (count + 1))
        add(formats[turn++ % n_formats], n, 0);
    for (long long n = stride; n <= all; n += stride) add(formats[turn++ % n_formats], n, 0);
}

static void choose(const char *kind, int count, bool all, long long allocations, long long bytes)
{
    static const char *const alloc[] = {"alloc:%lld", "alloc:%lld+", "alloc:%lld"};
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGKILL, SIGPIPE, SIGQUIT, SIGUSR1};
    faults = calloc(FAULTS_MOST, sizeof *faults);
    for (long long n = 1; all && !strcmp(kind, "alloc") && n <= allocations; ++n)
        add(alloc[0], n, 0), add(alloc[1], n, 0);
    if (!all && !strcmp(kind, "alloc")) spread(alloc, 3, allocations, count);
    if (!strcmp(kind, "write")) {
        for (int i = 0; i <= count; ++i)
            add("write:%lld", (bytes - 1) * i / (count ? count : 1), 0);
        add("write:%lld", bytes > 64 ? 64 : 0, 0);
    }
    for (int i = 1; i <= count && !strcmp(kind, "cut"); ++i)
        add("cut:%lld", 1 + (allocations - 1) * i * i / count / count, 0);
    if (!strcmp(kind, "break"))
        add("short", 0, 0), add("fsync", 0, 0), add("rename", 0, 0), add("close", 0, 0);
    for (int i = 0; i < count && !strcmp(kind, "signal"); ++i)
        add("signal:%lld:%lld", signals[i % 7], 1 + allocations * (i * 37 % count) / count);
}

static void collect(int from, int *passes, int *failures)
{
    int both[2];
    while (read(from, both, sizeof both) == sizeof both) *passes += both[0], *failures += both[1];
}

int main(int argc, char **argv)
{
    const char *kind = "alloc";
    int count = 24, workers = 1, option, pipes[2];
    bool all = getenv("AD_FAULTS_ALL") != NULL;
    while ((option = getopt(argc, argv, "+f:n:j:p:r:almv")) != -1) {
        if (option == 'f') kind = optarg;
        if (option == 'n') count = atoi(optarg);
        if (option == 'j') workers = atoi(optarg);
        if (option == 'r') end_with = optarg;
        if (option == 'a') all = true;
        if (option == 'p') earlier = optarg;
        if (option == 'l') library_aborts = true;
        if (option == 'm') out_wavers = true;
        if (option == 'v') verbose = true;
    }
    if (argc - optind < 3) return 2;
    preload = realpath(argv[optind], NULL), seed = realpath(argv[optind + 1], NULL);
    command = argv + optind + 2;
    if (!preload || !seed) return perror(argv[optind + (preload != NULL)]), 2;
    (void)snprintf(room, sizeof room, "%s.room", seed);
    long long allocations, bytes;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!undisturbed(&allocations, &bytes)) return puts("0 passed, 1 failed"), 1;
    choose(kind, count, all, allocations, bytes);
    if (pipe(pipes)) return 1;
    fflush(stdout);
    for (int w = 0; w < workers; ++w) {
        if (fork()) continue;
        (void)snprintf(room, sizeof room, "%s.room%d", seed, w);
        for (int i = w; i < n_faults; i += workers) attempt(faults[i], all || i % 3 == 0);
        int both[] = {passed, failed};
        fflush(stdout);
        _exit(write(pipes[1], both, sizeof both) != sizeof both);
    }
    close(pipes[1]);
    collect(pipes[0], &passed, &failed);
    while (wait(NULL) > 0) {
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
