/* command.h - programs with verbs: a table of options per verb, and talking to people or machines.
 *
 * A verb's table is the single source of parsing, --help, the manual page and shell completion.
 * `autodidact` itself is an ad_app; a program of your own can be one as well:
 *
 *     static const ad_option options[] = {
 *         {.name = "output", .letter = 'o', .type = AD_OPTION_FILE, .initial = "out.png",
 *          .help = "where the picture goes"},
 *         {.name = "steps", .type = AD_OPTION_INT, .min = 1, .max = 1e6, .help = "steps"},
 *         {.name = "optimizer", .type = AD_OPTION_CHOICE, .choices = "lbfgs|adam",
 *          .help = "the method"},
 *         AD_COMMON_OPTIONS,
 *         {0},
 *     };
 *     static int run(ad_command *cmd)
 *     {
 *         ad_context *ctx = ad_command_context(cmd);            // honours --threads
 *         if (!ctx) return AD_EXIT_FAILURE;
 *         int64_t steps = ad_command_int(cmd, "steps");
 *         for (int64_t i = 0; i < steps && !ad_command_interrupted(cmd); ++i) {
 *             ...
 *             ad_command_step(cmd, i + 1, steps, (ad_metric[]){{"loss", loss}}, 1);
 *         }
 *         return ad_command_check(cmd, status);             // says what was wrong, if anything
 *     }
 *     const ad_verb style_make = {
 *         AD_VERB("style", "make", "CONTENT STYLE...", options, run, "paint a photo"),
 *         .description = "..."};
 *
 * Not a library's way out of errors: everything below these functions still returns statuses.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_COMMAND_H
#define AUTODIDACT_COMMAND_H

#include <autodidact/record.h>
#include <autodidact/watch.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_command ad_command;

enum {
    AD_EXIT_OK = 0,
    AD_EXIT_FAILURE = 1,
    AD_EXIT_USAGE = 2,
    AD_EXIT_UNREAD = 141 /* the output was read no further: as a shell says of SIGPIPE */
};

/* Rows that every verb that computes shares. `ad_command_context` and the printing functions below
 * look at them; a verb may leave them out. */
/* clang-format off */
#define AD_OPTION_THREADS {.name = "threads", .type = AD_OPTION_INT, .min = 1, .max = 1024, .process = true, .help = "threads to compute with, else one per core"}
#define AD_OPTION_QUIET   {.name = "quiet", .letter = 'q', .type = AD_OPTION_FLAG, .process = true, .help = "no progress line and no notes"}
#define AD_OPTION_JSON    {.name = "json", .type = AD_OPTION_FLAG, .process = true, .help = "write one JSON object per line to standard output"}
/* The most that one program may take beside weights and an optimizer's state: memory_limit of program.h. `otherwise_`: what the
 * help says of the default: " (default: ...)" or "". */
#define AD_OPTION_MEMORY_LIMIT(otherwise_) {.name = "memory-limit", .type = AD_OPTION_SIZE, .help = "memory for activations, gradients and workspace of a program: what does not fit is recomputed, or refused" otherwise_}
#define AD_COMMON_OPTIONS AD_OPTION_THREADS, AD_OPTION_QUIET, AD_OPTION_JSON
/* clang-format on */

typedef struct ad_verb {
    const char *system; /* "style", or NULL for a verb that stands alone (`autodidact version`) */
    const char *name;   /* "make" */
    /* Names of the operands in order: NAME one, [NAME] at most one, NAME... one or more,
     * [NAME...] any number. "" for none. Only the last may have dots. */
    const char *operands;
    const ad_option *options; /* NULL: none. --help is always there. */
    int (*run)(ad_command *cmd);
    const char *summary; /* a few words for the list of verbs */
    /* Paragraphs for --help and the manual page, separated by empty lines; a paragraph whose lines
     * begin with two spaces stays as it is (examples). NULL: none. */
    const char *description;
    bool hidden; /* not listed */
    /* Rows of structs (record.h), which come before `options`, each under its record's title; read
     * with ad_command_read. Ends with NULL; NULL: none. */
    const ad_record *const *records;
    const ad_default *defaults; /* other defaults than the rows'; ends with {0}; NULL: none */
    bool of_run;      /* the records' rows that are not given are those of the run that its operand
                         names (ad_command_trained, system.h): here they have no defaults, and none
                         is required */
    const void *user; /* for `run` */
} ad_verb;

/* The members that every verb has, in a line; others follow it by name. */
#define AD_VERB(system_, name_, operands_, options_, run_, summary_)                               \
    .system = (system_), .name = (name_), .operands = (operands_), .options = (options_),          \
    .run = (run_), .summary = (summary_)

typedef struct ad_app {
    const char *name, *version, *summary;
    const ad_verb *const *verbs; /* NULL at the end; verbs of a system stand together */
    FILE *out, *err;             /* NULL: stdout, stderr */
} ad_app;

/* Parses argv (which it may rearrange), runs the verb, and returns the exit status: 0; 1 when the
 * verb failed or its output could not be written; 2 for wrong usage; 141, without a word, when who
 * read the output has gone. --help, `help` and no arguments at all print help. Every error is one
 * line: "autodidact: sentence". */
AD_API int ad_app_main(const ad_app *app, int argc, char **argv);
/* The same tables in the forms that installing needs. */
AD_API void ad_app_manual(const ad_app *app, FILE *out);     /* roff, man macros */
AD_API void ad_app_completion(const ad_app *app, FILE *out); /* a bash script */
/* Prints help for a system, a verb of a system, a verb that stands alone, or (both NULL) an
 * overview; returns an exit status. */
AD_API int ad_command_help(ad_command *cmd, const char *first, const char *second);

/* ---- what was parsed. Asking for a name or type that the table does not have is a mistake in the
 * program: the answer is 0, and the command ends with status 1 and says so. ---- */

AD_API const ad_app *ad_command_app(const ad_command *cmd);
AD_API const ad_verb *ad_command_verb(const ad_command *cmd);
AD_API bool ad_command_given(ad_command *cmd, const char *name); /* on the command line */
AD_API bool ad_command_flag(ad_command *cmd, const char *name);
AD_API int64_t ad_command_int(ad_command *cmd, const char *name); /* 0 if unset */
AD_API double ad_command_real(ad_command *cmd, const char *name);
AD_API int64_t ad_command_size(ad_command *cmd, const char *name);
/* TEXT, FILE, CHOICE; NULL if unset. */
AD_API const char *ad_command_text(ad_command *cmd, const char *name);
/* Which of the choices: 0 is the first one in the table, -1 unset. */
AD_API int ad_command_choice(ad_command *cmd, const char *name);
/* Items of TEXTS or REALS (0 if unset), and each of them. */
AD_API int ad_command_count(ad_command *cmd, const char *name);
AD_API const char *ad_command_item(ad_command *cmd, const char *name, int index);
AD_API double ad_command_real_item(ad_command *cmd, const char *name, int index);
/* Any type, as text: "yes" and "no" for flags; NULL if unset. */
AD_API const char *ad_command_value(ad_command *cmd, const char *name);
/* The values of a record of the verb's into its struct, which is initialised by this; free it with
 * ad_record_free. Derived members are zero, and record->check is left to who knows them. Reports
 * errors: 0 or an exit status. */
AD_API int ad_command_read(ad_command *cmd, const ad_record *record, void *value);
/* All of the verb's records that way, and those in `more` (ends with NULL; may be NULL), which keep
 * their defaults, `defaults` before the verb's; free it with ad_settings_free. */
AD_API int ad_command_settings(ad_command *cmd, const ad_record *const *more,
                               const ad_default *defaults, ad_settings **settings);
AD_API int ad_command_operands(const ad_command *cmd);
AD_API const char *ad_command_operand(const ad_command *cmd, int index); /* NULL past the end */
/* Whether two paths are of one file, such as an output and what is read; NULL is of none. */
AD_API bool ad_command_same_file(const char *a, const char *b);
/* Whether a path is of a file that an operand names. */
AD_API bool ad_command_is_operand(const ad_command *cmd, const char *path);

/* Options that were not given on the command line take the values of a JSON file: an object of
 * options, or one that holds such an object as "options" (a run's config.json), whose "system" and
 * "verb" must then be this verb's. Everything is checked as on the command line; an unknown key is
 * an error. 0 or an exit status (reported). */
AD_API int ad_command_config(ad_command *cmd, const char *path);
/* Required options, which parsing leaves unchecked where --config or --resume are given. */
AD_API int ad_command_complete(ad_command *cmd);

/* ---- doing the work ---- */

/* A context made at the first call, with --threads if the table has it; freed when the command
 * ends. NULL: the error has been reported; return AD_EXIT_FAILURE. */
AD_API ad_context *ad_command_context(ad_command *cmd);
/* "autodidact: sentence" on stderr; returns AD_EXIT_FAILURE or AD_EXIT_USAGE. */
AD_API int ad_command_fail(ad_command *cmd, const char *format, ...) AD_PRINTF(2, 3);
AD_API int ad_command_usage(ad_command *cmd, const char *format, ...) AD_PRINTF(2, 3);
/* The exit status of work that returned `status`: AD_EXIT_OK, or AD_EXIT_FAILURE once the sentence
 * of ad_command_context's last error is reported. */
AD_API int ad_command_check(ad_command *cmd, ad_status status);
/* True once the person pressed Ctrl-C, the process got SIGTERM or SIGHUP, or what it writes is not
 * read any more (as by `| head`). The first call starts catching signals; a second one then ends
 * the process at once, as the first does where a verb never asks. Files that are being written are
 * removed then. Ask in every loop that may last. */
AD_API bool ad_command_interrupted(ad_command *cmd);
/* For work in parts, of which Ctrl-C stops one: if it was that, it is forgotten and the answer
 * true; false: the command is to end. */
AD_API bool ad_command_go_on(ad_command *cmd);

/* ---- saying things ---- */

/* Results, on stdout; write errors are noticed at the end and make the exit status 1. What is
 * printed may come from a file, so what a terminal would obey or a reader cannot see is written
 * out: "\x1b",
 * "\u202e", "\xff" for a byte that is not UTF-8. The same holds for errors, notes, the live line,
 * tables and JSON. */

/* A line or a piece of one. Only newlines at the very end of `format` are newlines. */
AD_API void ad_command_print(ad_command *cmd, const char *format, ...) AD_PRINTF(2, 3);
/* A line "NAME  VALUE" for each figure behind `margin`, or "NAME  VALUE +- DEVIATION"; "-" is what
 * does not exist, such as the area under the curve of one class. `deviation` may be NULL. Returns
 * the columns in which names stand, 24 or more. */
AD_API int ad_command_print_metrics(ad_command *cmd, const char *margin, const ad_metrics *metrics,
                                    const ad_metrics *deviation);
/* Text of any number of lines, whose newlines and tabs stay. */
AD_API void ad_command_print_text(ad_command *cmd, const char *text, size_t length);
/* Text that is itself the result, such as what a model wrote: as ad_command_print_text to a
 * terminal, and else byte by byte. Flushed, so that it appears as it is made. False: it cannot be
 * written, and there is no use in making more. */
AD_API bool ad_command_write(ad_command *cmd, const char *text, size_t length);
/* A note for people: a line on stderr, above the live line. Silent with --quiet. */
AD_API void ad_command_note(ad_command *cmd, const char *format, ...) AD_PRINTF(2, 3);
/* A note "TITLE: WORD...", a command to be copied: each word as a shell reads it. `words` ends with
 * NULL. */
AD_API void ad_command_suggest(ad_command *cmd, const char *title, const char *const *words);

/* Says, as notes, what can be done with a model that was trained: every verb of the system whose
 * first operand is MODEL, as a command that can be copied. */
AD_API void ad_command_next(ad_command *cmd, const char *system, const char *model);

/* Step `step` of `steps` (0: unknown) is done. On a terminal: the live line "step 120/500  loss
 * 1.2e5  3.1 steps/s  2m10s left", redrawn at most ten times a second; with --json: a line
 * {"event":"step","step":120,"steps":500,"seconds":38.2,"loss":120000} for every call. The clock
 * starts at ad_command_start, or at the first step. Results, and the end of the command, stand
 * below the line's last state; notes take its place. */
AD_API void ad_command_start(ad_command *cmd);
AD_API void ad_command_step(ad_command *cmd, int64_t step, int64_t steps, const ad_metric *metrics,
                            int count);
AD_API double ad_command_seconds(ad_command *cmd); /* since the clock started */
/* The same for training: with its own rate, memory, and the time left as the caller knows it; and
 * for work in parts of unequal cost, whose time left follows from `done` and `whole`. Where
 * standard error is not a terminal, a plain line at `notable` steps (one a second at most) and
 * every ten seconds. With --json a line only if `notable`; the rate is its "steps_per_second", or
 * that of the `unit`. */
AD_API void ad_command_progress(ad_command *cmd, const ad_progress *progress);
/* A watcher (watch.h) that says it all here: notes, progress, and Ctrl-C. */
AD_API ad_watcher ad_command_watcher(ad_command *cmd);

/* One JSON object on one line of standard output; all of these do nothing without --json.
 * ad_json_begin(cmd, "done"), ad_json_text(cmd, "output", path), ad_json_end(cmd) prints
 * {"event":"done","output":"out.png"}. A number that is not finite becomes null, bytes that are not
 * UTF-8 become U+FFFD. A member's name is the program's own: names from outside (of classes, of
 * files, of metrics that a file holds), which may be any, are values, or stand in an object of
 * their own. */
AD_API bool ad_command_json(const ad_command *cmd);
AD_API void ad_json_begin(ad_command *cmd, const char *event);
AD_API void ad_json_text(ad_command *cmd, const char *name, const char *value);
/* Text that may hold NUL. */
AD_API void ad_json_bytes(ad_command *cmd, const char *name, const char *value, size_t length);
AD_API void ad_json_int(ad_command *cmd, const char *name, int64_t value);
AD_API void ad_json_real(ad_command *cmd, const char *name, double value);
AD_API void ad_json_ints(ad_command *cmd, const char *name, const int64_t *values, int count);
AD_API void ad_json_reals(ad_command *cmd, const char *name, const double *values, int count);
AD_API void ad_json_texts(ad_command *cmd, const char *name, const char *const *values, int count);
/* An object {"accuracy":0.98,...} as the member `name`. */
AD_API void ad_json_metrics(ad_command *cmd, const char *name, const ad_metric *metrics, int count);
AD_API void ad_json_bool(ad_command *cmd, const char *name, bool value);
AD_API void ad_json_end(ad_command *cmd);

#ifdef __cplusplus
}
#endif
#endif
