/* values.c - what was parsed, by name. Every value was checked when it was parsed, so that these
 * cannot fail on what a person wrote. */
#include "command/state.h"
#include "record/option_value.h"

#include <string.h>
#include <sys/stat.h>

/* The row of that name and one of the types (a bit set), or NULL and the command is marked. */
static const ad_command_row *row_of(ad_command *cmd, const char *name, unsigned types)
{
    const ad_command_row *row = ad_command_row_named(cmd, name, strlen(name));
    if (row && types >> row->option.type & 1) return row;
    if (!cmd->misused)
        ad_command_fail(cmd, "internal: the table of \"%s\" has no such option: %s",
                        cmd->verb->name, name);
    cmd->misused = true;
    return NULL;
}

static const char *value_of(ad_command *cmd, const char *name, unsigned types)
{
    const ad_command_row *row = row_of(cmd, name, types);
    return row ? row->value : NULL;
}

bool ad_command_given(ad_command *cmd, const char *name)
{
    const ad_command_row *row = row_of(cmd, name, ~0u);
    return row && row->given;
}

const ad_verb *ad_command_verb(const ad_command *cmd)
{
    return cmd->verb;
}

const char *ad_command_value(ad_command *cmd, const char *name)
{
    return value_of(cmd, name, ~0u);
}

bool ad_command_flag(ad_command *cmd, const char *name)
{
    const char *text = value_of(cmd, name, 1u << AD_OPTION_FLAG);
    return text && !strcmp(text, "yes");
}

int64_t ad_command_int(ad_command *cmd, const char *name)
{
    const char *text = value_of(cmd, name, 1u << AD_OPTION_INT);
    int64_t value = 0;
    if (text) (void)ad_parse_int(text, &value);
    return value;
}

double ad_command_real(ad_command *cmd, const char *name)
{
    const char *text = value_of(cmd, name, 1u << AD_OPTION_REAL);
    double value = 0;
    if (text) (void)ad_parse_real(text, &value);
    return value;
}

int64_t ad_command_size(ad_command *cmd, const char *name)
{
    const char *text = value_of(cmd, name, 1u << AD_OPTION_SIZE);
    int64_t value = 0;
    if (text) (void)ad_parse_size(text, &value);
    return value;
}

const char *ad_command_text(ad_command *cmd, const char *name)
{
    return value_of(cmd, name,
                    1u << AD_OPTION_TEXT | 1u << AD_OPTION_FILE | 1u << AD_OPTION_CHOICE);
}

int ad_command_choice(ad_command *cmd, const char *name)
{
    const ad_command_row *row = row_of(cmd, name, 1u << AD_OPTION_CHOICE);
    return row && row->value ? ad_parse_choice(row->option.choices, row->value) : -1;
}

static const ad_command_row *list_of(ad_command *cmd, const char *name)
{
    return row_of(cmd, name, 1u << AD_OPTION_TEXTS | 1u << AD_OPTION_REALS);
}

int ad_command_count(ad_command *cmd, const char *name)
{
    const ad_command_row *row = list_of(cmd, name);
    return row ? row->item_count : 0;
}

const char *ad_command_item(ad_command *cmd, const char *name, int index)
{
    const ad_command_row *row = list_of(cmd, name);
    if (!row || index < 0 || index >= row->item_count) return NULL;
    const char *item = row->items;
    for (; index; --index) item += strlen(item) + 1;
    return item;
}

double ad_command_real_item(ad_command *cmd, const char *name, int index)
{
    const char *item = ad_command_item(cmd, name, index);
    double value = 0;
    if (item) (void)ad_parse_real(item, &value);
    return value;
}

int ad_command_operands(const ad_command *cmd)
{
    return cmd->operand_count;
}

const char *ad_command_operand(const ad_command *cmd, int index)
{
    return index >= 0 && index < cmd->operand_count ? cmd->operands[index] : NULL;
}

static bool is_among(const ad_record *const *list, const ad_record *record)
{
    for (; *list; ++list)
        if (*list == record) return true;
    return false;
}

int ad_command_settings(ad_command *cmd, const ad_record *const *more, const ad_default *defaults,
                        ad_settings **settings)
{
    enum { RECORDS_MOST = 32 };
    static const ad_record *const none[] = {NULL};
    const ad_record *all[RECORDS_MOST + 1] = {0};
    const ad_record *const *own = cmd->verb->records ? cmd->verb->records : none;
    ad_context *ctx = ad_command_context(cmd);
    int count = 0;
    *settings = NULL;
    if (!ctx) return AD_EXIT_FAILURE;
    for (int i = 0; own[i] && count < RECORDS_MOST; ++i) all[count++] = own[i];
    for (int i = 0; more && more[i] && count < RECORDS_MOST; ++i)
        if (!is_among(own, more[i])) all[count++] = more[i];
    if (ad_settings_new(settings, ctx, all, defaults ? defaults : cmd->verb->defaults))
        return ad_command_fail(cmd, "%s", ad_error(ctx));
    for (int i = 0; own[i]; ++i) {
        void *value = ad_settings_value(*settings, own[i]);
        ad_record_free(own[i], ctx, value);
        int code = ad_command_read(cmd, own[i], value);
        if (code) return code;
    }
    return AD_EXIT_OK;
}

bool ad_command_same_file(const char *a, const char *b)
{
    struct stat first, second;
    return a && b && !stat(a, &first) && !stat(b, &second) && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

bool ad_command_is_operand(const ad_command *cmd, const char *path)
{
    for (int i = 0; i < cmd->operand_count; ++i)
        if (ad_command_same_file(path, cmd->operands[i])) return true;
    return false;
}
