/* work.c - what a verb works with. */
#include "base/cpu.h"
#include "base/file.h"
#include "base/notes.h"
#include "command/state.h"
#include "record/option_value.h"

#include <stdlib.h>
#include <string.h>

const ad_app *ad_command_app(const ad_command *cmd)
{
    return cmd->app;
}

static void say_note(void *user, const char *sentence)
{
    ad_command_note(user, "%s", sentence);
}

/* AUTODIDACT_ISA=avx2: no instructions beyond those, for measuring and for reports of faults. */
static bool cap_isa(ad_command *cmd, ad_context_options *options)
{
    const char *name = getenv("AUTODIDACT_ISA");
    ad_isa isa, best = ad_cpu_get()->isa;
    if (!name || !*name) return true;
    options->isa = name;
    if (ad_isa_parse(name, &isa) && isa <= best) return true;
    char have[128];
    size_t length = 0;
    for (int i = 0; i <= (int)best; ++i)
        length += (size_t)snprintf(have + length, sizeof have - length, "%s%s", i ? ", " : "",
                                   ad_isa_name((ad_isa)i));
    ad_command_usage(cmd, "AUTODIDACT_ISA: \"%.40s\" is none of what this processor has: %s", name,
                     have);
    return false;
}

ad_context *ad_command_context(ad_command *cmd)
{
    if (cmd->ctx) return cmd->ctx;
    ad_context_options options = {0};
    if (ad_command_row_named(cmd, "threads", strlen("threads")))
        options.threads = (int)ad_command_int(cmd, "threads");
    if (!cap_isa(cmd, &options)) return NULL;
    const char *expand = getenv("AUTODIDACT_EXPAND_LIMIT");
    int64_t most = 0;
    if (expand && *expand && (!ad_parse_size(expand, &most) || most < 1)) {
        ad_command_usage(
            cmd, "AUTODIDACT_EXPAND_LIMIT: \"%.40s\" is not a number of bytes such as 16G", expand);
        return NULL;
    }
    cmd->ctx = ad_context_new(&options);
    if (!cmd->ctx)
        ad_command_fail(cmd, "out of memory");
    else
        ad_context_set_expand_limit(cmd->ctx, (size_t)most);
    if (cmd->ctx) ad_context_set_notes(cmd->ctx, say_note, cmd);
    return cmd->ctx;
}
