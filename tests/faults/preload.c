/* preload.c - a library that a test puts in front of the C library, so that what a command asks of
 * the system is refused: memory (those of other libraries included), writes, files that are there.
 *
 *     AD_FAULT=alloc:N     the Nth allocation fails;  alloc:N+  that one and all after it
 *     AD_FAULT=write:K     K bytes of files can be written, then the disk is full
 *     AD_FAULT=short       each write takes a few bytes, every other one is interrupted (EINTR)
 *     AD_FAULT=fsync, AD_FAULT=rename, AD_FAULT=close    each of these fails with EIO
 *     AD_FAULT=signal:S:N  the process gets signal S at its Nth call of the above
 *     AD_FAULT=cut:N       the file AD_FAULT_FILE becomes empty at the Nth allocation
 *     AD_FAULT_COUNT=FILE  gets the number of allocations and of bytes written at the end
 *
 * Standard output and error are written as ever. Of glibc, whose own names of malloc are used. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes), *__libc_calloc(size_t n, size_t bytes),
    *__libc_realloc(void *memory, size_t bytes), *__libc_memalign(size_t boundary, size_t bytes);

enum { NOTHING, ALLOC, WRITE, SHORT, FSYNC, RENAME, CLOSE, SIGNAL, CUT };
static int kind;
static int64_t at;   /* the number in AD_FAULT */
static bool onwards; /* alloc:N+ */
static int signal_number;
static atomic_bool ready;
static _Thread_local bool loading; /* a library, whose constructors we cannot answer for */
static _Atomic int64_t allocations, written, writes;

__attribute__((constructor)) static void begin(void)
{
    static const char *const names[] = {"",       "alloc", "write",  "short", "fsync",
                                        "rename", "close", "signal", "cut"};
    const char *text = getenv("AD_FAULT");
    for (int i = 1; text && i <= CUT; ++i) {
        size_t length = strlen(names[i]);
        if (strncmp(text, names[i], length)) continue;
        kind = i;
        if (kind == SIGNAL && text[length] == ':') {
            signal_number = atoi(text + length + 1);
            length += 1 + strcspn(text + length + 1, ":");
        }
        if (text[length] == ':') at = atoll(text + length + 1);
        onwards = text[strlen(text) - 1] == '+';
    }
    ready = true;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("AD_FAULT_COUNT");
    char text[64];
    if (!path) return;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int length = snprintf(text, sizeof text, "%lld %lld\n", (long long)allocations,
                          (long long)written);
    if (file >= 0) syscall(SYS_write, file, text, (size_t)length), syscall(SYS_close, file);
}

static void something_happens(void)
{
    if (kind == SIGNAL && allocations + writes == at) raise(signal_number);
    if (kind == CUT && allocations == at) syscall(SYS_truncate, getenv("AD_FAULT_FILE"), 0);
}

/* What a library does as it is loaded is let alone, as it is where the program is linked with it:
 * its constructors have no way to say that memory was refused. */
void *dlopen(const char *path, int flags)
{
    void *(*next)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    loading = true;
    void *handle = next(path, flags);
    loading = false;
    return handle;
}

/* ---- memory ---- */

static bool refused(void)
{
    if (!ready || loading) return false;
    int64_t n = ++allocations;
    something_happens();
    if (kind != ALLOC || (onwards ? n < at : n != at)) return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t bytes)
{
    return refused() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    return refused() ? NULL : __libc_calloc(n, bytes);
}

void *realloc(void *memory, size_t bytes)
{
    return refused() ? NULL : __libc_realloc(memory, bytes);
}

void *reallocarray(void *memory, size_t n, size_t bytes)
{
    size_t all;
    if (__builtin_mul_overflow(n, bytes, &all)) return errno = ENOMEM, NULL;
    return refused() ? NULL : __libc_realloc(memory, all);
}

void *memalign(size_t boundary, size_t bytes)
{
    return refused() ? NULL : __libc_memalign(boundary, bytes);
}

void *aligned_alloc(size_t boundary, size_t bytes)
{
    return memalign(boundary, bytes);
}

int posix_memalign(void **memory, size_t boundary, size_t bytes)
{
    void *made = memalign(boundary, bytes);
    if (made) *memory = made;
    return made ? 0 : ENOMEM;
}

/* ---- files ---- */

/* How many of `count` bytes are to be written, or -1 and errno. */
static ssize_t allowed(int file, size_t count)
{
    if (file == STDOUT_FILENO || file == STDERR_FILENO) return (ssize_t)count;
    int64_t n = ++writes;
    something_happens();
    if (kind == SHORT && n % 2) return errno = EINTR, -1;
    if (kind == SHORT && count > 7) count = 1 + count / 3;
    if (kind == WRITE && written + (int64_t)count > at) {
        count = at > written ? (size_t)(at - written) : 0;
        if (!count) return errno = ENOSPC, -1;
    }
    written += (int64_t)count;
    return (ssize_t)count;
}

ssize_t write(int file, const void *bytes, size_t count)
{
    ssize_t most = allowed(file, count);
    return most < 0 ? most : syscall(SYS_write, file, bytes, (size_t)most);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset)
{
    ssize_t most = allowed(file, count);
    return most < 0 ? most : syscall(SYS_pwrite64, file, bytes, (size_t)most, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    return pwrite64(file, bytes, count, offset);
}

static bool broken(int which)
{
    if (kind != which) return false;
    errno = EIO;
    return true;
}

int fsync(int file)
{
    return broken(FSYNC) ? -1 : (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    return broken(FSYNC) ? -1 : (int)syscall(SYS_fdatasync, file);
}

int rename(const char *from, const char *to)
{
    return broken(RENAME) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* Closed, and yet told that it could not be; of files that can be written. */
int close(int file)
{
    int flags = kind == CLOSE ? fcntl(file, F_GETFL) : O_RDONLY;
    int result = (int)syscall(SYS_close, file);
    bool writes_to = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
    return writes_to && broken(CLOSE) ? -1 : result;
}
