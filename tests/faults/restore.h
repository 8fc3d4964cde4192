/* restore.h - a folder made the same as another one again: names, kinds, bytes, modes and times. Of
 * a file that has the size, time and mode of the other's the bytes are taken to be the same, too:
 * the other's times lie in the past, so that whoever writes to a file changes its time. */
#ifndef AD_TESTS_FAULTS_RESTORE_H
#define AD_TESTS_FAULTS_RESTORE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RESTORE_PATH = 1024 };

static inline void restore_cannot(const char *path)
{
    perror(path);
    exit(2);
}

/* Calls `each` for the names in a folder, which may remove them. */
static inline void restore_names(const char *folder, void (*each)(const char *name, void *user),
                                 void *user)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, NULL);
    if (count < 0) restore_cannot(folder);
    for (int i = 0; i < count; ++i) {
        const char *name = names[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) each(name, user);
        free(names[i]);
    }
    free(names);
}

static inline void restore_remove(const char *path);

static inline void restore_remove_in(const char *name, void *folder)
{
    char path[RESTORE_PATH];
    (void)snprintf(path, sizeof path, "%s/%s", (const char *)folder, name);
    restore_remove(path);
}

static inline void restore_remove(const char *path)
{
    struct stat is;
    if (lstat(path, &is)) return;
    if (S_ISDIR(is.st_mode)) {
        (void)chmod(path, 0700);
        restore_names(path, restore_remove_in, (void *)(size_t)path);
    }
    if (S_ISDIR(is.st_mode) ? rmdir(path) : unlink(path)) restore_cannot(path);
}

static inline void restore_copy(const char *from, const char *to)
{
    char part[1 << 16], target[RESTORE_PATH];
    struct stat about;
    if (lstat(from, &about)) restore_cannot(from);
    if (S_ISLNK(about.st_mode)) {
        ssize_t length = readlink(from, target, sizeof target - 1);
        if (length < 0) restore_cannot(from);
        target[length] = 0;
        if (symlink(target, to)) restore_cannot(to);
        return;
    }
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (in < 0 || out < 0) restore_cannot(in < 0 ? from : to);
    ssize_t got;
    while ((got = read(in, part, sizeof part)) > 0)
        if (write(out, part, (size_t)got) != got) restore_cannot(to);
    if (got < 0) restore_cannot(from);
    if (close(in) || close(out)) restore_cannot(to);
}

/* A seed's folder and the one that becomes like it. */
typedef struct restoring {
    const char *from, *to;
} restoring;

static inline void restore(const char *from, const char *to);

static inline void restore_leave_or_remove(const char *name, void *user)
{
    const restoring *r = user;
    char from[RESTORE_PATH], to[RESTORE_PATH];
    struct stat is;
    (void)snprintf(from, sizeof from, "%s/%s", r->from, name);
    (void)snprintf(to, sizeof to, "%s/%s", r->to, name);
    if (lstat(from, &is)) restore_remove(to);
}

static inline void restore_one(const char *name, void *user)
{
    const restoring *r = user;
    char from[RESTORE_PATH], to[RESTORE_PATH];
    (void)snprintf(from, sizeof from, "%s/%s", r->from, name);
    (void)snprintf(to, sizeof to, "%s/%s", r->to, name);
    restore(from, to);
}

static inline bool restore_same(const struct stat *a, const struct stat *b)
{
    return a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           (S_ISDIR(a->st_mode) || a->st_size == b->st_size);
}

/* `to` becomes what `from` is, a file or a folder, whatever it was. */
static inline void restore(const char *from, const char *to)
{
    restoring both = {from, to};
    struct stat want, is;
    if (lstat(from, &want)) restore_cannot(from);
    bool there = !lstat(to, &is), folder = S_ISDIR(want.st_mode);
    if (there && !folder && restore_same(&want, &is)) return;
    if (there && !(folder && S_ISDIR(is.st_mode))) {
        restore_remove(to);
        there = false;
    }
    if (!folder) {
        restore_copy(from, to);
    } else {
        if (!there && mkdir(to, 0700)) restore_cannot(to);
        if (there && is.st_mode != want.st_mode) (void)chmod(to, 0700);
        restore_names(to, restore_leave_or_remove, &both);
        restore_names(from, restore_one, &both);
        if (there && !lstat(to, &is) && restore_same(&want, &is)) return;
    }
    struct timespec times[2] = {want.st_atim, want.st_mtim};
    if (!S_ISLNK(want.st_mode) && chmod(to, want.st_mode & 07777)) restore_cannot(to);
    if (utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW)) restore_cannot(to);
}

#endif
