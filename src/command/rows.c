/* rows.c - the options of a verb as one list: the rows of its records and its own, with the verb's
 * defaults. */
#include "command/state.h"
#include "base/nearest.h"

#include <stdlib.h>
#include <string.h>

/* The table that the walk is at: a record's, then the verb's own; NULL: past the last. */
static const ad_option *table_of(const ad_verb *verb, int index, const char **title)
{
    int records = 0;
    while (verb->records && verb->records[records]) ++records;
    *title = index < records ? verb->records[index]->title : records ? "general" : NULL;
    if (index < records) return verb->records[index]->options;
    return index == records ? verb->options : NULL;
}

static void take_default(const ad_verb *verb, ad_option *option)
{
    for (const ad_default *d = verb->defaults; d && d->key; ++d)
        if (!strcmp(d->key, option->name))
            option->initial = d->value;
        else if (*d->key == '?' && !strcmp(d->key + 1, option->name))
            option->otherwise = d->value;
}

bool ad_row_next(ad_row_walk *walk)
{
    const char *title;
    walk->title = NULL;
    for (;;) {
        const ad_option *table = table_of(walk->verb, walk->record, &title);
        if (!table) return false;
        if (!walk->next) {
            walk->next = table;
            if (title && (!walk->group || strcmp(title, walk->group) != 0)) walk->title = title;
            walk->group = title;
        }
        const ad_option *row = walk->next++;
        if (!row->name) {
            ++walk->record;
            walk->next = NULL;
        } else if (!row->derived) {
            walk->option = *row;
            take_default(walk->verb, &walk->option);
            if (walk->verb->of_run && table != walk->verb->options) /* the run says what else */
                walk->option.initial = NULL, walk->option.required = false;
            return true;
        }
    }
}

bool ad_verb_has_rows(const ad_verb *verb)
{
    ad_row_walk walk = {.verb = verb};
    return ad_row_next(&walk);
}

bool ad_command_make_rows(struct ad_command *cmd)
{
    int count = 0;
    for (ad_row_walk walk = {.verb = cmd->verb}; ad_row_next(&walk);) ++count;
    cmd->rows = calloc((size_t)count + 1, sizeof *cmd->rows);
    if (!cmd->rows) {
        ad_command_fail(cmd, "out of memory");
        return false;
    }
    for (ad_row_walk walk = {.verb = cmd->verb}; ad_row_next(&walk);)
        cmd->rows[cmd->row_count++] = (ad_command_row){.option = walk.option, .title = walk.title};
    return true;
}

void ad_command_free_rows(struct ad_command *cmd)
{
    for (int i = 0; i < cmd->row_count; ++i) free(cmd->rows[i].config_text);
    free(cmd->rows);
    cmd->rows = NULL;
    cmd->row_count = 0;
}

ad_command_row *ad_command_row_named(const struct ad_command *cmd, const char *name, size_t length)
{
    for (int i = 0; i < cmd->row_count; ++i) {
        const char *own = cmd->rows[i].option.name;
        if (strlen(own) == length && !memcmp(own, name, length)) return &cmd->rows[i];
    }
    return NULL;
}

bool ad_command_has_flag(const struct ad_command *cmd, const char *name)
{
    const ad_command_row *row = ad_command_row_named(cmd, name, strlen(name));
    return row && row->value && !strcmp(row->value, "yes");
}

const char *ad_command_nearest(const struct ad_command *cmd, const char *word, const char *also)
{
    int count = 0;
    const char **names = calloc((size_t)cmd->row_count + 1, sizeof *names);
    for (int i = 0; names && i < cmd->row_count; ++i) names[count++] = cmd->rows[i].option.name;
    if (names && also) names[count++] = also;
    const char *nearest = names ? ad_nearest(word, names, count) : NULL;
    free(names);
    return nearest;
}
