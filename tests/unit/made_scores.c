/* made_scores.c - what is made beside what is real: Frechet distances, kernel distances and
 * neighbours against SciPy and the definitions (tests/oracle/made_scores.py), closed forms, and
 * what is not finite. */
#include "fixture.h"
#include "context.h"
#include "score/symmetric.h"

#include <autodidact/scores.h>

static double random_number(int index)
{
    return 2 * ad_random_unit(3, 0, (uint64_t)index) - 1;
}

/* ---- eigenvalues ---- */

/* Sums of powers of the eigenvalues are traces of powers of the matrix; the factor gives it back.
 */
static void check_symmetric(const double *a, int n)
{
    double *copy = malloc((size_t)(n * n) * sizeof *copy), *factor = malloc((size_t)(n * n) * 8),
           *value = malloc((size_t)n * 8), trace[3] = {0}, sum[3] = {0}, size = 1e-300;
    REQUIRE(copy && factor && value);
    memcpy(copy, a, (size_t)(n * n) * sizeof *copy);
    CHECK_INT(ad_symmetric_values(ctx, copy, n, value, NULL), AD_OK);
    for (int i = 0; i < n * n; ++i) size = fmax(size, fabs(a[i]));
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) {
            double square = 0;
            for (int k = 0; k < n; ++k) square += a[i * n + k] / size * (a[k * n + j] / size);
            trace[0] += i == j ? a[i * n + i] / size : 0;
            trace[1] += i == j ? square : 0;
            trace[2] += square * (a[j * n + i] / size);
        }
    for (int k = 0; k < n; ++k)
        for (int power = 0; power < 3; ++power) sum[power] += pow(value[k] / size, power + 1);
    for (int power = 0; power < 3; ++power)
        CHECK_NEAR(sum[power], trace[power], 1e-13 * (n + 10) * fmax(1, trace[1] * n));
    free(copy), free(factor), free(value);
}

/* Of a matrix without negative eigenvalues. */
static void check_factor(const double *a, int n, int64_t want)
{
    double *factor = malloc((size_t)(n * n) * sizeof *factor), worst = 0, size = 1e-300;
    int64_t rank = -1;
    REQUIRE(factor);
    CHECK_INT(ad_symmetric_factor(ctx, a, n, factor, &rank), AD_OK);
    for (int i = 0; i < n * n; ++i) size = fmax(size, fabs(a[i]));
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) {
            double sum = 0;
            for (int64_t k = 0; k < rank; ++k) sum += factor[i * rank + k] * factor[j * rank + k];
            worst = fmax(worst, fabs(sum - a[i * n + j]) / size);
        }
    if (!(worst < 1e-14 * (n + 10))) CHECK_FAIL("%d x %d: off by %.3g", n, n, worst);
    CHECK_INT(rank, want);
    free(factor);
}

static void eigenvalues_and_factors_belong_to_their_matrix(void)
{
    enum { N = 60 };
    static double a[N * N];
    for (int n = 1; n <= N; n += n < 5 ? 1 : 11) {
        for (int i = 0; i < n; ++i)
            for (int j = 0; j <= i; ++j) a[i * n + j] = a[j * n + i] = random_number(i * N + j);
        check_symmetric(a, n);
    }
    for (int i = 0; i < N * N; ++i) a[i] = 0;
    check_symmetric(a, N); /* nothing */
    check_factor(a, N, 0);
    for (int i = 0; i < N; ++i) a[i * N + i] = 1 + i / 20;
    check_symmetric(a, N); /* diagonal, values that repeat */
    check_factor(a, N, N);
    for (int i = 0; i < N * N; ++i) a[i] = 1;
    check_symmetric(a, N); /* of rank 1 */
    check_factor(a, N, 1);
    for (int i = 0; i < N; ++i)
        for (int j = 0; j < N; ++j) a[i * N + j] = i == j ? 1e-200 : 1e-202;
    check_symmetric(a, N);
    check_factor(a, N, N);
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
    check_symmetric(a, N);
    check_factor(a, N, RANK);
    CHECK_INT(ad_symmetric_values(ctx, a, N, value, NULL), AD_OK);
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

static ad_feature_rows rows_of(const float *features, int64_t count, int64_t width)
{
    return (ad_feature_rows){.features = features, .count = count, .width = width};
}

static void clouds_are_as_far_as_elsewhere(void)
{
    static const char *const names[] = {"near", "far", "narrow", "few", "uneven"};
    fixture f;
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/made_scores.safetensors"));
    for (int i = 0; i < 5; ++i) {
        ad_tensor r = fixture_get(&f, "%s.real", names[i]),
                  m = fixture_get(&f, "%s.made", names[i]);
        ad_feature_rows real = rows_of(r.data, r.shape.dim[0], r.shape.dim[1]),
                        made = rows_of(m.data, m.shape.dim[0], m.shape.dim[1]);
        const double *want = fixture_get(&f, "%s.scores", names[i]).data,
                     *far = fixture_get(&f, "%s.frechet", names[i]).data,
                     *kernel = fixture_get(&f, "%s.kernel", names[i]).data;
        int k = *(const int32_t *)fixture_get(&f, "%s.k", names[i]).data;
        ad_neighbour_result n;
        ad_kernel_result all;
        double d, back;
        CHECK_INT(ad_frechet_distance(ctx, &real, &made, NULL, &d), AD_OK);
        CHECK_NEAR(d, *far, 1e-9 * fmax(1, *far));
        CHECK_INT(ad_frechet_distance(ctx, &made, &real, NULL, &back), AD_OK);
        CHECK_NEAR(back, d, 1e-9 * fmax(1, d));
        CHECK_INT(ad_neighbour_scores(ctx, &real, &made, k, NULL, NULL, &n), AD_OK);
        const double got[] = {n.precision, n.recall, n.density, n.coverage};
        for (int s = 0; s < 4; ++s) CHECK_NEAR(got[s], want[s], 1e-12);
        int64_t fewer = real.count < made.count ? real.count : made.count;
        real.count = made.count = fewer;
        CHECK_INT(ad_kernel_distance(ctx, &real, &made,
                                     &(ad_kernel_options){.subsets = 1, .size = fewer}, NULL, &all),
                  AD_OK);
        CHECK_NEAR(all.distance, *kernel, 1e-6 * fmax(1, fabs(*kernel)));
    }
    fixture_close(&f);
}

/* ---- kernel distance ---- */

static void subsets_agree_and_know_no_bias(void)
{
    enum { N = 600, WIDTH = 20 };
    static float x[N * WIDTH], y[N * WIDTH];
    ad_kernel_result same, far, again;
    for (int i = 0; i < N * WIDTH; ++i)
        x[i] = (float)random_number(i), y[i] = (float)random_number(i + 99999);
    ad_feature_rows a = rows_of(x, N, WIDTH), b = rows_of(y, N, WIDTH);
    const ad_kernel_options few = {.subsets = 40, .size = 30};
    CHECK_INT(ad_kernel_distance(ctx, &a, &b, &few, NULL, &same), AD_OK);
    CHECK_INT(same.subsets, 40);
    CHECK_INT(same.size, 30);
    CHECK(fabs(same.distance) < 3 * same.deviation / sqrt(40) && same.deviation > 0);
    for (int i = 0; i < N * WIDTH; ++i) y[i] += 0.5f;
    CHECK_INT(ad_kernel_distance(ctx, &a, &b, &few, NULL, &far), AD_OK);
    CHECK(far.distance > 5 * far.deviation);
    CHECK_INT(ad_kernel_distance(ctx, &a, &b, NULL, NULL, &again), AD_OK);
    CHECK_INT(again.size, N / 2);
    CHECK_INT(again.subsets, 100);
    CHECK_NEAR(again.distance, far.distance, 3 * far.deviation / sqrt(40));
    ad_context *three = ad_context_new(&(ad_context_options){.threads = 3});
    CHECK_INT(ad_kernel_distance(three, &a, &b, NULL, NULL, &far), AD_OK);
    ad_context_free(three);
    CHECK(far.distance == again.distance && far.deviation == again.deviation);
    CHECK_INT(ad_kernel_distance(ctx, &a, &b, &(ad_kernel_options){.size = N + 1}, NULL, &far),
              AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "601 of 600 and 600 rows");
}

/* ---- neighbours ---- */

/* Against distances in double, where much cancels: of features far from 0, copies, bytes. */
static void nearest_rows_are_the_nearest(void)
{
    enum { N = 1100, M = 70, WIDTH = 11, K = 3 };
    static float x[N * WIDTH], y[M * WIDTH], distance[N * K];
    static int64_t which[N * K], own[N];
    for (int i = 0; i < N * WIDTH; ++i) x[i] = 1000 + (float)random_number(i);
    for (int i = 0; i < M * WIDTH; ++i) y[i] = 1000 + (float)random_number(i + 77777);
    memcpy(y, x + 40 * WIDTH, WIDTH * sizeof *y); /* a copy */
    ad_feature_rows to = rows_of(x, N, WIDTH), from = rows_of(y, M, WIDTH);
    CHECK_INT(ad_nearest_rows(ctx, &from, &to, NULL, K, NULL, distance, which), AD_OK);
    CHECK_INT(which[0], 40);
    CHECK_NEAR(distance[0], 0, 0);
    for (int i = 0; i < M; ++i)
        for (int k = 0; k < K; ++k) {
            double least = INFINITY, before = k ? (double)distance[i * K + k - 1] : -1;
            for (int j = 0; j < N; ++j) {
                double d = 0;
                bool taken = false;
                for (int f = 0; f < WIDTH; ++f)
                    d += pow((double)y[i * WIDTH + f] - (double)x[j * WIDTH + f], 2);
                for (int b = 0; b < k; ++b) taken |= which[i * K + b] == j;
                if (!taken) least = fmin(least, d);
            }
            CHECK_NEAR(distance[i * K + k], least, 1e-4 * least);
            CHECK(distance[i * K + k] >= before);
        }
    for (int i = 0; i < N; ++i) own[i] = i;
    CHECK_INT(ad_nearest_rows(ctx, &to, &to, own, 1, NULL, distance, which), AD_OK);
    for (int i = 0; i < N; ++i) CHECK(which[i] != i && distance[i] > 0);
    CHECK_INT(ad_nearest_rows(ctx, &from, &to, NULL, 65, NULL, distance, which), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "the 65 nearest of 1100 rows");
}

static void bytes_stand_for_their_share_of_255(void)
{
    unsigned char x[6] = {0, 0, 255, 0, 51, 51}, y[2] = {255, 51};
    float distance[1];
    int64_t which[1];
    const ad_feature_rows to = {.bytes = x, .count = 3, .width = 2},
                          from = {.bytes = y, .count = 1, .width = 2};
    CHECK_INT(ad_nearest_rows(ctx, &from, &to, NULL, 1, NULL, distance, which), AD_OK);
    CHECK_INT(which[0], 1);
    CHECK_NEAR(distance[0], 0.04, 1e-6);
}

static void copies_are_found_with_any_number_of_threads(void)
{
    enum { N = 1100, WIDTH = 3 };
    static float x[N * WIDTH], y[N * WIDTH];
    ad_neighbour_result r, again;
    for (int i = 0; i < N * WIDTH; ++i)
        x[i] = (float)random_number(i), y[i] = (float)random_number(i + 9999);
    const ad_feature_rows a = rows_of(x, N, WIDTH), b = rows_of(y, N, WIDTH);
    CHECK_INT(ad_neighbour_scores(ctx, &a, &a, 5, NULL, NULL, &r), AD_OK);
    CHECK_NEAR(r.precision, 1, 0);
    CHECK_NEAR(r.recall, 1, 0);
    CHECK_NEAR(r.coverage, 1, 0);
    CHECK_NEAR(r.density, (5 + 1) / 5.0, 0.01); /* five others' balls on average, and its own */
    CHECK_INT(ad_neighbour_scores(ctx, &a, &b, 5, NULL, NULL, &r), AD_OK);
    CHECK(r.coverage > 0.9 && r.coverage < 1 && r.density > 0.9 && r.density < 1.1);
    ad_context *three = ad_context_new(&(ad_context_options){.threads = 3});
    CHECK_INT(ad_neighbour_scores(three, &a, &b, 5, NULL, NULL, &again), AD_OK);
    ad_context_free(three);
    CHECK(!memcmp(&r, &again, sizeof r));
    for (int i = 0; i < N * WIDTH; ++i) y[i] = x[i % 30]; /* few of the modes */
    CHECK_INT(ad_neighbour_scores(ctx, &a, &b, 5, NULL, NULL, &again), AD_OK);
    CHECK_NEAR(again.precision, 1, 0);
    CHECK(again.coverage < 0.1 && again.recall < 0.1);
}

/* ---- what may go wrong ---- */

static void what_is_not_finite_has_no_score(void)
{
    float x[8] = {0, 1, 2, 3, 4, 5, 6, 7}, y[8] = {0, 1, 2, 3, NAN, 5, 6, 7};
    const ad_feature_rows a = rows_of(x, 4, 2), b = rows_of(y, 4, 2), one = rows_of(x, 1, 2);
    ad_neighbour_result r;
    ad_kernel_result kernel;
    double d;
    CHECK_INT(ad_frechet_distance(ctx, &a, &b, NULL, &d), AD_OK);
    CHECK(isnan(d));
    CHECK_INT(ad_neighbour_scores(ctx, &b, &a, 1, NULL, NULL, &r), AD_OK);
    CHECK(isnan(r.precision) && isnan(r.recall) && isnan(r.density) && isnan(r.coverage));
    CHECK_INT(ad_kernel_distance(ctx, &a, &b, NULL, NULL, &kernel), AD_OK);
    CHECK(isnan(kernel.distance) && isnan(kernel.deviation));
    CHECK_INT(ad_frechet_distance(ctx, &one, &a, NULL, &d), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_neighbour_scores(ctx, &a, &a, 4, NULL, NULL, &r), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "k is 4");
    CHECK_INT(ad_neighbour_scores(ctx, &a, &a, 0, NULL, NULL, &r), AD_ERROR_ARGUMENT);
}

static int steps_told;
static void count_step(void *user, const ad_progress *progress)
{
    (void)user;
    CHECK(progress->step <= progress->steps);
    ++steps_told;
}
static bool at_once(void *user)
{
    (void)user;
    return true;
}

static void whoever_follows_is_told_and_may_end_it(void)
{
    float x[60];
    for (int i = 0; i < 60; ++i) x[i] = (float)random_number(i);
    const ad_feature_rows a = rows_of(x, 20, 3);
    const ad_watcher follows = {.progress = count_step}, ends = {.interrupted = at_once};
    ad_neighbour_result r;
    ad_kernel_result kernel;
    double d;
    CHECK_INT(ad_kernel_distance(ctx, &a, &a, NULL, &follows, &kernel), AD_OK);
    CHECK_INT(ad_neighbour_scores(ctx, &a, &a, 2, NULL, &follows, &r), AD_OK);
    CHECK(steps_told >= 103);
    CHECK_INT(ad_frechet_distance(ctx, &a, &a, &ends, &d), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_kernel_distance(ctx, &a, &a, NULL, &ends, &kernel), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_neighbour_scores(ctx, &a, &a, 2, NULL, &ends, &r), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "stopped");
}

static const check_case cases[] = {CASE(eigenvalues_and_factors_belong_to_their_matrix),
                                   CASE(low_rank_is_no_obstacle),
                                   CASE(distances_have_closed_forms),
                                   CASE(clouds_are_as_far_as_elsewhere),
                                   CASE(subsets_agree_and_know_no_bias),
                                   CASE(nearest_rows_are_the_nearest),
                                   CASE(bytes_stand_for_their_share_of_255),
                                   CASE(copies_are_found_with_any_number_of_threads),
                                   CASE(what_is_not_finite_has_no_score),
                                   CASE(whoever_follows_is_told_and_may_end_it),
                                   {0}};

int main(int argc, char **argv)
{
    return check_in_context(argc, argv, cases);
}
