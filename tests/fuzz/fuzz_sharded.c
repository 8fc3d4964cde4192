/* Any bytes as the index of weights in several files, beside two that are there: only these two are
 * ever opened. */
#include "weights.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static char folder[64];

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

static void make_folder(ad_context *ctx)
{
    static float value = 1;
    static const char *const names[] = {"a", "b"};
    char path[PATH_MAX], name[32];
    strcpy(folder,
           access("/dev/shm", W_OK) ? "/tmp/fuzz-index-XXXXXX" : "/dev/shm/fuzz-index-XXXXXX");
    if (!mkdtemp(folder)) abort();
    atexit(remove_folder);
    for (int i = 0; i < 2; ++i) {
        const ad_named_tensor tensor = {names[i], {AD_F32, {1, {1}}, &value}};
        snprintf(name, sizeof name, "%s.safetensors", names[i]);
        if (ad_safetensors_write(ctx, in_folder(name, path), &tensor, 1, NULL, 0)) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ad_context *ctx;
    char path[PATH_MAX];
    float value;
    ad_file *file;
    if (!ctx) {
        ctx = ad_context_new(&(ad_context_options){.threads = 1});
        make_folder(ctx);
    }
    FILE *index = fopen(in_folder("index.json", path), "wb");
    if (!index || fwrite("{", 1, 1, index) != 1 || fwrite(data, 1, size, index) != size ||
        fclose(index))
        abort();
    if (ad_file_open(&file, ctx, path)) {
        if (file || !strstr(ad_error(ctx), folder)) abort(); /* every error names a file */
    } else {
        bool sharded = ad_file_get_format(file) == AD_FILE_SHARDED; /* or bytes of another format */
        for (int i = 0; i < ad_file_count(file) && sharded; ++i) {
            const char *name = ad_file_at(file, i)->name;
            if (strcmp(name, "a") && strcmp(name, "b")) abort();
            if (ad_file_read(file, i, AD_F32, &value, sizeof value)) abort();
        }
        ad_file_close(file);
    }
    if (ad_context_memory(ctx)) abort();
    return 0;
}
