/* words.h - GPT-2's words: what byte pair encoding never merges across. */
#ifndef AD_DATA_TEXT_WORDS_H
#define AD_DATA_TEXT_WORDS_H

#include "base/context.h"

typedef struct ad_words ad_words;

/* The expression as Hugging Face's files write it. */
extern const char ad_words_pattern_published[];

ad_status ad_words_new(ad_words **out, ad_context *ctx);
void ad_words_free(ad_words *words); /* NULL is ignored */

/* A text that is gone through word by word; bytes that are not UTF-8 are words by themselves and
 * end the text for what stands before them. */
typedef struct ad_word_walk {
    ad_words *words;
    const char *text;
    size_t length, at, valid; /* the bytes up to `valid` are UTF-8 */
} ad_word_walk;

/* The next word, which begins where the last one ended; 0: the end. -1: failed (the context's
 * error). */
int64_t ad_word_next(ad_word_walk *walk);

#endif
