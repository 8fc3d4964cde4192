/* scratch_file.h - a file in memory that a fuzz target writes its bytes to, for readers of paths.
 */
#ifndef AD_TESTS_FUZZ_SCRATCH_FILE_H
#define AD_TESTS_FUZZ_SCRATCH_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_folder[64];

static inline void scratch_remove(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", scratch_folder);
    if (system(command)) abort();
}

/* The path of `name` in a folder that goes with the process; valid until the next call. */
static inline const char *scratch_path(const char *name)
{
    static char path[128];
    if (!*scratch_folder) {
        strcpy(scratch_folder,
               access("/dev/shm", W_OK) ? "/tmp/fuzz-XXXXXX" : "/dev/shm/fuzz-XXXXXX");
        if (!mkdtemp(scratch_folder)) abort();
        atexit(scratch_remove);
    }
    snprintf(path, sizeof path, "%s/%s", scratch_folder, name);
    return path;
}

static inline const char *scratch_write(const char *name, const void *bytes, size_t size)
{
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
    return path;
}

#endif
