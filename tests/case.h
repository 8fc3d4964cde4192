/* case.h - a case with a context and a folder of its own: begin() first, and last end(), when the
 * context must have its memory back. */
#ifndef AD_TESTS_CASE_H
#define AD_TESTS_CASE_H

#include "context.h"
#include "folder.h"

static inline void begin_with(const ad_context_options *options)
{
    REQUIRE(folder_make());
    ctx = ad_context_new(options);
}

static inline void begin(void)
{
    begin_with(NULL);
}

static inline void end(void)
{
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
    CHECK(folder_remove());
}

#endif
