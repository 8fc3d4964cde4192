/* search.h - translations: a decoder that goes word by word, the search for the likeliest sentence,
 * and lines of text with both. */
#ifndef ZOO_TRANSLATE_SEARCH_H
#define ZOO_TRANSLATE_SEARCH_H

#include "zoo/translate/pairs.h"

/* ---- translating ---- */

/* Sentences that are read at once, and the words that follow in each of several hypotheses. Keys
 * and values of what was read and written stay where they were written: a hypothesis says of each
 * earlier word in which hypothesis' place it stands. */
typedef struct translate_decoder translate_decoder;
ad_status translate_decoder_new(translate_decoder **out, ad_context *ctx,
                                const translate_model *model, ad_vars *vars);
void translate_decoder_free(translate_decoder *decoder); /* NULL is ignored */
/* How many sentences of up to `tokens` tokens with that many hypotheses are read at once. */
int64_t translate_decoder_room(const translate_decoder *decoder, int64_t tokens, int64_t beam);
/* Reads sentences [count] of tokens that end with their end. */
ad_status translate_decoder_read(translate_decoder *decoder, const int32_t *const *sentences,
                                 const int64_t *lengths, int64_t count, int64_t beam);
/* Words that can be asked for after that. */
int64_t translate_decoder_steps(const translate_decoder *decoder);
/* The words [count * beam] that stand last in each hypothesis (first: the sentence's beginning);
 * hypothesis h goes on what hypothesis parents[h] was before this step, unless NULL. *logits: of
 * the next words, [count * beam, target_vocab]; *sums: logarithms of the sums of their
 * exponentials. */
ad_status translate_decoder_next(translate_decoder *decoder, const int32_t *words,
                                 const int32_t *parents, const float **logits, const float **sums);

enum { TRANSLATE_BEAM_MOST = 64 };

/* How. */
typedef struct translate_how {
    int64_t beam;
    int ranking, early;
    double length_penalty;
    int64_t most; /* words of a translation; 0: as many as the decoder has room for */
    bool forbids; /* there is a token that is never written: */
    int32_t never;
    bool renormalized, forced_end;
    bool sampled; /* one hypothesis, drawn: */
    double temperature;
    int64_t top_k;
    uint64_t seed;
} translate_how;

typedef struct translate_hypothesis {
    int32_t *words; /* without the end; of malloc */
    int64_t count;
    double score; /* of the ranking */
    double log_p;
    bool cut; /* it had no end yet */
} translate_hypothesis;

/* As transformers' `generate` was told, or our own way. */
translate_how translate_how_of(const translate_model *model);
/* The same as a verb's options say. */
translate_how translate_how_asked(ad_command *cmd, const translate_model *model);
/* clang-format off */
#define TRANSLATE_HOW_OPTIONS                                                                      \
    {AD_ROW("beam", INT), .initial = "4", .min = 1, .max = TRANSLATE_BEAM_MOST, .help = "hypotheses of a sentence, 1: always the likeliest word; of transformers' models else as their files say"}, \
    {AD_ROW("length-penalty", REAL), .initial = "0.6", .min = 0, .max = 10, .help = "the A of --ranking; of transformers' models else as their files say, or 1"}, \
    {AD_ROW("ranking", CHOICE), .initial = "auto", .choices = "auto|wu|power", .help = "hypotheses are ranked by log p / ((5 + words) / 6)^A, or log p / words^A; auto: the latter of transformers' models"}, \
    {AD_ROW("max-words", INT), .initial = "0", .min = 0, .max = 1 << 14, .unit = "TOKENS", .help = "a translation has at most so many, its end among them; 0: as the model has it"}
/* clang-format on */

/* Hypotheses of each sentence, [count][beam], the best first; freed by translate_hypotheses_free.
 * `numbers`: of the sentences among all, for what is drawn. `begin`: the first word's token. */
ad_status translate_search(translate_decoder *decoder, ad_context *ctx,
                           const translate_model *model, int32_t begin, int32_t end,
                           const int32_t *const *sentences, const int64_t *lengths,
                           const int64_t *numbers, int64_t count, const translate_how *how,
                           translate_hypothesis *out);
void translate_hypotheses_free(translate_hypothesis *h, int64_t count);

/* A translator: vocabulary and decoder of one network. */
typedef struct translate_translator {
    ad_context *ctx;
    const translate_model *model;
    translate_vocabulary *vocabulary;
    translate_decoder *decoder;
    int64_t words, sentences, split; /* so far: written, read, cut for their length */
} translate_translator;
ad_status translate_translator_new(translate_translator *t, ad_context *ctx,
                                   const translate_model *model, ad_vars *vars,
                                   translate_vocabulary *vocabulary);
void translate_translator_free(translate_translator *t);

/* One line's translations, the best first. */
typedef struct translate_result {
    char **text; /* [count]; of malloc, NUL-terminated */
    double *score;
    int64_t count;
    bool cut; /* one had no end where it had to stop */
} translate_result;
/* Translates lines: sorted by length inside, results [count] in the lines' order. A line with
 * nothing but space gives an empty text. Where the watcher says stop there are no results and
 * *whole is false. `n_best`: at most how->beam, and 1 where a line is cut. */
ad_status translate_lines(translate_translator *t, const translate_line *lines, int64_t count,
                          const translate_how *how, int64_t n_best, const ad_watcher *watcher,
                          translate_result *out, bool *whole);
void translate_results_free(translate_result *results, int64_t count);
/* Words as text: one line, in UTF-8. Of malloc; NULL: the context has the error. */
char *translate_text(translate_vocabulary *v, bool target, const int32_t *words, int64_t count);

#endif
