/* command.c - option tables: what is parsed, what is refused and how, help, JSON. Every case runs a
 * small app of its own and looks at its exit status and at what it wrote. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "check.h"

#include <autodidact/command.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static char out[16384], err[4096];

static struct {
    int64_t steps, limit;
    double weight, blend[4];
    const char *output;
    char layers[64];
    int optimizer, blends, operands;
    bool keep, json, given;
    char last[64];
} seen;

static int run(ad_command *cmd)
{
    seen.steps = ad_command_int(cmd, "steps");
    seen.limit = ad_command_size(cmd, "limit");
    seen.weight = ad_command_real(cmd, "weight");
    seen.output = ad_command_text(cmd, "output");
    seen.optimizer = ad_command_choice(cmd, "optimizer");
    seen.keep = ad_command_flag(cmd, "keep");
    seen.json = ad_command_json(cmd);
    seen.given = ad_command_given(cmd, "steps");
    seen.blends = ad_command_count(cmd, "blend");
    for (int i = 0; i < seen.blends && i < 4; ++i)
        seen.blend[i] = ad_command_real_item(cmd, "blend", i);
    seen.layers[0] = 0;
    for (int i = 0; i < ad_command_count(cmd, "layers"); ++i) {
        strncat(seen.layers, ad_command_item(cmd, "layers", i), 20);
        strncat(seen.layers, ";", 2);
    }
    seen.operands = ad_command_operands(cmd);
    snprintf(seen.last, sizeof seen.last, "%s",
             seen.operands ? ad_command_operand(cmd, seen.operands - 1) : "");
    CHECK(ad_command_operand(cmd, seen.operands) == NULL);
    return AD_EXIT_OK;
}

static int speak(ad_command *cmd)
{
    ad_json_begin(cmd, "begin");
    ad_json_text(cmd, "text", "a\"\\\n\xff\xc3\xa9");
    ad_json_real(cmd, "nan", NAN);
    ad_json_ints(cmd, "shape", (int64_t[]){2, 3}, 2);
    ad_json_bool(cmd, "yes", true);
    ad_json_end(cmd);
    ad_command_start(cmd);
    ad_command_step(cmd, 1, 2, (ad_metric[]){{"loss", 1.5}, {"content of the photo", 0.25}}, 2);
    ad_command_note(cmd, "half way\x1b[2J \xc2\x9b \xe2\x80\xae\xff");
    return ad_command_fail(cmd, "broken\nline");
}

/* Work whose second part costs a hundred times the first, and a result. */
static int in_parts(ad_command *cmd)
{
    ad_command_start(cmd);
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL); /* to begin takes time, too */
    ad_command_progress(cmd, &(ad_progress){.step = 1, .steps = 10, .done = 1, .whole = 102});
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    ad_command_progress(cmd, &(ad_progress){.step = 10,
                                            .steps = 10,
                                            .part = "1 of 2\x1b[2J",
                                            .rate = 2.5,
                                            .done = 2,
                                            .whole = 102,
                                            .notable = true});
    ad_command_print(cmd, "result %s\n", "a\nb");
    return ad_command_fail(cmd, "broken\nline");
}

static int mistaken(ad_command *cmd)
{
    ad_command_int(cmd, "no-such");
    return AD_EXIT_OK;
}

/* Work that ends well, or with --quiet as a status. */
static int checked(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    bool good = !ad_command_flag(cmd, "quiet");
    return ad_command_check(
        cmd, good ? AD_OK : ad_error_set(ctx, AD_ERROR_IO, "%s: cannot be read", "x.png"));
}

static int watch(ad_command *cmd)
{
    if (ad_command_interrupted(cmd)) return AD_EXIT_FAILURE;
    raise(SIGINT);
    return ad_command_interrupted(cmd) ? AD_EXIT_OK : AD_EXIT_FAILURE;
}

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .help = "where the picture goes"},
    {"steps", 's', AD_OPTION_INT, .initial = "500", .min = 1, .max = 1000, .unit = "steps",
     .help = "iterations"},
    {"weight", 'w', AD_OPTION_REAL, .initial = "1e-3", .help = "weight of the style"},
    {"limit", 0, AD_OPTION_SIZE, .help = "memory at most"},
    {"blend", 0, AD_OPTION_REALS, .min = 0, .max = 1, .help = "weights"},
    {"layers", 0, AD_OPTION_TEXTS, .initial = "conv1,conv2", .help = "layers"},
    {"optimizer", 0, AD_OPTION_CHOICE, .initial = "lbfgs", .choices = "lbfgs|adam",
     .help = "method"},
    {"keep", 'k', AD_OPTION_FLAG, .initial = "yes", .help = "keep colours"},
    AD_COMMON_OPTIONS,
    {0},
};
static const ad_option must[] = {
    {"weights", 0, AD_OPTION_FILE, .required = true, .help = "the network"}, {0}};
static const ad_verb style_make = {"style",
                                   "make",
                                   "CONTENT STYLE...",
                                   options,
                                   run,
                                   .summary = "paint a photo",
                                   .description = "A paragraph.\n\n  an example"};
static const ad_verb style_apply = {"style", "apply", "[IMAGE]", must, run, .summary = "apply"};
static const ad_verb say = {NULL, "say", "", options, speak, .summary = "say something"};
static const ad_verb parts = {NULL, "parts", "", options, in_parts, .summary = "work in parts"};
static const ad_verb wrong = {
    NULL, "wrong", "", options, mistaken, .summary = "asks for nothing known", .hidden = true};
static const ad_verb watcher = {NULL, "watch", "", NULL, watch, .summary = "wait for Ctrl-C"};
static const ad_verb check = {AD_VERB(NULL, "check", "", options, checked, "ends with a status")};
static const ad_verb *const verbs[] = {&watcher, &style_make, &style_apply, &say,
                                       &parts,   &check,      &wrong,       NULL};

/* Runs "app WORDS" (split at blanks) and returns the exit status; what it writes goes to o and
 * e. */
static int app_to(const char *words, FILE *o, FILE *e)
{
    static char buffer[20000];
    char *argv[64] = {(char[]){"app"}};
    int argc = 1;
    snprintf(buffer, sizeof buffer, "%s", words);
    for (char *p = strtok(buffer, " "); p && argc < 63; p = strtok(NULL, " ")) argv[argc++] = p;
    memset(&seen, 0, sizeof seen);
    out[0] = err[0] = 0;
    ad_app description = {"app", "1.0", "an app to test", verbs, o, e};
    return ad_app_main(&description, argc, argv);
}

static int app(const char *words)
{
    FILE *o = fmemopen(out, sizeof out, "w"), *e = fmemopen(err, sizeof err, "w");
    int status = app_to(words, o, e);
    fclose(o), fclose(e);
    return status;
}

static void refused(const char *words, const char *sentence)
{
    CHECK_INT(app(words), AD_EXIT_USAGE);
    CHECK_TEXT(err, sentence);
    CHECK_TEXT(out, "");
}

static void defaults(void)
{
    CHECK_INT(app("style make a b"), 0);
    CHECK_INT(seen.steps, 500);
    CHECK_NEAR(seen.weight, 1e-3, 1e-12);
    CHECK_INT(seen.optimizer, 0);
    CHECK(seen.keep && !seen.json && !seen.given);
    CHECK(seen.output == NULL);
    CHECK_TEXT(seen.layers, "conv1;conv2;");
    CHECK_INT(seen.blends, 0);
}

static void every_form(void)
{
    CHECK_INT(
        app("style make --steps 7 a --weight=-2.5e1 -o x.png b --no-keep --limit 1.5K -- --odd"),
        0);
    CHECK_INT(seen.steps, 7);
    CHECK(seen.given && !seen.keep);
    CHECK_NEAR(seen.weight, -25, 1e-12);
    CHECK_TEXT(seen.output, "x.png");
    CHECK_INT(seen.limit, 1536);
    CHECK_INT(seen.operands, 3);
    CHECK_TEXT(seen.last, "--odd");
    CHECK_INT(app("style make -ox.png -s9 -qk a - --optimizer adam --blend 0.25,0.75 --layers one"),
              0);
    CHECK_TEXT(seen.output, "x.png");
    CHECK_INT(seen.steps, 9);
    CHECK_TEXT(seen.last, "-");
    CHECK_INT(seen.optimizer, 1);
    CHECK_INT(seen.blends, 2);
    CHECK_NEAR(seen.blend[1], 0.75, 1e-12);
    CHECK_TEXT(seen.layers, "one;");
    CHECK_INT(app("style make a b --steps 1 --steps 2"), 0); /* the last one counts */
    CHECK_INT(seen.steps, 2);
}

static void unknown_words(void)
{
    refused("style make --step 5 a b", "app: unknown option --step; did you mean --steps?\n");
    refused("style make --zebra a b",
            "app: unknown option --zebra (\"app style make --help\" lists them)\n");
    refused("style make -z a b", "app: unknown option -z (\"app style make --help\" lists them)\n");
    refused("style make --no-steps a b", "app: unknown option --no-steps; did you mean --steps?\n");
    refused("style mak a b", "app: style: unknown verb \"mak\"; did you mean \"make\"?\n");
    refused("stlye make", "app: unknown command \"stlye\"; did you mean \"style\"?\n");
    refused(
        "wrnog",
        "app: unknown command \"wrnog\" (\"app --help\" lists them)\n"); /* hidden: not offered */
}

static void wrong_values(void)
{
    refused("style make a b --steps 0",
            "app: --steps: \"0\" is not a whole number from 1 to 1000\n");
    refused("style make a b --steps 5x",
            "app: --steps: \"5x\" is not a whole number from 1 to 1000\n");
    refused("style make a b --steps=", "app: --steps: \"\" is not a whole number from 1 to 1000\n");
    refused("style make a b --steps 99999999999999999999",
            "app: --steps: \"99999999999999999999\" is not a whole number from 1 to 1000\n");
    refused("style make a b --weight nan", "app: --weight: \"nan\" is not a number\n");
    refused("style make a b --weight 1e999", "app: --weight: \"1e999\" is not a number\n");
    refused("style make a b --weight 0x10", "app: --weight: \"0x10\" is not a number\n");
    refused("style make a b --limit 5Q",
            "app: --limit: \"5Q\" is not a size (such as 512M or 1.5G)\n");
    refused("style make a b --limit -1",
            "app: --limit: \"-1\" is not a size (such as 512M or 1.5G)\n");
    refused("style make a b --limit 99999999999T",
            "app: --limit: \"99999999999T\" is not a size (such as 512M or 1.5G)\n");
    refused("style make a b --blend 0.5,2", "app: --blend: \"2\" is not a number from 0 to 1\n");
    refused("style make a b --blend 0.5,,1", "app: --blend: item 2 of \"0.5,,1\" is empty\n");
    refused("style make a b --optimizer sgd",
            "app: --optimizer: \"sgd\" is not one of lbfgs, adam\n");
    refused("style make a b --optimizer lbfgs|adam",
            "app: --optimizer: \"lbfgs|adam\" is not one of lbfgs, adam\n");
    refused("style make a b --keep=yes",
            "app: --keep takes no value (found \"yes\"); --no-keep turns it off\n");
    refused("style make a b --output=", "app: --output: the file name is empty\n");
}

static void missing_words(void)
{
    refused("style make a b --steps", "app: --steps needs a value (N)\n");
    refused("style make a b -o --steps", "app: --output needs a value (FILE), found \"--steps\"\n");
    refused("style make a",
            "app: STYLE is missing (usage: app style make [options] CONTENT STYLE...)\n");
    refused("style apply --weights w a b",
            "app: unexpected operand \"b\" (usage: app style apply [options] [IMAGE])\n");
    refused("style apply", "app: --weights is missing: the network\n");
    CHECK_INT(app("style apply --weights w"), 1); /* run asks for options that this table lacks */
}

static void long_lists(void)
{
    static char words[20000];
    strcpy(words, "style make a b --layers ");
    memset(words + strlen(words), 'x', 9000);
    refused(words, "app: --layers: the list is longer than 8192 bytes\n");
}

static void help_comes_from_the_table(void)
{
    const char *const forms[] = {"style make --help", "style make a --help b", "style make -h"};
    for (int i = 0; i < 3; ++i) {
        CHECK_INT(app(forms[i]), 0);
        CHECK_CONTAINS(out, "usage: app style make [options] CONTENT STYLE...");
        CHECK_CONTAINS(out, "-s, --steps N");
        CHECK_CONTAINS(out, "iterations (default 500, 1 to 1000 steps)");
        CHECK_CONTAINS(out, "--optimizer lbfgs|adam");
        CHECK_CONTAINS(out, "on by default; --no-keep turns it off");
        CHECK_CONTAINS(out, "\n\n  an example\n");
    }
    CHECK_INT(app(""), 0);
    CHECK_CONTAINS(out, "style make CONTENT STYLE...");
    CHECK(strstr(out, "wrong") == NULL);
    CHECK_INT(app("style"), 0);
    CHECK_CONTAINS(out, "apply");
    CHECK(strstr(out, "say") == NULL);
}

static void json_lines(void)
{
    CHECK_INT(app("say --json"), 1);
    CHECK_CONTAINS(out, "{\"event\":\"begin\",\"text\":\"a\\\"\\\\\\n\\ufffd\xc3\xa9\",\"nan\":"
                        "null,\"shape\":[2,3],\"yes\":true}\n");
    CHECK_CONTAINS(out, "{\"event\":\"step\",\"step\":1,\"steps\":2,\"seconds\":");
    CHECK_CONTAINS(out, ",\"loss\":1.5,\"content of the photo\":0.25}\n");
    CHECK_TEXT(err, "half way\\x1b[2J \\u009b \\u202e\\xff\napp: broken\\nline\n");
    CHECK_INT(app("say --quiet"), 1);
    CHECK_TEXT(out, "");
    CHECK_TEXT(err, "app: broken\\nline\n");
}

static void statuses(void)
{
    CHECK_INT(app("check"), AD_EXIT_OK);
    CHECK_TEXT(err, "");
    CHECK_INT(app("check --quiet"), AD_EXIT_FAILURE);
    CHECK_TEXT(err, "app: x.png: cannot be read\n");
}

/* The same words on a terminal of `columns`; what the terminal got is left in err. */
static int app_on_terminal(const char *words, int columns)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY), status = -1;
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 25};
    if (master < 0 || grantpt(master) || unlockpt(master)) return -1;
    FILE *terminal = fopen(ptsname(master), "w");
    if (terminal && !ioctl(master, TIOCSWINSZ, &size)) {
        FILE *o = fmemopen(out, sizeof out, "w");
        status = app_to(words, o, terminal);
        fclose(o);
        /* The terminal hands on what it gets in pieces; the verb's last word is its failure. */
        for (size_t used = 0; used < sizeof err - 1;) {
            ssize_t got = read(master, err + used, sizeof err - 1 - used);
            if (got <= 0) break;
            err[used += (size_t)got] = 0;
            if (strstr(err, "broken\\nline")) break;
        }
    }
    if (terminal) fclose(terminal);
    close(master);
    return status;
}

static void live_line(void)
{
    setenv("TERM", "xterm", 1);
    REQUIRE(app_on_terminal("say", 40) == 1);
    CHECK_CONTAINS(err, "\rstep 1/2  loss 1.5");
    CHECK_CONTAINS(err, "\r\033[Khalf way"); /* erased before a note */
    CHECK_INT(app_on_terminal("say", 200), 1);
    CHECK_CONTAINS(err, "loss 1.5  content of the photo 0.25  ");
    CHECK_INT(app_on_terminal("say", 60), 1); /* rate and time left come before more figures */
    CHECK_CONTAINS(err, "loss 1.5  ");
    CHECK_CONTAINS(err, " left\033[K");
    CHECK(strstr(err, "photo") == NULL);
    CHECK_INT(app_on_terminal("say", 12), 1);
    CHECK_CONTAINS(err, "\rstep 1/2\033[K"); /* no figure is cut */
    CHECK_INT(app_on_terminal("say --quiet", 80), 1);
    CHECK(strstr(err, "step") == NULL);
    CHECK_INT(app_on_terminal("say --json", 80), 1);
    CHECK(strstr(err, "step") == NULL);
    setenv("TERM", "dumb", 1); /* cannot go back in a line */
    CHECK_INT(app_on_terminal("say", 80), 1);
    CHECK(strstr(err, "step") == NULL && strchr(err, '\033') == NULL);
    setenv("TERM", "xterm", 1);
}

/* The time left follows from the work, not from steps; a result does not run into the line. */
static void work_in_parts(void)
{
    setenv("TERM", "xterm", 1);
    REQUIRE(app_on_terminal("parts", 80) == 1);
    CHECK_CONTAINS(err, "\r1 of 2\\x1b[2J  step 10/10  ");
    const char *left = strstr(err, "s left");
    REQUIRE(left && left - err > 8);
    CHECK(strtol(left - 2, NULL, 10) >= 20 || strchr(left - 6, 'm') < left);
    CHECK_CONTAINS(err, "s left\033[K\r\n"); /* ends before the result */
    CHECK_TEXT(out, "result a\\nb\n");
    CHECK_INT(app("parts --json"), 1);
    CHECK_CONTAINS(out, "\"part\":\"1 of 2\\u001B[2J\"");
    CHECK_CONTAINS(out, "\"steps\":10,");
    CHECK_CONTAINS(out, ",\"steps_per_second\":2.5}");
}

static void interrupts(void)
{
    CHECK_INT(app("watch"), 0);
}

static void mistakes_of_the_program_show(void)
{
    CHECK_INT(app("wrong"), 1);
    CHECK_CONTAINS(err, "internal: the table of \"wrong\" has no such option: no-such");
}

static void manual_and_completion(void)
{
    FILE *o = fmemopen(out, sizeof out, "w");
    ad_app description = {"app", "1.0", "an app to test", verbs, NULL, NULL};
    ad_app_manual(&description, o);
    fclose(o);
    CHECK_CONTAINS(out, ".SS app style make [options] CONTENT STYLE");
    CHECK_CONTAINS(
        out,
        "\\fB\\-s\\fR, \\fB\\-\\-steps\\fR \\fIN\\fR\niterations (default 500, 1 to 1000 steps)\n");
    CHECK(strstr(out, "app wrong") == NULL);
    o = fmemopen(out, sizeof out, "w");
    ad_app_completion(&description, o);
    fclose(o);
    CHECK_CONTAINS(out, "style) verbs=' make apply' ;;");
    CHECK_CONTAINS(out, "--optimizer) value=1 values='lbfgs adam' ;;");
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(defaults),
                                     CASE(every_form),
                                     CASE(unknown_words),
                                     CASE(wrong_values),
                                     CASE(missing_words),
                                     CASE(long_lists),
                                     CASE(help_comes_from_the_table),
                                     CASE(json_lines),
                                     CASE(statuses),
                                     CASE(live_line),
                                     CASE(work_in_parts),
                                     CASE(interrupts),
                                     CASE(mistakes_of_the_program_show),
                                     CASE(manual_and_completion),
                                     {0}});
}
