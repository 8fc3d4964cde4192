/* translate.h - the Transformer of Vaswani et al. 2017, "Attention Is All You Need": a sentence in
 * one language from a sentence in another.
 *
 *     attention(Q, K, V) = softmax(Q K^T / sqrt(d)) V,  several heads side by side
 *     encoder layer:  x + attention(x, x, x),  x + mlp(x)
 *     decoder layer:  y + attention(y, y, y) of what came before,  y + attention(y, x, x),  y +
 * mlp(y) p(next word) = softmax(y E^T)
 *
 * each sum with a layer norm in front of its second term (pre) or behind it (post, the paper's).
 * Names of parameters are those of Hugging Face's `mbart`.
 *
 *   network.c    tokens to the decoder's last layer, as graph; loss.c the smoothed cross-entropy
 *   model.c      what a network is built from; settings.c what training is told
 *   pairs.c      sentence pairs from a file or two; sources.c from lists of them
 *   vocabulary.c their tokens; code.c of all pairs; rows.c rows of a batch
 *   decode.c     word by word with a cache; beam.c several hypotheses a sentence
 *   lines.c      many lines: sorted, cut where too long, given back in their order
 *   marian.c     models that transformers wrote; how.c what a search is told
 *   look.c       what each word looks at, draw.c as a picture; average.c the mean of checkpoints
 *   train.c, run.c, eval.c, show.c, explain.c   the commands */
#ifndef ZOO_TRANSLATE_TRANSLATE_H
#define ZOO_TRANSLATE_TRANSLATE_H

#include <autodidact/scores.h>
#include <autodidact/system.h>
#include <autodidact/tokenizer.h>

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

/* What transformers' `generate` is told for a model that it wrote (marian.c). */
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
    bool unscaled, output_bias; /* words' vectors are not multiplied by sqrt(width); logits have a
                                   bias */
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
    ad_node *
        *attention; /* out, unless NULL: the weights [batch, heads, queries, keys] of each layer:
                       the encoder's, then of each decoder layer its own and the encoder's */
    int attentions;
} translate_pass;

/* Tokens [batch, time] i32, where each stands in its sentence, and what tells sentences apart: the
 * number of each token's, or where those of each row begin. Attention works on one sentence after
 * the other where both sides have `begins`, and else with masks over whole rows, which takes longer
 * but has the weights that translate_pass.attention wants. */
typedef struct translate_side {
    ad_node *tokens, *positions;
    ad_node *sentences; /* [batch, time]; 0: padding. Not used where there are `begins` */
    ad_node
        *begins; /* [batch, translate_slots(time)], see translate_begins; NULL: there are none */
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

/* ---- data ---- */

typedef struct translate_data {
    char *source, *target, *valid_source, *valid_target; /* files of lines; lists, with commas */
    char *pairs, *valid_pairs, *from, *to;               /* or tables, and two of their columns */
    char *weights; /* a number for each file to train with: how often it is seen in an epoch */
    bool reverse;
    char *tokenizer, *init;
    int64_t vocab;
    bool separate;
    double ratio;
    double bpe_dropout;
    int64_t bpe_variants;
    int64_t eval_lines;
} translate_data;
extern const ad_record translate_data_record;

typedef struct translate_step {
    int64_t batch_tokens;
    double dropout; /* below 0: the preset's */
    double smoothing;
    double r_drop;
} translate_step;
extern const ad_record translate_step_record;

typedef struct translate_line {
    const char *text;
    size_t length;
} translate_line;

/* Lines of a file or of two, [count]; the texts are those of the files. */
typedef struct translate_pairs {
    ad_text_file file[2];
    translate_line *side[2]; /* source, target; of malloc */
    int64_t count;
    uint64_t fingerprint;
    char *name[2];                /* of the files; of malloc */
    int64_t first;                /* lines in front of the first pair's */
    int32_t *weight;              /* how often each pair is in an epoch; of malloc; NULL: once */
    struct translate_pairs *part; /* of several files: these, which hold the texts; of malloc */
    int64_t parts;
} translate_pairs;
/* The lines of a text, without their ends; NULL: no memory. Of malloc. */
translate_line *translate_cut(const char *text, size_t length, int64_t *count);
/* Two files of as many lines, .gz, .xz, .bz2 or .zst too. */
ad_status translate_read_files(translate_pairs *pairs, ad_context *ctx, const char *source,
                               const char *target);
/* A table with tabs between its columns, which are named by its first line, or by numbers from 1.
 */
ad_status translate_read_table(translate_pairs *pairs, ad_context *ctx, const char *path,
                               const char *from, const char *to);
void translate_pairs_swap(translate_pairs *pairs); /* the other direction */
/* In which file a side of a pair is, and in which line. */
const char *translate_pairs_file(const translate_pairs *pairs, int64_t pair, int side,
                                 int64_t *line);

/* Lists of files, separated by commas: tables, or sources and as many targets. */
typedef struct translate_lists {
    const char *source, *target, *pairs, *from, *to;
    const char *weights; /* a whole number for each file; NULL: 1 */
    const char *valid;   /* in front of the options' names in errors: "" or "valid-" */
} translate_lists;
/* All of their pairs, one file behind the other. */
ad_status translate_read_lists(translate_pairs *pairs, ad_context *ctx, const translate_lists *l);
void translate_pairs_free(translate_pairs *pairs); /* zeroed ones are ignored */

/* The tokens of both languages; the same twice where they share them. */
typedef struct translate_vocabulary {
    ad_context *ctx;
    ad_tokenizer *source, *target;
    int32_t end[2]; /* the token behind a sentence */
    int32_t begin;  /* the token before the target's first word; the same, unless a file says so */
    int32_t silent[2]; /* further ones that are no text; -1: none */
    bool lower, codes; /* codes: ">>de<<" in front of a sentence is a token */
} translate_vocabulary;
/* Learns what `data` asks for from the pairs, or opens it. */
ad_status translate_vocabulary_make(translate_vocabulary *v, ad_context *ctx,
                                    const translate_data *data, const translate_pairs *pairs,
                                    bool lower);
/* Of a model that was opened: what it holds, or what lies beside it. */
ad_status translate_vocabulary_open(translate_vocabulary *v, const ad_job *job);
/* Into the model: as text, and the counts. */
ad_status translate_vocabulary_keep(translate_vocabulary *v, translate_model *model);
void translate_vocabulary_free(translate_vocabulary *v);
/* Appends a line's tokens and the end. */
ad_status translate_line_tokens(translate_vocabulary *v, bool target, translate_line line,
                                ad_tokens *out);
/* The same with merges left out; dropout NULL: none is. */
ad_status translate_line_spelled(translate_vocabulary *v, bool target, translate_line line,
                                 ad_bpe_dropout *dropout, ad_tokens *out);

/* Sentences as rows: several side by side in each, as many as fit, so that next to nothing of a
 * batch is padding. Fields, i32 [length] each: source, source_position, target (what stands before
 * each label), target_position, labels; and source_begins, target_begins [translate_slots(length)].
 */
typedef struct translate_rows {
    int64_t count, length;
    int32_t *source, *labels; /* [count, length] */
    int16_t *number[2];       /* of the sentence in its row, from 1; 0: padding */
    int64_t tokens[2];        /* without padding */
    int64_t sentences;
    int32_t begin;
    struct translate_rows *next; /* the same pairs, spelled otherwise, for the next epoch, behind
                                    the last of which comes the first again; of malloc */
    int64_t epoch;               /* rows that are read in an epoch, where there is a next */
} translate_rows;
/* The most that one of them has: the rows of an epoch. */
int64_t translate_rows_most(const translate_rows *rows);

/* Tokens of pairs: those of pair i are ids[begin[i]] .. ids[begin[i + 1] - 1]. */
typedef struct translate_coded {
    ad_tokens side[2];
    int64_t *begin[2]; /* [count + 1]; of malloc */
    int64_t count;
} translate_coded;
/* Which pairs, and how they are spelled. */
typedef struct translate_coding {
    int64_t step; /* pairs whose number it divides (`held`), or all others, as often as their weight
                     says; a step of 0 divides none */
    bool held;
    ad_bpe_dropout *dropout; /* NULL: none. A side that has more than `most` tokens with it is */
    int64_t most;            /* spelled without */
} translate_coding;
ad_status translate_code(translate_coded *out, translate_vocabulary *v,
                         const translate_pairs *pairs, const translate_coding *how);
void translate_coded_free(translate_coded *coded);

/* What was left out. */
typedef struct translate_left_out {
    int64_t empty, odd, longer;
} translate_left_out;
typedef struct translate_packing {
    int64_t length;  /* of rows */
    int64_t longest; /* tokens of a side, no more than that; longer pairs are left out */
    double ratio;    /* of one side's tokens to the other's, likewise */
    uint64_t seed;   /* of the order */
} translate_packing;
ad_status translate_pack(translate_rows *rows, ad_context *ctx, const translate_coded *coded,
                         const translate_packing *how, translate_left_out *left_out);
void translate_rows_free(translate_rows *rows);
ad_status translate_row_samples(ad_samples **out, ad_context *ctx, const translate_rows *rows);

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
    {AD_ROW("beam", INT), .initial = "4", .min = 1, .max = TRANSLATE_BEAM_MOST, .help = "hypotheses of a sentence; 1: always the likeliest word"}, \
    {AD_ROW("length-penalty", REAL), .initial = "0.6", .min = 0, .max = 10, .help = "the A of --ranking; of transformers' models else as their files say, or 1"}, \
    {AD_ROW("ranking", CHOICE), .initial = "auto", .choices = "auto|wu|power", .help = "hypotheses are ranked by log p / ((5 + words) / 6)^A, or log p / words^A; auto: the latter of transformers' models"}, \
    {AD_ROW("max-words", INT), .initial = "0", .min = 0, .max = 1 << 14, .unit = "TOKENS", .help = "of a translation, its end among them; 0: as the model has it"}
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

/* ---- what it looks at ---- */

/* All attention of a network over one pair of sentences. */
typedef struct translate_look {
    int64_t source_count,
        target_count; /* tokens: those of the source; the beginning and the words */
    int64_t maps;     /* layers of the encoder, and of the decoder twice: to words, to the source */
    float **map;      /* [maps]: [heads, queries, keys], as many as there are tokens; of malloc */
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
    translate_rows rows[2]; /* to train and to validate with */
    int64_t row_length;     /* of rows; 0: that of the longest sentence */
    translate_pairs
        pairs[2]; /* likewise; the second without files where some of the first are held */
    translate_line *held[2]; /* lines that are translated to validate, [held_count] */
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
