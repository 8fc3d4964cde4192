/* fuzz_config.c - any bytes as a file of options for a verb `train`: as they are, and as the value
 * of an option. What is taken is in the range that the table gives. */
#define _GNU_SOURCE
#include <autodidact/train.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void check_rows(ad_command *cmd, const ad_option *o)
{
    for (; o->name; ++o) {
        const char *text = o->derived ? NULL : ad_command_value(cmd, o->name);
        if (!text) continue;
        double value = o->type == AD_OPTION_INT    ? (double)ad_command_int(cmd, o->name)
                       : o->type == AD_OPTION_REAL ? ad_command_real(cmd, o->name)
                                                   : o->min;
        if (!(value >= o->min) || (o->max > o->min && value > o->max)) abort();
        if (o->type == AD_OPTION_FLAG && strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
            abort();
        if (o->type == AD_OPTION_CHOICE && !strstr(o->choices, text)) abort();
        if (o->type == AD_OPTION_TEXTS)
            for (int i = 0; i < ad_command_count(cmd, o->name); ++i)
                if (strchr(ad_command_item(cmd, o->name, i), ',')) abort();
    }
}

static int run(ad_command *cmd)
{
    int status = ad_command_config(cmd, ad_command_text(cmd, "config"));
    if (!status) status = ad_command_complete(cmd);
    if (status) return status;
    check_rows(cmd, ad_command_verb(cmd)->options);
    check_rows(cmd, ad_train_record.options);
    return AD_EXIT_OK;
}

static const ad_option options[] = {
    AD_TRAIN_OPTIONS,
    {"data", 0, AD_OPTION_FILE, .help = "file", .required = true},
    {"limit", 0, AD_OPTION_SIZE, .help = "size"},
    {"blend", 0, AD_OPTION_REALS, .help = "reals"},
    {"classes", 0, AD_OPTION_TEXTS, .help = "texts"},
    AD_COMMON_OPTIONS,
    {0},
};
static const ad_record *const records[] = {&ad_train_record, NULL};
static const ad_verb train = {AD_VERB("toy", "train", "", options, run, "train"),
                              .records = records};
static const ad_verb *const verbs[] = {&train, NULL};

static void try_file(const char *bytes, size_t size)
{
    static FILE *sink;
    static int file = -1;
    char path[32];
    if (!sink) sink = fopen("/dev/null", "w");
    if (file < 0) file = memfd_create("config.json", 0);
    if (!sink || ftruncate(file, 0) || pwrite(file, bytes, size, 0) != (ssize_t)size) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    char *argv[] = {"fuzz", "toy", "train", "--seed", "3", "--config", path, NULL};
    ad_app app = {"fuzz", "1", "options to break", verbs, sink, sink};
    int status = ad_app_main(&app, 7, argv);
    if (status < 0 || status > 2) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { COUNT = sizeof options / sizeof *options - 1 };
    try_file((const char *)data, size);
    if (!size || size > 60000) return 0;
    char *text = malloc(size + 256);
    if (!text) abort();
    static const char *const forms[] = {
        "{\"data\": \"x\", \"%s\": ", "{\"options\": {\"data\": \"x\", \"%s\": ",
        "{\"system\": \"toy\", \"verb\": \"train\", \"options\": {\"data\": \"x\", \"%s\": "};
    const char *form = forms[data[0] / COUNT % 3];
    size_t used = (size_t)sprintf(text, form, options[data[0] % COUNT].name);
    memcpy(text + used, data + 1, size - 1);
    used += size - 1;
    used += (size_t)sprintf(text + used, form == forms[0] ? "}" : "}}");
    try_file(text, used);
    free(text);
    return 0;
}
