/* arena.c - a chain of chunks, each bumped until full; large requests get a chunk of their own. */
#include "base/arena.h"

#include <stdio.h>
#include <string.h>

enum { CHUNK_BYTES = 32 << 10 };

struct ad_arena_chunk {
    struct ad_arena_chunk *next;
    size_t bytes, used; /* both count this header */
};

void ad_arena_init(ad_arena *arena, ad_context *ctx)
{
    arena->ctx = ctx;
    arena->head = NULL;
}

void ad_arena_free(ad_arena *arena)
{
    struct ad_arena_chunk *chunk = arena->head;
    while (chunk) {
        struct ad_arena_chunk *next = chunk->next;
        ad_free(arena->ctx, chunk, chunk->bytes);
        chunk = next;
    }
    arena->head = NULL;
}

void *ad_arena_alloc(ad_arena *arena, size_t bytes)
{
    struct ad_arena_chunk *chunk = arena->head;
    size_t header = (sizeof *chunk + 15) & ~(size_t)15;
    if (bytes > SIZE_MAX / 2) {
        ad_fail(arena->ctx, AD_ERROR_MEMORY, "out of memory: %zu bytes could not be allocated",
                bytes);
        return NULL;
    }
    bytes = (bytes + 15) & ~(size_t)15;
    if (!chunk || chunk->bytes - chunk->used < bytes) {
        size_t size = bytes + header > CHUNK_BYTES ? bytes + header : CHUNK_BYTES;
        chunk = ad_alloc(arena->ctx, size);
        if (!chunk) return NULL;
        *chunk = (struct ad_arena_chunk){arena->head, size, header};
        arena->head = chunk;
    }
    void *memory = (char *)chunk + chunk->used;
    chunk->used += bytes;
    return memset(memory, 0, bytes);
}

char *ad_arena_text(ad_arena *arena, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = ad_arena_alloc(arena, bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

char *ad_arena_format(ad_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : ad_arena_alloc(arena, (size_t)length + 1);
    if (!text) return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}
