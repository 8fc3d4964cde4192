/* words.c - sentences of words as texts: each word is spelled alone, and stands where its first
 * token does (Devlin et al. 2019, section 5.3). What is too long for one text becomes several, so
 * that every word has its place. */
#include "zoo/bert/tuned.h"

#include <stdlib.h>
#include <string.h>

void bert_sentence_free(bert_sentence *s)
{
    free(s->text);
    free(s->word);
    free(s->tag);
    *s = (bert_sentence){.ctx = s->ctx};
}

void bert_sentence_clear(bert_sentence *s)
{
    s->count = s->length = 0;
}

/* Room for one word more. */
static bool grow(bert_sentence *s, size_t length)
{
    void *text = s->text, *words = s->word, *tags = s->tag;
    if (s->length + (int64_t)length + 2 > s->bytes) {
        s->bytes = 2 * s->bytes + (int64_t)length + 256;
        text = realloc(s->text, (size_t)s->bytes);
        if (text) s->text = text;
    }
    if (s->count == s->capacity) {
        s->capacity = 2 * s->capacity + 64;
        words = realloc(s->word, (size_t)s->capacity * sizeof *s->word);
        if (words) s->word = words;
        tags = realloc(s->tag, (size_t)s->capacity * sizeof *s->tag);
        if (tags) s->tag = tags;
    }
    return text && words && tags;
}

ad_status bert_sentence_add(bert_sentence *s, const char *word, size_t length, int32_t tag)
{
    if (!grow(s, length)) return bert_no_memory(s->ctx, "a sentence's words");
    s->text[s->length++] = ' ';
    s->word[s->count] = s->length;
    s->tag[s->count++] = tag;
    for (size_t i = 0; i < length; ++i) /* a 0 within a word says nothing to BERT, either */
        if (word[i]) s->text[s->length++] = word[i];
    s->text[s->length++] = 0;
    return AD_OK;
}

/* Appends the word's tokens, one at least. Byte-level pieces of a word begin with its blank. */
static ad_status spell_word(const bert_sentence *s, int64_t i, const bert_speller *speller,
                            ad_tokens *out)
{
    const char *word = s->text + s->word[i] - speller->doubled;
    const int64_t before = out->count;
    ad_status status = ad_tokenizer_encode(speller->tokenizer, word, strlen(word),
                                           AD_ENCODE_SPECIAL, out);
    if (status || out->count > before) return status;
    int32_t unknown = ad_tokenizer_special(speller->tokenizer, AD_TOKEN_UNKNOWN);
    if (unknown < 0)
        return ad_error_set(s->ctx, AD_ERROR_FORMAT,
                            "the word \"%.40s\" has no tokens, and the tokenizer none for what is "
                            "unknown",
                            word);
    return ad_tokens_append(out, s->ctx, unknown);
}

/* One text from word `at` on; *end: the first word that is not in it. */
static ad_status spell_text(const bert_sentence *s, const bert_speller *speller, bert_texts *texts,
                            bert_marks *marks, int64_t at, int64_t *end)
{
    ad_tokens *to = &texts->spelled[0];
    const int64_t most = texts->most - 2;
    int64_t i = at;
    to->count = 0;
    for (; i < s->count; ++i) {
        const int64_t before = to->count;
        ad_status status = spell_word(s, i, speller, to);
        if (status) return status;
        if (to->count > most && i > at) {
            to->count = before;
            break;
        }
        if (to->count > most) to->count = most; /* of this word alone */
        if (!bert_marks_add(marks, s->tag[i], (int32_t)before + 1))
            return bert_no_memory(s->ctx, "the tags");
    }
    *end = i;
    return bert_texts_put(texts, speller, 1);
}

ad_status bert_sentence_spell(const bert_sentence *s, const bert_speller *speller,
                              bert_texts *texts, bert_marks *marks)
{
    ad_status status = AD_OK;
    for (int64_t at = 0, end = 0; at < s->count && !status; at = end) {
        status = spell_text(s, speller, texts, marks, at, &end);
        if (!status && !bert_marks_close(marks, at > 0))
            status = bert_no_memory(s->ctx, "the tags");
        if (!status && !at && end < s->count) ++marks->divided;
    }
    return status;
}

void bert_marks_note(const bert_marks *m, const bert_texts *texts, const ad_watcher *watcher)
{
    if (m->divided)
        ad_watch_note(watcher, "%lld sentences are longer than %lld tokens and were divided",
                      (long long)m->divided, (long long)texts->most);
}
