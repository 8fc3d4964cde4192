/* folder.h - a folder that a test makes for its files, under TMPDIR or /tmp, and removes. */
#ifndef AD_TESTS_FOLDER_H
#define AD_TESTS_FOLDER_H

#include "check.h"

#include <unistd.h>

static char folder[128];

static inline bool folder_make(void)
{
    const char *base = getenv("TMPDIR");
    int length = snprintf(folder, sizeof folder, "%s/autodidact-test-XXXXXX", base ? base : "/tmp");
    return length < (int)sizeof folder && mkdtemp(folder);
}

static inline bool folder_remove(void)
{
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0;
}

/* The path of a file in the folder; good for four calls. */
static inline const char *in_folder(const char *name)
{
    static char path[4][512];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static inline void write_bytes(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(in_folder(name), "wb");
    bool written = file && fwrite(bytes, 1, size, file) == size;
    if (!file || fclose(file) || !written) CHECK_FAIL("cannot write %s", in_folder(name));
}

static inline void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

#endif
