/* Any bytes as a table of sentence pairs, and as two files of lines. What is taken lies within the
 * file, in one line and one column. */
#include "scratch_file.h"
#include "zoo/translate/translate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const translate_pairs *pairs, bool table)
{
    for (int i = 0; i < 2; ++i) {
        const ad_text_file *file = &pairs->file[table ? 0 : i];
        for (int64_t k = 0; k < pairs->count; ++k) {
            translate_line line = pairs->side[i][k];
            if (line.text < file->text || line.text + line.length > file->text + file->length)
                abort();
            if (memchr(line.text, '\n', line.length)) abort();
            if (table && memchr(line.text, '\t', line.length)) abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const columns[] = {"1", "2", "de", "en",
                                          "",  "0", "-1", "99999999999999999999"};
    static ad_context *ctx;
    translate_pairs pairs;
    if (!ctx) ctx = ad_context_new(&(ad_context_options){.threads = 1});
    if (size < 1) return 0;
    const char *path = scratch_write("pairs.tsv", data + 1, size - 1);
    ad_status status = translate_read_table(&pairs, ctx, path, columns[data[0] & 7],
                                            columns[data[0] >> 3 & 7]);
    if (!status)
        check(&pairs, true);
    else if (!*ad_error(ctx))
        abort();
    translate_pairs_free(&pairs);
    status = translate_read_files(&pairs, ctx, path, path);
    if (!status) {
        check(&pairs, false);
        uint64_t before = pairs.fingerprint;
        translate_pairs_swap(&pairs), translate_pairs_swap(&pairs);
        if (pairs.fingerprint != before) abort();
    } else if (!strstr(ad_error(ctx), "pairs.tsv")) { /* every error names the file */
        abort();
    }
    translate_pairs_free(&pairs);
    ad_error_clear(ctx);
    if (ad_context_memory(ctx)) abort();
    return 0;
}
