/* state.h - the inside of ad_command: what one invocation of a verb knows. */
#ifndef AD_COMMAND_STATE_H
#define AD_COMMAND_STATE_H

#include <autodidact/command.h>

enum {
    ITEMS_BYTES = 8192,    /* all list items of one command line */
    OPERAND_KINDS_MAX = 8, /* words in ad_verb.operands */
};

/* A row of the verb's table and its value as text: from the command line, else from a file of
 * options, else the default, else NULL. Flags: "yes", "no". */
typedef struct ad_command_row {
    ad_option option;  /* with the verb's default */
    const char *title; /* of the group that begins here, or NULL */
    const char *value;
    bool given;        /* on the command line */
    bool configured;   /* from a file of options */
    bool chosen;       /* a default that another row's choice brought */
    char *config_text; /* whose text that is; owned */
    int item_count;    /* of lists */
    const char *items; /* NUL-terminated strings, one after the other */
} ad_command_row;

struct ad_command {
    const ad_app *app;
    const ad_verb *verb;
    FILE *out, *err;

    ad_command_row *rows; /* [row_count]: all of the verb's; owned */
    int row_count;
    char item_pool[ITEMS_BYTES];
    size_t item_bytes;
    char **operands; /* the front part of argv */
    int operand_count;
    bool help;

    bool failed;  /* it has said why */
    bool usage;   /* it was asked wrongly, as it has said */
    bool misused; /* the verb asked its table for something that is not there */
    ad_context *ctx;

    /* terminal.c */
    bool live_allowed, live_shown, started, json_open;
    int live_columns; /* of the live line that is shown */
    double start_seconds, drawn_seconds;
    int64_t first_step;
    bool working; /* of work in parts: the first time that it was told */
    double first_done, first_seconds;
};

/* interrupt.c */
void ad_command_end_cleanly(void); /* a signal that ends the process removes unfinished files */

/* rows.c */

/* All rows of a verb in their order, its records' before its own; false at the end. Begin with
 * {.verb = verb}. */
typedef struct ad_row_walk {
    const ad_verb *verb;
    int record;            /* whose rows come next */
    const ad_option *next; /* NULL: the record's first */
    const char *group;     /* the title of the record before */
    ad_option option;      /* out: with the verb's default */
    const char *title;     /* out: of the group that begins with it, or NULL */
} ad_row_walk;
bool ad_row_next(ad_row_walk *walk);
bool ad_verb_has_rows(const ad_verb *verb);
/* Makes cmd->rows; false: out of memory (reported). */
bool ad_command_make_rows(struct ad_command *cmd);
void ad_command_free_rows(struct ad_command *cmd);
/* The row of that name; NULL: none. */
ad_command_row *ad_command_row_named(const struct ad_command *cmd, const char *name, size_t length);
/* Whether the verb has a flag of that name and it is on: verbs may leave the common rows out. */
bool ad_command_has_flag(const struct ad_command *cmd, const char *name);
/* The most similar option's name, or NULL; `also` may be NULL. */
const char *ad_command_nearest(const struct ad_command *cmd, const char *word, const char *also);

/* parse.c: fills values, operands and `help` from argv[0..argc); 0 or an exit status (reported).
 */
int ad_command_parse(struct ad_command *cmd, int argc, char **argv);
/* Checks a value of the row and takes it; the text must last. 0 or an exit status (reported). */
int ad_command_set(struct ad_command *cmd, ad_command_row *row, const char *value);

/* captions.c */
const char *ad_option_placeholder(const ad_option *option); /* "FILE", "N", ...; NULL for flags */
/* "default 500, 1 to 1000000 steps" or ""; `defaults`: the verb's */
const char *ad_option_range(const ad_option *option, const ad_default *defaults, char *buffer,
                            size_t size);

/* "autodidact style make" */
const char *ad_verb_title(const ad_app *app, const ad_verb *verb, char *buffer, size_t size);

/* chosen_defaults.c */

/* Rows that nobody says take what the choices of other rows bring (AD_DEFAULT_WITH), which is said.
 * 0 or an exit status (reported). */
int ad_command_choose_defaults(struct ad_command *cmd);
/* ", with --kind wgan-gp 1e-4", or "". */
void ad_option_chosen_range(const ad_option *option, const ad_default *defaults, char *buffer,
                            size_t size);

/* help.c */
void ad_app_overview(const ad_app *app, FILE *out);
void ad_system_help(const ad_app *app, const char *system, FILE *out);
void ad_verb_help(const ad_app *app, const ad_verb *verb, FILE *out);

/* terminal.c: the live line, if any, makes room for a note; or stays, and what follows stands below
 * it. */
void ad_command_erase_live(struct ad_command *cmd);
void ad_command_end_live(struct ad_command *cmd);

#endif
