/* model.c - what a network is built from: its sizes, which may be a preset's, and its vocabularies.
 */
#include "zoo/translate/network.h"

typedef struct preset {
    int64_t layers, heads, width, hidden;
    double dropout;
} preset;

/* In the order of the option's choices. Tiny: Wu et al. 2021, "Good for Misconceived Reasons",
 * which is the best size for tens of thousands of sentence pairs; base and big: Vaswani et al. */
static const preset presets[] = {
    {4, 4, 128, 256, 0.3},
    {6, 8, 512, 2048, 0.1},
    {6, 16, 1024, 4096, 0.3},
};

enum { WIDTH_MOST = 1 << 16, LONGEST_MOST = 1 << 14, VOCAB_MOST = 1 << 24 };

#define AT(member) AD_AT(translate_model, member)
static const ad_option rows[] = {
    {AD_ROW("preset", CHOICE), AT(preset), .initial = "tiny", .choices = "tiny|base|big",
     .help = "sizes and dropout where they are not given: 4 layers of width 128, 6 of 512, 6 of "
             "1024"},
    {AD_ROW("layers", INT), AT(layers), .min = 1, .max = 256,
     .help = "of the encoder, else the preset's"},
    {AD_ROW("decoder-layers", INT), AT(decoder_layers), .min = 1, .max = 256,
     .help = "of the decoder, else as many"},
    {AD_ROW("heads", INT), AT(heads), .min = 1, .max = 1024,
     .help = "heads of attention, else the preset's"},
    {AD_ROW("decoder-heads", INT), AT(decoder_heads), .min = 1, .max = 1024,
     .help = "of the decoder, else as many"},
    {AD_ROW("width", INT), AT(width), .min = 2, .max = WIDTH_MOST,
     .help = "of a token's vector, else the preset's"},
    {AD_ROW("hidden", INT), AT(hidden), .min = 1, .max = 1 << 20,
     .help = "width within the mlp, else the preset's, or 4 times --width"},
    {AD_ROW("decoder-hidden", INT), AT(decoder_hidden), .min = 1, .max = 1 << 20,
     .help = "of the decoder, else the same"},
    {AD_ROW("activation", CHOICE), AT(activation), .initial = "relu", .choices = "relu|gelu|swish",
     .help = "within the mlp"},
    {AD_ROW("norm", CHOICE), AT(norm), .initial = "pre", .choices = "pre|post",
     .help = "layer norms in front of each sublayer, or behind it as in the paper"},
    {AD_ROW("positions", CHOICE), AT(positions), .initial = "sinusoidal",
     .choices = "sinusoidal|learned|rotary|halves",
     .help = "how a token's place is told; halves: sinusoidal, sines before cosines, as Marian"},
    {AD_ROW("tie", CHOICE), AT(tie), .initial = "all", .choices = "all|output|none",
     .help = "which matrices of words are one: source, target and output; the last two; none"},
    {AD_ROW("longest", INT), AT(longest), .min = 2, .max = LONGEST_MOST, .unit = "TOKENS",
     .help = "of a sentence: longer pairs are left out; else as the data have it, 256 at most"},
    {AD_ROW("lower", FLAG), AT(lower), .help = "put all sentences in lower case"},
    {AD_ROW("source-vocab", INT), AT(source_vocab), .min = 2, .max = VOCAB_MOST, .derived = true},
    {AD_ROW("target-vocab", INT), AT(target_vocab), .min = 2, .max = VOCAB_MOST, .derived = true},
    {AD_ROW("tokenizer-text", TEXT), AT(tokenizer), .key = "tokenizer", .derived = true},
    {AD_ROW("target-tokenizer-text", TEXT), AT(target_tokenizer), .key = "target_tokenizer",
     .derived = true},
    {AD_ROW("unscaled", FLAG), AT(unscaled), .derived = true},
    {AD_ROW("output-bias", FLAG), AT(output_bias), .key = "output_bias", .derived = true},
    {0}};
#undef AT

static const preset *preset_of(const translate_model *m)
{
    bool known = m->preset >= 0 && m->preset < (int)(sizeof presets / sizeof *presets);
    return &presets[known ? m->preset : 0];
}

void translate_complete(translate_model *m)
{
    const preset *p = preset_of(m);
    if (!m->hidden) m->hidden = m->width ? 4 * m->width : p->hidden;
    if (!m->layers) m->layers = p->layers;
    if (!m->decoder_layers) m->decoder_layers = m->layers;
    if (!m->heads) m->heads = p->heads;
    if (!m->width) m->width = p->width;
}

double translate_preset_dropout(const translate_model *m)
{
    return preset_of(m)->dropout;
}

static ad_status check(ad_context *ctx, const char *where, const void *value)
{
    const translate_model *m = value;
    if (m->layers < 1 || m->decoder_layers < 1 || m->heads < 1 || m->width < 2 || m->hidden < 1 ||
        m->longest < 2 || m->source_vocab < 2 || m->target_vocab < 2)
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: does not say all of layers, decoder_layers, heads, width, hidden, "
                            "longest and the sizes of its vocabularies",
                            where);
    if (m->width % m->heads)
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: a width of %lld cannot be shared by %lld heads", where,
                            (long long)m->width, (long long)m->heads);
    if (m->decoder_heads && m->width % m->decoder_heads)
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: a width of %lld cannot be shared by %lld heads of the decoder",
                            where, (long long)m->width, (long long)m->decoder_heads);
    if (m->width % 2 || (m->positions == TRANSLATE_ROTARY && m->width / m->heads % 2))
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: %s positions are pairs of numbers, which a width of %lld%s is not",
                            where, m->positions == TRANSLATE_ROTARY ? "rotary" : "sinusoidal",
                            (long long)m->width,
                            m->positions == TRANSLATE_ROTARY ? ", shared by the heads," : "");
    if (m->tie == TRANSLATE_TIE_ALL && (m->target_tokenizer || m->source_vocab != m->target_vocab))
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: with two vocabularies, of %lld and %lld tokens, source and target "
                            "cannot have one matrix: --tie output or none",
                            where, (long long)m->source_vocab, (long long)m->target_vocab);
    return AD_OK;
}

const ad_record translate_model_record = {.title = "network",
                                          .prefix = "translate.",
                                          .options = rows,
                                          .size = sizeof(translate_model),
                                          .check = check};
