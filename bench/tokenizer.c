/* tokenizer.c - how fast a text becomes ids, and a BPE is trained on it.
 *
 *     build/bench/tokenizer TOKENIZER TEXT    (without: a made-up text and its own BPE) */
#include <autodidact/tokenizer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Words of a made-up language: frequent ones are short. */
static char *invent(size_t length)
{
    char *text = malloc(length + 16);
    uint32_t state = 1;
    for (size_t at = 0; text && at < length;) {
        state = state * 1664525u + 1013904223u;
        uint32_t word = (state >> 16) % (1u + (state >> 20) % 4000u);
        do text[at++] = (char)("etaoinshrdlucmfw"[word & 15]);
        while ((word >>= 4) && at < length);
        if (at < length) text[at++] = state >> 28 ? ' ' : '\n';
    }
    return text;
}

int main(int argc, char **argv)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_tokenizer *t = NULL, *trained = NULL;
    ad_text_file file = {0};
    char *made = NULL;
    const char *text = NULL;
    size_t length = 4 << 20;
    if (!ctx) return 1;
    if (argc > 2) {
        if (ad_text_file_read(&file, ctx, argv[2]) || ad_tokenizer_open(&t, ctx, argv[1]))
            return printf("%s\n", ad_error(ctx)), 1;
        text = file.text, length = file.length;
    } else {
        text = made = invent(length);
        if (!made) return 1;
    }
    double begin = ad_seconds();
    if (ad_tokenizer_train(&trained, ctx, "text", text, length, 1024))
        return printf("%s\n", ad_error(ctx)), 1;
    printf("train a BPE of %d on %.1f MB: %.3f s\n", ad_tokenizer_count(trained),
           (double)length * 1e-6, ad_seconds() - begin);
    for (int round = 0; round < 3; ++round) {
        ad_tokens ids = {0};
        begin = ad_seconds();
        if (ad_tokenizer_encode(t ? t : trained, text, length, 0, &ids))
            return printf("%s\n", ad_error(ctx)), 1;
        double seconds = ad_seconds() - begin;
        printf("encode: %.1f MB/s, %.2f bytes per id\n", (double)length * 1e-6 / seconds,
               (double)length / (double)ids.count);
        ad_tokens_free(&ids);
    }
    ad_tokenizer_free(t), ad_tokenizer_free(trained);
    ad_text_file_free(&file);
    free(made);
    ad_context_free(ctx);
    return 0;
}
