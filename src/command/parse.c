/* parse.c - parses a command line against a verb's rows.
 *
 * Nothing is copied: values point into argv, operands are gathered at its front, and only list
 * items are split into a fixed pool. */
#include "command/state.h"
#include "record/option_value.h"

#include <string.h>
#include <unistd.h>

/* One word of ad_verb.operands, taken apart. */
typedef struct operand_kind {
    char name[32];
    bool optional, many;
} operand_kind;

static int operand_kinds(const ad_verb *verb, operand_kind kinds[OPERAND_KINDS_MAX])
{
    int count = 0;
    const char *p = verb->operands ? verb->operands : "";
    while (*p && count < OPERAND_KINDS_MAX) {
        size_t length = strcspn(p, " ");
        operand_kind *kind = &kinds[count++];
        *kind = (operand_kind){.optional = *p == '[', .many = false};
        for (size_t i = 0, n = 0; i < length; ++i) {
            if (p[i] == '.')
                kind->many = true;
            else if (p[i] != '[' && p[i] != ']' && n + 1 < sizeof kind->name)
                kind->name[n++] = p[i];
        }
        p += length;
        p += strspn(p, " ");
    }
    return count;
}

/* ---- checking a value ---- */

static int split_items(struct ad_command *cmd, ad_command_row *row, const char *value)
{
    size_t length = strlen(value);
    if (length + 1 > ITEMS_BYTES - cmd->item_bytes)
        return ad_command_usage(cmd, "--%s: the list is longer than %d bytes", row->option.name,
                                ITEMS_BYTES);
    char *items = cmd->item_pool + cmd->item_bytes;
    memcpy(items, value, length + 1);
    cmd->item_bytes += length + 1;
    row->items = items;
    row->item_count = 1;
    for (char *p = items; *p; ++p) {
        if (*p != ',') continue;
        *p = 0;
        ++row->item_count;
    }
    return 0;
}

/* Which item of a list is wrong, or the value itself. */
static int refuse(struct ad_command *cmd, const ad_option *option, const char *value)
{
    bool list = option->type == AD_OPTION_TEXTS || option->type == AD_OPTION_REALS;
    const char *whole = value;
    char expected[AD_EXPECTED_BYTES], item[96];
    if (option->type == AD_OPTION_FILE)
        return ad_command_usage(cmd, "--%s: the file name is empty", option->name);
    for (int i = 1; list; ++i) {
        size_t length = strcspn(value, ",");
        ad_option one = *option;
        if (!length)
            return ad_command_usage(cmd, "--%s: item %d of \"%.80s\" is empty", option->name, i,
                                    whole);
        snprintf(item, sizeof item, "%.*s", (int)(length < 90 ? length : 90), value);
        one.type = option->type == AD_OPTION_REALS ? AD_OPTION_REAL : AD_OPTION_TEXT;
        if (!ad_option_accepts(&one, item))
            return ad_command_usage(cmd, "--%s: \"%.80s\" is not %s", option->name, item,
                                    ad_option_expected(&one, expected));
        if (!value[length]) break;
        value += length + 1;
    }
    return ad_command_usage(cmd, "--%s: \"%.80s\" is not %s", option->name, value,
                            ad_option_expected(option, expected));
}

int ad_command_set(struct ad_command *cmd, ad_command_row *row, const char *value)
{
    const ad_option *option = &row->option;
    row->value = value;
    if (!ad_option_accepts(option, value)) return refuse(cmd, option, value);
    bool list = option->type == AD_OPTION_TEXTS || option->type == AD_OPTION_REALS;
    return list ? split_items(cmd, row, value) : 0;
}

/* ---- the command line ---- */

static ad_command_row *find_letter(const struct ad_command *cmd, char letter)
{
    for (int i = 0; i < cmd->row_count; ++i)
        if (cmd->rows[i].option.letter == letter) return &cmd->rows[i];
    return NULL;
}

static int unknown_option(struct ad_command *cmd, const char *name, size_t length)
{
    char word[64], title[128];
    snprintf(word, sizeof word, "%.*s", (int)(length < 60 ? length : 60), name);
    const char *nearest = ad_command_nearest(cmd, word, "help");
    if (nearest)
        return ad_command_usage(cmd, "unknown option --%s; did you mean --%s?", word, nearest);
    return ad_command_usage(cmd, "unknown option --%s (\"%s --help\" lists them)", word,
                            ad_verb_title(cmd->app, cmd->verb, title, sizeof title));
}

/* The argument after an option; NULL (reported) if there is none or it looks like the next option.
 */
static const char *next_value(struct ad_command *cmd, const ad_option *option, int argc,
                              char **argv, int *i)
{
    const char *next = *i + 1 < argc ? argv[*i + 1] : NULL, *wanted = ad_option_placeholder(option);
    if (next && !(next[0] == '-' && next[1] == '-')) {
        ++*i;
        return next;
    }
    if (next)
        ad_command_usage(cmd, "--%s needs a value (%s), found \"%.60s\"", option->name, wanted,
                         next);
    else
        ad_command_usage(cmd, "--%s needs a value (%s)", option->name, wanted);
    return NULL;
}

static int parse_long(struct ad_command *cmd, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2, *equals = strchr(name, '='),
               *value = equals ? equals + 1 : NULL;
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    if (length == 4 && !memcmp(name, "help", 4) && !equals) {
        cmd->help = true;
        return 0;
    }
    ad_command_row *row = ad_command_row_named(cmd, name, length);
    bool negated = false;
    if (!row && length > 3 && !memcmp(name, "no-", 3)) {
        row = ad_command_row_named(cmd, name + 3, length - 3);
        negated = row && row->option.type == AD_OPTION_FLAG;
        if (!negated) row = NULL;
    }
    if (!row) return unknown_option(cmd, name, length);
    const ad_option *option = &row->option;
    row->given = true;
    if (option->type == AD_OPTION_FLAG) {
        if (value)
            return ad_command_usage(cmd,
                                    "--%s takes no value (found \"%.60s\"); --no-%s turns it off",
                                    option->name, value, option->name);
        row->value = negated ? "no" : "yes";
        return 0;
    }
    if (!value && !(value = next_value(cmd, option, argc, argv, i))) return AD_EXIT_USAGE;
    return ad_command_set(cmd, row, value);
}

/* -o FILE, -oFILE, and flags in one word: -qv. */
static int parse_short(struct ad_command *cmd, int argc, char **argv, int *i)
{
    for (const char *p = argv[*i] + 1; *p; ++p) {
        if (*p == 'h' && !find_letter(cmd, 'h')) {
            cmd->help = true;
            continue;
        }
        ad_command_row *row = find_letter(cmd, *p);
        if (!row) {
            char title[128];
            if (!access(argv[*i], F_OK))
                return ad_command_usage(cmd, "unknown option -%c; the file is ./%s",
                                        *p >= ' ' && *p < 127 ? *p : '?', argv[*i]);
            return ad_command_usage(cmd, "unknown option -%c (\"%s --help\" lists them)",
                                    *p >= ' ' && *p < 127 ? *p : '?',
                                    ad_verb_title(cmd->app, cmd->verb, title, sizeof title));
        }
        row->given = true;
        if (row->option.type == AD_OPTION_FLAG) {
            row->value = "yes";
            continue;
        }
        const char *value = p[1] == '=' ? p + 2 : p + 1;
        if (!p[1] && !(value = next_value(cmd, &row->option, argc, argv, i))) return AD_EXIT_USAGE;
        return ad_command_set(cmd, row, value);
    }
    return 0;
}

static int check_operands(struct ad_command *cmd)
{
    operand_kind kinds[OPERAND_KINDS_MAX];
    int count = operand_kinds(cmd->verb, kinds), most = count;
    char title[128];
    ad_verb_title(cmd->app, cmd->verb, title, sizeof title);
    for (int i = 0; i < count; ++i) {
        if (!kinds[i].optional && i >= cmd->operand_count)
            return ad_command_usage(cmd, "%s is missing (usage: %s%s %s)", kinds[i].name, title,
                                    cmd->row_count ? " [options]" : "", cmd->verb->operands);
        if (kinds[i].many) most = 1 << 30;
    }
    if (cmd->operand_count > most)
        return ad_command_usage(cmd, "unexpected operand \"%.80s\" (usage: %s%s%s%s)",
                                cmd->operands[most], title, cmd->row_count ? " [options]" : "",
                                count ? " " : "", count ? cmd->verb->operands : "");
    return 0;
}

static bool optional_given(const struct ad_command *cmd, const char *name)
{
    const ad_command_row *row = ad_command_row_named(cmd, name, strlen(name));
    return row && row->given;
}

int ad_command_complete(ad_command *cmd)
{
    for (int i = 0; i < cmd->row_count; ++i) {
        const ad_command_row *row = &cmd->rows[i];
        if (row->option.required && !row->given && !row->configured)
            return ad_command_usage(cmd, "--%s is missing: %s", row->option.name, row->option.help);
    }
    return ad_command_choose_defaults(cmd);
}

int ad_command_parse(struct ad_command *cmd, int argc, char **argv)
{
    int status = 0;
    if (!ad_command_make_rows(cmd)) return AD_EXIT_FAILURE;
    cmd->operands = argv;
    for (int i = 0; i < argc && !status; ++i) {
        const char *arg = argv[i];
        if (arg[0] != '-' || !arg[1]) {
            cmd->operands[cmd->operand_count++] = argv[i]; /* "-" alone is an operand */
        } else if (arg[1] != '-') {
            status = parse_short(cmd, argc, argv, &i);
        } else if (arg[2]) {
            status = parse_long(cmd, argc, argv, &i);
        } else {
            while (++i < argc) cmd->operands[cmd->operand_count++] = argv[i];
        }
        if (cmd->help) return 0;
    }
    for (int i = 0; i < cmd->row_count && !status; ++i)
        if (!cmd->rows[i].given && cmd->rows[i].option.initial)
            status = ad_command_set(cmd, &cmd->rows[i], cmd->rows[i].option.initial);
    if (!status) status = check_operands(cmd);
    /* what a file of options may still bring is asked for after it was read */
    bool later = optional_given(cmd, "config") || optional_given(cmd, "resume");
    if (!status && !later) status = ad_command_complete(cmd);
    return status;
}
