/* hash_index.h - finds a number by the content it stands for: a hash table with open addressing, at
 * most half full, that grows.
 *
 * It knows hashes and numbers only. The contents lie in an array of the user's, who compares:
 *
 *     for (int64_t probe = 0; (i = ad_hash_index_next(&index, hash, &probe)) >= 0;)
 *         if (equal(things[i], wanted)) break;
 */
#ifndef AD_BASE_HASH_INDEX_H
#define AD_BASE_HASH_INDEX_H

#include "base/context.h"
#include "base/hash.h"

struct ad_hash_slot {
    uint32_t hash;
    int32_t number; /* + 1; 0: free */
};

typedef struct ad_hash_index {
    ad_context *ctx;
    struct ad_hash_slot *slots; /* [slot_count], a power of two; owned */
    int64_t slot_count, count;
} ad_hash_index;

/* The next number that was put in under this hash, or another one that looks like it; -1: no more.
 * *probe is 0 at first. The hash is a mixed one (ad_hash_mix). */
static inline int32_t ad_hash_index_next(const ad_hash_index *index, uint64_t hash, int64_t *probe)
{
    int64_t mask = index->slot_count - 1;
    while (index->slots) {
        const struct ad_hash_slot *slot = &index->slots[((int64_t)(uint32_t)hash + *probe) & mask];
        if (!slot->number) break;
        ++*probe;
        if (slot->hash == (uint32_t)hash) return slot->number - 1;
    }
    return -1;
}

/* Puts a number in that is not there yet, 0 .. INT32_MAX - 1. False: memory refused. */
bool ad_hash_index_put(ad_hash_index *index, uint64_t hash, int32_t number);
void ad_hash_index_free(ad_hash_index *index);

#endif
