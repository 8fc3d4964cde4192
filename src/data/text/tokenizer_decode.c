/* tokenizer_decode.c - numbers back to text, all at once or as they come. */
#include "base/escape.h"
#include "base/utf8.h"
#include "data/text/tokenizer_kinds.h"

#include <string.h>

/* Adds what an id stands for behind `first ? nothing : text`. */
static ad_status add(ad_tokenizer *t, int32_t id, bool first)
{
    size_t length;
    const char *bytes = ad_tokenizer_piece(t, id, &length);
    if (!bytes)
        return ad_fail(t->ctx, AD_ERROR_ARGUMENT, "token %d is not below %lld", id,
                       (long long)t->vocabulary.count);
    if (t->kind == AD_TOKENIZER_WORDPIECE && !first) {
        if (length > 2 && !memcmp(bytes, "##", 2)) {
            bytes += 2;
            length -= 2;
        } else
            ad_text_add(&t->scratch, " ");
    }
    if (t->kind == AD_TOKENIZER_SENTENCEPIECE) {
        if (t->vocabulary.pieces[id].type == AD_PIECE_BYTE) {
            int byte = 0;
            while (byte < 255 && t->byte_ids[byte] != id) ++byte;
            ad_text_bytes(&t->scratch, &(char){(char)byte}, 1);
            return t->scratch.failed ? AD_ERROR_MEMORY : AD_OK;
        }
        if (first && t->prefix_space && *bytes == ' ') {
            ++bytes;
            --length;
        }
    }
    if (t->kind == AD_TOKENIZER_UNIGRAM)
        ad_text_spaces(&t->scratch, bytes, length);
    else
        ad_text_bytes(&t->scratch, bytes, length);
    return t->scratch.failed ? AD_ERROR_MEMORY : AD_OK;
}

static void clear(ad_text *text)
{
    text->length = 0;
    text->failed = false;
    if (text->data) text->data[0] = 0;
}

/* Nothing stands in front of the first word but what begins the text. */
static bool starts(const ad_tokenizer *t, int32_t id)
{
    return t->kind == AD_TOKENIZER_WORDPIECE || id != t->special[AD_TOKEN_BOS];
}

ad_status ad_tokenizer_decode(ad_tokenizer *t, const int32_t *ids, int64_t count, const char **text,
                              size_t *length)
{
    bool started = false;
    ad_status status = AD_OK;
    clear(&t->scratch);
    for (int64_t i = 0; i < count && !status; ++i) {
        status = add(t, ids[i], !started);
        started |= starts(t, ids[i]);
    }
    *text = status ? "" : ad_text_get(&t->scratch);
    *length = status ? 0 : t->scratch.length;
    return status;
}

ad_status ad_decoder_next(ad_decoder *d, int32_t id, const char **text, size_t *length)
{
    ad_tokenizer *t = d->tokenizer;
    *text = "", *length = 0;
    clear(&t->scratch);
    ad_text_bytes(&t->scratch, d->bytes, (size_t)d->held);
    ad_status status = add(t, id, !d->started);
    if (status) return status;
    d->started |= starts(t, id);
    d->held = ad_utf8_incomplete(t->scratch.data, t->scratch.length);
    t->scratch.length -= (size_t)d->held;
    memcpy(d->bytes, t->scratch.data + t->scratch.length, (size_t)d->held);
    t->scratch.data[t->scratch.length] = 0;
    const ad_text *shown = &t->scratch;
    if (ad_utf8_valid(shown->data, shown->length) != shown->length) {
        clear(&t->mended);
        ad_text_utf8(&t->mended, shown->data, shown->length);
        if (t->mended.failed) return AD_ERROR_MEMORY;
        shown = &t->mended;
    }
    *text = shown->data, *length = shown->length;
    return AD_OK;
}

void ad_decoder_end(ad_decoder *d, const char **text, size_t *length)
{
    *text = d->held ? "\xef\xbf\xbd" : "";
    *length = strlen(*text);
    d->held = 0;
}
