/* help.c - help for people, made from the tables: overview, system, verb. Lines stay within 100
 * columns. */
#include "command/state.h"

#include <string.h>

enum { COLUMNS = 96, LEFT = 30 };

/* Prints words from `column` on, continuing lines at `indent`. */
static int wrap(FILE *out, const char *text, int column, int indent)
{
    bool first = true;
    while (*(text += strspn(text, " \n"))) {
        int length = (int)strcspn(text, " \n");
        if (!first && column + 1 + length > COLUMNS) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', out), ++column;
        }
        fwrite(text, 1, (size_t)length, out);
        column += length;
        text += length;
        first = false;
    }
    return column;
}

static void row(FILE *out, const char *left, const char *right)
{
    int column = fprintf(out, "%s", left);
    if (column >= LEFT - 1) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", LEFT - column, "");
    wrap(out, right, LEFT, LEFT);
    fputc('\n', out);
}

static void option_row(FILE *out, const ad_verb *verb, const ad_option *option)
{
    char left[160], range[400], right[800], letter[8] = "    ";
    const char *placeholder = ad_option_placeholder(option);
    if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name, placeholder ? " " : "",
             placeholder ? placeholder : "");
    ad_option_range(option, verb->defaults, range, sizeof range);
    snprintf(right, sizeof right, "%s%s%s%s", option->help, *range ? " (" : "", range,
             *range ? ")" : "");
    row(out, left, right);
}

static void paragraphs(FILE *out, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) : strlen(text);
        fputc('\n', out);
        if (!strncmp(text, "  ", 2)) {
            fwrite(text, 1, length, out);
        } else {
            char paragraph[2000];
            snprintf(paragraph, sizeof paragraph, "%.*s", (int)length, text);
            wrap(out, paragraph, 0, 0);
        }
        fputc('\n', out);
        text += length;
        text += strspn(text, "\n");
    }
}

void ad_verb_help(const ad_app *app, const ad_verb *verb, FILE *out)
{
    char title[128];
    ad_verb_title(app, verb, title, sizeof title);
    fprintf(out, "%s: %s\n\nusage: %s%s%s%s\n", title, verb->summary, title,
            ad_verb_has_rows(verb) ? " [options]" : "",
            verb->operands && *verb->operands ? " " : "", verb->operands ? verb->operands : "");
    if (verb->description) paragraphs(out, verb->description);
    if (!verb->records) fputs("\noptions:\n", out);
    for (ad_row_walk walk = {.verb = verb}; ad_row_next(&walk);) {
        if (walk.title) fprintf(out, "\n%s options:\n", walk.title);
        option_row(out, verb, &walk.option);
    }
    row(out, "      --help", "show this");
}

static void verb_row(FILE *out, const ad_verb *verb)
{
    char left[160];
    snprintf(left, sizeof left, "  %s%s%s%s%s", verb->system ? verb->system : "",
             verb->system ? " " : "", verb->name, verb->operands && *verb->operands ? " " : "",
             verb->operands ? verb->operands : "");
    row(out, left, verb->summary);
}

void ad_app_overview(const ad_app *app, FILE *out)
{
    fprintf(out, "%s %s: %s\n\nusage: %s VERB [options] ...\n\n", app->name, app->version,
            app->summary, app->name);
    for (const ad_verb *const *v = app->verbs; *v; ++v)
        if (!(*v)->hidden) verb_row(out, *v);
    fprintf(out, "\n\"%s VERB --help\" explains a verb and its options.\n", app->name);
}

void ad_system_help(const ad_app *app, const char *system, FILE *out)
{
    fprintf(out, "usage: %s %s VERB [options] ...\n\n", app->name, system);
    for (const ad_verb *const *v = app->verbs; *v; ++v)
        if (!(*v)->hidden && (*v)->system && !strcmp((*v)->system, system)) verb_row(out, *v);
    fprintf(out, "\n\"%s %s VERB --help\" explains a verb and its options.\n", app->name, system);
}
