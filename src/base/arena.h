/* arena.h - memory that is given back all at once: graph nodes, names, plans. */
#ifndef AD_BASE_ARENA_H
#define AD_BASE_ARENA_H

#include "base/context.h"

typedef struct ad_arena {
    ad_context *ctx;
    struct ad_arena_chunk *head;
} ad_arena;

void ad_arena_init(ad_arena *arena, ad_context *ctx);
void ad_arena_free(ad_arena *arena);
/* 16-byte aligned, zeroed; NULL (and the context's error) when memory is refused. */
void *ad_arena_alloc(ad_arena *arena, size_t bytes);
char *ad_arena_text(ad_arena *arena, const char *text); /* a copy */
char *ad_arena_format(ad_arena *arena, const char *format, ...) AD_PRINTF(2, 3);

#endif
