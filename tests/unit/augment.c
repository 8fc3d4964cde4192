/* augment.c - pictures as rows of batches: each augmentation does what it says, and draws the same
 * numbers as ever. */
#include "check.h"

#include <autodidact/data.h>

enum { COUNT = 103, SIDE = 8, BATCH = 10 };

static ad_context *ctx;
static ad_image_set set;
static unsigned char pixels[COUNT * SIDE * SIDE * 3];
static int32_t labels[COUNT];
static ad_samples *samples;

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
    ad_loader *loader = NULL;
    ad_loader_options options = {
        .batch = BATCH, .shuffle = shuffle, .keep_last = keep_last, .seed = 5, .threads = threads};
    if (ad_image_samples_new(&samples, &set, &augment) ||
        ad_loader_new(&loader, ctx, samples, &options))
        CHECK_FAIL("%s", ad_error(ctx));
    return loader;
}

static void drop(ad_loader *loader)
{
    ad_loader_free(loader);
    ad_samples_free(samples);
}

static const float *images(const ad_batch *batch)
{
    return batch->field[0];
}

static const int32_t *labels_of(const ad_batch *batch)
{
    return batch->field[1];
}

static uint64_t digest(const ad_batch *batch, int channels)
{
    uint64_t hash = 14695981039346656037u;
    const unsigned char *p = (const unsigned char *)images(batch);
    for (size_t i = 0; i < BATCH * SIDE * SIDE * (size_t)channels * sizeof(float); ++i)
        hash = (hash ^ p[i]) * 1099511628211u;
    for (int i = 0; i < BATCH; ++i) hash = (hash ^ (uint64_t)labels_of(batch)[i]) * 1099511628211u;
    return hash;
}

static void same_with_any_threads(void)
{
    uint64_t want[40];
    begin(3);
    for (int threads = 1; threads <= 7; threads += threads == 2 ? 5 : 1) {
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
        drop(loader);
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
                    CHECK_INT(labels_of(&batch)[k], -1);
                    continue;
                }
                int32_t label = labels_of(&batch)[k];
                ++seen[label], ++total;
                for (int p = 0; p < SIDE * SIDE; ++p)
                    CHECK_NEAR(images(&batch)[k * SIDE * SIDE + p],
                               pixels[label * SIDE * SIDE + p] / 255.0, 1e-6);
            }
        }
        CHECK_INT(total, keep ? COUNT : 100);
        for (int i = 0; i < COUNT; ++i) CHECK(seen[i] <= 1);
        drop(loader);
    }
    end();
}

static float at(const ad_batch *batch, int64_t picture, int y, int x)
{
    return images(batch)[(picture * SIDE + y) * SIDE + x];
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
            const unsigned char *p = pixels + labels_of(&batch)[k] * SIDE * SIDE;
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
    drop(loader);
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
    drop(loader);
    end();
}

/* Without normalising the square has the mean's own value. */
static void cutout_of_plain_values(void)
{
    ad_batch batch;
    begin(3);
    ad_loader *loader = make(1, false, false,
                             (ad_augment){.mean = {0.1f, 0.2f, 0.3f}, .cutout = 2 * SIDE});
    REQUIRE(loader);
    CHECK_INT(ad_loader_batch(loader, 0, &batch), AD_OK);
    for (int i = 0; i < BATCH * SIDE * SIDE * 3; ++i)
        CHECK_NEAR(images(&batch)[i], 0.1 * (i % 3 + 1), 1e-6);
    drop(loader);
    end();
}

/* Whole steps with the edge's pixels repeated, each about as often as the others. */
static void shifts(void)
{
    int places[5][5] = {{0}}, found = 0;
    begin(1);
    ad_loader *loader = make(1, false, false, (ad_augment){.shift = 2});
    REQUIRE(loader);
    for (int64_t n = 0; n < 100; ++n) {
        ad_batch batch;
        CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
        for (int64_t k = 0; k < BATCH; ++k) {
            const unsigned char *p = pixels + labels_of(&batch)[k] * SIDE * SIDE;
            for (int place = 0; place < 25; ++place) {
                bool same = true;
                for (int i = 0; i < SIDE * SIDE && same; ++i) {
                    int sy = i / SIDE + place / 5 - 2, sx = i % SIDE + place % 5 - 2;
                    sy = sy < 0 ? 0 : sy >= SIDE ? SIDE - 1 : sy;
                    sx = sx < 0 ? 0 : sx >= SIDE ? SIDE - 1 : sx;
                    same = fabs(at(&batch, k, i / SIDE, i % SIDE) - p[sy * SIDE + sx] / 255.0) <
                           1e-6;
                }
                if (same) ++places[place / 5][place % 5], ++found;
            }
        }
    }
    CHECK_INT(found, 1000);
    for (int i = 0; i < 25; ++i) CHECK(places[i / 5][i % 5] > 15);
    drop(loader);
    end();
}

/* A slope stays a slope: its steepness is 1 / scale, its direction the angle. */
static void turns(void)
{
    enum { PASSES = 40 };
    double most_angle = 0, least_scale = 2, most_scale = 0;
    begin(1);
    for (int i = 0; i < COUNT * SIDE * SIDE; ++i)
        pixels[i] = (unsigned char)(100 + 10 * (i % SIDE)); /* brighter to the right */
    ad_loader *loader = make(1, false, false, (ad_augment){.rotate = 30, .scale = 0.2f});
    REQUIRE(loader);
    for (int64_t n = 0; n < PASSES; ++n) {
        ad_batch batch;
        CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
        for (int64_t k = 0; k < BATCH; ++k) {
            /* around the middle, where no edge is near */
            double right = (at(&batch, k, 4, 4) - at(&batch, k, 4, 3)) * 25.5;
            double down = (at(&batch, k, 4, 4) - at(&batch, k, 3, 4)) * 25.5;
            double angle = atan2(down, right) * 57.29577951308232, scale = 1 / hypot(down, right);
            CHECK(fabs(angle) <= 30.001 && scale >= 0.799 && scale <= 1.201);
            /* the middle, (3.5, 3.5), stays where it is */
            double middle = (at(&batch, k, 3, 3) + at(&batch, k, 3, 4) + at(&batch, k, 4, 3) +
                             at(&batch, k, 4, 4)) /
                            4;
            CHECK_NEAR(middle, 135 / 255.0, 1e-5);
            most_angle = fmax(most_angle, fabs(angle));
            least_scale = fmin(least_scale, scale), most_scale = fmax(most_scale, scale);
        }
    }
    CHECK(most_angle > 28 && least_scale < 0.82 && most_scale > 1.18);
    drop(loader);
    end();
}

/* One colour everywhere, so that contrast changes only how far the channels lie apart. */
static void colours(void)
{
    double least[3] = {9, 9, 9}, most[3] = {0};
    begin(3);
    for (int i = 0; i < COUNT * SIDE * SIDE * 3; ++i)
        pixels[i] = (unsigned char)(i % 3 == 0 ? 90 : i % 3 == 1 ? 120 : 150);
    for (int which = 0; which < 3; ++which) {
        ad_augment a = {0};
        *(which == 0 ? &a.brightness : which == 1 ? &a.contrast : &a.saturation) = 0.3f;
        ad_loader *loader = make(1, false, false, a);
        REQUIRE(loader);
        for (int64_t n = 0; n < 20; ++n) {
            ad_batch batch;
            CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
            for (int64_t k = 0; k < BATCH; ++k) {
                const float *p = images(&batch) + k * SIDE * SIDE * 3;
                double mean = (p[0] + p[1] + p[2]) / 3.0 * 255, spread = (p[2] - p[0]) * 255 / 60.0;
                double factor = which == 0 ? mean / 120 : spread;
                CHECK(factor > 0.699 && factor < 1.301);
                CHECK_NEAR(which == 0 ? spread : mean, which == 0 ? factor : 120, 1e-4);
                CHECK_NEAR(p[SIDE * SIDE * 3 - 1], p[2], 1e-6);
                least[which] = fmin(least[which], factor), most[which] = fmax(most[which], factor);
            }
        }
        CHECK(least[which] < 0.73 && most[which] > 1.27);
        drop(loader);
    }
    end();
}

/* All at once, on grey: each in its documented place, nothing leaves the scale. */
static void all_at_once(void)
{
    ad_batch batch;
    begin(1);
    memset(pixels, 128, sizeof pixels);
    ad_augment a = {.rotate = 30, .scale = 0.3f, .shift = 2};
    for (int pass = 0; pass < 2; ++pass) {
        ad_loader *loader = make(1, false, false, a);
        REQUIRE(loader);
        CHECK_INT(ad_loader_batch(loader, 0, &batch), AD_OK);
        for (int i = 0; i < BATCH * SIDE * SIDE; ++i)
            if (pass == 0)
                CHECK_NEAR(images(&batch)[i], 128 / 255.0, 1e-5);
            else
                CHECK(images(&batch)[i] >= 0 && images(&batch)[i] <= 1);
        drop(loader);
        a.pad = 3, a.flip = true, a.brightness = a.contrast = a.saturation = 0.9f;
    }
    end();
}

/* Runs that were begun with an older version are resumed with the same batches. */
static void as_ever(void)
{
    static const struct {
        int64_t number;
        int32_t label[BATCH];
        uint64_t pixels;
    } want[] = {{0, {5, 0, 72, 51, 83, 82, 39, 48, 16, 17}, 0xf9ffd795e237fe12u},
                {11, {47, 42, 35, 12, 71, 91, 99, 37, 15, 24}, 0xfcbf163f31a18fe9u},
                {22, {26, 76, 79, 97, 101, 54, 12, 72, 10, 24}, 0x9a92dccd13b462afu}};
    begin(1);
    ad_loader *loader = make(2, true, false, (ad_augment){.pad = 2, .flip = true});
    REQUIRE(loader);
    for (int i = 0; i < 3; ++i) {
        ad_batch batch;
        uint64_t hash = 0xcbf29ce484222325u;
        CHECK_INT(ad_loader_batch(loader, want[i].number, &batch), AD_OK);
        for (int k = 0; k < BATCH; ++k) CHECK_INT(labels_of(&batch)[k], want[i].label[k]);
        for (int k = 0; k < BATCH * SIDE * SIDE; ++k)
            hash = (hash ^ (uint64_t)(int)(images(&batch)[k] * 255 + 0.5f)) * 0x100000001b3u;
        CHECK(hash == want[i].pixels);
    }
    drop(loader);
    end();
}

static const check_case cases[] = {CASE(same_with_any_threads),
                                   CASE(every_picture_once),
                                   CASE(crops_and_flips),
                                   CASE(normalising_and_cutout),
                                   CASE(cutout_of_plain_values),
                                   CASE(shifts),
                                   CASE(turns),
                                   CASE(colours),
                                   CASE(all_at_once),
                                   CASE(as_ever),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
