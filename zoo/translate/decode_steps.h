/* decode_steps.h - the programs of a decoder that goes word by word, each of fixed sizes. */
#ifndef ZOO_TRANSLATE_DECODE_STEPS_H
#define ZOO_TRANSLATE_DECODE_STEPS_H

#include "zoo/translate/search.h"

enum { TRANSLATE_PROGRAMS = 96 };

/* Sizes of a program: sentences, hypotheses each, tokens of a source, words so far. Of one that
 * reads sources `beam` is 0, and `words` the tokens that are read, of which there may be fewer. */
typedef struct translate_sizes {
    int64_t sentences, beam, tokens, words;
} translate_sizes;

typedef struct translate_planned {
    translate_sizes of;
    ad_graph *graph;
    ad_program *program;
    ad_node *logits, *sums;
} translate_planned;

struct translate_decoder {
    ad_context *ctx;
    const translate_model *model;
    ad_vars *vars, *cache;
    translate_planned planned[TRANSLATE_PROGRAMS];
    int count;
    /* what is being written */
    translate_sizes now;               /* words: places of the tables that are written to */
    int64_t given;                     /* sentences that are real */
    int32_t *source, *source_sentence; /* inputs: [sentences, read], [sentences, tokens] */
    int32_t *read_sentence;            /* [sentences, read] */
    int32_t *word, *row, *older;       /* [rows], [rows, steps], likewise */
    int32_t step, begin;
};

/* The decoder's program of these sizes; the oldest gives way where there are too many. */
ad_status translate_plan_steps(translate_decoder *decoder, translate_sizes of,
                               translate_planned **out);
void translate_unplan(translate_planned *planned);
/* What is kept of a layer between programs, "words.k" say; NULL: the context has the error. */
ad_variable *translate_steps_kept(translate_decoder *decoder, const char *what, int64_t layer,
                                  ad_shape shape);

#endif
