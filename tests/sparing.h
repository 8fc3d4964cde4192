/* sparing.h - memory that runs out: makes each allocation of a piece of work fail in turn. */
#ifndef AD_TESTS_SPARING_H
#define AD_TESTS_SPARING_H

#include "check.h"

#include <autodidact/base.h>

static inline void *sparing_allocate(void *user, size_t bytes)
{
    int *grants = user;
    if (*grants == 0) return NULL;
    if (*grants > 0) --*grants;
    return aligned_alloc(64, (bytes + 63) & ~(size_t)63);
}

static inline void sparing_release(void *user, void *memory, size_t bytes)
{
    (void)user, (void)bytes;
    free(memory);
}

/* Calls `work` with 0, 1, 2, ... allocations granted until it succeeds. Until then it must return
 * AD_ERROR_MEMORY, and each time leave nothing allocated. */
static inline void sparing_check(ad_status (*work)(ad_context *poor))
{
    enum { MOST = 20000 };
    int grants = -1, granted = 0;
    ad_context *poor = ad_context_new(&(ad_context_options){
        .allocator = {sparing_allocate, sparing_release, &grants}, .threads = 1});
    for (ad_status status = AD_ERROR_MEMORY; granted < MOST && status != AD_OK; ++granted) {
        grants = granted;
        status = work(poor);
        if (status != AD_OK && status != AD_ERROR_MEMORY)
            CHECK_FAIL("with %d allocations: %s (%s)", granted, ad_status_name(status),
                       ad_error(poor));
        CHECK_INT(ad_context_memory(poor), 0);
    }
    CHECK(granted > 5 && granted < MOST);
    grants = -1;
    ad_context_free(poor);
}

#endif
