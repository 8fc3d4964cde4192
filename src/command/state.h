/* state.h - the inside of ad_command: what one invocation of a verb knows. */
#ifndef AD_COMMAND_STATE_H
#define AD_COMMAND_STATE_H

#include <autodidact/command.h>

enum {
    OPTIONS_MAX = 64,      /* rows of one table */
    ITEMS_BYTES = 8192,    /* all list items of one command line */
    OPERAND_KINDS_MAX = 8, /* words in ad_verb.operands */
};

struct ad_command {
    const ad_app *app;
    const ad_verb *verb;
    FILE *out, *err;

    /* Values as text: from the command line, else the row's default, else NULL. Flags: "yes", "no".
     */
    const char *value[OPTIONS_MAX];
    bool given[OPTIONS_MAX];
    bool configured[OPTIONS_MAX];   /* from a file of options */
    char *config_text[OPTIONS_MAX]; /* whose texts these are; owned */
    int item_count[OPTIONS_MAX];
    const char *items[OPTIONS_MAX]; /* item_count NUL-terminated strings, one after the other */
    char item_pool[ITEMS_BYTES];
    size_t item_bytes;
    char **operands; /* the front part of argv */
    int operand_count;
    bool help;

    bool misused;  /* the verb asked its table for something that is not there */
    bool catching; /* of SIGINT and SIGTERM */
    ad_context *ctx;

    /* terminal.c */
    bool live_allowed, live_shown, started, json_open;
    double start_seconds, drawn_seconds;
    int64_t first_step;
};

/* options.c: fills values, operands and `help` from argv[0..argc); 0 or an exit status (reported).
 */
int ad_command_parse(struct ad_command *cmd, int argc, char **argv);
/* Checks a value of row `row` and takes it; the text must last. 0 or an exit status (reported). */
int ad_command_set(struct ad_command *cmd, int row, const char *value);
const char *ad_option_placeholder(const ad_option *option); /* "FILE", "N", ...; NULL for flags */
/* "default 500, 1 to 1000000 steps" or "" */
const char *ad_option_range(const ad_option *option, char *buffer, size_t size);

/* "autodidact style make" */
const char *ad_verb_title(const ad_app *app, const ad_verb *verb, char *buffer, size_t size);
void ad_app_overview(const ad_app *app, FILE *out);
void ad_system_help(const ad_app *app, const char *system, FILE *out);
void ad_verb_help(const ad_app *app, const ad_verb *verb, FILE *out);

/* terminal.c: erases the live line, if any. */
void ad_command_erase_live(struct ad_command *cmd);

#endif
