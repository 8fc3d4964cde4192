/* writer.c - a text from a model: prompt, tokens one by one, characters out. */
#include "zoo/gpt/gpt.h"

#include <stdlib.h>
#include <string.h>

bool gpt_page_put(void *user, const char *text, size_t length)
{
    gpt_page *p = user;
    if (p->length + length + 1 > p->capacity) {
        size_t capacity = 2 * (p->length + length) + 256;
        char *grown = p->failed ? NULL : realloc(p->text, capacity);
        if (!grown) {
            p->failed = true;
            return false;
        }
        p->text = grown;
        p->capacity = capacity;
    }
    memcpy(p->text + p->length, text, length);
    p->length += length;
    p->text[p->length] = 0;
    return true;
}

void gpt_page_free(gpt_page *page)
{
    free(page->text);
    *page = (gpt_page){0};
}

ad_status gpt_writer_new(gpt_writer *w, ad_context *ctx, const gpt_config *config, ad_vars *vars,
                         ad_precision precision, ad_tokenizer *tokenizer)
{
    int64_t known = ad_tokenizer_count(tokenizer); /* a model may have room for more */
    *w = (gpt_writer){.ctx = ctx, .tokenizer = tokenizer, .block = config->block};
    w->end[0] = ad_tokenizer_special(tokenizer, AD_TOKEN_EOS);
    w->end[1] = ad_tokenizer_special(tokenizer, AD_TOKEN_BOS);
    w->chooser = gpt_chooser_new(known < config->vocab ? known : config->vocab);
    if (!w->chooser) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    ad_status status = gpt_generator_new(&w->generator, ctx, config, vars, precision);
    if (!status) gpt_writer_begin(w, 0);
    return status;
}

void gpt_writer_free(gpt_writer *w)
{
    gpt_generator_free(w->generator);
    gpt_chooser_free(w->chooser);
}

void gpt_writer_begin(gpt_writer *w, uint64_t sample)
{
    gpt_generator_reset(w->generator);
    gpt_chooser_forget(w->chooser);
    w->sample = sample, w->drawn = 0;
    w->logits = NULL, w->unread = -1, w->ended = false;
    w->decoder = (ad_decoder){.tokenizer = w->tokenizer};
}

ad_status gpt_prompt(gpt_writer *w, const char *text, size_t length, ad_tokens *tokens)
{
    /* Llama's texts all begin with a token for that; GPT-2's end with one, which may stand for a
     * beginning; others begin behind a line's end */
    bool begins = !w->logits;
    bool always = ad_tokenizer_get_kind(w->tokenizer) == AD_TOKENIZER_SENTENCEPIECE;
    bool special = ad_tokenizer_special(w->tokenizer, AD_TOKEN_BOS) >= 0;
    int front = begins && (always || (!length && special)) ? AD_ENCODE_BOS : 0;
    ad_status status = ad_tokenizer_encode(w->tokenizer, text, length, front, tokens);
    if (status || tokens->count || !begins) return status;
    if (ad_tokenizer_find(w->tokenizer, "\n", 1) >= 0)
        return ad_tokenizer_encode(w->tokenizer, "\n", 1, 0, tokens);
    return ad_error_set(w->ctx, AD_ERROR_ARGUMENT,
                        "a text has nothing to begin with here; give a --prompt");
}

static void put(gpt_writer *w, gpt_stream *stream, const char *text, size_t length)
{
    if (length && !w->closed) w->closed = !stream->put(stream->user, text, length);
}

static ad_status show(gpt_writer *w, int32_t token, gpt_stream *stream)
{
    const char *text;
    size_t length;
    if (token == w->end[0] || token == w->end[1]) return AD_OK;
    ad_status status = ad_decoder_next(&w->decoder, token, &text, &length);
    if (!status && stream) put(w, stream, text, length);
    return status;
}

static void show_end(gpt_writer *w, gpt_stream *stream)
{
    const char *rest;
    size_t length;
    ad_decoder_end(&w->decoder, &rest, &length);
    put(w, stream, rest, length);
}

/* What was written is read before anything can follow it. */
static ad_status read_last(gpt_writer *w)
{
    int32_t token = w->unread;
    if (token < 0) return AD_OK;
    w->unread = -1;
    return gpt_generator_feed(w->generator, &token, 1, &w->logits);
}

ad_status gpt_writer_read(gpt_writer *w, const ad_tokens *prompt, gpt_stream *stream)
{
    double start = ad_seconds();
    ad_status status = read_last(w);
    if (!status) status = gpt_generator_feed(w->generator, prompt->ids, prompt->count, &w->logits);
    w->pace.read_seconds += ad_seconds() - start;
    w->pace.read += prompt->count < w->block ? prompt->count : w->block;
    for (int64_t i = 0; i < prompt->count; ++i) gpt_chooser_see(w->chooser, prompt->ids[i]);
    for (int64_t i = 0; i < prompt->count && !status; ++i) status = show(w, prompt->ids[i], stream);
    return status;
}

ad_status gpt_write(gpt_writer *w, const ad_watcher *watcher, int64_t count, const gpt_choice *how,
                    gpt_stream *stream)
{
    double start = ad_seconds();
    ad_status status = AD_OK;
    for (int64_t i = 0; i < count && !status && !w->ended && !w->closed; ++i) {
        if (ad_watch_interrupted(watcher)) break;
        if ((status = read_last(w))) break;
        int32_t token = gpt_choose(w->chooser, how, w->logits, w->sample, w->drawn++);
        if (token < 0)
            return ad_error_set(w->ctx, AD_ERROR_NUMERIC, "the logits give no probabilities");
        w->ended = token == w->end[0] || token == w->end[1];
        if (w->ended) break;
        ++w->pace.made;
        w->unread = token;
        gpt_chooser_see(w->chooser, token);
        status = show(w, token, stream);
    }
    show_end(w, stream);
    w->pace.made_seconds += ad_seconds() - start;
    return status;
}
