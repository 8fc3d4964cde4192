/* merge.c - a heap of pairs over a linked list; pairs that a merge has made obsolete are noticed
 * when they come up, by their length. */
#include "data/text/merge.h"

typedef struct offer {
    float cost;
    int32_t left, right, id;
    uint32_t length; /* of both when it was made */
} offer;

typedef struct heap {
    ad_context *ctx;
    offer *offers;
    int64_t count, capacity;
} heap;

static bool before(const offer *a, const offer *b)
{
    return a->cost != b->cost ? a->cost < b->cost : a->left < b->left;
}

static bool push(heap *h, offer new)
{
    offer *grown = ad_grow(h->ctx, h->offers, &h->capacity, h->count + 1, sizeof *h->offers);
    if (!grown) return false;
    h->offers = grown;
    int64_t at = h->count++;
    for (int64_t up; at > 0 && before(&new, &h->offers[up = (at - 1) / 2]); at = up)
        h->offers[at] = h->offers[up];
    h->offers[at] = new;
    return true;
}

static offer pop(heap *h)
{
    offer best = h->offers[0], last = h->offers[--h->count];
    int64_t at = 0;
    for (int64_t down; (down = 2 * at + 1) < h->count; at = down) {
        if (down + 1 < h->count && before(&h->offers[down + 1], &h->offers[down])) ++down;
        if (!before(&h->offers[down], &last)) break;
        h->offers[at] = h->offers[down];
    }
    h->offers[at] = last;
    return best;
}

/* Merges the pair, and offers what it makes with its neighbours. */
static bool merge(heap *h, const ad_tokenizer *t, const char *text, ad_symbol *symbols,
                  const offer *best, ad_merge_price *price)
{
    ad_symbol *left = &symbols[best->left], *right = &symbols[best->right];
    left->length = best->length, left->id = best->id;
    left->next = right->next;
    right->length = 0;
    if (left->next >= 0) symbols[left->next].previous = best->left;
    for (int side = 0; side < 2; ++side) {
        int32_t l = side ? best->left : left->previous, r = side ? left->next : best->left;
        if (l < 0 || r < 0) continue;
        offer new = {.left = l, .right = r, .length = symbols[l].length + symbols[r].length};
        bool merges = price(t, text, &symbols[l], &symbols[r], &new.cost, &new.id);
        if (merges && !push(h, new)) return false;
    }
    return true;
}

/* A merge that is left out is possible again once another is done. So offers are drawn for in the
 * order of their cost until one is not left out: those behind it need no draw. */
ad_status ad_merge_symbols(const ad_tokenizer *t, const char *text, ad_symbol *symbols,
                           int32_t count, ad_merge_price *price, ad_bpe_dropout *dropout)
{
    heap h = {.ctx = t->ctx}, dropped = {.ctx = t->ctx};
    bool fits = true;
    for (int32_t i = 0; i + 1 < count && fits; ++i) {
        offer new = {
            .left = i, .right = i + 1, .length = symbols[i].length + symbols[i + 1].length};
        if (price(t, text, &symbols[i], &symbols[i + 1], &new.cost, &new.id)) fits = push(&h, new);
    }
    while (h.count && fits) {
        offer best = pop(&h);
        const ad_symbol *left = &symbols[best.left], *right = &symbols[best.right];
        if (!left->length || left->next != best.right ||
            left->length + right->length != best.length)
            continue;
        if (ad_merge_dropped(dropout)) {
            fits = push(&dropped, best);
            continue;
        }
        fits = merge(&h, t, text, symbols, &best, price);
        while (dropped.count && fits) fits = push(&h, dropped.offers[--dropped.count]);
    }
    ad_free(h.ctx, h.offers, ad_bytes(h.capacity, sizeof *h.offers));
    ad_free(h.ctx, dropped.offers, ad_bytes(dropped.capacity, sizeof *dropped.offers));
    return fits ? AD_OK : AD_ERROR_MEMORY;
}
