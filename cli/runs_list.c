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

typedef struct found {
    ad_run_info **run; /* [count], owned */
    int count, capacity;
} found;

static ad_status keep(ad_context *ctx, found *f, ad_run_info *info)
{
    if (f->count == f->capacity) {
        int more = f->capacity ? 2 * f->capacity : 64;
        ad_run_info **grown = realloc(f->run, (size_t)more * sizeof(ad_run_info *));
        if (!grown) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
        f->run = grown, f->capacity = more;
    }
    f->run[f->count++] = info;
    return AD_OK;
}

/* The runs in a folder. Broken ones get a note. */
static ad_status find_runs(ad_command *cmd, const char *path, found *f)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_status status = AD_OK;
    DIR *folder = opendir(path);
    if (!folder && errno == ENOMEM)
        return ad_error_set(ctx, AD_ERROR_MEMORY, "%s: no memory to list it", path);
    if (!folder) return ad_error_set(ctx, AD_ERROR_NOT_FOUND, "%s: there is no such folder", path);
    for (struct dirent *d; !status && f->count < RUNS_MOST && (d = readdir(folder));) {
        char full[PATH_MAX];
        ad_run_info *info;
        bool here = !strcmp(path, ".");
        if (d->d_name[0] == '.' ||
            snprintf(full, sizeof full, "%s%s%s", here ? "" : path, here ? "" : "/", d->d_name) >=
                (int)sizeof full ||
            !ad_run_is(full))
            continue;
        status = ad_run_info_open(&info, ctx, full);
        if (!status && (status = keep(ctx, f, info))) ad_run_info_close(info);
        if (!status || status == AD_ERROR_MEMORY) continue;
        if (status != AD_ERROR_NOT_FOUND) ad_command_note(cmd, "left out: %s", ad_error(ctx));
        status = AD_OK;
    }
    closedir(folder);
    return status;
}

/* Where runs are made: in runs/, and by --run NAME in the folder where one is. */
static ad_status find_own(ad_command *cmd, found *f)
{
    ad_status status = find_runs(cmd, "runs", f);
    if (status == AD_ERROR_NOT_FOUND) status = AD_OK;
    return status ? status : find_runs(cmd, ".", f);
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
    static const ad_column columns[] = {{"run", .most = 60, .cut = AD_CUT_MIDDLE},
                                        {"system", .most = 16},
                                        {"step", .align = AD_ALIGN_RIGHT},
                                        {"best", .kind = AD_COLUMN_REAL},
                                        {"of", .most = 24, .cut = AD_CUT_MIDDLE},
                                        {"written", .align = AD_ALIGN_RIGHT},
                                        {.name = "state"}};
    ad_table *t;
    char text[96];
    const char *name;
    double value;
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, 7);
    for (int i = 0; i < count; ++i) {
        const ad_run_info *r = runs[i];
        ad_table_row(t);
        ad_table_text(t, r->path), ad_table_text(t, r->system);
        if (r->steps)
            ad_table_format(t, "%lld/%lld", (long long)r->step, (long long)r->steps);
        else
            ad_table_format(t, "%lld", (long long)r->step);
        if (ad_cli_best(r, &name, &value))
            ad_table_real(t, value), ad_table_text(t, name);
        else
            ad_table_text(t, NULL), ad_table_text(t, NULL);
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
    found f = {0};
    if (!ad_command_context(cmd)) return AD_EXIT_FAILURE;
    ad_status status = path ? find_runs(cmd, path, &f) : find_own(cmd, &f);
    if (f.count) qsort(f.run, (size_t)f.count, sizeof(ad_run_info *), newest_first);
    if (!status && !f.count && !ad_command_json(cmd))
        ad_command_note(cmd, "%s: no run is there", path ? path : "runs/ and this folder");
    for (int i = 0; !status && i < f.count && ad_command_json(cmd); ++i) list_json(cmd, f.run[i]);
    if (!status && !ad_command_json(cmd)) status = list_text(cmd, f.run, f.count);
    ad_cli_close_runs(f.run, f.count);
    return ad_command_check(cmd, status);
}

static const ad_option list_options[] = {AD_OPTION_QUIET, AD_OPTION_JSON, {0}};

const ad_verb ad_cli_runs_list = {
    AD_VERB("runs", "list", "[FOLDER]", list_options, list,
            "the runs in a folder, the newest first"),
    .description = "Without FOLDER those in runs/, where training makes them, and those in the "
                   "folder where one is, where --run NAME makes them.\n\n  autodidact runs list "
                   "--json"};

/* ---- show ---- */

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

static void show_part(ad_command *cmd, const ad_run_info *r)
{
    const char *name;
    double best;
    ad_command_print(cmd, "part %s: %s", r->name, ad_run_state_name(r->state));
    if (ad_cli_best(r, &name, &best)) ad_command_print(cmd, ", %s %.6g", name, best);
    ad_command_print(cmd, "\n");
}

static void show_run(ad_command *cmd, const ad_run_info *r)
{
    char text[96];
    const char *name;
    double best;
    ad_command_print(cmd, "%s: %s %s, %s\n", r->path, r->system, r->verb,
                     ad_run_state_name(r->state));
    if (*r->error) ad_command_print(cmd, "  %s\n", r->error);
    ad_command_print(cmd, "  started %s, written %s, trained for ", r->started,
                     ad_cli_age(r->written, text, sizeof text));
    ad_command_print(cmd, "%s\n", ad_seconds_text(r->seconds, text, sizeof text));
    ad_command_print(cmd, "  step %lld", (long long)r->step);
    if (r->steps) ad_command_print(cmd, " of %lld", (long long)r->steps);
    if (r->parameters) ad_command_print(cmd, ", %lld parameters", (long long)r->parameters);
    if (r->best_step >= 0 && ad_cli_best(r, &name, &best))
        ad_command_print(cmd, ", best at %lld (%s %.6g)", (long long)r->best_step, name, best);
    ad_command_print(cmd, "\n");
    ad_command_print(cmd, "  %s, %s, %d threads, version %s\n", r->cpu, r->isa, r->threads,
                     r->version);
    if (*r->data) ad_command_print(cmd, "  data: %s (%s)\n", r->data, r->data_summary);
    ad_command_print(cmd, "options that are not the default\n");
    show_options(cmd, r);
    if (r->result.count) ad_command_print(cmd, "results\n");
    ad_command_print_metrics(cmd, "  ", &r->result, r->part_count > 1 ? &r->deviation : NULL);
    if (!r->result.count && r->series_count) ad_command_print(cmd, "last logged\n");
    if (!r->result.count) show_last(cmd, r);
    for (int i = 0; i < r->part_count; ++i) show_part(cmd, r->parts[i]);
    if (r->state == AD_RUN_FINISHED) ad_command_print(cmd, "report: %s/report.html\n", r->path);
    ad_command_print(cmd, "again: %s\n", r->command);
    if (r->state == AD_RUN_INTERRUPTED || r->state == AD_RUN_FAILED)
        ad_command_print(cmd, "resume: %s\n", r->resume);
    if (r->state == AD_RUN_FINISHED || r->step > 0)
        ad_command_next(cmd, r->system, r->part_count ? r->parts[0]->path : r->path);
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
