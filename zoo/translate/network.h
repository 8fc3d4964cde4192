/* network.h - the network: what it is built from, its graph for whole sentences, and the parts of
 * it that a decoder puts together word by word. */
#ifndef ZOO_TRANSLATE_NETWORK_H
#define ZOO_TRANSLATE_NETWORK_H

#include <autodidact/system.h>

/* ---- the network ---- */

typedef enum translate_norm { TRANSLATE_PRE, TRANSLATE_POST } translate_norm;
typedef enum translate_positions {
    TRANSLATE_SINUSOIDAL,
    TRANSLATE_LEARNED,
    TRANSLATE_ROTARY,
    TRANSLATE_HALVES /* sinusoidal, the sines in front of the cosines: Marian's */
} translate_positions;
typedef enum translate_activation {
    TRANSLATE_RELU,
    TRANSLATE_GELU,
    TRANSLATE_SWISH
} translate_activation;
/* Which of the three matrices of words are one: source, target, output. */
typedef enum translate_tie {
    TRANSLATE_TIE_ALL,
    TRANSLATE_TIE_OUTPUT,
    TRANSLATE_TIE_NONE
} translate_tie;

/* How hypotheses are ranked, and when a sentence is done. */
typedef enum translate_ranking {
    TRANSLATE_WU,   /* log p / ((5 + words) / 6)^penalty */
    TRANSLATE_POWER /* log p / words^penalty: transformers' */
} translate_ranking;
typedef enum translate_early {
    TRANSLATE_HEURISTIC,
    TRANSLATE_EARLY,
    TRANSLATE_NEVER_EARLY
} translate_early;

/* What transformers' `generate` is told for a model that it wrote (marian.c). Only such a model's
 * folder says it: a checkpoint does not. */
typedef struct translate_told {
    bool there;
    int64_t begin, end, padding; /* tokens */
    int64_t never;               /* a token that is never written; -1: none */
    bool renormalized;           /* the others' probabilities are then 1 together */
    bool forced_end;             /* where a translation has to stop its last word is the end */
    int64_t beam, most;          /* hypotheses; words with the end */
    double length_penalty;
    int64_t early_stopping; /* translate_early */
} translate_told;

typedef struct translate_model {
    int preset;
    int64_t layers, decoder_layers, heads, width, hidden;
    int64_t decoder_heads, decoder_hidden; /* 0: as the encoder's */
    int norm, positions, tie, activation;
    bool unscaled;    /* words' vectors are not multiplied by sqrt(width) */
    bool output_bias; /* logits have a bias */
    translate_told told;
    int64_t longest; /* tokens of a sentence, its end among them */
    int64_t source_vocab, target_vocab;
    char *tokenizer, *target_tokenizer; /* as text (ad_tokenizer_to_text); the second NULL: joint */
    bool lower;                         /* sentences are put in lower case */
} translate_model;
extern const ad_record translate_model_record;
/* Sizes that are not given are the preset's. */
void translate_complete(translate_model *model);
/* Of the preset, for training. */
double translate_preset_dropout(const translate_model *model);

/* One graph of the network. Sentences may stand several in a row, packed: the positions of each
 * begin at 0, and a token sees those of its own sentence alone. */
typedef struct translate_pass {
    const translate_model *model;
    ad_vars *vars;
    ad_graph *graph;
    ad_mode *mode; /* NULL: evaluation form */
    /* Out, unless NULL: the weights [batch, heads, queries, keys] of each layer: the encoder's,
     * then of each decoder layer its own and those to the encoder's. */
    ad_node **attention;
    int attentions;
} translate_pass;

/* Tokens [batch, time] i32, where each stands in its sentence, and what tells sentences apart: the
 * number of each token's, or where those of each row begin. Attention works on one sentence after
 * the other where both sides have `begins`, and else with masks over whole rows, which takes longer
 * but has the weights that translate_pass.attention wants. */
typedef struct translate_side {
    ad_node *tokens, *positions;
    ad_node *sentences; /* [batch, time]; 0: padding. Not used where there are `begins` */
    ad_node *begins;    /* [batch, translate_slots(time)], see translate_begins; NULL: none */
} translate_side;
/* The graph's inputs PREFIX, PREFIX_position, and PREFIX_sentence or, `packed`, PREFIX_begins. */
translate_side translate_input(ad_graph *graph, const char *prefix, ad_shape shape, bool packed);
/* How many sentences a row of `length` places holds at most, and one more for its padding. */
int64_t translate_slots(int64_t length);
/* Where the sentences of a row begin, begins [translate_slots(length)], from the number of each of
 * its places', which rise from 1 on; then where padding (0) begins, then the row's end. */
void translate_begins(const int16_t *number, int64_t length, int32_t *begins);
/* 0 where a query may see a key and -infinity where not, [batch, 1, queries, keys]. */
ad_node *translate_mask(const translate_side *queries, const translate_side *keys, bool causal);

/* [batch, time, width] -> the same: the encoder's last layer. */
ad_node *translate_encode(translate_pass *pass, const translate_side *source);
/* The decoder's, of what stands before each word and the encoder's `memory`. */
ad_node *translate_decode(translate_pass *pass, const translate_side *target, ad_node *memory,
                          const translate_side *source);
/* The matrix of words that logits are products with, [target_vocab, width]. */
ad_node *translate_output(const translate_pass *pass);
/* y [n, width] -> [n, target_vocab] */
ad_node *translate_logits(const translate_pass *pass, ad_node *y);
/* Where the model's logits have a bias it becomes a column of the matrix, and y has a 1 for it. */
void translate_fold_bias(const translate_pass *pass, ad_node **y, ad_node **weight);
int64_t translate_heads_of(const translate_model *model, bool decoder);

/* Declares all parameters without keeping a graph. */
ad_status translate_declare(ad_vars *vars, const translate_model *model);

/* Mean over the labels that are not negative of -log p(label), with `smoothing` of it spread evenly
 * over all words (Szegedy et al. 2016): y [n, width], labels [n]. */
ad_node *translate_loss(ad_node *y, ad_node *weight, ad_node *labels, double smoothing);

/* R-Drop (Liang et al. 2021): labels [2 n] and y [2 n, width] are those of the same rows twice,
 * with other dropout; what is added to the loss for how far apart the two are, `share` times a
 * quarter of both divergences. */
ad_node *translate_r_drop(ad_node *y, ad_node *weight, ad_node *labels, double share);

/* ---- its parts, for a decoder that goes word by word ---- */

/* Queries, keys or values of one attention, called `what`: x [batch, time, width] -> [batch, time,
 * heads, width / heads]. */
ad_node *translate_heads(const translate_pass *pass, const char *attention, const char *what,
                         ad_node *x);
/* Rotary positions, where the model has them, of a self-attention's queries or keys. */
ad_node *translate_turn(const translate_pass *pass, ad_node *x, ad_node *positions);
/* softmax(q k^T / sqrt(d) + mask) v [batch, queries, width], and out through the last matrix. */
ad_node *translate_attend(translate_pass *pass, const char *attention, ad_node *q, ad_node *k,
                          ad_node *v, ad_node *mask);
ad_node *translate_out(const translate_pass *pass, const char *attention, ad_node *y);
/* x and a sublayer of it. */
ad_node *translate_before(const translate_pass *pass, const char *norm, ad_node *x);
ad_node *translate_add(const translate_pass *pass, const char *norm, ad_node *x, ad_node *y);
ad_node *translate_mlp(const translate_pass *pass, const char *layer, ad_node *x);
ad_node *translate_embed(const translate_pass *pass, bool target, ad_node *tokens,
                         ad_node *positions);
/* What a place adds to a word's vector, [longest, width]; of rotary positions the cosines by which
 * a head's vector is turned, [longest, dim / 2]. */
ad_node *translate_places(const translate_pass *pass, bool target);
/* Behind the last layer. */
ad_node *translate_last(const translate_pass *pass, bool target, ad_node *x);

#endif
