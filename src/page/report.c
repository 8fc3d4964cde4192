/* report.c - report.html: a run on one page that needs nothing else. */
#include "page/page.h"
#include "base/file.h"
#include "run/run.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { LOG_BYTES = 16000 };

/* ---- the head: what it is, how it stands, its numbers ---- */

static void write_tile(ad_text *to, const char *label, double value, double deviation)
{
    ad_text_add(to, "<div class=\"tile\"><b>");
    ad_page_number(to, value);
    if (isfinite(deviation)) {
        ad_text_add(to, " <i>\xc2\xb1 ");
        ad_text_format(to, "%.2g</i>", deviation);
    }
    ad_text_add(to, "</b><span>");
    char words[192];
    snprintf(words, sizeof words, "%s", label);
    for (char *c = words; *c; ++c) /* test_accuracy reads as two words */
        if (*c == '_' || *c == '/') *c = ' ';
    ad_page_text(to, words);
    ad_text_add(to, "</span></div>\n");
}

static void write_tiles(ad_text *to, const ad_run_info *run)
{
    ad_text_add(to, "<div class=\"tiles\">\n");
    for (int i = 0; i < run->result.count; ++i) {
        const char *name = run->result.at[i].name;
        if (!strcmp(name, "seconds") || !strcmp(name, "steps") || !strcmp(name, "best_step"))
            continue;
        write_tile(to, name, run->result.at[i].value,
                   run->part_count ? run->deviation.at[i].value : NAN);
    }
    if (!run->result.count && isfinite(run->best)) {
        char label[160];
        snprintf(label, sizeof label, "best %.140s", run->monitor);
        write_tile(to, label, run->best, NAN);
    }
    ad_text_add(to, "<div class=\"tile\"><b>");
    ad_page_count(to, run->step);
    if (run->steps > run->step) {
        ad_text_add(to, " <i>of ");
        ad_page_count(to, run->steps);
        ad_text_add(to, "</i>");
    }
    ad_text_add(to, "</b><span>steps</span></div>\n<div class=\"tile\"><b>");
    ad_page_seconds(to, run->seconds);
    ad_text_add(to, "</b><span>of training</span></div>\n");
    if (run->parameters) write_tile(to, "parameters", (double)run->parameters, NAN);
    ad_text_add(to, "</div>\n");
}

static void write_head(ad_text *to, const ad_run_info *run)
{
    ad_text_add(to, "<header><h1>");
    ad_page_text(to, run->system);
    ad_text_add(to, " <small>");
    ad_page_text(to, run->name);
    ad_text_format(to, "</small> <span class=\"state %s\">%s</span></h1>\n",
                   ad_run_state_name(run->state), ad_run_state_name(run->state));
    if (*run->data) {
        ad_text_add(to, "<p class=\"quiet\">");
        ad_page_text(to, run->data_summary);
        ad_text_add(to, *run->data_summary ? ", from " : "from ");
        ad_page_text(to, run->data);
        ad_text_add(to, "</p>\n");
    }
    if (*run->error) {
        ad_text_add(to, "<p class=\"error\">");
        ad_page_text(to, run->error);
        ad_text_add(to, "</p>\n");
    }
    write_tiles(to, run);
    ad_text_add(to, "<pre class=\"command\">");
    ad_page_text(to, run->command);
    ad_text_add(to, "</pre>\n</header>\n");
}

/* ---- parts ---- */

static void write_parts(ad_text *to, const ad_run_info *run)
{
    const ad_metrics *columns = &run->parts[0]->result;
    for (int i = 1; i < run->part_count && !columns->count; ++i) columns = &run->parts[i]->result;
    ad_text_format(to,
                   "<section id=\"parts\"><h2>%d parts</h2><div class=\"scroll\"><table><thead><tr>"
                   "<th>part</th><th>state</th>",
                   run->part_count);
    for (int i = 0; i < columns->count; ++i) {
        ad_text_add(to, "<th class=\"number\">");
        ad_page_text(to, columns->at[i].name);
        ad_text_add(to, "</th>");
    }
    ad_text_add(to, "</tr></thead><tbody>\n");
    for (int p = 0; p < run->part_count; ++p) {
        ad_text_add(to, "<tr><th scope=\"row\">");
        ad_page_text(to, run->parts[p]->name);
        ad_text_format(to, "</th><td>%s</td>", ad_run_state_name(run->parts[p]->state));
        for (int i = 0; i < columns->count; ++i) {
            ad_text_add(to, "<td class=\"number\">");
            ad_page_number(to, ad_metrics_get(&run->parts[p]->result, columns->at[i].name));
            ad_text_add(to, "</td>");
        }
        ad_text_add(to, "</tr>\n");
    }
    ad_text_add(to, "</tbody></table></div></section>\n");
}

/* ---- configuration, machine, log ---- */

static int write_options(ad_text *to, const ad_run_info *run, bool changed)
{
    int count = 0;
    ad_text_add(to, "<table class=\"options\"><tbody>\n");
    for (int i = 0; i < run->option_count; ++i) {
        if (run->changed[i] != changed) continue;
        ++count;
        ad_text_add(to, "<tr><th scope=\"row\">");
        ad_page_text(to, run->options[i].key);
        ad_text_add(to, "</th><td>");
        ad_page_text(to, run->options[i].value ? run->options[i].value : "\xe2\x80\x93");
        ad_text_add(to, "</td></tr>\n");
    }
    ad_text_add(to, "</tbody></table>\n");
    return count;
}

static void write_configuration(ad_text *to, const ad_run_info *run)
{
    ad_text_add(to, "<section id=\"configuration\"><h2>Configuration</h2>\n");
    int changed = 0;
    for (int i = 0; i < run->option_count; ++i) changed += run->changed[i];
    if (changed) (void)write_options(to, run, true);
    if (changed < run->option_count) {
        ad_text_format(to, "<details%s><summary>%d options with their default values</summary>\n",
                       changed ? "" : " open", run->option_count - changed);
        (void)write_options(to, run, false);
        ad_text_add(to, "</details>\n");
    }
    ad_text_add(to, "</section>\n");
}

static void write_fact(ad_text *to, const char *name, const char *value)
{
    if (!*value) return;
    ad_text_format(to, "<tr><th scope=\"row\">%s</th><td>", name);
    ad_page_text(to, value);
    ad_text_add(to, "</td></tr>\n");
}

static void write_machine(ad_text *to, const ad_run_info *run)
{
    char text[64];
    struct tm when;
    time_t written = (time_t)run->written;
    ad_text_add(
        to, "<section id=\"machine\"><h2>Machine and time</h2><table class=\"options\"><tbody>\n");
    write_fact(to, "processor", run->cpu);
    write_fact(to, "instructions", run->isa);
    snprintf(text, sizeof text, "%d", run->threads);
    write_fact(to, "threads", run->threads ? text : "");
    snprintf(text, sizeof text, "autodidact %.40s", run->version);
    write_fact(to, "program", *run->version ? text : "");
    write_fact(to, "data's fingerprint", run->data_fingerprint);
    write_fact(to, "started", run->started);
    if (localtime_r(&written, &when) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &when))
        write_fact(to, "last written", text);
    if (run->seconds > 0 && run->step > 0 && !run->part_count) {
        snprintf(text, sizeof text, "%.4g", (double)run->step / run->seconds);
        write_fact(to, "steps per second", text);
    }
    if (run->broken_lines) {
        snprintf(text, sizeof text, "%lld, left out", (long long)run->broken_lines);
        write_fact(to, "broken lines of metrics.jsonl", text);
    }
    ad_text_add(to, "</tbody></table></section>\n");
}

static void write_log(ad_text *to, ad_context *ctx, const char *run_path)
{
    char path[PATH_MAX];
    ad_file_bytes file;
    snprintf(path, sizeof path, "%.*s/log.txt", PATH_MAX - 64, run_path);
    if (ad_file_bytes_read(&file, ctx, path, (size_t)1 << 30)) return;
    size_t from = file.size > LOG_BYTES ? file.size - LOG_BYTES : 0;
    while (from && from < file.size && file.bytes[from - 1] != '\n') ++from;
    ad_text_add(to, "<section id=\"log\"><h2>Log</h2><details><summary>");
    ad_text_format(to, "%s</summary><pre>", from ? "the end of log.txt" : "log.txt");
    ad_page_bytes(to, (const char *)file.bytes + from, file.size - from);
    ad_text_add(to, "</pre></details></section>\n");
    ad_file_bytes_free(&file);
}

/* ---- the page ---- */

static ad_status write_body(ad_text *to, ad_context *ctx, ad_run_info *run)
{
    /* What a system shows beside its numbers lies in the parts, of which the first stands here. */
    const char *shown = run->part_count ? run->parts[0]->path : run->path;
    write_head(to, run);
    ad_status status = ad_page_plots(to, ctx, &run, 1);
    if (run->part_count) write_parts(to, run);
    ad_page_confusion(to, ctx, shown);
    ad_page_figures(to, ctx, shown);
    ad_page_samples(to, ctx, shown);
    write_configuration(to, run);
    write_machine(to, run);
    write_log(to, ctx, run->path);
    return status;
}

ad_status ad_run_report(ad_context *ctx, const char *path)
{
    char file[PATH_MAX], title[512];
    ad_run_info *run;
    ad_text page;
    ad_status status = ad_run_info_open(&run, ctx, path);
    if (status) return status;
    ad_text_init(&page, ctx);
    snprintf(title, sizeof title, "%.200s - %.200s", run->name, run->system);
    ad_page_begin(&page, title);
    status = write_body(&page, ctx, run);
    ad_page_end(&page);
    if (!status && page.failed) status = AD_ERROR_MEMORY;
    snprintf(file, sizeof file, "%.*s/report.html", PATH_MAX - 64, run->path);
    if (!status) status = ad_run_write(ctx, file, ad_text_get(&page));
    ad_text_free(&page);
    ad_run_info_close(run);
    return status;
}
