/* fixture.h - tensors that PyTorch wrote, and programs' results held against them. */
#ifndef AD_TESTS_FIXTURE_H
#define AD_TESTS_FIXTURE_H

#include "check.h"

#include <autodidact/io.h>
#include <stdarg.h>

enum { FIXTURE_TENSORS = 512 };

typedef struct fixture {
    ad_context *ctx;
    ad_file *file;
    void *data[FIXTURE_TENSORS]; /* per tensor of the file, once asked for */
} fixture;

static inline bool fixture_open(fixture *f, ad_context *ctx, const char *path)
{
    memset(f, 0, sizeof *f);
    f->ctx = ctx;
    if (ad_file_open(&f->file, ctx, path) != AD_OK) printf("%s\n", ad_error(ctx));
    return f->file && ad_file_count(f->file) <= FIXTURE_TENSORS;
}

static inline void fixture_close(fixture *f)
{
    for (int i = 0; i < FIXTURE_TENSORS; ++i) free(f->data[i]);
    ad_file_close(f->file);
}

/* The tensor of that name, in the type it is stored as; zero (NULL data) and a failed check when
 * there is none. Lives until fixture_close. */
static inline AD_PRINTF(2, 3) ad_tensor fixture_get(fixture *f, const char *format, ...)
{
    char name[256];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    int index = ad_file_find(f->file, name);
    if (index < 0) {
        CHECK_FAIL("the fixture has no %s", name);
        return (ad_tensor){0};
    }
    const ad_file_entry *entry = ad_file_at(f->file, index);
    if (!f->data[index]) {
        size_t bytes = (size_t)ad_shape_count(entry->shape) * ad_dtype_size(entry->dtype);
        f->data[index] = malloc(bytes ? bytes : 1);
        if (!f->data[index] ||
            ad_file_read(f->file, index, entry->dtype, f->data[index], bytes) != AD_OK)
            CHECK_FAIL("%s could not be read", name);
    }
    return (ad_tensor){entry->dtype, entry->shape, f->data[index]};
}

static inline bool fixture_has(const fixture *f, const char *name)
{
    return ad_file_find(f->file, name) >= 0;
}

/* Largest |got - want| relative to the largest |want| (at least 1e-3); infinite when got is NULL or
 * NaN. */
static inline double fixture_error(const void *got, ad_tensor want)
{
    double error = 0, size = 1e-3;
    const float *a = got, *b = want.data;
    if (!a || !b) return INFINITY;
    for (int64_t i = 0; i < ad_shape_count(want.shape); ++i) {
        double difference = fabs((double)a[i] - (double)b[i]);
        if (!(difference <= error)) error = difference == difference ? difference : INFINITY;
        size = fmax(size, fabs((double)b[i]));
    }
    return error / size;
}

#endif
