/* kept_pipes.h - what came through pipes and terminals, told apart by device and inode. It stays as
 * long as its context, so that a pipe can be opened as often as a file. */
#ifndef AD_BASE_KEPT_PIPES_H
#define AD_BASE_KEPT_PIPES_H

#include "base/context.h"

struct stat;

typedef struct ad_kept_pipes ad_kept_pipes;

typedef struct ad_kept_pipe {
    uint64_t device, inode;
    const unsigned char *bytes; /* owned */
    size_t size;
} ad_kept_pipe;

struct ad_kept_pipes {
    ad_kept_pipe *at; /* owned */
    int64_t count, capacity;
};

bool ad_kept_pipes_find(const ad_kept_pipes *pipes, const struct stat *about,
                        const unsigned char **bytes, size_t *size);
/* Takes over `bytes`, which are the context's; false: no memory, and they stay the caller's. */
bool ad_kept_pipes_add(ad_kept_pipes *pipes, ad_context *ctx, const struct stat *about,
                       const unsigned char *bytes, size_t size);
void ad_kept_pipes_free(ad_kept_pipes *pipes, ad_context *ctx);

ad_kept_pipes *ad_context_pipes(ad_context *ctx);

#endif
