/* runs_compare.c - `autodidact runs compare RUN...`: where options differ, and what came out. */
#include "cli/runs.h"
#include "cli/verbs.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_MOST = 40, NAME_MOST = 32 };

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

static bool in_results(const ad_run_info *r, const char *name)
{
    for (int i = 0; i < r->result.count; ++i)
        if (!strcmp(r->result.at[i].name, name)) return true;
    return false;
}

static void add_results(ad_table *t, ad_run_info *const *runs, int count)
{
    for (int r = 0; r < count; ++r)
        for (int k = 0; k < runs[r]->result.count; ++k) {
            const char *name = runs[r]->result.at[k].name;
            bool known = false;
            for (int i = 0; i < r; ++i) known |= in_results(runs[i], name);
            if (known) continue;
            ad_table_row(t);
            ad_table_text(t, name);
            for (int i = 0; i < count; ++i)
                if (in_results(runs[i], name))
                    ad_table_real(t, ad_metrics_get(&runs[i]->result, name));
                else
                    ad_table_none(t);
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

/* Runs in several folders may have the same name. */
static bool share_names(ad_run_info *const *runs, int count)
{
    for (int i = 1; i < count; ++i)
        for (int k = 0; k < i; ++k)
            if (!strcmp(runs[i]->name, runs[k]->name)) return true;
    return false;
}

/* How much all names begin with alike, up to a word's end, where they are too long for a heading:
 * an ellipsis would else stand for what differs. */
static size_t common_start(ad_run_info *const *runs, int count, bool paths)
{
    const char *first = paths ? runs[0]->path : runs[0]->name;
    size_t common = strlen(first), longest = common;
    for (int i = 1; i < count; ++i) {
        const char *name = paths ? runs[i]->path : runs[i]->name;
        size_t length = strlen(name), same = 0;
        while (same < common && first[same] == name[same]) ++same;
        common = same, longest = longest > length ? longest : length;
    }
    while (common && !strchr("-_./ ", first[common - 1])) --common;
    return count > 1 && longest > NAME_MOST ? common : 0;
}

/* A column for each run. */
static ad_status print(ad_command *cmd, ad_run_info *const *runs, int count)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_table *t;
    ad_column *columns = calloc((size_t)count + 1, sizeof *columns);
    if (!columns) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    bool paths = share_names(runs, count);
    size_t cut = common_start(runs, count, paths);
    columns[0] = (ad_column){.name = ""};
    for (int i = 0; i < count; ++i)
        columns[i + 1] = (ad_column){(paths ? runs[i]->path : runs[i]->name) + cut,
                                     .most = VALUE_MOST, .cut = AD_CUT_MIDDLE};
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
