/* any_style.h - weights by the rule of tests/oracle/any_style.py, the pictures that it paints, and
 * networks held against what it makes of them. */
#ifndef AD_TESTS_ANY_STYLE_H
#define AD_TESTS_ANY_STYLE_H

#include "fixture.h"
#include "folder.h"

#include <sys/stat.h>

#include "zoo/style/any.h"

enum { RULE_EVERY = 7 }; /* value of a picture is in the fixture */

/* What the rest cannot do without. */
static inline void must(bool is, const char *what)
{
    if (is) return;
    printf("%s failed\n", what);
    exit(1);
}

static inline uint32_t rule_fnv(const char *text)
{
    uint32_t value = 2166136261u;
    for (; *text; ++text) value = (value ^ (unsigned char)*text) * 16777619u;
    return value;
}

/* A file's tensors, in the order of files: PREFIX/NAME says their values. */
typedef struct rule_file {
    ad_named_tensor tensor[64];
    char name[64][64];
    const char *prefix;
    int count;
} rule_file;

static inline void rule_tensor(rule_file *f, const char *name, ad_shape shape, double scale)
{
    char whole[128];
    int64_t count = ad_shape_count(shape);
    float *data = malloc((size_t)count * sizeof *data);
    REQUIRE(data && f->count < 64);
    snprintf(whole, sizeof whole, "%s/%s", f->prefix, name);
    for (int64_t i = 0; i < count; ++i) {
        uint32_t word = ((uint32_t)i + rule_fnv(whole)) * 2654435761u;
        word = (word ^ (word >> 15)) * 2246822519u;
        data[i] = (float)(((double)(word >> 8) * 0x1p-23 - 1) * scale);
    }
    snprintf(f->name[f->count], sizeof f->name[0], "%s", name);
    f->tensor[f->count] = (ad_named_tensor){f->name[f->count], {AD_F32, shape, data}};
    ++f->count;
}

static inline void rule_conv(rule_file *f, const char *name, int64_t outputs, int64_t inputs,
                             int64_t kernel)
{
    char path[64];
    snprintf(path, sizeof path, "%s.weight", name);
    rule_tensor(f, path, ad_shape(outputs, inputs, kernel, kernel),
                sqrt(6 / (double)(inputs * kernel * kernel)));
    snprintf(path, sizeof path, "%s.bias", name);
    rule_tensor(f, path, ad_shape(outputs), 0.1);
}

static inline void rule_write(rule_file *f, ad_context *ctx, const char *path)
{
    CHECK(!ad_file_write(ctx, path, f->tensor, f->count, NULL, 0));
    for (int i = 0; i < f->count; ++i) free((void *)(uintptr_t)f->tensor[i].tensor.data);
    f->count = 0;
}

static inline void rule_modulator(ad_context *ctx, const char *path)
{
    static const char *const names[] = {"weight1.0", "bias1.0", "weight2.0", "bias2.0"};
    rule_file f = {.prefix = "modulator"};
    for (int i = 0; i < 4; ++i) {
        char name[64];
        snprintf(name, sizeof name, "%s.conv_layer", names[i]);
        rule_conv(&f, name, 64, 1, 3);
    }
    rule_write(&f, ctx, path);
}

static inline ad_image *rule_picture(ad_context *ctx, int64_t height, int64_t width, double fast)
{
    ad_image *image = NULL;
    must(!ad_image_new(ctx, width, height, 3, &image), "a picture");
    for (int64_t i = 0; i < height * width * 3; ++i) {
        double c = (double)(i % 3), x = (double)(i / 3 % width), y = (double)(i / 3 / width);
        image->data[i] = (float)(0.5 + 0.4 * sin(fast * (c + 1) * x + 0.17 * y * (3 - c) + c));
    }
    return image;
}

/* The photo painted by that network like one of the oracle's paintings, which is shown with `side`
 * pixels as the longer one, or like both, mixed. */
typedef struct rule_job {
    style_transfer transfer;
    bool mixed;
    double strength;       /* 0: 1 */
    int64_t height, width; /* of paintings; 0: 64, 48 */
} rule_job;

static inline ad_image *rule_painted(ad_context *ctx, const char *const *paths, int count,
                                     rule_job job)
{
    style_any *any = NULL;
    int64_t h = job.height ? job.height : 64, w = job.width ? job.width : 48;
    const style_any_options options = {.transfer = job.transfer, .style_size = h};
    ad_image *photo = rule_picture(ctx, 48, 32, 0.3), *out = NULL;
    ad_image *paintings[2] = {rule_picture(ctx, h, w, 0.7), rule_picture(ctx, h, w, 0.12)};
    must(!style_any_open(&any, ctx, paths, count, &options), "opening a network");
    CHECK(!style_any_look(any, paintings[0], "first", job.mixed ? 0.25 : 1));
    if (job.mixed) CHECK(!style_any_look(any, paintings[1], "second", 0.75));
    if (style_any_paint(any, photo, "photo", job.strength > 0 ? job.strength : 1, &out))
        CHECK_FAIL("%s", ad_error(ctx));
    style_any_close(any);
    ad_image_free(photo);
    for (int i = 0; i < 2; ++i) ad_image_free(paintings[i]);
    return out;
}

static inline void rule_compare(fixture *f, const char *name, ad_image *got, double bound)
{
    ad_tensor want = fixture_get(f, "%s", name);
    if (!got || !want.data) return;
    double error = 0;
    for (int64_t i = 0; i < ad_shape_count(want.shape); ++i)
        error = fmax(
            error, fabs((double)got->data[RULE_EVERY * i] - (double)((const float *)want.data)[i]));
    if (!(error <= bound)) CHECK_FAIL("%s: differs by %g, more than %g", name, error, bound);
    CHECK_INT((got->height * got->width * 3 + RULE_EVERY - 1) / RULE_EVERY,
              ad_shape_count(want.shape));
    ad_image_free(got);
}

#endif
