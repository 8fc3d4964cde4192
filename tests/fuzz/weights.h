/* weights.h - what the fuzz targets of weights files do with a file: open, list, read, look up. */
#ifndef AD_TESTS_FUZZ_WEIGHTS_H
#define AD_TESTS_FUZZ_WEIGHTS_H

#include <autodidact/io.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_weights(const uint8_t *data, size_t size)
{
    static ad_context *ctx;
    static double values[1 << 14];
    ad_file *file;
    if (!ctx) ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_error_clear(ctx);
    if (ad_file_open_memory(&file, ctx, "fuzz", data, size)) {
        if (file || strncmp(ad_error(ctx), "fuzz: ", 6)) abort(); /* every error names the file */
    } else {
        for (int i = 0; i < ad_file_count(file); ++i) {
            const ad_file_entry *entry = ad_file_at(file, i);
            int64_t count = ad_shape_count(entry->shape);
            if (count < 0 || ad_file_find(file, entry->name) != i) abort();
            if (count > 1 << 14) continue;
            ad_status status = ad_file_read(file, i, AD_F64, values,
                                            (size_t)count * sizeof *values);
            if (entry->dtype == AD_DTYPES && status != AD_ERROR_UNSUPPORTED) abort();
        }
        for (int i = 0; i < ad_file_metadata_count(file); ++i)
            if (!ad_file_metadata(file, ad_file_metadata_at(file, i).key)) abort();
        ad_file_close(file);
    }
    if (ad_context_memory(ctx)) abort();
}

#endif
