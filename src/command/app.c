/* app.c - finds the verb, runs it, and turns what comes of it into an exit status. */
#include "command/state.h"
#include "base/nearest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

static bool same(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

static const ad_verb *find_verb(const ad_app *app, const char *system, const char *name)
{
    for (const ad_verb *const *v = app->verbs; *v; ++v)
        if (same((*v)->name, name) && (system ? same((*v)->system, system) : !(*v)->system))
            return *v;
    return NULL;
}

static bool is_system(const ad_app *app, const char *name)
{
    for (const ad_verb *const *v = app->verbs; *v; ++v)
        if (same((*v)->system, name)) return true;
    return false;
}

/* The nearest first word (system NULL) or verb of a system. */
static const char *nearest_word(const ad_app *app, const char *system, const char *word)
{
    const char *names[256];
    int count = 0;
    for (const ad_verb *const *v = app->verbs; *v && count < 256; ++v) {
        if ((*v)->hidden) continue;
        if (!system)
            names[count++] = (*v)->system ? (*v)->system : (*v)->name;
        else if (same((*v)->system, system))
            names[count++] = (*v)->name;
    }
    return ad_nearest(word, names, count);
}

static int unknown_word(ad_command *cmd, const char *system, const char *word)
{
    const char *nearest = nearest_word(cmd->app, system, word), *kind = word[0] == '-' ? "option"
                                                                        : system       ? "verb"
                                                                                       : "command";
    char prefix[80] = "";
    if (system) snprintf(prefix, sizeof prefix, "%s: ", system);
    if (nearest)
        return ad_command_usage(cmd, "%sunknown %s \"%.60s\"; did you mean \"%s\"?", prefix, kind,
                                word, nearest);
    return ad_command_usage(cmd, "%sunknown %s \"%.60s\" (\"%s%s%s --help\" lists them)", prefix,
                            kind, word, cmd->app->name, system ? " " : "", system ? system : "");
}

int ad_command_help(ad_command *cmd, const char *first, const char *second)
{
    const ad_app *app = cmd->app;
    const ad_verb *verb = NULL;
    if (!first) {
        ad_app_overview(app, cmd->out);
    } else if (is_system(app, first)) {
        if (second && !(verb = find_verb(app, first, second)))
            return unknown_word(cmd, first, second);
        if (verb)
            ad_verb_help(app, verb, cmd->out);
        else
            ad_system_help(app, first, cmd->out);
    } else {
        if (!(verb = find_verb(app, NULL, first))) return unknown_word(cmd, NULL, first);
        if (second)
            return ad_command_usage(cmd, "\"%.60s\" has no verbs (found \"%.60s\")", first, second);
        ad_verb_help(app, verb, cmd->out);
    }
    return AD_EXIT_OK;
}

static int dispatch(ad_command *cmd, int argc, char **argv)
{
    const ad_app *app = cmd->app;
    const char *first = argc > 1 ? argv[1] : NULL;
    if (!first || same(first, "--help") || same(first, "-h"))
        return ad_command_help(cmd, NULL, NULL);
    if (same(first, "--version")) first = "version";
    int used = 2;
    if (is_system(app, first)) {
        if (argc == 2 || same(argv[2], "--help") || same(argv[2], "-h"))
            return ad_command_help(cmd, first, NULL);
        cmd->verb = find_verb(app, first, argv[2]);
        if (!cmd->verb) return unknown_word(cmd, first, argv[2]);
        used = 3;
    } else {
        cmd->verb = find_verb(app, NULL, first);
        if (!cmd->verb) return unknown_word(cmd, NULL, first);
    }
    int status = ad_command_parse(cmd, argc - used, argv + used);
    if (status) return status;
    if (cmd->help) {
        ad_verb_help(app, cmd->verb, cmd->out);
        return AD_EXIT_OK;
    }
    if (!ad_command_context(cmd)) /* no verb needs to ask */
        return cmd->usage ? AD_EXIT_USAGE : AD_EXIT_FAILURE;
    status = cmd->verb->run(cmd);
    return cmd->misused && status == AD_EXIT_OK ? AD_EXIT_FAILURE : status;
}

/* Whether who read it has gone, as `head` does: no error, and nothing to be told of. */
static bool is_closed_pipe(FILE *out)
{
    struct pollfd state = {.fd = fileno(out), .events = POLLOUT};
    return state.fd >= 0 && poll(&state, 1, 0) == 1 && (state.revents & POLLERR);
}

int ad_app_main(const ad_app *app, int argc, char **argv)
{
    ad_command cmd = {
        .app = app, .out = app->out ? app->out : stdout, .err = app->err ? app->err : stderr};
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error, */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file beyond the limit on its size */
    ad_command_end_cleanly();
    int status = dispatch(&cmd, argc, argv);
    ad_command_end_live(&cmd);
    ad_context_free(cmd.ctx);
    ad_command_free_rows(&cmd);
    errno = 0;
    bool failed = fflush(cmd.out) || ferror(cmd.out);
    if (failed && status <= AD_EXIT_FAILURE && is_closed_pipe(cmd.out)) return AD_EXIT_UNREAD;
    if (failed && status == AD_EXIT_OK)
        status = ad_command_fail(&cmd, "standard output could not be written%s%s",
                                 errno ? ": " : "", errno ? strerror(errno) : "");
    return status;
}
