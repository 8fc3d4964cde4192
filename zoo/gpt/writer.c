/* writer.c - a text from a model: prompt, tokens one by one, characters out. */
#include "zoo/gpt/gpt.h"

#include <stdlib.h>
#include <string.h>

void gpt_page_put(void *user, const char *text, size_t length)
{
    gpt_page *p = user;
    if (p->length + length + 1 > p->capacity) {
        size_t capacity = 2 * (p->length + length) + 256;
        char *grown = p->failed ? NULL : realloc(p->text, capacity);
        if (!grown) {
            p->failed = true;
            return;
        }
        p->text = grown;
        p->capacity = capacity;
    }
    memcpy(p->text + p->length, text, length);
    p->length += length;
    p->text[p->length] = 0;
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
    *w = (gpt_writer){.ctx = ctx, .tokenizer = tokenizer};
    w->end[0] = ad_tokenizer_special(tokenizer, AD_TOKEN_EOS);
    w->end[1] = ad_tokenizer_special(tokenizer, AD_TOKEN_BOS);
    w->chooser = gpt_chooser_new(known < config->vocab ? known : config->vocab);
    if (!w->chooser) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    return gpt_generator_new(&w->generator, ctx, config, vars, precision);
}

void gpt_writer_free(gpt_writer *w)
{
    gpt_generator_free(w->generator);
    gpt_chooser_free(w->chooser);
}

ad_status gpt_prompt(gpt_writer *w, const char *text, size_t length, ad_tokens *tokens)
{
    /* Llama's texts all begin with a token for that; GPT-2's end with one, which may stand for a
     * beginning; others begin behind a line's end */
    bool always = ad_tokenizer_get_kind(w->tokenizer) == AD_TOKENIZER_SENTENCEPIECE;
    bool special = ad_tokenizer_special(w->tokenizer, AD_TOKEN_BOS) >= 0;
    ad_status status = ad_tokenizer_encode(
        w->tokenizer, text, length, always || (!length && special) ? AD_ENCODE_BOS : 0, tokens);
    if (status || tokens->count) return status;
    if (ad_tokenizer_find(w->tokenizer, "\n", 1) >= 0)
        return ad_tokenizer_encode(w->tokenizer, "\n", 1, 0, tokens);
    return ad_error_set(w->ctx, AD_ERROR_ARGUMENT,
                        "a text has nothing to begin with here; give a --prompt");
}

static ad_status show(gpt_writer *w, ad_decoder *decoder, int32_t token, gpt_stream *stream)
{
    const char *text;
    size_t length;
    if (token == w->end[0] || token == w->end[1]) return AD_OK;
    ad_status status = ad_decoder_next(decoder, token, &text, &length);
    if (!status) stream->put(stream->user, text, length);
    return status;
}

ad_status gpt_write(gpt_writer *w, const ad_watcher *watcher, const ad_tokens *prompt,
                    int64_t count, const gpt_choice *how, uint64_t sample, gpt_stream *stream,
                    int64_t *made)
{
    const float *logits = NULL;
    const char *rest;
    size_t length;
    ad_decoder decoder = {.tokenizer = w->tokenizer};
    gpt_generator_reset(w->generator);
    gpt_chooser_forget(w->chooser);
    *made = 0;
    ad_status status = gpt_generator_feed(w->generator, prompt->ids, prompt->count, &logits);
    for (int64_t i = 0; i < prompt->count && !status; ++i) {
        gpt_chooser_see(w->chooser, prompt->ids[i]);
        status = show(w, &decoder, prompt->ids[i], stream);
    }
    while (!status && *made < count && !ad_watch_interrupted(watcher)) {
        int32_t token = gpt_choose(w->chooser, how, logits, sample, (uint64_t)*made);
        if (token == w->end[0] || token == w->end[1]) break;
        ++*made;
        gpt_chooser_see(w->chooser, token);
        status = show(w, &decoder, token, stream);
        if (!status && *made < count) status = gpt_generator_feed(w->generator, &token, 1, &logits);
    }
    ad_decoder_end(&decoder, &rest, &length);
    stream->put(stream->user, rest, length);
    return status;
}
