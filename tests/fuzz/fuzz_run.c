/* fuzz_run.c - any bytes as a file of a run's folder, and any names among its checkpoints: runs are
 * listed, told on a page, compared, and looked through for weights. */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES = 16 };

static char folder[64];
static const char *const files[] = {"config.json", "metrics.jsonl", "result.json",
                                    "confusion.json"};
static const char *const plain[] = {
    "{\"system\": \"toy\", \"verb\": \"train\", \"changed\": [\"lr\"], \"options\": {\"lr\": 0.1, "
    "\"steps\": 20},"
    " \"training\": {\"monitor\": \"validation/error\", \"monitor_low\": true, \"steps\": 20, "
    "\"parameters\": 9}}",
    "{\"step\":10,\"epoch\":1,\"seconds\":0.5,\"loss\":2,\"lr\":0.1}\n"
    "{\"step\":10,\"epoch\":1,\"seconds\":0.6,\"validation/error\":1}\n"
    "{\"step\":20,\"epoch\":2,\"seconds\":0.9,\"loss\":1,\"lr\":0}\n",
    "{\"state\": \"finished\", \"results\": {\"test_error\": 0.5, \"steps\": 20}}",
    "{\"classes\": [\"a\", \"b\"], \"counts\": [[1, 2], [3, 4]]}"};

static const char *in_folder(const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command)) abort();
}

static void make_folder(void)
{
    char path[PATH_MAX];
    strcpy(folder, access("/dev/shm", W_OK) ? "/tmp/fuzz-run-XXXXXX" : "/dev/shm/fuzz-run-XXXXXX");
    if (!mkdtemp(folder) || mkdir(in_folder("checkpoints", path), 0777)) abort();
    atexit(remove_folder);
}

static void write_bytes(const char *name, const void *bytes, size_t size)
{
    char path[PATH_MAX];
    FILE *file = fopen(in_folder(name, path), "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
}

/* Lines of `data` as names of files in checkpoints/, with "step-" before and ".safetensors" behind
 * every other. */
static int make_names(const uint8_t *data, size_t size, char names[NAMES][PATH_MAX])
{
    int count = 0;
    for (size_t at = 0; at < size && count < NAMES;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t length = end ? (size_t)(end - data) - at : size - at;
        char name[128] = "";
        for (size_t i = 0; i < length && i < 100; ++i)
            name[i] = data[at + i] && data[at + i] != '/' ? (char)data[at + i] : '0';
        char *path = names[count];
        snprintf(path, PATH_MAX, "%s/checkpoints/%s%s%s", folder, count % 2 ? "" : "step-", name,
                 count % 2 ? "" : ".safetensors");
        FILE *file = strcmp(name, ".") && strcmp(name, "..") && *name ? fopen(path, "wb") : NULL;
        if (file) fclose(file), ++count;
        at += length + 1;
    }
    return count;
}

static void check_list(void)
{
    int64_t steps[NAMES];
    char path[PATH_MAX];
    int count = ad_checkpoint_list(folder, steps, NAMES);
    for (int i = 0; i < count; ++i) {
        ad_checkpoint_name(folder, steps[i], path);
        if (access(path, F_OK) || steps[i] < 0 || (i && steps[i] >= steps[i - 1])) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char names[NAMES][PATH_MAX];
    if (!*folder) make_folder();
    if (!size) return 0;
    int chosen = data[0] % 5, count = 0;
    for (int i = 0; i < 4; ++i)
        if (i == chosen)
            write_bytes(files[i], data + 1, size - 1);
        else
            write_bytes(files[i], plain[i], strlen(plain[i]));
    if (chosen == 4) count = make_names(data + 1, size - 1, names);
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_run_info *info;
    char file[PATH_MAX], note[512], page[PATH_MAX];
    if (ad_run_info_open(&info, ctx, folder) == AD_OK) {
        for (int i = 0; i < info->series_count; ++i)
            for (int64_t k = 1; k < info->series[i].count; ++k)
                if (info->series[i].step[k] < info->series[i].step[k - 1]) abort();
    }
    ad_run_info_close(info);
    check_list();
    (void)ad_run_weights(ctx, folder, file, sizeof file, note, sizeof note);
    if (size % 8 == 0) {
        const char *const paths[] = {folder, folder};
        (void)ad_run_report(ctx, folder);
        (void)ad_run_compare(ctx, paths, 2, in_folder("both.html", page));
    }
    if (ad_context_memory(ctx)) abort();
    ad_context_free(ctx);
    while (count-- > 0) unlink(names[count]);
    return 0;
}
