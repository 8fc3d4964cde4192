/* plot.c - plots of ordinary and of odd data: what is drawn lies within the area and is finite,
 * what is left out is said, long series keep what sticks out. */
#include "context.h"
#include "sparing.h"

#include <autodidact/plot.h>

#include <float.h>

static int count_of(const char *text, const char *part)
{
    int count = 0;
    for (; (text = strstr(text, part)); ++text) ++count;
    return count;
}

/* Numbers of the attribute `name`, all of which must lie within [low, high]; returns how many. */
static int within(const char *svg, const char *name, double low, double high)
{
    char mark[32];
    int count = 0;
    snprintf(mark, sizeof mark, " %s=\"", name);
    for (const char *p = svg; (p = strstr(p, mark)); ++p) {
        double v = strtod(p + strlen(mark), NULL);
        if (!(v >= low && v <= high)) CHECK_FAIL("%s is %g", name, v);
        ++count;
    }
    return count;
}

/* Draws it both ways; the SVG text is the drawing's. All marks lie in the picture. */
static ad_drawing *draw(const ad_plot *plot)
{
    ad_drawing *d;
    ad_image *image;
    if (ad_plot_new(&d, ctx, plot)) {
        CHECK_FAIL("%s", ad_error(ctx));
        return NULL;
    }
    const char *svg = ad_drawing_svg(d);
    double w = ad_drawing_width(d), h = ad_drawing_height(d);
    CHECK(svg && !strstr(svg, "nan") && !strstr(svg, "inf\""));
    within(svg, "x1", 0, w), within(svg, "x2", 0, w), within(svg, "cx", 0, w);
    within(svg, "y1", 0, h), within(svg, "y2", 0, h), within(svg, "cy", 0, h);
    within(svg, "x", -1, w), within(svg, "y", -1, h);
    for (const char *p = svg; (p = strstr(p, "points=\"")); ++p) {
        char *at = (char *)p + 8;
        while (*at != '"') {
            double x = strtod(at, &at), y = strtod(at + 1, &at);
            if (!(x >= 0 && x <= w && y >= 0 && y <= h)) CHECK_FAIL("a point at %g, %g", x, y);
            while (*at == ' ') ++at;
        }
    }
    CHECK_INT(ad_drawing_image(d, 1, &image), AD_OK);
    ad_image_free(image);
    return d;
}

static ad_drawing *draw_values(const double *y, int64_t count, bool log)
{
    ad_series series = {.label = "values", .y = y, .count = count};
    return draw(&(ad_plot){.y = {.log = log}, .series = &series, .count = 1});
}

static void a_line(void)
{
    double y[] = {0, 1, 4, 9, 16, 25};
    ad_series series = {.label = "squares", .y = y, .count = 6};
    ad_plot plot = {.title = "Squares",
                    .x = {.label = "n"},
                    .y = {.label = "n * n"},
                    .series = &series,
                    .count = 1};
    ad_drawing *d = draw(&plot);
    const char *svg = ad_drawing_svg(d);
    CHECK_CONTAINS(svg, "aria-label=\"Squares\"");
    CHECK_CONTAINS(svg, ">n * n</text>");
    CHECK_CONTAINS(svg, "<g><title>squares</title>");
    CHECK_CONTAINS(svg, ">25</text>");
    CHECK_CONTAINS(svg, ">5</text>");
    CHECK_INT(count_of(svg, "<polyline"), 1);
    char *again = strdup(svg);
    ad_drawing_free(d);
    d = draw(&plot);
    CHECK_TEXT(ad_drawing_svg(d), again); /* the same bytes */
    ad_drawing_free(d);
    free(again);
}

static void odd_ranges(void)
{
    static const double all[][4] = {{0, 0, 0, 0},
                                    {1e-320, 1e-320, 1e-320, 1e-320},
                                    {5, 5, 5, 5},
                                    {1e9, 1e9 + 1, 1e9, 1e9 + 2},
                                    {1, 1 + 1e-15, 1, 1},
                                    {-1e308, 1e308, 0, 1},
                                    {DBL_MAX, -DBL_MAX, DBL_MAX, 0},
                                    {1e-300, 2e-300, 1e-300, 5e-301},
                                    {-0.001, 0.001, 0, -0.0},
                                    {123456, 123457, 123458, 123456}};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
        for (int log = 0; log < 2; ++log) {
            ad_drawing *d = draw_values(all[i], 4, log);
            CHECK(d && count_of(ad_drawing_svg(d), "text-anchor=\"end\"") >= 1);
            ad_drawing_free(d);
            ad_series bars = {AD_PLOT_BARS, "x", .y = all[i], .count = 4};
            ad_series bins = {AD_PLOT_HISTOGRAM, "x", .y = all[i], .count = 4};
            ad_series both[] = {bars, bins};
            ad_drawing_free(draw(&(ad_plot){.y = {.log = log}, .series = &bars, .count = 1}));
            ad_drawing_free(draw(&(ad_plot){.x = {.log = log}, .series = &bins, .count = 1}));
            ad_drawing_free(
                draw(&(ad_plot){.series = both, .count = 2, .width = 112, .height = 92}));
        }
}

static void nothing_to_draw(void)
{
    double nan[] = {NAN, INFINITY, -INFINITY};
    ad_drawing_free(draw(&(ad_plot){.title = ""}));
    ad_drawing *small;
    CHECK_INT(ad_plot_new(&small, ctx, &(ad_plot){.width = 60}), AD_ERROR_ARGUMENT);
    CHECK(!small);
    ad_drawing_free(draw_values(NULL, 0, false));
    ad_drawing_free(draw_values(NULL, 0, true));
    ad_drawing *d = draw_values(nan, 3, false);
    CHECK_CONTAINS(ad_drawing_svg(d), ">not finite: 3 (left out)<");
    ad_drawing_free(d);
    for (int kind = AD_PLOT_LINE; kind <= AD_PLOT_HISTOGRAM; ++kind) {
        ad_series none = {.kind = (ad_plot_kind)kind, .label = "none"};
        ad_series some = {(ad_plot_kind)kind, "some", nan, nan, nan, .count = 3};
        ad_drawing_free(draw(&(ad_plot){.series = &none, .count = 1}));
        ad_drawing_free(draw(&(ad_plot){.series = &some, .count = 1, .y = {.log = true}}));
    }
}

static void gaps_and_what_is_left_out(void)
{
    double y[] = {1, 2, NAN, 3, 4, NAN, 5, NAN, 0, -1, 8, 16};
    ad_drawing *d = draw_values(y, 12, false);
    CHECK_INT(count_of(ad_drawing_svg(d), "<line x1") + count_of(ad_drawing_svg(d), "<polyline"),
              count_of(ad_drawing_svg(d), "stroke=\"#e4e1db\"") + 1 /* axis */ + 1 /* key */ + 3);
    CHECK_INT(count_of(ad_drawing_svg(d), "<circle"), 1); /* a value between two gaps */
    CHECK_CONTAINS(ad_drawing_svg(d), ">not finite: 3 (left out)<");
    ad_drawing_free(d);
    d = draw_values(y, 12, true);
    CHECK_CONTAINS(ad_drawing_svg(d), ">not finite: 3, not above 0: 2 (left out)<");
    ad_drawing_free(d);
}

static void long_series(void)
{
    enum { MANY = 1000000 };
    double *y = malloc(MANY * sizeof *y), *x = malloc(MANY * sizeof *x);
    REQUIRE(x && y);
    for (int i = 0; i < MANY; ++i) x[i] = i, y[i] = i % 2;
    y[654321] = 100, y[777777] = NAN;
    ad_series series[] = {{.x = x, .y = y, .count = MANY},
                          {AD_PLOT_POINTS, "p", x, y, .count = MANY}};
    ad_drawing *d = draw(
        &(ad_plot){.series = series, .count = 1, .height = 300, .no_legend = true});
    const char *svg = ad_drawing_svg(d);
    CHECK(strlen(svg) < 60000);
    CHECK_INT(count_of(svg, "<polyline"), 2);
    /* the spike reaches the top: only it stands above 60 of 300 pixels */
    double least = 300;
    for (const char *p = strstr(svg, "points=\"") + 8; *p && *p != '<'; ++p)
        if (*p == ',') least = fmin(least, strtod(p + 1, NULL));
    CHECK(least < 40);
    ad_drawing_free(d);
    d = draw(&(ad_plot){.series = series + 1, .count = 1});
    CHECK_CONTAINS(ad_drawing_svg(d), ">980000 more points<");
    CHECK_INT(count_of(ad_drawing_svg(d), "<circle"), 20001); /* and the key */
    ad_drawing_free(d);
    free(x), free(y);
}

static void cut_off_at_the_edges(void)
{
    double x[] = {-100, 5, 200, 5, 5, 6, 7}, y[] = {-50, 5, 500, 20, 5, 1e300, -1e300};
    ad_axis ten = {.from = 0, .to = 10}, down = {.from = 10, .to = 0};
    for (int kind = AD_PLOT_LINE; kind <= AD_PLOT_HISTOGRAM; ++kind) {
        ad_series s = {(ad_plot_kind)kind, NULL, x, y, x, .count = 7};
        ad_drawing_free(draw(&(ad_plot){.x = ten, .y = ten, .series = &s, .count = 1}));
        ad_drawing_free(draw(&(ad_plot){.x = down, .y = down, .series = &s, .count = 1}));
    }
    /* a line through all of it shows its part inside, from corner to corner */
    double straight[] = {-90, 110}, across[] = {-90, 110};
    ad_series s = {.x = across, .y = straight, .count = 2};
    ad_drawing *d = draw(&(ad_plot){.x = ten, .y = ten, .series = &s, .count = 1});
    CHECK_CONTAINS(ad_drawing_svg(d), "stroke=\"#0072b2\"");
    ad_drawing_free(d);
}

static void names_and_hostile_text(void)
{
    static const char *names[70];
    double y[70];
    for (int i = 0; i < 70; ++i) names[i] = i % 2 ? "</text><script>" : "a\x1b\xff name", y[i] = i;
    for (int n = 1; n <= 70; n += 23) {
        ad_series s = {AD_PLOT_BARS, "<b>\"&", .y = y, .count = n};
        ad_axis named = {"<i>", .categories = names, .category_count = n};
        ad_drawing *d = draw(
            &(ad_plot){.title = "<svg onload=x>", .x = named, .series = &s, .count = 1});
        const char *svg = ad_drawing_svg(d);
        CHECK(!strstr(svg, "<script>") && !strstr(svg, "<svg onload") && !strchr(svg, '\x1b'));
        CHECK_CONTAINS(svg, "&lt;b&gt;&quot;&amp;");
        CHECK_INT(count_of(svg, "<rect "), n + 1); /* the paper and the key; the first is 0 high */
        ad_drawing_free(d);
        d = draw(&(ad_plot){.y = named, .series = &s, .count = 1});
        ad_drawing_free(d);
    }
    ad_series many[40];
    for (int i = 0; i < 40; ++i)
        many[i] = (ad_series){.label = "a label of some length", .y = y, .count = 5};
    ad_drawing *d = draw(&(ad_plot){.series = many, .count = 40, .height = 300});
    CHECK_CONTAINS(ad_drawing_svg(d), ">and ");
    CHECK_CONTAINS(ad_drawing_svg(d), "stroke-dasharray"); /* colours return after eight */
    ad_drawing_free(d);
}

/* The numbers at an axis, as text joined by spaces. */
static const char *ticks_of(double from, double to, bool log)
{
    static char text[512];
    ad_axis axis = {.from = from, .to = to, .log = log};
    ad_drawing *d = draw(&(ad_plot){.x = {.hidden = true}, .y = axis, .height = 240});
    size_t used = 0;
    *text = 0;
    for (const char *p = ad_drawing_svg(d); p && (p = strstr(p, "text-anchor=\"end\">")); ++p)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", used ? " " : "",
                                 (int)strcspn(p + 18, "<"), p + 18);
    ad_drawing_free(d);
    return text;
}

static void round_numbers(void)
{
    CHECK_TEXT(ticks_of(0, 10, false), "0 2 4 6 8 10");
    CHECK_TEXT(ticks_of(-1, 1, false), "-1.0 -0.5 0 0.5 1.0");
    CHECK_TEXT(ticks_of(0.001, 0.0053, false), "0.001 0.002 0.003 0.004 0.005");
    CHECK_TEXT(ticks_of(0, 3e-5, false), "0 5e-6 1e-5 1.5e-5 2e-5 2.5e-5 3e-5");
    CHECK_TEXT(ticks_of(0, 2500000, false), "0 0.5M 1.0M 1.5M 2.0M 2.5M");
    CHECK_TEXT(ticks_of(1e9, 1e9 + 1000, false),
               "1.0000000G 1.0000002G 1.0000004G 1.0000006G 1.0000008G 1.0000010G");
    CHECK_TEXT(ticks_of(-4e20, 0, false), "-4e20 -3e20 -2e20 -1e20 0");
    CHECK_TEXT(ticks_of(1e-6, 1e6, true), "1e-6 0.001 1 1000 1M");
    CHECK_TEXT(ticks_of(1, 100, true), "1 2 5 10 20 50 100");
    CHECK_TEXT(ticks_of(1.1, 2.4, true), "1.2 1.4 1.6 1.8 2.0 2.2 2.4");
    CHECK_TEXT(ticks_of(10, 0, false), "0 2 4 6 8 10");
}

static void histograms_count(void)
{
    double y[] = {0, 0.5, 1, 1.5, 2, 2.5, 3, 10, NAN};
    ad_series s = {AD_PLOT_HISTOGRAM, "v", .y = y, .count = 9};
    ad_drawing *d = draw(&(ad_plot){.series = &s, .count = 1, .bins = 10, .no_legend = true});
    /* bins [0, 1) 2, [1, 2) 2, [2, 3) 2, [3, 4) 1, [9, 10] 1 */
    double heights[5] = {0};
    const char *p = strstr(ad_drawing_svg(d), "<g>");
    for (int i = 0; i < 5; ++i) {
        REQUIRE(p && (p = strstr(p, " height=\"")));
        heights[i] = strtod(p + 9, NULL), ++p;
    }
    CHECK(!strstr(p, " height=\""));
    CHECK_NEAR(heights[0], heights[1], 1e-9);
    CHECK_NEAR(heights[0], 2 * heights[3], 0.02);
    CHECK_NEAR(heights[4], heights[3], 1e-9);
    CHECK_CONTAINS(ad_drawing_svg(d), "not finite: 1 (left out)");
    ad_drawing_free(d);
}

static void equal_axes(void)
{
    double x[] = {-1, 1, 0, 0}, y[] = {0, 0, -1, 1}, cx[4], cy[4];
    ad_series s = {AD_PLOT_POINTS, NULL, x, y, .count = 4};
    ad_drawing *d = draw(&(ad_plot){.series = &s, .count = 1, .width = 700, .equal = true});
    const char *p = ad_drawing_svg(d);
    for (int i = 0; i < 4; ++i) {
        REQUIRE((p = strstr(p, "cx=\"")));
        cx[i] = strtod(p + 4, NULL), cy[i] = strtod(strstr(p, "cy=\"") + 4, NULL), ++p;
    }
    CHECK_NEAR(cx[1] - cx[0], cy[2] - cy[3], 0.02);
    ad_drawing_free(d);
}

static void heat_maps(void)
{
    double value[] = {8, 2, 0, 5, NAN, 1};
    const char *names[] = {"cat", "<dog>", "a very long name that is turned upwards"};
    ad_heat_map map = {.title = "Confusion",
                       .rows = 2,
                       .columns = 3,
                       .value = value,
                       .row_names = names,
                       .column_names = names,
                       .row_label = "is",
                       .column_label = "taken for",
                       .of_rows = true,
                       .diagonal = true,
                       .numbers = true};
    ad_drawing *d;
    REQUIRE(!ad_heat_map_new(&d, ctx, &map));
    const char *svg = ad_drawing_svg(d);
    CHECK_INT(count_of(svg, "<rect "), 7);
    CHECK_CONTAINS(svg, "fill=\"#c8c8c8\""); /* NaN */
    CHECK_CONTAINS(svg, ">8</text>");
    CHECK(!strstr(svg, "<dog>") && !strstr(svg, "nan"));
    ad_drawing_free(d);
    map.of_rows = map.diagonal = false;
    map.from = 0, map.to = 8;
    REQUIRE(!ad_heat_map_new(&d, ctx, &map));
    CHECK_CONTAINS(ad_drawing_svg(d), "fill=\"#0072b2\"");          /* the fullest */
    CHECK_CONTAINS(ad_drawing_svg(d), "fill=\"#ffffff\"/>\n<text"); /* the palest */
    ad_drawing_free(d);
    static double many[300 * 300];
    REQUIRE(!ad_heat_map_new(&d, ctx, &(ad_heat_map){.rows = 300, .columns = 300, .value = many}));
    CHECK(ad_drawing_width(d) < 700);
    ad_drawing_free(d);
    CHECK_INT(ad_heat_map_new(&d, ctx, &(ad_heat_map){.rows = 0, .columns = 3}), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_heat_map_new(&d, ctx, &(ad_heat_map){.rows = 2, .columns = 513}),
              AD_ERROR_ARGUMENT);
}

static ad_status draw_some(ad_context *poor)
{
    double y[] = {1, 2, 3}, high[] = {2, 3, 4};
    ad_series series[] = {{.label = "line", .y = y, .count = 3},
                          {AD_PLOT_BAND, "band", NULL, y, high, .count = 3},
                          {AD_PLOT_HISTOGRAM, "bins", .y = y, .count = 3}};
    ad_drawing *d;
    ad_status status = ad_plot_new(&d, poor,
                                   &(ad_plot){.title = "all", .series = series, .count = 3});
    if (status) return status;
    if (!ad_drawing_svg(d)) status = ad_error_status(poor);
    ad_drawing_free(d);
    return status;
}

static void refused_memory(void)
{
    sparing_check(draw_some);
}

static const check_case cases[] = {CASE(a_line),
                                   CASE(odd_ranges),
                                   CASE(nothing_to_draw),
                                   CASE(gaps_and_what_is_left_out),
                                   CASE(long_series),
                                   CASE(cut_off_at_the_edges),
                                   CASE(names_and_hostile_text),
                                   CASE(round_numbers),
                                   CASE(histograms_count),
                                   CASE(equal_axes),
                                   CASE(heat_maps),
                                   CASE(refused_memory),
                                   {0}};

int main(int argc, char **argv)
{
    return check_in_context(argc, argv, cases);
}
