/* tree.h - a folder as a list of files and their bytes, to be compared with what it was. */
#ifndef AD_TESTS_FAULTS_TREE_H
#define AD_TESTS_FAULTS_TREE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TREE_MOST = 256, TREE_PATH = 512 };

typedef struct tree_file {
    char path[TREE_PATH]; /* below the folder */
    char *bytes;
    size_t size;
    bool wavers; /* two runs that nothing happened to write different bytes: times are in it */
} tree_file;

typedef struct tree {
    tree_file *at;
    int count;
} tree;

static inline char *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    *size = 0;
    if (!file) return calloc(1, 1);
    (void)fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *bytes = calloc(1, (size_t)(length > 0 ? length : 0) + 1);
    *size = fread(bytes, 1, (size_t)(length > 0 ? length : 0), file);
    (void)fclose(file);
    return bytes;
}

static inline void tree_add(tree *t, const char *folder, const char *below)
{
    char path[TREE_PATH * 2];
    (void)snprintf(path, sizeof path, "%s/%s", folder, below);
    DIR *open = opendir(path);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        char name[TREE_PATH];
        struct stat info;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        int length = snprintf(name, sizeof name, "%s%s%s", below, *below ? "/" : "", entry->d_name);
        if (length >= (int)sizeof name || t->count == TREE_MOST) continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, name);
        if (stat(path, &info)) continue;
        if (S_ISDIR(info.st_mode)) {
            tree_add(t, folder, name);
            continue;
        }
        if (!strncmp(entry->d_name, "events.out.", 11)) continue; /* named by the time */
        tree_file *file = &t->at[t->count++];
        *file = (tree_file){0};
        strcpy(file->path, name);
        file->bytes = read_whole(path, &file->size);
    }
    if (open) closedir(open);
}

static inline tree tree_read(const char *folder)
{
    tree t = {.at = calloc(TREE_MOST, sizeof *t.at)};
    tree_add(&t, folder, "");
    return t;
}

static inline void tree_free(tree *t)
{
    for (int i = 0; i < t->count; ++i) free(t->at[i].bytes);
    free(t->at);
    *t = (tree){0};
}

static inline tree_file *tree_find(const tree *t, const char *path)
{
    for (int i = 0; i < t->count; ++i)
        if (!strcmp(t->at[i].path, path)) return &t->at[i];
    return NULL;
}

/* The next piece of a text: one byte, or '#' for a whole number. */
static inline int masked(const char **at, const char *end)
{
    const char *c = *at;
    if (c == end) return -1;
    bool number = *c >= '0' && *c <= '9';
    for (; number && c < end && strchr("0123456789.", *c) && *c; ++c) {
    }
    if (!number) ++c;
    int piece = number ? '#' : (unsigned char)**at;
    *at = c;
    return piece;
}

/* The same but for the numbers in it. */
static inline bool same_but_numbers(const char *a, size_t a_size, const char *b, size_t b_size)
{
    const char *a_end = a + a_size, *b_end = b + b_size;
    for (;;) {
        int x = masked(&a, a_end), y = masked(&b, b_end);
        if (x != y) return false;
        if (x < 0) return true;
    }
}

static inline bool tree_same(const tree_file *a, const tree_file *b)
{
    if (a->size == b->size && !memcmp(a->bytes, b->bytes, a->size)) return true;
    return (a->wavers || b->wavers) && same_but_numbers(a->bytes, a->size, b->bytes, b->size);
}

#endif
