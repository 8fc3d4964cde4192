/* Any bytes as one file of a run that was stopped, which is then resumed, shown and sampled by the
 * verbs themselves: none crashes, hangs, or ends with another status than it may. */
#include "zoo/gpt/gpt.h"

#include <autodidact/command.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES = 6, PATH = 160, SMALL = 1 << 16 };

static const char *const names[FILES] = {"config.json",
                                         "metrics.jsonl",
                                         "result.json",
                                         "confusion.json",
                                         "checkpoints/step-000000002.safetensors",
                                         "checkpoints/best.safetensors"};
static char folder[] = "/tmp/autodidact-fuzz-XXXXXX", run[64], text[64];
static struct {
    char *bytes;
    size_t size;
} plain[FILES];

static int command(int argc, char **argv)
{
    static const ad_verb *const verbs[] = {&gpt_train_verb, &gpt_sample_verb, NULL};
    static FILE *nowhere;
    if (!nowhere) nowhere = fopen("/dev/null", "w");
    const ad_app app = {"fuzz", "1", "", verbs, nowhere, nowhere};
    return ad_app_main(&app, argc, argv);
}

static void in_run(int file, char path[PATH])
{
    snprintf(path, PATH, "%s/%s", run, names[file]);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
}

static void clean(void)
{
    char line[128];
    snprintf(line, sizeof line, "rm -rf '%s'", folder);
    if (system(line)) abort();
}

/* A run of two steps, whose config.json is then about three: it looks stopped. */
static void start(void)
{
    if (!mkdtemp(folder)) abort();
    atexit(clean);
    snprintf(run, sizeof run, "%s/run", folder);
    snprintf(text, sizeof text, "%s/text", folder);
    char beer[1024] = "";
    while (strlen(beer) < sizeof beer - 32) strcat(beer, "ninety-nine bottles of beer, ");
    write_file(text, beer, strlen(beer));
    char *argv[] = {"fuzz",
                    "gpt",
                    "train",
                    "--data",
                    text,
                    "--run",
                    run,
                    "--steps",
                    "2",
                    "-q",
                    "--layers",
                    "1",
                    "--heads",
                    "1",
                    "--width",
                    "8",
                    "--block",
                    "8",
                    "--batch",
                    "2",
                    "--threads",
                    "1",
                    "--sample-tokens",
                    "2",
                    NULL};
    if (command((int)(sizeof argv / sizeof *argv) - 1, argv)) abort();
    for (int i = 0; i < FILES; ++i) {
        char path[PATH];
        in_run(i, path);
        FILE *file = fopen(path, "rb");
        plain[i].bytes = calloc(1, 1 << 20);
        if (file) plain[i].size = fread(plain[i].bytes, 1, (1 << 20) - 1, file), fclose(file);
    }
}

/* What the settings ask for is no more than a fuzz target can give. */
static bool is_small(const char *bytes, size_t size)
{
    static const char *const sizes[] = {"width",      "layers",        "block", "batch", "hidden",
                                        "accumulate", "sample-tokens", "seeds", "folds", "vocab"};
    json_t *root = json_loadb(bytes, size, 0, NULL), *options = json_object_get(root, "options");
    double product = 1;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        double value = json_number_value(json_object_get(options, sizes[i]));
        if (value > 1) product *= value;
    }
    json_decref(root);
    return product < SMALL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[PATH];
    if (!*run) start();
    if (!size) return 0;
    int chosen = data[0] % FILES;
    if (chosen == 0 && !is_small((const char *)data + 1, size - 1)) return 0;
    for (int i = 0; i < FILES; ++i) {
        in_run(i, path);
        (void)unlink(path);
        if (i == chosen)
            write_file(path, data + 1, size - 1);
        else if (plain[i].size && i != 2)
            write_file(path, plain[i].bytes, plain[i].size);
    }
    char *resume[] = {"fuzz", "gpt", "train",     "--resume", run, "--steps",
                      "3",    "-q",  "--threads", "1",        NULL};
    char *sample[] = {"fuzz", "gpt", "sample", run, "-n", "2", "-q", "--threads", "1", NULL};
    int code = command(10, resume);
    if (code < AD_EXIT_OK || code > AD_EXIT_USAGE) abort();
    code = command(9, sample);
    if (code != AD_EXIT_OK && code != AD_EXIT_FAILURE) abort();
    snprintf(path, sizeof path, "%s/checkpoints/step-000000003.safetensors", run);
    (void)unlink(path);
    return 0;
}
