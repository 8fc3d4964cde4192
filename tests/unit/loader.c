/* loader.c - batches follow from seed and number alone; each augmentation does what it says. */
#include "check.h"

#include <autodidact/data.h>

enum { COUNT = 103, SIDE = 8, BATCH = 10 };

static ad_context *ctx;
static ad_image_set set;
static unsigned char pixels[COUNT * SIDE * SIDE * 3];
static int32_t labels[COUNT];

static void begin(int channels)
{
    ctx = ad_context_new(NULL);
    set = (ad_image_set){.count = COUNT,
                         .height = SIDE,
                         .width = SIDE,
                         .channels = channels,
                         .pixels = pixels,
                         .labels = labels,
                         .classes = COUNT,
                         .ctx = ctx};
    for (int i = 0; i < COUNT; ++i) labels[i] = i;
    for (int i = 0; i < COUNT * SIDE * SIDE * channels; ++i)
        pixels[i] = (unsigned char)(i * 7 % 251 + 1);
}

static void end(void)
{
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static const ad_augment everything = {.pad = 2,
                                      .flip = true,
                                      .brightness = 0.2f,
                                      .contrast = 0.2f,
                                      .saturation = 0.2f,
                                      .rotate = 10,
                                      .scale = 0.1f,
                                      .cutout = 3,
                                      .mean = {0.5f, 0.5f, 0.5f},
                                      .deviation = {0.25f, 0.25f, 0.25f}};

static ad_loader *make(int threads, bool shuffle, bool keep_last, ad_augment augment)
{
    ad_loader *loader;
    if (ad_loader_new(&loader, &set,
                      &(ad_loader_options){.batch = BATCH,
                                           .shuffle = shuffle,
                                           .keep_last = keep_last,
                                           .seed = 5,
                                           .threads = threads,
                                           .augment = augment}))
        CHECK_FAIL("%s", ad_error(ctx));
    return loader;
}

static uint64_t digest(const ad_batch *batch, int channels)
{
    uint64_t hash = 14695981039346656037u;
    const unsigned char *p = (const unsigned char *)batch->images;
    for (size_t i = 0; i < BATCH * SIDE * SIDE * (size_t)channels * sizeof(float); ++i)
        hash = (hash ^ p[i]) * 1099511628211u;
    for (int i = 0; i < BATCH; ++i) hash = (hash ^ (uint64_t)batch->labels[i]) * 1099511628211u;
    return hash;
}

static void the_same_with_any_threads(void)
{
    uint64_t want[40];
    begin(3);
    for (int threads = 1; threads <= 7; threads += 3) {
        ad_loader *loader = make(threads, true, false, everything);
        REQUIRE(loader);
        CHECK_INT(ad_loader_batches(loader), 10);
        for (int64_t i = 0; i < 40; ++i) {
            ad_batch batch;
            CHECK_INT(ad_loader_batch(loader, i, &batch), AD_OK);
            if (threads == 1) want[i] = digest(&batch, 3);
            CHECK(digest(&batch, 3) == want[i]);
        }
        static const int64_t jumps[] = {17, 18, 3, 39, 0, 0, 38, 37};
        for (int i = 0; i < 8; ++i) { /* in any order, too */
            ad_batch batch;
            CHECK_INT(ad_loader_batch(loader, jumps[i], &batch), AD_OK);
            CHECK(digest(&batch, 3) == want[jumps[i]]);
        }
        ad_loader_free(loader);
    }
    CHECK(want[0] != want[10]); /* another epoch, another order */
    end();
}

static void every_picture_once(void)
{
    begin(1);
    for (int keep = 0; keep < 2; ++keep) {
        int seen[COUNT] = {0}, total = 0;
        ad_loader *loader = make(2, true, keep, (ad_augment){0});
        REQUIRE(loader);
        for (int64_t i = 0; i < ad_loader_batches(loader); ++i) {
            ad_batch batch;
            CHECK_INT(ad_loader_batch(loader, i, &batch), AD_OK);
            CHECK_INT(batch.size, i < 10 ? 10 : 3);
            for (int64_t k = 0; k < BATCH; ++k) {
                if (k >= batch.size) {
                    CHECK_INT(batch.labels[k], -1);
                    continue;
                }
                int32_t label = batch.labels[k];
                ++seen[label], ++total;
                for (int p = 0; p < SIDE * SIDE; ++p)
                    CHECK_NEAR(batch.images[k * SIDE * SIDE + p],
                               pixels[label * SIDE * SIDE + p] / 255.0, 1e-6);
            }
        }
        CHECK_INT(total, keep ? COUNT : 100);
        for (int i = 0; i < COUNT; ++i) CHECK(seen[i] <= 1);
        ad_loader_free(loader);
    }
    end();
}

static float at(const ad_batch *batch, int64_t picture, int y, int x)
{
    return batch->images[(picture * SIDE + y) * SIDE + x];
}

/* Each crop is the padded picture seen from one of (2 pad + 1)^2 places, each flip its mirror. */
static void crops_and_flips(void)
{
    int flips = 0, places[5][5] = {{0}}, found = 0;
    begin(1);
    ad_loader *loader = make(1, false, false, (ad_augment){.pad = 2, .flip = true});
    REQUIRE(loader);
    for (int64_t n = 0; n < 100; ++n) {
        ad_batch batch;
        CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
        for (int64_t k = 0; k < BATCH; ++k) {
            const unsigned char *p = pixels + batch.labels[k] * SIDE * SIDE;
            bool any = false;
            for (int f = 0; f < 2 && !any; ++f)
                for (int dy = -2; dy <= 2 && !any; ++dy)
                    for (int dx = -2; dx <= 2 && !any; ++dx) {
                        bool same = true;
                        for (int y = 0; y < SIDE && same; ++y)
                            for (int x = 0; x < SIDE && same; ++x) {
                                int sy = y + dy, sx = (f ? SIDE - 1 - x : x) + dx;
                                bool in = sy >= 0 && sy < SIDE && sx >= 0 && sx < SIDE;
                                double want = in ? p[sy * SIDE + sx] / 255.0 : 0;
                                same = fabs(at(&batch, k, y, x) - want) < 1e-6;
                            }
                        if (same) any = true, flips += f, ++places[dy + 2][dx + 2];
                    }
            found += any;
        }
    }
    CHECK_INT(found, 1000);
    CHECK(flips > 430 && flips < 570);
    for (int i = 0; i < 25; ++i) CHECK(places[i / 5][i % 5] > 10);
    ad_loader_free(loader);
    end();
}

static void normalising_and_cutout(void)
{
    ad_batch batch;
    begin(1);
    ad_loader *loader = make(1, false, false,
                             (ad_augment){.mean = {0.5f}, .deviation = {0.1f}, .cutout = 3});
    REQUIRE(loader);
    CHECK_INT(ad_loader_batch(loader, 0, &batch), AD_OK);
    for (int64_t k = 0; k < BATCH; ++k) {
        int cut = 0;
        for (int y = 0; y < SIDE; ++y)
            for (int x = 0; x < SIDE; ++x) {
                double want = (pixels[(k * SIDE + y) * SIDE + x] / 255.0 - 0.5) / 0.1;
                float got = at(&batch, k, y, x);
                if (got == 0 && fabs(want) > 1e-3)
                    ++cut;
                else
                    CHECK_NEAR(got, want, 1e-5);
            }
        CHECK(cut >= 3 && cut <= 9);
    }
    ad_loader_free(loader);
    end();
}

static void small_turns(void)
{
    ad_batch batch;
    begin(1);
    memset(pixels, 128, sizeof pixels); /* what is all grey stays grey */
    ad_loader *loader = make(1, false, false,
                             (ad_augment){.rotate = 30, .scale = 0.3f, .shift = 2});
    REQUIRE(loader);
    CHECK_INT(ad_loader_batch(loader, 0, &batch), AD_OK);
    for (int i = 0; i < BATCH * SIDE * SIDE; ++i) CHECK_NEAR(batch.images[i], 128 / 255.0, 1e-5);
    ad_loader_free(loader);
    end();
}

static void what_makes_no_sense(void)
{
    ad_loader *loader;
    begin(1);
    CHECK_INT(ad_loader_new(&loader, &set, &(ad_loader_options){.batch = 0}), AD_ERROR_ARGUMENT);
    CHECK_INT(
        ad_loader_new(&loader, &set,
                      &(ad_loader_options){.batch = 1, .index = (int64_t[]){COUNT}, .count = 1}),
        AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "picture 103 is not in a set of 103");
    end();
}

static const check_case cases[] = {CASE(the_same_with_any_threads),
                                   CASE(every_picture_once),
                                   CASE(crops_and_flips),
                                   CASE(normalising_and_cutout),
                                   CASE(small_turns),
                                   CASE(what_makes_no_sense),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
