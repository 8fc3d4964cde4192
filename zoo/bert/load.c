/* load.c - what belongs to a model that was opened: its tokenizer; and what a training that begins
 * with it takes over. */
#include "zoo/bert/bert.h"

#include <string.h>

/* ---- the tokenizer ---- */

static int32_t token(const ad_tokenizer *t, const char *piece, ad_special_token otherwise)
{
    int32_t id = ad_tokenizer_find(t, piece, strlen(piece));
    return id >= 0 ? id : ad_tokenizer_special(t, otherwise);
}

static ad_status check_speller(const bert *b, const char *path)
{
    const bert_model *m = b->job.model;
    const bert_speller *s = &b->speller;
    if (ad_tokenizer_count(s->tokenizer) > m->vocab)
        return ad_error_set(b->job.ctx, AD_ERROR_FORMAT,
                            "%s: the tokenizer has %d tokens, the model knows %lld", path,
                            (int)ad_tokenizer_count(s->tokenizer), (long long)m->vocab);
    if (s->first >= 0 && s->last >= 0) return AD_OK;
    return ad_error_set(b->job.ctx, AD_ERROR_FORMAT,
                        "%s: the tokenizer has no tokens for the beginning and the end of a text "
                        "(%s)",
                        path, m->kind == BERT_ROBERTA ? "<s>, </s>" : "[CLS], [SEP]");
}

ad_status bert_open_speller(bert *b, const char *path)
{
    ad_context *ctx = b->job.ctx;
    const bert_model *m = b->job.model;
    bert_speller *s = &b->speller;
    bool roberta = m->kind == BERT_ROBERTA, inside = !path && m->tokenizer;
    const char *where = path     ? path
                        : inside ? ad_trained_path(&b->job)
                                 : ad_trained_folder(&b->job);
    ad_status status = inside ? ad_tokenizer_from_text(&s->tokenizer, ctx, where, m->tokenizer,
                                                       strlen(m->tokenizer))
                              : ad_tokenizer_open(&s->tokenizer, ctx, where);
    if (status == AD_ERROR_NOT_FOUND)
        return ad_error_set(ctx, status, "%s; name one with --tokenizer", ad_error(ctx));
    if (status) return status;
    s->first = token(s->tokenizer, roberta ? "<s>" : "[CLS]", AD_TOKEN_BOS);
    s->last = token(s->tokenizer, roberta ? "</s>" : "[SEP]", AD_TOKEN_EOS);
    s->mask = ad_tokenizer_special(s->tokenizer, AD_TOKEN_MASK);
    s->doubled = roberta;
    return check_speller(b, where);
}

ad_status bert_choose_length(ad_command *cmd, const bert *b, int64_t *most)
{
    const bert_model *m = b->job.model;
    int64_t asked = ad_command_int(cmd, "length"), longest = bert_longest(m);
    *most = asked ? asked : m->most ? m->most : longest;
    if (*most <= longest) return AD_OK;
    return ad_error_set(b->job.ctx, AD_ERROR_ARGUMENT,
                        "--length is %lld, the model has %lld places", (long long)*most,
                        (long long)longest);
}

/* ---- starting from a model ---- */

ad_status bert_own_tokenizer(bert *b)
{
    const char *text;
    size_t length;
    ad_status status = ad_tokenizer_to_text(b->speller.tokenizer, &text, &length);
    if (status) return status;
    return ad_record_set(&bert_model_record, b->job.ctx, b->job.model, "tokenizer-text", text);
}

ad_status bert_start_from(bert *b, const char *path)
{
    ad_context *ctx = b->job.ctx;
    ad_job *from;
    ad_status status = ad_trained_open(&from, ctx, &bert_system, path, NULL);
    if (status) return status;
    status = bert_open_speller((bert *)from, NULL);
    if (!status) {
        ad_record_free(&bert_model_record, ctx, b->job.model);
        status = ad_record_copy(&bert_model_record, ctx, b->job.model, from->model);
        b->speller = ((bert *)from)->speller;
        ((bert *)from)->speller = (bert_speller){0};
    }
    if (!status) status = bert_own_tokenizer(b);
    ad_trained_close(from);
    return status;
}
