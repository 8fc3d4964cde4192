/* codec_memory.c - a library that codec_memory.sh puts in front of the C library: the allocation
 * number $AT of the library called $CODEC is refused. Of glibc, whose own names are used. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t bytes), *__libc_calloc(size_t n, size_t bytes),
    *__libc_memalign(size_t boundary, size_t bytes);
void *malloc(size_t bytes);
void *calloc(size_t n, size_t bytes);
void *aligned_alloc(size_t boundary, size_t bytes);

static const char *codec;
static long at;
static bool onwards;
static atomic_long met;

__attribute__((constructor)) static void begin(void)
{
    codec = getenv("CODEC");
    at = getenv("AT") ? atol(getenv("AT")) : 0;
    onwards = getenv("AT") && strchr(getenv("AT"), '+');
}

static bool refused(const void *caller)
{
    Dl_info info;
    if (!codec) return false;
    if (onwards && met >= at) return true;
    return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, codec) &&
           atomic_fetch_add(&met, 1) + 1 == at;
}

void *malloc(size_t bytes)
{
    return refused(__builtin_return_address(0)) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    return refused(__builtin_return_address(0)) ? NULL : __libc_calloc(n, bytes);
}

void *aligned_alloc(size_t boundary, size_t bytes)
{
    return refused(__builtin_return_address(0)) ? NULL : __libc_memalign(boundary, bytes);
}
