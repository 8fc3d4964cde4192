/* made_scores.c - what is made beside what is real: Frechet distances and neighbours against SciPy
 * and the definitions (tests/oracle/made_scores.py), closed forms, and what is not finite. */
#include "fixture.h"
#include "context.h"
#include "score/symmetric.h"

#include <autodidact/scores.h>

static double random_number(int index)
{
    return 2 * ad_random_unit(3, 0, (uint64_t)index) - 1;
}

/* ---- eigenvalues ---- */

static void check_eigen(const double *a, int n)
{
    double *copy = malloc((size_t)(n * n) * sizeof *copy), *vector = malloc((size_t)(n * n) * 8),
           *value = malloc((size_t)n * 8), *alone = malloc((size_t)n * 8), worst = 0, size = 1e-300;
    REQUIRE(copy && vector && value && alone);
    memcpy(copy, a, (size_t)(n * n) * sizeof *copy);
    CHECK_INT(ad_symmetric_eigen(ctx, copy, n, value, vector), AD_OK);
    for (int i = 0; i < n * n; ++i) size = fmax(size, fabs(a[i]));
    for (int k = 0; k < n; ++k)
        for (int i = 0; i < n; ++i) {
            double image = 0, product = 0;
            for (int j = 0; j < n; ++j) {
                image += a[i * n + j] * vector[k * n + j];
                product += vector[i * n + j] * vector[k * n + j];
            }
            worst = fmax(worst, fabs(image - value[k] * vector[k * n + i]) / size);
            worst = fmax(worst, fabs(product - (i == k)));
        }
    if (!(worst < 1e-13 * (n + 10))) CHECK_FAIL("%d x %d: off by %.3g", n, n, worst);
    memcpy(copy, a, (size_t)(n * n) * sizeof *copy);
    CHECK_INT(ad_symmetric_eigen(ctx, copy, n, alone, NULL), AD_OK);
    CHECK(!memcmp(alone, value, (size_t)n * sizeof *value));
    free(copy), free(vector), free(value), free(alone);
}

static void eigenvectors_are_orthogonal_and_stay_in_their_place(void)
{
    enum { N = 60 };
    static double a[N * N];
    for (int n = 1; n <= N; n += n < 5 ? 1 : 11) {
        for (int i = 0; i < n; ++i)
            for (int j = 0; j <= i; ++j) a[i * n + j] = a[j * n + i] = random_number(i * N + j);
        check_eigen(a, n);
    }
    for (int i = 0; i < N * N; ++i) a[i] = 0;
    check_eigen(a, N); /* nothing */
    for (int i = 0; i < N; ++i) a[i * N + i] = 1 + i / 20;
    check_eigen(a, N); /* diagonal, values that repeat */
    for (int i = 0; i < N * N; ++i) a[i] = 1;
    check_eigen(a, N); /* of rank 1 */
    for (int i = 0; i < N; ++i)
        for (int j = 0; j < N; ++j) a[i * N + j] = i == j ? 1e-200 : 1e-202;
    check_eigen(a, N);
}

static void low_rank_is_no_obstacle(void)
{
    enum { N = 150, RANK = 4 };
    static double a[N * N], x[RANK * N], value[N];
    double trace = 0, sum = 0;
    for (int i = 0; i < RANK * N; ++i) x[i] = random_number(i);
    for (int i = 0; i < N; ++i)
        for (int j = 0; j < N; ++j) {
            a[i * N + j] = 0;
            for (int k = 0; k < RANK; ++k) a[i * N + j] += x[k * N + i] * x[k * N + j];
        }
    for (int i = 0; i < N; ++i) trace += a[i * N + i];
    check_eigen(a, N);
    CHECK_INT(ad_symmetric_eigen(ctx, a, N, value, NULL), AD_OK);
    for (int i = 0, above = 0; i < N; ++i) {
        sum += value[i], above += value[i] > 1;
        if (i == N - 1) CHECK_INT(above, RANK);
    }
    CHECK_NEAR(sum, trace, 1e-11);
}

/* ---- Frechet ---- */

static void distances_have_closed_forms(void)
{
    const double zero[2] = {0, 0}, mean[2] = {3, 4}, unit[4] = {1, 0, 0, 1};
    const double four[4] = {4, 0, 0, 9}, nothing[4] = {0};
    double d;
    CHECK_INT(ad_frechet_of_moments(ctx, zero, unit, zero, unit, 2, &d), AD_OK);
    CHECK_NEAR(d, 0, 1e-14);
    CHECK_INT(ad_frechet_of_moments(ctx, zero, unit, mean, unit, 2, &d), AD_OK);
    CHECK_NEAR(d, 25, 1e-13);
    CHECK_INT(ad_frechet_of_moments(ctx, mean, four, zero, unit, 2, &d), AD_OK);
    CHECK_NEAR(d, 25 + 1 + 4, 1e-13); /* (2 - 1)^2 + (3 - 1)^2 */
    CHECK_INT(ad_frechet_of_moments(ctx, zero, four, zero, nothing, 2, &d), AD_OK);
    CHECK_NEAR(d, 13, 1e-13);
    /* turned by 30 degrees, both */
    double c = cos(0.5235987755982988), s = sin(0.5235987755982988), a[4], b[4];
    a[0] = 4 * c * c + 9 * s * s, a[3] = 4 * s * s + 9 * c * c, a[1] = a[2] = (4 - 9) * c * s;
    b[0] = 16 * c * c + s * s, b[3] = 16 * s * s + c * c, b[1] = b[2] = (16 - 1) * c * s;
    CHECK_INT(ad_frechet_of_moments(ctx, zero, a, zero, b, 2, &d), AD_OK);
    CHECK_NEAR(d, 4 + 4, 1e-13);
}

static void clouds_are_as_far_as_elsewhere(void)
{
    static const char *const names[] = {"near", "far", "narrow", "few"};
    fixture f;
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/made_scores.safetensors"));
    for (int i = 0; i < 4; ++i) {
        ad_tensor real = fixture_get(&f, "%s.real", names[i]),
                  made = fixture_get(&f, "%s.made", names[i]);
        int64_t width = real.shape.dim[1], n = real.shape.dim[0], m = made.shape.dim[0];
        const double *want = fixture_get(&f, "%s.scores", names[i]).data,
                     *far = fixture_get(&f, "%s.frechet", names[i]).data;
        int k = *(const int32_t *)fixture_get(&f, "%s.k", names[i]).data;
        ad_neighbour_result r;
        double d, back;
        CHECK_INT(ad_frechet_distance(ctx, real.data, n, made.data, m, width, &d), AD_OK);
        CHECK_NEAR(d, *far, 1e-9 * fmax(1, *far));
        CHECK_INT(ad_frechet_distance(ctx, made.data, m, real.data, n, width, &back), AD_OK);
        CHECK_NEAR(back, d, 1e-7 * fmax(1, d));
        CHECK_INT(ad_neighbour_scores(ctx, real.data, n, made.data, m, width, k, &r), AD_OK);
        const double got[] = {r.precision, r.recall, r.density, r.coverage};
        for (int s = 0; s < 4; ++s) CHECK_NEAR(got[s], want[s], 1e-12);
    }
    fixture_close(&f);
}

/* ---- neighbours ---- */

static void copies_are_found_with_any_number_of_threads(void)
{
    enum { N = 1100, WIDTH = 3 };
    static float x[N * WIDTH], y[N * WIDTH];
    ad_neighbour_result r, again;
    for (int i = 0; i < N * WIDTH; ++i)
        x[i] = (float)random_number(i), y[i] = (float)random_number(i + 9999);
    CHECK_INT(ad_neighbour_scores(ctx, x, N, x, N, WIDTH, 5, &r), AD_OK);
    CHECK_NEAR(r.precision, 1, 0);
    CHECK_NEAR(r.recall, 1, 0);
    CHECK_NEAR(r.coverage, 1, 0);
    CHECK_NEAR(r.density, (5 + 1) / 5.0, 0.01); /* five others' balls on average, and its own */
    CHECK_INT(ad_neighbour_scores(ctx, x, N, y, N, WIDTH, 5, &r), AD_OK);
    CHECK(r.coverage > 0.9 && r.coverage < 1 && r.density > 0.9 && r.density < 1.1);
    ad_context *three = ad_context_new(&(ad_context_options){.threads = 3});
    CHECK_INT(ad_neighbour_scores(three, x, N, y, N, WIDTH, 5, &again), AD_OK);
    ad_context_free(three);
    CHECK(!memcmp(&r, &again, sizeof r));
    for (int i = 0; i < N * WIDTH; ++i) y[i] = x[i % 30]; /* few of the modes */
    CHECK_INT(ad_neighbour_scores(ctx, x, N, y, N, WIDTH, 5, &again), AD_OK);
    CHECK_NEAR(again.precision, 1, 0);
    CHECK(again.coverage < 0.1 && again.recall < 0.1);
}

static void what_is_not_finite_has_no_score(void)
{
    float x[8] = {0, 1, 2, 3, 4, 5, 6, 7}, y[8] = {0, 1, 2, 3, NAN, 5, 6, 7};
    ad_neighbour_result r;
    double d;
    CHECK_INT(ad_frechet_distance(ctx, x, 4, y, 4, 2, &d), AD_OK);
    CHECK(isnan(d));
    CHECK_INT(ad_neighbour_scores(ctx, y, 4, x, 4, 2, 1, &r), AD_OK);
    CHECK(isnan(r.precision) && isnan(r.recall) && isnan(r.density) && isnan(r.coverage));
    CHECK_INT(ad_frechet_distance(ctx, x, 1, x, 4, 2, &d), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_neighbour_scores(ctx, x, 4, x, 4, 2, 4, &r), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "k is 4");
    CHECK_INT(ad_neighbour_scores(ctx, x, 4, x, 4, 2, 0, &r), AD_ERROR_ARGUMENT);
}

static const check_case cases[] = {CASE(eigenvectors_are_orthogonal_and_stay_in_their_place),
                                   CASE(low_rank_is_no_obstacle),
                                   CASE(distances_have_closed_forms),
                                   CASE(clouds_are_as_far_as_elsewhere),
                                   CASE(copies_are_found_with_any_number_of_threads),
                                   CASE(what_is_not_finite_has_no_score),
                                   {0}};

int main(int argc, char **argv)
{
    return check_in_context(argc, argv, cases);
}
