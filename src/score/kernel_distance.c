/* kernel_distance.c - the squared maximum mean discrepancy of made and real features with a cubic
 * kernel (Binkowski et al. 2018, "KID"; Gretton et al. 2012, lemma 6):
 *
 *     k(x, y) = (x y / width + 1)^3
 *     mean of k(x, x') over x != x'  +  mean of k(y, y') over y != y'  -  2 mean of k(x, y)
 *
 * in subsets of the rows, whose mean has no bias, unlike a Frechet distance, however few they are.
 */
#include "base/pool.h"
#include "score/products.h"

#include <math.h>

enum { SUBSETS = 100, SIZE = 1000 };
static const uint64_t stream_of_real = 0x6b6964, stream_of_made = 0x6b6965;

typedef struct kernel {
    ad_context *ctx;
    ad_products products;
    const ad_feature_rows *side[2];
    int64_t *index[2]; /* [count]: the rows, of which the first `size` are the subset */
    double *sum;       /* [a.most]: of a block's rows */
    int64_t size;
    bool same; /* both are the same rows: none is compared with itself */
} kernel;

/* Fisher and Yates: the first `size` of a permutation. The order that was there before matters to
 * no distribution. */
static void draw(int64_t *index, int64_t count, int64_t size, uint64_t seed, uint64_t stream,
                 int64_t subset)
{
    for (int64_t i = 0; i < size; ++i) {
        uint64_t number = (uint64_t)(subset * size + i);
        int64_t other = i + ad_random_below(seed, stream, number, count - i), kept = index[i];
        index[i] = index[other], index[other] = kept;
    }
}

static void sum_row(void *user, int64_t r, int worker)
{
    const kernel *k = user;
    const ad_row_block *a = &k->products.a, *b = &k->products.b;
    const float *product = (const float *)ad_result_at(k->products.program, 0) + r * b->most;
    double sum = 0, width = (double)k->products.width;
    int64_t itself = k->same ? a->first + r - b->first : -1;
    (void)worker;
    for (int64_t j = 0; j < b->count; ++j) {
        double x = (double)product[j] / width + 1;
        if (j != itself) sum += x * x * x;
    }
    k->sum[r] = sum;
}

/* Of the subset of `first` with that of `second`. */
static ad_status sum_pairs(kernel *k, int first, int second, double *sum)
{
    ad_products *p = &k->products;
    const float *product;
    ad_status status = AD_OK;
    k->same = first == second, *sum = 0;
    for (int64_t i = 0; i < k->size && !status; i += p->a.most) {
        ad_products_load(p, &p->a, k->side[first], k->index[first], k->size, i, NULL);
        for (int64_t j = 0; j < k->size && !status; j += p->b.most) {
            ad_products_load(p, &p->b, k->side[second], k->index[second], k->size, j, NULL);
            if ((status = ad_products_run(p, &product))) break;
            ad_parallel(ad_context_pool(k->ctx), p->a.count, sum_row, k);
            for (int64_t r = 0; r < p->a.count; ++r) *sum += k->sum[r];
        }
    }
    return status;
}

static ad_status one_subset(kernel *k, double *distance)
{
    double of_real, of_made, between, size = (double)k->size, pairs = size * (size - 1);
    ad_status status = sum_pairs(k, 0, 0, &of_real);
    if (!status) status = sum_pairs(k, 1, 1, &of_made);
    if (!status) status = sum_pairs(k, 0, 1, &between);
    if (!status) *distance = (of_real + of_made) / pairs - 2 * between / (size * size);
    return status;
}

static ad_status all_subsets(kernel *k, const ad_kernel_options *o, const ad_watcher *watcher,
                             ad_kernel_result *result)
{
    static const uint64_t streams[2] = {stream_of_real, stream_of_made};
    double sum = 0, squares = 0, first = 0, distance;
    ad_status status = AD_OK;
    for (int s = 0; s < result->subsets && !status; ++s) {
        for (int i = 0; i < 2; ++i)
            draw(k->index[i], k->side[i]->count, k->size, o->seed, streams[i], s);
        if ((status = one_subset(k, &distance))) break;
        if (!s) first = distance; /* the deviation of numbers that are nearly the same */
        sum += distance - first, squares += (distance - first) * (distance - first);
        status = ad_score_step(k->ctx, watcher, s + 1, result->subsets);
    }
    double n = result->subsets, mean = sum / n;
    result->distance = first + mean;
    result->deviation = sqrt(fmax(0, squares / n - mean * mean));
    return status;
}

static ad_status number_rows(kernel *k, int side)
{
    int64_t count = k->side[side]->count;
    k->index[side] = ad_alloc(k->ctx, ad_bytes(count, sizeof(int64_t)));
    if (!k->index[side]) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < count; ++i) k->index[side][i] = i;
    return AD_OK;
}

ad_status ad_kernel_distance(ad_context *ctx, const ad_feature_rows *real,
                             const ad_feature_rows *made, const ad_kernel_options *options,
                             const ad_watcher *watcher, ad_kernel_result *result)
{
    static const ad_kernel_options none = {0};
    const ad_kernel_options *o = options ? options : &none;
    int64_t fewer = real->count < made->count ? real->count : made->count;
    int64_t size = o->size ? o->size : fewer / 2 < SIZE ? fewer / 2 : SIZE;
    if (size < 2 || size > fewer || real->width < 1 || real->width != made->width || o->subsets < 0)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "a kernel distance in subsets of %lld of %lld and %lld rows: two at least, "
                       "and no more than there are",
                       (long long)size, (long long)real->count, (long long)made->count);
    *result = (ad_kernel_result){NAN, NAN, .subsets = o->subsets ? o->subsets : SUBSETS,
                                 .size = size};
    if (!ad_rows_finite(real) || !ad_rows_finite(made)) return AD_OK;
    kernel k = {.ctx = ctx, .side = {real, made}, .size = size};
    ad_status status = ad_products_open(&k.products, ctx, size, size, real->width);
    size_t bytes = ad_bytes(k.products.a.most, sizeof *k.sum);
    for (int i = 0; i < 2 && !status; ++i) status = number_rows(&k, i);
    if (!status && !(k.sum = ad_alloc(ctx, bytes))) status = AD_ERROR_MEMORY;
    if (!status) status = all_subsets(&k, o, watcher, result);
    if (k.sum) ad_free(ctx, k.sum, bytes);
    for (int i = 0; i < 2; ++i)
        ad_free(ctx, k.index[i], ad_bytes(k.side[i]->count, sizeof(int64_t)));
    ad_products_close(&k.products);
    return status;
}
