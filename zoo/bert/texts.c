/* texts.c - texts as tokens, with the special ones around them that a model was trained with:
 *     [CLS] text [SEP]      [CLS] text [SEP] pair [SEP]      <s> text </s></s> pair </s> */
#include "zoo/bert/bert.h"

#include <stdlib.h>
#include <string.h>

ad_status bert_no_memory(ad_context *ctx, const char *what)
{
    return ad_error_set(ctx, AD_ERROR_MEMORY, "no memory for %s", what);
}

void bert_texts_free(bert_texts *t)
{
    for (int i = 0; i < 2; ++i) ad_tokens_free(&t->spelled[i]);
    free(t->ids);
    free(t->begin);
    free(t->second);
    *t = (bert_texts){0};
}

int64_t bert_texts_length(const bert_texts *t, int64_t i)
{
    return t->begin[i + 1] - t->begin[i];
}

/* Room for one text of `tokens` more. */
static ad_status grow(bert_texts *t, int64_t tokens)
{
    int64_t used = t->count ? t->begin[t->count] : 0;
    void *ids = t->ids, *begin = t->begin, *second = t->second;
    if (used + tokens > t->id_capacity) {
        t->id_capacity = 2 * (used + tokens) + 4096;
        ids = realloc(t->ids, (size_t)t->id_capacity * sizeof *t->ids);
        if (ids) t->ids = ids;
    }
    if (t->count == t->capacity) {
        t->capacity = 2 * t->capacity + 256;
        begin = realloc(t->begin, (size_t)(t->capacity + 1) * sizeof *t->begin);
        if (begin) t->begin = begin;
        second = realloc(t->second, (size_t)t->capacity * sizeof *t->second);
        if (second) t->second = second;
    }
    if (!ids || !begin || !second) return bert_no_memory(t->ctx, "the texts' tokens");
    if (!t->count) t->begin[0] = 0;
    return AD_OK;
}

/* Shortens two texts to `most` tokens in all, the longer one first. */
static void shorten(int64_t *first, int64_t *second, int64_t most)
{
    if (*first + *second <= most) return;
    int64_t less = *first < *second ? *first : *second;
    int64_t kept = less < most / 2 ? less : most / 2;
    bool first_is_less = *first <= *second;
    *first = first_is_less ? kept : most - kept;
    *second = first_is_less ? most - kept : kept;
}

static int32_t *append(int32_t *to, const int32_t *ids, int64_t count)
{
    if (count) memcpy(to, ids, (size_t)count * sizeof *ids);
    return to + count;
}

static ad_status spell(bert_texts *t, const bert_speller *s, int part, const char *text,
                       size_t length)
{
    t->spelled[part].count = 0;
    return ad_tokenizer_encode(s->tokenizer, text, length, AD_ENCODE_SPECIAL, &t->spelled[part]);
}

ad_status bert_texts_put(bert_texts *t, const bert_speller *s, int parts)
{
    bool pair = parts > 1;
    int64_t first = t->spelled[0].count, second = pair ? t->spelled[1].count : 0;
    int64_t around = pair ? 3 + s->doubled : 2;
    t->cut += first + second > t->most - around;
    shorten(&first, &second, t->most - around);
    if (grow(t, first + second + around)) return AD_ERROR_MEMORY;
    int32_t *begin = t->ids + t->begin[t->count], *to = begin;
    *to++ = s->first;
    to = append(to, t->spelled[0].ids, first);
    *to++ = s->last;
    t->second[t->count] = (int32_t)(to - begin);
    if (pair) {
        if (s->doubled) *to++ = s->last;
        to = append(to, t->spelled[1].ids, second);
        *to++ = s->last;
    }
    t->begin[t->count + 1] = t->begin[t->count] + (to - begin);
    if (to - begin > t->longest) t->longest = to - begin;
    ++t->count;
    return AD_OK;
}

ad_status bert_texts_add(bert_texts *t, const bert_speller *s, const char *text, size_t length,
                         const char *pair, size_t pair_length)
{
    ad_status status = spell(t, s, 0, text, length);
    if (!status && pair) status = spell(t, s, 1, pair, pair_length);
    return status ? status : bert_texts_put(t, s, pair ? 2 : 1);
}

bool bert_next_line(bert_lines *l)
{
    if (l->at >= l->end) return false;
    const char *stop = memchr(l->at, '\n', (size_t)(l->end - l->at));
    if (!stop) stop = l->end;
    l->line = l->at;
    l->length = (size_t)(stop - l->at);
    if (l->length && l->line[l->length - 1] == '\r') --l->length;
    l->at = stop + 1;
    ++l->number;
    return true;
}

void bert_texts_note(const bert_texts *t, const ad_watcher *watcher)
{
    if (t->cut)
        ad_watch_note(watcher, "%lld of %lld texts are longer than %lld tokens and were cut",
                      (long long)t->cut, (long long)t->count, (long long)t->most);
}

/* A counting sort. */
void bert_texts_by_length(const bert_texts *t, int64_t *order)
{
    int64_t at = 0;
    int64_t *first = calloc((size_t)t->longest + 2, sizeof *first);
    if (!first) { /* any order is right, if slower */
        for (int64_t i = 0; i < t->count; ++i) order[i] = i;
        return;
    }
    for (int64_t i = 0; i < t->count; ++i) ++first[bert_texts_length(t, i)];
    for (int64_t length = 0; length <= t->longest; ++length) {
        int64_t count = first[length];
        first[length] = at;
        at += count;
    }
    for (int64_t i = 0; i < t->count; ++i) order[first[bert_texts_length(t, i)]++] = i;
    free(first);
}
