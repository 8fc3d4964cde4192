/* options.c - parses a command line against a verb's table, and answers for the values.
 *
 * Nothing is copied or allocated: values point into argv, operands are gathered at its front, and
 * only list items are split into a fixed pool. Every value is checked when it is parsed, so that
 * the accessors cannot fail on what a person wrote. */
#include "command/state.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int options_count(const ad_option *options)
{
    int count = 0;
    while (options && options[count].name) ++count;
    return count;
}

const char *ad_option_placeholder(const ad_option *option)
{
    static const char *const by_type[] = {NULL,   "N",  "X",       "SIZE",   "TEXT",
                                          "FILE", NULL, "A,B,...", "X,Y,..."};
    if (option->type == AD_OPTION_CHOICE) return option->choices;
    return option->unit && option->type >= AD_OPTION_TEXT ? option->unit : by_type[option->type];
}

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

/* ---- numbers ---- */

static bool parse_int(const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end || errno || text[0] == ' ') return false;
    *value = v;
    return true;
}

/* Decimal only: strtod would also take "nan", "inf" and hexadecimal. */
static bool parse_real(const char *text, double *value)
{
    char *end;
    if (!*text || text[strspn(text, "0123456789+-.eE")]) return false;
    errno = 0;
    double v = strtod(text, &end);
    if (end == text || *end || !isfinite(v)) return false;
    *value = v;
    return true;
}

static bool parse_size(const char *text, int64_t *value)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || end != text + strspn(text, "0123456789.")) return false;
    const char *units = "KMGT", *unit = *end ? strchr(units, *end & ~0x20) : NULL;
    if (*end && !unit) return false;
    if (unit) {
        v = ldexp(v, 10 * (int)(unit - units + 1));
        ++end;
        if ((*end & ~0x20) == 'B') ++end;
    }
    if (*end || !(v < 0x1p62)) return false;
    *value = (int64_t)v;
    return true;
}

static bool has_range(const ad_option *option)
{
    return option->min != 0 || option->max != 0;
}

static bool in_range(const ad_option *option, double v)
{
    if (has_range(option)) return v >= option->min && v <= option->max;
    return v >= 0 || option->type == AD_OPTION_REAL || option->type == AD_OPTION_REALS;
}

/* Which choice `text` is, or -1. */
static int choice_index(const char *choices, const char *text)
{
    size_t length = strlen(text);
    for (int i = 0;; ++i) {
        size_t n = strcspn(choices, "|");
        if (n == length && !memcmp(choices, text, n)) return i;
        if (!choices[n]) return -1;
        choices += n + 1;
    }
}

const char *ad_option_range(const ad_option *option, char *buffer, size_t size)
{
    const char *unit = option->unit && option->type < AD_OPTION_TEXT ? option->unit : "";
    int used = 0;
    buffer[0] = 0;
    if (option->initial && option->type != AD_OPTION_FLAG)
        used = snprintf(buffer, size, "default %s", option->initial);
    else if (option->initial && !strcmp(option->initial, "yes"))
        used = snprintf(buffer, size, "on by default; --no-%s turns it off", option->name);
    else if (option->required)
        used = snprintf(buffer, size, "required");
    if (has_range(option) && option->type != AD_OPTION_FLAG && used >= 0 && (size_t)used < size)
        used += snprintf(buffer + used, size - (size_t)used, "%s%.10g to %.10g", used ? ", " : "",
                         option->min, option->max);
    if (*unit && used >= 0 && (size_t)used < size)
        snprintf(buffer + used, size - (size_t)used, "%s%s", used ? " " : "", unit);
    return buffer;
}

/* ---- checking a value ---- */

static int wrong_value(struct ad_command *cmd, const ad_option *option, const char *value,
                       const char *expected)
{
    return ad_command_usage(cmd, "--%s: \"%.80s\" is not %s", option->name, value, expected);
}

static int wrong_number(struct ad_command *cmd, const ad_option *option, const char *value)
{
    const char *noun = option->type == AD_OPTION_INT    ? "a whole number"
                       : option->type == AD_OPTION_SIZE ? "a size (such as 512M or 1.5G)"
                                                        : "a number";
    char text[160];
    if (has_range(option))
        snprintf(text, sizeof text, "%s from %.10g to %.10g", noun, option->min, option->max);
    else if (option->type == AD_OPTION_INT)
        snprintf(text, sizeof text, "%s of 0 or more", noun);
    else
        snprintf(text, sizeof text, "%s", noun);
    return wrong_value(cmd, option, value, text);
}

static int wrong_choice(struct ad_command *cmd, const ad_option *option, const char *value)
{
    char text[256] = "one of ";
    size_t used = strlen(text);
    for (const char *p = option->choices; *p && used + 3 < sizeof text; ++p) {
        if (*p == '|')
            text[used++] = ',', text[used++] = ' ';
        else
            text[used++] = *p;
    }
    text[used] = 0;
    return wrong_value(cmd, option, value, text);
}

static int split_items(struct ad_command *cmd, int row, const char *value)
{
    const ad_option *option = &cmd->verb->options[row];
    size_t length = strlen(value);
    if (length + 1 > ITEMS_BYTES - cmd->item_bytes)
        return ad_command_usage(cmd, "--%s: the list is longer than %d bytes", option->name,
                                ITEMS_BYTES);
    char *items = cmd->item_pool + cmd->item_bytes;
    memcpy(items, value, length + 1);
    cmd->item_bytes += length + 1;
    cmd->items[row] = items;
    cmd->item_count[row] = 1;
    for (char *p = items; *p; ++p)
        if (*p == ',') *p = 0, ++cmd->item_count[row];
    for (int i = 0; i < cmd->item_count[row]; ++i, items += strlen(items) + 1) {
        double v;
        if (!*items)
            return ad_command_usage(cmd, "--%s: item %d of \"%.80s\" is empty", option->name, i + 1,
                                    value);
        if (option->type == AD_OPTION_REALS && (!parse_real(items, &v) || !in_range(option, v)))
            return wrong_number(cmd, option, items);
    }
    return 0;
}

int ad_command_set(struct ad_command *cmd, int row, const char *value)
{
    const ad_option *option = &cmd->verb->options[row];
    int64_t i;
    double v;
    cmd->value[row] = value;
    switch (option->type) {
    case AD_OPTION_INT:
        return parse_int(value, &i) && in_range(option, (double)i)
                   ? 0
                   : wrong_number(cmd, option, value);
    case AD_OPTION_REAL:
        return parse_real(value, &v) && in_range(option, v) ? 0 : wrong_number(cmd, option, value);
    case AD_OPTION_SIZE:
        return parse_size(value, &i) && in_range(option, (double)i)
                   ? 0
                   : wrong_number(cmd, option, value);
    case AD_OPTION_CHOICE:
        return choice_index(option->choices, value) >= 0 ? 0 : wrong_choice(cmd, option, value);
    case AD_OPTION_TEXTS:
    case AD_OPTION_REALS: return split_items(cmd, row, value);
    case AD_OPTION_FILE:
        return *value ? 0 : ad_command_usage(cmd, "--%s: the file name is empty", option->name);
    case AD_OPTION_FLAG:
    case AD_OPTION_TEXT: break;
    }
    return 0;
}

/* ---- the command line ---- */

static int find_name(const struct ad_command *cmd, const char *name, size_t length)
{
    const ad_option *options = cmd->verb->options;
    for (int i = 0; options && options[i].name; ++i)
        if (strlen(options[i].name) == length && !memcmp(options[i].name, name, length)) return i;
    return -1;
}

static int find_letter(const struct ad_command *cmd, char letter)
{
    const ad_option *options = cmd->verb->options;
    for (int i = 0; options && options[i].name; ++i)
        if (options[i].letter == letter) return i;
    return -1;
}

static int unknown_option(struct ad_command *cmd, const char *name, size_t length)
{
    const char *names[OPTIONS_MAX + 1] = {"help"}, *nearest;
    char word[64];
    int count = 1;
    for (; count <= options_count(cmd->verb->options); ++count)
        names[count] = cmd->verb->options[count - 1].name;
    snprintf(word, sizeof word, "%.*s", (int)(length < 60 ? length : 60), name);
    nearest = ad_nearest(word, names, count);
    if (nearest)
        return ad_command_usage(cmd, "unknown option --%s; did you mean --%s?", word, nearest);
    char title[128];
    return ad_command_usage(cmd, "unknown option --%s (\"%s --help\" lists them)", word,
                            ad_verb_title(cmd->app, cmd->verb, title, sizeof title));
}

/* The argument after an option; NULL (reported) if there is none or it looks like the next option.
 */
static const char *next_value(struct ad_command *cmd, int row, int argc, char **argv, int *i)
{
    const ad_option *option = &cmd->verb->options[row];
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
    int row = find_name(cmd, name, length);
    bool negated = false;
    if (row < 0 && length > 3 && !memcmp(name, "no-", 3)) {
        row = find_name(cmd, name + 3, length - 3);
        negated = row >= 0 && cmd->verb->options[row].type == AD_OPTION_FLAG;
        if (!negated) row = -1;
    }
    if (row < 0) return unknown_option(cmd, name, length);
    const ad_option *option = &cmd->verb->options[row];
    cmd->given[row] = true;
    if (option->type == AD_OPTION_FLAG) {
        if (value)
            return ad_command_usage(cmd,
                                    "--%s takes no value (found \"%.60s\"); --no-%s turns it off",
                                    option->name, value, option->name);
        cmd->value[row] = negated ? "no" : "yes";
        return 0;
    }
    if (!value && !(value = next_value(cmd, row, argc, argv, i))) return AD_EXIT_USAGE;
    return ad_command_set(cmd, row, value);
}

/* -o FILE, -oFILE, and flags in one word: -qv. */
static int parse_short(struct ad_command *cmd, int argc, char **argv, int *i)
{
    for (const char *p = argv[*i] + 1; *p; ++p) {
        if (*p == 'h' && find_letter(cmd, 'h') < 0) {
            cmd->help = true;
            continue;
        }
        int row = find_letter(cmd, *p);
        if (row < 0) {
            char title[128];
            if (!access(argv[*i], F_OK))
                return ad_command_usage(cmd, "unknown option -%c; the file is ./%s",
                                        *p >= ' ' && *p < 127 ? *p : '?', argv[*i]);
            return ad_command_usage(cmd, "unknown option -%c (\"%s --help\" lists them)",
                                    *p >= ' ' && *p < 127 ? *p : '?',
                                    ad_verb_title(cmd->app, cmd->verb, title, sizeof title));
        }
        cmd->given[row] = true;
        if (cmd->verb->options[row].type == AD_OPTION_FLAG) {
            cmd->value[row] = "yes";
            continue;
        }
        const char *value = p[1] == '=' ? p + 2 : p + 1;
        if (!p[1] && !(value = next_value(cmd, row, argc, argv, i))) return AD_EXIT_USAGE;
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
                                    cmd->verb->options ? " [options]" : "", cmd->verb->operands);
        if (kinds[i].many) most = 1 << 30;
    }
    if (cmd->operand_count > most)
        return ad_command_usage(cmd, "unexpected operand \"%.80s\" (usage: %s%s%s%s)",
                                cmd->operands[most], title, cmd->verb->options ? " [options]" : "",
                                count ? " " : "", count ? cmd->verb->operands : "");
    return 0;
}

static bool optional_given(const struct ad_command *cmd, const char *name)
{
    int row = find_name(cmd, name, strlen(name));
    return row >= 0 && cmd->given[row];
}

static int check_required(struct ad_command *cmd)
{
    const ad_option *options = cmd->verb->options;
    for (int i = 0; options && options[i].name; ++i)
        if (options[i].required && !cmd->given[i] && !cmd->configured[i])
            return ad_command_usage(cmd, "--%s is missing: %s", options[i].name, options[i].help);
    return 0;
}

int ad_command_parse(struct ad_command *cmd, int argc, char **argv)
{
    const ad_option *options = cmd->verb->options;
    int status = 0;
    if (options_count(options) > OPTIONS_MAX)
        return ad_command_fail(cmd, "the table of \"%s\" has more than %d options", cmd->verb->name,
                               OPTIONS_MAX);
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
    for (int i = 0; options && options[i].name && !status; ++i)
        if (!cmd->given[i] && options[i].initial)
            status = ad_command_set(cmd, i, options[i].initial);
    if (!status) status = check_operands(cmd);
    /* what a file of options may still bring is asked for after it was read */
    bool later = optional_given(cmd, "config") || optional_given(cmd, "resume");
    if (!status && !later) status = check_required(cmd);
    return status;
}

int ad_command_complete(ad_command *cmd)
{
    return check_required(cmd);
}

/* ---- accessors ---- */

/* The row of that name and one of the types (a bit set), or -1 and the command is marked. */
static int row_of(ad_command *cmd, const char *name, unsigned types)
{
    int row = find_name(cmd, name, strlen(name));
    if (row >= 0 && types >> cmd->verb->options[row].type & 1) return row;
    if (!cmd->misused)
        ad_command_fail(cmd, "internal: the table of \"%s\" has no such option: %s",
                        cmd->verb->name, name);
    cmd->misused = true;
    return -1;
}

bool ad_command_given(ad_command *cmd, const char *name)
{
    int row = row_of(cmd, name, ~0u);
    return row >= 0 && cmd->given[row];
}

const ad_verb *ad_command_verb(const ad_command *cmd)
{
    return cmd->verb;
}

const char *ad_command_value(ad_command *cmd, const char *name)
{
    int row = row_of(cmd, name, ~0u);
    return row >= 0 ? cmd->value[row] : NULL;
}

bool ad_command_flag(ad_command *cmd, const char *name)
{
    int row = row_of(cmd, name, 1u << AD_OPTION_FLAG);
    return row >= 0 && cmd->value[row] && !strcmp(cmd->value[row], "yes");
}

int64_t ad_command_int(ad_command *cmd, const char *name)
{
    int row = row_of(cmd, name, 1u << AD_OPTION_INT);
    int64_t value = 0;
    if (row >= 0 && cmd->value[row]) parse_int(cmd->value[row], &value);
    return value;
}

double ad_command_real(ad_command *cmd, const char *name)
{
    int row = row_of(cmd, name, 1u << AD_OPTION_REAL);
    double value = 0;
    if (row >= 0 && cmd->value[row]) parse_real(cmd->value[row], &value);
    return value;
}

int64_t ad_command_size(ad_command *cmd, const char *name)
{
    int row = row_of(cmd, name, 1u << AD_OPTION_SIZE);
    int64_t value = 0;
    if (row >= 0 && cmd->value[row]) parse_size(cmd->value[row], &value);
    return value;
}

const char *ad_command_text(ad_command *cmd, const char *name)
{
    int row = row_of(cmd, name,
                     1u << AD_OPTION_TEXT | 1u << AD_OPTION_FILE | 1u << AD_OPTION_CHOICE);
    return row >= 0 ? cmd->value[row] : NULL;
}

int ad_command_choice(ad_command *cmd, const char *name)
{
    int row = row_of(cmd, name, 1u << AD_OPTION_CHOICE);
    return row >= 0 && cmd->value[row]
               ? choice_index(cmd->verb->options[row].choices, cmd->value[row])
               : -1;
}

int ad_command_count(ad_command *cmd, const char *name)
{
    int row = row_of(cmd, name, 1u << AD_OPTION_TEXTS | 1u << AD_OPTION_REALS);
    return row >= 0 ? cmd->item_count[row] : 0;
}

const char *ad_command_item(ad_command *cmd, const char *name, int index)
{
    int row = row_of(cmd, name, 1u << AD_OPTION_TEXTS | 1u << AD_OPTION_REALS);
    if (row < 0 || index < 0 || index >= cmd->item_count[row]) return NULL;
    const char *item = cmd->items[row];
    for (; index; --index) item += strlen(item) + 1;
    return item;
}

double ad_command_real_item(ad_command *cmd, const char *name, int index)
{
    const char *item = ad_command_item(cmd, name, index);
    double value = 0;
    if (item) parse_real(item, &value);
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
