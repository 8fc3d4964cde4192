/* runs_compare.c - `autodidact runs compare RUN...`: where options differ, and what came out. */
#include "cli/runs.h"
#include "cli/verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 18 };

ad_run_info **ad_cli_open_runs(ad_command *cmd, int *code)
{
    int count = ad_command_operands(cmd);
    ad_context *ctx = ad_command_context(cmd);
    ad_run_info **runs = ctx ? calloc((size_t)count, sizeof *runs) : NULL;
    *code = AD_EXIT_OK;
    for (int i = 0; i < count && runs && !*code; ++i)
        if (ad_run_info_open(&runs[i], ctx, ad_command_operand(cmd, i)))
            *code = ad_command_fail(cmd, "%s", ad_error(ctx));
    if (!runs) *code = ctx ? ad_command_fail(cmd, "out of memory") : AD_EXIT_FAILURE;
    if (!*code) return runs;
    ad_cli_close_runs(runs, count);
    return NULL;
}

void ad_cli_close_runs(ad_run_info **runs, int count)
{
    for (int i = 0; runs && i < count; ++i) ad_run_info_close(runs[i]);
    free(runs);
}

static const char *option(const ad_run_info *r, const char *name)
{
    for (int i = 0; i < r->option_count; ++i)
        if (!strcmp(r->options[i].key, name)) return r->options[i].value;
    return NULL;
}

static bool differs(ad_run_info *const *runs, int count, const char *name)
{
    const char *first = option(runs[0], name);
    for (int i = 1; i < count; ++i) {
        const char *other = option(runs[i], name);
        if (!first != !other || (first && strcmp(first, other))) return true;
    }
    return false;
}

static bool known_before(ad_run_info *const *runs, int run, const char *name)
{
    for (int i = 0; i < run; ++i)
        for (int k = 0; k < runs[i]->option_count; ++k)
            if (!strcmp(runs[i]->options[k].key, name)) return true;
    return false;
}

static void cell(FILE *out, const char *text)
{
    char cut[WIDTH + 1];
    snprintf(cut, sizeof cut, "%s", text);
    fputs("  ", out);
    ad_cli_print_name(out, cut, WIDTH);
}

static void print_options(FILE *out, ad_run_info *const *runs, int count)
{
    for (int r = 0; r < count; ++r)
        for (int k = 0; k < runs[r]->option_count; ++k) {
            const char *name = runs[r]->options[k].key;
            if (known_before(runs, r, name) || !differs(runs, count, name)) continue;
            fprintf(out, "%-28.28s", name);
            for (int i = 0; i < count; ++i) {
                const char *value = option(runs[i], name);
                cell(out, value ? value : "-");
            }
            fputc('\n', out);
        }
}

static void print_results(FILE *out, ad_run_info *const *runs, int count)
{
    char text[64];
    for (int k = 0; k < runs[0]->result.count; ++k) {
        const char *name = runs[0]->result.number[k].name;
        fprintf(out, "%-28.28s", name);
        for (int i = 0; i < count; ++i) {
            double value = ad_train_result_get(&runs[i]->result, name);
            snprintf(text, sizeof text, isnan(value) ? "-" : "%.6g", value);
            cell(out, text);
        }
        fputc('\n', out);
    }
}

static void print(ad_command *cmd, ad_run_info *const *runs, int count)
{
    FILE *out = ad_command_out(cmd);
    char text[96];
    fprintf(out, "%-28s", "");
    for (int i = 0; i < count; ++i) cell(out, runs[i]->name);
    fprintf(out, "\n%-28s", "state");
    for (int i = 0; i < count; ++i) cell(out, ad_run_state_name(runs[i]->state));
    fputc('\n', out);
    print_options(out, runs, count);
    print_results(out, runs, count);
    fprintf(out, "%-28s", "trained for");
    for (int i = 0; i < count; ++i) cell(out, ad_cli_duration(runs[i]->seconds, text, sizeof text));
    fputc('\n', out);
}

static int run(ad_command *cmd)
{
    int code, count = ad_command_operands(cmd);
    const char *output = ad_command_text(cmd, "output");
    ad_run_info **runs = ad_cli_open_runs(cmd, &code);
    if (!runs) return code;
    print(cmd, runs, count);
    ad_cli_close_runs(runs, count);
    if (!output) return AD_EXIT_OK;
    const char **paths = malloc((size_t)count * sizeof *paths);
    if (!paths) return ad_command_fail(cmd, "out of memory");
    for (int i = 0; i < count; ++i) paths[i] = ad_command_operand(cmd, i);
    ad_context *ctx = ad_command_context(cmd);
    if (ad_run_compare(ctx, paths, count, output))
        code = ad_command_fail(cmd, "%s", ad_error(ctx));
    else
        ad_command_note(cmd, "wrote %s", output);
    free(paths);
    return code;
}

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .unit = "PAGE",
     .help = "also write a page with the curves laid over each other"},
    AD_OPTION_QUIET,
    {0},
};

const ad_verb ad_cli_runs_compare = {
    .system = "runs",
    .name = "compare",
    .operands = "RUN...",
    .options = options,
    .run = run,
    .summary = "where the options of runs differ, and what came out",
    .description = "  autodidact runs compare runs/classify-20260101-* -o compare.html",
};
