/* fuzz_options.c - any bytes as a command line: NUL-separated words against a table with every
 * type. */
#include <autodidact/command.h>

#include <stdlib.h>
#include <string.h>

static int run(ad_command *cmd)
{
    double sum = (double)ad_command_int(cmd, "steps") + ad_command_real(cmd, "weight") +
                 (double)ad_command_size(cmd, "limit");
    for (int i = 0; i < ad_command_count(cmd, "blend"); ++i)
        sum += ad_command_real_item(cmd, "blend", i);
    for (int i = 0; i < ad_command_count(cmd, "layers"); ++i)
        sum += (double)strlen(ad_command_item(cmd, "layers", i));
    for (int i = 0; i < ad_command_operands(cmd); ++i)
        sum += (double)strlen(ad_command_operand(cmd, i));
    if (ad_command_choice(cmd, "optimizer") > 1) abort();
    if (ad_command_real(cmd, "weight") > 10)
        abort(); /* every value was checked against its range */
    ad_json_begin(cmd, "options");
    ad_json_text(cmd, "output", ad_command_text(cmd, "output"));
    ad_json_real(cmd, "sum", sum);
    ad_json_end(cmd);
    return AD_EXIT_OK;
}

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .help = "file"},
    {"steps", 's', AD_OPTION_INT, .initial = "5", .min = 1, .max = 100, .help = "int"},
    {"weight", 'w', AD_OPTION_REAL, .initial = "1", .min = -10, .max = 10, .help = "real"},
    {"limit", 0, AD_OPTION_SIZE, .help = "size"},
    {"blend", 0, AD_OPTION_REALS, .help = "reals"},
    {"layers", 0, AD_OPTION_TEXTS, .initial = "a,b", .help = "texts"},
    {"optimizer", 0, AD_OPTION_CHOICE, .initial = "lbfgs", .choices = "lbfgs|adam",
     .help = "choice"},
    {"keep", 'k', AD_OPTION_FLAG, .initial = "yes", .help = "flag"},
    AD_COMMON_OPTIONS,
    {0},
};
static const ad_verb make = {"style", "make", "CONTENT [STYLE...]",
                             options, run,    .summary = "make"};
static const ad_verb info = {
    NULL, "info", "FILE", options, run, .summary = "info", .description = "Text.\n\n  example"};
static const ad_verb *const verbs[] = {&make, &info, NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    if (!sink) sink = fopen("/dev/null", "w");
    char *words = malloc(size + 1), *argv[64];
    int argc = 0;
    if (!words || !sink) abort();
    memcpy(words, data, size);
    words[size] = 0;
    argv[argc++] = (char[]){"fuzz"};
    for (size_t at = 0; at < size && argc < 63; at += strlen(words + at) + 1)
        argv[argc++] = words + at;
    argv[argc] = NULL;
    ad_app app = {"fuzz", "1", "a table to break", verbs, sink, sink};
    int status = ad_app_main(&app, argc, argv);
    if (status < 0 || status > 2) abort();
    free(words);
    return 0;
}
