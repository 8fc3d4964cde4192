/* runs_compare.c - `autodidact runs compare RUN...`: where options differ, and what came out. */
#include "cli/runs.h"
#include "cli/verbs.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_MOST = 40 };

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

static void add_options(ad_table *t, ad_run_info *const *runs, int count)
{
    for (int r = 0; r < count; ++r)
        for (int k = 0; k < runs[r]->option_count; ++k) {
            const char *name = runs[r]->options[k].key;
            if (known_before(runs, r, name) || !differs(runs, count, name)) continue;
            ad_table_row(t);
            ad_table_text(t, name);
            for (int i = 0; i < count; ++i) {
                const char *value = option(runs[i], name);
                ad_table_text(t, value ? value : "-");
            }
        }
}

static void add_results(ad_table *t, ad_run_info *const *runs, int count)
{
    for (int k = 0; k < runs[0]->result.count; ++k) {
        const char *name = runs[0]->result.at[k].name;
        ad_table_row(t);
        ad_table_text(t, name);
        for (int i = 0; i < count; ++i) ad_table_real(t, ad_metrics_get(&runs[i]->result, name));
    }
}

static void fill(ad_table *t, ad_run_info *const *runs, int count)
{
    char text[32];
    ad_table_row(t);
    ad_table_text(t, "state");
    for (int i = 0; i < count; ++i) ad_table_text(t, ad_run_state_name(runs[i]->state));
    add_options(t, runs, count);
    add_results(t, runs, count);
    ad_table_row(t);
    ad_table_text(t, "trained for");
    for (int i = 0; i < count; ++i)
        ad_table_text(t, ad_seconds_text(runs[i]->seconds, text, sizeof text));
}

/* A column for each run. */
static ad_status print(ad_command *cmd, ad_run_info *const *runs, int count)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_table *t;
    ad_column *columns = calloc((size_t)count + 1, sizeof *columns);
    if (!columns) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    columns[0] = (ad_column){.name = ""};
    for (int i = 0; i < count; ++i)
        columns[i + 1] = (ad_column){runs[i]->name, .most = VALUE_MOST, .cut = AD_CUT_MIDDLE};
    ad_status status = ad_table_new(&t, ctx, columns, count + 1);
    free(columns);
    fill(t, runs, count);
    if (!status) status = ad_table_print(t, cmd, "row");
    ad_table_free(t);
    return status;
}

static int run(ad_command *cmd)
{
    int code, count = ad_command_operands(cmd);
    const char *output = ad_command_text(cmd, "output");
    ad_run_info **runs = ad_cli_open_runs(cmd, &code);
    if (!runs) return code;
    code = ad_command_check(cmd, print(cmd, runs, count));
    ad_cli_close_runs(runs, count);
    if (!output || code) return code;
    const char **paths = malloc((size_t)count * sizeof *paths);
    if (!paths) return ad_command_fail(cmd, "out of memory");
    for (int i = 0; i < count; ++i) paths[i] = ad_command_operand(cmd, i);
    code = ad_command_check(cmd, ad_run_compare(ad_command_context(cmd), paths, count, output));
    if (!code) ad_command_note(cmd, "wrote %s", output);
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
    AD_VERB("runs", "compare", "RUN...", options, run,
            "where the options of runs differ, and their results"),
    .description = "  autodidact runs compare runs/classify-20260101-* -o compare.html"};
