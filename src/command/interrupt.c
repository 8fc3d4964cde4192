/* interrupt.c - signals that ask the command to end.
 *
 * A verb that asks whether it is interrupted is told so by the first, and stops when it can. Any
 * other is ended there and then, without the temporary files of what it was writing. */
#include "command/state.h"

#include "base/unfinished.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static volatile sig_atomic_t asked, interrupted; /* the verb asks; by which signal */

static void on_signal(int number)
{
    if (asked && !interrupted && number != SIGQUIT) {
        interrupted = number;
        return;
    }
    ad_unfinished_remove();
    signal(number, SIG_DFL);
    raise(number); /* what started the command sees what ended it */
}

/* Not what a program that has such verbs among others does itself, nor what is ignored, as under
 * nohup, unless `ignored`. */
static void take(int number, bool ignored)
{
    struct sigaction before, action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before)) return;
    if (before.sa_handler == SIG_DFL || (ignored && before.sa_handler == SIG_IGN))
        sigaction(number, &action, NULL);
}

void ad_command_end_cleanly(void)
{
    for (size_t i = 0; i < sizeof signals / sizeof *signals; ++i) take(signals[i], false);
}

bool ad_command_interrupted(ad_command *cmd)
{
    if (!asked) { /* a shell starts what runs in the background with these ignored */
        asked = 1;
        take(SIGINT, true), take(SIGTERM, true);
    }
    return interrupted || ferror(cmd->out); /* nobody reads on, or the disk is full */
}

bool ad_command_go_on(ad_command *cmd)
{
    (void)cmd;
    if (interrupted != SIGINT) return false;
    interrupted = 0;
    return true;
}
