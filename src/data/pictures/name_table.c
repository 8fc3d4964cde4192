/* name_table.c - a hash table with open addressing over an array of names. */
#include "data/pictures/name_table.h"
#include "base/hash.h"

#include <string.h>

enum { NAMES_MOST = 1 << 24 };

/* Where `name` is, or the empty slot where it would be. The table is at most half full. */
static int32_t *slot_of(const ad_name_table *t, const char *name, size_t length)
{
    size_t mask = (size_t)t->capacity * 2 - 1;
    size_t at = (size_t)ad_hash_mix(ad_hash(AD_HASH_START, name, length)) & mask;
    for (;; at = (at + 1) & mask) {
        int32_t number = t->slots[at];
        if (number < 0) return &t->slots[at];
        if (!strncmp(t->names[number], name, length) && !t->names[number][length])
            return &t->slots[at];
    }
}

int32_t ad_name_find(const ad_name_table *t, const char *name, size_t length)
{
    return t->count ? *slot_of(t, name, length) : -1;
}

static ad_status grow(ad_name_table *t)
{
    int32_t capacity = t->capacity ? 2 * t->capacity : 16;
    size_t old_slots = 2 * (size_t)t->capacity * sizeof *t->slots;
    size_t new_slots = 2 * (size_t)capacity * sizeof *t->slots;
    int32_t *slots = ad_alloc(t->ctx, new_slots);
    char **names = slots ? ad_realloc(t->ctx, t->names, (size_t)t->capacity * sizeof *names,
                                      (size_t)capacity * sizeof *names)
                         : NULL;
    if (!names) {
        ad_free(t->ctx, slots, new_slots);
        return AD_ERROR_MEMORY;
    }
    ad_free(t->ctx, t->slots, old_slots);
    memset(slots, 0xff, new_slots);
    t->slots = slots, t->names = names, t->capacity = capacity;
    for (int32_t i = 0; i < t->count; ++i) *slot_of(t, names[i], strlen(names[i])) = i;
    return AD_OK;
}

int32_t ad_name_add(ad_name_table *t, const char *name, size_t length)
{
    int32_t found = ad_name_find(t, name, length);
    if (found >= 0) return found;
    if (t->count == NAMES_MOST) {
        ad_fail(t->ctx, AD_ERROR_LIMIT, "more than %d different names", NAMES_MOST);
        return -1;
    }
    if (t->count == t->capacity && grow(t)) return -1;
    char *copy = ad_alloc(t->ctx, length + 1);
    if (!copy) return -1;
    memcpy(copy, name, length);
    copy[length] = 0;
    *slot_of(t, name, length) = t->count;
    t->names[t->count] = copy;
    return t->count++;
}

void ad_name_table_free(ad_name_table *t)
{
    for (int32_t i = 0; i < t->count; ++i) ad_free(t->ctx, t->names[i], strlen(t->names[i]) + 1);
    ad_free(t->ctx, t->names, (size_t)t->capacity * sizeof *t->names);
    ad_free(t->ctx, t->slots, 2 * (size_t)t->capacity * sizeof *t->slots);
    *t = (ad_name_table){.ctx = t->ctx};
}
