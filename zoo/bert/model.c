/* model.c - what a network is built from: kind, sizes, classes and tokenizer, as its files say
 * them.
 */
#include "zoo/bert/bert.h"

#define AT(member) AD_AT(bert_model, member)

/* All follow from the weights, or from what a training is told. */
static const ad_option rows[] = {
    {"kind", 0, AD_OPTION_CHOICE, AT(kind), .initial = "bert", .choices = "bert|distilbert|roberta",
     .derived = true},
    {"layers", 0, AD_OPTION_INT, AT(layers), .derived = true, .min = 1, .max = 4096},
    {"heads", 0, AD_OPTION_INT, AT(heads), .derived = true, .min = 1, .max = 4096},
    {"width", 0, AD_OPTION_INT, AT(width), .derived = true, .min = 1, .max = 1 << 20},
    {"hidden", 0, AD_OPTION_INT, AT(hidden), .derived = true, .min = 1, .max = 1 << 22},
    {"places", 0, AD_OPTION_INT, AT(places), .derived = true, .min = 4, .max = 1 << 24},
    {"vocab-size", 0, AD_OPTION_INT, AT(vocab), .key = "vocab", .derived = true, .min = 1,
     .max = INT32_MAX / 2},
    {"types", 0, AD_OPTION_INT, AT(types), .derived = true, .initial = "2", .min = 0, .max = 1024},
    {"padding", 0, AD_OPTION_INT, AT(padding), .derived = true, .min = 0, .max = INT32_MAX / 2},
    {"eps", 0, AD_OPTION_REAL, AT(eps), .derived = true, .initial = "1e-12", .min = 0, .max = 1},
    {"activation", 0, AD_OPTION_CHOICE, AT(activation), .derived = true, .initial = "gelu",
     .choices = "gelu|gelu-tanh|relu"},
    {"pooled", 0, AD_OPTION_FLAG, AT(pooled), .derived = true},
    {"masked", 0, AD_OPTION_FLAG, AT(masked), .derived = true},
    {"vector", 0, AD_OPTION_CHOICE, AT(pooling), .key = "pooling", .derived = true,
     .initial = "mean", .choices = "mean|cls"},
    {"most", 0, AD_OPTION_INT, AT(most), .derived = true, .min = 0, .max = 1 << 24},
    {"rank", 0, AD_OPTION_INT, AT(rank), .derived = true, .min = 0, .max = 1 << 16},
    {"task", 0, AD_OPTION_CHOICE, AT(task), .derived = true, .initial = "classes",
     .choices = "classes|numbers|labels|tags"},
    {"paired", 0, AD_OPTION_FLAG, AT(paired), .derived = true},
    {"mean", 0, AD_OPTION_REAL, AT(mean), .derived = true},
    {"deviation", 0, AD_OPTION_REAL, AT(deviation), .derived = true, .initial = "1"},
    {"class-names", 0, AD_OPTION_TEXTS, AT(classes), .key = "classes", .derived = true},
    {"tokenizer-text", 0, AD_OPTION_TEXT, AT(tokenizer), .key = "tokenizer", .derived = true},
    {0},
};

/* RoBERTa's first place is that behind the padding's number. */
int64_t bert_longest(const bert_model *m)
{
    return m->kind == BERT_ROBERTA ? m->places - m->padding - 1 : m->places;
}

int64_t bert_outputs(const bert_model *m)
{
    return m->task == BERT_NUMBERS_TASK ? 1 : m->classes.count;
}

static ad_status check(ad_context *ctx, const char *where, const void *value)
{
    const bert_model *m = value;
    if (m->heads < 1 || m->layers < 1 || m->vocab < 1)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: does not say its sizes", where);
    if (!(m->deviation > 0))
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: the deviation of its numbers is %g", where,
                            m->deviation);
    if (m->width % m->heads)
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: a width of %lld cannot be shared by %lld heads", where,
                            (long long)m->width, (long long)m->heads);
    if (!(m->eps > 0 && m->eps < 1))
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: eps is %g, expected between 0 and 1", where,
                            m->eps);
    if (bert_longest(m) < 4)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: %lld places leave none for a text", where,
                            (long long)m->places);
    return AD_OK;
}

const ad_record bert_model_record = {
    .title = "network", .options = rows, .size = sizeof(bert_model), .check = check};
