/* word_cache.h - the ids of words that were met lately: most of a text is few words, many times. */
#ifndef AD_DATA_TEXT_WORD_CACHE_H
#define AD_DATA_TEXT_WORD_CACHE_H

#include "base/context.h"

enum { AD_CACHED_WORD = 48 }; /* bytes of the longest that are kept */

typedef struct ad_word_cache ad_word_cache;

ad_word_cache *ad_word_cache_new(ad_context *ctx); /* NULL: memory refused */
void ad_word_cache_free(ad_word_cache *cache);     /* NULL is ignored */
/* NULL: not there. Valid until the next put. */
const int32_t *ad_word_cache_find(ad_word_cache *cache, const char *word, size_t length,
                                  int *count);
/* The word last looked for, which was not there. */
void ad_word_cache_put(ad_word_cache *cache, const char *word, size_t length, const int32_t *ids,
                       int count);

#endif
