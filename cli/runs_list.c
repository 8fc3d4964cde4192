/* runs_list.c - `autodidact runs list [FOLDER]` and `runs show RUN`. */
#include "cli/runs.h"
#include "cli/verbs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MOST = 100000 };

/* ---- list ---- */

static int newest_first(const void *a, const void *b)
{
    const ad_run_info *x = *(ad_run_info *const *)a, *y = *(ad_run_info *const *)b;
    if (x->written != y->written) return x->written < y->written ? 1 : -1;
    return strcmp(x->path, y->path);
}

/* The runs in a folder. Broken ones get a note. -1: there is no such folder; -2: no memory. */
static int find_runs(ad_command *cmd, const char *path, ad_run_info ***runs)
{
    ad_context *ctx = ad_command_context(cmd);
    int count = 0, capacity = 0;
    ad_status status = AD_OK;
    DIR *folder = opendir(path);
    *runs = NULL;
    if (!folder) return errno == ENOMEM ? -2 : -1;
    for (struct dirent *d;
         status != AD_ERROR_MEMORY && count < RUNS_MOST && (d = readdir(folder));) {
        char full[PATH_MAX];
        ad_run_info *info;
        if (d->d_name[0] == '.' ||
            snprintf(full, sizeof full, "%s/%s", path, d->d_name) >= (int)sizeof full ||
            !ad_run_is(full))
            continue;
        status = ad_run_info_open(&info, ctx, full);
        if (status == AD_ERROR_MEMORY) continue;
        if (status) {
            ad_command_note(cmd, "left out: %s", ad_error(ctx));
            continue;
        }
        if (count == capacity) {
            int more = capacity ? 2 * capacity : 64;
            ad_run_info **grown = realloc(*runs, (size_t)more * sizeof(ad_run_info *));
            if (!grown) {
                ad_run_info_close(info);
                status = AD_ERROR_MEMORY;
                continue;
            }
            *runs = grown, capacity = more;
        }
        (*runs)[count++] = info;
    }
    closedir(folder);
    if (status == AD_ERROR_MEMORY) {
        while (count) ad_run_info_close((*runs)[--count]);
        free(*runs);
        *runs = NULL;
        return -2;
    }
    if (count) qsort(*runs, (size_t)count, sizeof **runs, newest_first);
    return count;
}

static void list_json(ad_command *cmd, const ad_run_info *r)
{
    ad_json_begin(cmd, "run");
    ad_json_text(cmd, "run", r->path);
    ad_json_text(cmd, "system", r->system);
    ad_json_text(cmd, "state", ad_run_state_name(r->state));
    ad_json_int(cmd, "step", r->step);
    if (r->steps) ad_json_int(cmd, "steps", r->steps);
    if (*r->monitor && !isnan(r->best)) {
        ad_json_text(cmd, "monitor", r->monitor);
        ad_json_real(cmd, "best", r->best);
    }
    ad_json_real(cmd, "seconds", r->seconds);
    ad_json_metrics(cmd, "result", r->result.at, r->result.count);
    ad_json_end(cmd);
}

static ad_status list_text(ad_command *cmd, ad_run_info *const *runs, int count)
{
    static const ad_column columns[] = {
        {"run", .most = 40, .cut = AD_CUT_MIDDLE}, {"system", .most = 16},
        {"step", .align = AD_ALIGN_RIGHT},         {"best", .most = 40},
        {"written", .align = AD_ALIGN_RIGHT},      {.name = "state"}};
    ad_table *t;
    char text[96];
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, 6);
    for (int i = 0; i < count; ++i) {
        const ad_run_info *r = runs[i];
        ad_table_row(t);
        ad_table_text(t, r->name), ad_table_text(t, r->system);
        if (r->steps)
            ad_table_format(t, "%lld/%lld", (long long)r->step, (long long)r->steps);
        else
            ad_table_format(t, "%lld", (long long)r->step);
        ad_table_text(t, ad_cli_best(r, text, sizeof text));
        ad_table_text(t, ad_cli_age(r->written, text, sizeof text));
        if (r->part_count)
            ad_table_format(t, "%s (%d parts)", ad_run_state_name(r->state), r->part_count);
        else
            ad_table_text(t, ad_run_state_name(r->state));
    }
    if (!status) status = ad_table_print(t, cmd, "run");
    ad_table_free(t);
    return status;
}

static int list(ad_command *cmd)
{
    const char *path = ad_command_operand(cmd, 0);
    ad_run_info **runs;
    if (!path) path = "runs";
    int count = find_runs(cmd, path, &runs);
    if (count == -2) return ad_command_fail(cmd, "%s: no memory to list it", path);
    if (count < 0) return ad_command_fail(cmd, "%s: there is no such folder", path);
    ad_status status = AD_OK;
    if (!count && !ad_command_json(cmd)) ad_command_note(cmd, "%s: holds no run", path);
    for (int i = 0; i < count && ad_command_json(cmd); ++i) list_json(cmd, runs[i]);
    if (!ad_command_json(cmd)) status = list_text(cmd, runs, count);
    ad_cli_close_runs(runs, count);
    return ad_command_check(cmd, status);
}

static const ad_option list_options[] = {AD_OPTION_QUIET, AD_OPTION_JSON, {0}};

const ad_verb ad_cli_runs_list = {
    AD_VERB("runs", "list", "[FOLDER]", list_options, list,
            "the runs in a folder, the newest first"),
    .description = "FOLDER defaults to runs/.\n\n  autodidact runs list --json"};

/* ---- show ---- */

static void show_result(ad_command *cmd, const ad_run_info *r)
{
    for (int i = 0; i < r->result.count; ++i) {
        const ad_metric *n = &r->result.at[i];
        ad_command_print(cmd, "  %-24s %.6g", n->name, n->value);
        if (r->part_count > 1 && i < r->deviation.count)
            ad_command_print(cmd, " +- %.3g", r->deviation.at[i].value);
        ad_command_print(cmd, "\n");
    }
}

static void show_options(ad_command *cmd, const ad_run_info *r)
{
    for (int i = 0; i < r->option_count; ++i) {
        if (!r->changed[i] || !r->options[i].value) continue;
        ad_command_print(cmd, "  %-24s %s\n", r->options[i].key, r->options[i].value);
    }
}

static void show_last(ad_command *cmd, const ad_run_info *r)
{
    for (int i = 0; i < r->series_count; ++i)
        if (r->series[i].count)
            ad_command_print(cmd, "  %-24s %.6g\n", r->series[i].name,
                             r->series[i].value[r->series[i].count - 1]);
}

static void show_run(ad_command *cmd, const ad_run_info *r)
{
    char text[96];
    ad_command_print(cmd, "%s: %s %s, %s\n", r->path, r->system, r->verb,
                     ad_run_state_name(r->state));
    if (*r->error) ad_command_print(cmd, "  %s\n", r->error);
    ad_command_print(cmd, "  started %s, written %s, trained for ", r->started,
                     ad_cli_age(r->written, text, sizeof text));
    ad_command_print(cmd, "%s\n", ad_seconds_text(r->seconds, text, sizeof text));
    ad_command_print(cmd, "  step %lld", (long long)r->step);
    if (r->steps) ad_command_print(cmd, " of %lld", (long long)r->steps);
    if (r->parameters) ad_command_print(cmd, ", %lld parameters", (long long)r->parameters);
    if (r->best_step >= 0)
        ad_command_print(cmd, ", best at %lld (%s)", (long long)r->best_step,
                         ad_cli_best(r, text, sizeof text));
    ad_command_print(cmd, "\n");
    ad_command_print(cmd, "  %s, %s, %d threads, version %s\n", r->cpu, r->isa, r->threads,
                     r->version);
    if (*r->data) ad_command_print(cmd, "  data: %s (%s)\n", r->data, r->data_summary);
    ad_command_print(cmd, "options that are not the default\n");
    show_options(cmd, r);
    if (r->result.count) ad_command_print(cmd, "results\n");
    show_result(cmd, r);
    if (!r->result.count && r->series_count) ad_command_print(cmd, "last logged\n");
    if (!r->result.count) show_last(cmd, r);
    for (int i = 0; i < r->part_count; ++i)
        ad_command_print(cmd, "part %s: %s, %s\n", r->parts[i]->name,
                         ad_run_state_name(r->parts[i]->state),
                         ad_cli_best(r->parts[i], text, sizeof text));
    ad_command_print(cmd, "again: %s\n", r->command);
    if (r->state == AD_RUN_INTERRUPTED || r->state == AD_RUN_FAILED)
        ad_command_print(cmd, "resume: %s\n", r->resume);
}

static int show(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_run_info *run;
    if (!ctx) return AD_EXIT_FAILURE;
    int code = ad_command_check(cmd, ad_run_info_open(&run, ctx, ad_command_operand(cmd, 0)));
    if (code) return code;
    if (ad_command_json(cmd))
        list_json(cmd, run);
    else
        show_run(cmd, run);
    ad_run_info_close(run);
    return AD_EXIT_OK;
}

const ad_verb ad_cli_runs_show = {AD_VERB("runs", "show", "RUN", list_options, show,
                                          "what a run is, how far it is, and how to resume it")};
