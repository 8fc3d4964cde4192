/* page_confusion.c - confusion.json as a table: a row per true class, coloured by the share of the
 * row, with recall and precision. Many classes: the rows without the cells, and what is confused
 * most. */
#include "page/page.h"
#include "io/json.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CELLS_MOST = 40, CLASSES_MOST = 2000, PAIRS = 12 };

typedef struct confusion {
    int classes;
    const char **name;
    double *count, *row, *column; /* [classes * classes], [classes], [classes] */
} confusion;

static bool read_counts(confusion *c, const json_t *root, ad_arena *arena)
{
    const json_t *names = json_object_get(root, "classes"), *rows = json_object_get(root, "counts");
    size_t n = json_array_size(names);
    if (!n || n > CLASSES_MOST || json_array_size(rows) != n) return false;
    c->classes = (int)n;
    c->name = ad_arena_alloc(arena, n * sizeof *c->name);
    c->count = ad_arena_alloc(arena, n * n * sizeof *c->count);
    c->row = ad_arena_alloc(arena, 2 * n * sizeof *c->row);
    if (!c->name || !c->count || !c->row) return false;
    c->column = c->row + n;
    for (size_t i = 0; i < n; ++i) {
        const json_t *row = json_array_get(rows, i);
        const char *name = json_string_value(json_array_get(names, i));
        if (!name || json_array_size(row) != n) return false;
        c->name[i] = name;
        for (size_t k = 0; k < n; ++k) {
            const json_t *cell = json_array_get(row, k);
            if (!json_is_integer(cell) || json_integer_value(cell) < 0) return false;
            double value = (double)json_integer_value(cell);
            c->count[i * n + k] = value;
            c->row[i] += value, c->column[k] += value;
        }
    }
    return true;
}

static void write_share(ad_text *to, double part, double whole)
{
    if (whole > 0)
        ad_text_format(to, "<td class=\"share\">%.1f %%</td>", 100 * part / whole);
    else
        ad_text_add(to, "<td class=\"share\">\xe2\x80\x93</td>");
}

static void write_row(ad_text *to, const confusion *c, int i, bool cells)
{
    ad_text_add(to, "<tr><th scope=\"row\">");
    ad_page_text(to, c->name[i]);
    ad_text_add(to, "</th>");
    for (int k = 0; cells && k < c->classes; ++k) {
        double value = c->count[i * c->classes + k], share = c->row[i] > 0 ? value / c->row[i] : 0;
        if (value > 0)
            ad_text_format(to, "<td class=\"%s\" style=\"--a:%.3f\">%.0f</td>",
                           i == k ? "hit" : "miss", sqrt(share), value);
        else
            ad_text_add(to, "<td></td>");
    }
    double hit = c->count[i * c->classes + i];
    ad_text_format(to, "<td class=\"sum\">%.0f</td>", c->row[i]);
    write_share(to, hit, c->row[i]);
    write_share(to, hit, c->column[i]);
    ad_text_add(to, "</tr>\n");
}

static void write_table(ad_text *to, const confusion *c)
{
    bool cells = c->classes <= CELLS_MOST;
    ad_text_add(
        to, "<div class=\"scroll\"><table class=\"confusion\"><thead><tr><th>is \\ taken for</th>");
    for (int k = 0; cells && k < c->classes; ++k) {
        ad_text_add(to, "<th scope=\"col\"><span>");
        ad_page_text(to, c->name[k]);
        ad_text_add(to, "</span></th>");
    }
    ad_text_add(to, "<th>all</th><th>recall</th><th>precision</th></tr></thead><tbody>\n");
    for (int i = 0; i < c->classes; ++i) write_row(to, c, i, cells);
    ad_text_add(to, "</tbody></table></div>\n");
}

/* The largest counts off the diagonal. */
static void write_pairs(ad_text *to, const confusion *c)
{
    int64_t best[PAIRS];
    int found = 0;
    for (int64_t at = 0; at < (int64_t)c->classes * c->classes; ++at) {
        if (at / c->classes == at % c->classes || c->count[at] <= 0) continue;
        if (found == PAIRS && c->count[at] <= c->count[best[found - 1]]) continue;
        int i = found < PAIRS ? found++ : found - 1;
        for (; i && c->count[best[i - 1]] < c->count[at]; --i) best[i] = best[i - 1];
        best[i] = at;
    }
    if (!found) return;
    ad_text_add(to, "<h3>Confused most</h3><ul class=\"pairs\">\n");
    for (int i = 0; i < found; ++i) {
        ad_text_add(to, "<li><b>");
        ad_page_text(to, c->name[best[i] / c->classes]);
        ad_text_add(to, "</b> taken for <b>");
        ad_page_text(to, c->name[best[i] % c->classes]);
        ad_text_format(to, "</b> <span class=\"quiet\">%.0f of %.0f</span></li>\n",
                       c->count[best[i]], c->row[best[i] / c->classes]);
    }
    ad_text_add(to, "</ul>\n");
}

void ad_page_confusion(ad_text *to, ad_context *ctx, const char *run_path)
{
    char path[PATH_MAX];
    struct stat about;
    ad_arena arena;
    confusion c = {0};
    snprintf(path, sizeof path, "%.*s/confusion.json", PATH_MAX - 64, run_path);
    if (stat(path, &about)) return;
    bool sane = S_ISREG(about.st_mode) && about.st_size < 64 << 20;
    json_t *root = NULL;
    if (sane && ad_json_load(ctx, path, 0, &root) == AD_ERROR_MEMORY) to->failed = true;
    ad_arena_init(&arena, ctx);
    ad_text_add(to, "<section id=\"confusion\"><h2>Confusion</h2>\n");
    if (read_counts(&c, root, &arena)) {
        double hits = 0, all = 0;
        for (int i = 0; i < c.classes; ++i) {
            hits += c.count[i * (c.classes + 1)];
            all += c.row[i];
        }
        if (all > 0)
            ad_text_format(to, "<p>%.0f of %.0f are right: %.2f %%.</p>\n", hits, all,
                           100 * hits / all);
        write_table(to, &c);
        write_pairs(to, &c);
    } else
        ad_text_add(to, "<p class=\"quiet\">confusion.json holds no square table of counts.</p>\n");
    ad_text_add(to, "</section>\n");
    json_decref(root);
    ad_arena_free(&arena);
}
