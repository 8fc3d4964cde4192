/* report_compare.c - runs side by side on one page: where their options differ, their results,
 * their curves laid over each other. */
#include "page/page.h"
#include "run/run.h"

#include <math.h>
#include <string.h>

typedef struct comparison {
    ad_run_info *const *run;
    int count;
} comparison;

static bool seen_option(const comparison *c, int run, const char *name)
{
    for (int i = 0; i < run; ++i)
        for (int k = 0; k < c->run[i]->option_count; ++k)
            if (!strcmp(c->run[i]->options[k].key, name)) return true;
    return false;
}

static bool differs(const comparison *c, const char *name)
{
    const char *first = ad_run_option(c->run[0], name);
    for (int i = 1; i < c->count; ++i) {
        const char *other = ad_run_option(c->run[i], name);
        if (!first != !other || (first && strcmp(first, other))) return true;
    }
    return false;
}

static void write_heading(ad_text *to, const comparison *c, const char *title)
{
    ad_text_format(to, "<div class=\"scroll\"><table><thead><tr><th>%s</th>", title);
    for (int i = 0; i < c->count; ++i) {
        ad_text_format(to, "<th><span class=\"key c%d\">", i % 8);
        ad_page_text(to, c->run[i]->name);
        ad_text_add(to, "</span></th>");
    }
    ad_text_add(to, "</tr></thead><tbody>\n");
}

static void write_options(ad_text *to, const comparison *c)
{
    ad_text_add(to, "<section><h2>Options that differ</h2>\n");
    write_heading(to, c, "option");
    for (int r = 0; r < c->count; ++r)
        for (int k = 0; k < c->run[r]->option_count; ++k) {
            const char *name = c->run[r]->options[k].key;
            if (seen_option(c, r, name) || !differs(c, name)) continue;
            ad_text_add(to, "<tr><th scope=\"row\">");
            ad_page_text(to, name);
            ad_text_add(to, "</th>");
            for (int i = 0; i < c->count; ++i) {
                const char *value = ad_run_option(c->run[i], name);
                ad_text_add(to, "<td>");
                ad_page_text(to, value ? value : "\xe2\x80\x93");
                ad_text_add(to, "</td>");
            }
            ad_text_add(to, "</tr>\n");
        }
    ad_text_add(to, "</tbody></table></div></section>\n");
}

static bool seen_result(const comparison *c, int run, const char *name)
{
    for (int i = 0; i < run; ++i)
        for (int k = 0; k < c->run[i]->result.count; ++k)
            if (!strcmp(c->run[i]->result.at[k].name, name)) return true;
    return false;
}

static void write_result(ad_text *to, const comparison *c, const char *name)
{
    ad_text_add(to, "<tr><th scope=\"row\">");
    ad_page_text(to, name);
    ad_text_add(to, "</th>");
    for (int i = 0; i < c->count; ++i) {
        double deviation = ad_metrics_get(&c->run[i]->deviation, name);
        ad_text_add(to, "<td>");
        ad_page_number(to, ad_metrics_get(&c->run[i]->result, name));
        if (isfinite(deviation)) ad_text_format(to, " \xc2\xb1 %.2g", deviation);
        ad_text_add(to, "</td>");
    }
    ad_text_add(to, "</tr>\n");
}

static void write_results(ad_text *to, const comparison *c)
{
    ad_text_add(to, "<section><h2>Results</h2>\n");
    write_heading(to, c, "");
    ad_text_add(to, "<tr><th scope=\"row\">state</th>");
    for (int i = 0; i < c->count; ++i)
        ad_text_format(to, "<td>%s</td>", ad_run_state_name(c->run[i]->state));
    ad_text_add(to, "</tr>\n<tr><th scope=\"row\">best</th>");
    for (int i = 0; i < c->count; ++i) {
        ad_text_add(to, "<td>");
        ad_page_number(to, c->run[i]->best);
        ad_text_add(to, " <span class=\"quiet\">");
        ad_page_text(to, c->run[i]->monitor);
        ad_text_add(to, "</span></td>");
    }
    ad_text_add(to, "</tr>\n");
    for (int r = 0; r < c->count; ++r)
        for (int k = 0; k < c->run[r]->result.count; ++k) {
            const char *name = c->run[r]->result.at[k].name;
            if (!seen_result(c, r, name)) write_result(to, c, name);
        }
    ad_text_add(to, "</tbody></table></div></section>\n");
}

static ad_status write_page(ad_context *ctx, const comparison *c, const char *output)
{
    ad_text page;
    ad_text_init(&page, ctx);
    ad_page_begin(&page, "runs compared");
    ad_text_format(&page, "<header><h1>%d runs</h1></header>\n", c->count);
    write_results(&page, c);
    write_options(&page, c);
    ad_status status = ad_page_plots(&page, ctx, c->run, c->count);
    ad_page_end(&page);
    if (!status && page.failed) status = AD_ERROR_MEMORY;
    if (!status) status = ad_run_write(ctx, output, ad_text_get(&page));
    ad_text_free(&page);
    return status;
}

ad_status ad_run_compare(ad_context *ctx, const char *const *paths, int count, const char *output)
{
    if (count < 1) return ad_fail(ctx, AD_ERROR_ARGUMENT, "no run was named");
    size_t bytes = (size_t)count * sizeof(ad_run_info *);
    ad_run_info **runs = ad_zalloc(ctx, bytes);
    if (!runs) return AD_ERROR_MEMORY;
    ad_status status = AD_OK;
    for (int i = 0; i < count && !status; ++i) status = ad_run_info_open(&runs[i], ctx, paths[i]);
    if (!status) status = write_page(ctx, &(comparison){runs, count}, output);
    for (int i = 0; i < count; ++i) ad_run_info_close(runs[i]);
    ad_free(ctx, runs, bytes);
    return status;
}
