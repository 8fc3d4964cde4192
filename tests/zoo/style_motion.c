/* style_motion.c - pairs of crops whose motion is known: what the second shows is what the first
 * showed where it is said to come from; the flicker of such pairs against plain loops; and what
 * hangs on the grid of pixels. */
#include "check.h"
#include "context.h"

#include "zoo/style/motion.h"
#include "zoo/style/train.h"

enum { SIDE = 48, AREA = SIDE * SIDE, PHOTO = 96 };

/* A photo with waves in three directions: one pixel off is up to 40 grey levels. */
static photos one_photo(void)
{
    static uint8_t rgb[PHOTO * PHOTO * 3];
    static photo p = {PHOTO, PHOTO, rgb};
    for (int i = 0; i < PHOTO * PHOTO * 3; ++i) {
        double x = i / 3 % PHOTO, y = (double)(i / 3 / PHOTO);
        double waves[3] = {0.4 * x, 0.4 * y, 0.3 * (x + y)};
        rgb[i] = (uint8_t)(128 + 90 * sin(waves[i % 3]));
    }
    return (photos){.photo = &p, .count = 1, .capacity = 1};
}

typedef struct pair {
    float first[AREA * 3], second[AREA * 3], part[4 * AREA];
    int32_t from[4 * AREA];
} pair;

static void make(const photos *set, uint64_t position, bool far, int32_t base, pair *p)
{
    const ad_draws draws = {.seed = 7, .position = position};
    motion_pair(set, &draws, SIDE, far, base, p->first, p->second, p->from, p->part);
}

/* How far, in pixels, what is in the middle has come, and the mean error of the first as carried
 * along; where it is not to be seen, all parts are 0. */
static void measure(const pair *p, int32_t base, double *error, double *seen)
{
    double sum = 0, count = 0;
    for (int i = 0; i < AREA; ++i) {
        double was[3] = {0}, parts = 0;
        for (int k = 0; k < 4; ++k) {
            int32_t from = p->from[k * AREA + i] - base;
            CHECK(from >= 0 && from < AREA);
            parts += p->part[k * AREA + i];
            for (int c = 0; c < 3; ++c) was[c] += p->part[k * AREA + i] * p->first[from * 3 + c];
        }
        CHECK(fabs(parts) < 1e-6 || fabs(parts - 1) < 1e-5);
        if (parts < 0.5) continue;
        ++count;
        for (int c = 0; c < 3; ++c) sum += fabs(was[c] - p->second[i * 3 + c]);
    }
    *error = sum / (3 * count + 1), *seen = count / AREA;
}

/* Noise and light make up to 5 levels and 3 % of error, between pixels it is a few more. */
static void what_moved_is_found(void)
{
    photos set = one_photo();
    static pair p, again;
    double moved[2] = {0}, errors[2] = {0}, hidden = 0;
    for (int i = 0; i < 24; ++i) {
        double error, seen;
        bool far = i & 1;
        make(&set, (uint64_t)i, far, 5, &p);
        measure(&p, 5, &error, &seen);
        CHECK(error < 8);
        errors[far] += error / 12, hidden += (1 - seen) / 24;
        for (int k = 0; k < AREA * 3; ++k)
            moved[far] += fabs(p.second[k] - p.first[k]) / (AREA * 3 * 12);
        make(&set, (uint64_t)i, far, 5, &again);
        CHECK(!memcmp(&p, &again, sizeof p));
    }
    CHECK(errors[0] < 5 && errors[1] < 6);
    CHECK(moved[0] > 10); /* it does move */
    CHECK(moved[1] > 1.5 * moved[0]);
    CHECK(hidden > 0.01 && hidden < 0.3);
}

static double flicker_of(const float *painted, const pair *p, int rows)
{
    double sum = 0, count = 0;
    for (int r = 0; r < rows; ++r)
        for (int i = 0; i < AREA; ++i) {
            double seen = 0, was[3] = {0};
            for (int k = 0; k < 4; ++k) {
                double part = p[r].part[k * AREA + i];
                seen += part;
                for (int c = 0; c < 3; ++c)
                    was[c] += part * painted[p[r].from[k * AREA + i] * 3 + c];
            }
            count += seen;
            const float *is = painted + ((2 * r + 1) * AREA + i) * 3;
            for (int c = 0; c < 3; ++c) sum += seen * (is[c] - was[c]) * (is[c] - was[c]);
        }
    return sum / (3 * count + 1);
}

static void flicker_and_its_gradient(void)
{
    enum { ROWS = 2, VALUES = ROWS * 2 * AREA * 3 };
    photos set = one_photo();
    static pair p[ROWS];
    static float painted[VALUES], from_part[ROWS][4 * AREA];
    static int32_t from[ROWS][4 * AREA];
    for (int r = 0; r < ROWS; ++r) {
        make(&set, (uint64_t)r + 3, r, r * 2 * AREA, &p[r]);
        memcpy(from[r], p[r].from, sizeof from[r]), memcpy(from_part[r], p[r].part, sizeof p->part);
    }
    for (int i = 0; i < VALUES; ++i) painted[i] = (float)(100 + 80 * sin(0.37 * i + 1e-4 * i * i));
    ad_graph *graph = ad_graph_new(ctx);
    REQUIRE(graph);
    ad_node *x = ad_input(graph, "painted", AD_F32, ad_shape(2 * ROWS, SIDE, SIDE, 3));
    ad_node *out[2] = {style_train_flicker(x)};
    ad_gradients(out[0], &x, 1, &out[1]);
    ad_program *program = NULL;
    REQUIRE(!ad_compile(&program, ctx, out, 2, NULL));
    REQUIRE(!ad_bind(program, x, painted, sizeof painted));
    REQUIRE(!ad_bind_name(program, "from", from, sizeof from));
    REQUIRE(!ad_bind_name(program, "part", from_part, sizeof from_part));
    REQUIRE(!ad_run(program));
    double want = flicker_of(painted, p, ROWS);
    CHECK_NEAR(ad_result_scalar(program, out[0]), want, 1e-4 * want);
    const float *gradient = ad_result(program, out[1]);
    double largest = 0;
    for (int i = 0; i < VALUES; ++i) largest = fmax(largest, fabs(gradient[i]));
    for (int i = 0; i < VALUES;
         i += 4999) { /* central differences in f64 are exact: it is square */
        float kept = painted[i];
        painted[i] = kept + 4;
        double up = flicker_of(painted, p, ROWS);
        painted[i] = kept - 4;
        double down = flicker_of(painted, p, ROWS);
        painted[i] = kept;
        CHECK_NEAR(gradient[i], (up - down) / 8, 1e-4 * largest);
    }
    CHECK(largest > 0);
    ad_program_free(program);
    ad_graph_free(graph);
}

static double lattice_of(const float *painted)
{
    double value = -1;
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return value;
    ad_node *x = ad_input(graph, "painted", AD_F32, ad_shape(1, SIDE, SIDE, 3));
    ad_node *out = style_train_lattice(x);
    ad_status status = ad_compile(&program, ctx, &out, 1, NULL);
    if (!status) status = ad_bind(program, x, painted, AREA * 3 * sizeof *painted);
    if (!status) status = ad_run(program);
    if (!status) value = ad_result_scalar(program, out);
    ad_program_free(program);
    ad_graph_free(graph);
    return value;
}

/* A pattern of period 4 has its own mean square; one of period 3 none, for a window is 12 x 12. */
static void what_hangs_on_the_grid(void)
{
    static float painted[AREA * 3];
    static const float stripes[4] = {-10, 20, 10, -20};
    for (int i = 0; i < AREA * 3; ++i) painted[i] = 100 + stripes[i / 3 / SIDE % 4];
    CHECK_NEAR(lattice_of(painted), 250, 1e-2);
    for (int i = 0; i < AREA * 3; ++i) painted[i] = i / 3 % SIDE % 4 == 1 ? 140 : 100;
    CHECK_NEAR(lattice_of(painted), 300, 1e-2);
    for (int i = 0; i < AREA * 3; ++i) painted[i] = i / 3 / SIDE % 3 == 1 ? 140 : 100;
    CHECK_NEAR(lattice_of(painted), 0, 1e-3);
}

int main(int argc, char **argv)
{
    return check_in_context(argc, argv,
                            (check_case[]){CASE(what_moved_is_found),
                                           CASE(flicker_and_its_gradient),
                                           CASE(what_hangs_on_the_grid),
                                           {0}});
}
