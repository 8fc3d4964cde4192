/* name_table.c - names behind one another in one text, and an index to them. */
#include "base/name_table.h"

#include <string.h>

enum { NAMES_MOST = 1 << 28 };

void ad_name_table_init(ad_name_table *t, ad_context *ctx)
{
    *t = (ad_name_table){.ctx = ctx, .index.ctx = ctx};
}

void ad_name_table_free(ad_name_table *t)
{
    if (!t->ctx) return;
    ad_free(t->ctx, t->text, (size_t)t->text_room);
    ad_free(t->ctx, t->start, ad_bytes(t->room, sizeof *t->start));
    ad_hash_index_free(&t->index);
    ad_name_table_init(t, t->ctx);
}

static uint64_t hash_of(const char *name, size_t length)
{
    return ad_hash_mix(ad_hash(AD_HASH_START, name, length));
}

static int32_t find(const ad_name_table *t, uint64_t hash, const char *name, size_t length)
{
    int32_t i;
    for (int64_t probe = 0; (i = ad_hash_index_next(&t->index, hash, &probe)) >= 0;) {
        const char *known = ad_name_text(t, i);
        if (!strncmp(known, name, length) && !known[length]) break;
    }
    return i;
}

int32_t ad_name_find(const ad_name_table *t, const char *name, size_t length)
{
    return find(t, hash_of(name, length), name, length);
}

/* Whether one more name of that length fits now. */
static bool reserve(ad_name_table *t, size_t length)
{
    int64_t *start = ad_grow(t->ctx, t->start, &t->room, t->count + 1, sizeof *start);
    if (!start) return false;
    t->start = start;
    char *text = ad_grow(t->ctx, t->text, &t->text_room, t->used + (int64_t)length + 1, 1);
    if (!text) return false;
    t->text = text;
    return true;
}

int32_t ad_name_add(ad_name_table *t, const char *name, size_t length)
{
    uint64_t hash = hash_of(name, length);
    int32_t number = find(t, hash, name, length);
    if (number >= 0) return number;
    if (t->count == NAMES_MOST) {
        ad_fail(t->ctx, AD_ERROR_LIMIT, "more than %d different names", NAMES_MOST);
        return -1;
    }
    number = (int32_t)t->count;
    if (!reserve(t, length) || !ad_hash_index_put(&t->index, hash, number)) return -1;
    char *to = t->text + t->used;
    memcpy(to, name, length);
    to[length] = 0;
    t->start[number] = t->used;
    t->used += (int64_t)length + 1;
    ++t->count;
    return number;
}
