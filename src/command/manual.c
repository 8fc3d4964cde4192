/* manual.c - the tables as a manual page (roff, man macros of section 1). */
#include "command/state.h"

#include <string.h>

/* Plain text as roff: backslashes and leading control characters escaped, '-' as a minus that can
 * be copied, line breaks kept only where asked. */
static void escaped(FILE *out, const char *text, size_t length, bool keep_lines)
{
    bool line_start = true;
    for (size_t i = 0; i < length; ++i) {
        char c = text[i];
        if (line_start && (c == '.' || c == '\'')) fputs("\\&", out);
        if (c == '\\')
            fputs("\\e", out);
        else if (c == '-')
            fputs("\\-", out);
        else if (c == '\n' && !keep_lines)
            fputc(' ', out);
        else
            fputc(c, out);
        line_start = c == '\n';
    }
}

static void plain(FILE *out, const char *text)
{
    escaped(out, text, strlen(text), false);
}

static void paragraphs(FILE *out, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) : strlen(text);
        bool example = !strncmp(text, "  ", 2);
        fputs(example ? ".PP\n.nf\n" : ".PP\n", out);
        escaped(out, text, length, example);
        fputs(example ? "\n.fi\n" : "\n", out);
        text += length;
        text += strspn(text, "\n");
    }
}

static void option_entry(FILE *out, const ad_verb *verb, const ad_option *option)
{
    char range[400];
    const char *placeholder = ad_option_placeholder(option);
    fputs(".TP\n", out);
    if (option->letter) fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", out);
    plain(out, option->name);
    fputs("\\fR", out);
    if (placeholder) {
        fputs(" \\fI", out);
        plain(out, placeholder);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    plain(out, option->help);
    ad_option_range(option, verb->defaults, range, sizeof range);
    if (*range) {
        fputs(" (", out);
        plain(out, range);
        fputc(')', out);
    }
    fputc('\n', out);
}

static void verb_section(FILE *out, const ad_app *app, const ad_verb *verb)
{
    char title[128];
    fputs(".SS ", out);
    plain(out, ad_verb_title(app, verb, title, sizeof title));
    if (ad_verb_has_rows(verb)) fputs(" [options]", out);
    if (verb->operands && *verb->operands) {
        fputc(' ', out);
        plain(out, verb->operands);
    }
    fputs("\n", out);
    plain(out, verb->summary);
    fputs(".\n", out);
    if (verb->description) paragraphs(out, verb->description);
    for (ad_row_walk walk = {.verb = verb}; ad_row_next(&walk);)
        option_entry(out, verb, &walk.option);
}

void ad_app_manual(const ad_app *app, FILE *out)
{
    fprintf(out, ".TH \"%s\" 1 \"\" \"%s %s\" \"User Commands\"\n.SH NAME\n%s \\- ", app->name,
            app->name, app->version, app->name);
    plain(out, app->summary);
    fprintf(out,
            "\n.SH SYNOPSIS\n.B %s\n.I verb\n[\\fIoptions\\fR] ...\n.SH DESCRIPTION\n"
            "Options and operands may be mixed; \\fB\\-\\-\\fR ends the options. A value follows "
            "its option as the\n"
            "next word or after \\(lq=\\(rq. \\fB\\-\\-no\\-\\fIname\\fR turns a flag off. "
            "\\fB\\-\\-help\\fR "
            "explains a verb.\n.SH VERBS\n",
            app->name);
    for (const ad_verb *const *v = app->verbs; *v; ++v)
        if (!(*v)->hidden) verb_section(out, app, *v);
    fputs(".SH ENVIRONMENT\n.TP\n.B AUTODIDACT_ISA\nThe best instructions to compute with, for "
          "measuring and for reports of faults: scalar, avx2,\navx512, avx512bf16, neon. Other "
          "instructions round otherwise.\n.TP\n.B AUTODIDACT_EXPAND_LIMIT\nTo how many bytes "
          "compressed data may expand (16G); 2 GiB unless it is set.\n",
          out);
    fputs(".SH EXIT STATUS\n0 on success, 1 when the work failed, 2 for wrong usage. Every error "
          "is one line on "
          "standard error.\n",
          out);
}
