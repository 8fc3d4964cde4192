/* bert.h - encoders of the BERT family: vectors for the tokens of a text, which see it whole.
 *
 *     x = norm(word[token] + position[place] + type[type])
 *     x = norm(x + attention(x)),  x = norm(x + W2 gelu(W1 x))          for each of the layers
 *
 * (Devlin et al. 2019), with Hugging Face's names, as three kinds: `bert` (also MiniLM, Wang et al.
 * 2020), `distilbert` (Sanh et al. 2019: no types) and `roberta` (Liu et al. 2019: byte-level BPE,
 * places from 2 on). What comes out is used as vectors of whole texts (Reimers & Gurevych 2019), to
 * fill in masked words, or to tell classes of texts apart.
 *
 * Texts of a batch lie one behind the other in one row of tokens, without padding between them; all
 * but attention works on tokens, and attention is told where each text begins.
 *
 *   encoder.c      tokens to vectors, as graph; heads.c what is made of them
 *   model.c        what a network is built from; published.c the same of Hugging Face's config.json
 *   names.c        what each kind calls its tensors
 *   texts.c        texts as tokens; pack.c some of them side by side, as a batch
 *   vectors.c      vectors of many texts
 *   gaps.c         a long text as rows of batches with words missing
 *   tuned.h        texts with labels, and what is tuned on them
 *   system.c       the network of each use; load.c what belongs to a model that was opened
 *   passages.c     a text cut into passages; gather.c those of a folder; index.c their vectors, in
 *                  a file; nearest.c those that are nearest to a query
 *   embed.c, fill.c, search.c, pretrain.c, explain.c the commands */
#ifndef ZOO_BERT_BERT_H
#define ZOO_BERT_BERT_H

#include <autodidact/scores.h>
#include <autodidact/system.h>
#include <autodidact/tokenizer.h>

/* ---- what a network is built from ---- */

enum { BERT_BERT, BERT_DISTILBERT, BERT_ROBERTA };
enum { BERT_GELU, BERT_GELU_TANH, BERT_RELU };
/* Of a text one class, a number, or several labels; of each of its words a tag. */
enum { BERT_CLASSES_TASK, BERT_NUMBERS_TASK, BERT_LABELS_TASK, BERT_TAGS_TASK };
enum { BERT_MEAN, BERT_CLS }; /* of a text's vector: the mean of its tokens', or the first one's */

typedef struct bert_model {
    int kind;
    int64_t layers, heads, width;
    int64_t hidden;        /* within the mlp */
    int64_t places, vocab; /* rows of the tables */
    int64_t types;         /* of segments; 0: none */
    int64_t padding;       /* its token's id; RoBERTa's places begin behind it */
    double eps;
    int activation;
    bool pooled;  /* there is a pooler: tanh(W x + b) of the first token */
    bool masked;  /* there is what fills in masked words */
    int pooling;  /* of texts' vectors: BERT_MEAN or BERT_CLS */
    int64_t most; /* tokens of a text whose vector is asked for; 0: as many as there are places */
    int64_t rank; /* of adapters of queries and values (LoRA); 0: there are none */
    int task;     /* what it was tuned for: BERT_CLASSES_TASK, ... */
    bool paired;  /* on pairs of texts */
    double mean, deviation; /* of the numbers that it was tuned on */
    ad_texts classes;       /* classes, labels or tags; none: it knows none */
    char *tokenizer; /* as text (ad_tokenizer_to_text), or NULL: it lies beside the weights */
} bert_model;
extern const ad_record bert_model_record;
/* Tokens of the longest text. */
int64_t bert_longest(const bert_model *model);
/* Of what it was tuned for: classes, or 1; 0: it was not. */
int64_t bert_outputs(const bert_model *model);

/* An ad_system's `recognise` and `adapt`. */
ad_status bert_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                         bool *known);
ad_status bert_adapt(const ad_job *job, ad_file *file);

/* What a kind calls its parts. */
typedef struct bert_names {
    const char *prefix;                           /* of the encoder's tensors: "bert." */
    const char *layers;                           /* "encoder.layer" */
    const char *query, *key, *value, *out, *norm; /* within a layer */
    const char *up, *down, *last_norm;
    /* What fills in masked words; its matrix is the table of words. */
    const char *mask_dense, *mask_norm, *mask_bias, *mask_matrix;
} bert_names;
const bert_names *bert_names_of(int kind);

/* ---- one way through the network ---- */

typedef struct bert_pass {
    const bert_model *model;
    ad_vars *vars;
    ad_mode *mode;   /* NULL: evaluation form */
    ad_node *tokens; /* i32 [tokens]: of all texts, one behind the other */
    ad_node *place;  /* i32 [tokens]: rows of the table of positions */
    ad_node *type;   /* i32 [tokens] */
    ad_node *begin;  /* i32 [texts + 1]: where each text begins, and the end */
} bert_pass;
/* Declares the inputs: `room` tokens of `texts` texts. */
void bert_pass_inputs(bert_pass *pass, ad_graph *graph, int64_t room, int64_t texts);
/* [tokens, width]; what lies in no text is of no meaning. */
ad_node *bert_encode(const bert_pass *pass);

/* x [tokens, width] -> [texts, width] */
ad_node *bert_first_token(const bert_pass *pass, ad_node *x);
ad_node *bert_mean_token(const bert_pass *pass, ad_node *x);
ad_node *bert_unit_length(ad_node *x);
/* First tokens [texts, width] -> the same: BERT's pooler. */
ad_node *bert_pooler(const bert_pass *pass, ad_node *first);
/* x [n, width] -> logits [n, vocab]: which word was masked. */
ad_node *bert_masked_words(const bert_pass *pass, ad_node *x);
/* The mean of the cross-entropies of those whose label is 0 or more; "loss". */
ad_node *bert_mean_loss(ad_node *logits, ad_node *labels);
/* x [..., in] -> [..., out]; parameters NAME.weight [out, in], NAME.bias. */
ad_node *bert_dense(const bert_pass *pass, const char *name, ad_node *x, int64_t out);

/* AD_ERROR_MEMORY: "no memory for WHAT". */
ad_status bert_no_memory(ad_context *ctx, const char *what);

/* ---- texts ---- */

/* How a model's texts are spelled. */
typedef struct bert_speller {
    ad_tokenizer *tokenizer;
    int32_t first, last, mask; /* tokens around a text, and of a word that is missing; mask -1:
                                  there is none */
    bool doubled;              /* two stand between a pair's texts (RoBERTa) */
} bert_speller;

/* Texts, or pairs of them, as tokens. */
typedef struct bert_texts {
    ad_context *ctx; /* to be set, and: */
    int64_t most;    /* tokens of a text: what is longer is cut */
    int32_t *ids;    /* of all, one behind the other */
    int64_t *begin;  /* [count + 1] */
    int32_t *second; /* [count]: tokens before a pair's second text, or all */
    int64_t count;
    int64_t cut, longest; /* texts that were cut; tokens of the longest */
    int64_t id_capacity, capacity;
    ad_tokens spelled[2]; /* of the text that was added last, and its pair */
} bert_texts;
void bert_texts_free(bert_texts *texts); /* a zeroed one is ignored */
/* Appends a text, or with `pair` (else NULL) two that belong together; a pair that is too long
 * loses tokens of the longer one. Special tokens that a text spells out are taken as such, as
 * transformers takes them. */
ad_status bert_texts_add(bert_texts *texts, const bert_speller *speller, const char *text,
                         size_t length, const char *pair, size_t pair_length);
/* Tokens of text `i`. */
int64_t bert_texts_length(const bert_texts *texts, int64_t i);
/* Appends what the first `parts` of t->spelled hold, with the special tokens. */
ad_status bert_texts_put(bert_texts *texts, const bert_speller *speller, int parts);
/* Says how many were cut, if any were. */
void bert_texts_note(const bert_texts *texts, const ad_watcher *watcher);
/* Numbers of all texts, the shorter the earlier; of equal length the first first. */
void bert_texts_by_length(const bert_texts *texts, int64_t *order);

/* The memory of a batch's inputs, see bert_pass. */
typedef struct bert_block {
    int32_t *tokens, *place, *type, *begin;
    int64_t room, texts;
} bert_block;
/* Texts `index` [count] side by side. They fit; what is free behind them belongs to no text. */
void bert_pack(const bert_model *model, const bert_texts *texts, const int64_t *index,
               int64_t count, const bert_block *block);
/* How many of these texts, from the first on, fit. */
int64_t bert_pack_fit(const bert_texts *texts, const int64_t *index, int64_t count, int64_t room);

/* ---- a long text with words missing ---- */

/* Rows of batches from one long row of tokens: text i is what fits into `length` places from its
 * part of them. Of each some tokens are missing, others with each epoch (Liu et al. 2019): fields
 * as bert_rows's but for "label", and of the whole batch "missing", where they stand, and "word",
 * what they were, -1 where there is no text. */
typedef struct bert_gaps {
    int64_t length, batch, missing; /* places of a text; texts; words that each lacks */
    const int32_t *ids;
    int64_t count;             /* of `ids`; they must outlive the samples */
    const unsigned char *word; /* [vocab]: whether a piece begins a word; NULL: each does */
    const bert_model *model;
    const bert_speller *speller;
} bert_gaps;
/* NULL: no memory. */
ad_samples *bert_gaps_new(const bert_gaps *gaps);

/* ---- passages of texts, to search among ---- */

typedef struct bert_passage {
    int32_t file;
    int64_t line, begin, length; /* line from 1; bytes */
} bert_passage;
typedef struct bert_passages {
    bert_passage *at; /* of malloc */
    int64_t count, capacity;
} bert_passages;
void bert_passages_free(bert_passages *passages);
/* Appends those of a text. False: no memory. */
bool bert_passages_cut(bert_passages *passages, int32_t file, const char *text, int64_t length);

/* Vectors that a query is multiplied with: of a file's matrix, or where `file` is NULL in memory.
 */
typedef struct bert_vector_list {
    ad_file *file;
    int tensor;
    const void *memory;
    ad_dtype dtype; /* f32 or bf16 */
    int64_t count, width;
} bert_vector_list;
/* Of each vector the product with `query` [width], which is the same wherever in a list it lies. */
ad_status bert_products(ad_context *ctx, const bert_vector_list *list, const float *query,
                        float *product);

typedef struct bert_hit {
    int64_t passage;
    float score;
} bert_hit;
/* The largest of `count` scores, none of them NaN, best first; of equal ones the first first. How
 * many: `most`, or all. */
int64_t bert_largest(const float *score, int64_t count, bert_hit *hits, int64_t most);

typedef struct bert_indexed {
    char *name;              /* below the folder; owned by the index */
    int64_t time, size;      /* of its last change, in nanoseconds; bytes */
    int64_t length;          /* as text, which may have been compressed */
    int64_t first, passages; /* of an index that was read: where its passages begin; how many */
} bert_indexed;
typedef struct bert_index {
    int64_t width; /* to be set */
    bert_indexed *file;
    int64_t files, file_capacity;
    bert_passages passages; /* those of a file stand together */
    ad_dtype dtype;         /* of the vectors */
    ad_file *opened;        /* which has the vectors, as its tensor: [passages, width]; or NULL */
    int tensor;
} bert_index;
void bert_index_free(bert_index *index); /* a zeroed one is ignored */
/* The name is copied. */
ad_status bert_index_add_file(bert_index *index, ad_context *ctx, const bert_indexed *file);
/* All but the vectors, which are left in the file, whose width is to be index->width. An empty
 * index where there is none, or, with a reason why, none that is whole, of the model of this mark
 * and of this dtype (AD_DTYPES: any). Errors: refused memory, and a file of tensors that is none.
 */
ad_status bert_index_open(bert_index *index, ad_context *ctx, const char *path, const char *mark,
                          ad_dtype dtype, const char **why);
/* With `vectors` [passages, width] of its dtype. The file that was there stays until this is whole.
 */
ad_status bert_index_write(const bert_index *index, ad_context *ctx, const char *path,
                           const char *mark, const void *vectors);

/* ---- the system ---- */

typedef enum bert_use { BERT_VECTORS = 0, BERT_FILL, BERT_CLASSES, BERT_GAPS } bert_use;

typedef struct bert {
    ad_job job;
    bert_speller speller;
    bert_use use;                      /* of the network */
    int64_t room;                      /* tokens of a batch of the evaluation form */
    int64_t train_room;                /* of the training form */
    int64_t missing;                   /* of BERT_FILL and BERT_GAPS: words to fill in */
    struct bert_rows *rows[AD_SPLITS]; /* of BERT_CLASSES; the job's */
    ad_train_metric right;
    ad_class_scores *class_scores; /* of the split that was measured last, by task */
    ad_number_scores *number_scores;
    ad_label_scores *label_scores;
    struct bert_entities *entities;
    int32_t *said;       /* of tags: of each word; of malloc */
    ad_tokens tokens;    /* of BERT_GAPS: the whole text */
    unsigned char *word; /* likewise: see bert_gaps; of malloc */
    double loss, hits;   /* sums over `words` of a split */
    int64_t words;
} bert;
extern const ad_system bert_system;

/* What a training reads. */
typedef struct bert_source {
    char *data, *init;
} bert_source;
extern const ad_record bert_source_record;

/* What is read for that, and to begin with. */
typedef struct bert_corpus {
    char *data, *init, *tokenizer;
} bert_corpus;
extern const ad_record bert_corpus_record;

/* How an encoder is trained on gaps. */
typedef struct bert_pretraining {
    int64_t length, batch; /* tokens of a text, texts of a step */
    double share;          /* of its tokens that are missing */
    bool whole_words;
    double dropout;
    int64_t layers, heads, width, hidden; /* without `init` */
} bert_pretraining;
extern const ad_record bert_pretraining_record;
/* All of a new model but what its tokenizer says. */
void bert_pretrain_sizes(bert_model *model, const bert_pretraining *p);
int64_t bert_pretrain_missing(const bert_pretraining *p); /* words that a text lacks */

/* pretrain.c: the system's functions where the use is BERT_GAPS. */
ad_status bert_pretrain_read(ad_job *job);
ad_status bert_pretrain_evaluate(ad_job *job, ad_split split, ad_metrics *metrics);

/* Of another model into this one: its record and its speller. */
ad_status bert_start_from(bert *b, const char *path);
/* The tokenizer becomes part of the record, wherever it came from. */
ad_status bert_own_tokenizer(bert *b);

/* The tokenizer of an opened model, its own or the file or folder `path`, into b->speller. */
ad_status bert_open_speller(bert *b, const char *path);
/* What vectors follow from: weights, tokenizer, pooling, length. */
ad_status bert_mark(const bert *b, char mark[32]);
/* The lines of a text, without what ends them, one after the other: begin with `at` and `end`;
 * false: there is none left. */
typedef struct bert_lines {
    const char *at, *end;
    const char *line; /* not NUL-terminated */
    size_t length;
    int64_t number; /* from 1 */
} bert_lines;
bool bert_next_line(bert_lines *lines);
/* The number of tokens that --length allows a text, or the model does. */
ad_status bert_choose_length(ad_command *cmd, const bert *b, int64_t *most);

/* The block as the evaluation program's inputs; it must stay. */
ad_status bert_bind(const bert *b, const bert_block *block);
/* Gives each text to the network of b->use, in batches of about equally long ones, and what comes
 * out to `take`: of texts index[0 .. count), which lie in the block in this order. Builds the
 * network. Stops where the watcher says so: AD_ERROR_LIMIT. */
typedef ad_status (*bert_taker)(void *user, const bert_block *block, const int64_t *index,
                                int64_t count, const float *result);
ad_status bert_run_texts(bert *b, const bert_texts *texts, ad_precision precision,
                         const ad_watcher *watcher, bert_taker take, void *user);
/* Vectors of all texts, [texts, width], of length 1; the use becomes BERT_VECTORS. */
ad_status bert_vectors(bert *b, const bert_texts *texts, ad_precision precision,
                       const ad_watcher *watcher, float *vectors);

/* ---- the commands ---- */

extern const ad_verb bert_embed_verb, bert_fill_verb, bert_train_verb, bert_search_verb,
    bert_explain_verb; /* those of tuned.h: */
extern const ad_verb bert_tune_verb, bert_eval_verb, bert_predict_verb;

#endif
