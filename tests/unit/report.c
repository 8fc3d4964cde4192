/* report.c - runs read back and their page: long curves thinned, texts that would break out of the
 * page, files that are not what they should be, runs with parts. */
#include "context.h"
#include "folder.h"

#include <autodidact/train.h>

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

static void make(const char *name)
{
    mkdir(in_folder(name), 0777);
}

static char *get(const char *name, size_t *size)
{
    FILE *file = fopen(in_folder(name), "rb");
    char *text = calloc(1, 8 << 20);
    *size = file ? fread(text, 1, (8 << 20) - 1, file) : 0;
    if (file) fclose(file);
    return text;
}

#define CONFIG                                                                                     \
    "{\"system\":\"toy\",\"verb\":\"train\",\"version\":\"1\",\"cpu\":\"a cpu\",\"threads\":2,"    \
    "\"started\":\"2026-01-01T00:00:00\",\"changed\":[\"lr\",\"data\",\"flip\",\"warm\"],"         \
    "\"training\":{\"monitor\":\"validation/loss\",\"monitor_low\":true,\"steps\":50,"             \
    "\"parameters\":1234},\"options\":{\"lr\":0.1,\"steps\":50,\"data\":\"it's here\","            \
    "\"flip\":false,\"warm\":true,\"run\":null}}"

static void reading(void)
{
    ad_run_info *run;
    make("a"), write_text("a/config.json", CONFIG);
    write_text("a/metrics.jsonl",
               "{\"step\":1,\"epoch\":0.1,\"seconds\":0.5,\"loss\":3}\n"
               "{\"step\":2,\"epoch\":0.2,\"seconds\":1,\"loss\":2,\"validation/loss\":4}\n"
               "{\"step\":2,\"validation/loss\":7}\n" /* does not rise: left out */
               "no json\n[1]\n{\"loss\":1}\n{\"step\":-1,\"loss\":1}\n{\"step\":\"2\"}\n"
               "{\"step\":3,\"loss\":null,\"validation/loss\":3.5,\"seconds\":2}\n"
               "{\"step\":4,\"validation/loss\":3.75,\"lr\":\"high\"}\n{\"step\":5,\"loss\":");
    REQUIRE(!ad_run_info_open(&run, ctx, in_folder("a/")));
    CHECK_TEXT(run->name, "a");
    CHECK_TEXT(run->system, "toy");
    CHECK_INT(run->state, AD_RUN_INTERRUPTED);
    CHECK_INT(run->broken_lines, 5);
    CHECK_INT(run->series_count, 2);
    CHECK_INT(run->series[0].count, 2);
    CHECK_INT(run->series[1].count, 3);
    CHECK_INT(run->step, 4);
    CHECK_INT(run->steps, 50);
    CHECK_INT(run->parameters, 1234);
    CHECK_NEAR(run->seconds, 2, 0);
    CHECK_NEAR(run->epochs_a_step, 0.1, 1e-12);
    CHECK_NEAR(run->best, 3.5, 0);
    CHECK_INT(run->best_step, 3);
    CHECK_TEXT(run->command,
               "autodidact toy train --lr 0.1 --data 'it'\\''s here' --no-flip --warm");
    ad_run_info_close(run);
    write_text("a/result.json",
               "{\"state\":\"finished\",\"results\":{\"test_loss\":2.5,\"odd\":null}}");
    REQUIRE(!ad_run_info_open(&run, ctx, in_folder("a")));
    CHECK_INT(run->state, AD_RUN_FINISHED);
    CHECK_NEAR(ad_metrics_get(&run->result, "test_loss"), 2.5, 0);
    CHECK(isnan(ad_metrics_get(&run->result, "odd")));
    ad_run_info_close(run);
    CHECK(ad_run_is(in_folder("a")) && !ad_run_is(folder));
}

static void refusals(void)
{
    ad_run_info *run;
    make("none");
    CHECK_INT(ad_run_info_open(&run, ctx, in_folder("none")), AD_ERROR_NOT_FOUND);
    CHECK(!run);
    CHECK_CONTAINS(ad_error(ctx), "/none: is not a run: it has no config.json");
    CHECK_INT(ad_run_report(ctx, in_folder("none")), AD_ERROR_NOT_FOUND);
    make("bad"), write_text("bad/config.json", "{\"system\":");
    CHECK_INT(ad_run_info_open(&run, ctx, in_folder("bad")), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "/bad/config.json: ");
    write_text("bad/config.json", "[]");
    CHECK_INT(ad_run_info_open(&run, ctx, in_folder("bad")), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "is not an object");
    write_text("bad/config.json",
               "{\"system\":1,\"model_type\":\"llama\"}"); /* of another program */
    CHECK_INT(ad_run_info_open(&run, ctx, in_folder("bad")), AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "/bad: is not a run: its config.json is of something else");
    /* every field of another kind */
    write_text("bad/config.json",
               "{\"system\":\"x\",\"verb\":[],\"data\":\"x\",\"training\":3,\"options\":[1],"
               "\"changed\":{},\"threads\":\"many\"}");
    write_text("bad/result.json", "{\"state\":7,\"results\":[1]}");
    write_text("bad/confusion.json", "{\"classes\":[\"a\",\"b\"],\"counts\":[[1,2],[3]]}");
    REQUIRE(!ad_run_info_open(&run, ctx, in_folder("bad")));
    CHECK_TEXT(run->verb, "");
    CHECK_INT(run->option_count, 0);
    ad_run_info_close(run);
    CHECK(!ad_run_report(ctx, in_folder("bad")));
    size_t size;
    char *page = get("bad/report.html", &size);
    CHECK_CONTAINS(page, "confusion.json holds no square table of counts");
    free(page);
    make("blocked"), write_text("blocked/config.json", CONFIG);
    make("blocked/report.html"); /* a folder stands where the page is to go */
    CHECK_INT(ad_run_report(ctx, in_folder("blocked")), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "/blocked/report.html");
}

/* Curves of a page, as an array of the plots' JSON. */
static json_t *plots_of(const char *page)
{
    static const char mark[] = "<script type=\"application/json\">";
    json_t *plots = json_array();
    for (const char *p = page; (p = strstr(p, mark)); ++p) {
        const char *from = p + sizeof mark - 1, *to = strstr(from, "</script>");
        json_t *plot = to ? json_loadb(from, (size_t)(to - from), 0, NULL) : NULL;
        CHECK(plot != NULL);
        json_array_append_new(plots, plot);
    }
    return plots;
}

static const json_t *curve(const json_t *plots, size_t plot, size_t number)
{
    return json_array_get(json_object_get(json_array_get(plots, plot), "curves"), number);
}

static int number_of(const char *text, const char *part)
{
    int count = 0;
    for (; (text = strstr(text, part)); ++text) ++count;
    return count;
}

static void long_run(void)
{
    make("long"), write_text("long/config.json", CONFIG);
    FILE *file = fopen(in_folder("long/metrics.jsonl"), "wb");
    REQUIRE(file);
    for (int i = 1; i <= 1000000; ++i)
        fprintf(file, "{\"step\":%d,\"seconds\":%d,\"loss\":%.9g,\"accuracy\":%.9g,\"lr\":0.001}\n",
                i, i, i == 654321 ? 99.5 : 1 + 1.0 / i, 1 - 1.0 / i);
    fclose(file);
    REQUIRE(!ad_run_report(ctx, in_folder("long")));
    size_t size;
    char *page = get("long/report.html", &size);
    CHECK(size > 10000 && size < 3000000);
    json_t *plots = plots_of(page);
    CHECK_INT(json_array_size(plots), 3);
    const json_t *x = json_object_get(curve(plots, 0, 0), "x");
    const json_t *y = json_object_get(curve(plots, 0, 0), "y");
    size_t n = json_array_size(x);
    CHECK(n > 1000 && n <= 2000 && json_array_size(y) == n);
    bool spike = false, rises = true;
    for (size_t i = 0; i < n; ++i) {
        spike |= json_number_value(json_array_get(y, i)) == 99.5 &&
                 json_number_value(json_array_get(x, i)) == 654321;
        rises &= !i || json_number_value(json_array_get(x, i)) >
                           json_number_value(json_array_get(x, i - 1));
    }
    CHECK(spike && rises); /* thinning keeps what sticks out */
    CHECK_NEAR(json_number_value(json_array_get(x, 0)), 1, 0);
    CHECK_NEAR(json_number_value(json_array_get(x, n - 1)), 1e6, 0);
    CHECK_INT(number_of(page, "<polyline"), 3); /* without JavaScript, too */
    json_decref(plots);
    free(page);
    unlink(in_folder("long/metrics.jsonl"));
}

static void hostile(void)
{
    make("evil"), make("evil/samples");
    write_text("evil/config.json",
               "{\"system\":\"</script><script>evil()</"
               "script>\",\"verb\":\"<!--\",\"cpu\":\"<script>evil()\","
               "\"changed\":[\"x\"],\"options\":{\"x\":\"<img src=y onerror=evil()>\","
               "\"</td><script>evil()\":\"\\\" onload=evil() \"},"
               "\"data\":{\"path\":\"<b>\\u0007\",\"summary\":\"&lt;\"}}");
    write_text(
        "evil/metrics.jsonl",
        "{\"step\":1,\"</script><script>evil()</script>\":1,\"validation/<!--<script>\":2}\n"
        "{\"step\":2,\"</script><script>evil()</script>\":1e308,\"validation/"
        "<!--<script>\":-1e308}\n"
        "{\"step\":9e99,\"a\":1}\n{\"step\":9223372036854775807,\"a\":1}\n{\"step\":3,\"a\":1e999}"
        "\n");
    write_text("evil/confusion.json",
               "{\"classes\":[\"<script>evil()\",\"b\"],\"counts\":[[1,9007199254740993],[0,0]]}");
    write_text("evil/result.json", "{\"state\":\"failed\",\"error\":\"<script>evil()\"}");
    write_text("evil/log.txt", "</pre><script>evil()\xff\xc0\x80\x1b[2J\n");
    write_text("evil/samples/<script>evil()-000000001.txt",
               "</pre><script>evil()</script>\xed\xa0\x80");
    write_text("evil/samples/<svg onload=evil()>.svg", "<svg onload=\"evil()\"/>");
    write_text("evil/samples/x-000000001.png", "<svg onload=\"evil()\"/>");
    REQUIRE(!ad_run_report(ctx, in_folder("evil")));
    size_t size;
    char *page = get("evil/report.html", &size);
    CHECK_INT(strlen(page), size);
    CHECK(!strstr(page, "<script>evil"));
    CHECK(!strstr(page, "<img src=y"));
    CHECK(!strstr(page, "<svg onload"));
    CHECK(!strstr(page, "\" onload=evil"));
    CHECK_INT(number_of(page, "<script>"), 1);
    CHECK(!strstr(page, "<!--"));
    CHECK(!strchr(page, '\x1b') && !strchr(page, '\x07'));
    CHECK_CONTAINS(page, "is not a PNG file");
    CHECK_CONTAINS(page, "data:image/svg+xml;base64,");
    CHECK(!strstr(page, "nan") && !strstr(page, "inf,"));
    json_t *plots = plots_of(page);
    CHECK(json_array_size(plots) >= 2);
    json_t *string = json_stringn(page, size); /* NULL unless all of it is UTF-8 */
    CHECK(string != NULL);
    json_decref(string);
    json_decref(plots);
    free(page);
}

static void parts(void)
{
    static const char *const names[] = {"p", "p/seed-10", "p/seed-2", "p/other"};
    for (int i = 0; i < 4; ++i) {
        char path[64];
        make(names[i]);
        snprintf(path, sizeof path, "%s/config.json", names[i]);
        write_text(path, CONFIG);
    }
    write_text("p/result.json", "{\"state\":\"finished\",\"results\":{\"test_loss\":2}}");
    write_text("p/seed-2/result.json", "{\"state\":\"finished\",\"results\":{\"test_loss\":1}}");
    write_text("p/seed-10/result.json", "{\"state\":\"finished\",\"results\":{\"test_loss\":3}}");
    write_text("p/seed-2/metrics.jsonl",
               "{\"step\":1,\"seconds\":5,\"loss\":1}\n{\"step\":2,\"loss\":2}\n"
               "{\"step\":3,\"loss\":3,\"validation/loss\":5}\n");
    write_text(
        "p/seed-10/metrics.jsonl",
        "{\"step\":1,\"seconds\":6,\"loss\":3}\n{\"step\":3,\"loss\":4,\"validation/loss\":6}\n");
    ad_run_info *run;
    REQUIRE(!ad_run_info_open(&run, ctx, in_folder("p")));
    CHECK_INT(run->part_count, 2);
    CHECK_TEXT(run->parts[0]->name, "seed-2");
    CHECK_TEXT(run->parts[1]->name, "seed-10");
    CHECK_NEAR(run->seconds, 11, 0);
    CHECK_NEAR(run->best, 5.5, 0);
    CHECK_INT(run->step, 3);
    CHECK_NEAR(ad_metrics_get(&run->deviation, "test_loss"), sqrt(2), 1e-12);
    ad_run_info_close(run);
    REQUIRE(!ad_run_report(ctx, in_folder("p")));
    size_t size;
    char *page = get("p/report.html", &size);
    json_t *plots = plots_of(page);
    CHECK_INT(json_array_size(plots), 1); /* training and validation lie on one */
    const json_t *mean = curve(plots, 0, 2);
    CHECK_TEXT(json_string_value(json_object_get(mean, "label")), "train, mean of 2");
    const json_t *x = json_object_get(mean, "x"), *y = json_object_get(mean, "y");
    CHECK_INT(json_array_size(x), 2); /* the steps that both have */
    CHECK_NEAR(json_number_value(json_array_get(x, 1)), 3, 0);
    CHECK_NEAR(json_number_value(json_array_get(y, 0)), 2, 0);
    CHECK_NEAR(json_number_value(json_array_get(y, 1)), 3.5, 0);
    CHECK_INT(json_integer_value(json_object_get(curve(plots, 0, 0), "faint")), 1);
    json_decref(plots);
    free(page);
}

static void parts_in_order(void)
{
    static const char *const names[] = {"q", "q/seed-2-fold-0", "q/seed-1-fold-10",
                                        "q/seed-1-fold-9", "q/seed-10-fold-0"};
    static const char *const order[] = {"seed-1-fold-9", "seed-1-fold-10", "seed-2-fold-0",
                                        "seed-10-fold-0"};
    ad_run_info *run;
    for (int i = 0; i < 5; ++i) {
        char path[64];
        make(names[i]);
        snprintf(path, sizeof path, "%s/config.json", names[i]);
        write_text(path, CONFIG);
    }
    REQUIRE(!ad_run_info_open(&run, ctx, in_folder("q")));
    CHECK_INT(run->part_count, 4);
    for (int i = 0; i < 4 && i < run->part_count; ++i) CHECK_TEXT(run->parts[i]->name, order[i]);
    ad_run_info_close(run);
}

static void comparison(void)
{
    const char *paths[] = {strdup(in_folder("a")), strdup(in_folder("p"))};
    make("b"), write_text("b/config.json", CONFIG),
        write_text("b/metrics.jsonl", "{\"step\":1,\"loss\":3}\n");
    const char *b = strdup(in_folder("b"));
    char output[128];
    snprintf(output, sizeof output, "%s", in_folder("compare.html"));
    REQUIRE(!ad_run_compare(ctx, (const char *[]){paths[0], paths[1], b}, 3, output));
    size_t size;
    char *page = get("compare.html", &size);
    json_t *plots = plots_of(page);
    CHECK_INT(json_array_size(plots), 1);
    CHECK_INT(json_array_size(json_object_get(json_array_get(plots, 0), "curves")), 5);
    CHECK_TEXT(json_string_value(json_object_get(curve(plots, 0, 1), "label")), "a, validation");
    json_decref(plots);
    free(page);
    CHECK_INT(ad_run_compare(ctx, (const char *[]){paths[0], in_folder("none")}, 2, output),
              AD_ERROR_NOT_FOUND);
    free((void *)paths[0]), free((void *)paths[1]), free((void *)b);
}

static const check_case cases[] = {
    CASE(reading), CASE(refusals),       CASE(long_run),   CASE(hostile),
    CASE(parts),   CASE(parts_in_order), CASE(comparison), {0}};

int main(int argc, char **argv)
{
    if (!folder_make()) return 1;
    int code = check_in_context(argc, argv, cases);
    return folder_remove() ? code : 1;
}
