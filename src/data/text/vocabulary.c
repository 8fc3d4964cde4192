/* vocabulary.c - pieces by content and pairs by ids: two tables with open addressing, at most half
 * full. */
#include "data/text/vocabulary.h"
#include "base/hash.h"

#include <string.h>

void *ad_grow(ad_context *ctx, void *memory, int64_t *capacity, int64_t need, size_t size)
{
    if (need <= *capacity) return memory;
    int64_t more = *capacity ? *capacity : 16;
    while (more < need) more = more > INT64_MAX / 4 ? INT64_MAX / 2 : more * 2;
    void *grown = ad_realloc(ctx, memory, ad_bytes(*capacity, size), ad_bytes(more, size));
    if (grown) *capacity = more;
    return grown;
}

void ad_vocabulary_free(ad_vocabulary *v)
{
    if (!v->ctx) return;
    ad_free(v->ctx, v->bytes, (size_t)v->bytes_capacity);
    ad_free(v->ctx, v->pieces, ad_bytes(v->capacity, sizeof *v->pieces));
    ad_free(v->ctx, v->slots, ad_bytes(v->slot_count, sizeof *v->slots));
    *v = (ad_vocabulary){.ctx = v->ctx};
}

static uint64_t hash_of(const char *bytes, size_t length)
{
    return ad_hash_mix(ad_hash(AD_HASH_START, bytes, length));
}

/* The slot of a piece, or the free one where it belongs. */
static int64_t slot_of(const ad_vocabulary *v, const char *bytes, size_t length)
{
    int64_t mask = v->slot_count - 1, at = (int64_t)(hash_of(bytes, length) & (uint64_t)mask);
    for (; v->slots[at]; at = (at + 1) & mask) {
        const ad_piece *piece = &v->pieces[v->slots[at] - 1];
        if (piece->length == length && !memcmp(v->bytes + piece->at, bytes, length)) break;
    }
    return at;
}

static bool more_slots(ad_vocabulary *v)
{
    int64_t count = v->slot_count ? v->slot_count * 2 : 1024;
    int32_t *slots = ad_zalloc(v->ctx, ad_bytes(count, sizeof *slots));
    if (!slots) return false;
    ad_free(v->ctx, v->slots, ad_bytes(v->slot_count, sizeof *v->slots));
    v->slots = slots, v->slot_count = count;
    for (int64_t i = 0; i < v->count; ++i) {
        const ad_piece *piece = &v->pieces[i];
        v->slots[slot_of(v, v->bytes + piece->at, piece->length)] = (int32_t)i + 1;
    }
    return true;
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
                       "%s: piece %lld has %zu bytes; at most %d pieces of %d bytes are taken",
                       name, (long long)v->count, length, AD_MAX_PIECES, AD_MAX_PIECE_BYTES);
    if (v->count * 2 >= v->slot_count && !more_slots(v)) return AD_ERROR_MEMORY;
    int64_t slot = slot_of(v, bytes, length);
    if (v->slots[slot])
        return ad_fail(v->ctx, AD_ERROR_FORMAT, "%s: piece %lld, \"%.*s\", is also piece %d", name,
                       (long long)v->count, (int)(length < 60 ? length : 60), bytes,
                       v->slots[slot] - 1);
    void *grown = ad_grow(v->ctx, v->pieces, &v->capacity, v->count + 1, sizeof *v->pieces);
    if (!grown) return AD_ERROR_MEMORY;
    v->pieces = grown;
    grown = ad_grow(v->ctx, v->bytes, &v->bytes_capacity, v->used + (int64_t)length, 1);
    if (!grown) return AD_ERROR_MEMORY;
    v->bytes = grown;
    memcpy(v->bytes + v->used, bytes, length);
    v->pieces[v->count] = (ad_piece){(uint32_t)v->used, (uint32_t)length, type};
    v->used += (int64_t)length;
    if (length > v->longest) v->longest = (uint32_t)length;
    v->slots[slot] = (int32_t)++v->count;
    return AD_OK;
}

int32_t ad_vocabulary_find(const ad_vocabulary *v, const char *bytes, size_t length)
{
    if (!v->count || length > v->longest) return -1;
    return v->slots[slot_of(v, bytes, length)] - 1;
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
