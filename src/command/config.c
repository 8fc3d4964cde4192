/* config.c - options from a JSON file, checked as if they stood on the command line.
 *
 * Values become text first, which is what the rest of the room works on; the texts live as long as
 * the command. What was given on the command line wins. */
#include "command/state.h"
#include "io/json.h"
#include "io/source.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MOST = 64 << 20 };

static char *list_text(const json_t *list)
{
    char number[64], *text = calloc(1, ITEMS_BYTES);
    size_t used = 0;
    for (size_t i = 0; text && i < json_array_size(list); ++i) {
        const json_t *item = json_array_get(list, i);
        const char *word = json_is_string(item) ? json_string_value(item) : number;
        if (json_is_number(item)) snprintf(number, sizeof number, "%.17g", json_number_value(item));
        used += (size_t)sprintf(text + used, "%s%s", i ? "," : "", word);
    }
    return text;
}

/* Whether it is a list that can stand on a command line. */
static bool is_list(const json_t *value)
{
    size_t count = json_array_size(value), used = 0;
    for (size_t i = 0; i < count; ++i) {
        const json_t *item = json_array_get(value, i);
        const char *word = json_is_string(item) ? json_string_value(item) : "";
        if (!json_is_string(item) && !json_is_number(item)) return false;
        used += json_is_string(item) ? strlen(word) + 2 : 32;
        if (strchr(word, ',') || used > ITEMS_BYTES) return false;
    }
    return count > 0;
}

static int wrong_kind(struct ad_command *cmd, const char *path, const ad_option *option,
                      const json_t *value, bool list)
{
    return ad_command_usage(cmd, "%.200s: \"%s\" is %s, expected %s", path, option->name,
                            json_is_object(value)    ? "an object"
                            : json_is_array(value)   ? "a list"
                            : json_is_null(value)    ? "null"
                            : json_is_boolean(value) ? "true or false"
                            : json_is_string(value)  ? "a text"
                                                     : "a number",
                            option->type == AD_OPTION_FLAG ? "true or false"
                            : list ? "a list of numbers, or of texts without commas"
                                   : "a text or a number");
}

/* The text of a JSON value as a person would write it for this option; owned by the caller. An exit
 * status, reported, if it is of the wrong kind. */
static int value_text(struct ad_command *cmd, const char *path, const ad_option *option,
                      const json_t *value, char **text)
{
    char number[64];
    bool flag = option->type == AD_OPTION_FLAG;
    bool list = option->type == AD_OPTION_TEXTS || option->type == AD_OPTION_REALS;
    if (flag != json_is_boolean(value)) return wrong_kind(cmd, path, option, value, list);
    if (flag)
        *text = strdup(json_is_true(value) ? "yes" : "no");
    else if (json_is_string(value))
        *text = strdup(json_string_value(value));
    else if (json_is_number(value)) {
        if (json_is_integer(value))
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        else
            snprintf(number, sizeof number, "%.17g", json_real_value(value));
        *text = strdup(number);
    } else if (list && is_list(value))
        *text = list_text(value);
    else
        return wrong_kind(cmd, path, option, value, list);
    return *text ? AD_EXIT_OK : ad_command_fail(cmd, "%.200s: out of memory", path);
}

static int unknown_key(struct ad_command *cmd, const char *path, const char *key)
{
    const char *nearest = ad_command_nearest(cmd, key, NULL);
    if (nearest)
        return ad_command_usage(cmd, "%.200s: unknown option \"%.60s\"; did you mean \"%s\"?", path,
                                key, nearest);
    char title[128];
    return ad_command_usage(cmd, "%.200s: unknown option \"%.60s\" (\"%s --help\" lists them)",
                            path, key, ad_verb_title(cmd->app, cmd->verb, title, sizeof title));
}

static int take(struct ad_command *cmd, const char *path, json_t *options)
{
    for (void *at = json_object_iter(options); at; at = json_object_iter_next(options, at)) {
        const char *key = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        ad_command_row *row = ad_command_row_named(cmd, key, strlen(key));
        if (!row) return unknown_key(cmd, path, key);
        if (row->given || json_is_null(value)) continue;
        if (row->option
                .process) { /* a file must not say what this process does, or where it writes */
            ad_command_note(cmd, "%.200s: \"%s\" is about the process, and left out", path, key);
            continue;
        }
        char *text = NULL;
        int status = value_text(cmd, path, &row->option, value, &text);
        if (status) return status;
        free(row->config_text);
        row->config_text = text;
        status = ad_command_set(cmd, row, text);
        if (status) return status;
        row->configured = true;
    }
    return AD_EXIT_OK;
}

/* A file that names a verb must name this one. */
static int check_verb(struct ad_command *cmd, const char *path, const json_t *root)
{
    const char *system = json_string_value(json_object_get(root, "system"));
    const char *verb = json_string_value(json_object_get(root, "verb"));
    const char *own = cmd->verb->system ? cmd->verb->system : "";
    if ((!system || !strcmp(system, own)) && (!verb || !strcmp(verb, cmd->verb->name)))
        return AD_EXIT_OK;
    return ad_command_usage(cmd, "%.200s: is of \"%.40s %.40s\", not of \"%s %s\"", path,
                            system ? system : own, verb ? verb : cmd->verb->name, own,
                            cmd->verb->name);
}

int ad_command_config(ad_command *cmd, const char *path)
{
    ad_content file;
    json_t *root;
    ad_context *ctx = ad_command_context(cmd);
    if (!ctx) return AD_EXIT_FAILURE;
    ad_status read = ad_content_read_text(&file, ctx, path, FILE_BYTES_MOST);
    if (!read) {
        read = ad_json_parse(ctx, path, (const char *)file.bytes, file.size, JSON_REJECT_DUPLICATES,
                             &root);
        ad_content_free(&file);
    }
    int status = ad_command_check(cmd, read);
    if (status) return status;
    json_t *options = json_object_get(root, "options");
    if (!json_is_object(root) || (options && !json_is_object(options)))
        status = ad_command_fail(cmd, "%.200s: expected a JSON object of options", path);
    if (!status && options) status = check_verb(cmd, path, root);
    if (!status) status = take(cmd, path, options ? options : root);
    json_decref(root);
    return status;
}
