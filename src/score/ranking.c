/* ranking.c - queries with ranked candidates. Equal scores are treated as McSherry & Najork 2008
 * ("Computing information retrieval performance measures efficiently in the presence of tied
 * scores") do: the expectation over the orders of those that are equal. */
#include "score/ranks.h"

#include <autodidact/scores.h>
#include <math.h>

typedef struct query {
    const ad_ranked *ranked; /* rising: the best is the last */
    const float *relevance;
    int64_t count;
    int k;
} query;

/* Of `count` candidates in random order, `relevant` of which are relevant, the first relevant one
 * stands at place j (from 0 on) with
 *     p_0 = relevant / count,  p_(j+1) = p_j (count - j - relevant) / (count - j - 1).
 * Adds what that means for ranks from `before` on. */
static void first_relevant(int64_t before, int64_t count, int64_t relevant, int k,
                           ad_ranking_scores *one)
{
    double p = (double)relevant / (double)count;
    for (int64_t j = 0; j <= count - relevant; ++j) {
        one->reciprocal_rank += p / (double)(before + j + 1);
        if (before + j < k) one->hit += p;
        if (j < count - relevant) p *= (double)(count - j - relevant) / (double)(count - j - 1);
    }
}

/* The sum of 1 / log2(1 + rank) over ranks in (from, to], of those up to k. */
static double discounts(int64_t from, int64_t to, int k)
{
    double sum = 0;
    for (int64_t rank = from + 1; rank <= to && rank <= k; ++rank)
        sum += 1 / log2(1 + (double)rank);
    return sum;
}

static void walk(const query *q, ad_ranking_scores *one, int64_t *relevant)
{
    for (int64_t before = 0, group; before < q->count; before += group) {
        const ad_ranked *last = q->ranked + (q->count - 1 - before);
        int64_t found = 0;
        double gain = 0;
        for (group = 0; group < q->count - before && last[-group].value == last->value; ++group) {
            float r = q->relevance[last[-group].index];
            if (r > 0) gain += (double)r, ++found;
        }
        if (!found) continue;
        if (!*relevant) first_relevant(before, group, found, q->k, one);
        *relevant += found;
        double share = (double)found / (double)group;
        int64_t inside = q->k - before < group ? q->k - before : group;
        if (inside > 0) one->precision += share * (double)inside;
        one->ndcg += gain / (double)group * discounts(before, before + group, q->k);
        one->average_precision += (double)found * (double)*relevant / (double)(before + group);
    }
}

/* The best possible sum of discounted gains: the gains falling. */
static double ideal(const ad_ranked *gains, int64_t count, int k)
{
    double sum = 0;
    for (int64_t rank = 1; rank <= count && rank <= k; ++rank) {
        double gain = (double)gains[count - rank].value;
        if (gain <= 0) break;
        sum += gain / log2(1 + (double)rank);
    }
    return sum;
}

ad_status ad_ranking_add(ad_context *ctx, ad_ranking_scores *sums, const float *scores,
                         const float *relevance, int64_t count)
{
    bool some = false;
    for (int64_t i = 0; i < count; ++i) {
        if (isnan(scores[i]) || !isfinite(relevance[i])) {
            ++sums->not_finite;
            return AD_OK;
        }
        some |= relevance[i] > 0;
    }
    if (!some) {
        ++sums->without;
        return AD_OK;
    }
    ad_ranked *ranked = ad_rank(ctx, scores, NULL, count);
    ad_ranked *gains = ad_rank(ctx, relevance, NULL, count);
    if (ranked && gains) {
        ad_ranking_scores one = {0};
        int64_t relevant = 0;
        walk(&(query){ranked, relevance, count, sums->k}, &one, &relevant);
        ++sums->queries;
        sums->hit += one.hit;
        if (sums->k > 0) sums->precision += one.precision / sums->k;
        sums->recall += one.precision / (double)relevant;
        if (sums->k > 0) sums->ndcg += one.ndcg / ideal(gains, count, sums->k);
        sums->reciprocal_rank += one.reciprocal_rank;
        sums->average_precision += one.average_precision / (double)relevant;
    }
    bool whole = ranked && gains;
    ad_free(ctx, ranked, ad_rank_bytes(count));
    ad_free(ctx, gains, ad_rank_bytes(count));
    return whole ? AD_OK : AD_ERROR_MEMORY;
}

ad_ranking_result ad_ranking_means(const ad_ranking_scores *s)
{
    double n = s->not_finite || !s->queries ? NAN : (double)s->queries;
    return (ad_ranking_result){.hit = s->hit / n,
                               .precision = s->precision / n,
                               .recall = s->recall / n,
                               .ndcg = s->ndcg / n,
                               .reciprocal_rank = s->reciprocal_rank / n,
                               .average_precision = s->average_precision / n};
}
