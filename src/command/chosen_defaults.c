/* chosen_defaults.c - defaults that hold where another option has a certain value: a kind of
 * network brings its own learning rate (AD_DEFAULT_WITH, record.h). */
#include "command/state.h"

#include <string.h>

enum { NAME_BYTES = 64, NOTE_BYTES = 512 };

/* "lr@kind=wgan-gp" of the option "lr": "kind" into `name`, and "wgan-gp"; NULL: of another. */
static const char *condition(const ad_default *d, const char *option, char name[NAME_BYTES])
{
    size_t length = strlen(option);
    const char *at = d->key + length, *equals = strchr(d->key, '=');
    if (strncmp(d->key, option, length) != 0 || *at != '@' || !equals) return NULL;
    snprintf(name, NAME_BYTES, "%.*s", (int)(equals - at - 1), at + 1);
    return equals + 1;
}

/* What the option is where nobody says it, with the other options as they are; NULL: as always. */
static const char *chosen(const struct ad_command *cmd, const char *option, char name[NAME_BYTES])
{
    for (const ad_default *d = cmd->verb->defaults; d && d->key; ++d) {
        const char *value = condition(d, option, name);
        const ad_command_row *by = value ? ad_command_row_named(cmd, name, strlen(name)) : NULL;
        if (by && by->value && !strcmp(by->value, value)) return d->value;
    }
    return NULL;
}

int ad_command_choose_defaults(struct ad_command *cmd)
{
    char name[NAME_BYTES] = "", by[NAME_BYTES] = "", note[NOTE_BYTES] = "";
    size_t used = 0;
    int status = AD_EXIT_OK;
    for (int i = 0; i < cmd->row_count && !status; ++i) {
        ad_command_row *row = &cmd->rows[i];
        const char *value = chosen(cmd, row->option.name, name);
        if (!value || row->given || row->configured || row->chosen) continue;
        row->chosen = true;
        status = ad_command_set(cmd, row, value);
        memcpy(by, name, sizeof by);
        if (used < sizeof note)
            used += (size_t)snprintf(note + used, sizeof note - used, " --%s %s", row->option.name,
                                     value);
    }
    if (!status && used)
        ad_command_note(cmd, "--%s %s brings%s", by,
                        ad_command_row_named(cmd, by, strlen(by))->value, note);
    return status;
}

void ad_option_chosen_range(const ad_option *option, const ad_default *defaults, char *buffer,
                            size_t size)
{
    char name[NAME_BYTES];
    size_t used = 0;
    buffer[0] = 0;
    for (const ad_default *d = defaults; d && d->key && used < size; ++d) {
        const char *value = condition(d, option->name, name);
        if (value)
            used += (size_t)snprintf(buffer + used, size - used, ", with --%s %s %s", name, value,
                                     d->value);
    }
}
