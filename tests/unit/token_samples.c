/* token_samples.c - a text as windows: at random places, and one after the other. */
#include "check.h"

#include <autodidact/tokenizer.h>

enum { TOKENS = 1000, BLOCK = 8, BATCH = 3 };

static ad_context *ctx;
static int32_t ids[TOKENS];
static ad_samples *samples;
static ad_loader *loader;

static void open(ad_token_windows windows, ad_loader_options options)
{
    ctx = ad_context_new(NULL);
    for (int i = 0; i < TOKENS; ++i) ids[i] = i;
    windows.ids = ids, windows.block = BLOCK;
    options.batch = BATCH, options.seed = 1;
    if (ad_token_samples_new(&samples, ctx, &windows) ||
        ad_loader_new(&loader, ctx, samples, &options))
        CHECK_FAIL("%s", ad_error(ctx));
}

static void close(void)
{
    ad_loader_free(loader);
    ad_samples_free(samples);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* The places of batches 0 and 7 are those of older versions, with which runs are resumed. */
static void random_places(void)
{
    static const int32_t first[2][BATCH] = {{848, 818, 591}, {989, 293, 422}};
    for (int threads = 1; threads < 4; ++threads) {
        open((ad_token_windows){.count = TOKENS, .random = true, .windows = 2 * BATCH},
             (ad_loader_options){.threads = threads});
        CHECK_INT(ad_loader_batches(loader), 2);
        for (int n = 0; n < 2; ++n) {
            ad_batch batch;
            REQUIRE(!ad_loader_batch(loader, 7 * n, &batch));
            CHECK_INT(batch.size, BATCH);
            const int32_t *tokens = ad_batch_field(loader, &batch, "tokens");
            const int32_t *labels = ad_batch_field(loader, &batch, "labels");
            for (int i = 0; i < BATCH * BLOCK; ++i) {
                CHECK_INT(tokens[i], first[n][i / BLOCK] + i % BLOCK);
                CHECK_INT(labels[i], tokens[i] + 1);
            }
        }
        close();
    }
}

/* Each token but the first is predicted once, from the tokens before it. */
static void check_once(int64_t count, int64_t stride, int64_t windows)
{
    int times[TOKENS] = {0};
    open((ad_token_windows){.count = count, .stride = stride},
         (ad_loader_options){.keep_last = true});
    CHECK_INT(samples->count, windows);
    for (int64_t n = 0; n < ad_loader_batches(loader); ++n) {
        ad_batch batch;
        REQUIRE(!ad_loader_batch(loader, n, &batch));
        const int32_t *tokens = batch.field[0], *labels = batch.field[1];
        for (int64_t i = 0; i < BATCH * BLOCK; ++i) {
            if (labels[i] < 0) continue;
            CHECK(i / BLOCK < batch.size);
            CHECK_INT(labels[i], tokens[i] + 1);
            ++times[labels[i]];
        }
    }
    for (int64_t i = 0; i < count; ++i) CHECK_INT(times[i], i > 0);
    close();
}

static void each_token_once(void)
{
    check_once(TOKENS, 0, 125);
    check_once(TOKENS, 3, 332);
    check_once(2, 0, 1);
    check_once(BLOCK + 1, 0, 1);
    check_once(BLOCK + 2, 1, 2);
}

/* Fewer windows are spread over the whole text. */
static void spread_evenly(void)
{
    open((ad_token_windows){.count = TOKENS, .windows = 5}, (ad_loader_options){.keep_last = true});
    CHECK_INT(samples->count, 5);
    for (int64_t n = 0; n < 2; ++n) {
        ad_batch batch;
        REQUIRE(!ad_loader_batch(loader, n, &batch));
        for (int64_t row = 0; row < batch.size; ++row)
            CHECK_INT(((const int32_t *)batch.field[0])[row * BLOCK],
                      (n * BATCH + row) * 25 * BLOCK);
    }
    close();
}

static void refusals(void)
{
    ctx = ad_context_new(NULL);
    CHECK_INT(ad_token_samples_new(
                  &samples, ctx,
                  &(ad_token_windows){.ids = ids, .count = BLOCK, .block = BLOCK, .random = true}),
              AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx),
               "windows of 8 tokens cannot be cut from 8; one more than a window is needed");
    CHECK(!samples);
    CHECK_INT(ad_token_samples_new(&samples, ctx,
                                   &(ad_token_windows){.ids = ids, .count = 1, .block = BLOCK}),
              AD_ERROR_ARGUMENT);
    CHECK_INT(ad_token_samples_new(&samples, ctx, &(ad_token_windows){.ids = ids, .count = TOKENS}),
              AD_ERROR_ARGUMENT);
    ad_context_free(ctx);
}

static const check_case cases[] = {
    CASE(random_places), CASE(each_token_once), CASE(spread_evenly), CASE(refusals), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
