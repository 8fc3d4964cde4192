/* context.h - cases that share one context, which must have its memory back after the last. */
#ifndef AD_TESTS_CONTEXT_H
#define AD_TESTS_CONTEXT_H

#include "check.h"

#include <autodidact/base.h>

static ad_context *ctx;

static inline int check_in_context(int argc, char **argv, const check_case *cases)
{
    ctx = ad_context_new(NULL);
    int code = ctx ? check_main(argc, argv, cases) : 1;
    if (ctx && ad_context_memory(ctx)) printf("memory was not given back\n"), code = 1;
    ad_context_free(ctx);
    return code;
}

#endif
