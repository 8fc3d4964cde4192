/* captions.c - what help, the manual page and errors call verbs and options. */
#include "command/state.h"
#include "record/option_value.h"

#include <string.h>

const char *ad_verb_title(const ad_app *app, const ad_verb *verb, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s%s%s %s", app->name, verb->system ? " " : "",
             verb->system ? verb->system : "", verb->name);
    return buffer;
}

const char *ad_option_placeholder(const ad_option *option)
{
    static const char *const by_type[] = {NULL,   "N",  "X",       "SIZE",   "TEXT",
                                          "FILE", NULL, "A,B,...", "X,Y,..."};
    if (option->type == AD_OPTION_CHOICE) return option->choices;
    return option->unit && option->type >= AD_OPTION_TEXT ? option->unit : by_type[option->type];
}

const char *ad_option_range(const ad_option *option, const ad_default *defaults, char *buffer,
                            size_t size)
{
    char chosen[256];
    const char *unit = option->unit && option->type < AD_OPTION_TEXT ? option->unit : "";
    int used = 0;
    buffer[0] = 0;
    ad_option_chosen_range(option, defaults, chosen, sizeof chosen);
    const char *initial = option->initial ? option->initial : option->otherwise;
    if (initial && option->type != AD_OPTION_FLAG)
        used = snprintf(buffer, size, "default %s%s", initial, chosen);
    else if (option->initial && !strcmp(option->initial, "yes"))
        used = snprintf(buffer, size, "on by default; --no-%s turns it off", option->name);
    else if (option->required)
        used = snprintf(buffer, size, "required");
    if (ad_option_has_range(option) && option->type != AD_OPTION_FLAG && used >= 0 &&
        (size_t)used < size)
        used += snprintf(buffer + used, size - (size_t)used, "%s%.10g to %.10g", used ? ", " : "",
                         option->min, option->max);
    if (*unit && used >= 0 && (size_t)used < size)
        snprintf(buffer + used, size - (size_t)used, "%s%s", used ? " " : "", unit);
    return buffer;
}
