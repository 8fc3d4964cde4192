/* scores.h - how well predictions fit what is so: classes, several labels, rankings, numbers,
 * translations.
 *
 * Where a score has a definition in scikit-learn, this is the same number (tests/oracle/scores.py):
 * a quotient 0 / 0 counts as 0 within a mean over classes. Nothing to score at all is NaN.
 *
 * What is not finite: NaN where a number is wanted, or a row of logits with NaN, plus infinity or
 * nothing but minus infinity, is counted (`not_finite`), and then every score is NaN: a network
 * that computes NaN has no accuracy. Minus infinity beside other logits is a class that is ruled
 * out. All scores are computed in double, in the order in which rows are added.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_SCORES_H
#define AUTODIDACT_SCORES_H

#include <autodidact/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one row of logits ---- */

/* exp(logits) / sum; all NaN for a row that is not finite. */
AD_API void ad_softmax_row(const float *logits, int classes, double *probability);
/* 1 / (1 + exp(-logit)) of each. */
AD_API void ad_sigmoid_row(const float *logits, int labels, double *probability);
/* -1, 0 or 1: numbers rising, every NaN above them and like another NaN. A total order, as qsort
 * wants it: `<` and `>` alone are none where there is a NaN. */
AD_API int ad_compare_numbers(double a, double b);
/* The highest logit's number; the first of those that are equal; NaN is below every number. */
AD_API int ad_best_class(const float *logits, int classes);
/* The numbers of the `k` highest scores, falling, equal ones in their order, NaN last; returns how
 * many: k, or `count` if that is less. */
AD_API int ad_top_classes(const double *scores, int count, int k, int *order);

/* ---- one class of several ---- */

enum { AD_CONFUSION_CLASSES = 2000 }; /* with more of them no confusion matrix is kept */

typedef struct ad_class_scores ad_class_scores;

typedef struct ad_class_options {
    int top_k;            /* of top_k_accuracy; 0: 5 */
    int calibration_bins; /* of calibration_error; 0: 15 */
} ad_class_options;

/* Accumulates rows. `classes` from 1 on; `options` may be NULL. */
AD_API ad_status ad_class_scores_new(ad_class_scores **out, ad_context *ctx, int classes,
                                     const ad_class_options *options);
AD_API void ad_class_scores_free(ad_class_scores *scores); /* NULL is ignored */
AD_API void ad_class_scores_clear(ad_class_scores *scores);
/* Rows of logits [count, classes] with their labels [count]. A row whose label is negative is
 * passed over; a label beyond the classes is AD_ERROR_ARGUMENT, and then no row is added. */
AD_API ad_status ad_class_scores_add(ad_class_scores *scores, const float *logits,
                                     const int32_t *labels, int64_t count);

typedef struct ad_class_result {
    int64_t count, not_finite; /* rows with a label, and those of them that are not finite */
    double loss;               /* mean of -log softmax(logits)[label], nats */
    double accuracy;           /* the best class is the label */
    double top_k_accuracy;     /* the label is among the k best; equal logits: the first first */
    double balanced_accuracy;  /* mean recall of the classes that have a row */
    double macro_precision, macro_recall, macro_f1; /* means over classes that have a row or were
                                                       predicted */
    double weighted_f1;                             /* mean of F1 weighted by the classes' rows */
    double area_under_roc;    /* two classes: of the second one; else NaN. Also NaN where one of the
                                 classes has no row */
    double average_precision; /* likewise; NaN only where the second one has no row */
    double calibration_error; /* expected: mean |share right - probability of the best class| over
                                 bins of that probability (Guo et al. 2017, equation 3) */
} ad_class_result;
AD_API ad_status ad_class_scores_result(const ad_class_scores *scores, ad_class_result *result);

typedef struct ad_class_score {
    int64_t rows, predicted, right;
    double precision, recall, f1; /* NaN for 0 / 0 */
} ad_class_score;
AD_API ad_class_score ad_class_scores_of(const ad_class_scores *scores, int which);
/* [label * classes + prediction], or NULL with more than AD_CONFUSION_CLASSES. */
AD_API const int64_t *ad_class_scores_confusion(const ad_class_scores *scores);
AD_API int ad_class_scores_classes(const ad_class_scores *scores);

/* ---- several labels at once ---- */

typedef struct ad_label_scores ad_label_scores;

AD_API ad_status ad_label_scores_new(ad_label_scores **out, ad_context *ctx, int labels);
AD_API void ad_label_scores_free(ad_label_scores *scores); /* NULL is ignored */
AD_API void ad_label_scores_clear(ad_label_scores *scores);
/* Rows of logits and targets [count, labels]: predicted where the logit is above 0, present where
 * the target is. Infinity is finite enough here; a NaN in either makes a row not finite. */
AD_API void ad_label_scores_add(ad_label_scores *scores, const float *logits, const float *targets,
                                int64_t count);

typedef struct ad_label_result {
    int64_t count, not_finite; /* rows */
    double loss; /* mean binary cross-entropy with logits over rows and labels, nats */
    double micro_precision, micro_recall, micro_f1; /* over all pairs of row and label at once */
    double macro_precision, macro_recall, macro_f1; /* means over all labels */
    double subset_accuracy;                         /* rows with every label right */
} ad_label_result;
AD_API ad_label_result ad_label_scores_result(const ad_label_scores *scores);
AD_API ad_class_score ad_label_scores_of(const ad_label_scores *scores, int which);

/* ---- scores against yes and no ---- */

/* The chance that a positive (label above 0) scores above a negative, ties counting half: the area
 * under the ROC curve (Mann & Whitney 1947). NaN without one of either, or with a NaN score.
 * O(count log count). AD_ERROR_MEMORY alone. */
AD_API ad_status ad_area_under_roc(ad_context *ctx, const float *scores, const int32_t *labels,
                                   int64_t count, double *area);
/* The sum over falling thresholds of (rise of recall) * precision, equal scores being one
 * threshold. NaN without a positive, or with a NaN score. */
AD_API ad_status ad_average_precision(ad_context *ctx, const float *scores, const int32_t *labels,
                                      int64_t count, double *precision);

/* ---- rankings ---- */

/* Sums over queries; begin with {.k = 10} and add. */
typedef struct ad_ranking_scores {
    int k; /* how many of the best count, for the scores named @k; at least 1 */
    int64_t queries, not_finite; /* scored; with a NaN */
    int64_t without;             /* passed over, because nothing is relevant */
    double hit, precision, recall, ndcg, reciprocal_rank, average_precision;
} ad_ranking_scores;

/* One query: a score for each of its candidates, and how relevant each is (0: not; its gain for
 * NDCG, as it is). Of candidates with equal scores the expectation over their orders is taken, so
 * that nothing depends on the order in which they are given. AD_ERROR_MEMORY alone. */
AD_API ad_status ad_ranking_add(ad_context *ctx, ad_ranking_scores *sums, const float *scores,
                                const float *relevance, int64_t count);

/* Means over the queries that were scored. */
typedef struct ad_ranking_result {
    double hit;               /* @k: something relevant is among the k best */
    double precision;         /* @k: relevant ones of the k best, / k */
    double recall;            /* @k: relevant ones among the k best, / all that are relevant */
    double ndcg;              /* @k: Jarvelin & Kekalainen 2002, gain / log2(1 + rank) over the best
                                 possible */
    double reciprocal_rank;   /* 1 / rank of the first relevant one (MRR) */
    double average_precision; /* as above (MAP) */
} ad_ranking_result;
AD_API ad_ranking_result ad_ranking_means(const ad_ranking_scores *sums);

/* ---- numbers ---- */

typedef struct ad_regression_result {
    int64_t count, not_finite; /* pairs; those with NaN or infinity */
    double mse, rmse, mae;
    double r2;       /* 1 - squared error / squared deviation from the mean of what is so; where
                        that is constant 1 if all is right, else 0 */
    double pearson;  /* correlation; NaN where either is constant */
    double spearman; /* Pearson's of the ranks, equal values sharing their mean rank */
} ad_regression_result;
/* Pairs of what was predicted and what is so. AD_ERROR_MEMORY alone. */
AD_API ad_status ad_regression_scores(ad_context *ctx, const float *predicted, const float *truth,
                                      int64_t count, ad_regression_result *result);

/* The same of pairs that come in batches, all of which are kept: 16 bytes each. */
typedef struct ad_number_scores ad_number_scores;

AD_API ad_status ad_number_scores_new(ad_number_scores **out, ad_context *ctx);
AD_API void ad_number_scores_free(ad_number_scores *scores); /* NULL is ignored */
AD_API void ad_number_scores_clear(ad_number_scores *scores);
/* AD_ERROR_MEMORY alone, and then no pair is added. */
AD_API ad_status ad_number_scores_add(ad_number_scores *scores, const float *predicted,
                                      const float *truth, int64_t count);
AD_API ad_status ad_number_scores_result(const ad_number_scores *scores,
                                         ad_regression_result *result);
/* What was added, in its order, for plots (plot.h); until the next pair is added. */
AD_API int64_t ad_number_scores_count(const ad_number_scores *scores);
AD_API const double *ad_number_scores_predicted(const ad_number_scores *scores);
AD_API const double *ad_number_scores_truth(const ad_number_scores *scores);

/* ---- made beside real, in the features of a network ---- */

/* Rows of numbers [count, width], of what was made or of what is real: features, or bytes, which
 * stand for byte / 255. A feature that is not finite makes every score NaN. Products of rows are
 * the library's own matrix kernels', a block at a time: beside the rows some megabytes are needed.
 * All scores are the same with any number of threads.
 *
 * `watcher` (may be NULL) is told how far a score is, in steps of its own, and may end it, which is
 * AD_ERROR_ARGUMENT. */
typedef struct ad_feature_rows {
    const float *features;
    const unsigned char *bytes; /* where there are no features */
    int64_t count, width;
} ad_feature_rows;

/* The Frechet distance of the normal distributions with the rows' means and unbiased covariances
 * (Heusel et al. 2017, "FID"): 0 where they agree. Two rows of each at least. Of fewer rows than
 * features it is a distance all the same, and a larger one than that of many.
 * O(min(width, count)^3). */
AD_API ad_status ad_frechet_distance(ad_context *ctx, const ad_feature_rows *a,
                                     const ad_feature_rows *b, const ad_watcher *watcher,
                                     double *distance);
/* The same of means [n] and covariances [n, n], symmetric and finite. */
AD_API ad_status ad_frechet_of_moments(ad_context *ctx, const double *mean_a, const double *a,
                                       const double *mean_b, const double *b, int64_t n,
                                       double *distance);

typedef struct ad_kernel_options {
    int subsets;   /* 0: 100 */
    int64_t size;  /* rows of each in a subset; 0: 1000, and half of the fewer rows at most */
    uint64_t seed; /* of which they are */
} ad_kernel_options;
typedef struct ad_kernel_result {
    double distance, deviation; /* mean and deviation over the subsets */
    int subsets;
    int64_t size;
} ad_kernel_result;
/* The kernel distance (Binkowski et al. 2018, "KID"): the squared maximum mean discrepancy with the
 * kernel (x y / width + 1)^3, its unbiased estimate, which may be below 0, in subsets drawn without
 * replacement. Four rows of each at least. `options` may be NULL. */
AD_API ad_status ad_kernel_distance(ad_context *ctx, const ad_feature_rows *real,
                                    const ad_feature_rows *made, const ad_kernel_options *options,
                                    const ad_watcher *watcher, ad_kernel_result *result);

enum { AD_NEIGHBOURS_MOST = 64 };

/* For each row of `from` the squared distances to the k nearest of `to`, rising: distance [from
 * count, k], and which rows these are (the first of those that are equal): which [from count, k],
 * may be NULL. Row i of `from` is row own[i] of `to`, which does not count (`own` NULL: none is).
 * k from 1 to AD_NEIGHBOURS_MOST, and to the rows there are. Numbers are finite. */
AD_API ad_status ad_nearest_rows(ad_context *ctx, const ad_feature_rows *from,
                                 const ad_feature_rows *to, const int64_t *own, int k,
                                 const ad_watcher *watcher, float *distance, int64_t *which);

/* With a ball around each row that reaches its k-th nearest of its own kind: */
typedef struct ad_neighbour_result {
    double precision; /* share of what is made that lies in a ball of something real */
    double recall;    /* share of what is real that lies in a ball of something made
                         (Kynkaanniemi et al. 2019) */
    double density;   /* in how many balls of real ones a made one lies, / k; about 1 */
    double coverage;  /* share of what is real in whose ball something made lies (Naeem et al.
                         2020) */
} ad_neighbour_result;
/* k from 1 to AD_NEIGHBOURS_MOST, less than either count. real_nearest [real count, k] is what
 * ad_nearest_rows says of the real ones among themselves; NULL: it is asked. */
AD_API ad_status ad_neighbour_scores(ad_context *ctx, const ad_feature_rows *real,
                                     const ad_feature_rows *made, int k, const float *real_nearest,
                                     const ad_watcher *watcher, ad_neighbour_result *result);

/* ---- translations ---- */

/* A corpus' BLEU (Papineni et al. 2002) and chrF (Popovic 2015) as sacrebleu 2.6.0 computes them
 * (Post 2018), with one reference for each segment: counts are added up segment by segment, scores
 * are of all of them, 0 to 100. Texts are UTF-8, a segment is one line without its end; in lower
 * case where the caller puts them so (ad_text_lower, tokenizer.h). */
typedef enum ad_bleu_words {
    AD_BLEU_13A = 0, /* as mteval-v13a.pl cuts a text of any European language */
    AD_BLEU_SPACES,  /* at white space: a text that is tokenised already ("none") */
} ad_bleu_words;

enum { AD_BLEU_ORDERS = 4, AD_CHRF_ORDERS = 6 };

/* Begin with zeros. Of n words in a row, and how many of them the reference has, too. */
typedef struct ad_bleu_counts {
    int64_t correct[AD_BLEU_ORDERS], total[AD_BLEU_ORDERS];
    int64_t length, reference_length; /* in words */
} ad_bleu_counts;
AD_API ad_status ad_bleu_add(ad_context *ctx, ad_bleu_counts *counts, ad_bleu_words words,
                             const char *text, size_t length, const char *reference,
                             size_t reference_length);
/* Where an order has no match, the exponentially falling guess of mteval (smooth_method="exp"). */
AD_API double ad_bleu_score(const ad_bleu_counts *counts);
/* "nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:2.6.0": sacrebleu's words for how. */
enum { AD_BLEU_SIGNATURE_BYTES = 96 };
AD_API void ad_bleu_signature(ad_bleu_words words, bool lower, char out[AD_BLEU_SIGNATURE_BYTES]);

/* Likewise of n characters in a row, without white space: of the text, the reference, both. */
typedef struct ad_chrf_counts {
    int64_t text[AD_CHRF_ORDERS], reference[AD_CHRF_ORDERS], both[AD_CHRF_ORDERS];
} ad_chrf_counts;
AD_API ad_status ad_chrf_add(ad_context *ctx, ad_chrf_counts *counts, const char *text,
                             size_t length, const char *reference, size_t reference_length);
AD_API double ad_chrf_score(const ad_chrf_counts *counts); /* recall counts twice: chrF2 */

#ifdef __cplusplus
}
#endif
#endif
