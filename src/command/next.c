/* next.c - what can be done with a trained model: by the table of verbs. */
#include "base/shell.h"
#include "command/state.h"

#include <string.h>

/* "gpt eval 'my run' TEXT": with its other operands, and options that it cannot do without. */
static void add_command(ad_text *text, const ad_verb *verb, const char *model)
{
    ad_text_format(text, "%s %s ", verb->system, verb->name);
    ad_text_shell(text, model);
    ad_text_add(text, verb->operands + strlen("MODEL"));
    for (ad_row_walk walk = {.verb = verb}; ad_row_next(&walk);)
        if (walk.option.required)
            ad_text_format(text, " --%s %s", walk.option.name, ad_option_placeholder(&walk.option));
}

static bool takes_model(const ad_verb *verb, const char *system)
{
    size_t length = strcspn(verb->operands ? verb->operands : "", " ");
    return verb->system && !strcmp(verb->system, system) && !verb->hidden &&
           length == strlen("MODEL") && !strncmp(verb->operands, "MODEL", length);
}

void ad_command_next(ad_command *cmd, const char *system, const char *model)
{
    const char *before = "next: ";
    for (const ad_verb *const *v = cmd->app->verbs; *v; ++v) {
        ad_text text;
        if (!takes_model(*v, system)) continue;
        ad_text_init(&text, ad_command_context(cmd));
        add_command(&text, *v, model);
        ad_command_note(cmd, "%s%s %s", before, cmd->app->name, ad_text_get(&text));
        ad_text_free(&text);
        before = "      ";
    }
}
