/* completion.c - the tables as a bash completion script: systems, verbs, options, choices, files.
 *
 * The script finds "system verb" among the words, then offers that verb's options, the choices of
 * the option before the cursor, or files. It needs nothing but bash. */
#include "command/state.h"

#include <string.h>

/* A first word may come once per verb of its system; print it at the first one only. */
static bool first_of_system(const ad_app *app, const ad_verb *const *verb)
{
    for (const ad_verb *const *v = app->verbs; v != verb; ++v)
        if (!(*v)->hidden && (*v)->system && (*verb)->system &&
            !strcmp((*v)->system, (*verb)->system))
            return false;
    return true;
}

static void system_words(const ad_app *app, FILE *out)
{
    fputs("    case ${COMP_WORDS[1]} in\n", out);
    for (const ad_verb *const *v = app->verbs; *v; ++v) {
        if ((*v)->hidden || !(*v)->system || !first_of_system(app, v)) continue;
        fprintf(out, "        %s) verbs='", (*v)->system);
        for (const ad_verb *const *w = v; *w; ++w)
            if (!(*w)->hidden && (*w)->system && !strcmp((*w)->system, (*v)->system))
                fprintf(out, " %s", (*w)->name);
        fputs("' ;;\n", out);
    }
    fputs("    esac\n", out);
}

static void option_words(const ad_verb *verb, FILE *out)
{
    fprintf(out, "        '%s%s%s') options='--help", verb->system ? verb->system : "",
            verb->system ? " " : "", verb->name);
    for (ad_row_walk walk = {.verb = verb}; ad_row_next(&walk);) {
        const ad_option *o = &walk.option;
        fprintf(out, " --%s", o->name);
        if (o->letter) fprintf(out, " -%c", o->letter);
    }
    fputs("'\n            case $previous in\n", out);
    for (ad_row_walk walk = {.verb = verb}; ad_row_next(&walk);) {
        const ad_option *o = &walk.option;
        if (o->type == AD_OPTION_FLAG || o->type == AD_OPTION_FILE) continue;
        fprintf(out, "                --%s", o->name);
        if (o->letter) fprintf(out, "|-%c", o->letter);
        fputs(") value=1 values='", out);
        for (const char *p = o->type == AD_OPTION_CHOICE ? o->choices : ""; *p; ++p)
            fputc(*p == '|' ? ' ' : *p, out);
        fputs("' ;;\n", out);
    }
    fputs("            esac ;;\n", out);
}

void ad_app_completion(const ad_app *app, FILE *out)
{
    fprintf(out, "# bash completion for %s %s, made from its tables of options\n_%s()\n{\n",
            app->name, app->version, app->name);
    fputs("    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local verbs='' options='' values='' value='' command=${COMP_WORDS[1]}\n"
          "    if [[ $current == = ]]; then current=''; fi\n"
          "    if [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        COMPREPLY=($(compgen -W '--help",
          out);
    for (const ad_verb *const *v = app->verbs; *v; ++v)
        if (!(*v)->hidden && first_of_system(app, v))
            fprintf(out, " %s", (*v)->system ? (*v)->system : (*v)->name);
    fputs("' -- \"$current\"))\n        return\n    fi\n", out);
    system_words(app, out);
    fputs("    if [[ $verbs ]]; then\n"
          "        if ((COMP_CWORD == 2)); then\n"
          "            COMPREPLY=($(compgen -W \"$verbs --help\" -- \"$current\"))\n"
          "            return\n"
          "        fi\n"
          "        command+=\" ${COMP_WORDS[2]}\"\n"
          "    fi\n"
          "    case $command in\n",
          out);
    for (const ad_verb *const *v = app->verbs; *v; ++v)
        if (!(*v)->hidden) option_words(*v, out);
    fputs("    esac\n"
          "    if [[ $value ]]; then COMPREPLY=($(compgen -W \"$values\" -- \"$current\"))\n"
          "    elif [[ $current == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- "
          "\"$current\"))\n"
          "    else\n"
          "        local IFS=$'\\n'\n"
          "        compopt -o filenames 2>/dev/null\n"
          "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
          "    fi\n}\n",
          out);
    fprintf(out, "complete -F _%s %s\n", app->name, app->name);
}
