/* interrupt.c - signals that end the command while it writes a file: what ended it is seen by who
 * started it, and no unfinished file stays behind. */
#include "check.h"
#include "folder.h"

#include "base/file.h"

#include <autodidact/command.h>

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

enum { NEVER_ASKED, ASKED, IN_PARTS };
static int kind, number;

/* Ctrl-C stops a part of the work, as often as it comes; other signals end it all. */
static int work_in_parts(ad_command *cmd)
{
    if (ad_command_interrupted(cmd) || ad_command_go_on(cmd)) return 50;
    for (int part = 0; part < 3; ++part) {
        raise(SIGINT);
        if (!ad_command_interrupted(cmd) || !ad_command_go_on(cmd)) return 51;
        if (ad_command_interrupted(cmd)) return 52;
    }
    raise(SIGTERM);
    if (!ad_command_interrupted(cmd) || ad_command_go_on(cmd)) return 53;
    return ad_command_interrupted(cmd) ? 45 : 54;
}

/* Begins two files, ends one of them, and gets the signal. */
static int write_and_be_stopped(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_output *done, *begun;
    if (kind == IN_PARTS) return work_in_parts(cmd);
    if (ad_output_open(&done, ctx, in_folder("done")) ||
        ad_output_open(&begun, ctx, in_folder("begun")))
        return 40;
    ad_output_write(done, "text", 4), ad_output_write(begun, "text", 4);
    if (ad_output_commit(done)) return 41;
    if (kind == ASKED && ad_command_interrupted(cmd)) return 42;
    raise(number);
    if (kind != ASKED || !ad_command_interrupted(cmd)) return 43;
    raise(number);
    return 44;
}

static const ad_option options[] = {{0}};
static const ad_verb verb = {.name = "write", .options = options, .run = write_and_be_stopped};
static const ad_verb *const verbs[] = {&verb, NULL};
static const ad_app app = {.name = "app", .verbs = verbs};

/* What wait() says of a process that runs the verb. */
static int outcome(int how, int which, void (*before)(int))
{
    char name[] = "app", word[] = "write", *argv[] = {name, word, NULL};
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        kind = how, number = which;
        for (int i = 1; i < 16; ++i)
            if (i == SIGINT || i == SIGTERM || i == SIGHUP || i == SIGQUIT) signal(i, before);
        _exit(ad_app_main(&app, 2, argv));
    }
    waitpid(pid, &status, 0);
    return status;
}

static int files(void)
{
    int count = 0;
    DIR *dir = opendir(folder);
    if (!dir) return -1;
    for (struct dirent *entry; (entry = readdir(dir));) count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void no_unfinished_file_stays(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (int i = 0; i < 4; ++i) {
        REQUIRE(folder_make());
        int status = outcome(NEVER_ASKED, signals[i], SIG_DFL);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
        CHECK_INT(files(), 1); /* the finished one */
        CHECK(folder_remove());
    }
}

static void a_part_of_the_work_can_be_stopped(void)
{
    int status = outcome(IN_PARTS, 0, SIG_DFL);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 45);
}

/* The first is answered by the verb, the second ends it. */
static void a_verb_that_asks_is_asked_first(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < 3; ++i) {
        REQUIRE(folder_make());
        int status = outcome(ASKED, signals[i], SIG_DFL);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
        CHECK_INT(files(), 1);
        CHECK(folder_remove());
    }
}

static void nohup_holds(void)
{
    REQUIRE(folder_make());
    int status = outcome(NEVER_ASKED, SIGHUP, SIG_IGN);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 43);
    CHECK(folder_remove());
}

static const check_case cases[] = {CASE(no_unfinished_file_stays),
                                   CASE(a_verb_that_asks_is_asked_first),
                                   CASE(a_part_of_the_work_can_be_stopped),
                                   CASE(nohup_holds),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
