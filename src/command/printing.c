/* printing.c - the border to the terminal: all that a command prints but help passes here or
 * through a table, in printable characters. */
#include "base/printable.h"
#include "command/width.h"
#include "command/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void ad_print_format(FILE *out, const char *format, va_list args)
{
    char short_text[1024], *text = short_text;
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(short_text, sizeof short_text, format, args);
    if (n >= (int)sizeof short_text && (text = malloc((size_t)n + 1)))
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    if (!text) text = short_text; /* what fits is better than nothing */
    size_t length = strlen(text), ends = 0;
    for (size_t f = strlen(format); f && format[f - 1] == '\n' && ends < length; --f) ++ends;
    text[length - ends] = 0;
    ad_print_text(out, text, 0, 0);
    while (ends--) fputc('\n', out);
    if (text != short_text) free(text);
}

void ad_command_print(ad_command *cmd, const char *format, ...)
{
    va_list args;
    ad_command_end_live(cmd);
    va_start(args, format);
    ad_print_format(cmd->out, format, args);
    va_end(args);
}

int ad_command_print_metrics(ad_command *cmd, const char *margin, const ad_metrics *metrics,
                             const ad_metrics *deviation)
{
    char text[40];
    int width = 24;
    for (int i = 0; i < metrics->count; ++i) {
        int columns = ad_text_columns(metrics->at[i].name);
        if (columns > width) width = columns;
    }
    ad_command_end_live(cmd);
    for (int i = 0; i < metrics->count; ++i) {
        const ad_metric *m = &metrics->at[i];
        fputs(margin, cmd->out);
        ad_print_text(cmd->out, m->name, 0, width);
        fprintf(cmd->out, " %s", ad_number_text(m->value, 6, text, sizeof text));
        if (deviation && i < deviation->count && isfinite(m->value))
            fprintf(cmd->out, " +- %s",
                    ad_number_text(deviation->at[i].value, 3, text, sizeof text));
        fputc('\n', cmd->out);
    }
    return width;
}

void ad_command_print_text(ad_command *cmd, const char *text, size_t length)
{
    char escape[AD_ESCAPE_BYTES];
    ad_command_end_live(cmd);
    while (length) {
        int taken = ad_printable_next(text, length, AD_PRINTED_TEXT, escape);
        if (*escape)
            fputs(escape, cmd->out);
        else
            fwrite(text, 1, (size_t)taken, cmd->out);
        text += taken, length -= (size_t)taken;
    }
}

bool ad_command_write(ad_command *cmd, const char *text, size_t length)
{
    if (isatty(fileno(cmd->out)) == 1)
        ad_command_print_text(cmd, text, length);
    else
        ad_command_end_live(cmd), fwrite(text, 1, length, cmd->out);
    return fflush(cmd->out) == 0 && !ferror(cmd->out);
}
