/* scores.c - scores against scikit-learn's (tests/oracle/scores.py), and what is not finite. */
#include "fixture.h"
#include "sparing.h"

#include <autodidact/scores.h>

static ad_context *ctx;
static fixture f;
static const double close_by = 1e-12;

/* Held against a row of results; NaN where the fixture has NaN. */
static void agree(const char *name, const double *got, int count)
{
    ad_tensor want = fixture_get(&f, "%s", name);
    if (!want.data) return;
    CHECK_INT(ad_shape_count(want.shape), count);
    for (int i = 0; i < count; ++i) {
        double w = ((const double *)want.data)[i];
        if (isnan(w) ? !isnan(got[i]) : !(fabs(got[i] - w) <= close_by * fmax(1, fabs(w))))
            CHECK_FAIL("%s: number %d is %.17g, expected %.17g", name, i, got[i], w);
    }
}

static void check_classes(const char *name, int top_k, int bins)
{
    ad_tensor logits = fixture_get(&f, "%s.logits", name);
    ad_tensor labels = fixture_get(&f, "%s.labels", name);
    REQUIRE(logits.data && labels.data);
    int64_t rows = logits.shape.dim[0];
    int classes = (int)logits.shape.dim[1];
    const float *x = logits.data;
    ad_class_scores *s;
    ad_class_result r;
    char key[64];
    REQUIRE(!ad_class_scores_new(&s, ctx, classes, &(ad_class_options){top_k, bins}));
    /* what is cleared leaves nothing behind; and it may come in pieces */
    CHECK_INT(ad_class_scores_add(s, x, labels.data, rows / 2), AD_OK);
    ad_class_scores_clear(s);
    for (int64_t at = 0, n; at < rows; at += n) {
        n = rows - at < 7 ? rows - at : 7;
        CHECK_INT(ad_class_scores_add(s, x + at * classes, (int32_t *)labels.data + at, n), AD_OK);
    }
    CHECK_INT(ad_class_scores_result(s, &r), AD_OK);
    CHECK_INT(r.not_finite, 0);
    double got[] = {r.loss,
                    r.accuracy,
                    r.top_k_accuracy,
                    r.balanced_accuracy,
                    r.macro_precision,
                    r.macro_recall,
                    r.macro_f1,
                    r.weighted_f1,
                    r.area_under_roc,
                    r.average_precision,
                    r.calibration_error};
    snprintf(key, sizeof key, "%s.result", name);
    agree(key, got, (int)(sizeof got / sizeof *got));
    double each[4 * 8] = {0};
    const ad_tensor confusion = fixture_get(&f, "%s.confusion", name);
    int64_t in_all = 0;
    for (int c = 0; c < classes; ++c) {
        ad_class_score of = ad_class_scores_of(s, c);
        each[c] = of.precision, each[classes + c] = of.recall, each[2 * classes + c] = of.f1;
        each[3 * classes + c] = (double)of.rows, in_all += of.rows;
    }
    CHECK_INT(in_all, r.count);
    snprintf(key, sizeof key, "%s.each", name);
    agree(key, each, 4 * classes);
    for (int i = 0; i < classes * classes && confusion.data; ++i)
        CHECK_INT(ad_class_scores_confusion(s)[i], ((const int64_t *)confusion.data)[i]);
    double p[8];
    int64_t first = 0;
    while (((const int32_t *)labels.data)[first] < 0) ++first;
    ad_softmax_row(x + first * classes, classes, p);
    snprintf(key, sizeof key, "%s.probability", name);
    agree(key, p, classes);
    ad_class_scores_free(s);
}

static void classes_with_ties(void)
{
    check_classes("seven", 2, 10);
}
static void two_classes(void)
{
    check_classes("two", 0, 0);
}
static void one_class_of_two_alone(void)
{
    check_classes("alone", 0, 0);
}
static void classes_ruled_out(void)
{
    check_classes("masked", 0, 0);
}

static void several_labels(void)
{
    ad_tensor logits = fixture_get(&f, "several.logits");
    ad_tensor targets = fixture_get(&f, "several.targets");
    ad_label_scores *s;
    REQUIRE(logits.data && targets.data);
    REQUIRE(!ad_label_scores_new(&s, ctx, (int)logits.shape.dim[1]));
    ad_label_scores_add(s, logits.data, targets.data, logits.shape.dim[0]);
    ad_label_result r = ad_label_scores_result(s);
    double got[] = {r.loss,     r.micro_precision, r.micro_recall,
                    r.micro_f1, r.macro_precision, r.macro_recall,
                    r.macro_f1, r.subset_accuracy};
    agree("several.result", got, 8);
    CHECK(isnan(ad_label_scores_of(s, 4).f1) && ad_label_scores_of(s, 2).f1 == 0);
    ad_label_scores_clear(s);
    CHECK(isnan(ad_label_scores_result(s).micro_f1)); /* nothing at all */
    /* certain and right costs nothing, certain and wrong is infinite; NaN spoils the rest */
    float sure[6] = {INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY};
    float is[6] = {1}, is_not[6] = {0};
    ad_label_scores_add(s, sure, is, 1);
    CHECK(ad_label_scores_result(s).loss == 0 && ad_label_scores_result(s).subset_accuracy == 1);
    ad_label_scores_add(s, sure, is_not, 1);
    CHECK(isinf(ad_label_scores_result(s).loss));
    CHECK_NEAR(ad_label_scores_result(s).micro_f1, 2.0 / 3, close_by);
    sure[3] = NAN;
    ad_label_scores_add(s, sure, is, 1);
    r = ad_label_scores_result(s);
    CHECK(isnan(r.micro_f1) && isnan(r.loss) && r.not_finite == 1 && r.count == 3);
    ad_label_scores_free(s);
}

static void rank(const char *name, int k, ad_ranking_scores *sums)
{
    ad_tensor scores = fixture_get(&f, "%s.scores", name);
    ad_tensor relevance = fixture_get(&f, "%s.relevance", name);
    *sums = (ad_ranking_scores){.k = k};
    REQUIRE(scores.data && relevance.data);
    int64_t n = scores.shape.dim[1];
    for (int64_t q = 0; q < scores.shape.dim[0]; ++q)
        CHECK_INT(ad_ranking_add(ctx, sums, (float *)scores.data + q * n,
                                 (float *)relevance.data + q * n, n),
                  AD_OK);
}

static void rankings(void)
{
    ad_ranking_scores sums;
    rank("ranking", 3, &sums);
    ad_ranking_result r = ad_ranking_means(&sums);
    double got[] = {r.hit, r.precision, r.recall, r.ndcg, r.reciprocal_rank, r.average_precision};
    agree("ranking.result", got, 6);
    rank("long", 20, &sums);
    r = ad_ranking_means(&sums);
    agree("long.result", (double[]){r.ndcg, r.average_precision}, 2);
    CHECK(r.hit <= 1 && r.hit > 0.99);
    /* fewer candidates than k; a query without anything relevant is counted apart */
    sums = (ad_ranking_scores){.k = 10};
    float scores[3] = {1, 3, 2}, relevance[3] = {0, 0, 0};
    CHECK_INT(ad_ranking_add(ctx, &sums, scores, relevance, 3), AD_OK);
    CHECK(sums.without == 1 && isnan(ad_ranking_means(&sums).ndcg));
    relevance[2] = 1;
    CHECK_INT(ad_ranking_add(ctx, &sums, scores, relevance, 3), AD_OK);
    r = ad_ranking_means(&sums);
    CHECK_NEAR(r.hit, 1, 0);
    CHECK_NEAR(r.precision, 0.1, close_by);
    CHECK_NEAR(r.recall, 1, 0);
    CHECK_NEAR(r.ndcg, 1 / log2(3), close_by);
    CHECK_NEAR(r.reciprocal_rank, 0.5, close_by);
    scores[0] = NAN;
    CHECK_INT(ad_ranking_add(ctx, &sums, scores, relevance, 3), AD_OK);
    CHECK(sums.not_finite == 1 && isnan(ad_ranking_means(&sums).hit));
}

static void area_and_precision(void)
{
    ad_tensor scores = fixture_get(&f, "area.scores"), labels = fixture_get(&f, "area.labels");
    double got[2];
    REQUIRE(scores.data && labels.data);
    int64_t n = scores.shape.dim[0];
    CHECK_INT(ad_area_under_roc(ctx, scores.data, labels.data, n, &got[0]), AD_OK);
    CHECK_INT(ad_average_precision(ctx, scores.data, labels.data, n, &got[1]), AD_OK);
    agree("area.result", got, 2);
    float same[4] = {2, 2, 2, 2}, odd[4] = {1, INFINITY, NAN, -INFINITY};
    int32_t half[4] = {0, 1, 0, 1}, all[4] = {1, 1, 1, 1};
    CHECK_INT(ad_area_under_roc(ctx, same, half, 4, &got[0]), AD_OK);
    CHECK_NEAR(got[0], 0.5, 0); /* a constant score knows nothing */
    CHECK_INT(ad_average_precision(ctx, same, half, 4, &got[0]), AD_OK);
    CHECK_NEAR(got[0], 0.5, 0);
    CHECK(!ad_area_under_roc(ctx, same, all, 4, &got[0]) && isnan(got[0]));
    CHECK(!ad_area_under_roc(ctx, odd, half, 4, &got[0]) && isnan(got[0]));
    CHECK(!ad_average_precision(ctx, odd, half, 4, &got[0]) && isnan(got[0]));
    odd[2] = INFINITY; /* infinity is a score like others */
    CHECK_INT(ad_area_under_roc(ctx, odd, half, 4, &got[0]), AD_OK);
    CHECK_NEAR(got[0], 0.375, 0);
    CHECK(!ad_area_under_roc(ctx, odd, half, 0, &got[0]) && isnan(got[0]));
}

static void numbers(void)
{
    ad_tensor predicted = fixture_get(&f, "numbers.predicted");
    ad_tensor truth = fixture_get(&f, "numbers.truth");
    ad_regression_result r;
    REQUIRE(predicted.data && truth.data);
    CHECK_INT(ad_regression_scores(ctx, predicted.data, truth.data, predicted.shape.dim[0], &r),
              AD_OK);
    agree("numbers.result", (double[]){r.mse, r.rmse, r.mae, r.r2, r.pearson, r.spearman}, 6);
    float same[3] = {0.1f, 0.1f, 0.1f}, other[3] = {1, 2, INFINITY};
    CHECK_INT(ad_regression_scores(ctx, same, same, 3, &r), AD_OK);
    CHECK(r.r2 == 1 && isnan(r.pearson) && isnan(r.spearman));
    CHECK_INT(ad_regression_scores(ctx, other, same, 2, &r), AD_OK);
    CHECK(r.r2 == 0 && isnan(r.pearson));
    CHECK_INT(ad_regression_scores(ctx, other, same, 3, &r), AD_OK);
    CHECK(r.not_finite == 1 && isnan(r.mse));
    CHECK_INT(ad_regression_scores(ctx, other, same, 0, &r), AD_OK);
    CHECK(isnan(r.mae));
}

/* In batches of any size the numbers are those of all pairs at once; a second split starts anew. */
static void numbers_in_batches(void)
{
    ad_number_scores *s;
    ad_regression_result all, r;
    float predicted[700], truth[700];
    for (int i = 0; i < 700; ++i) {
        truth[i] = (float)(i * 37 % 701);
        predicted[i] = truth[i] + (float)(i % 5) - 1.5f;
    }
    CHECK_INT(ad_regression_scores(ctx, predicted, truth, 700, &all), AD_OK);
    REQUIRE(!ad_number_scores_new(&s, ctx));
    CHECK_INT(ad_number_scores_result(s, &r), AD_OK);
    CHECK(r.count == 0 && isnan(r.mse));
    for (int round = 0; round < 2; ++round) {
        static const int sizes[] = {0, 1, 299, 400};
        ad_number_scores_clear(s);
        for (int i = 0, at = 0; i < 4; at += sizes[i++])
            CHECK_INT(ad_number_scores_add(s, predicted + at, truth + at, sizes[i]), AD_OK);
        CHECK_INT(ad_number_scores_result(s, &r), AD_OK);
        CHECK(!memcmp(&r, &all, sizeof r));
        CHECK_INT(ad_number_scores_count(s), 700);
        for (int i = 0; i < 700; ++i)
            CHECK((float)ad_number_scores_predicted(s)[i] == predicted[i] &&
                  (float)ad_number_scores_truth(s)[i] == truth[i]);
    }
    ad_number_scores_free(s);
}

static void what_is_not_finite(void)
{
    ad_class_scores *s;
    ad_class_result r;
    float rows[4][3] = {
        {1, 2, 3}, {NAN, 2, 3}, {1, INFINITY, 3}, {-INFINITY, -INFINITY, -INFINITY}};
    int32_t labels[4] = {2, 2, 1, 0}, wrong[2] = {0, 3};
    REQUIRE(!ad_class_scores_new(&s, ctx, 3, NULL));
    CHECK_INT(ad_class_scores_result(s, &r), AD_OK);
    CHECK(r.count == 0 && isnan(r.accuracy) && isnan(r.loss));
    CHECK_INT(ad_class_scores_add(s, rows[0], wrong, 2), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "label 3 of row 1: there are 3 classes");
    CHECK_INT(ad_class_scores_of(s, 0).rows, 0); /* not even the row before it */
    CHECK_INT(ad_class_scores_add(s, rows[0], labels, 1), AD_OK);
    CHECK_INT(ad_class_scores_result(s, &r), AD_OK);
    CHECK_NEAR(r.accuracy, 1, 0);
    CHECK_INT(ad_class_scores_add(s, rows[0], labels, 4), AD_OK);
    CHECK_INT(ad_class_scores_result(s, &r), AD_OK);
    CHECK_INT(r.count, 5);
    CHECK_INT(r.not_finite, 3);
    CHECK(isnan(r.accuracy) && isnan(r.balanced_accuracy) && isnan(r.calibration_error));
    ad_class_scores_free(s);
    CHECK_INT(ad_class_scores_new(&s, ctx, 0, NULL), AD_ERROR_ARGUMENT);
    CHECK(!s);
    REQUIRE(!ad_class_scores_new(&s, ctx, AD_CONFUSION_CLASSES + 1, NULL));
    CHECK(!ad_class_scores_confusion(s));
    ad_class_scores_free(s);
    double p[3];
    ad_softmax_row(rows[1], 3, p);
    CHECK(isnan(p[0]) && isnan(p[1]) && isnan(p[2]));
    CHECK_INT(ad_best_class(rows[1], 3), 2);
    CHECK_INT(ad_best_class((float[]){NAN, NAN}, 2), 0);
    ad_sigmoid_row((float[]){-1e9f, 0, INFINITY}, 3, p);
    CHECK(p[0] == 0 && p[1] == 0.5 && p[2] == 1);
}

static void the_best_in_order(void)
{
    double scores[] = {3, NAN, 5, 5, -INFINITY, 7, 0, 5};
    int order[8], want[] = {5, 2, 3, 7, 0, 6, 4, 1};
    for (int k = 0; k <= 9; ++k) {
        int n = ad_top_classes(scores, 8, k, order);
        CHECK_INT(n, k < 8 ? k : 8);
        for (int i = 0; i < n; ++i) CHECK_INT(order[i], want[i]);
    }
    CHECK_INT(ad_top_classes(scores, 0, 3, order), 0);
}

static ad_status all_of_them(ad_context *poor)
{
    float scores[6] = {1, 2, 3, 1, 2, 0}, relevance[6] = {0, 1, 0, 0, 1, 0};
    int32_t labels[6] = {0, 1, 0, 1, 1, 0};
    ad_class_scores *s = NULL;
    ad_label_scores *l = NULL;
    ad_class_result classes;
    ad_regression_result numbers_of;
    ad_number_scores *n = NULL;
    ad_ranking_scores sums = {.k = 2};
    double area;
    ad_status status = ad_class_scores_new(&s, poor, 2, NULL);
    if (!status) status = ad_class_scores_add(s, scores, labels, 3);
    if (!status) status = ad_class_scores_result(s, &classes);
    if (!status) status = ad_label_scores_new(&l, poor, 3);
    if (!status) status = ad_area_under_roc(poor, scores, labels, 6, &area);
    if (!status) status = ad_ranking_add(poor, &sums, scores, relevance, 6);
    if (!status) status = ad_number_scores_new(&n, poor);
    if (!status) status = ad_number_scores_add(n, scores, relevance, 6);
    if (!status) status = ad_number_scores_result(n, &numbers_of);
    ad_number_scores_free(n);
    ad_class_scores_free(s);
    ad_label_scores_free(l);
    return status;
}

static int by_number(const void *a, const void *b)
{
    return ad_compare_numbers(*(const double *)a, *(const double *)b);
}

/* However NaN lie among the numbers, these come out in order and NaN behind them. */
static void numbers_in_order(void)
{
    static const double want[] = {-INFINITY, -2, 0, 0.5, 3, INFINITY};
    for (unsigned places = 0; places < 1 << 9; ++places) {
        double value[9];
        int next = 0;
        for (int i = 0; i < 9; ++i)
            value[i] = (places >> i & 1) && next < 6 ? want[5 * next++ % 6] : NAN;
        qsort(value, 9, sizeof *value, by_number);
        for (int i = 1; i < 9; ++i)
            CHECK(isnan(value[i]) || (!isnan(value[i - 1]) && value[i - 1] <= value[i]));
        for (int i = 0; i < 9; ++i) CHECK((isnan(value[i]) != 0) == (i >= next));
    }
}

static void refused_memory(void)
{
    sparing_check(all_of_them);
}

static const check_case cases[] = {CASE(classes_with_ties),      CASE(two_classes),
                                   CASE(one_class_of_two_alone), CASE(classes_ruled_out),
                                   CASE(several_labels),         CASE(rankings),
                                   CASE(area_and_precision),     CASE(numbers),
                                   CASE(numbers_in_batches),     CASE(what_is_not_finite),
                                   CASE(the_best_in_order),      CASE(numbers_in_order),
                                   CASE(refused_memory),         {0}};

int main(int argc, char **argv)
{
    ctx = ad_context_new(NULL);
    if (!ctx || !fixture_open(&f, ctx, "tests/fixtures/scores.safetensors")) return 1;
    int code = check_main(argc, argv, cases);
    fixture_close(&f);
    ad_context_free(ctx);
    return code;
}
