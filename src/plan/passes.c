/* passes.c - the graph passes in their order. */
#include "plan/pass.h"
#include "plan/plan.h"

#include <string.h>

static const struct {
    const char *name;
    bool (*run)(ad_passes *passes);
} passes_in_order[] = {
    {"decompose", ad_pass_decompose}, {"simplify", ad_pass_simplify}, {"fold", ad_pass_fold},
    {"precision", ad_pass_precision}, {"share", ad_pass_share},       {"repeat", ad_pass_repeat},
};

/* Planning steps that are not graph passes but can be left out too. */
static const char *const steps[] = {"fuse", "in_place", "homes", "pack", "recompute"};

static bool pass_exists(const char *name)
{
    for (size_t i = 0; i < sizeof passes_in_order / sizeof *passes_in_order; ++i)
        if (!strcmp(passes_in_order[i].name, name)) return true;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; ++i)
        if (!strcmp(steps[i], name)) return true;
    return false;
}

bool ad_passes_run(ad_passes *passes)
{
    const char *skip = passes->options->skip_pass;
    if (skip && !pass_exists(skip)) {
        ad_fail(passes->ctx, AD_ERROR_ARGUMENT, "there is no pass called %s", skip);
        return false;
    }
    if (!ad_rebuild(passes, NULL, NULL)) return false;
    for (size_t i = 0; i < sizeof passes_in_order / sizeof *passes_in_order; ++i) {
        bool needed = passes_in_order[i].run ==
                      ad_pass_decompose; /* without it there may be no kernel */
        if (!needed && !ad_pass_wanted(passes->options, passes_in_order[i].name)) continue;
        if (!passes_in_order[i].run(passes)) return false;
    }
    return true;
}
