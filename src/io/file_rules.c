/* file_rules.c - what a context is told about all files that it reads. */
#include "base/file.h"
#include "base/notes.h"

#include <autodidact/io.h>

void ad_file_notes(ad_context *ctx, void (*note)(void *user, const char *sentence), void *user)
{
    ad_context_set_notes(ctx, note, user);
}

void ad_file_expand_limit(ad_context *ctx, size_t bytes)
{
    ad_context_set_expand_limit(ctx, bytes);
}
