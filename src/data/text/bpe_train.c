/* bpe_train.c - training a byte-level BPE (Sennrich et al. 2016, algorithm 1), with counts of pairs
 * kept up to date instead of counted anew: a merge touches only the words that hold its pair.
 *
 * The most frequent pair is merged, of several the one with the lower ids; pairs that occur once
 * are not merged. That is Hugging Face's trainer with min_frequency 2, to the merge. */
#include "base/utf8.h"
#include "data/text/tokenizer_kinds.h"
#include "data/text/byte_spelling.h"
#include "data/text/words.h"

#include <string.h>

typedef struct counted_word {
    int64_t at; /* of its symbols */
    int32_t length;
    int64_t count;
} counted_word;

/* That a word holds a pair, or did: a list per pair. */
typedef struct place {
    int32_t word;
    int64_t next; /* -1: none */
} place;

typedef struct pair {
    int32_t left, right;
    int64_t count, places;
} pair;

typedef struct candidate {
    int64_t count;
    int32_t pair;
} candidate;

typedef struct trainer {
    ad_context *ctx;
    ad_vocabulary texts; /* the words, each once */
    counted_word *words;
    int64_t word_capacity;
    int32_t *symbols;
    int64_t symbol_count, symbol_capacity;
    ad_pairs index; /* into pairs */
    pair *pairs;
    int64_t pair_count, pair_capacity;
    place *places;
    int64_t place_count, place_capacity;
    candidate *heap;
    int64_t heap_count, heap_capacity;
    bool failed;
} trainer;

/* Room for one more element at the end of an array of the trainer's. */
#define ROOM(tr, array, count, capacity)                                                           \
    do {                                                                                           \
        void *grown_ = ad_grow((tr)->ctx, (tr)->array, &(tr)->capacity, (count) + 1,               \
                               sizeof *(tr)->array);                                               \
        if (!grown_) {                                                                             \
            (tr)->failed = true;                                                                   \
            return;                                                                                \
        }                                                                                          \
        (tr)->array = grown_;                                                                      \
    } while (0)

static bool better(const trainer *tr, candidate a, candidate b)
{
    if (a.count != b.count) return a.count > b.count;
    const pair *p = &tr->pairs[a.pair], *q = &tr->pairs[b.pair];
    return p->left != q->left ? p->left < q->left : p->right < q->right;
}

static void push(trainer *tr, int32_t which)
{
    ROOM(tr, heap, tr->heap_count, heap_capacity);
    candidate new = {tr->pairs[which].count, which};
    int64_t at = tr->heap_count++;
    for (int64_t up; at > 0 && better(tr, new, tr->heap[up = (at - 1) / 2]); at = up)
        tr->heap[at] = tr->heap[up];
    tr->heap[at] = new;
}

static candidate pop(trainer *tr)
{
    candidate best = tr->heap[0], last = tr->heap[--tr->heap_count];
    int64_t at = 0;
    for (int64_t down; (down = 2 * at + 1) < tr->heap_count; at = down) {
        if (down + 1 < tr->heap_count && better(tr, tr->heap[down + 1], tr->heap[down])) ++down;
        if (!better(tr, tr->heap[down], last)) break;
        tr->heap[at] = tr->heap[down];
    }
    tr->heap[at] = last;
    return best;
}

/* The pair occurs `count` times more often (or less) in the word. */
static void change(trainer *tr, int32_t left, int32_t right, int32_t word, int64_t count)
{
    int32_t which = ad_pairs_put(&tr->index, left, right, (int32_t)tr->pair_count);
    if (which < 0) {
        tr->failed = true;
        return;
    }
    if (which == tr->pair_count) {
        ROOM(tr, pairs, tr->pair_count, pair_capacity);
        tr->pairs[tr->pair_count++] = (pair){left, right, 0, -1};
    }
    pair *p = &tr->pairs[which];
    p->count += count;
    if (count < 0 || (p->places >= 0 && tr->places[p->places].word == word)) return;
    ROOM(tr, places, tr->place_count, place_capacity);
    tr->places[tr->place_count] = (place){word, p->places};
    p->places = tr->place_count++;
}

static void add_word(trainer *tr, const char *name, const char *bytes, size_t length,
                     const int32_t ids[256])
{
    int32_t word = ad_vocabulary_find(&tr->texts, bytes, length);
    if (word >= 0) {
        ++tr->words[word].count;
        return;
    }
    if (length > AD_MAX_PIECE_BYTES) { /* no word of a language: in parts */
        add_word(tr, name, bytes, AD_MAX_PIECE_BYTES, ids);
        if (!tr->failed)
            add_word(tr, name, bytes + AD_MAX_PIECE_BYTES, length - AD_MAX_PIECE_BYTES, ids);
        return;
    }
    word = (int32_t)tr->texts.count;
    if (ad_vocabulary_add(&tr->texts, name, bytes, length, AD_PIECE_NORMAL)) {
        tr->failed = true;
        return;
    }
    ROOM(tr, words, word, word_capacity);
    tr->words[word] = (counted_word){tr->symbol_count, (int32_t)length, 1};
    ROOM(tr, symbols, tr->symbol_count + (int64_t)length, symbol_capacity);
    for (size_t i = 0; i < length; ++i)
        tr->symbols[tr->symbol_count++] = ids[(unsigned char)bytes[i]];
}

static void count_pairs(trainer *tr)
{
    for (int32_t w = 0; w < tr->texts.count && !tr->failed; ++w) {
        const counted_word *word = &tr->words[w];
        for (int32_t i = 0; i + 1 < word->length && !tr->failed; ++i)
            change(tr, tr->symbols[word->at + i], tr->symbols[word->at + i + 1], w, word->count);
    }
    for (int32_t i = 0; i < tr->pair_count && !tr->failed; ++i) push(tr, i);
}

/* Replaces the pair in one word, and moves the counts of its neighbours over. */
static void merge_word(trainer *tr, int32_t w, int32_t left, int32_t right, int32_t result)
{
    counted_word *word = &tr->words[w];
    int32_t *s = tr->symbols + word->at, kept = 0;
    for (int32_t i = 0; i < word->length && !tr->failed; ++i, ++kept) {
        if (i + 1 == word->length || s[i] != left || s[i + 1] != right) {
            s[kept] = s[i];
            continue;
        }
        if (kept) {
            change(tr, s[kept - 1], left, w, -word->count);
            change(tr, s[kept - 1], result, w, word->count);
        }
        if (i + 2 < word->length) {
            change(tr, right, s[i + 2], w, -word->count);
            change(tr, result, s[i + 2], w, word->count);
        }
        s[kept] = result;
        ++i;
    }
    word->length = kept;
}

/* `known`: the result was a piece before, so that pairs with it may have been counted already. */
static void merge_pair(trainer *tr, int32_t which, int32_t result, bool known)
{
    int32_t left = tr->pairs[which].left, right = tr->pairs[which].right;
    int64_t old = tr->pair_count;
    for (int64_t at = tr->pairs[which].places; at >= 0 && !tr->failed; at = tr->places[at].next)
        merge_word(tr, tr->places[at].word, left, right, result);
    tr->pairs[which].count = 0;
    /* Only pairs with the result have become more frequent. */
    for (int64_t i = known ? 0 : old; i < tr->pair_count && !tr->failed; ++i)
        if (i >= old || tr->pairs[i].left == result || tr->pairs[i].right == result)
            push(tr, (int32_t)i);
}

/* The most frequent pair; -1: none occurs twice. What is in the heap may have become rarer. */
static int32_t best_pair(trainer *tr)
{
    while (tr->heap_count && !tr->failed) {
        candidate top = pop(tr);
        if (tr->pairs[top.pair].count == top.count) return top.count > 1 ? top.pair : -1;
        push(tr, top.pair);
    }
    return -1;
}

static void trainer_free(trainer *tr)
{
    ad_vocabulary_free(&tr->texts);
    ad_pairs_free(&tr->index);
    ad_free(tr->ctx, tr->words, ad_bytes(tr->word_capacity, sizeof *tr->words));
    ad_free(tr->ctx, tr->symbols, ad_bytes(tr->symbol_capacity, sizeof *tr->symbols));
    ad_free(tr->ctx, tr->pairs, ad_bytes(tr->pair_capacity, sizeof *tr->pairs));
    ad_free(tr->ctx, tr->places, ad_bytes(tr->place_capacity, sizeof *tr->places));
    ad_free(tr->ctx, tr->heap, ad_bytes(tr->heap_capacity, sizeof *tr->heap));
}

/* A merge's piece may be one that another merge made before ("a" + "bc", "ab" + "c"): the id is
 * then the same, as in every such vocabulary. */
static ad_status add_result(ad_tokenizer *t, const char *name, const pair *p, int32_t *result)
{
    size_t n, m;
    const char *a = ad_vocabulary_piece(&t->vocabulary, p->left, &n),
               *b = ad_vocabulary_piece(&t->vocabulary, p->right, &m);
    t->scratch.length = 0;
    ad_text_bytes(&t->scratch, a, n);
    ad_text_bytes(&t->scratch, b, m);
    if (t->scratch.failed) return AD_ERROR_MEMORY;
    *result = ad_vocabulary_find(&t->vocabulary, t->scratch.data, n + m);
    ad_status status = AD_OK;
    if (*result < 0) {
        *result = (int32_t)t->vocabulary.count;
        status = ad_tokenizer_add(t, name, t->scratch.data, n + m, AD_PIECE_NORMAL, 0);
    }
    return status ? status : ad_tokenizer_add_merge(t, name, t->merge_count, p->left, p->right);
}

static ad_status learn(ad_tokenizer *t, trainer *tr, const char *name, const char *text,
                       size_t length, int32_t count)
{
    int32_t ids[256];
    ad_status status = AD_OK;
    for (int i = 0; i < 256 && !status; ++i) {
        ids[ad_byte_at(i)] = i;
        status = ad_tokenizer_add(t, name, &(char){(char)ad_byte_at(i)}, 1, AD_PIECE_NORMAL, 0);
    }
    if (!status) status = ad_words_new(&t->words, t->ctx);
    if (status) return status;
    ad_word_walk walk = {.words = t->words, .text = text, .length = length};
    int64_t bytes;
    while (!tr->failed && (bytes = ad_word_next(&walk)) != 0) {
        if (bytes < 0) return ad_error_status(t->ctx);
        add_word(tr, name, text + walk.at - (size_t)bytes, (size_t)bytes, ids);
    }
    if (!tr->failed) count_pairs(tr);
    while (!tr->failed && !status && t->vocabulary.count < count - 1) {
        int32_t which = best_pair(tr), result, before = (int32_t)t->vocabulary.count;
        if (which < 0) break;
        status = add_result(t, name, &tr->pairs[which], &result);
        if (!status) merge_pair(tr, which, result, result < before);
    }
    return tr->failed ? ad_error_status(t->ctx) : status;
}

ad_status ad_tokenizer_train(ad_tokenizer **out, ad_context *ctx, const char *name,
                             const char *text, size_t length, int32_t count)
{
    static const char end[] = "<|endoftext|>";
    *out = NULL;
    if (count < 257 || count > AD_MAX_PIECES)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "a vocabulary of %d pieces cannot be trained; from 257 to %d", count,
                       AD_MAX_PIECES);
    size_t valid = ad_utf8_valid(text, length);
    if (valid != length)
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: byte %zu (0x%02x) is not UTF-8", name, valid,
                       (unsigned char)text[valid]);
    trainer tr = {.ctx = ctx, .index.ctx = ctx};
    ad_vocabulary_init(&tr.texts, ctx);
    ad_tokenizer *t = ad_tokenizer_new(ctx, AD_TOKENIZER_BPE);
    ad_status status = t ? learn(t, &tr, name, text, length, count) : AD_ERROR_MEMORY;
    trainer_free(&tr);
    if (!status && ad_vocabulary_find(&t->vocabulary, end, sizeof end - 1) < 0)
        status = ad_tokenizer_add(t, name, end, sizeof end - 1, AD_PIECE_CONTROL, 0);
    if (!status) status = ad_tokenizer_finish(t, name);
    return ad_tokenizer_give(out, t, status);
}
