/* kept_pipes.c - a short list, searched from its beginning. */
#include "base/kept_pipes.h"

#include <sys/stat.h>

bool ad_kept_pipes_find(const ad_kept_pipes *pipes, const struct stat *about,
                        const unsigned char **bytes, size_t *size)
{
    for (int64_t i = 0; i < pipes->count; ++i) {
        const ad_kept_pipe *p = &pipes->at[i];
        if (p->device != about->st_dev || p->inode != about->st_ino) continue;
        *bytes = p->bytes, *size = p->size;
        return true;
    }
    return false;
}

bool ad_kept_pipes_add(ad_kept_pipes *pipes, ad_context *ctx, const struct stat *about,
                       const unsigned char *bytes, size_t size)
{
    ad_kept_pipe *at = ad_grow(ctx, pipes->at, &pipes->capacity, pipes->count + 1, sizeof *at);
    if (!at) return false;
    pipes->at = at;
    at[pipes->count++] = (ad_kept_pipe){about->st_dev, about->st_ino, bytes, size};
    return true;
}

void ad_kept_pipes_free(ad_kept_pipes *pipes, ad_context *ctx)
{
    for (int64_t i = 0; i < pipes->count; ++i) {
        union {
            const unsigned char *bytes;
            void *memory;
        } at = {.bytes = pipes->at[i].bytes};
        ad_free(ctx, at.memory, pipes->at[i].size);
    }
    ad_free(ctx, pipes->at, (size_t)pipes->capacity * sizeof *pipes->at);
    *pipes = (ad_kept_pipes){0};
}
