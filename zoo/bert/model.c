/* model.c - what a network is built from: sizes, kind and tokenizer, as options and in its files.
 */
#include "zoo/bert/bert.h"

#define AT(member) AD_AT(bert_model, member)

/* The initial values are BERT tiny's (Turc et al. 2019), twice as deep. */
static const ad_option rows[] = {
    {"kind", 0, AD_OPTION_CHOICE, AT(kind), .initial = "bert", .choices = "bert|distilbert|roberta",
     .derived = true},
    {"layers", 0, AD_OPTION_INT, AT(layers), .initial = "4", .min = 1, .max = 4096,
     .help = "layers"},
    {"heads", 0, AD_OPTION_INT, AT(heads), .initial = "4", .min = 1, .max = 4096,
     .help = "heads of attention"},
    {"width", 0, AD_OPTION_INT, AT(width), .initial = "128", .min = 1, .max = 1 << 20,
     .help = "width of a token's vector"},
    {"hidden", 0, AD_OPTION_INT, AT(hidden), .initial = "512", .min = 1, .max = 1 << 22,
     .help = "width within the mlp"},
    {"places", 0, AD_OPTION_INT, AT(places), .initial = "128", .min = 4, .max = 1 << 24,
     .unit = "TOKENS", .help = "tokens of the longest text"},
    {"vocab-size", 0, AD_OPTION_INT, AT(vocab), .key = "vocab", .derived = true, .min = 1,
     .max = INT32_MAX / 2},
    {"types", 0, AD_OPTION_INT, AT(types), .derived = true, .initial = "2", .min = 0, .max = 1024},
    {"padding", 0, AD_OPTION_INT, AT(padding), .derived = true, .min = 0, .max = INT32_MAX / 2},
    {"eps", 0, AD_OPTION_REAL, AT(eps), .derived = true, .initial = "1e-12", .min = 0, .max = 1},
    {"activation", 0, AD_OPTION_CHOICE, AT(activation), .derived = true, .initial = "gelu",
     .choices = "gelu|gelu-tanh|relu"},
    {"pooled", 0, AD_OPTION_FLAG, AT(pooled), .derived = true},
    {"masked", 0, AD_OPTION_FLAG, AT(masked), .derived = true},
    {"pooling", 0, AD_OPTION_CHOICE, AT(pooling), .derived = true, .initial = "mean",
     .choices = "mean|cls"},
    {"most", 0, AD_OPTION_INT, AT(most), .derived = true, .min = 0, .max = 1 << 24},
    {"tokenizer-text", 0, AD_OPTION_TEXT, AT(tokenizer), .key = "tokenizer", .derived = true},
    {0},
};

/* RoBERTa's first place is that behind the padding's number. */
int64_t bert_longest(const bert_model *m)
{
    return m->kind == BERT_ROBERTA ? m->places - m->padding - 1 : m->places;
}

static ad_status check(ad_context *ctx, const char *where, const void *value)
{
    const bert_model *m = value;
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
