/* train_toy_verb.h - the toy's verb `train`, as a person runs it; for the tests of what the verb
 * adds to a session: options, files of options, exit statuses, JSON, --profile, --tune. */
#ifndef TRAIN_TOY_VERB_H
#define TRAIN_TOY_VERB_H

#include "train_toy.h"

static inline int toy_main(ad_command *cmd)
{
    return ad_train_main(cmd, once, NULL);
}

static const ad_option toy_verb_options[] = {AD_TRAIN_OPTIONS, AD_COMMON_OPTIONS, {0}};
static const ad_verb toy_verb = {.system = "toy",
                                 .name = "train",
                                 .operands = "",
                                 .options = toy_verb_options,
                                 .run = toy_main,
                                 .summary = "fit a sine",
                                 .records = toy_records,
                                 .defaults = toy_defaults};

static inline int toy_command_child(const char *arguments)
{
    static const ad_verb *const verbs[] = {&toy_verb, NULL};
    char text[1024], *argv[64] = {"app", "toy", "train"};
    int argc = 3;
    snprintf(text, sizeof text, "%s", arguments);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    const ad_app app = {"app", "1", "test", verbs, stdout, stderr};
    if (!trouble.by_signal) trouble.by_signal = SIGTERM;
    return ad_app_main(&app, argc, argv);
}

/* `app toy train ARGUMENTS` in a process of its own: the exit status, or minus the signal. */
static inline int toy_command(const char *arguments)
{
    return toy_fork(toy_command_child, arguments);
}

#endif
