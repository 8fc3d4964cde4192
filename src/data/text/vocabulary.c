/* vocabulary.c - pieces by content; and pairs by ids, a table of its own because a pair's number
 * lies in its slot, and looking up whether two symbols merge is what encoding does all the time. */
#include "data/text/vocabulary.h"

#include <string.h>

void ad_vocabulary_init(ad_vocabulary *v, ad_context *ctx)
{
    *v = (ad_vocabulary){.ctx = ctx, .index.ctx = ctx};
}

void ad_vocabulary_free(ad_vocabulary *v)
{
    if (!v->ctx) return;
    ad_free(v->ctx, v->bytes, (size_t)v->bytes_capacity);
    ad_free(v->ctx, v->pieces, ad_bytes(v->capacity, sizeof *v->pieces));
    ad_hash_index_free(&v->index);
    ad_vocabulary_init(v, v->ctx);
}

static uint64_t hash_of(const char *bytes, size_t length)
{
    return ad_hash_mix(ad_hash(AD_HASH_START, bytes, length));
}

static int32_t find(const ad_vocabulary *v, uint64_t hash, const char *bytes, size_t length)
{
    int32_t id;
    for (int64_t probe = 0; (id = ad_hash_index_next(&v->index, hash, &probe)) >= 0;) {
        const ad_piece *piece = &v->pieces[id];
        if (piece->length == length && !memcmp(v->bytes + piece->at, bytes, length)) break;
    }
    return id;
}

ad_status ad_vocabulary_add(ad_vocabulary *v, const char *name, const char *bytes, size_t length,
                            ad_piece_type type)
{
    if (!length)
        return ad_fail(v->ctx, AD_ERROR_FORMAT, "%s: piece %lld is empty", name,
                       (long long)v->count);
    if (length > AD_MAX_PIECE_BYTES || v->count >= AD_MAX_PIECES ||
        v->used > INT32_MAX - AD_MAX_PIECE_BYTES)
        return ad_fail(v->ctx, AD_ERROR_LIMIT,
                       "%s: piece %lld has %zu bytes; at most %d pieces of %d bytes are accepted",
                       name, (long long)v->count, length, AD_MAX_PIECES, AD_MAX_PIECE_BYTES);
    uint64_t hash = hash_of(bytes, length);
    int32_t known = find(v, hash, bytes, length);
    if (known >= 0)
        return ad_fail(v->ctx, AD_ERROR_FORMAT, "%s: piece %lld, \"%.*s\", is also piece %d", name,
                       (long long)v->count, (int)(length < 60 ? length : 60), bytes, known);
    void *grown = ad_grow(v->ctx, v->pieces, &v->capacity, v->count + 1, sizeof *v->pieces);
    if (!grown) return AD_ERROR_MEMORY;
    v->pieces = grown;
    grown = ad_grow(v->ctx, v->bytes, &v->bytes_capacity, v->used + (int64_t)length, 1);
    if (!grown) return AD_ERROR_MEMORY;
    v->bytes = grown;
    if (!ad_hash_index_put(&v->index, hash, (int32_t)v->count)) return AD_ERROR_MEMORY;
    memcpy(v->bytes + v->used, bytes, length);
    v->pieces[v->count] = (ad_piece){(uint32_t)v->used, (uint32_t)length, type};
    v->used += (int64_t)length;
    if (length > v->longest) v->longest = (uint32_t)length;
    ++v->count;
    return AD_OK;
}

int32_t ad_vocabulary_find(const ad_vocabulary *v, const char *bytes, size_t length)
{
    if (!v->count || length > v->longest) return -1;
    return find(v, hash_of(bytes, length), bytes, length);
}

/* ---- pairs ---- */

void ad_pairs_free(ad_pairs *pairs)
{
    if (!pairs->ctx) return;
    ad_free(pairs->ctx, pairs->slots, ad_bytes(pairs->slot_count, sizeof *pairs->slots));
    *pairs = (ad_pairs){.ctx = pairs->ctx};
}

static struct ad_pair_slot *pair_slot(const ad_pairs *pairs, uint64_t key)
{
    uint64_t mask = (uint64_t)pairs->slot_count - 1, at = ad_hash_mix(key) & mask;
    while (pairs->slots[at].value && pairs->slots[at].key != key) at = (at + 1) & mask;
    return &pairs->slots[at];
}

static uint64_t pair_key(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

static bool more_pair_slots(ad_pairs *pairs)
{
    ad_pairs grown = {.ctx = pairs->ctx,
                      .count = pairs->count,
                      .slot_count = pairs->slot_count ? pairs->slot_count * 2 : 256};
    grown.slots = ad_zalloc(pairs->ctx, ad_bytes(grown.slot_count, sizeof *grown.slots));
    if (!grown.slots) return false;
    for (int64_t i = 0; i < pairs->slot_count; ++i)
        if (pairs->slots[i].value) *pair_slot(&grown, pairs->slots[i].key) = pairs->slots[i];
    ad_pairs_free(pairs);
    *pairs = grown;
    return true;
}

int32_t ad_pairs_put(ad_pairs *pairs, int32_t left, int32_t right, int32_t value)
{
    if (pairs->count * 2 >= pairs->slot_count && !more_pair_slots(pairs)) return -1;
    struct ad_pair_slot *slot = pair_slot(pairs, pair_key(left, right));
    if (!slot->value) {
        *slot = (struct ad_pair_slot){pair_key(left, right), value + 1};
        ++pairs->count;
    }
    return slot->value - 1;
}

int32_t ad_pairs_find(const ad_pairs *pairs, int32_t left, int32_t right)
{
    if (!pairs->count) return -1;
    return pair_slot(pairs, pair_key(left, right))->value - 1;
}
