/* hash_index.c - slots that are filled, and doubled in time. */
#include "base/hash_index.h"

enum { FIRST_SLOTS = 32 };

static void place(ad_hash_index *index, struct ad_hash_slot new)
{
    int64_t mask = index->slot_count - 1, at = new.hash &mask;
    while (index->slots[at].number) at = (at + 1) & mask;
    index->slots[at] = new;
}

static bool grow(ad_hash_index *index)
{
    ad_hash_index wider = {.ctx = index->ctx,
                           .slot_count = index->slot_count ? 2 * index->slot_count : FIRST_SLOTS,
                           .count = index->count};
    wider.slots = ad_zalloc(wider.ctx, ad_bytes(wider.slot_count, sizeof *wider.slots));
    if (!wider.slots) return false;
    for (int64_t i = 0; i < index->slot_count; ++i)
        if (index->slots[i].number) place(&wider, index->slots[i]);
    ad_hash_index_free(index);
    *index = wider;
    return true;
}

bool ad_hash_index_put(ad_hash_index *index, uint64_t hash, int32_t number)
{
    if (2 * index->count >= index->slot_count && !grow(index)) return false;
    place(index, (struct ad_hash_slot){(uint32_t)hash, number + 1});
    ++index->count;
    return true;
}

void ad_hash_index_free(ad_hash_index *index)
{
    ad_free(index->ctx, index->slots, ad_bytes(index->slot_count, sizeof *index->slots));
    *index = (ad_hash_index){.ctx = index->ctx};
}
