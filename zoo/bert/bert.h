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
 *   rows.c         texts with labels as rows of batches; table.c the same read from tables
 *   system.c       the network of each use; load.c what belongs to a model that was opened
 *   passages.c     a text cut into passages; gather.c those of a folder; index.c their vectors, in
 *                  a file; nearest.c those that are nearest to a query
 *   embed.c, fill.c, search.c, pretrain.c, tune.c, eval.c the commands */
#ifndef ZOO_BERT_BERT_H
#define ZOO_BERT_BERT_H

#include <autodidact/scores.h>
#include <autodidact/system.h>
#include <autodidact/tokenizer.h>

/* ---- what a network is built from ---- */

enum { BERT_BERT, BERT_DISTILBERT, BERT_ROBERTA };
enum { BERT_GELU, BERT_GELU_TANH, BERT_RELU };
enum { BERT_CLASSES_TASK, BERT_NUMBERS_TASK };
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
    int task;     /* what it was tuned for: BERT_CLASSES_TASK or BERT_NUMBERS_TASK */
    double mean, deviation; /* of the numbers that it was tuned on */
    ad_texts classes;       /* of texts, that it tells apart; none: it does not */
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

/* ---- texts with labels ---- */

/* Rows of batches (samples.h): fields "tokens", "place", "type" and "begin" of the whole batch, and
 * "label", i32, -1 where there is no text; where texts have numbers instead of classes, whose label
 * is 0, "number" as well, f32. */
typedef struct bert_rows {
    ad_samples samples;
    ad_sample_field fields[6];
    const bert_model *model;
    bert_texts texts; /* owned */
    int32_t *labels;  /* [texts.count]; owned */
    float *numbers;   /* likewise, where `numbered` */
    bool numbered;
    int64_t *by_length;  /* their numbers; owned */
    int64_t room, batch; /* tokens and texts of a batch */
} bert_rows;
/* Empty ones; the texts are to be added, once `numbered` is set. NULL: no memory. */
bert_rows *bert_rows_new(ad_context *ctx, const bert_model *model, int64_t most);
/* After all were added: batches of `batch` texts. */
ad_status bert_rows_finish(bert_rows *rows, int64_t batch);
/* Tokens that the largest batch of training has. Every batch of an epoch takes one text of each of
 * `batch` strata of about equally long ones, so that all are about equally large and hardly any
 * place is free. */
int64_t bert_rows_room(const bert_rows *rows);
void bert_rows_set_room(bert_rows *rows, int64_t room);
uint64_t bert_rows_fingerprint(const bert_rows *rows);

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

/* A table's columns, or with JSON lines members, as texts with labels. Classes of `classes` are
 * found by name, or where `grow` is set added as they come. */
typedef struct bert_table {
    const char *path, *text, *pair, *label; /* columns: names, or numbers from 1 where there is no
                                               header; pair may be NULL */
    const bert_speller *speller;
    ad_watcher watcher;
} bert_table;
typedef struct bert_classes {
    char **at; /* of malloc */
    int64_t count, capacity;
    bool grow;
    const char *from; /* whose classes they are, for errors */
} bert_classes;
void bert_classes_free(bert_classes *classes);
ad_status bert_table_read(const bert_table *table, bert_classes *classes, bert_rows *rows);

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
    bert_use use;               /* of the network */
    int64_t room;               /* tokens of a batch of the evaluation form */
    int64_t train_room;         /* of the training form */
    int64_t missing;            /* of BERT_FILL and BERT_GAPS: words to fill in */
    bert_rows *rows[AD_SPLITS]; /* of BERT_CLASSES; the job's */
    ad_train_metric right;
    ad_number_scores *number_scores;
    ad_class_scores *scores; /* of the split that was measured last */
    ad_tokens tokens;        /* of BERT_GAPS: the whole text */
    unsigned char *word;     /* likewise: see bert_gaps; of malloc */
    double loss, hits;       /* sums over `words` of a split */
    int64_t words;
} bert;
extern const ad_system bert_system;

/* What a training reads. */
typedef struct bert_source {
    char *data, *init;
} bert_source;
extern const ad_record bert_source_record;

/* How a model is tuned. */
typedef struct bert_tuning {
    char *validation, *test;   /* tables as `data` */
    char *text, *pair, *label; /* columns */
    int64_t batch, length;
    int pooling;    /* -1: the model's */
    int64_t frozen; /* layers, and the embeddings below them */
    int64_t rank;   /* of adapters that learn instead of the weights; 0: none */
    int task;
    double dropout;
} bert_tuning;
extern const ad_record bert_tuning_record;

/* tune.c: the system's functions where the use is BERT_CLASSES. */
ad_status bert_tune_read(ad_job *job);
ad_status bert_tune_prepare(ad_job *job);
ad_status bert_tune_evaluate(ad_job *job, ad_split split, ad_metrics *metrics);
/* The table as a split. `texts` are spelled as b->speller has it. */
ad_status bert_tune_split(bert *b, ad_split split, const char *path, const bert_tuning *t);
/* Tokens of a batch of evaluation, after all splits were read. */
void bert_tune_room(bert *b);

/* How an encoder is trained on gaps. */
typedef struct bert_pretraining {
    char *data, *init, *tokenizer;
    int64_t length, batch; /* tokens of a text, texts of a step */
    double share;          /* of its tokens that are missing */
    bool whole_words;
    double dropout;
    int64_t layers, heads, width, hidden; /* without `init` */
} bert_pretraining;
extern const ad_record bert_pretraining_record;

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
/* The number of tokens that --length allows a text, or the model does. */
ad_status bert_choose_length(ad_command *cmd, const bert *b, int64_t *most);

/* The block as the evaluation program's inputs; it must stay. */
ad_status bert_bind(const bert *b, const bert_block *block);
/* Vectors of all texts, [texts, width], of length 1: builds the network, whose use is BERT_VECTORS.
 * Stops where the watcher says so: AD_ERROR_LIMIT. */
ad_status bert_vectors(bert *b, const bert_texts *texts, ad_precision precision,
                       const ad_watcher *watcher, float *vectors);

/* ---- the commands ---- */

extern const ad_verb bert_embed_verb, bert_fill_verb, bert_train_verb, bert_tune_verb,
    bert_eval_verb, bert_search_verb;

#endif
