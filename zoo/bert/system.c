/* system.c - the network of each use, and opening a model: its tokenizer. */
#include "zoo/bert/bert.h"

#include <string.h>

/* ---- the network ---- */

static ad_node *vectors_of(const bert_pass *pass, ad_node *x)
{
    return bert_unit_length(pass->model->pooling == BERT_CLS ? bert_first_token(pass, x)
                                                             : bert_mean_token(pass, x));
}

/* Of the tokens that are to be filled in, input "missing". */
static ad_node *words_of(const bert *b, const bert_pass *pass, ad_node *x)
{
    ad_node *missing = ad_input(ad_node_graph(x), "missing", AD_I32, ad_shape(b->missing));
    return bert_masked_words(pass, ad_gather(x, missing));
}

/* What the file has besides is there, too, so that nothing of it is left behind. */
static void declare_rest(const bert *b, const bert_pass *pass, ad_node *x)
{
    const bert_model *m = pass->model;
    if (m->pooled) bert_pooler(pass, bert_first_token(pass, x));
    if (m->masked && b->use != BERT_FILL) bert_masked_words(pass, x);
}

static void network(ad_job *job, ad_forward *f)
{
    bert *b = (bert *)job;
    bert_pass pass = {.model = job->model, .vars = f->vars, .mode = f->mode};
    bert_pass_inputs(&pass, f->graph, b->room, f->rows);
    ad_node *x = bert_encode(&pass);
    f->result = ad_name(b->use == BERT_FILL ? words_of(b, &pass, x) : vectors_of(&pass, x),
                        "result");
    declare_rest(b, &pass, x);
}

static void release(ad_job *job)
{
    ad_tokenizer_free(((bert *)job)->speller.tokenizer);
}

static const ad_record *const records[] = {&bert_model_record, NULL};
const ad_system bert_system = {AD_SYSTEM("bert", "texts", bert, records, &bert_model_record, NULL,
                                         .network = network, .free = release,
                                         .recognise = bert_recognise, .adapt = bert_adapt)};

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
                        "--length is %lld, the model has %lld places", (long long)asked,
                        (long long)longest);
}
