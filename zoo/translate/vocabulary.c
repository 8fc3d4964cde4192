/* vocabulary.c - the tokens of both languages: byte pairs learnt from the sentences (Sennrich et
 * al. 2016), over bytes, so that no character is unknown; or a tokenizer's file.
 *
 * A space is put in front of each sentence, so that its first word has the tokens that it has
 * elsewhere. One token ends a sentence and begins the decoder's. */
#include "zoo/translate/pairs.h"

#include <stdlib.h>
#include <string.h>

/* All lines of a side, each behind a space. */
typedef struct gathered {
    char *text;
    size_t length, capacity;
} gathered;

static bool gather(gathered *g, ad_context *ctx, const translate_pairs *pairs, int side, bool lower)
{
    for (int64_t i = 0; i < pairs->count; ++i) {
        translate_line line = pairs->side[side][i];
        char *made = NULL;
        size_t length = line.length;
        if (lower && ad_text_lower(&made, &length, ctx, line.text, line.length)) return false;
        if (g->length + length + 2 > g->capacity) {
            size_t capacity = 2 * (g->length + length) + 4096;
            char *grown = realloc(g->text, capacity);
            if (grown) g->text = grown, g->capacity = capacity;
            if (!grown) {
                ad_text_lower_free(ctx, made, length);
                return false;
            }
        }
        g->text[g->length++] = ' ';
        memcpy(g->text + g->length, made ? made : line.text, length);
        g->length += length;
        g->text[g->length++] = '\n';
        ad_text_lower_free(ctx, made, length);
    }
    return true;
}

static ad_status learn(ad_tokenizer **out, ad_context *ctx, const translate_data *data,
                       const translate_pairs *pairs, const bool sides[2], bool lower)
{
    gathered g = {0};
    bool whole = true;
    for (int i = 0; i < 2; ++i)
        if (sides[i] && whole) whole = gather(&g, ctx, pairs, i, lower);
    ad_status status = whole && g.text
                           ? ad_tokenizer_train(out, ctx, "the sentences", g.text, g.length,
                                                (int32_t)data->vocab)
                           : ad_error_set(ctx, AD_ERROR_MEMORY, "no memory for a bpe's text");
    free(g.text);
    return status;
}

/* The token that ends a sentence: that of a text, which GPT-2 has at both ends. */
static ad_status find_ends(translate_vocabulary *v, const char *where)
{
    for (int i = 0; i < 2; ++i) {
        const ad_tokenizer *t = i ? v->target : v->source;
        v->end[i] = ad_tokenizer_special(t, AD_TOKEN_EOS);
        if (v->end[i] < 0) v->end[i] = ad_tokenizer_special(t, AD_TOKEN_BOS);
        if (v->end[i] < 0)
            return ad_error_set(v->ctx, AD_ERROR_FORMAT,
                                "%s: the tokenizer has no token for the end of a sentence", where);
    }
    v->begin = v->end[1], v->silent[0] = v->silent[1] = -1;
    return AD_OK;
}

ad_status translate_vocabulary_make(translate_vocabulary *v, ad_context *ctx,
                                    const translate_data *data, const translate_pairs *pairs,
                                    bool lower)
{
    static const bool source[2] = {true, false}, target[2] = {false, true}, both[2] = {true, true};
    *v = (translate_vocabulary){.ctx = ctx, .lower = lower};
    ad_status status;
    if (data->tokenizer && data->separate)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "--separate: --tokenizer names one for both languages");
    if (data->tokenizer)
        status = ad_tokenizer_open(&v->source, ctx, data->tokenizer);
    else
        status = learn(&v->source, ctx, data, pairs, data->separate ? source : both, lower);
    if (!status && data->separate) status = learn(&v->target, ctx, data, pairs, target, lower);
    if (!v->target) v->target = v->source;
    return status ? status : find_ends(v, data->tokenizer ? data->tokenizer : "the bpe");
}

/* transformers' models: the tokens that the network knows may be more than the files'. */
static ad_status open_told(translate_vocabulary *v, const ad_job *job)
{
    const translate_model *m = job->model;
    const char *folder = ad_trained_folder(job);
    ad_status status = ad_tokenizer_open_marian(&v->source, &v->target, v->ctx, folder);
    if (status) return status;
    int32_t known[2] = {ad_tokenizer_count(v->source), ad_tokenizer_count(v->target)};
    if (known[0] > m->source_vocab || known[1] > m->target_vocab)
        return ad_error_set(v->ctx, AD_ERROR_FORMAT,
                            "%s: the vocabularies have %d and %d tokens, the network knows %lld "
                            "and %lld",
                            folder, (int)known[0], (int)known[1], (long long)m->source_vocab,
                            (long long)m->target_vocab);
    v->begin = (int32_t)m->told.begin, v->end[0] = v->end[1] = (int32_t)m->told.end;
    v->silent[0] = (int32_t)m->told.padding;
    v->silent[1] = ad_tokenizer_special(v->target, AD_TOKEN_UNKNOWN);
    v->codes = true;
    return AD_OK;
}

ad_status translate_vocabulary_open(translate_vocabulary *v, const ad_job *job)
{
    const translate_model *m = job->model;
    ad_context *ctx = job->ctx;
    const char *where = ad_trained_path(job);
    *v = (translate_vocabulary){.ctx = ctx, .lower = m->lower};
    if (!m->tokenizer && m->told.there) return open_told(v, job);
    if (!m->tokenizer)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: comes without its vocabulary", where);
    ad_status status = ad_tokenizer_from_text(&v->source, ctx, where, m->tokenizer,
                                              strlen(m->tokenizer));
    if (!status && m->target_tokenizer)
        status = ad_tokenizer_from_text(&v->target, ctx, where, m->target_tokenizer,
                                        strlen(m->target_tokenizer));
    if (!v->target) v->target = v->source;
    if (status) return status;
    int64_t known[2] = {ad_tokenizer_count(v->source), ad_tokenizer_count(v->target)};
    if (known[0] != m->source_vocab || known[1] != m->target_vocab)
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: the vocabularies have %lld and %lld tokens, the network knows "
                            "%lld and %lld",
                            where, (long long)known[0], (long long)known[1],
                            (long long)m->source_vocab, (long long)m->target_vocab);
    return find_ends(v, where);
}

ad_status translate_vocabulary_keep(translate_vocabulary *v, translate_model *m)
{
    const ad_record *record = &translate_model_record;
    const char *text;
    size_t length;
    ad_status status = ad_tokenizer_to_text(v->source, &text, &length);
    if (!status) status = ad_record_set(record, v->ctx, m, "tokenizer-text", text);
    if (!status && v->target != v->source) {
        status = ad_tokenizer_to_text(v->target, &text, &length);
        if (!status) status = ad_record_set(record, v->ctx, m, "target-tokenizer-text", text);
    }
    m->source_vocab = ad_tokenizer_count(v->source);
    m->target_vocab = ad_tokenizer_count(v->target);
    return status;
}

void translate_vocabulary_free(translate_vocabulary *v)
{
    if (v->target != v->source) ad_tokenizer_free(v->target);
    ad_tokenizer_free(v->source);
    *v = (translate_vocabulary){0};
}

int32_t translate_line_code(const translate_vocabulary *v, bool target, translate_line line,
                            size_t *bytes)
{
    const ad_tokenizer *t = target ? v->target : v->source;
    size_t end = 2;
    *bytes = 0;
    if (!v->codes || line.length < 4 || memcmp(line.text, ">>", 2)) return -1;
    while (end + 2 <= line.length && memcmp(line.text + end, "<<", 2)) ++end;
    if (end + 2 > line.length) return -1;
    *bytes = end + 2;
    int32_t id = ad_tokenizer_find(t, line.text, *bytes);
    return id < 0 ? ad_tokenizer_special(t, AD_TOKEN_UNKNOWN) : id;
}

ad_status translate_line_tokens(translate_vocabulary *v, bool target, translate_line line,
                                ad_tokens *out)
{
    return translate_line_spelled(v, target, line, NULL, out);
}

ad_status translate_line_spelled(translate_vocabulary *v, bool target, translate_line line,
                                 ad_bpe_dropout *dropout, ad_tokens *out)
{
    ad_tokenizer *t = target ? v->target : v->source;
    bool space = ad_tokenizer_get_kind(t) == AD_TOKENIZER_BPE;
    char *lower = NULL;
    size_t bytes;
    int32_t code = translate_line_code(v, target, line, &bytes);
    ad_status status = code < 0 ? AD_OK : ad_tokens_append(out, v->ctx, code);
    line.text += bytes, line.length -= bytes;
    size_t length = line.length;
    if (!status && v->lower)
        status = ad_text_lower(&lower, &length, v->ctx, line.text, line.length);
    char *text = status ? NULL : malloc(length + 1);
    if (!status && !text) status = ad_error_set(v->ctx, AD_ERROR_MEMORY, "out of memory");
    if (text) {
        text[0] = ' ';
        memcpy(text + space, lower ? lower : line.text, length);
        status = dropout ? ad_tokenizer_encode_dropout(t, text, length + space, dropout, out)
                         : ad_tokenizer_encode(t, text, length + space, 0, out);
    }
    if (!status) status = ad_tokens_append(out, v->ctx, v->end[target]);
    free(text);
    ad_text_lower_free(v->ctx, lower, length);
    return status;
}
