/* word_cache.c - a table of fixed size that starts over when it is full: no bookkeeping per use,
 * and what is frequent is back soon. */
#include "data/text/word_cache.h"
#include "base/hash.h"

#include <string.h>

enum { SLOTS = 1 << 16, MAX_WORDS = SLOTS / 2, TEXT = 1 << 20, IDS = 1 << 18 };

typedef struct slot {
    uint32_t tag; /* of the hash; with length 0: free */
    uint32_t text, ids;
    uint16_t length, count;
} slot;

struct ad_word_cache {
    ad_context *ctx;
    int words;
    uint32_t text_used, ids_used;
    slot *last; /* where the word last looked for belongs */
    uint32_t last_tag;
    slot slots[SLOTS];
    int32_t ids[IDS];
    char text[TEXT];
};

ad_word_cache *ad_word_cache_new(ad_context *ctx)
{
    ad_word_cache *cache = ad_alloc(ctx, sizeof *cache);
    if (!cache) return NULL;
    cache->ctx = ctx, cache->words = 0, cache->text_used = cache->ids_used = 0;
    memset(cache->slots, 0, sizeof cache->slots);
    return cache;
}

void ad_word_cache_free(ad_word_cache *cache)
{
    if (cache) ad_free(cache->ctx, cache, sizeof *cache);
}

const int32_t *ad_word_cache_find(ad_word_cache *cache, const char *word, size_t length, int *count)
{
    uint64_t hash = ad_hash_mix(ad_hash(AD_HASH_START, word, length));
    cache->last_tag = (uint32_t)(hash >> 32);
    for (uint32_t at = (uint32_t)hash & (SLOTS - 1);; at = (at + 1) & (SLOTS - 1)) {
        slot *s = &cache->slots[at];
        if (!s->length) {
            cache->last = s;
            return NULL;
        }
        if (s->tag == cache->last_tag && s->length == length &&
            !memcmp(cache->text + s->text, word, length)) {
            *count = s->count;
            return cache->ids + s->ids;
        }
    }
}

void ad_word_cache_put(ad_word_cache *cache, const char *word, size_t length, const int32_t *ids,
                       int count)
{
    if (cache->words == MAX_WORDS || cache->text_used + length > TEXT ||
        cache->ids_used + (uint32_t)count > IDS) {
        memset(cache->slots, 0, sizeof cache->slots);
        cache->words = 0, cache->text_used = cache->ids_used = 0;
        return; /* `last` is where it was in the full table */
    }
    *cache->last = (slot){cache->last_tag, cache->text_used, cache->ids_used, (uint16_t)length,
                          (uint16_t)count};
    memcpy(cache->text + cache->text_used, word, length);
    memcpy(cache->ids + cache->ids_used, ids, (size_t)count * sizeof *ids);
    cache->text_used += (uint32_t)length, cache->ids_used += (uint32_t)count;
    ++cache->words;
}
