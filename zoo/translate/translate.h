/* translate.h - the Transformer of Vaswani et al. 2017, "Attention Is All You Need": a sentence in
 * one language from a sentence in another.
 *
 *     attention(Q, K, V) = softmax(Q K^T / sqrt(d)) V,  several heads side by side
 *     encoder layer:  x + attention(x, x, x),  x + mlp(x)
 *     decoder layer:  y + attention(y, y, y) of what came before,
 *                     y + attention(y, x, x),  y + mlp(y)
 *     p(next word) = softmax(y E^T)
 *
 * each sum with a layer norm in front of its second term (pre) or behind it (post, the paper's).
 * Names of parameters are those of Hugging Face's `mbart`.
 *
 * network.h
 *   network.c    tokens to the decoder's last layer, as graph; loss.c the smoothed cross-entropy
 *   model.c      what a network is built from; marian.c the same of models that transformers wrote
 * pairs.h
 *   settings.c   what training is told
 *   pairs.c      sentence pairs from a file or two; sources.c from lists of them
 *   vocabulary.c their tokens; code.c of all pairs; rows.c rows of a batch
 * search.h
 *   decode.c     word by word with a cache; decode_steps.c its programs
 *   beam.c       several hypotheses a sentence; how.c what a search is told
 *   lines.c      many lines: sorted, cut where too long, given back in their order
 * translate.h
 *   data.c       all that a training reads; train.c, run.c, eval.c, show.c, explain.c the commands
 *   look.c       what each word looks at, draw.c as a picture; average.c the mean of checkpoints */
#ifndef ZOO_TRANSLATE_TRANSLATE_H
#define ZOO_TRANSLATE_TRANSLATE_H

#include "zoo/translate/search.h"

#include <autodidact/scores.h>

/* ---- what it looks at ---- */

/* All attention of a network over one pair of sentences. */
typedef struct translate_look {
    int64_t source_count, target_count; /* tokens; of the target the beginning and the words */
    int64_t maps; /* layers of the encoder, and of the decoder twice: to words, to the source */
    float **map;  /* [maps]: [heads, queries, keys], as many as there are tokens; of malloc */
} translate_look;
ad_status translate_look_at(translate_look *look, ad_context *ctx, const translate_model *model,
                            ad_vars *vars, int32_t begin, const int32_t *source,
                            int64_t source_count, const int32_t *target, int64_t target_count);
void translate_look_free(translate_look *look);
/* Which of the words between spaces each token is part of, from 0; returns how many words. */
int64_t translate_words_of(translate_vocabulary *v, bool target, const int32_t *tokens,
                           int64_t count, int64_t *word);
/* For each word of the translation the word of the line that it looks at most: the mean of the
 * heads of the last layer but one (Garg et al. 2019), pairs[2 i] the source's, pairs[2 i + 1] the
 * translation's. Of malloc. */
ad_status translate_align(translate_translator *t, ad_vars *vars, translate_line line,
                          const char *translation, int64_t **pairs, int64_t *count);

/* Attention over a sentence and its translation, with their tokens as they are read. */
typedef struct translate_labels {
    char **text; /* [count] */
    int64_t count;
} translate_labels;
typedef struct translate_seen {
    const translate_model *model;
    translate_look look;
    translate_labels label[2]; /* of the source; of what is written, the beginning first */
} translate_seen;
/* Of tokens that end with their end. Free it also on an error. */
ad_status translate_see(translate_seen *seen, const translate_model *model, ad_vars *vars,
                        translate_vocabulary *v, const ad_tokens *source, const ad_tokens *target);
void translate_seen_free(translate_seen *seen);
enum { TRANSLATE_NAME_BYTES = 64 };
/* One of the look's maps with all of its heads; and a name for it, "encoder-1". */
ad_status translate_draw(ad_drawing **out, ad_context *ctx, const translate_seen *seen, int64_t map,
                         char name[TRANSLATE_NAME_BYTES]);

/* ---- the system ---- */

typedef struct translate {
    ad_job job;
    translate_vocabulary vocabulary;
    translate_rows rows[2];   /* to train and to validate with */
    int64_t row_length;       /* of rows; 0: that of the longest sentence */
    translate_pairs pairs[2]; /* likewise; the second empty where some of the first are held */
    translate_line *held[2];  /* lines that are translated to validate, [held_count] */
    int64_t held_count;
    translate_translator translator;
    double loss_sum, counted;
} translate;
extern const ad_system translate_system;

ad_status translate_read(ad_job *job); /* the system's `read` */
int64_t translate_row_length(const translate *t);
/* Rows of some sentences, so that little of them is padding, and as many as --batch-tokens has
 * places for. */
void translate_choose_rows(translate *t, const translate_step *step);
/* Its `recognise` and `adapt`: transformers' Marian models. */
ad_status translate_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                              bool *known);
ad_status translate_adapt(const ad_job *job, ad_file *file);
/* Of what was opened: the values of `vars` become the mean of those of the last `count` checkpoints
 * beside it; 0: they stay. */
ad_status translate_average(ad_job *job, ad_vars *vars, int64_t count);
#define TRANSLATE_AVERAGE_OPTION                                                                   \
    {                                                                                              \
        AD_ROW("average", INT),                                                                    \
            .min = 1, .max = 1000,                                                                 \
            .help =                                                                                \
                "use the mean of the run's last N checkpoints (which --keep N has kept), else "    \
                "the best one"                                                                     \
    }
/* BLEU of lines beside their translations. */
ad_status translate_bleu(ad_context *ctx, const translate_result *results,
                         const translate_line *references, int64_t count, ad_bleu_words words,
                         bool lower, ad_bleu_counts *bleu, ad_chrf_counts *chrf);
/* The loss of rows under the evaluation form of the job's network: mean nats a token. */
ad_status translate_score(ad_job *job, ad_loader *loader, double *loss, double *tokens);

extern const ad_verb translate_train_verb, translate_run_verb, translate_eval_verb,
    translate_show_verb, translate_explain_verb;

#endif
