/* plots.c - what can be drawn: plots, a matrix, a graph, a sheet. Writes them as NAME.svg and
 * NAME.png into the folder that it is given; docs/kit.md shows them.
 *
 * needs: png */
#include <autodidact/engine.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 5000, CHECKS = 25, CLASSES = 6, NODES = 36 };

static double noise(uint64_t stream, int64_t i) /* in (-1, 1) */
{
    return 2 * ad_random_unit(7, stream, (uint64_t)i) - 1;
}

/* Loss over steps: a noisy line, a few checks, and what five runs lie between. */
static ad_status curves(ad_context *ctx, ad_drawing **out)
{
    static double loss[STEPS], at[CHECKS], check[CHECKS], low[CHECKS], high[CHECKS];
    for (int i = 0; i < STEPS; ++i)
        loss[i] = 3.2 / (1 + i / 120.0) + 0.05 + 0.04 * (noise(0, i) + 1) * sqrt(200.0 / (200 + i));
    for (int i = 0; i < CHECKS; ++i) {
        at[i] = i * ((double)STEPS / (CHECKS - 1));
        check[i] = 3.3 / (1 + at[i] / 120) + 0.14 + 0.01 * noise(1, i);
        low[i] = check[i] * 0.86, high[i] = check[i] * 1.15;
    }
    low[11] = NAN;
    const ad_series series[] = {
        {.label = "training", .y = loss, .count = STEPS},
        {.kind = AD_PLOT_BAND,
         .label = "five seeds",
         .x = at,
         .y = low,
         .high = high,
         .count = CHECKS,
         .colour = AD_SERIES(1)},
        {.label = "validation", .x = at, .y = check, .count = CHECKS, .colour = AD_SERIES(1)}};
    const ad_plot plot = {.title = "Loss",
                          .x = {.label = "step"},
                          .y = {.label = "nats a token", .log = true},
                          .series = series,
                          .count = 3};
    return ad_plot_new(out, ctx, &plot);
}

static ad_status bars(ad_context *ctx, ad_drawing **out)
{
    static const char *const names[] = {"style", "resnet20", "dcgan", "gat", "gpt-char", "gpt2"};
    static const double ours[] = {1.9, 1.4, 1.7, 4.2, 2.1, 1.2}, theirs[] = {1, 1, 1, 1, 1, 1};
    const ad_series series[] = {
        {.kind = AD_PLOT_BARS, .label = "this library", .y = ours, .count = 6},
        {.kind = AD_PLOT_BARS, .label = "another", .y = theirs, .count = 6}};
    const ad_plot plot = {.title = "Runs a second, relative (made up)",
                          .x = {.categories = names, .category_count = 6},
                          .y = {.label = "times"},
                          .series = series,
                          .count = 2,
                          .height = 300};
    return ad_plot_new(out, ctx, &plot);
}

static ad_status histograms(ad_context *ctx, ad_drawing **out)
{
    static double a[4000], b[1500];
    for (int i = 0; i < 4000; ++i)
        a[i] = noise(2, 3 * i) + noise(2, 3 * i + 1) + noise(2, 3 * i + 2);
    for (int i = 0; i < 1500; ++i) b[i] = 1.5 + 0.5 * (noise(3, 2 * i) + noise(3, 2 * i + 1));
    const ad_series series[] = {
        {.kind = AD_PLOT_HISTOGRAM, .label = "real", .y = a, .count = 4000, .shares = true},
        {.kind = AD_PLOT_HISTOGRAM, .label = "made", .y = b, .count = 1500, .shares = true}};
    const ad_plot plot = {.title = "Scores of a critic",
                          .x = {.label = "score"},
                          .y = {.label = "share"},
                          .series = series,
                          .count = 2,
                          .height = 300};
    return ad_plot_new(out, ctx, &plot);
}

enum { EACH = 120, WIDTH = 10, CLUSTERS = 5 };

static ad_series cluster(const char *name, const double *x, const double *y)
{
    ad_series series = {.kind = AD_PLOT_POINTS, .label = name, .x = x, .y = y, .count = EACH};
    return series;
}

/* Clusters in ten dimensions, laid out in two by t-SNE. */
static ad_status points(ad_context *ctx, ad_drawing **out)
{
    static float x[CLUSTERS * EACH * WIDTH], y[CLUSTERS * EACH * 2];
    static double px[CLUSTERS][EACH], py[CLUSTERS][EACH];
    static const char *const names[] = {"one", "two", "three", "four", "five"};
    ad_series series[CLUSTERS];
    for (int i = 0; i < CLUSTERS * EACH * WIDTH; ++i)
        x[i] = (float)(3 * noise(4, i / (EACH * WIDTH) * WIDTH + i % WIDTH) + noise(5, i));
    ad_status status = ad_tsne(ctx, x, (int64_t)CLUSTERS * EACH, WIDTH, y);
    for (int i = 0; i < CLUSTERS * EACH; ++i) {
        px[i / EACH][i % EACH] = (double)y[2 * i];
        py[i / EACH][i % EACH] = (double)y[2 * i + 1];
    }
    for (int c = 0; c < CLUSTERS; ++c) series[c] = cluster(names[c], px[c], py[c]);
    if (status) return status;
    const ad_plot plot = {.title = "Clusters (t-SNE)",
                          .x = {.hidden = true},
                          .y = {.hidden = true},
                          .series = series,
                          .count = CLUSTERS,
                          .width = 480,
                          .height = 480,
                          .equal = true};
    return ad_plot_new(out, ctx, &plot);
}

static ad_status steps(ad_context *ctx, ad_drawing **out)
{
    static double capacity[40], wanted[400], hour[400];
    for (int i = 0; i < 40; ++i) capacity[i] = 2 + floor(3 * (1 + sin(i / 6.0)));
    for (int i = 0; i < 400; ++i) {
        hour[i] = i / 10.0;
        wanted[i] = i > 250 && i < 290 ? NAN : 3 + 2.2 * sin(i / 61.0) + 0.3 * noise(6, i / 3);
    }
    const ad_series series[] = {
        {.kind = AD_PLOT_STEPS, .label = "machines on", .y = capacity, .count = 40},
        {.label = "machines wanted", .x = hour, .y = wanted, .count = 400}};
    const ad_plot plot = {.title = "A day and a half",
                          .x = {.label = "hour"},
                          .series = series,
                          .count = 2,
                          .height = 260};
    return ad_plot_new(out, ctx, &plot);
}

static ad_status matrix(ad_context *ctx, ad_drawing **out)
{
    static const char *const names[] = {"aeroplane", "bird", "cat", "deer", "dog", "ship"};
    double count[CLASSES * CLASSES];
    for (int i = 0; i < CLASSES * CLASSES; ++i)
        count[i] = i % (CLASSES + 1) ? floor(fmax(0, 14 * noise(8, i)))
                                     : 80 + floor(20 * noise(8, i));
    const ad_heat_map map = {.title = "Confusion",
                             .row_label = "is",
                             .column_label = "taken for",
                             .rows = CLASSES,
                             .columns = CLASSES,
                             .value = count,
                             .row_names = names,
                             .column_names = names,
                             .of_rows = true,
                             .diagonal = true,
                             .numbers = true};
    return ad_heat_map_new(out, ctx, &map);
}

/* A graph of three groups, laid out by forces and drawn mark by mark. */
static ad_status graph(ad_context *ctx, ad_drawing **out)
{
    int32_t edges[NODES * NODES][2];
    float place[NODES][2], reach = 0;
    double x[NODES], y[NODES];
    char name[32];
    int count = 0;
    for (int i = 0; i < NODES; ++i)
        for (int k = 0; k < i; ++k)
            if (noise(9, i * NODES + k) < (i % 3 == k % 3 ? -0.4 : -0.96))
                edges[count][0] = i, edges[count++][1] = k;
    ad_status status = ad_layout_graph(ctx, NODES, edges[0], count, place[0]);
    if (!status) status = ad_drawing_new(out, ctx, 440, 440, "a graph of three groups");
    if (status) return status;
    for (int i = 0; i < NODES; ++i)
        reach = fmaxf(reach, fmaxf(fabsf(place[i][0]), fabsf(place[i][1])));
    for (int i = 0; i < NODES; ++i) {
        x[i] = 220 + 200 * (double)(place[i][0] / reach);
        y[i] = 220 + 200 * (double)(place[i][1] / reach);
    }
    ad_pen thin = {.stroke = AD_QUIET, .opacity = 0.5};
    ad_letters number = {.size = 9, .colour = AD_PAPER, .anchor = AD_ANCHOR_MIDDLE};
    for (int e = 0; e < count; ++e)
        ad_draw_line(*out, x[edges[e][0]], y[edges[e][0]], x[edges[e][1]], y[edges[e][1]], thin);
    for (int i = 0; i < NODES; ++i) {
        snprintf(name, sizeof name, "node %d", i);
        ad_draw_group(*out, name);
        ad_pen disc = {.stroke = AD_PAPER, .fill = AD_SERIES(i % 3), .width = 2};
        ad_draw_circle(*out, x[i], y[i], 10, disc);
        snprintf(name, sizeof name, "%d", i);
        ad_draw_text(*out, x[i], y[i] + 3.5, name, number);
        ad_draw_group_end(*out);
    }
    return AD_OK;
}

static ad_status sheet(ad_context *ctx, const char *folder)
{
    enum { PICTURES = 8, SIDE = 16 };
    ad_image *made[PICTURES] = {0}, *all = NULL;
    const char *captions[] = {"0 turns", "1 turn",  "2 turns", "3 turns",
                              "4 turns", "5 turns", "6 turns", "7 turns"};
    char path[4096];
    ad_status status = AD_OK;
    for (int i = 0; i < PICTURES && !status; ++i) {
        status = ad_image_new(ctx, SIDE, SIDE, 3, &made[i]);
        for (int p = 0; !status && p < SIDE * SIDE; ++p) {
            double u = p % SIDE - 7.5, v = p / SIDE - 7.5, r = sqrt(u * u + v * v);
            double wave = 0.5 + 0.5 * sin(i * atan2(v, u) + r);
            made[i]->data[3 * p] = (float)wave, made[i]->data[3 * p + 1] = (float)(0.35 + wave / 3);
            made[i]->data[3 * p + 2] = (float)(1 - wave / 2);
        }
    }
    ad_sheet_options options = {.columns = 4, .gap = 8, .side = 80, .captions = captions};
    if (!status)
        status = ad_image_sheet(ctx, (const ad_image *const *)made, PICTURES, &options, &all);
    snprintf(path, sizeof path, "%.4000s/sheet.png", folder);
    if (!status) status = ad_image_write(ctx, path, all, NULL);
    for (int i = 0; i < PICTURES; ++i) ad_image_free(made[i]);
    ad_image_free(all);
    return status;
}

static const struct {
    const char *name;
    ad_status (*draw)(ad_context *ctx, ad_drawing **out);
} drawings[] = {{"curves", curves}, {"bars", bars},   {"histograms", histograms},
                {"points", points}, {"steps", steps}, {"matrix", matrix},
                {"graph", graph}};

int main(int argc, char **argv)
{
    char path[4096];
    if (argc != 2) return fprintf(stderr, "plots FOLDER\n"), 2;
    ad_context *ctx = ad_context_new(NULL);
    if (!ctx) return 1;
    ad_status status = AD_OK;
    for (size_t i = 0; i < sizeof drawings / sizeof *drawings && !status; ++i) {
        ad_drawing *d = NULL;
        status = drawings[i].draw(ctx, &d);
        for (int png = 0; png < 2 && !status; ++png) {
            snprintf(path, sizeof path, "%.3000s/%s.%s", argv[1], drawings[i].name,
                     png ? "png" : "svg");
            status = ad_drawing_write(d, path);
        }
        ad_drawing_free(d);
    }
    if (!status) status = sheet(ctx, argv[1]);
    if (status) fprintf(stderr, "%s\n", ad_error(ctx));
    ad_context_free(ctx);
    return status ? 1 : 0;
}
