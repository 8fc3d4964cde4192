/* layout.c - t-SNE keeps neighbours together and clusters apart, forces lay graphs out; repulsion
 * against the sum over all pairs. */
#include "context.h"
#include "draw/repulsion.h"
#include "sparing.h"

#include <autodidact/layout.h>

/* Clusters, a far point, and points that coincide, against the sum over all pairs. */
static void repulsion_of_far_points_together(void)
{
    enum { POINTS = 700 };
    static float y[2 * POINTS], force[2 * POINTS];
    double total = 0, error = 0, size = 0;
    for (int i = 0; i < POINTS; ++i)
        for (int c = 0; c < 2; ++c)
            y[2 * i + c] = (float)(8 * ad_random_unit(1, 0, (uint64_t)(i % 7 * 2 + c)) +
                                   ad_random_unit(1, 1, (uint64_t)(2 * i + c)));
    y[0] = 900, y[1] = -900;
    for (int i = 20; i < 60; ++i) y[2 * i] = y[40], y[2 * i + 1] = y[41];
    ad_repulsion *r = ad_repulsion_new(ctx, POINTS);
    REQUIRE(r);
    double got = ad_repulsion_of(r, y, false, force);
    ad_repulsion_free(r);
    for (int i = 0; i < POINTS; ++i) {
        double want[2] = {0, 0};
        for (int j = 0; j < POINTS; ++j) {
            double dx = (double)y[2 * i] - (double)y[2 * j];
            double dy = (double)y[2 * i + 1] - (double)y[2 * j + 1];
            double q = 1 / (1 + dx * dx + dy * dy);
            if (j != i) total += q, want[0] -= q * q * dx, want[1] -= q * q * dy;
        }
        for (int c = 0; c < 2; ++c)
            error += pow((double)force[2 * i + c] - want[c], 2), size += want[c] * want[c];
    }
    if (!(sqrt(error / size) < 0.02)) CHECK_FAIL("forces are off by %g", sqrt(error / size));
    if (!(fabs(got / total - 1) < 0.01)) CHECK_FAIL("the sum is %g, expected %g", got, total);
}

enum { GROUPS = 4, EACH = 40, WIDTH = 6, COUNT = GROUPS * EACH };

static double distance(const float *y, int i, int j)
{
    return hypot((double)y[2 * i] - (double)y[2 * j], (double)y[2 * i + 1] - (double)y[2 * j + 1]);
}

/* The share of points whose nearest neighbour is of their own group (point i of group i % GROUPS).
 */
static double own_neighbours(const float *y, int count)
{
    int own = 0;
    for (int i = 0; i < count; ++i) {
        int best = i ? 0 : 1;
        for (int j = 0; j < count; ++j)
            if (j != i && distance(y, i, j) < distance(y, i, best)) best = j;
        own += best % GROUPS == i % GROUPS;
    }
    return (double)own / count;
}

static void make_groups(float *x, float scale)
{
    for (int i = 0; i < COUNT; ++i)
        for (int c = 0; c < WIDTH; ++c)
            x[i * WIDTH + c] = scale *
                               (float)(6 * ad_random_unit(1, (uint64_t)(i % GROUPS), (uint64_t)c) +
                                       ad_random_unit(2, (uint64_t)i, (uint64_t)c));
}

static void clusters_stay_apart(void)
{
    static float x[COUNT * WIDTH], y[2 * COUNT], again[2 * COUNT];
    make_groups(x, 1);
    CHECK_INT(ad_tsne(ctx, x, COUNT, WIDTH, y), AD_OK);
    CHECK(own_neighbours(y, COUNT) == 1);
    CHECK_INT(ad_tsne(ctx, x, COUNT, WIDTH, again), AD_OK);
    CHECK(!memcmp(y, again, sizeof y));
    make_groups(x, 1e36f); /* whose squares are not finite */
    CHECK_INT(ad_tsne(ctx, x, COUNT, WIDTH, y), AD_OK);
    CHECK(own_neighbours(y, COUNT) == 1);
}

/* So few that each is a neighbour of all others: the perplexity falls with them. */
static void few_points(void)
{
    float x[24][4] = {{0}}, y[24][2], within = 0, between = 1e9f;
    for (int i = 0; i < 24; ++i)
        for (int c = 0; c < 4; ++c)
            x[i][c] = (float)ad_random_unit(5, 0, (uint64_t)(4 * i + c)) + (i % 2 ? 4 : 0);
    CHECK_INT(ad_tsne(ctx, x[0], 24, 4, y[0]), AD_OK);
    for (int i = 0; i < 24; ++i)
        for (int j = 0; j < i; ++j) {
            float d = hypotf(y[i][0] - y[j][0], y[i][1] - y[j][1]);
            if (i % 2 == j % 2)
                within = fmaxf(within, d);
            else
                between = fminf(between, d);
        }
    CHECK(between > within / 4);
}

static void odd_points(void)
{
    static float same[50 * 3], y[100];
    CHECK_INT(ad_tsne(ctx, same, 50, 3, y), AD_OK); /* all at one place */
    for (int i = 0; i < 100; ++i) CHECK(isfinite(y[i]));
    for (int count = 1; count < 4; ++count) {
        float few[3] = {1, 2, 4};
        CHECK_INT(ad_tsne(ctx, few, count, 1, y), AD_OK);
        for (int i = 0; i < 2 * count; ++i) CHECK(isfinite(y[i]));
    }
    same[77] = NAN;
    CHECK_INT(ad_tsne(ctx, same, 50, 3, y), AD_ERROR_NUMERIC);
    CHECK_CONTAINS(ad_error(ctx), "value 77 is not finite");
    CHECK_INT(ad_tsne(ctx, same, 0, 3, y), AD_ERROR_ARGUMENT);
}

static void graphs(void)
{
    static int32_t edges[COUNT * COUNT][2];
    static float y[2 * COUNT], again[2 * COUNT];
    int64_t count = 0;
    for (int i = 0; i < COUNT; ++i)
        for (int k = 0; k < i; ++k)
            if (ad_random_unit(3, (uint64_t)i, (uint64_t)k) <
                (i % GROUPS == k % GROUPS ? 0.3 : 0.005))
                edges[count][0] = i, edges[count++][1] = k;
    CHECK_INT(ad_layout_graph(ctx, COUNT, edges[0], count, y), AD_OK);
    CHECK_INT(ad_layout_graph(ctx, COUNT, edges[0], count, again), AD_OK);
    CHECK(!memcmp(y, again, sizeof y));
    CHECK(own_neighbours(y, COUNT) > 0.95);
    double linked = 0, all = 0;
    for (int64_t e = 0; e < count; ++e)
        linked += distance(y, edges[e][0], edges[e][1]) / (double)count;
    for (int i = 0; i < COUNT; ++i)
        for (int k = 0; k < COUNT; ++k) all += distance(y, i, k) / COUNT / COUNT;
    CHECK(linked < 0.7 * all);
    /* a ring becomes round: all neighbours about equally far, opposite nodes much farther */
    for (int i = 0; i < 24; ++i) edges[i][0] = i, edges[i][1] = (i + 1) % 24;
    CHECK_INT(ad_layout_graph(ctx, 24, edges[0], 24, y), AD_OK);
    double least = HUGE_VAL, most = 0;
    for (int i = 0; i < 24; ++i) {
        double d = distance(y, i, (i + 1) % 24);
        least = fmin(least, d), most = fmax(most, d);
    }
    CHECK(most < 3 * least);
    edges[0][1] = 0; /* a loop is nothing */
    CHECK_INT(ad_layout_graph(ctx, 1, edges[0], 1, y), AD_OK);
    CHECK_INT(ad_layout_graph(ctx, 3, NULL, 0, y), AD_OK);
    CHECK(distance(y, 0, 1) > 0 && isfinite(y[0]));
    edges[0][1] = 3;
    CHECK_INT(ad_layout_graph(ctx, 3, edges[0], 1, y), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "edge 0 leads to node 3 of 3");
    CHECK_INT(ad_layout_graph(ctx, 0, NULL, 0, y), AD_ERROR_ARGUMENT);
}

static ad_status lay_out(ad_context *poor)
{
    float x[5] = {1, 2, 3, 7, 8}, y[10];
    int32_t edges[2] = {0, 1};
    ad_status status = ad_tsne(poor, x, 5, 1, y);
    return status ? status : ad_layout_graph(poor, 5, edges, 1, y);
}

static void refused_memory(void)
{
    sparing_check(lay_out);
}

static const check_case cases[] = {CASE(repulsion_of_far_points_together),
                                   CASE(clusters_stay_apart),
                                   CASE(few_points),
                                   CASE(odd_points),
                                   CASE(graphs),
                                   CASE(refused_memory),
                                   {0}};

int main(int argc, char **argv)
{
    return check_in_context(argc, argv, cases);
}
