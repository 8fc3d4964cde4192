/* json_lines.c - what a command says to programs: JSON on stdout, one object per line, flushed so
 * that a reader can follow. */
#include "command/state.h"
#include "base/escape.h"

#include <string.h>

bool ad_command_json(const ad_command *cmd)
{
    return ad_command_has_flag(cmd, "json");
}

static void put(void *to, const char *bytes, size_t count)
{
    fwrite(bytes, 1, count, to);
}

static void quote(FILE *out, const char *text)
{
    ad_json_string(put, out, text, strlen(text), false);
}

static bool member(ad_command *cmd, const char *name)
{
    if (!cmd->json_open) return false;
    fputc(',', cmd->out);
    quote(cmd->out, name);
    fputc(':', cmd->out);
    return true;
}

void ad_json_begin(ad_command *cmd, const char *event)
{
    cmd->json_open = ad_command_json(cmd);
    if (!cmd->json_open) return;
    fputs("{\"event\":", cmd->out);
    quote(cmd->out, event);
}

void ad_json_text(ad_command *cmd, const char *name, const char *value)
{
    if (!member(cmd, name)) return;
    if (value)
        quote(cmd->out, value);
    else
        fputs("null", cmd->out);
}

void ad_json_bytes(ad_command *cmd, const char *name, const char *value, size_t length)
{
    if (member(cmd, name)) ad_json_string(put, cmd->out, value, length, false);
}

void ad_json_int(ad_command *cmd, const char *name, int64_t value)
{
    if (member(cmd, name)) fprintf(cmd->out, "%lld", (long long)value);
}

static void put_real(FILE *out, double value)
{
    char buffer[32];
    fputs(ad_json_number(value, buffer), out);
}

void ad_json_real(ad_command *cmd, const char *name, double value)
{
    if (member(cmd, name)) put_real(cmd->out, value);
}

void ad_json_ints(ad_command *cmd, const char *name, const int64_t *values, int count)
{
    if (!member(cmd, name)) return;
    fputc('[', cmd->out);
    for (int i = 0; i < count; ++i) fprintf(cmd->out, "%s%lld", i ? "," : "", (long long)values[i]);
    fputc(']', cmd->out);
}

void ad_json_reals(ad_command *cmd, const char *name, const double *values, int count)
{
    if (!member(cmd, name)) return;
    fputc('[', cmd->out);
    for (int i = 0; i < count; ++i) {
        if (i) fputc(',', cmd->out);
        put_real(cmd->out, values[i]);
    }
    fputc(']', cmd->out);
}

void ad_json_texts(ad_command *cmd, const char *name, const char *const *values, int count)
{
    if (!member(cmd, name)) return;
    fputc('[', cmd->out);
    for (int i = 0; i < count; ++i) {
        if (i) fputc(',', cmd->out);
        quote(cmd->out, values[i]);
    }
    fputc(']', cmd->out);
}

void ad_json_metrics(ad_command *cmd, const char *name, const ad_metric *metrics, int count)
{
    if (!member(cmd, name)) return;
    fputc('{', cmd->out);
    for (int i = 0; i < count; ++i) {
        if (i) fputc(',', cmd->out);
        quote(cmd->out, metrics[i].name);
        fputc(':', cmd->out);
        put_real(cmd->out, metrics[i].value);
    }
    fputc('}', cmd->out);
}

void ad_json_bool(ad_command *cmd, const char *name, bool value)
{
    if (member(cmd, name)) fputs(value ? "true" : "false", cmd->out);
}

void ad_json_end(ad_command *cmd)
{
    if (!cmd->json_open) return;
    fputs("}\n", cmd->out);
    fflush(cmd->out);
    cmd->json_open = false;
}
