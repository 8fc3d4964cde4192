/* corpus.c - a text as tokens, cut into a training and a validation part as nanoGPT cuts it. */
#include "zoo/gpt/gpt.h"

#include <string.h>

enum { VALIDATION_TENTHS = 1 };

static ad_status make_tokenizer(ad_tokenizer **out, ad_context *ctx, const char *path,
                                const ad_text_file *file, size_t training, const char *kind,
                                int64_t vocab)
{
    if (!strcmp(kind, "char"))
        return ad_tokenizer_characters(out, ctx, path, file->text, file->length);
    if (!strcmp(kind, "byte")) return ad_tokenizer_bytes(out, ctx);
    if (!strcmp(kind, "bpe"))
        return ad_tokenizer_train(out, ctx, path, file->text, training, (int32_t)vocab);
    return ad_tokenizer_open(out, ctx, kind);
}

ad_status gpt_corpus_read(gpt_corpus *corpus, ad_context *ctx, const char *path,
                          ad_tokenizer **tokenizer, const char *kind, int64_t vocab)
{
    ad_text_file file;
    memset(corpus, 0, sizeof *corpus);
    ad_status status = ad_text_file_read(&file, ctx, path);
    if (status) return status;
    size_t training = ad_text_split(file.text, file.length, VALIDATION_TENTHS / 10.0);
    if (!file.length) status = ad_error_set(ctx, AD_ERROR_FORMAT, "%s: the text is empty", path);
    if (!status && !*tokenizer)
        status = make_tokenizer(tokenizer, ctx, path, &file, training, kind, vocab);
    if (!status) {
        status = ad_tokenizer_encode(*tokenizer, file.text, training, 0, &corpus->training);
        if (!status)
            status = ad_tokenizer_encode(*tokenizer, file.text + training, file.length - training,
                                         0, &corpus->validation);
        if (status) status = ad_error_set(ctx, status, "%s: %s", path, ad_error(ctx));
    }
    if (!status) {
        corpus->bytes = file.length;
        corpus->fingerprint = ad_fingerprint(file.text, file.length) ^
                              ad_tokenizer_fingerprint(*tokenizer);
    }
    ad_text_file_free(&file);
    return status;
}

void gpt_corpus_free(gpt_corpus *corpus)
{
    ad_tokens_free(&corpus->training);
    ad_tokens_free(&corpus->validation);
}
