/* unigram.c - a text as the likeliest pieces (Kudo 2018): normalised as SentencePiece does it, then
 * Viterbi's best path over its characters. A character that is no piece costs more than any; a run
 * of such is one unknown piece. */
#include "data/text/unigram.h"
#include "base/utf8.h"

#include <string.h>

static const char mark[] = "\xe2\x96\x81"; /* a space, as SentencePiece spells it */

/* ---- normalising ---- */

typedef struct stretch {
    const char *text;
    size_t length, from; /* from: bytes of the input that it stands for */
} stretch;

static uint32_t unit_at(const ad_unigram *u, uint32_t at)
{
    uint32_t unit = 0;
    if (at < u->units) memcpy(&unit, u->array + 4 * (size_t)at, 4);
    return unit;
}

static uint32_t offset_of(uint32_t unit)
{
    return (unit >> 10) << ((unit & (1U << 9)) >> 6);
}

/* The longest beginning of the text that the map has; its length and its value's place. */
static size_t longest_in_map(const ad_unigram *u, const char *text, size_t length, uint32_t *value)
{
    size_t best = 0;
    if (!u->units) return 0;
    uint32_t at = offset_of(unit_at(u, 0));
    for (size_t i = 0; i < length; ++i) {
        unsigned char byte = (unsigned char)text[i];
        at ^= byte;
        uint32_t unit = unit_at(u, at);
        if (at >= u->units || (unit & (1U << 31 | 0xff)) != byte) break;
        at ^= offset_of(unit);
        if (!(unit >> 8 & 1)) continue;
        uint32_t found = unit_at(u, at) & ~(1U << 31);
        if (found < u->spelled_bytes) best = i + 1, *value = found;
    }
    return best;
}

static stretch next_stretch(const ad_unigram *u, const char *text, size_t length)
{
    uint32_t value = 0;
    size_t n = longest_in_map(u, text, length, &value);
    if (n) return (stretch){u->spelled + value, strlen(u->spelled + value), n};
    int bytes = ad_utf8_next(text, length, NULL);
    if (!bytes) return (stretch){"\xef\xbf\xbd", 3, 1};
    return (stretch){text, (size_t)bytes, (size_t)bytes};
}

static void put_spelled(const ad_unigram *u, stretch s, ad_text *out)
{
    for (size_t i = 0; i < s.length; ++i)
        if (s.text[i] == ' ' && u->escape)
            ad_text_bytes(out, mark, 3);
        else
            ad_text_bytes(out, s.text + i, 1);
}

static bool ends_in_space(const ad_unigram *u, const ad_text *text)
{
    if (!u->escape) return text->length && text->data[text->length - 1] == ' ';
    return text->length >= 3 && !memcmp(text->data + text->length - 3, mark, 3);
}

void ad_unigram_normalise(const ad_unigram *u, const char *text, size_t length, ad_text *out)
{
    bool after_space = u->collapse;
    size_t at = 0;
    while (at < length && u->collapse) {
        stretch s = next_stretch(u, text + at, length - at);
        if (s.length != 1 || *s.text != ' ') break;
        at += s.from;
    }
    if (at == length) return;
    if (u->prefix) put_spelled(u, (stretch){" ", 1, 0}, out);
    while (at < length) {
        stretch s = next_stretch(u, text + at, length - at);
        at += s.from;
        while (after_space && s.length && *s.text == ' ') ++s.text, --s.length;
        put_spelled(u, s, out);
        if (s.length) after_space = s.text[s.length - 1] == ' ';
        if (!u->collapse) after_space = false;
    }
    while (u->collapse && !out->failed && ends_in_space(u, out)) out->length -= u->escape ? 3 : 1;
}

/* ---- the best path ---- */

/* What ends at a byte: the best way there. */
typedef struct place {
    float score;
    int32_t piece; /* -1: an unknown character; -2: nothing ends here */
    uint32_t begin;
} place;

static void offer(place *to, float score, int32_t piece, size_t begin)
{
    if (to->piece == -2 || score > to->score) *to = (place){score, piece, (uint32_t)begin};
}

static int bytes_of(const char *text, size_t length)
{
    int n = ad_utf8_next(text, length, NULL);
    return n ? n : 1;
}

static void find_path(const ad_unigram *u, const char *text, size_t length, place *places)
{
    for (size_t i = 0; i <= length; ++i) places[i] = (place){0, i ? -2 : -1, 0};
    for (size_t at = 0; at < length;) {
        size_t one = (size_t)bytes_of(text + at, length - at), end = at;
        bool alone = false;
        while (end < length && end - at < u->pieces.longest) {
            end += (size_t)bytes_of(text + end, length - end);
            int32_t id = ad_vocabulary_find(&u->pieces, text + at, end - at);
            if (id < 0 || u->pieces.pieces[id].type != AD_PIECE_NORMAL) continue;
            offer(&places[end], u->scores[id] + places[at].score, id, at);
            alone |= end - at == one;
        }
        if (!alone) offer(&places[at + one], u->unknown + places[at].score, -1, at);
        at += one;
    }
}

/* From the end to the beginning, then turned round. A run of unknown characters is one piece, which
 * the network's vocabulary may have all the same. */
static ad_status put_path(const ad_unigram *u, const ad_vocabulary *vocabulary, const char *text,
                          size_t length, const place *places, ad_tokens *out)
{
    int64_t first = out->count;
    ad_status status = AD_OK;
    for (size_t end = length; end > 0 && !status;) {
        size_t begin = places[end].begin;
        int32_t piece = places[end].piece;
        while (piece == -1 && begin > 0 && places[begin].piece == -1) begin = places[begin].begin;
        int32_t id = piece >= 0 ? u->ids[piece]
                                : ad_vocabulary_find(vocabulary, text + begin, end - begin);
        status = ad_tokens_append(out, u->ctx, id < 0 ? u->unknown_id : id);
        end = begin;
    }
    for (int64_t i = first, k = out->count - 1; i < k; ++i, --k) {
        int32_t id = out->ids[i];
        out->ids[i] = out->ids[k], out->ids[k] = id;
    }
    return status;
}

ad_status ad_unigram_encode(const ad_unigram *u, const ad_vocabulary *vocabulary, const char *text,
                            size_t length, ad_tokens *out)
{
    ad_text spelled;
    ad_text_init(&spelled, u->ctx);
    ad_unigram_normalise(u, text, length, &spelled);
    ad_status status = spelled.failed ? AD_ERROR_MEMORY : AD_OK;
    if (!status && spelled.length >= UINT32_MAX)
        status = ad_fail(u->ctx, AD_ERROR_LIMIT, "a text of %zu bytes is too long", length);
    size_t bytes = ad_bytes((int64_t)spelled.length + 1, sizeof(place));
    place *places = status ? NULL : ad_alloc(u->ctx, bytes);
    if (!status && !places) status = AD_ERROR_MEMORY;
    if (!status) {
        find_path(u, spelled.data, spelled.length, places);
        status = put_path(u, vocabulary, spelled.data, spelled.length, places, out);
    }
    if (places) ad_free(u->ctx, places, bytes);
    ad_text_free(&spelled);
    return status;
}
